//! `/account/api-keys`: made, shown once, replaced, revoked, by its owner after a fresh sign-in, and by nobody else.

use auth::config::{Config, MailTransport};
use protocol::api_keys::{ApiKeyRecord, Standing};
use protocol::security_event::SecurityEvent;
use protocol::time::Seconds;
use testkit::app::{API, TestApp, TestOptions};
use testkit::browser::{Browser, Page};
use testkit::database::engines;
use testkit::requests::text;

use super::{API_CLIENT, alice, api, key, make, serve_the_api, wanted};
use crate::on_each_engine;

const LIST: &str = "/account/api-keys";
const NEW: &str = "/account/api-keys/new";
const USUAL: [(&str, &str); 3] = [("api", API), ("name", "Backup"), ("lifetime", "90")];

async fn signed_in(app: &TestApp, username: &str, page: &str) -> (Browser, Page) {
    let browser = Browser::new(app);
    let login = browser.open(page).await;
    assert!(login.has_id("login-page"), "{}", login.body);
    let page = browser.sign_in(&login, username).await;
    (browser, page)
}

async fn send(browser: &Browser, page: &Page, to: &str, fields: &[(&str, &str)]) -> Page {
    let csrf = page.hidden_fields().into_iter().find(|(name, _)| name == "csrf").expect("a token");
    let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let sent = browser.post(to, &[csrf].into_iter().chain(fields).collect::<Vec<_>>()).await;
    browser.follow(sent).await
}

/// The key on the page that shows it once.
fn shown(page: &Page) -> String {
    let after = page.body.split("id=\"api-key\" dir=\"ltr\">").nth(1);
    after.unwrap_or_else(|| panic!("no key on {}", page.body)).split('<').next().unwrap().to_owned()
}

async fn keys(app: &TestApp) -> Vec<ApiKeyRecord> {
    let rows = store::api_keys::of_user(&app.store, &alice(app).await.id).await.unwrap();
    rows.into_iter().map(|row| row.record).collect()
}

async fn events(app: &TestApp, kind: SecurityEvent) -> usize {
    let alice = alice(app).await.id;
    store::security_events::of_user(&app.store, &alice, Some(kind), None, 100).await.unwrap().len()
}

