//! Codes of authenticator apps and recovery codes: each good once, for its person, at its time.

use auth::totp::{self, Enrolment, Offer, Verdict};
use auth::{AppState, recovery_codes};
use futures_util::future::join_all;
use protocol::time::{Seconds, Timestamp};
use protocol::user::User;
use store::Won;
use testkit::app::TestApp;
use testkit::otp::OtpApp;

use crate::limits::state;
use crate::on_each_engine;

/// A moment at which a time step begins.
fn at_the_beginning_of_a_step(app: &TestApp) -> Timestamp {
    app.clock.advance(Seconds(30 - app.now().0.rem_euclid(30)));
    app.now()
}

async fn enrol(state: &AppState, user: &User, offer: &Offer, code: &str) -> Enrolment {
    totp::enrol(state, &user.id, &offer.sealed, code, state.now()).await.expect("the database answers")
}

async fn verify(state: &AppState, user: &User, code: &str) -> Verdict {
    totp::verify(state, &user.id, code, state.now()).await.expect("the database answers")
}

#[actix_web::test]
async fn an_app_of_somebody_else_reads_the_offer_and_its_code_enrols() {
    on_each_engine(async |app| {
        let (state, alice) = (state(&app), app.user("alice2").await);
        let offer = totp::offer(&state, &alice, state.now());
        assert!(offer.qr.is_some() && offer.groups.split(' ').all(|group| group.len() == 4));
        let phone = OtpApp::scan(&offer.uri);
        assert_eq!(phone.issuer(), Some(state.config.branding.name.as_str()));
        let code = phone.code(app.now());
        assert_eq!(OtpApp::typed(&offer.groups).code(app.now()), code);
        assert_eq!(verify(&state, &alice, &code).await, Verdict::NotEnrolled);
        assert_eq!(enrol(&state, &alice, &offer, "000 00").await, Enrolment::Wrong);
        let again = totp::reopen(&state, &alice, &offer.sealed, app.now()).expect("is shown again");
        assert_eq!((again.uri, again.groups), (offer.uri.clone(), offer.groups.clone()));
        assert_eq!(enrol(&state, &alice, &offer, &code).await, Enrolment::Done);
        assert_eq!(verify(&state, &alice, &code).await, Verdict::Used, "the code that enrolled is used up");
        assert_eq!(enrol(&state, &alice, &offer, &code).await, Enrolment::Gone, "and so is the offer");
        app.clock.advance(Seconds(30));
        assert_eq!(verify(&state, &alice, &phone.code(app.now())).await, Verdict::Proven);
    })
    .await;
}

#[actix_web::test]
async fn an_offer_is_for_one_person_and_for_ten_minutes_and_nothing_of_it_is_stored() {
    on_each_engine(async |app| {
        let (state, alice, bob) = (state(&app), app.user("alice2").await, app.user("bob").await);
        let offer = totp::offer(&state, &alice, state.now());
        let phone = OtpApp::scan(&offer.uri);
        assert!(!offer.sealed.contains(&offer.groups.replace(' ', "")));
        assert_eq!(enrol(&state, &bob, &offer, &phone.code(app.now())).await, Enrolment::Gone);
        assert!(totp::reopen(&state, &bob, &offer.sealed, app.now()).is_none());
        assert_eq!(totp::enrolled_at(&state, &alice.id).await.unwrap(), None);
        app.clock.advance(Seconds(599));
        assert!(totp::reopen(&state, &alice, &offer.sealed, app.now()).is_some());
        app.clock.advance(Seconds(1));
        assert_eq!(enrol(&state, &alice, &offer, &phone.code(app.now())).await, Enrolment::Gone);
    })
    .await;
}

#[actix_web::test]
async fn another_phone_replaces_the_one_before() {
    on_each_engine(async |app| {
        let (state, alice) = (state(&app), app.user("alice2").await);
        let first = totp::offer(&state, &alice, state.now());
        let (old, late) = (OtpApp::scan(&first.uri), totp::offer(&state, &alice, state.now()));
        assert_eq!(enrol(&state, &alice, &first, &old.code(app.now())).await, Enrolment::Done);
        let code = OtpApp::scan(&late.uri).code(app.now());
        assert_eq!(enrol(&state, &alice, &late, &code).await, Enrolment::Gone, "it was offered before");
        app.clock.advance(Seconds(60));
        let second = totp::offer(&state, &alice, state.now());
        let new = OtpApp::scan(&second.uri);
        assert_eq!(enrol(&state, &alice, &second, &new.code(app.now())).await, Enrolment::Done);
        app.clock.advance(Seconds(30));
        assert_eq!(verify(&state, &alice, &old.code(app.now())).await, Verdict::Wrong);
        assert_eq!(verify(&state, &alice, &new.code(app.now())).await, Verdict::Proven);
        assert_eq!(totp::remove(&state, &alice.id).await.unwrap(), Won::Yes);
        assert_eq!(verify(&state, &alice, &new.code(app.now())).await, Verdict::NotEnrolled);
    })
    .await;
}

