//! Requests signed with an API key: HTTP Message Signatures (RFC 9421) with `hmac-sha256`, and `Content-Digest` (RFC 9530).
//!
//! An API switches them on with [`Settings::signatures`](crate::Settings::signatures), and handlers notice nothing of it. A client in Rust
//! signs so, with the text of a key that may (`countersign api-key create … --allow-signing`):
//!
//! ```
//! use resource_api::signature::{Message, PublicUrl, Signer, shared_key};
//! use resource_api::{ApiKeyId, Timestamp};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let key = shared_key("cs_key_0123456789abcdEF_ABCDEFGHIJKLMNOPQRSTUVWXYZ0123450F34an");
//! let key_id = ApiKeyId::parse("0123456789abcdEF")?;
//! let api = PublicUrl::new(&url::Url::parse("https://api.example")?)?;
//! let request = Message { method: "POST", target: "/notes", fields: &[("content-type", b"application/json")] };
//! let signer = Signer { key_id: &key_id, key: &key, created: Timestamp(1_800_000_000), nonce: "drawn for this request" };
//! let signed = signer.sign(&api, &request, br#"{"title":"Signed"}"#)?;
//! for (name, value) in signed.iter() {
//!     println!("{name}: {value}"); // content-digest, signature-input, signature
//! }
//! # Ok(()) }
//! ```
//!
//! Whether a key exists and may sign, whom it belongs to, and what that person may do is decided elsewhere.

// The door is this file: from a request to a `Verified` signature, in three steps. They are apart because of what happens between them: after
// `Verifier::read` the caller asks the issuer for the key, which takes time; after `Verifier::authenticate` it is known who asks, and the
// body may be read, which takes memory.
//
// fields, component   the fields as values; what a signature can cover
// target, base        where a request goes; the text that is signed
// policy              what a signature has to cover and to say
// digest              the hash of a body
// sign                the client's side
// error               every refusal

use std::fmt;
use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::http::header::HeaderMap;
use aws_lc_rs::hmac::{self, HMAC_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use protocol::api_key::ApiKeyId;
use protocol::secret::Secret;
use protocol::time::{Seconds, Timestamp};

mod base;
mod component;
mod digest;
mod error;
mod fields;
mod policy;
mod sign;
mod target;

#[cfg(test)]
mod tests;

pub use base::LoggedBase;
pub use digest::content_digest;
pub use error::{Answer, ComponentName, FieldName, SignatureError};
pub use policy::{HostField, Policy};
pub use sign::{SignatureFields, Signer};
pub use target::{InvalidPublicUrl, PublicUrl};

use digest::ContentDigest;
use policy::{Coverage, Covered, Parameters};
use target::Target;

use crate::binding::replay::{NotClaimed, Replay, ReplayKey};

/// How much longer a nonce is kept than its signature is good: between the reading of the clock and the question to the
/// store lies a question to the issuer.
const KEPT_LONGER: Seconds = Seconds(60);
/// What nonces are called in a store that others use as well.
const NONCE: &str = "nonce of an HTTP message signature";

/// The key of one API key for signing, 32 octets.
#[derive(Clone)]
pub struct SharedKey(Secret<[u8; 32]>);

/// A field line: name in any case, value as it came.
pub type Field<'r> = (&'r str, &'r [u8]);

/// A request as far as a signature can cover it, without its body.
#[derive(Clone, Copy)]
pub struct Message<'r> {
    /// As sent; methods have a case (RFC 9110 §9.1).
    pub method: &'r str,
    /// Path and query as they stand in the request line, nothing decoded: `/notes?limit=3`.
    pub target: &'r str,
    /// All of them, in the order in which they came: [`field_lines`].
    pub fields: &'r [Field<'r>],
}

/// Judges the signatures of requests to one API.
#[derive(Clone)]
pub struct Verifier {
    public_url: PublicUrl,
    policy: Policy,
    replay: Arc<dyn Replay>,
}

/// A signature that obeys every rule that can be checked without the key. Nothing it says is proven.
#[derive(Clone)]
pub struct Claimed {
    parameters: Parameters,
    coverage: Coverage,
    digest: Option<ContentDigest>,
    base: String,
    signature: Vec<u8>,
}

/// A signature that was made with the key, for this method and target and for the first time. The body is still unknown.
#[derive(Clone, Debug)]
pub struct Authentic {
    key_id: ApiKeyId,
    coverage: Coverage,
    digest: Option<ContentDigest>,
}

/// A request that came as the holder of the key sent it.
#[derive(Clone, Debug)]
pub struct Verified {
    key_id: ApiKeyId,
}

impl Verifier {
    /// For the API at this URL. `replay` remembers nonces; several processes behind one address need a common one.
    pub fn new(public_url: PublicUrl, policy: Policy, replay: Arc<dyn Replay>) -> Self {
        Self { public_url, policy, replay }
    }

    /// The first step: everything that needs neither key nor body. No answer of this function proves anything.
    pub fn read(&self, message: &Message<'_>, now: Timestamp) -> Result<Claimed, SignatureError> {
        let lines = |field: FieldName| message.values(field.lower());
        let (input, signature) = fields::one_signature(lines(FieldName::SignatureInput), lines(FieldName::Signature))?;
        let target = Target::new(&self.public_url, message.target)?;
        self.check_host(message)?;
        policy::check_target(&input, &target)?;
        let parameters = self.policy.check_parameters(&input, now)?;
        let coverage = policy::coverage(&input, message);
        let digest = match coverage.digest {
            Covered::Yes => Some(ContentDigest::parse(lines(FieldName::ContentDigest))?),
            Covered::No | Covered::Absent | Covered::Several => None,
        };
        let base = base::signature_base(&input, message, &target)?;
        Ok(Claimed { parameters, coverage, digest, base, signature })
    }

