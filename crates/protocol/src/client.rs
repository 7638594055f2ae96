//! A client as registered (RFC 6749 §2, RFC 7591 §2): what it is, what it may ask for, where its answers go.
//!
//! A value of this type was checked by `registration.rs` or read back from the store. Secrets are not part of it: they live in
//! a table of their own and only as hashes.

use crate::authorize::response_type::{ResponseMode, ResponseType};
use crate::closed_set::closed_set;
use crate::encryption::Encryption;
use crate::ids::ClientId;
use crate::login::Level;
pub use crate::redirect_uri::ApplicationType;
use crate::redirect_uri::RegisteredRedirectUri;
use crate::scope::Scope;
use crate::signing::{AssertionAlgorithm, MaybeSigned, SigningAlgorithm};
use crate::time::{Seconds, Timestamp};

closed_set! {
    /// How the client proves itself (OpenID Connect Core §9).
    pub enum TokenEndpointAuthMethod {
        /// A public client: it cannot keep a secret and proves nothing.
        None = "none",
        ClientSecretBasic = "client_secret_basic",
        ClientSecretPost = "client_secret_post",
        /// A JWT under a MAC whose key is the secret.
        ClientSecretJwt = "client_secret_jwt",
        PrivateKeyJwt = "private_key_jwt",
    }
}

closed_set! {
    /// The grants of RFC 6749 that exist here. Password is absent on purpose (RFC 9700 §2.4).
    pub enum GrantType {
        AuthorizationCode = "authorization_code",
        /// Tokens straight from the authorization endpoint; goes with the response types that bring them (Registration §2).
        Implicit = "implicit",
        RefreshToken = "refresh_token",
        ClientCredentials = "client_credentials",
    }
}

closed_set! {
    /// Whether people are asked before the client gets their data.
    pub enum ConsentPolicy {
        Ask = "ask",
        /// The operator's own application: its users gave their consent by using the service.
        FirstParty = "first_party",
    }
}

closed_set! {
    /// Whether an authorization request needs a code challenge (RFC 9700 §2.1.1).
    pub enum PkcePolicy {
        Required = "required",
        /// For confidential clients of before PKCE only; a challenge that is sent still counts.
        Optional = "optional",
    }
}

closed_set! {
    /// Where the claims of `profile`, `email`, `address`, `phone` and `groups` appear (OpenID Connect Core §5.4).
    pub enum ScopeClaims {
        UserInfo = "userinfo",
        /// For applications that never call UserInfo.
        IdTokenToo = "id_token",
    }
}

closed_set! {
    /// Whether two clients see the same `sub` of a person (OpenID Connect Core §8).
    pub enum SubjectType {
        Public = "public",
        Pairwise = "pairwise",
    }
}

closed_set! {
    /// Who wrote the metadata of a client.
    pub enum RegisteredBy {
        Administrator = "administrator",
        /// Somebody over the network, by dynamic registration (RFC 7591): a stranger unless a token says otherwise.
        Dynamic = "dynamic",
    }
}

/// Where a client wants to hear of the end of a session (Front-Channel Logout §2, Back-Channel Logout §2.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutUri {
    pub uri: String,
    /// Whether the client needs `sid` to tell its sessions apart.
    pub session_required: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    pub id: ClientId,
    pub name: String,
    pub application_type: ApplicationType,
    pub token_endpoint_auth_method: TokenEndpointAuthMethod,
    pub grant_types: Vec<GrantType>,
    pub response_types: Vec<ResponseType>,
    pub response_modes: Vec<ResponseMode>,
    pub redirect_uris: Vec<RegisteredRedirectUri>,
    pub post_logout_redirect_uris: Vec<RegisteredRedirectUri>,
    /// The most that it may ask for.
    pub scope: Scope,
    pub consent: ConsentPolicy,
    pub pkce: PkcePolicy,
    pub scope_claims: ScopeClaims,
    pub subject_type: SubjectType,
    /// A document that lists the redirect URIs of all clients of one sector (OpenID Connect Core §8.1).
    pub sector_identifier_uri: Option<String>,
    pub id_token_signed_response_alg: MaybeSigned,
    pub id_token_encryption: Option<Encryption>,
    /// UserInfo answers with plain JSON without it.
    pub userinfo_signed_response_alg: Option<SigningAlgorithm>,
    pub userinfo_encryption: Option<Encryption>,
    /// The only algorithm that its request objects may have; any asymmetric one without it.
    pub request_object_signing_alg: Option<MaybeSigned>,
    /// Where its request objects may lie.
    pub request_uris: Vec<String>,
    /// The only algorithm that its assertions may have.
    pub token_endpoint_auth_signing_alg: Option<AssertionAlgorithm>,
    /// Its public keys as a JWK Set document.
    pub jwks: Option<String>,
    /// Where its public keys are published; never beside `jwks`.
    pub jwks_uri: Option<String>,
    pub client_uri: Option<String>,
    pub logo_uri: Option<String>,
    pub policy_uri: Option<String>,
    pub tos_uri: Option<String>,
    pub initiate_login_uri: Option<String>,
    pub frontchannel_logout: Option<LogoutUri>,
    pub backchannel_logout: Option<LogoutUri>,
    pub default_max_age: Option<Seconds>,
    /// Whether `auth_time` is demanded in its ID tokens. Ours always have it.
    pub require_auth_time: bool,
    pub default_acr_values: Vec<String>,
    /// Nobody gets in with less, whatever a request asks for.
    pub minimum_acr: Option<Level>,
    /// The API whose resource server it is may ask whether a password that somebody sent to it is theirs, and these scopes are what
    /// such a caller may do there at most. `None`: no password is checked for it.
    pub password_check_scope: Option<Scope>,
    /// How to reach the people behind it.
    pub contacts: Vec<String>,
    pub software_id: Option<String>,
    pub software_version: Option<String>,
    pub registered_by: RegisteredBy,
    /// When the client is deleted unless it was used before.
    pub expires_unused_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub disabled_at: Option<Timestamp>,
}

