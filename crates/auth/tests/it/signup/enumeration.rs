//! Nobody learns from an answer, its length or its time whether somebody has an account.

use std::time::{Duration, Instant};

use protocol::time::Seconds;
use testkit::app::{PASSWORD, TestApp};
use testkit::browser::{Browser, Page};

use super::{CHOSEN, page_id, proven, user, with_mail, with_settings};

const TRIES: usize = 200;
/// What [`probability_of_larger`] may be.
const EQUAL: std::ops::RangeInclusive<f64> = 0.41..=0.59;

/// What one try told: status, place, length without what differs from try to try, time.
struct Told {
    status: u16,
    location: String,
    length: usize,
    micros: u128,
}

impl Told {
    fn of(answer: &Page, typed: &str, micros: u128) -> Self {
        let location = answer.location().unwrap_or_default();
        let location = location.split('?').next().unwrap_or_default().to_owned();
        let mut body = answer.body.replace(typed, "");
        if body.contains("<form method=\"post\"") {
            for (_, value) in answer.hidden_fields() {
                body = body.replace(&value, "");
            }
        }
        Self { status: answer.status.as_u16(), location, length: body.len(), micros }
    }
}

/// Who has the names that are known.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    Active,
    Disabled,
}

/// As many tries with a name that somebody has as with one that nobody has, in turn, each in a window of its own. A machine that
/// was busy with something else gets a second chance.
async fn compare(app: &TestApp, who: Known, post: impl AsyncFn(&str) -> (Page, u128)) {
    let first = compare_once(app, (who, 1_000), &post).await;
    if EQUAL.contains(&first) {
        return;
    }
    let second = compare_once(app, (who, 2_000), &post).await;
    assert!(
        EQUAL.contains(&second),
        "times can be told apart: the known one is slower with probability {first}, and once more with {second}"
    );
}

async fn compare_once(app: &TestApp, (who, from): (Known, usize), post: &impl AsyncFn(&str) -> (Page, u128)) -> f64 {
    for at in from..from + TRIES {
        let user = app.user(&format!("known{at}")).await;
        if who == Known::Disabled {
            let _won = store::users::disable(&app.store, &user.id, app.now()).await.unwrap();
        }
    }
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for at in from..from + TRIES {
        // Names of one length, the order changing, so that a trend of the machine counts for both.
        let pair = [("known", &mut known), ("nobod", &mut unknown)];
        let pair: Vec<_> = if at % 2 == 0 { pair.into_iter().collect() } else { pair.into_iter().rev().collect() };
        for (kind, list) in pair {
            let typed = format!("{kind}{at}@example.test");
            // Of two mails of one second nobody knows which is the latest.
            app.clock.advance(Seconds(1));
            let (answer, micros) = post(&typed).await;
            list.push(Told::of(&answer, &typed, micros));
        }
    }
    for (one, other) in known.iter().zip(&unknown) {
        assert_eq!((one.status, &one.location, one.length), (other.status, &other.location, other.length));
    }
    probability_of_larger(&known, &unknown)
}

/// Of a known and an unknown one drawn by chance, how often the known one took longer (Mann and Whitney): 0.5 when nothing can be told.
/// With 200 of each, equal ones stay within 0.41 and 0.59 but once in a thousand runs.
fn probability_of_larger(known: &[Told], unknown: &[Told]) -> f64 {
    let pairs = known.iter().flat_map(|one| unknown.iter().map(move |other| one.micros.cmp(&other.micros)));
    let points = pairs.map(|order| match order {
        std::cmp::Ordering::Greater => 1.0,
        std::cmp::Ordering::Equal => 0.5,
        std::cmp::Ordering::Less => 0.0,
    });
    #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
    let all = (known.len() * unknown.len()) as f64;
    points.sum::<f64>() / all
}

async fn timed(answer: impl Future<Output = Page>) -> (Page, u128) {
    let begun = Instant::now();
    let answer = answer.await;
    (answer, begun.elapsed().as_micros())
}

fn generous(config: &mut auth::config::Config) {
    let limits = &mut config.limits;
    (limits.failed_logins_per_network, limits.failed_logins_per_wide_network) = (100_000, 1_000_000);
    limits.failed_logins_in_all = 1_000_000;
    (limits.failed_passkeys_per_network, limits.failed_passkeys_per_wide_network) = (100_000, 1_000_000);
}

#[actix_web::test]
async fn signing_up_tells_nothing() {
    with_settings(generous, async |app| {
        let browser = Browser::new(&app);
        let page = browser.open(&app.authorize_url("first-party", &[("prompt", "create")])).await;
        compare(&app, Known::Active, async |typed| {
            let (answer, micros) = timed(browser.submit(&page, &[("email", typed)])).await;
            assert_eq!(answer.status, 303, "{}", answer.body);
            let shown = browser.follow(answer).await;
            assert_eq!(page_id(&shown), "signup-code-page");
            (shown, micros)
        })
        .await;
    })
    .await;
}

