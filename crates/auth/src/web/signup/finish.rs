//! `/signup/password`: a password or a passkey, and the account is made: person, credential, entry in the log and the use of the
//! link in one transaction. Then the person is signed in and goes on to where they wanted to go.

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use protocol::login::{AuthenticationMethod, Proven};
use protocol::params::Params;
use protocol::secret::SecretString;
use protocol::security_event::SecurityEvent;
use protocol::user::{User, check_username, display_name, normalize_login};
use store::interactions::Keep;
use store::passkeys::Passkey;
use store::sign_ups::{Credential, SignUp};
use store::{StoreError, Won};

use super::{Admission, CODE, Desk, Draft, FINISH, PASSKEY, PASSKEY_OPTIONS};
use crate::action_tokens::ActionToken;
use crate::limits::{self, Throttled};
use crate::passkeys::{self, Naming, Owner};
use crate::passwords::policy::{self, About, Strength, Weakness};
use crate::security_log::{self, Event};
use crate::web::authorize::Visit;
use crate::web::error::{AuthorizeError, JsonError, PageError, Situation};
use crate::web::interaction::Pending;
use crate::web::login::{self, Proof, Remember, RestsOn};
use crate::web::pages::{
    EnrolCodesPage, Field, FieldKind, FieldState, Form, Notice, Offered, PasskeyForm, StepPage, Ticked,
};
use crate::web::passkey::{self as passkey_form, REFUSED, Refusal};
use crate::web::{answer, cards, form};
use crate::{AppState, recovery_codes};

/// The box that accepts the terms, in either form: an id stands once on a page.
const TERMS: &str = "terms";
const TERMS_BY_PASSKEY: &str = "passkey-terms";

/// Somebody whose address is proven.
struct Applicant {
    desk: Desk,
    token: ActionToken,
    draft: Draft,
}

enum Due {
    Here(Box<Applicant>),
    Elsewhere(HttpResponse),
}

/// What is wrong with what was typed.
#[derive(Debug, Default)]
struct Wrong {
    username: Option<&'static str>,
    password: Option<String>,
    terms: Option<&'static str>,
}

/// What was typed, but for the password.
#[derive(Clone, Debug, Default)]
struct Typed {
    username: String,
    name: Option<String>,
    terms: bool,
}

/// What somebody made an account with.
enum Chosen {
    Password(String),
    Passkey(Box<Passkey>),
}

