//! The examples of RFC 7516 and RFC 7518, and a decryptor that shares nothing with `encrypt` but the primitives. The libraries
//! of others decrypt in `testkit/tests/it/encryption.rs`.

use super::*;
use crate::jwks::JwkSet;
use crate::samples::key;
use crate::verify::{Expected, verify};
use aws_lc_rs::agreement::{ECDH_P256, ECDH_P384, ECDH_P521, PrivateKey, UnparsedPublicKey, X25519};
use aws_lc_rs::cipher::{DecryptionContext, PaddedBlockDecryptingKey};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::{AsBigEndian as _, AsDer as _, EcPrivateKeyBin, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeySize, OaepPrivateDecryptingKey, PrivateDecryptingKey};
use aws_lc_rs::signature::{KeyPair as _, RsaKeyPair};
use proptest::prelude::*;
use protocol::encryption::KeyManagementAlgorithm;
use protocol::signing::SigningAlgorithm;
use serde_json::{Value, json};
use std::sync::LazyLock;

/// A client with all keys that there are: the public halves as key set, the private ones to decrypt with.
struct Client {
    rsa: PrivateDecryptingKey,
    agreement: Vec<(&'static str, PrivateKey)>,
    jwks: Vec<Value>,
}

static CLIENT: LazyLock<Client> = LazyLock::new(|| {
    let rsa = PrivateDecryptingKey::generate(KeySize::Rsa2048).expect("aws-lc makes keys");
    let pkcs8: Pkcs8V1Der<'_> = rsa.as_der().expect("can be written");
    let public = RsaKeyPair::from_pkcs8(pkcs8.as_ref()).expect("is a key");
    let public = public.public_key();
    let mut jwks = vec![json!({
        "kty": "RSA", "kid": "rsa", "use": "enc",
        "n": URL_SAFE_NO_PAD.encode(public.modulus().big_endian_without_leading_zero()),
        "e": URL_SAFE_NO_PAD.encode(public.exponent().big_endian_without_leading_zero()),
    })];
    let mut agreement = Vec::new();
    for (crv, algorithm) in [("P-256", &ECDH_P256), ("P-384", &ECDH_P384), ("P-521", &ECDH_P521), ("X25519", &X25519)] {
        let key = PrivateKey::generate(algorithm).expect("aws-lc makes keys");
        let public = key.compute_public_key().expect("has one");
        jwks.push(match public.as_ref() {
            [4, point @ ..] if crv != "X25519" => {
                let (x, y) = point.split_at(point.len() / 2);
                json!({
                    "kty": "EC", "crv": crv, "kid": crv, "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y),
                })
            }
            x => json!({ "kty": "OKP", "crv": crv, "kid": crv, "x": URL_SAFE_NO_PAD.encode(x) }),
        });
        agreement.push((crv, key));
    }
    Client { rsa, agreement, jwks }
});

impl Client {
    fn decrypt(&self, token: &str) -> Option<Vec<u8>> {
        let parts: Vec<&str> = token.split('.').collect();
        let octets: Vec<_> = parts.iter().map(|part| URL_SAFE_NO_PAD.decode(part).ok()).collect::<Option<_>>()?;
        let [header, encrypted, iv, ciphertext, tag] = octets.as_slice() else { return None };
        let header: Value = serde_json::from_slice(header).ok()?;
        let enc = header["enc"].as_str()?;
        let key = match header["alg"].as_str()? {
            "RSA-OAEP-256" => {
                let oaep = OaepPrivateDecryptingKey::new(self.rsa.clone()).ok()?;
                let mut key = vec![0; oaep.min_output_size()];
                oaep.decrypt(&OAEP_SHA256_MGF1SHA256, encrypted, &mut key, None).ok()?.to_vec()
            }
            "ECDH-ES" if encrypted.is_empty() => concat_kdf(&self.agree(&header["epk"])?, enc),
            _ => return None,
        };
        let (aad, iv) = (parts[0].as_bytes(), iv.as_slice());
        match enc {
            "A128CBC-HS256" => open_cbc(&key, HMAC_SHA256, aad, [iv, ciphertext, tag]),
            "A256CBC-HS512" => open_cbc(&key, HMAC_SHA512, aad, [iv, ciphertext, tag]),
            "A128GCM" => open_gcm(&key, &AES_128_GCM, aad, [iv, ciphertext, tag]),
            "A256GCM" => open_gcm(&key, &AES_256_GCM, aad, [iv, ciphertext, tag]),
            _ => None,
        }
    }

