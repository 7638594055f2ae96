//! The ID token's own members (OpenID Connect Core §2), and what one that comes back as `id_token_hint` says.
//!
//! Claims about the person come from `claims.rs`; signing and verifying is the shell's.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::ids::ClientId;
use crate::issuer::Issuer;
use crate::logout::HintClaims;
use crate::time::Timestamp;

/// RFC 7519 §5.1. Access tokens and logout tokens have another `typ`, signed answers of UserInfo have none, so that nothing else
/// passes for an ID token (RFC 8725 §3.11).
pub const TYP: &str = "JWT";

/// How, when and for whom the token was made. `auth_time`, `acr`, `amr` and `nonce` are those of the sign-in, after a refresh too
/// (OIDC Core §12.2).
#[derive(Clone, Debug, Serialize)]
pub struct IdTokenClaims<'a> {
    pub iss: &'a str,
    /// Whom the client knows the person as (`subject.rs`).
    pub sub: &'a str,
    /// The client, and nobody beside it.
    pub aud: &'a ClientId,
    pub exp: Timestamp,
    pub iat: Timestamp,
    pub auth_time: Timestamp,
    pub acr: &'a str,
    pub amr: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    /// The session as this client knows it (`logout/sid.rs`).
    pub sid: Option<&'a str>,
    #[serde(flatten)]
    pub hashes: Hashes,
}

/// Left halves of hashes that bind the token to what it travels with (OIDC Core §3.1.3.6, §3.3.2.11; FAPI 1 Advanced §5.1).
#[derive(Clone, Debug, Default, Serialize)]
pub struct Hashes {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_hash: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub c_hash: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub s_hash: Option<String>,
}

/// The members of a hint that decide something. Only what [`IdTokenHint::of`] let through is one of ours.
#[derive(Clone, Debug, Deserialize)]
pub struct IdTokenHint {
    iss: String,
    sub: String,
    aud: String,
    sid: Option<String>,
    // Each ID token of ours has these three. What lacks one of them is something else, whatever its header says.
    #[expect(dead_code, reason = "it has to be there, that is all")]
    exp: Timestamp,
    #[expect(dead_code, reason = "it has to be there, that is all")]
    iat: Timestamp,
    #[expect(dead_code, reason = "it has to be there, that is all")]
    auth_time: Timestamp,
}

impl IdTokenClaims<'_> {
    /// The whole token: the claims about the person, and over them the token's own, which nothing replaces.
    pub fn over(&self, mut person: Map<String, Value>) -> Map<String, Value> {
        let own = serde_json::to_value(self).expect("strings and numbers in a struct are JSON");
        let Value::Object(own) = own else { unreachable!("a struct with named members is an object") };
        person.extend(own);
        person
    }
}

impl IdTokenHint {
    /// OIDC Core §3.1.2.1: "ID Token previously issued by the Authorization Server"; one of another issuer is no hint.
    pub fn of(self, issuer: &Issuer) -> Option<HintClaims> {
        (self.iss == issuer.as_str()).then_some(HintClaims { sub: self.sub, aud: self.aud, sid: self.sid })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    const ISSUER: &str = "https://issuer.example";

    fn token(nonce: Option<&str>, sid: Option<&str>, person: Map<String, Value>) -> Value {
        let claims = IdTokenClaims {
            iss: ISSUER,
            sub: "ada",
            aud: &ClientId::parse("notes").expect("is an id"),
            exp: Timestamp(1_600),
            iat: Timestamp(1_000),
            auth_time: Timestamp(900),
            acr: "1",
            amr: &["pwd".to_owned()],
            nonce,
            sid,
            hashes: Hashes::default(),
        };
        claims.over(person).into()
    }

    fn hint(token: &Value) -> Option<HintClaims> {
        let hint: IdTokenHint = serde_json::from_value(token.clone()).ok()?;
        hint.of(&Issuer::parse(ISSUER).expect("is an issuer"))
    }

    #[test]
    fn its_members_have_the_names_of_the_specification() {
        let whole = json!({
            "iss": ISSUER, "sub": "ada", "aud": "notes", "exp": 1_600, "iat": 1_000, "auth_time": 900,
            "acr": "1", "amr": ["pwd"], "nonce": "n", "sid": "s1",
        });
        assert_eq!(token(Some("n"), Some("s1"), Map::new()), whole);
        let short = token(None, None, Map::new());
        assert!(short.get("nonce").is_none() && short.get("sid").is_none());
    }

    #[test]
    fn a_token_of_ours_comes_back_as_a_hint() {
        let hint = hint(&token(None, Some("s1"), Map::new())).expect("is ours");
        assert_eq!((hint.sub.as_str(), hint.aud.as_str(), hint.sid.as_deref()), ("ada", "notes", Some("s1")));
    }

    /// A signed answer of UserInfo, a logout token and an access token each lack one of these.
    #[test]
    fn what_lacks_a_member_of_every_id_token_is_no_hint() {
        for member in ["iss", "sub", "aud", "exp", "iat", "auth_time"] {
            let mut cut = token(None, Some("s1"), Map::new());
            cut.as_object_mut().expect("is an object").remove(member);
            assert!(hint(&cut).is_none(), "{member}");
        }
        let several = json!(["notes", "other"]);
        let mut shared = token(None, None, Map::new());
        shared["aud"] = several;
        assert!(hint(&shared).is_none(), "ours have one audience");
    }

    #[test]
    fn a_token_of_another_issuer_is_no_hint() {
        let mut foreign = token(None, None, Map::new());
        foreign["iss"] = json!("https://issuer.example/");
        assert!(hint(&foreign).is_none());
    }

    proptest! {
        #[test]
        fn no_claim_about_the_person_replaces_one_of_the_token(name in "(iss|sub|aud|exp|iat|auth_time|acr|amr|name)") {
            let person = Map::from_iter([(name.clone(), json!("forged"))]);
            let made = token(None, None, person);
            prop_assert_eq!(made[&name] == "forged", name == "name");
        }
    }
}
