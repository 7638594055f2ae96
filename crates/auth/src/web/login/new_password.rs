//! `/login/new-password`: somebody who proved who they are has to choose a new password before the sign-in ends.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use protocol::login::Next;
use protocol::secret::SecretString;
use store::Won;

use super::{Proof, Remember, RestsOn, UnderWay, proven};
use crate::AppState;
use crate::accounts::{self, How};
use crate::page_paths;
use crate::passwords::policy::{Strength, Weakness};
use crate::passwords::{Permit, Verdict};
use crate::web::asked::{Asked, Due};
use crate::web::authorize::Visit;
use crate::web::error::{AuthorizeError, PageError, Situation};
use crate::web::interaction::Pending;
use crate::web::pages::{Field, FieldKind, FieldState, ForcedPasswordPage, Form};
use crate::web::{answer, cards, form, passwords, shell};

/// Somebody at this page who has to be here.
struct Owner {
    visit: Visit,
    pending: Pending,
    asked: Asked,
    under_way: UnderWay,
}

pub(crate) async fn get(state: Data<AppState>, http: HttpRequest) -> Result<HttpResponse, AuthorizeError> {
    let (visit, pending) = Visit::resumed(state, http).await?;
    Ok(due(visit, pending).await?.show(|owner| owner.page(&[])))
}

pub(crate) async fn post(
    state: Data<AppState>,
    http: HttpRequest,
    body: Payload,
) -> Result<HttpResponse, AuthorizeError> {
    let form = form::read(&state, &http, body).await.map_err(PageError::from)?;
    let permit = passwords::admit(&state).await?;
    let (visit, pending) = Visit::answered(state, http, &form).await?;
    pending.check_form(&visit.state, &visit.http, &form, None)?;
    let owner = match due(visit, pending).await? {
        Due::Here(owner) => owner,
        Due::Elsewhere(response) => return Ok(response),
    };
    let typed = passwords::typed(&form)?;
    match owner.check(permit, &typed).await? {
        Ok(()) => owner.replace(typed).await,
        Err(weaknesses) => Ok(owner.page(&weaknesses)),
    }
}

/// Only for who proved themselves in this sign-in: a session that somebody left open is no reason to hand out a new password.
async fn due(visit: Visit, pending: Pending) -> Result<Due<Owner>, AuthorizeError> {
    let asked = visit.asked(&pending).await?;
    let found = UnderWay::find(&visit, &pending).await?;
    let Some(under_way) = found.filter(|found| found.rests_on == RestsOn::ThisSignIn) else {
        return Ok(Due::Elsewhere(visit.go_on(pending).await?));
    };
    let (user, enrolled) = (&under_way.user, under_way.enrolled);
    match super::next(&visit, (user, enrolled), &under_way.proven, asked.demanded).await? {
        Next::NewPassword => Ok(Due::here(Owner { visit, pending, asked, under_way })),
        Next::SecondFactor => {
            let page = super::second_factor_page(enrolled);
            Ok(Due::Elsewhere(visit.to_page(page, &pending.interaction.id)))
        }
        Next::SignIn => Ok(Due::Elsewhere(visit.go_on(pending).await?)),
    }
}

impl Owner {
    /// The rules, and that it is another one than before.
    async fn check(&self, permit: Permit, typed: &SecretString) -> Result<Result<(), Vec<Weakness>>, PageError> {
        let (state, user) = (&self.visit.state, &self.under_way.user);
        if let Err(weaknesses) = passwords::check(state, user, self.strength(), typed) {
            return Ok(Err(weaknesses));
        }
        let stored = store::passwords::find(&state.store, &user.id).await?;
        let verdict = permit.verify(typed.clone(), stored).await.map_err(passwords::broken)?;
        Ok(if verdict == Verdict::Differs { Ok(()) } else { Err(vec![Weakness::SameAsBefore]) })
    }

    /// All sessions of before end; the one of this sign-in begins afterwards.
    async fn replace(self: Box<Self>, typed: SecretString) -> Result<HttpResponse, AuthorizeError> {
        let Self { mut visit, pending, under_way, .. } = *self;
        let state = &visit.state;
        let permit = passwords::admit(state).await?;
        let new = passwords::hash(state, permit, typed).await?;
        let Some(login) = &pending.interaction.login else { return visit.go_on(pending).await };
        // Of a double click one changes it: the other would end the session of the first.
        if store::interactions::take_proven(&state.store, &pending.interaction.id, login, visit.now).await? == Won::No {
            return visit.go_on(pending).await;
        }
        let phc = new.phc.clone();
        accounts::set_password(state, &visit.http, &under_way.user, new, How::Forced).await?;
        let stored = store::passwords::current(&state.store, &under_way.user.id).await?;
        let stored = stored.filter(|stored| stored.phc == phc);
        let user = store::users::find(&state.store, &under_way.user.id).await?;
        let user = user.filter(|user| user.disabled_at.is_none());
        let gone = || PageError::new(Situation::Expired).because("the account or the password went meanwhile");
        let (user, stored) = user.zip(stored).ok_or_else(gone)?;
        let password_set_at = Some(stored.changed_at);
        // It ended with the others.
        visit.signed_in = visit.signed_in.take().filter(|(_, somebody)| somebody.id != user.id);
        let UnderWay { proven: factors, since, keep, rests_on, .. } = under_way;
        let proof = Proof { user, proven: factors, since, keep, password_set_at, rests_on, remember: Remember::No };
        proven(visit, pending, proof).await
    }

    fn strength(&self) -> Strength {
        Strength::beside(self.under_way.enrolled)
    }

    fn page(&self, weaknesses: &[Weakness]) -> HttpResponse {
        let (visit, user, id) = (&self.visit, &self.under_way.user, &self.pending.interaction.id);
        let action = cards::path(&visit.state, page_paths::NEW_PASSWORD);
        let shell = shell::of_step(&visit.state, &visit.http, &self.asked.ui_locales, page_paths::NEW_PASSWORD, id);
        let texts = shell.texts;
        let password = passwords::field(&visit.state, texts, texts.password.new, self.strength())
            .state(FieldState::Focused)
            .refused(texts.password.weaknesses(weaknesses));
        let csrf = self.pending.csrf(&visit.state, None);
        let form = Form::new(action, csrf, "new-password-submit", texts.second_factor.submit)
            .hidden("interaction", id.to_string())
            .field(Field::new(FieldKind::CarriedName, "username", texts.login.username).value(&user.username))
            .field(password);
        let status = if weaknesses.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
        let other_account = cards::other_account(&visit.state, id);
        let page = ForcedPasswordPage { account: cards::account(user), form, other_account, shell };
        answer::page(status, &page, &visit.state, &visit.http)
    }
}
