//! `countersign user import`: people with the password hashes of another program.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use store::{Store, StoreOptions};
use testkit::browser::Browser;

use crate::house::House;
use crate::support::{Ended, installation, run, succeed};

/// What `htpasswd -nbm`, `-nbB` and `-nb5` of Apache 2.4 printed for this password.
const PASSWORD: &str = "kittens & 12 mice";
const APR1: &str = "$apr1$M0mEARai$9PABK3iWZnf0Sa6iU75Tz/";
const BCRYPT: &str = "$2y$05$wP.R8OcWAeJuX8smsmK84OmkIc2kIxxTM7ExSbauU6BfMG9w8/Dqi";
const SHA512: &str =
    "$6$sGwwBq3abM3x0gm8$6MJP7yUipFruW/Sa96NqKD4YzVtj24fikU1MWHa7/9fQtpxBlWXhHgVZLjN15vKs7qvUr9RAI.RsL.DECNSq41";

fn import(at: &Path, content: &str, arguments: &[&str]) -> Ended {
    fs::write(at.join("people"), content).expect("is written");
    run(at, &[&["user", "import", "people", "--json", "--format"], arguments].concat())
}

/// Row, outcome, and the beginning of the reason.
fn rows(report: &Value) -> Vec<(u64, &str, &str)> {
    let text = |row: &'_ Value, name: &str| row[name].as_str().map(str::to_owned).unwrap_or_default();
    let rows = report["rows"].as_array().expect("are told");
    rows.iter()
        .map(|row| {
            let reason: &'static str = text(row, "reason").leak();
            let outcome: &'static str = text(row, "outcome").leak();
            (row["row"].as_u64().expect("is a number"), outcome, reason)
        })
        .collect()
}

fn usernames(at: &Path) -> Vec<String> {
    let listed = succeed(at, &["user", "list", "--json"]).json();
    let names = listed.as_array().expect("is a list").iter().map(|user| user["username"].as_str().map(str::to_owned));
    names.collect::<Option<_>>().expect("have names")
}

