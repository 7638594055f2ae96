//! Parameters + client → `AuthorizeRequest`, or the refusal (RFC 6749 §4.1.1, OIDC Core §3.1.2, RFC 7636 §4.3).
//!
//! Whether the answer may be redirected was settled before, in `callback.rs`; what must be asked of the person is
//! settled after, in `decide.rs`.

use std::borrow::Cow;

use super::callback::STATE_LIMIT;
use super::prompt::Prompt;
use super::response_type::{ResponseMode, ResponseType};
use crate::claims::ClaimsRequest;
use crate::client::{Client, GrantType, PkcePolicy};
use crate::error::{ErrorCode, OAuthError};
use crate::ids::ClientId;
use crate::params::Params;
use crate::pkce::Challenge;
use crate::scope::{self, Scope};
use crate::time::Seconds;

/// The only code challenge method; `plain` shows the verifier to whoever sees the request.
pub const CODE_CHALLENGE_METHODS: &[&str] = &["S256"];

pub(super) const REQUEST_LIMIT: usize = 16 * 1024;
const NONCE_LIMIT: usize = 512;
const LOGIN_HINT_LIMIT: usize = 256;
const LIST_LIMIT: usize = 20;

/// A request that this client may make. Holds what is decided upon; `state` and the response mode stay in the callback.
///
/// `acr_values` is not here on purpose: OIDC Core §3.1.2.1 makes it a voluntary wish, every login reaches the one level there
/// is, and the ID token tells which. An essential `acr` is among `claims`.
#[derive(Clone, Debug)]
pub struct AuthorizeRequest {
    pub client_id: ClientId,
    pub response_type: ResponseType,
    pub redirect_uri: String,
    /// As sent. Answers carry it through the callback; here it is for `s_hash`.
    pub state: Option<String>,
    pub scope: Scope,
    pub nonce: Option<String>,
    pub code_challenge: Option<Challenge>,
    pub prompt: Prompt,
    pub max_age: Option<Seconds>,
    /// A name to put into the form; never an identity.
    pub login_hint: Option<String>,
    /// Not verified here.
    pub id_token_hint: Option<String>,
    pub ui_locales: Vec<String>,
    pub claims: ClaimsRequest,
}

impl AuthorizeRequest {
    pub fn check(params: &Params, client: &Client) -> Result<Self, OAuthError> {
        check_form(params)?;
        refuse_unsupported(params)?;
        let response_type = read_response_type(params, client)?;
        check_response_mode(params, client, response_type)?;
        Ok(Self {
            client_id: client.id.clone(),
            response_type,
            state: read_text(params, "state", STATE_LIMIT)?,
            redirect_uri: params.require("redirect_uri")?.to_owned(),
            scope: read_scope(params, client, response_type)?,
            nonce: read_nonce(params, response_type)?,
            code_challenge: read_challenge(params, client, response_type)?,
            prompt: params.get("prompt")?.map(Prompt::parse).transpose()?.unwrap_or_default(),
            max_age: read_max_age(params)?.or(client.default_max_age),
            login_hint: read_text(params, "login_hint", LOGIN_HINT_LIMIT)?,
            id_token_hint: params.get("id_token_hint")?.map(str::to_owned),
            ui_locales: read_list(params, "ui_locales")?,
            claims: read_claims(params, client)?,
        })
    }

    /// What the person is asked to allow: the scope, and the scopes of the claims that the request names one by one.
    pub fn asked_scope(&self) -> Scope {
        self.scope.union(&self.claims.scopes())
    }
}

/// What is wrong with the request whatever it asks for.
fn check_form(params: &Params) -> Result<(), OAuthError> {
    if params.encode().len() > REQUEST_LIMIT {
        return Err(OAuthError::new(ErrorCode::InvalidRequest, "the request is larger than 16 KiB"));
    }
    // RFC 6749 §3.1: "Request and response parameters MUST NOT be included more than once."
    params.refuse_duplicates()?;
    Ok(())
}

