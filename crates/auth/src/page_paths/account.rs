//! Where the pages of the account console live, below the issuer.

pub(crate) const SIGN_OUT: &str = "/account/sign-out";
/// Leads to the choice of an account.
pub(crate) const SWITCH: &str = "/account/switch";
pub(crate) const PROFILE: &str = "/account/profile";
pub(crate) const EMAIL: &str = "/account/email";
pub(crate) const EMAIL_CODE: &str = "/account/email/code";
pub(crate) const SECURITY: &str = "/account/security";
pub(crate) const PASSWORD: &str = "/account/security/password";
/// Of one passkey below it.
pub(crate) const PASSKEYS: &str = "/account/security/passkeys";
pub(crate) const TOTP: &str = "/account/security/totp";
pub(crate) const TOTP_REMOVE: &str = "/account/security/totp/remove";
pub(crate) const RECOVERY_CODES: &str = "/account/security/recovery-codes";
pub(crate) const SESSIONS: &str = "/account/sessions";
pub(crate) const APPS: &str = "/account/apps";
pub(crate) const API_KEYS: &str = "/account/api-keys";
pub(crate) const API_KEYS_NEW: &str = "/account/api-keys/new";
pub(crate) const LOG: &str = "/account/log";
pub(crate) const LOCK_DOWN: &str = "/account/lock-down";
pub(crate) const DATA: &str = "/account/data";
pub(crate) const EXPORT: &str = "/account/data/export";
pub(crate) const DELETE: &str = "/account/data/delete";
/// Takes a deletion back, from the console.
pub(crate) const KEEP: &str = "/account/data/keep";
/// The same from the mail; the token of the link follows.
pub(crate) const CANCEL_DELETION: &str = "/account/cancel-deletion";
