//! Redirect URIs that attackers and honest people have tried: what may be registered, and what matches what.
//!
//! The rows are in the two files below. Whoever decides about a redirect URI walks them all: the matcher itself
//! (`redirect_uri.rs`), registration (`registration/tests.rs`), authorization (`authorize/callback.rs`), request objects
//! (`authorize/request_object/tests.rs`), logout (`logout.rs`), and the whole server by HTTP (`crates/auth/tests/it/authorize`).

mod comparisons;
mod registrations;

use std::collections::BTreeMap;

use crate::client::tests::sample;
use crate::client::{ApplicationType, Client};
use crate::redirect_uri::RegisteredRedirectUri;

pub(crate) use comparisons::{App, COMPARISONS, Place};
pub(crate) use registrations::REGISTRATIONS;

/// Which clients may register a URI.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum OnlyFor {
    Both,
    Native,
    Nobody,
}

impl OnlyFor {
    pub(crate) fn allows(self, application_type: ApplicationType) -> bool {
        match application_type {
            ApplicationType::Web => self == Self::Both,
            ApplicationType::Native => self != Self::Nobody,
        }
    }
}

impl Place {
    /// RP-Initiated Logout §3: nothing but the same bytes.
    pub(crate) fn at_logout(self) -> bool {
        self == Self::Same
    }
}

impl App {
    pub(crate) fn application_type(self) -> ApplicationType {
        match self {
            Self::Web => ApplicationType::Web,
            Self::Native => ApplicationType::Native,
        }
    }
}

/// Every row, with a client that registered its URI for sign-in and for sign-out, the URI that is presented, and the verdict.
pub(crate) fn each_comparison(mut walk: impl FnMut(&Client, &str, Place)) {
    let mut clients: BTreeMap<(&str, App), Client> = BTreeMap::new();
    for (registered, app, presented, place) in COMPARISONS {
        let client = clients.entry((registered, *app)).or_insert_with(|| registrant(registered, *app));
        walk(client, presented, *place);
    }
}

fn registrant(registered: &str, app: App) -> Client {
    let uri = RegisteredRedirectUri::parse(registered, app.application_type()).expect(registered);
    Client {
        application_type: app.application_type(),
        redirect_uris: vec![uri.clone()],
        post_logout_redirect_uris: vec![uri],
        ..sample()
    }
}