    fn agree(&self, epk: &Value) -> Option<Vec<u8>> {
        let coordinate = |name: &str| URL_SAFE_NO_PAD.decode(epk[name].as_str()?).ok();
        let (_, key) = self.agreement.iter().find(|(crv, _)| epk["crv"] == *crv)?;
        let point = match epk["kty"].as_str()? {
            "EC" => [vec![4], coordinate("x")?, coordinate("y")?].concat(),
            _ => coordinate("x")?,
        };
        let public = UnparsedPublicKey::new(key.algorithm(), point);
        agreement::agree(key, public, (), |shared| Ok(shared.to_vec())).ok()
    }
}

/// NIST SP 800-56A §5.8.1 by hand, without party information.
fn concat_kdf(shared: &[u8], enc: &str) -> Vec<u8> {
    let length: u32 = match enc {
        "A128GCM" => 16,
        "A256GCM" | "A128CBC-HS256" => 32,
        _ => 64,
    };
    let name = u32::try_from(enc.len()).expect("is short");
    let info = [&name.to_be_bytes()[..], enc.as_bytes(), &[0; 8], &(length * 8).to_be_bytes()].concat();
    let round = |counter: u32| digest(&SHA256, &[&counter.to_be_bytes()[..], shared, &info].concat());
    let whole = [round(1).as_ref(), round(2).as_ref()].concat();
    whole[..length as usize].to_vec()
}

fn open_cbc(key: &[u8], mac: hmac::Algorithm, aad: &[u8], [iv, ciphertext, tag]: [&[u8]; 3]) -> Option<Vec<u8>> {
    let (mac_key, aes_key) = key.split_at(key.len() / 2);
    let bits = (aad.len() as u64 * 8).to_be_bytes();
    let expected = hmac::sign(&hmac::Key::new(mac, mac_key), &[aad, iv, ciphertext, &bits].concat());
    if tag != &expected.as_ref()[..key.len() / 2] {
        return None;
    }
    let aes = if aes_key.len() == 16 { &AES_128 } else { &AES_256 };
    let aes = PaddedBlockDecryptingKey::cbc_pkcs7(UnboundCipherKey::new(aes, aes_key).ok()?).ok()?;
    let iv: &[u8; 16] = iv.try_into().ok()?;
    let mut text = ciphertext.to_vec();
    Some(aes.decrypt(&mut text, DecryptionContext::Iv128(iv.into())).ok()?.to_vec())
}

fn open_gcm(
    key: &[u8],
    algorithm: &'static aead::Algorithm,
    aad: &[u8],
    [iv, ciphertext, tag]: [&[u8]; 3],
) -> Option<Vec<u8>> {
    let key = LessSafeKey::new(aead::UnboundKey::new(algorithm, key).ok()?);
    let mut text = [ciphertext, tag].concat();
    let nonce = Nonce::try_assume_unique_for_key(iv).ok()?;
    Some(key.open_in_place(nonce, Aad::from(aad), &mut text).ok()?.to_vec())
}

fn set(jwk: &Value) -> JwkSet {
    JwkSet::parse(&json!({ "keys": [jwk] }).to_string()).expect("is a key set")
}

/// Each key of the client with each `enc`.
fn every_way() -> impl Iterator<Item = (&'static Value, Encryption)> {
    CLIENT.jwks.iter().flat_map(|jwk| {
        let alg = if jwk["kty"] == "RSA" { KeyManagementAlgorithm::RsaOaep256 } else { KeyManagementAlgorithm::EcdhEs };
        ContentEncryption::ALL.iter().map(move |enc| (jwk, Encryption { alg, enc: *enc }))
    })
}

fn encrypt_to(jwk: &Value, encryption: Encryption, content: &[u8], cty: Option<&str>) -> String {
    let set = set(jwk);
    encrypt(content, cty, encryption, set.encryption_key(encryption.alg).expect("is one")).expect("encrypts")
}

fn header(token: &str) -> Value {
    let header = token.split('.').next().expect("has parts");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).expect("is base64url")).expect("is JSON")
}

#[test]
fn the_client_reads_what_was_encrypted_for_it() {
    let signer = key(SigningAlgorithm::ES256);
    let signed = signer.sign(None, &json!({ "sub": "alice" })).expect("signs");
    for (jwk, encryption) in every_way() {
        let token = encrypt_to(jwk, encryption, signed.as_bytes(), Some("JWT"));
        let read = CLIENT.decrypt(&token).unwrap_or_else(|| panic!("{encryption:?} {jwk}"));
        let inner = String::from_utf8(read).expect("is a JWT");
        let expected = Expected { typ: &[], algorithms: &[SigningAlgorithm::ES256] };
        assert_eq!(verify(&inner, signer.verifying_key(), &expected), Ok(json!({ "sub": "alice" })));

        let header = header(&token);
        assert_eq!((&header["alg"], &header["enc"]), (&json!(encryption.alg), &json!(encryption.enc)));
        assert_eq!((&header["kid"], &header["cty"]), (&jwk["kid"], &json!("JWT")));
        assert_eq!(header["epk"]["crv"], jwk["crv"]);
        assert!(header.get("zip").is_none());
    }
}

