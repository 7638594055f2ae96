//! The rules of OAuth 2.0 and OpenID Connect as pure functions from values to values.
//!
//! Nothing here waits, reads a clock, draws a random number, opens a socket or knows a database: `now` and random bytes are
//! arguments. What a function accepts it has parsed into a type that cannot be wrong, so nobody checks twice.
//!
//! | file | what it answers |
//! |---|---|
//! | `ids`, `secret`, `time` | the words: which row, which secret, when |
//! | `closed_set`, `signing`, `encryption` | closed sets of names; the algorithms that sign and encrypt |
//! | `error` | every error code with its wire name, HTTP status and RFC |
//! | `http_url`, `issuer`, `redirect_uri` | one strict URL reading; who we are; where an answer may go |
//! | `params` | a decoded form or query: duplicates refused, empty means absent |
//! | `scope`, `audience` | what is asked for, and which API it belongs to |
//! | `client`, `registration` | a client as registered; its metadata (RFC 7591) in both directions |
//! | `client_auth`, `client_assertion`, `pkce` | who presents a request, and whether it is the one that began it |
//! | `user`, `subject`, `claims` | a person, whom a client knows them as, and what it may read about them |
//! | `login_name` | when two names or addresses are the same, and what a new one may look like |
//! | `login` | what a person proves, and when that is enough |
//! | `passkey` | passkeys, as far as they need no cryptography |
//! | `security_event` | what their owner can look up about an account |
//! | `authorize` | the authorization request: callback, request, decision |
//! | `grant` | the token request: one file per grant, each with one `decide` |
//! | `id_token`, `userinfo`, `introspection` | what tokens say, whom UserInfo and introspection answer |
//! | `permission`, `api_key`, `api_keys` | what a caller of an API may do; the keys that people make for their programs: their text, their rules |
//! | `password_check` | when a password that was sent to an API is enough, and what the API is told |
//! | `network` | ranges of IP addresses |
//! | `mail`, `action_token` | what people are told by mail; links and codes that are good once |
//! | `metadata` | the discovery document |
//! | `logout` | a client asks for a logout (RP-initiated), and hears of one (back-channel, front-channel) |

mod client_assertion;
mod closed_set;
pub mod http_url;
mod login_name;

pub mod action_token;
pub mod api_key;
pub mod api_keys;
pub mod audience;
pub mod authorize;
pub mod claims;
pub mod client;
pub mod client_auth;
pub mod encryption;
pub mod error;
pub mod feature;
pub mod grant;
pub mod id_token;
pub mod ids;
pub mod introspection;
pub mod issuer;
pub mod login;
pub mod logout;
pub mod mail;
pub mod metadata;
pub mod network;
pub mod params;
pub mod passkey;
pub mod password_check;
pub mod permission;
pub mod pkce;
pub mod redirect_uri;
pub mod registration;
pub mod scope;
pub mod secret;
pub mod security_event;
pub mod signing;
pub mod subject;
pub mod time;
pub mod user;
pub mod userinfo;
