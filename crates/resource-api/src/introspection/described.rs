//! What the issuer says of a credential (RFC 7662 §2.2), read without guessing.
//!
//! A member of the wrong type makes the whole answer unreadable: to take it for absent could take a bound token for a bearer token,
//! or one that ends for one that does not. `null` is absent. Whether `iss` and `aud` are the right ones is not decided here.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use protocol::secret::Secret;
use protocol::time::{Seconds, Timestamp, numeric_date};
use serde_json::{Map, Value};

/// What is not named here may have this many bytes of JSON.
const MAX_REST: usize = 32 * 1024;
const MAX_AUDIENCES: usize = 64;
const MAX_PERMISSIONS: usize = 256;
const MAX_NETWORKS: usize = 256;
/// As `validator.rs` grants it: the clock of the issuer may be ahead. For `exp` there is no such grace.
const NOT_BEFORE_LEEWAY: Seconds = Seconds(30);

/// An active token, API key or account. **A caller must still check `iss`, `aud`, [`Described::cnf`] and
/// [`Described::allowed_networks`].** A refresh token of our issuer is described too, to its own client; it has neither
/// `token_type` nor `aud`.
#[derive(Clone)]
pub(crate) struct Described {
    /// Scope tokens with spaces between them.
    pub scope: Option<String>,
    pub client_id: Option<String>,
    /// "Human-readable identifier for the resource owner who authorized this token."
    pub username: Option<String>,
    pub token_type: Option<String>,
    pub exp: Option<Timestamp>,
    pub iat: Option<Timestamp>,
    pub nbf: Option<Timestamp>,
    pub sub: Option<String>,
    pub aud: Vec<String>,
    pub iss: Option<String>,
    pub jti: Option<String>,
    pub auth_time: Option<Timestamp>,
    pub acr: Option<String>,
    pub cnf: Option<Confirmation>,
    /// Of an API key of our issuer, as its owner gave them; what it may do at this moment is [`Described::scope`]. What another
    /// issuer calls so and is no list of texts stays in [`Described::rest`], where it permits nothing.
    pub permissions: Vec<String>,
    /// Of an API key: where the caller has to be, in CIDR notation. Empty: anywhere.
    pub allowed_networks: Vec<String>,
    /// With which an API key signs requests (RFC 9421); told only to who asks about the id of the key.
    pub signing_key: Option<Secret<[u8; 32]>>,
    /// Every other member.
    pub rest: Map<String, Value>,
    /// About as many bytes as this takes.
    pub(super) size: usize,
    /// When the issuer was asked.
    pub(crate) asked: Instant,
}

/// An API key that was named, not presented: its id is public, so whoever sends it has proven nothing yet.
#[derive(Clone, Debug)]
pub(crate) struct Unproven(pub(super) Arc<Described>);

/// To whom a token is bound (RFC 7800 §3.1). Whoever uses the token must prove **every** member that is known; one of them at least
/// must be there, or nobody can.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Confirmation {
    /// Thumbprint of a DPoP key (RFC 9449 §6.1).
    pub jkt: Option<String>,
    /// `x5t#S256`: thumbprint of a certificate (RFC 8705 §3.1).
    pub x5t_s256: Option<String>,
    /// Names of members that this crate does not know; they are ignored beside one that it does.
    pub others: Vec<String>,
}

/// Why an answer says nothing. For the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotUnderstood {
    #[error("its answer is not one JSON object with each member once")]
    NotOneObject,
    #[error("its answer has no member active that is true or false")]
    Active,
    #[error("the member {0} of its answer has a form that is not accepted here")]
    Member(&'static str),
    #[error("its answer has more than {MAX_REST} bytes of members that this API does not know")]
    TooMuch,
}

impl Described {
    /// `None` when the credential is not active.
    pub(crate) fn read(body: &[u8]) -> Result<Option<Self>, NotUnderstood> {
        let mut members = Members(jwt::json::object(body).map_err(|_| NotUnderstood::NotOneObject)?);
        // RFC 7662 §2.2: "active REQUIRED. Boolean indicator of whether or not the presented token is currently active."
        match members.0.remove("active") {
            Some(Value::Bool(true)) => members.describe(body.len()).map(Some),
            Some(Value::Bool(false)) => Ok(None),
            _ => Err(NotUnderstood::Active),
        }
    }

    /// Whether it is in force at `now`, whatever the issuer says: its clock or ours may be wrong, or an answer kept too long.
    pub(super) fn is_in_force(&self, now: Timestamp) -> bool {
        self.exp.is_none_or(|exp| now < exp) && self.nbf.is_none_or(|nbf| nbf.since(now) <= NOT_BEFORE_LEEWAY)
    }
}

impl Unproven {
    /// With which the request must be signed; `None` when the key may not sign.
    pub(crate) fn signing_key(&self) -> Option<&[u8; 32]> {
        self.0.signing_key.as_ref().map(Secret::expose)
    }

    /// For a caller who has verified a signature of this very request with [`Unproven::signing_key`], and nobody else.
    pub(crate) fn proven(self) -> Arc<Described> {
        self.0
    }
}

struct Members(Map<String, Value>);

