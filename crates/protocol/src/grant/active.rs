//! The one gate: is everything that a grant rests on still in order? Asked at each redemption, refresh, introspection and
//! UserInfo request, so that a disabled person, a deleted client or an ended session is dead everywhere at once.
//!
//! How long the grant itself lives, and which of its tokens is the live one, is decided in the files of the grant types.

use super::state::{Grant, Life};
use crate::client::Client;
use crate::scope;
use crate::subject;
use crate::time::Timestamp;
use crate::user::User;

/// A grant whose client, person and session are in order at this moment. Only [`check`] makes one.
#[derive(Clone, Debug)]
pub struct Active {
    grant: Grant,
    user: User,
}

/// The part of a session that these rules read.
#[derive(Clone, Copy, Debug)]
pub struct SessionLife {
    pub idle_expires_at: Timestamp,
    pub expires_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

/// What is no longer in order. For the log; the client learns only that the grant is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Gone {
    #[error("the grant was ended")]
    Ended,
    #[error("the grant belongs to another client")]
    OtherClient,
    #[error("the client sees other subjects than when the grant was made")]
    OtherSector,
    #[error("the client is disabled")]
    ClientDisabled,
    #[error("the person is disabled or deleted")]
    UserGone,
    #[error("the session of this grant has ended")]
    SessionEnded,
}

impl Active {
    pub fn grant(&self) -> &Grant {
        &self.grant
    }

    pub fn user(&self) -> &User {
        &self.user
    }
}

impl SessionLife {
    /// A session lives until it is ended, idle for too long, or too old.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.ended_at.is_none() && now < self.idle_expires_at && now < self.expires_at
    }
}

/// Passes a grant through the gate. `user` and `session` are the rows that it names, `None` where there is none any more.
pub fn check(
    grant: Grant,
    client: &Client,
    user: Option<User>,
    session: Option<SessionLife>,
    now: Timestamp,
) -> Result<Active, Gone> {
    if grant.client_id != client.id {
        return Err(Gone::OtherClient);
    }
    // OpenID Connect Core §8.1: a pairwise `sub` is for the parties of one sector. A client that moved to another one would read
    // with the consent of before whom people are there.
    if grant.sector != subject::sector(client) {
        return Err(Gone::OtherSector);
    }
    if client.disabled_at.is_some() {
        return Err(Gone::ClientDisabled);
    }
    if grant.life() == Life::Ended {
        return Err(Gone::Ended);
    }
    let user = user.filter(|user| user.id == grant.user_id && user.disabled_at.is_none()).ok_or(Gone::UserGone)?;
    if !outlives_session(&grant) && !session.is_some_and(|session| session.is_live(now)) {
        return Err(Gone::SessionEnded);
    }
    Ok(Active { grant, user })
}

