//! The way to an account, and each page on it.

use auth::config::SignUp;
use protocol::security_event::SecurityEvent;
use protocol::time::Seconds;
use store::security_events::of_user;
use testkit::browser::Browser;

use super::{ADDRESS, CHOSEN, asked, code, mail_to, mails_to, opened, page_id, proven, user, with_mail, with_settings};
use crate::on_each_engine;

#[actix_web::test]
async fn an_account_begins_when_its_address_is_proven_and_leads_to_the_app() {
    with_mail(async |app| {
        let browser = Browser::new(&app);
        let page = asked(&app, &browser, ADDRESS).await;
        assert!(page.body.contains(ADDRESS) && page.body.contains("autocomplete=\"one-time-code\""));
        assert_eq!(user(&app, ADDRESS).await, None, "nothing is there before the proof");
        app.clock.advance(Seconds(60));
        let proven_at = app.now();
        let code = code(&mail_to(&app, ADDRESS, 1).await);
        let page = browser.submit(&page, &[("code", &format!("{} {}", &code[..4], &code[4..]))]).await;
        let page = browser.follow(page).await;
        assert!(page.has_id("signup-password-page") && page.body.contains("autocomplete=\"new-password\""));
        assert_eq!(user(&app, ADDRESS).await, None);
        app.clock.advance(Seconds(60));
        let done = browser.submit(&page, &[("username", ADDRESS), ("new-password", CHOSEN)]).await;
        assert!(done.answer().contains_key("code"), "{done:?}");

        let berta = user(&app, ADDRESS).await.unwrap();
        assert_eq!((berta.username.as_str(), berta.email.as_deref()), (ADDRESS, Some(ADDRESS)));
        assert_eq!(berta.profile.name.as_deref(), Some("Berta Benz"));
        assert_eq!(berta.email_verified_at, Some(proven_at), "when it was proven, not when the account was made");
        assert_eq!((berta.created_at, berta.locale.as_deref(), berta.terms_accepted_at), (app.now(), Some("en"), None));
        let log = of_user(&app.store, &berta.id, None, None, 10).await.unwrap();
        let kinds: Vec<_> = log.iter().map(|entry| entry.kind).collect();
        assert!(
            kinds.contains(&SecurityEvent::AccountCreated) && kinds.contains(&SecurityEvent::SignedIn),
            "{kinds:?}"
        );

        // The password works elsewhere.
        let other = Browser::new(&app);
        let page = other.open(&app.authorize_url("first-party", &[])).await;
        let done = other.submit(&page, &[("username", ADDRESS), ("password", CHOSEN)]).await;
        assert!(done.answer().contains_key("code"));
    })
    .await;
}

#[actix_web::test]
async fn a_wrong_code_is_tried_five_times_and_a_new_mail_brings_a_new_one() {
    with_mail(async |app| {
        let browser = Browser::new(&app);
        let mut page = asked(&app, &browser, ADDRESS).await;
        let first = code(&mail_to(&app, ADDRESS, 1).await);
        let wrong = format!("{:08}", (first.parse::<u32>().unwrap() + 1) % 100_000_000);
        for _ in 0..5 {
            page = browser.submit(&page, &[("code", &wrong)]).await;
            assert_eq!((page.status.as_u16(), page_id(&page)), (422, "signup-code-page"));
        }
        page = browser.submit(&page, &[("code", &first)]).await;
        assert!(page.status == 422 && page.body.contains("too often"), "the right one comes too late");

        let fields = page.hidden_fields();
        let soon = browser.post("/signup/resend", &fields).await;
        assert_eq!((soon.status.as_u16(), soon.header("retry-after")), (429, "30"));
        app.clock.advance(Seconds(30));
        let sent = browser.post("/signup/resend", &fields).await;
        let page = browser.follow(sent).await;
        assert!(page.has_id("signup-code-page") && page.body.contains("role=\"status\""), "{}", page.body);
        let second = code(&mail_to(&app, ADDRESS, 2).await);
        assert_eq!(browser.submit(&page, &[("code", &first)]).await.status, 422, "only the newest counts");
        let done = browser.submit(&page, &[("code", &second)]).await;
        assert!(browser.follow(done).await.has_id("signup-password-page"));
    })
    .await;
}

