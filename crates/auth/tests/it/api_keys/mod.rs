//! API keys: what the API learns of one, what nobody learns, what follows from a change.

mod console;
mod introspection;
mod life;
mod refused;

use auth::api_keys::{Made, Signing, Wanted, Workshop};
use protocol::api_keys::ApiKeyRecord;
use protocol::audience::{Api, ApiScope, TokenFormat};
use protocol::ids::{ClientId, SecurityEventId};
use protocol::permission::Permission;
use protocol::scope::ScopeToken;
use protocol::security_event::SecurityEvent;
use protocol::signing::SigningAlgorithm;
use protocol::time::Seconds;
use protocol::user::User;
use store::security_events::Entry;
use store::sessions::Origin;
use testkit::app::{API, TestApp};
use testkit::browser::Page;
use testkit::requests::As;

const INACTIVE: &str = r#"{"active":false}"#;
/// The resource server of the API.
const API_CLIENT: As<'_> = As::Basic("machine");

async fn alice(app: &TestApp) -> User {
    store::users::find_by_login(&app.store, "alice").await.unwrap().unwrap()
}

/// From now on the client `machine` may ask about what is for the API.
async fn serve_the_api(app: &TestApp) {
    let machine = ClientId::parse("machine").unwrap();
    let _set = store::apis::set_resource_server(&app.store, API, Some(&machine)).await.unwrap();
}

fn workshop(app: &TestApp) -> Workshop<'_> {
    Workshop { store: &app.store, secrets: app.keys.secrets(), longest: Some(Seconds::days(365)) }
}

fn permissions(texts: &[&str]) -> Vec<Permission> {
    texts.iter().map(|text| Permission::parse(text).unwrap()).collect()
}

async fn wanted(app: &TestApp, texts: &[&str]) -> Wanted {
    Wanted {
        owner: alice(app).await.id,
        name: "Backup".to_owned(),
        api: API.to_owned(),
        permissions: permissions(texts),
        allowed_networks: Vec::new(),
        lifetime: Some(Seconds::days(90)),
        signing: Signing::Refused,
    }
}

async fn event(app: &TestApp, kind: SecurityEvent) -> Entry {
    Entry {
        id: SecurityEventId::from_random(jwt::random::bytes::<16>()),
        user_id: alice(app).await.id,
        at: app.now(),
        kind,
        client_id: None,
        session_id: None,
        origin: Origin::default(),
        details: serde_json::Map::new(),
        trace_id: None,
        expires_at: app.now() + Seconds::days(1),
    }
}

async fn make(app: &TestApp, wanted: Wanted) -> Made {
    let event = event(app, SecurityEvent::ApiKeyCreated).await;
    workshop(app).make(wanted, event, app.now()).await.unwrap().expect("there is room")
}

/// A key of alice for the API with these permissions, whose resource server is in place.
pub(crate) async fn key(app: &TestApp, texts: &[&str]) -> Made {
    serve_the_api(app).await;
    make(app, wanted(app, texts).await).await
}

async fn introspect(app: &TestApp, client: As<'_>, form: &[(&str, &str)]) -> Page {
    let form: Vec<_> = form.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    app.post("/introspect", client, &form).await
}

/// What the API learns about a key.
async fn told(app: &TestApp, made: &Made) -> Page {
    app.introspect(API_CLIENT, made.key.expose()).await
}

async fn kept(app: &TestApp, made: &Made) -> ApiKeyRecord {
    store::api_keys::find(&app.store, &made.record.id).await.unwrap().unwrap().record
}

/// The API of the tests with other scopes.
fn api(scopes: &[&str]) -> Api {
    let scope = |name: &&str| ApiScope { name: ScopeToken::parse(name).unwrap(), description: format!("Use {name}") };
    Api {
        identifier: API.to_owned(),
        name: "Notes".to_owned(),
        token_format: TokenFormat::Jwt,
        signing_alg: SigningAlgorithm::ES256,
        access_token_lifetime: Seconds(300),
        scopes: scopes.iter().map(scope).collect(),
    }
}
