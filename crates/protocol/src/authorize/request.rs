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

/// Bytes of a whole request, form-encoded.
pub const REQUEST_LIMIT: usize = 16 * 1024;
const NONCE_LIMIT: usize = 512;
const LOGIN_HINT_LIMIT: usize = 256;
const LIST_LIMIT: usize = 20;

/// A request that this client may make. Holds what is decided upon; `state` and the response mode stay in the callback.
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
    /// The levels that will do, as they were sent; those of the client when none were. An essential `acr` is among `claims`.
    pub acr_values: Vec<String>,
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
            acr_values: read_acr_values(params, client)?,
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

/// OIDC Registration §2, default_acr_values: they apply when neither `acr_values` nor an `acr` claim is asked for; the latter is
/// looked at beside these.
fn read_acr_values(params: &Params, client: &Client) -> Result<Vec<String>, OAuthError> {
    let sent = read_list(params, "acr_values")?;
    Ok(if sent.is_empty() { client.default_acr_values.clone() } else { sent })
}

fn invalid(parameter: &'static str, description: impl Into<Cow<'static, str>>) -> OAuthError {
    OAuthError::new(ErrorCode::InvalidRequest, description).at(parameter)
}

#[cfg(test)]
pub(crate) mod tests;
