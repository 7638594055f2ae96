//! Everything of OpenID Connect that the `openidconnect` crate has, with clients that register themselves.

use auth::clock::Clock;
use openidconnect::core::{
    CoreAuthPrompt, CoreAuthenticationFlow, CoreClient, CoreClientAuthMethod, CoreClientRegistrationRequest,
    CoreGrantType, CoreIdToken, CoreIdTokenClaims, CoreIdTokenVerifier, CoreJwsSigningAlgorithm, CoreResponseType,
    CoreSubjectIdentifierType, CoreUserInfoClaims,
};
use openidconnect::registration::EmptyAdditionalClientMetadata;
use openidconnect::{
    AccessToken, AccessTokenHash, AuthType, AuthenticationFlow, AuthorizationCode, AuthorizationCodeHash, ClientId,
    ClientSecret, CsrfToken, EndpointMaybeSet, EndpointNotSet, EndpointSet, IntrospectionUrl, IssuerUrl, LogoutRequest,
    Nonce, OAuth2TokenResponse as _, PkceCodeChallenge, PostLogoutRedirectUrl, ProviderMetadataWithLogout, RedirectUrl,
    RefreshToken, ResponseTypes, RevocationUrl, Scope, TokenIntrospectionResponse as _, TokenResponse as _,
    UserInfoResponseType,
};
use reqwest::redirect::Policy;
use reqwest::{Certificate, ClientBuilder};
use testkit::app::{CLIENT_SECRET, REDIRECT_URI, TestApp, TestOptions};
use testkit::browser::{Answer, Browser, plain_http};
use testkit::database::TestDatabase;
use testkit::elsewhere::Authority;

use crate::openid_clients::everything;
use crate::openidconnect_client::Http;

type Party =
    CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointMaybeSet, EndpointMaybeSet>;

/// A server on https with everything switched on, and what a relying party knows of it.
struct Provider {
    app: TestApp,
    authority: Authority,
    http: Http,
    metadata: ProviderMetadataWithLogout,
}

/// What one sign-in brought, everything checked.
#[derive(Default)]
struct Brought {
    claims: Option<CoreIdTokenClaims>,
    id_token: Option<CoreIdToken>,
    access_tokens: Vec<AccessToken>,
    refresh_token: Option<RefreshToken>,
}

impl Provider {
    async fn start() -> Self {
        let authority = Authority::new();
        let options = TestOptions {
            clock: Clock::System,
            tls: Some(authority.certify(&["localhost"])),
            config: Box::new(everything),
            ..TestOptions::default()
        };
        let app = TestApp::start_with(TestDatabase::sqlite(), options).await;
        let http = Http(trusting(&authority).redirect(Policy::none()).build().unwrap());
        let issuer = IssuerUrl::new(app.issuer.clone()).unwrap();
        let metadata = ProviderMetadataWithLogout::discover_async(issuer, &http).await.unwrap();
        Self { app, authority, http, metadata }
    }

    fn browser(&self) -> Browser {
        Browser::over(&self.app.issuer, trusting(&self.authority))
    }

    /// A client that may do everything, with `change` to its metadata.
    async fn register(
        &self,
        change: impl FnOnce(CoreClientRegistrationRequest) -> CoreClientRegistrationRequest,
    ) -> Party {
        let redirect_uri = RedirectUrl::new(REDIRECT_URI.to_owned()).unwrap();
        let request = CoreClientRegistrationRequest::new(vec![redirect_uri.clone()], EmptyAdditionalClientMetadata {})
            .set_response_types(Some(flows().iter().map(|(_, kinds)| ResponseTypes::new(kinds.clone())).collect()))
            .set_grant_types(Some(vec![
                CoreGrantType::AuthorizationCode,
                CoreGrantType::Implicit,
                CoreGrantType::RefreshToken,
            ]));
        let endpoint = self.metadata.registration_endpoint().unwrap();
        let registered = change(request).register_async(endpoint, &self.http).await.unwrap();
        let (id, secret) = (registered.client_id().clone(), registered.client_secret().cloned());
        CoreClient::from_provider_metadata(self.metadata.clone(), id, secret).set_redirect_uri(redirect_uri)
    }

