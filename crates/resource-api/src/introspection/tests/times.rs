//! What happens as time goes by: memory, revocation, and the breaker. Time is passed in; nobody sleeps.

use super::*;

struct Clock {
    introspector: Introspector,
    began: Moment,
}

impl Clock {
    fn start(server: &Server) -> Self {
        let limits = Limits { timeout: Duration::from_secs(1), positive: Seconds(60), ..Limits::default() };
        Self { introspector: server.introspector(limits), began: at(NOW) }
    }

    /// Asks about a token that many milliseconds after the beginning.
    async fn ask(&self, token: &str, millis: u64) -> Outcome {
        let now = self.began.later(Duration::from_millis(millis));
        self.introspector.introspect_at(token, now).await
    }
}

fn wait(outcome: Outcome) -> i64 {
    match outcome {
        Err(NotDescribed::Unavailable { retry_after }) => retry_after.0,
        other => panic!("{other:?}"),
    }
}

#[actix_web::test]
async fn a_revoked_api_key_is_refused_within_ten_seconds() {
    let server = Server::start();
    let (clock, key) = (Clock::start(&server), api_key());
    assert!(clock.ask(&key, 0).await.is_ok());
    server.says(json!({ "active": false }));
    assert!(clock.ask(&key, 9_900).await.is_ok(), "and until then nobody is asked");
    assert_eq!(server.count(), 1);
    assert_eq!(clock.ask(&key, 10_000).await.unwrap_err(), NotDescribed::Inactive);
    assert_eq!(clock.ask(&key, 19_000).await.unwrap_err(), NotDescribed::Inactive);
    assert_eq!(server.count(), 2);
}

#[actix_web::test]
async fn a_revoked_token_is_refused_within_a_minute_and_never_after_its_end() {
    let server = Server::start();
    let clock = Clock::start(&server);
    assert!(clock.ask("opaque", 0).await.is_ok());
    server.says(json!({ "active": true, "exp": NOW.0 + 20 }));
    assert!(clock.ask("short", 0).await.is_ok());
    server.says(json!({ "active": false }));
    assert!(clock.ask("short", 19_000).await.is_ok());
    assert_eq!(clock.ask("short", 20_000).await.unwrap_err(), NotDescribed::Inactive);
    assert!(clock.ask("opaque", 59_000).await.is_ok());
    assert_eq!(clock.ask("opaque", 60_000).await.unwrap_err(), NotDescribed::Inactive);
}

#[actix_web::test]
async fn a_refusal_is_remembered_for_ten_seconds() {
    let server = Server::start();
    let (clock, key) = (Clock::start(&server), api_key());
    server.says(json!({ "active": false }));
    for token in ["opaque", &key] {
        assert_eq!(clock.ask(token, 0).await.unwrap_err(), NotDescribed::Inactive);
    }
    server.says(json!({ "active": true }));
    for token in ["opaque", &key] {
        assert_eq!(clock.ask(token, 9_000).await.unwrap_err(), NotDescribed::Inactive);
    }
    assert_eq!(server.count(), 2);
    for token in ["opaque", &key] {
        assert!(clock.ask(token, 10_000).await.is_ok());
    }
}

/// However long the issuer takes: the time counts from the question.
#[actix_web::test]
async fn a_slow_answer_is_remembered_no_longer() {
    let server = Server::start();
    let (clock, key) = (Clock::start(&server), api_key());
    server.bend(|answers| answers.delay = Duration::from_millis(200));
    assert!(clock.ask(&key, 0).await.is_ok());
    server.says(json!({ "active": false }));
    assert_eq!(clock.ask(&key, 10_000).await.unwrap_err(), NotDescribed::Inactive);
}

#[actix_web::test]
async fn no_answer_is_remembered_as_no_refusal() {
    let server = Server::start();
    let clock = Clock::start(&server);
    server.bend(|answers| answers.status = 500);
    assert_eq!(wait(clock.ask("opaque", 0).await), 1);
    server.bend(|answers| answers.status = 200);
    assert!(clock.ask("opaque", 0).await.is_ok());
}

