//! Who owns things here and who may see them: people and groups, as the database writes them.
//!
//! A person is the `sub` of the credential. A `sub` means nothing at another issuer, so people of every issuer but one, the one in
//! `home.rs`, carry its name along; the API itself never shows that, since everybody meets only people of their own issuer.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::access::caller::Caller;

/// Bytes.
const MAX_SUBJECT: usize = 255;

/// A person, with the prefix `p:`; the caller, or somebody whom the caller named.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Person {
    /// `p:` alone, or `p:`, the issuer and a line break.
    realm: String,
    written: String,
}

/// 16 random bytes in base64url: the id of an item or of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Id(String);

/// A person or a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Principal {
    Person(Person),
    Group(Id),
}

impl Person {
    pub(crate) fn of(caller: &Caller, home: &str) -> Self {
        let identity = caller.identity();
        Self::at(&identity.issuer, &identity.subject, home)
    }

    /// A line break would make one person look like another's; such a `sub` always carries its issuer.
    /// `home`: the issuer whose people are written by `sub` alone.
    pub(crate) fn at(issuer: &str, subject: &str, home: &str) -> Self {
        let realm = if issuer == home && !subject.contains('\n') { "p:".to_owned() } else { format!("p:{issuer}\n") };
        let written = format!("{realm}{subject}");
        Self { realm, written }
    }

    /// Somebody else at the same issuer. `None` for what cannot be a `sub`: 1 to 255 bytes without control characters, as of
    /// whoever signs in.
    pub(crate) fn fellow(&self, subject: &str) -> Option<Self> {
        let fits = !subject.is_empty() && subject.len() <= MAX_SUBJECT && !subject.chars().any(char::is_control);
        fits.then(|| Self { realm: self.realm.clone(), written: format!("{}{subject}", self.realm) })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.written
    }
}

impl Id {
    pub(crate) fn random() -> Self {
        Self(URL_SAFE_NO_PAD.encode(jwt::random::bytes::<16>()))
    }

    /// `None` for what cannot be an id of ours: there is no such thing.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        (bytes.len() == 16).then(|| Self(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Principal {
    /// As callers write it: `person:SUB` or `group:ID`.
    pub(crate) fn parse(text: &str, caller: &Person) -> Option<Self> {
        match text.split_once(':')? {
            ("person", subject) => caller.fellow(subject).map(Self::Person),
            ("group", id) => Id::parse(id).map(Self::Group),
            _ => None,
        }
    }

    /// As the database writes it.
    pub(crate) fn written(&self) -> String {
        match self {
            Self::Person(person) => person.written.clone(),
            Self::Group(id) => format!("g:{}", id.0),
        }
    }
}

/// From the form of the database to the one that callers write.
pub(crate) fn shown(written: &str) -> String {
    match written.split_once(':') {
        Some(("g", id)) => format!("group:{id}"),
        _ => format!("person:{}", subject(written)),
    }
}

/// The `sub` of a person as the database writes it.
pub(crate) fn subject(written: &str) -> &str {
    let person = written.strip_prefix("p:").unwrap_or(written);
    person.split_once('\n').map_or(person, |(_, subject)| subject)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const A: &str = "https://a.example";

    #[test]
    fn one_sub_at_two_issuers_is_two_people() {
        let first = Person::at(A, "bob", A);
        let second = Person::at("https://b.example", "bob", A);
        assert_eq!((first.as_str(), second.as_str()), ("p:bob", "p:https://b.example\nbob"));
        assert_eq!((subject(first.as_str()), subject(second.as_str())), ("bob", "bob"));
        assert_ne!(Person::at(A, "https://b.example\nbob", A).as_str(), second.as_str());
        assert_eq!(second.fellow("eve").map(|eve| eve.written).as_deref(), Some("p:https://b.example\neve"));
        assert_eq!(first.fellow("https://b.example\nbob"), None);
        assert!(first.fellow(&"x".repeat(255)).is_some() && first.fellow(&"\u{e4}".repeat(127)).is_some());
        assert_eq!((first.fellow(&"x".repeat(256)), first.fellow(&"\u{e4}".repeat(128))), (None, None));
    }

    #[test]
    fn a_principal_is_read_and_shown_in_one_form() {
        let alice = Person::at(A, "alice", A);
        for text in ["person:bob", "person:a:b/c d", "group:AAAAAAAAAAAAAAAAAAAAAA"] {
            let principal = Principal::parse(text, &alice).expect("is one");
            assert_eq!(shown(&principal.written()), text);
        }
        for text in ["", "bob", "person:", "person:a\nb", "group:", "group:AAAA", "role:x", "p:bob"] {
            assert_eq!(Principal::parse(text, &alice), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_a_parser_panic_and_no_two_people_are_one(one: String, two: String) {
            let alice = Person::at(A, "alice", A);
            let _ = (Id::parse(&one), Principal::parse(&one, &alice), shown(&one));
            let (first, second) = (Person::at(A, &one, A), Person::at("https://b", &two, A));
            prop_assert_ne!(first.as_str(), second.as_str());
        }
    }
}
