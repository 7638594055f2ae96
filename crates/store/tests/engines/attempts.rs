//! What is counted is counted for everybody at once, and no try passes that the rule does not allow.

use std::sync::Arc;

use protocol::time::{Seconds, Timestamp};
use store::attempts::{self, Counted, Limited, Refused, Rule};
use store::{Store, StoreOptions};
use tokio::sync::Barrier;

use crate::database::engines;
use crate::samples::NOW;

const WINDOW: Rule = Rule::Window { most: 3, window: Seconds(300) };
const PAUSES: Rule = Rule::Pauses { free: 5, stop: 20, forget_after: Seconds(900), stopped_for: Seconds(86_400) };

fn limited(bucket: &str, rule: Rule) -> Limited {
    Limited { bucket: bucket.to_owned(), rule }
}

async fn reserve(store: &Store, bucket: &str, rule: Rule, after: i64) -> Result<(), Refused> {
    attempts::reserve(store, &[limited(bucket, rule)], NOW + Seconds(after)).await.expect("is writable")
}

async fn counted(store: &Store, bucket: &str) -> Option<Counted> {
    attempts::find(store, bucket).await.expect("is readable")
}

fn refused(wait: i64) -> Result<(), Refused> {
    Err(Refused { wait: Seconds(wait) })
}

#[tokio::test]
async fn a_window_begins_with_the_first_try_and_ends_for_all() {
    for database in engines() {
        let store = database.open().await;
        for after in [0, 100, 299] {
            assert_eq!(reserve(&store, "a", WINDOW, after).await, Ok(()));
        }
        assert_eq!(reserve(&store, "a", WINDOW, 299).await, refused(1));
        assert_eq!(reserve(&store, "b", WINDOW, 299).await, Ok(()), "another bucket");
        assert_eq!(reserve(&store, "a", WINDOW, 300).await, Ok(()));
        let began = NOW + Seconds(300);
        let expected = Counted { count: 1, since: began, last_at: began, expires_at: NOW + Seconds(600) };
        assert_eq!(counted(&store, "a").await, Some(expected));
    }
}

#[tokio::test]
async fn after_the_free_tries_the_pause_doubles_up_to_a_minute() {
    for database in engines() {
        let store = database.open().await;
        let mut now = 0;
        for _ in 0..5 {
            assert_eq!(reserve(&store, "a", PAUSES, now).await, Ok(()));
        }
        for pause in [1, 2, 4, 8, 16, 32, 60, 60] {
            assert_eq!(reserve(&store, "a", PAUSES, now).await, refused(pause), "at once");
            if pause > 1 {
                assert_eq!(reserve(&store, "a", PAUSES, now + pause - 1).await, refused(1), "a second early");
            }
            now += pause;
            assert_eq!(reserve(&store, "a", PAUSES, now).await, Ok(()), "after {pause} s");
        }
    }
}

#[tokio::test]
async fn after_too_many_in_a_row_nothing_helps_but_time() {
    for database in engines() {
        let store = database.open().await;
        let mut now = 0;
        for _ in 0..20 {
            assert_eq!(reserve(&store, "a", PAUSES, now).await, Ok(()));
            now += 60;
        }
        let last = now - 60;
        for after in [60, 3_600, 86_399] {
            assert_eq!(reserve(&store, "a", PAUSES, last + after).await, refused(86_400 - after));
        }
        assert_eq!(reserve(&store, "a", PAUSES, last + 86_400).await, Ok(()));
        assert_eq!(counted(&store, "a").await.map(|counted| counted.count), Some(1), "all is forgotten");
    }
}

#[tokio::test]
async fn failures_are_forgotten_when_nothing_was_tried_for_a_while() {
    for database in engines() {
        let store = database.open().await;
        for _ in 0..5 {
            assert_eq!(reserve(&store, "a", PAUSES, 0).await, Ok(()));
        }
        assert_eq!(reserve(&store, "a", PAUSES, 899).await, Ok(()), "the pause is long over");
        assert_eq!(reserve(&store, "a", PAUSES, 899).await, refused(2), "but nothing is forgotten");
        assert_eq!(reserve(&store, "a", PAUSES, 899 + 900).await, Ok(()));
        assert_eq!(counted(&store, "a").await.map(|counted| counted.count), Some(1));
    }
}

