//! Tokens that are bound to a key, and the proofs that come with them (RFC 9449 §7.1, §8.2, §9, §11.1).

use std::sync::Arc;

use futures_util::future::join_all;
use protocol::secret::Secret;
use reqwest::Method;
use resource_api::Settings;
use resource_api::dpop::{DpopConfig, NonceMode};
use resource_api::replay::{MemoryReplay, Replay};
use serde_json::{Value, json};

use crate::api::{Answer, send};
use crate::issuer::{Issuer, now};
use crate::ways::holder::{Holder, me};
use crate::ways::introspection::Endpoint;
use crate::ways::{Service, assert_challenged, assert_problem, challenge};

const ALGS: &str = "algs=\"RS256";

fn requiring_nonces(issuer: &Issuer) -> Service {
    with_nonce_key(issuer, None, |_| {})
}

fn with_nonce_key(issuer: &Issuer, key: Option<[u8; 32]>, change: impl FnOnce(&mut Settings)) -> Service {
    let nonce_key = key.map(Secret::new);
    let dpop = DpopConfig { nonce: NonceMode::Required, nonce_key, ..DpopConfig::default() };
    Service::start(issuer, |settings| {
        settings.dpop = Some(dpop);
        change(settings);
    })
}

fn nonce(answer: &Answer) -> String {
    let nonces: Vec<_> = answer.headers.get_all("dpop-nonce").iter().collect();
    assert_eq!(nonces.len(), 1, "{answer:?}");
    assert_eq!(answer.header("cache-control"), "no-store", "{answer:?}");
    nonces[0].to_str().unwrap().to_owned()
}

#[actix_web::test]
async fn a_good_proof_lets_the_holder_of_the_key_in() {
    let (issuer, holder) = (Issuer::start(), Holder::new());
    let service = Service::start(&issuer, |_| {});
    let token = holder.token(&issuer);
    let answer = holder.me(&service, &token).await;
    assert_eq!((answer.status, answer.json()["sub"].as_str()), (200, Some("alice")), "{answer:?}");
    assert_eq!(answer.header("dpop-nonce"), "");
    let query = service.get("/me?a=b").header("authorization", format!("dpop {token}"));
    assert_eq!(send(query.header("dpop", holder.proof_of_me(&service, &token))).await.status, 200);
    let posted = service.request(Method::POST, "/notes").header("authorization", format!("DPoP {token}")).body("x");
    let proof = holder.proof("POST", &format!("{}/notes", service.url), &token);
    assert_eq!(send(posted.header("dpop", proof)).await.text, "x");
    let head = service.request(Method::HEAD, "/me").header("authorization", format!("DPoP {token}"));
    let proof = holder.proof("HEAD", &format!("{}/me", service.url), &token);
    assert_eq!(send(head.header("dpop", proof)).await.status, 200);
}

#[actix_web::test]
async fn a_bound_token_is_no_bearer_token_and_an_unbound_one_is_nothing_else() {
    let (issuer, holder) = (Issuer::start(), Holder::new());
    let service = Service::start(&issuer, |_| {});
    let (bound, plain) = (holder.token(&issuer), issuer.token().sign());
    let stolen = service.me_as(&bound).await;
    assert_challenged(&stolen, "Bearer", "invalid_token", "bound to a key");
    assert!(challenge(&stolen, "DPoP").contains(ALGS), "{stolen:?}");
    let proof = holder.proof_of_me(&service, &bound);
    let with_proof = send(service.get("/me").bearer_auth(&bound).header("dpop", proof)).await;
    assert_challenged(&with_proof, "Bearer", "invalid_token", "bound to a key");
    assert_challenged(&holder.me(&service, &plain).await, "DPoP", "invalid_token", "not bound to a key");
    assert_eq!(service.me_as(&plain).await.status, 200);
}

#[actix_web::test]
async fn a_proof_is_for_one_request_with_one_token_by_one_key() {
    let (issuer, holder, other) = (Issuer::start(), Holder::new(), Holder::new());
    let service = Service::start(&issuer, |_| {});
    let token = holder.token(&issuer);
    let url = format!("{}/me", service.url);
    let wrong = [
        (holder.proof("POST", &url, &token), "htm"),
        (holder.proof("get", &url, &token), "htm"),
        (holder.proof("GET", &format!("{}/notes", service.url), &token), "htu"),
        (holder.proof("GET", "https://elsewhere.example/me", &token), "htu"),
        (holder.proof("GET", &url, "another token"), "ath"),
        (holder.proof_with("GET", &url, &token, json!({ "iat": now() - 120 })), "iat"),
        (holder.proof_with("GET", &url, &token, json!({ "iat": now() + 120 })), "iat"),
        (holder.proof_with("GET", &url, &token, json!({ "jti": "" })), "jti"),
        ("nonsense".to_owned(), "DPoP proof"),
        (token.clone(), "typ"),
    ];
    for (proof, sentence) in wrong {
        let answer = me(&service, &token, &[&proof]).await;
        assert_challenged(&answer, "DPoP", "invalid_dpop_proof", sentence);
        assert!(challenge(&answer, "DPoP").contains(ALGS), "{answer:?}");
        assert!(!challenge(&answer, "Bearer").contains("error"), "{answer:?}");
    }
    let by_another = me(&service, &token, &[&other.proof("GET", &url, &token)]).await;
    assert_challenged(&by_another, "DPoP", "invalid_token", "another key");
}