    /// The second step: the signature, and then the nonce, so that only who knows the key can use one up.
    pub async fn authenticate(
        &self,
        claimed: Claimed,
        key: &SharedKey,
        now: Timestamp,
    ) -> Result<Authentic, SignatureError> {
        let Claimed { parameters, coverage, digest, base, signature } = claimed;
        if !is_mac(key.expose(), base.as_bytes(), &signature) {
            return Err(SignatureError::Mismatch(LoggedBase::new(&base)));
        }
        let nonce = ReplayKey::of(NONCE, &[parameters.key_id.as_str(), &parameters.nonce]);
        let until = parameters.created + self.policy.max_age + KEPT_LONGER;
        match self.replay.claim(nonce, until, now).await {
            Ok(()) => Ok(Authentic { key_id: parameters.key_id, coverage, digest }),
            Err(NotClaimed::Seen) => Err(SignatureError::Replayed),
            Err(NotClaimed::Unavailable(reason)) => Err(SignatureError::Unavailable(reason)),
        }
    }

    /// All three steps, for whoever has key and body at hand. `key` answers `None` for a key that does not exist or may not
    /// sign.
    pub async fn verify(
        &self,
        message: &Message<'_>,
        body: &[u8],
        key: impl FnOnce(&ApiKeyId) -> Option<SharedKey>,
        now: Timestamp,
    ) -> Result<Verified, SignatureError> {
        let claimed = self.read(message, now)?;
        let key = key(claimed.key_id()).ok_or(SignatureError::UnknownKey)?;
        self.authenticate(claimed, &key, now).await?.with_body(body)
    }

    /// RFC 9110 §7.2: a request names its host once. What it names is compared with the public URL, never believed.
    fn check_host(&self, message: &Message<'_>) -> Result<(), SignatureError> {
        match self.policy.host {
            HostField::Agrees if message.values("host").any(|host| !self.public_url.is_host(host)) => {
                Err(SignatureError::Authority)
            }
            HostField::Agrees | HostField::RewrittenByProxy => Ok(()),
        }
    }
}

impl Claimed {
    /// Whose key is to be asked for.
    pub fn key_id(&self) -> &ApiKeyId {
        &self.parameters.key_id
    }
}

impl Authentic {
    /// The third step. An empty body needs no digest; where one is covered, it has to be that of an empty body.
    pub fn with_body(self, body: &[u8]) -> Result<Verified, SignatureError> {
        if !body.is_empty() {
            self.coverage.check_body()?;
        }
        if self.digest.is_some_and(|digest| !digest.fits(body)) {
            return Err(SignatureError::Digest);
        }
        Ok(Verified { key_id: self.key_id })
    }
}

impl Verified {
    /// With whose key it was signed.
    pub fn key_id(&self) -> &ApiKeyId {
        &self.key_id
    }
}

impl<'r> Message<'r> {
    /// A request of actix, with what [`field_lines`] took from it.
    pub fn new(request: &'r HttpRequest, fields: &'r [Field<'r>]) -> Self {
        // Not `path()`, which has decoded some of it.
        let target = request.uri().path_and_query().map_or("", |target| target.as_str());
        Self { method: request.method().as_str(), target, fields }
    }

    /// The lines of a field in the order in which they came.
    fn values(&self, name: &str) -> impl Iterator<Item = &'r [u8]> {
        self.fields.iter().filter(move |(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
    }
}

/// The fields of a request as [`Message`] wants them.
pub fn field_lines(headers: &HeaderMap) -> Vec<Field<'_>> {
    headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect()
}

/// Whether a request claims to be signed. One of the two fields is enough: half a signature is refused, not overlooked.
pub fn is_signed(headers: &HeaderMap) -> bool {
    headers.contains_key(FieldName::SignatureInput.lower()) || headers.contains_key(FieldName::Signature.lower())
}

/// The key with which the holder of an API key signs: `HMAC-SHA-256(key = the whole text of the API key, message =
/// "countersign http message signature")`. The API key itself cannot be computed from it.
pub fn shared_key(api_key_text: &str) -> SharedKey {
    SharedKey::new(mac(api_key_text.as_bytes(), b"countersign http message signature"))
}

impl SharedKey {
    /// Of 32 octets that are known already.
    pub fn new(octets: [u8; 32]) -> Self {
        Self(Secret::new(octets))
    }

    /// As the issuer hands it out: 43 characters of base64url. `None` for anything else.
    pub fn from_base64url(text: &str) -> Option<Self> {
        let mut octets = [0; 32];
        match URL_SAFE_NO_PAD.decode_slice(text, &mut octets) {
            Ok(32) => Some(Self::new(octets)),
            Ok(_) | Err(_) => None,
        }
    }

    /// The octets, for whoever signs or verifies.
    pub fn expose(&self) -> &[u8; 32] {
        self.0.expose()
    }
}

fn mac(key: &[u8], text: &[u8]) -> [u8; 32] {
    let tag = hmac::sign(&hmac::Key::new(HMAC_SHA256, key), text);
    tag.as_ref().try_into().expect("SHA-256 has 32 octets")
}

/// RFC 9421 §3.3.3; in constant time.
fn is_mac(key: &[u8], text: &[u8], tag: &[u8]) -> bool {
    hmac::verify(&hmac::Key::new(HMAC_SHA256, key), text, tag).is_ok()
}

/// Fields may be credentials, and a query may hold one.
impl fmt::Debug for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message").field("method", &self.method).finish_non_exhaustive()
    }
}

impl fmt::Debug for Claimed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claimed").field("parameters", &self.parameters).finish_non_exhaustive()
    }
}

impl fmt::Debug for SharedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedKey(…)")
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("public_url", &self.public_url)
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}
