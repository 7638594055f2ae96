//! Every member of a client is a column of its own, also for clients of a program that knew fewer of them.

use protocol::authorize::response_type::{ResponseMode, ResponseType};
use protocol::client::{
    ApplicationType, Client, ConsentPolicy, GrantType, LogoutUri, PkcePolicy, RegisteredBy, ScopeClaims, SubjectType,
    TokenEndpointAuthMethod,
};
use protocol::encryption::{ContentEncryption, Encryption, KeyManagementAlgorithm};
use protocol::login::Level;
use protocol::redirect_uri::RegisteredRedirectUri;
use protocol::scope::Scope;
use protocol::signing::{AssertionAlgorithm, MacAlgorithm, MaybeSigned, SigningAlgorithm};
use protocol::time::{Seconds, Timestamp};
use sqlx::any::AnyConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};
use store::{Won, clients};

use crate::database::{TestDatabase, engines};
use crate::samples::{LATER, NOW, client, client_id, scope};

/// No member is left to a default, and no two texts are the same: a value in the column of another one is noticed.
fn full(id: &str) -> Client {
    let text = |member: &str| format!("{id} {member}");
    let url = |member: &str| format!("https://{id}.example/{member}");
    let uri = |member| RegisteredRedirectUri::parse(&url(member), ApplicationType::Web).expect("is a redirect URI");
    Client {
        id: client_id(id),
        name: text("name"),
        application_type: ApplicationType::Web,
        token_endpoint_auth_method: TokenEndpointAuthMethod::PrivateKeyJwt,
        grant_types: vec![GrantType::AuthorizationCode],
        response_types: vec![ResponseType::CodeIdToken],
        response_modes: vec![ResponseMode::Fragment],
        redirect_uris: vec![uri("callback")],
        post_logout_redirect_uris: vec![uri("bye")],
        scope: scope("openid email"),
        consent: ConsentPolicy::Ask,
        pkce: PkcePolicy::Required,
        scope_claims: ScopeClaims::IdTokenToo,
        subject_type: SubjectType::Pairwise,
        sector_identifier_uri: Some(url("sector")),
        id_token_signed_response_alg: MaybeSigned::Signed(SigningAlgorithm::ES256),
        id_token_encryption: Some(Encryption { alg: KeyManagementAlgorithm::EcdhEs, enc: ContentEncryption::A256Gcm }),
        userinfo_signed_response_alg: Some(SigningAlgorithm::PS256),
        userinfo_encryption: Some(Encryption {
            alg: KeyManagementAlgorithm::RsaOaep256,
            enc: ContentEncryption::A128CbcHs256,
        }),
        request_object_signing_alg: Some(MaybeSigned::Signed(SigningAlgorithm::EdDSA)),
        request_uris: vec![url("request")],
        token_endpoint_auth_signing_alg: Some(AssertionAlgorithm::Signature(SigningAlgorithm::ES384)),
        jwks: Some(text("jwks")),
        jwks_uri: Some(url("jwks")),
        client_uri: Some(url("client")),
        logo_uri: Some(url("logo")),
        policy_uri: Some(url("policy")),
        tos_uri: Some(url("tos")),
        initiate_login_uri: Some(url("initiate")),
        frontchannel_logout: Some(LogoutUri { uri: url("front"), session_required: true }),
        backchannel_logout: Some(LogoutUri { uri: url("back"), session_required: false }),
        default_max_age: Some(Seconds(11)),
        require_auth_time: true,
        default_acr_values: vec![text("acr")],
        minimum_acr: Some(Level::One),
        password_check_scope: Scope::parse(&text("password_check_scope")).ok(),
        contacts: vec![text("contact")],
        software_id: Some(text("software_id")),
        software_version: Some(text("software_version")),
        registered_by: RegisteredBy::Dynamic,
        expires_unused_at: Some(Timestamp(NOW.0 + 22)),
        created_at: Timestamp(NOW.0 + 33),
        disabled_at: Some(Timestamp(NOW.0 + 44)),
    }
}

/// Differs from [`full`] in every member, and the flags among themselves in another way.
fn other(id: &str) -> Client {
    Client {
        name: "other name".to_owned(),
        application_type: ApplicationType::Native,
        token_endpoint_auth_method: TokenEndpointAuthMethod::ClientSecretJwt,
        grant_types: vec![GrantType::ClientCredentials, GrantType::RefreshToken],
        response_types: vec![ResponseType::Code, ResponseType::IdToken],
        response_modes: vec![ResponseMode::Query, ResponseMode::FormPost],
        scope: scope("openid profile"),
        consent: ConsentPolicy::FirstParty,
        pkce: PkcePolicy::Optional,
        scope_claims: ScopeClaims::UserInfo,
        subject_type: SubjectType::Public,
        id_token_signed_response_alg: MaybeSigned::Unsigned,
        id_token_encryption: Some(Encryption {
            alg: KeyManagementAlgorithm::RsaOaep256,
            enc: ContentEncryption::A128Gcm,
        }),
        userinfo_signed_response_alg: Some(SigningAlgorithm::RS256),
        userinfo_encryption: Some(Encryption {
            alg: KeyManagementAlgorithm::EcdhEs,
            enc: ContentEncryption::A256CbcHs512,
        }),
        request_object_signing_alg: Some(MaybeSigned::Unsigned),
        token_endpoint_auth_signing_alg: Some(AssertionAlgorithm::Mac(MacAlgorithm::HS512)),
        frontchannel_logout: Some(LogoutUri { uri: "https://other.example/front".to_owned(), session_required: true }),
        backchannel_logout: Some(LogoutUri { uri: "https://other.example/back".to_owned(), session_required: true }),
        default_max_age: Some(Seconds(55)),
        require_auth_time: false,
        ..full(id)
    }
}

