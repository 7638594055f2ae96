//! What is kept of each client's requests: the true causes, nothing secret, no more than asked for.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use protocol::ids::ClientId;
use protocol::secret::TokenHash;
use protocol::time::Seconds;
use store::protocol_log::{self, Exchange, Standing, Whose};
use testkit::app::{CLIENT_SECRET, REDIRECT_URI, TestApp, TestOptions};
use testkit::browser::{Browser, Page};
use testkit::database::engines;
use testkit::requests::{As, NONCE, STATE, VERIFIER, text};

use crate::on_each_engine;

/// Waits for the exchange of a page; the log is written beside the requests.
async fn logged(app: &TestApp, page: &Page) -> Exchange {
    let trace_id = page.header("x-trace-id");
    for _ in 0..100 {
        if let Some(exchange) = protocol_log::find(&app.store, trace_id).await.unwrap() {
            return exchange;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("nothing was written about {trace_id}: {} {}", page.status, page.body);
}

async fn of(app: &TestApp, client: &str) -> Vec<Exchange> {
    let id = ClientId::parse(client).ok();
    let whose = id.as_ref().map_or(Whose::Nobody, Whose::Client);
    protocol_log::last(&app.store, whose, 1_000).await.unwrap()
}

fn endpoints(exchanges: &[Exchange]) -> Vec<(&str, &str, u16)> {
    exchanges.iter().map(|it| (it.method.as_str(), it.endpoint.as_str(), it.status)).collect()
}

fn parameter<'a>(exchange: &'a Exchange, name: &str) -> Option<&'a str> {
    exchange.parameters.iter().find(|(held, _)| held == name).map(|(_, value)| value.as_str())
}

#[actix_web::test]
async fn a_whole_sign_in_is_kept_without_its_secrets() {
    on_each_engine(async |app| {
        app.get_documents().await;
        let browser = Browser::new(&app);
        let answer = browser.authorize(&app.authorize_url("confidential", &[])).await;
        let page = app.redeem(As::Post("confidential"), &answer["code"], &[]).await;
        let tokens = page.json();
        let (access, refresh, id_token) =
            (text(&tokens, "access_token"), text(&tokens, "refresh_token"), text(&tokens, "id_token"));
        app.userinfo(access).await;
        app.introspect(As::Basic("confidential"), access).await;
        app.refresh(As::Basic("confidential"), refresh, &[]).await;
        let revoked = app.revoke(As::Basic("confidential"), access).await;
        let bye = browser.get(&format!("/logout?id_token_hint={id_token}&state=hunter2")).await;
        assert!(bye.has_id("logged-out-page"), "{}", bye.body);
        logged(&app, &bye).await;
        logged(&app, &revoked).await;

        let kept = of(&app, "confidential").await;
        let expected = [
            ("GET", "/authorize", 303),
            ("POST", "/consent", 303),
            ("POST", "/token", 200),
            ("GET", "/userinfo", 200),
            ("POST", "/introspect", 200),
            ("POST", "/token", 200),
            ("POST", "/revoke", 200),
            ("GET", "/logout", 200),
        ];
        assert_eq!(endpoints(&kept), expected);
        let claimed: Vec<_> = kept.iter().filter(|it| it.standing == Standing::Claimed).collect();
        assert_eq!(claimed, [&kept[0]], "when it all began nobody was signed in");
        assert_eq!(parameter(&kept[0], "scope"), Some("openid profile email offline_access"));
        assert_eq!(parameter(&kept[1], "redirect_uri"), Some(REDIRECT_URI), "the request that is answered");
        assert_eq!(parameter(&kept[1], "state"), Some("present"));
        assert_eq!(parameter(&kept[2], "grant_type"), Some("authorization_code"));
        let all = format!("{kept:?}");
        let secrets = [&answer["code"], access, refresh, id_token, CLIENT_SECRET, VERIFIER, STATE, NONCE, "hunter2"];
        for secret in secrets {
            assert!(!all.contains(secret), "{secret} in {all}");
        }
        assert!(kept.iter().all(|it| it.error.is_none() && it.cause.is_none() && it.micros > 0), "{all}");
    })
    .await;
}

