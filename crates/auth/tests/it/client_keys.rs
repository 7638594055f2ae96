//! Keys that clients publish at their `jwks_uri` (OpenID Connect Core §10.1.1, security OA-158): when they are fetched, when
//! not, and what happens when they cannot be.

use std::sync::Arc;
use std::time::Duration;

use auth::client_keys::{ClientKeys, DocumentError, FetchError, Keys, KeysError, NotSigned, Registered};
use auth::outbound::{Outbound, OutboundError, Reason};
use futures_util::FutureExt as _;
use futures_util::future::join_all;
use jwt::key::SigningKey;
use jwt::verify::{Expected, VerifyError};
use protocol::client::RegisteredBy;
use protocol::ids::ClientId;
use protocol::signing::SigningAlgorithm;
use protocol::time::{Seconds, Timestamp};
use serde_json::{Value, json};
use testkit::app::{TestApp, TestOptions};
use testkit::database::engines;
use testkit::elsewhere::{Authority, Elsewhere, Reply};

const START: Timestamp = Timestamp(1_800_000_000);
const PATH: &str = "/jwks";

/// A client with its server, and the cache that knows it.
struct Fixture {
    elsewhere: Elsewhere,
    keys: ClientKeys,
    client: ClientId,
    uri: String,
}

fn key() -> SigningKey {
    SigningKey::generate(SigningAlgorithm::ES256).unwrap()
}

fn document(keys: &[&SigningKey]) -> String {
    json!({ "keys": keys.iter().map(|key| key.jwk()).collect::<Vec<_>>() }).to_string()
}

/// The same key under no name.
fn nameless(key: &SigningKey) -> String {
    let mut jwk = serde_json::to_value(key.jwk()).unwrap();
    jwk.as_object_mut().unwrap().remove("kid");
    json!({ "keys": [jwk] }).to_string()
}

fn at(seconds: i64) -> Timestamp {
    START + Seconds(seconds)
}

impl Fixture {
    fn new(keys: &[&SigningKey]) -> Self {
        let authority = Authority::new();
        let elsewhere = Elsewhere::start(&authority);
        elsewhere.publish(PATH, Reply::new(document(keys)));
        let outbound = Outbound::new(&elsewhere.allowed_by(&authority)).unwrap();
        let uri = elsewhere.url(PATH);
        Self { elsewhere, keys: ClientKeys::new(outbound), client: ClientId::parse("notes").unwrap(), uri }
    }

    fn registered(&self) -> Registered<'_> {
        Registered {
            client: &self.client,
            jwks: None,
            jwks_uri: Some(&self.uri),
            registered_by: RegisteredBy::Administrator,
        }
    }

    async fn of(&self, seconds: i64) -> Result<Arc<Keys>, KeysError> {
        self.keys.of(self.registered(), at(seconds)).await
    }

    async fn verify(&self, signer: &SigningKey, seconds: i64) -> Result<Value, NotSigned> {
        let token = signer.sign(Some("JWT"), &json!({ "sub": "notes" })).unwrap();
        let expected = Expected { typ: &[], algorithms: SigningAlgorithm::ALL };
        self.keys.verify(self.registered(), &token, &expected, at(seconds)).await
    }

    fn count(&self) -> usize {
        self.elsewhere.count()
    }
}

fn is_unknown(outcome: &Result<Value, NotSigned>) -> bool {
    matches!(outcome, Err(NotSigned::Token(VerifyError::UnknownKey)))
}

#[actix_web::test]
async fn keys_are_kept_for_ten_minutes() {
    let key = key();
    let fixture = Fixture::new(&[&key]);
    for (seconds, fetches) in [(0, 1), (1, 1), (599, 1), (600, 2), (1199, 2), (1200, 3)] {
        fixture.verify(&key, seconds).await.expect("is signed");
        assert_eq!(fixture.count(), fetches, "after {seconds} s");
    }
}

#[actix_web::test]
async fn a_client_may_ask_for_less_but_not_for_everything() {
    for (cache_control, kept) in [("max-age=60", 60), ("no-store", 30), ("max-age=0", 30), ("max-age=86400", 600)] {
        let key = key();
        let fixture = Fixture::new(&[&key]);
        fixture.elsewhere.publish(PATH, Reply::new(document(&[&key])).with_header("cache-control", cache_control));
        for (seconds, fetches) in [(0, 1), (kept - 1, 1), (kept, 2)] {
            fixture.of(seconds).await.expect("are there");
            assert_eq!(fixture.count(), fetches, "{cache_control} after {seconds} s");
        }
    }
}

