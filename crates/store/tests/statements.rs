//! Every SQL text of the program is prepared on both engines: a misspelt column, a word that only one engine knows, or an
//! output type that `sqlx::Any` cannot carry fails here.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "a test asks the database itself")]
#![allow(clippy::unwrap_used, reason = "a test that fails says where")]

#[path = "../../testkit/src/database.rs"]
#[allow(dead_code, unreachable_pub)]
mod database;

use std::collections::HashSet;

use sqlx::any::AnyConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Executor as _, Row as _, SqlSafeStr as _};

#[tokio::test]
async fn every_statement_prepares_on_both_engines() {
    for database in database::engines() {
        database.open().await.close().await;
        let options: AnyConnectOptions = database.url().parse().expect("is a URL");
        let mut connection = options.connect().await.expect("the database answers");
        let mut problems = Vec::new();
        for (module, name, sql) in store::statement::all() {
            if let Err(error) = (&mut connection).prepare(AssertSqlSafe(sql).into_sql_str()).await {
                problems.push(format!("{module}::{name}: {error}"));
            }
        }
        assert!(problems.is_empty(), "{}: {problems:#?}", database.engine().name());
    }
}

/// On a large table a scan or a sort would be felt by everybody. (SCAN … USING INDEX goes along an index up to the LIMIT.)
#[tokio::test]
async fn no_statement_scans_or_sorts_a_table() {
    let database = database::TestDatabase::sqlite();
    database.open().await.close().await;
    let options: AnyConnectOptions = database.url().parse().expect("is a URL");
    let mut connection = options.connect().await.expect("the database answers");
    for (module, name, sql) in store::statement::all() {
        let plan = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
        let rows = sqlx::raw_sql(plan).fetch_all(&mut connection).await.expect("has a plan");
        let steps: Vec<String> = rows.iter().map(|row| row.get("detail")).collect();
        let scans = steps.iter().any(|step| step.starts_with("SCAN") && !step.contains("USING INDEX"));
        let sorts = steps.iter().any(|step| step.contains("TEMP B-TREE"));
        assert!(!scans && !sorts, "{module}::{name}: {steps:?}");
    }
}

/// Only a text that appears once is bound with the same Rust types everywhere.
#[test]
fn no_text_appears_twice() {
    let mut seen = HashSet::new();
    for (module, name, sql) in store::statement::all() {
        assert!(seen.insert(sql), "{module}::{name} repeats a text");
    }
}

/// The portable subset of migrations/README.md, as far as a text search can hold it.
#[test]
fn no_statement_or_migration_leaves_the_portable_subset() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations");
    let files = std::fs::read_dir(folder).expect("the folder exists").map(|entry| entry.expect("is readable").path());
    let migrations = files.filter(|path| path.extension().is_some_and(|extension| extension == "sql"));
    let texts = migrations.map(|path| std::fs::read_to_string(path).expect("is readable"));
    let statements = store::statement::all().map(|(_, _, sql)| sql.to_owned());
    for text in texts.chain(statements) {
        let code: String =
            text.lines().map(|line| line.split("--").next().unwrap_or_default()).collect::<Vec<_>>().join(" ");
        for word in code.split(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
            let banned =
                ["BOOLEAN", "TIMESTAMP", "SERIAL", "AUTOINCREMENT", "TRIGGER", "NOW", "DEFAULT", "RANDOM", "SUM"];
            assert!(!banned.contains(&word.to_ascii_uppercase().as_str()), "{word} in: {text}");
        }
    }
}
