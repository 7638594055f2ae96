//! Another e-mail address: proven by code or link, told to the old one, and never a way to learn whose an address is.

use futures_util::future::join_all;
use testkit::app::TestApp;
use testkit::browser::{Browser, Page};

use super::{form, link_in, mails_to, send, sign_in_again, signed_in, with_mail};

const NEW: &str = "alice@new.example";

async fn ask_for(app: &TestApp, address: &str) -> (Browser, Page) {
    let (browser, page) = signed_in(app, "alice", "/account/email").await;
    let page = send(&browser, &page, "/account/email", &[("email", address)]).await;
    assert!(page.has_id("email-proof-page"), "{}", page.body);
    (browser, page)
}

async fn email_of(app: &TestApp, username: &str) -> (Option<String>, bool) {
    let user = store::users::find_by_login(&app.store, username).await.unwrap().unwrap();
    (user.email, user.email_verified_at.is_some())
}

fn code_in(mail: &str) -> String {
    let digits: Vec<&str> =
        mail.split_whitespace().filter(|word| word.bytes().all(|byte| byte.is_ascii_digit())).collect();
    let whole = digits.concat();
    whole.get(..8).unwrap_or_else(|| panic!("no code in {mail}")).to_owned()
}

async fn type_code(browser: &Browser, page: &Page, code: &str) -> Page {
    let interaction = page.url.query_pairs().find(|(name, _)| name == "interaction");
    let interaction = interaction.map(|(_, value)| value.into_owned());
    let interaction = interaction.unwrap_or_else(|| hidden(page, "interaction"));
    send(browser, page, "/account/email/code", &[("interaction", &interaction), ("code", code)]).await
}

fn hidden(page: &Page, name: &str) -> String {
    let after = page.body.split(&format!("name=\"{name}\" value=\"")).nth(1).expect("a field");
    after.split('"').next().expect("a value").to_owned()
}

#[actix_web::test]
async fn the_code_changes_the_address_and_the_old_one_is_told() {
    with_mail(async |app| {
        let (browser, page) = ask_for(&app, NEW).await;
        assert_eq!(email_of(&app, "alice").await.0.as_deref(), Some("alice@example.test"), "nothing counts yet");
        let mail = mails_to(&app, NEW, 1).await.remove(0);
        let wrong = type_code(&browser, &page, "00000000").await;
        assert_eq!(wrong.status, 422, "{}", wrong.body);
        let done = type_code(&browser, &wrong, &code_in(&mail)).await;
        assert!(done.has_id("profile-page") && done.body.contains(NEW), "{}", done.body);
        assert_eq!(email_of(&app, "alice").await, (Some(NEW.to_owned()), true));
        mails_to(&app, "alice@example.test", 1).await;
        assert!(store::users::find_by_login(&app.store, "alice@example.test").await.unwrap().is_none());
        assert!(store::users::find_by_login(&app.store, NEW).await.unwrap().is_some());
        let link = link_in(&app, &mail, "/account/email");
        assert!(Browser::new(&app).get(&link).await.has_id("error-page"), "the link beside the code is used up");
    })
    .await;
}

#[actix_web::test]
async fn the_link_works_where_its_account_is_signed_in_once_and_not_by_being_opened() {
    with_mail(async |app| {
        let (browser, _) = ask_for(&app, NEW).await;
        let link = link_in(&app, &mails_to(&app, NEW, 1).await[0], "/account/email");
        let page = browser.get(&link).await;
        assert!(page.has_id("account-link-page") && page.body.contains(NEW), "{}", page.body);
        assert_eq!(email_of(&app, "alice").await.0.as_deref(), Some("alice@example.test"));
        let unsigned: Vec<(String, String)> = Vec::new();
        assert_eq!(browser.post(&link, &unsigned).await.status, 403);
        let tries = join_all((0..5).map(|_| async { browser.post(&link, &form(&page, &[])).await })).await;
        assert_eq!(tries.iter().filter(|page| page.status == 200).count(), 1, "one comes through");
        let over = browser.get(&link).await;
        assert!(over.status == 410 && over.body.contains("This link no longer works"), "{}", over.body);
        assert_eq!(email_of(&app, "alice").await, (Some(NEW.to_owned()), true));
    })
    .await;
}

