//! Component identifiers (RFC 9421 §2): the names of what a signature covers, as a closed set. Their values are in `base.rs`.

use sfv::{BareItem, ItemSerializer, StringRef, key_ref, string_ref};

use super::error::SignatureError;

/// One covered component. Two are the same where name and parameters are (§2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Component {
    Method,
    TargetUri,
    Authority,
    Scheme,
    RequestTarget,
    Path,
    Query,
    /// The name of the parameter, encoded as §2.2.8 says.
    QueryParam(sfv::String),
    /// A header field; the name is in lower case.
    Field(sfv::String),
}

impl Component {
    /// The fix for the caller stands in the error.
    pub(super) fn parse<'p>(
        name: &StringRef,
        parameters: impl Iterator<Item = (&'p str, &'p BareItem)>,
    ) -> Result<Self, SignatureError> {
        let refuse = |reason| Err(SignatureError::component(name.as_str(), reason));
        let mut query_param = None;
        for (key, value) in parameters {
            match (key, value) {
                ("name", BareItem::String(value)) if name.as_str() == "@query-param" => {
                    query_param = Some(value.to_owned());
                }
                ("name", _) if name.as_str() == "@query-param" => {
                    return refuse("needs a string as its parameter name");
                }
                // §2.5: "If the component identifier contains the req parameter and the target message is a request, produce
                // an error."
                ("req", _) => return refuse("carries the parameter req, which only answers can carry"),
                ("sf" | "key" | "bs" | "tr", _) => {
                    return refuse("carries sf, key, bs or tr, which this API does not support; cover the whole field");
                }
                // §2.5: "If the component identifier has a parameter that is not understood, produce an error."
                _ => return refuse("carries a parameter that is not known"),
            }
        }
        Self::named(name, query_param)
    }

    /// `query_param`: the parameter `name`.
    fn named(name: &StringRef, query_param: Option<sfv::String>) -> Result<Self, SignatureError> {
        let refuse = |reason| Err(SignatureError::component(name.as_str(), reason));
        Ok(match name.as_str() {
            "@method" => Self::Method,
            "@target-uri" => Self::TargetUri,
            "@authority" => Self::Authority,
            "@scheme" => Self::Scheme,
            "@request-target" => Self::RequestTarget,
            "@path" => Self::Path,
            "@query" => Self::Query,
            "@query-param" => match query_param {
                Some(name) => Self::QueryParam(name),
                None => return refuse("needs the parameter name"),
            },
            // §2.2.9: "The @status component identifier MUST NOT be used in a request message."
            "@status" => return refuse("belongs to answers, not to requests"),
            // §2.3: "the component identifier MUST NOT be enumerated within the set of covered components".
            "@signature-params" => return refuse("is always covered; leave it out of the list"),
            // §7.5.1: what begins with @ is never taken from the fields.
            unknown if unknown.starts_with('@') => return refuse("is not known to this API"),
            "signature" | "signature-input" => return refuse("cannot be covered by the signature that it carries"),
            field if is_field_name(field) => Self::Field(name.to_owned()),
            _ => return refuse("is not a field name in lower case"),
        })
    }

    pub(super) fn name(&self) -> &StringRef {
        match self {
            Self::Method => string_ref("@method"),
            Self::TargetUri => string_ref("@target-uri"),
            Self::Authority => string_ref("@authority"),
            Self::Scheme => string_ref("@scheme"),
            Self::RequestTarget => string_ref("@request-target"),
            Self::Path => string_ref("@path"),
            Self::Query => string_ref("@query"),
            Self::QueryParam(_) => string_ref("@query-param"),
            Self::Field(name) => name,
        }
    }

    /// As it begins its line of the signature base: `"@query-param";name="limit"`.
    pub(super) fn identifier(&self) -> String {
        let item = ItemSerializer::new().bare_item(self.name());
        match self {
            Self::QueryParam(name) => item.parameter(key_ref("name"), name).finish(),
            _ => item.finish(),
        }
    }
}

/// §2.1: "implementations MUST use lowercased field names". The alphabet is `tchar` of RFC 9110 §5.6.2.
fn is_field_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(fits)
}
