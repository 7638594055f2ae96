//! The account that does not exist yet: what waits in the `details` of its link.

use protocol::ids::{ActionTokenId, UserId};
use protocol::time::Timestamp;
use protocol::user::{Profile, User};
use serde_json::{Map, Value, json};
use store::action_tokens::ActionToken;

use crate::random;

#[derive(Clone, Debug)]
pub(super) struct Draft {
    /// Chosen at the beginning, because a passkey has it inside.
    pub user: UserId,
    /// Empty if the person gave none; `None` if nobody asked them.
    pub name: Option<String>,
    pub terms_accepted_at: Option<Timestamp>,
    /// The language that the page was read in.
    pub locale: String,
    /// Used up with the link.
    pub invitation: Option<ActionTokenId>,
}

impl Draft {
    pub(super) fn new(locale: &str) -> Self {
        Self {
            user: UserId::from_random(random::id()),
            name: None,
            terms_accepted_at: None,
            locale: locale.to_owned(),
            invitation: None,
        }
    }

    /// What somebody typed elsewhere is nothing that the owner of the address said.
    #[must_use]
    pub(super) fn in_another_browser(self, locale: &str) -> Self {
        Self { invitation: self.invitation, ..Self::new(locale) }
    }

    pub(super) fn details(&self) -> Map<String, Value> {
        let members = [
            ("user", json!(self.user.as_str())),
            ("name", json!(self.name)),
            ("terms_accepted_at", json!(self.terms_accepted_at.map(|at| at.0))),
            ("locale", json!(self.locale)),
            ("invitation", json!(self.invitation.as_ref().map(ActionTokenId::as_str))),
        ];
        members.map(|(name, value)| (name.to_owned(), value)).into_iter().collect()
    }

    /// `None`: the row is none of ours.
    pub(super) fn of(token: &ActionToken) -> Option<Self> {
        let text = |name: &str| token.details.get(name).and_then(Value::as_str);
        Some(Self {
            user: UserId::parse(text("user")?).ok()?,
            name: text("name").map(str::to_owned),
            terms_accepted_at: token.details.get("terms_accepted_at").and_then(Value::as_i64).map(Timestamp),
            locale: text("locale")?.to_owned(),
            invitation: text("invitation").map(ActionTokenId::parse).transpose().ok()?,
        })
    }

    /// The person, whose address was proven then.
    pub(super) fn person(&self, email: &str, username: &str, proven_at: Timestamp, now: Timestamp) -> User {
        let name = self.name.clone().filter(|name| !name.is_empty());
        User {
            email: Some(email.to_owned()),
            email_verified_at: Some(proven_at),
            profile: Profile { name, ..Profile::default() },
            locale: Some(self.locale.clone()),
            terms_accepted_at: self.terms_accepted_at,
            ..User::new(self.user.clone(), username, now)
        }
    }
}
