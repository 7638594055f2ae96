//! The modules about redirect URIs (RFC 6749 §3.1.2, OpenID Connect Core §3.1.2.1): with a bad one the person sees an error page,
//! and the browser is sent nowhere.

use serde_json::json;

use super::client::{Module, Round};
use super::suite::{core, dynamic};

/// Nothing but a page of the server, which carries the id of the contract once.
fn is_an_error_page(round: &Round) {
    assert_eq!(round.page.location(), None);
    assert!(round.seen.is_empty() && round.page.status.is_client_error());
    assert_eq!(round.page.body.matches("id=\"error-page\"").count(), 1, "{}", round.page.body);
}

#[actix_web::test]
async fn ensure_registered_redirect_uri() {
    core()
        .run(async |module| {
            let other = format!("{}/callback/{}", module.base, super::keys::random(10));
            is_an_error_page(&module.open(&[("redirect_uri", &other)]).await);
        })
        .await;
}

#[actix_web::test]
async fn ensure_redirect_uri_in_authorization_request() {
    dynamic()
        .adding(json!({ "redirect_uris": ["B/callback", "https://example.org/redirect"] }))
        .run(async |module| is_an_error_page(&module.open(&[("redirect_uri", "")]).await))
        .await;
}

/// The query of the registered URI comes back with the answer; that it does is checked of every answer.
#[actix_web::test]
async fn redirect_uri_query_ok() {
    dynamic()
        .adding(json!({ "redirect_uris": ["B/callback?bar=foo"] }))
        .run(async |module| {
            assert!(module.redirect_uri.ends_with("/callback?bar=foo"));
            module.flow(&[]).await;
        })
        .await;
}

async fn with_another_query(module: &Module<'_>) {
    let other = format!("{}/callback?foo=bar", module.base);
    is_an_error_page(&module.open(&[("redirect_uri", &other)]).await);
}

#[actix_web::test]
async fn redirect_uri_query_mismatch() {
    dynamic().adding(json!({ "redirect_uris": ["B/callback?bar=foo"] })).run(with_another_query).await;
}

#[actix_web::test]
async fn redirect_uri_query_added() {
    dynamic().run(with_another_query).await;
}
