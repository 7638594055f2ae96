//! What may happen when a client presents an authorization code (RFC 6749 §4.1.3, RFC 7636 §4.6, OIDC Core §3.1.3.2).
//!
//! The order is the rule: who asks, with which code, for which redirect URI, with which verifier, and only then whether
//! the code is still good. A wrong request therefore leaves the code usable, and only a wholly right one is a replay.

use super::RedeemRequest;
use super::state::{Grant, Life};
use crate::client::Client;
use crate::error::{ErrorCode, OAuthError};
use crate::pkce::Verifier;
use crate::time::Timestamp;

/// Whether the secret part of the presented code has the hash that the grant keeps. Compared in constant time by the
/// shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HashMatch {
    Yes,
    No,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redeem {
    /// Mint, then redeem with the one conditional write.
    Redeem,
    /// A fully valid request for a code that was redeemed before: somebody holds a copy. End the grant, then refuse.
    Reused,
    /// Refuse with `invalid_grant`; the code stays as it is.
    Refuse(Why),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    OtherClient,
    OtherCode,
    RedirectUriMissing,
    OtherRedirectUri,
    VerifierMissing,
    VerifierMalformed,
    OtherVerifier,
    NoChallenge,
    Ended,
    Expired,
}

impl Why {
    /// The cause, for the log.
    pub fn cause(self) -> &'static str {
        match self {
            Self::OtherClient => "the code was issued to another client",
            Self::OtherCode => "the secret part of the code is wrong",
            Self::RedirectUriMissing => "redirect_uri is missing and no code_verifier binds the request",
            Self::OtherRedirectUri => "redirect_uri differs from the authorization request",
            Self::VerifierMissing => {
                "the authorization request had a code_challenge, the token request has no verifier"
            }
            Self::VerifierMalformed => "code_verifier is malformed",
            Self::OtherVerifier => "code_verifier does not fit the code_challenge",
            Self::NoChallenge => "code_verifier was sent, but the authorization request had no code_challenge",
            Self::Ended => "the grant has ended",
            Self::Expired => "the code has expired",
        }
    }

    /// What the client may read. A stranger to the code learns nothing about it.
    fn public(self) -> (&'static str, &'static str) {
        match self {
            Self::OtherClient | Self::OtherCode | Self::Ended => ("the code is not valid", "code"),
            Self::Expired => ("the code has expired", "code"),
            Self::RedirectUriMissing => ("redirect_uri is required with this code", "redirect_uri"),
            Self::OtherRedirectUri => ("redirect_uri differs from the authorization request", "redirect_uri"),
            Self::VerifierMissing => ("code_verifier is required with this code", "code_verifier"),
            Self::VerifierMalformed => ("code_verifier must be 43 to 128 unreserved characters", "code_verifier"),
            Self::OtherVerifier => ("code_verifier does not fit the code_challenge", "code_verifier"),
            Self::NoChallenge => ("the authorization request had no code_challenge", "code_verifier"),
        }
    }
}

impl From<Why> for OAuthError {
    fn from(why: Why) -> Self {
        let (description, parameter) = why.public();
        Self::new(ErrorCode::InvalidGrant, description).at(parameter)
    }
}

pub fn decide(grant: &Grant, code: HashMatch, client: &Client, request: &RedeemRequest, now: Timestamp) -> Redeem {
    if let Err(why) = check_binding(grant, code, client, request) {
        return Redeem::Refuse(why);
    }
    match grant.life() {
        Life::Ended => Redeem::Refuse(Why::Ended),
        // RFC 6749 §4.1.2: "If an authorization code is used more than once, the authorization server MUST deny the
        // request and SHOULD revoke (when possible) all tokens previously issued based on that authorization code."
        Life::Active(_) => Redeem::Reused,
        // RFC 6749 §4.1.2: "The authorization code MUST expire shortly after it is issued".
        Life::Issued if now >= grant.code_expires_at => Redeem::Refuse(Why::Expired),
        Life::Issued => Redeem::Redeem,
    }
}

