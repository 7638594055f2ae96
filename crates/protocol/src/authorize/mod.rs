//! One authorization request, from the query string to a step (OpenID Connect Core §3.1.2, RFC 6749 §4.1).
//!
//! The shell loads the client, then asks this room in a fixed order:
//!
//! 1. [`callback::Callback::resolve`]: may anything be sent to this redirect URI at all? Until it says yes, every error
//!    is a page of ours. Afterwards every error travels through the [`callback::Callback`], so that "may I redirect?" is
//!    never a question at run time.
//! 2. [`request::AuthorizeRequest::check`]: is the request well-formed, and may this client ask for it?
//! 3. [`decide::decide`]: who must be asked what, or may the code be issued? Login and consent come back to this line,
//!    and nothing they did is trusted before it was read again from the interaction, the session and the consent.
//!
//! Nothing here reads a clock, a cookie or a table.

pub mod callback;
pub mod decide;
pub mod prompt;
pub mod request;
pub mod request_object;
pub mod response_type;
