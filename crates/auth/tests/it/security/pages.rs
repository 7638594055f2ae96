//! Who comes to which page, and how.

use protocol::time::Seconds;
use testkit::app::PASSWORD;
use testkit::browser::Browser;

use super::{CODES, PASSKEYS, PASSWORD_PAGE, SECURITY, TOTP, connect, factors, form, signed_in};
use crate::on_each_engine;

const CHANGING: [(&str, &str); 4] = [
    (PASSWORD_PAGE, "account-password-page"),
    (PASSKEYS, "account-passkeys-page"),
    (TOTP, "totp-offer-page"),
    (CODES, "account-codes-page"),
];

#[actix_web::test]
async fn an_old_sign_in_reads_and_comes_back_to_the_page_it_wants_to_change() {
    on_each_engine(async |app| {
        let (browser, page) = signed_in(&app, SECURITY).await;
        assert!(page.has_id("security-page"), "{}", page.body);
        for (path, id) in CHANGING {
            app.clock.advance(Seconds(301));
            assert!(browser.get(SECURITY).await.has_id("security-page"));
            let asked = browser.open(path).await;
            assert!(asked.has_id("login-page"), "{path}: {}", asked.body);
            let back = browser.submit(&asked, &[("username", "alice"), ("password", PASSWORD)]).await;
            let back = browser.follow(back).await;
            assert!(back.has_id(id) && back.url.path() == path, "{path}: {}", back.body);
        }
        app.clock.advance(Seconds(301));
        for (path, _) in CHANGING {
            let sent =
                browser.post(path, &form(&page, &[("new-password", "three green apples"), ("code", "123456")])).await;
            assert!(browser.follow(sent).await.has_id("login-page"), "{path}");
        }
        assert_eq!(factors(&app).await, (0, 0));
    })
    .await;
}

#[actix_web::test]
async fn a_session_of_one_factor_proves_the_second_first() {
    on_each_engine(async |app| {
        let (weak, _) = signed_in(&app, SECURITY).await;
        let (strong, _) = signed_in(&app, SECURITY).await;
        let (phone, _) = connect(&app, &strong).await;
        for (path, _) in CHANGING {
            assert!(weak.open(path).await.has_id("totp-page"), "{path}");
        }
        let asked = weak.open(PASSKEYS).await;
        let back = weak.submit(&asked, &[("code", &phone.code(app.now()))]).await;
        assert!(weak.follow(back).await.has_id("account-passkeys-page"));
    })
    .await;
}

#[actix_web::test]
async fn forms_of_others_change_nothing() {
    on_each_engine(async |app| {
        let (alice, page) = signed_in(&app, SECURITY).await;
        let (_, other) = signed_in(&app, SECURITY).await;
        let remove = format!("{TOTP}/remove");
        let one = format!("{PASSKEYS}/abc");
        let remove_one = format!("{one}/remove");
        for path in [SECURITY, PASSWORD_PAGE, PASSKEYS, TOTP, CODES, &remove, &one, &remove_one] {
            let fields = [("browser", "all"), ("name", "x"), ("shown_at", "1")];
            assert_eq!(alice.post(path, &form(&other, &fields)).await.status, 403, "{path}");
            let foreign = ("sec-fetch-site", "cross-site");
            assert_eq!(
                alice.post_with(path, &form(&page, &fields), foreign).await.status,
                403,
                "{path} from elsewhere"
            );
            assert_eq!(Browser::new(&app).post(path, &form(&page, &fields)).await.status, 303, "{path} signed out");
        }
    })
    .await;
}
