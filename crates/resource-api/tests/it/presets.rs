//! Issuers that write their tokens otherwise than RFC 9068, and several issuers at once.

use std::sync::Arc;

use protocol::issuer::Issuer as IssuerUrl;
use reqwest::redirect::Policy;
use resource_api::bff::{Bff, BffConfig, MemoryStore};
use resource_api::testkit::{TestIssuer, TestKey};
use resource_api::{ClaimShape, Mapped, Settings, SigningAlgorithm, TrustedIssuer};
use serde_json::{Value, json};

use crate::api::send;
use crate::issuer::{AUDIENCE, Issuer, Token};
use crate::ways::{Service, assert_challenged};

fn start(issuer: &Issuer, shape: ClaimShape) -> Service {
    Service::start(issuer, |settings| settings.issuers[0].claims = shape)
}

/// A token without what only RFC 9068 demands.
fn plain(issuer: &Issuer) -> Token {
    issuer.token().typ(Some("JWT")).without("client_id").without("jti").without("scope")
}

/// With what its preset demands beside.
fn whole(issuer: &Issuer, shape: ClaimShape) -> Token {
    match shape {
        ClaimShape::Keycloak => plain(issuer).claim("typ", "Bearer"),
        ClaimShape::Entra => plain(issuer).claim("azp", "app"),
        _ => plain(issuer),
    }
}