pub(crate) async fn get(state: Data<AppState>, http: HttpRequest) -> Result<HttpResponse, AuthorizeError> {
    let refusal = Refusal::read(&http);
    let (visit, pending) = Visit::resumed(state, http).await?;
    match due(visit, pending).await? {
        Due::Elsewhere(response) => Ok(response),
        Due::Here(applicant) => {
            let typed = Typed { username: applicant.email().to_owned(), ..Typed::default() };
            let page = applicant.page(&typed, Wrong::default());
            let notice = refusal.map(|refusal| Notice::danger(refusal.sentence(&page.shell.texts.passkey)));
            Ok(applicant.desk.show(StatusCode::OK, page.notice(notice)))
        }
    }
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
    let text = |name| form.get(name).map_err(PageError::bad_link).map(Option::unwrap_or_default);
    let password = SecretString::new(text("new-password")?.to_owned());
    let typed = applicant.take(&form)?;
    let user = applicant.person(&typed.username);
    let mut wrong = match applicant.wrong(&typed).await? {
        Ok(wrong) => wrong,
        Err(throttled) => return Ok(applicant.wait(&typed, throttled)),
    };
    let config = &applicant.desk.state().config;
    if let Err(weaknesses) =
        policy::check(&config.passwords, &About::of(config, &user, Strength::Alone), password.expose())
    {
        let sentence = |weakness: &Weakness| applicant.texts().password.weakness(*weakness);
        wrong.password = Some(weaknesses.iter().map(sentence).collect::<Vec<_>>().join(" "));
    }
    if wrong.is_anything() {
        return Ok(applicant.refuse(&typed, wrong));
    }
    let permit = login::password::admit(applicant.desk.state()).await?;
    let phc = permit.hash(password).await.map_err(|error| PageError::new(Situation::Broken).because(error))?;
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

async fn posted(state: Data<AppState>, http: HttpRequest, body: Payload) -> Result<(Due, Params), AuthorizeError> {
    let form = form::read(&state, &http, body).await.map_err(PageError::from)?;
    let (visit, pending) = Visit::answered(state, http, &form).await?;
    pending.check_form(&visit.state, &visit.http, &form, None)?;
    Ok((due(visit, pending).await?, form))
}

async fn due(visit: Visit, pending: Pending) -> Result<Due, AuthorizeError> {
    let desk = Desk::new(visit, pending).await?;
    if let admission @ (Admission::Nobody | Admission::NeedsInvitation) = desk.admission().await?
        && desk.sent().await?.is_none_or(|token| Draft::of(&token).is_none_or(|draft| draft.invitation.is_none()))
    {
        return Ok(Due::Elsewhere(desk.refused(&admission)));
    }
    let Some(token) = desk.sent().await? else { return Ok(Due::Elsewhere(desk.to(cards::SIGN_UP))) };
    if token.used_at.is_some() {
        return Ok(Due::Elsewhere(desk.visit.go_on(desk.pending).await?));
    }
    Ok(match (token.proven_at, Draft::of(&token)) {
        (Some(_), Some(draft)) => Due::Here(Box::new(Applicant { desk, token, draft })),
        (None, Some(_)) => Due::Elsewhere(desk.to(CODE)),
        (_, None) => Due::Elsewhere(desk.to(cards::SIGN_UP)),
    })
}

impl Applicant {
    fn email(&self) -> &str {
        self.token.email.as_deref().unwrap_or_default()
    }

    fn texts(&self) -> &'static crate::web::text::Texts {
        self.desk.shell(FINISH).texts
    }

    /// Without a name of their own they are known by their address.
    fn person(&self, username: &str) -> User {
        let proven_at = self.token.proven_at.unwrap_or(self.desk.visit.now);
        self.draft.person(self.email(), username, proven_at, self.desk.visit.now)
    }

    /// Reads the form. What was asked for before is not asked for again.
    fn take(&mut self, form: &Params) -> Result<Typed, PageError> {
        let text = |name| form.get(name).map_err(PageError::bad_link);
        let username = text("username")?.map(str::trim).unwrap_or_default();
        let username = if username.is_empty() { self.email() } else { username };
        let typed = Typed {
            username: username.chars().take(320).collect(),
            name: text("name")?.map(|name| name.chars().take(320).collect()),
            terms: text(TERMS)?.is_some() || text(TERMS_BY_PASSKEY)?.is_some(),
        };
        if self.draft.name.is_none() {
            self.draft.name = typed.name.as_deref().and_then(display_name);
        }
        if self.draft.terms_accepted_at.is_none() && typed.terms {
            self.draft.terms_accepted_at = Some(self.desk.visit.now);
        }
        Ok(typed)
    }

    fn asks_for_terms(&self) -> bool {
        self.desk.state().config.accounts.terms_uri.is_some()
            && Draft::of(&self.token).is_none_or(|draft| draft.terms_accepted_at.is_none())
    }

    /// Who has an address could ask for name after name, so only so many answers are "taken".
    async fn wrong(&self, typed: &Typed) -> Result<Result<Wrong, Throttled>, StoreError> {
        let texts = &self.texts().signup;
        let terms_missing = self.asks_for_terms() && self.draft.terms_accepted_at.is_none();
        let mut wrong = Wrong { terms: terms_missing.then_some(texts.terms_missing), ..Wrong::default() };
        let login = normalize_login(&typed.username);
        if login == normalize_login(self.email()) {
            return Ok(Ok(wrong));
        }
        if check_username(&typed.username).is_err() {
            return Ok(Ok(Wrong { username: Some(texts.username_wrong), ..wrong }));
        }
        let state = self.desk.state();
        let reserved = match limits::name_of_sign_up(state, &self.token.id, self.desk.visit.now).await? {
            Ok(reserved) => reserved,
            Err(throttled) => return Ok(Err(throttled)),
        };
        if store::users::find_by_login(&state.store, &login).await?.is_some() {
            reserved.failed();
            wrong.username = Some(texts.username_taken);
        } else {
            reserved.not_evaluated(state).await;
        }
        Ok(Ok(wrong))
    }

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
                let onward = format!("{}?interaction={}", cards::CONTINUE, pending.interaction.id);
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

    /// Their address is a name, too, and is not asked about.
    fn wait(&self, typed: &Typed, Throttled { retry_after }: Throttled) -> HttpResponse {
        let page = self.page(typed, Wrong::default());
        let texts = page.shell.texts;
        let notice = Notice::wait(texts.signup.too_many_names, retry_after.0, texts.common.wait_over);
        self.desk.too_many(page.notice(Some(notice)), retry_after)
    }

    fn taken(&self) -> HttpResponse {
        let desk = &self.desk;
        let shell = desk.shell(FINISH);
        let texts = &shell.texts.signup;
        let lede = (texts.taken_lede, self.email().to_owned());
        let page = StepPage::new(shell, "signup-taken-page", texts.taken_title, lede)
            .way("signup-sign-in", desk.href(protocol::metadata::paths::LOGIN), texts.sign_in)
            .way("signup-recover", desk.href(cards::RECOVER), texts.recover);
        desk.show(StatusCode::CONFLICT, page)
    }

    /// To this page, which says why the passkey was refused.
    fn back(&self, refusal: Refusal) -> HttpResponse {
        let location = format!("{}&{REFUSED}={}", self.desk.href(FINISH), refusal.name());
        HttpResponse::SeeOther().insert_header((LOCATION, location)).finish()
    }

    fn refuse(&self, typed: &Typed, wrong: Wrong) -> HttpResponse {
        self.desk.show(StatusCode::UNPROCESSABLE_ENTITY, self.page(typed, wrong))
    }

    fn page(&self, typed: &Typed, wrong: Wrong) -> StepPage {
        let desk = &self.desk;
        let shell = desk.shell(FINISH);
        let (state, texts) = (desk.state(), shell.texts);
        let least = policy::least(&state.config.passwords, Strength::Alone);
        let username = Field::new(FieldKind::Name, "username", texts.signup.username)
            .value(&typed.username)
            .hint(texts.signup.username_hint)
            .refused(wrong.username.map(str::to_owned));
        let password = Field::new_password(texts, "new-password", texts.signup.password, least);
        let password = match wrong.password {
            Some(sentence) => password.refused(Some(sentence)),
            None => password.state(FieldState::Focused),
        };
        let mut form = Form::new(cards::path(state, FINISH), desk.csrf(), "signup-create", texts.signup.create)
            .hidden("interaction", desk.id().to_string());
        if Draft::of(&self.token).is_none_or(|draft| draft.name.is_none()) {
            let name = Field::new(FieldKind::Text("name"), "name", texts.signup.name);
            form =
                form.field(name.value(typed.name.clone().unwrap_or_default()).hint(texts.signup.name_hint).optional());
        }
        form = form.field(username).field(password);
        let terms = |id| {
            let tick = FieldKind::Tick(if typed.terms { Ticked::Yes } else { Ticked::No });
            self.asks_for_terms().then(|| Field::new(tick, id, texts.signup.terms))
        };
        if let Some(terms) = terms(TERMS) {
            form = form.field(terms.refused(wrong.terms.map(str::to_owned)));
        }
        let lede = (texts.signup.finish_lede, self.email().to_owned());
        let page = StepPage::new(shell, "signup-password-page", texts.signup.finish_title, lede).form(form);
        let passkey = self.passkey_form().map(|form| PasskeyForm { accept: terms(TERMS_BY_PASSKEY), ..form });
        StepPage { passkey, ..page }.with_rules()
    }

    fn passkey_form(&self) -> Option<PasskeyForm> {
        let (desk, state) = (&self.desk, self.desk.state());
        passkeys::are_available(state.issuer()).then(|| PasskeyForm {
            action: cards::path(state, PASSKEY),
            options: cards::path(state, PASSKEY_OPTIONS),
            hidden: vec![("interaction", desk.id().to_string()), ("csrf", desk.csrf())],
            keep: None,
            accept: None,
            offered: Offered::ByButton,
        })
    }
}

impl Wrong {
    fn is_anything(&self) -> bool {
        self.username.is_some() || self.password.is_some() || self.terms.is_some()
    }
}
