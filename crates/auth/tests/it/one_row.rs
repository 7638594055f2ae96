//! What the flows write: single sign-on one row, redeeming and refreshing none (they change the row that is there).

use std::collections::BTreeMap;

use sqlx::any::install_default_drivers;
use sqlx::{AnyPool, AssertSqlSafe};
use testkit::app::TestApp;
use testkit::browser::Browser;
use testkit::requests::{As, text};

use crate::on_each_engine;

const TABLES: &[&str] = &[
    "sessions",
    "session_clients",
    "logout_deliveries",
    "interactions",
    "grants",
    "consents",
    "revoked_tokens",
    "used_assertions",
    "users",
    "clients",
];

async fn rows(app: &TestApp) -> BTreeMap<&'static str, i64> {
    install_default_drivers();
    let pool = AnyPool::connect(app.database.url()).await.unwrap();
    let mut counts = BTreeMap::new();
    for table in TABLES {
        let count =
            sqlx::query_scalar(AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"))).fetch_one(&pool).await.unwrap();
        counts.insert(*table, count);
    }
    pool.close().await;
    counts
}

#[actix_web::test]
async fn single_sign_on_with_remembered_consent_writes_one_row() {
    on_each_engine(async |app| {
        let browser = Browser::new(&app);
        browser.authorize(&app.authorize_url("public", &[])).await;
        let mut expected = rows(&app).await;
        let code = browser.get(&app.authorize_url("public", &[])).await.answer()["code"].clone();
        *expected.get_mut("grants").unwrap() += 1;
        assert_eq!(rows(&app).await, expected);
        let tokens = app.redeem(As::Public("public"), &code, &[]).await.json();
        app.refresh(As::Public("public"), text(&tokens, "refresh_token"), &[]).await;
        app.client_credentials(As::Basic("machine"), &[]).await;
        assert_eq!(rows(&app).await, expected, "tokens have no rows");
    })
    .await;
}

#[actix_web::test]
async fn a_client_that_wants_to_hear_of_a_logout_has_one_more_row_for_each_session() {
    on_each_engine(async |app| {
        app.client("told", r#"{"backchannel_logout_uri": "https://app.example.com/out"}"#).await;
        let browser = Browser::new(&app);
        browser.authorize(&app.authorize_url("public", &[])).await;
        let mut expected = rows(&app).await;
        for consents in [1, 0] {
            browser.authorize(&app.authorize_url("told", &[("scope", "openid")])).await;
            // What was asked for over a page stays until it is swept.
            let more =
                [("grants", 1), ("session_clients", consents), ("consents", consents), ("interactions", consents)];
            for (table, more) in more {
                *expected.get_mut(table).unwrap() += more;
            }
            assert_eq!(rows(&app).await, expected);
        }
    })
    .await;
}

#[actix_web::test]
async fn a_finished_interaction_is_over_and_waits_to_be_swept() {
    on_each_engine(async |app| {
        let before = rows(&app).await;
        Browser::new(&app).authorize(&app.authorize_url("public", &[])).await;
        let after = rows(&app).await;
        assert_eq!(after["interactions"], before["interactions"] + 1);
        let pool = AnyPool::connect(app.database.url()).await.unwrap();
        let living = format!("SELECT COUNT(*) FROM interactions WHERE expires_at > {}", app.now().0);
        let living: i64 = sqlx::query_scalar(AssertSqlSafe(living)).fetch_one(&pool).await.unwrap();
        assert_eq!(living, 0);
        assert_eq!(after["sessions"], before["sessions"] + 1);
    })
    .await;
}
