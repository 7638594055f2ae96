//! Request + login + consent + what the person already did → the next `Step` (OpenID Connect Core §3.1.2.1–§3.1.2.6).
//!
//! Asked again after every step, always from what was read afresh; nobody else decides whether a code may be issued.

use super::prompt::PromptValue;
use super::request::AuthorizeRequest;
use crate::client::{Client, ConsentPolicy};
use crate::error::{ErrorCode, OAuthError};
use crate::ids::{SessionId, UserId};
use crate::login::{Enrolled, Level};
use crate::scope::Scope;
use crate::time::{Seconds, Timestamp};

/// The browser's session: who signed in, when and how.
#[derive(Clone, Debug)]
pub struct Login {
    pub session_id: SessionId,
    pub user_id: UserId,
    pub auth_time: Timestamp,
    pub acr: String,
    pub amr: Vec<String>,
}

impl Login {
    /// A session with a level that this version does not know proves the least.
    pub fn level(&self) -> Level {
        Level::parse(&self.acr).unwrap_or(Level::One)
    }
}

/// What the person already did for this very request.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    pub started_at: Timestamp,
    pub login_at: Option<Timestamp>,
    pub account_selected_at: Option<Timestamp>,
    pub consented_at: Option<Timestamp>,
}

impl Progress {
    /// A request that has just arrived.
    pub fn new(started_at: Timestamp) -> Self {
        Self { started_at, login_at: None, account_selected_at: None, consented_at: None }
    }

    fn did(&self, at: Option<Timestamp>) -> bool {
        at.is_some_and(|at| at >= self.started_at)
    }
}

/// Everything that the decision depends on.
#[derive(Clone, Copy, Debug)]
pub struct Situation<'a> {
    pub request: &'a AuthorizeRequest,
    pub client: &'a Client,
    pub login: Option<&'a Login>,
    /// The `sub` of the signed-in person at this client; empty when nobody is.
    pub sub: &'a str,
    /// Who a verified `id_token_hint` says it must be. The `sub` of the claims parameter is looked at here anyway.
    pub expected_sub: Option<&'a str>,
    /// What this person has to prove themselves with. Looked at only where the session does not reach what [`demanded`] says.
    pub enrolled: Enrolled,
    /// What this person allowed this client before.
    pub consented: Option<&'a Scope>,
    pub progress: &'a Progress,
    pub now: Timestamp,
}

#[derive(Clone, Debug)]
pub enum Step {
    Login(Why),
    /// Sign up first; who has an account can sign in from there.
    SignUp,
    /// The person is signed in, and has to prove one factor more.
    SecondFactor,
    /// The same, but has none yet.
    Enrol,
    SelectAccount,
    /// Ask for this scope; on yes, remember exactly it beside what was allowed before.
    Consent(Scope),
    Issue,
    Refuse(OAuthError),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    NotSignedIn,
    PromptLogin,
    MaxAge,
    OtherUser,
}

pub fn decide(situation: &Situation) -> Step {
    let step = next(situation);
    if !situation.request.prompt.is_silent() {
        return step;
    }
    // OIDC Core §3.1.2.1: with none "the Authorization Server MUST NOT display any authentication or consent user
    // interface pages. An error is returned if an End-User is not already authenticated".
    let (code, description) = match step {
        Step::Login(_) | Step::SignUp => {
            (ErrorCode::LoginRequired, "the person must sign in, and prompt=none forbids to ask")
        }
        Step::SecondFactor | Step::Enrol => {
            (ErrorCode::LoginRequired, "the person must prove a second factor, and prompt=none forbids to ask")
        }
        Step::SelectAccount => {
            (ErrorCode::AccountSelectionRequired, "the person must choose an account, and prompt=none forbids to ask")
        }
        Step::Consent(_) => (ErrorCode::ConsentRequired, "the person must consent, and prompt=none forbids to ask"),
        Step::Issue | Step::Refuse(_) => return step,
    };
    Step::Refuse(OAuthError::new(code, description).at("prompt"))
}

/// The next step as if asking were always allowed.
fn next(situation: &Situation) -> Step {
    if !acr_is_reachable(situation.request) {
        // OIDC Core §5.5.1.1: if an essential acr cannot be met, "the Authorization Server MUST treat that outcome as a
        // failed authentication attempt".
        let description = "no login here reaches the authentication level that the claims parameter demands";
        return Step::Refuse(OAuthError::new(ErrorCode::UnmetAuthenticationRequirements, description).at("claims"));
    }
    let Some(login) = situation.login else {
        let asked = situation.request.prompt.contains(PromptValue::Create);
        return if asked { Step::SignUp } else { Step::Login(Why::NotSignedIn) };
    };
    let fresh = situation.progress.did(situation.progress.login_at) && login.auth_time >= situation.progress.started_at;
    if let Some(step) = other_user(situation) {
        return step;
    }
    if let Some(why) = login_again(situation, login).filter(|_| !fresh) {
        return Step::Login(why);
    }
    if let Some(step) = missing_factor(login, situation.enrolled, demanded(situation.request, situation.client)) {
        return step;
    }
    let selected = fresh || situation.progress.did(situation.progress.account_selected_at);
    if situation.request.prompt.contains(PromptValue::SelectAccount) && !selected {
        return Step::SelectAccount;
    }
    missing_consent(situation).map_or(Step::Issue, Step::Consent)
}

