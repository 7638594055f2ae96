//! Reads an object member by member, by the rules of [`object`](super::object), and keeps what somebody wants of it.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::marker::PhantomData;

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
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let members = deserializer.deserialize_map(Reader(PhantomData)).map_err(|_| NotOneObject)?;
    deserializer.end().map_err(|_| NotOneObject)?;
    Ok(members)
}

/// A text that a member may have; `null` is none.
pub fn text<'de, A: MapAccess<'de>>(values: &mut A) -> Result<Option<Cow<'de, str>>, A::Error> {
    values.next_value_seed(OptionalText)
}

/// A member of any type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written<'de> {
    Text(Cow<'de, str>),
    /// A number, a list, `null` …
    Other,
}

/// A member of any type, whose value matters if it is a text.
pub fn written<'de, A: MapAccess<'de>>(values: &mut A) -> Result<Written<'de>, A::Error> {
    values.next_value_seed(AnyValue)
}

/// Leaves a value out, after its members were seen to be there once each.
pub fn skip<'de, A: MapAccess<'de>>(values: &mut A) -> Result<(), A::Error> {
    values.next_value_seed(Skipped)
}

struct Reader<M>(PhantomData<M>);

impl<'de, M: Members<'de>> Visitor<'de> for Reader<M> {
    type Value = M;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<M, A::Error> {
        let (mut read, mut seen) = (M::default(), Seen::default());
        while let Some(name) = members.next_key_seed(Text)? {
            if read.member(&name, &mut members)? == Taken::No {
                members.next_value_seed(Skipped)?;
            }
            seen.note(name)?;
        }
        Ok(read)
    }
}

/// Names of one object. Few are compared one by one, without an allocation; a hostile token may have thousands.
struct Seen<'de> {
    few: [Cow<'de, str>; FEW],
    count: usize,
    many: HashSet<Cow<'de, str>>,
}

/// More members than an access token has.
const FEW: usize = 24;

impl Default for Seen<'_> {
    fn default() -> Self {
        Self { few: [const { Cow::Borrowed("") }; FEW], count: 0, many: HashSet::new() }
    }
}

impl<'de> Seen<'de> {
    fn note<E: de::Error>(&mut self, name: Cow<'de, str>) -> Result<(), E> {
        let (few, rest) = self.few.split_at_mut(self.count);
        if few.contains(&name) || (!self.many.is_empty() && self.many.contains(&name)) {
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

/// Walks through a value and keeps nothing of it, except a text that is the value itself.
struct AnyValue;

impl<'de> DeserializeSeed<'de> for AnyValue {
    type Value = Written<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for AnyValue {
    type Value = Written<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Written::Other)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Written::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Written::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Written::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Written::Other)
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Written::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Written::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        while items.next_element_seed(Skipped)?.is_some() {}
        Ok(Written::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut seen = Seen::default();
        while let Some(name) = members.next_key_seed(Text)? {
            members.next_value_seed(Skipped)?;
            seen.note(name)?;
        }
        Ok(Written::Other)
    }
}

struct Skipped;

impl<'de> DeserializeSeed<'de> for Skipped {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        AnyValue.deserialize(deserializer).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::object;
    use proptest::prelude::*;
    use serde_json::Value;

    /// Takes `a`, whatever it is.
    #[derive(Default)]
    struct OnlyA<'de>(Option<Written<'de>>);

    impl<'de> Members<'de> for OnlyA<'de> {
        fn member<A: MapAccess<'de>>(&mut self, name: &str, values: &mut A) -> Result<Taken, A::Error> {
            if name != "a" {
                return Ok(Taken::No);
            }
            self.0 = Some(written(values)?);
            Ok(Taken::Yes)
        }
    }

    #[track_caller]
    fn agree(bytes: &[u8]) {
        let (tree, reader) = (object(bytes), read::<OnlyA<'_>>(bytes));
        assert_eq!(tree.is_ok(), reader.is_ok(), "{}", String::from_utf8_lossy(bytes));
        if let (Ok(tree), Ok(OnlyA(a))) = (tree, reader) {
            let text = a.as_ref().and_then(|a| match a {
                Written::Text(text) => Some(&**text),
                Written::Other => None,
            });
            assert_eq!((tree.contains_key("a"), tree.get("a").and_then(Value::as_str)), (a.is_some(), text));
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
        assert!(read::<OnlyA<'_>>(format!("{{{},\"2999\":1}}", names.join(",")).as_bytes()).is_err());
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
