//! Several people in one browser: each has a session, one is active, the others wait to be chosen.

use protocol::ids::SessionId;
use protocol::time::Seconds;
use protocol::user::User;
use testkit::app::{PASSWORD, TestApp, TestOptions};
use testkit::browser::{Browser, Page};
use testkit::database::engines;

use crate::on_each_engine;

const CHOOSE: (&str, &str) = ("prompt", "select_account");

/// Signs in as one more.
async fn sign_in(browser: &Browser, app: &TestApp, name: &str) -> Page {
    sign_in_with(browser, app, name, &[]).await
}

async fn sign_in_with(browser: &Browser, app: &TestApp, name: &str, more: &[(&str, &str)]) -> Page {
    let page = browser.open(&app.authorize_url("first-party", &[("prompt", "login")])).await;
    let page = match page.has_id("login-page") {
        true => browser.get(&format!("/login?interaction={}&account=other", interaction(&page))).await,
        false => panic!("{}", page.body),
    };
    let typed = [&[("username", name), ("password", PASSWORD)], more].concat();
    let done = browser.submit(&page, &typed).await;
    assert!(done.answer().contains_key("code"), "{name}");
    done
}

fn interaction(page: &Page) -> String {
    page.hidden_fields().into_iter().find(|(name, _)| name == "interaction").expect("a step").1
}

/// What the page offers: the value of each account, in order, with its address.
fn choices(page: &Page) -> Vec<(String, String)> {
    assert!(page.has_id("select-account-page"), "{}", page.body);
    let buttons = page.body.split("name=\"account\" value=\"").skip(1);
    let read = |button: &str| {
        let value = button.split('"').next().unwrap_or_default().to_owned();
        let name = button.split("@example.test").next().unwrap_or_default();
        (value, name.rsplit('>').next().unwrap_or_default().to_owned())
    };
    buttons.map(read).collect()
}

fn value(page: &Page, name: &str) -> String {
    let choices = choices(page);
    choices.iter().find(|(_, named)| named == name).unwrap_or_else(|| panic!("{name} in {choices:?}")).0.clone()
}

async fn choose(browser: &Browser, page: &Page, name: &str) -> Page {
    browser.submit(page, &[("account", &value(page, name))]).await
}

/// Who an app gets to know.
async fn who(app: &TestApp, page: &Page) -> String {
    let tokens = app.redeem(testkit::requests::As::Basic("first-party"), &page.answer()["code"], &[]).await.json();
    let user = app.userinfo(testkit::requests::text(&tokens, "access_token")).await.json();
    user["email"].as_str().unwrap().trim_end_matches("@example.test").to_owned()
}

async fn lives(app: &TestApp, user: &User) -> bool {
    !store::sessions::living_of_user(&app.store, &user.id, app.now()).await.unwrap().is_empty()
}

async fn of_name(app: &TestApp, name: &str) -> User {
    store::users::find_by_login(&app.store, name).await.unwrap().unwrap()
}

#[actix_web::test]
async fn two_people_stay_signed_in_and_either_is_chosen() {
    on_each_engine(async |app| {
        app.user("bob").await;
        let browser = Browser::new(&app);
        sign_in(&browser, &app, "alice").await;
        sign_in(&browser, &app, "bob").await;
        let silent = browser.get(&app.authorize_url("first-party", &[("prompt", "none")])).await;
        assert_eq!(who(&app, &silent).await, "bob", "the one who came last is active");
        for name in ["alice", "bob", "alice", "alice"] {
            let page = browser.open(&app.authorize_url("first-party", &[CHOOSE])).await;
            assert_eq!(choices(&page).len(), 2);
            let done = choose(&browser, &page, name).await;
            assert_eq!(who(&app, &done).await, name);
            let silent = browser.get(&app.authorize_url("first-party", &[("prompt", "none")])).await;
            assert_eq!(who(&app, &silent).await, name, "and stays active");
        }
        assert!(lives(&app, &of_name(&app, "alice").await).await && lives(&app, &of_name(&app, "bob").await).await);
    })
    .await;
}

