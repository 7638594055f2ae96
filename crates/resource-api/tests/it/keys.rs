//! How the issuer's keys come here: few fetches, whatever happens; 503 and not 401 while there are none.

use std::time::{Duration, Instant};

use actix_web::rt::time::sleep;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::join_all;
use protocol::signing::SigningAlgorithm;
use protocol::time::Seconds;
use reqwest::Method;
use resource_api::{Issuer as IssuerUrl, ResourceServer, Routes, Settings};
use serde_json::json;

use crate::api::{Answer, TestApi, send};
use crate::issuer::{AUDIENCE, Issuer, Reserved, forged, key};
use crate::logs::LOG;

/// Asks until the status is there; fails after five seconds.
async fn eventually(api: &TestApi, token: &str, status: u16) -> Answer {
    let began = Instant::now();
    loop {
        let answer = api.get("/me", token).await;
        if answer.status == status {
            return answer;
        }
        assert!(began.elapsed() < Duration::from_secs(5), "{answer:?}");
        sleep(Duration::from_millis(50)).await;
    }
}

#[actix_web::test]
async fn fifty_requests_on_a_cold_cache_are_one_fetch() {
    let issuer = Issuer::start();
    issuer.bend(|answers| answers.delay = Duration::from_millis(300));
    let api = TestApi::start(&issuer).await;
    let token = issuer.token().sign();
    let answers = join_all((0..50).map(|_| api.get("/me", &token))).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert_eq!((issuer.discovery_count(), issuer.jwks_count()), (1, 1));
}

#[actix_web::test]
async fn a_thousand_unknown_keys_are_one_fetch() {
    let issuer = Issuer::start();
    let api = TestApi::start(&issuer).await;
    assert_eq!(api.get("/me", &issuer.token().sign()).await.status, 200);
    assert_eq!(issuer.jwks_count(), 1);
    let flood: Vec<_> =
        (0..1000).map(|number| forged(json!({ "kid": format!("unknown-{number}") }), &issuer)).collect();
    for answer in join_all(flood.iter().map(|token| api.get("/me", token))).await {
        answer.assert_invalid_token("no key is known");
    }
    assert_eq!((issuer.discovery_count(), issuer.jwks_count()), (1, 2));
    // Meanwhile and afterwards good tokens pass.
    assert_eq!(api.get("/me", &issuer.token().sign()).await.status, 200);
}

#[actix_web::test]
async fn a_hundred_thousand_unknown_keys_cause_one_fetch_in_thirty_seconds() {
    let issuer = Issuer::start();
    let settings = Settings::new(IssuerUrl::parse(&issuer.url).unwrap(), AUDIENCE);
    let server = ResourceServer::new(settings, Routes::new()).unwrap();
    let _keys = server.keep_fresh();
    let good = issuer.token().sign();
    assert_eq!(server.validate(&good).await.unwrap().subject, "alice");
    let (_, rest) = good.split_once('.').unwrap();
    let began = Instant::now();
    for round in 0..1_000 {
        let tokens: Vec<String> = (0..100)
            .map(|number| json!({ "alg": "ES256", "typ": "at+jwt", "kid": format!("{round}.{number}") }).to_string())
            .map(|header| format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header)))
            .collect();
        for refused in join_all(tokens.iter().map(|token| server.validate(token))).await {
            assert_eq!(refused.unwrap_err().status(), 401);
        }
    }
    let periods = 1 + usize::try_from(began.elapsed().as_secs() / 30).unwrap();
    assert!(issuer.jwks_count() <= 1 + periods, "{} fetches in {:?}", issuer.jwks_count(), began.elapsed());
    assert_eq!(server.validate(&good).await.unwrap().subject, "alice");
}

#[actix_web::test]
async fn after_the_cool_down_an_unknown_key_is_looked_for_again() {
    let issuer = Issuer::start();
    let api = TestApi::start_with(&issuer.url, |config| config.settings.jwks.unknown_kid_cooldown = Seconds(2)).await;
    let unknown = issuer.token().signed_by(key(SigningAlgorithm::ES256)).sign();
    assert_eq!(api.get("/me", &issuer.token().sign()).await.status, 200);
    for _ in 0..3 {
        api.get("/me", &unknown).await.assert_invalid_token("no key is known");
    }
    assert_eq!(issuer.jwks_count(), 2);
    sleep(Duration::from_millis(2100)).await;
    api.get("/me", &unknown).await.assert_invalid_token("no key is known");
    assert_eq!(issuer.jwks_count(), 3);
}