#[actix_web::test]
async fn a_code_counts_in_its_own_step_and_in_the_neighbours_and_never_after_a_later_one() {
    on_each_engine(async |app| {
        let (state, alice) = (state(&app), app.user("alice2").await);
        let offer = totp::offer(&state, &alice, state.now());
        let phone = OtpApp::scan(&offer.uri);
        assert_eq!(enrol(&state, &alice, &offer, &phone.code(app.now())).await, Enrolment::Done);
        app.clock.advance(Seconds(120));
        let start = at_the_beginning_of_a_step(&app);
        let code_of = |step: i64| phone.code(start + Seconds(30 * step));
        assert_eq!(verify(&state, &alice, &code_of(-2)).await, Verdict::Wrong);
        assert_eq!(verify(&state, &alice, &code_of(2)).await, Verdict::Wrong);
        assert_eq!(verify(&state, &alice, &code_of(-1)).await, Verdict::Proven, "typed slowly");
        assert_eq!(verify(&state, &alice, &code_of(1)).await, Verdict::Proven, "a fast clock");
        assert_eq!(verify(&state, &alice, &code_of(0)).await, Verdict::Used, "older than one that was used");
        app.clock.advance(Seconds(59)); // the last second of the next step
        assert_eq!(verify(&state, &alice, &code_of(0)).await, Verdict::Used);
        assert_eq!(verify(&state, &alice, &code_of(1)).await, Verdict::Used);
        assert_eq!(verify(&state, &alice, &code_of(2)).await, Verdict::Proven);
        app.clock.advance(Seconds(-120)); // the clock was set back
        assert_eq!(verify(&state, &alice, &phone.code(app.now())).await, Verdict::Used);
    })
    .await;
}

#[actix_web::test]
async fn of_64_that_post_one_code_of_either_kind_one_wins_and_a_restart_forgets_nothing() {
    on_each_engine(async |mut app| {
        let (before, alice) = (state(&app), app.user("alice2").await);
        let offer = totp::offer(&before, &alice, app.now());
        let phone = OtpApp::scan(&offer.uri);
        assert_eq!(enrol(&before, &alice, &offer, &phone.code(app.now())).await, Enrolment::Done);
        app.clock.advance(Seconds(30));
        let code = phone.code(app.now());
        let verdicts = join_all((0..64).map(|_| verify(&before, &alice, &code))).await;
        assert_eq!(verdicts.iter().filter(|verdict| **verdict == Verdict::Proven).count(), 1);
        assert!(verdicts.iter().all(|verdict| matches!(verdict, Verdict::Proven | Verdict::Used)));

        let codes = recovery_codes::make_first(&before, &alice.id, app.now()).await.unwrap().unwrap();
        let uses = (0..64).map(|_| recovery_codes::use_one(&before, &alice.id, &codes[0], app.now()));
        let won = join_all(uses).await.into_iter().filter(|won| matches!(won, Ok(Won::Yes))).count();
        assert_eq!(won, 1);

        app.restart().await;
        let after = state(&app);
        assert_eq!(verify(&after, &alice, &code).await, Verdict::Used);
        let used = recovery_codes::use_one(&after, &alice.id, &codes[0], app.now()).await.unwrap();
        assert_eq!((used, recovery_codes::left(&after, &alice.id).await.unwrap()), (Won::No, 9));
    })
    .await;
}

#[actix_web::test]
async fn recovery_codes_are_ten_different_ones_and_may_be_typed_as_people_do() {
    on_each_engine(async |app| {
        let (state, alice, bob) = (state(&app), app.user("alice2").await, app.user("bob").await);
        let codes = recovery_codes::make_first(&state, &alice.id, app.now()).await.unwrap().unwrap();
        let mut different = codes.clone();
        different.sort();
        different.dedup();
        assert_eq!(different.len(), recovery_codes::CODES);
        let use_one = async |user: &User, typed: &str| {
            recovery_codes::use_one(&state, &user.id, typed, app.now()).await.expect("the database answers")
        };
        let typed = format!(" {} ", codes[3].to_lowercase().replace('-', " "));
        assert_eq!(use_one(&bob, &typed).await, Won::No, "of somebody else");
        assert_eq!(use_one(&alice, &typed).await, Won::Yes);
        assert_eq!(use_one(&alice, &codes[3]).await, Won::No);
        app.clock.advance(Seconds(1));
        let new = recovery_codes::make_again(&state, &alice.id, app.now(), app.now()).await.unwrap().unwrap();
        assert_eq!(use_one(&alice, &codes[4]).await, Won::No, "of before");
        assert_eq!(use_one(&alice, &new[4]).await, Won::Yes);
        assert_eq!(recovery_codes::left(&state, &alice.id).await.unwrap(), 9);
    })
    .await;
}
