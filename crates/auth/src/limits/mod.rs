//! How much of something is too much.
//!
//! What guessing and flooding could gain from a restart or from a second server is counted in the database (`tries.rs`):
//! passwords, second factors, passkeys, mails, sign-ups. What is merely expensive is counted in memory, bounded and forgotten
//! after a while (`floods.rs`). What there is to count, and how much of it, is the table of `bucket.rs`.

mod bucket;
mod floods;
mod network;
mod tries;

use protocol::time::Seconds;

use crate::config::LimitsConfig;

pub use bucket::Bucket;
pub use floods::Limits;
pub use network::Network;
pub use tries::{
    Asker, Reserved, mail, mailed_code, name_of_sign_up, passkey, password, password_at_api_is_news,
    password_was_replaced, recovery, recovery_mail, second_factor, sign_up, wrong_code_is_news,
};

/// Wait that long before the next try (answered as 429 with `Retry-After`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Throttled {
    pub retry_after: Seconds,
}