/// What the database decides and what people are told must be the same rule.
#[tokio::test]
async fn who_is_refused_is_told_when_to_come_back_and_is_let_in_then() {
    for database in engines() {
        let store = database.open().await;
        for (bucket, rule) in [("w", WINDOW), ("p", PAUSES)] {
            let mut now = 0;
            for _ in 0..30 {
                let expected = counted(&store, bucket).await.map_or(0, |it| rule.wait(&it, NOW + Seconds(now)).0);
                match reserve(&store, bucket, rule, now).await {
                    Ok(()) => assert_eq!(expected, 0, "{bucket} at {now}"),
                    Err(Refused { wait }) => {
                        assert_eq!(expected, wait.0, "{bucket} at {now}");
                        assert_eq!(reserve(&store, bucket, rule, now + wait.0 - 1).await, refused(1));
                        now += wait.0;
                        assert_eq!(reserve(&store, bucket, rule, now).await, Ok(()), "{bucket} at {now}");
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn who_is_refused_by_one_bucket_counts_in_none() {
    for database in engines() {
        let store = database.open().await;
        let both = [limited("account", PAUSES), limited("network", WINDOW)];
        for _ in 0..3 {
            assert_eq!(attempts::reserve(&store, &both, NOW).await.expect("is writable"), Ok(()));
        }
        for after in [0, 10, 20] {
            let refused = attempts::reserve(&store, &both, NOW + Seconds(after)).await.expect("is writable");
            assert_eq!(refused, Err(Refused { wait: Seconds(300 - after) }));
        }
        let account = counted(&store, "account").await.expect("exists");
        assert_eq!((account.count, account.last_at), (3, NOW), "and delays nobody");
    }
}

#[tokio::test]
async fn a_try_that_was_not_evaluated_is_given_back_and_a_success_forgets() {
    for database in engines() {
        let store = database.open().await;
        for _ in 0..50 {
            assert_eq!(reserve(&store, "a", WINDOW, 0).await, Ok(()));
            assert_eq!(reserve(&store, "b", PAUSES, 0).await, Ok(()));
            attempts::settle(&store, &["a"], &["b"], NOW).await.expect("is writable");
        }
        assert_eq!(counted(&store, "a").await.map(|counted| counted.count), Some(0));
        assert_eq!(counted(&store, "b").await, None);
        attempts::settle(&store, &["a", "nobody"], &[], NOW).await.expect("is writable");
        assert_eq!(counted(&store, "a").await.map(|counted| counted.count), Some(0), "never below");
    }
}

/// A slow one must not take away the count of somebody else.
#[tokio::test]
async fn what_began_afterwards_is_not_given_back() {
    for database in engines() {
        let store = database.open().await;
        assert_eq!(reserve(&store, "a", WINDOW, 0).await, Ok(()));
        assert_eq!(reserve(&store, "a", WINDOW, 300).await, Ok(()), "a new window");
        attempts::settle(&store, &["a"], &[], NOW).await.expect("is writable");
        assert_eq!(counted(&store, "a").await.map(|counted| counted.count), Some(1));
    }
}

/// Through two stores on the same database, as two servers would, and in several buckets at once, as a password is.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_200_parallel_tries_only_the_free_ones_pass() {
    const TRIES: usize = 200;
    for database in engines() {
        let stores = [database.open().await, database.open_with(StoreOptions { pool_size: 8 }).await];
        let start = Arc::new(Barrier::new(TRIES));
        let tries = (0..TRIES).map(|number| {
            let (start, store) = (Arc::clone(&start), stores[number % 2].clone());
            tokio::spawn(async move {
                start.wait().await;
                let many = Rule::Window { most: 1_000, window: Seconds(900) };
                let network = format!("network {}", number % 7);
                let all = [limited("account", PAUSES), limited(&network, many), limited("all", many)];
                attempts::reserve(&store, &all, NOW).await.expect("a race is no error").is_ok()
            })
        });
        let mut passed = 0;
        for one in tries.collect::<Vec<_>>() {
            passed += i64::from(one.await.expect("runs to its end"));
        }
        assert_eq!(passed, 5);
        for bucket in ["account", "all"] {
            assert_eq!(counted(&stores[0], bucket).await.map(|counted| counted.count), Some(5), "{bucket}");
        }
    }
}

#[tokio::test]
async fn counters_survive_a_restart() {
    for database in engines() {
        let store = database.open().await;
        for _ in 0..3 {
            assert_eq!(reserve(&store, "a", WINDOW, 0).await, Ok(()));
        }
        store.close().await;
        let store = database.open().await;
        assert_eq!(reserve(&store, "a", WINDOW, 0).await, refused(300));
    }
}

#[tokio::test]
async fn a_sweep_takes_what_is_over_and_nothing_that_counts() {
    for database in engines() {
        let store = database.open().await;
        assert_eq!(reserve(&store, "old", WINDOW, 0).await, Ok(()));
        assert_eq!(reserve(&store, "young", WINDOW, 1).await, Ok(()));
        let at: Timestamp = NOW + Seconds(300);
        assert_eq!(store::sweep::run_once(&store, at, 100).await.expect("is writable"), 1);
        assert_eq!(counted(&store, "old").await, None);
        assert!(counted(&store, "young").await.is_some());
    }
}