/// What changes the meaning of all other parameters and is not built must be refused, not ignored. Request objects were
/// taken apart before (`request_object.rs`), so none is left.
fn refuse_unsupported(params: &Params) -> Result<(), OAuthError> {
    // OIDC Core §7.2.1: a server that does not support it "MUST return the registration_not_supported error"; §6.1 and
    // §6.2 say the same of request and request_uri.
    for (name, code, description) in [
        ("request", ErrorCode::RequestNotSupported, "request objects are not supported here"),
        ("request_uri", ErrorCode::RequestUriNotSupported, "request_uri is not supported here"),
        ("registration", ErrorCode::RegistrationNotSupported, "the registration parameter is not supported"),
    ] {
        if params.get(name)?.is_some() {
            return Err(OAuthError::new(code, description).at(name));
        }
    }
    Ok(())
}

fn read_response_type(params: &Params, client: &Client) -> Result<ResponseType, OAuthError> {
    // RFC 6749 §3.1.1: "If an authorization request is missing the response_type parameter, or if the response type is
    // not understood, the authorization server MUST return an error response".
    let asked = params.require("response_type")?;
    let unsupported = |text| OAuthError::new(ErrorCode::UnsupportedResponseType, text).at("response_type");
    let response_type = ResponseType::in_any_order(asked)
        .ok_or_else(|| unsupported("response_type is none that this server knows; most clients use code"))?;
    if client.response_types.contains(&response_type) {
        return Ok(response_type);
    }
    if response_type == ResponseType::Code || client.response_types.is_empty() {
        let description = "this client is not registered for the authorization code grant";
        return Err(OAuthError::new(ErrorCode::UnauthorizedClient, description).at("response_type"));
    }
    // RFC 9700 §2.1.2: every other type is off unless the client is registered for it.
    Err(unsupported("this response_type is not registered for this client; use code"))
}

fn check_response_mode(params: &Params, client: &Client, response_type: ResponseType) -> Result<(), OAuthError> {
    let asked = match params.get("response_mode")?.map(ResponseMode::parse) {
        None => response_type.default_mode(),
        Some(Some(mode)) => mode,
        Some(None) => return Err(invalid("response_mode", "response_mode must be query, fragment or form_post")),
    };
    if !response_type.allows(asked) {
        return Err(invalid("response_mode", "response_mode query is for response_type code only"));
    }
    if !client.response_modes.contains(&asked) {
        return Err(invalid("response_mode", format!("response_mode {asked} is not registered for this client")));
    }
    Ok(())
}

fn read_nonce(params: &Params, response_type: ResponseType) -> Result<Option<String>, OAuthError> {
    let nonce = read_text(params, "nonce", NONCE_LIMIT)?;
    // OIDC Core §3.2.2.1: "Use of the nonce Claim is REQUIRED for this flow", and §3.3.2.11 for the hybrid flow when an ID
    // token comes from the authorization endpoint.
    if response_type.has_id_token() && nonce.is_none() {
        return Err(invalid("nonce", format!("nonce is required with response_type {response_type}")));
    }
    Ok(nonce)
}

fn read_scope(params: &Params, client: &Client, response_type: ResponseType) -> Result<Scope, OAuthError> {
    // RFC 6749 §3.3: without a scope "the authorization server MUST either process the request using a pre-defined default
    // value or fail the request indicating an invalid scope".
    let missing = || OAuthError::new(ErrorCode::InvalidScope, "scope is missing; name what you ask for").at("scope");
    let mut asked = Scope::parse(params.get("scope")?.ok_or_else(missing)?)?;
    if !client.allows(GrantType::RefreshToken) || !response_type.has_code() {
        // OIDC Core §11: the server "MUST ignore the offline_access request unless the Client is using a response_type value
        // that would result in an Authorization Code being returned"; so too where no refresh token is registered.
        asked = asked.iter().filter(|token| token.as_str() != scope::OFFLINE_ACCESS).cloned().collect();
    }
    if let Some(other) = asked.iter().find(|token| !client.scope.contains(token.as_str())) {
        let description = format!("scope {other} is not registered for this client");
        return Err(OAuthError::new(ErrorCode::InvalidScope, description).at("scope"));
    }
    if asked.is_empty() {
        return Err(OAuthError::new(ErrorCode::InvalidScope, "scope names nothing that can be granted").at("scope"));
    }
    // OIDC Core §3.2.2.1: every response type but code belongs to an OpenID Connect request.
    if response_type != ResponseType::Code && !asked.contains(scope::OPENID) {
        let description = format!("response_type {response_type} needs the scope openid");
        return Err(OAuthError::new(ErrorCode::InvalidScope, description).at("scope"));
    }
    Ok(asked)
}

