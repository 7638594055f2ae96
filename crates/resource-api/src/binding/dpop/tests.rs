use std::sync::LazyLock;

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, join_all, ready};
use jwt::embedded::EmbeddedError;
use jwt::public_key::KeyRefused;
use jwt::verify::VerifyError;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

mod form;

const NOW: Timestamp = Timestamp(1_700_000_000);
const TOKEN: &str = "eyJhbGciOiJFZERTQSJ9.e30.c2lnbmF0dXJl";
const REQUEST: Request<'static> = Request { method: "POST", htu: "https://api.example/notes?limit=3" };

/// RFC 9449 §7.1, figure 13.
const RFC_PROOF: &str = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA";
const RFC_REQUEST: Request<'static> = Request { method: "GET", htu: "https://resource.example.org/protectedresource" };
const RFC_TOKEN: BoundToken<'static> = BoundToken {
    value: "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU",
    jkt: "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I",
};
const RFC_TIME: Timestamp = Timestamp(1_562_262_618);

static KEY: LazyLock<Ed25519KeyPair> = LazyLock::new(|| Ed25519KeyPair::generate().expect("makes a key"));
static JKT: LazyLock<String> = LazyLock::new(|| {
    let proof = Proof::read(good().as_bytes(), SigningAlgorithm::ALL).expect("is a proof");
    proof.thumbprint
});

fn bound() -> BoundToken<'static> {
    BoundToken { value: TOKEN, jkt: &JKT }
}

fn header() -> Value {
    header_of(&KEY)
}

fn header_of(key: &Ed25519KeyPair) -> Value {
    let x = URL_SAFE_NO_PAD.encode(key.public_key());
    json!({ "typ": "dpop+jwt", "alg": "EdDSA", "jwk": { "kty": "OKP", "crv": "Ed25519", "x": x } })
}

fn claims() -> Value {
    json!({ "jti": "1", "htm": "POST", "htu": "https://api.example/notes", "iat": NOW.0, "ath": hash(TOKEN) })
}

fn unsigned(header: &str, claims: &str) -> String {
    format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims))
}

fn signed(header: &str, claims: &str) -> String {
    signed_by(&KEY, header, claims)
}

fn signed_by(key: &Ed25519KeyPair, header: &str, claims: &str) -> String {
    let text = unsigned(header, claims);
    let signature = URL_SAFE_NO_PAD.encode(key.sign(text.as_bytes()));
    format!("{text}.{signature}")
}

fn good() -> String {
    signed(&header().to_string(), &claims().to_string())
}

fn with(mut object: Value, member: &str, value: Value) -> String {
    object[member] = value;
    object.to_string()
}

fn without(mut object: Value, member: &str) -> String {
    object.as_object_mut().expect("is an object").remove(member);
    object.to_string()
}

fn with_claim(member: &str, value: Value) -> String {
    with_claims(&[(member, value)])
}

fn with_claims(members: &[(&str, Value)]) -> String {
    let mut claims = claims();
    for (member, value) in members {
        claims[*member] = value.clone();
    }
    signed(&header().to_string(), &claims.to_string())
}

fn verifier(nonce: NonceMode) -> Verifier {
    Verifier::new(DpopConfig { nonce, ..DpopConfig::default() })
}

fn with_nonce_key(key: &[u8; 32]) -> Verifier {
    let nonce_key = Some(Secret::new(*key));
    Verifier::new(DpopConfig { nonce: NonceMode::Required, nonce_key, ..DpopConfig::default() })
}

/// With a fresh store; the in-memory one never waits.
fn verify(proof: &str, now: Timestamp) -> Result<(), DpopError> {
    ask(&verifier(NonceMode::Off), &[proof], &REQUEST, now)
}

fn ask(verifier: &Verifier, proofs: &[&str], request: &Request<'_>, now: Timestamp) -> Result<(), DpopError> {
    let proofs = proofs.iter().map(|proof| proof.as_bytes());
    verifier.verify(proofs, request, &bound(), now).now_or_never().expect("never waits")
}

fn ask_rfc(proof: &[u8], request: &Request<'_>, token: &BoundToken<'_>, now: Timestamp) -> Result<(), DpopError> {
    let verifier = verifier(NonceMode::Off);
    verifier.verify(std::iter::once(proof), request, token, now).now_or_never().expect("never waits")
}

fn jwt_error(error: impl Into<EmbeddedError>) -> Reason {
    Reason::Jwt(error.into())
}

