//! What a client may read about a person: scopes and the `claims` parameter → UserInfo and ID token (OIDC Core
//! §5.1–§5.5).
//!
//! One table says which scope opens which claim; the discovery document lists the same table. The protocol's own claims
//! of an ID token (`iss`, `aud`, `exp`, `nonce` …) are put in where it is minted, not here.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::client::ScopeClaims;
use crate::error::{ErrorCode, OAuthError};
use crate::scope::{self, Scope, ScopeToken};
use crate::time::Timestamp;
use crate::user::User;

const JSON_LIMIT: usize = 16 * 1024;
const DEPTH_LIMIT: usize = 6;

/// One row: a claim, the scope that opens it, and where it comes from. `None` leaves the claim out.
struct Row {
    claim: &'static str,
    scope: &'static str,
    read: fn(&User) -> Option<Value>,
}

const TABLE: [Row; 21] = [
    row("name", scope::PROFILE, |user| text(user.profile.name.as_ref())),
    row("given_name", scope::PROFILE, |user| text(user.profile.given_name.as_ref())),
    row("family_name", scope::PROFILE, |user| text(user.profile.family_name.as_ref())),
    row("middle_name", scope::PROFILE, |user| text(user.profile.middle_name.as_ref())),
    row("nickname", scope::PROFILE, |user| text(user.profile.nickname.as_ref())),
    // Who chose no user name goes by the address, and that is told with the scope `email` alone.
    row("preferred_username", scope::PROFILE, |user| text(Some(&user.username).filter(|name| !name.contains('@')))),
    row("profile", scope::PROFILE, |user| text(user.profile.profile.as_ref())),
    row("picture", scope::PROFILE, |user| text(user.profile.picture.as_ref())),
    row("website", scope::PROFILE, |user| text(user.profile.website.as_ref())),
    row("gender", scope::PROFILE, |user| text(user.profile.gender.as_ref())),
    row("birthdate", scope::PROFILE, |user| text(user.profile.birthdate.as_ref())),
    row("zoneinfo", scope::PROFILE, |user| text(user.profile.zoneinfo.as_ref())),
    row("locale", scope::PROFILE, |user| text(user.profile.locale.as_ref())),
    row("updated_at", scope::PROFILE, |user| Some(user.updated_at.0.into())),
    row("email", scope::EMAIL, |user| text(user.email.as_ref())),
    row("email_verified", scope::EMAIL, |user| verified(user.email.as_ref(), user.email_verified_at)),
    row("address", scope::ADDRESS, address),
    row("phone_number", scope::PHONE, |user| text(user.phone_number.as_ref())),
    row("phone_number_verified", scope::PHONE, |user| {
        verified(user.phone_number.as_ref(), user.phone_number_verified_at)
    }),
    // Always an array, empty too: applications decide on it, and a missing or single value breaks them.
    row("groups", scope::GROUPS, |user| Some(user.groups.clone().into())),
    // No scope of its own: every answer about a person carries it.
    row("sub", scope::OPENID, |_| None),
];

/// Claims of the ID token that say how and for whom it was made.
const PROTOCOL_CLAIMS: [&str; 9] = ["iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid"];

const NAMES: [&str; TABLE.len() + PROTOCOL_CLAIMS.len()] = {
    let mut names = [""; TABLE.len() + PROTOCOL_CLAIMS.len()];
    let mut index = 0;
    while index < names.len() {
        names[index] = if index < TABLE.len() { TABLE[index].claim } else { PROTOCOL_CLAIMS[index - TABLE.len()] };
        index += 1;
    }
    names
};

/// Every claim that this server can make a statement with.
pub const CLAIMS_SUPPORTED: &[&str] = &NAMES;

/// The `claims` parameter (OIDC Core §5.5), reduced to claims that we know. Kept with the grant as JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClaimsRequest {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub userinfo: BTreeMap<String, Demand>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub id_token: BTreeMap<String, Demand>,
}

/// How much one claim is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Demand {
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub essential: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<Value>,
}

impl ClaimsRequest {
    pub fn parse(json: &str) -> Result<Self, OAuthError> {
        if json.len() > JSON_LIMIT {
            return Err(invalid("claims is larger than 16 KiB"));
        }
        let value: Value = serde_json::from_str(json).map_err(|_| invalid("claims is not valid JSON"))?;
        if depth(&value) > DEPTH_LIMIT {
            return Err(invalid("claims is nested more than 6 levels deep"));
        }
        let Value::Object(mut members) = value else {
            return Err(invalid("claims must be a JSON object"));
        };
        // OIDC Core §5.5: "Other members MAY be present. Any members used that are not understood MUST be ignored."
        Ok(Self { userinfo: demands(members.remove("userinfo"))?, id_token: demands(members.remove("id_token"))? })
    }

    pub fn is_empty(&self) -> bool {
        self.userinfo.is_empty() && self.id_token.is_empty()
    }

    /// Without the claims of scopes that the client may not ask for: naming a claim is no way around its scope.
    #[must_use]
    pub fn within(mut self, allowed: &Scope) -> Self {
        let open = |name: &String, _: &mut Demand| personal_scope(name).is_none_or(|scope| allowed.contains(scope));
        self.userinfo.retain(open);
        self.id_token.retain(open);
        self
    }

