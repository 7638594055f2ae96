//! Passkeys of the account console: added, named, removed, and nobody else's.

use auth::passkeys::{Naming, Owner, Presented};
use protocol::ids::UserId;
use protocol::secret::TokenHash;
use protocol::security_event::SecurityEvent;
use protocol::time::Seconds;
use protocol::user::User;
use testkit::app::TestApp;
use testkit::authenticator::{Authenticator, Told};
use testkit::browser::{Browser, Page};

use super::{
    END_OTHERS, PASSKEYS, PASSWORD_PAGE, add, created, events, factors, form, hidden, send, sessions, shown, signed_in,
    told, with_mail,
};
use crate::on_each_engine;

/// The addresses of the passkeys on a list.
fn addresses(page: &Page) -> Vec<String> {
    let start = format!("href=\"{PASSKEYS}/");
    let after = page.body.split(&start).skip(1);
    after.map(|rest| format!("{PASSKEYS}/{}", rest.split('"').next().unwrap())).collect()
}

#[actix_web::test]
async fn one_is_added_named_used_and_removed() {
    with_mail(async |app| {
        let (browser, _) = signed_in(&app, PASSKEYS).await;
        let (elsewhere, _) = signed_in(&app, "/account").await;
        let mut key = Authenticator::new();
        let page = add(&app, &browser, &mut key).await;
        assert_eq!(shown(&page).len(), 10, "{}", page.body);
        let session = sessions(&app).await.into_iter().find(|session| session.acr == "2").expect("it proved it");
        assert!(session.amr.contains(&"user".to_owned()), "{:?}", session.amr);
        told(&app, "passkey").await;

        let list = browser.open(PASSKEYS).await;
        assert!(list.body.contains("data-signal=\"all\""), "{}", list.body);
        let here = addresses(&list).remove(0);
        let named = send(&browser, &list, &here, &[("name", " My <b>phone</b>\n ")]).await;
        assert!(named.body.contains("My &#60;b&#62;phone"), "{}", named.body);
        let nameless = send(&browser, &list, &here, &[("name", " ")]).await;
        assert!(nameless.status == 422 && nameless.has_id("name-error"), "{}", nameless.body);

        let gone = send(&browser, &list, &format!("{here}/remove"), &[END_OTHERS]).await;
        assert!(gone.has_id("account-passkeys-page") && addresses(&gone).is_empty(), "{}", gone.body);
        assert!(elsewhere.open("/account").await.has_id("login-page"));
        assert_eq!(factors(&app).await, (0, 0));
        for kind in [SecurityEvent::PasskeyAdded, SecurityEvent::PasskeyRenamed, SecurityEvent::PasskeyRemoved] {
            assert_eq!(events(&app, kind).await, 1, "{}", kind.name());
        }
        let again = send(&browser, &list, &format!("{here}/remove"), &[]).await;
        assert!(again.has_id("account-passkeys-page"));
        assert_eq!(events(&app, SecurityEvent::PasskeyRemoved).await, 1);
    })
    .await;
}

#[actix_web::test]
async fn the_passkey_of_somebody_else_is_not_there() {
    on_each_engine(async |app| {
        let bob = app.user("bob").await;
        let (browser, _) = signed_in(&app, PASSKEYS).await;
        add(&app, &browser, &mut Authenticator::new()).await;
        let here = addresses(&browser.open(PASSKEYS).await).remove(0);
        let other = Browser::new(&app);
        let login = other.open(PASSKEYS).await;
        let page = other.sign_in(&login, "bob").await;
        assert!(other.open(&here).await.has_id("account-passkeys-page"));
        send(&other, &page, &here, &[("name", "mine")]).await;
        send(&other, &page, &format!("{here}/remove"), &[]).await;
        assert_eq!((factors(&app).await, events(&app, SecurityEvent::PasskeyRenamed).await), ((0, 1), 0));
        assert!(store::passkeys::of_user(&app.store, &bob.id).await.unwrap().is_empty());
    })
    .await;
}

#[actix_web::test]
async fn a_challenge_counts_once_and_for_the_browser_that_asked() {
    on_each_engine(async |app| {
        let (browser, page) = signed_in(&app, PASSKEYS).await;
        let (other, of_other) = signed_in(&app, PASSKEYS).await;
        let (ceremony, credential) = created(&app, &browser, &page, &mut Authenticator::new()).await;
        let fields = [("ceremony", ceremony.as_str()), ("credential", credential.as_str())];
        let refused = send(&other, &of_other, PASSKEYS, &fields).await;
        assert!(refused.has_id("account-passkeys-page") && refused.has_id("alert"), "{}", refused.body);
        assert_eq!(shown(&send(&browser, &page, PASSKEYS, &fields).await).len(), 10);
        let again = send(&browser, &page, PASSKEYS, &fields).await;
        assert!(shown(&again).is_empty() && again.has_id("alert"), "{}", again.body);
        assert_eq!(factors(&app).await, (0, 1));
    })
    .await;
}

