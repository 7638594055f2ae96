//! What a signature says, against the request that carries it: method, target, host, body and nonce; and what the refusals tell
//! whom.

use super::*;
use crate::signature::{Answer, HostField, content_digest};
use protocol::time::Seconds;

/// The method that a message is signed for, the path, and so on are those of the request itself.
#[test]
fn a_signature_for_another_request_does_not_fit() {
    let signed = Request::post("/notes?limit=3", JSON).signed("n");
    assert!(signed.judge().is_ok());
    let changed = [
        Request { method: "PUT".to_owned(), ..signed.clone() },
        Request { target: "/notes?limit=4".to_owned(), ..signed.clone() },
        Request { target: "/Notes?limit=3".to_owned(), ..signed.clone() },
        Request { target: "/%6eotes?limit=3".to_owned(), ..signed.clone() },
        signed.clone().without("Content-Type").with("Content-Type", "text/plain"),
        signed.clone().with("Content-Type", "application/json"),
    ];
    for request in changed {
        assert!(matches!(error(request.judge()), SignatureError::Mismatch(_)), "{:?}", request.target);
    }
    let elsewhere = Verifier::new(public("https://other.example"), Policy::default(), Arc::new(Seen::default()));
    assert!(matches!(error(signed.judge_by(&elsewhere, NOW)), SignatureError::Mismatch(_)));
    let plain = Verifier::new(public("http://api.example.com"), Policy::default(), Arc::new(Seen::default()));
    let whole = get().signed_as(&format!(r#"("@method" "@target-uri"){PARAMETERS}"#));
    assert!(matches!(error(whole.judge_by(&plain, NOW)), SignatureError::Mismatch(_)), "the scheme is part of it");
}

#[test]
fn the_host_field_is_compared_and_never_believed() {
    for host in ["api.example.com", "API.Example.Com", "api.example.com:443", " api.example.com "] {
        assert!(get().without("Host").with("Host", host).signed("n").judge().is_ok(), "{host}");
    }
    for host in
        ["", "evil.example", "api.example.com:80", "api.example.com:8443", "api.example.com.", "api.example.com:"]
    {
        let refused = error(get().without("Host").with("Host", host).signed("n").judge());
        assert_eq!(refused, SignatureError::Authority, "{host}");
    }
    let two = get().with("Host", "evil.example").signed("n");
    assert_eq!(error(two.judge()), SignatureError::Authority);
    let behind = verifier(Policy { host: HostField::RewrittenByProxy, ..Policy::default() });
    let rewritten = get().without("Host").with("Host", "backend:8080").signed("n");
    assert!(rewritten.judge_by(&behind, NOW).is_ok());
}

#[test]
fn only_the_origin_form_of_a_target_is_served() {
    for target in
        ["", "*", "notes", "https://api.example.com/notes", "api.example.com:443", "/a b", "/ä", "/a#b", "/a\nb"]
    {
        let input = format!("sig=(\"@method\" \"@target-uri\"){PARAMETERS}");
        let request = Request { target: target.to_owned(), ..fields_as(&input, "sig=:AA==:") };
        assert_eq!(error(request.judge()), SignatureError::Target, "{target}");
    }
}

#[test]
fn a_public_url_is_an_origin_and_a_path() {
    for url in
        ["ftp://example.com", "https://u@example.com", "https://example.com/?q", "https://example.com/#f", "data:x"]
    {
        assert!(PublicUrl::new(&Url::parse(url).expect("is a URL")).is_err(), "{url}");
    }
}

#[test]
fn a_body_needs_its_digest_and_its_type_covered() {
    let target = r#""@method" "@target-uri""#;
    let digest = content_digest(JSON);
    let post = Request::post("/notes", JSON).with("Content-Digest", &digest);
    let signed = |request: Request, more: &str| request.signed_as(&format!("({target} {more}){PARAMETERS}"));
    assert!(signed(post.clone(), r#""content-digest" "content-type""#).judge().is_ok());
    for (more, lacks) in [
        ("", "content-digest"),
        (r#""content-type""#, "content-digest"),
        (r#""content-length" "content-type""#, "content-digest"),
        (r#""content-digest""#, "content-type"),
    ] {
        let refused = error(signed(post.clone().with("Content-Length", "18"), more).judge());
        assert!(matches!(refused, SignatureError::NotCovered(what) if what.contains(lacks)), "{more} {refused}");
    }
    let packed = signed(post.clone().with("Content-Encoding", "gzip"), r#""content-digest" "content-type""#);
    assert!(matches!(error(packed.judge()), SignatureError::NotCovered(what) if what.contains("content-encoding")));
    let untyped = signed(post.clone().without("Content-Type"), r#""content-digest""#);
    assert!(matches!(error(untyped.judge()), SignatureError::NotCovered(what) if what.contains("content-type")));
    for (name, value) in [("Content-Type", "text/html"), ("Content-Encoding", "gzip")] {
        let twice = post.clone().with("Content-Encoding", "br").with(name, value);
        let twice = signed(twice, r#""content-digest" "content-type" "content-encoding""#);
        assert!(text(&twice).contains("more than once"), "{name}");
    }
}

/// RFC 9421 §7.2.8: "validate not only the signature but also the value of the Content-Digest field itself".
#[test]
fn the_digest_has_to_be_that_of_the_body() {
    let signed = Request::post("/notes", JSON).signed("n");
    for body in [b"".as_slice(), b"{}", b"{\"hello\": \"World\"}"] {
        let changed = Request { body: body.to_vec(), ..signed.clone() };
        assert_eq!(error(changed.judge()), SignatureError::Digest);
    }
    let weak = Request::post("/notes", JSON).with("Content-Digest", "md5=:Sd/dVLAcvNLSq16eXua5uQ==:");
    let weak = weak.signed_as(&format!(r#"("@method" "@target-uri" "content-digest" "content-type"){PARAMETERS}"#));
    assert_eq!(error(weak.judge()), SignatureError::NoDigest);
    // RFC 9530 §6.3: the digest of nothing says that there was no body.
    let empty = get().with("Content-Digest", content_digest(b""));
    let empty = empty.signed_as(&format!(r#"("@method" "@target-uri" "content-digest"){PARAMETERS}"#));
    assert!(empty.judge().is_ok());
    assert_eq!(
        error(Request { body: b" ".to_vec(), ..empty }.judge()),
        SignatureError::NotCovered("content-type, when there is a body")
    );
    // Nobody vouches for a digest that is not covered; without a body nobody reads it.
    assert!(get().with("Content-Digest", "nonsense").signed("n").judge().is_ok());
}

#[test]
fn a_nonce_is_good_once_for_one_key() {
    let verifier = verifier(Policy::default());
    let request = get().signed("n");
    assert!(request.judge_by(&verifier, NOW).is_ok());
    assert_eq!(error(request.judge_by(&verifier, NOW)), SignatureError::Replayed);
    let other_request = Request::get("/me").signed("n");
    assert_eq!(error(other_request.judge_by(&verifier, NOW)), SignatureError::Replayed);
    assert!(get().signed("n2").judge_by(&verifier, NOW).is_ok());
    let other = SharedKey::new([7; 32]);
    let other_id = ApiKeyId::parse("AAAAAAAAAAAAAAAA").expect("is one");
    let signer = Signer { key_id: &other_id, key: &other, created: NOW, nonce: "n" };
    let fields = get().message(|message| signer.sign(&public_url(), message, b"")).expect("can be signed");
    let request = fields.iter().fold(get(), |request, (name, value)| request.with(name, value));
    let verdict = request.judge_with(&verifier, |_| Some(other.clone()), NOW);
    assert_eq!(verdict.expect("another key has nonces of its own").key_id(), &other_id);
}

#[test]
fn who_does_not_know_the_key_uses_up_no_nonce() {
    let verifier = verifier(Policy::default());
    let signed = get().signed("n");
    let forged = signed.clone().without("Signature").with("Signature", "sig=:AAAA:");
    assert!(matches!(error(forged.judge_by(&verifier, NOW)), SignatureError::Mismatch(_)));
    assert!(signed.judge_by(&verifier, NOW).is_ok());
}

/// The clock is read before the issuer is asked for the key: until the answer is there, nobody may forget the nonce.
#[test]
fn a_nonce_is_kept_for_longer_than_its_signature_is_good() {
    let store = Arc::new(Ends::default());
    let verifier = Verifier::new(public_url(), Policy::default(), store.clone());
    let request = get().signed("n");
    for now in [NOW.0 - 30, NOW.0, NOW.0 + 300] {
        assert!(request.judge_by(&verifier, Timestamp(now)).is_ok());
    }
    let ends = store.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    assert_eq!(ends, [NOW + Seconds(360); 3]);
}

/// Only writes down until when it is to remember.
#[derive(Debug, Default)]
struct Ends(Mutex<Vec<Timestamp>>);

impl Replay for Ends {
    fn claim(&self, _: ReplayKey, until: Timestamp, _: Timestamp) -> BoxFuture<'_, Result<(), NotClaimed>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(until);
        ready(Ok(())).boxed()
    }
}

#[test]
fn a_full_store_refuses_and_says_that_it_is_not_the_callers_fault() {
    let verifier = Verifier::new(public_url(), Policy::default(), Arc::new(NoRoom));
    let refused = error(get().signed("n").judge_by(&verifier, NOW));
    assert_eq!((refused.answer(), &refused), (Answer::Unavailable, &SignatureError::Unavailable(Unavailable::Full)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_64_requests_with_one_nonce_at_the_same_time_one_is_accepted() {
    let verifier = verifier(Policy::default());
    let start = Arc::new(tokio::sync::Barrier::new(64));
    let one = |n: usize| {
        let (verifier, start) = (verifier.clone(), Arc::clone(&start));
        let request = Request::get(&format!("/notes/{n}")).signed("the same");
        tokio::spawn(async move {
            start.wait().await;
            request.judge_by(&verifier, NOW)
        })
    };
    let tasks: Vec<_> = (0..64).map(one).collect();
    let mut accepted = 0;
    for task in tasks {
        match task.await.expect("does not panic") {
            Ok(_) => accepted += 1,
            Err(refused) => assert_eq!(refused, SignatureError::Replayed),
        }
    }
    assert_eq!(accepted, 1);
}

#[test]
fn the_log_gets_the_base_with_secrets_blacked_out_and_the_caller_does_not() {
    let request = Request::post("/notes?token=s3cret", JSON)
        .with("Authorization", "Bearer s3cret")
        .with("Cookie", "session=s3cret")
        .with("Content-Digest", content_digest(JSON));
    let input = format!(
        r#"("@method" "@target-uri" "@authority" "@path" "@query" "@request-target" "@query-param";name="token" "authorization" "cookie" "content-digest" "content-type"){PARAMETERS}"#
    );
    let wrong = request.signed_as(&input).without("Signature").with("Signature", "sig=:AAAA:");
    let refused = error(wrong.judge());
    let logged = refused.logged_base().expect("has a base").as_str();
    assert!(!logged.contains("s3cret") && !format!("{refused:?}").contains("s3cret"), "{logged}");
    for line in [
        "\"@method\": POST",
        "\"@path\": /notes",
        "\"@authority\": api.example.com",
        "\"content-type\": application/json",
        "\"authorization\": (13 octets, SHA-256 ",
    ] {
        assert!(logged.contains(line), "{line}\n{logged}");
    }
    assert!(logged.contains("https://api.example.com/notes?(12 octets"), "{logged}");
    assert_eq!(logged.lines().count(), 12);
    assert!(!refused.to_string().contains("@path"), "the caller is told the rule, not the text");
}

#[test]
fn neither_key_nor_signer_shows_its_secret() {
    let (key_id, key) = (key_id(), key());
    let signer = Signer { key_id: &key_id, key: &key, created: NOW, nonce: "n" };
    assert_eq!(format!("{key:?}"), "SharedKey(…)");
    assert!(!format!("{signer:?}").contains("key: "));
    assert!(format!("{:?}", verifier(Policy::default())).contains("public_url"));
    let request = Request::get("/?token=s3cret").with("Authorization", "s3cret").signed("n");
    let shown = request.message(|message| format!("{message:?} {:?}", verifier(Policy::default()).read(message, NOW)));
    assert!(shown.contains("Claimed") && !shown.contains("s3cret"), "{shown}");
}

#[test]
fn a_client_that_cannot_sign_is_told_why() {
    let (key_id, key) = (key_id(), key());
    let signer = |created, nonce| Signer { key_id: &key_id, key: &key, created, nonce };
    let sign = |signer: Signer<'_>, request: &Request| {
        request.message(|message| signer.sign(&public_url(), message, &request.body)).expect_err("cannot be signed")
    };
    let untyped = Request::post("/", JSON).without("Content-Type");
    assert!(sign(signer(NOW, "n"), &untyped).to_string().contains("content-type is not in the request"));
    assert!(sign(signer(NOW, "ä"), &get()).to_string().contains("printable ASCII"));
    assert!(sign(signer(Timestamp(i64::MAX), "n"), &get()).to_string().contains("15 digits"));
    assert_eq!(sign(signer(NOW, "n"), &Request::get("notes")), SignatureError::Target);
}