/// OIDC Core §11: offline access is there "even when the End-User is not present (not logged in)". A code is still part of
/// the sign-in, so nobody redeems it after a logout.
pub fn outlives_session(grant: &Grant) -> bool {
    matches!(grant.life(), Life::Active(_)) && grant.scope.contains(scope::OFFLINE_ACCESS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::tests::sample as client;
    use crate::client::{ApplicationType, SubjectType};
    use crate::grant::state::tests::{CREATED, ended, redeemed, sample as issued};
    use crate::ids::{ClientId, UserId};
    use crate::redirect_uri::RegisteredRedirectUri;
    use crate::scope::Scope;
    use crate::time::Seconds;
    use crate::user::tests::sample as user;
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp(2_000);

    fn live() -> SessionLife {
        SessionLife { idle_expires_at: NOW + Seconds(10), expires_at: NOW + Seconds(20), ended_at: None }
    }

    fn logged_out() -> SessionLife {
        SessionLife { ended_at: Some(NOW), ..live() }
    }

    fn offline(grant: Grant) -> Grant {
        Grant { scope: Scope::parse("openid offline_access").expect("is a scope"), ..grant }
    }

    fn gone(grant: Grant, session: Option<SessionLife>) -> Option<Gone> {
        check(grant, &client(), Some(user()), session, NOW).err()
    }

    #[test]
    fn with_everything_in_order_a_grant_is_active() {
        let active = check(redeemed(CREATED), &client(), Some(user()), Some(live()), NOW).expect("is in order");
        assert_eq!((&active.grant().id, active.user()), (&redeemed(CREATED).id, &user()));
    }

    #[test]
    fn each_thing_that_is_gone_is_named() {
        assert_eq!(gone(ended(CREATED), Some(live())), Some(Gone::Ended));
        let other = Client { id: ClientId::parse("other").expect("is an id"), ..client() };
        let refused = |client: &Client, user| check(redeemed(CREATED), client, user, Some(live()), NOW).err();
        assert_eq!(refused(&other, Some(user())), Some(Gone::OtherClient));
        let disabled = Client { disabled_at: Some(CREATED), ..client() };
        assert_eq!(refused(&disabled, Some(user())), Some(Gone::ClientDisabled));
        assert_eq!(refused(&client(), None), Some(Gone::UserGone));
        let disabled = User { disabled_at: Some(CREATED), ..user() };
        assert_eq!(refused(&client(), Some(disabled)), Some(Gone::UserGone));
        let somebody_else = User { id: UserId::parse("eve").expect("is an id"), ..user() };
        assert_eq!(refused(&client(), Some(somebody_else)), Some(Gone::UserGone));
    }

    #[test]
    fn a_grant_is_for_the_sector_that_it_was_made_for() {
        let pairwise = |uri: &str| Client {
            subject_type: SubjectType::Pairwise,
            redirect_uris: vec![RegisteredRedirectUri::parse(uri, ApplicationType::Web).expect("is a redirect URI")],
            ..client()
        };
        let (evil, bank) = (pairwise("https://evil.example/cb"), pairwise("https://bank.example/x"));
        let of = |client: &Client| Grant { sector: subject::sector(client), ..redeemed(CREATED) };
        let gone = |grant, client: &Client| check(grant, client, Some(user()), Some(live()), NOW).err();
        assert_eq!(gone(of(&evil), &evil), None);
        assert_eq!(gone(of(&evil), &pairwise("https://evil.example/other")), None);
        assert_eq!(gone(of(&evil), &bank), Some(Gone::OtherSector));
        assert_eq!(gone(of(&evil), &client()), Some(Gone::OtherSector), "the public subject neither");
        assert_eq!(gone(of(&client()), &bank), Some(Gone::OtherSector));
    }

    #[test]
    fn without_offline_access_a_grant_ends_with_its_session() {
        for session in [None, Some(logged_out())] {
            assert_eq!(gone(issued(), session), Some(Gone::SessionEnded));
            assert_eq!(gone(redeemed(CREATED), session), Some(Gone::SessionEnded));
        }
    }

    #[test]
    fn offline_access_outlives_the_session_only_after_redemption() {
        for session in [None, Some(logged_out())] {
            assert_eq!(gone(offline(issued()), session), Some(Gone::SessionEnded));
            assert_eq!(gone(offline(redeemed(CREATED)), session), None);
        }
    }

    #[test]
    fn a_session_ends_idle_old_or_by_logout() {
        assert!(live().is_live(NOW + Seconds(9)));
        assert!(!live().is_live(NOW + Seconds(10)), "idle");
        let busy = SessionLife { idle_expires_at: NOW + Seconds(99), ..live() };
        assert!(busy.is_live(NOW + Seconds(19)) && !busy.is_live(NOW + Seconds(20)), "old");
        assert!(!logged_out().is_live(NOW));
    }

    #[derive(Clone, Copy, Debug)]
    enum Loss {
        Nothing,
        Client,
        User,
        Grant,
    }

    fn any_grant() -> impl Strategy<Value = Grant> {
        let life = prop_oneof![Just(issued()), (0i64..5_000).prop_map(|at| redeemed(Timestamp(at)))];
        (life, any::<bool>()).prop_map(|(grant, is_offline)| if is_offline { offline(grant) } else { grant })
    }

    fn any_session() -> impl Strategy<Value = Option<SessionLife>> {
        let life = (0i64..5_000, 0i64..5_000, proptest::option::of(0i64..5_000));
        proptest::option::of(life.prop_map(|(idle, end, ended)| SessionLife {
            idle_expires_at: Timestamp(idle),
            expires_at: Timestamp(end),
            ended_at: ended.map(Timestamp),
        }))
    }

    proptest! {
        #[test]
        fn nothing_lives_when_client_user_or_grant_is_gone(
            grant in any_grant(),
            session in any_session(),
            loss in prop_oneof![Just(Loss::Nothing), Just(Loss::Client), Just(Loss::User), Just(Loss::Grant)],
            now in 0i64..5_000,
        ) {
            let (mut grant, mut client, mut person) = (grant, client(), user());
            match loss {
                Loss::Nothing => {}
                Loss::Client => client.disabled_at = Some(CREATED),
                Loss::User => person.disabled_at = Some(CREATED),
                Loss::Grant => grant.ended_at = Some(CREATED),
            }
            let stays = outlives_session(&grant) || session.is_some_and(|session| session.is_live(Timestamp(now)));
            let expected = match loss {
                Loss::Nothing if stays => None,
                Loss::Nothing => Some(Gone::SessionEnded),
                Loss::Client => Some(Gone::ClientDisabled),
                Loss::User => Some(Gone::UserGone),
                Loss::Grant => Some(Gone::Ended),
            };
            prop_assert_eq!(check(grant, &client, Some(person), session, Timestamp(now)).err(), expected);
        }

        #[test]
        fn only_redeemed_offline_access_outlives_a_session(grant in any_grant(), now in 0i64..5_000) {
            let outlived = check(grant.clone(), &client(), Some(user()), None, Timestamp(now)).is_ok();
            prop_assert_eq!(outlived, grant.redeemed_at.is_some() && grant.scope.contains(scope::OFFLINE_ACCESS));
        }
    }
}
