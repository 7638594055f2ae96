//! RP-initiated logout (OpenID Connect RP-Initiated Logout 1.0): who asks, must the person confirm, and where to go
//! afterwards.
//!
//! The hint's signature is verified elsewhere (an expired hint is fine; one that cannot be verified is none); here its claims
//! are compared. Ending sessions is the shell's.

use serde::{Deserialize, Serialize};

use crate::authorize::callback::{STATE_LIMIT, with_query};
use crate::client::Client;
use crate::error::{ErrorCode, OAuthError};
use crate::ids::ClientId;
use crate::params::Params;

/// RP-Initiated Logout §2. All parameters are optional.
#[derive(Clone, Debug)]
pub struct LogoutRequest {
    pub id_token_hint: Option<String>,
    pub client_id: Option<ClientId>,
    pub post_logout_redirect_uri: Option<String>,
    pub state: Option<String>,
    pub ui_locales: Vec<String>,
}

/// What a verified `id_token_hint` says. Our ID tokens have one audience: the client.
#[derive(Clone, Debug)]
pub struct HintClaims {
    pub sub: String,
    pub aud: String,
    pub sid: Option<String>,
}

/// Where the person goes after a logout. Each address is registered and has `state` in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Onward {
    /// Our own page.
    Nowhere,
    /// Our own page, with a link for the person to choose: only the parameter `client_id` says which client asked.
    Link(String),
    /// The browser goes there by itself.
    Redirect(String),
}

/// Whether the person is asked first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirmation {
    Needed,
    NotNeeded,
}

impl LogoutRequest {
    pub fn parse(params: &Params) -> Result<Self, OAuthError> {
        params.refuse_duplicates()?;
        let text = |name| params.get(name).map(|value| value.map(str::to_owned));
        let state = text("state")?;
        if state.as_ref().is_some_and(|state| state.len() > STATE_LIMIT) {
            return Err(invalid("state", "state is longer than 2048 bytes"));
        }
        let client_id = params.get("client_id")?.map(ClientId::parse).transpose();
        let locales = params.get("ui_locales")?.unwrap_or_default();
        Ok(Self {
            id_token_hint: text("id_token_hint")?,
            client_id: client_id.map_err(|_| invalid("client_id", "client_id is malformed"))?,
            post_logout_redirect_uri: text("post_logout_redirect_uri")?,
            state,
            ui_locales: locales.split(' ').filter(|tag| !tag.is_empty()).map(str::to_owned).collect(),
        })
    }

    /// The client to load: the hint and the parameter must name the same.
    pub fn client_named(&self, hint: Option<&HintClaims>) -> Result<Option<ClientId>, OAuthError> {
        let Some(hint) = hint else { return Ok(self.client_id.clone()) };
        let hinted = ClientId::parse(&hint.aud)
            .map_err(|_| invalid("id_token_hint", "id_token_hint was issued to no client"))?;
        // RP-Initiated Logout §2: "When both client_id and id_token_hint are present, the OP MUST verify that the
        // Client Identifier matches the one used when issuing the ID Token."
        match &self.client_id {
            Some(named) if *named != hinted => {
                Err(invalid("client_id", "client_id differs from the client of id_token_hint"))
            }
            Some(_) | None => Ok(Some(hinted)),
        }
    }
}

