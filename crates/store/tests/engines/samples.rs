//! Rows to begin with. A test changes what it is about and leaves the rest.

use protocol::audience::{Api, ApiScope, TokenFormat};
use protocol::authorize::response_type::{ResponseMode, ResponseType};
use protocol::claims::ClaimsRequest;
use protocol::client::{
    ApplicationType, Client, ConsentPolicy, GrantType, LogoutUri, PkcePolicy, RegisteredBy, ScopeClaims, SubjectType,
    TokenEndpointAuthMethod,
};
use protocol::encryption::{ContentEncryption, Encryption, KeyManagementAlgorithm};
use protocol::grant::state::{Generation, Grant};
use protocol::ids::{ClientId, GrantId, InteractionId, SessionId, UserId};
use protocol::login::Level;
use protocol::pkce::Challenge;
use protocol::redirect_uri::RegisteredRedirectUri;
use protocol::scope::{Scope, ScopeToken};
use protocol::secret::TokenHash;
use protocol::signing::{AssertionAlgorithm, MacAlgorithm, MaybeSigned, SigningAlgorithm};
use protocol::time::{Seconds, Timestamp};
use protocol::user::{Profile, User};
use store::interactions::{Interaction, Keep};
use store::sessions::{Origin, Session};
use store::{Store, StoreError, Won, sessions, users};

pub(crate) const NOW: Timestamp = Timestamp(1_800_000_000);
pub(crate) const LATER: Timestamp = Timestamp(1_800_001_000);
pub(crate) const MUCH_LATER: Timestamp = Timestamp(1_900_000_000);

pub(crate) fn user_id(text: &str) -> UserId {
    UserId::parse(text).expect("is an id")
}

pub(crate) fn client_id(text: &str) -> ClientId {
    ClientId::parse(text).expect("is an id")
}

pub(crate) fn grant_id(text: &str) -> GrantId {
    GrantId::parse(text).expect("is an id")
}

pub(crate) fn session_id(text: &str) -> SessionId {
    SessionId::parse(text).expect("is an id")
}

pub(crate) fn scope(text: &str) -> Scope {
    Scope::parse(text).expect("is a scope")
}

/// A person whose user name is their id.
pub(crate) fn user(id: &str) -> User {
    User {
        id: user_id(id),
        username: id.to_owned(),
        email: Some(format!("{id}@Example.org")),
        email_verified_at: Some(NOW),
        phone_number: None,
        phone_number_verified_at: None,
        profile: Profile { name: Some("Änne \"Ä\" O'Neill".to_owned()), ..Profile::default() },
        groups: vec!["staff".to_owned(), "two words".to_owned()],
        created_at: NOW,
        updated_at: NOW,
        disabled_at: None,
        locale: Some("de".to_owned()),
        terms_accepted_at: Some(NOW),
        password_change_required_at: None,
        deletion_due_at: None,
    }
}

pub(crate) fn session(id: &str, user: &str) -> Session {
    Session {
        id: session_id(id),
        secret_hash: TokenHash::of(id.as_bytes()),
        user_id: user_id(user),
        auth_time: NOW,
        acr: "1".to_owned(),
        amr: vec!["pwd".to_owned(), "otp".to_owned()],
        created_at: NOW,
        last_seen_at: NOW,
        idle_expires_at: NOW + Seconds::hours(1),
        expires_at: NOW + Seconds::days(1),
        ended_at: None,
        origin: Origin { user_agent: Some("Browser/1".to_owned()), address: Some("192.0.2.7".to_owned()) },
        keep: Keep::OnThisDevice,
    }
}

/// Writes the session, and the person if they are not there.
pub(crate) async fn sign_in(store: &Store, session: &Session) {
    let person = users::insert(store, &user(session.user_id.as_str())).await;
    assert!(matches!(person, Ok(()) | Err(StoreError::Conflict)), "{person:?}");
    assert_eq!(sessions::insert(store, session, None).await.expect("is new"), Won::Yes);
}

pub(crate) fn interaction(id: &str) -> Interaction {
    Interaction {
        id: InteractionId::parse(id).expect("is an id"),
        browser_hash: TokenHash::of(b"browser"),
        client_id: client_id("app"),
        parameters: "client_id=app&scope=openid%20profile".to_owned(),
        started_at: NOW,
        login_at: None,
        account_selected_at: None,
        consented_at: None,
        session_id: None,
        expires_at: NOW + Seconds::hours(1),
        return_to: None,
        login: None,
    }
}