/// Somebody else asks for it, and its owner opens the link of a mail that they did not expect.
#[actix_web::test]
async fn the_owner_of_an_address_does_not_prove_it_for_the_account_of_a_stranger() {
    with_mail(async |app| {
        app.user("bob").await;
        let (alice, _) = ask_for(&app, NEW).await;
        let mail = mails_to(&app, NEW, 1).await.remove(0);
        assert!(mail.contains("the account alice"), "the mail says whose it would become: {mail}");
        let link = link_in(&app, &mail, "/account/email");
        let (bob, of_bob) = signed_in(&app, "bob", "/account").await;
        for browser in [&Browser::new(&app), &bob] {
            let page = browser.get(&link).await;
            assert!(page.has_id("account-link-page") && !page.has_id("confirm-submit"), "{}", page.body);
            assert!(page.body.contains("the account alice"), "{}", page.body);
        }
        // The browser of alice was shown the form; she is bob when she sends it.
        let shown = alice.get(&link).await;
        let again = alice.open("/account").await;
        send(&alice, &again, "/account/sign-out", &[]).await;
        assert_eq!(sign_in_again(&alice, "bob", "/account").await.status, 200);
        let refused = alice.post(&link, &form(&shown, &[])).await;
        assert_eq!((refused.status.as_u16(), refused.has_id("account-link-page")), (403, true), "{}", refused.body);
        assert_eq!(bob.post(&link, &form(&of_bob, &[])).await.status, 403);
        assert_eq!(email_of(&app, "alice").await.0.as_deref(), Some("alice@example.test"));
        assert_eq!(email_of(&app, "bob").await.0.as_deref(), Some("bob@example.test"));
    })
    .await;
}

#[actix_web::test]
async fn an_address_that_is_taken_looks_the_same_and_its_owner_hears_of_it() {
    with_mail(async |app| {
        app.user("bob").await;
        let (browser, free) = ask_for(&app, NEW).await;
        let (other, taken) = ask_for(&app, "BOB@example.test").await;
        let plain = |page: &Page, address: &str| {
            let mut body = page.body.replace(address, "-");
            for (_, value) in page.hidden_fields() {
                body = body.replace(&value, "-");
            }
            body.replace(&hidden(page, "interaction"), "-")
        };
        assert_eq!(plain(&free, NEW), plain(&taken, "BOB@example.test"));
        assert_eq!(
            type_code(&browser, &free, "00000000").await.status,
            type_code(&other, &taken, "00000000").await.status
        );
        let mail = mails_to(&app, "BOB@example.test", 1).await.remove(0);
        assert!(!mail.contains("/account/email/") && mail.contains("/recover"), "{mail}");
        assert_eq!(email_of(&app, "bob").await.0.as_deref(), Some("bob@example.test"));
    })
    .await;
}

#[actix_web::test]
async fn of_two_who_want_one_address_one_gets_it() {
    with_mail(async |app| {
        app.user("bob").await;
        let mut links = Vec::new();
        for (number, name) in ["alice", "bob"].into_iter().enumerate() {
            let (browser, page) = signed_in(&app, name, "/account/email").await;
            send(&browser, &page, "/account/email", &[("email", NEW)]).await;
            let mails = mails_to(&app, NEW, number + 1).await;
            let mail = mails.into_iter().find(|mail| mail.contains(&format!("the account {name}"))).expect("a mail");
            links.push((browser, link_in(&app, &mail, "/account/email")));
        }
        let mut tries = Vec::new();
        for (browser, link) in &links {
            let page = browser.get(link).await;
            tries.push((browser, link, form(&page, &[])));
        }
        let done = join_all(tries.iter().map(|(browser, link, form)| browser.post(link, form))).await;
        assert_eq!(done.iter().filter(|page| page.status == 200).count(), 1);
    })
    .await;
}

#[actix_web::test]
async fn what_is_no_address_or_is_ones_own_is_told() {
    with_mail(async |app| {
        let (browser, page) = signed_in(&app, "alice", "/account/email").await;
        for typed in ["", "alice", "a@b\r\nBcc: c@d.example", "Alice <a@b.example>", "ALICE@example.test"] {
            let refused = send(&browser, &page, "/account/email", &[("email", typed)]).await;
            assert_eq!(refused.status, 422, "{typed:?}");
            assert!(refused.has_id("email-error"), "{}", refused.body);
        }
    })
    .await;
}

#[actix_web::test]
async fn the_code_of_somebody_else_changes_nothing() {
    with_mail(async |app| {
        app.user("bob").await;
        let (_, page) = ask_for(&app, NEW).await;
        let mail = mails_to(&app, NEW, 1).await.remove(0);
        let (bob, of_bob) = signed_in(&app, "bob", "/account/email").await;
        let interaction = hidden(&page, "interaction");
        let fields = [("interaction", interaction.as_str()), ("code", &code_in(&mail))];
        let refused = send(&bob, &of_bob, "/account/email/code", &fields).await;
        assert!(refused.has_id("error-page"), "{}", refused.body);
        assert_eq!(email_of(&app, "alice").await.0.as_deref(), Some("alice@example.test"));
        assert_eq!(email_of(&app, "bob").await.0.as_deref(), Some("bob@example.test"));
    })
    .await;
}

#[actix_web::test]
async fn without_mail_the_page_says_so() {
    crate::on_each_engine(async |app| {
        let (browser, page) = signed_in(&app, "alice", "/account/email").await;
        assert!(page.body.contains("sends no e-mails") && !page.has_id("email"), "{}", page.body);
        assert!(send(&browser, &page, "/account/email", &[("email", NEW)]).await.has_id("email-page"));
    })
    .await;
}
