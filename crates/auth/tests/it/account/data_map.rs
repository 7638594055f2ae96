//! Which column holds what of a person: the data map. A column that is added to a migration has to be added here, and a personal one
//! to the export.

mod columns;

use std::collections::BTreeSet;

use protocol::ids::ClientId;
use protocol::time::Seconds;
use serde_json::Value;
use sqlx::any::install_default_drivers;
use sqlx::{AnyPool, AssertSqlSafe, Row as _};
use testkit::app::TestApp;
use testkit::requests::As;

use self::columns::{MAP, OF_NOBODY};
use super::{send, signed_in};
use crate::on_each_engine;

/// What a column is, for a person who asks.
#[derive(Clone, Copy, Debug)]
pub(super) enum Class {
    /// Of the person; at this place of the export.
    Personal(&'static str),
    /// It proves the person, or could be used to guess what does. Never exported.
    Secret,
    /// The id of the person, which says nothing by itself.
    Pseudonym,
    /// What the server needs to work; it follows from what is exported, or says nothing about anybody.
    Operational,
    /// It names the person or may do so, and is gone within days by itself.
    Fleeting,
}

/// Every column of the database: table, name.
async fn columns(app: &TestApp) -> BTreeSet<(String, String)> {
    let sql = match app.store.engine() {
        store::Engine::Sqlite => {
            "SELECT CAST(m.name AS TEXT) AS t, CAST(p.name AS TEXT) AS c
             FROM sqlite_master m JOIN pragma_table_info(m.name) p WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'"
        }
        store::Engine::Postgres => {
            "SELECT CAST(table_name AS TEXT) AS t, CAST(column_name AS TEXT) AS c
             FROM information_schema.columns WHERE table_schema = 'public'"
        }
    };
    install_default_drivers();
    let pool = AnyPool::connect(app.database.url()).await.unwrap();
    let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(&pool).await.unwrap();
    pool.close().await;
    rows.iter().map(|row| (row.get::<String, _>("t"), row.get::<String, _>("c"))).collect()
}

#[actix_web::test]
async fn every_column_has_a_class() {
    on_each_engine(async |app| {
        let found: BTreeSet<_> =
            columns(&app).await.into_iter().filter(|(table, _)| !OF_NOBODY.contains(&table.as_str())).collect();
        let known = MAP
            .iter()
            .flat_map(|(table, columns)| columns.iter().map(|(column, _)| ((*table).to_owned(), (*column).to_owned())));
        assert_eq!(found, known.collect(), "a column is missing in the data map, or gone from the database");
    })
    .await;
}

#[actix_web::test]
async fn every_personal_column_is_exported() {
    on_each_engine(async |app| {
        app.tokens(As::Public("public"), &[("scope", "openid email")]).await;
        let alice = crate::second_factor::alice(&app).await;
        let (browser, page) = signed_in(&app, "alice", "/account/data").await;
        let page = browser.submit(&page, &[("code", &alice.phone.code(app.now()))]).await;
        let page = browser.follow(page).await;
        let alice = alice.user;
        let passkey = store::passkeys::Passkey {
            id: "credential".to_owned(),
            user_id: alice.id.clone(),
            name: "Laptop".to_owned(),
            credential: "{}".to_owned(),
            aaguid: None,
            created_at: app.now(),
            last_used_at: None,
            clone_seen_at: Some(app.now()),
        };
        let _added = store::passkeys::add(&app.store, &passkey, 10).await.unwrap();
        crate::api_keys::key(&app, &["read"]).await;
        let export = send(&browser, &page, "/account/data/export", &[]).await.json();
        for (table, columns) in MAP {
            for (column, class) in columns {
                if let Class::Personal(place) = class {
                    assert!(export.pointer(place).is_some(), "{table}.{column} is not at {place} of {export:#}");
                }
            }
        }
        let members = |value: &Value| value.as_object().map_or(0, serde_json::Map::len);
        assert_eq!(members(&export), 11, "what is new in the export belongs into the data map: {export:#}");
        assert_eq!(export["factors"]["passkeys"][0]["name"], "Laptop");
    })
    .await;
}

#[actix_web::test]
async fn the_whole_log_is_exported() {
    on_each_engine(async |app| {
        let alice = store::users::find_by_login(&app.store, "alice").await.unwrap().unwrap();
        let entry = |number: i64| store::security_events::Entry {
            id: protocol::ids::SecurityEventId::from_random(jwt::random::bytes::<16>()),
            user_id: alice.id.clone(),
            at: app.now() - Seconds(number / 2),
            kind: protocol::security_event::SecurityEvent::SignInFailed,
            client_id: ClientId::parse("public").ok(),
            session_id: None,
            origin: store::sessions::Origin::default(),
            details: serde_json::Map::new(),
            trace_id: None,
            expires_at: app.now() + Seconds::days(1),
        };
        for number in 0..520 {
            store::security_events::insert(&app.store, &entry(number)).await.unwrap();
        }
        let (browser, page) = signed_in(&app, "alice", "/account/data").await;
        let export = send(&browser, &page, "/account/data/export", &[]).await.json();
        let failed =
            export["security_events"].as_array().unwrap().iter().filter(|event| event["kind"] == "sign_in_failed");
        assert_eq!(failed.count(), 520);
    })
    .await;
}

/// Guesses at a password are entries, and anybody can guess.
#[actix_web::test]
async fn of_a_log_without_end_the_newest_are_exported() {
    on_each_engine(async |app| {
        let alice = store::users::find_by_login(&app.store, "alice").await.unwrap().unwrap();
        let (browser, page) = signed_in(&app, "alice", "/account/data").await;
        let export = async || send(&browser, &page, "/account/data/export", &[]).await.json();
        assert_eq!(export().await["security_events_complete"], true);
        let (id, at) = (&alice.id, app.now().0);
        let sql = format!(
            "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 10001)
             INSERT INTO security_events (id, user_id, at, kind, details, expires_at)
             SELECT 'event' || CAST(n AS TEXT), '{id}', {at} - n, 'sign_in_failed', '{{}}', {at} + 1000 FROM numbers"
        );
        install_default_drivers();
        let pool = AnyPool::connect(app.database.url()).await.unwrap();
        sqlx::query(AssertSqlSafe(sql)).execute(&pool).await.unwrap();
        pool.close().await;
        let export = export().await;
        let events = export["security_events"].as_array().unwrap();
        assert_eq!((events.len(), &export["security_events_complete"]), (10_000, &Value::Bool(false)));
        assert_ne!(events[0]["kind"], "sign_in_failed", "the newest is first");
    })
    .await;
}
