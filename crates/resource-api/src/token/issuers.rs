//! Which issuers are trusted, and how each of them writes what it says: presets for those that differ from RFC 9068.
//!
//! What a token of theirs must obey is in `validator.rs`.

use jwt::verify::VerifyError;
use protocol::issuer::Issuer;
use protocol::signing::SigningAlgorithm;
use serde_json::{Map, Value};

use crate::access::caller::Identity;
use crate::token::jwks_cache::KeysInProcess;
use crate::token::validator::{TokenRefused, identifier};

/// An issuer whose access tokens are accepted.
#[derive(Clone, Debug)]
pub struct TrustedIssuer {
    /// Its identifier, compared with `iss` byte for byte.
    pub issuer: Issuer,
    /// How it writes its tokens.
    pub claims: ClaimShape,
    /// `alg` of its tokens. Every one that we can verify by default; none of them is symmetric.
    pub algorithms: Vec<SigningAlgorithm>,
    /// Its keys, when they do not have to be fetched.
    pub(crate) keys: Option<KeysInProcess>,
}

/// How an issuer writes access tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(unpredictable_function_pointer_comparisons, reason = "for tests; no decision rests on which function it is")]
pub enum ClaimShape {
    /// RFC 9068: `typ` is `at+jwt`, permissions are in `scope`, and `client_id`, `iat` and `jti` are there.
    #[default]
    Standard,
    /// Keycloak: `typ` is `JWT`, the client is `azp`; roles of the realm and of the client that the audience names are permissions too.
    Keycloak,
    /// Microsoft Entra ID: `typ` is `JWT`, the client is `azp` or `appid`, permissions are in `scp` and `roles`.
    Entra,
    /// Auth0: `typ` is `at+jwt` or `JWT`, the client is `azp`, permissions are in `scope` and `permissions`.
    Auth0,
    /// Another one: a function of the service reads the client and the permissions out of the claims; `None` says that this is no access
    /// token, and it is refused. `typ` may be `JWT` or nothing. All else is as with every issuer: signature, `iss`, `aud` with the name of
    /// this API, `exp`, `sub`, and no `nonce`, `at_hash` or `events`. As Okta writes them:
    ///
    /// ```
    /// use resource_api::{ClaimShape, Issuer, Mapped, TrustedIssuer, Value};
    ///
    /// /// Access tokens name the client as `cid`, ID tokens do not.
    /// fn okta(claims: &Value) -> Option<Mapped> {
    ///     let client = claims["cid"].as_str()?;
    ///     let scopes = claims["scp"].as_array().into_iter().flatten().filter_map(Value::as_str);
    ///     Some(Mapped { client_id: Some(client.to_owned()), permissions: scopes.map(str::to_owned).collect() })
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let issuer = Issuer::parse_foreign("https://dev-1.okta.com/oauth2/default")?;
    /// let trusted = TrustedIssuer::new(issuer).claims(ClaimShape::Custom(okta));
    /// # Ok(()) }
    /// ```
    Custom(fn(&Value) -> Option<Mapped>),
}

/// What the access token of a [`ClaimShape::Custom`] issuer says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mapped {
    /// The app that calls, 1 to 255 bytes without control characters.
    pub client_id: Option<String>,
    /// What the caller may do, beside what stands in `scope`.
    pub permissions: Vec<String>,
}

impl TrustedIssuer {
    /// One that follows RFC 9068, as Countersign does.
    pub fn new(issuer: Issuer) -> Self {
        Self { issuer, claims: ClaimShape::Standard, algorithms: SigningAlgorithm::ALL.to_vec(), keys: None }
    }

    /// One that writes its tokens otherwise.
    #[must_use]
    pub fn claims(mut self, claims: ClaimShape) -> Self {
        self.claims = claims;
        self
    }

    /// Accepts these algorithms only.
    #[must_use]
    pub fn algorithms(mut self, algorithms: &[SigningAlgorithm]) -> Self {
        self.algorithms = algorithms.to_vec();
        self
    }
}

impl ClaimShape {
    /// Whether every claim that RFC 9068 §2.2 requires has to be there. Other issuers leave some out.
    pub(crate) fn is_strict(self) -> bool {
        matches!(self, Self::Standard)
    }

    /// Values of `typ` beside `at+jwt` that an access token of theirs may have.
    pub(crate) fn accepts_plain_jwt(self) -> bool {
        !self.is_strict()
    }