    async fn sign_in(&self, party: &Party, algorithm: &CoreJwsSigningAlgorithm, flow: &Flow, mode: &str) -> Brought {
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let mut request = party
            .authorize_url(flow.clone(), CsrfToken::new_random, Nonce::new_random)
            .add_scopes(["email", "offline_access"].map(|scope| Scope::new(scope.to_owned())))
            .add_prompt(CoreAuthPrompt::Consent)
            .add_extra_param("response_mode", mode);
        let has_code = !matches!(flow, AuthenticationFlow::Implicit(_));
        if has_code {
            request = request.set_pkce_challenge(challenge);
        }
        let (url, state, nonce) = request.url();
        let answer = self.answer(url.as_str(), mode).await;
        assert_eq!((&answer["state"], &answer["iss"]), (state.secret(), &self.app.issuer));

        let id_tokens = party.id_token_verifier().set_allowed_algs([algorithm.clone()]);
        let mut brought = Brought::default();
        let first = answer.get("access_token").map(|token| AccessToken::new(token.clone()));
        let code = answer.get("code").map(|code| AuthorizationCode::new(code.clone()));
        if let Some(token) = answer.get("id_token") {
            let token: CoreIdToken = token.parse().unwrap();
            brought.claims = Some(checked(&token, &id_tokens, &nonce, (first.as_ref(), code.as_ref())));
            brought.id_token = Some(token);
        }
        brought.access_tokens.extend(first);
        if let Some(code) = code {
            let tokens = party.exchange_code(code).unwrap().set_pkce_verifier(verifier).request_async(&self.http).await;
            let tokens = tokens.unwrap();
            let token = tokens.id_token().unwrap();
            let claims = checked(token, &id_tokens, &nonce, (Some(tokens.access_token()), None));
            assert!(brought.claims.as_ref().is_none_or(|first| first.subject() == claims.subject()));
            brought.access_tokens.push(tokens.access_token().clone());
            brought.refresh_token = tokens.refresh_token().cloned();
            (brought.claims, brought.id_token) = (Some(claims), Some(token.clone()));
        }
        brought
    }

    async fn answer(&self, url: &str, mode: &str) -> Answer {
        let page = self.browser().arrive(url).await;
        if mode == "form_post" {
            assert_eq!(page.form_action(), REDIRECT_URI);
            return page.hidden_fields().into_iter().collect();
        }
        let mark = if mode == "query" { '?' } else { '#' };
        assert!(page.location().unwrap().starts_with(&format!("{REDIRECT_URI}{mark}")), "{mode}");
        page.answer()
    }

    /// Each access token opens UserInfo, which is about the same person.
    async fn user_info(&self, party: &Party, brought: &Brought, signed: Signed) {
        let subject = brought.claims.as_ref().unwrap().subject();
        for token in &brought.access_tokens {
            let mut request = party.user_info(token.clone(), Some(subject.clone())).unwrap();
            if signed == Signed::Yes {
                request = request.set_response_type(UserInfoResponseType::Jwt).require_signed_response(true);
            }
            let claims: CoreUserInfoClaims = request.request_async(&self.http).await.unwrap();
            assert_eq!(claims.email().unwrap().as_str(), "alice@example.test");
        }
    }
}

pub(crate) fn trusting(authority: &Authority) -> ClientBuilder {
    plain_http().tls_certs_only([Certificate::from_pem(&std::fs::read(authority.file()).unwrap()).unwrap()])
}

type Flow = CoreAuthenticationFlow;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Signed {
    Yes,
    No,
}

