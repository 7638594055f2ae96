//! The cookie of browsers that signed in before: whose it is, how long it lasts, and that it proves nothing by itself.

use auth::known_browsers;
use protocol::time::Seconds;
use protocol::user::User;
use store::known_browsers::KnownBrowser;
use testkit::app::{PASSWORD, TestApp};
use testkit::browser::{Browser, Page};

use crate::limits::state;
use crate::on_each_engine;

/// Signs in anew; the page that answered the password.
async fn sign_in(app: &TestApp, browser: &Browser, name: &str) -> Page {
    let page = browser.open(&app.authorize_url("first-party", &[("prompt", "login")])).await;
    browser.submit(&page, &[("username", name), ("password", PASSWORD)]).await
}

/// The cookie that a page sets, with its attributes.
fn known_cookie(page: &Page) -> Option<String> {
    let cookies = page.headers.get_all("set-cookie").iter().filter_map(|value| value.to_str().ok());
    cookies.filter(|cookie| cookie.starts_with("countersign_known=")).map(str::to_owned).next()
}

fn tokens(cookie: &str) -> Vec<String> {
    let value = cookie.split(['=', ';']).nth(1).expect("a value");
    value.split('~').map(str::to_owned).collect()
}

async fn alice(app: &TestApp) -> User {
    store::users::find_by_login(&app.store, "alice").await.unwrap().unwrap()
}

async fn browsers_of(app: &TestApp, user: &User) -> Vec<KnownBrowser> {
    known_browsers::list(&state(app), &user.id, app.now()).await.unwrap()
}

#[actix_web::test]
async fn a_browser_is_known_from_its_first_sign_in_and_stays_one_browser() {
    on_each_engine(async |app| {
        let (browser, alice) = (Browser::new(&app), alice(&app).await);
        let refused = browser.open(&app.authorize_url("first-party", &[])).await;
        let refused = browser.submit(&refused, &[("username", "alice"), ("password", "wrong")]).await;
        assert_eq!(known_cookie(&refused), None, "a wrong password makes nobody known");
        let first = known_cookie(&sign_in(&app, &browser, "alice").await).expect("is known from now on");
        for attribute in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age="] {
            assert!(first.contains(attribute), "{first}");
        }
        app.clock.advance(Seconds::days(364));
        let again = known_cookie(&sign_in(&app, &browser, "alice").await).expect("lasts longer now");
        assert_eq!(tokens(&first), tokens(&again));
        let known = browsers_of(&app, &alice).await;
        assert_eq!(known.len(), 1);
        assert_eq!(known[0].last_seen_at.since(known[0].created_at), Seconds::days(364));
        app.clock.advance(Seconds::days(365));
        assert!(browsers_of(&app, &alice).await.is_empty(), "not seen for a year");
    })
    .await;
}

#[actix_web::test]
async fn one_browser_is_known_to_five_accounts_and_a_forgotten_one_makes_room() {
    on_each_engine(async |app| {
        let browser = Browser::new(&app);
        let mut people = Vec::new();
        let mut last = Vec::new();
        for number in 0..6 {
            people.push(app.user(&format!("person{number}")).await);
            let page = sign_in(&app, &browser, &format!("person{number}")).await;
            last = tokens(&known_cookie(&page).expect("a cookie"));
        }
        assert_eq!(last.len(), 5);
        store::known_browsers::forget_others(&app.store, &people[5].id, None).await.unwrap();
        let page = sign_in(&app, &browser, "person4").await;
        let kept = tokens(&known_cookie(&page).expect("a cookie"));
        assert_eq!((kept.len(), &kept[0]), (4, &last[1]), "the one that signed in last comes first");
        let person = &people[4];
        assert_eq!(browsers_of(&app, person).await.len(), 1);
    })
    .await;
}

#[actix_web::test]
async fn only_the_exact_secret_is_a_lane_of_its_own() {
    on_each_engine(async |app| {
        let cookie = known_cookie(&sign_in(&app, &Browser::new(&app), "alice").await).expect("a cookie");
        let token = tokens(&cookie).remove(0);
        let (id, secret) = token.split_once('.').expect("id and secret");
        let stranger = Browser::new(&app);
        let begun = stranger.get(&app.authorize_url("first-party", &[])).await;
        let browser = begun.header("set-cookie").split(';').next().expect("a cookie").to_owned();
        let page = stranger.follow(begun).await;
        let mut fields = page.hidden_fields();
        fields.extend([("username".to_owned(), "alice".to_owned()), ("password".to_owned(), "wrong".to_owned())]);
        let guess = async |known: &str| {
            let http = testkit::browser::plain_http().build().unwrap();
            let cookies = format!("{browser}; countersign_known={known}");
            let request = http.post(page.form_action()).header("cookie", cookies).form(&fields);
            request.send().await.unwrap().status().as_u16()
        };
        while guess("").await == 422 {}
        let other = secret.chars().rev().collect::<String>();
        for forged in [format!("{id}.{other}"), format!("{id}."), id.to_owned(), format!("{token}x"), "~~~~".to_owned()]
        {
            assert_eq!(guess(&forged).await, 429, "{forged}");
        }
        assert_eq!(guess(&format!("x.y~{token}")).await, 422, "the same, beside rubbish");
    })
    .await;
}

#[actix_web::test]
async fn a_browser_is_remembered_for_as_long_as_was_said_and_not_at_all_for_nothing() {
    on_each_engine(async |app| {
        let (state, alice) = (state(&app), alice(&app).await);
        sign_in(&app, &Browser::new(&app), "alice").await;
        let known = browsers_of(&app, &alice).await.remove(0);
        let remembered = async || browsers_of(&app, &alice).await[0].is_remembered(app.now());
        assert!(!remembered().await);
        let _won = known_browsers::remember(&state, &known, Seconds(0), app.now()).await.unwrap();
        assert!(!remembered().await);
        let _won = known_browsers::remember(&state, &known, Seconds(100), app.now()).await.unwrap();
        app.clock.advance(Seconds(99));
        assert!(remembered().await);
        app.clock.advance(Seconds(1));
        assert!(!remembered().await);
        let _won = known_browsers::remember(&state, &known, Seconds(100), app.now()).await.unwrap();
        known_browsers::remember_none(&state, &alice.id).await.unwrap();
        assert!(!remembered().await);
    })
    .await;
}
