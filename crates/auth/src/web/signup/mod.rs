//! Signing up: the address, the proof that it is theirs, what the person signs in with, the account.
//!
//! | | |
//! |---|---|
//! | `/signup` (`begin.rs`) | address, name, terms; a mail goes out |
//! | `/signup/code` (`code.rs`) | the code of the mail; the mail once more |
//! | `/signup/{token}` (`link.rs`) | the link of the mail, or of an invitation |
//! | `/signup/password` (`finish.rs`, `applicant.rs`) | password or passkey; the account is made |
//!
//! No account begins before its address is proven, and until then every answer is the same whether or not somebody has the
//! address: only the mail differs. What is under way waits in an action token that belongs to an interaction, so a sign-up ends at
//! the app that it began from.

mod applicant;
pub(crate) mod begin;
pub(crate) mod code;
mod draft;
pub(crate) mod finish;
pub(crate) mod link;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use protocol::action_token::Purpose;
use protocol::ids::InteractionId;
use protocol::metadata::paths;
use protocol::time::{Seconds, Timestamp};
use store::StoreError;
use store::action_tokens::{ActionToken, latest_of_interaction};

use self::draft::Draft;
use crate::config::SignUp;
use crate::page_paths;
use crate::web::asked::Asked;
use crate::web::authorize::Visit;
use crate::web::error::AuthorizeError;
use crate::web::interaction::Pending;
use crate::web::pages::{Shell, StepPage};
use crate::web::{answer, cards, shell};
use crate::{AppState, mail};

pub(crate) const CODE: &str = "/signup/code";
pub(crate) const RESEND: &str = "/signup/resend";
pub(crate) const FINISH: &str = "/signup/password";
pub(crate) const PASSKEY: &str = "/signup/passkey";
pub(crate) const PASSKEY_OPTIONS: &str = "/signup/passkey-options";

/// Before the same mail can be asked for once more.
const BETWEEN_MAILS: Seconds = Seconds(30);

/// Somebody at a page of the sign-up.
struct Desk {
    visit: Visit,
    pending: Pending,
    asked: Asked,
}

/// Whether somebody may sign up in this interaction.
enum Admission {
    Anybody,
    /// With the address of the invitation.
    Invited(Box<ActionToken>),
    /// Whoever opens an invitation.
    NeedsInvitation,
    Nobody,
}

impl Desk {
    async fn new(visit: Visit, pending: Pending) -> Result<Self, AuthorizeError> {
        let asked = visit.asked(&pending).await?;
        Ok(Self { visit, pending, asked })
    }

    fn id(&self) -> &InteractionId {
        &self.pending.interaction.id
    }

    fn state(&self) -> &AppState {
        &self.visit.state
    }

    fn shell(&self, page: &str) -> Shell {
        shell::of_step(self.state(), &self.visit.http, &self.asked.ui_locales, page, self.id())
    }

    /// With the interaction in its query.
    fn href(&self, page: &str) -> String {
        format!("{}?interaction={}", cards::path(self.state(), page), self.id())
    }

    fn to(&self, page: &str) -> HttpResponse {
        self.visit.to_page(page, self.id())
    }

    fn csrf(&self) -> String {
        self.pending.csrf(self.state(), None)
    }

    async fn admission(&self) -> Result<Admission, StoreError> {
        let rule = self.state().config.accounts.sign_up;
        if rule == SignUp::Closed {
            return Ok(Admission::Nobody);
        }
        let invitation = latest_of_interaction(&self.state().store, self.id(), Purpose::Invite).await?;
        Ok(match invitation.filter(|token| is_live(token, self.visit.now)) {
            Some(invitation) if mail::is_on(self.state()) || was_sent(&invitation) => {
                Admission::Invited(Box::new(invitation))
            }
            _ if !mail::is_on(self.state()) => Admission::Nobody,
            _ if rule == SignUp::Invite => Admission::NeedsInvitation,
            _ => Admission::Anybody,
        })
    }

    /// What was sent last in this interaction.
    async fn sent(&self) -> Result<Option<ActionToken>, StoreError> {
        let latest = latest_of_interaction(&self.state().store, self.id(), Purpose::SignUp).await?;
        Ok(latest.filter(|token| self.visit.now < token.expires_at))
    }

    /// The answer to somebody who may not sign up. There is a way back.
    fn refused(&self, admission: &Admission) -> HttpResponse {
        let shell = self.shell(page_paths::SIGN_UP);
        let (texts, brand) = (&shell.texts.signup, shell.brand.clone());
        let page = match admission {
            Admission::NeedsInvitation => {
                StepPage::new(shell, "signup-closed-page", texts.invited_title, (texts.invited_lede, brand))
            }
            _ => StepPage::new(shell, "signup-closed-page", texts.closed_title, (texts.closed_lede, brand)),
        };
        let page = page.way("signup-back", self.href(paths::LOGIN), texts.back);
        self.show(StatusCode::FORBIDDEN, page)
    }

    fn show(&self, status: StatusCode, page: StepPage) -> HttpResponse {
        let page = StepPage { client: Some(self.asked.card(&self.visit)), ..page };
        answer::page(status, &page, self.state(), &self.visit.http)
    }

    fn too_many(&self, page: StepPage, wait: Seconds) -> HttpResponse {
        answer::retry_after(self.show(StatusCode::TOO_MANY_REQUESTS, page), Some(wait))
    }
}

fn is_live(token: &ActionToken, now: Timestamp) -> bool {
    token.used_at.is_none() && now < token.expires_at
}

/// An invitation that went out by mail: whoever has its link reads that mailbox.
fn was_sent(invitation: &ActionToken) -> bool {
    invitation.details.contains_key("sent")
}