#[actix_web::test]
async fn keys_that_came_after_the_token_are_the_last_word_about_it() {
    let issuer = Issuer::start();
    issuer.bend(|answers| answers.delay = Duration::from_millis(200));
    let api = TestApi::start(&issuer).await;
    let unknown = issuer.token().signed_by(key(SigningAlgorithm::ES256)).sign();
    api.get("/me", &unknown).await.assert_invalid_token("no key is known");
    assert_eq!(issuer.jwks_count(), 1);
}

#[actix_web::test]
async fn a_rotated_key_is_picked_up_and_the_old_one_dropped() {
    let issuer = Issuer::start();
    let api = TestApi::start(&issuer).await;
    let old = issuer.token().sign();
    assert_eq!(api.get("/me", &old).await.status, 200);
    issuer.rotate();
    let new = issuer.token().sign();
    let answers = join_all((0..20).map(|_| api.get("/me", &new))).await;
    assert!(answers.iter().all(|answer| answer.status == 200), "every waiting request gets its answer");
    api.get("/me", &old).await.assert_invalid_token("no key is known");
    assert_eq!(issuer.jwks_count(), 2);
}

#[actix_web::test]
async fn while_the_issuer_is_down_the_answer_is_503_and_then_it_works() {
    let port = Reserved::new();
    let api = TestApi::start_with(&port.url(), |_| {}).await;
    let stranger = Issuer::start();
    let token = stranger.token().claim("iss", port.url()).sign();
    let down = eventually(&api, &token, 503).await;
    assert_eq!(down.json()["error"], "temporarily_unavailable");
    assert!((1..=11).contains(&down.header("retry-after").parse::<u64>().unwrap()));
    assert_eq!(down.challenge(), "", "nothing is wrong with the token");
    let ready = send(api.request(Method::GET, "/readyz")).await;
    assert_eq!(ready.status, 503);
    assert!(!ready.header("retry-after").is_empty());
    assert_eq!(send(api.request(Method::GET, "/livez")).await.status, 200);
    // No token at all is still the caller's mistake.
    assert_eq!(send(api.request(Method::GET, "/me")).await.status, 401);

    let issuer = port.listen();
    eventually(&api, &issuer.token().sign(), 200).await;
    assert_eq!(send(api.request(Method::GET, "/readyz")).await.status, 200);
}

#[actix_web::test]
async fn keys_stay_in_use_when_the_issuer_goes_down() {
    let issuer = Issuer::start();
    issuer.bend(|answers| answers.cache_control = "no-store");
    let api = TestApi::start_with(&issuer.url, |config| config.settings.jwks.min_ttl = Seconds(1)).await;
    let token = issuer.token().sign();
    assert_eq!(api.get("/me", &token).await.status, 200);
    issuer.bend(|answers| answers.status = 500);
    sleep(Duration::from_millis(1500)).await;
    assert_eq!(api.get("/me", &token).await.status, 200);
    // A key that we do not know may be a good one: we cannot tell, so it is not the caller's fault.
    let unknown = issuer.token().signed_by(key(SigningAlgorithm::ES256)).sign();
    let answer = api.get("/me", &unknown).await;
    assert_eq!(answer.status, 503, "{answer:?}");
}

#[actix_web::test]
async fn stale_keys_end_at_their_time() {
    let issuer = Issuer::start();
    issuer.bend(|answers| answers.cache_control = "max-age=0");
    let change = |config: &mut resource_api::service::Config| {
        config.settings.jwks.min_ttl = Seconds(1);
        config.settings.jwks.stale_for = Seconds(0);
    };
    let api = TestApi::start_with(&issuer.url, change).await;
    let token = issuer.token().sign();
    assert_eq!(api.get("/me", &token).await.status, 200);
    issuer.bend(|answers| answers.status = 500);
    sleep(Duration::from_millis(1100)).await;
    assert_eq!(eventually(&api, &token, 503).await.json()["error"], "temporarily_unavailable");
    issuer.bend(|answers| answers.status = 200);
    eventually(&api, &token, 200).await;
}

