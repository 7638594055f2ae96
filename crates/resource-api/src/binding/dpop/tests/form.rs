//! What a proof is by itself: header, key, signature, claims.

use super::*;

/// §5, figure 5: a proof for the token endpoint has no `ath`, so it opens nothing here.
#[test]
fn a_proof_for_the_token_endpoint_is_no_proof_for_an_api() {
    let proof = signed(&header().to_string(), &without(claims(), "ath"));
    assert_eq!(verify(&proof, NOW), Err(Reason::Claim("ath").into()));
}

#[test]
fn each_claim_is_demanded_and_has_its_form() {
    for name in ["jti", "htm", "htu", "iat", "ath"] {
        let missing = signed(&header().to_string(), &without(claims(), name));
        assert_eq!(verify(&missing, NOW), Err(Reason::Claim(name).into()), "{name}");
        for odd in [Value::Null, json!([]), json!({ "a": 1 }), json!(true)] {
            assert_eq!(verify(&with_claim(name, odd.clone()), NOW), Err(Reason::Claim(name).into()), "{name}: {odd}");
        }
    }
    for (name, value, reason) in [
        ("iat", json!(NOW.0.to_string()), Reason::Claim("iat")),
        ("jti", json!(1), Reason::Claim("jti")),
        ("jti", json!(""), Reason::Jti),
        ("jti", json!("j".repeat(129)), Reason::Jti),
        ("htm", json!("post"), Reason::Method),
        ("htm", json!("POST "), Reason::Method),
        ("htu", json!("/notes"), Reason::Claim("htu")),
        ("htu", json!("https://api.example/note"), Reason::Target),
        ("htu", json!("https://api.example/notes%3Flimit=3"), Reason::Target),
        ("ath", json!(""), Reason::AccessToken),
        ("ath", json!(TOKEN), Reason::AccessToken),
        ("ath", json!(format!("{}=", hash(TOKEN))), Reason::AccessToken),
        ("exp", json!("soon"), Reason::Claim("exp")),
        ("exp", json!(NOW.0 - 60), Reason::NotNow),
        ("nbf", json!(NOW.0 + 61), Reason::NotNow),
    ] {
        assert_eq!(verify(&with_claim(name, value.clone()), NOW), Err(reason.into()), "{name}: {value}");
    }
    for (name, value) in [
        ("jti", json!("j".repeat(128))),
        ("jti", json!("ä".repeat(128))),
        ("iat", json!(1_700_000_000.75)),
        ("htu", json!("https://API.example:443/%6eotes?other#part")),
        ("exp", json!(NOW.0 + 1)),
        ("nonce", json!("of another server")),
        ("sub", json!("unknown claims are nobody's business")),
    ] {
        assert_eq!(verify(&with_claim(name, value.clone()), NOW), Ok(()), "{name}: {value}");
    }
}

#[test]
fn a_header_that_plays_a_trick_is_refused() {
    let rsa_1024 = json!({ "kty": "RSA", "e": "AQAB", "n": format!("{}Q", "w".repeat(170)) });
    let p521 = json!({ "kty": "EC", "crv": "P-521", "x": "AAAA", "y": "AAAA" });
    let p384 = json!({ "kty": "EC", "crv": "P-384", "x": "A".repeat(64), "y": "A".repeat(64) });
    let mut private = header()["jwk"].clone();
    private["d"] = json!("A".repeat(43));
    for (changes, reason) in [
        (vec![("typ", json!("JWT"))], Reason::Type),
        (vec![("typ", json!("at+jwt"))], Reason::Type),
        (vec![("typ", json!("dpop+jwt+x"))], Reason::Type),
        (vec![("alg", json!("none"))], jwt_error(VerifyError::Algorithm)),
        (vec![("alg", json!("HS256"))], jwt_error(VerifyError::Algorithm)),
        (vec![("alg", json!("ES256K"))], jwt_error(VerifyError::Algorithm)),
        (vec![("alg", json!("ES256"))], jwt_error(KeyRefused::WrongType)),
        (vec![("jwk", private)], Reason::Jwt(EmbeddedError::PrivateKey)),
        (vec![("jwk", json!({ "kty": "oct", "k": "AAAA" }))], Reason::Jwt(EmbeddedError::PrivateKey)),
        (vec![("jwk", json!("AAAA"))], Reason::Jwt(EmbeddedError::NoKey)),
        (vec![("jwk", p384.clone()), ("alg", json!("ES256"))], jwt_error(KeyRefused::WrongType)),
        (vec![("jwk", p384), ("alg", json!("ES384"))], jwt_error(KeyRefused::Point)),
        (vec![("jwk", p521), ("alg", json!("ES512"))], jwt_error(VerifyError::Algorithm)),
        (vec![("jwk", rsa_1024.clone()), ("alg", json!("RS256"))], jwt_error(KeyRefused::RsaSize { bits: 1024 })),
        (vec![("jwk", rsa_1024), ("alg", json!("PS256"))], jwt_error(KeyRefused::RsaSize { bits: 1024 })),
        (vec![("crit", json!(["b64"])), ("b64", json!(true))], jwt_error(VerifyError::Critical)),
        (vec![("crit", json!([]))], jwt_error(VerifyError::Critical)),
        (vec![("jku", json!("https://api.example/keys"))], Reason::Jwt(EmbeddedError::OtherKey)),
        (vec![("x5c", json!(["AAAA"]))], Reason::Jwt(EmbeddedError::OtherKey)),
    ] {
        let mut header = header();
        for (member, value) in changes {
            header[member] = value;
        }
        let proof = signed(&header.to_string(), &claims().to_string());
        assert_eq!(verify(&proof, NOW), Err(reason.into()), "{header}");
    }
    let none = signed(&without(header(), "jwk"), &claims().to_string());
    assert_eq!(verify(&none, NOW), Err(Reason::Jwt(EmbeddedError::NoKey).into()));
}