async fn found(service: &Service, token: &Token) -> (Value, Value) {
    let answer = service.me_as(&token.sign()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    (answer.json()["client_id"].clone(), answer.json()["permissions"].clone())
}

#[actix_web::test]
async fn keycloak_writes_roles_into_nested_claims() {
    let issuer = Issuer::start();
    let service = start(&issuer, ClaimShape::Keycloak);
    let token = plain(&issuer)
        .claim("typ", "Bearer")
        .claim("azp", "front-end")
        .claim("scope", "openid profile")
        .claim("realm_access", json!({ "roles": ["notes:read"] }))
        .claim("resource_access", json!({ AUDIENCE: { "roles": ["notes:write"] }, "other": { "roles": ["no"] } }));
    let expected = (json!("front-end"), json!(["openid", "profile", "notes:read", "notes:write"]));
    assert_eq!(found(&service, &token).await, expected);
}

#[actix_web::test]
async fn entra_writes_scp_and_roles() {
    let issuer = Issuer::start();
    let service = start(&issuer, ClaimShape::Entra);
    let token = plain(&issuer).claim("scp", "Notes.Read").claim("roles", json!(["Notes.Admin"])).claim("appid", "old");
    assert_eq!(found(&service, &token).await, (json!("old"), json!(["Notes.Read", "Notes.Admin"])));
    let token = token.claim("azp", "new");
    assert_eq!(found(&service, &token).await.0, json!("new"));
}

#[actix_web::test]
async fn auth0_writes_permissions_under_either_type() {
    let issuer = Issuer::start();
    let service = start(&issuer, ClaimShape::Auth0);
    for typ in [Some("JWT"), Some("at+jwt"), None] {
        let token = plain(&issuer).typ(typ).claim("azp", "app").claim("scope", "openid");
        let token = token.claim("permissions", json!(["notes:read"]));
        assert_eq!(found(&service, &token).await, (json!("app"), json!(["openid", "notes:read"])));
    }
}

/// As `docs/resource-api.md` has it.
fn okta(claims: &Value) -> Option<Mapped> {
    let client = claims["cid"].as_str()?;
    let scopes = claims["scp"].as_array().into_iter().flatten().filter_map(Value::as_str);
    Some(Mapped { client_id: Some(client.to_owned()), permissions: scopes.map(str::to_owned).collect() })
}

#[actix_web::test]
async fn an_issuer_without_a_preset_is_read_by_a_function_that_spares_no_check() {
    let (issuer, other) = (Issuer::start(), Issuer::start());
    let service = start(&issuer, ClaimShape::Custom(okta));
    let good = || plain(&issuer).claim("cid", "0oa1").claim("scp", json!(["openid", "notes:read"]));
    for typ in [Some("JWT"), None, Some("at+jwt")] {
        let expected = (json!("0oa1"), json!(["openid", "notes:read"]));
        assert_eq!(found(&service, &good().typ(typ)).await, expected, "{typ:?}");
    }
    let without_permissions = good().without("scp");
    assert_eq!(found(&service, &without_permissions).await, (json!("0oa1"), json!([])));
    let refused = [
        (good().without("cid"), "no access token"),
        (good().claim("cid", 7), "no access token"),
        (good().claim("cid", ""), "client_id"),
        (good().claim("cid", "a\nb"), "client_id"),
        (good().without("aud"), "aud"),
        (good().claim("aud", "api://default"), "aud"),
        (good().claim("aud", json!(["0oa1"])), "aud"),
        (good().without("exp"), "exp"),
        (good().claim("exp", 1), "expired"),
        (good().without("sub"), "sub"),
        (good().claim("nonce", "n"), "ID token"),
        (good().claim("events", json!({})), "no access token"),
        (good().typ(Some("logout+jwt")), "typ"),
        (good().signed_by(other.key()), "key"),
    ];
    for (token, sentence) in refused {
        assert_challenged(&service.me_as(&token.sign()).await, "Bearer", "invalid_token", sentence);
    }
}

#[actix_web::test]
async fn a_preset_forgives_the_form_alone() {
    let issuer = Issuer::start();
    let other = Issuer::start();
    for shape in [ClaimShape::Keycloak, ClaimShape::Entra, ClaimShape::Auth0] {
        let (service, good) = (start(&issuer, shape), || whole(&issuer, shape));
        assert_eq!(service.me_as(&good().sign()).await.status, 200, "{shape:?}");
        let refused = [
            (good().claim("aud", "https://other.example"), "aud"),
            (good().claim("exp", 1), "expired"),
            (good().without("exp"), "exp"),
            (good().without("sub"), "sub"),
            (good().typ(Some("logout+jwt")), "typ"),
            (good().claim("nonce", "n"), "ID token"),
            (good().claim("azp", 7), "client_id"),
            (good().signed_by(other.key()), "key"),
            (good().claim("cnf", json!({ "jkt": "x" })), "bound to a key"),
        ];
        for (token, sentence) in refused {
            assert_challenged(&service.me_as(&token.sign()).await, "Bearer", "invalid_token", sentence);
        }
    }
}

/// As Keycloak, Entra ID and Auth0 write what is no access token and has the same header, issuer and perhaps audience.
#[actix_web::test]
async fn other_kinds_of_tokens_are_refused_by_what_they_say() {
    let issuer = Issuer::start();
    let (keycloak, entra) = (start(&issuer, ClaimShape::Keycloak), start(&issuer, ClaimShape::Entra));
    // Without a nonce, as from a flow that sends none.
    let id_token = plain(&issuer).claim("azp", "app").claim("sid", "s").claim("preferred_username", "alice");
    let of_keycloak = [Some("ID"), Some("Refresh"), Some("Offline"), Some("Logout"), None].map(|typ| match typ {
        Some(typ) => id_token.clone().claim("typ", typ),
        None => id_token.clone(),
    });
    for token in of_keycloak.into_iter().chain([id_token.clone().claim("typ", 7)]) {
        assert_challenged(&keycloak.me_as(&token.sign()).await, "Bearer", "invalid_token", "no access token");
    }
    for typ in ["Bearer", "DPoP"] {
        assert_eq!(keycloak.me_as(&id_token.clone().claim("typ", typ).sign()).await.status, 200, "{typ}");
    }
    let id_token = plain(&issuer).claim("ver", "2.0").claim("tid", "t").claim("oid", "o");
    for token in [id_token.clone(), id_token.clone().claim("azp", Value::Null)] {
        assert_challenged(&entra.me_as(&token.sign()).await, "Bearer", "invalid_token", "no access token");
    }
    for claim in ["azp", "appid"] {
        assert_eq!(entra.me_as(&id_token.clone().claim(claim, "app").sign()).await.status, 200, "{claim}");
    }
    // RFC 8417 §2.2: whoever says what happened gives no access, as a logout token.
    let events = json!({ "http://schemas.openid.net/event/backchannel-logout": {} });
    for shape in [ClaimShape::Standard, ClaimShape::Keycloak, ClaimShape::Entra, ClaimShape::Auth0] {
        let token = if shape == ClaimShape::Standard { issuer.token() } else { whole(&issuer, shape) };
        let service = start(&issuer, shape);
        assert_eq!(service.me_as(&token.clone().sign()).await.status, 200, "{shape:?}");
        for events in [events.clone(), Value::Null] {
            let answer = service.me_as(&token.clone().claim("events", events).sign()).await;
            assert_challenged(&answer, "Bearer", "invalid_token", "no access token");
        }
    }
}

#[actix_web::test]
async fn a_standard_issuer_is_held_to_the_rfc() {
    let issuer = Issuer::start();
    let service = start(&issuer, ClaimShape::Standard);
    for typ in [Some("JWT"), None] {
        let answer = service.me_as(&issuer.token().typ(typ).sign()).await;
        assert_challenged(&answer, "Bearer", "invalid_token", "typ");
    }
    for typ in ["at+jwt", "AT+JWT", "application/at+jwt"] {
        assert_eq!(service.me_as(&issuer.token().typ(Some(typ)).sign()).await.status, 200, "{typ}");
    }
    for claim in ["client_id", "jti", "iat"] {
        let answer = service.me_as(&issuer.token().without(claim).sign()).await;
        assert_challenged(&answer, "Bearer", "invalid_token", claim);
    }
    // What other issuers mean by these claims, a standard one does not.
    let token = issuer.token().claim("scope", "").claim("roles", json!(["a"])).claim("permissions", json!(["b"]));
    assert_eq!(found(&service, &token).await.1, json!([]));
}

#[actix_web::test]
async fn each_issuer_speaks_with_its_own_keys() {
    let (one, two, stranger) = (Issuer::start(), Issuer::start(), Issuer::start());
    let second = TrustedIssuer::new(IssuerUrl::parse(&two.url).unwrap()).claims(ClaimShape::Auth0);
    let service = Service::start(&one, |settings| settings.issuers.push(second));
    for issuer in [&one, &two] {
        let answer = service.me_as(&issuer.token().sign()).await;
        assert_eq!((answer.status, &answer.json()["issuer"]), (200, &json!(issuer.url)), "{answer:?}");
    }
    let crossed = [one.token().signed_by(two.key()), two.token().signed_by(one.key())];
    for token in crossed {
        assert_challenged(&service.me_as(&token.sign()).await, "Bearer", "invalid_token", "no key is known");
    }
    // Each issuer has its own form, too.
    assert_eq!(service.me_as(&two.token().typ(Some("JWT")).sign()).await.status, 200);
    assert_eq!(service.me_as(&one.token().typ(Some("JWT")).sign()).await.status, 401);
    assert_challenged(&service.me_as(&stranger.token().sign()).await, "Bearer", "invalid_token", "iss");
    assert_eq!(stranger.jwks_count(), 0);
}

/// RFC 8725 §3.1: the algorithms of each issuer are its own, whatever others may use and whatever key it publishes.
#[actix_web::test]
async fn each_issuer_may_use_its_own_algorithms_alone() {
    use SigningAlgorithm::{ES256, EdDSA, RS256};
    let (one, two) = (TestIssuer::at("https://one.example"), TestIssuer::at("https://two.example"));
    let keys = [ES256, EdDSA, RS256].map(TestKey::new);
    one.publish(&keys);
    two.publish(&keys);
    let trusted = |settings: &mut Settings| {
        settings.issuers = vec![one.trusted().algorithms(&[ES256]), two.trusted().algorithms(&[EdDSA, RS256])];
    };
    let service = Service::start(&Issuer::start(), trusted);
    for key in &keys {
        for (issuer, allowed) in [(&one, &[ES256][..]), (&two, &[EdDSA, RS256])] {
            let token = issuer.token().audience(AUDIENCE).signed_by(key.clone());
            let answer = service.me_as(&token.sign()).await;
            if allowed.contains(&key.algorithm()) {
                assert_eq!(answer.status, 200, "{} {:?}", issuer.url(), key.algorithm());
            } else {
                assert_challenged(&answer, "Bearer", "invalid_token", "algorithm");
            }
        }
    }
}

/// As Auth0 and version 1 of Entra's tokens have it.
#[actix_web::test]
async fn an_issuer_of_the_kit_may_end_with_a_slash_or_have_a_path() {
    for url in ["https://tenant.eu.auth0.com/", "https://id.example/realms/main", "https://sts.windows.net/tenant/"] {
        let issuer = TestIssuer::at(url);
        let service = Service::start(&Issuer::start(), |settings| settings.issuers = vec![issuer.trusted()]);
        let token = issuer.token().audience(AUDIENCE);
        let answer = service.me_as(&token.sign()).await;
        assert_eq!((answer.status, &answer.json()["issuer"]), (200, &json!(url)), "{answer:?}");
        let other = if let Some(bare) = url.strip_suffix('/') { bare.to_owned() } else { format!("{url}/") };
        assert_challenged(
            &service.me_as(&token.issuer(&other).sign()).await,
            "Bearer",
            "invalid_token",
            "another issuer",
        );
    }
}

#[actix_web::test]
async fn people_sign_in_at_an_issuer_that_ends_with_a_slash() {
    let issuer = Issuer::start();
    let slash = format!("{}/", issuer.url);
    issuer.bend(|answers| answers.issuer.clone_from(&slash));
    for (url, status) in [(&slash, 303), (&issuer.url, 503)] {
        let service = Service::start(&issuer, |settings| {
            let config = BffConfig::new(IssuerUrl::parse_foreign(url).unwrap(), "front", settings.public_url.clone());
            settings.sessions = Some(Bff::new(config, Arc::new(MemoryStore::new())).unwrap());
        });
        let browser =
            reqwest::Client::builder().no_proxy().tls_certs_only([]).redirect(Policy::none()).build().unwrap();
        let answer = send(browser.get(format!("{}/bff/login", service.url))).await;
        assert_eq!(answer.status, status, "{url}: {answer:?}");
        if status == 303 {
            assert!(answer.header("location").starts_with(&format!("{slash}authorize?")), "{answer:?}");
        }
    }
}
