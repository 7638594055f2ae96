//! Waiting requests: they gather what a person did and are answered once.

use protocol::login::AuthenticationMethod;
use protocol::time::Seconds;
use store::interactions::{self, Interaction, Keep, LoginUnderWay};
use store::{StoreError, Won};

use crate::database::engines;
use crate::samples::{LATER, NOW, interaction, session_id, user_id};

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
