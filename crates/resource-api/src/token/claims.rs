//! The claims of an access token that decide something, read in one pass without a copy. What they must be is in `validator.rs`.

use std::borrow::Cow;
use std::fmt;

use jwt::json::{self, Members, Taken};
use protocol::time::{Timestamp, numeric_date};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// Each may be missing.
#[derive(Debug, Default)]
pub(crate) struct Claims<'t> {
    pub iss: Option<Cow<'t, str>>,
    pub sub: Option<Cow<'t, str>>,
    pub aud: Option<Audience<'t>>,
    pub exp: Option<Timestamp>,
    pub nbf: Option<Timestamp>,
    pub iat: Option<Timestamp>,
    pub jti: Option<Cow<'t, str>>,
    pub client_id: Option<Cow<'t, str>>,
    pub scope: Option<Cow<'t, str>>,
    pub auth_time: Option<Timestamp>,
    pub acr: Option<Cow<'t, str>>,
    /// Whether `nonce` or `at_hash` is there, which only ID tokens have.
    pub of_id_token: bool,
    /// Whether `events` is there, which only security event tokens have (RFC 8417 §2.2), as logout tokens.
    pub of_event: bool,
    /// The key that the token is bound to.
    pub cnf: Option<Confirmation<'t>>,
}

/// The claim `aud`: one text or several (RFC 7519 §4.1.3).
#[derive(Debug)]
pub(crate) enum Audience<'t> {
    One(Cow<'t, str>),
    Many(Vec<Name<'t>>),
}

#[derive(Debug, Deserialize)]
pub(crate) struct Name<'t>(#[serde(borrow)] Cow<'t, str>);

/// The claim `cnf` (RFC 7800 §3.1): members that are not named here are ignored, those that are have to be texts.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Confirmation<'t> {
    /// Thumbprint of a key that DPoP proofs are signed with (RFC 9449 §6.1).
    #[serde(borrow, default, deserialize_with = "thumbprint")]
    pub jkt: Option<Cow<'t, str>>,
    /// Thumbprint of a client certificate (RFC 8705 §3.1).
    #[serde(borrow, default, rename = "x5t#S256", deserialize_with = "thumbprint")]
    pub x5t_s256: Option<Cow<'t, str>>,
}

impl<'t> Members<'t> for Claims<'t> {
    fn member<A: MapAccess<'t>>(&mut self, name: &str, values: &mut A) -> Result<Taken, A::Error> {
        match name {
            "iss" => self.iss = json::text(values)?,
            "sub" => self.sub = json::text(values)?,
            "aud" => self.aud = values.next_value()?,
            "exp" => self.exp = time(values)?,
            // A claim that is not required is left out, not null (RFC 7519 §4.1.5: "Its value MUST be a number").
            "nbf" => self.nbf = Some(time(values)?.ok_or_else(|| A::Error::custom("nbf is null"))?),
            "iat" => self.iat = time(values)?,
            "jti" => self.jti = json::text(values)?,
            "client_id" => self.client_id = json::text(values)?,
            "scope" => self.scope = json::text(values)?,
            "auth_time" => self.auth_time = time(values)?,
            "acr" => self.acr = json::text(values)?,
            "nonce" | "at_hash" => {
                self.of_id_token = true;
                return Ok(Taken::No);
            }
            "events" => {
                self.of_event = true;
                return Ok(Taken::No);
            }
            "cnf" => self.cnf = Some(values.next_value()?),
            _ => return Ok(Taken::No),
        }
        Ok(Taken::Yes)
    }
}

/// Not null: whoever wrote that meant to bind the token.
fn thumbprint<'t, D: Deserializer<'t>>(value: D) -> Result<Option<Cow<'t, str>>, D::Error> {
    Cow::deserialize(value).map(Some)
}

impl Audience<'_> {
    pub(crate) fn contains(&self, name: &str) -> bool {
        match self {
            Self::One(audience) => audience == name,
            Self::Many(audiences) => audiences.iter().any(|audience| audience.0 == name),
        }
    }
}

/// Written out, because a derived reader would keep a copy of every value first.
impl<'de> Deserialize<'de> for Audience<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AudienceVisitor)
    }
}

struct AudienceVisitor;

impl<'de> Visitor<'de> for AudienceVisitor {
    type Value = Audience<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or an array of texts")
    }

    fn visit_borrowed_str<E>(self, audience: &'de str) -> Result<Self::Value, E> {
        Ok(Audience::One(Cow::Borrowed(audience)))
    }

    fn visit_str<E>(self, audience: &str) -> Result<Self::Value, E> {
        Ok(Audience::One(Cow::Owned(audience.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut audiences = Vec::new();
        while let Some(audience) = items.next_element()? {
            audiences.push(audience);
        }
        Ok(Audience::Many(audiences))
    }
}

/// RFC 7519 §2: a NumericDate is "a JSON numeric value", and "non-integer values can be represented".
fn time<'t, A: MapAccess<'t>>(values: &mut A) -> Result<Option<Timestamp>, A::Error> {
    match values.next_value()? {
        Value::Null => Ok(None),
        value => numeric_date(&value).map(Some).ok_or_else(|| A::Error::custom("not a NumericDate")),
    }
}
