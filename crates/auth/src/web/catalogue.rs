//! The error catalogue without its words: who has to act on a code, and what an exchange with it looks like. The words are in
//! `web/text/catalogue_*.rs`, the pages in `web/error_pages.rs`; `countersign explain` reads both.

use protocol::error::ErrorCode;

pub use crate::text::Explanation;

/// Who can make an error go away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// Who signs in.
    Person,
    /// Who writes or configures the app.
    Developer,
    /// Who runs this server.
    Operator,
}

/// Who has to act, the likeliest first.
pub fn actors(code: ErrorCode) -> &'static [Actor] {
    use Actor::{Developer, Operator, Person};
    match code {
        ErrorCode::AccessDenied => &[Person],
        ErrorCode::ServerError | ErrorCode::TemporarilyUnavailable => &[Operator],
        ErrorCode::InvalidClient | ErrorCode::UnauthorizedClient | ErrorCode::UnapprovedSoftwareStatement => {
            &[Developer, Operator]
        }
        ErrorCode::LoginRequired
        | ErrorCode::ConsentRequired
        | ErrorCode::AccountSelectionRequired
        | ErrorCode::InvalidToken
        | ErrorCode::InvalidGrant
        | ErrorCode::UnmetAuthenticationRequirements => &[Developer, Person],
        ErrorCode::RequestNotSupported
        | ErrorCode::RequestUriNotSupported
        | ErrorCode::UnsupportedResponseType
        | ErrorCode::InvalidScope
        | ErrorCode::InsufficientScope
        | ErrorCode::InvalidClientMetadata => &[Developer, Operator],
        ErrorCode::InvalidRequest
        | ErrorCode::UnsupportedGrantType
        | ErrorCode::RegistrationNotSupported
        | ErrorCode::InvalidRequestObject
        | ErrorCode::InvalidRequestUri
        | ErrorCode::InvalidRedirectUri
        | ErrorCode::InvalidSoftwareStatement => &[Developer],
    }
}

/// A row per code; the compiler names one that is missing.
macro_rules! examples {
    ($($code:ident => $example:literal,)+) => {
        /// A request that is refused with this code, or the answer to it.
        pub fn example(code: ErrorCode) -> &'static str {
            match code { $(ErrorCode::$code => $example,)+ }
        }
    };
}