#[actix_web::test]
async fn a_new_key_works_at_once_and_the_old_one_no_longer() {
    let (old, new) = (key(), key());
    let fixture = Fixture::new(&[&old]);
    fixture.verify(&old, 0).await.expect("is signed");
    fixture.elsewhere.publish(PATH, Reply::new(document(&[&new])));
    fixture.verify(&new, 5).await.expect("is signed with the new key");
    assert!(is_unknown(&fixture.verify(&old, 6).await));
    assert_eq!(fixture.count(), 2);
}

#[actix_web::test]
async fn a_client_without_key_ids_rotates_too() {
    let (old, new) = (key(), key());
    let fixture = Fixture::new(&[]);
    // Known by no name, so that a token with any `kid` finds none and one without finds the only key.
    fixture.elsewhere.publish(PATH, Reply::new(nameless(&old)));
    fixture.verify(&old, 0).await.expect("the thumbprint is the name");
    fixture.elsewhere.publish(PATH, Reply::new(nameless(&new)));
    fixture.verify(&new, 5).await.expect("is signed with the new key");
}

#[actix_web::test]
async fn a_key_that_was_replaced_under_its_name_is_looked_for() {
    let (old, new) = (key(), key());
    let mut renamed = serde_json::to_value(new.jwk()).unwrap();
    let fixture = Fixture::new(&[&old]);
    fixture.verify(&old, 0).await.expect("is signed");
    // The client gives the name of the old key to the new one.
    renamed["kid"] = json!(new.kid().as_str());
    let mut squatting = serde_json::to_value(old.jwk()).unwrap();
    squatting["kid"] = json!(new.kid().as_str());
    fixture.elsewhere.publish(PATH, Reply::new(json!({ "keys": [squatting] }).to_string()));
    assert!(matches!(fixture.verify(&new, 40).await, Err(NotSigned::Token(VerifyError::Signature))));
    fixture.elsewhere.publish(PATH, Reply::new(json!({ "keys": [renamed] }).to_string()));
    fixture.verify(&new, 80).await.expect("is signed with the key that now has the name");
}

#[actix_web::test]
async fn strangers_cause_one_fetch_in_thirty_seconds() {
    let (known, stranger) = (key(), key());
    let fixture = Fixture::new(&[&known]);
    for (seconds, fetches) in [(0, 1), (1, 2), (2, 2), (30, 2), (31, 3), (32, 3), (60, 3), (61, 4)] {
        assert!(is_unknown(&fixture.verify(&stranger, seconds).await), "after {seconds} s");
        assert_eq!(fixture.count(), fetches, "after {seconds} s");
    }
    fixture.verify(&known, 62).await.expect("is signed");
    assert_eq!(fixture.count(), 4);
}

#[actix_web::test]
async fn a_hundred_at_once_are_one_fetch() {
    let (old, new) = (key(), key());
    let fixture = Fixture::new(&[&old]);
    fixture.elsewhere.publish(PATH, Reply::new(document(&[&old])).after(Duration::from_millis(200)));
    let first = join_all((0..100).map(|_| fixture.verify(&old, 0))).await;
    assert!(first.iter().all(Result::is_ok));
    assert_eq!(fixture.count(), 1);
    fixture.elsewhere.publish(PATH, Reply::new(document(&[&new])).after(Duration::from_millis(200)));
    // Some began a second earlier than others.
    let rotated = join_all((0..100).map(|number| fixture.verify(&new, 6 - number % 2))).await;
    assert!(rotated.iter().all(Result::is_ok));
    assert_eq!(fixture.count(), 2);
    let expired = join_all((0..100).map(|number| fixture.verify(&new, 701 - number % 2))).await;
    assert!(expired.iter().all(Result::is_ok));
    assert_eq!(fixture.count(), 3);
    fixture.elsewhere.publish(PATH, Reply::status(500).after(Duration::from_millis(200)));
    let failed = join_all((0..100).map(|number| fixture.verify(&old, 801 - number % 2))).await;
    assert!(failed.iter().all(is_unknown));
    assert_eq!(fixture.count(), 4);
}

#[actix_web::test]
async fn who_knows_its_key_does_not_wait_for_who_does_not() {
    let (known, stranger) = (key(), key());
    let fixture = Fixture::new(&[&known]);
    fixture.verify(&known, 0).await.expect("is signed");
    fixture.elsewhere.publish(PATH, Reply::new(document(&[&known])).after(Duration::from_millis(500)));
    let waiting = fixture.verify(&stranger, 5);
    let quick = async {
        actix_web::rt::time::sleep(Duration::from_millis(100)).await;
        fixture.verify(&known, 5).now_or_never().expect("nothing to wait for").expect("is signed");
    };
    let (waited, ()) = futures_util::future::join(waiting, quick).await;
    assert!(is_unknown(&waited));
}