/// Everything that binds the request to the authorization, before anything about its age is looked at.
fn check_binding(grant: &Grant, code: HashMatch, client: &Client, request: &RedeemRequest) -> Result<(), Why> {
    // RFC 6749 §4.1.3: "ensure that the authorization code was issued to the authenticated confidential client, or if
    // the client is public, ensure that the code was issued to client_id in the request".
    if grant.client_id != client.id {
        return Err(Why::OtherClient);
    }
    if code == HashMatch::No {
        return Err(Why::OtherCode);
    }
    check_redirect_uri(grant, request)?;
    check_verifier(grant, request)
}

fn check_redirect_uri(grant: &Grant, request: &RedeemRequest) -> Result<(), Why> {
    match &request.redirect_uri {
        // RFC 6749 §4.1.3: "REQUIRED, if the redirect_uri parameter was included in the authorization request [...] and
        // their values MUST be identical."
        Some(presented) if *presented == grant.redirect_uri => Ok(()),
        Some(_) => Err(Why::OtherRedirectUri),
        // OAuth 2.1 §10.2 lets a client leave it out, since PKCE already binds the code to the request.
        None if grant.code_challenge.is_some() => Ok(()),
        None => Err(Why::RedirectUriMissing),
    }
}

fn check_verifier(grant: &Grant, request: &RedeemRequest) -> Result<(), Why> {
    match (&grant.code_challenge, &request.code_verifier) {
        (None, None) => Ok(()),
        // RFC 9700 §2.1.1: "ensuring that a token request containing a code_verifier parameter is accepted only if a
        // code_challenge parameter was present in the authorization request".
        (None, Some(_)) => Err(Why::NoChallenge),
        (Some(_), None) => Err(Why::VerifierMissing),
        (Some(challenge), Some(presented)) => {
            let verifier = Verifier::parse(presented.expose()).map_err(|_| Why::VerifierMalformed)?;
            // RFC 7636 §4.6: "If the values are not equal, an error response indicating invalid_grant [...] MUST be
            // returned."
            if challenge.verify(&verifier) { Ok(()) } else { Err(Why::OtherVerifier) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::tests::sample as client;
    use crate::grant::state::tests::{CREATED, VERIFIER, ended, redeemed, right_request, sample};
    use crate::ids::ClientId;
    use crate::secret::SecretString;
    use crate::time::Seconds;
    use proptest::prelude::*;

    const OTHER_VERIFIER: &str = "0123456789012345678901234567890123456789012";

    fn with_verifier(verifier: Option<&str>) -> RedeemRequest {
        let code_verifier = verifier.map(|text| SecretString::new(text.to_owned()));
        RedeemRequest { code_verifier, ..right_request() }
    }

    fn with_redirect(uri: Option<&str>) -> RedeemRequest {
        RedeemRequest { redirect_uri: uri.map(str::to_owned), ..right_request() }
    }

    fn other_client() -> Client {
        Client { id: ClientId::parse("other").expect("is an id"), ..client() }
    }

    #[test]
    fn a_right_request_redeems_the_code() {
        assert_eq!(decide(&sample(), HashMatch::Yes, &client(), &right_request(), CREATED), Redeem::Redeem);
    }

    #[test]
    fn every_wrong_binding_has_its_own_cause() {
        let refusal = |grant: &Grant, request| match decide(grant, HashMatch::Yes, &client(), &request, CREATED) {
            Redeem::Refuse(why) => why,
            other => panic!("{other:?}"),
        };
        let bare = Grant { code_challenge: None, ..sample() };
        assert_eq!(refusal(&sample(), with_redirect(Some("https://notes.example/other"))), Why::OtherRedirectUri);
        assert_eq!(refusal(&sample(), with_verifier(None)), Why::VerifierMissing);
        assert_eq!(refusal(&sample(), with_verifier(Some("short"))), Why::VerifierMalformed);
        assert_eq!(refusal(&sample(), with_verifier(Some(OTHER_VERIFIER))), Why::OtherVerifier);
        assert_eq!(refusal(&bare, right_request()), Why::NoChallenge);
        let neither = RedeemRequest { code_verifier: None, ..with_redirect(None) };
        assert_eq!(refusal(&bare, neither), Why::RedirectUriMissing);
    }

    #[test]
    fn pkce_stands_in_for_a_redirect_uri_that_is_left_out() {
        assert_eq!(decide(&sample(), HashMatch::Yes, &client(), &with_redirect(None), CREATED), Redeem::Redeem);
    }

    #[test]
    fn another_client_or_a_guessed_secret_is_refused_first() {
        let request = with_verifier(None);
        let other = decide(&sample(), HashMatch::Yes, &other_client(), &request, CREATED);
        assert_eq!(other, Redeem::Refuse(Why::OtherClient));
        let guessed = decide(&sample(), HashMatch::No, &client(), &request, CREATED);
        assert_eq!(guessed, Redeem::Refuse(Why::OtherCode));
        assert_eq!(OAuthError::from(Why::OtherClient), OAuthError::from(Why::OtherCode), "neither learns which it was");
    }

    #[test]
    fn a_code_lives_sixty_seconds() {
        let at = |seconds| decide(&sample(), HashMatch::Yes, &client(), &right_request(), CREATED + Seconds(seconds));
        assert_eq!(at(59), Redeem::Redeem);
        assert_eq!(at(60), Redeem::Refuse(Why::Expired));
    }

    #[test]
    fn a_second_right_request_is_a_replay_however_late() {
        for late in [0, 59, 60, 5_000] {
            let step = decide(&redeemed(CREATED), HashMatch::Yes, &client(), &right_request(), CREATED + Seconds(late));
            assert_eq!(step, Redeem::Reused, "after {late} s");
        }
    }

    #[test]
    fn every_refusal_is_invalid_grant_and_names_a_parameter() {
        for why in [Why::OtherClient, Why::OtherRedirectUri, Why::VerifierMissing, Why::NoChallenge, Why::Expired] {
            let error = OAuthError::from(why);
            assert_eq!(error.code, ErrorCode::InvalidGrant);
            assert!(error.parameter.is_some());
            assert!(!why.cause().is_empty());
        }
    }

    fn any_request() -> impl Strategy<Value = RedeemRequest> {
        let uris = vec![None, Some("https://notes.example/callback"), Some("https://notes.example/callback/")];
        let verifiers = vec![None, Some(VERIFIER), Some(OTHER_VERIFIER), Some("short")];
        (prop::sample::select(uris), prop::sample::select(verifiers)).prop_map(|(uri, verifier)| RedeemRequest {
            redirect_uri: uri.map(str::to_owned),
            ..with_verifier(verifier)
        })
    }

    proptest! {
        #[test]
        fn only_a_fully_valid_replay_is_a_reuse(
            request in any_request(),
            hash in prop::sample::select(vec![HashMatch::Yes, HashMatch::No]),
            own in any::<bool>(),
            late in 0i64..1_000,
        ) {
            let presenter = if own { client() } else { other_client() };
            let now = CREATED + Seconds(late);
            let verified = request.code_verifier.as_ref().is_some_and(|verifier| verifier.expose() == VERIFIER);
            let same_uri = request.redirect_uri.as_ref().is_none_or(|uri| *uri == sample().redirect_uri);
            let valid = own && hash == HashMatch::Yes && verified && same_uri;
            let fresh = decide(&sample(), hash, &presenter, &request, CREATED);
            prop_assert_eq!(fresh == Redeem::Redeem, valid);
            let replay = decide(&redeemed(CREATED), hash, &presenter, &request, now);
            prop_assert_eq!(replay == Redeem::Reused, valid);
        }

        #[test]
        fn nothing_redeems_an_ended_grant(request in any_request(), late in 0i64..1_000) {
            let step = decide(&ended(CREATED), HashMatch::Yes, &client(), &request, CREATED + Seconds(late));
            prop_assert!(matches!(step, Redeem::Refuse(_)));
        }
    }
}
