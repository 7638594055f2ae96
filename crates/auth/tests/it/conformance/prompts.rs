//! The modules that ask twice in one session: what `prompt`, `max_age` and `id_token_hint` do (OpenID Connect Core §3.1.2.1).

use protocol::time::Seconds;
use serde_json::Value;

use super::checks::IdToken;
use super::client::{Module, Outcome};
use super::keys::long_state;
use super::suite::core;

fn auth_time(token: &IdToken) -> i64 {
    token.claims["auth_time"].as_i64().unwrap_or_else(|| panic!("no auth_time in {}", token.claims))
}

fn subs_and_times_are_equal(first: &Outcome, second: &Outcome) {
    for (before, after) in first.id_tokens.iter().zip(&second.id_tokens) {
        assert_eq!(before.claims["sub"], after.claims["sub"]);
        assert_eq!(before.claims.get("auth_time"), after.claims.get("auth_time"));
    }
}

/// A first round, then `seconds` later one that shows the login page again.
async fn again_after(module: &Module<'_>, seconds: i64, change: (&str, &str)) -> (Outcome, Outcome) {
    let first = module.flow(&[]).await;
    module.suite.app.clock.advance(Seconds(seconds));
    let round = module.open(&[change]).await;
    assert_eq!(round.seen[0], "login", "the person has to see the login page");
    let second = module.finish(&round).await;
    for (before, after) in first.id_tokens.iter().zip(&second.id_tokens) {
        assert_eq!(before.claims["sub"], after.claims["sub"]);
    }
    (first, second)
}

#[actix_web::test]
async fn prompt_login() {
    core()
        .run(async |module| {
            let (first, second) = again_after(module, 1, ("prompt", "login")).await;
            for (before, after) in first.id_tokens.iter().zip(&second.id_tokens) {
                let time = |token: &IdToken| token.claims.get("auth_time").and_then(Value::as_i64);
                assert!(time(before).zip(time(after)).is_none_or(|(before, after)| before < after));
            }
        })
        .await;
}

#[actix_web::test]
async fn max_age_1() {
    core()
        .run(async |module| {
            let (first, second) = again_after(module, 2, ("max_age", "1")).await;
            let now = module.suite.app.now().0;
            for after in &second.id_tokens {
                assert!((now - 300..=now).contains(&auth_time(after)));
                let earlier = first.id_tokens.iter().filter_map(|before| before.claims["auth_time"].as_i64());
                assert!(earlier.into_iter().all(|before| before < auth_time(after)));
            }
        })
        .await;
}

#[actix_web::test]
async fn max_age_10000() {
    core()
        .run(async |module| {
            let first = module.flow(&[("max_age", "15000")]).await;
            module.suite.app.clock.advance(Seconds(1));
            let round = module.open(&[("max_age", "10000")]).await;
            assert!(round.seen.is_empty(), "{:?}", round.seen);
            let second = module.finish(&round).await;
            for (before, after) in first.id_tokens.iter().zip(&second.id_tokens) {
                assert_eq!(auth_time(before), auth_time(after));
            }
            subs_and_times_are_equal(&first, &second);
        })
        .await;
}

/// Used after logout as well: nobody is signed in, so nothing can be had silently.
pub(super) async fn nothing_comes_silently(module: &Module<'_>) {
    let round = module.open(&[("prompt", "none"), ("state", &long_state())]).await;
    assert!(round.seen.is_empty(), "{:?}", round.seen);
    let error = module.error(&round);
    let possible = ["login_required", "interaction_required", "account_selection_required", "consent_required"];
    assert!(possible.contains(&error.as_str()), "{error}");
}

#[actix_web::test]
async fn prompt_none_not_logged_in() {
    core().run(nothing_comes_silently).await;
}

async fn silently(module: &Module<'_>, first: &Outcome, changes: &[(&str, &str)]) {
    module.suite.app.clock.advance(Seconds(1));
    let round = module.open(changes).await;
    assert!(round.seen.is_empty(), "{:?}", round.seen);
    subs_and_times_are_equal(first, &module.finish(&round).await);
}

#[actix_web::test]
async fn prompt_none_logged_in() {
    core()
        .run(async |module| {
            let first = module.flow(&[]).await;
            silently(module, &first, &[("prompt", "none")]).await;
        })
        .await;
}

#[actix_web::test]
async fn id_token_hint() {
    core()
        .run(async |module| {
            let first = module.flow(&[]).await;
            let hint = first.id_token().jwt.clone();
            silently(module, &first, &[("prompt", "none"), ("id_token_hint", &hint)]).await;
        })
        .await;
}
