//! The examples of the RFCs, in both directions where the signature is deterministic: RFC 7638 §3.1, RFC 7515 A.2 and A.3,
//! RFC 8037 A.1 to A.5. For ES384, which no RFC shows in a token, the example of RFC 6979 A.2.6. Those for encryption stand beside
//! `jwe.rs`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use protocol::signing::SigningAlgorithm;
use serde_json::{Value, json};

use crate::import::import;
use crate::jwks::JwkSet;
use crate::verify::{Expected, VerifyError};

const A2_N: &str = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
const A2_D: &str = "Eq5xpGnNCivDflJsRQBXHx1hdR1k6Ulwe2JZD50LpXyWPEAeP88vLNO97IjlA7_GQ5sLKMgvfTeXZx9SE-7YwVol2NXOoAJe46sui395IW_GO-pWJ1O0BkTGoVEn2bKVRUCgu-GjBVaYLU6f3l9kJfFNS3E0QbVdxzubSu3Mkqzjkn439X0M_V51gfpRLI9JYanrC4D4qAdGcopV_0ZHHzQlBjudU2QvXt4ehNYTCBr6XCLQUShb1juUO1ZdiYoFaFQT5Tw8bGUl_x_jTj3ccPDVZFD9pIuhLhBOneufuBiB4cS98l2SR_RQyGWSeWjnczT0QU91p1DhOVRuOopznQ";
const A2_P: &str = "4BzEEOtIpmVdVEZNCqS7baC4crd0pqnRH_5IB3jw3bcxGn6QLvnEtfdUdiYrqBdss1l58BQ3KhooKeQTa9AB0Hw_Py5PJdTJNPY8cQn7ouZ2KKDcmnPGBY5t7yLc1QlQ5xHdwW1VhvKn-nXqhJTBgIPgtldC-KDV5z-y2XDwGUc";
const A2_Q: &str = "uQPEfgmVtjL0Uyyx88GZFF1fOunH3-7cepKmtH4pxhtCoHqpWmT8YAmZxaewHgHAjLYsp1ZSe7zFYHj7C6ul7TjeLQeZD_YwD66t62wDmpe_HlB-TnBA-njbglfIsRLtXlnDzQkv5dTltRJ11BKBBypeeF6689rjcJIDEz9RWdc";
const A2_TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
const A3_TOKEN: &str = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
const ED25519_SIGNED: &str = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
const ED25519_SIGNATURE: &str =
    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
const THUMBPRINT_N: &str = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";

const ANY: Expected<'_> = Expected { typ: &[], algorithms: SigningAlgorithm::ALL };

fn set(key: &Value) -> JwkSet {
    JwkSet::parse(&json!({ "keys": [key] }).to_string()).expect("is a key set")
}

#[test]
fn the_thumbprint_of_rfc_7638() {
    let set = set(&json!({ "kty": "RSA", "n": THUMBPRINT_N, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29" }));
    assert_eq!(set.keys()[0].thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    assert_eq!(set.keys()[0].kid(), "2011-04-29");
}

#[test]
fn the_rs256_token_of_rfc_7515() {
    let public = set(&json!({ "kty": "RSA", "n": A2_N, "e": "AQAB" }));
    let claims: Value = public.verify(A2_TOKEN, &ANY).expect("the RFC signed it");
    assert_eq!(claims, json!({ "iss": "joe", "exp": 1_300_819_380, "http://example.com/is_root": true }));

    let private = json!({ "kty": "RSA", "n": A2_N, "e": "AQAB", "d": A2_D, "p": A2_P, "q": A2_Q });
    let key = import(&private.to_string(), None, None).expect("is a private key");
    let (signed, signature) = A2_TOKEN.rsplit_once('.').expect("has three parts");
    assert_eq!(URL_SAFE_NO_PAD.encode(key.signature(signed.as_bytes()).expect("signs")), signature);
}

#[test]
fn the_es256_token_of_rfc_7515() {
    let key = json!({
        "kty": "EC", "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    });
    let claims: Value = set(&key).verify(A3_TOKEN, &ANY).expect("the RFC signed it");
    assert_eq!(claims["iss"], "joe");
    assert_eq!(set(&key).verify::<Value>(A2_TOKEN, &ANY), Err(VerifyError::UnknownKey), "no RSA key in the set");
}

/// RFC 6979 A.2.6, with SHA-384 over "sample".
#[test]
fn the_p384_example_of_rfc_6979() {
    let key = json!({
        "kty": "EC", "crv": "P-384",
        "x": "7DpOQVtOGaRWhhgCn0J_pdqai8SukuAuBqrlKGswDGTe-PDqkFWGYGSiVFFUgLwT",
        "y": "gBXZty19VyROqO-awMYhiWcIpZNn-d-59UyoSz8cnbEoiyMcOuDU_nNE_SUzJkcg",
    });
    let (r, s) = (
        "lO27kqXsuKrUc25WxpGRaz-IFAZmzp-nPWTE6pWtEzyBpkgVLkSs-W423R6A-r5G",
        "me9K6xXxeM6h_kDbJgMTjxMOdAoZYkUmIDtjUdCjqU-jKcFFeG5nnnuCxxo4YorI",
    );
    let signature = URL_SAFE_NO_PAD.decode(format!("{r}{s}")).expect("48 octets each");
    let set = set(&key);
    let key = set.find(None, SigningAlgorithm::ES384).expect("the curve tells the algorithm");
    assert!(key.verifies(b"sample", &signature));
    assert!(!key.verifies(b"Sample", &signature));
    assert!(!key.verifies(b"sample", &[&signature[48..], &signature[..48]].concat()));
}

#[test]
fn the_ed25519_example_of_rfc_8037() {
    let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    let private = json!({ "kty": "OKP", "crv": "Ed25519", "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A", "x": x });
    let key = import(&private.to_string(), None, None).expect("is a private key");
    assert_eq!(key.kid().as_str(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    assert_eq!(URL_SAFE_NO_PAD.encode(key.signature(ED25519_SIGNED.as_bytes()).expect("signs")), ED25519_SIGNATURE);

    let public = set(&json!({ "kty": "OKP", "crv": "Ed25519", "x": x }));
    let token = format!("{ED25519_SIGNED}.{ED25519_SIGNATURE}");
    assert_eq!(
        public.verify::<Value>(&token, &ANY),
        Err(VerifyError::Claims),
        "the signature holds; the payload is prose"
    );
    let changed = format!("{ED25519_SIGNED}.{}", ED25519_SIGNATURE.replace("hgy", "hgz"));
    assert_eq!(public.verify::<Value>(&changed, &ANY), Err(VerifyError::Signature));
}