examples! {
    InvalidRequest =>
        "POST /token\ngrant_type=authorization_code&redirect_uri=…\n\n400 Bad Request\nerror: invalid_request\n\
        error_description: a required parameter is missing: code",
    UnauthorizedClient =>
        "POST /token\nAuthorization: Basic …\ngrant_type=client_credentials\n\n400 Bad Request\n\
        error: unauthorized_client",
    AccessDenied =>
        "303 See Other\nLocation: https://app.example/callback\n  ?error=access_denied&state=…&iss=…",
    UnsupportedResponseType =>
        "GET /authorize?response_type=token&client_id=…\n\nLocation: https://app.example/callback\n  \
        #error=unsupported_response_type&state=…&iss=…",
    InvalidScope =>
        "GET /authorize?scope=openid%20notes:everything&…\n\nLocation: https://app.example/callback\n  \
        ?error=invalid_scope&state=…&iss=…",
    ServerError =>
        "POST /token\n\n500 Internal Server Error\nerror: server_error\ntrace_id: …",
    TemporarilyUnavailable =>
        "POST /token\n\n503 Service Unavailable\nRetry-After: 2\nerror: temporarily_unavailable",
    InvalidClient =>
        "POST /token\nAuthorization: Basic base64(client_id:secret)\n\n401 Unauthorized\n\
        WWW-Authenticate: Basic realm=…\nerror: invalid_client",
    InvalidGrant =>
        "POST /token\ngrant_type=authorization_code&code=…&redirect_uri=…&code_verifier=…\n\n400 Bad Request\n\
        error: invalid_grant\nerror_description: the code has expired: code",
    UnsupportedGrantType =>
        "POST /token\ngrant_type=password&username=…\n\n400 Bad Request\nerror: unsupported_grant_type",
    LoginRequired =>
        "GET /authorize?prompt=none&…\n\nLocation: https://app.example/callback\n  \
        ?error=login_required&state=…&iss=…",
    ConsentRequired =>
        "GET /authorize?prompt=none&scope=openid%20email&…\n\nLocation: https://app.example/callback\n  \
        ?error=consent_required&state=…&iss=…",
    AccountSelectionRequired =>
        "GET /authorize?prompt=none&…\n\nLocation: https://app.example/callback\n  \
        ?error=account_selection_required&state=…&iss=…",
    RequestNotSupported =>
        "GET /authorize?client_id=…&request=eyJ…\n\nLocation: https://app.example/callback\n  \
        ?error=request_not_supported&state=…&iss=…",
    RequestUriNotSupported =>
        "GET /authorize?client_id=…&request_uri=https://app.example/request.jwt\n\n\
        Location: https://app.example/callback\n  ?error=request_uri_not_supported&state=…&iss=…",
    RegistrationNotSupported =>
        "GET /authorize?registration=…&…\n\nLocation: https://app.example/callback\n  \
        ?error=registration_not_supported&state=…&iss=…",
    UnmetAuthenticationRequirements =>
        "GET /authorize?claims=…essential acr…&…\n\nLocation: https://app.example/callback\n  \
        ?error=unmet_authentication_requirements&state=…&iss=…",
    InvalidRequestObject =>
        "GET /authorize?client_id=…&request=eyJhbGciOiJub25lIn0…\n\nLocation: https://app.example/callback\n  \
        ?error=invalid_request_object&state=…&iss=…",
    InvalidRequestUri =>
        "GET /authorize?client_id=…&request_uri=https://app.example/gone.jwt\n\n\
        Location: https://app.example/callback\n  ?error=invalid_request_uri&state=…&iss=…",
    InvalidRedirectUri =>
        "POST /register\nredirect_uris: [ http://app.example/callback ]\n\n400 Bad Request\n\
        error: invalid_redirect_uri",
    InvalidClientMetadata =>
        "POST /register\ntoken_endpoint_auth_method: private_key_jwt   (and neither jwks nor jwks_uri)\n\n\
        400 Bad Request\nerror: invalid_client_metadata",
    InvalidSoftwareStatement =>
        "POST /register\nsoftware_statement: not-a-jwt\n\n400 Bad Request\nerror: invalid_software_statement",
    UnapprovedSoftwareStatement =>
        "POST /register\nsoftware_statement: eyJ…\n\n400 Bad Request\nerror: unapproved_software_statement",
    InvalidToken =>
        "GET /userinfo\nAuthorization: Bearer …\n\n401 Unauthorized\n\
        WWW-Authenticate: Bearer realm=…, error=\"invalid_token\", …",
    InsufficientScope =>
        "GET /userinfo\nAuthorization: Bearer …   (a token without openid)\n\n403 Forbidden\n\
        WWW-Authenticate: Bearer realm=…, error=\"insufficient_scope\", …",
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Locale;

    #[test]
    fn every_code_is_explained_in_every_language() {
        for code in ErrorCode::ALL {
            assert!(!actors(*code).is_empty(), "{code}");
            assert!(example(*code).contains(code.wire()), "the example of {code} shows it");
            for locale in Locale::ALL {
                let Explanation { meaning, fixes } = locale.explanation(*code);
                assert!(meaning.ends_with('.') && (2..=8).contains(&fixes.len()), "{code} {locale:?}");
                assert!(fixes.iter().all(|fix| fix.ends_with('.')), "{code} {locale:?}");
            }
            let [english, german] = Locale::ALL.map(|locale| locale.explanation(*code));
            assert_eq!(english.fixes.len(), german.fixes.len(), "{code}");
            assert_ne!(english.meaning, german.meaning, "{code}");
        }
    }

    #[test]
    fn no_two_codes_mean_the_same() {
        for locale in Locale::ALL {
            let mut meanings: Vec<_> = ErrorCode::ALL.iter().map(|code| locale.explanation(*code).meaning).collect();
            meanings.sort_unstable();
            meanings.dedup();
            assert_eq!(meanings.len(), ErrorCode::ALL.len(), "{locale:?}");
        }
    }
}
