//! `Callback`: the proof that an answer may leave for this redirect URI, and the only builder of such answers.
//!
//! RFC 6749 §4.1.2, OAuth 2.0 Form Post Response Mode, RFC 9207. Rules for the rest of the request: `request.rs`.

use url::form_urlencoded::byte_serialize;

use super::response_type::{ResponseMode, ResponseType};
use crate::client::Client;
use crate::error::{ErrorCode, OAuthError};
use crate::issuer::Issuer;
use crate::params::Params;
use crate::redirect_uri::{Destination, RegisteredRedirectUri};
use crate::scope::Scope;
use crate::time::Seconds;

/// `state` longer than this is not carried; [`super::request::AuthorizeRequest::check`] refuses such a request.
pub const STATE_LIMIT: usize = 2048;

/// A redirect URI that is registered for the client which asked, with what every answer to it must carry.
#[derive(Clone, Debug)]
pub struct Callback {
    redirect_uri: String,
    registered: RegisteredRedirectUri,
    state: Option<String>,
    mode: ResponseMode,
}

/// What a client gets from the authorization endpoint (OpenID Connect Core §3.1.2.5, §3.2.2.5, §3.3.2.5).
#[derive(Clone, Default)]
pub struct Granted {
    pub code: Option<String>,
    pub access_token: Option<GrantedToken>,
    pub id_token: Option<String>,
}

#[derive(Clone)]
pub struct GrantedToken {
    pub access_token: String,
    pub expires_in: Seconds,
    pub scope: Scope,
}

/// What the browser is told to do. The shell turns it into a `Location` or into the self-submitting page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    Redirect(String),
    FormPost { action: String, fields: Vec<(&'static str, String)> },
}

impl Callback {
    /// The only way to get one. An `Err` is shown on a page of ours and never redirected.
    pub fn resolve(client: &Client, params: &Params) -> Result<Self, OAuthError> {
        if params.require("client_id")? != client.id.as_str() {
            return Err(OAuthError::new(ErrorCode::InvalidRequest, "client_id names another client").at("client_id"));
        }
        if client.disabled_at.is_some() {
            return Err(OAuthError::new(ErrorCode::UnauthorizedClient, "this client is disabled").at("client_id"));
        }
        // OIDC Core §3.1.2.1: redirect_uri is "REQUIRED", also when only one is registered.
        let presented = params.require("redirect_uri")?;
        // RFC 9700 §2.1: "authorization servers MUST utilize exact string matching except for port numbers in localhost
        // redirection URIs of native apps". RFC 6749 §4.1.2.1: on a mismatch it "MUST NOT automatically redirect".
        let registered = client.redirect_uris.iter().find(|uri| uri.matches(presented)).ok_or_else(|| {
            OAuthError::new(ErrorCode::InvalidRequest, "redirect_uri is not registered for this client")
                .at("redirect_uri")
        })?;
        Ok(Self {
            redirect_uri: presented.to_owned(),
            registered: registered.clone(),
            state: presented_state(params).map(str::to_owned),
            mode: answer_mode(client, params),
        })
    }

    pub fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    /// What to show a person who is asked whether to go there.
    pub fn destination(&self) -> Destination<'_> {
        self.registered.destination()
    }

    pub fn refuse(&self, issuer: &Issuer, error: &OAuthError, trace_id: &str) -> Answer {
        // RFC 6749 §4.1.2.1: error is REQUIRED, error_description helps "the client developer in understanding the
        // error", error_uri is "a human-readable web page with information about the error".
        let fields = vec![
            ("error", error.code.wire().to_owned()),
            ("error_description", error.sentence()),
            ("error_uri", error.code.uri(issuer, trace_id)),
        ];
        self.answer(issuer, fields)
    }

    pub fn grant(&self, issuer: &Issuer, granted: Granted) -> Answer {
        let mut fields = Vec::new();
        fields.extend(granted.code.map(|code| ("code", code)));
        if let Some(token) = granted.access_token {
            // RFC 6749 §4.2.2: token_type is REQUIRED, expires_in RECOMMENDED.
            fields.extend([
                ("access_token", token.access_token),
                ("token_type", "Bearer".to_owned()),
                ("expires_in", token.expires_in.0.to_string()),
                ("scope", token.scope.to_string()),
            ]);
        }
        fields.extend(granted.id_token.map(|id_token| ("id_token", id_token)));
        self.answer(issuer, fields)
    }

    fn answer(&self, issuer: &Issuer, mut fields: Vec<(&'static str, String)>) -> Answer {
        // RFC 6749 §4.1.2: state is "REQUIRED if the state parameter was present [...] The exact value received".
        if let Some(state) = &self.state {
            fields.push(("state", state.clone()));
        }
        // RFC 9207 §2: "In authorization responses to the client, including error responses, an authorization server
        // supporting this specification MUST indicate its identity by including the iss parameter in the response."
        fields.push(("iss", issuer.as_str().to_owned()));
        match self.mode {
            ResponseMode::Query => Answer::Redirect(with_query(&self.redirect_uri, &fields)),
            ResponseMode::Fragment => Answer::Redirect(format!("{}#{}", self.redirect_uri, encode(&fields))),
            ResponseMode::FormPost => Answer::FormPost { action: self.redirect_uri.clone(), fields },
        }
    }
}

/// Appends fields to a URI that is kept byte for byte.
pub(crate) fn with_query(uri: &str, fields: &[(&'static str, String)]) -> String {
    // RFC 6749 §3.1.2: an existing query component "MUST be retained when adding additional query parameters".
    let joint = match uri.find('?') {
        None => "?",
        Some(_) if uri.ends_with(['?', '&']) => "",
        Some(_) => "&",
    };
    format!("{uri}{joint}{}", encode(fields))
}

/// Form encoding with `%20` for a space: readers of fragments and native apps often do not know `+`.
fn encode(fields: &[(&'static str, String)]) -> String {
    let pairs: Vec<String> = fields
        .iter()
        .map(|(name, value)| {
            let value: String = byte_serialize(value.as_bytes()).collect();
            format!("{name}={}", value.replace('+', "%20"))
        })
        .collect();
    pairs.join("&")
}

/// A state that is sent twice or too long belongs to no answer; `AuthorizeRequest::check` refuses the request for it.
fn presented_state(params: &Params) -> Option<&str> {
    params.get("state").ok().flatten().filter(|state| state.len() <= STATE_LIMIT)
}

/// The mode of every answer, errors included. One that cannot be used is answered in the default one of the response type;
/// `AuthorizeRequest::check` refuses the request for it.
fn answer_mode(client: &Client, params: &Params) -> ResponseMode {
    let response_type = params.get("response_type").ok().flatten().and_then(ResponseType::in_any_order);
    let usable = |mode: &ResponseMode| {
        client.response_modes.contains(mode) && response_type.is_none_or(|response_type| response_type.allows(*mode))
    };
    let asked = params.get("response_mode").ok().flatten().and_then(ResponseMode::parse);
    asked.filter(usable).unwrap_or(response_type.unwrap_or(ResponseType::Code).default_mode())
}

#[cfg(test)]
mod tests;
