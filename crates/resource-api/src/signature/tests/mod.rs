//! What the parts have to hold together. Here: a request to sign, to break and to judge.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::{BoxFuture, FutureExt as _, ready};
use protocol::api_key::{ApiKey, ApiKeyId};
use protocol::time::Timestamp;
use url::Url;

use super::base::signature_base;
use super::error::{FieldName, SignatureError};
use super::target::Target;
use super::{Field, Message, Policy, PublicUrl, SharedKey, Signer, Verified, Verifier, fields, mac, shared_key};
use crate::binding::replay::{NotClaimed, Replay, ReplayKey, Unavailable};

mod other_clients;
mod properties;
mod requests;
mod rfc9421;
mod rfc9530;
mod rules;

const NOW: Timestamp = Timestamp(1_700_000_000);
/// Of every day.
const PARAMETERS: &str = r#";created=1700000000;keyid="0123456789abcdEF";nonce="n""#;
const JSON: &[u8] = br#"{"hello": "world"}"#;

/// Remembers everything, for ever.
#[derive(Debug, Default)]
struct Seen(Mutex<HashSet<ReplayKey>>);

/// A store that is full from the beginning.
#[derive(Debug)]
struct NoRoom;

impl Replay for Seen {
    fn claim(&self, key: ReplayKey, until: Timestamp, now: Timestamp) -> BoxFuture<'_, Result<(), NotClaimed>> {
        assert!(until > now, "a nonce is remembered for as long as its signature is good");
        let is_new = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key);
        ready(if is_new { Ok(()) } else { Err(NotClaimed::Seen) }).boxed()
    }
}

impl Replay for NoRoom {
    fn claim(&self, _: ReplayKey, _: Timestamp, _: Timestamp) -> BoxFuture<'_, Result<(), NotClaimed>> {
        ready(Err(Unavailable::Full.into())).boxed()
    }
}

#[derive(Clone, Debug)]
struct Request {
    method: String,
    target: String,
    fields: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

impl Request {
    fn get(target: &str) -> Self {
        Self { method: "GET".to_owned(), target: target.to_owned(), fields: Vec::new(), body: Vec::new() }
    }

    fn post(target: &str, body: &[u8]) -> Self {
        let request = Self { method: "POST".to_owned(), body: body.to_vec(), ..Self::get(target) };
        request.with("Content-Type", "application/json")
    }

    fn with(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.fields.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.fields.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self
    }

    /// As our own client signs it.
    fn signed(self, nonce: &str) -> Self {
        let (key_id, key) = (key_id(), key());
        let signer = Signer { key_id: &key_id, key: &key, created: NOW, nonce };
        let added = self.message(|message| signer.sign(&public_url(), message, &self.body)).expect("can be signed");
        added.iter().fold(self, |request, (name, value)| request.with(name, value))
    }

    /// As somebody signs it who knows the key and obeys only the grammar. `input` is the member of `Signature-Input`.
    fn signed_as(self, input: &str) -> Self {
        use base64::Engine as _;
        let tag = mac(key().expose(), self.base(input).expect("has a base").as_bytes());
        let tag = base64::engine::general_purpose::STANDARD.encode(tag);
        self.with("Signature-Input", format!("sig={input}")).with("Signature", format!("sig=:{tag}:"))
    }

    fn base(&self, input: &str) -> Result<String, SignatureError> {
        let input = format!("sig={input}");
        let lines = |line: &'static [u8]| std::iter::once(line);
        let (input, _) = fields::one_signature(std::iter::once(input.as_bytes()), lines(b"sig=::"))?;
        let public = public_url();
        self.message(|message| signature_base(&input, message, &Target::new(&public, message.target)?))
    }

    /// The lines of the base that belong to `components`, as the RFC prints them.
    fn lines(&self, components: &str) -> Vec<String> {
        let base = self.base(&format!("({components})")).expect("has a base");
        let mut lines: Vec<String> = base.lines().map(str::to_owned).collect();
        assert_eq!(lines.pop(), Some(format!("\"@signature-params\": ({components})")));
        lines
    }

    fn message<T>(&self, then: impl FnOnce(&Message<'_>) -> T) -> T {
        let fields: Vec<Field<'_>> =
            self.fields.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
        then(&Message { method: &self.method, target: &self.target, fields: &fields })
    }

    fn judge(&self) -> Result<Verified, SignatureError> {
        self.judge_at(NOW)
    }

    fn judge_at(&self, now: Timestamp) -> Result<Verified, SignatureError> {
        self.judge_by(&verifier(Policy::default()), now)
    }

    fn judge_by(&self, verifier: &Verifier, now: Timestamp) -> Result<Verified, SignatureError> {
        self.judge_with(verifier, |asked| (*asked == key_id()).then(key), now)
    }

    /// The stores of these tests never let anybody wait.
    fn judge_with(
        &self,
        verifier: &Verifier,
        key: impl FnOnce(&ApiKeyId) -> Option<SharedKey>,
        now: Timestamp,
    ) -> Result<Verified, SignatureError> {
        self.message(|message| verifier.verify(message, &self.body, key, now).now_or_never()).expect("does not wait")
    }
}

fn api_key() -> ApiKey {
    ApiKey::assemble("0123456789abcdEF", "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345").expect("is one")
}

fn key_id() -> ApiKeyId {
    api_key().id
}

fn key() -> SharedKey {
    shared_key(api_key().expose())
}

fn public_url() -> PublicUrl {
    public("https://api.example.com")
}

fn public(url: &str) -> PublicUrl {
    PublicUrl::new(&Url::parse(url).expect("is a URL")).expect("is a public URL")
}

fn verifier(policy: Policy) -> Verifier {
    Verifier::new(public_url(), policy, Arc::new(Seen::default()))
}

fn error(result: Result<Verified, SignatureError>) -> SignatureError {
    result.expect_err("has to be refused")
}

/// A `GET /notes?limit=3` that covers `components`, with the parameters of every day.
fn covering(components: &str) -> Request {
    get().signed_as(&format!("({components}){PARAMETERS}"))
}

fn get() -> Request {
    Request::get("/notes?limit=3").with("Host", "api.example.com").with("Accept", "application/json")
}

/// The same with the components of every day and these parameters.
fn saying(parameters: &str) -> Request {
    get().signed_as(&format!("(\"@method\" \"@target-uri\"){parameters}"))
}

/// `Signature-Input` and `Signature` as written, for what is refused before any signature is looked at.
fn fields_as(input: &str, signature: &str) -> Request {
    get().with("Signature-Input", input).with("Signature", signature)
}

fn text(request: &Request) -> String {
    error(request.judge()).to_string()
}
