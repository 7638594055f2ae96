//! An account whose owner has no password, but a passkey.

use serde_json::{Value, json};
use testkit::authenticator::{Authenticator, Told};
use testkit::browser::{Browser, Page};

use super::{ADDRESS, page_id, proven, user, with_mail};

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
        let done = browser.post("/signup/passkey", &fields).await;
        assert!(done.answer().contains_key("code"), "{}", done.body);
        let berta = user(&app, ADDRESS).await.unwrap();
        assert_eq!(store::passwords::find(&app.store, &berta.id).await.unwrap(), None);
        assert_eq!(store::passkeys::of_user(&app.store, &berta.id).await.unwrap().len(), 1);
        let sessions = store::sessions::living_of_user(&app.store, &berta.id, app.now()).await.unwrap();
        assert_eq!((sessions.len(), sessions[0].acr.as_str()), (1, "2"), "a passkey is two factors");
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