#[actix_web::test]
async fn a_code_is_good_for_ten_minutes() {
    with_mail(async |app| {
        let browser = Browser::new(&app);
        let page = asked(&app, &browser, ADDRESS).await;
        let code = code(&mail_to(&app, ADDRESS, 1).await);
        app.clock.advance(Seconds(600));
        let late = browser.submit(&page, &[("code", &code)]).await;
        assert!(late.status == 422 && late.body.contains("no longer works"), "{}", late.body);
        assert!(late.has_id("signup-resend"));
        assert!(browser.get(page.url.as_str()).await.body.contains("no longer works"), "a reload says so, too");
    })
    .await;
}

#[actix_web::test]
async fn a_double_click_sends_one_mail() {
    with_mail(async |app| {
        let browser = Browser::new(&app);
        let page = opened(&app, &browser).await;
        for _ in 0..2 {
            assert_eq!(browser.submit(&page, &[("email", ADDRESS)]).await.status, 303);
        }
        mail_to(&app, ADDRESS, 1).await;
        app.clock.advance(Seconds(31));
        assert_eq!(browser.submit(&page, &[("email", ADDRESS)]).await.status, 303);
        mail_to(&app, ADDRESS, 2).await;
        assert_eq!(mails_to(&app, ADDRESS).await, 2);
    })
    .await;
}

#[actix_web::test]
async fn what_is_wrong_is_said_at_its_field_and_all_at_once() {
    with_settings(
        |config| config.accounts.terms_uri = Some("https://acme.example/terms".to_owned()),
        async |app| {
            let browser = Browser::new(&app);
            let page = opened(&app, &browser).await;
            assert!(page.body.contains("https://acme.example/terms"));
            let wrong = browser.submit(&page, &[("email", "berta@@example.test"), ("name", "Berta")]).await;
            assert_eq!(wrong.status, 422);
            assert!(
                wrong.body.contains("id=\"email-error\"") && wrong.body.contains("id=\"terms-error\""),
                "{}",
                wrong.body
            );
            assert!(
                wrong.body.contains("berta@@example.test") && wrong.body.contains("value=\"Berta\""),
                "what was typed stays"
            );
            for hostile in
                ["berta@example.test\r\nBcc: eve@example.test", "Berta <berta@example.test>", "a@b, c@d", "berta"]
            {
                let refused = browser.submit(&page, &[("email", hostile), ("terms", "yes")]).await;
                assert_eq!(refused.status, 422, "{hostile:?}");
            }
            let page = browser.submit(&page, &[("email", ADDRESS), ("terms", "yes")]).await;
            let page = browser.follow(page).await;
            let code = code(&mail_to(&app, ADDRESS, 1).await);
            let accepted_at = app.now();
            app.clock.advance(Seconds(5));
            let page = browser.submit(&page, &[("code", &code)]).await;
            let page = browser.follow(page).await;
            assert!(!page.has_id("terms"), "they were accepted");
            let typed = [("username", "berta benz"), ("new-password", "short")];
            let wrong = browser.submit(&page, &typed).await;
            assert_eq!(wrong.status, 422);
            assert!(wrong.has_id("username-error") && wrong.has_id("new-password-error"), "{}", wrong.body);
            assert!(!wrong.body.contains("\"short\""), "a password is never sent back");
            let own = browser.submit(&page, &[("username", "berta"), ("new-password", "berta@example.test")]).await;
            assert!(own.status == 422 && own.has_id("new-password-error"));
            let done = browser.submit(&page, &[("username", "Berta.B"), ("new-password", CHOSEN)]).await;
            assert!(done.answer().contains_key("code"), "{}", done.body);
            let berta = user(&app, "berta.b").await.unwrap();
            assert_eq!((berta.username.as_str(), berta.terms_accepted_at), ("Berta.B", Some(accepted_at)));
            assert_eq!(user(&app, ADDRESS).await, Some(berta), "the address works, too");
        },
    )
    .await;
}