/// Whether the request insists on one account, and another one is signed in.
fn other_user(situation: &Situation) -> Option<Step> {
    let hinted = situation.expected_sub.is_none_or(|sub| sub == situation.sub);
    let claimed = situation.request.claims.allows_sub(situation.sub);
    if hinted && claimed {
        return None;
    }
    if !situation.progress.did(situation.progress.login_at) {
        return Some(Step::Login(Why::OtherUser));
    }
    // OIDC Core §3.1.2.2: "The Authorization Server MUST NOT reply with an ID Token or Access Token for a different
    // user, even if they have an active session with the Authorization Server."
    let description = "another account signed in than the one that the request names";
    Some(Step::Refuse(OAuthError::new(ErrorCode::LoginRequired, description)))
}

/// Why an existing login does not do, unless it was made for this request.
fn login_again(situation: &Situation, login: &Login) -> Option<Why> {
    if situation.request.prompt.contains(PromptValue::Login) {
        // OIDC Core §3.1.2.3: with login "the Authorization Server MUST reauthenticate the End-User even if the
        // End-User is already authenticated".
        return Some(Why::PromptLogin);
    }
    let max_age = situation.request.max_age?;
    // OIDC Core §3.1.2.1: "If the elapsed time is greater than this value, the OP MUST attempt to actively
    // re-authenticate the End-User"; 0 means the same as prompt=login.
    let elapsed = situation.now.since(login.auth_time);
    (max_age <= Seconds(0) || elapsed > max_age).then_some(Why::MaxAge)
}

fn missing_consent(situation: &Situation) -> Option<Scope> {
    let asked = situation.request.asked_scope();
    let said_yes = situation.progress.did(situation.progress.consented_at);
    // OIDC Core §3.1.2.1, prompt=consent: ask "before returning information to the Client", whatever was allowed
    // before.
    if situation.request.prompt.contains(PromptValue::Consent) && !said_yes {
        return Some(asked);
    }
    let missing = match situation.client.consent {
        ConsentPolicy::FirstParty => Scope::empty(),
        ConsentPolicy::Ask => situation.consented.map_or_else(|| asked.clone(), |allowed| asked.without(allowed)),
    };
    (!missing.is_empty()).then_some(missing)
}

/// The level that the request and its client insist on.
///
/// OIDC Core §3.1.2.1 calls `acr_values` voluntary: values that nobody here knows are passed over. One that is known is enforced
/// (RFC 9470 §4), because a client that asks for a step-up relies on it. Of several the easiest will do.
pub fn demanded(request: &AuthorizeRequest, client: &Client) -> Level {
    let easiest = |values: &[&str]| values.iter().filter_map(|value| Level::parse(value)).min();
    let asked: Vec<&str> = request.acr_values.iter().map(String::as_str).collect();
    let essential = request.claims.essential_acr().unwrap_or_default();
    [easiest(&asked), easiest(&essential), client.minimum_acr].into_iter().flatten().max().unwrap_or(Level::One)
}

/// What a sign-in lacks that one of our own pages demands: the person, a recent proof, the strength that the account has.
pub fn for_own_page(login: Option<&Login>, enrolled: &Enrolled, recent: Option<Seconds>, now: Timestamp) -> Step {
    let Some(login) = login else { return Step::Login(Why::NotSignedIn) };
    match recent {
        Some(recent) if now.since(login.auth_time) > recent => Step::Login(Why::MaxAge),
        Some(_) => missing_factor(login, *enrolled, enrolled.level()).unwrap_or(Step::Issue),
        None => Step::Issue,
    }
}

fn missing_factor(login: &Login, enrolled: Enrolled, demanded: Level) -> Option<Step> {
    let missing = if enrolled.has_second_factor() { Step::SecondFactor } else { Step::Enrol };
    (login.level() < demanded).then_some(missing)
}

/// An essential acr with values is a condition, which somebody may never meet here.
fn acr_is_reachable(request: &AuthorizeRequest) -> bool {
    request.claims.essential_acr().is_none_or(|values| values.iter().any(|value| Level::parse(value).is_some()))
}

#[cfg(test)]
mod tests;
