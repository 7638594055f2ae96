//! Both engines for the tests, and what the API does about a database at start.

use std::sync::Once;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use protocol::issuer::Issuer as IssuerUrl;
use resource_api::service::{Api, Config, DatabaseError, Error};
use resource_api::{StartError, TrustedIssuer};
use serde_json::json;
use sha2::{Digest as _, Sha384};
use sqlx::{AnyConnection, AssertSqlSafe, Connection as _};

use crate::api::{TestApi, sqlite_in};
use crate::issuer::{AUDIENCE, Issuer};
use crate::people;

const POSTGRES_URL: &str = "COUNTERSIGN_TEST_POSTGRES_URL";

static SAY_ONCE: Once = Once::new();

/// Runs `body` on a fresh SQLite file and on a fresh PostgreSQL database.
pub async fn on_both_engines(body: impl AsyncFn(String)) {
    let directory = tempfile::tempdir().unwrap();
    body(sqlite_in(&directory)).await;
    let Ok(admin) = std::env::var(POSTGRES_URL) else {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "CI must not leave out PostgreSQL: set {POSTGRES_URL}");
        SAY_ONCE.call_once(|| eprintln!("left out: the tests on PostgreSQL ({POSTGRES_URL} is not set)"));
        return;
    };
    let fresh = FreshDatabase::create(&admin).await;
    body(fresh.url.clone()).await;
    fresh.drop().await;
}

struct FreshDatabase {
    admin: String,
    name: String,
    url: String,
}

impl FreshDatabase {
    async fn create(admin: &str) -> Self {
        sqlx::any::install_default_drivers();
        let nanoseconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
        let name = format!("resource_api_{}_{nanoseconds}", std::process::id());
        run(admin, format!("CREATE DATABASE {name}")).await;
        let mut url = url::Url::parse(admin).unwrap();
        url.set_path(&name);
        Self { admin: admin.to_owned(), name, url: url.into() }
    }

    async fn drop(self) {
        run(&self.admin, format!("DROP DATABASE {} WITH (FORCE)", self.name)).await;
    }
}

pub async fn run(url: &str, sql: String) {
    let mut connection = AnyConnection::connect(url).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// A transaction that has done `sql` and keeps its locks until [`commit`].
pub async fn hold(url: &str, sql: String) -> AnyConnection {
    let mut connection = AnyConnection::connect(url).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(format!("BEGIN; {sql}"))).execute(&mut connection).await.unwrap();
    connection
}

/// Not before whoever runs beside this had time to come to the lock.
pub async fn commit(mut held: AnyConnection) {
    tokio::time::sleep(Duration::from_millis(700)).await;
    sqlx::raw_sql("COMMIT").execute(&mut held).await.unwrap();
    held.close().await.unwrap();
}

async fn open(database_url: &str) -> Result<Api, Error> {
    let mut config = Config::new(IssuerUrl::parse("https://id.example").unwrap(), AUDIENCE);
    config.database_url = database_url.to_owned();
    Api::new(config).await
}

#[actix_web::test]
async fn a_database_is_opened_again_and_a_newer_one_refused() {
    on_both_engines(async |database| {
        open(&database).await.unwrap();
        open(&database).await.unwrap();
        let newer = "INSERT INTO _resource_api_migrations (version, description, success, checksum, execution_time)
                     SELECT 9999, 'later', success, checksum, 0 FROM _resource_api_migrations WHERE version = 1";
        run(&database, newer.to_owned()).await;
        let refused = open(&database).await;
        assert!(matches!(refused, Err(Error::Database(DatabaseError::Newer(9999)))), "{refused:?}");
    })
    .await;
}

