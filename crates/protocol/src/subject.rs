//! The `sub` that a client sees of a person (OpenID Connect Core §8): the same for all clients, or one per sector.
//!
//! The MAC over the input is the shell's, because its key is a secret of the installation.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::client::{Client, SubjectType};
use crate::http_url::HttpUrl;
use crate::ids::UserId;
use crate::redirect_uri::{Destination, RegisteredRedirectUri};

/// How the shell makes the `sub`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject<'a> {
    /// The id of the person.
    Public(&'a UserId),
    /// A MAC over this text: "not reversible by any party other than the OP" (OpenID Connect Core §8.1).
    Pairwise(String),
}

/// Whom a client knows as whom.
pub fn of<'a>(user: &'a UserId, client: &Client) -> Subject<'a> {
    match sector(client) {
        None => Subject::Public(user),
        // Neither a sector nor an id holds a space at its end, so two pairs never give one text.
        Some(sector) => Subject::Pairwise(format!("{sector} {user}")),
    }
}

/// The sector that a client belongs to as things are, `None` when it sees public subjects. A grant remembers the one that it was
/// made for, so that nobody gets the `sub` of another sector by changing a registration.
pub fn sector(client: &Client) -> Option<String> {
    match client.subject_type {
        SubjectType::Public => None,
        SubjectType::Pairwise => Some(match host_of_sector(client) {
            Some(host) => format!("host {host}"),
            None => format!("client {}", client.id),
        }),
    }
}

/// OpenID Connect Core §8.1: the host of `sector_identifier_uri`, or "the host component of the registered redirect_uri". That
/// of a loopback or private-use URI says nothing of who is behind it: all native apps would be one sector, and anybody could
/// join that of somebody else. So a client with such a URI is a sector by itself.
fn host_of_sector(client: &Client) -> Option<&str> {
    if let Some(url) = client.sector_identifier_uri.as_deref().and_then(|uri| HttpUrl::parse(uri).ok()) {
        return Some(url.host);
    }
    let mut host = None;
    for uri in &client.redirect_uris {
        match uri.destination() {
            Destination::Host(name) => host = host.or(Some(name)),
            Destination::Loopback(_) | Destination::Scheme(_) => return None,
        }
    }
    host
}

/// Whether redirect URIs leave open which host the sector is. OpenID Connect Core §8.1: with "multiple hostnames in the
/// registered redirect_uris, the Client MUST register a sector_identifier_uri". The names of the loopback are one host.
pub fn needs_sector_identifier(client: &Client) -> bool {
    let hosts: BTreeSet<&str> = client.redirect_uris.iter().filter_map(host_name).collect();
    client.subject_type == SubjectType::Pairwise && client.sector_identifier_uri.is_none() && hosts.len() > 1
}

fn host_name(uri: &RegisteredRedirectUri) -> Option<&str> {
    match uri.destination() {
        Destination::Host(name) => Some(name),
        Destination::Loopback(_) => Some("localhost"),
        Destination::Scheme(_) => None,
    }
}