#[actix_web::test]
async fn an_outage_is_bridged_for_an_hour() {
    let key = key();
    let fixture = Fixture::new(&[&key]);
    fixture.verify(&key, 0).await.expect("is signed");
    fixture.elsewhere.publish(PATH, Reply::status(503));
    for (seconds, fetches) in [(599, 1), (600, 2), (601, 2), (609, 2), (610, 3), (3_599, 4)] {
        fixture.verify(&key, seconds).await.expect("the last keys are in use");
        assert_eq!(fixture.count(), fetches, "after {seconds} s");
    }
    for (seconds, fetches) in [(3_600, 4), (3_609, 5), (3_610, 5)] {
        let error = fixture.of(seconds).await.expect_err("the keys are too old");
        assert!(error.to_string().contains("answered with status 503"), "{error}");
        assert_eq!(fixture.count(), fetches, "after {seconds} s");
    }
    fixture.elsewhere.publish(PATH, Reply::new(document(&[&key])));
    assert!(fixture.of(3_618).await.is_err(), "it is left alone for ten seconds");
    fixture.verify(&key, 3_619).await.expect("it is back");
}

#[actix_web::test]
async fn a_server_that_fails_is_left_alone_for_ten_seconds() {
    let key = key();
    let fixture = Fixture::new(&[&key]);
    fixture.elsewhere.publish(PATH, Reply::status(500));
    for (seconds, fetches) in [(0, 1), (0, 1), (9, 1), (10, 2), (19, 2)] {
        assert!(matches!(fixture.of(seconds).await, Err(KeysError::Unavailable(_))));
        assert_eq!(fixture.count(), fetches, "after {seconds} s");
    }
    fixture.elsewhere.publish(PATH, Reply::new(document(&[&key])));
    fixture.verify(&key, 20).await.expect("it is back");
}

#[actix_web::test]
async fn a_request_that_is_given_up_leaves_its_fetch_to_the_next() {
    let key = key();
    let fixture = Fixture::new(&[&key]);
    fixture.elsewhere.publish(PATH, Reply::new(document(&[&key])).after(Duration::from_millis(300)));
    let given_up = actix_web::rt::time::timeout(Duration::from_millis(100), fixture.of(0)).await;
    assert!(given_up.is_err());
    fixture.verify(&key, 0).await.expect("is signed");
    assert_eq!(fixture.count(), 1);
}

#[actix_web::test]
async fn documents_that_cannot_be_trusted_leave_the_old_keys_in_use() {
    let key = key();
    let many: Vec<_> = (0..21).map(|number| json!({ "kty": "oct-like", "kid": number.to_string() })).collect();
    let mut leaky = serde_json::to_value(key.jwk()).unwrap();
    leaky["d"] = json!("AAAA");
    let bad = [
        json!({ "keys": many }).to_string().into_bytes(),
        json!({ "keys": [leaky] }).to_string().into_bytes(),
        b"{}".to_vec(),
        b"<html>".to_vec(),
        b"{\"keys\":[]}\xff".to_vec(),
        vec![b' '; 64 * 1024 + 1],
    ];
    for body in bad {
        let shown = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
        let fixture = Fixture::new(&[&key]);
        fixture.verify(&key, 0).await.expect("is signed");
        fixture.elsewhere.publish(PATH, Reply::new(body));
        fixture.verify(&key, 600).await.expect(&shown);
        assert_eq!(fixture.count(), 2, "{shown}");
        assert!(matches!(fixture.of(3_600).await, Err(KeysError::Unavailable(_))), "{shown}");
    }
    let fixture = Fixture::new(&[]);
    let twenty: Vec<_> = (0..20).map(|number| json!({ "kty": "oct-like", "kid": number.to_string() })).collect();
    fixture.elsewhere.publish(PATH, Reply::new(json!({ "keys": twenty }).to_string()));
    assert_eq!(fixture.of(0).await.expect("is a key set").set.ignored().len(), 20);
}

#[actix_web::test]
async fn the_guard_holds_for_keys_as_well() {
    let fixture = Fixture::new(&[]);
    for uri in ["http://keys.example/jwks", "https://localhost:1/jwks", "https://169.254.169.254/jwks"] {
        let registered = Registered { jwks_uri: Some(uri), ..fixture.registered() };
        let Err(KeysError::Unavailable(cause)) = fixture.keys.of(registered, START).await else { panic!("{uri}") };
        let refused = |error: &OutboundError| matches!(error.reason, Reason::Refused(_));
        assert!(matches!(&*cause, FetchError::Outbound(error) if refused(error)), "{uri}: {cause}");
    }
}