#[actix_web::test]
async fn notes_of_before_belong_to_whom_they_belonged() {
    on_both_engines(async |database| {
        sqlx::any::install_default_drivers();
        // The database as the first migration left it.
        let table = if database.starts_with("sqlite") { format!("{database}?mode=rwc") } else { database.clone() };
        run(&table, include_str!("../../migrations/0001_notes.sql").to_owned()).await;
        let id = "AAAAAAAAAAAAAAAAAAAAAA";
        let note = format!("INSERT INTO notes VALUES ('{id}', 'alice', 'M\u{f6}bel', 'text', 1700000000, 1700000001)");
        run(&table, note).await;
        let applied = "CREATE TABLE _resource_api_migrations (version BIGINT PRIMARY KEY, description TEXT NOT NULL,
             installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, success BOOLEAN NOT NULL,
             checksum BYTEA NOT NULL, execution_time BIGINT NOT NULL)";
        run(&table, applied.to_owned()).await;
        let sum = Sha384::digest(include_bytes!("../../migrations/0001_notes.sql"));
        let hex = sum.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
        let checksum = if database.starts_with("sqlite") { format!("x'{hex}'") } else { format!("'\\x{hex}'") };
        let applied = format!(
            "INSERT INTO _resource_api_migrations (version, description, success, checksum, execution_time)
             VALUES (1, 'notes', TRUE, {checksum}, 0)"
        );
        run(&table, applied).await;

        let issuer = Issuer::start();
        let api = people::api(&issuer, &database).await;
        let alice = people::person(&api, &issuer, "alice");
        let read = alice.get(&format!("/notes/{id}")).await;
        assert_eq!((read.status, read.header("etag")), (200, "\"1o\""), "{read:?}");
        let note = read.json();
        assert_eq!(
            (&note["title"], &note["body"], &note["owner"]),
            (&json!("M\u{f6}bel"), &json!("text"), &json!("person:alice"))
        );
        assert_eq!(note["updated_at"], "2023-11-14T22:13:21Z");
        assert_eq!(alice.get("/notes").await.json()["notes"].as_array().unwrap().len(), 1);
        assert_eq!(people::person(&api, &issuer, "bob").get(&format!("/notes/{id}")).await.status, 404);
        assert_eq!(alice.delete(&format!("/notes/{id}")).await.status, 204);
    })
    .await;
}

/// One `sub` at two issuers is two people, in whichever order the settings name the issuers.
#[actix_web::test]
async fn whoever_comes_first_in_the_settings_gets_nothing_of_somebody_elses() {
    on_both_engines(async |database| {
        let issuers = [Issuer::start(), Issuer::start()];
        let started = async |order: &[usize]| {
            let trusted = |at: &usize| TrustedIssuer::new(IssuerUrl::parse(&issuers[*at].url).unwrap());
            let order: Vec<_> = order.iter().map(trusted).collect();
            TestApi::start_with(&issuers[0].url, |config| {
                config.settings.issuers = order;
                config.database_url.clone_from(&database);
            })
            .await
        };
        let api = started(&[0, 1]).await;
        let mut notes = Vec::new();
        for issuer in &issuers {
            notes.push(people::person(&api, issuer, "alice").note("Mine").await);
        }
        drop(api);
        for order in [&[1, 0][..], &[1], &[0]] {
            let api = started(order).await;
            for at in order {
                let alice = people::person(&api, &issuers[*at], "alice");
                let listed = alice.get("/notes").await.json()["notes"].as_array().unwrap().len();
                assert_eq!((listed, alice.get(&notes[*at]).await.status), (1, 200), "{order:?} {at}");
                assert_eq!(alice.get(&notes[1 - at]).await.status, 404, "{order:?} {at}");
            }
        }
    })
    .await;
}

#[actix_web::test]
async fn several_processes_may_start_on_one_database_at_once() {
    on_both_engines(async |database| {
        let (one, two, three) = tokio::join!(open(&database), open(&database), open(&database));
        one.and(two).and(three).unwrap();
    })
    .await;
}

#[cfg(unix)]
#[actix_web::test]
async fn the_file_is_readable_by_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    let _api = open(&sqlite_in(&directory)).await.unwrap();
    for entry in std::fs::read_dir(directory.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{:?}", entry.file_name());
    }
}

#[actix_web::test]
async fn a_wrong_configuration_or_database_is_told_at_start() {
    for url in ["mysql://a@b/c", "sqlite:", "sqlite::memory:", "notes.db", "sqlite:/no/such/directory/notes.db"] {
        assert!(matches!(open(url).await, Err(Error::Database(_))), "{url}");
    }
    let mut config = Config::new(IssuerUrl::parse("https://id.example").unwrap(), "");
    config.settings.public_url = "notes.example".to_owned();
    config.settings.allowed_origins = vec!["*".to_owned()];
    let Err(Error::Start(StartError::Settings(faults))) = Api::new(config).await else { panic!("it must not start") };
    let keys: Vec<_> = faults.iter().map(|fault| fault.key).collect();
    assert_eq!(keys, ["audience", "public_url", "allowed_origins"]);
}