pub(crate) fn client(id: &str) -> Client {
    let uri = |text: String| RegisteredRedirectUri::parse(&text, ApplicationType::Web).expect("is a redirect URI");
    Client {
        id: client_id(id),
        name: format!("Client {id}"),
        application_type: ApplicationType::Web,
        token_endpoint_auth_method: TokenEndpointAuthMethod::ClientSecretBasic,
        grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
        response_types: vec![ResponseType::Code, ResponseType::CodeIdTokenToken],
        response_modes: vec![ResponseMode::Query, ResponseMode::FormPost],
        redirect_uris: vec![
            uri(format!("https://{id}.example/callback")),
            uri(format!("https://{id}.example/other?a=b%20c")),
        ],
        post_logout_redirect_uris: vec![uri(format!("https://{id}.example/bye"))],
        scope: scope("openid profile notes:read"),
        consent: ConsentPolicy::Ask,
        pkce: PkcePolicy::Required,
        scope_claims: ScopeClaims::IdTokenToo,
        subject_type: SubjectType::Pairwise,
        sector_identifier_uri: Some(format!("https://{id}.example/sector.json")),
        id_token_signed_response_alg: MaybeSigned::Signed(SigningAlgorithm::ES256),
        id_token_encryption: Some(Encryption { alg: KeyManagementAlgorithm::EcdhEs, enc: ContentEncryption::A256Gcm }),
        userinfo_signed_response_alg: Some(SigningAlgorithm::PS256),
        userinfo_encryption: Some(Encryption {
            alg: KeyManagementAlgorithm::RsaOaep256,
            enc: ContentEncryption::A128CbcHs256,
        }),
        request_object_signing_alg: Some(MaybeSigned::Unsigned),
        request_uris: vec![format!("https://{id}.example/request.jwt#hash")],
        token_endpoint_auth_signing_alg: Some(AssertionAlgorithm::Mac(MacAlgorithm::HS256)),
        jwks: Some("{\"keys\":[]}".to_owned()),
        jwks_uri: Some(format!("https://{id}.example/jwks")),
        client_uri: Some(format!("https://{id}.example/")),
        logo_uri: None,
        policy_uri: None,
        tos_uri: Some(format!("https://{id}.example/tos")),
        initiate_login_uri: None,
        frontchannel_logout: Some(LogoutUri { uri: format!("https://{id}.example/front"), session_required: true }),
        backchannel_logout: Some(LogoutUri { uri: format!("https://{id}.example/back"), session_required: false }),
        default_max_age: Some(Seconds(3600)),
        require_auth_time: true,
        default_acr_values: vec!["1".to_owned()],
        minimum_acr: Some(Level::Two),
        password_check_scope: Scope::parse("notes:read").ok(),
        contacts: vec![format!("help@{id}.example")],
        software_id: Some("4NRB1-0XZABZI9E6-5SM3R".to_owned()),
        software_version: Some("2.3".to_owned()),
        registered_by: RegisteredBy::Dynamic,
        expires_unused_at: Some(LATER),
        created_at: NOW,
        disabled_at: None,
    }
}

pub(crate) fn api(identifier: &str, scopes: &[&str]) -> Api {
    let scope = |name: &&str| ApiScope {
        name: ScopeToken::parse(name).expect("is a scope"),
        description: format!("What {name} allows"),
    };
    Api {
        identifier: identifier.to_owned(),
        name: "Notes".to_owned(),
        token_format: TokenFormat::Jwt,
        signing_alg: SigningAlgorithm::EdDSA,
        access_token_lifetime: Seconds(300),
        scopes: scopes.iter().map(scope).collect(),
    }
}

/// The secret of the code of the grant of this id, as its hash.
pub(crate) fn code_of(id: &str) -> TokenHash {
    TokenHash::of(format!("code of {id}").as_bytes())
}

/// A grant whose code is out and lives for a minute.
pub(crate) fn grant(id: &str) -> Grant {
    Grant {
        id: grant_id(id),
        user_id: user_id("ada"),
        client_id: client_id("app"),
        sector: Some("host app.example".to_owned()),
        session_id: Some(session_id("s1")),
        scope: scope("openid offline_access notes:read"),
        claims: ClaimsRequest::parse(r#"{"id_token":{"email":{"essential":true}}}"#).expect("is a claims request"),
        nonce: Some("n-0S6_WzA2Mj".to_owned()),
        redirect_uri: "https://app.example/callback".to_owned(),
        code_challenge: Some(
            Challenge::parse("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM").expect("has 43 characters"),
        ),
        auth_time: NOW,
        acr: "1".to_owned(),
        amr: vec!["pwd".to_owned()],
        salt: "0123456789abcdefghijkl".to_owned(),
        code_hash: code_of(id),
        code_expires_at: NOW + Seconds(60),
        redeemed_at: None,
        generation: Generation::UNREDEEMED,
        rotated_at: None,
        idle_expires_at: NOW + Seconds(60),
        expires_at: NOW + Seconds::days(30),
        created_at: NOW,
        ended_at: None,
        end_reason: None,
    }
}

/// A grant whose first refresh token lives.
pub(crate) fn redeemed_grant(id: &str) -> Grant {
    let idle_expires_at = NOW + Seconds::days(1);
    Grant { redeemed_at: Some(NOW), generation: Generation::FIRST, idle_expires_at, ..grant(id) }
}