#[actix_web::test]
async fn an_issuer_that_fails_is_left_alone_probed_and_asked_again() {
    let server = Server::start();
    let clock = Clock::start(&server);
    assert!(clock.ask("remembered", 0).await.is_ok());
    server.bend(|answers| answers.status = 503);
    for number in 0..5 {
        assert_eq!(wait(clock.ask(&format!("t{number}"), 0).await), 1);
    }
    assert_eq!(server.count(), 6);
    // Open, by the clock of the last answer: nobody asks, nobody is accepted, who is remembered is.
    server.bend(|answers| answers.status = 200);
    assert_eq!(wait(clock.ask("t5", 500).await), 1);
    assert!(clock.ask("remembered", 500).await.is_ok());
    assert_eq!(server.count(), 6);
    // The probe fails, and the pause is twice as long.
    server.bend(|answers| answers.status = 503);
    assert_eq!(wait(clock.ask("t6", 2_000).await), 1);
    assert_eq!(server.count(), 7);
    server.bend(|answers| answers.status = 200);
    assert_eq!(wait(clock.ask("t6", 2_500).await), 2);
    assert_eq!(wait(clock.ask("t6", 3_500).await), 1);
    assert_eq!(server.count(), 7);
    // The next one succeeds, and everybody asks again.
    assert!(clock.ask("t6", 5_000).await.is_ok());
    for number in 7..20 {
        assert!(clock.ask(&format!("t{number}"), 5_000).await.is_ok());
    }
    assert_eq!(server.count(), 21);
}

#[actix_web::test]
async fn one_probe_at_a_time() {
    let server = Server::start();
    let clock = Clock::start(&server);
    server.bend(|answers| answers.status = 500);
    for number in 0..5 {
        wait(clock.ask(&format!("t{number}"), 0).await);
    }
    server.bend(|answers| {
        answers.status = 200;
        answers.delay = Duration::from_millis(100);
    });
    let tokens: Vec<_> = (0..20).map(|number| format!("p{number}")).collect();
    let outcomes = futures_util::future::join_all(tokens.iter().map(|token| clock.ask(token, 2_000))).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert_eq!(server.count(), 6);
}

#[actix_web::test]
async fn time_outs_open_it_and_an_expired_memory_is_not_stretched_meanwhile() {
    let server = Server::start();
    let clock = Clock::start(&server);
    assert!(clock.ask("remembered", 0).await.is_ok());
    server.bend(|answers| answers.delay = Duration::from_mins(1));
    let tokens: Vec<_> = (0..5).map(|number| format!("t{number}")).collect();
    let outcomes = futures_util::future::join_all(tokens.iter().map(|token| clock.ask(token, 59_000))).await;
    assert!(outcomes.into_iter().all(|outcome| wait(outcome) == 1));
    // The time-outs were noticed a second after the questions, so it is open now and for a second more.
    assert!(wait(clock.ask("other", 59_900).await) > 1);
    assert!(clock.ask("remembered", 59_900).await.is_ok());
    assert!(wait(clock.ask("remembered", 60_000).await) >= 1, "fails closed");
    assert_eq!(server.count(), 6);
}

#[actix_web::test]
async fn nobody_cuts_others_off_with_questions_that_the_issuer_does_not_like() {
    let server = Server::start();
    let clock = Clock::start(&server);
    for status in [400, 413, 422, 429] {
        server.bend(|answers| answers.status = status);
        for number in 0..10 {
            wait(clock.ask(&format!("{status}-{number}"), 0).await);
        }
    }
    server.bend(|answers| answers.status = 200);
    server.says(json!({ "active": true, "more": "x".repeat(70 * 1024) }));
    for number in 0..10 {
        wait(clock.ask(&format!("huge{number}"), 0).await);
    }
    server.says(json!({ "active": true }));
    assert!(clock.ask("good", 0).await.is_ok());
}
