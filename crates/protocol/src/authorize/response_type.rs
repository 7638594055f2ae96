//! What a client may be answered with, and how the answer travels (OAuth 2.0 Multiple Response Type Encoding Practices,
//! OAuth 2.0 Form Post Response Mode).
//!
//! `code` is what every client gets; the others exist for those that are registered for them, on a server that switches them
//! on (RFC 9700 §2.1.2 advises against them). `token` alone is not among them: OpenID Connect does not know it.

use crate::closed_set::closed_set;

closed_set! {
    /// The words of a response type in the order in which OpenID Connect writes them (Core §3).
    pub enum ResponseType {
        Code = "code",
        IdToken = "id_token",
        IdTokenToken = "id_token token",
        CodeIdToken = "code id_token",
        CodeToken = "code token",
        CodeIdTokenToken = "code id_token token",
    }
}

closed_set! {
    /// How the parameters of an answer reach the client (Multiple Response Type Encoding Practices §2.1).
    pub enum ResponseMode {
        Query = "query",
        Fragment = "fragment",
        FormPost = "form_post",
    }
}

impl ResponseType {
    /// RFC 6749 §3.1.1: "the order of values does not matter (e.g., response type "a b" is the same as "b a")".
    pub fn in_any_order(text: &str) -> Option<Self> {
        let sorted = |text: &str| {
            let mut words: Vec<String> = text.split(' ').map(str::to_owned).collect();
            words.sort_unstable();
            words
        };
        let asked = sorted(text);
        Self::ALL.iter().copied().find(|known| sorted(known.name()) == asked)
    }

    fn has(self, word: &str) -> bool {
        self.name().split(' ').any(|own| own == word)
    }

    pub fn has_code(self) -> bool {
        self.has("code")
    }

    /// An ID token comes from the authorization endpoint.
    pub fn has_id_token(self) -> bool {
        self.has("id_token")
    }

    /// An access token comes from the authorization endpoint.
    pub fn has_token(self) -> bool {
        self.has("token")
    }

    /// Multiple Response Type Encoding Practices §5: the query for a code alone, otherwise the fragment.
    pub fn default_mode(self) -> ResponseMode {
        if self == Self::Code { ResponseMode::Query } else { ResponseMode::Fragment }
    }

    /// Multiple Response Type Encoding Practices §5: "for these Response Types, using the query encoding is not allowed":
    /// a query ends up in logs and referrers.
    pub fn allows(self, mode: ResponseMode) -> bool {
        self == Self::Code || mode != ResponseMode::Query
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_the_words_does_not_matter() {
        assert_eq!(ResponseType::in_any_order("token code id_token"), Some(ResponseType::CodeIdTokenToken));
        assert_eq!(ResponseType::in_any_order("id_token code"), Some(ResponseType::CodeIdToken));
        for known in ResponseType::ALL {
            assert_eq!(ResponseType::in_any_order(known.name()), Some(*known));
        }
    }

    #[test]
    fn what_openid_connect_does_not_know_is_unknown() {
        for text in ["", "token", "none", "Code", "code code", "code  id_token", " code", "code\tid_token", "code none"]
        {
            assert_eq!(ResponseType::in_any_order(text), None, "{text:?}");
        }
    }

    #[test]
    fn each_type_says_what_it_brings() {
        let brings = |kind: ResponseType| (kind.has_code(), kind.has_id_token(), kind.has_token());
        assert_eq!(brings(ResponseType::Code), (true, false, false));
        assert_eq!(brings(ResponseType::IdToken), (false, true, false));
        assert_eq!(brings(ResponseType::IdTokenToken), (false, true, true));
        assert_eq!(brings(ResponseType::CodeIdToken), (true, true, false));
        assert_eq!(brings(ResponseType::CodeToken), (true, false, true));
        assert_eq!(brings(ResponseType::CodeIdTokenToken), (true, true, true));
    }

    #[test]
    fn only_a_bare_code_may_travel_in_the_query() {
        for kind in ResponseType::ALL {
            assert_eq!(kind.allows(ResponseMode::Query), *kind == ResponseType::Code, "{kind}");
            assert!(kind.allows(ResponseMode::Fragment) && kind.allows(ResponseMode::FormPost), "{kind}");
            assert!(kind.allows(kind.default_mode()), "{kind}");
        }
    }
}