#[test]
fn the_example_of_the_rfc_is_accepted_at_its_time() {
    for skew in [-60, -1, 0, 1, 60] {
        assert_eq!(ask_rfc(RFC_PROOF.as_bytes(), &RFC_REQUEST, &RFC_TOKEN, RFC_TIME + Seconds(skew)), Ok(()), "{skew}");
    }
    for skew in [-61, 61, 100_000_000] {
        let late = ask_rfc(RFC_PROOF.as_bytes(), &RFC_REQUEST, &RFC_TOKEN, RFC_TIME + Seconds(skew));
        assert_eq!(late, Err(Reason::Time(Seconds(60)).into()), "{skew}");
    }
}

#[test]
fn the_example_of_the_rfc_is_for_its_request_and_its_token_alone() {
    let ask = |request: Request<'_>, token: BoundToken<'_>| ask_rfc(RFC_PROOF.as_bytes(), &request, &token, RFC_TIME);
    for method in ["get", "POST", "HEAD", ""] {
        let request = Request { method, ..RFC_REQUEST };
        assert_eq!(ask(request, RFC_TOKEN), Err(Reason::Method.into()), "{method}");
    }
    for htu in [
        "http://resource.example.org/protectedresource",
        "https://resource.example.org/protectedresource/",
        "https://resource.example.org/Protectedresource",
        "https://resource.example.org/x/../protectedresource",
        "https://other.example.org/protectedresource",
        "",
    ] {
        assert_eq!(ask(Request { htu, ..RFC_REQUEST }, RFC_TOKEN), Err(Reason::Target.into()), "{htu}");
    }
    for htu in
        ["HTTPS://RESOURCE.example.org:443/protectedresource?a=b", "https://resource.example.org/%70rotectedresource#a"]
    {
        assert_eq!(ask(Request { htu, ..RFC_REQUEST }, RFC_TOKEN), Ok(()), "{htu}");
    }
    let other = BoundToken { value: "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxV", ..RFC_TOKEN };
    assert_eq!(ask(RFC_REQUEST, other), Err(Reason::AccessToken.into()));
    for jkt in ["", "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4J", "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4"] {
        assert_eq!(ask(RFC_REQUEST, BoundToken { jkt, ..RFC_TOKEN }), Err(Reason::OtherKey.into()), "{jkt}");
    }
}

#[test]
fn exactly_one_header_is_sent() {
    let (verifier, proof) = (verifier(NonceMode::Off), good());
    assert_eq!(ask(&verifier, &[], &REQUEST, NOW), Err(DpopError::Missing));
    assert_eq!(ask(&verifier, &[&proof, &proof], &REQUEST, NOW), Err(DpopError::Several));
    assert_eq!(ask(&verifier, &["", &proof], &REQUEST, NOW), Err(DpopError::Several));
    for joined in
        [format!("{proof},{proof}"), format!("{proof}, x"), format!(" {proof}"), format!("{proof} "), String::new()]
    {
        assert!(matches!(ask(&verifier, &[&joined], &REQUEST, NOW), Err(DpopError::Invalid(_))), "{joined}");
    }
    assert_eq!(ask(&verifier, &[&proof], &REQUEST, NOW), Ok(()), "what was refused used nothing up");
}

#[test]
fn a_proof_is_used_once_as_long_as_it_is_accepted() {
    let verifier = verifier(NonceMode::Off);
    for ahead in [-60, 0, 60] {
        let proof = with_claims(&[("iat", json!(NOW.0 + ahead)), ("jti", json!(format!("ahead {ahead}")))]);
        assert_eq!(ask(&verifier, &[&proof], &REQUEST, NOW), Ok(()), "{ahead}");
        for later in 0..=(60 + ahead) {
            let again = ask(&verifier, &[&proof], &REQUEST, NOW + Seconds(later));
            assert_eq!(again, Err(DpopError::Replayed), "{ahead} {later}");
        }
        let late = ask(&verifier, &[&proof], &REQUEST, NOW + Seconds(61 + ahead));
        assert_eq!(late, Err(Reason::Time(Seconds(60)).into()), "{ahead}");
    }
}

