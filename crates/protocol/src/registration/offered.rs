//! What an installation offers to clients, whoever registers them. A client that needs more could never be served.
//!
//! Here stands what is missing. The sentences for an administrator, who can switch it on, are in the shell.

use std::fmt;

use super::Problem;
use crate::authorize::response_type::ResponseType;
use crate::client::Client;
use crate::feature::Feature;
use crate::signing::{MaybeSigned, SigningAlgorithm};

/// What there is for clients besides what is always there.
#[derive(Clone, Copy, Debug)]
pub struct Offered<'a> {
    pub response_types: &'a [ResponseType],
    /// The algorithms that there is a key for.
    pub signing_algorithms: &'a [SigningAlgorithm],
    pub features: &'a [Feature],
}

/// One thing that the metadata of a client asks for and that is not offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The member that asks for it.
    pub member: &'static str,
    pub what: Lack,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lack {
    ResponseType(ResponseType),
    Key(SigningAlgorithm),
    Feature(Feature),
}

impl Offered<'_> {
    /// Everything that the client asks for and that is not there.
    pub fn missing(&self, client: &Client) -> Vec<Missing> {
        let kinds = client.response_types.iter().filter(|kind| !self.response_types.contains(kind));
        let kinds = kinds.map(|kind| Missing { member: "response_types", what: Lack::ResponseType(*kind) });
        kinds.chain(self.missing_for_answers(client)).chain(self.missing_for_requests(client)).collect()
    }

    /// Of that, what every answer to the client needs. The rest takes away a choice that the client has, and no more.
    pub fn missing_for_answers(&self, client: &Client) -> Vec<Missing> {
        // A client that nobody signs in to gets no ID token, and has the default all the same.
        let id_token = Some(client.id_token_signed_response_alg).filter(|_| client.signs_people_in());
        let keys = [
            ("id_token_signed_response_alg", id_token.and_then(MaybeSigned::signed)),
            ("userinfo_signed_response_alg", client.userinfo_signed_response_alg),
        ];
        let keys = keys.into_iter().filter_map(|(member, alg)| {
            let alg = alg.filter(|alg| !self.signing_algorithms.contains(alg))?;
            Some(Missing { member, what: Lack::Key(alg) })
        });
        let unsigned = id_token.filter(|alg| *alg == MaybeSigned::Unsigned);
        let unsigned = unsigned.map(|_| ("id_token_signed_response_alg", Feature::UnsignedIdTokens));
        keys.chain(self.switched_off(unsigned)).collect()
    }

    fn missing_for_requests(&self, client: &Client) -> impl Iterator<Item = Missing> {
        let unsigned = client.request_object_signing_alg.filter(|alg| *alg == MaybeSigned::Unsigned);
        let asked = [
            unsigned.map(|_| ("request_object_signing_alg", Feature::UnsignedRequestObjects)),
            client.request_uris.first().map(|_| ("request_uris", Feature::RequestUri)),
            client.frontchannel_logout.as_ref().map(|_| ("frontchannel_logout_uri", Feature::FrontchannelLogout)),
        ];
        self.switched_off(asked.into_iter().flatten())
    }

    fn switched_off(&self, asked: impl IntoIterator<Item = (&'static str, Feature)>) -> impl Iterator<Item = Missing> {
        let off = asked.into_iter().filter(|(_, feature)| !self.features.contains(feature));
        off.map(|(member, feature)| Missing { member, what: Lack::Feature(feature) })
    }

    /// For a stranger, who learns what is possible and nothing of settings.
    pub(super) fn problem(&self, Missing { member, what }: Missing) -> Problem {
        let reason = match what {
            Lack::ResponseType(kind) => {
                format!("{kind} is switched off here; possible: {}", list(self.response_types))
            }
            Lack::Key(alg) => format!("there is no key for {alg}; possible: {}", list(self.signing_algorithms)),
            Lack::Feature(feature) => format!("{} switched off here", name(feature)),
        };
        Problem { member, reason }
    }
}

fn name(feature: Feature) -> &'static str {
    match feature {
        Feature::Registration => "registration is",
        Feature::RequestUri => "request objects by reference are",
        Feature::UnsignedRequestObjects => "request objects without a signature are",
        Feature::UnsignedIdTokens => "ID tokens without a signature are",
        Feature::FrontchannelLogout => "front-channel logout is",
        Feature::SignUp => "signing up is",
    }
}

pub(super) fn list<T: fmt::Display>(values: &[T]) -> String {
    values.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
