//! `Signature-Input` and `Signature` as structured fields (RFC 8941, which RFC 9421 and RFC 9530 name; RFC 9651 reads the same
//! texts the same way), and the dictionary that `Content-Digest` is as well.
//!
//! Here texts become values and go back to the one text that is signed (§2.3). Which components and parameters are good enough
//! is decided in `policy.rs`, what they say about a request in `base.rs`.

use sfv::visitor::{DictionaryVisitor, EntryVisitor, InnerListVisitor, ItemVisitor, ParameterVisitor};
use sfv::{BareItem, BareItemFromInput, Key, KeyRef, ListSerializer, Parser, Version};

use super::component::Component;
use super::error::{FieldName, SignatureError};

/// Octets of all lines of one of the three fields together.
const MAX_FIELD: usize = 8 * 1024;
/// Members of a dictionary, items of a list, parameters of either: nobody signs more of a request than this.
const MAX_ENTRIES: usize = 64;

/// What one signature says about itself (§2.3).
#[derive(Clone, Debug)]
pub(super) struct Input {
    pub(super) components: Vec<Component>,
    parameters: Parameters,
}

/// In the order in which they were sent; no name twice.
type Parameters = Vec<(Key, BareItem)>;

/// In the order in which they were sent; no name twice.
#[derive(Debug, Default)]
struct Dictionary(Vec<(Key, Member)>);

/// An item or a list, with its parameters.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) value: Value,
    parameters: Parameters,
}

#[derive(Debug)]
pub(super) enum Value {
    Item(BareItem),
    InnerList(Vec<Member>),
}

/// What RFC 8941 would let pass. A reader of it takes the last of two equal names; but §4.2 wants labels unique, and of two
/// digests or two dates we choose none.
#[derive(Clone, Copy, Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error("a name stands twice")]
    Twice,
    #[error("there are too many entries")]
    TooMany,
}

impl Input {
    /// What a signer is about to write.
    pub(super) fn new(components: Vec<Component>, parameters: Parameters) -> Self {
        Self { components, parameters }
    }

    /// The value of `@signature-params`: an inner list in the one strict form of RFC 8941 §4.1.
    pub(super) fn serialize(&self) -> String {
        let mut list = ListSerializer::new();
        let mut inner = list.inner_list();
        for component in &self.components {
            let item = inner.bare_item(component.name());
            if let Component::QueryParam(name) = component {
                let _ = item.parameter(sfv::key_ref("name"), name);
            }
        }
        let _ = inner.finish().parameters(self.parameters.iter().map(|(name, value)| (name, value)));
        list.finish().unwrap_or_default()
    }

    pub(super) fn parameter(&self, name: &str) -> Option<&BareItem> {
        self.parameters.iter().find(|(key, _)| key.as_str() == name).map(|(_, value)| value)
    }
}

/// The one signature of a request: what it covers, and its octets.
///
/// §4: "each field MUST contain the same labels". The label itself says nothing (§7.2.5).
pub(super) fn one_signature<'r>(
    input: impl Iterator<Item = &'r [u8]>,
    signature: impl Iterator<Item = &'r [u8]>,
) -> Result<(Input, Vec<u8>), SignatureError> {
    let (input_label, input) = only_member(input, FieldName::SignatureInput)?;
    let (label, signature) = only_member(signature, FieldName::Signature)?;
    if input_label != label {
        return Err(SignatureError::Labels);
    }
    let Value::Item(BareItem::ByteSequence(signature)) = signature.value else {
        return Err(SignatureError::malformed(FieldName::Signature, "its member is not octets between colons"));
    };
    let Value::InnerList(items) = input.value else {
        return Err(SignatureError::malformed(FieldName::SignatureInput, "its member is not a list in parentheses"));
    };
    let mut components = Vec::with_capacity(items.len());
    for item in &items {
        let component = component(item)?;
        // §2: "each component identifier MUST occur only once".
        if components.contains(&component) {
            return Err(SignatureError::component(component.name().as_str(), "is listed twice; list it once"));
        }
        components.push(component);
    }
    Ok((Input { components, parameters: input.parameters }, signature))
}

