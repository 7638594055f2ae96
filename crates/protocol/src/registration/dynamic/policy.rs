//! What the configuration lets clients be that register themselves: narrower than what a client can be.

use serde_json::{Map, Value};

use super::{Problem, applies, hosts};
use crate::authorize::response_type::ResponseType;
use crate::client::{Client, GrantType, PkcePolicy};
use crate::http_url::{HttpUrl, Scheme};
use crate::feature::Feature;
use crate::redirect_uri::RegisteredRedirectUri;
use crate::scope::{OFFLINE_ACCESS, Scope};
use crate::signing::{MaybeSigned, SigningAlgorithm};

/// What the configuration lets strangers register.
#[derive(Clone, Copy, Debug)]
pub struct Policy<'a> {
    pub response_types: &'a [ResponseType],
    pub grant_types: &'a [GrantType],
    /// The most that they may ask for, and what they get without asking.
    pub scope: &'a Scope,
    /// Of confidential clients; public ones always use PKCE.
    pub pkce: PkcePolicy,
    /// Where answers may go; any host when there is none.
    pub redirect_hosts: &'a [String],
    /// The algorithms that a key is kept for.
    pub signing_algorithms: &'a [SigningAlgorithm],
    pub features: &'a [Feature],
}

impl Policy<'_> {
    fn has(&self, feature: Feature) -> bool {
        self.features.contains(&feature)
    }

    /// Takes away what does not apply to the client or the server: it is ignored and not echoed.
    pub(super) fn adapt(&self, members: &mut Map<String, Value>) {
        let off = [
            (Feature::RequestUri, ["request_uris", ""]),
            (Feature::FrontchannelLogout, ["frontchannel_logout_uri", "frontchannel_logout_session_required"]),
        ];
        for (_, names) in off.into_iter().filter(|(feature, _)| !self.has(*feature)) {
            members.retain(|name, _| !names.contains(&name.as_str()));
        }
        let response_types = texts(members.get("response_types")).unwrap_or_else(|| vec!["code".to_owned()]);
        if let Some(grants) = texts(members.get("grant_types")) {
            let (kinds, named) = (borrowed(&response_types), borrowed(&grants));
            let kept: Vec<Value> =
                named.iter().filter(|grant| applies(grant, &kinds, &named)).map(|&grant| grant.into()).collect();
            members.insert("grant_types".to_owned(), kept.into());
        }
    }

    /// All of the scope that can mean something to the client.
    pub(super) fn default_scope(&self, client: &Client) -> Scope {
        let means = |token: &str| token != OFFLINE_ACCESS || client.allows(GrantType::RefreshToken);
        if client.signs_people_in() {
            self.scope.iter().filter(|token| means(token.as_str())).cloned().collect()
        } else {
            client.scope.clone()
        }
    }

    pub(super) fn pkce_of(&self, client: &Client) -> PkcePolicy {
        if client.is_confidential() { self.pkce } else { PkcePolicy::Required }
    }

    /// What a client can be, but none that registers itself.
    pub(super) fn refuse(&self, client: &Client) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut refuse = |member, reason: String| problems.push(Problem { member, reason });
        if let Some(kind) = client.response_types.iter().find(|kind| !self.response_types.contains(kind)) {
            refuse("response_types", format!("{kind} is switched off here; possible: {}", list(self.response_types)));
        }
        if let Some(grant) = client.grant_types.iter().find(|grant| !self.grant_types.contains(grant)) {
            refuse(
                "grant_types",
                format!("{grant} is for clients of the administrator; possible: {}", list(self.grant_types)),
            );
        }
        if !client.scope.is_subset(self.scope) {
            let beyond = client.scope.without(self.scope);
            refuse("scope", format!("{beyond} cannot be registered; possible: {}", self.scope));
        }
        for (member, uris) in
            [("redirect_uris", &client.redirect_uris), ("post_logout_redirect_uris", &client.post_logout_redirect_uris)]
        {
            if let Some(host) = self.foreign_host(uris) {
                refuse(member, format!("{host} is not a host that clients may register here"));
            }
        }
        self.refuse_algorithms(client, &mut refuse);
        refuse_links(client, &mut refuse);
        problems
    }

    fn foreign_host<'c>(&self, uris: &'c [RegisteredRedirectUri]) -> Option<&'c str> {
        let allowed = |host: &&str| self.redirect_hosts.iter().any(|allowed| allowed == host);
        hosts(uris).find(|host| !self.redirect_hosts.is_empty() && !allowed(host))
    }

    fn refuse_algorithms(&self, client: &Client, refuse: &mut impl FnMut(&'static str, String)) {
        let mut unkept = |member, alg: SigningAlgorithm| {
            if !self.signing_algorithms.contains(&alg) {
                refuse(member, format!("there is no key for {alg}; possible: {}", list(self.signing_algorithms)));
            }
        };
        if let Some(alg) = client.id_token_signed_response_alg.signed() {
            unkept("id_token_signed_response_alg", alg);
        }
        if let Some(alg) = client.userinfo_signed_response_alg {
            unkept("userinfo_signed_response_alg", alg);
        }
        let unsigned_id_tokens = client.id_token_signed_response_alg == MaybeSigned::Unsigned;
        if unsigned_id_tokens && !self.has(Feature::UnsignedIdTokens) {
            refuse("id_token_signed_response_alg", "ID tokens without a signature are switched off here".to_owned());
        }
        let unsigned_requests = client.request_object_signing_alg == Some(MaybeSigned::Unsigned);
        if unsigned_requests && !self.has(Feature::UnsignedRequestObjects) {
            refuse(
                "request_object_signing_alg",
                "request objects without a signature are switched off here".to_owned(),
            );
        }
    }
}

/// What people see or follow. Nothing of it is ever fetched by the server.
fn refuse_links(client: &Client, refuse: &mut impl FnMut(&'static str, String)) {
    let host = |uri: &str| HttpUrl::parse(uri).map(|url| url.host.to_owned()).unwrap_or_default();
    // The picture of somebody else on our page would make people trust the wrong one.
    if let Some(logo) = client.logo_uri.as_deref().map(host)
        && !hosts(&client.redirect_uris).any(|of_redirect| of_redirect == logo)
    {
        refuse("logo_uri", "its host must be that of a redirect URI".to_owned());
    }
    // Registration §2, initiate_login_uri: "URI using the https scheme".
    let is_https = |uri: &str| HttpUrl::parse(uri).is_ok_and(|url| url.scheme == Scheme::Https);
    for (member, uri) in [
        ("logo_uri", &client.logo_uri),
        ("client_uri", &client.client_uri),
        ("policy_uri", &client.policy_uri),
        ("tos_uri", &client.tos_uri),
        ("initiate_login_uri", &client.initiate_login_uri),
    ] {
        if uri.as_deref().is_some_and(|uri| !is_https(uri)) {
            refuse(member, "it must be https".to_owned());
        }
    }
}

fn list<T: ToString>(values: &[T]) -> String {
    values.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn texts(value: Option<&Value>) -> Option<Vec<String>> {
    value?.as_array()?.iter().map(|value| value.as_str().map(str::to_owned)).collect()
}

fn borrowed(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).collect()
}
