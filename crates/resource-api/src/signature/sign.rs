//! The other side: a client's signature, as this API wants it. For clients in Rust and for tests.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use protocol::api_key::ApiKeyId;
use protocol::time::Timestamp;
use sfv::{BareItem, Integer, Key, KeyRef, StringRef, key_ref, string_ref};

use super::base::signature_base;
use super::component::Component;
use super::digest::content_digest;
use super::error::SignatureError;
use super::fields::Input;
use super::policy::{ALGORITHM, TAG};
use super::target::{PublicUrl, Target};
use super::{Message, SharedKey, mac};

/// With which key, and for which moment. A nonce is drawn for each request.
#[derive(Clone, Copy)]
pub struct Signer<'k> {
    /// The 16 characters behind `cs_key_`, as `keyid`.
    pub key_id: &'k ApiKeyId,
    /// [`shared_key`](super::shared_key) of the whole API key.
    pub key: &'k SharedKey,
    /// The present.
    pub created: Timestamp,
    /// 1 to 128 printable ASCII characters that this key has not used in the last minutes.
    pub nonce: &'k str,
}

/// The fields to add to the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureFields {
    /// When there is a body, and the request had none yet.
    pub content_digest: Option<String>,
    /// The field `Signature-Input` (RFC 9421 §4.1).
    pub signature_input: String,
    /// The field `Signature` (RFC 9421 §4.2).
    pub signature: String,
}

impl Signer<'_> {
    /// Signs the method, the whole target, and the body with its type. `message` is the request without these fields; a
    /// request with a body needs its `Content-Type`, and its `Content-Encoding` if it has one.
    ///
    /// Errors name what the message lacks, as the API would.
    pub fn sign(
        &self,
        public_url: &PublicUrl,
        message: &Message<'_>,
        body: &[u8],
    ) -> Result<SignatureFields, SignatureError> {
        let has_digest = message.values("content-digest").next().is_some();
        let content_digest = (!body.is_empty() && !has_digest).then(|| content_digest(body));
        let mut fields = message.fields.to_vec();
        if let Some(digest) = &content_digest {
            fields.push(("content-digest", digest.as_bytes()));
        }
        let message = Message { fields: &fields, ..*message };
        let target = Target::new(public_url, message.target)?;
        let input = Input::new(covered(&message, &target, body), self.parameters()?);
        let base = signature_base(&input, &message, &target)?;
        let signature = mac(self.key.expose(), base.as_bytes());
        Ok(SignatureFields {
            content_digest,
            signature_input: format!("sig={}", input.serialize()),
            signature: format!("sig=:{}:", STANDARD.encode(signature)),
        })
    }

    fn parameters(&self) -> Result<Vec<(Key, BareItem)>, SignatureError> {
        let created = Integer::try_from(self.created.0)
            .map_err(|_| SignatureError::Parameter { name: "created", reason: "does not fit into 15 digits" })?;
        let nonce = StringRef::from_str(self.nonce)
            .map_err(|_| SignatureError::Parameter { name: "nonce", reason: "has to be printable ASCII" })?;
        let key_id = StringRef::from_str(self.key_id.as_str()).map_err(|_| SignatureError::KeyId)?;
        let text = |name: &KeyRef, value: &StringRef| (name.to_owned(), BareItem::from(value));
        Ok(vec![
            (key_ref("created").to_owned(), BareItem::from(created)),
            text(key_ref("keyid"), key_id),
            text(key_ref("alg"), string_ref(ALGORITHM)),
            text(key_ref("nonce"), nonce),
            text(key_ref("tag"), string_ref(TAG)),
        ])
    }
}

/// All that the API demands, and no more.
fn covered(message: &Message<'_>, target: &Target<'_>, body: &[u8]) -> Vec<Component> {
    let mut components = vec![Component::Method, Component::Authority, Component::Path];
    if target.query().is_some() {
        components.push(Component::Query);
    }
    if !body.is_empty() {
        components.push(Component::Field(string_ref("content-digest").to_owned()));
        components.push(Component::Field(string_ref("content-type").to_owned()));
        if message.values("content-encoding").next().is_some() {
            components.push(Component::Field(string_ref("content-encoding").to_owned()));
        }
    }
    components
}

impl SignatureFields {
    /// Names and values, ready for a request.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let digest = self.content_digest.as_deref().map(|value| ("content-digest", value));
        let signature = [("signature-input", self.signature_input.as_str()), ("signature", self.signature.as_str())];
        digest.into_iter().chain(signature)
    }
}

impl fmt::Debug for Signer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("key_id", self.key_id).field("created", &self.created).finish_non_exhaustive()
    }
}