    /// Whether the claims are those of an access token, as far as an issuer that gives several kinds the same header tells. ID tokens of
    /// Entra ID have no client; Keycloak writes the kind of each token, `DPoP` into those that are bound.
    fn is_access_token(self, claims: &Map<String, Value>) -> bool {
        let is_there = |name: &&str| claims.get(*name).is_some_and(|claim| !claim.is_null());
        match self {
            Self::Standard | Self::Auth0 | Self::Custom(_) => true,
            Self::Entra => self.client_claims().iter().any(is_there),
            Self::Keycloak => claims
                .get("typ")
                .and_then(Value::as_str)
                .is_some_and(|typ| ["Bearer", "DPoP"].iter().any(|kind| kind.eq_ignore_ascii_case(typ))),
        }
    }

    /// Under which names they write the client, the first that is there counts.
    fn client_claims(self) -> &'static [&'static str] {
        match self {
            Self::Standard => &["client_id"],
            Self::Keycloak | Self::Auth0 => &["azp", "client_id"],
            Self::Entra => &["azp", "appid"],
            Self::Custom(_) => &[],
        }
    }

    /// What the claims of other issuers say under names of their own: the client, and permissions beside those of `scope`.
    pub(crate) fn complete(self, identity: &mut Identity, audience: &str) -> Result<(), TokenRefused> {
        let claims: Map<String, Value> = serde_json::from_slice(&identity.claims).map_err(|_| VerifyError::Claims)?;
        if let Self::Custom(read) = self {
            let Mapped { client_id, permissions } = read(&Value::Object(claims)).ok_or(TokenRefused::OtherKind)?;
            client_id.as_deref().map(|client| identifier(Some(client), "client_id")).transpose()?;
            (identity.client_id, identity.roles) = (client_id, permissions);
            return Ok(());
        }
        if !self.is_access_token(&claims) {
            return Err(TokenRefused::OtherKind);
        }
        let mut clients =
            self.client_claims().iter().filter_map(|name| claims.get(*name)).filter(|claim| !claim.is_null());
        identity.client_id = match clients.next() {
            None => None,
            Some(Value::String(client_id)) => Some(identifier(Some(client_id), "client_id")?.to_owned()),
            Some(_) => return Err(TokenRefused::MalformedClaim("client_id")),
        };
        identity.roles = self.permissions(&claims, audience);
        Ok(())
    }

    /// The permissions that a token holds beside those of `scope`, as they stand.
    fn permissions(self, claims: &Map<String, Value>, audience: &str) -> Vec<String> {
        let roles = |holder: Option<&Value>| holder.and_then(|holder| texts(holder.get("roles")));
        let found = match self {
            Self::Standard | Self::Custom(_) => [None, None],
            Self::Keycloak => [
                roles(claims.get("realm_access")),
                roles(claims.get("resource_access").and_then(|clients| clients.get(audience))),
            ],
            Self::Entra => [claims.get("scp").and_then(Value::as_str).map(words), texts(claims.get("roles"))],
            Self::Auth0 => [texts(claims.get("permissions")), None],
        };
        found.into_iter().flatten().flatten().collect()
    }
}

fn words(text: &str) -> Vec<String> {
    text.split_ascii_whitespace().map(str::to_owned).collect()
}

fn texts(value: Option<&Value>) -> Option<Vec<String>> {
    let items = value?.as_array()?;
    Some(items.iter().filter_map(Value::as_str).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn permissions(shape: ClaimShape, claims: &Value) -> Vec<String> {
        shape.permissions(claims.as_object().expect("an object"), "notes-api")
    }

    #[test]
    fn each_preset_reads_its_own_claims_alone() {
        let claims = json!({
            "realm_access": { "roles": ["realm-role"] },
            "resource_access": { "notes-api": { "roles": ["api-role"] }, "other": { "roles": ["no"] } },
            "scp": "Notes.Read Notes.Write", "roles": ["App.Role"], "permissions": ["read:notes"],
        });
        assert!(permissions(ClaimShape::Standard, &claims).is_empty());
        assert_eq!(permissions(ClaimShape::Keycloak, &claims), ["realm-role", "api-role"]);
        assert_eq!(permissions(ClaimShape::Entra, &claims), ["Notes.Read", "Notes.Write", "App.Role"]);
        assert_eq!(permissions(ClaimShape::Auth0, &claims), ["read:notes"]);
    }

    #[test]
    fn what_has_another_form_holds_nothing() {
        let claims =
            json!({ "realm_access": "admin", "resource_access": [], "scp": ["a"], "roles": "b", "permissions": 1 });
        for shape in [ClaimShape::Keycloak, ClaimShape::Entra, ClaimShape::Auth0] {
            assert!(permissions(shape, &claims).is_empty(), "{shape:?}");
        }
    }
}
