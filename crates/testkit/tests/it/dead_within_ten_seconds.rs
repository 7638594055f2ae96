//! What ended at the issuer is dead at the API within ten seconds: a key that was revoked (as `Bearer`, by `Basic`, as the key of a
//! signed request), a session that ended, a person who was disabled, whether they came with a token or with a cookie.

use std::time::{Duration, Instant};

use auth::api_keys::{Made, Signing, Wanted, Workshop};
use futures_util::future::join_all;
use protocol::api_key::ApiKey;
use protocol::audience::ApiScope;
use protocol::client::{Client as Registered, ConsentPolicy};
use protocol::ids::{ClientId, SecurityEventId};
use protocol::permission::Permission;
use protocol::scope::{Scope, ScopeToken};
use protocol::security_event::SecurityEvent;
use protocol::time::Seconds;
use protocol::user::User;
use reqwest::Client;
use resource_api::signature::{Message, PublicUrl, Signer, shared_key};
use store::Won;
use store::security_events::Entry;
use store::sessions::Origin;
use testkit::browser::{Browser, plain_http};
use testkit::database::engines;
use testkit::house::{API_CLIENT, House};
use testkit::requests::{As, text};
use url::Url;

const SCOPE: &str = "openid notes:read notes:write";
const LIMIT: Duration = Duration::from_secs(10);

fn event(house: &House, owner: &User, kind: SecurityEvent) -> Entry {
    Entry {
        id: SecurityEventId::from_random(jwt::random::bytes::<16>()),
        user_id: owner.id.clone(),
        at: house.app.now(),
        kind,
        client_id: None,
        session_id: None,
        origin: Origin::default(),
        details: serde_json::Map::new(),
        trace_id: None,
        expires_at: house.app.now() + Seconds::days(1),
    }
}

fn workshop(house: &House) -> Workshop<'_> {
    Workshop { store: &house.app.store, secrets: house.app.keys.secrets(), longest: None }
}

async fn key(house: &House, owner: &User, permission: &str, signing: Signing) -> Made {
    let wanted = Wanted {
        owner: owner.id.clone(),
        name: "Backup".to_owned(),
        api: house.api_url.clone(),
        permissions: vec![Permission::parse(permission).unwrap()],
        allowed_networks: Vec::new(),
        lifetime: Some(Seconds::days(1)),
        signing,
    };
    let event = event(house, owner, SecurityEvent::ApiKeyCreated);
    workshop(house).make(wanted, event, house.app.now()).await.unwrap().expect("there is room")
}

