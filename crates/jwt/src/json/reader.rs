//! Reads an object member by member, by the rules of [`object`](super::object), and keeps what somebody wants of it.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::NotOneObject;

/// What wants some members of an object.
pub trait Members<'de>: Default {
    /// Takes the value of a member that it knows; leaves that of any other.
    fn member<A: MapAccess<'de>>(&mut self, name: &str, values: &mut A) -> Result<Taken, A::Error>;
}

/// Whether a value was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    Yes,
    No,
}

/// Reads exactly one JSON object, by the rules of [`object`](super::object), without a tree of its values. A value of another type than the reader
/// takes is an error as well.
pub fn read<'de, M: Members<'de>>(bytes: &'de [u8]) -> Result<M, NotOneObject> {
    // Once for all of it, which is faster than text by text.
    let text = std::str::from_utf8(bytes).map_err(|_| NotOneObject)?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let (mut members, mut seen) = (M::default(), Seen::default());
    // Filled where it stands: moving it out of each layer would cost as much as reading it.
    deserializer.deserialize_map(Reader(&mut members, &mut seen)).map_err(|_| NotOneObject)?;
    deserializer.end().map_err(|_| NotOneObject)?;
    Ok(members)
}

/// A text that a member may have; `null` is none.
pub fn text<'de, A: MapAccess<'de>>(values: &mut A) -> Result<Option<Cow<'de, str>>, A::Error> {
    values.next_value_seed(OptionalText)
}

struct Reader<'r, 'de, M>(&'r mut M, &'r mut Seen<'de>);

impl<'de, M: Members<'de>> Visitor<'de> for Reader<'_, 'de, M> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let Self(read, seen) = self;
        while let Some(name) = members.next_key_seed(Text)? {
            if read.member(&name, &mut members)? == Taken::No {
                members.next_value_seed(Skipped)?;
            }
            seen.note(name)?;
        }
        Ok(())
    }
}

/// Names of one object. Few are compared one by one, without an allocation; a hostile token may have thousands.
struct Seen<'de> {
    /// One bit for each [`mark_of`] a name among them. Most names have one of their own and need not be compared.
    marks: u64,
    few: [Cow<'de, str>; FEW],
    count: usize,
    many: HashSet<Cow<'de, str>>,
}

/// More members than an access token has.
const FEW: usize = 24;

impl Default for Seen<'_> {
    fn default() -> Self {
        Self { marks: 0, few: [const { Cow::Borrowed("") }; FEW], count: 0, many: HashSet::new() }
    }
}

impl<'de> Seen<'de> {
    fn note<E: de::Error>(&mut self, name: Cow<'de, str>) -> Result<(), E> {
        let (few, rest) = self.few.split_at_mut(self.count);
        let (before, own) = (self.marks, mark_of(&name));
        self.marks |= own;
        if before & own != 0 && (few.contains(&name) || (!self.many.is_empty() && self.many.contains(&name))) {
            return Err(E::custom("a member appears twice"));
        }
        match rest.first_mut() {
            Some(place) => {
                *place = name;
                self.count += 1;
            }
            None => {
                self.many.insert(name);
            }
        }
        Ok(())
    }
}

/// One of 64 bits, the same for equal names; the usual claims have nearly all one of their own.
fn mark_of(name: &str) -> u64 {
    match name.as_bytes() {
        [] => 1,
        [first, .., last] => 1 << ((2 * u32::from(*first) + u32::from(*last)) % 64),
        [only] => 1 << ((3 * u32::from(*only)) % 64),
    }
}

/// A text, borrowed where it has no escapes.
struct Text;

impl<'de> DeserializeSeed<'de> for Text {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Text {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

struct OptionalText;

impl<'de> DeserializeSeed<'de> for OptionalText {
    type Value = Option<Cow<'de, str>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'de> Visitor<'de> for OptionalText {
    type Value = Option<Cow<'de, str>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or null")
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        Text.deserialize(deserializer).map(Some)
    }
}

/// Walks through a value, sees that its members are there once each, and keeps nothing of it.
struct Skipped;

impl<'de> DeserializeSeed<'de> for Skipped {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Skipped {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(Self)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let mut seen = Seen::default();
        while let Some(name) = members.next_key_seed(Text)? {
            members.next_value_seed(Self)?;
            seen.note(name)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Strict, object};
    use proptest::prelude::*;
    use serde_json::Value;

    /// Takes `a`, whatever it is.
    #[derive(Default)]
    struct OnlyA(Option<Value>);

    impl<'de> Members<'de> for OnlyA {
        fn member<A: MapAccess<'de>>(&mut self, name: &str, values: &mut A) -> Result<Taken, A::Error> {
            if name != "a" {
                return Ok(Taken::No);
            }
            self.0 = Some(values.next_value_seed(Strict)?);
            Ok(Taken::Yes)
        }
    }

    #[track_caller]
    fn agree(bytes: &[u8]) {
        let (tree, reader) = (object(bytes), read::<OnlyA>(bytes));
        assert_eq!(tree.is_ok(), reader.is_ok(), "{}", String::from_utf8_lossy(bytes));
        if let (Ok(tree), Ok(OnlyA(a))) = (tree, reader) {
            assert_eq!(tree.get("a"), a.as_ref());
        }
    }

    #[test]
    fn tree_and_reader_agree() {
        for text in [
            r#"{"a":"x","b":{"a":1}}"#,
            r#"{"\u0061":"x"}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"{"b":{"c":[{"d":1,"d":2}]}}"#,
            r#"{"a":{"c":1,"c":2}}"#,
            r#"{"a":1e999}"#,
            r#"{"b":1e999}"#,
            r#"{"a":"\ud800"}"#,
            r#"{"b":"\ud800"}"#,
            r#"{"a":null}"#,
            "{}",
            "{} {}",
            "[]",
        ] {
            agree(text.as_bytes());
        }
        agree(b"{\"a\":\"\xff\"}");
        let names: Vec<_> = (0..3_000).map(|number| format!("\"{number}\":0")).collect();
        agree(format!("{{{}}}", names.join(",")).as_bytes());
        agree(format!("{{{},\"2999\":1}}", names.join(",")).as_bytes());
        assert!(read::<OnlyA>(format!("{{{},\"2999\":1}}", names.join(",")).as_bytes()).is_err());
        agree(format!("{{\"b\":{}1{}}}", "[".repeat(200), "]".repeat(200)).as_bytes());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            agree(&bytes);
        }

        #[test]
        fn tree_and_reader_agree_on_what_is_nearly_json(text in "[{]([\"][ab][\"]:([\"]x[\"]|1|[{][}]|[{]\"c\":1,\"[cd]\":2[}]|\\[1,\"y\"\\]|null|-|1e5),?){0,4}[}]") {
            agree(text.as_bytes());
        }
    }
}
