//! Which column holds what of a person: the data map. A column that is added to a migration has to be added here, and a personal one
//! to the export.

use std::collections::BTreeSet;

use protocol::ids::ClientId;
use protocol::time::Seconds;
use serde_json::Value;
use sqlx::any::install_default_drivers;
use sqlx::{AnyPool, AssertSqlSafe, Row as _};
use testkit::app::TestApp;
use testkit::requests::As;

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

use Class::{Fleeting, Operational, Personal, Pseudonym, Secret};

/// Tables that hold nothing of people.
const OF_NOBODY: [&str; 11] = [
    "_sqlx_migrations",
    "apis",
    "attempts", // MACs of what is limited
    "client_origins",
    "client_secrets",
    "clients",
    "initial_access_tokens",
    "registrations",
    "revoked_tokens",
    "scopes",
    "used_assertions",
];

type Columns = &'static [(&'static str, Class)];

pub(super) const MAP: [(&str, Columns); 21] = [
    (
        "users",
        &[
            ("id", Personal("/account/sub")),
            ("username", Personal("/account/username")),
            ("email", Personal("/account/email")),
            ("email_verified_at", Personal("/account/email_verified_at")),
            ("phone_number", Personal("/account/phone_number")),
            ("phone_number_verified_at", Personal("/account/phone_number_verified_at")),
            ("profile", Personal("/account/profile")),
            ("group_names", Personal("/account/groups")),
            ("created_at", Personal("/account/created_at")),
            ("updated_at", Personal("/account/updated_at")),
            ("disabled_at", Personal("/account/disabled_at")),
            ("locale", Personal("/account/locale")),
            ("terms_accepted_at", Personal("/account/terms_accepted_at")),
            ("password_change_required_at", Personal("/account/password_change_required_at")),
            ("deletion_due_at", Personal("/account/deletion_due_at")),
        ],
    ),
    ("user_logins", &[("login", Personal("/account/username")), ("user_id", Pseudonym)]),
    ("user_ids", &[("id", Pseudonym)]),
    (
        "passwords",
        &[
            ("user_id", Pseudonym),
            ("phc", Secret),
            ("changed_at", Personal("/factors/password_changed_at")),
            ("needs_second_factor", Operational),
            ("reset_by", Operational),
        ],
    ),
    (
        "passkeys",
        &[
            ("id", Secret),
            ("user_id", Pseudonym),
            ("name", Personal("/factors/passkeys/0/name")),
            ("credential", Secret),
            ("aaguid", Personal("/factors/passkeys/0/aaguid")),
            ("created_at", Personal("/factors/passkeys/0/created_at")),
            ("last_used_at", Personal("/factors/passkeys/0/last_used_at")),
            ("clone_seen_at", Personal("/factors/passkeys/0/clone_seen_at")),
        ],
    ),
    (
        "api_keys",
        &[
            ("id", Personal("/api_keys/0/id")),
            ("user_id", Pseudonym),
            ("name", Personal("/api_keys/0/name")),
            ("hash", Secret),
            ("api", Personal("/api_keys/0/api")),
            ("permissions", Personal("/api_keys/0/permissions")),
            ("allowed_networks", Personal("/api_keys/0/allowed_networks")),
            ("signing_key", Secret),
            ("created_at", Personal("/api_keys/0/created_at")),
            ("expires_at", Personal("/api_keys/0/expires_at")),
            ("last_used_at", Personal("/api_keys/0/last_used_at")),
            ("revoked_at", Personal("/api_keys/0/revoked_at")),
            ("replaced_by", Personal("/api_keys/0/replaced_by")),
        ],
    ),
    (
        "passkey_ceremonies",
        &[
            ("id", Operational),
            ("kind", Operational),
            ("browser_hash", Secret),
            ("user_id", Pseudonym),
            ("state", Secret),
            ("expires_at", Operational),
        ],
    ),
    (
        "totp",
        &[
            ("user_id", Pseudonym),
            ("sealed", Secret),
            ("last_used_step", Operational),
            ("created_at", Personal("/factors/totp_since")),
        ],
    ),
    (
        "recovery_codes",
        &[
            ("user_id", Pseudonym),
            ("hash", Secret),
            ("created_at", Operational),
            ("used_at", Personal("/factors/recovery_codes_left")),
        ],
    ),
    (
        "known_browsers",
        &[
            ("id", Operational),
            ("secret_hash", Secret),
            ("user_id", Pseudonym),
            ("user_agent", Personal("/known_browsers/0/user_agent")),
            ("created_at", Personal("/known_browsers/0/created_at")),
            ("last_seen_at", Personal("/known_browsers/0/last_seen_at")),
            ("remembered_until", Personal("/known_browsers/0/remembered_until")),
            ("expires_at", Operational),
        ],
    ),
    (
        "sessions",
        &[
            ("id", Personal("/sessions/0/id")),
            ("secret_hash", Secret),
            ("user_id", Pseudonym),
            ("auth_time", Personal("/sessions/0/auth_time")),
            ("acr", Personal("/sessions/0/acr")),
            ("amr", Personal("/sessions/0/amr")),
            ("created_at", Personal("/sessions/0/created_at")),
            ("last_seen_at", Personal("/sessions/0/last_seen_at")),
            ("idle_expires_at", Operational),
            ("expires_at", Personal("/sessions/0/expires_at")),
            ("ended_at", Operational),
            ("user_agent", Personal("/sessions/0/user_agent")),
            ("address", Personal("/sessions/0/address")),
            ("kept", Operational),
        ],
    ),
    (
        "session_clients",
        &[
            ("session_id", Operational),
            ("client_id", Operational),
            ("signed_in_at", Operational),
            ("expires_at", Operational),
        ],
    ),
    (
        "logout_deliveries",
        &[
            ("session_id", Operational),
            ("client_id", Operational),
            ("user_id", Pseudonym),
            ("state", Operational),
            ("tries", Operational),
            ("created_at", Operational),
            ("due_at", Operational),
            ("tried_at", Operational),
            ("last_error", Operational),
            ("expires_at", Operational),
        ],
    ),
    (
        "grants",
        &[
            ("id", Operational),
            ("user_id", Pseudonym),
            ("client_id", Personal("/authorizations/0/client_id")),
            ("session_id", Personal("/authorizations/0/session_id")),
            ("scope", Personal("/authorizations/0/scope")),
            ("claims", Operational),
            ("nonce", Operational),
            ("redirect_uri", Operational),
            ("code_challenge", Operational),
            ("auth_time", Personal("/authorizations/0/auth_time")),
            ("acr", Personal("/authorizations/0/acr")),
            ("amr", Personal("/authorizations/0/amr")),
            ("salt", Secret),
            ("code_hash", Secret),
            ("code_expires_at", Operational),
            ("redeemed_at", Personal("/authorizations/0/last_used_at")),
            ("generation", Operational),
            ("rotated_at", Personal("/authorizations/0/last_used_at")),
            ("idle_expires_at", Operational),
            ("expires_at", Personal("/authorizations/0/expires_at")),
            ("created_at", Personal("/authorizations/0/created_at")),
            ("ended_at", Personal("/authorizations/0/ended_at")),
            ("end_reason", Personal("/authorizations/0/end_reason")),
            ("sector", Operational),
        ],
    ),
    (
        "consents",
        &[
            ("user_id", Pseudonym),
            ("client_id", Personal("/consents/0/client_id")),
            ("scope", Personal("/consents/0/scope")),
            ("granted_at", Personal("/consents/0/granted_at")),
        ],
    ),
    (
        "security_events",
        &[
            ("id", Operational),
            ("user_id", Pseudonym),
            ("at", Personal("/security_events/0/at")),
            ("kind", Personal("/security_events/0/kind")),
            ("client_id", Personal("/security_events/0/client_id")),
            ("session_id", Personal("/security_events/0/session_id")),
            ("address", Personal("/security_events/0/address")),
            ("user_agent", Personal("/security_events/0/user_agent")),
            ("details", Personal("/security_events/0/details")),
            ("trace_id", Personal("/security_events/0/trace_id")),
            ("expires_at", Operational),
        ],
    ),
    (
        "interactions",
        &[
            ("id", Operational),
            ("browser_hash", Secret),
            ("client_id", Operational),
            ("parameters", Fleeting), // a client may send `login_hint`
            ("started_at", Operational),
            ("login_at", Operational),
            ("account_selected_at", Operational),
            ("consented_at", Operational),
            ("session_id", Operational),
            ("expires_at", Operational),
            ("return_to", Operational),
            ("login_user_id", Pseudonym),
            ("login_factors", Operational),
            ("login_proven_at", Operational),
            ("login_password_set_at", Operational),
            ("login_kept", Operational),
        ],
    ),
    (
        "action_tokens",
        &[
            ("id", Operational),
            ("purpose", Operational),
            ("secret_hash", Secret),
            ("code_mac", Secret),
            ("user_id", Pseudonym),
            ("email", Fleeting),
            ("interaction_id", Operational),
            ("account_state", Secret),
            ("details", Fleeting),
            ("tries_left", Operational),
            ("created_at", Operational),
            ("expires_at", Operational),
            ("proven_at", Operational),
            ("used_at", Operational),
        ],
    ),
    (
        "mails",
        &[
            ("id", Operational),
            ("kind", Operational),
            ("sealed", Fleeting), // until the mail is settled
            ("state", Operational),
            ("tries", Operational),
            ("created_at", Operational),
            ("due_at", Operational),
            ("tried_at", Operational),
            ("last_error", Fleeting), // a mail server may name the address
            ("give_up_at", Operational),
            ("expires_at", Operational),
        ],
    ),
    (
        "mailbox",
        &[
            // of development only
            ("id", Operational),
            ("recipient", Fleeting),
            ("subject", Fleeting),
            ("text", Fleeting),
            ("html", Fleeting),
            ("received_at", Operational),
            ("expires_at", Operational),
        ],
    ),
    (
        "protocol_log",
        &[
            ("client_id", Operational),
            ("seq", Operational),
            ("standing", Operational),
            ("trace_id", Operational),
            ("at", Operational),
            ("method", Operational),
            ("endpoint", Operational),
            ("status", Operational),
            ("error", Operational),
            ("description", Operational),
            ("cause", Operational),
            ("micros", Operational),
            ("parameters", Fleeting), // values that could be secret are replaced
        ],
    ),
];

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
                if let Personal(place) = class {
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
