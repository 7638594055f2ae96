//! Of many who come at once, one makes the account.

use futures_util::future::join_all;
use testkit::browser::Browser;

use super::{ADDRESS, CHOSEN, asked, link, mail_to, page_id, proven, user, with_mail};

#[actix_web::test]
async fn of_64_who_finish_one_sign_up_one_makes_the_account() {
    with_mail(async |app| {
        let browser = Browser::new(&app);
        let page = proven(&app, &browser, ADDRESS).await;
        let passwords: Vec<_> = (0..64).map(|at| format!("{CHOSEN} number {at}")).collect();
        let answers = join_all(
            passwords.iter().map(|it| async { browser.submit(&page, &[("new-password", it.as_str())]).await }),
        )
        .await;
        let coded = |at: &usize| answers[*at].location().is_some_and(|location| location.contains("code="));
        let winners: Vec<_> = (0..64).filter(coded).collect();
        assert!(answers.iter().all(|answer| answer.status.as_u16() != 500), "{answers:?}");
        assert!(!winners.is_empty(), "somebody won: {answers:?}");
        let stored = store::passwords::find(&app.store, &user(&app, ADDRESS).await.unwrap().id).await.unwrap().unwrap();
        // Each winner of the answer shares one session; one password is set, and it is one that was sent.
        let mut right = 0;
        for password in &passwords {
            let other = Browser::new(&app);
            let login = other.open(&app.authorize_url("first-party", &[])).await;
            let done = other.submit(&login, &[("username", ADDRESS), ("password", password)]).await;
            right += usize::from(done.location().is_some_and(|location| location.contains("code=")));
            if right > 0 {
                break;
            }
            app.clock.advance(protocol::time::Seconds(3_600));
        }
        assert_eq!(right, 1);
        let again = store::passwords::find(&app.store, &user(&app, ADDRESS).await.unwrap().id).await.unwrap().unwrap();
        assert_eq!(again, stored);
        let people = store::users::list(&app.store, None, 10).await.unwrap();
        assert_eq!(people.iter().filter(|person| person.email.as_deref() == Some(ADDRESS)).count(), 1);
    })
    .await;
}

#[actix_web::test]
async fn of_two_people_with_one_address_one_gets_it() {
    with_mail(async |app| {
        let browsers = [Browser::new(&app), Browser::new(&app)];
        let mut pages = Vec::new();
        for (count, browser) in (1..).zip(&browsers) {
            asked(&app, browser, ADDRESS).await;
            mail_to(&app, ADDRESS, count).await;
            app.clock.advance(protocol::time::Seconds(1));
        }
        let mut mails = store::mailbox::latest(&app.store, 10).await.unwrap();
        mails.retain(|mail| mail.recipient == ADDRESS);
        for (browser, mail) in browsers.iter().zip(&mails) {
            let page = browser.open(&link(&app, mail, "/signup")).await;
            let page = browser.follow(browser.submit(&page, &[]).await).await;
            assert_eq!(page_id(&page), "signup-password-page");
            pages.push(page);
        }
        let typed = [("new-password", CHOSEN)];
        let both = join_all(browsers.iter().zip(&pages).map(|(browser, page)| browser.submit(page, &typed))).await;
        let mut statuses: Vec<_> = both.iter().map(|answer| answer.status.as_u16()).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [303, 409], "{both:?}");
    })
    .await;
}

#[actix_web::test]
async fn of_64_codes_at_once_five_are_looked_at() {
    with_mail(async |app| {
        let browser = Browser::new(&app);
        let page = asked(&app, &browser, ADDRESS).await;
        let right = super::code(&mail_to(&app, ADDRESS, 1).await);
        let wrong = format!("{:08}", (right.parse::<u32>().unwrap() + 1) % 100_000_000);
        let answers =
            join_all((0..64).map(|_| async { browser.submit(&page, &[("code", wrong.as_str())]).await })).await;
        let told = |sentence: &str| answers.iter().filter(|answer| answer.body.contains(sentence)).count();
        assert_eq!((told("isn’t right"), told("too often")), (5, 59));
    })
    .await;
}
