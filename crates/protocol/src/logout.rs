//! The end of a session: a client or a person asks for it, and the clients that were signed in to hear of it.
//!
//! | file | what it answers |
//! |---|---|
//! | `rp_initiated` | who asks, must the person confirm, where to go afterwards |
//! | `backchannel` | what a logout token says, when a delivery is tried again |
//! | `frontchannel` | which pages of clients the browser loads |
//! | `sid` | what a session is called, one name per client |

pub mod backchannel;
pub mod frontchannel;
mod rp_initiated;
pub mod sid;

pub use rp_initiated::{Confirmation, HintClaims, LogoutRequest, Onward, check, confirmation};