/// `hint` is one whose signature was verified. `client` is the one that [`LogoutRequest::client_named`] named, if it exists. An
/// `Err` is shown on a page of ours.
pub fn check(
    request: &LogoutRequest,
    hint: Option<&HintClaims>,
    client: Option<&Client>,
) -> Result<Onward, OAuthError> {
    let named = request.client_named(hint)?;
    let client = client.filter(|client| named.as_ref() == Some(&client.id));
    // RP-Initiated Logout §4: what failed to validate "MUST NOT be used". A hint may be as old as the session and its key gone;
    // whoever wants to sign out can do so all the same, and nobody is sent to an address that no client vouches for.
    let (Some(uri), Some(client)) = (&request.post_logout_redirect_uri, client) else {
        return Ok(Onward::Nowhere);
    };
    // RP-Initiated Logout §3: the OP "MUST NOT perform post-logout redirection if the post_logout_redirect_uri value
    // supplied does not exactly match one of the previously registered post_logout_redirect_uris values."
    if !client.post_logout_redirect_uris.iter().any(|registered| registered.as_str() == uri) {
        let description = "post_logout_redirect_uri is not registered for this client";
        return Err(invalid("post_logout_redirect_uri", description));
    }
    // RP-Initiated Logout §2: "If included in the logout request, the OP passes this value back to the RP using the
    // state parameter".
    let address = match &request.state {
        None => uri.clone(),
        Some(state) => with_query(uri, &[("state", state.clone())]),
    };
    // RP-Initiated Logout §3: without a hint "the OP MUST NOT perform post-logout redirection unless the OP has other means of
    // confirming the legitimacy of the post-logout redirection target". Anybody can write a client_id into a link.
    Ok(if hint.is_some() { Onward::Redirect(address) } else { Onward::Link(address) })
}

/// `current` is the session of this browser as the client of the hint knows it. Without a hint any name will do: that there is a
/// session is what counts then. Only a hint of this very session shows that its own client asks; anybody else can send a browser here.
pub fn confirmation(hint: Option<&HintClaims>, current: Option<&str>) -> Confirmation {
    // RP-Initiated Logout §2: "the OP MUST ask the End-User this question if an id_token_hint was not provided or if
    // the supplied ID Token does not belong to the current OP session with the RP".
    match (hint.and_then(|hint| hint.sid.as_deref()), current) {
        (_, None) => Confirmation::NotNeeded,
        (Some(sid), Some(current)) if sid == current => Confirmation::NotNeeded,
        (_, Some(_)) => Confirmation::Needed,
    }
}