trait Documents {
    async fn get_documents(&self);
}

impl Documents for TestApp {
    /// What is not an exchange with a client.
    async fn get_documents(&self) {
        let browser = Browser::new(self);
        for path in ["/.well-known/openid-configuration", "/jwks", "/", "/errors", "/livez", "/login", "/nowhere"] {
            browser.get(path).await;
        }
    }
}

#[actix_web::test]
async fn pages_documents_and_health_are_no_exchanges() {
    on_each_engine(async |app| {
        app.get_documents().await;
        let last = app.client_credentials(As::Basic("nobody"), &[]).await;
        logged(&app, &last).await;
        let kept = of(&app, "").await;
        let strangers: Vec<_> = kept.iter().filter(|it| it.endpoint != "/token").collect();
        // /login without an interaction is refused, and that is worth knowing.
        assert!(strangers.iter().all(|it| it.endpoint == "/login" && it.status == 400), "{strangers:?}");
    })
    .await;
}

async fn cause(app: &TestApp, page: Page) -> String {
    let exchange = logged(app, &page).await;
    assert!(exchange.error.is_some(), "{exchange:?}");
    exchange.cause.unwrap_or_else(|| exchange.description.unwrap_or_default())
}

#[actix_web::test]
async fn each_invalid_grant_has_its_own_cause() {
    on_each_engine(async |app| {
        let public = As::Public("public");
        let code = app.code("public", &[]).await;
        let wrong: [(&[(&str, &str)], &str); 4] = [
            (
                &[("code_verifier", "another-verifier-of-at-least-forty-three-chars-")],
                "does not fit the code_challenge",
            ),
            (&[("code_verifier", "")], "has no verifier"),
            (&[("redirect_uri", "https://app.example.com/other")], "it was https://app.example.com/callback, it is "),
            (&[("code", "nonsense")], "does not have the form of ours"),
        ];
        for (changes, expected) in wrong {
            let found = cause(&app, app.redeem(public, &code, changes).await).await;
            assert!(found.contains(expected), "{found}");
        }
        let found = cause(&app, app.redeem(As::Basic("confidential"), &code, &[]).await).await;
        assert!(found.contains("issued to another client, public"), "{found}");

        app.clock.advance(Seconds(75));
        let found = cause(&app, app.redeem(public, &code, &[]).await).await;
        assert_eq!(found, "the code has expired, 15 s ago");

        let code = app.code("public", &[]).await;
        let tokens = app.redeem(public, &code, &[]).await.json();
        let found = cause(&app, app.redeem(public, &code, &[]).await).await;
        assert_eq!(found, "the code was used twice; its tokens are revoked");
        let found = cause(&app, app.refresh(public, text(&tokens, "refresh_token"), &[]).await).await;
        assert_eq!(found, "the grant was ended 0 s ago: code_reused");

        let tokens = app.tokens(public, &[]).await;
        let first = text(&tokens, "refresh_token");
        app.refresh(public, first, &[]).await;
        app.clock.advance(Seconds(40));
        let found = cause(&app, app.refresh(public, first, &[]).await).await;
        assert!(found.contains("was rotated and came back"), "{found}");

        let tokens = app.tokens(public, &[]).await;
        app.clock.advance(Seconds(app.config.tokens.refresh_token_idle + 7));
        let found = cause(&app, app.refresh(public, text(&tokens, "refresh_token"), &[]).await).await;
        assert!(found.contains("not used for too long") && found.contains(" 7 s ago"), "{found}");
    })
    .await;
}

