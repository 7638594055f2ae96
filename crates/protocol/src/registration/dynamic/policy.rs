//! What the configuration lets clients be that register themselves: narrower than what a client can be.

use serde_json::{Map, Value};

use super::{Problem, applies};
use crate::client::{Client, GrantType, PkcePolicy};
use crate::feature::Feature;
use crate::http_url::{self, HttpUrl};
use crate::redirect_uri::{Destination, RegisteredRedirectUri};
use crate::registration::offered::{Offered, list};
use crate::scope::{OFFLINE_ACCESS, Scope};

/// Members that mean nothing where a feature is off. Whoever registers them asks for no protection, so they are ignored.
const MEMBERS_OF_FEATURES: &[(Feature, &str)] = &[
    (Feature::RequestUri, "request_uris"),
    (Feature::FrontchannelLogout, "frontchannel_logout_uri"),
    (Feature::FrontchannelLogout, "frontchannel_logout_session_required"),
];

/// What the configuration lets strangers register.
#[derive(Clone, Copy, Debug)]
pub struct Policy<'a> {
    /// What there is for everybody.
    pub offered: Offered<'a>,
    pub grant_types: &'a [GrantType],
    /// The most that they may ask for, and what they get without asking.
    pub scope: &'a Scope,
    /// Of confidential clients; public ones always use PKCE.
    pub pkce: PkcePolicy,
    pub destinations: Destinations<'a>,
}

/// Where answers may go; anywhere when there is none of either. Hosts do not allow schemes, nor schemes hosts.
#[derive(Clone, Copy, Debug)]
pub struct Destinations<'a> {
    pub hosts: &'a [String],
    pub schemes: &'a [String],
}

impl Destinations<'_> {
    fn allow(&self, destination: Destination<'_>) -> bool {
        let lists = |list: &[String], name: &str| list.iter().any(|allowed| allowed == name);
        self.hosts.is_empty() && self.schemes.is_empty()
            || match destination {
                Destination::Host(host) | Destination::Loopback(host) => lists(self.hosts, host),
                Destination::Scheme(scheme) => lists(self.schemes, scheme),
            }
    }

    fn refuse(&self, uris: &[RegisteredRedirectUri]) -> Option<String> {
        let refused = uris.iter().map(RegisteredRedirectUri::destination).find(|place| !self.allow(*place))?;
        let kind = refused.host().map_or("scheme", |_| "host");
        Some(format!("{} is not a {kind} that clients may register here", refused.name()))
    }
}

impl Policy<'_> {
    /// Takes away what does not apply to the client or the server: it is ignored and not echoed.
    pub(super) fn adapt(&self, members: &mut Map<String, Value>) {
        let off = MEMBERS_OF_FEATURES.iter().filter(|(feature, _)| !self.offered.features.contains(feature));
        for (_, name) in off {
            members.remove(*name);
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
        let missing = self.offered.missing(client).into_iter();
        let mut problems: Vec<_> = missing.map(|missing| self.offered.problem(missing)).collect();
        let mut refuse = |member, reason: String| problems.push(Problem { member, reason });
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
            if let Some(reason) = self.destinations.refuse(uris) {
                refuse(member, reason);
            }
        }
        refuse_links(client, &mut refuse);
        problems
    }
}

/// What people see or follow. Nothing of it is ever fetched by the server.
fn refuse_links(client: &Client, refuse: &mut impl FnMut(&'static str, String)) {
    let host = |uri: &str| HttpUrl::parse(uri).map(|url| url.host.to_owned()).unwrap_or_default();
    // The picture of somebody else on our page would make people trust the wrong one.
    if let Some(logo) = client.logo_uri.as_deref().map(host)
        && !client.redirect_uris.iter().any(|uri| uri.destination().host() == Some(logo.as_str()))
    {
        refuse("logo_uri", "its host must be that of a redirect URI".to_owned());
    }
    // Registration §2, initiate_login_uri: "URI using the https scheme".
    for (member, uri) in [
        ("logo_uri", &client.logo_uri),
        ("client_uri", &client.client_uri),
        ("policy_uri", &client.policy_uri),
        ("tos_uri", &client.tos_uri),
        ("initiate_login_uri", &client.initiate_login_uri),
    ] {
        if uri.as_deref().is_some_and(|uri| http_url::check_https(uri).is_err()) {
            refuse(member, "it must be https".to_owned());
        }
    }
}

fn texts(value: Option<&Value>) -> Option<Vec<String>> {
    value?.as_array()?.iter().map(|value| value.as_str().map(str::to_owned)).collect()
}

fn borrowed(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).collect()
}