#[actix_web::test]
async fn keys_renew_in_the_background_before_their_time() {
    let issuer = Issuer::start();
    issuer.bend(|answers| answers.cache_control = "max-age=2");
    let api = TestApi::start_with(&issuer.url, |config| config.settings.jwks.min_ttl = Seconds(1)).await;
    let old = issuer.token().sign();
    assert_eq!(api.get("/me", &old).await.status, 200);
    issuer.rotate();
    sleep(Duration::from_millis(1900)).await;
    assert!(issuer.jwks_count() >= 2, "after 70 to 80 % of two seconds, without a request");
    assert!(issuer.discovery_count() >= 2, "a scheduled renewal asks where the keys are");
    api.get("/me", &old).await.assert_invalid_token("no key is known");
}

#[actix_web::test]
async fn cache_control_cannot_make_us_ask_all_the_time() {
    let issuer = Issuer::start();
    issuer.bend(|answers| answers.cache_control = "max-age=0");
    let api = TestApi::start(&issuer).await;
    assert_eq!(api.get("/me", &issuer.token().sign()).await.status, 200);
    sleep(Duration::from_millis(1200)).await;
    assert_eq!(issuer.jwks_count(), 1);
}

#[actix_web::test]
async fn a_discovery_document_of_another_issuer_is_not_believed() {
    let issuer = Issuer::start();
    issuer.bend(|answers| answers.issuer += "/");
    let api = TestApi::start(&issuer).await;
    assert_eq!(api.get("/me", &issuer.token().sign()).await.status, 503);
    assert_eq!(issuer.jwks_count(), 0);
    let right = issuer.url.clone();
    issuer.bend(|answers| answers.issuer = right);
    eventually(&api, &issuer.token().sign(), 200).await;
}

#[actix_web::test]
async fn keys_are_not_read_from_an_unprotected_place_or_through_a_redirect() {
    let issuer = Issuer::start();
    let api = TestApi::start(&issuer).await;
    let token = issuer.token().sign();
    assert_eq!(api.get("/me", &token).await.status, 200);
    for uri in ["http://id.example/jwks", "file:///etc/passwd", "not a uri"] {
        let issuer = Issuer::start();
        issuer.bend(|answers| answers.jwks_uri = uri.to_owned());
        let api = TestApi::start(&issuer).await;
        assert_eq!(api.get("/me", &issuer.token().sign()).await.status, 503, "{uri}");
    }
    let issuer = Issuer::start();
    issuer.bend(|answers| answers.status = 302);
    let api = TestApi::start(&issuer).await;
    assert_eq!(api.get("/me", &issuer.token().sign()).await.status, 503);
}