/// The public key as the secret of a MAC.
#[test]
fn a_public_key_is_never_a_secret() {
    let text = unsigned(&with(header(), "alg", json!("HS256")), &claims().to_string());
    for secret in [KEY.public_key().as_ref(), header()["jwk"].to_string().as_bytes()] {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), text.as_bytes());
        let forged = format!("{text}.{}", URL_SAFE_NO_PAD.encode(tag));
        assert_eq!(verify(&forged, NOW), Err(jwt_error(VerifyError::Algorithm).into()));
    }
}

#[test]
fn members_that_are_written_twice_are_refused() {
    let twice = |text: String, member: &str| text.replacen('{', &format!("{{{member},"), 1);
    for (header, claims, reason) in [
        (twice(header().to_string(), r#""typ":"dpop+jwt""#), claims().to_string(), VerifyError::Header),
        (twice(header().to_string(), r#""jwk":{"kty":"OKP"}"#), claims().to_string(), VerifyError::Header),
        (header().to_string().replace(r#""kty""#, r#""kty":"EC","kty""#), claims().to_string(), VerifyError::Header),
        (header().to_string(), twice(claims().to_string(), r#""htu":"https://api.example/""#), VerifyError::Claims),
        (header().to_string(), twice(claims().to_string(), r#""jti":"2""#), VerifyError::Claims),
    ] {
        assert_eq!(verify(&signed(&header, &claims), NOW), Err(jwt_error(reason).into()), "{header} {claims}");
    }
}

#[test]
fn the_key_of_the_header_has_signed() {
    let stranger = Ed25519KeyPair::generate().expect("makes a key");
    let forged = signed_by(&stranger, &header().to_string(), &claims().to_string());
    assert_eq!(verify(&forged, NOW), Err(jwt_error(VerifyError::Signature).into()));
    let own = signed_by(&stranger, &header_of(&stranger).to_string(), &claims().to_string());
    assert_eq!(verify(&own, NOW), Err(Reason::OtherKey.into()), "a thief with a key of their own");
}

#[test]
fn only_allowed_algorithms_are_accepted() {
    let config =
        DpopConfig { algorithms: vec![SigningAlgorithm::ES256, SigningAlgorithm::PS256], ..DpopConfig::default() };
    let verifier = Verifier::new(config);
    assert_eq!(ask(&verifier, &[&good()], &REQUEST, NOW), Err(jwt_error(VerifyError::Algorithm).into()));
    assert_eq!(verifier.algs(), "ES256 PS256");
    assert_eq!(Verifier::new(DpopConfig::default()).algs(), "RS256 PS256 ES256 ES384 EdDSA");
}

#[test]
fn a_long_proof_is_refused_before_it_is_decoded() {
    let longest = format!("{}.e30.AAAA", "A".repeat(8 * 1024 - 9));
    assert_eq!(longest.len(), 8192);
    assert_ne!(verify(&longest, NOW), Err(Reason::TooLong.into()));
    assert_eq!(verify(&format!("{longest}A"), NOW), Err(Reason::TooLong.into()));
    assert_eq!(verify(&with_claim("pad", json!("a".repeat(8192))), NOW), Err(Reason::TooLong.into()));
}

/// Every bit of every byte, so that no part of a proof is left unprotected.
#[test]
fn any_flipped_bit_of_the_example_is_noticed() {
    for at in 0..RFC_PROOF.len() * 8 {
        let mut changed = RFC_PROOF.as_bytes().to_vec();
        changed[at / 8] ^= 1 << (at % 8);
        assert!(ask_rfc(&changed, &RFC_REQUEST, &RFC_TOKEN, RFC_TIME).is_err(), "bit {at}");
    }
}

proptest! {
    #[test]
    fn any_changed_byte_of_the_example_is_noticed(at: prop::sample::Index, with: u8) {
        let mut changed = RFC_PROOF.as_bytes().to_vec();
        let at = at.index(changed.len());
        changed[at] = with;
        let answer = ask_rfc(&changed, &RFC_REQUEST, &RFC_TOKEN, RFC_TIME);
        prop_assert_eq!(answer.is_ok(), changed == RFC_PROOF.as_bytes());
    }

    #[test]
    fn any_cut_or_inserted_byte_is_noticed(at: prop::sample::Index, insert: Option<u8>) {
        let mut changed = RFC_PROOF.as_bytes().to_vec();
        let at = at.index(changed.len());
        match insert {
            Some(byte) => changed.insert(at, byte),
            None => drop(changed.remove(at)),
        }
        prop_assert!(ask_rfc(&changed, &RFC_REQUEST, &RFC_TOKEN, RFC_TIME).is_err());
    }

    #[test]
    fn no_bytes_make_it_panic_or_pass(header: Vec<u8>) {
        prop_assert!(ask_rfc(&header, &RFC_REQUEST, &RFC_TOKEN, RFC_TIME).is_err());
    }
}
