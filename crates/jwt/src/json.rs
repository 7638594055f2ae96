//! JSON without ambiguity: one object, each member once, nothing behind it (RFC 7515 §4, RFC 8725 §2.4).
//!
//! serde_json keeps the last of two equal members, other parsers keep the first; a token that reads differently in two places
//! is a token that gets somebody in. Depth is bounded by serde_json. Here an object becomes a tree; `reader.rs` makes none, for
//! what is read with each request.

mod reader;

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

pub use reader::{Members, Taken, read, text};

/// Reads exactly one JSON object. The error never repeats the input.
pub fn object(bytes: &[u8]) -> Result<Map<String, Value>, NotOneObject> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = Strict.deserialize(&mut deserializer).map_err(|_| NotOneObject)?;
    deserializer.end().map_err(|_| NotOneObject)?;
    match value {
        Value::Object(members) => Ok(members),
        _ => Err(NotOneObject),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not one JSON object with each member once")]
pub struct NotOneObject;

#[derive(Clone, Copy)]
struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("not a finite number"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = items.next_element_seed(Strict)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(Strict)?;
            if map.insert(name, value).is_some() {
                return Err(de::Error::custom("a member appears twice"));
            }
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_object_reads_as_serde_json_reads_it() {
        let text = br#"{"a":1,"b":[true,null,-2.5,{"c":"\u00e4"}],"d":18446744073709551615}"#;
        assert_eq!(
            Value::Object(object(text).expect("is one object")),
            serde_json::from_slice::<Value>(text).expect("is JSON")
        );
    }

    #[test]
    fn a_member_appears_once_at_every_depth() {
        for text in [r#"{"a":1,"a":1}"#, r#"{"a":1,"\u0061":2}"#, r#"{"x":{"a":1,"a":2}}"#, r#"{"x":[{"a":1,"a":2}]}"#]
        {
            assert_eq!(object(text.as_bytes()), Err(NotOneObject), "{text}");
        }
    }

    #[test]
    fn only_one_object_and_nothing_behind_it() {
        let deep = "[".repeat(5000);
        for text in ["", "1", "null", "\"a\"", "[]", "{}{}", "{} x", "{\"a\":}", "\u{feff}{}", "{\"a\":NaN}", &deep] {
            assert_eq!(object(text.as_bytes()), Err(NotOneObject), "{}", text.chars().take(9).collect::<String>());
        }
        assert_eq!(object(b"{\"a\":\"\xff\"}"), Err(NotOneObject), "not UTF-8");
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            let _ = object(&bytes);
        }
    }
}
