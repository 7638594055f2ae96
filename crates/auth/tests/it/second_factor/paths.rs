//! Every way in, tried without the second factor: none yields a code or a session. And what a browser had before a sign-in is worth
//! nothing after it.

use protocol::time::Seconds;
use testkit::browser::{Browser, Page};

use super::*;
use crate::on_each_engine;

fn yields_nothing(page: &Page, way: &str) {
    let location = page.location().unwrap_or_default();
    assert!(!location.contains("code=") && !location.contains("token="), "{way}: {location}");
    assert_eq!(cookie(page, "countersign_session"), None, "{way}");
    assert_eq!(cookie(page, "countersign_accounts"), None, "{way}");
}

#[actix_web::test]
async fn no_way_leads_around_the_second_factor() {
    on_each_engine(async |app| {
        let alice = alice(&app).await;
        let browser = Browser::new(&app);
        let page = after_password(&browser, &app, &[]).await;
        let id = interaction(&page);
        for way in [
            app.authorize_url("first-party", &[]),
            app.authorize_url("first-party", &[("prompt", "none")]),
            app.authorize_url("first-party", &[("prompt", "select_account")]),
            app.authorize_url("first-party", &[("login_hint", "alice")]),
            format!("/login?interaction={id}"),
            format!("/login?interaction={id}&account=other"),
            format!("/continue?interaction={id}"),
            format!("/select-account?interaction={id}"),
            format!("/consent?interaction={id}"),
            format!("/login/totp?interaction={id}"),
            format!("/login/passkey?interaction={id}"),
            format!("/login/email-code?interaction={id}"),
            format!("/login/recovery-code?interaction={id}"),
            format!("/login/new-password?interaction={id}"),
            format!("/enrol?interaction={id}"),
            "/account".to_owned(),
            "/".to_owned(),
        ] {
            let opened = browser.open(&way).await;
            yields_nothing(&opened, &way);
        }
        let hidden = page.hidden_fields();
        for (path, fields) in [
            ("/authorize", vec![("client_id", "first-party"), ("scope", "openid")]),
            ("/login", vec![("username", "alice"), ("password", PASSWORD)]),
            ("/select-account", vec![("account", "x")]),
            ("/select-account", vec![("decision", "continue")]),
            ("/consent", vec![("decision", "allow"), ("shown", "")]),
            ("/login/totp", vec![("code", "")]),
            ("/login/recovery-code", vec![("recovery-code", "")]),
            ("/login/email-code", vec![("code", "")]),
            ("/login/email-code", vec![("send", "yes")]),
            ("/login/new-password", vec![("new-password", "plum tundra violin lake")]),
            ("/login/passkey", vec![("purpose", "second_factor"), ("ceremony", ""), ("credential", "")]),
            ("/passkey/sign-in", vec![("purpose", "sign_in"), ("ceremony", ""), ("credential", "")]),
        ] {
            let typed = fields.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
            let fields: Vec<_> = hidden.iter().cloned().chain(typed).collect();
            let posted = browser.post(path, &fields).await;
            yields_nothing(&posted, path);
            if posted.location().is_some_and(|to| to.starts_with(&app.issuer)) {
                yields_nothing(&browser.follow(posted).await, path);
            }
        }
        assert_eq!(sessions(&app, &alice.user).await, 0);
        // The bookmark of the page still leads on.
        let page = browser.get(page.url.as_str()).await;
        app.clock.advance(Seconds(30));
        assert!(browser.submit(&page, &[("code", &alice.phone.code(app.now()))]).await.answer().contains_key("code"));
        assert!(browser.get(page.url.as_str()).await.has_id("error-page"), "finished is finished");
    })
    .await;
}

#[actix_web::test]
async fn cookies_of_before_a_sign_in_are_worthless_after_it() {
    on_each_engine(async |app| {
        let alice = alice(&app).await;
        let browser = Browser::new(&app);
        // What a thief could have planted: a session cookie that somebody made up, and one of a session that ended.
        let login = browser.open(&app.authorize_url("first-party", &[])).await;
        let planted = "AAAAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        let with = ("cookie", &*format!("countersign_session={planted}"));
        let fields: Vec<_> = login
            .hidden_fields()
            .into_iter()
            .chain(typed_password().map(|(name, value)| (name.to_owned(), value.to_owned())))
            .collect();
        let refused = browser.post_with("/login", &fields, with).await;
        assert_eq!(cookie(&refused, "countersign_session"), None);
        let page = browser.sign_in(&login, "alice").await;
        let waiting = cookie(&page, "countersign_session");
        let done = browser.submit(&page, &[("code", &alice.phone.code(app.now()))]).await;
        let session = cookie(&done, "countersign_session").expect("a session");
        assert!(waiting.is_none() && session != planted);
        assert!(!signs_in(&app, planted).await && signs_in(&app, &session).await);
        app.clock.advance(Seconds(30));
        let login = browser.open(&app.authorize_url("first-party", &[("prompt", "login")])).await;
        let page = browser.sign_in(&login, "alice").await;
        assert!(signs_in(&app, &session).await, "nothing is proven yet");
        let done = browser.submit(&page, &[("code", &alice.phone.code(app.now()))]).await;
        let renewed = cookie(&done, "countersign_session").expect("another secret");
        assert!(!signs_in(&app, &session).await && signs_in(&app, &renewed).await);
    })
    .await;
}