#[actix_web::test]
async fn asking_for_a_link_tells_nothing() {
    with_settings(generous, async |app| {
        let browser = Browser::new(&app);
        let page = browser.open("/recover").await;
        compare(&app, Known::Active, async |typed| {
            let (answer, micros) = timed(browser.submit(&page, &[("username", typed)])).await;
            assert_eq!(answer.status, 303, "{}", answer.body);
            (answer, micros)
        })
        .await;
        let mails = store::mailbox::latest(&app.store, 1_000).await.unwrap();
        assert!(mails.iter().all(|mail| mail.recipient.starts_with("known")), "nobody else is written to");
    })
    .await;
}

#[actix_web::test]
async fn a_recovery_code_tells_nothing() {
    with_settings(generous, async |app| {
        let browser = Browser::new(&app);
        let page = browser.open("/recover/code").await;
        compare(&app, Known::Active, async |typed| {
            let form = [("username", typed), ("recovery-code", "0123-4567-89AB-CDEF-GHJK-MNPQ-RSTV")];
            let (answer, micros) = timed(browser.submit(&page, &form)).await;
            assert_eq!(answer.status, 422, "{}", answer.body);
            (answer, micros)
        })
        .await;
    })
    .await;
}

#[actix_web::test]
async fn a_wrong_password_tells_nothing() {
    with_settings(generous, async |app| {
        let browser = Browser::new(&app);
        let page = browser.open(&app.authorize_url("first-party", &[])).await;
        compare(&app, Known::Active, async |typed| {
            let (answer, micros) = timed(browser.submit(&page, &[("username", typed), ("password", "wrong")])).await;
            assert_eq!(answer.status, 422, "{}", answer.body);
            (answer, micros)
        })
        .await;
    })
    .await;
}

/// Whoever proved one address must not go through a list of names with it.
#[actix_web::test]
async fn one_proven_address_is_told_of_ten_names_that_they_are_taken() {
    with_mail(async |app| {
        for at in 0..12 {
            app.user(&format!("taken{at}")).await;
        }
        let browser = Browser::new(&app);
        let page = proven(&app, &browser, "berta@example.test").await;
        let ask = async |name: &str| browser.submit(&page, &[("username", name), ("new-password", "short")]).await;
        for at in 0..10 {
            assert!(!ask(&format!("free{at}")).await.has_id("username-error"), "a free one costs nothing");
            assert!(ask(&format!("taken{at}")).await.has_id("username-error"));
        }
        let (taken, free) = (ask("taken11").await, ask("free11").await);
        for answer in [&taken, &free] {
            assert_eq!(answer.status, 429, "{}", answer.body);
            assert!(!answer.has_id("username-error") && !answer.header("retry-after").is_empty());
        }
        let done = browser.submit(&page, &[("username", "berta@example.test"), ("new-password", CHOSEN)]).await;
        assert!(done.status == 303 && user(&app, "berta@example.test").await.is_some(), "{}", done.body);
    })
    .await;
}

#[actix_web::test]
async fn a_disabled_account_looks_like_none() {
    with_settings(generous, async |app| {
        let browser = Browser::new(&app);
        let page = browser.open(&app.authorize_url("first-party", &[])).await;
        compare(&app, Known::Disabled, async |typed| {
            let (answer, micros) = timed(browser.submit(&page, &[("username", typed), ("password", PASSWORD)])).await;
            assert_eq!(answer.status, 422, "{}", answer.body);
            (answer, micros)
        })
        .await;
    })
    .await;
}

/// A name that nobody has is locked for as long as one that somebody has.
#[actix_web::test]
async fn a_locked_account_looks_like_none() {
    let strict = |config: &mut auth::config::Config| {
        generous(config);
        config.limits.failed_logins_per_account = 1;
    };
    with_settings(strict, async |app| {
        let browser = Browser::new(&app);
        let page = browser.open(&app.authorize_url("first-party", &[])).await;
        compare(&app, Known::Active, async |typed| {
            let sent = [("username", typed), ("password", "wrong")];
            assert_eq!(browser.submit(&page, &sent).await.status, 422);
            // The log of a known account is written beside the answer.
            tokio::time::sleep(Duration::from_millis(10)).await;
            let (answer, micros) = timed(browser.submit(&page, &sent)).await;
            assert_eq!(answer.status, 429, "{}", answer.body);
            (answer, micros)
        })
        .await;
    })
    .await;
}
