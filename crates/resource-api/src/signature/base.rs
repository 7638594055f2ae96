//! The signature base (RFC 9421 §2.5): the text that is signed. It is made of the request as it arrived and of the configured
//! public URL, never of what the signature claims that they are.

use std::fmt::{self, Write as _};

use aws_lc_rs::digest::{SHA256, digest};
use url::form_urlencoded;

use super::Message;
use super::component::Component;
use super::error::SignatureError;
use super::fields::Input;
use super::target::Target;

/// Fields whose values may stand in a log.
const SHOWN: &[&str] =
    &["accept", "content-digest", "content-encoding", "content-length", "content-type", "date", "host"];

/// A signature base with everything blacked out that may hide a secret: field values outside a short list, and queries. In
/// their place stand the length and the first eight hex digits of the SHA-256, with which two sides can compare.
///
/// The rest is what the caller sent and the public URL of the API: whoever reads the log learns no more than from the access
/// log, and neither signature nor key can be computed from it.
#[derive(Clone, PartialEq, Eq)]
pub struct LoggedBase(String);

/// The octets to sign. All of it is ASCII, and each component has one line.
pub(super) fn signature_base(
    input: &Input,
    message: &Message<'_>,
    target: &Target<'_>,
) -> Result<String, SignatureError> {
    let mut base = String::new();
    for component in &input.components {
        let value = value(component, message, target)?;
        // §2: "Component values MUST NOT contain newline characters"; §2.5 step 4: nothing but ASCII.
        if !value.bytes().all(|byte| byte == b'\t' || (b' '..=b'~').contains(&byte)) {
            let reason = "has a value with characters outside printable ASCII, which cannot be signed";
            return Err(SignatureError::component(component.name().as_str(), reason));
        }
        base.push_str(&component.identifier());
        base.push_str(": ");
        base.push_str(&value);
        base.push('\n');
    }
    base.push_str("\"@signature-params\": ");
    base.push_str(&input.serialize());
    Ok(base)
}

fn value(component: &Component, message: &Message<'_>, target: &Target<'_>) -> Result<String, SignatureError> {
    Ok(match component {
        // §2.2.1: "no transformation to the input method value's case is performed".
        Component::Method => message.method.to_owned(),
        Component::TargetUri => target.uri(),
        Component::Authority => target.authority().to_owned(),
        Component::Scheme => target.scheme().to_owned(),
        Component::RequestTarget => target.request_target(),
        Component::Path => target.path(),
        // §2.2.7: "If the query string is absent from the request message, the component value is the leading ? character
        // alone".
        Component::Query => format!("?{}", target.query().unwrap_or_default()),
        Component::QueryParam(name) => query_param(name.as_str(), target.query().unwrap_or_default())?,
        Component::Field(name) => field(name.as_str(), message)?,
    })
}

/// §2.1: all lines of the field, trimmed, unfolded and joined.
fn field(name: &str, message: &Message<'_>) -> Result<String, SignatureError> {
    let mut joined: Option<String> = None;
    for line in message.values(name) {
        let Ok(line) = std::str::from_utf8(line) else {
            return Err(SignatureError::component(name, "has a value that is not ASCII and cannot be signed"));
        };
        let line = unfold(line.trim_matches([' ', '\t', '\r', '\n']));
        match &mut joined {
            None => joined = Some(line),
            Some(before) => {
                before.push_str(", ");
                before.push_str(&line);
            }
        }
    }
    joined.ok_or_else(|| SignatureError::component(name, "is not in the request"))
}

/// Each `obs-fold = OWS CRLF RWS` (RFC 9112 §5.2) becomes one space. Any other line break stays and is refused later.
fn unfold(line: &str) -> String {
    let mut parts = line.split("\r\n");
    let mut unfolded = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        if part.starts_with([' ', '\t']) {
            unfolded.truncate(unfolded.trim_end_matches([' ', '\t']).len());
            unfolded.push(' ');
            unfolded.push_str(part.trim_start_matches([' ', '\t']));
        } else {
            unfolded.push_str("\r\n");
            unfolded.push_str(part);
        }
    }
    unfolded
}

/// §2.2.8: read as a form, written percent-encoded.
fn query_param(name: &str, query: &str) -> Result<String, SignatureError> {
    let mut named = form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| percent_encoded(key) == name);
    match (named.next(), named.next()) {
        (Some((_, value)), None) => Ok(percent_encoded(&value)),
        (None, _) => Err(SignatureError::component("@query-param", "names a parameter that the query does not have")),
        // "If a parameter name occurs multiple times in a request, the named query parameter MUST NOT be included."
        (Some(_), Some(_)) => {
            Err(SignatureError::component("@query-param", "names a parameter that stands twice; cover @query"))
        }
    }
}

/// "percent-encode after encoding" with the set of `application/x-www-form-urlencoded`: as a form, but a space is `%20`.
fn percent_encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).map(|part| if part == "+" { "%20" } else { part }).collect()
}

impl LoggedBase {
    pub(super) fn new(base: &str) -> Self {
        Self(base.lines().map(black_out).collect::<Vec<_>>().join("\n"))
    }

    /// The lines, for the log of the API.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One line of a base. Names have no quotes in them, so the first quote behind the first ends the name.
fn black_out(line: &str) -> String {
    let name = line.split('"').nth(1).unwrap_or_default();
    let Some((identifier, value)) = line.split_once("\": ") else { return fingerprint(line) };
    match name {
        "@target-uri" | "@request-target" => match value.split_once('?') {
            Some((path, query)) => format!("{identifier}\": {path}?{}", fingerprint(query)),
            None => line.to_owned(),
        },
        "@query" | "@query-param" => format!("{identifier}\": {}", fingerprint(value)),
        shown if shown.starts_with('@') || SHOWN.contains(&shown) => line.to_owned(),
        _ => format!("{identifier}\": {}", fingerprint(value)),
    }
}

fn fingerprint(value: &str) -> String {
    let mut text = format!("({} octets, SHA-256 ", value.len());
    for byte in &digest(&SHA256, value.as_bytes()).as_ref()[..4] {
        let _ = write!(text, "{byte:02x}");
    }
    text + "…)"
}

impl fmt::Debug for LoggedBase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
