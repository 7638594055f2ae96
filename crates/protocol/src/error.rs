//! The one table of error codes, and what a client may read about an error.
//!
//! An `OAuthError` holds only what may leave: code, rule that failed, parameter name. Causes go to the log elsewhere, and which
//! form the answer takes (page, redirect, JSON) is decided in `auth/web/error.rs`.

use std::borrow::Cow;
use std::fmt;

use crate::issuer::Issuer;

/// The path of the list of all codes; the page about one code is below it.
pub const CATALOGUE: &str = "/errors";

/// Every error that this server tells a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    InvalidRequest,
    UnauthorizedClient,
    AccessDenied,
    UnsupportedResponseType,
    InvalidScope,
    ServerError,
    TemporarilyUnavailable,
    InvalidClient,
    InvalidGrant,
    UnsupportedGrantType,
    LoginRequired,
    ConsentRequired,
    AccountSelectionRequired,
    RequestNotSupported,
    RequestUriNotSupported,
    RegistrationNotSupported,
    UnmetAuthenticationRequirements,
    InvalidRequestObject,
    InvalidRequestUri,
    InvalidRedirectUri,
    InvalidClientMetadata,
    InvalidSoftwareStatement,
    UnapprovedSoftwareStatement,
    InvalidToken,
    InsufficientScope,
}

impl ErrorCode {
    pub const ALL: &'static [Self] = &[
        Self::InvalidRequest,
        Self::UnauthorizedClient,
        Self::AccessDenied,
        Self::UnsupportedResponseType,
        Self::InvalidScope,
        Self::ServerError,
        Self::TemporarilyUnavailable,
        Self::InvalidClient,
        Self::InvalidGrant,
        Self::UnsupportedGrantType,
        Self::LoginRequired,
        Self::ConsentRequired,
        Self::AccountSelectionRequired,
        Self::RequestNotSupported,
        Self::RequestUriNotSupported,
        Self::RegistrationNotSupported,
        Self::UnmetAuthenticationRequirements,
        Self::InvalidRequestObject,
        Self::InvalidRequestUri,
        Self::InvalidRedirectUri,
        Self::InvalidClientMetadata,
        Self::InvalidSoftwareStatement,
        Self::UnapprovedSoftwareStatement,
        Self::InvalidToken,
        Self::InsufficientScope,
    ];

    /// The value of the `error` parameter.
    pub fn wire(self) -> &'static str {
        self.row().0
    }

    /// The HTTP status of an answer that is not a redirect. Codes that their specification only knows in redirects have 400,
    /// the status of RFC 6749 §5.2, for the case that there is no place to redirect to.
    pub fn status(self) -> u16 {
        self.row().1
    }

    /// Where the code is defined.
    pub fn source(self) -> &'static str {
        self.row().2
    }

    /// The code of this wire name, for the address of a page of the catalogue.
    pub fn parse(wire: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.wire() == wire)
    }

    /// The value of `error_uri` (RFC 6749 §4.1.2.1, §5.2): this server's own page about the code, which shows the number of the
    /// request that was refused.
    pub fn uri(self, issuer: &Issuer, trace_id: &str) -> String {
        format!("{}/{}?trace_id={trace_id}", issuer.endpoint(CATALOGUE), self.wire())
    }

    fn row(self) -> (&'static str, u16, &'static str) {
        match self {
            Self::InvalidRequest => ("invalid_request", 400, "RFC 6749 §5.2"),
            Self::UnauthorizedClient => ("unauthorized_client", 400, "RFC 6749 §5.2"),
            Self::AccessDenied => ("access_denied", 400, "RFC 6749 §4.1.2.1"),
            Self::UnsupportedResponseType => ("unsupported_response_type", 400, "RFC 6749 §4.1.2.1"),
            Self::InvalidScope => ("invalid_scope", 400, "RFC 6749 §5.2"),
            Self::ServerError => ("server_error", 500, "RFC 6749 §4.1.2.1"),
            Self::TemporarilyUnavailable => ("temporarily_unavailable", 503, "RFC 6749 §4.1.2.1"),
            Self::InvalidClient => ("invalid_client", 401, "RFC 6749 §5.2"),
            Self::InvalidGrant => ("invalid_grant", 400, "RFC 6749 §5.2"),
            Self::UnsupportedGrantType => ("unsupported_grant_type", 400, "RFC 6749 §5.2"),
            Self::LoginRequired => ("login_required", 400, "OpenID Connect Core §3.1.2.6"),
            Self::ConsentRequired => ("consent_required", 400, "OpenID Connect Core §3.1.2.6"),
            Self::AccountSelectionRequired => ("account_selection_required", 400, "OpenID Connect Core §3.1.2.6"),
            Self::RequestNotSupported => ("request_not_supported", 400, "OpenID Connect Core §3.1.2.6"),
            Self::RequestUriNotSupported => ("request_uri_not_supported", 400, "OpenID Connect Core §3.1.2.6"),
            Self::RegistrationNotSupported => ("registration_not_supported", 400, "OpenID Connect Core §3.1.2.6"),
            Self::UnmetAuthenticationRequirements => (
                "unmet_authentication_requirements",
                400,
                "OpenID Connect Core Error Code unmet_authentication_requirements",
            ),
            Self::InvalidRequestObject => ("invalid_request_object", 400, "OpenID Connect Core §3.1.2.6"),
            Self::InvalidRequestUri => ("invalid_request_uri", 400, "OpenID Connect Core §3.1.2.6"),
            Self::InvalidRedirectUri => ("invalid_redirect_uri", 400, "RFC 7591 §3.2.2"),
            Self::InvalidClientMetadata => ("invalid_client_metadata", 400, "RFC 7591 §3.2.2"),
            Self::InvalidSoftwareStatement => ("invalid_software_statement", 400, "RFC 7591 §3.2.2"),
            Self::UnapprovedSoftwareStatement => ("unapproved_software_statement", 400, "RFC 7591 §3.2.2"),
            Self::InvalidToken => ("invalid_token", 401, "RFC 6750 §3.1"),
            Self::InsufficientScope => ("insufficient_scope", 403, "RFC 6750 §3.1"),
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.wire())
    }
}

