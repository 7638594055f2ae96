//! `/login`: name or e-mail address and password. What is asked of whom is decided in `protocol::authorize::decide`.
//!
//! Unknown, disabled and wrong look alike: same text, same status, same work (a hash is computed in each case).

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use protocol::authorize::decide::{Step, Why};
use protocol::error::{ErrorCode, OAuthError};
use protocol::ids::UserId;
use protocol::login::{AuthenticationMethod, Factor};
use protocol::metadata::paths;
use protocol::params::Params;
use protocol::secret::SecretString;
use protocol::security_event::SecurityEvent;
use protocol::time::{Seconds, Timestamp};
use protocol::user::{User, normalize_login};
use store::interactions::Keep;
use tokio::time::Instant;

use super::{Proof, Remember, RestsOn, proven};
use crate::config::SignUp;
use crate::limits::Throttled;
use crate::page_paths::{self, OTHER_ACCOUNT};
use crate::passwords::policy::MOST_BYTES;
use crate::passwords::{Permit, Verdict, rehash};
use crate::security_log::{self, Event};
use crate::text::Texts;
use crate::web::asked::Asked;
use crate::web::authorize::Visit;
use crate::web::error::{AuthorizeError, PageError, Situation};
use crate::web::interaction::Pending;
use crate::web::pages::{
    Again, Keep as KeepBox, LanguageSwitch, LoginAlert, LoginPage, LoginPerson, Notice, PasskeyRefused,
};
use crate::web::passkey::{self, Purpose, Refusal};
use crate::web::{answer, cards, form, passwords, shell};
use crate::{AppState, passkeys, random};

/// As long as an e-mail address can be (RFC 5321 §4.5.3.1), with room for its two parts.
pub(crate) const USERNAME_LIMIT: usize = 320;