fn flows() -> [(Flow, Vec<CoreResponseType>); 6] {
    use CoreResponseType::{Code, IdToken, Token};
    let hybrid = |kinds: Vec<CoreResponseType>| (AuthenticationFlow::Hybrid(kinds.clone()), kinds);
    [
        (AuthenticationFlow::AuthorizationCode, vec![Code]),
        (AuthenticationFlow::Implicit(false), vec![IdToken]),
        (AuthenticationFlow::Implicit(true), vec![IdToken, Token]),
        hybrid(vec![Code, IdToken]),
        hybrid(vec![Code, Token]),
        hybrid(vec![Code, IdToken, Token]),
    ]
}

/// The library checks signature, parties, times and nonce; the hashes it makes, and leaves the comparison to its caller.
fn checked(
    token: &CoreIdToken,
    verifier: &CoreIdTokenVerifier<'_>,
    nonce: &Nonce,
    (access_token, code): (Option<&AccessToken>, Option<&AuthorizationCode>),
) -> CoreIdTokenClaims {
    let claims = token.claims(verifier, nonce).unwrap().clone();
    let (algorithm, key) = (token.signing_alg().unwrap(), token.signing_key(verifier).unwrap());
    let at_hash = access_token.map(|token| AccessTokenHash::from_token(token, algorithm, key).unwrap());
    let c_hash = code.map(|code| AuthorizationCodeHash::from_code(code, algorithm, key).unwrap());
    assert_eq!((claims.access_token_hash(), claims.code_hash()), (at_hash.as_ref(), c_hash.as_ref()), "{algorithm:?}");
    claims
}

const RS256: CoreJwsSigningAlgorithm = CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256;

#[actix_web::test]
async fn the_rust_library_runs_every_response_type_and_mode() {
    let provider = Provider::start().await;
    let party = provider.register(|client| client).await;
    for (flow, kinds) in flows() {
        let modes: &[&str] = if kinds == [CoreResponseType::Code] {
            &["query", "fragment", "form_post"]
        } else {
            &["fragment", "form_post"]
        };
        for mode in modes {
            let brought = provider.sign_in(&party, &RS256, &flow, mode).await;
            let expected = usize::from(kinds.contains(&CoreResponseType::Token))
                + usize::from(kinds.contains(&CoreResponseType::Code));
            assert_eq!(brought.access_tokens.len(), expected, "{flow:?} {mode}");
            provider.user_info(&party, &brought, Signed::No).await;
            if expected == 0 {
                let email = brought.claims.unwrap().email().map(|email| email.as_str().to_owned());
                assert_eq!(email.as_deref(), Some("alice@example.test"), "no access token, so the claims are here");
            }
        }
    }
}

#[actix_web::test]
async fn the_rust_library_authenticates_in_each_way_it_has() {
    use CoreClientAuthMethod::{ClientSecretBasic, ClientSecretPost, None as Nothing};
    let provider = Provider::start().await;
    let flow = AuthenticationFlow::AuthorizationCode;
    for (method, kind) in [
        (Nothing, AuthType::RequestBody),
        (ClientSecretBasic, AuthType::BasicAuth),
        (ClientSecretPost, AuthType::RequestBody),
    ] {
        let register =
            |client: CoreClientRegistrationRequest| client.set_token_endpoint_auth_method(Some(method.clone()));
        let party = provider.register(register).await.set_auth_type(kind);
        let brought = provider.sign_in(&party, &RS256, &flow, "query").await;
        let refresh_token = brought.refresh_token.as_ref().unwrap();
        let refreshed =
            party.exchange_refresh_token(refresh_token).unwrap().request_async(&provider.http).await.unwrap();
        if method != Nothing {
            end(&provider, party.clone(), refreshed.access_token()).await;
            continue;
        }
        let access_tokens = vec![refreshed.access_token().clone()];
        provider.user_info(&party, &Brought { access_tokens, ..brought }, Signed::No).await;
    }
}

/// Introspection (RFC 7662) and revocation (RFC 7009).
async fn end(provider: &Provider, party: Party, token: &AccessToken) {
    let url = |path| provider.app.url(path);
    let party = party
        .set_introspection_url(IntrospectionUrl::new(url("/introspect")).unwrap())
        .set_revocation_url(RevocationUrl::new(url("/revoke")).unwrap());
    let active = async || party.introspect(token).request_async(&provider.http).await.unwrap().active();
    assert!(active().await);
    party.revoke_token(token.clone().into()).unwrap().request_async(&provider.http).await.unwrap();
    assert!(!active().await);
}