/// A challenge binds a code, so a request that brings none needs none; one that is sent must be right all the same.
fn read_challenge(
    params: &Params,
    client: &Client,
    response_type: ResponseType,
) -> Result<Option<Challenge>, OAuthError> {
    let method = params.get("code_challenge_method")?;
    let Some(challenge) = params.get("code_challenge")? else {
        if method.is_some() {
            return Err(invalid("code_challenge", "code_challenge_method needs a code_challenge"));
        }
        // RFC 9700 §2.1.1: "Public clients MUST use PKCE"; confidential ones do unless they are registered as exempt.
        return match client.pkce {
            _ if !response_type.has_code() => Ok(None),
            PkcePolicy::Optional if client.is_confidential() => Ok(None),
            PkcePolicy::Optional | PkcePolicy::Required => {
                Err(invalid("code_challenge", "code_challenge is required, with code_challenge_method S256"))
            }
        };
    };
    // RFC 7636 §4.3: the method "defaults to plain if not present", so an absent one is refused like any other than
    // S256.
    if !method.is_some_and(|method| CODE_CHALLENGE_METHODS.contains(&method)) {
        return Err(invalid("code_challenge_method", "code_challenge_method must be S256"));
    }
    Challenge::parse(challenge).map(Some)
}

fn read_max_age(params: &Params) -> Result<Option<Seconds>, OAuthError> {
    let Some(text) = params.get("max_age")? else { return Ok(None) };
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(seconds) if digits => Ok(Some(Seconds(seconds))),
        Ok(_) | Err(_) => Err(invalid("max_age", "max_age must be a number of seconds, 0 or more")),
    }
}

fn read_claims(params: &Params, client: &Client) -> Result<ClaimsRequest, OAuthError> {
    match params.get("claims")? {
        None => Ok(ClaimsRequest::default()),
        Some(json) => Ok(ClaimsRequest::parse(json)?.within(&client.scope)),
    }
}

fn read_text(params: &Params, name: &'static str, limit: usize) -> Result<Option<String>, OAuthError> {
    match params.get(name)? {
        Some(text) if text.len() > limit => Err(invalid(name, format!("{name} is longer than {limit} bytes"))),
        text => Ok(text.map(str::to_owned)),
    }
}

/// A space-separated list in order of preference; what stands behind the limit is of no use to anybody.
fn read_list(params: &Params, name: &'static str) -> Result<Vec<String>, OAuthError> {
    let text = params.get(name)?.unwrap_or_default();
    Ok(text.split(' ').filter(|item| !item.is_empty()).take(LIST_LIMIT).map(str::to_owned).collect())
}