/// What the person typed.
struct Typed {
    username: String,
    password: SecretString,
    keep: Keep,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whom {
    WhoeverIsDue,
    SomebodyElse,
}

enum Outcome {
    /// And when the password was set.
    Proven(Box<User>, Timestamp),
    Wrong,
    Throttled(Seconds),
}

pub(crate) async fn get(state: Data<AppState>, http: HttpRequest) -> Result<HttpResponse, AuthorizeError> {
    let (visit, pending) = Visit::resumed(state, http).await?;
    let asked = visit.asked(&pending).await?;
    match (&asked.step, whom(&visit)) {
        (Step::Refuse(_), _) => visit.go_on(pending).await,
        (Step::Login(_) | Step::SignUp, _) | (_, Whom::SomebodyElse) => Ok(page(&visit, &pending, &asked, None)),
        _ => visit.go_on(pending).await,
    }
}

pub(crate) async fn post(
    state: Data<AppState>,
    http: HttpRequest,
    body: Payload,
) -> Result<HttpResponse, AuthorizeError> {
    // After the body, so that nobody holds a place by sending slowly; before anything is looked up.
    let form = form::read(&state, &http, body).await.map_err(PageError::from)?;
    let permit = passwords::admit(&state).await?;
    let began = Instant::now();
    let (visit, pending) = Visit::answered(state, http, &form).await?;
    pending.check_form(&visit.state, &visit.http, &form, None)?;
    let asked = visit.asked(&pending).await?;
    let typed = Typed::read(&form)?;
    match verify(&visit, permit, &typed).await? {
        Outcome::Proven(user, set_at) => {
            let proof = Proof {
                user: *user,
                proven: [AuthenticationMethod::Password].into_iter().collect(),
                since: visit.now,
                keep: typed.keep,
                password_set_at: Some(set_at),
                rests_on: RestsOn::ThisSignIn,
                remember: Remember::No,
            };
            proven(visit, pending, proof).await
        }
        Outcome::Wrong => {
            answer::on_the_next_step(began).await;
            Ok(page(&visit, &pending, &asked, Some((LoginAlert::WrongCredentials, typed))))
        }
        Outcome::Throttled(Seconds(seconds)) => {
            Ok(page(&visit, &pending, &asked, Some((LoginAlert::Throttled { seconds }, typed))))
        }
    }
}

/// Reads the query: `account=other` is the way of somebody else than the person who is signed in.
fn whom(visit: &Visit) -> Whom {
    match visit.http.query_string().split('&').any(|pair| pair == OTHER_ACCOUNT) {
        true => Whom::SomebodyElse,
        false => Whom::WhoeverIsDue,
    }
}

impl Typed {
    fn read(form: &Params) -> Result<Self, PageError> {
        let password = form::text(form, "password")?;
        // LIM-22: longer ones are refused before hashing.
        if password.len() > MOST_BYTES {
            let error = OAuthError::new(ErrorCode::InvalidRequest, "the password is longer than 1024 bytes");
            return Err(PageError { error: Some(error.at("password")), ..PageError::new(Situation::BadForm) });
        }
        let username = form::text(form, "username")?;
        if username.len() > USERNAME_LIMIT {
            let error = OAuthError::new(ErrorCode::InvalidRequest, "the user name is longer than 320 bytes");
            return Err(PageError { error: Some(error.at("username")), ..PageError::new(Situation::BadForm) });
        }
        Ok(Self {
            username: username.to_owned(),
            password: SecretString::new(password.to_owned()),
            keep: if form::ticked(form, "keep")? { Keep::OnThisDevice } else { Keep::UntilBrowserCloses },
        })
    }
}

/// Looks up, reserves the try, then hashes: always all three.
async fn verify(visit: &Visit, permit: Permit, typed: &Typed) -> Result<Outcome, PageError> {
    let state = &visit.state;
    let name = normalize_login(&typed.username);
    let user = store::users::find_by_login(&state.store, &name).await?;
    let reserved = match passwords::reserve(state, &visit.http, &name, user.as_ref(), visit.now).await? {
        Ok(reserved) => reserved,
        Err(Throttled { retry_after }) => return Ok(Outcome::Throttled(retry_after)),
    };
    // Somebody is looked for whoever it is; the password of nobody is not found.
    let whose = user.as_ref().map_or_else(|| UserId::from_random(random::id()), |user| user.id.clone());
    let active = user.as_ref().is_some_and(|user| user.disabled_at.is_none());
    let stored = match store::passwords::current(&state.store, &whose).await {
        Ok(stored) => stored.filter(|_| active),
        Err(error) => {
            reserved.not_evaluated(state).await;
            return Err(error.into());
        }
    };
    let verdict = permit
        .verify(typed.password.clone(), stored.as_ref().map(|stored| stored.phc.clone()))
        .await
        .unwrap_or_else(|error| {
            tracing::error!(%error, "a password could not be verified; it counts as wrong");
            Verdict::Differs
        });
    let matches = verdict != Verdict::Differs;
    let (Some(user), Some(stored), true) = (&user, stored, matches) else {
        reserved.failed();
        if let Some(user) = user {
            let event = Event::new(&user.id, SecurityEvent::SignInFailed).with("factor", Factor::Password.name());
            security_log::note_aside(state, &visit.http, event);
        }
        return Ok(Outcome::Wrong);
    };
    reserved.succeeded(state).await;
    if verdict == Verdict::MatchesOutdated {
        let _kept = rehash(state, &user.id, &stored.phc, typed.password.clone()).await;
    }
    Ok(Outcome::Proven(Box::new(user.clone()), stored.changed_at))
}

fn page(visit: &Visit, pending: &Pending, asked: &Asked, refused: Option<(LoginAlert, Typed)>) -> HttpResponse {
    let state = &visit.state;
    let (alert, typed) = refused.unzip();
    let person = person(visit, pending, asked);
    let mut shell = shell::in_language(state, &visit.http, &asked.ui_locales);
    let mut query = vec![("interaction".to_owned(), pending.interaction.id.to_string())];
    if whom(visit) == Whom::SomebodyElse {
        query.push(("account".to_owned(), "other".to_owned()));
    }
    shell.switch = Some(LanguageSwitch { action: cards::path(state, paths::LOGIN), query });
    let keep = match &typed {
        Some(Typed { keep: Keep::OnThisDevice, .. }) => KeepBox::Ticked,
        _ => KeepBox::Unticked,
    };
    let known = match (&person, &visit.signed_in) {
        (LoginPerson::Again { .. }, Some((_, user))) => Some(user.username.clone()),
        _ => asked.login_hint.clone(),
    };
    let onward = |page| format!("{}?interaction={}", cards::path(state, page), pending.interaction.id);
    let passkey_refused = alert.is_none().then(|| passkey_refused(visit, shell.texts)).flatten();
    let login = LoginPage {
        shell,
        action: match whom(visit) {
            Whom::WhoeverIsDue => cards::path(state, paths::LOGIN),
            Whom::SomebodyElse => format!("{}?{OTHER_ACCOUNT}", cards::path(state, paths::LOGIN)),
        },
        interaction: pending.interaction.id.to_string(),
        csrf: pending.csrf(state, None),
        client: asked.card(visit),
        person,
        username: typed.map(|typed| typed.username).or(known).unwrap_or_default(),
        keep,
        alert,
        passkey: passkey::sign_in_form(visit, pending, Purpose::SignIn, None),
        passkey_refused,
        recover: onward(page_paths::RECOVER),
        sign_up: (state.config.accounts.sign_up == SignUp::Open).then(|| onward(page_paths::SIGN_UP)),
    };
    let wait = match alert {
        Some(LoginAlert::Throttled { seconds }) => Some(Seconds(seconds)),
        _ => None,
    };
    answer::retry_after(answer::page(status(alert), &login, state, &visit.http), wait)
}

/// Why somebody came back who tried a passkey.
fn passkey_refused(visit: &Visit, texts: &Texts) -> Option<PasskeyRefused> {
    let refusal = Refusal::read(&visit.http)?;
    let unknown = (refusal == Refusal::Unknown).then(|| passkeys::rp_id(visit.state.issuer())).flatten();
    Some(PasskeyRefused { notice: Notice::danger(refusal.sentence(&texts.passkey)), unknown })
}

/// Who is asked, and why, when somebody is signed in already.
fn person(visit: &Visit, pending: &Pending, asked: &Asked) -> LoginPerson {
    let (Some((_, user)), Whom::WhoeverIsDue) = (&visit.signed_in, whom(visit)) else { return LoginPerson::Anyone };
    let account = cards::account(user);
    let again = |reason| LoginPerson::Again {
        account: account.clone(),
        reason,
        other_account: Some(cards::other_account(&visit.state, &pending.interaction.id)),
    };
    match asked.step {
        Step::Login(Why::PromptLogin) => again(Again::Asked),
        Step::Login(Why::MaxAge) => again(Again::LongAgo),
        Step::Login(Why::OtherUser) => LoginPerson::Another { account },
        _ => LoginPerson::Anyone,
    }
}

fn status(alert: Option<LoginAlert>) -> StatusCode {
    match alert {
        None => StatusCode::OK,
        Some(LoginAlert::WrongCredentials) => StatusCode::UNPROCESSABLE_ENTITY,
        Some(LoginAlert::Throttled { .. }) => StatusCode::TOO_MANY_REQUESTS,
    }
}
