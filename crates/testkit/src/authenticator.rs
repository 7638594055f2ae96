//! An authenticator in software: makes what `navigator.credentials` would hand to a page, right or wrong in exactly one way.
//!
//! It shares no code with what it tests: the CBOR, the flags and the signatures are written here from the specification (W3C Web
//! Authentication Level 3, §6.1, §6.5.1, §5.8.1).

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeySize, PublicKeyComponents};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

pub const USER_PRESENT: u8 = 0x01;
pub const USER_VERIFIED: u8 = 0x04;
pub const BACKUP_ELIGIBLE: u8 = 0x08;
pub const BACKED_UP: u8 = 0x10;
const ATTESTED: u8 = 0x40;

/// One passkey and its private key.
pub struct Authenticator {
    key: Key,
    pub credential_id: Vec<u8>,
    pub user_handle: Option<Vec<u8>>,
    pub aaguid: [u8; 16],
}

enum Key {
    Ecdsa(EcdsaKeyPair),
    Rsa(Box<RsaKeyPair>),
}

/// What the browser and the authenticator say in one ceremony. A test that lies changes one member.
#[derive(Clone, Debug)]
pub struct Told {
    /// `webauthn.create` or `webauthn.get`.
    pub kind: &'static str,
    pub challenge: String,
    pub origin: String,
    pub cross_origin: bool,
    pub rp_id: String,
    pub flags: u8,
    pub sign_count: u32,
    pub signature: Signature,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signature {
    Right,
    /// Over something else.
    Wrong,
}

impl Told {
    /// The truth about the options that the server made, at this origin, by a synced passkey.
    pub fn about(options: &Value, origin: &str, kind: &'static str) -> Self {
        let public_key = &options["publicKey"];
        let rp_id = public_key["rpId"].as_str().or(public_key["rp"]["id"].as_str()).expect("an RP ID");
        Self {
            kind,
            challenge: public_key["challenge"].as_str().expect("a challenge").to_owned(),
            origin: origin.to_owned(),
            cross_origin: false,
            rp_id: rp_id.to_owned(),
            flags: USER_PRESENT | USER_VERIFIED | BACKUP_ELIGIBLE | BACKED_UP,
            sign_count: 0,
            signature: Signature::Right,
        }
    }

    pub fn created(options: &Value, origin: &str) -> Self {
        Self::about(options, origin, "webauthn.create")
    }

    pub fn got(options: &Value, origin: &str) -> Self {
        Self::about(options, origin, "webauthn.get")
    }

    fn client_data(&self) -> Vec<u8> {
        let data = json!({
            "type": self.kind,
            "challenge": self.challenge,
            "origin": self.origin,
            "crossOrigin": self.cross_origin,
        });
        data.to_string().into_bytes()
    }

    /// §6.1: hash of the RP ID, flags, sign count.
    fn authenticator_data(&self, more: u8) -> Vec<u8> {
        [digest(&SHA256, self.rp_id.as_bytes()).as_ref(), &[self.flags | more], &self.sign_count.to_be_bytes()].concat()
    }
}

impl Authenticator {
    /// ES256.
    pub fn new() -> Self {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).expect("a key");
        let id = digest(&SHA256, key.public_key().as_ref()).as_ref().to_vec();
        Self { key: Key::Ecdsa(key), credential_id: id, user_handle: None, aaguid: [0; 16] }
    }

    /// RS256.
    pub fn with_rsa() -> Self {
        let key = RsaKeyPair::generate(KeySize::Rsa2048).expect("a key");
        let id = digest(&SHA256, key.public_key().as_ref()).as_ref().to_vec();
        Self { key: Key::Rsa(Box::new(key)), credential_id: id, user_handle: None, aaguid: [0; 16] }
    }

    /// The same credential with another private key: whoever has this did not get the real one.
    #[must_use]
    pub fn forged(&self) -> Self {
        let (credential_id, user_handle) = (self.credential_id.clone(), self.user_handle.clone());
        Self { credential_id, user_handle, ..Self::new() }
    }

