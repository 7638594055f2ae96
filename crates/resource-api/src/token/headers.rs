//! Headers of tokens that were accepted, so that the next token of the same key need not have its header read.
//!
//! An issuer writes the same header into every token of a key, and what a header says depends on its text alone. Only texts under a
//! good signature get in, so nobody but the trusted issuers can fill this; which key a header names is looked up anew each time.

use std::sync::Arc;

use arc_swap::ArcSwap;
use jwt::unverified::Unverified;
use jwt::verify::{Header, VerifyError};

/// More keys than sign at one time. The one that came first is forgotten first.
const LIMIT: usize = 16;

/// Read without a lock; written when a token has a header that is new.
#[derive(Debug, Default)]
pub(crate) struct Headers(ArcSwap<Vec<Arc<Known>>>);

/// A header, and the text that says so.
#[derive(Debug)]
pub(crate) struct Known {
    text: Box<str>,
    header: Header,
}

/// What a header says, and whether its text was known.
#[derive(Debug)]
pub(crate) enum Read {
    Known(Arc<Known>),
    New(Header),
}

impl Headers {
    /// What the header of a token says: the same whether it was known or not.
    pub(crate) fn read(&self, token: &Unverified<'_>) -> Result<Read, VerifyError> {
        match self.find(token.header_text()) {
            Some(known) => Ok(Read::Known(known)),
            None => token.header().map(Read::New),
        }
    }

    /// Keeps the header of a token whose signature is good.
    pub(crate) fn keep(&self, token: &Unverified<'_>, read: Read) {
        let Read::New(header) = read else { return };
        let known = Arc::new(Known { text: token.header_text().into(), header });
        self.0.rcu(|all| {
            let others = all.iter().filter(|other| other.text != known.text).take(LIMIT - 1).map(Arc::clone);
            std::iter::once(Arc::clone(&known)).chain(others).collect::<Vec<_>>()
        });
    }

    fn find(&self, text: &str) -> Option<Arc<Known>> {
        self.0.load().iter().find(|known| *known.text == *text).map(Arc::clone)
    }
}

impl std::ops::Deref for Read {
    type Target = Header;

    fn deref(&self) -> &Header {
        match self {
            Self::Known(known) => &known.header,
            Self::New(header) => header,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    fn token(header: &str) -> String {
        format!("{}.e30.AAAA", URL_SAFE_NO_PAD.encode(header))
    }

    #[test]
    fn a_kept_header_says_what_it_said_when_it_was_new() {
        let headers = Headers::default();
        let texts = [r#"{"alg":"ES256","kid":"a","typ":"at+jwt"}"#, r#"{"alg":"RS256","kid":"b"}"#].map(token);
        for text in &texts {
            let token = Unverified::decode(text).expect("is a token");
            let read = headers.read(&token).expect("is a header");
            assert!(matches!(read, Read::New(_)));
            headers.keep(&token, read);
        }
        for text in &texts {
            let token = Unverified::decode(text).expect("is a token");
            let read = headers.read(&token).expect("is a header");
            assert!(matches!(read, Read::Known(_)));
            assert_eq!(*read, token.header().expect("is a header"));
        }
    }

    #[test]
    fn what_was_not_kept_is_new_each_time_and_a_bad_header_stays_bad() {
        let headers = Headers::default();
        let (good, bad) = (token(r#"{"alg":"ES256"}"#), token(r#"{"alg":"none"}"#));
        for _ in 0..2 {
            let good = Unverified::decode(&good).expect("is a token");
            assert!(matches!(headers.read(&good), Ok(Read::New(_))));
            let bad = Unverified::decode(&bad).expect("is a token");
            assert_eq!(headers.read(&bad).err(), Some(VerifyError::Algorithm));
        }
    }

    #[test]
    fn it_is_bounded_and_forgets_the_oldest() {
        let headers = Headers::default();
        let text = |number: usize| token(&format!(r#"{{"alg":"ES256","kid":"{number}"}}"#));
        for number in 0..=LIMIT {
            let text = text(number);
            let token = Unverified::decode(&text).expect("is a token");
            headers.keep(&token, headers.read(&token).expect("is a header"));
        }
        assert_eq!(headers.0.load().len(), LIMIT);
        for number in 0..=LIMIT {
            let text = text(number);
            let token = Unverified::decode(&text).expect("is a token");
            assert_eq!(matches!(headers.read(&token), Ok(Read::Known(_))), number > 0, "{number}");
        }
    }
}