#[actix_web::test]
async fn exactly_one_proof_comes_with_the_token() {
    let (issuer, holder) = (Issuer::start(), Holder::new());
    let service = Service::start(&issuer, |_| {});
    let token = holder.token(&issuer);
    let missing = me(&service, &token, &[]).await;
    assert_challenged(&missing, "DPoP", "invalid_dpop_proof", "send a proof");
    assert!(challenge(&missing, "DPoP").contains(ALGS));
    let (one, two) = (holder.proof_of_me(&service, &token), holder.proof_of_me(&service, &token));
    assert_challenged(&me(&service, &token, &[&one, &two]).await, "DPoP", "invalid_dpop_proof", "more than once");
    assert_eq!(me(&service, &token, &[&one]).await.status, 200, "nothing was used up");
    assert_challenged(&me(&service, &token, &[&one]).await, "DPoP", "invalid_dpop_proof", "used before");
}

#[actix_web::test]
async fn of_many_requests_with_one_proof_one_passes() {
    let (issuer, holder) = (Issuer::start(), Holder::new());
    let service = Service::start(&issuer, |_| {});
    let token = holder.token(&issuer);
    assert_eq!(holder.me(&service, &token).await.status, 200);
    let proof = holder.proof_of_me(&service, &token);
    let proofs = [proof.as_str()];
    let answers = join_all((0..64).map(|_| me(&service, &token, &proofs))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    let refused = answers.iter().filter(|answer| answer.json()["error"] == "invalid_dpop_proof");
    assert_eq!(refused.count(), 63);
}

#[actix_web::test]
async fn where_nonces_are_required_every_answer_has_one() {
    let (issuer, holder) = (Issuer::start(), Holder::new());
    let service = requiring_nonces(&issuer);
    let token = holder.token(&issuer);
    let url = format!("{}/me", service.url);
    let told = holder.me(&service, &token).await;
    assert_challenged(&told, "DPoP", "use_dpop_nonce", "nonce");
    assert!(challenge(&told, "DPoP").contains(ALGS));
    let nonce_of_server = nonce(&told);
    let proof = || holder.proof_with("GET", &url, &token, json!({ "nonce": nonce_of_server, "iat": 1 }));
    let good = proof();
    let served = me(&service, &token, &[&good]).await;
    assert_eq!(served.status, 200, "{served:?}");
    nonce(&served);
    let replayed = me(&service, &token, &[&good]).await;
    assert_challenged(&replayed, "DPoP", "invalid_dpop_proof", "used before");
    nonce(&replayed);
    let made_up = holder.proof_with("GET", &url, &token, json!({ "nonce": "made-up" }));
    let made_up = me(&service, &token, &[&made_up]).await;
    assert_challenged(&made_up, "DPoP", "use_dpop_nonce", "nonce");
    nonce(&made_up);
    let reader = issuer.token().claim("scope", "").claim("cnf", json!({ "jkt": holder.jkt() })).sign();
    let notes = format!("{}/notes", service.url);
    let proof = holder.proof_with("GET", &notes, &reader, json!({ "nonce": nonce_of_server }));
    let request = service.get("/notes").header("authorization", format!("DPoP {reader}")).header("dpop", proof);
    let forbidden = send(request).await;
    assert_problem(&forbidden, 403, Some("insufficient_scope"), "notes:read");
    assert!(challenge(&forbidden, "DPoP").contains("scope=\"notes:read\""), "{forbidden:?}");
    nonce(&forbidden);
}

/// Two processes behind one address: one key, and one store of what was used.
#[actix_web::test]
async fn processes_that_share_the_key_accept_each_others_nonces() {
    let (issuer, holder) = (Issuer::start(), Holder::new());
    let store: Arc<dyn Replay> = Arc::new(MemoryReplay::default());
    let start = |key: Option<[u8; 32]>| {
        with_nonce_key(&issuer, key, |settings| {
            "https://api.example".clone_into(&mut settings.public_url);
            settings.replay = Some(Arc::clone(&store));
        })
    };
    let (key, token) = (Some([7; 32]), holder.token(&issuer));
    let proof = |nonce: &str| holder.proof_with("GET", "https://api.example/me", &token, json!({ "nonce": nonce }));
    let services = [start(key), start(key), start(Some([8; 32])), start(None), start(None)];
    for (at, one) in services.iter().enumerate() {
        let told = nonce(&me(one, &token, &[&proof("")]).await);
        for (other_at, other) in services.iter().enumerate() {
            let sent = proof(&told);
            let answer = me(other, &token, &[&sent]).await;
            if at == other_at || (at < 2 && other_at < 2) {
                assert_eq!(answer.status, 200, "{at} {other_at} {answer:?}");
                assert_challenged(&me(one, &token, &[&sent]).await, "DPoP", "invalid_dpop_proof", "used before");
            } else {
                assert_challenged(&answer, "DPoP", "use_dpop_nonce", "nonce");
            }
        }
    }
}

/// RFC 9449 §11.10: a nonce in an answer that a cache keeps would be told to others.
#[actix_web::test]
async fn without_a_proof_no_nonce_is_told() {
    let issuer = Issuer::start();
    let service = requiring_nonces(&issuer);
    assert_eq!(service.me_as(&issuer.token().sign()).await.header("dpop-nonce"), "");
}

#[actix_web::test]
async fn behind_a_proxy_that_strips_a_path_the_public_url_counts() {
    let (issuer, holder) = (Issuer::start(), Holder::new());
    let service = Service::start(&issuer, |settings| settings.public_url = "https://api.example/v1".to_owned());
    let token = holder.token(&issuer);
    let good = holder.proof("GET", "https://api.example/v1/me", &token);
    assert_eq!(me(&service, &token, &[&good]).await.status, 200);
    for url in ["https://api.example/me", "https://api.example/v1", &format!("{}/me", service.url)] {
        let answer = me(&service, &token, &[&holder.proof("GET", url, &token)]).await;
        assert_challenged(&answer, "DPoP", "invalid_dpop_proof", "htu");
    }
}

#[actix_web::test]
async fn switched_off_the_scheme_is_unknown_and_bound_tokens_are_refused() {
    let (issuer, holder) = (Issuer::start(), Holder::new());
    let service = Service::start(&issuer, |settings| settings.dpop = None);
    let token = holder.token(&issuer);
    let unknown = holder.me(&service, &token).await;
    assert_problem(&unknown, 401, None, "send an access token");
    assert_eq!(challenge(&unknown, "DPoP"), "");
    assert!(!challenge(&unknown, "Bearer").contains("error"));
    assert_challenged(&service.me_as(&token).await, "Bearer", "invalid_token", "bound to a key");
}

/// RFC 7800 §3.1: what is not understood is ignored; where nothing is left, nobody can prove the token. JWTs and what introspection
/// tells are read alike.
#[actix_web::test]
async fn a_binding_that_nobody_knows_is_refused_and_ignored_beside_another() {
    let (issuer, endpoint) = (Issuer::start(), Endpoint::start());
    let service = Service::start(&issuer, |settings| settings.introspection = Some(endpoint.settings()));
    let holder = Holder::new();
    let both = |cnf: &Value, name: &str| {
        endpoint.knows(name, json!({ "cnf": cnf }));
        [issuer.token().claim("cnf", cnf.clone()).sign(), name.to_owned()]
    };
    for (at, cnf) in [json!({ "kid": "a" }), json!({ "jwk": {} }), json!({ "osc": {}, "jku": "x" })].iter().enumerate()
    {
        for token in both(cnf, &format!("unknown-{at}")) {
            assert_challenged(&service.me_as(&token).await, "Bearer", "invalid_token", "bound in a way");
            assert_eq!(holder.me(&service, &token).await.status, 401, "{cnf}");
        }
    }
    for token in both(&json!({ "jkt": holder.jkt(), "kid": "a", "jwk": {} }), "known") {
        assert_eq!(holder.me(&service, &token).await.status, 200);
        assert_challenged(&service.me_as(&token).await, "Bearer", "invalid_token", "bound to a key");
        assert_challenged(&Holder::new().me(&service, &token).await, "DPoP", "invalid_token", "another key");
    }
    for token in both(&json!({ "x5t#S256": "x", "kid": "a" }), "certificate") {
        assert_challenged(&service.me_as(&token).await, "Bearer", "invalid_token", "client certificate");
    }
    // Neither absent nor a text.
    for cnf in [json!({}), json!({ "jkt": null }), json!({ "jkt": null, "x5t#S256": "x" }), json!({ "jkt": 1 })] {
        let token = issuer.token().claim("cnf", cnf.clone()).sign();
        assert_challenged(&service.me_as(&token).await, "Bearer", "invalid_token", "");
        assert_eq!(holder.me(&service, &token).await.status, 401, "{cnf}");
        endpoint.knows(&token[..40], json!({ "cnf": cnf }));
        assert!([401, 503].contains(&service.me_as(&token[..40]).await.status), "{cnf}");
    }
}