#[actix_web::test]
async fn a_user_name_is_of_one_person() {
    with_mail(async |app| {
        let browser = Browser::new(&app);
        let page = proven(&app, &browser, ADDRESS).await;
        for taken in ["alice", "ALICE", "ａｌｉｃｅ"] {
            let refused = browser.submit(&page, &[("username", taken), ("new-password", CHOSEN)]).await;
            assert!(refused.status == 422 && refused.has_id("username-error"), "{taken}");
        }
        for invisible in ["alice\u{200b}", "\u{202e}ecila", "alice@example.test", "a b"] {
            let refused = browser.submit(&page, &[("username", invisible), ("new-password", CHOSEN)]).await;
            assert!(refused.status == 422 && refused.has_id("username-error"), "{invisible:?}");
        }
        let done = browser.submit(&page, &[("username", ""), ("new-password", CHOSEN)]).await;
        assert!(done.answer().contains_key("code"));
        assert_eq!(user(&app, ADDRESS).await.unwrap().username, ADDRESS);
    })
    .await;
}

#[actix_web::test]
async fn an_address_is_one_whatever_its_spelling() {
    with_mail(async |app| {
        let browser = Browser::new(&app);
        let page = proven(&app, &browser, "ada@xn--bcher-kva.example").await;
        assert!(browser.submit(&page, &[("new-password", CHOSEN)]).await.answer().contains_key("code"));
        for spelling in ["ada@bücher.example", "ADA@BÜCHER.EXAMPLE"] {
            let page = asked(&app, &Browser::new(&app), spelling).await;
            assert!(page.has_id("signup-code-page"));
            app.clock.advance(Seconds(3_600));
        }
        let mail = mail_to(&app, "ADA@xn--bcher-kva.example", 1).await;
        assert!(!mail.text.contains("/signup/"), "there is an account already: {}", mail.text);
        let page = Browser::new(&app);
        let login = page.open(&app.authorize_url("first-party", &[])).await;
        let done = page.submit(&login, &[("username", "Ada@bücher.example"), ("password", CHOSEN)]).await;
        assert!(done.answer().contains_key("code"));
    })
    .await;
}

#[actix_web::test]
async fn a_restart_in_the_middle_loses_nothing() {
    with_mail(async |mut app| {
        let browser = Browser::new(&app);
        let page = asked(&app, &browser, ADDRESS).await;
        let code = code(&mail_to(&app, ADDRESS, 1).await);
        app.restart().await;
        let wrong = browser.submit(&page, &[("code", "00000000")]).await;
        assert_eq!(wrong.status, 422);
        app.restart().await;
        let page = browser.submit(&wrong, &[("code", &code)]).await;
        assert_eq!(page.status, 303);
        app.restart().await;
        let page = browser.follow(page).await;
        assert!(page.has_id("signup-password-page"));
        app.restart().await;
        assert!(browser.submit(&page, &[("new-password", CHOSEN)]).await.answer().contains_key("code"));
    })
    .await;
}

#[actix_web::test]
async fn back_and_reload_show_the_step_that_is_due() {
    with_mail(async |app| {
        let browser = Browser::new(&app);
        let first = opened(&app, &browser).await;
        let waits = browser.follow(browser.submit(&first, &[("email", ADDRESS)]).await).await;
        let early = browser.open(&waits.url.as_str().replace("/code", "/password")).await;
        assert_eq!(page_id(&early), "signup-code-page", "no step is skipped");
        let code = code(&mail_to(&app, ADDRESS, 1).await);
        let last = browser.follow(browser.submit(&waits, &[("code", &code)]).await).await;
        assert_eq!(page_id(&browser.open(waits.url.as_str()).await), "signup-password-page");
        assert_eq!(page_id(&browser.open(last.url.as_str()).await), "signup-password-page");
        assert!(browser.submit(&last, &[("new-password", CHOSEN)]).await.answer().contains_key("code"));
        for page in [&first, &waits, &last] {
            let over = browser.open(page.url.as_str()).await;
            assert_eq!(page_id(&over), "error-page");
            let again = browser.open(&super::onward(&over)).await;
            assert!(again.answer().contains_key("code"), "the way on works: {}", again.body);
        }
    })
    .await;
}

