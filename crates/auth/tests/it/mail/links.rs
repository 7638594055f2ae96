//! Links and codes: for one purpose, once, for a while, and only while the account is as it was.

use auth::AppState;
use auth::action_tokens::{self, ActionToken, CodeVerdict, Issued, Order};
use futures_util::future::join_all;
use protocol::action_token::Purpose;
use protocol::ids::InteractionId;
use protocol::time::Seconds;
use protocol::user::User;
use store::Won;
use testkit::app::TestApp;
use testkit::database::TestDatabase;

use super::{ADA, beside, to};
use crate::on_each_engine;

fn interaction(id: &str) -> InteractionId {
    InteractionId::parse(id).unwrap()
}

async fn recovery(state: &AppState, user: &User) -> Issued {
    action_tokens::issue(state, Order::new(Purpose::Recover).of(user), state.now()).await.unwrap()
}

async fn find(state: &AppState, issued: &Issued, purpose: Purpose) -> Option<ActionToken> {
    action_tokens::find_by_link(state, issued.link_token.expose(), purpose, state.now()).await.unwrap()
}

async fn code(state: &AppState, sign_in: &str) -> Issued {
    let (email, sign_in) = (to(ADA), interaction(sign_in));
    let order = Order::new(Purpose::SignUp).to(&email).with_code_for(&sign_in);
    action_tokens::issue(state, order, state.now()).await.unwrap()
}

async fn try_code(state: &AppState, sign_in: &str, typed: &str) -> CodeVerdict {
    action_tokens::try_code(state, &interaction(sign_in), Purpose::SignUp, typed, state.now()).await.unwrap()
}

/// Another code than this one.
fn another(code: &str) -> String {
    let changed = if code.starts_with('0') { '1' } else { '0' };
    format!("{changed}{}", &code[1..])
}

#[actix_web::test]
async fn looking_at_a_link_uses_nothing_up_and_using_it_does() {
    on_each_engine(async |app: TestApp| {
        let state = beside(&app);
        let alice = app.user("carol").await;
        let issued = recovery(&state, &alice).await;
        for _ in 0..20 {
            assert!(find(&state, &issued, Purpose::Recover).await.is_some());
        }
        let token = find(&state, &issued, Purpose::Recover).await.unwrap();
        assert_eq!(token.user_id.as_ref(), Some(&alice.id));
        let uses = (0..8).map(|_| action_tokens::use_link(&state, &token, state.now()));
        let won = join_all(uses).await.into_iter().filter(|used| *used.as_ref().unwrap() == Won::Yes).count();
        assert_eq!(won, 1);
        assert_eq!(find(&state, &issued, Purpose::Recover).await, None);
    })
    .await;
}

#[actix_web::test]
async fn a_link_is_for_one_purpose_and_has_one_spelling() {
    let app = TestApp::start(TestDatabase::sqlite()).await;
    let state = beside(&app);
    let issued = recovery(&state, &app.user("carol").await).await;
    for purpose in Purpose::ALL.iter().filter(|purpose| **purpose != Purpose::Recover) {
        assert_eq!(find(&state, &issued, *purpose).await, None, "{purpose}");
    }
    let other = recovery(&state, &app.user("dave").await).await;
    let (link, others) = (issued.link_token.expose(), other.link_token.expose());
    let mixed = format!("{}.{}", link.split_once('.').unwrap().0, others.split_once('.').unwrap().1);
    for text in [mixed.as_str(), &link[..link.len() - 1], &format!("{link}A"), "", ".", "a.b"] {
        let found = action_tokens::find_by_link(&state, text, Purpose::Recover, state.now()).await.unwrap();
        assert_eq!(found, None, "{text}");
    }
}

#[actix_web::test]
async fn a_link_ends_with_its_time() {
    let app = TestApp::start(TestDatabase::sqlite()).await;
    let state = beside(&app);
    let issued = recovery(&state, &app.user("carol").await).await;
    app.clock.advance(Purpose::Recover.lifetime() - Seconds(1));
    let token = find(&state, &issued, Purpose::Recover).await.unwrap();
    app.clock.advance(Seconds(1));
    assert_eq!(find(&state, &issued, Purpose::Recover).await, None);
    assert_eq!(
        action_tokens::use_link(&state, &token, state.now()).await.unwrap(),
        Won::No,
        "found in time, used late"
    );
}

#[actix_web::test]
async fn a_link_ends_with_the_account_that_it_was_sent_for() {
    on_each_engine(async |app: TestApp| {
        let state = beside(&app);
        let user = app.user("carol").await;
        let issued = recovery(&state, &user).await;
        store::passwords::set(&app.store, &user.id, "$argon2id$x", app.now() + Seconds(5)).await.unwrap();
        assert_eq!(find(&state, &issued, Purpose::Recover).await, None, "another password");
        let issued = recovery(&state, &user).await;
        assert!(find(&state, &issued, Purpose::Recover).await.is_some());
        let _won = store::users::disable(&app.store, &user.id, app.now()).await.unwrap();
        assert_eq!(find(&state, &issued, Purpose::Recover).await, None, "disabled");
        let carol = |email: &str| User { email: Some(email.to_owned()), ..user.clone() };
        let state_of = |user: &User| action_tokens::account_state(user, None);
        assert_ne!(state_of(&carol("a@example.org")), state_of(&carol("b@example.org")));
    })
    .await;
}

