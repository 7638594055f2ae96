//! Sign in (authorization code with PKCE, OpenID Connect Core §3.1), refresh (§12), sign out (RP-Initiated Logout 1.0).

use crate::pages::{Answer, Problem, redirect};
use crate::{App, session::Session, session::SignedIn};
use actix_web::{HttpRequest, HttpResponse, http::header::LOCATION, web};
use openidconnect::core::{CoreAuthenticationFlow, CoreClient, CoreTokenResponse, CoreUserInfoClaims};
use openidconnect::{
    AccessTokenHash, AuthorizationCode, ClientId, CsrfToken, EndSessionUrl, EndpointMaybeSet, EndpointNotSet,
    EndpointSet, IssuerUrl, LogoutRequest, Nonce, NonceVerifier, OAuth2TokenResponse, PkceCodeChallenge,
    PostLogoutRedirectUrl, ProviderMetadataWithLogout, RedirectUrl, Scope, TokenResponse,
};
use std::{future::Future, pin::Pin};

const SCOPES: [&str; 5] = ["profile", "email", "offline_access", "notes:read", "notes:write"]; // and `openid`

type Client =
    CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointMaybeSet, EndpointMaybeSet>;
type HttpAnswer = Pin<Box<dyn Future<Output = Result<openidconnect::HttpResponse, reqwest::Error>> + Send>>;

#[derive(serde::Deserialize)]
pub(crate) struct Callback {
    code: Option<String>,
    state: Option<String>,
    iss: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
}

pub(crate) async fn sign_in(app: web::Data<App>) -> Answer {
    let (client, _) = app.provider().await?;
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let (url, state, nonce) = client
        .authorize_url(CoreAuthenticationFlow::AuthorizationCode, CsrfToken::new_random, Nonce::new_random)
        .add_scopes(SCOPES.map(|scope| Scope::new(scope.to_owned())))
        .set_pkce_challenge(challenge)
        .url();
    let cookie = app.sessions.begin(Session::Attempt(state, nonce, verifier), &app.config.base_url);
    Ok(HttpResponse::SeeOther().cookie(cookie).insert_header((LOCATION, url.as_str())).finish())
}

/// The person is back. An attempt is good for one answer, and only for the browser, request and issuer it belongs to.
#[expect(clippy::disallowed_types, reason = "a relying party reads its answers with its framework's own means")]
pub(crate) async fn callback(app: web::Data<App>, request: HttpRequest, answer: web::Query<Callback>) -> Answer {
    let answer = answer.into_inner();
    let Some(Session::Attempt(state, nonce, verifier)) = app.sessions.take(&request) else {
        return Problem::because("No sign-in is under way in this browser.");
    };
    if answer.state.as_ref() != Some(state.secret()) {
        return Problem::because("The answer belongs to another sign-in (state differs).");
    }
    // RFC 9207 §2.4: the answer of another issuer is refused before its code is used.
    if answer.iss.as_ref() != Some(&app.config.issuer) {
        return Problem::because("The answer comes from another issuer (iss differs).");
    }
    let Some(code) = answer.code.filter(|_| answer.error.is_none()) else {
        let (error, description) = (answer.error.unwrap_or_default(), answer.error_description.unwrap_or_default());
        return Problem::because(&format!("The issuer refused: {error}: {description}"));
    };
    let (client, _) = app.provider().await?;
    let exchange = client.exchange_code(AuthorizationCode::new(code))?.set_pkce_verifier(verifier);
    let tokens = exchange.request_async(&app.http()).await?;
    let signed_in = app.checked(&client, tokens, &nonce).await?;
    let cookie = app.sessions.begin(Session::SignedIn(Box::new(signed_in)), &app.config.base_url);
    Ok(HttpResponse::SeeOther().cookie(cookie).insert_header((LOCATION, "/")).finish())
}

