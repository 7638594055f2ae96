//! The log: paged, filtered, and one's own.

use protocol::ids::SecurityEventId;
use protocol::security_event::SecurityEvent;
use protocol::time::Seconds;
use store::security_events::{Entry, insert};
use store::sessions::Origin;
use testkit::app::TestApp;

use super::signed_in;
use crate::on_each_engine;

async fn events(app: &TestApp, username: &str, kind: SecurityEvent, count: i64) {
    let user = store::users::find_by_login(&app.store, username).await.unwrap().unwrap();
    for number in 0..count {
        let entry = Entry {
            id: SecurityEventId::from_random(jwt::random::bytes::<16>()),
            user_id: user.id.clone(),
            at: app.now() - Seconds(number / 3), // several in one second
            kind,
            client_id: None,
            session_id: None,
            origin: Origin { user_agent: Some(format!("canary-{username}-{number}.")), address: None },
            details: serde_json::Map::new(),
            trace_id: None,
            expires_at: app.now() + Seconds::days(1),
        };
        insert(&app.store, &entry).await.unwrap();
    }
}

#[actix_web::test]
async fn every_entry_is_on_one_page_and_no_foreign_one_is() {
    on_each_engine(async |app| {
        app.user("bob").await;
        events(&app, "alice", SecurityEvent::PasswordChanged, 40).await;
        events(&app, "alice", SecurityEvent::SignInFailed, 5).await;
        events(&app, "bob", SecurityEvent::PasswordChanged, 5).await;
        let (browser, mut page) = signed_in(&app, "alice", "/account/log?kind=password_changed").await;
        let (mut seen, mut pages) = (Vec::new(), 1);
        loop {
            assert!(!page.body.contains("canary-bob") && page.body.contains("value=\"password_changed\" selected"));
            assert!(page.body.len() <= 8_000, "{}", page.body.len());
            seen.extend(
                page.body.split("canary-alice-").skip(1).map(|rest| rest.split('.').next().unwrap().to_owned()),
            );
            let Some(next) = page.body.split("before=").nth(1).and_then(|rest| rest.split('"').next()) else { break };
            page = browser.get(&format!("/account/log?kind=password_changed&before={next}")).await;
            pages += 1;
        }
        seen.sort_by_key(|number| number.parse::<i64>().unwrap());
        assert_eq!(seen, (0..40).map(|number| number.to_string()).collect::<Vec<_>>());
        assert_eq!(pages, 5);
    })
    .await;
}

#[actix_web::test]
async fn what_nobody_wrote_into_the_address_is_ignored() {
    on_each_engine(async |app| {
        let (browser, _) = signed_in(&app, "alice", "/account").await;
        for query in ["kind=unheard-of", "before=x", "before=1.", "before=9.a%20b", "kind=&before=", "before=-1.x"] {
            let page = browser.get(&format!("/account/log?{query}")).await;
            assert!(page.has_id("log-page"), "{query}: {}", page.body);
        }
        let filtered = browser.get("/account/log?kind=totp_added").await;
        assert!(filtered.body.contains("Nothing to show."), "{}", filtered.body);
    })
    .await;
}
