//! Where people come by invitation.

use auth::action_tokens::{self, Order};
use auth::config::{Config, SignUp};
use auth::mail::Mailbox;
use protocol::action_token::Purpose;
use serde_json::json;
use testkit::app::TestApp;
use testkit::browser::Browser;

use super::{ADDRESS, CHOSEN, code, mail_to, mails_to, page_id, user, with_settings};

fn by_invitation(config: &mut Config) {
    config.accounts.sign_up = SignUp::Invite;
}

/// `sent`: by mail, so that the link proves the address.
async fn invitation(app: &TestApp, sent: &[&str]) -> String {
    let address = Mailbox::parse(ADDRESS).unwrap();
    let details = sent.iter().map(|name| ((*name).to_owned(), json!(true))).collect();
    let order = Order { details, ..Order::new(Purpose::Invite) };
    let issued = action_tokens::issue_link(&app.store, order.to(&address), app.now()).await.unwrap();
    format!("/signup/{}", issued.link_token.expose())
}

#[actix_web::test]
async fn nobody_comes_without_an_invitation() {
    with_settings(by_invitation, async |app| {
        let browser = Browser::new(&app);
        let page = browser.open("/signup").await;
        assert_eq!((page.status.as_u16(), page_id(&page)), (403, "signup-closed-page"));
        let id = page.url.query().unwrap().to_owned();
        let login = browser.open(&format!("/login?{id}")).await;
        let mut fields: Vec<_> = login.hidden_fields().into_iter().filter(|(name, _)| name != "purpose").collect();
        fields.push(("email".to_owned(), ADDRESS.to_owned()));
        assert_eq!(browser.post("/signup", &fields).await.status, 403);
        assert_eq!(mails_to(&app, ADDRESS).await, 0);
        let refused = browser.open(&app.authorize_url("first-party", &[("prompt", "create")])).await.answer();
        assert_eq!(refused["error"], "invalid_request");
    })
    .await;
}

#[actix_web::test]
async fn an_invitation_by_mail_proves_the_address() {
    with_settings(by_invitation, async |app| {
        let browser = Browser::new(&app);
        let link = invitation(&app, &["sent"]).await;
        let page = browser.open(&link).await;
        assert!(page.has_id("signup-link-page") && page.body.contains(ADDRESS));
        let page = browser.follow(browser.submit(&page, &[]).await).await;
        assert_eq!(page_id(&page), "signup-page");
        let page = browser.submit(&page, &[("email", "mallory@example.test"), ("name", "Berta")]).await;
        let page = browser.follow(page).await;
        assert_eq!(page_id(&page), "signup-password-page");
        let done = browser.submit(&page, &[("new-password", CHOSEN)]).await;
        assert_eq!(done.location(), Some(app.url("/account")));
        let berta = user(&app, ADDRESS).await.expect("the address is that of the invitation");
        assert_eq!(berta.verified_email(), Some(ADDRESS));
        assert_eq!(browser.open(&link).await.status, 410, "it is good for one account");
        assert_eq!(mails_to(&app, ADDRESS).await, 0);
    })
    .await;
}

#[actix_web::test]
async fn an_invitation_that_was_handed_over_proves_nothing() {
    with_settings(by_invitation, async |app| {
        let browser = Browser::new(&app);
        let page = browser.open(&invitation(&app, &[]).await).await;
        let page = browser.follow(browser.submit(&page, &[]).await).await;
        let page = browser.follow(browser.submit(&page, &[("name", "Berta")]).await).await;
        assert_eq!(page_id(&page), "signup-code-page");
        let code = code(&mail_to(&app, ADDRESS, 1).await);
        let page = browser.follow(browser.submit(&page, &[("code", &code)]).await).await;
        assert_eq!(page_id(&page), "signup-password-page");
        assert_eq!(browser.submit(&page, &[("new-password", CHOSEN)]).await.location(), Some(app.url("/account")));
        assert!(user(&app, ADDRESS).await.is_some());
    })
    .await;
}
