//! An account whose owner has no password, but a passkey.

use serde_json::{Value, json};
use testkit::authenticator::{Authenticator, Told};
use testkit::browser::{Browser, Page};

use super::{ADDRESS, link, mail_to, opened, page_id, proven, user, with_mail, with_settings};

fn with(page: &Page, more: &[(&str, String)]) -> Vec<(String, String)> {
    let mut fields = page.hidden_fields();
    fields.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
    fields.extend(more.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    fields
}

async fn options(browser: &Browser, page: &Page) -> Value {
    browser.post("/signup/passkey-options", &page.hidden_fields()).await.json()
}

#[actix_web::test]
async fn a_passkey_is_enough() {
    with_mail(async |app| {
        let browser = Browser::new(&app);
        let page = proven(&app, &browser, ADDRESS).await;
        assert!(page.has_id("passkey-add"), "{}", page.body);
        let options = options(&browser, &page).await;
        assert_eq!(options["publicKey"]["user"]["name"], ADDRESS);
        assert_eq!(options["publicKey"]["user"]["displayName"], "Berta Benz");
        let mut phone = Authenticator::new();
        let answer = phone.create(&options, &Told::created(&options, &app.issuer));
        let ceremony = options["ceremony"].as_str().unwrap().to_owned();
        let fields = with(&page, &[("ceremony", ceremony), ("credential", answer.to_string())]);
        let page = browser.post("/signup/passkey", &fields).await;
        assert!(page.has_id("enrol-codes-page"), "a lost passkey must not be a lost account: {}", page.body);
        let berta = user(&app, ADDRESS).await.unwrap();
        assert_eq!(page.body.matches("<li><code>").count(), 10);
        assert_eq!(store::recovery_codes::left(&app.store, &berta.id).await.unwrap(), 10);
        let onward = page.body.split("id=\"codes-kept\" href=\"").nth(1).unwrap().split('"').next().unwrap();
        let done = browser.open(onward).await;
        assert!(done.answer().contains_key("code"), "{}", done.body);
        assert_eq!(store::passwords::find(&app.store, &berta.id).await.unwrap(), None);
        assert_eq!(store::passkeys::of_user(&app.store, &berta.id).await.unwrap().len(), 1);
        let sessions = store::sessions::living_of_user(&app.store, &berta.id, app.now()).await.unwrap();
        assert_eq!((sessions.len(), sessions[0].acr.as_str()), (1, "2"), "a passkey is two factors");
    })
    .await;
}

/// The link of the mail in another browser, where nobody has accepted anything yet.
#[actix_web::test]
async fn the_terms_can_be_accepted_beside_the_passkey() {
    let with_terms = |config: &mut auth::config::Config| {
        config.accounts.terms_uri = Some("https://acme.example/terms".to_owned());
    };
    with_settings(with_terms, async |app| {
        let asking = Browser::new(&app);
        let page = opened(&app, &asking).await;
        asking.submit(&page, &[("email", ADDRESS), ("terms", "yes")]).await;
        let browser = Browser::new(&app);
        let page = browser.open(&link(&app, &mail_to(&app, ADDRESS, 1).await, "/signup")).await;
        let page = browser.follow(browser.submit(&page, &[]).await).await;
        let create = async |terms: Option<&str>| {
            let options = options(&browser, &page).await;
            let answer = Authenticator::new().create(&options, &Told::created(&options, &app.issuer));
            let ceremony = options["ceremony"].as_str().unwrap().to_owned();
            let mut fields = with(&page, &[("ceremony", ceremony), ("credential", answer.to_string())]);
            fields.extend(terms.map(|box_of| (box_of.to_owned(), "yes".to_owned())));
            browser.post("/signup/passkey", &fields).await
        };
        let refused = create(None).await;
        assert!(refused.status == 422 && refused.has_id("terms-error"), "{}", refused.body);
        assert_eq!(user(&app, ADDRESS).await, None);
        assert!(create(Some("passkey-terms")).await.has_id("enrol-codes-page"));
        assert_eq!(user(&app, ADDRESS).await.unwrap().terms_accepted_at, Some(app.now()));
    })
    .await;
}

#[actix_web::test]
async fn a_passkey_that_is_refused_can_be_tried_again() {
    with_mail(async |app| {
        let browser = Browser::new(&app);
        let page = proven(&app, &browser, ADDRESS).await;
        let given = options(&browser, &page).await;
        let answer = Authenticator::new().create(&given, &Told::created(&given, "https://evil.example"));
        let ceremony = given["ceremony"].as_str().unwrap().to_owned();
        let fields = with(&page, &[("ceremony", ceremony), ("credential", answer.to_string())]);
        let refused = browser.post("/signup/passkey", &fields).await;
        assert_eq!(refused.status, 303);
        let page = browser.follow(refused).await;
        assert_eq!(page_id(&page), "signup-password-page");
        assert!(page.body.contains("role=\"alert\""), "{}", page.body);
        assert_eq!(user(&app, ADDRESS).await, None);
        let fields = with(&page, &[("ceremony", "none".to_owned()), ("credential", json!({}).to_string())]);
        assert_eq!(browser.post("/signup/passkey", &fields).await.status, 303);
        let done = browser.post("/signup/password", &with(&page, &[("new-password", super::CHOSEN.to_owned())])).await;
        assert!(done.answer().contains_key("code"));
    })
    .await;
}