#[actix_web::test]
async fn who_is_signed_out_is_known_by_name_and_signs_in_again_or_is_removed() {
    on_each_engine(async |app| {
        let bob = app.user("bob").await;
        let browser = Browser::new(&app);
        sign_in(&browser, &app, "bob").await;
        sign_in(&browser, &app, "alice").await;
        store::sessions::end_all_of_user(&app.store, &bob.id, app.now()).await.unwrap();
        let page = browser.open(&app.authorize_url("first-party", &[CHOOSE])).await;
        assert!(page.body.contains("Signed out"), "{}", page.body);
        let login = choose(&browser, &page, "bob").await;
        let login = browser.follow(login).await;
        assert!(login.has_id("login-page"), "{}", login.body);
        let page = browser.open(&app.authorize_url("first-party", &[CHOOSE])).await;
        let removed = browser.submit(&page, &[("remove", &value(&page, "bob"))]).await;
        let page = browser.follow(removed).await;
        assert_eq!(choices(&page).iter().map(|choice| choice.1.as_str()).collect::<Vec<_>>(), ["alice"]);
        assert_eq!(who(&app, &choose(&browser, &page, "alice").await).await, "alice");
    })
    .await;
}

#[actix_web::test]
async fn an_account_of_another_browser_cannot_be_chosen() {
    on_each_engine(async |app| {
        let bob = app.user("bob").await;
        let (victim, thief) = (Browser::new(&app), Browser::new(&app));
        sign_in(&victim, &app, "bob").await;
        sign_in(&thief, &app, "alice").await;
        let session = store::sessions::living_of_user(&app.store, &bob.id, app.now()).await.unwrap().remove(0);
        let page = thief.open(&app.authorize_url("first-party", &[CHOOSE])).await;
        let chosen = thief.submit(&page, &[("account", session.id.as_str())]).await;
        assert!(thief.follow(chosen).await.has_id("login-page"));
        thief.submit(&page, &[("remove", session.id.as_str())]).await;
        assert!(lives(&app, &bob).await);
        let silent = victim.get(&app.authorize_url("first-party", &[("prompt", "none")])).await;
        assert_eq!(who(&app, &silent).await, "bob");
    })
    .await;
}

#[actix_web::test]
async fn a_browser_has_room_for_so_many_and_the_one_that_waited_longest_goes() {
    for (room, database) in [5, 1].into_iter().flat_map(|room| engines().into_iter().map(move |it| (room, it))) {
        let config = Box::new(move |config: &mut auth::config::Config| config.sessions.accounts_per_browser = room);
        let app = TestApp::start_with(database, TestOptions { config, ..TestOptions::default() }).await;
        let names: Vec<String> = (0..=room).map(|number| format!("person{number}")).collect();
        let browser = Browser::new(&app);
        for name in &names {
            app.user(name).await;
            sign_in(&browser, &app, name).await;
        }
        assert!(!lives(&app, &of_name(&app, "person0").await).await, "{room}: nobody could reach it any more");
        let page = browser.open(&app.authorize_url("first-party", &[CHOOSE])).await;
        let offered: Vec<String> = choices(&page).into_iter().map(|(_, name)| name).collect();
        let expected: Vec<String> = names.iter().skip(1).rev().cloned().collect();
        assert_eq!(offered, expected, "{room}");
    }
}

#[actix_web::test]
async fn signing_out_leaves_the_others() {
    on_each_engine(async |app| {
        let bob = app.user("bob").await;
        let browser = Browser::new(&app);
        sign_in(&browser, &app, "alice").await;
        sign_in(&browser, &app, "bob").await;
        let page = browser.open("/logout").await;
        assert!(page.has_id("logout-page"), "{}", page.body);
        browser.submit(&page, &[("decision", "yes")]).await;
        assert!(!lives(&app, &bob).await && lives(&app, &of_name(&app, "alice").await).await);
        let silent = browser.get(&app.authorize_url("first-party", &[("prompt", "none")])).await.answer();
        assert!(silent.contains_key("error"), "nobody is put into the place of another: {silent:?}");
        let page = browser.open(&app.authorize_url("first-party", &[CHOOSE])).await;
        assert_eq!(who(&app, &choose(&browser, &page, "alice").await).await, "alice");
    })
    .await;
}

