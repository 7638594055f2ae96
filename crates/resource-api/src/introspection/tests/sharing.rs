//! Many callers at once: one question for all who ask the same, and a bounded number of questions.

use std::sync::Barrier;

use tokio::task::JoinSet;

use super::*;

/// Until the server has been asked that often.
async fn asked(server: &Server, count: usize) {
    let began = Instant::now();
    while server.count() < count {
        assert!(began.elapsed() < Duration::from_secs(10), "{} of {count}", server.count());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_callers_at_once_are_one_question() {
    let server = Server::start();
    server.bend(|answers| answers.delay = Duration::from_millis(300));
    let introspector = server.introspector(Limits::default());
    let mut callers = JoinSet::new();
    for _ in 0..1_000 {
        let introspector = introspector.clone();
        callers.spawn(async move { introspector.introspect("opaque", NOW).await.is_ok() });
    }
    assert!(callers.join_all().await.into_iter().all(|accepted| accepted));
    assert_eq!(server.count(), 1);
}

/// No moment between the end of a question and its memory lets a second one through.
#[test]
fn fast_answers_are_one_question_too() {
    let server = Server::start();
    let introspector = server.introspector(Limits::default());
    for round in 0..20 {
        let barrier = Barrier::new(4);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    // Each thread has a runtime of its own, as the workers of actix-web have.
                    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                    barrier.wait();
                    runtime.block_on(async {
                        for _ in 0..50 {
                            introspector.introspect(&format!("t{round}"), NOW).await.unwrap();
                        }
                        // Others may still wait for the question that this runtime asked.
                        barrier.wait();
                    });
                });
            }
        });
        assert_eq!(server.count(), round + 1);
    }
}

/// The caller looked before the question of another ended, and boards after.
#[actix_web::test]
async fn who_boards_late_finds_what_was_remembered() {
    let server = Server::start();
    let introspector = server.introspector(Limits::default());
    introspector.introspect("opaque", NOW).await.unwrap();
    let inner = &introspector.0;
    let question = Question::Token("opaque");
    let key = inner.salt.key(&question);
    let Boarded::Leads(flight, waiting) = inner.flights.board(key) else { panic!("nobody asks") };
    inner.begin(&question, key, flight, at(NOW));
    assert!(waiting.outcome().await.is_some_and(|outcome| outcome.is_ok()));
    assert_eq!(server.count(), 1);
}

#[actix_web::test]
async fn nobody_waits_for_ever_for_the_question_of_another() {
    let server = Server::start();
    let introspector = server.introspector(Limits { timeout: Duration::from_millis(20), ..Limits::default() });
    let key = introspector.0.salt.key(&Question::Token("opaque"));
    let Boarded::Leads(_stuck, _) = introspector.0.flights.board(key) else { panic!("nobody asks") };
    assert_eq!(introspector.introspect("opaque", NOW).await.unwrap_err(), AGAIN_IN_A_SECOND);
    assert_eq!(server.count(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_is_shared_too() {
    let server = Server::start();
    server.says(json!({ "active": false }));
    server.bend(|answers| answers.delay = Duration::from_millis(200));
    let introspector = server.introspector(Limits::default());
    let callers = (0..100).map(|_| introspector.introspect("opaque", NOW));
    let outcomes = futures_util::future::join_all(callers).await;
    assert!(outcomes.iter().all(|outcome| outcome.as_ref().err() == Some(&NotDescribed::Inactive)));
    assert_eq!(server.count(), 1);
}

#[actix_web::test]
async fn a_caller_who_hangs_up_cancels_nobodys_question() {
    let server = Server::start();
    server.bend(|answers| answers.delay = Duration::from_millis(300));
    let introspector = server.introspector(Limits::default());
    let (one, other) = (introspector.clone(), introspector.clone());
    let first = actix_web::rt::spawn(async move { one.introspect("opaque", NOW).await });
    asked(&server, 1).await;
    let second = actix_web::rt::spawn(async move { other.introspect("opaque", NOW).await });
    actix_web::rt::task::yield_now().await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    assert!(second.await.unwrap().is_ok());
    assert!(introspector.introspect("opaque", NOW).await.is_ok());
    assert_eq!(server.count(), 1);
}

#[actix_web::test]
async fn a_question_goes_on_when_everybody_has_hung_up() {
    let server = Server::start();
    server.bend(|answers| answers.delay = Duration::from_millis(100));
    let introspector = server.introspector(Limits::default());
    let only = introspector.clone();
    let only = actix_web::rt::spawn(async move { only.introspect("opaque", NOW).await });
    asked(&server, 1).await;
    only.abort();
    assert!(introspector.introspect("opaque", NOW).await.is_ok());
    assert_eq!(server.count(), 1);
}

/// The runtime of the worker that asked is gone: those who wait in others are told, and the next one asks anew.
#[test]
fn a_question_that_is_cut_short_leaves_nobody_waiting() {
    let server = Server::start();
    server.bend(|answers| answers.delay = Duration::from_millis(500));
    let introspector = server.introspector(Limits::default());
    let runtime = || tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (asking, waiting) = (runtime(), runtime());
    let (one, other) = (introspector.clone(), introspector.clone());
    asking.spawn(async move { one.introspect("opaque", NOW).await });
    waiting.block_on(asked(&server, 1));
    let waits = waiting.spawn(async move { other.introspect("opaque", NOW).await });
    std::thread::yield_now();
    asking.shutdown_timeout(Duration::from_secs(1));
    let told = waiting.block_on(waits).unwrap();
    server.bend(|answers| answers.delay = Duration::ZERO);
    // Whether it came before the end or after it, it is not kept waiting.
    assert!(told.is_ok() || told.unwrap_err() == AGAIN_IN_A_SECOND);
    assert!(waiting.block_on(introspector.introspect("opaque", NOW)).is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_flood_of_made_up_tokens_takes_a_bounded_number_of_places() {
    let server = Server::start();
    let introspector = server.introspector(Limits { questions: 8, ..Limits::default() });
    introspector.introspect("at work", NOW).await.unwrap();
    server.says(json!({ "active": false }));
    server.bend(|answers| answers.delay = Duration::from_secs(1));
    let mut flood = JoinSet::new();
    for number in 0..500 {
        let introspector = introspector.clone();
        flood.spawn(async move { introspector.introspect(&format!("garbage{number}"), NOW).await.unwrap_err() });
    }
    asked(&server, 7).await;
    server.says(json!({ "active": true }));
    assert!(introspector.introspect("at work", NOW).await.is_ok(), "is remembered");
    let later = NOW + Seconds(61);
    let busy = NotDescribed::Busy { retry_after: Seconds(1) };
    assert_eq!(introspector.introspect("newcomer", later).await.unwrap_err(), busy, "the issuer is well");
    assert!(introspector.introspect("at work", later).await.is_ok(), "has a place kept");
    let outcomes = flood.join_all().await;
    let inactive = outcomes.iter().filter(|outcome| **outcome == NotDescribed::Inactive).count();
    assert_eq!((inactive, outcomes.len()), (6, 500), "who found no place is told to come back, not refused");
    assert!(server.most_at_once() <= 8, "{}", server.most_at_once());
    server.bend(|answers| answers.delay = Duration::ZERO);
    assert!(introspector.introspect("newcomer", later).await.is_ok());
}
