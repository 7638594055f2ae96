//! JWTs without a signature (`"alg": "none"`, RFC 7519 §6), in both directions. Two uses exist: the ID token of a client that
//! is registered for `none` and gets it from the token endpoint (OpenID Connect Core §2), and the request object of a client
//! that is registered for `none` (§6.1). Nobody vouches for such a token but the connection that it came through.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::key::SignError;
use crate::verify::{Parts, PeekedAlgorithm, VerifyError, peek_any};

/// `{"alg":"none","typ":"JWT"}`.
const HEADER: &str = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0";

/// An ID token that nobody has signed. OpenID Connect Core §2: "ID Tokens MUST NOT use none as the alg value unless the Response
/// Type used returns no ID Token from the Authorization Endpoint (such as when using the Authorization Code Flow) and the Client
/// explicitly requested the use of none at Registration time."
pub fn unsigned_id_token(claims: &impl Serialize) -> Result<String, SignError> {
    let claims = serde_json::to_vec(claims).map_err(|_| SignError::Claims)?;
    if claims.first() != Some(&b'{') {
        return Err(SignError::Claims);
    }
    // RFC 7518 §3.6: "they MUST use the empty octet sequence as its JWS Signature value".
    Ok(format!("{HEADER}.{}.", URL_SAFE_NO_PAD.encode(claims)))
}

/// The claims of a token whose header says `none` and that has no signature, for clients that are registered for it.
pub fn unsecured_claims<C: DeserializeOwned>(token: &str) -> Result<C, VerifyError> {
    // RFC 7518 §3.6: "Recipients MUST verify that the JWS Signature value is the empty octet sequence." `peek_any` does.
    match peek_any(token)?.alg {
        PeekedAlgorithm::None => Parts::split_unsigned(token)?.claims(),
        PeekedAlgorithm::Signature(_) | PeekedAlgorithm::Mac(_) => Err(VerifyError::Algorithm),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::key;
    use crate::verify::{Expected, peek, peek_assertion, unverified_claims, verify};
    use proptest::prelude::*;
    use protocol::signing::SigningAlgorithm;
    use serde_json::{Value, json};

    const PAYLOAD: &str = r#"{"sub":"alice"}"#;

    fn token(header: &str, payload: &str, signature: &str) -> String {
        format!("{}.{}.{signature}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload))
    }

    fn claims(token: &str) -> Result<Value, VerifyError> {
        unsecured_claims(token)
    }

    #[test]
    fn an_unsigned_id_token_says_so_and_reads_back() {
        let token = unsigned_id_token(&json!({ "sub": "alice" })).expect("is an object");
        assert_eq!(URL_SAFE_NO_PAD.decode(HEADER).expect("is base64url"), br#"{"alg":"none","typ":"JWT"}"#);
        assert!(token.starts_with(HEADER) && token.ends_with('.'));
        assert_eq!(claims(&token), Ok(json!({ "sub": "alice" })));
        let header = peek_any(&token).expect("is a token");
        assert_eq!((header.alg, header.typ.as_deref(), header.kid), (PeekedAlgorithm::None, Some("JWT"), None));
        for bad in [json!(1), json!([]), Value::Null] {
            assert!(matches!(unsigned_id_token(&bad), Err(SignError::Claims)));
        }
    }

    /// RFC 7519 §6.1.
    #[test]
    fn the_example_of_rfc_7519() {
        let theirs = "eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.";
        let expected = json!({ "iss": "joe", "exp": 1_300_819_380, "http://example.com/is_root": true });
        assert_eq!(claims(theirs), Ok(expected));
    }

    #[test]
    fn nothing_else_takes_a_token_without_signature() {
        let token = unsigned_id_token(&json!({ "sub": "alice" })).expect("is an object");
        let expected = Expected { typ: &[], algorithms: SigningAlgorithm::ALL };
        for algorithm in SigningAlgorithm::ALL {
            let result = verify::<Value>(&token, key(*algorithm).verifying_key(), &expected);
            assert_eq!(result, Err(VerifyError::NotThreeParts));
        }
        assert_eq!(peek(&token), Err(VerifyError::NotThreeParts));
        assert_eq!(peek_assertion(&token), Err(VerifyError::NotThreeParts));
        assert_eq!(peek_assertion(&format!("{token}AAAA")), Err(VerifyError::Algorithm));
        assert_eq!(unverified_claims::<Value>(&token), Err(VerifyError::NotThreeParts));
    }

    #[test]
    fn only_the_exact_word_and_an_empty_signature_pass() {
        use VerifyError::{Algorithm, Claims, Critical, Encoding, Header, NotThreeParts, Signature};
        let none = r#"{"alg":"none"}"#;
        for (token, reason) in [
            (token(none, PAYLOAD, "AAAA"), Signature),
            (token(none, PAYLOAD, "="), Signature),
            (token(none, PAYLOAD, "."), NotThreeParts),
            (token(r#"{"alg":"None"}"#, PAYLOAD, ""), Algorithm),
            (token(r#"{"alg":"NONE"}"#, PAYLOAD, ""), Algorithm),
            (token(r#"{"alg":""}"#, PAYLOAD, ""), Algorithm),
            (token("{}", PAYLOAD, ""), Algorithm),
            (token(r#"{"alg":"ES256"}"#, PAYLOAD, ""), NotThreeParts),
            (token(r#"{"alg":"ES256"}"#, PAYLOAD, "AAAA"), Algorithm),
            (token(r#"{"alg":"HS256"}"#, PAYLOAD, ""), NotThreeParts),
            (token(r#"{"alg":"HS256"}"#, PAYLOAD, "AAAA"), Algorithm),
            (token(r#"{"alg":"none","alg":"ES256"}"#, PAYLOAD, ""), Header),
            (token(r#"{"alg":"none","crit":["x"],"x":1}"#, PAYLOAD, ""), Critical),
            (token(r#"{"alg":"none","b64":false}"#, PAYLOAD, ""), Critical),
            (token(none, r#"{"sub":"a","sub":"b"}"#, ""), Claims),
            (token(none, "[]", ""), Claims),
            (token(none, "", ""), NotThreeParts),
            (token(none, PAYLOAD, "") + " ", Signature),
            (format!(" {}", token(none, PAYLOAD, "")), Encoding),
            (token(none, PAYLOAD, "").trim_end_matches('.').to_owned(), NotThreeParts),
        ] {
            assert_eq!(claims(&token), Err(reason), "{token}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(token in "[A-Za-z0-9_.=-]{0,200}|.{0,60}") {
            let _ = claims(&token);
        }
    }
}