#[actix_web::test]
async fn three_tabs_of_two_apps_and_two_people_each_end_in_their_own_app() {
    on_each_engine(async |app| {
        app.user("bob").await;
        app.client("second", r#"{"consent_policy": "first_party", "redirect_uris": ["https://second.example.com/"]}"#)
            .await;
        let second = |state| {
            app.authorize_url("second", &[("redirect_uri", "https://second.example.com/"), ("state", state), CHOOSE])
        };
        let browser = Browser::new(&app);
        sign_in(&browser, &app, "alice").await;
        sign_in(&browser, &app, "bob").await;
        let one = browser.open(&app.authorize_url("first-party", &[("state", "one"), CHOOSE])).await;
        let two = browser.open(&second("two")).await;
        let three = browser.open(&app.authorize_url("first-party", &[("state", "three"), ("prompt", "login")])).await;
        app.clock.advance(Seconds(60));
        let answer = choose(&browser, &two, "alice").await.answer_at("https://second.example.com/");
        assert_eq!(answer["state"], "two");
        let done = browser.submit(&three, &[("username", "bob"), ("password", PASSWORD)]).await;
        assert_eq!(done.answer()["state"], "three");
        assert_eq!(who(&app, &done).await, "bob");
        let done = choose(&browser, &one, "alice").await;
        assert_eq!(done.answer()["state"], "one");
        assert_eq!(who(&app, &done).await, "alice");
    })
    .await;
}

#[actix_web::test]
async fn a_cookie_that_somebody_made_up_is_nobody() {
    on_each_engine(async |app| {
        let browser = Browser::new(&app);
        let alice = of_name(&app, "alice").await;
        sign_in(&browser, &app, "alice").await;
        let session = store::sessions::living_of_user(&app.store, &alice.id, app.now()).await.unwrap().remove(0);
        assert!(SessionId::parse(session.id.as_str()).is_ok());
        for name in ["countersign_accounts", "countersign_session"] {
            let jar = reqwest::cookie::Jar::default();
            let forged = format!("{name}={}.{}", session.id, "A".repeat(43));
            jar.add_cookie_str(&forged, &app.issuer.parse().unwrap());
            let http = testkit::browser::plain_http().cookie_provider(jar.into()).build().unwrap();
            let page = Page::read(http.get(app.authorize_url("first-party", &[CHOOSE])).send().await.unwrap()).await;
            assert!(page.has_id("login-page") && !page.body.contains("alice@"), "{name}: {}", page.body);
        }
    })
    .await;
}

/// Whether the list of those who wait outlives the browser.
fn list_lasts(page: &Page) -> bool {
    let mut cookies = page.headers.get_all("set-cookie").iter().filter_map(|cookie| cookie.to_str().ok());
    let list = cookies.find(|cookie| cookie.starts_with("countersign_accounts=")).expect("a list");
    list.contains("Max-Age=")
}

#[actix_web::test]
async fn those_who_wait_outlive_the_browser_only_if_they_all_asked_for_it() {
    on_each_engine(async |app| {
        let kept = [("keep", "yes")];
        for name in ["bob", "carol", "dave"] {
            app.user(name).await;
        }
        let browser = Browser::new(&app);
        sign_in_with(&browser, &app, "alice", &kept).await;
        assert!(list_lasts(&sign_in(&browser, &app, "bob").await), "alice waits, who asked for it");
        let done = sign_in_with(&browser, &app, "carol", &kept).await;
        assert!(!list_lasts(&done), "bob waits as well, who did not");
        let page = browser.open(&app.authorize_url("first-party", &[CHOOSE])).await;
        assert!(list_lasts(&choose(&browser, &page, "bob").await), "carol and alice wait");
        assert!(!list_lasts(&sign_in_with(&browser, &app, "dave", &kept).await));
    })
    .await;
}

#[actix_web::test]
async fn a_session_ends_when_its_browser_forgets_it() {
    on_each_engine(async |app| {
        let bob = app.user("bob").await;
        let browser = Browser::new(&app);
        sign_in(&browser, &app, "bob").await;
        sign_in(&browser, &app, "alice").await;
        let page = browser.open(&app.authorize_url("first-party", &[CHOOSE])).await;
        assert!(lives(&app, &bob).await);
        let removed = browser.submit(&page, &[("remove", &value(&page, "bob"))]).await;
        assert!(!lives(&app, &bob).await && lives(&app, &of_name(&app, "alice").await).await);
        let page = browser.follow(removed).await;
        assert_eq!(choices(&page).len(), 1);
    })
    .await;
}