#[test]
fn the_same_jti_in_a_new_proof_is_a_replay_except_for_another_url() {
    let verifier = verifier(NonceMode::Off);
    assert_eq!(ask(&verifier, &[&good()], &REQUEST, NOW), Ok(()));
    let resigned = with_claim("iat", json!(NOW.0 + 1));
    assert_eq!(ask(&verifier, &[&resigned], &REQUEST, NOW), Err(DpopError::Replayed));
    let spelled_otherwise = with_claim("htu", json!("https://api.example:443/notes"));
    assert_eq!(ask(&verifier, &[&spelled_otherwise], &REQUEST, NOW), Err(DpopError::Replayed));
    let elsewhere = with_claim("htu", json!("https://api.example/files"));
    let request = Request { htu: "https://api.example/files", ..REQUEST };
    assert_eq!(ask(&verifier, &[&elsewhere], &request, NOW), Ok(()));
}

/// Nobody uses up the `jti` of others, though it is easy to guess.
#[test]
fn the_same_jti_with_another_key_is_no_replay() {
    let (verifier, other) = (verifier(NonceMode::Off), Ed25519KeyPair::generate().expect("makes a key"));
    let theirs = signed_by(&other, &header_of(&other).to_string(), &claims().to_string());
    let jkt = Proof::read(theirs.as_bytes(), SigningAlgorithm::ALL).expect("is a proof").thumbprint;
    let token = BoundToken { value: TOKEN, jkt: &jkt };
    let ask_theirs = || verifier.verify(std::iter::once(theirs.as_bytes()), &REQUEST, &token, NOW).now_or_never();
    assert_eq!(ask(&verifier, &[&good()], &REQUEST, NOW), Ok(()));
    assert_eq!(ask_theirs(), Some(Ok(())));
    assert_eq!(ask_theirs(), Some(Err(DpopError::Replayed)));
}

#[test]
fn a_required_nonce_is_asked_for_and_then_accepted() {
    let verifier = verifier(NonceMode::Required);
    let nonce = verifier.nonce(NOW).expect("is required");
    let with_nonce = |jti: &str, nonce: Value| with_claims(&[("nonce", nonce), ("jti", json!(jti))]);
    let asked = Err(DpopError::UseNonce(nonce.clone()));
    assert_eq!(ask(&verifier, &[&good()], &REQUEST, NOW), asked);
    for odd in [json!(""), json!("stale"), Value::Null, json!(1), json!([nonce]), json!(format!("{nonce} "))] {
        assert_eq!(ask(&verifier, &[&with_nonce("1", odd.clone())], &REQUEST, NOW), asked, "{odd}");
    }
    let proof = with_nonce("1", json!(nonce));
    assert_eq!(ask(&verifier, &[&proof], &REQUEST, NOW), Ok(()));
    for later in 0..=59 {
        let again = ask(&verifier, &[&proof], &REQUEST, NOW + Seconds(later));
        assert_eq!(again, Err(DpopError::Replayed), "{later}");
    }
    let late = NOW + Seconds(120);
    let asked = Err(DpopError::UseNonce(verifier.nonce(late).expect("is required")));
    assert_eq!(ask(&verifier, &[&with_nonce("2", json!(nonce))], &REQUEST, late), asked, "two periods later");
}

/// §11.1: "servers MAY limit DPoP proof lifetimes by using server-provided nonce values containing the time at the server
/// rather than comparing the client-supplied iat".
#[test]
fn with_a_nonce_a_client_whose_clock_is_wrong_is_served() {
    let verifier = verifier(NonceMode::Required);
    let proof = with_claims(&[("nonce", json!(verifier.nonce(NOW))), ("iat", json!(1))]);
    assert_eq!(ask(&verifier, &[&proof], &REQUEST, NOW), Ok(()));
    assert_eq!(ask(&verifier, &[&proof], &REQUEST, NOW), Err(DpopError::Replayed));
}

#[test]
fn servers_that_share_a_key_know_each_others_nonces() {
    let [one, two] = [0, 1].map(|_| with_nonce_key(&[7; 32]));
    assert_eq!(one.nonce(NOW), two.nonce(NOW));
    assert_ne!(one.nonce(NOW), verifier(NonceMode::Required).nonce(NOW));
    assert_eq!(verifier(NonceMode::Off).nonce(NOW), None);
}

#[derive(Debug)]
struct Broken;

impl Replay for Broken {
    fn claim(&self, _: ReplayKey, _: Timestamp, _: Timestamp) -> BoxFuture<'_, Result<(), NotClaimed>> {
        ready(Err(Unavailable::Unreachable.into())).boxed()
    }
}

