//! One word for each refusal, for measurements. The words stay when sentences and types change.

use actix_web::http::StatusCode;
use jwt::verify::VerifyError;

use crate::answer::refusal::{Refusal, WithoutCredential};
use crate::token::validator::TokenRefused;

impl Refusal {
    pub(crate) fn status(&self) -> StatusCode {
        self.wire().0
    }

    /// The rule that a token broke; of everything else the word that the caller is told (`error`).
    pub(crate) fn reason(&self) -> &'static str {
        match self {
            Self::NoCredential(WithoutCredential::NothingSent) => "no_credential",
            Self::NoCredential(WithoutCredential::UnknownScheme) => "unknown_scheme",
            Self::NoCredential(WithoutCredential::OnlyInQuery) => "token_in_url",
            Self::Token(TokenRefused::Jwt(error)) => of_jwt(*error),
            Self::Token(refused) => of_token(refused),
            other => other.wire().1.unwrap_or("other"),
        }
    }
}

fn of_token(refused: &TokenRefused) -> &'static str {
    match refused {
        TokenRefused::TooLong => "too_long",
        TokenRefused::MissingClaim(_) => "missing_claim",
        TokenRefused::MalformedClaim(_) => "malformed_claim",
        TokenRefused::IdToken => "id_token",
        TokenRefused::OtherKind => "type",
        TokenRefused::SenderConstrained | TokenRefused::NotSenderConstrained | TokenRefused::OtherCertificate => {
            "binding"
        }
        TokenRefused::Inactive => "inactive",
        TokenRefused::OtherNetwork => "other_network",
        TokenRefused::Opaque => "opaque",
        _ => "invalid_token",
    }
}

fn of_jwt(error: VerifyError) -> &'static str {
    match error {
        VerifyError::TooLong => "too_long",
        VerifyError::NotThreeParts | VerifyError::Encoding | VerifyError::Header | VerifyError::Claims => "malformed",
        VerifyError::Critical => "critical",
        VerifyError::Algorithm | VerifyError::KeyAlgorithm => "algorithm",
        VerifyError::Type => "type",
        VerifyError::UnknownKey => "unknown_key",
        VerifyError::Signature => "signature",
        VerifyError::Expired => "expired",
        VerifyError::NotYetValid | VerifyError::IssuedInFuture => "not_yet_valid",
        VerifyError::Issuer => "issuer",
        VerifyError::Audience => "audience",
        _ => "invalid_token",
    }
}
