//! `/login/recovery-code`: each once, typed as people type, told to the owner.

use auth::config::MailTransport;
use protocol::security_event::SecurityEvent;
use serde_json::json;
use testkit::browser::Browser;
use testkit::database::engines;

use super::*;
use crate::on_each_engine;

#[actix_web::test]
async fn a_recovery_code_signs_in_once_however_it_is_typed() {
    on_each_engine(async |app| {
        let alice = alice(&app).await;
        let typed = format!(" {} ", alice.codes[4].to_lowercase().replace('-', " "));
        let browser = Browser::new(&app);
        let page = after_password(&browser, &app, &[]).await;
        let page = other_way(&browser, &page, "/login/recovery-code").await;
        assert!(page.has_id("recovery-code-page"), "{}", page.body);
        let wrong = browser.submit(&page, &[("recovery-code", "0000-0000")]).await;
        assert_eq!(wrong.status, 422);
        let done = browser.submit(&page, &[("recovery-code", &typed)]).await;
        assert_eq!(id_token(&app, &done).await["amr"], json!(["pwd", "otp", "mfa"]));
        let again = Browser::new(&app);
        let page = after_password(&again, &app, &[]).await;
        let page = other_way(&again, &page, "/login/recovery-code").await;
        assert_eq!(again.submit(&page, &[("recovery-code", &typed)]).await.status, 422);
        assert_eq!(sessions(&app, &alice.user).await, 1);
        assert_eq!(events(&app, &alice.user, SecurityEvent::RecoveryCodeUsed).await, 1);
        assert_eq!(events(&app, &alice.user, SecurityEvent::SecondFactorFailed).await, 2);
    })
    .await;
}

#[actix_web::test]
async fn the_owner_hears_of_each_and_after_the_last_the_way_is_not_offered_any_more() {
    for database in engines() {
        let app = configured(database, |config| config.mail.transport = MailTransport::Mailbox).await;
        let alice = alice(&app).await;
        for code in &alice.codes {
            let browser = Browser::new(&app);
            let page = after_password(&browser, &app, &[]).await;
            let page = other_way(&browser, &page, "/login/recovery-code").await;
            assert!(browser.submit(&page, &[("recovery-code", code)]).await.answer().contains_key("code"));
        }
        let mails = store::mails::latest(&app.store, 100).await.unwrap();
        assert_eq!(mails.iter().filter(|mail| mail.kind == "recovery_code_used").count(), alice.codes.len());
        let used = store::security_events::of_user(
            &app.store,
            &alice.user.id,
            Some(SecurityEvent::RecoveryCodeUsed),
            None,
            100,
        );
        assert!(used.await.unwrap().iter().any(|entry| entry.details["left"] == json!(0)));
        let browser = Browser::new(&app);
        let page = after_password(&browser, &app, &[]).await;
        assert!(page.has_id("totp-page") && !page.body.contains("/login/recovery-code"), "{}", page.body);
        assert!(other_way(&browser, &page, "/login/recovery-code").await.has_id("totp-page"));
    }
}