fn only_member<'r>(lines: impl Iterator<Item = &'r [u8]>, field: FieldName) -> Result<(Key, Member), SignatureError> {
    let mut members = dictionary(lines, field)?.into_iter();
    match (members.next(), members.next()) {
        (Some(only), None) => Ok(only),
        (None, _) => Err(SignatureError::Missing(field)),
        (Some(_), Some(_)) => Err(SignatureError::Several),
    }
}

fn component(item: &Member) -> Result<Component, SignatureError> {
    let Value::Item(BareItem::String(name)) = &item.value else {
        return Err(SignatureError::malformed(FieldName::SignatureInput, "a component is not a string in quotes"));
    };
    Component::parse(name, item.parameters.iter().map(|(key, value)| (key.as_str(), value)))
}

/// All lines of a field as one dictionary (RFC 8941 §4.2).
pub(super) fn dictionary<'r>(
    lines: impl Iterator<Item = &'r [u8]>,
    field: FieldName,
) -> Result<Vec<(Key, Member)>, SignatureError> {
    let mut whole = Dictionary::default();
    let mut octets = 0_usize;
    for line in lines {
        octets = octets.saturating_add(line.len());
        if octets > MAX_FIELD {
            return Err(SignatureError::malformed(field, "it is longer than 8 KiB"));
        }
        whole = Parser::new(line)
            .with_version(Version::Rfc8941)
            .parse_dictionary_with_visitor(whole)
            .map_err(|error| SignatureError::malformed(field, &error.to_string()))?;
    }
    Ok(whole.0)
}

impl Member {
    fn empty() -> Self {
        Self { value: Value::Item(BareItem::Boolean(true)), parameters: Vec::new() }
    }
}

fn check_new<T>(entries: &[(Key, T)], key: &KeyRef) -> Result<(), Fault> {
    check_room(entries)?;
    if entries.iter().any(|(known, _)| known.as_str() == key.as_str()) { Err(Fault::Twice) } else { Ok(()) }
}

fn check_room<T>(entries: &[T]) -> Result<(), Fault> {
    if entries.len() < MAX_ENTRIES { Ok(()) } else { Err(Fault::TooMany) }
}

// From here on: the visitors by which `sfv` tells what it reads.

impl<'de> DictionaryVisitor<'de> for Dictionary {
    type Out = Self;
    type Error = Fault;

    fn entry(&mut self, key: &'de KeyRef) -> Result<impl EntryVisitor<'de>, Fault> {
        check_new(&self.0, key)?;
        let (_, member) = self.0.push_mut((key.to_owned(), Member::empty()));
        Ok(member)
    }

    fn finish(self) -> Result<Self, Fault> {
        Ok(self)
    }
}

impl<'de> EntryVisitor<'de> for &mut Member {
    type Error = Fault;

    fn item(self) -> Result<impl ItemVisitor<'de>, Fault> {
        Ok(self)
    }

    fn inner_list(self) -> Result<impl InnerListVisitor<'de>, Fault> {
        Ok(List { items: Vec::new(), member: self })
    }
}

impl<'de> ItemVisitor<'de> for &mut Member {
    type Out = ();
    type Error = Fault;

    fn bare_item(self, value: BareItemFromInput<'de>) -> Result<impl ParameterVisitor<'de, Out = ()>, Fault> {
        self.value = Value::Item(value.into());
        Ok(self)
    }
}

impl<'de> ParameterVisitor<'de> for &mut Member {
    type Out = ();
    type Error = Fault;

    fn parameter(&mut self, key: &'de KeyRef, value: BareItemFromInput<'de>) -> Result<(), Fault> {
        check_new(&self.parameters, key)?;
        self.parameters.push((key.to_owned(), value.into()));
        Ok(())
    }

    fn finish(self) -> Result<(), Fault> {
        Ok(())
    }
}

struct List<'m> {
    items: Vec<Member>,
    member: &'m mut Member,
}

impl<'de> InnerListVisitor<'de> for List<'_> {
    type Error = Fault;

    fn item(&mut self) -> Result<impl ItemVisitor<'de>, Fault> {
        check_room(&self.items)?;
        Ok(self.items.push_mut(Member::empty()))
    }

    fn finish(self) -> Result<impl ParameterVisitor<'de>, Fault> {
        self.member.value = Value::InnerList(self.items);
        Ok(self.member)
    }
}