#[actix_web::test]
async fn without_an_app_the_way_leads_to_the_account() {
    with_mail(async |app| {
        let browser = Browser::new(&app);
        let page = browser.open("/signup").await;
        let page = browser.follow(browser.submit(&page, &[("email", ADDRESS)]).await).await;
        let code = code(&mail_to(&app, ADDRESS, 1).await);
        let page = browser.follow(browser.submit(&page, &[("code", &code)]).await).await;
        let done = browser.submit(&page, &[("new-password", CHOSEN)]).await;
        assert_eq!(done.location(), Some(app.url("/account")));
    })
    .await;
}

#[actix_web::test]
async fn closed_is_closed_and_says_whom_to_ask() {
    on_each_engine(async |app| {
        let browser = Browser::new(&app);
        let page = browser.open("/signup").await;
        assert_eq!((page.status.as_u16(), page_id(&page)), (403, "signup-closed-page"));
        assert!(page.body.contains("/login?interaction="), "a way back: {}", page.body);
        // Initiating User Registration §4.1
        let refused = browser.open(&app.authorize_url("first-party", &[("prompt", "create")])).await.answer();
        assert_eq!(refused["error"], "invalid_request");
        let announced = browser.get("/.well-known/openid-configuration").await.json();
        assert!(!announced["prompt_values_supported"].to_string().contains("create"));
        assert_eq!(browser.get("/signup/ABC.def").await.status, 410);
    })
    .await;
}

#[actix_web::test]
async fn open_is_announced() {
    with_mail(async |app| {
        let announced = Browser::new(&app).get("/.well-known/openid-configuration").await.json();
        assert!(announced["prompt_values_supported"].to_string().contains("create"));
        assert_eq!(app.config.accounts.sign_up, SignUp::Open);
    })
    .await;
}

#[actix_web::test]
async fn one_network_signs_up_only_so_often_and_one_address_is_written_to_only_so_often() {
    with_settings(
        |config| config.limits.signups_per_network = 4,
        async |app| {
            let (most, browser) = (app.config.limits.mails_per_address, Browser::new(&app));
            for _ in 0..most {
                let page = opened(&app, &browser).await;
                assert_eq!(browser.submit(&page, &[("email", ADDRESS)]).await.status, 303);
            }
            let page = opened(&app, &browser).await;
            let refused = browser.submit(&page, &[("email", "Berta@EXAMPLE.test")]).await;
            assert_eq!((refused.status.as_u16(), page_id(&refused)), (429, "signup-page"), "mails");
            let wait: i64 = refused.header("retry-after").parse().unwrap();
            let refused = browser.submit(&page, &[("email", "other@example.test")]).await;
            assert_eq!(refused.status, 429, "sign-ups");
            app.clock.advance(Seconds(wait));
            let page = opened(&app, &browser).await;
            assert_eq!(browser.submit(&page, &[("email", ADDRESS)]).await.status, 303);
        },
    )
    .await;
}

#[actix_web::test]
async fn forms_of_other_sites_do_nothing() {
    with_mail(async |app| {
        let browser = Browser::new(&app);
        let page = opened(&app, &browser).await;
        let mut fields: Vec<_> = page.hidden_fields().into_iter().filter(|(name, _)| name != "csrf").collect();
        fields.push(("email".to_owned(), ADDRESS.to_owned()));
        for form in ["/signup", "/signup/code", "/signup/resend", "/signup/password", "/signup/passkey"] {
            assert_eq!(browser.post(form, &fields).await.status, 403, "{form}");
        }
        assert_eq!(mails_to(&app, ADDRESS).await, 0);
    })
    .await;
}