#[test]
fn contents_of_every_length_come_back() {
    let content: Vec<u8> = (0..100).collect();
    for (jwk, encryption) in every_way().filter(|(jwk, _)| jwk["kid"] == "X25519") {
        for length in 0..content.len() {
            let token = encrypt_to(jwk, encryption, &content[..length], None);
            assert_eq!(CLIENT.decrypt(&token).as_deref(), Some(&content[..length]), "{encryption:?}");
            assert!(header(&token).get("cty").is_none());
        }
    }
}

#[test]
fn nothing_is_drawn_twice() {
    for (jwk, encryption) in every_way() {
        let (one, other) = (encrypt_to(jwk, encryption, b"{}", None), encrypt_to(jwk, encryption, b"{}", None));
        let parts: Vec<_> = one.split('.').zip(other.split('.')).collect();
        assert_eq!(parts.len(), 5);
        match encryption.alg {
            KeyManagementAlgorithm::RsaOaep256 => assert_ne!(parts[1].0, parts[1].1, "the encrypted key"),
            KeyManagementAlgorithm::EcdhEs => {
                assert_eq!(parts[1].0, "");
                assert_ne!(parts[0].0, parts[0].1, "the ephemeral key");
            }
        }
        assert!(parts[2..].iter().all(|(one, other)| one != other), "{encryption:?}");
    }
}

#[test]
fn the_key_decides_the_algorithm() {
    let set = set(&CLIENT.jwks[0]);
    let rsa = set.encryption_key(KeyManagementAlgorithm::RsaOaep256).expect("is one");
    let other = Encryption { alg: KeyManagementAlgorithm::EcdhEs, enc: ContentEncryption::A128Gcm };
    assert_eq!(encrypt(b"{}", None, other, rsa), Err(EncryptError::KeyAlgorithm));
}

#[test]
fn a_key_without_name_leaves_the_header_without() {
    let mut jwk = CLIENT.jwks[1].clone();
    jwk.as_object_mut().expect("an object").remove("kid");
    let encryption = Encryption { alg: KeyManagementAlgorithm::EcdhEs, enc: ContentEncryption::A128CbcHs256 };
    let token = encrypt_to(&jwk, encryption, b"{}", None);
    assert!(header(&token).get("kid").is_none());
    assert_eq!(CLIENT.decrypt(&token).as_deref(), Some(&b"{}"[..]));
}

/// RFC 7518 Appendix C.
#[test]
fn the_key_agreement_of_rfc_7518() {
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).expect("is base64url");
    let alice = decode("0_NxaRPUMQoAJt50Gz8YiTr8gRTwyEaCumd-MToTmIo");
    let alice = PrivateKey::from_private_key(&ECDH_P256, &alice).expect("is a key");
    let bob = json!({
        "kty": "EC", "crv": "P-256",
        "x": "weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ", "y": "e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck",
    });
    let set = set(&bob);
    let Material::Agreement(curve, bob) = &set.encryption_key(KeyManagementAlgorithm::EcdhEs).expect("is one").material
    else {
        panic!("a curve")
    };
    let party = PartyInfo { u: b"Alice", v: b"Bob" };
    let key = agreement::agree(&alice, bob.clone(), EncryptError::Crypto, |shared| {
        assert_eq!(shared[..4], [158, 86, 217, 29]);
        derive(shared, ContentEncryption::A128Gcm, party)
    });
    assert_eq!(URL_SAFE_NO_PAD.encode(key.expect("is derived")), "VqqN6vgjbSBcIijNcacQGg");

    let epk = EphemeralJwk::of(curve, alice.compute_public_key().expect("has one").as_ref());
    assert_eq!(
        serde_json::to_value(epk).expect("is JSON"),
        json!({
            "kty": "EC", "crv": "P-256",
            "x": "gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0", "y": "SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps",
        })
    );
    let private: EcPrivateKeyBin<'_> = alice.as_be_bytes().expect("can be written");
    assert_eq!(private.as_ref().len(), 32);
}

fn hex(text: &str) -> Vec<u8> {
    let text: String = text.split_ascii_whitespace().collect();
    (0..text.len() / 2).map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).expect("is hex")).collect()
}

