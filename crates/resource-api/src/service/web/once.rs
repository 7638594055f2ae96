//! The `Idempotency-Key` header (draft-ietf-httpapi-idempotency-key-header): who is not sure whether a POST arrived sends it
//! again. What a key stands for is in `idempotency.rs`.

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderMap, RETRY_AFTER};

use crate::answer::problem::Problem;
use crate::service::App;
use crate::service::idempotency::{Entered, Once};
use crate::service::principal::Person;
use crate::service::web::problems;

const HEADER: &str = "idempotency-key";
const MAX_KEY: usize = 128;

/// A request that may be sent again, while it runs. Without the header it may not, and holds nothing.
pub(crate) struct Began {
    once: Option<(Once, Entered)>,
}

/// `parts`: everything that the request says.
pub(crate) fn begin(app: &App, person: &Person, headers: &HeaderMap, parts: &[&[u8]]) -> Result<Began, Problem> {
    let Some(key) = key(headers)? else { return Ok(Began { once: None }) };
    let entered = app.running.enter(person, &key).ok_or_else(|| {
        let detail = "a request with this Idempotency-Key is not answered yet; send it again in a moment";
        Problem::new(StatusCode::CONFLICT, "request_in_progress", detail).header(RETRY_AFTER, 1)
    })?;
    Ok(Began { once: Some((Once::new(key, parts), entered)) })
}

pub(crate) fn other_request() -> Problem {
    let detail = "this Idempotency-Key was used with another request; take a new key for a new request";
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused", detail)
}

impl Began {
    pub(crate) fn once(&self) -> Option<&Once> {
        self.once.as_ref().map(|(once, _)| once)
    }
}

fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    const FORM: &str = "Idempotency-Key is one text in quotes of 1 to 128 characters, as \"8e03978e-40d5-43e8\"";
    let mut values = headers.get_all(HEADER);
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(problems::header(FORM));
    }
    let key = value.to_str().ok().and_then(string).filter(|key| (1..=MAX_KEY).contains(&key.len()));
    key.map(Some).ok_or_else(|| problems::header(FORM))
}

/// A String of RFC 9651 §3.3.3, without parameters.
fn string(text: &str) -> Option<String> {
    let inner = text.trim_matches(' ').strip_prefix('"')?.strip_suffix('"')?;
    let (mut read, mut characters) = (String::new(), inner.chars());
    while let Some(c) = characters.next() {
        match c {
            '"' => return None,
            '\\' => read.push(characters.next().filter(|c| matches!(c, '"' | '\\'))?),
            ' '..='~' => read.push(c),
            _ => return None,
        }
    }
    Some(read)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_key_is_a_text_in_quotes() {
        assert_eq!(string("\"8e03978e\"").as_deref(), Some("8e03978e"));
        assert_eq!(string("\"a \\\" \\\\\"").as_deref(), Some("a \" \\"));
        for wrong in ["8e03978e", "\"", "", "\"a", "\"a\"b\"", "\"a\\\"", "\"\\a\"", "\"\u{e4}\"", "\"a\";b=1", "'a'"] {
            assert_eq!(string(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn every_text_reads_back_and_none_panics(key in "[ -~]{0,40}", text: String) {
            let written = format!("\"{}\"", key.replace('\\', "\\\\").replace('"', "\\\""));
            prop_assert_eq!(string(&written), Some(key));
            let _ = string(&text);
        }
    }
}