/// Carol, who has one passkey and no password, signed in with it.
async fn carol(app: &TestApp) -> (Browser, User) {
    let user = User::new(UserId::parse("carol").unwrap(), "carol", app.now());
    store::users::insert(&app.store, &user).await.unwrap();
    let (state, mut key, browser_hash) = (crate::limits::state(app), Authenticator::new(), TokenHash::of(b"browser"));
    let begun = auth::passkeys::begin_registration(&state, &Owner::of(&user), &browser_hash, app.now()).await;
    let options = begun.unwrap().1;
    let answer = key.create(&options, &Told::created(&options, &app.issuer)).to_string();
    let ceremony = options["ceremony"].as_str().unwrap();
    let presented = Presented { ceremony, browser_hash: &browser_hash, response: &answer };
    let naming = Naming { typed: "Key", otherwise: "" };
    auth::passkeys::finish_registration(&state, &user.id, presented, naming, app.now()).await.unwrap();

    let browser = Browser::new(app);
    let login = browser.open(PASSKEYS).await;
    let interaction = hidden(&login, "interaction");
    let ask = form(&login, &[("interaction", &interaction), ("purpose", "sign_in")]);
    let options = browser.post("/passkey/options", &ask).await.json();
    let answer = key.get(&Told::got(&options, &app.issuer)).to_string();
    let ceremony = options["ceremony"].as_str().unwrap();
    let fields = [("interaction", interaction.as_str()), ("ceremony", ceremony), ("credential", &answer)];
    let page = send(&browser, &login, "/passkey/sign-in", &fields).await;
    assert!(page.has_id("account-passkeys-page"), "{}", page.body);
    (browser, user)
}

#[actix_web::test]
async fn the_only_way_to_sign_in_stays_until_there_is_another() {
    on_each_engine(async |app| {
        let (browser, user) = carol(&app).await;
        let count = async || store::passkeys::of_user(&app.store, &user.id).await.unwrap().len();
        let here = addresses(&browser.open(PASSKEYS).await).remove(0);
        let page = browser.open(&here).await;
        assert!(page.body.contains("only way to sign in") && !page.has_id("passkey-remove"), "{}", page.body);
        let refused = send(&browser, &page, &format!("{here}/remove"), &[]).await;
        assert!(refused.has_id("account-passkey-page"));
        assert_eq!(count().await, 1);

        let page = browser.open(PASSWORD_PAGE).await;
        assert!(!page.has_id("current-password"), "{}", page.body);
        let done = send(&browser, &page, PASSWORD_PAGE, &[("new-password", "three green apples in a row")]).await;
        assert!(done.has_id("security-page"), "{}", done.body);
        assert!(store::passwords::find(&app.store, &user.id).await.unwrap().is_some());
        send(&browser, &page, &format!("{here}/remove"), &[]).await;
        assert_eq!(count().await, 0);
    })
    .await;
}

#[actix_web::test]
async fn twenty_are_as_many_as_there_can_be() {
    on_each_engine(async |app| {
        let (browser, _) = signed_in(&app, PASSKEYS).await;
        for _ in 0..20 {
            add(&app, &browser, &mut Authenticator::new()).await;
        }
        let page = browser.open(PASSKEYS).await;
        assert_eq!(addresses(&page).len(), 20);
        assert!(!page.has_id("passkey-add"), "{}", page.body);
        let refused = browser.post("/passkey/creation-options", &form(&page, &[])).await;
        assert_eq!(refused.status, 400);
    })
    .await;
}

#[actix_web::test]
async fn a_copied_one_is_marked() {
    on_each_engine(async |app| {
        let (browser, _) = signed_in(&app, PASSKEYS).await;
        let mut key = Authenticator::new();
        add(&app, &browser, &mut key).await;
        let user = super::alice(&app).await.id;
        let id = store::passkeys::of_user(&app.store, &user).await.unwrap().remove(0).id;
        let _won = store::passkeys::mark_clone(&app.store, &id, app.now()).await.unwrap();
        assert!(browser.open(PASSKEYS).await.body.contains("badge bad"));
    })
    .await;
}

/// The path is decoded before a page sees it, and is where somebody comes back to after signing in.
#[actix_web::test]
async fn only_a_handle_of_ours_is_a_way_back() {
    on_each_engine(async |app| {
        let (browser, page) = signed_in(&app, PASSKEYS).await;
        let handle = "0123456789abcdef";
        app.clock.advance(Seconds(301));
        for (asked, back) in [
            (handle.to_owned(), format!("{PASSKEYS}/{handle}")),
            ("..%2F..%2F..%2Flogout".to_owned(), PASSKEYS.to_owned()),
            ("x%3Fdone=added%26y".to_owned(), PASSKEYS.to_owned()),
        ] {
            for end in ["", "/remove"] {
                let sent = browser.post(&format!("{PASSKEYS}/{asked}{end}"), &form(&page, &[("name", "x")])).await;
                let location = sent.location().expect("the way to sign in");
                let id = location.split("interaction=").nth(1).expect("an interaction");
                let id = protocol::ids::InteractionId::parse(id).unwrap();
                let waits = store::interactions::find(&app.store, &id).await.unwrap().unwrap();
                assert_eq!(waits.return_to.as_deref(), Some(back.as_str()), "{asked}");
            }
        }
    })
    .await;
}

/// An account may have a factor and no codes: one that began with a passkey before there were any.
#[actix_web::test]
async fn who_has_no_codes_gets_some_with_the_next_factor() {
    on_each_engine(async |app| {
        let (browser, user) = carol(&app).await;
        assert_eq!(store::recovery_codes::left(&app.store, &user.id).await.unwrap(), 0);
        assert_eq!(shown(&add(&app, &browser, &mut Authenticator::new()).await).len(), 10);
        assert!(shown(&add(&app, &browser, &mut Authenticator::new()).await).is_empty(), "once");
    })
    .await;
}
