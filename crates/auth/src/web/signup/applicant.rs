//! Who is at `/signup/password`: somebody whose address is proven, what they typed there, what is wrong with it, and the page that
//! asks for it. The account is made in `finish.rs`.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use protocol::metadata::paths;
use protocol::params::Params;
use protocol::user::{User, check_username, display_name, normalize_login};
use store::StoreError;

use super::{Desk, Draft, FINISH, PASSKEY, PASSKEY_OPTIONS};
use crate::action_tokens::ActionToken;
use crate::limits::{self, Throttled};
use crate::page_paths;
use crate::passkeys;
use crate::passwords::policy::Strength;
use crate::text::Texts;
use crate::web::error::PageError;
use crate::web::pages::{Field, FieldKind, FieldState, Form, Notice, Offered, PasskeyForm, StepPage, Ticked};
use crate::web::passkey::{REFUSED, Refusal};
use crate::web::{answer, cards, form, passwords};

/// The box that accepts the terms, in either form: an id stands once on a page.
const TERMS: &str = "terms";
const TERMS_BY_PASSKEY: &str = "passkey-terms";

/// Somebody whose address is proven.
pub(super) struct Applicant {
    pub desk: Desk,
    pub token: ActionToken,
    pub draft: Draft,
}

/// What was typed, but for the password.
#[derive(Clone, Debug, Default)]
pub(super) struct Typed {
    pub username: String,
    pub name: Option<String>,
    pub terms: bool,
}

/// What is wrong with what was typed.
#[derive(Debug, Default)]
pub(super) struct Wrong {
    pub username: Option<&'static str>,
    pub password: Option<String>,
    pub terms: Option<&'static str>,
}

impl Applicant {
    pub(super) fn email(&self) -> &str {
        self.token.email.as_deref().unwrap_or_default()
    }

    pub(super) fn texts(&self) -> &'static Texts {
        self.desk.shell(FINISH).texts
    }

    /// Without a name of their own they are known by their address.
    pub(super) fn person(&self, username: &str) -> User {
        let proven_at = self.token.proven_at.unwrap_or(self.desk.visit.now);
        self.draft.person(self.email(), username, proven_at, self.desk.visit.now)
    }

    /// Reads the form. What was asked for before is not asked for again.
    pub(super) fn take(&mut self, form: &Params) -> Result<Typed, PageError> {
        let username = form::text(form, "username")?.trim();
        let username = if username.is_empty() { self.email() } else { username };
        let typed = Typed {
            username: form::cut(username),
            name: form::field(form, "name")?.map(form::cut),
            terms: form::ticked(form, TERMS)? || form::ticked(form, TERMS_BY_PASSKEY)?,
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
    pub(super) async fn wrong(&self, typed: &Typed) -> Result<Result<Wrong, Throttled>, StoreError> {
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

    /// Their address is a name, too, and is not asked about.
    pub(super) fn wait(&self, typed: &Typed, Throttled { retry_after }: Throttled) -> HttpResponse {
        let page = self.page(typed, Wrong::default());
        let texts = page.shell.texts;
        let notice = Notice::wait(texts.signup.too_many_names, retry_after.0, texts.common.wait_over);
        self.desk.too_many(page.notice(Some(notice)), retry_after)
    }

    pub(super) fn taken(&self) -> HttpResponse {
        let desk = &self.desk;
        let shell = desk.shell(FINISH);
        let texts = &shell.texts.signup;
        let lede = (texts.taken_lede, self.email().to_owned());
        let page = StepPage::new(shell, "signup-taken-page", texts.taken_title, lede)
            .way("signup-sign-in", desk.href(paths::LOGIN), texts.sign_in)
            .way("signup-recover", desk.href(page_paths::RECOVER), texts.recover);
        desk.show(StatusCode::CONFLICT, page)
    }

    /// To this page, which says why the passkey was refused.
    pub(super) fn back(&self, refusal: Refusal) -> HttpResponse {
        let location = format!("{}&{REFUSED}={}", self.desk.href(FINISH), refusal.name());
        answer::see_other(location)
    }

    pub(super) fn refuse(&self, typed: &Typed, wrong: Wrong) -> HttpResponse {
        self.desk.show(StatusCode::UNPROCESSABLE_ENTITY, self.page(typed, wrong))
    }

    pub(super) fn page(&self, typed: &Typed, wrong: Wrong) -> StepPage {
        let desk = &self.desk;
        let shell = desk.shell(FINISH);
        let (state, texts) = (desk.state(), shell.texts);
        let username = Field::new(FieldKind::Name, "username", texts.signup.username)
            .value(&typed.username)
            .hint(texts.signup.username_hint)
            .refused(wrong.username.map(str::to_owned));
        let password = passwords::field(state, texts, texts.signup.password, Strength::Alone)
            .state(FieldState::Focused)
            .refused(wrong.password);
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
            action: desk.href(PASSKEY),
            options: cards::path(state, PASSKEY_OPTIONS),
            hidden: vec![("interaction", desk.id().to_string()), ("csrf", desk.csrf())],
            keep: None,
            accept: None,
            offered: Offered::ByButton,
        })
    }
}

impl Wrong {
    pub(super) fn is_anything(&self) -> bool {
        self.username.is_some() || self.password.is_some() || self.terms.is_some()
    }
}
