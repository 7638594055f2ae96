//! `/login`: name or e-mail address and password. What is asked of whom is decided in `protocol::authorize::decide`.
//!
//! Unknown, disabled and wrong look alike: same text, same status, same work (a hash is computed in each case).

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, RETRY_AFTER};
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use protocol::authorize::decide::{Step, Why};
use protocol::error::{ErrorCode, OAuthError};
use protocol::metadata::paths;
use protocol::params::Params;
use protocol::secret::SecretString;
use protocol::time::Seconds;
use protocol::user::{User, normalize_login};

use crate::limits::{Attempt, Throttled};
use crate::passwords::{Busy, Permit, Verdict};
use crate::web::authorize::{Examined, Visit};
use crate::web::cards::OTHER_ACCOUNT;
use crate::web::error::{AuthorizeError, PageError, Situation};
use crate::web::interaction::Pending;
use crate::web::pages::{Again, Keep as KeepBox, LanguageSwitch, LoginAlert, LoginPage, LoginPerson};
use crate::web::session::Keep;
use crate::web::{answer, cards, cookies, form, session, shell};
use crate::{AppState, session_clients};

/// LIM-22: longer ones are refused before hashing.
const PASSWORD_LIMIT: usize = 1024;
/// As long as an e-mail address can be (RFC 5321 §4.5.3.1), with room for its two parts.
const USERNAME_LIMIT: usize = 320;

/// Between the request and its refusal when the server is full; see docs/decisions/006-hashing-threads.md.
const REFUSAL_PAUSE: Duration = Duration::from_millis(30);

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
    Proven(Box<User>),
    Wrong,
    Throttled(Seconds),
}

pub(crate) async fn get(state: Data<AppState>, http: HttpRequest) -> Result<HttpResponse, AuthorizeError> {
    let (visit, pending) = Visit::resumed(state, http).await?;
    let examined = visit.examine(&pending.params, Some(&pending.interaction)).await?;
    match (&examined.step, whom(&visit)) {
        (Step::Refuse(_), _) => visit.proceed(&pending.params, Some(pending.interaction)).await,
        (Step::Login(_), _) | (_, Whom::SomebodyElse) => Ok(page(&visit, &pending, &examined, None)),
        _ => visit.proceed(&pending.params, Some(pending.interaction)).await,
    }
}

