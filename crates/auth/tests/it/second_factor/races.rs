//! Many at once: one code is one sign-in, and every guess is counted before it is looked at.

use auth::config::MailTransport;
use futures_util::future::join_all;
use protocol::security_event::SecurityEvent;
use protocol::time::Seconds;
use testkit::browser::{Browser, Page};
use testkit::database::engines;

use super::*;

const MANY: usize = 64;
const GUESSES: usize = 200;

fn codes(pages: &[Page]) -> usize {
    pages.iter().filter(|page| page.location().is_some_and(|to| to.contains("code="))).count()
}

fn count(pages: &[Page], status: u16) -> usize {
    pages.iter().filter(|page| page.status == status).count()
}

/// Of many posts of the same form one signs in.
async fn one_wins(app: &TestApp, alice: &Alice, browser: &Browser, page: &Page, typed: (&str, &str)) {
    let before = sessions(app, &alice.user).await;
    let typed = [typed];
    let pages = join_all((0..MANY).map(|_| browser.submit(page, &typed))).await;
    let cookies = pages.iter().filter(|page| cookie(page, "countersign_session").is_some()).count();
    assert_eq!((codes(&pages), cookies), (1, 1), "{typed:?}");
    assert_eq!(sessions(app, &alice.user).await, before + 1, "{typed:?}");
}

#[actix_web::test]
async fn of_64_posts_of_one_code_one_signs_in() {
    for database in engines() {
        let app = configured(database, |config| {
            config.mail.transport = MailTransport::Mailbox;
            config.second_factor.email_code = true;
            // Enough for all of them: the code decides here, not the limit.
            (config.limits.failed_codes_in_five_minutes, config.limits.failed_codes_per_hour) = (100, 1_000);
        })
        .await;
        let alice = alice(&app).await;
        let browser = Browser::new(&app);
        let page = after_password(&browser, &app, &[]).await;
        one_wins(&app, &alice, &browser, &page, ("code", &alice.phone.code(app.now()))).await;

        let browser = Browser::new(&app);
        let page = after_password(&browser, &app, &[]).await;
        let page = other_way(&browser, &page, "/login/recovery-code").await;
        app.clock.advance(Seconds(300));
        one_wins(&app, &alice, &browser, &page, ("recovery-code", &alice.codes[0])).await;
        assert_eq!(events(&app, &alice.user, SecurityEvent::RecoveryCodeUsed).await, 1);

        let browser = Browser::new(&app);
        let page = after_password(&browser, &app, &[]).await;
        let page = other_way(&browser, &page, "/login/email-code").await;
        app.clock.advance(Seconds(300));
        let page = browser.submit(&page, &[]).await;
        let page = browser.follow(page).await;
        let code = email_code::codes(&app, 1).await.remove(0);
        one_wins(&app, &alice, &browser, &page, ("code", &code)).await;
    }
}

#[actix_web::test]
async fn of_200_parallel_guesses_no_more_than_the_limit_are_evaluated_and_a_restart_forgets_none() {
    for database in engines() {
        let mut app = configured(database, |_| {}).await;
        let alice = alice(&app).await;
        let most = app.config.limits.failed_codes_in_five_minutes as usize;
        let browser = Browser::new(&app);
        let page = after_password(&browser, &app, &[]).await;
        let recovery = other_way(&browser, &page, "/login/recovery-code").await;
        // Both kinds at once: they share their counters.
        let guesses = (0..GUESSES).map(|number| {
            let (browser, page, recovery) = (&browser, &page, &recovery);
            async move {
                match number % 2 {
                    0 => browser.submit(page, &[("code", "not one")]).await,
                    _ => browser.submit(recovery, &[("recovery-code", "not one")]).await,
                }
            }
        });
        let pages = join_all(guesses).await;
        assert_eq!((count(&pages, 422), count(&pages, 429)), (most, GUESSES - most));
        assert_eq!(events(&app, &alice.user, SecurityEvent::SecondFactorFailed).await, most);
        app.restart().await;
        let right = alice.phone.code(app.now());
        assert_eq!(browser.submit(&page, &[("code", &right)]).await.status, 429, "a restart forgets nothing");
        let other = Browser::new(&app);
        let page = after_password(&other, &app, &[]).await;
        assert_eq!(other.submit(&page, &[("code", &right)]).await.status, 429, "nor does another browser help");
        app.clock.advance(Seconds(300));
        assert!(other.submit(&page, &[("code", &alice.phone.code(app.now()))]).await.answer().contains_key("code"));
    }
}
