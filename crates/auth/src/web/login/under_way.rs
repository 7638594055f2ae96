//! Somebody who has proven one factor and is asked for the next: after a password in this interaction, or with a session that is
//! not strong enough for what the person wants to do.

use protocol::ids::SessionId;
use protocol::login::{AuthenticationMethod, Enrolled, Factor, Proven, SIGN_IN_LIFETIME};
use protocol::time::Timestamp;
use protocol::user::User;
use store::StoreError;
use store::interactions::{Keep, LoginUnderWay};

use super::{Proof, Remember};
use crate::accounts;
use crate::text::Texts;
use crate::web::authorize::Visit;
use crate::web::cards;
use crate::web::interaction::Pending;
use crate::web::pages::Link;

/// One who is asked for a second factor.
#[derive(Clone, Debug)]
pub(crate) struct UnderWay {
    pub user: User,
    pub proven: Proven,
    pub since: Timestamp,
    pub keep: Keep,
    /// When the password that was proven in this sign-in was set.
    pub password_set_at: Option<Timestamp>,
    pub enrolled: Enrolled,
    pub rests_on: RestsOn,
}

/// Where the proof is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RestsOn {
    /// A factor that was proven in this interaction, minutes ago.
    ThisSignIn,
    /// The session of this browser, which may be old.
    Session,
}

impl UnderWay {
    /// `None`: nobody is under way here (any more); the interaction goes on with whatever it lacks.
    pub(crate) async fn find(visit: &Visit, pending: &Pending) -> Result<Option<Self>, StoreError> {
        let found = match &pending.interaction.login {
            Some(login) => Self::of_login(visit, login).await?,
            None => None,
        };
        match (found, &visit.signed_in) {
            (Some(found), _) => Ok(Some(found)),
            (None, Some((session, user))) => Ok(Some(Self {
                user: user.clone(),
                proven: Proven::from_words(session.amr.iter().map(String::as_str)),
                since: session.auth_time,
                keep: session.keep,
                password_set_at: None,
                enrolled: accounts::enrolled(&visit.state, user).await?,
                rests_on: RestsOn::Session,
            })),
            (None, None) => Ok(None),
        }
    }

    /// What was proven counts for a few minutes, and only as long as it would still be proven the same way.
    async fn of_login(visit: &Visit, login: &LoginUnderWay) -> Result<Option<Self>, StoreError> {
        let state = &visit.state;
        if visit.now.since(login.proven_at) > SIGN_IN_LIFETIME {
            return Ok(None);
        }
        let Some(user) = store::users::find(&state.store, &login.user_id).await? else { return Ok(None) };
        let changed_at = store::passwords::changed_at(&state.store, &user.id).await?;
        let by_password = login.proven.contains(AuthenticationMethod::Password);
        let replaced = changed_at.is_none() || changed_at != login.password_set_at;
        if user.disabled_at.is_some() || (by_password && replaced) {
            return Ok(None);
        }
        let enrolled = accounts::enrolled(state, &user).await?;
        let LoginUnderWay { proven, proven_at: since, keep, password_set_at, .. } = login.clone();
        Ok(Some(Self { user, proven, since, keep, password_set_at, enrolled, rests_on: RestsOn::ThisSignIn }))
    }

    /// With one factor more.
    pub(crate) fn and(self, more: &[AuthenticationMethod], remember: Remember) -> Proof {
        let Self { user, proven, since, keep, password_set_at, rests_on, .. } = self;
        Proof { user, proven: proven.and(more.iter().copied()), since, keep, password_set_at, rests_on, remember }
    }

    /// Forms of these pages are bound to the session that the proof rests on. Where it rests on this sign-in, another tab may begin
    /// a session meanwhile.
    pub(crate) fn session_of_form<'v>(found: Option<&Self>, visit: &'v Visit) -> Option<&'v SessionId> {
        let by_session = found.is_none_or(|found| found.rests_on == RestsOn::Session);
        visit.signed_in.as_ref().filter(|_| by_session).map(|(session, _)| &session.id)
    }

    /// The other ways to go on from the page of one factor, in words.
    pub(crate) fn other_ways(&self, visit: &Visit, pending: &Pending, here: Factor, texts: &Texts) -> Vec<Link> {
        let others = self.enrolled.second_factors().into_iter().filter(|factor| *factor != here);
        others
            .map(|factor| Link {
                href: format!(
                    "{}?interaction={}",
                    cards::path(&visit.state, super::page_of(factor)),
                    pending.interaction.id
                ),
                label: words(factor, texts).to_owned(),
            })
            .collect()
    }
}

fn words(factor: Factor, texts: &Texts) -> &'static str {
    let texts = &texts.second_factor;
    match factor {
        Factor::Password => texts.use_password,
        Factor::Passkey => texts.use_passkey,
        Factor::Totp => texts.use_totp,
        Factor::EmailCode => texts.use_email_code,
        Factor::RecoveryCode => texts.use_recovery_code,
    }
}