    /// Makes the credential. It remembers whose it is from the options, as a discoverable one does.
    pub fn create(&mut self, options: &Value, told: &Told) -> Value {
        let handle = options["publicKey"]["user"]["id"].as_str().expect("a user handle");
        self.user_handle = Some(URL_SAFE_NO_PAD.decode(handle).expect("base64url"));
        let length = u16::try_from(self.credential_id.len()).expect("a short id").to_be_bytes();
        let attested = [&self.aaguid[..], &length, &self.credential_id, &self.public_key()].concat();
        let data = [told.authenticator_data(ATTESTED), attested].concat();
        let object = [
            cbor::map(3),
            cbor::text("fmt"),
            cbor::text("none"),
            cbor::text("attStmt"),
            cbor::map(0),
            cbor::text("authData"),
            cbor::bytes(&data),
        ]
        .concat();
        self.credential(json!({
            "clientDataJSON": URL_SAFE_NO_PAD.encode(told.client_data()),
            "attestationObject": URL_SAFE_NO_PAD.encode(object),
        }))
    }

    /// Makes an assertion.
    pub fn get(&self, told: &Told) -> Value {
        let (client_data, data) = (told.client_data(), told.authenticator_data(0));
        let mut signed = [&data[..], digest(&SHA256, &client_data).as_ref()].concat();
        if told.signature == Signature::Wrong {
            signed.push(0);
        }
        self.credential(json!({
            "clientDataJSON": URL_SAFE_NO_PAD.encode(client_data),
            "authenticatorData": URL_SAFE_NO_PAD.encode(data),
            "signature": URL_SAFE_NO_PAD.encode(self.sign(&signed)),
            "userHandle": self.user_handle.as_ref().map(|handle| URL_SAFE_NO_PAD.encode(handle)),
        }))
    }

    fn credential(&self, response: Value) -> Value {
        let id = URL_SAFE_NO_PAD.encode(&self.credential_id);
        json!({ "id": id, "rawId": id, "type": "public-key", "response": response })
    }

    /// RFC 9052 §7, RFC 9053 §7.1.1, RFC 8230 §4.
    fn public_key(&self) -> Vec<u8> {
        match &self.key {
            Key::Ecdsa(key) => {
                let point = key.public_key().as_ref();
                let (x, y) = point[1..].split_at(32);
                [
                    cbor::map(5),
                    [cbor::integer(1), cbor::integer(2)].concat(),
                    [cbor::integer(3), cbor::integer(-7)].concat(),
                    [cbor::integer(-1), cbor::integer(1)].concat(),
                    [cbor::integer(-2), cbor::bytes(x)].concat(),
                    [cbor::integer(-3), cbor::bytes(y)].concat(),
                ]
                .concat()
            }
            Key::Rsa(key) => {
                let numbers: PublicKeyComponents<Vec<u8>> = key.public_key().into();
                [
                    cbor::map(4),
                    [cbor::integer(1), cbor::integer(3)].concat(),
                    [cbor::integer(3), cbor::integer(-257)].concat(),
                    [cbor::integer(-1), cbor::bytes(&numbers.n)].concat(),
                    [cbor::integer(-2), cbor::bytes(&numbers.e)].concat(),
                ]
                .concat()
            }
        }
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.key {
            Key::Ecdsa(key) => key.sign(&random, message).expect("a signature").as_ref().to_vec(),
            Key::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).expect("a signature");
                signature
            }
        }
    }
}

impl Default for Authenticator {
    fn default() -> Self {
        Self::new()
    }
}

/// As much of RFC 8949 as an authenticator writes.
mod cbor {
    pub(super) fn map(pairs: usize) -> Vec<u8> {
        head(5, pairs)
    }

    pub(super) fn text(text: &str) -> Vec<u8> {
        [head(3, text.len()), text.as_bytes().to_vec()].concat()
    }

    pub(super) fn bytes(bytes: &[u8]) -> Vec<u8> {
        [head(2, bytes.len()), bytes.to_vec()].concat()
    }

    pub(super) fn integer(number: i64) -> Vec<u8> {
        match usize::try_from(number) {
            Ok(positive) => head(0, positive),
            Err(_) => head(1, usize::try_from(-1 - number).expect("a small number")),
        }
    }

    fn head(major: u8, argument: usize) -> Vec<u8> {
        let major = major << 5;
        match (u8::try_from(argument), u16::try_from(argument)) {
            (Ok(small @ 0..24), _) => vec![major | small],
            (Ok(byte), _) => vec![major | 0x18, byte],
            (_, Ok(word)) => [&[major | 0x19][..], &word.to_be_bytes()].concat(),
            _ => panic!("too long for a test"),
        }
    }
}
