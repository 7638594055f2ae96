//! `kill -9` between any two requests: nothing that was answered is lost, nothing that was spent comes back.

use testkit::browser::Browser;

use crate::house::{House, code, text};

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