pub(crate) async fn post(
    state: Data<AppState>,
    http: HttpRequest,
    body: Payload,
) -> Result<HttpResponse, AuthorizeError> {
    // After the body, so that nobody holds a place by sending slowly; before anything is looked up.
    let form = form::read(&state, &http, body).await.map_err(PageError::from)?;
    let permit = admit(&state).await?;
    let (mut visit, pending) = Visit::answered(state, http, &form).await?;
    pending.check_form(&visit.state, &visit.http, &form, None)?;
    let examined = visit.examine(&pending.params, Some(&pending.interaction)).await?;
    let typed = Typed::read(&form)?;
    match verify(&visit, permit, &typed).await? {
        Outcome::Proven(user) => {
            sign_in(&mut visit, *user, typed.keep).await?;
            proceed_as_signed_in(visit, pending).await
        }
        Outcome::Wrong => Ok(page(&visit, &pending, &examined, Some((LoginAlert::WrongCredentials, typed)))),
        Outcome::Throttled(Seconds(seconds)) => {
            Ok(page(&visit, &pending, &examined, Some((LoginAlert::Throttled { seconds }, typed))))
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
        let text = |name| form.get(name).map_err(PageError::bad_link).map(Option::unwrap_or_default);
        let password = text("password")?;
        if password.len() > PASSWORD_LIMIT {
            let error = OAuthError::new(ErrorCode::InvalidRequest, "the password is longer than 1024 bytes");
            return Err(PageError { error: Some(error.at("password")), ..PageError::new(Situation::BadForm) });
        }
        let username = text("username")?;
        if username.len() > USERNAME_LIMIT {
            let error = OAuthError::new(ErrorCode::InvalidRequest, "the user name is longer than 320 bytes");
            return Err(PageError { error: Some(error.at("username")), ..PageError::new(Situation::BadForm) });
        }
        Ok(Self {
            username: username.to_owned(),
            password: SecretString::new(password.to_owned()),
            keep: if text("keep")?.is_empty() { Keep::UntilBrowserCloses } else { Keep::OnThisDevice },
        })
    }
}

/// Looks up, reserves the try, then hashes: always all three.
async fn verify(visit: &Visit, permit: Permit, typed: &Typed) -> Result<Outcome, PageError> {
    let state = &visit.state;
    let name = normalize_login(&typed.username);
    let user = store::users::find_by_login(&state.store, &name).await?;
    // One counter per person, whichever of their names is typed; unknown names count by themselves.
    let account = user.as_ref().map_or(name.as_str(), |user| user.id.as_str());
    let attempt = Attempt::new(account, form::client_address(state, &visit.http));
    if let Err(Throttled { retry_after }) = state.limits.reserve(&attempt, visit.now) {
        return Ok(Outcome::Throttled(retry_after));
    }
    let user = user.filter(|user| user.disabled_at.is_none());
    let stored = match &user {
        Some(user) => store::passwords::find(&state.store, &user.id)
            .await
            .inspect_err(|_| state.limits.not_evaluated(&attempt))?,
        None => None,
    };
    let verdict = permit.verify(typed.password.clone(), stored).await.unwrap_or_else(|error| {
        tracing::error!(%error, "a password could not be verified; it counts as wrong");
        Verdict::Differs
    });
    Ok(match (verdict, user) {
        (Verdict::Matches, Some(user)) => {
            state.limits.succeeded(&attempt);
            Outcome::Proven(Box::new(user))
        }
        _ => Outcome::Wrong,
    })
}

/// A fresh proof by the same person renews the session (with a new secret); by another person it replaces it. The clients of the
/// session before hear of its end over the back channel. Over the front channel they do not: the browser is on its way to the app
/// that the other person signs in to, and a page of frames in between would hold it up by seconds. This is intended.
async fn sign_in(visit: &mut Visit, user: User, keep: Keep) -> Result<(), PageError> {
    let (session, cookie) = match visit.signed_in.take() {
        Some((before, person)) if person.id == user.id => {
            session::renew(&visit.state, &before, keep, visit.now).await?
        }
        before => {
            if let Some((before, _)) = before {
                let _ended = session_clients::end(&visit.state, &before.id, visit.now).await?;
            }
            session::begin(&visit.state, &user, keep, visit.now).await?
        }
    };
    tracing::info!(user.id = %user.id, session.id = %session.id, "signed in");
    cookies::send(&visit.http, cookie);
    visit.signed_in = Some((session, user));
    Ok(())
}

async fn proceed_as_signed_in(visit: Visit, pending: Pending) -> Result<HttpResponse, AuthorizeError> {
    let mut interaction = pending.interaction;
    if let Some((session, _)) = &visit.signed_in {
        let _marked =
            store::interactions::mark_login(&visit.state.store, &interaction.id, &session.id, visit.now).await?;
        interaction.login_at = Some(visit.now);
        interaction.session_id = Some(session.id.clone());
    }
    visit.proceed(&pending.params, Some(interaction)).await
}

fn page(visit: &Visit, pending: &Pending, examined: &Examined, refused: Option<(LoginAlert, Typed)>) -> HttpResponse {
    let state = &visit.state;
    let (alert, typed) = refused.unzip();
    let person = person(visit, pending, examined);
    let mut shell = shell::in_language(state, &visit.http, &examined.request.ui_locales);
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
        _ => examined.request.login_hint.clone(),
    };
    let login = LoginPage {
        shell,
        action: match whom(visit) {
            Whom::WhoeverIsDue => cards::path(state, paths::LOGIN),
            Whom::SomebodyElse => format!("{}?{OTHER_ACCOUNT}", cards::path(state, paths::LOGIN)),
        },
        interaction: pending.interaction.id.to_string(),
        csrf: pending.csrf(state, None),
        client: cards::client(&examined.client),
        person,
        username: typed.map(|typed| typed.username).or(known).unwrap_or_default(),
        keep,
        alert,
    };
    let mut response = answer::page(status(alert), &login, state, &visit.http);
    if let Some(LoginAlert::Throttled { seconds }) = alert {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// Who is asked, and why, when somebody is signed in already.
fn person(visit: &Visit, pending: &Pending, examined: &Examined) -> LoginPerson {
    let (Some((_, user)), Whom::WhoeverIsDue) = (&visit.signed_in, whom(visit)) else { return LoginPerson::Anyone };
    let account = cards::account(user);
    let again = |reason| LoginPerson::Again {
        account: account.clone(),
        reason,
        other_account: Some(cards::other_account(&visit.state, &pending.interaction.id)),
    };
    match examined.step {
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

/// A place among the passwords that are verified, or the refusal. Who comes back at once without reading `Retry-After` is
/// slowed down, because answering must not take the time that verifying needs.
async fn admit(state: &AppState) -> Result<Permit, PageError> {
    let Busy { retry_after } = match state.passwords.admit() {
        Ok(permit) => return Ok(permit),
        Err(busy) => busy,
    };
    tokio::time::sleep(REFUSAL_PAUSE).await;
    let seconds = i64::try_from(retry_after.as_secs()).unwrap_or(60).max(1);
    Err(PageError { retry_after: Some(Seconds(seconds)), ..PageError::new(Situation::Busy) }
        .because("as many passwords are being verified as the server can"))
}
