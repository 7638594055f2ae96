//! Many callers at once, on real threads: the database lets exactly one win, and nobody gets an error.

use std::future::Future;
use std::sync::Arc;

use protocol::grant::state::{EndReason, Generation};
use protocol::time::Seconds;
use store::passwords::{How, NewPassword};
use store::{Store, StoreError, StoreOptions, Won, grants, interactions, passwords, sessions, used_assertions, users};
use tokio::sync::Barrier;

use crate::database::engines;
use crate::samples::{
    LATER, NOW, client_id, code_of, grant, grant_id, interaction, redeemed_grant, session, user, user_id,
};

pub(crate) const CALLERS: usize = 64;

/// Lets 64 tasks go at once, each through one of two stores on the same database, as two servers would.
pub(crate) async fn winners<F>(stores: &[Store; 2], act: impl Fn(Store, usize) -> F) -> usize
where
    F: Future<Output = Result<Won, StoreError>> + Send + 'static,
{
    let start = Arc::new(Barrier::new(CALLERS));
    let tasks = (0..CALLERS).map(|number| {
        let (start, acting) = (Arc::clone(&start), act(stores[number % 2].clone(), number));
        tokio::spawn(async move {
            start.wait().await;
            acting.await.expect("a race is no error")
        })
    });
    let mut won = 0;
    for task in tasks.collect::<Vec<_>>() {
        won += usize::from(task.await.expect("runs to its end") == Won::Yes);
    }
    won
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_64_redeemers_of_one_code_one_wins() {
    for database in engines() {
        let stores = [database.open().await, database.open_with(StoreOptions { pool_size: 8 }).await];
        for round in 0..5 {
            let id = format!("g{round}");
            grants::insert(&stores[0], &grant(&id)).await.expect("is new");
            let won = winners(&stores, |store, _| {
                let id = id.clone();
                async move { grants::redeem(&store, &grant_id(&id), &code_of(&id), NOW, LATER).await }
            });
            assert_eq!(won.await, 1);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_64_advances_of_one_generation_one_wins() {
    for database in engines() {
        let stores = [database.open().await, database.open_with(StoreOptions { pool_size: 8 }).await];
        grants::insert(&stores[0], &redeemed_grant("g1")).await.expect("is new");
        for generation in 1..6 {
            let won = winners(&stores, |store, _| async move {
                let idle = NOW + Seconds::days(1);
                grants::advance(&store, &grant_id("g1"), Generation(generation), NOW, idle).await
            });
            assert_eq!(won.await, 1);
            let grant = grants::find(&stores[1], &grant_id("g1")).await.expect("is readable").expect("exists");
            assert_eq!(grant.generation, Generation(generation + 1));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_64_spends_of_one_assertion_one_wins() {
    for database in engines() {
        let stores = [database.open().await, database.open_with(StoreOptions { pool_size: 8 }).await];
        for round in 0..5 {
            let won = winners(&stores, |store, _| async move {
                used_assertions::spend(&store, &client_id("app"), &format!("a{round}"), LATER).await
            });
            assert_eq!(won.await, 1);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_64_answers_to_one_interaction_one_wins() {
    for database in engines() {
        let stores = [database.open().await, database.open().await];
        interactions::insert(&stores[0], &interaction("i1")).await.expect("is new");
        let won =
            winners(&stores, |store, _| async move { interactions::finish(&store, &interaction("i1").id, NOW).await });
        assert_eq!(won.await, 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_64_people_with_one_address_one_is_registered() {
    for database in engines() {
        let stores = [database.open().await, database.open().await];
        let won = winners(&stores, |store, number| async move {
            let person =
                protocol::user::User { email: Some("one@example.org".to_owned()), ..user(&format!("u{number}")) };
            match users::insert(&store, &person).await {
                Ok(()) => Ok(Won::Yes),
                Err(StoreError::Conflict) => Ok(Won::No),
                Err(error) => Err(error),
            }
        });
        assert_eq!(won.await, 1);
        assert_eq!(users::list(&stores[1], None, 100).await.expect("is readable").len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_end_and_64_advances_leave_an_ended_grant() {
    for database in engines() {
        let stores = [database.open().await, database.open().await];
        grants::insert(&stores[0], &redeemed_grant("g1")).await.expect("is new");
        let won = winners(&stores, |store, number| async move {
            let id = grant_id("g1");
            if number == 40 {
                assert_eq!(grants::end(&store, &id, EndReason::RefreshReused, LATER).await?, Won::Yes);
                return Ok(Won::No);
            }
            grants::advance(&store, &id, Generation::FIRST, LATER, LATER + Seconds(60)).await
        });
        assert!(won.await <= 1);
        let grant = grants::find(&stores[0], &grant_id("g1")).await.expect("is readable").expect("exists");
        assert_eq!(grant.end_reason, Some(EndReason::RefreshReused));
        let late = grants::advance(&stores[1], &grant.id, grant.generation, LATER, LATER).await.expect("is writable");
        assert_eq!(late, Won::No);
    }
}

/// No function holds one connection while it asks for a second.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_pool_of_one_is_enough() {
    for database in engines() {
        let store = database.open_with(StoreOptions { pool_size: 1 }).await;
        let both = [store.clone(), store.clone()];
        let won = winners(&both, |store, number| async move {
            let person = user(&format!("u{number}"));
            users::insert(&store, &person).await?;
            let _ = users::find(&store, &person.id).await?;
            users::disable(&store, &person.id, LATER).await
        });
        assert_eq!(won.await, CALLERS);
    }
}

/// Each reset ends all sessions. Whoever signs in with the password of before has a session that ends with the others, or none.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_reset_and_64_sign_ins_with_the_password_of_before_no_session_is_left() {
    for database in engines() {
        let stores = [database.open().await, database.open_with(StoreOptions { pool_size: 8 }).await];
        users::insert_with_password(&stores[0], &user("ada"), "$argon2id$0", NOW).await.expect("is new");
        let ada = user_id("ada");
        for round in 0..5 {
            let read = passwords::changed_at(&stores[0], &ada).await.expect("is readable");
            let began = winners(&stores, |store, number| async move {
                let ada = user_id("ada");
                if number == 32 {
                    let new = NewPassword { phc: format!("$argon2id$new{round}"), needs_second_factor: false };
                    passwords::replace(&store, &ada, &new, How::Forced, NOW).await?;
                    return Ok(Won::No);
                }
                sessions::insert(&store, &session(&format!("s{round}-{number}"), "ada"), read).await
            });
            let began = began.await;
            let living = sessions::living_of_user(&stores[1], &ada, NOW).await.expect("is readable");
            assert_eq!(living.len(), 0, "round {round}, {began} began");
        }
    }
}
