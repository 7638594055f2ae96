//! Why an authenticator's answer is refused: each reason by itself, for the log and the tests. People are told less (`web/`).

use protocol::ids::UserId;
use store::StoreError;
use webauthn_rs_core::error::WebauthnError;

#[derive(Debug, thiserror::Error)]
pub enum PasskeyError {
    #[error("this server is called by an address, and passkeys need a domain")]
    Unavailable,
    #[error("the person has as many passkeys as they can")]
    TooMany,

    #[error("no such ceremony, or it was answered already")]
    UnknownCeremony,
    #[error("the ceremony expired")]
    Expired,
    #[error("the ceremony began in another browser")]
    OtherBrowser,
    #[error("the ceremony is of the other kind")]
    OtherKind,
    #[error("the ceremony, the credential or the user handle is another person's")]
    OtherPerson,

    #[error("the answer is too large")]
    TooLarge,
    #[error("the answer is not what an authenticator makes")]
    Malformed,
    #[error("the client data is of the other type")]
    WrongType,
    #[error("the answer is to another challenge")]
    WrongChallenge,
    #[error("the answer was made at another origin")]
    WrongOrigin,
    #[error("the answer was made in a frame of another site")]
    CrossOrigin,
    #[error("the answer was made for another relying party")]
    WrongRpId,
    #[error("the user was not present")]
    UserNotPresent,
    #[error("the user was not verified")]
    UserNotVerified,
    #[error("the key is of an algorithm that was not offered")]
    WrongAlgorithm,
    #[error("the backup flags contradict each other or those of before")]
    WrongBackupFlags,
    #[error("the attestation statement is wrong")]
    WrongAttestation,
    #[error("the credential id is longer than 1023 bytes")]
    LongCredentialId,
    #[error("the credential is registered already")]
    AlreadyRegistered,
    #[error("nobody registered this credential here")]
    UnknownCredential,
    #[error("its owner is disabled")]
    NotAllowed,
    #[error("the discoverable credential comes without a user handle")]
    NoUserHandle,
    #[error("the signature is wrong")]
    WrongSignature,
    /// The sign count went backwards, now or before.
    #[error("the passkey may have been copied")]
    Cloned { user: UserId, noticed: Noticed },

    #[error("the stored credential or ceremony cannot be read")]
    Unreadable,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Whether a clone is news, for whoever tells its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noticed {
    Now,
    Before,
}

impl From<WebauthnError> for PasskeyError {
    fn from(error: WebauthnError) -> Self {
        use WebauthnError as E;
        match error {
            E::InvalidClientDataType => Self::WrongType,
            E::MismatchedChallenge => Self::WrongChallenge,
            E::InvalidRPOrigin => Self::WrongOrigin,
            E::CredentialCrossOrigin => Self::CrossOrigin,
            E::InvalidRPIDHash => Self::WrongRpId,
            E::UserNotPresent => Self::UserNotPresent,
            E::UserNotVerified => Self::UserNotVerified,
            E::CredentialAlteredAlgFromRequest
            | E::COSEKeyInvalidType
            | E::COSEKeyEDUnsupported
            | E::COSEKeyInvalidAlgorithm
            | E::COSEKeyECDSAInvalidCurve => Self::WrongAlgorithm,
            E::CredentialBackupEligibilityInconsistent | E::CredentialMayNotBeHardwareBound => Self::WrongBackupFlags,
            E::AuthenticationFailure | E::SignatureInvalid => Self::WrongSignature,
            E::CredentialNotFound => Self::UnknownCredential,
            E::AttestationNotSupported
            | E::AttestationStatementMapInvalid
            | E::AttestationStatementResponseMissing
            | E::AttestationStatementResponseInvalid
            | E::AttestationStatementSigMissing
            | E::AttestationStatementSigInvalid
            | E::AttestationStatementVerMissing
            | E::AttestationStatementVerInvalid
            | E::AttestationStatementVerUnsupported
            | E::AttestationStatementX5CMissing
            | E::AttestationStatementX5CInvalid
            | E::AttestationStatementAlgMissing
            | E::AttestationStatementAlgMismatch
            | E::AttestationStatementAlgInvalid
            | E::AttestationStatementCertInfoMissing
            | E::AttestationStatementMissingExtension
            | E::AttestationStatementPubAreaMissing => Self::WrongAttestation,
            _ => Self::Malformed,
        }
    }
}
