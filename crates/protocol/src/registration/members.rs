//! Reads single members of client metadata and notes what it cannot accept, so that reading goes on to the next one.
//!
//! What members mean together is in `registration/together.rs`.

use serde_json::Value;

use super::Problem;
use crate::authorize::response_type::ResponseType;
use crate::client::{ApplicationType, GrantType, TokenEndpointAuthMethod};
use crate::closed_set::ClosedSet;
use crate::encryption::{ContentEncryption, Encryption, KeyManagementAlgorithm};
use crate::http_url::{self, HttpUrl, Scheme};
use crate::redirect_uri::RegisteredRedirectUri;
use crate::scope::{OPENID, STANDARD, Scope};
use crate::signing::{AssertionAlgorithm, MacAlgorithm, SigningAlgorithm};
use crate::time::Seconds;

pub(super) const MAX_NAME_LENGTH: usize = 100;
const MAX_REDIRECT_URIS: usize = 50;
/// OA-158: keys of a client, registered or published.
pub const MAX_KEYS: usize = 20;
const MAX_REQUEST_URIS: usize = 20;
const MAX_SHORT_TEXTS: usize = 10;
const MAX_SHORT_TEXT_LENGTH: usize = 200;
/// Members of a JWK that give away a private or shared key (RFC 7518 §6.2.2, §6.3.2, §6.4.1; RFC 8037 §2).
pub const PRIVATE_MEMBERS: &[&str] = &["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// What was wrong so far. Each method reads one member and notes what it cannot accept.
#[derive(Default)]
pub(super) struct Problems(Vec<Problem>);

impl Problems {
    pub(super) fn none_or_all(self) -> Result<(), Vec<Problem>> {
        if self.0.is_empty() { Ok(()) } else { Err(self.0) }
    }

    pub(super) fn holds(&self, member: &str) -> bool {
        self.0.iter().any(|problem| problem.member == member)
    }

    pub(super) fn add(&mut self, member: &'static str, reason: impl Into<String>) {
        self.0.push(Problem { member, reason: reason.into() });
    }

    pub(super) fn choice<T: ClosedSet>(&mut self, member: &'static str, value: Option<&str>, default: T) -> T {
        self.optional(member, value).unwrap_or(default)
    }

    pub(super) fn optional<T: ClosedSet>(&mut self, member: &'static str, value: Option<&str>) -> Option<T> {
        value.and_then(|value| self.known(member, value))
    }

    fn known<T: ClosedSet>(&mut self, member: &'static str, value: &str) -> Option<T> {
        let found = T::NAMED.iter().find(|(name, _)| *name == value);
        if found.is_none() {
            let names: Vec<_> = T::NAMED.iter().map(|(name, _)| *name).collect();
            self.add(member, format!("it must be one of: {}", names.join(", ")));
        }
        found.map(|(_, variant)| *variant)
    }

    /// A name is shown to people who decide by it, so it must not look like something else.
    pub(super) fn name(&mut self, name: String) -> String {
        if name.trim().is_empty() {
            self.add("client_name", "people need a name to decide by");
        } else if name.chars().count() > MAX_NAME_LENGTH {
            self.add("client_name", "it must not be longer than 100 characters");
        } else if name.chars().any(is_deceptive) {
            self.add("client_name", "it must not contain control, invisible or direction-changing characters");
        }
        name
    }

    /// All of `T` when nothing is said.
    pub(super) fn choices<T: ClosedSet + Ord>(
        &mut self,
        member: &'static str,
        names: Option<&[String]>,
        all: &[T],
    ) -> Vec<T> {
        let Some(names) = names else { return all.to_vec() };
        if names.is_empty() {
            self.add(member, "it must name at least one");
        }
        let mut chosen: Vec<_> = names.iter().filter_map(|name| self.known(member, name)).collect();
        chosen.sort();
        chosen.dedup();
        chosen
    }

    /// `None` when the member is absent: its default depends on the grants.
    pub(super) fn response_types(&mut self, names: Option<&[String]>) -> Option<Vec<ResponseType>> {
        let mut kinds = Vec::new();
        for name in names? {
            match ResponseType::in_any_order(name) {
                Some(kind) => kinds.push(kind),
                None => {
                    let known: Vec<_> = ResponseType::ALL.iter().map(|kind| kind.name()).collect();
                    self.add("response_types", format!("each must be one of: {}", known.join(", ")));
                }
            }
        }
        kinds.sort();
        kinds.dedup();
        Some(kinds)
    }

    /// Without the member: what the response types need, or `authorization_code` (RFC 7591 §2).
    pub(super) fn grant_types(
        &mut self,
        names: Option<&[String]>,
        response_types: Option<&[ResponseType]>,
    ) -> Vec<GrantType> {
        let Some(names) = names else {
            let kinds = response_types.filter(|kinds| !kinds.is_empty()).unwrap_or(&[ResponseType::Code]);
            let code = kinds.iter().any(|kind| kind.has_code()).then_some(GrantType::AuthorizationCode);
            let implicit = kinds.iter().any(|kind| kind.has_id_token() || kind.has_token());
            return code.into_iter().chain(implicit.then_some(GrantType::Implicit)).collect();
        };
        if names.is_empty() {
            self.add("grant_types", "a client needs at least one grant");
        }
        let mut grants: Vec<_> = names.iter().filter_map(|name| self.known("grant_types", name)).collect();
        grants.sort();
        grants.dedup();
        grants
    }

    /// Registration §2: without `enc` the default is A128CBC-HS256; `enc` without `alg` means nothing.
    pub(super) fn encryption(
        &mut self,
        [alg_member, enc_member]: [&'static str; 2],
        alg: Option<&str>,
        enc: Option<&str>,
    ) -> Option<Encryption> {
        if alg.is_none() && enc.is_some() {
            self.add(enc_member, format!("it needs {alg_member} beside it"));
        }
        let alg = self.known::<KeyManagementAlgorithm>(alg_member, alg?)?;
        let enc = match enc {
            None => ContentEncryption::A128CbcHs256,
            Some(name) => self.known(enc_member, name)?,
        };
        Some(Encryption { alg, enc })
    }

    /// What does not belong to the method means nothing, so it is left out (OpenID Connect Registration §2).
    pub(super) fn assertion_algorithm(
        &mut self,
        method: TokenEndpointAuthMethod,
        name: Option<&str>,
    ) -> Option<AssertionAlgorithm> {
        const MEMBER: &str = "token_endpoint_auth_signing_alg";
        match method {
            TokenEndpointAuthMethod::PrivateKeyJwt => {
                self.known::<SigningAlgorithm>(MEMBER, name?).map(AssertionAlgorithm::Signature)
            }
            TokenEndpointAuthMethod::ClientSecretJwt => {
                self.known::<MacAlgorithm>(MEMBER, name?).map(AssertionAlgorithm::Mac)
            }
            TokenEndpointAuthMethod::None
            | TokenEndpointAuthMethod::ClientSecretBasic
            | TokenEndpointAuthMethod::ClientSecretPost => None,
        }
    }

    /// Where request objects may lie (Registration §2). A fragment is allowed: it may be the hash of the content.
    pub(super) fn request_uris(&mut self, texts: Option<Vec<String>>) -> Vec<String> {
        let texts = texts.unwrap_or_default();
        if texts.len() > MAX_REQUEST_URIS {
            self.add("request_uris", "at most 20 are possible");
        }
        for text in &texts {
            let (place, fragment) = text.split_once('#').unwrap_or((text, ""));
            // The two together are as long as one URL may be, and the fragment has the characters of one.
            let whole = http_url::check_characters(&format!("{place}{fragment}"));
            if let Err(reason) = whole.and_then(|()| http_url::check_https(place)) {
                self.add("request_uris", reason);
            }
        }
        texts
    }

    pub(super) fn short_texts(&mut self, member: &'static str, texts: Option<Vec<String>>) -> Vec<String> {
        let texts = texts.unwrap_or_default();
        if texts.len() > MAX_SHORT_TEXTS {
            self.add(member, "at most 10 are possible");
        }
        texts.into_iter().filter_map(|text| self.short_text(member, Some(text))).collect()
    }

    pub(super) fn short_text(&mut self, member: &'static str, text: Option<String>) -> Option<String> {
        let text = text?;
        if text.is_empty() || text.len() > MAX_SHORT_TEXT_LENGTH || text.chars().any(is_deceptive) {
            self.add(member, "it must have 1 to 200 bytes without control or invisible characters");
        }
        Some(text)
    }

    pub(super) fn redirect_uris(
        &mut self,
        member: &'static str,
        texts: Option<Vec<String>>,
        application_type: ApplicationType,
    ) -> Vec<RegisteredRedirectUri> {
        let texts = texts.unwrap_or_default();
        if texts.len() > MAX_REDIRECT_URIS {
            self.add(member, "at most 50 are possible");
            return Vec::new();
        }
        let mut uris = Vec::new();
        for (index, text) in texts.iter().enumerate() {
            match RegisteredRedirectUri::parse(text, application_type) {
                Ok(uri) if uris.contains(&uri) => self.add(member, format!("number {} is a repetition", index + 1)),
                Ok(uri) => uris.push(uri),
                Err(error) => self.add(member, format!("number {}: {}", index + 1, error.reason)),
            }
        }
        uris
    }

    pub(super) fn scope(&mut self, text: Option<&str>, grants: &[GrantType]) -> Scope {
        let of_people = [GrantType::AuthorizationCode, GrantType::Implicit];
        let default = if of_people.iter().any(|grant| grants.contains(grant)) { OPENID } else { "" };
        Scope::parse(text.unwrap_or(default)).unwrap_or_else(|error| {
            self.add("scope", error.description);
            Scope::empty()
        })
    }

    /// An empty one would be a switch that lets people in who may do nothing; the scopes of the issuer itself belong to no API.
    pub(super) fn password_check_scope(&mut self, text: Option<&str>) -> Option<Scope> {
        const MEMBER: &str = "password_check_scope";
        let scope = match Scope::parse(text?) {
            Ok(scope) => scope,
            Err(error) => {
                self.add(MEMBER, error.description);
                return None;
            }
        };
        if scope.is_empty() || scope.iter().any(|token| STANDARD.contains(&token.as_str())) {
            self.add(MEMBER, "it must name at least one scope, and only scopes of the API");
        }
        Some(scope)
    }

    pub(super) fn link(&mut self, member: &'static str, text: Option<String>) -> Option<String> {
        let text = text?;
        match HttpUrl::parse(&text) {
            Ok(url) if url.scheme == Scheme::Http && !url.is_loopback() => self.add(member, "it must be https"),
            Ok(_) => {}
            Err(reason) => self.add(member, reason),
        }
        Some(text)
    }

    /// An address that this server calls: never without TLS.
    pub(super) fn https(&mut self, member: &'static str, text: Option<String>) -> Option<String> {
        let text = text?;
        if let Err(reason) = http_url::check_https(&text) {
            self.add(member, reason);
        }
        Some(text)
    }

    pub(super) fn max_age(&mut self, age: Option<i64>) -> Option<Seconds> {
        if age.is_some_and(i64::is_negative) {
            self.add("default_max_age", "it must not be negative");
        }
        age.map(Seconds)
    }

    /// Looks for the outline of a set of public keys; the keys themselves are read by `jwt` when they are used.
    pub(super) fn jwks(&mut self, jwks: Option<Value>) -> Option<String> {
        let jwks = jwks?;
        let keys = jwks.get("keys").and_then(Value::as_array);
        if !keys.is_some_and(|keys| (1..=MAX_KEYS).contains(&keys.len())) {
            self.add("jwks", "it must be a JWK Set with 1 to 20 keys");
        }
        for key in keys.into_iter().flatten() {
            if PRIVATE_MEMBERS.iter().any(|member| key.get(member).is_some()) {
                self.add("jwks", "it holds a private or shared key: replace that key, then register public keys only");
            } else if key.get("kty").and_then(Value::as_str).is_none() {
                self.add("jwks", "each key must have a kty");
            }
        }
        // RFC 7517 §5: keys of a kty that is not understood are ignored, as long as there is one of another.
        let is_known = |key: &Value| matches!(key.get("kty").and_then(Value::as_str), Some("RSA" | "EC" | "OKP"));
        if keys.is_some_and(|keys| !keys.is_empty() && !keys.iter().any(is_known)) && !self.holds("jwks") {
            self.add("jwks", "at least one key must have kty RSA, EC or OKP");
        }
        Some(jwks.to_string())
    }
}

/// Controls, zero-width characters, and those that turn the direction of text (Unicode UAX #9 §2).
fn is_deceptive(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(character, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn reasons(read: impl FnOnce(&mut Problems)) -> Vec<String> {
        let mut problems = Problems::default();
        read(&mut problems);
        problems.none_or_all().err().unwrap_or_default().into_iter().map(|problem| problem.reason).collect()
    }

    #[test]
    fn a_name_has_1_to_100_honest_characters() {
        for (name, expected) in [
            ("Notes".to_owned(), true),
            ("Müllers Notizen – 笔记".to_owned(), true),
            ("x".repeat(100), true),
            ("x".repeat(101), false),
            (String::new(), false),
            (" \t".to_owned(), false),
            ("Bank\u{202e}knaB".to_owned(), false),
            ("Ba\u{200b}nk".to_owned(), false),
            ("Bank\n".to_owned(), false),
        ] {
            let found = reasons(|problems| drop(problems.name(name.clone())));
            assert_eq!(found.is_empty(), expected, "{name:?}");
        }
    }

    #[test]
    fn an_unknown_name_gets_the_list_of_known_ones() {
        let found = reasons(|problems| {
            problems.choice("application_type", Some("spa"), ApplicationType::Web);
        });
        assert_eq!(found, ["it must be one of: web, native"]);
    }

    #[test]
    fn a_request_uri_may_have_a_fragment_and_nothing_strange_in_it() {
        let long = format!("https://notes.example/{}#{}", "a".repeat(1_000), "b".repeat(1_100));
        for (uri, expected) in [
            ("https://notes.example/request", true),
            ("https://notes.example/request#GkurKxf5T0Y-mnPFCHqWOMiZi4VS138cQO_V7PZHAdM", true),
            ("https://notes.example/request#", true),
            ("http://notes.example/request#hash", false),
            ("https://notes.example/request#a#b", false),
            ("https://notes.example/request#a b", false),
            ("https://notes.example/request#\n", false),
            ("https://notes.example/request#\u{202e}", false),
            ("https://notes.example/request#<script>", false),
            (long.as_str(), false),
        ] {
            let found = reasons(|problems| drop(problems.request_uris(Some(vec![uri.to_owned()]))));
            assert_eq!(found.is_empty(), expected, "{uri:?}: {found:?}");
        }
    }

    #[test]
    fn keys_are_public_and_asymmetric() {
        let key = json!({ "kty": "EC", "crv": "P-256", "x": "AA", "y": "AA" });
        for (jwks, expected) in [
            (json!({ "keys": [key] }), true),
            (json!({ "keys": [key, { "kty": "AKP", "pub": "AA" }] }), true),
            (json!({ "keys": [{ "kty": "AKP", "pub": "AA" }] }), false),
            (json!({ "keys": [key, { "crv": "P-256" }] }), false),
            (json!({ "keys": vec![key.clone(); 20] }), true),
            (json!({ "keys": vec![key.clone(); 21] }), false),
            (json!({ "keys": [] }), false),
            (json!({}), false),
            (json!([key]), false),
            (json!({ "keys": ["x"] }), false),
            (json!({ "keys": [{ "kty": "oct", "k": "AA" }] }), false),
            (json!({ "keys": [{ "kty": "oct" }] }), false),
            (json!({ "keys": [{ "kty": "EC", "d": "AA" }] }), false),
        ] {
            let found = reasons(|problems| drop(problems.jwks(Some(jwks.clone()))));
            assert_eq!(found.is_empty(), expected, "{jwks}");
        }
    }

    #[test]
    fn a_link_is_https_or_loopback() {
        for (link, expected) in [
            ("https://notes.example/terms", true),
            ("http://localhost:3000/", true),
            ("http://notes.example/", false),
            ("javascript:alert(1)", false),
            ("/terms", false),
        ] {
            let found = reasons(|problems| drop(problems.link("tos_uri", Some(link.to_owned()))));
            assert_eq!(found.is_empty(), expected, "{link}");
        }
    }
}
