//! Where the pages live, below the issuer. What clients are told of stands in `protocol::metadata::paths`.

pub(crate) mod account;

/// The page that asks which account to go on with (`prompt=select_account`); not part of any announced interface.
pub(crate) const SELECT_ACCOUNT: &str = "/select-account";
/// Where people get an account (`prompt=create`).
pub const SIGN_UP: &str = "/signup";
/// Where people get back into an account.
pub const RECOVER: &str = "/recover";
/// Where somebody adds a second factor because an app demands one.
pub(crate) const ENROL: &str = "/enrol";
/// The pages that ask for a second factor.
pub(crate) const LOGIN_TOTP: &str = "/login/totp";
pub(crate) const LOGIN_PASSKEY: &str = "/login/passkey";
pub(crate) const LOGIN_EMAIL_CODE: &str = "/login/email-code";
pub(crate) const LOGIN_RECOVERY_CODE: &str = "/login/recovery-code";
/// Where somebody has to choose a new password before the sign-in ends.
pub(crate) const NEW_PASSWORD: &str = "/login/new-password";
/// Goes on with an interaction, whatever comes next in it.
pub(crate) const CONTINUE: &str = "/continue";
/// The account console.
pub(crate) const ACCOUNT: &str = "/account";
/// In the query of the login page: somebody else wants to sign in although a person is signed in.
pub(crate) const OTHER_ACCOUNT: &str = "account=other";
