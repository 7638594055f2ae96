//! The `sub` that a client sees of a person (OpenID Connect Core §8): the same for all clients, or one per sector.
//!
//! The MAC over the input is the shell's, because its key is a secret of the installation.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::client::{Client, SubjectType};
use crate::http_url::HttpUrl;
use crate::ids::UserId;
use crate::redirect_uri::RegisteredRedirectUri;

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
    match client.subject_type {
        SubjectType::Public => Subject::Public(user),
        // A host name holds no space, so two pairs never give one text.
        SubjectType::Pairwise => Subject::Pairwise(format!("{} {user}", sector(client))),
    }
}

/// OpenID Connect Core §8.1: the host of `sector_identifier_uri`, or "the host component of the registered redirect_uri".
fn sector(client: &Client) -> &str {
    let identifier = client.sector_identifier_uri.as_deref().and_then(|uri| HttpUrl::parse(uri).ok());
    match identifier {
        Some(url) => url.host,
        None => client.redirect_uris.first().map(RegisteredRedirectUri::host).unwrap_or_default(),
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

    fn pairwise(redirect_uris: &[&str], sector_identifier_uri: Option<&str>) -> Client {
        let uri = |raw: &&str| RegisteredRedirectUri::parse(raw, ApplicationType::Web).expect("is a redirect URI");
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
        assert_eq!(of(&ada(), &a), Subject::Pairwise("a.example ada".to_owned()));
        assert_eq!(of(&ada(), &a), of(&ada(), &same));
        assert_ne!(of(&ada(), &a), of(&ada(), &b));
        assert_ne!(of(&ada(), &a), of(&UserId::parse("bob").expect("is an id"), &a));
    }

    #[test]
    fn a_sector_identifier_joins_hosts() {
        let identifier = Some("https://sector.example:8443/uris.json");
        let (a, b) = (pairwise(&["https://a.example/"], identifier), pairwise(&["https://b.example/"], identifier));
        assert_eq!(of(&ada(), &a), Subject::Pairwise("sector.example ada".to_owned()));
        assert_eq!(of(&ada(), &a), of(&ada(), &b));
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