#[actix_web::test]
async fn keys_in_the_registration_are_used_as_they_stand() {
    let (inline, published) = (key(), key());
    let fixture = Fixture::new(&[&published]);
    let jwks = document(&[&inline]);
    let registered = Registered { jwks: Some(&jwks), ..fixture.registered() };
    let keys = fixture.keys.of(registered, START).await.expect("are there");
    assert_eq!(keys.set.keys()[0], *inline.jwk());
    assert!(fixture.keys.newer_than(&keys, registered, at(600)).await.is_none());
    let none = Registered { jwks_uri: None, ..fixture.registered() };
    assert!(matches!(fixture.keys.of(none, START).await, Err(KeysError::None)));
    let broken = Registered { jwks: Some("{}"), ..fixture.registered() };
    assert!(matches!(fixture.keys.of(broken, START).await, Err(KeysError::Document(DocumentError::KeySet(_)))));
    assert_eq!(fixture.count(), 0);
}

/// Whoever knows a client id makes its keys needed, as often as he likes.
#[actix_web::test]
async fn keys_in_the_registration_are_prepared_once() {
    let (first, second) = (key(), key());
    let fixture = Fixture::new(&[]);
    let (before, after) = (document(&[&first]), document(&[&second]));
    let (before, after) = [&before, &after].map(|jwks| Registered { jwks: Some(jwks), ..fixture.registered() }).into();
    let keys = async |registered, seconds| fixture.keys.of(registered, at(seconds)).await.expect("are there");
    let prepared = keys(before, 0).await;
    assert!(Arc::ptr_eq(&prepared, &keys(before, 100_000).await));
    assert_eq!(keys(after, 1).await.set.keys()[0], *second.jwk(), "a changed registration counts at once");
    let other = ClientId::parse("other").unwrap();
    let theirs = keys(Registered { client: &other, ..before }, 1).await;
    assert!(!Arc::ptr_eq(&prepared, &theirs), "clients share nothing");
}

#[actix_web::test]
async fn another_address_or_another_client_begins_anew() {
    let (here, there) = (key(), key());
    let fixture = Fixture::new(&[&here]);
    fixture.elsewhere.publish("/moved", Reply::new(document(&[&there])));
    fixture.verify(&here, 0).await.expect("is signed");
    let moved = fixture.elsewhere.url("/moved");
    let registered = Registered { jwks_uri: Some(&moved), ..fixture.registered() };
    assert_eq!(fixture.keys.of(registered, at(1)).await.expect("are there").set.keys()[0], *there.jwk());
    let other = ClientId::parse("other").unwrap();
    fixture.keys.of(Registered { client: &other, ..fixture.registered() }, at(1)).await.expect("are there");
    assert_eq!(fixture.count(), 3);
}

async fn present(app: &TestApp, signer: &SigningKey, jti: &str) -> u16 {
    let now = app.now().0;
    let claims = json!({
        "iss": "publisher", "sub": "publisher", "aud": app.issuer, "iat": now, "exp": now + 60, "jti": jti,
    });
    let assertion = signer.sign(Some("JWT"), &claims).unwrap();
    let form = [
        ("grant_type", "client_credentials"),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", &assertion),
    ];
    let form = form.map(|(name, value)| (name.to_owned(), value.to_owned()));
    app.post_raw("/token", None, &form).await.status.as_u16()
}

/// What the module oidcc-refresh-token-rp-key-rotation does: new keys, a pause of a minute, a new `kid`.
#[actix_web::test]
async fn a_client_proves_itself_with_the_keys_that_it_publishes_now() {
    for database in engines() {
        let (authority, old, new) = (Authority::new(), key(), key());
        let elsewhere = Elsewhere::start(&authority);
        elsewhere.publish(PATH, Reply::new(document(&[&old])));
        let outbound = elsewhere.allowed_by(&authority);
        let options = TestOptions { config: Box::new(|config| config.outbound = outbound), ..TestOptions::default() };
        let app = TestApp::start_with(database, options).await;
        let metadata = json!({
            "token_endpoint_auth_method": "private_key_jwt",
            "grant_types": ["client_credentials"],
            "redirect_uris": [],
            "scope": "notes:read",
            "jwks_uri": elsewhere.url(PATH),
        });
        app.client("publisher", &metadata.to_string()).await;
        assert_eq!(present(&app, &old, "one").await, 200);
        assert_eq!(present(&app, &old, "two").await, 200);
        assert_eq!(present(&app, &new, "three").await, 401, "is not published yet");
        elsewhere.publish(PATH, Reply::new(document(&[&new])));
        app.clock.advance(Seconds(60));
        assert_eq!(present(&app, &new, "four").await, 200);
        assert_eq!(present(&app, &old, "five").await, 401);
    }
}