fn invalid(parameter: &'static str, description: &'static str) -> OAuthError {
    OAuthError::new(ErrorCode::InvalidRequest, description).at(parameter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::ApplicationType;
    use crate::client::tests::sample;
    use crate::redirect_uri::RegisteredRedirectUri;
    use proptest::prelude::*;

    const REGISTERED: &str = "https://notes.example/bye";

    fn client() -> Client {
        let uri = RegisteredRedirectUri::parse(REGISTERED, ApplicationType::Web).expect("is a redirect URI");
        Client { post_logout_redirect_uris: vec![uri], ..sample() }
    }

    fn parse(pairs: &[(&str, &str)]) -> LogoutRequest {
        LogoutRequest::parse(&Params::from_pairs(pairs.iter().copied())).expect("is well-formed")
    }

    fn hint(aud: &str) -> HintClaims {
        HintClaims { sub: "ada".to_owned(), aud: aud.to_owned(), sid: Some("s1".to_owned()) }
    }

    #[test]
    fn a_bare_logout_is_fine_and_leads_nowhere() {
        let logout = check(&parse(&[("state", "s")]), None, None).expect("is fine");
        assert_eq!(logout, Onward::Nowhere);
    }

    #[test]
    fn a_registered_uri_is_reached_with_the_state_and_nothing_else() {
        let request = parse(&[("post_logout_redirect_uri", REGISTERED), ("state", "a b&c")]);
        let onward = check(&request, Some(&hint("notes")), Some(&client())).expect("is registered");
        assert_eq!(onward, Onward::Redirect("https://notes.example/bye?state=a%20b%26c".to_owned()));
        let request = parse(&[("post_logout_redirect_uri", REGISTERED)]);
        let onward = check(&request, Some(&hint("notes")), Some(&client())).expect("is registered");
        assert_eq!(onward, Onward::Redirect(REGISTERED.to_owned()));
    }

    #[test]
    fn a_client_id_alone_leads_no_further_than_to_a_link() {
        let request = parse(&[("post_logout_redirect_uri", REGISTERED), ("client_id", "notes"), ("state", "s")]);
        let onward = check(&request, None, Some(&client())).expect("is registered");
        assert_eq!(onward, Onward::Link(format!("{REGISTERED}?state=s")));
        let request = parse(&[("post_logout_redirect_uri", "https://evil.example/"), ("client_id", "notes")]);
        assert!(check(&request, None, Some(&client())).is_err());
    }

    #[test]
    fn without_a_known_client_there_is_no_way_out() {
        let request = parse(&[("post_logout_redirect_uri", REGISTERED)]);
        assert_eq!(check(&request, None, None), Ok(Onward::Nowhere));
        assert_eq!(check(&request, None, Some(&client())), Ok(Onward::Nowhere), "a client that nobody named");
        assert_eq!(check(&request, Some(&hint("deleted")), None), Ok(Onward::Nowhere));
    }

    #[test]
    fn the_corpus_decides_where_a_logout_leads() {
        crate::redirect_uri::corpus::each_comparison(|client, presented, expected| {
            let request = parse(&[("post_logout_redirect_uri", presented)]);
            // Nothing presented is nowhere to go, which is fine.
            let onward = check(&request, Some(&hint("notes")), Some(client)).unwrap_or(Onward::Nowhere);
            let there = Onward::Redirect(presented.to_owned());
            assert_eq!(onward, if expected.at_logout() { there } else { Onward::Nowhere }, "{presented:?}");
        });
    }

    #[test]
    fn not_even_the_port_of_a_loopback_uri_may_differ() {
        let native = ApplicationType::Native;
        let uri = RegisteredRedirectUri::parse("http://127.0.0.1/bye", native).expect("is a redirect URI");
        let client = Client { application_type: native, post_logout_redirect_uris: vec![uri], ..sample() };
        let request = parse(&[("post_logout_redirect_uri", "http://127.0.0.1:4000/bye")]);
        assert!(check(&request, Some(&hint("notes")), Some(&client)).is_err());
    }

    #[test]
    fn hint_and_client_id_must_agree() {
        let request = parse(&[("client_id", "other")]);
        let error = check(&request, Some(&hint("notes")), Some(&client())).expect_err("two clients");
        assert_eq!((error.code, error.parameter), (ErrorCode::InvalidRequest, Some("client_id")));
        let agreed = parse(&[("client_id", "notes")]).client_named(Some(&hint("notes")));
        assert_eq!(agreed, Ok(Some(client().id)));
    }

    #[test]
    fn malformed_requests_are_refused() {
        let refused = |pairs: &[(&'static str, &str)]| {
            LogoutRequest::parse(&Params::from_pairs(pairs.iter().copied())).expect_err("is bad").parameter
        };
        assert_eq!(refused(&[("client_id", "a b")]), Some("client_id"));
        assert_eq!(refused(&[("state", &"s".repeat(2049))]), Some("state"));
        assert_eq!(refused(&[("state", "a"), ("state", "a")]), Some("state"));
    }

    #[test]
    fn only_a_hint_of_this_session_saves_the_question() {
        let current = "s1";
        assert_eq!(confirmation(Some(&hint("notes")), Some(current)), Confirmation::NotNeeded);
        assert_eq!(confirmation(Some(&hint("notes")), Some("s2")), Confirmation::Needed);
        assert_eq!(confirmation(None, Some(current)), Confirmation::Needed);
        let without_sid = HintClaims { sid: None, ..hint("notes") };
        assert_eq!(confirmation(Some(&without_sid), Some(current)), Confirmation::Needed);
        assert_eq!(confirmation(None, None), Confirmation::NotNeeded);
    }

    proptest! {
        #[test]
        fn nobody_is_sent_to_an_unregistered_uri(at in 0..=REGISTERED.len(), put in "\\PC{0,3}", cut in 0usize..3) {
            let end = (at + cut).min(REGISTERED.len());
            let uri = format!("{}{put}{}", &REGISTERED[..at], &REGISTERED[end..]);
            let request = parse(&[("post_logout_redirect_uri", &uri)]);
            let logout = check(&request, Some(&hint("notes")), Some(&client()));
            prop_assert_eq!(logout.is_ok(), uri == REGISTERED);
        }
    }
}
