//! What this API demands of a signature beyond RFC 9421 (§1.4 and §3.2.1): which parts of the request it covers, and what its
//! parameters say. Pure: values in, a verdict out.

use protocol::api_key::ApiKeyId;
use protocol::time::{Seconds, Timestamp};
use sfv::BareItem;

use super::Message;
use super::component::Component;
use super::error::SignatureError;
use super::fields::Input;
use super::target::Target;

pub(super) const ALGORITHM: &str = "hmac-sha256";
pub(super) const TAG: &str = "countersign";
const MAX_NONCE: usize = 128;

/// What can be set. Everything else is fixed: one signature, `hmac-sha256`, `created`, `nonce` and `keyid`, the whole target,
/// and the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// How long after `created` a signature is good, and how long its nonce is remembered at least. Five minutes.
    pub max_age: Seconds,
    /// How far ahead the sender's clock may be. Half a minute.
    pub max_ahead: Seconds,
    /// What the `Host` field has to say.
    pub host: HostField,
}

/// What the `Host` field has to say. `@authority` is that of the public URL in both cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostField {
    /// It names the authority of the public URL.
    Agrees,
    /// A proxy in front writes its own name into it.
    RewrittenByProxy,
}

/// The parameters of a signature that may be believed once the key has confirmed them.
#[derive(Clone, Debug)]
pub(super) struct Parameters {
    pub(super) key_id: ApiKeyId,
    pub(super) created: Timestamp,
    pub(super) nonce: String,
}

/// Which statements about a body a signature covers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Coverage {
    pub(super) digest: Covered,
    pub(super) content_type: Covered,
    pub(super) content_encoding: Covered,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Covered {
    Yes,
    /// The request says it, the signature does not.
    No,
    /// The request does not say it.
    Absent,
    /// The request says it in several lines, and readers differ in which one they believe.
    Several,
}

impl Default for Policy {
    fn default() -> Self {
        Self { max_age: Seconds::minutes(5), max_ahead: Seconds(30), host: HostField::Agrees }
    }
}

/// Method and target, whole: `@method`, and `@target-uri` or its parts.
pub(super) fn check_target(input: &Input, target: &Target<'_>) -> Result<(), SignatureError> {
    let covers = |component| input.components.contains(&component);
    if !covers(Component::Method) {
        return Err(SignatureError::NotCovered("@method"));
    }
    if covers(Component::TargetUri) {
        return Ok(());
    }
    if !covers(Component::Authority) {
        return Err(SignatureError::NotCovered("@authority, or @target-uri"));
    }
    if !covers(Component::Path) {
        return Err(SignatureError::NotCovered("@path, or @target-uri"));
    }
    if target.query().is_some() && !covers(Component::Query) {
        return Err(SignatureError::NotCovered("@query, or @target-uri, when the URL has a query"));
    }
    Ok(())
}

pub(super) fn coverage(input: &Input, message: &Message<'_>) -> Coverage {
    let covered = |name: &str| {
        let covered =
            input.components.iter().any(|one| matches!(one, Component::Field(field) if field.as_str() == name));
        match (message.values(name).count(), covered) {
            (0, _) => Covered::Absent,
            (_, false) => Covered::No,
            (1, true) => Covered::Yes,
            // A list in one line and the same list in several have one base (§7.5.6): only what is a list may be either.
            (_, true) if name == "content-digest" => Covered::Yes,
            (_, true) => Covered::Several,
        }
    };
    Coverage {
        digest: covered("content-digest"),
        content_type: covered("content-type"),
        content_encoding: covered("content-encoding"),
    }
}

impl Coverage {
    /// For a body that is not empty: its octets, and how they are to be read (RFC 9530 §6.3).
    pub(super) fn check_body(self) -> Result<(), SignatureError> {
        if self.digest != Covered::Yes {
            return Err(SignatureError::NotCovered("content-digest, when there is a body"));
        }
        let several = |name| Err(SignatureError::component(name, "stands in the request more than once"));
        match (self.content_type, self.content_encoding) {
            (Covered::No | Covered::Absent, _) => Err(SignatureError::NotCovered("content-type, when there is a body")),
            (_, Covered::No) => Err(SignatureError::NotCovered("content-encoding, when the body has one")),
            (Covered::Several, _) => several("content-type"),
            (_, Covered::Several) => several("content-encoding"),
            (Covered::Yes, Covered::Yes | Covered::Absent) => Ok(()),
        }
    }
}

impl Policy {
    pub(super) fn check_parameters(&self, input: &Input, now: Timestamp) -> Result<Parameters, SignatureError> {
        if text(input, "alg")?.is_some_and(|alg| alg != ALGORITHM) {
            return Err(SignatureError::Algorithm);
        }
        if text(input, "tag")?.is_some_and(|tag| tag != TAG) {
            return Err(SignatureError::Parameter { name: "tag", reason: "has to be \"countersign\", or absent" });
        }
        let key_id = required(text(input, "keyid")?, "keyid")?;
        let key_id = ApiKeyId::parse(key_id).map_err(|_| SignatureError::KeyId)?;
        let created = required(moment(input, "created")?, "created")?;
        self.check_time(created, moment(input, "expires")?, now)?;
        let nonce = required(text(input, "nonce")?, "nonce")?;
        if nonce.is_empty() || nonce.len() > MAX_NONCE {
            return Err(SignatureError::Parameter { name: "nonce", reason: "has to have 1 to 128 characters" });
        }
        Ok(Parameters { key_id, created, nonce: nonce.to_owned() })
    }

    fn check_time(&self, created: Timestamp, expires: Option<Timestamp>, now: Timestamp) -> Result<(), SignatureError> {
        let age = now.since(created);
        if age > self.max_age {
            return Err(SignatureError::TooOld { age, allowed: self.max_age });
        }
        let ahead = created.since(now);
        if ahead > self.max_ahead {
            return Err(SignatureError::InTheFuture { ahead, allowed: self.max_ahead });
        }
        match expires {
            Some(expires) if expires < created => {
                Err(SignatureError::Parameter { name: "expires", reason: "lies before created" })
            }
            // §2.3: "The expiration is a hint": it can only shorten what is allowed here.
            Some(expires) if now > expires => Err(SignatureError::Expired),
            Some(_) | None => Ok(()),
        }
    }
}

fn required<T>(value: Option<T>, name: &'static str) -> Result<T, SignatureError> {
    value.ok_or(SignatureError::Parameter { name, reason: "is missing" })
}

/// §2.3: `alg`, `keyid`, `nonce` and `tag` are strings.
fn text<'i>(input: &'i Input, name: &'static str) -> Result<Option<&'i str>, SignatureError> {
    match input.parameter(name) {
        None => Ok(None),
        Some(BareItem::String(text)) => Ok(Some(text.as_str())),
        Some(_) => Err(SignatureError::Parameter { name, reason: "has to be a string in quotes" }),
    }
}

/// §2.3: `created` and `expires` are whole seconds: "Sub-second precision is not supported".
fn moment(input: &Input, name: &'static str) -> Result<Option<Timestamp>, SignatureError> {
    match input.parameter(name) {
        None => Ok(None),
        Some(BareItem::Integer(seconds)) => Ok(Some(Timestamp(i64::from(*seconds)))),
        Some(_) => Err(SignatureError::Parameter { name, reason: "has to be whole seconds since 1970" }),
    }
}