/// RFC 7518 Appendix B.1 and B.3.
#[test]
fn the_cbc_examples_of_rfc_7518() {
    let content =
        b"A cipher system must not be required to be secret, and it must be able to fall into the hands of the \
        enemy without inconvenience";
    let iv = hex("1af38c2dc2b96ffdd86694092341bc04");
    let aad = b"The second principle of Auguste Kerckhoffs";
    let (ciphertext, tag) = cipher(ContentEncryption::A128CbcHs256)
        .seal(&(0..32).collect::<Vec<_>>(), &iv, aad, content)
        .expect("encrypts");
    assert_eq!(
        ciphertext,
        hex("c80edfa32ddf39d5ef00c0b468834279a2e46a1b8049f792f76bfe54b903a9c9a94ac9b47ad2655c5f10f9aef71427e2
             fc6f9b3f399a221489f16362c703233609d45ac69864e3321cf82935ac4096c86e133314c54019e8ca7980dfa4b9cf1b
             384c486f3a54c51078158ee5d79de59fbd34d848b3d69550a67646344427ade54b8851ffb598f7f80074b9473c82e2db")
    );
    assert_eq!(tag, hex("652c3fa36b0a7c5b3219fab3a30bc1c4"));
    let (ciphertext, tag) = cipher(ContentEncryption::A256CbcHs512)
        .seal(&(0..64).collect::<Vec<_>>(), &iv, aad, content)
        .expect("encrypts");
    assert_eq!(
        ciphertext,
        hex("4affaaadb78c31c5da4b1b590d10ffbd3dd8d5d302423526912da037ecbcc7bd822c301dd67c373bccb584ad3e9279c2
             e6d12a1374b77f077553df829410446b36ebd97066296ae6427ea75c2e0846a11a09ccf5370dc80bfecbad28c73f09b3
             a3b75e662a2594410ae496b2e2e6609e31e6e02cc837f053d21f37ff4f51950bbe2638d09dd7a4930930806d0703b1f6")
    );
    assert_eq!(tag, hex("4dd3b4c088a7f45c216839645b2012bf2e6269a8c56a816dbc1b267761955bc5"));
}

/// The contents of RFC 7516 Appendix A.1 and A.2. Their keys were carried in ways that we do not have.
#[test]
fn the_contents_of_rfc_7516() {
    for (enc, key, iv, content, encrypted) in [
        (
            ContentEncryption::A256Gcm,
            "b1a1f480548fe1733fb403ff6b9ad4f68a076e5b702e22692f82cb2e7aea40fc",
            "e3c575fc02dbe944b4e14ddb",
            "The true sign of intelligence is not knowledge but imagination.",
            [
                "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ",
                "5eym8TW_c8SuK0ltJ3rpYIzOeDQz7TALvtu6UG9oMo4vpzs9tX_EFShS8iB7j6jiSdiwkIr3ajwQzaBtQD_A",
                "XFBoMYUZodetZdvTiFvSkQ",
            ],
        ),
        (
            ContentEncryption::A128CbcHs256,
            "04d31fc5549dfcfe0b649dfa3faa6ace6b7cd42d6f6b09dbc8b100f08f9c2ccf",
            "03163c0c2b436869 6c6c69636f746865",
            "Live long and prosper.",
            [
                "eyJhbGciOiJSU0ExXzUiLCJlbmMiOiJBMTI4Q0JDLUhTMjU2In0",
                "KDlTtXchhZTGufMYmOYGS4HffxPSUrfmqCHXaI9wOGY",
                "9hH0vgRfYgPnAHOd8stkvw",
            ],
        ),
    ] {
        let [header, ciphertext, tag] = encrypted;
        let sealed = cipher(enc).seal(&hex(key), &hex(iv), header.as_bytes(), content.as_bytes()).expect("encrypts");
        let sealed = [&sealed.0, &sealed.1].map(|part| URL_SAFE_NO_PAD.encode(part));
        assert_eq!(sealed, [ciphertext, tag], "{enc}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_changed_character_is_noticed(
        way in 0usize..20, at: prop::sample::Index, with in "[A-Za-z0-9_-]"
    ) {
        let (jwk, encryption) = every_way().nth(way).expect("five keys, four ways");
        let token = encrypt_to(jwk, encryption, br#"{"sub":"alice"}"#, None);
        let at = at.index(token.len());
        let mut changed = token.clone();
        changed.replace_range(at..=at, &with);
        prop_assert_eq!(CLIENT.decrypt(&changed).is_some(), changed == token);
    }
}
