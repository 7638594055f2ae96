//! `/consent`: asked once for exactly what was shown, remembered, refused politely.

use futures_util::future::join_all;
use protocol::client::Client;
use protocol::ids::ClientId;
use store::Won;
use testkit::browser::Browser;
use testkit::requests::STATE;

use crate::on_each_engine;

#[actix_web::test]
async fn it_names_the_app_the_host_and_each_permission() {
    on_each_engine(async |app| {
        let browser = Browser::new(&app);
        let login = browser.open(&app.authorize_url("public", &[("scope", "openid email notes:read")])).await;
        let page = browser.sign_in(&login, "alice").await;
        assert!(page.has_id("consent-page") && page.has_id("consent-allow") && page.has_id("consent-deny"));
        for text in ["Test public", "app.example.com", "Alice Moreau", "Use notes:read", "Notes"] {
            assert!(page.body.contains(text), "{text}: {}", page.body);
        }
    })
    .await;
}

#[actix_web::test]
async fn a_yes_is_remembered_and_only_what_is_new_is_asked_again() {
    on_each_engine(async |app| {
        let browser = Browser::new(&app);
        browser.authorize(&app.authorize_url("public", &[("scope", "openid email")])).await;
        let again = browser.get(&app.authorize_url("public", &[("scope", "openid email")])).await;
        assert!(again.answer().contains_key("code"));
        let less = browser.get(&app.authorize_url("public", &[("scope", "openid")])).await;
        assert!(less.answer().contains_key("code"));
        let more = browser.open(&app.authorize_url("public", &[("scope", "openid email notes:read")])).await;
        assert!(more.has_id("consent-page"));
        let answer = browser.submit(&more, &[("decision", "allow")]).await.answer();
        assert!(answer.contains_key("code"));
        let both = browser.get(&app.authorize_url("public", &[("scope", "openid email notes:read")])).await;
        assert!(both.answer().contains_key("code"));
    })
    .await;
}

#[actix_web::test]
async fn a_no_goes_back_as_access_denied_and_is_not_remembered() {
    on_each_engine(async |app| {
        let browser = Browser::new(&app);
        let login = browser.open(&app.authorize_url("public", &[])).await;
        let page = browser.sign_in(&login, "alice").await;
        let answer = browser.submit(&page, &[("decision", "deny")]).await.answer();
        assert_eq!((answer["error"].as_str(), answer["state"].as_str()), ("access_denied", STATE));
        assert_eq!(answer["iss"], app.issuer);
        assert!(browser.open(&app.authorize_url("public", &[])).await.has_id("consent-page"));
    })
    .await;
}

#[actix_web::test]
async fn a_yes_counts_for_the_client_that_was_shown() {
    on_each_engine(async |app| {
        let browser = Browser::new(&app);
        let login = browser.open(&app.authorize_url("public", &[])).await;
        let seen = browser.sign_in(&login, "alice").await;
        let client = ClientId::parse("public").unwrap();
        let before = store::clients::find(&app.store, &client).await.unwrap().unwrap();
        let renamed = Client { name: "Somebody else".to_owned(), ..before };
        assert_eq!(store::clients::update(&app.store, &renamed).await.unwrap(), Won::Yes);
        let page = browser.submit(&seen, &[("decision", "allow")]).await;
        let again = browser.follow(page).await;
        assert!(again.has_id("consent-page") && again.body.contains("Somebody else"), "{}", again.body);
        assert!(browser.submit(&again, &[("decision", "allow")]).await.answer().contains_key("code"));

        let more = browser.open(&app.authorize_url("public", &[("prompt", "consent")])).await;
        let renamed = Client { name: "And another".to_owned(), ..renamed };
        assert_eq!(store::clients::update(&app.store, &renamed).await.unwrap(), Won::Yes);
        let answer = browser.submit(&more, &[("decision", "deny")]).await.answer();
        assert_eq!(answer["error"], "access_denied", "a no is a no, whoever asks");
    })
    .await;
}

#[actix_web::test]
async fn a_first_party_client_is_not_asked_about() {
    on_each_engine(async |app| {
        let browser = Browser::new(&app);
        let login = browser.open(&app.authorize_url("first-party", &[])).await;
        let page = browser.sign_in(&login, "alice").await;
        assert!(page.answer().contains_key("code"));
    })
    .await;
}

#[actix_web::test]
async fn what_one_person_saw_is_not_allowed_in_the_name_of_another() {
    on_each_engine(async |app| {
        app.user("bob").await;
        let browser = Browser::new(&app);
        let login = browser.open(&app.authorize_url("public", &[])).await;
        let seen_by_alice = browser.sign_in(&login, "alice").await;
        let other = browser.open(&app.authorize_url("first-party", &[("prompt", "login")])).await;
        browser.sign_in(&other, "bob").await;
        let page = browser.submit(&seen_by_alice, &[("decision", "allow")]).await;
        assert_eq!(page.status, 403);
        let bob = store::users::find_by_login(&app.store, "bob").await.unwrap().unwrap();
        let client = ClientId::parse("public").unwrap();
        assert_eq!(store::consents::find(&app.store, &bob.id, &client).await.unwrap(), None);
    })
    .await;
}

#[actix_web::test]
async fn use_another_account_leads_to_the_login_and_back() {
    on_each_engine(async |app| {
        app.user("bob").await;
        let browser = Browser::new(&app);
        let login = browser.open(&app.authorize_url("public", &[])).await;
        let page = browser.sign_in(&login, "alice").await;
        let login = browser.open(&format!("{}&account=other", page.url.as_str().replace("/consent", "/login"))).await;
        assert!(login.has_id("login-page"));
        let page = browser.sign_in(&login, "bob").await;
        assert!(page.has_id("consent-page") && page.body.contains("bob@example.test"), "{}", page.body);
    })
    .await;
}

#[actix_web::test]
async fn of_parallel_decisions_one_is_answered() {
    on_each_engine(async |app| {
        let browser = Browser::new(&app);
        let login = browser.open(&app.authorize_url("public", &[])).await;
        let page = browser.sign_in(&login, "alice").await;
        let (allow, deny) = ([("decision", "allow")], [("decision", "deny")]);
        let pages = join_all([&deny, &allow, &deny, &deny].map(|decision| browser.submit(&page, decision))).await;
        let answered = pages.iter().filter(|page| page.status == 303).count();
        assert_eq!(answered, 1, "{:?}", pages.iter().map(|page| page.status).collect::<Vec<_>>());
    })
    .await;
}