#[test]
fn a_dry_run_tells_each_row_and_writes_nothing() {
    let directory = installation("");
    let at = directory.path();
    succeed(at, &["user", "add", "Carol", "--generate"]);
    let file = format!("# people\nalice:{APR1}\nbob:{BCRYPT}\n\ncarol:{BCRYPT}\n");
    let ended = import(at, &file, &["htpasswd", "--dry-run", "--report", "report.json"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let report = ended.json();
    let skipped = "somebody of that name is there already";
    assert_eq!(rows(&report), [(2, "created", ""), (3, "created", ""), (5, "skipped", skipped)]);
    assert_eq!((&report["written"], &report["rows"][0]["hash"]), (&json!(false), &json!("apr1")));
    let kept: Value = serde_json::from_slice(&fs::read(at.join("report.json")).expect("is there")).expect("is JSON");
    assert_eq!(kept, report);
    assert_eq!(usernames(at), ["Carol"]);

    assert_eq!(import(at, &file, &["htpasswd"]).code, 0);
    assert_eq!(usernames(at), ["Carol", "alice", "bob"]);
    let again = import(at, &file, &["htpasswd"]).json();
    assert_eq!(
        (&again["created"], &again["skipped"]),
        (&json!(0), &json!(3)),
        "the same command completes what was cut short"
    );
}

#[test]
fn one_refused_row_stops_all_unless_such_rows_are_left_out() {
    let directory = installation("");
    let at = directory.path();
    succeed(at, &["user", "add", "carol", "--email", "carol@example.org", "--generate"]);
    let file = format!(
        "alice:{APR1}\nALICE:{BCRYPT}\nbob:{{SHA}}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\neve:rqXexS6ZhobKA\nmallory:opensesame\n\
         no colon\na@b.example:{BCRYPT}\ntrent:$2y$31${}\n",
        &BCRYPT[7..]
    );
    let ended = import(at, &file, &["htpasswd"]);
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.err.contains("nothing was written, because some rows are refused"), "{ended:?}");
    let report = ended.json();
    let beginnings = [
        (1, "created", ""),
        (2, "refused", "username: stands in a row before this one"),
        (3, "refused", "password_hash: its format (unsalted SHA-1) is too weak"),
        (4, "refused", "password_hash: its format (DES crypt) is too weak"),
        (5, "refused", "password_hash: its format is unknown"),
        (6, "refused", "this is no line of htpasswd"),
        (7, "refused", "username: a user name has letters, digits and ASCII punctuation"),
        (8, "refused", "password_hash: its cost is beyond"),
    ];
    for ((row, outcome, reason), (at, expected, beginning)) in rows(&report).into_iter().zip(beginnings) {
        assert!((row, outcome) == (at, expected) && reason.starts_with(beginning), "{row} {outcome} {reason}");
    }
    assert_eq!(report["refused"], 7);
    assert_eq!(usernames(at), ["carol"]);
    let partial = import(at, &file, &["htpasswd", "--skip-refused"]);
    assert_eq!((partial.code, usernames(at)), (0, vec!["alice".to_owned(), "carol".to_owned()]));
    for hash in ["W6ph5Mm5", "rqXexS6Z", "opensesame", &BCRYPT[10..], &APR1[10..]] {
        assert!(!ended.out.contains(hash) && !ended.err.contains(hash) && !partial.out.contains(hash), "{hash}");
    }
}

#[test]
fn columns_and_members_have_the_names_of_the_claims() {
    let directory = installation("");
    let at = directory.path();
    let csv = format!(
        "username,email,email_verified,name,groups,address.country,password_hash\n\
         alice,alice@example.org,true,\"Moreau, Alice\",staff admins,FR,{BCRYPT}\n\
         bob,,,,,,\n"
    );
    let ended = import(at, &csv, &["csv"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let json = json!([{ "preferred_username": "carol", "password_hash": SHA512, "password_change_required": false, "address": { "country": "SE" }, "groups": ["staff"] }]);
    let ended = import(at, &json.to_string(), &["json"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let listed = succeed(at, &["user", "list", "--json"]).json();
    assert_eq!((&listed[0]["name"], &listed[0]["address"]["country"]), (&json!("Moreau, Alice"), &json!("FR")));
    assert_eq!((&listed[0]["groups"], &listed[0]["email"]), (&json!(["staff", "admins"]), &json!("alice@example.org")));
    assert_eq!((&listed[1]["username"], &listed[2]["address"]["country"]), (&json!("bob"), &json!("SE")));

    for (content, format, beginning) in [
        (json!([{ "username": "dan", "shoe_size": 44 }]).to_string(), "json", "unknown field `shoe_size`"),
        (json!([{ "username": "dan", "password": "x" }]).to_string(), "json", "unknown field `password`"),
        (json!([{ "username": "dan", "email": "none" }]).to_string(), "json", "email: this is no e-mail address"),
        (
            json!([{ "username": "dan", "email": "Alice@Example.org" }]).to_string(),
            "json",
            "email: is the address of alice",
        ),
        (json!([{ "username": "dan", "email_verified": true }]).to_string(), "json", "email_verified: is true, but"),
        (
            json!([{ "username": "dan", "password_change_required": 1 }]).to_string(),
            "json",
            "password_change_required: is",
        ),
        (json!([{ "username": "dan", "password_hash": 7 }]).to_string(), "json", "password_hash: is no text"),
        (json!([{ "email": "dan@example.org" }]).to_string(), "json", "username: is missing"),
        (json!([{ "username": "dan\u{ff20}example.org" }]).to_string(), "json", "username: a user name has letters"),
        (json!([{ "username": "dan\u{200b}" }]).to_string(), "json", "username: a user name has letters"),
        ("username,name\ndan,Dan,more\n".to_owned(), "csv", "it has 3 cells, the first line has 2"),
        (format!("username,{BCRYPT}\ndan,x\n"), "csv", "one of these has a value of the wrong type"),
    ] {
        let ended = import(at, &content, &[format]);
        let report = ended.json();
        assert!((ended.code, rows(&report)[0].1) == (1, "refused"), "{ended:?}");
        assert!(rows(&report)[0].2.starts_with(beginning), "{ended:?}");
        assert!(!ended.out.contains(&BCRYPT[10..]), "{ended:?}");
    }
    for (content, format) in [("{}", "json"), ("alice,bob\n", "csv"), ("[{\"username\":", "json")] {
        assert_eq!(import(at, content, &[format]).code, 1, "{content}");
    }
    assert_eq!(usernames(at).len(), 3);
}

#[tokio::test]
async fn a_hash_that_is_known_to_others_can_be_one_to_replace() {
    let house = House::new();
    let file = format!("username,password_hash,password_change_required\nadam,{BCRYPT},1\nberta,{BCRYPT},false\n");
    let ended = import(&house.path, &file, &["csv"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    for (name, must_change) in [("adam", true), ("berta", false)] {
        let browser = Browser::at(&house.issuer);
        let login = browser.open(&house.authorize_url()).await;
        let answer = browser.submit(&login, &[("username", name), ("password", PASSWORD)]).await;
        assert_eq!(browser.follow(answer).await.has_id("new-password-page"), must_change, "{name}");
    }
}

/// The whole way of somebody who moves: the old hash lets them in, and the first sign-in replaces it.
#[tokio::test]
async fn imported_people_sign_in_and_their_hash_becomes_argon2id() {
    let house = House::new();
    let file = format!("adam:{APR1}\nberta:{BCRYPT}\ncaesar:{SHA512}\n");
    let ended = import(&house.path, &file, &["htpasswd"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    for (name, old) in [("adam", APR1), ("berta", BCRYPT), ("caesar", SHA512)] {
        assert_eq!(stored_hash(&house.path, name).await, old);
        for (password, is_let_in) in [("kittens & 13 mice", false), (PASSWORD, true), (PASSWORD, true)] {
            let browser = Browser::at(&house.issuer);
            let login = browser.open(&house.authorize_url()).await;
            let answer = browser.submit(&login, &[("username", name), ("password", password)]).await;
            assert_eq!(!browser.follow(answer).await.has_id("login-page"), is_let_in, "{name} with {password}");
            let kept = stored_hash(&house.path, name).await;
            assert_eq!(kept.starts_with("$argon2id$v=19$"), is_let_in, "{name}: {}", &kept[..10]);
        }
    }
}

async fn stored_hash(directory: &Path, username: &str) -> String {
    let url = format!("sqlite://{}", directory.join("countersign-data/countersign.db").display());
    let store = Store::open(&url, StoreOptions { pool_size: 1 }).await.expect("opens");
    let user = store::users::find_by_login(&store, username).await.expect("is readable").expect("is there");
    let hash = store::passwords::find(&store, &user.id).await.expect("is readable").expect("has one");
    store.close().await;
    hash
}
