//! `/token`: one module per grant type, and the races.

mod authorization_code;
mod client_credentials;
mod race;
mod refresh_token;