/// Why a client that is still in the database is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Gone {
    #[error("the client is disabled")]
    Disabled,
    #[error("the client registered itself, was never used and has expired")]
    NeverUsed,
}

impl Client {
    pub fn allows(&self, grant: GrantType) -> bool {
        self.grant_types.contains(&grant)
    }

    /// RFC 6749 §2.1: whether it can prove that it is itself.
    pub fn is_confidential(&self) -> bool {
        match self.token_endpoint_auth_method {
            TokenEndpointAuthMethod::None => false,
            TokenEndpointAuthMethod::ClientSecretBasic
            | TokenEndpointAuthMethod::ClientSecretPost
            | TokenEndpointAuthMethod::ClientSecretJwt
            | TokenEndpointAuthMethod::PrivateKeyJwt => true,
        }
    }

    /// Why it is no client any more, though its row is there. The sweep comes later.
    pub fn gone(&self, now: Timestamp) -> Option<Gone> {
        if self.disabled_at.is_some() {
            return Some(Gone::Disabled);
        }
        self.expires_unused_at.filter(|at| *at <= now).map(|_| Gone::NeverUsed)
    }

    /// Whether its public keys can be known.
    pub fn has_keys(&self) -> bool {
        self.jwks.is_some() || self.jwks_uri.is_some()
    }

    /// Whether it proves itself with a secret that we gave out.
    pub fn has_secret(&self) -> bool {
        matches!(
            self.token_endpoint_auth_method,
            TokenEndpointAuthMethod::ClientSecretBasic
                | TokenEndpointAuthMethod::ClientSecretPost
                | TokenEndpointAuthMethod::ClientSecretJwt
        )
    }

    /// Whether people sign in to it at the authorization endpoint.
    pub fn signs_people_in(&self) -> bool {
        !self.response_types.is_empty()
    }

    /// The web origins of its redirect URIs, each once: from these its scripts may call the token endpoint (CORS).
    pub fn origins(&self) -> Vec<String> {
        let mut origins: Vec<String> = self.redirect_uris.iter().filter_map(RegisteredRedirectUri::origin).collect();
        origins.sort();
        origins.dedup();
        origins
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A confidential web client with one redirect URI. Tests change what they are about.
    pub(crate) fn sample() -> Client {
        Client {
            id: ClientId::parse("notes").expect("is an id"),
            name: "Notes".to_owned(),
            application_type: ApplicationType::Web,
            token_endpoint_auth_method: TokenEndpointAuthMethod::ClientSecretBasic,
            grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
            response_types: vec![ResponseType::Code],
            response_modes: ResponseMode::ALL.to_vec(),
            redirect_uris: vec![redirect("https://notes.example/callback")],
            post_logout_redirect_uris: Vec::new(),
            scope: Scope::parse("openid profile offline_access").expect("is a scope"),
            consent: ConsentPolicy::Ask,
            pkce: PkcePolicy::Required,
            scope_claims: ScopeClaims::UserInfo,
            subject_type: SubjectType::Public,
            sector_identifier_uri: None,
            id_token_signed_response_alg: MaybeSigned::Signed(SigningAlgorithm::RS256),
            id_token_encryption: None,
            userinfo_signed_response_alg: None,
            userinfo_encryption: None,
            request_object_signing_alg: None,
            request_uris: Vec::new(),
            token_endpoint_auth_signing_alg: None,
            jwks: None,
            jwks_uri: None,
            client_uri: None,
            logo_uri: None,
            policy_uri: None,
            tos_uri: None,
            initiate_login_uri: None,
            frontchannel_logout: None,
            backchannel_logout: None,
            default_max_age: None,
            require_auth_time: false,
            default_acr_values: Vec::new(),
            minimum_acr: None,
            password_check_scope: None,
            contacts: Vec::new(),
            software_id: None,
            software_version: None,
            registered_by: RegisteredBy::Administrator,
            expires_unused_at: None,
            created_at: Timestamp(1_700_000_000),
            disabled_at: None,
        }
    }

    fn redirect(raw: &str) -> RegisteredRedirectUri {
        RegisteredRedirectUri::parse(raw, ApplicationType::Web).expect(raw)
    }

    #[test]
    fn only_a_client_without_any_method_is_public() {
        for method in TokenEndpointAuthMethod::ALL {
            let client = Client { token_endpoint_auth_method: *method, ..sample() };
            assert_eq!(client.is_confidential(), *method != TokenEndpointAuthMethod::None, "{method}");
        }
    }

    #[test]
    fn a_client_may_use_its_registered_grants_only() {
        assert!(sample().allows(GrantType::RefreshToken));
        assert!(!sample().allows(GrantType::ClientCredentials));
    }

    #[test]
    fn each_origin_is_listed_once() {
        let redirect_uris = vec![
            redirect("https://notes.example/callback"),
            redirect("https://notes.example:443/silent"),
            redirect("http://127.0.0.1:3000/callback"),
        ];
        let client = Client { redirect_uris, ..sample() };
        assert_eq!(client.origins(), ["http://127.0.0.1:3000", "https://notes.example"]);
    }

    #[test]
    fn every_name_reads_back() {
        assert!(GrantType::ALL.iter().all(|grant| GrantType::parse(grant.name()) == Some(*grant)));
        assert!(ScopeClaims::ALL.iter().all(|place| ScopeClaims::parse(place.name()) == Some(*place)));
        assert_eq!(GrantType::parse("password"), None);
    }
}
