//! What this installation offers to clients: a registration that needs more is refused when it is made, and stops the start
//! when the settings change under it.

use protocol::client::Client;
use protocol::registration::Problem;
use protocol::signing::{MaybeSigned, SigningAlgorithm};

use crate::config::OpenidConfig;

/// The members of a client's metadata that go beyond the settings and the `algorithms` that there are keys for.
pub fn check(openid: &OpenidConfig, algorithms: &[SigningAlgorithm], client: &Client) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut add = |member, reason: String| problems.push(Problem { member, reason });
    for kind in client.response_types.iter().filter(|kind| !openid.response_types_supported.contains(kind)) {
        add("response_types", format!("openid.response_types_supported has no {kind:?}", kind = kind.name()));
    }
    let signed = [
        (
            "id_token_signed_response_alg",
            client.id_token_signed_response_alg.signed().filter(|_| client.signs_people_in()),
        ),
        ("userinfo_signed_response_alg", client.userinfo_signed_response_alg),
    ];
    for (member, alg) in signed {
        if let Some(alg) = alg.filter(|alg| !algorithms.contains(alg)) {
            add(member, unkept(alg, algorithms));
        }
    }
    if client.id_token_signed_response_alg == MaybeSigned::Unsigned && !openid.unsigned_id_tokens {
        add("id_token_signed_response_alg", "openid.unsigned_id_tokens is off".to_owned());
    }
    if client.request_object_signing_alg == Some(MaybeSigned::Unsigned) && !openid.unsigned_request_objects {
        add("request_object_signing_alg", "openid.unsigned_request_objects is off".to_owned());
    }
    if !client.request_uris.is_empty() && !openid.request_uri_parameter_supported {
        add("request_uris", "openid.request_uri_parameter_supported is off".to_owned());
    }
    if client.frontchannel_logout.is_some() && !openid.frontchannel_logout {
        add("frontchannel_logout_uri", "openid.frontchannel_logout is off".to_owned());
    }
    problems
}

/// Why a signature of this algorithm cannot be made.
pub fn unkept(alg: SigningAlgorithm, kept: &[SigningAlgorithm]) -> String {
    let names = kept.iter().map(|alg| alg.name()).collect::<Vec<_>>().join(", ");
    let name = alg.name();
    format!("keys.algorithms has no {name}, only {names}; choose one of them, or add \"{name}\" to keys.algorithms")
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::authorize::response_type::ResponseType;
    use protocol::ids::ClientId;
    use protocol::registration::ClientMetadata;
    use protocol::time::Timestamp;
    use serde_json::json;

    /// A client that asks for everything that is off by default.
    fn demanding() -> Client {
        let metadata = json!({
            "client_name": "Notes",
            "redirect_uris": ["https://notes.example/callback"],
            "response_types": ["code", "code token"],
            "id_token_signed_response_alg": "none",
            "userinfo_signed_response_alg": "ES384",
            "request_object_signing_alg": "none",
            "request_uris": ["https://notes.example/request"],
            "frontchannel_logout_uri": "https://notes.example/out",
        });
        let metadata: ClientMetadata = serde_json::from_value(metadata).expect("has known members");
        metadata.check(ClientId::parse("notes").expect("is an id"), Timestamp(0)).expect("is sound")
    }

    #[test]
    fn what_is_off_is_refused_by_member() {
        let members: Vec<_> = check(&OpenidConfig::default(), &[SigningAlgorithm::RS256], &demanding())
            .into_iter()
            .map(|problem| problem.member)
            .collect();
        let expected = [
            "response_types",
            "userinfo_signed_response_alg",
            "id_token_signed_response_alg",
            "request_object_signing_alg",
            "request_uris",
            "frontchannel_logout_uri",
        ];
        assert_eq!(members, expected);
    }

    #[test]
    fn what_is_switched_on_is_offered() {
        let openid = OpenidConfig {
            response_types_supported: ResponseType::ALL.to_vec(),
            request_uri_parameter_supported: true,
            unsigned_request_objects: true,
            unsigned_id_tokens: true,
            frontchannel_logout: true,
        };
        assert_eq!(check(&openid, SigningAlgorithm::ALL, &demanding()), []);
    }
}