#[test]
fn without_a_store_nobody_passes() {
    let broken = verifier(NonceMode::Off).with_replay(Arc::new(Broken));
    let refused = ask(&broken, &[&good()], &REQUEST, NOW);
    assert_eq!(refused, Err(DpopError::Unavailable(Unavailable::Unreachable)));
    let tiny = verifier(NonceMode::Off).with_replay(Arc::new(MemoryReplay::new(1)));
    let answers: Vec<_> =
        (0..1000).map(|jti| ask(&tiny, &[&with_claim("jti", json!(jti.to_string()))], &REQUEST, NOW)).collect();
    let full = Err(DpopError::Unavailable(Unavailable::Full));
    assert_eq!(answers.iter().filter(|answer| **answer == Ok(())).count(), 64, "one in each shard");
    assert_eq!(answers.iter().filter(|answer| **answer == full).count(), 1000 - 64);
}

/// On real threads: every task begins where the others begin.
#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn of_64_tasks_with_one_proof_one_wins() {
    let verifier = Arc::new(verifier(NonceMode::Off));
    for round in 0..20 {
        let proof = Arc::new(with_claim("jti", json!(format!("round {round}"))));
        let barrier = Arc::new(tokio::sync::Barrier::new(64));
        let tasks = (0..64).map(|_| {
            let (verifier, proof, barrier) = (Arc::clone(&verifier), Arc::clone(&proof), Arc::clone(&barrier));
            tokio::spawn(async move {
                barrier.wait().await;
                verifier.verify(std::iter::once(proof.as_bytes()), &REQUEST, &bound(), NOW).await
            })
        });
        let answers: Vec<_> = join_all(tasks).await.into_iter().map(|task| task.expect("does not panic")).collect();
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "round {round}");
        assert_eq!(answers.iter().filter(|answer| **answer == Err(DpopError::Replayed)).count(), 63, "round {round}");
    }
}

#[test]
fn errors_have_the_codes_of_the_rfc_and_sentences_that_fit_a_challenge() {
    let invalid = |reason: Reason| (DpopError::Invalid(reason), Some("invalid_dpop_proof"));
    for (error, code) in [
        (DpopError::Missing, Some("invalid_dpop_proof")),
        (DpopError::Several, Some("invalid_dpop_proof")),
        (DpopError::Replayed, Some("invalid_dpop_proof")),
        (DpopError::Invalid(Reason::OtherKey), Some("invalid_token")),
        (DpopError::UseNonce("n".to_owned()), Some("use_dpop_nonce")),
        (DpopError::Unavailable(Unavailable::Full), None),
        invalid(Reason::TooLong),
        invalid(Reason::Type),
        invalid(jwt_error(VerifyError::Signature)),
        invalid(jwt_error(KeyRefused::RsaSize { bits: 1024 })),
        invalid(Reason::Jwt(EmbeddedError::PrivateKey)),
        invalid(Reason::Claim("ath")),
        invalid(Reason::Jti),
        invalid(Reason::Method),
        invalid(Reason::Target),
        invalid(Reason::Time(Seconds(60))),
        invalid(Reason::NotNow),
        invalid(Reason::AccessToken),
    ] {
        assert_eq!(error.code(), code, "{error}");
        let fits = |byte: u8| (0x20..0x7f).contains(&byte) && byte != b'"' && byte != b'\\';
        assert!(error.to_string().bytes().all(fits), "{error}");
    }
}

#[test]
fn nothing_secret_shows_in_debug_output() {
    assert!(!format!("{:?}", bound()).contains(TOKEN));
    let shown = format!("{:?}", with_nonce_key(b"0123456789abcdef0123456789abcdef"));
    assert!(!shown.contains("0123") && !shown.contains("48, 49"), "{shown}");
}

proptest! {
    #[test]
    fn no_signed_claims_make_it_panic(htu: String, jti: String, iat: i64, exp: i64, now in 0i64..4_000_000_000) {
        let claims = json!({ "jti": jti, "htm": "POST", "htu": htu, "iat": iat, "exp": exp, "ath": hash(TOKEN) });
        let _ = verify(&signed(&header().to_string(), &claims.to_string()), Timestamp(now));
    }

    #[test]
    fn what_is_accepted_was_made_within_the_window(iat: i64, now in 0i64..4_000_000_000, near in -100i64..100) {
        for iat in [iat, now + near] {
            let answer = verify(&with_claim("iat", json!(iat)), Timestamp(now));
            prop_assert_eq!(answer.is_ok(), iat.abs_diff(now) <= 60);
        }
    }
}
