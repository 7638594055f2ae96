//! `/recover/{token}`: a new password for the account that the link was sent for. Opening the page uses nothing up; of those who send
//! its form, one wins.

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use protocol::action_token::Purpose;
use protocol::login::ResetBy;
use protocol::secret::SecretString;
use protocol::user::User;
use store::passwords::NewPassword;
use store::{StoreError, Won};

use super::{DONE, href, origin, page_shell, sign_in};
use crate::accounts::{self, How};
use crate::action_tokens::{self, ActionToken};
use crate::passwords::policy::{self, About, Strength, Weakness};
use crate::web::error::{PageError, Situation};
use crate::web::interaction;
use crate::web::login::password::admit;
use crate::web::pages::{Field, FieldKind, FieldState, Form, StepPage};
use crate::web::{answer, browser_form, cards, form, shell};
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
    match Opened::find(&state, &token).await? {
        Some(opened) => Ok(opened.page(&state, &http, (&token, &[]))),
        None => Ok(over(&state, &http)),
    }
}

pub(crate) async fn post(
    state: Data<AppState>,
    http: HttpRequest,
    token: Path<String>,
    body: Payload,
) -> Result<HttpResponse, PageError> {
    let form = form::read(&state, &http, body).await?;
    let permit = admit(&state).await?;
    let Some(opened) = Opened::find(&state, &token).await? else { return Ok(over(&state, &http)) };
    browser_form::check(&state, &http, &form, &opened.purpose())?;
    let typed =
        SecretString::new(form.get("new-password").map_err(PageError::bad_link)?.unwrap_or_default().to_owned());
    let about = About::of(&state.config, &opened.user, opened.strength);
    if let Err(weaknesses) = policy::check(&state.config.passwords, &about, typed.expose()) {
        return Ok(opened.page(&state, &http, (&token, &weaknesses)));
    }
    let needs_second_factor = policy::needs_second_factor(&state.config.passwords, typed.expose());
    let phc = permit.hash(typed).await.map_err(|error| PageError::new(Situation::Broken).because(error))?;
    if action_tokens::use_link(&state, &opened.token, state.now()).await? == Won::No {
        return Ok(over(&state, &http));
    }
    let new = NewPassword { phc, needs_second_factor };
    let browser = known_browsers::find(&state, &http, &opened.user.id, state.now()).await?;
    let how = How::Reset { by: opened.by(), browser: browser.as_ref().map(|browser| &browser.id) };
    accounts::set_password(&state, &http, &opened.user, new, how).await?;
    let here = match &opened.token.interaction_id {
        Some(id) => interaction::find_here(&state, &http, id, state.now()).await?,
        None => None,
    };
    let location = href(&state, DONE, here.map(|pending| pending.interaction.id).as_ref());
    Ok(HttpResponse::SeeOther().insert_header((LOCATION, location)).finish())
}

/// `/recover/done`
pub(crate) async fn done(state: Data<AppState>, http: HttpRequest) -> Result<HttpResponse, PageError> {
    let query = form::query(&http).map_err(PageError::bad_link)?;
    let origin = origin(&state, &http, &query).await?;
    let shell = page_shell(&state, &http, DONE, origin.as_ref());
    let texts = &shell.texts.recovery;
    let page = StepPage::new(shell, "recover-done-page", texts.done_title, (texts.done_lede, String::new())).way(
        "recover-sign-in",
        sign_in(&state, origin.as_ref()),
        texts.sign_in,
    );
    Ok(answer::page(StatusCode::OK, &page, &state, &http))
}

impl Opened {
    async fn find(state: &AppState, token: &str) -> Result<Option<Self>, StoreError> {
        for purpose in [Purpose::Recover, Purpose::AdministratorRecovery] {
            let Some(token) = action_tokens::find_by_link(state, token, purpose, state.now()).await? else { continue };
            let Some(id) = &token.user_id else { continue };
            let user = store::users::find(&state.store, id).await?.filter(|user| user.disabled_at.is_none());
            let Some(user) = user else { continue };
            let enrolled = accounts::enrolled(state, &user).await?;
            let strength = if enrolled.has_second_factor() { Strength::WithSecondFactor } else { Strength::Alone };
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

    fn purpose(&self) -> String {
        format!("recover {}", self.token.id)
    }

    fn page(&self, state: &AppState, http: &HttpRequest, (link, weaknesses): (&str, &[Weakness])) -> HttpResponse {
        let path = format!("{}/{link}", cards::RECOVER);
        let shell = page_shell(state, http, &path, None);
        let texts = shell.texts;
        let wrong: Vec<String> = weaknesses.iter().map(|weakness| texts.password.weakness(*weakness)).collect();
        let least = policy::least(&state.config.passwords, self.strength);
        let password = Field::new_password(texts, "new-password", texts.recovery.password, least);
        let password = match wrong.is_empty() {
            true => password.state(FieldState::Focused),
            false => password.refused(Some(wrong.join(" "))),
        };
        let csrf = browser_form::csrf(state, http, &self.purpose());
        let form = Form::new(cards::path(state, &path), csrf, "recover-save", texts.recovery.save)
            .field(Field::new(FieldKind::CarriedName, "username", texts.login.username).value(&self.user.username))
            .field(password);
        let lede = (texts.recovery.password_lede, String::new());
        let page = StepPage::new(shell, "recover-password-page", texts.recovery.password_title, lede).form(form).way(
            "recover-sign-in",
            sign_in(state, None),
            texts.recovery.back,
        );
        let page = StepPage { account: Some(cards::account(&self.user)), ..page };
        let status = if weaknesses.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
        answer::page(status, &page, state, http)
    }
}

fn over(state: &AppState, http: &HttpRequest) -> HttpResponse {
    let shell = shell::of(state, http);
    let texts = &shell.texts.recovery;
    let page = StepPage::new(shell, "recover-over-page", texts.over_title, (texts.over_lede, String::new()))
        .way("recover-again", cards::path(state, cards::RECOVER), texts.new_link)
        .way("recover-sign-in", cards::path(state, cards::ACCOUNT), texts.back);
    answer::page(StatusCode::GONE, &page, state, http)
}