pub(crate) async fn refresh(app: web::Data<App>, request: HttpRequest) -> Answer {
    let Some(old) = app.sessions.signed_in(&request) else { return Ok(redirect("/")) };
    let Some(token) = old.tokens.refresh_token() else { return Problem::because("There is no refresh token.") };
    let (client, _) = app.provider().await?;
    let tokens = client.exchange_refresh_token(token)?.request_async(&app.http()).await?;
    // OpenID Connect Core §12.2: a new ID token need not repeat the nonce, but must not have another; same `sub`.
    let same_nonce = |nonce: Option<&Nonce>| match nonce {
        Some(nonce) if Some(nonce.secret()) != old.claims.nonce().map(Nonce::secret) => {
            Err("the nonce differs".to_owned())
        }
        _ => Ok(()),
    };
    let mut new = app.checked(&client, tokens, same_nonce).await?;
    if new.claims.subject() != old.claims.subject() {
        return Problem::because("The new tokens are another person's.");
    }
    let refresh_token = new.tokens.refresh_token().or(old.tokens.refresh_token()).cloned();
    new.tokens.set_refresh_token(refresh_token);
    app.sessions.update(&request, |session| *session = SignedIn { notice: "The tokens are fresh.", ..new });
    Ok(redirect("/"))
}

/// Ends the session here first, then at the issuer, which sends the person back to the page that says so.
pub(crate) async fn sign_out(app: web::Data<App>, request: HttpRequest) -> Answer {
    let Some(Session::SignedIn(session)) = app.sessions.take(&request) else { return Ok(redirect("/signed-out")) };
    let (_, Some(endpoint)) = app.provider().await? else { return Ok(redirect("/signed-out")) };
    let id_token = session.tokens.id_token().expect("only checked tokens are kept, and they have an ID token");
    let back = PostLogoutRedirectUrl::new(format!("{}/signed-out", app.config.base_url))?;
    let logout = LogoutRequest::from(endpoint).set_id_token_hint(id_token).set_post_logout_redirect_uri(back);
    Ok(redirect(logout.http_get_url().as_str()))
}

impl App {
    /// Asked anew each time, so that rotated keys are never missed; a busy app would keep the answer for some minutes.
    async fn provider(&self) -> Result<(Client, Option<EndSessionUrl>), Problem> {
        let issuer = IssuerUrl::new(self.config.issuer.clone())?;
        let metadata = ProviderMetadataWithLogout::discover_async(issuer, &self.http()).await?;
        let end_session = metadata.additional_metadata().end_session_endpoint.clone();
        let client_id = ClientId::new(self.config.client_id.clone());
        let redirect_uri = RedirectUrl::new(format!("{}/callback", self.config.base_url))?;
        let client = CoreClient::from_provider_metadata(metadata, client_id, None).set_redirect_uri(redirect_uri);
        Ok((client, end_session))
    }

    /// Believes nothing before the ID token's signature, issuer, audience, times, nonce and `at_hash` are checked.
    async fn checked<N: NonceVerifier>(
        &self,
        client: &Client,
        tokens: CoreTokenResponse,
        nonce: N,
    ) -> Result<SignedIn, Problem> {
        let Some(id_token) = tokens.id_token() else { return Problem::because("The issuer sent no ID token.") };
        let (verifier, access_token) = (client.id_token_verifier(), tokens.access_token());
        let claims = id_token.claims(&verifier, nonce)?.clone();
        let hash =
            AccessTokenHash::from_token(access_token, id_token.signing_alg()?, id_token.signing_key(&verifier)?)?;
        if claims.access_token_hash().is_some_and(|expected| *expected != hash) {
            return Problem::because("The ID token was made for another access token.");
        }
        let question = client.user_info(access_token.clone(), Some(claims.subject().clone()))?;
        let user_info: CoreUserInfoClaims = question.request_async(&self.http()).await?;
        let user_info = serde_json::to_value(user_info)?;
        Ok(SignedIn { tokens, claims, user_info, notice: "", api_result: String::new() })
    }

    /// The adapter between the crate and our HTTP client.
    fn http(&self) -> impl Fn(openidconnect::HttpRequest) -> HttpAnswer + 'static {
        let client = self.http.clone();
        move |request| {
            let client = client.clone();
            Box::pin(async move {
                let answer = client.execute(request.try_into()?).await?;
                let (status, headers) = (answer.status(), answer.headers().clone());
                let mut response = openidconnect::HttpResponse::new(answer.bytes().await?.to_vec());
                (*response.status_mut(), *response.headers_mut()) = (status, headers);
                Ok(response)
            })
        }
    }
}