#[actix_web::test]
async fn each_invalid_client_has_its_own_cause() {
    on_each_engine(async |app| {
        let basic = |pair: &str| format!("Basic {}", STANDARD.encode(pair));
        let form = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            let all = [&[("grant_type", "client_credentials")], pairs].concat();
            all.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
        };
        let machine = ClientId::parse("machine").unwrap();
        let (now, special) = (app.now(), TokenHash::of(b"a+b%zz/100%25"));
        store::clients::add_secret(&app.store, &machine, &special, now, None).await.unwrap();
        let old = TokenHash::of(b"old");
        store::clients::add_secret(&app.store, &machine, &old, now, Some(now + Seconds(10))).await.unwrap();
        let plus = TokenHash::of(b"c+d");
        store::clients::add_secret(&app.store, &machine, &plus, now, None).await.unwrap();
        app.clock.advance(Seconds(52));

        let header = |pair: &str| (Some(basic(pair)), form(&[]));
        let cases = [
            (header("nobody:x"), "no client is registered with the id nobo…"),
            (header("machine:wrong"), "the secret sent with HTTP Basic is wrong"),
            (header("machine:old"), "the secret expired 42 s ago"),
            (header("machine:c+d"), "was sent without the form encoding"),
            (header("machine:a+b%zz/100%25"), "cannot be form-decoded"),
            (
                (None, form(&[("client_id", "machine"), ("client_secret", "wrong")])),
                "the secret sent in the body is wrong",
            ),
            (
                (None, form(&[("client_id", "machine")])),
                "registered for client_secret_basic, but it came with no credential",
            ),
            ((Some(basic("public:x")), form(&[])), "registered for none, but it came with a secret by HTTP Basic"),
            (
                (Some(basic("machine:x")), form(&[("client_id", "machine"), ("client_secret", "x")])),
                "use only one way of client authentication",
            ),
        ];
        for ((authorization, form), expected) in cases {
            let page = app.post_raw("/token", authorization.as_deref(), &form).await;
            assert!([400, 401].contains(&page.status.as_u16()), "{expected}: {}", page.body);
            assert!(!page.body.contains("expired") && !page.body.contains("registered"), "a stranger learns nothing");
            let exchange = logged(&app, &page).await;
            let found = exchange.cause.clone().or(exchange.description.clone()).unwrap();
            assert!(found.contains(expected), "{found}, not {expected}");
            let client = exchange.client_id.as_ref().map(ClientId::as_str);
            let decoded = !expected.contains("form-decoded") && !expected.contains("nobo");
            assert_eq!(client.is_some(), decoded, "{exchange:?}");
        }
    })
    .await;
}

#[actix_web::test]
async fn a_refusal_on_a_page_is_kept_with_what_was_registered() {
    on_each_engine(async |app| {
        let browser = Browser::new(&app);
        let other = "https://app.example.com/callback/";
        let page = browser.get(&app.authorize_url("public", &[("redirect_uri", other)])).await;
        let exchange = logged(&app, &page).await;
        assert_eq!((exchange.error.as_deref(), exchange.status), (Some("invalid_request"), 400));
        assert_eq!(exchange.cause.unwrap(), format!("received {other}, registered {REDIRECT_URI}"));
        assert_eq!(exchange.client_id.unwrap().as_str(), "public");

        let secretive = format!("{other}?ticket=hunter2&{}", "x".repeat(3_000));
        let page = browser.get(&app.authorize_url("public", &[("redirect_uri", &secretive)])).await;
        let exchange = logged(&app, &page).await;
        assert_eq!(exchange.cause.unwrap(), format!("received {other}?…, registered {REDIRECT_URI}"));
        let kept = exchange.parameters.iter().find(|(name, _)| name == "redirect_uri").map(|(_, value)| value.clone());
        assert_eq!(kept, Some(format!("{other}?…")), "what is in the query of a wrong URI may be a secret");
        let page = browser.get(&app.authorize_url("public", &[("prompt", "none")])).await;
        let exchange = logged(&app, &page).await;
        assert_eq!((exchange.error.as_deref(), exchange.status), (Some("login_required"), 303));
        assert_eq!(parameter(&exchange, "prompt"), Some("none"));
    })
    .await;
}

