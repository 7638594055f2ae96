//! `[openid]`: the parts of OpenID Connect that are off by default.

use protocol::authorize::response_type::ResponseType;
use protocol::feature::Feature;
use serde::{Deserialize, Serialize};

use super::problem::Problem;

/// The parts of OpenID Connect that are off by default. What is switched on here is announced in the discovery document,
/// and each client needs to be registered for it besides.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct OpenidConfig {
    /// The response types that clients may be registered for: `code`, `id_token`, `id_token token`, `code id_token`,
    /// `code token`, `code id_token token`. All but `code` send tokens through the browser, which RFC 9700 §2.1.2 advises
    /// against.
    pub response_types_supported: Vec<ResponseType>,

    /// Whether an app may leave its request object at an https address of its own, which this server then fetches
    /// (OpenID Connect Core §6.2). Request objects in the link itself are always accepted; they make links long, so a proxy
    /// in front must let them pass (nginx: `large_client_header_buffers 4 32k;`).
    pub request_uri_parameter_supported: bool,

    /// Whether clients may be registered for request objects without a signature (`request_object_signing_alg` `none`).
    pub unsigned_request_objects: bool,

    /// Whether clients may be registered for ID tokens without a signature (`id_token_signed_response_alg` `none`), with
    /// the response type `code` only.
    pub unsigned_id_tokens: bool,

    /// Whether signing out loads the `frontchannel_logout_uri` of each app in a frame (OpenID Connect Front-Channel Logout).
    /// Browsers that keep cookies out of frames make it unreliable; back-channel logout is always on.
    pub frontchannel_logout: bool,
}

impl Default for OpenidConfig {
    fn default() -> Self {
        Self {
            response_types_supported: vec![ResponseType::Code],
            request_uri_parameter_supported: false,
            unsigned_request_objects: false,
            unsigned_id_tokens: false,
            frontchannel_logout: false,
        }
    }
}

impl OpenidConfig {
    pub(super) fn check(&self, problems: &mut Vec<Problem>) {
        if !self.response_types_supported.contains(&ResponseType::Code) {
            problems.push(Problem::new(
                "openid.response_types_supported",
                "lacks code, which OpenID Connect demands",
                "add \"code\"",
            ));
        }
        let repeated = |(at, kind)| self.response_types_supported[..at].contains(kind);
        if self.response_types_supported.iter().enumerate().any(repeated) {
            problems.push(Problem::new(
                "openid.response_types_supported",
                "names a response type twice",
                "name each once",
            ));
        }
    }

    /// What the discovery document announces of it.
    pub fn switched_on(&self) -> Vec<Feature> {
        let all = [
            (self.request_uri_parameter_supported, Feature::RequestUri),
            (self.unsigned_request_objects, Feature::UnsignedRequestObjects),
            (self.unsigned_id_tokens, Feature::UnsignedIdTokens),
            (self.frontchannel_logout, Feature::FrontchannelLogout),
        ];
        all.into_iter().filter_map(|(on, part)| on.then_some(part)).collect()
    }
}
