//! Waiting requests: they gather what a person did and are answered once.

use protocol::login::AuthenticationMethod;
use protocol::time::Seconds;
use store::interactions::{self, Interaction, Keep, LoginUnderWay};
use store::{StoreError, Won, sweep};

use crate::database::engines;
use crate::samples::{LATER, MUCH_LATER, NOW, interaction, session_id, user_id};

#[tokio::test]
async fn an_interaction_gathers_what_the_person_did() {
    for database in engines() {
        let store = database.open().await;
        let begun = interaction("i1");
        interactions::insert(&store, &begun).await.expect("is new");
        assert_eq!(interactions::find(&store, &begun.id).await.expect("is readable"), Some(begun.clone()));
        assert!(matches!(interactions::insert(&store, &begun).await, Err(StoreError::Conflict)));

        let at = |seconds| NOW + Seconds(seconds);
        let login = LoginUnderWay {
            user_id: user_id("ada"),
            proven: [AuthenticationMethod::Password].into_iter().collect(),
            proven_at: at(1),
            password_set_at: Some(NOW),
            keep: Keep::OnThisDevice,
        };
        assert_eq!(interactions::mark_proven(&store, &begun.id, &login, at(1)).await.expect("lives"), Won::Yes);
        let under_way = Interaction { login: Some(login.clone()), ..begun.clone() };
        assert_eq!(interactions::find(&store, &begun.id).await.expect("is readable"), Some(under_way));
        let other = LoginUnderWay { user_id: user_id("bob"), ..login.clone() };
        let take = async |login: &LoginUnderWay, now| interactions::take_proven(&store, &begun.id, login, now).await;
        assert_eq!(take(&other, at(1)).await.expect("is no error"), Won::No, "not what is under way");
        assert_eq!(take(&login, begun.expires_at).await.expect("is no error"), Won::No, "expired");
        assert_eq!(take(&login, at(1)).await.expect("lives"), Won::Yes);
        assert_eq!(take(&login, at(1)).await.expect("is no error"), Won::No, "once");
        assert_eq!(
            interactions::mark_login(&store, &begun.id, &session_id("s1"), at(1)).await.expect("lives"),
            Won::Yes
        );
        assert_eq!(interactions::mark_account_selected(&store, &begun.id, at(2)).await.expect("lives"), Won::Yes);
        assert_eq!(interactions::mark_consented(&store, &begun.id, at(3)).await.expect("lives"), Won::Yes);
        let expected = Interaction {
            login_at: Some(at(1)),
            session_id: Some(session_id("s1")),
            account_selected_at: Some(at(2)),
            consented_at: Some(at(3)),
            ..begun.clone()
        };
        assert_eq!(interactions::find(&store, &begun.id).await.expect("is readable"), Some(expected));
    }
}

#[tokio::test]
async fn an_expired_interaction_gathers_nothing() {
    for database in engines() {
        let store = database.open().await;
        let short = Interaction { expires_at: LATER, ..interaction("i1") };
        interactions::insert(&store, &short).await.expect("is new");
        assert_eq!(
            interactions::mark_login(&store, &short.id, &session_id("s1"), LATER).await.expect("is no error"),
            Won::No
        );
        assert_eq!(interactions::mark_account_selected(&store, &short.id, LATER).await.expect("is no error"), Won::No);
        assert_eq!(interactions::mark_consented(&store, &short.id, LATER).await.expect("is no error"), Won::No);
        assert_eq!(interactions::find(&store, &short.id).await.expect("is readable"), Some(short));
    }
}

#[tokio::test]
async fn an_interaction_is_finished_once() {
    for database in engines() {
        let store = database.open().await;
        let begun = interaction("i1");
        interactions::insert(&store, &begun).await.expect("is new");
        assert_eq!(interactions::finish(&store, &begun.id, NOW).await.expect("is writable"), Won::Yes);
        assert_eq!(interactions::finish(&store, &begun.id, NOW).await.expect("is writable"), Won::No);
        let found =
            interactions::find(&store, &begun.id).await.expect("is readable").expect("stays for those who come late");
        assert_eq!((found.expires_at, found.parameters), (NOW, begun.parameters));
        assert_eq!(interactions::mark_consented(&store, &begun.id, NOW).await.expect("is no error"), Won::No);
    }
}

/// Whoever begins many sign-ins with requests as long as they may be does not fill the disk for a day.
#[tokio::test]
async fn a_long_request_goes_when_its_interaction_is_over_and_a_short_one_stays() {
    for database in engines() {
        let store = database.open().await;
        let long = format!("client_id=app&state={}", "s".repeat(2_000));
        for (id, parameters) in [("finished", &long), ("expired", &long), ("waits", &long)] {
            let ends = if id == "waits" { MUCH_LATER } else { LATER };
            let begun = Interaction { expires_at: ends, parameters: parameters.clone(), ..interaction(id) };
            interactions::insert(&store, &begun).await.expect("is new");
        }
        interactions::insert(&store, &Interaction { expires_at: LATER, ..interaction("short") }).await.expect("is new");
        let id = |id| interaction(id).id;
        let parameters = async |name| {
            interactions::find(&store, &id(name)).await.expect("is readable").expect("stays for a day").parameters
        };
        assert_eq!(interactions::finish(&store, &id("finished"), NOW).await.expect("is writable"), Won::Yes);
        assert_eq!(parameters("finished").await, "");
        assert_eq!(sweep::run_once(&store, LATER, 100).await.expect("is writable"), 1);
        assert_eq!(sweep::run_once(&store, LATER, 100).await.expect("is writable"), 0);
        assert_eq!(parameters("expired").await, "");
        assert_eq!(parameters("waits").await, long);
        assert_eq!(parameters("short").await, interaction("short").parameters);
    }
}
