//! Who may register, how often, and for how long without being used (RFC 7591 §3, §5; OA-155).

use auth::config::{Config, RegistrationAccess};
use futures_util::future::join_all;
use protocol::client::RegisteredBy;
use protocol::ids::InitialAccessTokenId;
use protocol::secret::NamedToken;
use protocol::time::Seconds;
use serde_json::{Value, json};
use store::initial_access_tokens::InitialAccessToken;
use testkit::app::TestApp;
use testkit::requests::text;

use crate::registration::{assert_refused, metadata, on_each, open, post, register};

/// A token with these uses that is good for a day.
async fn initial_access_token(app: &TestApp, uses_left: i64) -> String {
    let token: NamedToken<InitialAccessTokenId> =
        auth::random::named_token(InitialAccessTokenId::from_random(auth::random::id()));
    let kept = InitialAccessToken {
        id: token.id.clone(),
        secret_hash: token.hash(),
        note: String::new(),
        uses_left,
        created_at: app.now(),
        expires_at: app.now() + Seconds::days(1),
    };
    store::initial_access_tokens::insert(&app.store, &kept).await.unwrap();
    token.print().expose().clone()
}

#[actix_web::test]
async fn by_default_there_is_no_registration() {
    crate::on_each_engine(async |app| {
        for (method, path) in
            [("POST", "/register"), ("GET", "/register"), ("GET", "/register/x"), ("DELETE", "/register/x")]
        {
            let page = app.json(method, path, Some("x"), Some(&metadata(json!({})))).await;
            let unknown = app.json(method, "/no-such-path", Some("x"), Some(&metadata(json!({})))).await;
            assert_eq!((page.status.as_u16(), page.status), (404, unknown.status), "{method} {path}");
        }
        let discovery = app.json("GET", "/.well-known/openid-configuration", None, None).await.json();
        assert_eq!(discovery.get("registration_endpoint"), None);
    })
    .await;
}

pub(super) async fn dynamic_clients(app: &TestApp) -> usize {
    let all = store::clients::list(&app.store, None, 1_000).await.unwrap();
    all.iter().filter(|client| client.registered_by == RegisteredBy::Dynamic).count()
}

#[actix_web::test]
async fn an_initial_access_token_is_needed_where_it_is_the_rule() {
    let by_token = |config: &mut Config| config.registration.access = RegistrationAccess::InitialAccessToken;
    on_each(by_token, async |app| {
        let token = initial_access_token(&app, 2).await;
        let right = metadata(json!({}));
        let other = token.replace(&token[token.len() - 5..], "AAAAA");
        for bearer in [None, Some("nonsense"), Some("a.b"), Some(other.as_str())] {
            let page = post(&app, bearer, &right).await;
            assert_refused(&page, 401, "invalid_token", "initial access token");
            assert!(page.header("www-authenticate").starts_with("Bearer realm="), "{bearer:?}");
        }
        let page = post(&app, Some(&token), &metadata(json!({ "redirect_uris": [] }))).await;
        assert_eq!(page.status, 400, "what is refused uses nothing up");
        for _ in 0..2 {
            assert_eq!(post(&app, Some(&token), &right).await.status, 201);
        }
        assert_refused(&post(&app, Some(&token), &right).await, 401, "invalid_token", "used up");

        let late = initial_access_token(&app, 2).await;
        app.clock.advance(Seconds::days(1));
        assert_refused(&post(&app, Some(&late), &right).await, 401, "invalid_token", "expired");
        assert_eq!(dynamic_clients(&app).await, 2);
    })
    .await;
}

#[actix_web::test]
async fn of_50_parallel_registrations_a_token_with_3_uses_admits_3() {
    let by_token = |config: &mut Config| config.registration.access = RegistrationAccess::InitialAccessToken;
    on_each(by_token, async |app| {
        let token = initial_access_token(&app, 3).await;
        let right = metadata(json!({}));
        let pages = join_all((0..50).map(|_| post(&app, Some(&token), &right))).await;
        let admitted = pages.iter().filter(|page| page.status == 201).count();
        assert_eq!(admitted, 3);
        assert!(pages.iter().all(|page| [201, 401].contains(&page.status.as_u16())));
        assert_eq!(dynamic_clients(&app).await, 3);
    })
    .await;
}

#[actix_web::test]
async fn one_address_registers_so_many_clients_in_an_hour() {
    let two = |config: &mut Config| {
        open(config);
        config.registration.per_address_per_hour = 2;
    };
    on_each(two, async |app| {
        register(&app, json!({})).await;
        assert_eq!(post(&app, None, &metadata(json!({ "redirect_uris": [] }))).await.status, 400, "tries count");
        let page = post(&app, None, &metadata(json!({}))).await;
        assert_refused(&page, 429, "temporarily_unavailable", "too many");
        assert_eq!(page.header("retry-after"), "3600");
        app.clock.advance(Seconds(3_600));
        register(&app, json!({})).await;
    })
    .await;
}

#[actix_web::test]
async fn a_client_that_nobody_used_goes_and_a_used_one_stays() {
    on_each(open, async |app| {
        let (used, unused) = (register(&app, json!({})).await, register(&app, json!({})).await);
        app.clock.advance(Seconds::days(30) - Seconds(1));
        app.code(text(&used, "client_id"), &[]).await;
        app.clock.advance(Seconds(1));
        while store::sweep::run_once(&app.store, app.now(), 100).await.unwrap() > 0 {}
        let read = async |told: &Value| {
            let path = format!("/register/{}", text(told, "client_id"));
            app.json("GET", &path, Some(text(told, "registration_access_token")), None).await.status.as_u16()
        };
        assert_eq!((read(&used).await, read(&unused).await), (200, 401));
    })
    .await;
}
