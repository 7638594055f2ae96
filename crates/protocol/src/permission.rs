//! Permissions: what a caller of an API may do, written the same in scopes, roles and API keys.
//!
//! A permission has segments with colons between them, as `notes:read` (`area:verb`). What is *held* may be wider than what is
//! *demanded*: `notes:*`, `*:read`, `*`, or a verb alone, as `read`, which is that verb in every area. Who holds what is not
//! decided here.

use std::fmt;

pub const MAX_LENGTH: usize = 128;
const MAX_SEGMENTS: usize = 8;

/// One permission, as `notes:read`. Any scope token is one (RFC 6749 §3.3), those of other issuers too.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Permission(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a permission is 1 to 128 visible ASCII characters without quote and backslash, in at most eight segments with colons \
     between them, as notes:read; a segment is not empty, and * stands for a whole one"
)]
pub struct InvalidPermission;

/// How wide a held permission reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// Whether `*` and a verb alone stand for more than themselves. Not for scopes of an issuer that lets clients ask for any.
    pub wildcards: bool,
    /// Whether the last segment `write` includes `read`.
    pub write_implies_read: bool,
}

impl Reach {
    /// A permission is itself and nothing else.
    pub const EXACT: Self = Self { wildcards: false, write_implies_read: false };
    /// Wildcards, and nothing else.
    pub const WILDCARDS: Self = Self { wildcards: true, write_implies_read: false };
}

impl Permission {
    pub fn parse(text: &str) -> Result<Self, InvalidPermission> {
        let allowed = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
        let segment = |segment: &str| !segment.is_empty() && (segment == "*" || !segment.contains('*'));
        let well_formed = (1..=MAX_LENGTH).contains(&text.len())
            && text.bytes().all(allowed)
            && text.split(':').count() <= MAX_SEGMENTS
            && text.split(':').all(segment);
        if well_formed { Ok(Self(text.to_owned())) } else { Err(InvalidPermission) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether who holds this may do what `demanded` names.
    pub fn covers(&self, demanded: &Self, reach: Reach) -> bool {
        covers(&self.0, &demanded.0, reach)
    }
}

/// As [`Permission::covers`], for texts: what is held may come from a token and is then compared as it stands.
pub fn covers(held: &str, demanded: &str, reach: Reach) -> bool {
    if held == demanded || (reach.wildcards && held == "*") {
        return true;
    }
    if !held.contains(':') {
        let verb = demanded.rsplit_once(':').map(|(_, verb)| verb);
        return reach.wildcards && verb.is_some_and(|verb| same_verb(held, verb, reach));
    }
    let (mut held, mut demanded) = (held.split(':').peekable(), demanded.split(':').peekable());
    loop {
        let (Some(have), Some(want)) = (held.next(), demanded.next()) else { return false };
        let last = (held.peek().is_none(), demanded.peek().is_none());
        let star = reach.wildcards && have == "*";
        match last {
            (true, true) => return star || same_verb(have, want, reach),
            // A star at the end stands for all that follows.
            (true, false) => return star,
            (false, false) if star || have == want => {}
            (false, _) => return false,
        }
    }
}

fn same_verb(have: &str, want: &str, reach: Reach) -> bool {
    have == want || (reach.write_implies_read && have == "write" && want == "read")
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ALL: Reach = Reach { wildcards: true, write_implies_read: true };

    #[test]
    fn a_permission_covers_itself_and_what_its_stars_stand_for() {
        for (held, demanded) in [
            ("notes:read", "notes:read"),
            ("notes:*", "notes:read"),
            ("notes:*", "notes:shared:read"),
            ("*:read", "notes:read"),
            ("*", "notes:read"),
            ("*", "anything"),
            ("read", "notes:read"),
            ("read", "notes:shared:read"),
            ("notes:*:read", "notes:shared:read"),
        ] {
            assert!(covers(held, demanded, Reach::WILDCARDS), "{held} {demanded}");
            assert_eq!(covers(held, demanded, Reach::EXACT), held == demanded, "{held} {demanded}");
        }
    }

    #[test]
    fn a_permission_covers_nothing_else() {
        for (held, demanded) in [
            ("notes:read", "notes:write"),
            ("notes:read", "files:read"),
            ("notes:*", "notes"),
            ("notes:*", "files:read"),
            ("notes:*", "notesy:read"),
            ("*:read", "notes:write"),
            ("*:read", "read"),
            ("read", "notes:readall"),
            ("read", "read:all"),
            ("read", "notes"),
            ("notes:read", "notes:read:all"),
            ("notes:read", "notes:*"),
            ("notes:read:all", "notes:read"),
            ("Notes:read", "notes:read"),
        ] {
            assert!(!covers(held, demanded, ALL), "{held} {demanded}");
        }
    }

    #[test]
    fn write_includes_read_only_where_that_was_said() {
        for (held, demanded) in [("notes:write", "notes:read"), ("write", "notes:read"), ("*:write", "notes:read")] {
            assert!(covers(held, demanded, ALL), "{held}");
            assert!(!covers(held, demanded, Reach::WILDCARDS), "{held}");
            assert!(!covers("notes:read", "notes:write", ALL));
        }
    }

    #[test]
    fn what_is_no_permission_is_refused() {
        for text in
            ["", ":", "notes:", ":read", "notes::read", "notes:re*", "a b", "a\"", "ä:read", "a:b:c:d:e:f:g:h:i"]
        {
            assert!(Permission::parse(text).is_err(), "{text}");
        }
        assert!(Permission::parse(&"a".repeat(MAX_LENGTH + 1)).is_err());
        for text in ["read", "*", "*:*", "notes:read", "https://api.example/notes.read"] {
            assert_eq!(Permission::parse(text).expect("is one").as_str(), text);
        }
    }

    proptest! {
        #[test]
        fn a_wider_reach_never_takes_anything_away(held in "[ab*](:[ab*]){0,3}", demanded in "[ab](:([ab]|read)){0,3}") {
            if covers(&held, &demanded, Reach::EXACT) {
                prop_assert!(covers(&held, &demanded, Reach::WILDCARDS));
            }
            if covers(&held, &demanded, Reach::WILDCARDS) {
                prop_assert!(covers(&held, &demanded, ALL));
            }
        }

        #[test]
        fn exact_means_equal(held in "[ab*](:[ab*]){0,2}", demanded in "[ab*](:[ab*]){0,2}") {
            prop_assert_eq!(covers(&held, &demanded, Reach::EXACT), held == demanded);
        }

        #[test]
        fn no_text_makes_it_panic(held: String, demanded: String) {
            let _ = covers(&held, &demanded, ALL);
            let _ = Permission::parse(&held);
        }
    }
}
