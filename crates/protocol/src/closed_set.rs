//! `closed_set!`: an enum whose variants each have one name on the wire.
//!
//! The table of names is written once; `ALL`, `name`, `parse`, `Display` and serde follow from it, so a new variant cannot be
//! forgotten in the discovery document or in the parser. A set that is made of other sets writes its table by hand and takes the
//! rest from `written_by_name!`.

/// What all closed sets have in common, for code that reads any of them.
pub(crate) trait ClosedSet: Copy + 'static {
    const NAMED: &'static [(&'static str, Self)];
}

macro_rules! closed_set {
    (
        $(#[$about:meta])*
        pub enum $set:ident { $( $(#[$about_variant:meta])* $variant:ident = $name:literal, )+ }
    ) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $set { $( $(#[$about_variant])* $variant, )+ }

        impl $set {
            pub const ALL: &'static [Self] = &[$( Self::$variant ),+];

            pub const fn name(self) -> &'static str {
                match self { $( Self::$variant => $name, )+ }
            }

            /// The variant of exactly this name; case matters.
            pub fn parse(name: &str) -> Option<Self> {
                match name { $( $name => Some(Self::$variant), )+ _ => None }
            }
        }

        impl crate::closed_set::ClosedSet for $set {
            const NAMED: &'static [(&'static str, Self)] = &[$( ($name, Self::$variant) ),+];
        }

        crate::closed_set::written_by_name!($set);
    };
}

/// `Display` and serde for a type with `name`, `parse` and `ClosedSet`.
macro_rules! written_by_name {
    ($set:ident) => {
        impl std::fmt::Display for $set {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }

        impl serde::Serialize for $set {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.name())
            }
        }

        impl<'de> serde::Deserialize<'de> for $set {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                const NAMES: &[&str] = &crate::closed_set::names::<$set, { <$set>::ALL.len() }>();
                let name = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
                Self::parse(&name).ok_or_else(|| serde::de::Error::unknown_variant(&name, NAMES))
            }
        }
    };
}

/// The names alone, for an error message.
pub(crate) const fn names<T: ClosedSet, const N: usize>() -> [&'static str; N] {
    let mut names = [""; N];
    let mut at = 0;
    while at < N {
        names[at] = T::NAMED[at].0;
        at += 1;
    }
    names
}

pub(crate) use {closed_set, written_by_name};
