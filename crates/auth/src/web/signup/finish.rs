//! `/signup/password`: a password or a passkey, and the account is made: person, credential, entry in the log and the use of the
//! link in one transaction. Then the person is signed in and goes on to where they wanted to go.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use protocol::login::{AuthenticationMethod, Proven};
use protocol::params::Params;
use protocol::security_event::SecurityEvent;
use protocol::user::{User, normalize_login};
use store::interactions::Keep;
use store::passkeys::Passkey;
use store::passwords::NewPassword;
use store::sign_ups::{Credential, SignUp};
use store::{StoreError, Won};

use super::applicant::{Applicant, Typed, Wrong};
use super::{Admission, CODE, Desk, Draft, FINISH};
use crate::page_paths;
use crate::passkeys::{self, Naming, Owner};
use crate::passwords::policy::Strength;
use crate::security_log::{self, Event};
use crate::web::asked::Due;
use crate::web::authorize::Visit;
use crate::web::error::{AuthorizeError, JsonError, PageError, Situation};
use crate::web::interaction::Pending;
use crate::web::login::{self, Proof, Remember, RestsOn};
use crate::web::pages::{EnrolCodesPage, Notice};
use crate::web::passkey::{self as passkey_form, Refusal};
use crate::web::{answer, cards, passwords};
use crate::{AppState, recovery_codes};

/// What somebody made an account with.
enum Chosen {
    Password(String),
    Passkey(Box<Passkey>),
}

pub(crate) async fn get(state: Data<AppState>, http: HttpRequest) -> Result<HttpResponse, AuthorizeError> {
    let refusal = Refusal::read(&http);
    let (visit, pending) = Visit::resumed(state, http).await?;
    let shown = |applicant: &Applicant| {
        let typed = Typed { username: applicant.email().to_owned(), ..Typed::default() };
        let page = applicant.page(&typed, Wrong::default());
        let notice = refusal.map(|refusal| Notice::danger(refusal.sentence(&page.shell.texts.passkey)));
        applicant.desk.show(StatusCode::OK, page.notice(notice))
    };
    Ok(due(visit, pending).await?.show(shown))
}

pub(crate) async fn post(
    state: Data<AppState>,
    http: HttpRequest,
    body: Payload,
) -> Result<HttpResponse, AuthorizeError> {
    let (due, form) = posted(state, http, body).await?;
    let mut applicant = match due {
        Due::Here(applicant) => applicant,
        Due::Elsewhere(response) => return Ok(response),
    };
    let password = passwords::typed(&form)?;
    let typed = applicant.take(&form)?;
    let user = applicant.person(&typed.username);
    let mut wrong = match applicant.wrong(&typed).await? {
        Ok(wrong) => wrong,
        Err(throttled) => return Ok(applicant.wait(&typed, throttled)),
    };
    let state = applicant.desk.state();
    if let Err(weaknesses) = passwords::check(state, &user, Strength::Alone, &password) {
        wrong.password = applicant.texts().password.weaknesses(&weaknesses);
    }
    if wrong.is_anything() {
        return Ok(applicant.refuse(&typed, wrong));
    }
    let NewPassword { phc, .. } = passwords::hash(state, passwords::admit(state).await?, password).await?;
    applicant.create(user, Chosen::Password(phc), &typed).await
}

/// `/signup/passkey`: the answer of the authenticator.
pub(crate) async fn passkey(
    state: Data<AppState>,
    http: HttpRequest,
    body: Payload,
) -> Result<HttpResponse, AuthorizeError> {
    let (due, form) = posted(state, http, body).await?;
    let mut applicant = match due {
        Due::Here(applicant) => applicant,
        Due::Elsewhere(response) => return Ok(response),
    };
    let mut typed = applicant.take(&form)?;
    applicant.email().clone_into(&mut typed.username);
    let desk = &applicant.desk;
    let presented = passkey_form::presented(&form, &desk.pending.interaction.browser_hash)?;
    let naming = Naming { typed: "", otherwise: applicant.texts().passkey.default_name };
    let user = applicant.person(&typed.username);
    match passkeys::verify_registration(desk.state(), &user.id, presented, naming, desk.visit.now).await {
        Ok(passkey) => {
            let wrong = match applicant.wrong(&typed).await? {
                Ok(wrong) => wrong,
                Err(throttled) => return Ok(applicant.wait(&typed, throttled)),
            };
            if wrong.is_anything() {
                return Ok(applicant.refuse(&typed, wrong));
            }
            applicant.create(user, Chosen::Passkey(Box::new(passkey)), &typed).await
        }
        Err(passkeys::PasskeyError::Store(error)) => Err(error.into()),
        Err(error) => {
            tracing::info!(cause = %error, "a passkey was refused");
            Ok(applicant.back(Refusal::of(&error)))
        }
    }
}

/// `/signup/passkey-options`
pub(crate) async fn passkey_options(
    state: Data<AppState>,
    http: HttpRequest,
    body: Payload,
) -> Result<HttpResponse, JsonError> {
    let over = |error: AuthorizeError| match error {
        AuthorizeError::Page(page) => passkey_form::as_json(page),
        _ => passkey_form::as_json(PageError::new(Situation::Expired)),
    };
    let (due, _) = posted(state, http, body).await.map_err(over)?;
    let Due::Here(applicant) = due else { return Err(passkey_form::as_json(PageError::new(Situation::Expired))) };
    let user = applicant.person(applicant.email());
    let desk = &applicant.desk;
    passkey_form::creation_options(desk.state(), &Owner::of(&user), &desk.pending.interaction.browser_hash).await
}