fn invalid(parameter: &'static str, description: impl Into<Cow<'static, str>>) -> OAuthError {
    OAuthError::new(ErrorCode::InvalidRequest, description).at(parameter)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::client::TokenEndpointAuthMethod;
    use crate::client::tests::sample;
    use proptest::prelude::*;

    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    /// A request that passes, with `changes` put in; an empty value takes the parameter out.
    pub(crate) fn params(changes: &[(&str, &str)]) -> Params {
        let mut pairs = vec![
            ("client_id", "notes"),
            ("redirect_uri", "https://notes.example/callback"),
            ("response_type", "code"),
            ("scope", "openid profile"),
            ("state", "af0ifjsldkj"),
            ("nonce", "n-0S6_WzA2Mj"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        pairs.retain(|(name, _)| !changes.iter().any(|(changed, _)| name == changed));
        pairs.extend(changes);
        Params::from_pairs(pairs)
    }

    pub(crate) fn checked(changes: &[(&str, &str)]) -> AuthorizeRequest {
        AuthorizeRequest::check(&params(changes), &sample()).expect("is a good request")
    }

    fn refused(changes: &[(&str, &str)]) -> (ErrorCode, Option<&'static str>) {
        refused_for(&sample(), changes)
    }

    fn refused_for(client: &Client, changes: &[(&str, &str)]) -> (ErrorCode, Option<&'static str>) {
        let error = AuthorizeRequest::check(&params(changes), client).expect_err("is a bad request");
        (error.code, error.parameter)
    }

    #[test]
    fn a_good_request_is_read_whole() {
        let request = checked(&[
            ("max_age", "300"),
            ("login_hint", "ada"),
            ("ui_locales", "de en"),
            ("acr_values", "1 2"),
            ("id_token_hint", "a.b.c"),
            ("prompt", "login consent"),
            ("claims", r#"{"userinfo":{"name":{"essential":true}}}"#),
            ("display", "popup"),
            ("extra", "ignored"),
        ]);
        assert_eq!(request.scope.to_string(), "openid profile");
        assert_eq!(request.nonce.as_deref(), Some("n-0S6_WzA2Mj"));
        assert_eq!(request.code_challenge, Challenge::parse(CHALLENGE).ok());
        assert_eq!(request.max_age, Some(Seconds(300)));
        assert_eq!(request.login_hint.as_deref(), Some("ada"));
        assert_eq!(request.ui_locales, ["de", "en"]);
        assert!(request.claims.userinfo["name"].essential);
    }

    #[test]
    fn every_parameter_that_is_sent_twice_is_refused() {
        for name in ["state", "scope", "nonce", "prompt", "code_challenge", "response_type", "unheard_of"] {
            let doubled = params(&[(name, "x"), (name, "x")]);
            let error = AuthorizeRequest::check(&doubled, &sample()).expect_err(name);
            assert_eq!(error.code, ErrorCode::InvalidRequest, "{name}");
        }
    }

    #[test]
    fn only_the_response_type_code_exists() {
        assert_eq!(refused(&[("response_type", "")]), (ErrorCode::InvalidRequest, Some("response_type")));
        for other in ["token", "id_token", "code id_token", "none", "CODE"] {
            let (code, parameter) = refused(&[("response_type", other)]);
            assert_eq!((code, parameter), (ErrorCode::UnsupportedResponseType, Some("response_type")), "{other}");
        }
    }

    #[test]
    fn request_objects_and_inline_registration_are_refused_by_name() {
        assert_eq!(refused(&[("request", "e30.e30.")]).0, ErrorCode::RequestNotSupported);
        assert_eq!(refused(&[("request_uri", "https://a.example/r")]).0, ErrorCode::RequestUriNotSupported);
        assert_eq!(refused(&[("registration", "{}")]).0, ErrorCode::RegistrationNotSupported);
        let inside_the_object = [("request", "e30.e30."), ("response_type", ""), ("scope", "")];
        assert_eq!(refused(&inside_the_object).0, ErrorCode::RequestNotSupported);
    }

    #[test]
    fn a_client_without_the_code_grant_is_refused() {
        let grant_types = vec![GrantType::ClientCredentials];
        let client = Client { grant_types, response_types: Vec::new(), ..sample() };
        assert_eq!(refused_for(&client, &[]).0, ErrorCode::UnauthorizedClient);
    }

    /// A client that is registered for every response type and needs no challenge.
    fn every_response_type() -> Client {
        Client { response_types: ResponseType::ALL.to_vec(), pkce: PkcePolicy::Optional, ..sample() }
    }

    #[test]
    fn every_response_type_is_off_unless_it_is_registered() {
        for kind in ResponseType::ALL.iter().filter(|kind| **kind != ResponseType::Code) {
            let asked = [("response_type", kind.name())];
            assert_eq!(refused(&asked), (ErrorCode::UnsupportedResponseType, Some("response_type")), "{kind}");
            let request = AuthorizeRequest::check(&params(&asked), &every_response_type()).expect("is registered");
            assert_eq!(request.response_type, *kind);
        }
        let only_id_token = Client { response_types: vec![ResponseType::IdToken], ..sample() };
        assert_eq!(refused_for(&only_id_token, &[]), (ErrorCode::UnauthorizedClient, Some("response_type")));
        for unknown in ["token", "none", "code none", "Code"] {
            let refusal = refused_for(&every_response_type(), &[("response_type", unknown)]);
            assert_eq!(refusal, (ErrorCode::UnsupportedResponseType, Some("response_type")), "{unknown}");
        }
    }

    #[test]
    fn a_nonce_is_required_where_an_id_token_comes_from_here() {
        for kind in ResponseType::ALL {
            let changes = [("response_type", kind.name()), ("nonce", "")];
            let outcome = AuthorizeRequest::check(&params(&changes), &every_response_type());
            assert_eq!(outcome.is_err(), kind.has_id_token(), "{kind}");
            if let Err(error) = outcome {
                assert_eq!((error.code, error.parameter), (ErrorCode::InvalidRequest, Some("nonce")));
            }
        }
    }

    #[test]
    fn tokens_never_travel_in_the_query_nor_in_a_mode_that_is_not_registered() {
        for kind in ResponseType::ALL {
            for mode in ResponseMode::ALL {
                let changes = [("response_type", kind.name()), ("response_mode", mode.name())];
                let outcome = AuthorizeRequest::check(&params(&changes), &every_response_type());
                assert_eq!(outcome.is_ok(), kind.allows(*mode), "{kind} {mode}");
            }
        }
        let client = Client { response_modes: vec![ResponseMode::Fragment], ..every_response_type() };
        assert_eq!(refused_for(&client, &[]).1, Some("response_mode"), "the default mode counts too");
    }

    #[test]
    fn every_other_response_type_is_openid_connect_and_never_offline() {
        for kind in ResponseType::ALL.iter().filter(|kind| **kind != ResponseType::Code) {
            let changes = [("response_type", kind.name()), ("scope", "profile")];
            assert_eq!(refused_for(&every_response_type(), &changes).0, ErrorCode::InvalidScope, "{kind}");
            let changes = [("response_type", kind.name()), ("scope", "openid offline_access")];
            let request = AuthorizeRequest::check(&params(&changes), &every_response_type()).expect("is good");
            assert_eq!(request.scope.contains("offline_access"), kind.has_code(), "{kind}");
        }
    }

    #[test]
    fn without_a_code_there_is_nothing_to_bind() {
        let client = Client { pkce: PkcePolicy::Required, ..every_response_type() };
        let nothing = [("code_challenge", ""), ("code_challenge_method", "")];
        for kind in ResponseType::ALL {
            let changes = [&nothing[..], &[("response_type", kind.name())]].concat();
            assert_eq!(AuthorizeRequest::check(&params(&changes), &client).is_err(), kind.has_code(), "{kind}");
        }
    }

    #[test]
    fn pkce_is_required_and_only_s256_counts() {
        let nothing = [("code_challenge", ""), ("code_challenge_method", "")];
        assert_eq!(refused(&nothing), (ErrorCode::InvalidRequest, Some("code_challenge")));
        assert_eq!(refused(&[("code_challenge", "")]).1, Some("code_challenge"), "a method alone");
        for method in ["", "plain", "s256", "S512"] {
            assert_eq!(refused(&[("code_challenge_method", method)]).1, Some("code_challenge_method"), "{method}");
        }
        for challenge in [&CHALLENGE[1..], &format!("{CHALLENGE}A"), &CHALLENGE.replace('-', "+")] {
            assert_eq!(refused(&[("code_challenge", challenge)]).1, Some("code_challenge"), "{challenge}");
        }
    }

    #[test]
    fn only_a_confidential_client_may_be_exempt_from_pkce() {
        let nothing = [("code_challenge", ""), ("code_challenge_method", "")];
        let exempt = Client { pkce: PkcePolicy::Optional, ..sample() };
        let request = AuthorizeRequest::check(&params(&nothing), &exempt).expect("is exempt");
        assert_eq!(request.code_challenge, None);
        let public = Client { token_endpoint_auth_method: TokenEndpointAuthMethod::None, ..exempt };
        assert_eq!(refused_for(&public, &nothing).1, Some("code_challenge"));
    }

    #[test]
    fn a_scope_that_is_missing_or_not_registered_is_named() {
        assert_eq!(refused(&[("scope", "")]), (ErrorCode::InvalidScope, Some("scope")));
        let error = AuthorizeRequest::check(&params(&[("scope", "openid notes:write")]), &sample());
        let error = error.expect_err("is not registered");
        assert_eq!(error.code, ErrorCode::InvalidScope);
        assert!(error.description.contains("notes:write"));
    }

    #[test]
    fn offline_access_is_dropped_for_a_client_without_refresh_tokens() {
        assert!(checked(&[("scope", "openid offline_access")]).scope.contains("offline_access"));
        let client = Client { grant_types: vec![GrantType::AuthorizationCode], ..sample() };
        let request = AuthorizeRequest::check(&params(&[("scope", "openid offline_access")]), &client);
        assert_eq!(request.expect("is reduced").scope.to_string(), "openid");
        assert_eq!(refused_for(&client, &[("scope", "offline_access")]).0, ErrorCode::InvalidScope);
    }

    #[test]
    fn max_age_is_a_plain_number() {
        assert_eq!(checked(&[("max_age", "0")]).max_age, Some(Seconds(0)));
        for bad in ["-1", "+1", "1.5", "ten", "99999999999999999999"] {
            assert_eq!(refused(&[("max_age", bad)]), (ErrorCode::InvalidRequest, Some("max_age")), "{bad}");
        }
    }

    #[test]
    fn the_default_max_age_of_the_client_applies_when_none_is_sent() {
        let client = Client { default_max_age: Some(Seconds(60)), ..sample() };
        let check = |changes: &[_]| AuthorizeRequest::check(&params(changes), &client).expect("is good").max_age;
        assert_eq!(check(&[]), Some(Seconds(60)));
        assert_eq!(check(&[("max_age", "900")]), Some(Seconds(900)));
    }

    #[test]
    fn oversized_values_are_refused_by_name() {
        for (name, limit) in [("state", 2048), ("nonce", 512), ("login_hint", 256)] {
            assert!(AuthorizeRequest::check(&params(&[(name, &"x".repeat(limit))]), &sample()).is_ok(), "{name}");
            assert_eq!(refused(&[(name, &"x".repeat(limit + 1))]).1, Some(name));
        }
        assert_eq!(refused(&[("extra", &"x".repeat(16 * 1024))]).0, ErrorCode::InvalidRequest);
    }

    #[test]
    fn an_unknown_response_mode_is_refused() {
        assert_eq!(refused(&[("response_mode", "query.jwt")]).1, Some("response_mode"));
        assert!(AuthorizeRequest::check(&params(&[("response_mode", "form_post")]), &sample()).is_ok());
    }

    #[test]
    fn a_claim_of_a_scope_that_is_not_registered_is_ignored() {
        let request = checked(&[("claims", r#"{"userinfo":{"email":null,"name":null},"id_token":{"groups":null}}"#)]);
        assert_eq!(request.claims.userinfo.keys().collect::<Vec<_>>(), ["name"]);
        assert!(request.claims.id_token.is_empty());
        assert_eq!(request.asked_scope().to_string(), "openid profile");
    }

    proptest! {
        #[test]
        fn the_scope_stays_within_what_was_asked_and_what_is_registered(
            asked in "[a-d ]{1,12}",
            registered in "[a-d ]{0,8}",
        ) {
            let client = Client { scope: Scope::parse(&registered).expect("is a scope"), ..sample() };
            if let Ok(request) = AuthorizeRequest::check(&params(&[("scope", &asked)]), &client) {
                prop_assert!(request.scope.is_subset(&Scope::parse(&asked).expect("was read before")));
                prop_assert!(request.scope.is_subset(&client.scope));
                prop_assert!(!request.scope.is_empty());
            }
        }

        #[test]
        fn no_text_makes_the_check_panic(name in "[a-z_]{1,12}", value in "\\PC{0,40}") {
            let _ = AuthorizeRequest::check(&params(&[(&name, &value)]), &sample());
            let _ = AuthorizeRequest::check(&params(&[("claims", &value), ("prompt", &value)]), &sample());
        }
    }
}