impl serde::Serialize for ErrorCode {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.wire())
    }
}

/// What a client is told: the code, the rule that failed in one sentence, and the parameter that broke it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OAuthError {
    pub code: ErrorCode,
    pub description: Cow<'static, str>,
    pub parameter: Option<&'static str>,
}

impl OAuthError {
    /// Whatever RFC 6749 §5.2 does not allow in `error_description` is replaced, so no caller can break a header or a page.
    pub fn new(code: ErrorCode, description: impl Into<Cow<'static, str>>) -> Self {
        let mut description = description.into();
        if !description.chars().all(is_allowed) {
            description = description.chars().map(allowed).collect::<String>().into();
        }
        Self { code, description, parameter: None }
    }

    /// The same error, naming the parameter that is at fault.
    #[must_use]
    pub fn at(mut self, parameter: &'static str) -> Self {
        self.parameter = Some(parameter);
        self
    }

    /// The value of `error_description`: one sentence that names the parameter at fault.
    pub fn sentence(&self) -> String {
        match self.parameter {
            Some(parameter) if !self.description.contains(parameter) => format!("{}: {parameter}", self.description),
            Some(_) | None => self.description.to_string(),
        }
    }
}

impl fmt::Display for OAuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.description)?;
        match self.parameter {
            Some(parameter) => write!(f, " ({parameter})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for OAuthError {}

/// RFC 6749 §5.2: "MUST NOT include characters outside the set %x20-21 / %x23-5B / %x5D-7E".
fn is_allowed(character: char) -> bool {
    matches!(character, ' '..='~') && character != '"' && character != '\\'
}

fn allowed(character: char) -> char {
    match character {
        '"' => '\'',
        '\\' => '/',
        '–' | '—' => '-',
        _ if is_allowed(character) => character,
        _ => '?',
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    #[test]
    fn every_code_is_listed_once_and_has_its_own_wire_name() {
        let names: HashSet<_> = ErrorCode::ALL.iter().map(|code| code.wire()).collect();
        assert_eq!(names.len(), ErrorCode::ALL.len());
        assert_eq!(ErrorCode::ALL.len(), ErrorCode::InsufficientScope as usize + 1);
    }

    #[test]
    fn every_code_has_the_status_of_its_rfc() {
        for code in ErrorCode::ALL {
            let expected = match code.wire() {
                "invalid_client" | "invalid_token" => 401,
                "insufficient_scope" => 403,
                "server_error" => 500,
                "temporarily_unavailable" => 503,
                _ => 400,
            };
            assert_eq!(code.status(), expected, "{code}");
        }
    }

    #[test]
    fn a_wire_name_is_plain_and_its_source_is_named() {
        for code in ErrorCode::ALL {
            assert!(code.wire().bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{code}");
            assert!(code.source().starts_with("RFC ") || code.source().starts_with("OpenID "), "{code}");
        }
    }

    #[test]
    fn a_code_is_found_by_its_wire_name_alone() {
        for code in ErrorCode::ALL {
            assert_eq!(ErrorCode::parse(code.wire()), Some(*code));
        }
        assert_eq!(ErrorCode::parse("INVALID_REQUEST"), None);
        assert_eq!(ErrorCode::parse(""), None);
    }

    #[test]
    fn the_page_of_a_code_is_below_the_issuer() {
        let issuer = Issuer::parse("https://id.example.com/tenant").expect("is an issuer");
        let uri = ErrorCode::InvalidGrant.uri(&issuer, "0123456789abcdef0123456789abcdef");
        assert_eq!(uri, "https://id.example.com/tenant/errors/invalid_grant?trace_id=0123456789abcdef0123456789abcdef");
        // RFC 6749 §5.2: error_uri "MUST NOT include characters outside the set %x21 / %x23-5B / %x5D-7E".
        assert!(uri.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e)));
    }

    #[test]
    fn quotes_and_backslashes_are_replaced() {
        let error = OAuthError::new(ErrorCode::InvalidRequest, "a \"b\" \\ c\r\nd").at("scope");
        assert_eq!(error.description, "a 'b' / c??d");
        assert_eq!(error.to_string(), "invalid_request: a 'b' / c??d (scope)");
    }

    #[test]
    fn each_character_is_judged_by_itself() {
        for byte in 0..=u8::MAX {
            let character = char::from(byte);
            let kept =
                OAuthError::new(ErrorCode::InvalidRequest, character.to_string()).description == character.to_string();
            assert_eq!(kept, matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e), "{character:?}");
        }
    }

    proptest! {
        #[test]
        fn no_description_leaves_the_character_set(text: String) {
            let error = OAuthError::new(ErrorCode::ServerError, text);
            prop_assert!(error.description.bytes().all(|byte| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e)));
        }
    }
}