#[actix_web::test]
async fn a_key_set_that_breaks_a_rule_does_not_replace_a_good_one() {
    let good = serde_json::to_value(key(SigningAlgorithm::ES256).jwk()).unwrap();
    let mut private = good.clone();
    private["d"] = json!("AAAA");
    let bad = [
        "not json".to_owned(),
        json!({ "keys": [] }).to_string(),
        json!({ "keys": [private] }).to_string(),
        json!({ "keys": vec![good; 101] }).to_string(),
        format!("{}{{\"keys\":[]}}", " ".repeat(512 * 1024)),
    ];
    join_all(bad.into_iter().map(async |document| {
        let issuer = Issuer::start();
        issuer.bend(|answers| answers.cache_control = "max-age=1");
        let api = TestApi::start_with(&issuer.url, |config| config.settings.jwks.min_ttl = Seconds(1)).await;
        let token = issuer.token().sign();
        assert_eq!(api.get("/me", &token).await.status, 200);
        issuer.bend(|answers| answers.jwks = Some(document));
        let began = Instant::now();
        while issuer.jwks_count() < 3 {
            assert!(began.elapsed() < Duration::from_secs(5), "a bad answer is asked for again");
            sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(api.get("/me", &token).await.status, 200);
    }))
    .await;
}

#[actix_web::test]
async fn a_silent_issuer_is_given_up_after_three_seconds() {
    let issuer = Issuer::start();
    issuer.bend(|answers| answers.delay = Duration::from_mins(1));
    let api = TestApi::start(&issuer).await;
    let began = Instant::now();
    let answer = api.get("/me", &issuer.token().sign()).await;
    assert_eq!(answer.status, 503);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[actix_web::test]
async fn an_issuer_that_ends_with_a_slash_is_found_and_compared_with_it() {
    let issuer = Issuer::start();
    let slash = format!("{}/", issuer.url);
    issuer.bend(|answers| answers.issuer.clone_from(&slash));
    let foreign = protocol::issuer::Issuer::parse_foreign(&slash).unwrap();
    let api = TestApi::start_with(&issuer.url, |config| config.settings.issuers[0].issuer = foreign).await;
    assert_eq!(api.get("/me", &issuer.token().claim("iss", slash).sign()).await.status, 200);
    api.get("/me", &issuer.token().sign()).await.assert_invalid_token("another issuer");
}

fn server(issuer: &Issuer) -> ResourceServer {
    ResourceServer::new(Settings::new(IssuerUrl::parse(&issuer.url).unwrap(), AUDIENCE), Routes::new()).unwrap()
}

/// 503, not after the patience of those who wait for keys.
async fn assert_nobody_waits(server: &ResourceServer, token: &str) {
    let began = Instant::now();
    assert_eq!(server.validate(token).await.unwrap_err().status(), 503);
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
}

/// Whoever forgets the task reads it in the log; it must not look as if the issuer were down.
#[actix_web::test]
async fn where_nobody_fetches_keys_nobody_waits_and_the_log_says_what_to_do() {
    let log = &*LOG;
    let issuer = Issuer::start();
    let server = server(&issuer);
    let told = || log.lines_with(&issuer.url).into_iter().filter(|line| line.contains("nobody fetches keys")).count();
    let token = issuer.token().sign();
    assert_nobody_waits(&server, &token).await;
    assert_nobody_waits(&server, &token).await;
    assert_eq!((told(), issuer.discovery_count()), (1, 0), "once");
    let _ = server.keep_fresh();
    sleep(Duration::from_millis(50)).await;
    assert_nobody_waits(&server, &token).await;
    // Never too late.
    let keys = server.keep_fresh();
    assert_eq!(server.validate(&token).await.unwrap().subject, "alice");
    drop(keys);
    sleep(Duration::from_millis(50)).await;
    assert_eq!(server.validate(&token).await.unwrap().subject, "alice", "the keys that are there stay in use");
    let unknown = issuer.token().signed_by(key(SigningAlgorithm::ES256)).sign();
    assert_nobody_waits(&server, &unknown).await;
    assert_nobody_waits(&server, &unknown).await;
}

#[actix_web::test]
async fn an_api_that_is_asked_for_its_readiness_alone_tells_it_too() {
    let log = &*LOG;
    for (held, expected) in [(true, 0), (false, 1)] {
        let issuer = Issuer::start();
        let server = server(&issuer);
        let _keys = held.then(|| server.keep_fresh());
        assert!(server.ready().is_err() && server.ready().is_err(), "not yet");
        let told = log.lines_with(&issuer.url).into_iter().filter(|line| line.contains("nobody fetches keys"));
        assert_eq!(told.count(), expected);
    }
}

#[actix_web::test]
async fn who_asks_twice_holds_the_same() {
    let issuer = Issuer::start();
    let server = server(&issuer);
    let (one, two) = (server.keep_fresh(), server.clone().keep_fresh());
    assert_eq!(server.validate(&issuer.token().sign()).await.unwrap().subject, "alice");
    assert_eq!((issuer.discovery_count(), issuer.jwks_count()), (1, 1));
    drop(one);
    sleep(Duration::from_millis(50)).await;
    issuer.rotate();
    assert_eq!(server.validate(&issuer.token().sign()).await.unwrap().subject, "alice", "fetched for the second");
    drop(two);
}