#[tokio::test]
async fn every_member_comes_back_from_its_own_column() {
    for database in engines() {
        let store = database.open().await;
        for (made, changed) in [(full("one"), other("one")), (other("two"), full("two"))] {
            clients::insert(&store, &made).await.expect("is new");
            assert_eq!(clients::find(&store, &made.id).await.expect("is readable"), Some(made.clone()));
            // Another client's texts, under this one's id.
            let changed = Client {
                redirect_uris: full("new").redirect_uris,
                jwks: full("new").jwks,
                jwks_uri: full("new").jwks_uri,
                sector_identifier_uri: full("new").sector_identifier_uri,
                request_uris: full("new").request_uris,
                contacts: full("new").contacts,
                default_acr_values: full("new").default_acr_values,
                minimum_acr: full("new").minimum_acr,
                password_check_scope: full("new").password_check_scope,
                ..changed
            };
            assert_eq!(clients::update(&store, &changed).await.expect("is writable"), Won::Yes);
            assert_eq!(clients::find(&store, &made.id).await.expect("is readable"), Some(changed));
        }
    }
}

/// What a program of before, or a test, writes past our statements.
async fn write(database: &TestDatabase, sql: &str) {
    let options: AnyConnectOptions = database.url().parse().expect("is a URL");
    let mut connection = options.connect().await.expect("the database answers");
    let done = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.expect("is writable");
    assert_eq!(done.rows_affected(), 1);
    connection.close().await.expect("closes");
}

/// The rules for redirect URIs grew; clients of before go on working.
#[tokio::test]
async fn a_client_is_read_whose_redirect_uris_nobody_could_register_today() {
    for database in engines() {
        let store = database.open().await;
        clients::insert(&store, &client("app")).await.expect("is new");
        let uris = ["https://app.example/cb;x", "https://app.example/cb?state=1"];
        assert!(uris.iter().all(|uri| RegisteredRedirectUri::parse(uri, ApplicationType::Web).is_err()));
        let [semicolon, query] = uris;
        let columns = ["redirect_uris", "post_logout_redirect_uris"];
        for column in columns {
            write(&database, &format!("UPDATE clients SET {column} = '[\"{semicolon}\",\"{query}\"]'")).await;
        }
        let found = clients::find(&store, &client_id("app")).await.expect("is readable").expect("exists");
        let kept = |uris: &[RegisteredRedirectUri]| uris.iter().map(|uri| uri.as_str().to_owned()).collect::<Vec<_>>();
        assert_eq!([kept(&found.redirect_uris), kept(&found.post_logout_redirect_uris)], [uris, uris]);
        assert_eq!(clients::list(&store, None, 10).await.expect("is readable"), std::slice::from_ref(&found));
        let renamed = Client { name: "Renamed".to_owned(), ..found };
        assert_eq!(clients::update(&store, &renamed).await.expect("is writable"), Won::Yes);
        assert_eq!(clients::find(&store, &renamed.id).await.expect("is readable"), Some(renamed));
    }
}

/// While servers are updated one after another, the program of before goes on making clients.
#[tokio::test]
async fn a_client_of_the_program_before_is_read_as_the_migration_would_have_filled_it_in() {
    for database in engines() {
        let store = database.open().await;
        let cases = [("authorization_code refresh_token", vec![ResponseType::Code]), ("client_credentials", vec![])];
        for (number, (grant_types, response_types)) in cases.into_iter().enumerate() {
            let insert = format!(
                "INSERT INTO clients (id, name, application_type, token_endpoint_auth_method, grant_types, redirect_uris, \
                 post_logout_redirect_uris, scope, consent, pkce, scope_claims, id_token_signed_response_alg, created_at) \
                 VALUES ('c{number}', 'App', 'web', 'none', '{grant_types}', '[]', '[]', 'openid', 'ask', 'required', \
                 'userinfo', 'RS256', {})",
                LATER.0
            );
            write(&database, &insert).await;
            let found = clients::find(&store, &client_id(&format!("c{number}"))).await.expect("is readable");
            let found = found.expect("exists");
            assert_eq!(found.response_types, response_types);
            assert_eq!(found.response_modes, [ResponseMode::Query, ResponseMode::Fragment, ResponseMode::FormPost]);
            assert_eq!(found.subject_type, SubjectType::Public);
            assert_eq!(found.registered_by, RegisteredBy::Administrator);
            assert_eq!((found.expires_unused_at, found.require_auth_time), (None, false));
        }
    }
}
