//! Where answers go, in which mode, and with what beside them.

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
    let Answer::Redirect(uri) = resolve(&[("response_mode", "web_message")]).refuse(&issuer(), &denied(), TRACE) else {
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