/// Strangers can name any client; what they cause is short, and takes nothing of what the client did itself.
#[actix_web::test]
async fn strangers_push_nothing_out_of_the_log_of_a_client() {
    for database in engines() {
        let config = Box::new(|config: &mut auth::config::Config| config.protocol_log.exchanges_per_client = 5);
        let app = TestApp::start_with(database, TestOptions { config, ..TestOptions::default() }).await;
        let own = app.client_credentials(As::Basic("machine"), &[("scope", "unknown")]).await;
        logged(&app, &own).await;
        let long = format!("https://evil.example/{}", "a".repeat(1_500));
        let browser = Browser::new(&app);
        let wrong = [("client_id", "machine"), ("client_secret", "wrong"), ("grant_type", "client_credentials")];
        let wrong = wrong.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let mut last = None;
        for _ in 0..10 {
            browser.get(&app.authorize_url("machine", &[("redirect_uri", &long)])).await;
            last = Some(app.post_raw("/token", None, &wrong).await);
        }
        logged(&app, &last.unwrap()).await;
        let kept = of(&app, "machine").await;
        let standings: Vec<_> = kept.iter().map(|it| it.standing).collect();
        assert_eq!(standings, [&[Standing::Proven][..], &[Standing::Claimed; 5]].concat());
        assert_eq!(
            (&kept[0].trace_id[..], kept[0].error.as_deref()),
            (own.header("x-trace-id"), Some("invalid_scope"))
        );
        let size = kept.iter().map(|it| format!("{it:?}").len()).max().unwrap();
        assert!(size < 2_500, "{size} in {kept:?}");
    }
}

#[actix_web::test]
async fn no_more_than_the_last_exchanges_are_kept() {
    for database in engines() {
        let config = Box::new(|config: &mut auth::config::Config| config.protocol_log.exchanges_per_client = 5);
        let app = TestApp::start_with(database, TestOptions { config, ..TestOptions::default() }).await;
        let mut traces = Vec::new();
        for _ in 0..12 {
            let page = app.client_credentials(As::Basic("machine"), &[]).await;
            traces.push(page.header("x-trace-id").to_owned());
            if traces.len() % 4 == 0 {
                logged(&app, &page).await;
            }
        }
        let kept: Vec<_> = of(&app, "machine").await.into_iter().map(|it| it.trace_id).collect();
        assert_eq!(kept, traces[7..]);
    }
}

#[actix_web::test]
async fn a_server_that_stops_writes_what_waits() {
    on_each_engine(async |mut app| {
        let page = app.client_credentials(As::Basic("machine"), &[("scope", "unknown")]).await;
        app.restart().await;
        let trace_id = page.header("x-trace-id");
        let exchange = protocol_log::find(&app.store, trace_id).await.unwrap().expect("it was written at the stop");
        assert_eq!(exchange.error.as_deref(), Some("invalid_scope"));
        app.clock.advance(Seconds(1)); // two processes share no order within a second
        app.client_credentials(As::Basic("machine"), &[]).await;
        let again = app.client_credentials(As::Basic("machine"), &[]).await;
        logged(&app, &again).await;
        let order: Vec<_> = of(&app, "machine").await.into_iter().map(|it| it.trace_id).collect();
        assert_eq!((order.len(), order[0].as_str()), (3, trace_id));
    })
    .await;
}

#[actix_web::test]
async fn it_can_be_switched_off() {
    for database in engines() {
        let config = Box::new(|config: &mut auth::config::Config| config.protocol_log.enabled = false);
        let mut app = TestApp::start_with(database, TestOptions { config, ..TestOptions::default() }).await;
        app.client_credentials(As::Basic("machine"), &[]).await;
        app.restart().await;
        assert_eq!(of(&app, "machine").await, []);
    }
}
