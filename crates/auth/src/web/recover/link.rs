//! `/recover/{token}`: a new password for the account that the link was sent for. Opening the page uses nothing up; of those who send
//! its form, one wins.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use protocol::action_token::Purpose;
use protocol::login::ResetBy;
use protocol::user::User;
use store::{StoreError, Won};

use super::DONE;
use super::seeker::Seeker;
use crate::accounts::{self, How};
use crate::action_tokens::{self, ActionToken};
use crate::page_paths;
use crate::passwords::policy::{Strength, Weakness};
use crate::web::error::PageError;
use crate::web::pages::{Field, FieldKind, FieldState, StepPage};
use crate::web::{answer, browser_form, cards, form, passwords, shell};
use crate::{AppState, known_browsers};

/// A link that is good, and whose account it is for.
struct Opened {
    token: ActionToken,
    user: User,
    strength: Strength,
}

pub(crate) async fn get(
    state: Data<AppState>,
    http: HttpRequest,
    token: Path<String>,
) -> Result<HttpResponse, PageError> {
    let seeker = Seeker { state, http, origin: None };
    match Opened::find(&seeker.state, &token).await? {
        Some(opened) => Ok(opened.page(&seeker, &token, &[])),
        None => Ok(over(&seeker)),
    }
}

pub(crate) async fn post(
    state: Data<AppState>,
    http: HttpRequest,
    token: Path<String>,
    body: Payload,
) -> Result<HttpResponse, PageError> {
    let form = form::read(&state, &http, body).await?;
    let permit = passwords::admit(&state).await?;
    let mut seeker = Seeker { state, http, origin: None };
    let Seeker { state, http, .. } = &seeker;
    let Some(opened) = Opened::find(state, &token).await? else { return Ok(over(&seeker)) };
    browser_form::check(state, http, &form, &browser_form::of_link(&opened.token))?;
    let typed = passwords::typed(&form)?;
    if let Err(weaknesses) = passwords::check(state, &opened.user, opened.strength, &typed) {
        return Ok(opened.page(&seeker, &token, &weaknesses));
    }
    let new = passwords::hash(state, permit, typed).await?;
    if action_tokens::use_link(state, &opened.token, state.now()).await? == Won::No {
        return Ok(over(&seeker));
    }
    let browser = known_browsers::find(state, http, &opened.user.id, state.now()).await?;
    let how = How::Reset { by: opened.by(), browser: browser.as_ref().map(|browser| &browser.id) };
    accounts::set_password(state, http, &opened.user, new, how).await?;
    seeker.came_from(opened.token.interaction_id).await?;
    Ok(answer::see_other(seeker.href(DONE)))
}

/// `/recover/done`
pub(crate) async fn done(state: Data<AppState>, http: HttpRequest) -> Result<HttpResponse, PageError> {
    let seeker = Seeker::opened(state, http).await?;
    let shell = seeker.shell(DONE);
    let texts = &shell.texts.recovery;
    let page = StepPage::new(shell, "recover-done-page", texts.done_title, (texts.done_lede, String::new())).way(
        "recover-sign-in",
        seeker.sign_in(),
        texts.sign_in,
    );
    Ok(seeker.show(StatusCode::OK, &page))
}

impl Opened {
    async fn find(state: &AppState, token: &str) -> Result<Option<Self>, StoreError> {
        for purpose in [Purpose::Recover, Purpose::AdministratorRecovery] {
            let Some(token) = action_tokens::find_by_link(state, token, purpose, state.now()).await? else { continue };
            let Some(id) = &token.user_id else { continue };
            let user = store::users::find(&state.store, id).await?.filter(|user| user.disabled_at.is_none());
            let Some(user) = user else { continue };
            let strength = Strength::beside(accounts::enrolled(state, &user).await?);
            return Ok(Some(Self { token, user, strength }));
        }
        Ok(None)
    }

    /// What its holder has shown. A link that a recovery code became was sent nowhere.
    fn by(&self) -> ResetBy {
        match (self.token.purpose, &self.token.email) {
            (Purpose::AdministratorRecovery, _) => ResetBy::Administrator,
            (_, Some(_)) => ResetBy::Email,
            (_, None) => ResetBy::RecoveryCode,
        }
    }

    fn page(&self, seeker: &Seeker, link: &str, weaknesses: &[Weakness]) -> HttpResponse {
        let path = format!("{}/{link}", page_paths::RECOVER);
        let shell = seeker.shell(&path);
        let texts = shell.texts;
        let password = passwords::field(&seeker.state, texts, texts.recovery.password, self.strength)
            .state(FieldState::Focused)
            .refused(texts.password.weaknesses(weaknesses));
        let form = seeker
            .form(&path, &browser_form::of_link(&self.token), ("recover-save", texts.recovery.save))
            .field(Field::new(FieldKind::CarriedName, "username", texts.login.username).value(&self.user.username))
            .field(password);
        let lede = (texts.recovery.password_lede, String::new());
        let page = StepPage::new(shell, "recover-password-page", texts.recovery.password_title, lede).form(form).way(
            "recover-sign-in",
            seeker.sign_in(),
            texts.recovery.back,
        );
        let page = StepPage { account: Some(cards::account(&self.user)), ..page };
        let status = if weaknesses.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
        seeker.show(status, &page)
    }
}

fn over(seeker: &Seeker) -> HttpResponse {
    let shell = shell::of(&seeker.state, &seeker.http);
    let texts = &shell.texts.recovery;
    let page = StepPage::new(shell, "recover-over-page", texts.over_title, (texts.over_lede, String::new()))
        .way("recover-again", seeker.href(page_paths::RECOVER), texts.new_link)
        .way("recover-sign-in", seeker.sign_in(), texts.back);
    seeker.show(StatusCode::GONE, &page)
}