/// What comes with a request.
enum Credential<'c> {
    Bearer(&'c str),
    /// The name of the owner of a key, and the key.
    Basic(&'c str, &'c ApiKey),
    /// The key with which the request is signed; it stays here.
    Signed(&'c ApiKey),
}

async fn status(http: &Client, house: &House, credential: &Credential<'_>) -> u16 {
    let request = http.get(format!("{}/notes", house.api_url));
    let request = match credential {
        Credential::Bearer(text) => request.bearer_auth(text),
        Credential::Basic(user, key) => request.basic_auth(user, Some(key.expose())),
        Credential::Signed(key) => {
            let (url, secret) = (Url::parse(&house.api_url).unwrap(), shared_key(key.expose()));
            let nonce = u64::from_le_bytes(jwt::random::bytes()).to_string();
            let signer = Signer { key_id: &key.id, key: &secret, created: house.app.now(), nonce: &nonce };
            let message = Message { method: "GET", target: "/notes", fields: &[] };
            let signed = signer.sign(&PublicUrl::new(&url).unwrap(), &message, b"").unwrap();
            signed.iter().fold(request, |request, (name, value)| request.header(name, value))
        }
    };
    request.send().await.unwrap().status().as_u16()
}

/// Asks until the credential is refused; fails after [`LIMIT`] and what one request takes.
async fn dies(http: &Client, house: &House, credential: &Credential<'_>, what: &str) {
    let began = Instant::now();
    while status(http, house, credential).await != 401 {
        assert!(began.elapsed() < LIMIT + Duration::from_secs(2), "{what} is alive after {:?}", began.elapsed());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// A sign-in of somebody in a browser of their own: the access token.
async fn token(house: &House, username: &str) -> String {
    let browser = Browser::new(&house.app);
    let login = browser.open(&house.app.authorize_url("first-party", &[("scope", SCOPE)])).await;
    let code = browser.sign_in(&login, username).await.answer()["code"].clone();
    let tokens = house.app.redeem(As::Basic("first-party"), &code, &[]).await.json();
    text(&tokens, "access_token").to_owned()
}

#[actix_web::test]
async fn a_revoked_key_an_ended_session_and_a_disabled_person_are_refused_within_ten_seconds() {
    for database in engines() {
        let house = House::start_with(database, |config| config.settings.basic = true).await;
        let http = plain_http().build().unwrap();
        let (bob, carol, dora) =
            (house.app.user("bob").await, house.app.user("carol").await, house.app.user("dora").await);
        let (mut revoked, of_dora) = (Vec::new(), key(&house, &dora, "notes:*", Signing::Refused).await);
        for signing in [Signing::Refused, Signing::Refused, Signing::Allowed] {
            revoked.push(key(&house, &bob, "read", signing).await);
        }
        let (of_carol, dora_token) = (token(&house, "carol").await, token(&house, "dora").await);
        let all = [
            (Credential::Bearer(revoked[0].key.expose()), "a revoked key"),
            (Credential::Basic("bob", &revoked[1].key), "a revoked key by Basic"),
            (Credential::Signed(&revoked[2].key), "a revoked key that signs"),
            (Credential::Bearer(of_dora.key.expose()), "the key of a disabled person"),
            (Credential::Bearer(&of_carol), "an ended session"),
            (Credential::Bearer(&dora_token), "a disabled person"),
        ];
        for (credential, what) in &all {
            assert_eq!(status(&http, &house, credential).await, 200, "{what}");
        }
        let store = &house.app.store;
        for made in &revoked {
            let revocation = event(&house, &bob, SecurityEvent::ApiKeyRevoked);
            assert_eq!(workshop(&house).revoke(&made.record, revocation, house.app.now()).await.unwrap(), Won::Yes);
        }
        assert_eq!(store::sessions::end_all_of_user(store, &carol.id, house.app.now()).await.unwrap(), 1);
        assert_eq!(store::users::disable(store, &dora.id, house.app.now()).await.unwrap(), Won::Yes);
        join_all(all.iter().map(|(credential, what)| dies(&http, &house, credential, what))).await;
    }
}

/// The API's page has all scopes, and its person has agreed; nobody tells it of a logout, because it is not on https.
async fn open_the_page(house: &House) {
    let store = &house.app.store;
    let scopes = ["notes:read", "notes:write", "files:read", "files:write", "groups:read", "groups:write"];
    let mut api = store::apis::find(store, &house.api_url).await.unwrap().unwrap();
    let scope = |name: &str| ApiScope { name: ScopeToken::parse(name).unwrap(), description: name.to_owned() };
    api.scopes = scopes.map(scope).into();
    assert_eq!(store::apis::delete(store, &house.api_url).await.unwrap(), Won::Yes);
    store::apis::insert(store, &api).await.unwrap();
    let id = ClientId::parse(API_CLIENT).unwrap();
    assert_eq!(store::apis::set_resource_server(store, &house.api_url, Some(&id)).await.unwrap(), Won::Yes);
    let client = store::clients::find(store, &id).await.unwrap().unwrap();
    assert_eq!(client.backchannel_logout, None);
    let scope = Scope::parse(&format!("openid profile offline_access {}", scopes.join(" "))).unwrap();
    let client = Registered { scope, consent: ConsentPolicy::FirstParty, ..client };
    assert_eq!(store::clients::update(store, &client).await.unwrap(), Won::Yes);
}

/// A browser that is signed in to the API's page.
async fn on_the_page(house: &House, username: &str) -> Browser {
    let browser = Browser::new(&house.app);
    let start = browser.get(&format!("{}/bff/login", house.api_url)).await;
    let login = browser.follow(start).await;
    let callback = browser.sign_in(&login, username).await.location().expect("a callback");
    assert_eq!(browser.get(&callback).await.status, 303);
    browser
}

#[actix_web::test]
async fn a_session_of_a_page_ends_with_the_one_at_the_issuer_though_nobody_says_so() {
    for database in engines() {
        let house = House::start(database).await;
        open_the_page(&house).await;
        let (erin, frank) = (house.app.user("erin").await, house.app.user("frank").await);
        let (reads, looks) = (on_the_page(&house, "erin").await, on_the_page(&house, "frank").await);
        let (notes, me) = (format!("{}/notes", house.api_url), format!("{}/bff/me", house.api_url));
        let status = async |browser: &Browser, url: &str| browser.get(url).await.status.as_u16();
        for (browser, url) in [(&reads, &notes), (&reads, &me), (&looks, &me)] {
            assert_eq!(status(browser, url).await, 200, "{url}");
        }
        for person in [&erin, &frank] {
            let ended = store::sessions::end_all_of_user(&house.app.store, &person.id, house.app.now()).await;
            assert_eq!(ended.unwrap(), 1);
        }
        let dies = async |browser: &Browser, url: &str| {
            let began = Instant::now();
            while status(browser, url).await != 401 {
                assert!(began.elapsed() < LIMIT + Duration::from_secs(2), "{url} is alive after {:?}", began.elapsed());
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        };
        join_all([dies(&reads, &notes), dies(&looks, &me)]).await;
        assert_eq!(status(&reads, &me).await, 401);
    }
}

#[actix_web::test]
async fn a_key_is_worth_what_it_says_and_no_more() {
    for database in engines() {
        let house = House::start(database).await;
        let http = plain_http().build().unwrap();
        let bob = house.app.user("bob").await;
        let key = key(&house, &bob, "read", Signing::Refused).await;
        let note = serde_json::json!({ "title": "Milk" });
        for header in ["authorization", "x-api-key"] {
            let value = match header {
                "authorization" => format!("Bearer {}", key.key.expose()),
                _ => key.key.expose().to_owned(),
            };
            let notes = format!("{}/notes", house.api_url);
            assert_eq!(http.get(&notes).header(header, &value).send().await.unwrap().status(), 200);
            let refused = http.post(&notes).header(header, &value).json(&note).send().await.unwrap();
            assert_eq!(refused.status(), 403);
            let challenge = refused.headers()["www-authenticate"].to_str().unwrap().to_owned();
            assert!(challenge.contains("insufficient_scope") && challenge.contains("notes:write"), "{challenge}");
        }
    }
}