/// OpenID Connect Core §8.1: "The values of the registered redirect_uris MUST be included in the elements of the array".
/// `document` is what the sector identifier URI answered with. The error is a sentence for who registers the client.
pub fn check_sector(document: &[u8], client: &Client) -> Result<(), &'static str> {
    let listed: Vec<Value> =
        serde_json::from_slice(document).map_err(|_| "the document there must be a JSON array of redirect URIs")?;
    let listed: BTreeSet<&str> = listed.iter().filter_map(Value::as_str).collect();
    let missing = client.redirect_uris.iter().any(|uri| !listed.contains(uri.as_str()));
    if missing { Err("the document there must list every redirect URI of the client") } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::ApplicationType;
    use crate::client::tests::sample;
    use crate::ids::ClientId;

    fn pairwise(redirect_uris: &[&str], sector_identifier_uri: Option<&str>) -> Client {
        let uri = |raw: &&str| RegisteredRedirectUri::parse(raw, ApplicationType::Native).expect("is a redirect URI");
        Client {
            subject_type: SubjectType::Pairwise,
            redirect_uris: redirect_uris.iter().map(uri).collect(),
            sector_identifier_uri: sector_identifier_uri.map(str::to_owned),
            ..sample()
        }
    }

    fn ada() -> UserId {
        UserId::parse("ada").expect("is an id")
    }

    #[test]
    fn a_public_subject_is_the_id_for_everybody() {
        assert_eq!(of(&ada(), &sample()), Subject::Public(&ada()));
    }

    #[test]
    fn one_host_is_one_sector() {
        let (a, b) = (pairwise(&["https://a.example/1"], None), pairwise(&["https://b.example/1"], None));
        let same = pairwise(&["https://a.example/2", "https://a.example/3"], None);
        assert_eq!(of(&ada(), &a), Subject::Pairwise("host a.example ada".to_owned()));
        assert_eq!(of(&ada(), &a), of(&ada(), &same));
        assert_ne!(of(&ada(), &a), of(&ada(), &b));
        assert_ne!(of(&ada(), &a), of(&UserId::parse("bob").expect("is an id"), &a));
    }

    #[test]
    fn a_sector_identifier_joins_hosts() {
        let identifier = Some("https://sector.example:8443/uris.json");
        let (a, b) = (pairwise(&["https://a.example/"], identifier), pairwise(&["https://b.example/"], identifier));
        assert_eq!(of(&ada(), &a), Subject::Pairwise("host sector.example ada".to_owned()));
        assert_eq!(of(&ada(), &a), of(&ada(), &b));
    }

    #[test]
    fn a_native_app_is_a_sector_by_itself() {
        let host = pairwise(&["https://a.example/"], None);
        for uris in [
            &["a.example:/cb"][..],
            &["http://127.0.0.1/cb"],
            &["http://localhost/cb", "http://[::1]/cb"],
            &["https://localhost/cb"],
            &["https://a.example/cb", "a.example:/cb"],
        ] {
            let app = pairwise(uris, None);
            assert_eq!(of(&ada(), &app), Subject::Pairwise(format!("client {} ada", app.id)), "{uris:?}");
            assert_ne!(of(&ada(), &app), of(&ada(), &host), "{uris:?}");
            let other = Client { id: ClientId::parse("other").expect("is an id"), ..app.clone() };
            assert_ne!(of(&ada(), &app), of(&ada(), &other), "{uris:?}");
            let joined =
                |id: &Client| Client { sector_identifier_uri: Some("https://s.example/".to_owned()), ..id.clone() };
            assert_eq!(of(&ada(), &joined(&app)), of(&ada(), &joined(&other)), "a proven sector joins them");
        }
    }

    #[test]
    fn several_hosts_need_a_sector_identifier() {
        for (uris, expected) in [
            (&["https://a.example/1", "https://a.example:8443/2"][..], false),
            (&["https://a.example/", "https://b.example/"], true),
            (&["https://a.example/", "http://localhost/"], true),
            (&["http://127.0.0.1/", "http://[::1]/", "http://localhost/"], false),
            (&["https://a.example/", "com.example.app:/cb"], false),
        ] {
            assert_eq!(needs_sector_identifier(&pairwise(uris, None)), expected, "{uris:?}");
            assert!(!needs_sector_identifier(&pairwise(uris, Some("https://s.example/"))), "{uris:?}");
            let public = Client { subject_type: SubjectType::Public, ..pairwise(uris, None) };
            assert!(!needs_sector_identifier(&public) && sector(&public).is_none());
        }
    }

    #[test]
    fn the_document_of_a_sector_lists_every_redirect_uri_exactly() {
        let client = pairwise(&["https://a.example/1", "https://b.example/2"], None);
        let check = |document: &str| check_sector(document.as_bytes(), &client);
        assert_eq!(check(r#"["https://b.example/2", 7, "https://a.example/1", "https://c.example/"]"#), Ok(()));
        for document in [
            r#"["https://a.example/1"]"#,
            r#"["https://a.example/1", "https://b.example/2/"]"#,
            r#"["https://a.example/1", "https://B.example/2"]"#,
            r#"{"0": "https://a.example/1"}"#,
            "[]",
            "",
            "https://a.example/1",
        ] {
            assert!(check(document).is_err(), "{document}");
        }
    }
}
