//! The link of the mail: opened by scanners, in other browsers, twice, late.

use protocol::time::Seconds;
use testkit::browser::{Browser, plain_http};

use super::{ADDRESS, CHOSEN, asked, code, link, mail_to, page_id, proven, user, with_mail, with_settings};

#[actix_web::test]
async fn scanners_open_a_link_and_get_nothing_and_its_owner_still_succeeds() {
    with_mail(async |app| {
        let browser = Browser::new(&app);
        asked(&app, &browser, ADDRESS).await;
        let link = link(&app, &mail_to(&app, ADDRESS, 1).await, "/signup");
        let scanner = plain_http().build().unwrap();
        for at in 0..20 {
            let request = match at % 3 {
                0 => scanner.head(app.url(&link)),
                1 => scanner.get(app.url(&link)),
                _ => scanner.get(app.url(&link)).header("sec-purpose", "prefetch"),
            };
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status(), 200);
            let cookies: Vec<_> = answer.headers().get_all("set-cookie").iter().collect();
            assert!(cookies.iter().all(|cookie| !cookie.to_str().unwrap().contains("session")), "{cookies:?}");
        }
        let page = browser.open(&link).await;
        assert_eq!(page_id(&page), "signup-link-page");
        let page = browser.follow(browser.submit(&page, &[]).await).await;
        assert_eq!(page_id(&page), "signup-password-page");
        assert!(browser.submit(&page, &[("new-password", CHOSEN)]).await.answer().contains_key("code"), "to the app");
        let over = browser.open(&link).await;
        assert_eq!((over.status.as_u16(), page_id(&over)), (410, "signup-over-page"));
        assert!(over.body.contains("href=\"/signup\""));
    })
    .await;
}

/// Whoever types the address of somebody else gets nothing out of the click of its owner.
#[actix_web::test]
async fn a_proof_counts_in_the_browser_that_gave_it() {
    let with_terms = |config: &mut auth::config::Config| {
        config.accounts.terms_uri = Some("https://acme.example/terms".to_owned());
    };
    with_settings(with_terms, async |app| {
        let attacker = Browser::new(&app);
        let page = super::opened(&app, &attacker).await;
        let typed = [("email", ADDRESS), ("name", "Mallory"), ("terms", "yes")];
        let waits = attacker.follow(attacker.submit(&page, &typed).await).await;
        let mail = mail_to(&app, ADDRESS, 1).await;
        let owner = Browser::new(&app);
        let page = owner.open(&link(&app, &mail, "/signup")).await;
        let page = owner.follow(owner.submit(&page, &[]).await).await;
        assert_eq!(page_id(&page), "signup-password-page");
        assert!(page.has_id("terms") && page.has_id("name"), "what the other one said does not count");

        for path in ["/signup/password", "/signup/code"] {
            let there = attacker.open(&waits.url.as_str().replace("/signup/code", path)).await;
            assert_eq!(page_id(&there), "signup-page", "{path}");
        }
        let stolen = attacker.submit(&waits, &[("code", &code(&mail))]).await;
        assert_ne!(page_id(&attacker.follow(stolen).await), "signup-password-page");

        assert!(page.has_id("passkey-terms"), "a passkey is as good, with a box of its own: {}", page.body);
        let refused = owner.submit(&page, &[("new-password", CHOSEN)]).await;
        assert!(refused.status == 422 && refused.has_id("terms-error"));
        let done = owner.submit(&page, &[("new-password", CHOSEN), ("terms", "yes"), ("name", "Berta")]).await;
        assert_eq!(done.location(), Some(app.url("/account")), "not to the app that somebody else came from");
        let berta = user(&app, ADDRESS).await.unwrap();
        assert_eq!((berta.profile.name.as_deref(), berta.terms_accepted_at), (Some("Berta"), Some(app.now())));
    })
    .await;
}

#[actix_web::test]
async fn the_form_of_a_link_belongs_to_the_browser_that_was_shown_it() {
    with_mail(async |app| {
        let browser = Browser::new(&app);
        asked(&app, &browser, ADDRESS).await;
        let link = link(&app, &mail_to(&app, ADDRESS, 1).await, "/signup");
        let page = browser.open(&link).await;
        let other = Browser::new(&app);
        assert_eq!(other.post(&link, &page.hidden_fields()).await.status, 400, "no cookie");
        other.open(&link).await;
        assert_eq!(other.post(&link, &page.hidden_fields()).await.status, 403);
        assert_eq!(browser.post(&link, &[]).await.status, 403);
        assert_eq!(browser.submit(&page, &[]).await.status, 303);
    })
    .await;
}

#[actix_web::test]
async fn a_link_ends_after_an_hour_and_is_for_nothing_else() {
    with_mail(async |app| {
        let browser = Browser::new(&app);
        asked(&app, &browser, ADDRESS).await;
        let link = link(&app, &mail_to(&app, ADDRESS, 1).await, "/signup");
        assert_eq!(browser.open(&link.replace("/signup/", "/recover/")).await.status, 410);
        assert_eq!(browser.open(&format!("{link}x")).await.status, 410);
        let page = browser.open(&link).await;
        app.clock.advance(Seconds::hours(1));
        assert_eq!(browser.open(&link).await.status, 410);
        assert_eq!(browser.submit(&page, &[]).await.status, 410);
    })
    .await;
}

#[actix_web::test]
async fn an_address_that_was_taken_meanwhile_says_so_and_shows_the_way() {
    with_mail(async |app| {
        let (one, other) = (Browser::new(&app), Browser::new(&app));
        let waits = proven(&app, &one, ADDRESS).await;
        app.clock.advance(Seconds(31));
        asked(&app, &other, ADDRESS).await;
        let done = one.submit(&waits, &[("new-password", CHOSEN)]).await;
        assert!(done.answer().contains_key("code"));
        let mails = store::mailbox::latest(&app.store, 10).await.unwrap();
        for mail in mails.iter().filter(|mail| mail.recipient == ADDRESS) {
            let page = other.open(&link(&app, mail, "/signup")).await;
            if page_id(&page) == "signup-over-page" {
                continue; // the one that made the account
            }
            let page = other.follow(other.submit(&page, &[]).await).await;
            let taken = other.submit(&page, &[("new-password", "another long password here")]).await;
            assert_eq!((taken.status.as_u16(), page_id(&taken)), (409, "signup-taken-page"));
            assert!(taken.has_id("signup-sign-in") && taken.has_id("signup-recover"));
            return;
        }
        panic!("there was no second mail");
    })
    .await;
}