    /// The scopes that the claims belong to: a person who is asked to allow the claims is asked for these.
    pub fn scopes(&self) -> Scope {
        let names = self.userinfo.keys().chain(self.id_token.keys());
        names
            .filter_map(|name| personal_scope(name))
            .map(|scope| ScopeToken::parse(scope).expect("the table holds valid scopes"))
            .collect()
    }

    /// Whether both answers may be about this subject. A request that names one or several is about nobody else; values that
    /// are no text fit nobody.
    pub fn allows_sub(&self, sub: &str) -> bool {
        // OIDC Core §5.5.1: a requested sub value is returned only for that person; otherwise the request fails.
        let is_sub = |value: &Value| value.as_str() == Some(sub);
        let allows = |demand: &Demand| {
            demand.value.as_ref().is_none_or(is_sub) && (demand.values.is_empty() || demand.values.iter().any(is_sub))
        };
        [&self.id_token, &self.userinfo].into_iter().all(|demands| demands.get("sub").is_none_or(allows))
    }

    /// The levels that one of must be reached, when the request makes `acr` essential and names values.
    pub fn essential_acr(&self) -> Option<Vec<&str>> {
        let demand = self.id_token.get("acr").filter(|demand| demand.essential)?;
        let named: Vec<&Value> = demand.value.iter().chain(&demand.values).collect();
        if named.is_empty() { None } else { Some(named.into_iter().filter_map(Value::as_str).collect()) }
    }
}

/// The UserInfo answer. `sub` is always there.
pub fn userinfo_claims(user: &User, sub: &str, scope: &Scope, request: &ClaimsRequest) -> Map<String, Value> {
    let mut claims = read(user, |row| scope.contains(row.scope) || request.userinfo.contains_key(row.claim));
    // OIDC Core §5.3.2: "The sub (subject) Claim MUST always be returned in the UserInfo Response."
    claims.insert("sub".to_owned(), sub.into());
    claims
}

/// The claims about the person that go into the ID token, beside those of the protocol.
pub fn id_token_scope_claims(
    user: &User,
    scope: &Scope,
    request: &ClaimsRequest,
    policy: ScopeClaims,
) -> Map<String, Value> {
    let by_scope = match policy {
        // OIDC Core §5.4: scope claims come from UserInfo when an access token is issued.
        ScopeClaims::UserInfo => Scope::empty(),
        ScopeClaims::IdTokenToo => scope.clone(),
    };
    read(user, |row| by_scope.contains(row.scope) || request.id_token.contains_key(row.claim))
}

const fn row(claim: &'static str, scope: &'static str, read: fn(&User) -> Option<Value>) -> Row {
    Row { claim, scope, read }
}

fn read(user: &User, wanted: impl Fn(&Row) -> bool) -> Map<String, Value> {
    let rows = TABLE.iter().filter(|row| wanted(row));
    // OIDC Core §5.3.2: "If a Claim is not returned, that Claim Name SHOULD be omitted from the JSON object".
    rows.filter_map(|row| Some((row.claim.to_owned(), (row.read)(user)?))).collect()
}

/// The scope that a claim about a person needs; `None` for claims that every sign-in may ask for.
fn personal_scope(claim: &str) -> Option<&'static str> {
    TABLE.iter().find(|row| row.claim == claim && row.scope != scope::OPENID).map(|row| row.scope)
}

fn demands(member: Option<Value>) -> Result<BTreeMap<String, Demand>, OAuthError> {
    let members = match member {
        None | Some(Value::Null) => return Ok(BTreeMap::new()),
        Some(Value::Object(members)) => members,
        Some(_) => return Err(invalid("userinfo and id_token in claims must be JSON objects")),
    };
    let known = members.into_iter().filter(|(name, _)| CLAIMS_SUPPORTED.contains(&name.as_str()));
    known.map(|(name, value)| Ok((name, demand(value)?))).collect()
}

fn demand(value: Value) -> Result<Demand, OAuthError> {
    match value {
        Value::Null => Ok(Demand::default()),
        Value::Object(_) => serde_json::from_value(value)
            .map_err(|_| invalid("a claim in claims has essential (boolean), value or values (array)")),
        _ => Err(invalid("a claim in claims must be null or a JSON object")),
    }
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

fn text(value: Option<&String>) -> Option<Value> {
    value.filter(|text| !text.is_empty()).map(|text| text.as_str().into())
}

fn verified(of: Option<&String>, at: Option<Timestamp>) -> Option<Value> {
    of.filter(|text| !text.is_empty()).map(|_| at.is_some().into())
}

fn address(user: &User) -> Option<Value> {
    let address = serde_json::to_value(user.profile.address.as_ref()?).expect("an address is plain text");
    address.as_object().is_some_and(|members| !members.is_empty()).then_some(address)
}

fn invalid(description: &'static str) -> OAuthError {
    OAuthError::new(ErrorCode::InvalidRequest, description).at("claims")
}

#[cfg(test)]
mod tests;
