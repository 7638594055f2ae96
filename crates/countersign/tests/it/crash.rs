//! `kill -9` between any two requests: nothing that was answered is lost, nothing that was spent comes back.

use testkit::browser::Browser;

use crate::house::{House, code, text};
use crate::support::succeed;

#[tokio::test]
async fn what_was_answered_is_kept_and_what_was_spent_stays_spent() {
    let mut house = House::new();
    let browser = Browser::at(&house.issuer);

    let login = browser.open(&house.authorize_url()).await;
    house.kill();
    let password = house.password.clone();
    let page = browser.submit(&login, &[("username", "alice"), ("password", &password)]).await;
    house.kill();
    let consent = browser.follow(page).await;
    house.kill();
    let first = code(&browser.submit(&consent, &[("decision", "allow")]).await);
    house.kill();

    let tokens = house.redeem(&browser, &first).await;
    let (access, refresh) = (text(&tokens, "access_token"), text(&tokens, "refresh_token"));
    house.kill();
    assert_eq!(house.userinfo(&browser, &access).await, 200, "the access token");
    let successor = text(&house.refresh(&browser, &refresh).await, "refresh_token");
    house.kill();
    let again = text(&house.refresh(&browser, &refresh).await, "refresh_token");
    assert_eq!(again, successor, "a lost answer is given again");
    house.kill();

    let form = [("token".to_owned(), access.clone()), ("client_id".to_owned(), "demo-web".to_owned())];
    assert_eq!(browser.post("/revoke", &form).await.status, 200);
    house.kill();
    assert_eq!(house.userinfo(&browser, &access).await, 401, "the revoked token");

    let second = code(&browser.get(&house.authorize_url()).await);
    house.kill();
    assert_eq!(house.redeem(&browser, &second).await.status, 200, "session, consent and second code");
    house.kill();
    assert_eq!(house.redeem(&browser, &first).await.status, 400, "the first code was spent");
    house.kill();
    assert_eq!(house.refresh(&browser, &successor).await.status, 400, "its replay ended the grant");
}

#[tokio::test]
async fn wrong_guesses_stay_counted_and_a_link_that_was_used_stays_used() {
    let mut house = House::new();
    let browser = Browser::at(&house.issuer);
    let login = browser.open(&house.authorize_url()).await;
    // The pauses grow beyond what a start takes, unless a start forgets the guesses before it.
    let mut refused = false;
    for _ in 0..12 {
        let page = browser.submit(&login, &[("username", "alice"), ("password", "wrong")]).await;
        refused = page.status == 429;
        if refused {
            break;
        }
        assert_eq!(page.status, 422);
        house.kill();
    }
    assert!(refused, "the guesses were forgotten");

    let settings = house.path.join("countersign-data/countersign.toml");
    let config = settings.to_str().expect("a path in UTF-8");
    let shown = succeed(&house.path, &["user", "reset-link", "alice", "--json", "--config", config]).json();
    let link = shown["link"].as_str().expect("a link").to_owned();
    let page = browser.open(&link).await;
    house.kill();
    let new = "plum tide under nine windows";
    let done = browser.submit(&page, &[("new-password", new)]).await;
    assert_eq!(done.status, 303, "opening it did not use it up: {}", done.body);
    house.kill();
    assert_ne!(browser.submit(&page, &[("new-password", new)]).await.status, 303, "it was used");
    let login = browser.open(&house.authorize_url()).await;
    let signed_in = browser.submit(&login, &[("username", "alice"), ("password", new)]).await;
    assert_eq!(signed_in.status, 303, "the new password counts, and ended the row of guesses: {}", signed_in.body);
}