#[actix_web::test]
async fn the_rust_library_reads_every_signature() {
    use CoreJwsSigningAlgorithm::{EcdsaP256Sha256, EcdsaP384Sha384, EdDsa, RsaSsaPssSha256};
    let provider = Provider::start().await;
    for algorithm in [RS256, RsaSsaPssSha256, EcdsaP256Sha256, EcdsaP384Sha384, EdDsa] {
        // Its verifier of UserInfo answers takes RS256 alone.
        let signed = if algorithm == RS256 { Signed::Yes } else { Signed::No };
        let register = |client: CoreClientRegistrationRequest| {
            client
                .set_id_token_signed_response_alg(Some(algorithm.clone()))
                .set_userinfo_signed_response_alg((signed == Signed::Yes).then_some(RS256))
        };
        let party = provider.register(register).await;
        for (flow, _) in flows() {
            let brought = provider.sign_in(&party, &algorithm, &flow, "fragment").await;
            provider.user_info(&party, &brought, signed).await;
        }
    }
}

#[actix_web::test]
async fn the_rust_library_gets_a_pairwise_subject() {
    let provider = Provider::start().await;
    let mut subjects = Vec::new();
    for kind in [CoreSubjectIdentifierType::Public, CoreSubjectIdentifierType::Pairwise] {
        let party = provider.register(|client| client.set_subject_type(Some(kind))).await;
        let brought = provider.sign_in(&party, &RS256, &AuthenticationFlow::AuthorizationCode, "query").await;
        provider.user_info(&party, &brought, Signed::No).await;
        subjects.push(brought.claims.unwrap().subject().clone());
    }
    assert_ne!(subjects[0], subjects[1]);
}

/// Its registration knows no `post_logout_redirect_uris`, so the client is one that an administrator registered.
#[actix_web::test]
async fn the_rust_library_signs_out() {
    let provider = Provider::start().await;
    let secret = Some(ClientSecret::new(CLIENT_SECRET.to_owned()));
    let id = ClientId::new("confidential".to_owned());
    let party: Party = CoreClient::from_provider_metadata(provider.metadata.clone(), id, secret)
        .set_redirect_uri(RedirectUrl::new(REDIRECT_URI.to_owned()).unwrap());
    let brought = provider.sign_in(&party, &RS256, &AuthenticationFlow::AuthorizationCode, "query").await;
    let url = |prompt| {
        let flow: Flow = AuthenticationFlow::AuthorizationCode;
        let request = party.authorize_url(flow, CsrfToken::new_random, Nonce::new_random).add_prompt(prompt);
        request.set_pkce_challenge(PkceCodeChallenge::new_random_sha256().0).url().0.to_string()
    };
    let browser = provider.browser();
    browser.authorize(&url(CoreAuthPrompt::Login)).await;
    assert!(browser.authorize(&url(CoreAuthPrompt::None)).await.contains_key("code"));

    let signed_out = "https://app.example.com/signed-out";
    let endpoint = provider.metadata.additional_metadata().end_session_endpoint.clone().unwrap();
    let request = LogoutRequest::from(endpoint)
        .set_id_token_hint(&brought.id_token.unwrap())
        .set_post_logout_redirect_uri(PostLogoutRedirectUrl::new(signed_out.to_owned()).unwrap())
        .set_state(CsrfToken::new("of-the-client".to_owned()));
    // The hint is of another session of the same person, so they are asked.
    let page = browser.open(request.http_get_url().as_str()).await;
    let page = browser.follow(browser.submit(&page, &[("decision", "yes")]).await).await;
    assert_eq!(page.location(), Some(format!("{signed_out}?state=of-the-client")), "{}", page.body);
    assert_eq!(browser.authorize(&url(CoreAuthPrompt::None)).await["error"], "login_required");
}
