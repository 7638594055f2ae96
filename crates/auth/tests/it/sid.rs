//! What clients call a session: each its own name (OA-141), the same in ID tokens, logout tokens and frames.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use auth::config::Config;
use protocol::ids::{GrantId, SessionId};
use serde_json::{Value, json};
use testkit::app::{TestApp, TestOptions};
use testkit::browser::Browser;
use testkit::database::{TestDatabase, engines};
use testkit::elsewhere::{Authority, Elsewhere, Reply};
use testkit::requests::{As, text};
use tokio::time::sleep;
use url::Url;

/// `public-one`, `public-two` and their pairwise kin; all hear of the end of a session over both channels.
const CLIENTS: [&str; 4] = ["public-one", "public-two", "pairwise-one", "pairwise-two"];

struct Scene {
    app: TestApp,
    elsewhere: Elsewhere,
    _authority: Authority,
}

async fn scene(database: TestDatabase) -> Scene {
    let authority = Authority::new();
    let elsewhere = Elsewhere::start(&authority);
    let outbound = elsewhere.allowed_by(&authority);
    let config = Box::new(|config: &mut Config| {
        config.outbound = outbound;
        config.openid.frontchannel_logout = true;
    });
    let app = TestApp::start_with(database, TestOptions { config, ..TestOptions::default() }).await;
    for id in CLIENTS {
        let path = format!("/{id}");
        elsewhere.publish(&path, Reply::new(""));
        let metadata = json!({
            "token_endpoint_auth_method": "none",
            "consent_policy": "first_party",
            "subject_type": id.split('-').next(),
            "backchannel_logout_uri": elsewhere.url(&path),
            "frontchannel_logout_uri": format!("https://app.example.com/{id}"),
        });
        app.client(id, &metadata.to_string()).await;
    }
    Scene { app, elsewhere, _authority: authority }
}

/// The tokens of one sign-in at a client.
async fn tokens(app: &TestApp, browser: &Browser, client: &str) -> Value {
    let code = browser.authorize(&app.authorize_url(client, &[("scope", "openid")])).await["code"].clone();
    let mut tokens = app.redeem(As::Public(client), &code, &[]).await.json();
    tokens["grant"] = code.split('.').next().unwrap().into();
    tokens
}

fn sid(token: &str) -> String {
    let claims: Value = jwt::verify::unverified_claims(token).unwrap();
    text(&claims, "sid").to_owned()
}

async fn session_of(app: &TestApp, grant: &str) -> SessionId {
    let grant = store::grants::find(&app.store, &GrantId::parse(grant).unwrap()).await.unwrap().unwrap();
    grant.session_id.unwrap()
}

#[actix_web::test]
async fn no_two_clients_can_join_what_they_were_told_of_a_session() {
    for database in engines() {
        let Scene { app, .. } = scene(database).await;
        let browser = Browser::new(&app);
        let mut names = HashSet::new();
        for client in CLIENTS {
            let tokens = tokens(&app, &browser, client).await;
            let name = sid(text(&tokens, "id_token"));
            let session = session_of(&app, text(&tokens, "grant")).await;
            assert!(name != session.as_str() && name.len() <= 43, "{name}");
            let again = self::tokens(&app, &browser, client).await;
            assert_eq!(sid(text(&again, "id_token")), name, "the same session");
            assert_eq!(session_of(&app, text(&again, "grant")).await, session);
            names.insert(name);
        }
        let other = tokens(&app, &Browser::new(&app), CLIENTS[0]).await;
        names.insert(sid(text(&other, "id_token")));
        assert_eq!(names.len(), CLIENTS.len() + 1, "another client, another session: another name");
    }
}

#[actix_web::test]
async fn id_token_logout_token_and_frame_agree() {
    for database in engines() {
        let Scene { app, elsewhere, .. } = &scene(database).await;
        let browser = Browser::new(app);
        let mut named = Vec::new();
        for client in CLIENTS {
            let tokens = tokens(app, &browser, client).await;
            named.push((client, text(&tokens, "id_token").to_owned()));
        }
        let page = browser.get(&format!("/logout?id_token_hint={}", named[2].1)).await;
        assert!(page.has_id("logged-out-page"), "a hint of this session saves the question: {}", page.body);
        let began = Instant::now();
        while elsewhere.count() < CLIENTS.len() {
            assert!(began.elapsed() < Duration::from_secs(20), "nobody is told");
            sleep(Duration::from_millis(20)).await;
        }
        for (client, id_token) in named {
            let received = elsewhere.received();
            let told = received.iter().find(|request| request.path == format!("/{client}")).unwrap();
            assert_eq!(sid(told.body.strip_prefix("logout_token=").unwrap()), sid(&id_token), "{client}");
            let frame = page.body.split("<iframe src=\"").skip(1).map(|rest| rest.split('"').next().unwrap());
            let frame = frame.map(|source| Url::parse(&source.replace("&#38;", "&")).unwrap());
            let frame = frame.into_iter().find(|url| url.path() == format!("/{client}")).unwrap();
            let in_frame = frame.query_pairs().find(|(name, _)| name == "sid").unwrap().1.into_owned();
            assert_eq!(in_frame, sid(&id_token), "{client}");
        }
    }
}

/// A name is of one client: that of another, though of this very session, is not this client's.
#[actix_web::test]
async fn a_hint_of_another_session_does_not_save_the_question() {
    for database in engines() {
        let Scene { app, .. } = scene(database).await;
        let (here, there) = (Browser::new(&app), Browser::new(&app));
        tokens(&app, &here, CLIENTS[0]).await;
        let foreign = tokens(&app, &there, CLIENTS[0]).await;
        let page = here.get(&format!("/logout?id_token_hint={}", text(&foreign, "id_token"))).await;
        assert!(page.has_id("logout-yes"), "{}", page.body);
    }
}
