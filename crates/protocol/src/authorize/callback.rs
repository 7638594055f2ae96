//! `Callback`: the proof that an answer may leave for this redirect URI, and the only builder of such answers.
//!
//! RFC 6749 §4.1.2, OAuth 2.0 Form Post Response Mode, RFC 9207. Rules for the rest of the request: `request.rs`.

use url::form_urlencoded::byte_serialize;

use super::response_type::{ResponseMode, ResponseType};
use crate::client::Client;
use crate::error::{ErrorCode, OAuthError};
use crate::issuer::Issuer;
use crate::params::Params;
use crate::scope::Scope;
use crate::time::Seconds;

/// `state` longer than this is not carried; [`super::request::AuthorizeRequest::check`] refuses such a request.
pub const STATE_LIMIT: usize = 2048;

/// A redirect URI that is registered for the client which asked, with what every answer to it must carry.
#[derive(Clone, Debug)]
pub struct Callback {
    redirect_uri: String,
    host: String,
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
            host: registered.host().to_owned(),
            state: presented_state(params).map(str::to_owned),
            mode: answer_mode(client, params),
        })
    }

    pub fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    /// The host to show a person who is asked whether to go there.
    pub fn host(&self) -> &str {
        &self.host
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
mod tests {
    use super::*;
    use crate::client::ApplicationType;
    use crate::client::tests::sample;
    use crate::redirect_uri::RegisteredRedirectUri;
    use crate::time::Timestamp;
    use proptest::prelude::*;
    use std::collections::HashMap;
    use url::Url;

    const REGISTERED: &str = "https://notes.example/callback";
    const TRACE: &str = "0123456789abcdef0123456789abcdef";

    fn issuer() -> Issuer {
        Issuer::parse("https://issuer.example").expect("is an issuer")
    }

    fn request(extra: &[(&str, &str)]) -> Params {
        let mut pairs = vec![("client_id", "notes"), ("redirect_uri", REGISTERED)];
        pairs.retain(|(name, _)| !extra.iter().any(|(other, _)| name == other));
        pairs.extend(extra);
        Params::from_pairs(pairs)
    }

    fn resolve(extra: &[(&str, &str)]) -> Callback {
        Callback::resolve(&sample(), &request(extra)).expect("is registered")
    }

    fn granted(code: &str) -> Granted {
        Granted { code: Some(code.to_owned()), ..Granted::default() }
    }

    fn denied() -> OAuthError {
        OAuthError::new(ErrorCode::AccessDenied, "the person said no")
    }

    fn fields(answer: &Answer) -> HashMap<String, String> {
        match answer {
            Answer::Redirect(uri) => {
                let url = Url::parse(uri).expect("is a URL");
                let text = url.fragment().or(url.query()).unwrap_or_default();
                url::form_urlencoded::parse(text.as_bytes()).into_owned().collect()
            }
            Answer::FormPost { fields, .. } => {
                fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
            }
        }
    }

    #[test]
    fn an_unregistered_redirect_uri_gets_no_callback() {
        for uri in [
            "https://notes.example/callback/",
            "https://notes.example/Callback",
            "https://NOTES.example/callback",
            "https://notes.example/callback?x=1",
            "https://notes.example/callback#",
            "https://notes.example:443/callback",
            "https://notes.example/a/../callback",
            "https://notes.example/%63allback",
            "https://user@notes.example/callback",
            "https://notes.example.evil.example/callback",
            "http://notes.example/callback",
            "javascript:alert(1)",
            " https://notes.example/callback",
        ] {
            let refused = Callback::resolve(&sample(), &request(&[("redirect_uri", uri)]));
            assert_eq!(refused.expect_err(uri).parameter, Some("redirect_uri"));
        }
    }

    #[test]
    fn the_corpus_decides_who_gets_a_callback() {
        crate::redirect_uri::corpus::each_comparison(|client, presented, expected| {
            let resolved = Callback::resolve(client, &request(&[("redirect_uri", presented)]));
            assert_eq!(resolved.is_ok(), expected.at_authorization(), "{presented:?}");
            if let Ok(callback) = resolved {
                assert_eq!(callback.redirect_uri(), presented);
            }
        });
    }

    #[test]
    fn a_missing_or_repeated_redirect_uri_gets_no_callback() {
        assert!(Callback::resolve(&sample(), &request(&[("redirect_uri", "")])).is_err());
        let twice = [("client_id", "notes"), ("redirect_uri", REGISTERED), ("redirect_uri", REGISTERED)];
        assert!(Callback::resolve(&sample(), &Params::from_pairs(twice)).is_err());
    }

    #[test]
    fn a_callback_belongs_to_the_client_that_the_request_names() {
        assert!(Callback::resolve(&sample(), &request(&[("client_id", "other")])).is_err());
        let disabled = Client { disabled_at: Some(Timestamp(1)), ..sample() };
        assert!(Callback::resolve(&disabled, &request(&[])).is_err());
    }

    #[test]
    fn a_native_client_may_listen_on_any_loopback_port() {
        let uri = RegisteredRedirectUri::parse("http://127.0.0.1/cb", ApplicationType::Native).expect("loopback");
        let client = Client { application_type: ApplicationType::Native, redirect_uris: vec![uri], ..sample() };
        let callback = Callback::resolve(&client, &request(&[("redirect_uri", "http://127.0.0.1:49152/cb")]));
        let Answer::Redirect(uri) = callback.expect("any port").grant(&issuer(), granted("c")) else {
            panic!("not a redirect")
        };
        assert!(uri.starts_with("http://127.0.0.1:49152/cb?code=c&"), "{uri}");
    }

    #[test]
    fn a_code_travels_in_the_query_unless_asked_otherwise() {
        let answer = resolve(&[("state", "s 1")]).grant(&issuer(), granted("the.code"));
        let expected = "https://notes.example/callback?code=the.code&state=s%201&iss=https%3A%2F%2Fissuer.example";
        assert_eq!(answer, Answer::Redirect(expected.to_owned()));
    }

    #[test]
    fn a_fragment_answer_leaves_the_query_alone() {
        let Answer::Redirect(uri) = resolve(&[("response_mode", "fragment")]).grant(&issuer(), granted("c")) else {
            panic!("not a redirect")
        };
        assert_eq!(uri, "https://notes.example/callback#code=c&iss=https%3A%2F%2Fissuer.example");
    }

    #[test]
    fn a_form_post_goes_to_the_bare_redirect_uri() {
        let Answer::FormPost { action, fields } =
            resolve(&[("response_mode", "form_post")]).refuse(&issuer(), &denied(), TRACE)
        else {
            panic!("not a form")
        };
        assert_eq!(action, REGISTERED);
        assert_eq!(fields[0], ("error", "access_denied".to_owned()));
    }

    #[test]
    fn everything_granted_travels_together() {
        let token = GrantedToken {
            access_token: "a.t".to_owned(),
            expires_in: Seconds(600),
            scope: Scope::parse("openid profile").expect("is a scope"),
        };
        let all = Granted { access_token: Some(token), id_token: Some("i.d.t".to_owned()), ..granted("c") };
        let answer = resolve(&[("response_type", "code id_token token"), ("state", "s")]).grant(&issuer(), all);
        let expected = "https://notes.example/callback#code=c&access_token=a.t&token_type=Bearer&expires_in=600&\
                        scope=openid%20profile&id_token=i.d.t&state=s&iss=https%3A%2F%2Fissuer.example";
        assert_eq!(answer, Answer::Redirect(expected.to_owned()));
    }

    #[test]
    fn errors_of_every_other_response_type_are_kept_out_of_the_query() {
        for response_type in ResponseType::ALL.iter().filter(|known| **known != ResponseType::Code) {
            for mode in ["", "query", "fragment", "web_message"] {
                let asked = [("response_type", response_type.name()), ("response_mode", mode)];
                let Answer::Redirect(uri) = resolve(&asked).refuse(&issuer(), &denied(), TRACE) else {
                    panic!("not a redirect")
                };
                assert!(uri.starts_with("https://notes.example/callback#error=access_denied&"), "{uri}");
            }
        }
    }

    #[test]
    fn a_mode_that_is_not_registered_is_not_used() {
        let client = Client { response_modes: vec![ResponseMode::Query], ..sample() };
        let callback = Callback::resolve(&client, &request(&[("response_mode", "form_post")])).expect("is registered");
        assert!(matches!(callback.grant(&issuer(), granted("c")), Answer::Redirect(_)));
    }

    #[test]
    fn a_registered_query_is_kept() {
        let pairs = [("code", "c".to_owned())];
        assert_eq!(with_query("https://a.example/cb?tenant=1", &pairs), "https://a.example/cb?tenant=1&code=c");
        assert_eq!(with_query("https://a.example/cb?", &pairs), "https://a.example/cb?code=c");
        assert_eq!(with_query("https://a.example/cb?a&", &pairs), "https://a.example/cb?a&code=c");
    }

    #[test]
    fn an_error_names_the_parameter_at_fault() {
        let error = OAuthError::new(ErrorCode::InvalidRequest, "a required parameter is missing").at("scope");
        let fields = fields(&resolve(&[]).refuse(&issuer(), &error, TRACE));
        assert_eq!(fields["error"], "invalid_request");
        assert_eq!(fields["error_description"], "a required parameter is missing: scope");
        assert_eq!(fields["error_uri"], format!("https://issuer.example/errors/invalid_request?trace_id={TRACE}"));
        let allowed = ["error", "error_description", "error_uri", "state", "iss"];
        assert!(fields.keys().all(|name| allowed.contains(&name.as_str())), "{fields:?}");
    }

    #[test]
    fn a_state_over_the_limit_is_not_carried() {
        let state = "s".repeat(STATE_LIMIT + 1);
        let fields = fields(&resolve(&[("state", &state)]).refuse(&issuer(), &denied(), TRACE));
        assert!(!fields.contains_key("state"));
    }

    #[test]
    fn an_unknown_response_mode_is_answered_in_the_query() {
        let Answer::Redirect(uri) = resolve(&[("response_mode", "web_message")]).refuse(&issuer(), &denied(), TRACE)
        else {
            panic!("not a redirect")
        };
        assert!(uri.starts_with("https://notes.example/callback?error=access_denied&"), "{uri}");
    }

    proptest! {
        #[test]
        fn a_callback_never_exists_for_an_unregistered_uri(uri in "\\PC{0,60}") {
            if let Ok(callback) = Callback::resolve(&sample(), &request(&[("redirect_uri", &uri)])) {
                prop_assert_eq!(callback.redirect_uri(), REGISTERED);
            }
        }

        #[test]
        fn no_change_of_a_registered_uri_is_still_registered(at in 0..=REGISTERED.len(), put in "\\PC{0,3}", cut in 0usize..3) {
            let end = (at + cut).min(REGISTERED.len());
            let uri = format!("{}{put}{}", &REGISTERED[..at], &REGISTERED[end..]);
            let resolved = Callback::resolve(&sample(), &request(&[("redirect_uri", &uri)]));
            prop_assert_eq!(resolved.is_ok(), uri == REGISTERED);
        }

        #[test]
        fn every_answer_carries_iss_and_the_unchanged_state(
            state in proptest::option::of("\\PC{1,80}"),
            mode in prop::sample::select(vec!["", "query", "fragment", "form_post", "nonsense"]),
            code in "[A-Za-z0-9._-]{1,60}",
        ) {
            let callback = resolve(&[("state", state.as_deref().unwrap_or_default()), ("response_mode", mode)]);
            for answer in [callback.grant(&issuer(), granted(&code)), callback.refuse(&issuer(), &denied(), TRACE)] {
                let fields = fields(&answer);
                prop_assert_eq!(&fields["iss"], "https://issuer.example");
                prop_assert_eq!(fields.get("state"), state.as_ref());
                prop_assert_eq!(fields.contains_key("code"), !fields.contains_key("error"));
            }
        }

        #[test]
        fn no_state_breaks_out_of_the_location(state in "[\\x00-\\x7f]{1,40}") {
            let answer = resolve(&[("state", &state)]).grant(&issuer(), granted("c"));
            let Answer::Redirect(uri) = answer else { panic!("not a redirect") };
            prop_assert!(uri.bytes().all(|byte| byte.is_ascii_graphic()));
            prop_assert!(uri.starts_with("https://notes.example/callback?code=c&state="));
            prop_assert!(!uri.contains('#'));
        }
    }
}
