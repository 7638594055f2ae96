//! Clients with their secrets and origins, from registration to deletion.

use protocol::client::{ApplicationType, Client, RegisteredBy, SubjectType, TokenEndpointAuthMethod};
use protocol::grant::state::EndReason;
use protocol::redirect_uri::RegisteredRedirectUri;
use protocol::secret::TokenHash;
use protocol::signing::MaybeSigned;
use protocol::time::Seconds;
use store::{StoreError, Won, clients, consents, grants};

use crate::database::engines;
use crate::samples::{LATER, NOW, client, client_id, grant_id, redeemed_grant, scope, user_id};

#[tokio::test]
async fn a_client_comes_back_as_registered() {
    for database in engines() {
        let store = database.open().await;
        let uri = |text| RegisteredRedirectUri::parse(text, ApplicationType::Native).expect("is a redirect URI");
        let native = Client {
            application_type: ApplicationType::Native,
            token_endpoint_auth_method: TokenEndpointAuthMethod::None,
            grant_types: vec![],
            redirect_uris: vec![uri("com.example.app:/callback"), uri("http://127.0.0.1/callback")],
            post_logout_redirect_uris: vec![],
            response_types: vec![],
            response_modes: vec![],
            subject_type: SubjectType::Public,
            sector_identifier_uri: None,
            id_token_signed_response_alg: MaybeSigned::Unsigned,
            id_token_encryption: None,
            userinfo_signed_response_alg: None,
            userinfo_encryption: None,
            request_object_signing_alg: None,
            request_uris: vec![],
            token_endpoint_auth_signing_alg: None,
            jwks: None,
            jwks_uri: None,
            frontchannel_logout: None,
            backchannel_logout: None,
            default_max_age: None,
            require_auth_time: false,
            default_acr_values: vec![],
            contacts: vec![],
            software_id: None,
            software_version: None,
            registered_by: RegisteredBy::Administrator,
            expires_unused_at: None,
            ..client("native")
        };
        for registered in [client("app"), native] {
            clients::insert(&store, &registered).await.expect("is new");
            assert_eq!(clients::find(&store, &registered.id).await.expect("is readable"), Some(registered.clone()));
            assert!(matches!(clients::insert(&store, &registered).await, Err(StoreError::Conflict)));
        }
        assert_eq!(clients::find(&store, &client_id("other")).await.expect("is readable"), None);
    }
}

#[tokio::test]
async fn the_list_goes_on_after_the_last_id() {
    for database in engines() {
        let store = database.open().await;
        for id in ["c", "a", "b"] {
            clients::insert(&store, &client(id)).await.expect("is new");
        }
        let ids = |list: Vec<Client>| list.into_iter().map(|client| client.id.to_string()).collect::<Vec<_>>();
        assert_eq!(ids(clients::list(&store, None, 2).await.expect("is readable")), ["a", "b"]);
        assert_eq!(ids(clients::list(&store, Some(&client_id("b")), 2).await.expect("is readable")), ["c"]);
    }
}

#[tokio::test]
async fn an_update_changes_the_metadata_and_the_origins() {
    for database in engines() {
        let store = database.open().await;
        clients::insert(&store, &client("app")).await.expect("is new");
        let moved = Client { redirect_uris: client("new").redirect_uris, name: "Moved".to_owned(), ..client("app") };
        assert_eq!(clients::update(&store, &moved).await.expect("is writable"), Won::Yes);
        assert_eq!(clients::find(&store, &moved.id).await.expect("is readable"), Some(moved.clone()));
        assert!(clients::origin_belongs_to(&store, "https://new.example", &moved.id).await.expect("is readable"));
        assert!(!clients::origin_is_known(&store, "https://app.example").await.expect("is readable"));
        assert_eq!(clients::update(&store, &client("nobody")).await.expect("is no error"), Won::No);
        assert!(!clients::origin_is_known(&store, "https://nobody.example").await.expect("is readable"));
    }
}

