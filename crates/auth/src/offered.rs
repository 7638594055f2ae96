//! What this installation offers to clients, in the words of its settings: a registration that needs more is refused when it is
//! made, and stops the start when the settings change under it. The rules are `protocol::registration::offered`.

use protocol::client::Client;
use protocol::feature::Feature;
use protocol::registration::Problem;
use protocol::registration::offered::{Lack, Missing, Offered};
use protocol::signing::SigningAlgorithm;

use crate::config::OpenidConfig;

/// The members of a client's metadata that go beyond the settings and the `algorithms` that there are keys for.
pub fn check(openid: &OpenidConfig, algorithms: &[SigningAlgorithm], client: &Client) -> Vec<Problem> {
    let features = openid.switched_on();
    let offered = openid.offered(algorithms, &features);
    let problem = |Missing { member, what }| Problem { member, reason: reason(what, algorithms) };
    offered.missing(client).into_iter().map(problem).collect()
}

/// What the server cannot answer this client with, if there is something. Clients that registered themselves do not stop the
/// start when a setting changes, so they are refused when they ask.
pub(crate) fn unanswerable(openid: &OpenidConfig, algorithms: &[SigningAlgorithm], client: &Client) -> Option<Problem> {
    let features = openid.switched_on();
    let Missing { member, what } =
        openid.offered(algorithms, &features).missing_for_answers(client).into_iter().next()?;
    Some(Problem { member, reason: reason(what, algorithms) })
}

impl OpenidConfig {
    /// `features` are those that are [`OpenidConfig::switched_on`].
    pub(crate) fn offered<'a>(&'a self, algorithms: &'a [SigningAlgorithm], features: &'a [Feature]) -> Offered<'a> {
        Offered { response_types: &self.response_types_supported, signing_algorithms: algorithms, features }
    }
}

/// For an administrator: the setting that says so.
fn reason(what: Lack, algorithms: &[SigningAlgorithm]) -> String {
    let switch = |name| format!("openid.{name} is off");
    match what {
        Lack::ResponseType(kind) => format!("openid.response_types_supported has no {:?}", kind.name()),
        Lack::Key(alg) => unkept(alg, algorithms),
        Lack::Feature(Feature::RequestUri) => switch("request_uri_parameter_supported"),
        Lack::Feature(Feature::UnsignedRequestObjects) => switch("unsigned_request_objects"),
        Lack::Feature(Feature::UnsignedIdTokens) => switch("unsigned_id_tokens"),
        Lack::Feature(Feature::FrontchannelLogout) => switch("frontchannel_logout"),
        Lack::Feature(Feature::SignUp) => "accounts.sign_up is not open".to_owned(),
        Lack::Feature(Feature::Registration) => "registration.access is off".to_owned(),
    }
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