impl Members {
    fn describe(mut self, size: usize) -> Result<Described, NotUnderstood> {
        let mut described = Described {
            scope: self.text("scope")?,
            client_id: self.text("client_id")?,
            username: self.text("username")?,
            token_type: self.text("token_type")?,
            exp: self.time("exp")?,
            iat: self.time("iat")?,
            nbf: self.time("nbf")?,
            sub: self.text("sub")?,
            aud: self.audience()?,
            iss: self.text("iss")?,
            jti: self.text("jti")?,
            auth_time: self.time("auth_time")?,
            acr: self.text("acr")?,
            cnf: self.confirmation()?,
            permissions: self.permissions()?,
            allowed_networks: self.allowed_networks()?,
            signing_key: self.signing_key()?,
            rest: Map::new(),
            size,
            asked: Instant::now(),
        };
        let written: usize = self.0.iter().map(|(name, value)| name.len() + value.to_string().len() + 4).sum();
        if written > MAX_REST {
            return Err(NotUnderstood::TooMuch);
        }
        described.rest = self.0;
        Ok(described)
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name).filter(|value| !value.is_null())
    }

    fn text(&mut self, name: &'static str) -> Result<Option<String>, NotUnderstood> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(NotUnderstood::Member(name)),
        }
    }

    fn time(&mut self, name: &'static str) -> Result<Option<Timestamp>, NotUnderstood> {
        let read = |value| numeric_date(&value).ok_or(NotUnderstood::Member(name));
        self.take(name).map(read).transpose()
    }

    /// RFC 7662 §2.2: "Service-specific string identifier or list of string identifiers".
    fn audience(&mut self) -> Result<Vec<String>, NotUnderstood> {
        const REFUSED: NotUnderstood = NotUnderstood::Member("aud");
        match self.take("aud") {
            None => Ok(Vec::new()),
            Some(Value::String(one)) => Ok(vec![one]),
            Some(Value::Array(many)) if many.len() <= MAX_AUDIENCES => texts(many).ok_or(REFUSED),
            Some(_) => Err(REFUSED),
        }
    }

    fn confirmation(&mut self) -> Result<Option<Confirmation>, NotUnderstood> {
        const REFUSED: NotUnderstood = NotUnderstood::Member("cnf");
        let Some(value) = self.take("cnf") else { return Ok(None) };
        let Value::Object(members) = value else { return Err(REFUSED) };
        if members.is_empty() {
            return Err(REFUSED);
        }
        let mut cnf = Confirmation::default();
        for (name, value) in members {
            match (name.as_str(), value) {
                ("jkt", Value::String(thumbprint)) => cnf.jkt = Some(thumbprint),
                ("x5t#S256", Value::String(thumbprint)) => cnf.x5t_s256 = Some(thumbprint),
                ("jkt" | "x5t#S256", _) => return Err(REFUSED),
                _ => cnf.others.push(name),
            }
        }
        Ok(Some(cnf))
    }

    fn permissions(&mut self) -> Result<Vec<String>, NotUnderstood> {
        const NAME: &str = "permissions";
        let is_text = |value: &Value| matches!(value.as_str(), Some(text) if !text.is_empty());
        match self.0.get(NAME) {
            Some(Value::Array(many)) if many.iter().all(is_text) => {}
            _ => return Ok(Vec::new()),
        }
        match self.take(NAME) {
            Some(Value::Array(many)) if many.len() <= MAX_PERMISSIONS => texts(many).ok_or(NotUnderstood::Member(NAME)),
            _ => Err(NotUnderstood::Member(NAME)),
        }
    }

    /// An empty list would be nowhere to some and anywhere to others.
    fn allowed_networks(&mut self) -> Result<Vec<String>, NotUnderstood> {
        const REFUSED: NotUnderstood = NotUnderstood::Member("allowed_networks");
        match self.take("allowed_networks") {
            None => Ok(Vec::new()),
            Some(Value::Array(many)) if (1..=MAX_NETWORKS).contains(&many.len()) => texts(many).ok_or(REFUSED),
            Some(_) => Err(REFUSED),
        }
    }

    fn signing_key(&mut self) -> Result<Option<Secret<[u8; 32]>>, NotUnderstood> {
        const NAME: &str = "signing_key";
        let Some(text) = self.text(NAME)?.map(Secret::new) else { return Ok(None) };
        let bytes = URL_SAFE_NO_PAD.decode(text.expose()).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.map(|bytes| Some(Secret::new(bytes))).ok_or(NotUnderstood::Member(NAME))
    }
}

fn texts(values: Vec<Value>) -> Option<Vec<String>> {
    let text = |value| if let Value::String(text) = value { Some(text) } else { None };
    values.into_iter().map(text).collect()
}

/// Who, for what and until when; of other members the names.
impl fmt::Debug for Described {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Described")
            .field("iss", &self.iss)
            .field("sub", &self.sub)
            .field("client_id", &self.client_id)
            .field("aud", &self.aud)
            .field("scope", &self.scope)
            .field("permissions", &self.permissions)
            .field("exp", &self.exp)
            .field("cnf", &self.cnf)
            .field("rest", &self.rest.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
pub(super) mod tests;