#[tokio::test]
async fn an_origin_belongs_to_the_clients_that_registered_it() {
    for database in engines() {
        let store = database.open().await;
        let twin = Client { id: client_id("twin"), ..client("app") };
        for registered in [client("app"), twin, client("other")] {
            clients::insert(&store, &registered).await.expect("is new");
        }
        let belongs = |id: &'static str| {
            let store = store.clone();
            async move {
                clients::origin_belongs_to(&store, "https://app.example", &client_id(id)).await.expect("is readable")
            }
        };
        assert!(belongs("app").await && belongs("twin").await && !belongs("other").await);
        assert!(clients::origin_is_known(&store, "https://other.example").await.expect("is readable"));
        assert!(!clients::origin_is_known(&store, "https://evil.example").await.expect("is readable"));
    }
}

#[tokio::test]
async fn a_client_is_disabled_and_enabled() {
    for database in engines() {
        let store = database.open().await;
        clients::insert(&store, &client("app")).await.expect("is new");
        let id = client_id("app");
        assert_eq!(clients::disable(&store, &id, LATER).await.expect("is writable"), Won::Yes);
        assert_eq!(clients::disable(&store, &id, LATER).await.expect("is writable"), Won::No);
        let disabled = clients::find(&store, &id).await.expect("is readable").expect("exists");
        assert_eq!(disabled.disabled_at, Some(LATER));
        assert_eq!(clients::enable(&store, &id).await.expect("is writable"), Won::Yes);
        assert_eq!(clients::find(&store, &id).await.expect("is readable"), Some(client("app")));
    }
}

#[tokio::test]
async fn a_secret_lives_until_it_is_expired() {
    for database in engines() {
        let store = database.open().await;
        clients::insert(&store, &client("app")).await.expect("is new");
        let id = client_id("app");
        let (first, second) = (TokenHash::of(b"first"), TokenHash::of(b"second"));
        clients::add_secret(&store, &id, &first, NOW, None).await.expect("is new");
        assert_eq!(clients::expire_secrets(&store, &id, LATER).await.expect("is writable"), 1);
        clients::add_secret(&store, &id, &second, NOW, Some(LATER + Seconds(60))).await.expect("is new");
        let live = |at| {
            let (store, id) = (store.clone(), id.clone());
            async move {
                let mut hashes = clients::live_secrets(&store, &id, at).await.expect("is readable");
                hashes.sort_by(|a, b| a.as_str().cmp(b.as_str()));
                hashes
            }
        };
        assert_eq!(live(NOW).await.len(), 2);
        assert_eq!(live(LATER).await, [second]);
        assert_eq!(live(LATER + Seconds(60)).await, []);
        let stranger = clients::add_secret(&store, &client_id("nobody"), &first, NOW, None).await;
        assert!(matches!(stranger, Err(StoreError::Conflict)), "{stranger:?}");
    }
}

#[tokio::test]
async fn whoever_gets_the_id_of_a_deleted_client_inherits_nothing() {
    for database in engines() {
        let store = database.open().await;
        let id = client_id("app");
        clients::insert(&store, &client("app")).await.expect("is new");
        clients::add_secret(&store, &id, &TokenHash::of(b"secret"), NOW, None).await.expect("is new");
        consents::remember(&store, &user_id("ada"), &id, &scope("openid"), NOW).await.expect("is writable");
        grants::insert(&store, &redeemed_grant("g1")).await.expect("is new");

        assert_eq!(clients::delete(&store, &id, LATER).await.expect("is writable"), Won::Yes);
        assert_eq!(clients::delete(&store, &id, LATER).await.expect("is writable"), Won::No);
        clients::insert(&store, &client("app")).await.expect("the id is free");
        assert_eq!(clients::live_secrets(&store, &id, NOW).await.expect("is readable"), []);
        assert_eq!(consents::find(&store, &user_id("ada"), &id).await.expect("is readable"), None);
        let grant = grants::find(&store, &grant_id("g1")).await.expect("is readable").expect("exists");
        assert_eq!(grant.end_reason, Some(EndReason::ClientDeleted));
    }
}
