//! The `openidconnect` crate as a relying party would use it: discovery, code flow with PKCE, ID token, UserInfo, refresh,
//! introspection, revocation, client credentials.

use std::future::Future;
use std::pin::Pin;

use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreGenderClaim, CoreProviderMetadata, CoreUserInfoClaims,
};
use openidconnect::{
    AsyncHttpClient, AuthorizationCode, ClientId, ClientSecret, CsrfToken, HttpRequest, HttpResponse, IssuerUrl, Nonce,
    OAuth2TokenResponse as _, PkceCodeChallenge, RedirectUrl, Scope, TokenResponse as _, UserInfoClaims,
};
use testkit::app::{CLIENT_SECRET, REDIRECT_URI};
use testkit::browser::{Browser, plain_http};
use testkit::database::TestDatabase;
use testkit::house::House;

/// The library takes any HTTP client; this is ours.
pub(crate) struct Http(pub reqwest::Client);

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = openidconnect::HttpClientError<reqwest::Error>;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, Self::Error>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let request = reqwest::Request::try_from(request).map_err(Box::new)?;
            let answer = self.0.execute(request).await.map_err(Box::new)?;
            let mut response = openidconnect::http::Response::builder().status(answer.status());
            for (name, value) in answer.headers() {
                response = response.header(name, value);
            }
            response
                .body(answer.bytes().await.map_err(Box::new)?.to_vec())
                .map_err(openidconnect::HttpClientError::Http)
        })
    }
}

#[actix_web::test]
async fn the_rust_library_signs_in_and_reads_claims() {
    let house = House::start(TestDatabase::sqlite()).await;
    let app = &house.app;
    let http = Http(plain_http().redirect(reqwest::redirect::Policy::none()).build().unwrap());
    let issuer = IssuerUrl::new(app.issuer.clone()).unwrap();
    let metadata = CoreProviderMetadata::discover_async(issuer, &http).await.unwrap();
    let id = ClientId::new("confidential".to_owned());
    let client = CoreClient::from_provider_metadata(metadata, id, Some(ClientSecret::new(CLIENT_SECRET.to_owned())))
        .set_redirect_uri(RedirectUrl::new(REDIRECT_URI.to_owned()).unwrap());

    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let (url, state, nonce) = client
        .authorize_url(CoreAuthenticationFlow::AuthorizationCode, CsrfToken::new_random, Nonce::new_random)
        .add_scopes(["profile", "email", "offline_access"].map(|scope| Scope::new(scope.to_owned())))
        .set_pkce_challenge(challenge)
        .url();
    let answer = Browser::new(app).authorize(url.as_str()).await;
    assert_eq!(&answer["state"], state.secret());

    let code = AuthorizationCode::new(answer["code"].clone());
    let tokens = client.exchange_code(code).unwrap().set_pkce_verifier(verifier).request_async(&http).await.unwrap();
    let claims = tokens.id_token().expect("an ID token").claims(&client.id_token_verifier(), &nonce).unwrap().clone();
    let userinfo: UserInfoClaims<openidconnect::EmptyAdditionalClaims, CoreGenderClaim> = client
        .user_info(tokens.access_token().clone(), Some(claims.subject().clone()))
        .unwrap()
        .request_async(&http)
        .await
        .unwrap();
    let userinfo: CoreUserInfoClaims = userinfo;
    assert_eq!(userinfo.email().map(|email| email.as_str()), Some("alice@example.test"));
    assert_eq!(userinfo.email_verified(), Some(true));

    let refreshed = client
        .exchange_refresh_token(tokens.refresh_token().expect("a refresh token"))
        .unwrap()
        .request_async(&http)
        .await
        .unwrap();
    let again = refreshed.id_token().unwrap().claims(&client.id_token_verifier(), |_: Option<&Nonce>| Ok(())).unwrap();
    assert_eq!(again.subject(), claims.subject());
}
