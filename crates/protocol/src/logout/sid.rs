//! `sid`: what a client calls a session (OpenID Connect Front-Channel Logout §3, Back-Channel Logout §2.1).
//!
//! Each client has a name of its own for one session, as it has for one person with a pairwise subject: two clients that compare
//! what they got must not find out that the same browser, and so the same person, is at both (OpenID Connect Core §17.3). The name
//! is a MAC, made by the shell; here is what it is made over. ID tokens, logout tokens and frames have the same name.

use crate::ids::{ClientId, SessionId};

/// What the MAC is made over. No id has a NUL, so two pairs never have one input.
pub fn mac_input(session: &SessionId, client: &ClientId) -> String {
    format!("{session}\0{client}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_pair_has_its_own_input() {
        let input = |session: &str, client: &str| {
            mac_input(&SessionId::parse(session).expect("is an id"), &ClientId::parse(client).expect("is an id"))
        };
        assert_eq!(input("s1", "notes"), "s1\0notes");
        assert_ne!(input("s1", "notes"), input("s1n", "otes"));
        for id in ["s\0", "\0", "s\u{1}"] {
            assert!(SessionId::parse(id).is_err() && ClientId::parse(id).is_err(), "{id:?}");
        }
    }
}