#[actix_web::test]
async fn what_was_sent_to_a_person_can_be_voided() {
    let app = TestApp::start(TestDatabase::sqlite()).await;
    let state = beside(&app);
    let user = app.user("carol").await;
    let issued = recovery(&state, &user).await;
    action_tokens::void(&state, &user.id, Some(Purpose::ChangeEmail), state.now()).await.unwrap();
    assert!(find(&state, &issued, Purpose::Recover).await.is_some());
    action_tokens::void(&state, &user.id, None, state.now()).await.unwrap();
    assert_eq!(find(&state, &issued, Purpose::Recover).await, None);
}

#[actix_web::test]
async fn a_code_counts_once_in_its_own_sign_in() {
    on_each_engine(async |app: TestApp| {
        let state = beside(&app);
        let issued = code(&state, "ours").await;
        let right = issued.code.as_ref().unwrap().expose();
        assert_eq!(try_code(&state, "theirs", right).await, CodeVerdict::Expired, "they asked for none");
        let foreign = code(&state, "theirs").await;
        assert!(matches!(try_code(&state, "theirs", right).await, CodeVerdict::Wrong));
        drop(foreign);
        assert_eq!(try_code(&state, "ours", "no code at all").await, CodeVerdict::Wrong);
        assert_eq!(try_code(&state, "ours", &another(right)).await, CodeVerdict::Wrong);
        let CodeVerdict::Proven(token) = try_code(&state, "ours", right).await else { panic!("it is the right one") };
        assert_eq!((token.email.as_deref(), token.id), (Some(ADA), issued.id.clone()));
        assert_eq!(try_code(&state, "ours", right).await, CodeVerdict::Expired);
        let token = find(&state, &issued, Purpose::SignUp).await.unwrap();
        assert!(token.proven_at.is_some());
        assert_eq!(action_tokens::use_link(&state, &token, state.now()).await.unwrap(), Won::Yes);
    })
    .await;
}

#[actix_web::test]
async fn five_guesses_are_looked_at_however_many_come_at_once() {
    on_each_engine(async |app: TestApp| {
        let state = beside(&app);
        let issued = code(&state, "ours").await;
        let right = issued.code.as_ref().unwrap().expose();
        let wrong = another(right);
        let verdicts = join_all((0..64).map(|_| try_code(&state, "ours", &wrong))).await;
        let looked_at = verdicts.iter().filter(|verdict| **verdict == CodeVerdict::Wrong).count();
        assert_eq!(looked_at, 5, "{verdicts:?}");
        assert_eq!(try_code(&state, "ours", right).await, CodeVerdict::Exhausted);
        assert!(find(&state, &issued, Purpose::SignUp).await.is_some(), "the link cannot be guessed, and stays");
        app.clock.advance(Seconds(1));
        let fresh = code(&state, "ours").await;
        assert_eq!(try_code(&state, "ours", right).await, CodeVerdict::Wrong, "a code of before");
        let verdict = try_code(&state, "ours", fresh.code.as_ref().unwrap().expose()).await;
        assert!(matches!(verdict, CodeVerdict::Proven(_)), "{verdict:?}");
    })
    .await;
}

#[actix_web::test]
async fn of_many_who_have_the_code_one_is_let_in() {
    on_each_engine(async |app: TestApp| {
        let state = beside(&app);
        let issued = code(&state, "ours").await;
        let right = issued.code.as_ref().unwrap().expose();
        let verdicts = join_all((0..16).map(|_| try_code(&state, "ours", right))).await;
        assert_eq!(verdicts.iter().filter(|verdict| matches!(verdict, CodeVerdict::Proven(_))).count(), 1);
    })
    .await;
}

#[actix_web::test]
async fn a_code_is_good_for_ten_minutes_and_its_link_for_longer() {
    let app = TestApp::start(TestDatabase::sqlite()).await;
    let state = beside(&app);
    let issued = code(&state, "ours").await;
    app.clock.advance(Seconds(601));
    assert_eq!(try_code(&state, "ours", issued.code.as_ref().unwrap().expose()).await, CodeVerdict::Expired);
    assert!(find(&state, &issued, Purpose::SignUp).await.is_some());
}

#[actix_web::test]
async fn neither_link_nor_code_is_in_the_database() {
    let app = TestApp::start(TestDatabase::sqlite()).await;
    let state = beside(&app);
    let issued = code(&state, "ours").await;
    let row = find(&state, &issued, Purpose::SignUp).await.unwrap();
    let written = format!("{row:?}");
    let secret = issued.link_token.expose().split_once('.').unwrap().1;
    assert!(!written.contains(secret) && !written.contains(issued.code.as_ref().unwrap().expose().as_str()));
    assert!(action_tokens::link(&state, "/signup", &issued).starts_with(&format!("{}/signup/", app.issuer)));
}
