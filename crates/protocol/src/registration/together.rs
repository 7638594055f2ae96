//! Members of client metadata that are sound by themselves and impossible together.

use super::members::Problems;
use crate::authorize::response_type::ResponseType;
use crate::client::{ApplicationType, Client, GrantType, PkcePolicy, TokenEndpointAuthMethod};
use crate::http_url::HttpUrl;
use crate::login::Level;
use crate::redirect_uri::{Destination, RegisteredRedirectUri};
use crate::signing::MaybeSigned;
use crate::subject;

pub(super) fn check(client: &Client, problems: &mut Problems) {
    check_response_types(client, problems);
    check_grants(client, problems);
    check_authentication(client, problems);
    check_password_check(client, problems);
    check_redirect_uris(client, problems);
    check_answers(client, problems);
    check_subject(client, problems);
    check_logout(client, problems);
}

/// RFC 7591 §2.1 and Registration §2: which grants belong to which response types.
fn check_response_types(client: &Client, problems: &mut Problems) {
    if problems.holds("grant_types") || problems.holds("response_types") {
        return;
    }
    let any = |has: fn(ResponseType) -> bool| client.response_types.iter().any(|kind| has(*kind));
    if any(ResponseType::has_code) != client.allows(GrantType::AuthorizationCode) {
        problems.add(
            "response_types",
            "a response type with code belongs to the authorization_code grant: name both or neither",
        );
    }
    let implicit = any(|kind| kind.has_id_token() || kind.has_token());
    if implicit != client.allows(GrantType::Implicit) {
        problems.add(
            "response_types",
            "response types with id_token or token belong to the implicit grant: name both or neither",
        );
    }
}

fn check_grants(client: &Client, problems: &mut Problems) {
    if client.allows(GrantType::RefreshToken) && !client.allows(GrantType::AuthorizationCode) {
        problems.add("grant_types", "refresh_token needs authorization_code beside it");
    }
    // RFC 6749 §4.4: "The client credentials grant type MUST only be used by confidential clients."
    if client.allows(GrantType::ClientCredentials) && !client.is_confidential() {
        problems.add("grant_types", "client_credentials needs a client that proves itself");
    }
    // RFC 9700 §2.1.1: "Public clients MUST use PKCE".
    if client.pkce == PkcePolicy::Optional && !client.is_confidential() {
        problems.add("pkce_policy", "a client without credentials must use PKCE");
    }
}

fn check_authentication(client: &Client, problems: &mut Problems) {
    // RFC 8252 §8.5: secrets that are shipped to many people are no secrets.
    if client.application_type == ApplicationType::Native && client.has_secret() {
        problems.add("token_endpoint_auth_method", "a native client cannot keep a secret; use none");
    }
    if client.token_endpoint_auth_method == TokenEndpointAuthMethod::PrivateKeyJwt && !client.has_keys() {
        problems.add("jwks", "private_key_jwt needs the public keys of the client: jwks or jwks_uri");
    }
    // RFC 7591 §2: "The "jwks_uri" and "jwks" parameters MUST NOT both be present in the same request or response."
    if client.jwks.is_some() && client.jwks_uri.is_some() {
        problems.add("jwks_uri", "jwks and jwks_uri exclude each other");
    }
}

/// RFC 7662 §2.1 asks for "some form of authorization", which a public client has none of. A password is one factor.
fn check_password_check(client: &Client, problems: &mut Problems) {
    let member = "password_check_scope";
    if client.password_check_scope.is_some() && !client.is_confidential() {
        problems.add(member, "passwords are checked for a client that proves itself only");
    }
    if client.password_check_scope.is_some() && client.minimum_acr > Some(Level::One) {
        problems.add(member, "a password alone never reaches this minimum_acr: leave out one of the two");
    }
}

fn check_redirect_uris(client: &Client, problems: &mut Problems) {
    if client.signs_people_in() && client.redirect_uris.is_empty() && !problems.holds("redirect_uris") {
        problems.add("redirect_uris", "a client that people sign in to needs at least one");
    }
    // Registration §2: "Web Clients using the OAuth Implicit Grant Type MUST only register URLs using the https scheme as
    // redirect_uris; they MUST NOT use localhost as the hostname."
    let unfit = |uri: &RegisteredRedirectUri| {
        !uri.as_str().starts_with("https:") || uri.destination() == Destination::Loopback("localhost")
    };
    let is_web = client.application_type == ApplicationType::Web;
    if is_web && client.allows(GrantType::Implicit) && client.redirect_uris.iter().any(unfit) {
        problems.add("redirect_uris", "a web client with the implicit grant needs https, and not localhost");
    }
}

fn check_answers(client: &Client, problems: &mut Problems) {
    // Registration §2: none "MUST NOT be used as the ID Token alg value unless the Client uses only Response Types that
    // return no ID Token from the Authorization Endpoint".
    let from_authorization = client.response_types.iter().any(|kind| kind.has_id_token());
    if client.id_token_signed_response_alg == MaybeSigned::Unsigned && from_authorization {
        problems.add(
            "id_token_signed_response_alg",
            "none is for clients whose ID tokens come from the token endpoint only",
        );
    }
    if (client.id_token_encryption.is_some() || client.userinfo_encryption.is_some()) && !client.has_keys() {
        problems.add("jwks", "encrypted answers need the public keys of the client: jwks or jwks_uri");
    }
    let modes_are_read = !problems.holds("response_modes");
    if modes_are_read
        && !client.response_types.iter().all(|kind| client.response_modes.iter().any(|mode| kind.allows(*mode)))
    {
        problems.add("response_modes", "none of them can carry the answer of a registered response type");
    }
}

fn check_subject(client: &Client, problems: &mut Problems) {
    if subject::needs_sector_identifier(client) {
        problems.add("sector_identifier_uri", "pairwise subjects with redirect URIs on several hosts need it");
    }
}

/// Front-Channel Logout §2: "The domain, port, and scheme of this URL MUST be the same as that of a registered Redirection
/// URI value."
fn check_logout(client: &Client, problems: &mut Problems) {
    let Some(logout) = &client.frontchannel_logout else { return };
    let Ok(url) = HttpUrl::parse(&logout.uri) else { return };
    if !client.origins().contains(&url.origin()) {
        problems.add("frontchannel_logout_uri", "its scheme, host and port must be those of a redirect URI");
    }
}
