//! What can happen to an account that its owner should be able to look up.
//!
//! The names are stored and exported, so they do not change. Words for people are the pages' business.

use crate::closed_set::closed_set;

closed_set! {
    pub enum SecurityEvent {
        AccountCreated = "account_created",
        SignedIn = "signed_in",
        SignInFailed = "sign_in_failed",
        SignedOut = "signed_out",
        /// By the person, from another session.
        SessionEnded = "session_ended",
        OtherSessionsEnded = "other_sessions_ended",
        SecondFactorFailed = "second_factor_failed",
        PasswordChanged = "password_changed",
        /// Without the old one: by mail, by recovery code, by an administrator.
        PasswordReset = "password_reset",
        EmailChanged = "email_changed",
        ProfileChanged = "profile_changed",
        TotpAdded = "totp_added",
        TotpRemoved = "totp_removed",
        PasskeyAdded = "passkey_added",
        PasskeyRenamed = "passkey_renamed",
        PasskeyRemoved = "passkey_removed",
        /// Its sign count went backwards: it may have been copied.
        PasskeyCloneSuspected = "passkey_clone_suspected",
        RecoveryCodesMade = "recovery_codes_made",
        RecoveryCodeUsed = "recovery_code_used",
        BrowserRemembered = "browser_remembered",
        BrowserForgotten = "browser_forgotten",
        ConsentGiven = "consent_given",
        ConsentWithdrawn = "consent_withdrawn",
        ApiKeyCreated = "api_key_created",
        /// Another one came in its place.
        ApiKeyRotated = "api_key_rotated",
        ApiKeyRevoked = "api_key_revoked",
        DataExported = "data_exported",
        DeletionScheduled = "deletion_scheduled",
        DeletionCancelled = "deletion_cancelled",
    }
}