async fn posted(
    state: Data<AppState>,
    http: HttpRequest,
    body: Payload,
) -> Result<(Due<Applicant>, Params), AuthorizeError> {
    let (visit, pending, form) = Visit::posted(state, http, body).await?;
    Ok((due(visit, pending).await?, form))
}

async fn due(visit: Visit, pending: Pending) -> Result<Due<Applicant>, AuthorizeError> {
    let desk = Desk::new(visit, pending).await?;
    if let admission @ (Admission::Nobody | Admission::NeedsInvitation) = desk.admission().await?
        && desk.sent().await?.is_none_or(|token| Draft::of(&token).is_none_or(|draft| draft.invitation.is_none()))
    {
        return Ok(Due::Elsewhere(desk.refused(&admission)));
    }
    let Some(token) = desk.sent().await? else { return Ok(Due::Elsewhere(desk.to(page_paths::SIGN_UP))) };
    if token.used_at.is_some() {
        return Ok(Due::Elsewhere(desk.visit.go_on(desk.pending).await?));
    }
    Ok(match (token.proven_at, Draft::of(&token)) {
        (Some(_), Some(draft)) => Due::here(Applicant { desk, token, draft }),
        (None, Some(_)) => Due::Elsewhere(desk.to(CODE)),
        (_, None) => Due::Elsewhere(desk.to(page_paths::SIGN_UP)),
    })
}

impl Applicant {
    /// Makes the account and signs its owner in.
    async fn create(
        self: Box<Self>,
        user: User,
        chosen: Chosen,
        typed: &Typed,
    ) -> Result<HttpResponse, AuthorizeError> {
        let visit = &self.desk.visit;
        let user = User { username: user.username, ..self.person(&typed.username) };
        let mut used = vec![self.token.id.clone()];
        used.extend(self.draft.invitation.clone());
        let event = Event::new(&user.id, SecurityEvent::AccountCreated);
        let event = security_log::entry(&visit.state, &visit.http, event);
        let credential = match &chosen {
            Chosen::Password(phc) => Credential::Password(phc),
            Chosen::Passkey(passkey) => Credential::Passkey(passkey),
        };
        let sign_up = SignUp { user: &user, credential, event: &event, used: &used };
        match store::sign_ups::insert(&visit.state.store, &sign_up, visit.now).await {
            Ok(Won::Yes) => Box::pin(self.sign_in(user, &chosen)).await,
            // A double click, or the same link in another window: what that one made is there.
            Ok(Won::No) => self.desk.visit.go_on(self.desk.pending).await,
            Err(StoreError::Conflict) => self.conflict(typed).await,
            Err(error) => Err(error.into()),
        }
    }

    /// Who has a passkey and nothing else is shown recovery codes on the way.
    async fn sign_in(self: Box<Self>, user: User, chosen: &Chosen) -> Result<HttpResponse, AuthorizeError> {
        let since = self.desk.visit.now;
        let proof = |user, proven: Proven| Proof {
            user,
            password_set_at: proven.contains(AuthenticationMethod::Password).then_some(since),
            proven,
            since,
            keep: Keep::UntilBrowserCloses,
            rests_on: RestsOn::ThisSignIn,
            remember: Remember::No,
        };
        match chosen {
            Chosen::Password(_) => {
                let Desk { visit, pending, .. } = self.desk;
                let proven = [AuthenticationMethod::Password].into_iter().collect();
                login::proven(visit, pending, proof(user, proven)).await
            }
            Chosen::Passkey(passkey) => {
                let (mut shell, account) = (self.desk.shell(FINISH), cards::account(&user));
                // The page cannot be asked for again.
                shell.switch = None;
                let Desk { visit, pending, .. } = self.desk;
                let (id, proven) = (user.id.clone(), passkeys::backup(passkey).methods().into_iter().collect());
                let (visit, pending) = login::signed_in(visit, pending, proof(user, proven)).await?;
                let Some(codes) = recovery_codes::make_first(&visit.state, &id, visit.now).await? else {
                    return visit.go_on(pending).await;
                };
                security_log::note(&visit.state, &visit.http, Event::new(&id, SecurityEvent::RecoveryCodesMade))
                    .await?;
                let onward = format!("{}?interaction={}", page_paths::CONTINUE, pending.interaction.id);
                let page = EnrolCodesPage { account, codes, onward: cards::path(&visit.state, &onward), shell };
                Ok(answer::page(StatusCode::OK, &page, &visit.state, &visit.http))
            }
        }
    }

    /// Somebody was faster with the address, the name or the passkey.
    async fn conflict(&self, typed: &Typed) -> Result<HttpResponse, AuthorizeError> {
        let store = &self.desk.state().store;
        if store::users::find_by_login(store, &normalize_login(self.email())).await?.is_some() {
            return Ok(self.taken());
        }
        Ok(match self.wrong(typed).await? {
            Ok(wrong) if wrong.is_anything() => self.refuse(typed, wrong),
            Ok(_) => self.back(Refusal::Exists),
            Err(throttled) => self.wait(typed, throttled),
        })
    }
}