async fn mails(app: &TestApp, words: &str) -> usize {
    for _ in 0..100 {
        let all = store::mailbox::latest(&app.store, 50).await.unwrap();
        let count = all.iter().filter(|mail| mail.subject.contains(words)).count();
        if count > 0 {
            return count;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    0
}

#[actix_web::test]
async fn a_key_is_made_works_is_replaced_and_revoked_and_its_owner_hears_of_each() {
    for database in engines() {
        let config = Box::new(|config: &mut Config| config.mail.transport = MailTransport::Mailbox);
        let app = TestApp::start_with(database, TestOptions { config, ..TestOptions::default() }).await;
        serve_the_api(&app).await;
        let (browser, list) = signed_in(&app, "alice", LIST).await;
        assert!(list.has_id("api-keys-page") && list.has_id("api-key-add"), "{}", list.body);
        let form = browser.open(NEW).await;
        assert!(form.body.contains("Use notes:read") && form.body.contains("value=\"write\""), "{}", form.body);
        let fields = [("permission", "notes:read"), ("permission", "write"), ("networks", "10.0.0.0/8, 192.0.2.7")];
        let made = send(&browser, &form, NEW, &[&USUAL[..], &fields].concat()).await;
        assert_eq!(made.header("cache-control"), "no-store");
        let first = shown(&made);
        let answer = app.introspect(API_CLIENT, &first).await.json();
        assert_eq!(text(&answer, "scope"), "notes:read notes:write");
        assert_eq!(answer["allowed_networks"], serde_json::json!(["10.0.0.0/8", "192.0.2.7/32"]));
        let list = browser.open(LIST).await;
        assert!(list.body.contains("Backup") && !list.body.contains(&first), "{}", list.body);

        let here = format!("{LIST}/{}", keys(&app).await[0].id);
        let page = browser.open(&here).await;
        assert!(page.has_id("api-key-rotate") && page.has_id("api-key-revoke"), "{}", page.body);
        let second = shown(&send(&browser, &page, &format!("{here}/rotate"), &[("overlap", "86400")]).await);
        for key in [&first, &second] {
            assert_eq!(app.introspect(API_CLIENT, key).await.json()["active"], true);
        }
        let again = send(&browser, &page, &format!("{here}/rotate"), &[("overlap", "86400")]).await;
        assert!(again.has_id("api-keys-page") && keys(&app).await.len() == 2, "{}", again.body);

        let revoked = send(&browser, &page, &format!("{here}/revoke"), &[]).await;
        assert!(revoked.has_id("api-keys-page"), "{}", revoked.body);
        assert_eq!(app.introspect(API_CLIENT, &first).await.json()["active"], false);
        assert_eq!(app.introspect(API_CLIENT, &second).await.json()["active"], true);
        send(&browser, &page, &format!("{here}/revoke"), &[]).await;
        for (kind, subject) in [
            (SecurityEvent::ApiKeyCreated, "API key was made"),
            (SecurityEvent::ApiKeyRotated, "API key was replaced"),
            (SecurityEvent::ApiKeyRevoked, "API key was revoked"),
        ] {
            assert_eq!((events(&app, kind).await, mails(&app, subject).await), (1, 1), "{subject}");
        }
    }
}

#[actix_web::test]
async fn who_signed_in_long_ago_reads_and_signs_in_again_to_change() {
    on_each_engine(async |app| {
        let made = key(&app, &["read"]).await;
        let (browser, _) = signed_in(&app, "alice", LIST).await;
        let here = format!("{LIST}/{}", made.record.id);
        let form = browser.open(NEW).await;
        app.clock.advance(Seconds(301));
        assert!(browser.open(LIST).await.has_id("api-keys-page"));
        for page in [NEW, &here] {
            assert!(browser.open(page).await.has_id("login-page"), "{page}");
        }
        for page in [NEW, &format!("{here}/rotate"), &format!("{here}/revoke")] {
            let sent = send(&browser, &form, page, &[&USUAL[..], &[("permission", "read")]].concat()).await;
            assert!(sent.has_id("login-page"), "{}", sent.body);
        }
        let all = keys(&app).await;
        assert_eq!((all.len(), all[0].standing(app.now())), (1, Standing::Active));
    })
    .await;
}

#[actix_web::test]
async fn the_key_of_somebody_else_is_not_there() {
    on_each_engine(async |app| {
        let made = key(&app, &["read"]).await;
        app.user("bob").await;
        let (browser, page) = signed_in(&app, "bob", LIST).await;
        assert!(!page.body.contains("Backup"), "{}", page.body);
        let here = format!("{LIST}/{}", made.record.id);
        assert!(browser.open(&here).await.has_id("api-keys-page"));
        let form = browser.open(NEW).await;
        for verb in ["rotate", "revoke"] {
            let sent = send(&browser, &form, &format!("{here}/{verb}"), &[("overlap", "0")]).await;
            assert!(sent.has_id("api-keys-page"), "{}", sent.body);
        }
        let all = keys(&app).await;
        assert_eq!((all.len(), all[0].standing(app.now())), (1, Standing::Active));
        assert!(browser.open(&format!("{LIST}/%2e%2e%2f..")).await.has_id("api-keys-page"));
    })
    .await;
}

#[actix_web::test]
async fn what_cannot_be_is_told_at_its_field_and_all_at_once() {
    on_each_engine(async |app| {
        serve_the_api(&app).await;
        let (browser, form) = signed_in(&app, "alice", NEW).await;
        let empty = [("api", API), ("name", " "), ("lifetime", "other"), ("days", "366"), ("networks", "10.1.2.3/8")];
        let page = send(&browser, &form, NEW, &empty).await;
        assert_eq!(page.status, 422);
        for field in ["name-error", "permission-error", "days-error", "networks-error"] {
            assert!(page.has_id(field), "{field}: {}", page.body);
        }
        assert!(page.body.contains("value=\"10.1.2.3/8\"") && page.body.contains("value=\"366\""), "{}", page.body);
        for lifetime in ["never", "400", "-1", "", "x"] {
            let fields = [("api", API), ("name", "A"), ("lifetime", lifetime), ("permission", "read")];
            let page = send(&browser, &form, NEW, &fields).await;
            assert!(page.status == 422 && page.has_id("lifetime-error"), "{lifetime}: {}", page.body);
        }
        for permission in ["mail:send", "notes:", ""] {
            let page = send(&browser, &form, NEW, &[&USUAL[..], &[("permission", permission)]].concat()).await;
            assert!(page.status == 422 && page.has_id("permission-error"), "{permission}");
        }
        assert!(keys(&app).await.is_empty());
        let own = [("api", API), ("name", "A"), ("lifetime", "other"), ("days", "1"), ("permission", "read")];
        shown(&send(&browser, &form, NEW, &own).await);
        assert_eq!(keys(&app).await[0].expires_at, Some(app.now() + Seconds::days(1)));
    })
    .await;
}

#[actix_web::test]
async fn only_apis_that_ask_about_keys_are_offered() {
    on_each_engine(async |app| {
        let (browser, list) = signed_in(&app, "alice", LIST).await;
        assert!(!list.has_id("api-key-add"), "nobody asks: {}", list.body);
        assert!(browser.open(NEW).await.has_id("api-keys-page"));
        serve_the_api(&app).await;
        assert!(browser.open(NEW).await.has_id("permission"), "there is one");
        let other = protocol::audience::Api { identifier: "https://m.example?a=b&c".to_owned(), ..api(&["mail:send"]) };
        store::apis::insert(&app.store, &other).await.unwrap();
        let machine = protocol::ids::ClientId::parse("machine").unwrap();
        let _set = store::apis::set_resource_server(&app.store, &other.identifier, Some(&machine)).await.unwrap();
        let choice = browser.open(NEW).await;
        let there = format!("{NEW}?api=https%3A%2F%2Fm.example%3Fa%3Db%26c");
        assert!(choice.body.contains(&format!("href=\"{there}\"")), "{}", choice.body);
        let form = browser.open(&there).await;
        assert!(form.body.contains("mail:send") && !form.body.contains("notes:read"), "{}", form.body);
        let theirs =
            [("api", other.identifier.as_str()), ("name", "A"), ("lifetime", "30"), ("permission", "notes:read")];
        assert_eq!(send(&browser, &form, NEW, &theirs).await.status, 422, "a scope of another API");
    })
    .await;
}

#[actix_web::test]
async fn fifty_keys_are_as_many_as_there_can_be() {
    on_each_engine(async |app| {
        serve_the_api(&app).await;
        let (browser, form) = signed_in(&app, "alice", NEW).await;
        let wanted = wanted(&app, &["read"]).await;
        for _ in 0..50 {
            make(&app, wanted.clone()).await;
        }
        let page = send(&browser, &form, NEW, &[&USUAL[..], &[("permission", "read")]].concat()).await;
        assert!(page.has_id("api-keys-page") && !page.has_id("api-key-add"), "{}", page.body);
        assert_eq!(keys(&app).await.len(), 50);
        let last = browser.open(&format!("{LIST}?from=48")).await;
        assert_eq!(last.body.matches(&format!("href=\"{LIST}/")).count(), 2, "{}", last.body);
        assert!(browser.open(&format!("{LIST}?from=99999999999")).await.has_id("api-keys-page"));
    })
    .await;
}

/// A setting decides whether keys have to end.
#[actix_web::test]
async fn a_key_without_end_is_offered_where_the_settings_allow_it() {
    for database in engines() {
        let config = Box::new(|config: &mut Config| config.api_keys.longest_lifetime = 0);
        let app = TestApp::start_with(database, TestOptions { config, ..TestOptions::default() }).await;
        serve_the_api(&app).await;
        let (browser, form) = signed_in(&app, "alice", NEW).await;
        assert!(form.body.contains("value=\"never\""), "{}", form.body);
        let fields = [("api", API), ("name", "A"), ("lifetime", "never"), ("permission", "read"), ("signing", "yes")];
        shown(&send(&browser, &form, NEW, &fields).await);
        let made = &keys(&app).await[0];
        assert_eq!((made.expires_at, made.signing), (None, true));
        let short = Box::new(|config: &mut Config| config.api_keys.longest_lifetime = 40 * 86_400);
        let app = TestApp::start_with(
            testkit::database::TestDatabase::sqlite(),
            TestOptions { config: short, ..TestOptions::default() },
        )
        .await;
        serve_the_api(&app).await;
        let (_, form) = signed_in(&app, "alice", NEW).await;
        let offered = |days: &str| form.body.contains(&format!("<option value=\"{days}\""));
        assert_eq!(["30", "90", "365", "never", "other"].map(offered), [true, false, false, false, true]);
    }
}
