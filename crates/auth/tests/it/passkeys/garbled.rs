//! What is no answer of an authenticator is refused, whatever it is; nothing panics.

use auth::passkeys::{self, PasskeyError, RESPONSE_LIMIT};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use testkit::app::TestApp;
use testkit::authenticator::{Authenticator, Told};
use testkit::database::TestDatabase;

use super::{Desk, name};

/// Cases of each property. Every one is a ceremony on a real database.
const CASES: u32 = 150;

#[actix_web::test]
async fn sizes_and_shapes_that_cannot_be_are_refused() {
    let app = TestApp::start(TestDatabase::sqlite()).await;
    let desk = Desk::new(&app).await;
    for answer in [json!(null), json!([]), json!({}), json!("text"), json!({ "id": 1 })] {
        let options = desk.creation_options().await;
        assert_eq!(name(desk.register(&options, &answer).await), "Malformed", "{answer}");
        let options = desk.request_options().await;
        assert_eq!(name(desk.authenticate(&options, &answer).await), "Malformed", "{answer}");
    }
    let long = json!("a".repeat(RESPONSE_LIMIT));
    assert_eq!(name(desk.register(&desk.creation_options().await, &long).await), "TooLarge");
    let deep: Value = serde_json::from_str(&format!("{}{}", "[".repeat(100), "]".repeat(100))).unwrap();
    assert_eq!(name(desk.register(&desk.creation_options().await, &deep).await), "Malformed");

    let mut wide = Authenticator::new();
    wide.credential_id = vec![7; 1024];
    let options = desk.creation_options().await;
    let answer = wide.create(&options, &Told::created(&options, &desk.origin));
    assert_eq!(name(desk.register(&options, &answer).await), "LongCredentialId");
    for ceremony in ["", "no such ceremony", "\u{0}", &"x".repeat(300)] {
        let presented = passkeys::Presented { ceremony, ..desk.presented(&options, "{}") };
        let refused = passkeys::finish_authentication(&desk.state, None, presented, desk.state.now()).await;
        assert!(matches!(refused, Err(PasskeyError::UnknownCeremony)), "{ceremony:?}");
    }
}

/// CBOR that nests without end, or that promises more than there is.
#[actix_web::test]
async fn bombs_of_cbor_are_refused() {
    let app = TestApp::start(TestDatabase::sqlite()).await;
    let desk = Desk::new(&app).await;
    let nested = vec![0x81; 8_000];
    let huge = [0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
    let endless = vec![0x9f; 4_000];
    let tags = vec![0xc1; 8_000];
    for bomb in [&nested[..], &huge, &endless, &tags] {
        let options = desk.creation_options().await;
        let mut answer = Authenticator::new().create(&options, &Told::created(&options, &desk.origin));
        answer["response"]["attestationObject"] = json!(URL_SAFE_NO_PAD.encode(bomb));
        assert_eq!(name(desk.register(&options, &answer).await), "Malformed");
    }
}

/// A change of some bytes in one member of the answer.
#[derive(Clone, Debug)]
struct Damage {
    member: prop::sample::Index,
    at: prop::sample::Index,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    Bit(u8),
    Cut,
    Insert(Vec<u8>),
    Replace(Vec<u8>),
}

fn damage() -> impl Strategy<Value = Damage> {
    let bytes = || prop::collection::vec(any::<u8>(), 1..40);
    let what = prop_oneof![
        4 => (0..8_u8).prop_map(What::Bit),
        1 => Just(What::Cut),
        1 => bytes().prop_map(What::Insert),
        1 => bytes().prop_map(What::Replace),
    ];
    (any::<prop::sample::Index>(), any::<prop::sample::Index>(), what).prop_map(|(member, at, what)| Damage {
        member,
        at,
        what,
    })
}

impl Damage {
    fn to(&self, answer: &Value, members: &[&str]) -> Value {
        let member = members[self.member.index(members.len())];
        let before = URL_SAFE_NO_PAD.decode(answer["response"][member].as_str().unwrap()).unwrap();
        let mut bytes = before.clone();
        let at = self.at.index(bytes.len());
        match &self.what {
            What::Bit(bit) => bytes[at] ^= 1 << bit,
            What::Cut => bytes.truncate(at),
            What::Insert(more) => drop(bytes.splice(at..at, more.iter().copied())),
            What::Replace(other) => bytes.clone_from(other),
        }
        let mut damaged = answer.clone();
        damaged["response"][member] = json!(URL_SAFE_NO_PAD.encode(bytes));
        damaged
    }
}

/// Cases to walk through in one asynchronous test.
fn some_damage() -> Vec<Damage> {
    let mut runner = TestRunner::default();
    (0..CASES).map(|_| damage().new_tree(&mut runner).expect("a case").current()).collect()
}

#[actix_web::test]
async fn no_damaged_assertion_proves_anything() {
    let app = TestApp::start(TestDatabase::sqlite()).await;
    let desk = Desk::new(&app).await;
    let mut phone = Authenticator::new();
    desk.enrol(&mut phone).await;
    for damage in some_damage() {
        let options = desk.request_options().await;
        let answer = phone.get(&Told::got(&options, &desk.origin));
        let damaged = damage.to(&answer, &["clientDataJSON", "authenticatorData", "signature", "userHandle"]);
        let outcome = desk.authenticate(&options, &damaged).await;
        assert!(matches!(outcome, Err(ref error) if !is_fault(error)), "{damage:?}: {outcome:?}");
    }
}

/// A registration carries no signature, so some damage makes another credential; none makes a fault.
#[actix_web::test]
async fn no_damaged_registration_is_a_fault() {
    let app = TestApp::start(TestDatabase::sqlite()).await;
    let desk = Desk::new(&app).await;
    for damage in some_damage() {
        let options = desk.creation_options().await;
        let answer = Authenticator::new().create(&options, &Told::created(&options, &desk.origin));
        let damaged = damage.to(&answer, &["clientDataJSON", "attestationObject"]).to_string();
        let naming = passkeys::Naming { typed: "", otherwise: "Passkey" };
        let presented = desk.presented(&options, &damaged);
        let now = desk.state.now();
        let outcome = passkeys::verify_registration(&desk.state, &desk.user.id, presented, naming, now).await;
        assert!(!matches!(outcome, Err(ref error) if is_fault(error)), "{damage:?}: {outcome:?}");
    }
}

/// What a person would be shown as a fault of ours.
fn is_fault(error: &PasskeyError) -> bool {
    matches!(error, PasskeyError::Store(_) | PasskeyError::Unreadable | PasskeyError::Unavailable)
}
