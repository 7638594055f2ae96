//! A client as a row of the table `clients`: one list of columns, one writer, one reader. They keep the same order.

use protocol::authorize::response_type::{ResponseMode, ResponseType};
use protocol::client::{
    ApplicationType, Client, ConsentPolicy, GrantType, LogoutUri, PkcePolicy, RegisteredBy, ScopeClaims, SubjectType,
    TokenEndpointAuthMethod,
};
use protocol::encryption::{ContentEncryption, Encryption, KeyManagementAlgorithm};
use protocol::ids::ClientId;
use protocol::login::Level;
use protocol::redirect_uri::RegisteredRedirectUri;
use protocol::scope::Scope;
use protocol::signing::{AssertionAlgorithm, MaybeSigned, SigningAlgorithm};
use protocol::time::Seconds;
use sqlx::any::AnyRow;

use crate::StoreError;
use crate::row::{Fields, json_text};
use crate::statement::Statement;

macro_rules! columns {
    () => {
        "id, name, application_type, token_endpoint_auth_method, grant_types, redirect_uris, post_logout_redirect_uris, \
         scope, consent, pkce, scope_claims, id_token_signed_response_alg, jwks, client_uri, logo_uri, policy_uri, tos_uri, \
         initiate_login_uri, default_max_age, response_types, response_modes, subject_type, sector_identifier_uri, \
         id_token_encrypted_response_alg, id_token_encrypted_response_enc, userinfo_signed_response_alg, \
         userinfo_encrypted_response_alg, userinfo_encrypted_response_enc, request_object_signing_alg, request_uris, \
         token_endpoint_auth_signing_alg, jwks_uri, frontchannel_logout_uri, frontchannel_logout_session_required, \
         backchannel_logout_uri, backchannel_logout_session_required, require_auth_time, default_acr_values, contacts, \
         software_id, software_version, minimum_acr, password_check_scope, registered_by, expires_unused_at, created_at, disabled_at"
    };
}

macro_rules! values {
    () => {
        "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, \
         $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40, $41, $42, $43, $44, $45, $46, $47)"
    };
}

macro_rules! changes {
    () => {
        "name = $2, application_type = $3, token_endpoint_auth_method = $4, grant_types = $5, redirect_uris = $6, \
               post_logout_redirect_uris = $7, scope = $8, consent = $9, pkce = $10, scope_claims = $11, \
               id_token_signed_response_alg = $12, jwks = $13, client_uri = $14, logo_uri = $15, policy_uri = $16, tos_uri = \
               $17, initiate_login_uri = $18, default_max_age = $19, response_types = $20, response_modes = $21, \
               subject_type = $22, sector_identifier_uri = $23, id_token_encrypted_response_alg = $24, \
               id_token_encrypted_response_enc = $25, userinfo_signed_response_alg = $26, userinfo_encrypted_response_alg = \
               $27, userinfo_encrypted_response_enc = $28, request_object_signing_alg = $29, request_uris = $30, \
               token_endpoint_auth_signing_alg = $31, jwks_uri = $32, frontchannel_logout_uri = $33, \
               frontchannel_logout_session_required = $34, backchannel_logout_uri = $35, backchannel_logout_session_required \
               = $36, require_auth_time = $37, default_acr_values = $38, contacts = $39, software_id = $40, software_version \
               = $41, minimum_acr = $42, password_check_scope = $43 WHERE id = $1"
    };
}

/// Binds `$1` to `$43`: the id and all that an update may change.
pub(super) fn metadata(statement: Statement, client: &Client) -> Statement {
    let statement = who_and_where(statement, client);
    let statement = answers(statement, client);
    logout_and_rest(statement, client)
}

/// `$1` to `$19`.
fn who_and_where(statement: Statement, client: &Client) -> Statement {
    let uris =
        |uris: &[RegisteredRedirectUri]| json_text(&uris.iter().map(RegisteredRedirectUri::as_str).collect::<Vec<_>>());
    statement
        .text(client.id.as_str())
        .text(&client.name)
        .text(client.application_type.name())
        .text(client.token_endpoint_auth_method.name())
        .text(&words(&client.grant_types, GrantType::name))
        .text(&uris(&client.redirect_uris))
        .text(&uris(&client.post_logout_redirect_uris))
        .text(&client.scope.to_string())
        .text(client.consent.name())
        .text(client.pkce.name())
        .text(client.scope_claims.name())
        .text(client.id_token_signed_response_alg.name())
        .maybe_text(client.jwks.as_deref())
        .maybe_text(client.client_uri.as_deref())
        .maybe_text(client.logo_uri.as_deref())
        .maybe_text(client.policy_uri.as_deref())
        .maybe_text(client.tos_uri.as_deref())
        .maybe_text(client.initiate_login_uri.as_deref())
        .maybe_integer(client.default_max_age.map(|age| age.0))
}

/// `$20` to `$32`.
fn answers(statement: Statement, client: &Client) -> Statement {
    let statement = statement
        .text(&json_text(&client.response_types))
        .text(&words(&client.response_modes, ResponseMode::name))
        .text(client.subject_type.name())
        .maybe_text(client.sector_identifier_uri.as_deref());
    let statement = encryption(statement, client.id_token_encryption)
        .maybe_text(client.userinfo_signed_response_alg.map(SigningAlgorithm::name));
    encryption(statement, client.userinfo_encryption)
        .maybe_text(client.request_object_signing_alg.map(MaybeSigned::name))
        .maybe_text(list(&client.request_uris).as_deref())
        .maybe_text(client.token_endpoint_auth_signing_alg.map(AssertionAlgorithm::name))
        .maybe_text(client.jwks_uri.as_deref())
}

/// `$33` to `$43`.
fn logout_and_rest(statement: Statement, client: &Client) -> Statement {
    let statement = logout_uri(statement, client.frontchannel_logout.as_ref());
    logout_uri(statement, client.backchannel_logout.as_ref())
        .maybe_integer(client.require_auth_time.then_some(1))
        .maybe_text(list(&client.default_acr_values).as_deref())
        .maybe_text(list(&client.contacts).as_deref())
        .maybe_text(client.software_id.as_deref())
        .maybe_text(client.software_version.as_deref())
        .maybe_text(client.minimum_acr.map(Level::name))
        .maybe_text(client.password_check_scope.as_ref().map(ToString::to_string).as_deref())
}

fn words<T: Copy>(list: &[T], name: fn(T) -> &'static str) -> String {
    list.iter().map(|item| name(*item)).collect::<Vec<_>>().join(" ")
}

/// An empty list is NULL.
fn list(texts: &[String]) -> Option<String> {
    (!texts.is_empty()).then(|| json_text(&texts))
}

fn encryption(statement: Statement, encryption: Option<Encryption>) -> Statement {
    statement.maybe_text(encryption.map(|it| it.alg.name())).maybe_text(encryption.map(|it| it.enc.name()))
}

fn logout_uri(statement: Statement, logout: Option<&LogoutUri>) -> Statement {
    let session_required = logout.and_then(|logout| logout.session_required.then_some(1));
    statement.maybe_text(logout.map(|logout| logout.uri.as_str())).maybe_integer(session_required)
}

/// A table in the form of a function: a line per member.
pub(super) fn read(row: &AnyRow) -> Result<Client, StoreError> {
    let row = Fields { table: "clients", row };
    let application_type = row.named("application_type", ApplicationType::parse)?;
    let uris = |column| -> Result<Vec<RegisteredRedirectUri>, StoreError> {
        let raw: Vec<String> = row.json(column)?;
        let uris: Result<_, _> =
            raw.iter().map(|uri| RegisteredRedirectUri::from_stored(uri, application_type)).collect();
        uris.map_err(|_| row.corrupt(column))
    };
    let grant_types = row.words("grant_types", GrantType::parse)?;
    Ok(Client {
        id: row.parsed("id", ClientId::parse)?,
        name: row.text("name")?,
        application_type,
        token_endpoint_auth_method: row.named("token_endpoint_auth_method", TokenEndpointAuthMethod::parse)?,
        response_types: response_types(&row, &grant_types)?,
        response_modes: response_modes(&row)?,
        grant_types,
        redirect_uris: uris("redirect_uris")?,
        post_logout_redirect_uris: uris("post_logout_redirect_uris")?,
        scope: row.scope("scope")?,
        consent: row.named("consent", ConsentPolicy::parse)?,
        pkce: row.named("pkce", PkcePolicy::parse)?,
        scope_claims: row.named("scope_claims", ScopeClaims::parse)?,
        subject_type: row.maybe_named("subject_type", SubjectType::parse)?.unwrap_or(SubjectType::Public),
        sector_identifier_uri: row.maybe_text("sector_identifier_uri")?,
        id_token_signed_response_alg: row.named("id_token_signed_response_alg", MaybeSigned::parse)?,
        id_token_encryption: read_encryption(
            &row,
            "id_token_encrypted_response_alg",
            "id_token_encrypted_response_enc",
        )?,
        userinfo_signed_response_alg: row.maybe_named("userinfo_signed_response_alg", SigningAlgorithm::parse)?,
        userinfo_encryption: read_encryption(
            &row,
            "userinfo_encrypted_response_alg",
            "userinfo_encrypted_response_enc",
        )?,
        request_object_signing_alg: row.maybe_named("request_object_signing_alg", MaybeSigned::parse)?,
        request_uris: read_list(&row, "request_uris")?,
        token_endpoint_auth_signing_alg: row
            .maybe_named("token_endpoint_auth_signing_alg", AssertionAlgorithm::parse)?,
        jwks: row.maybe_text("jwks")?,
        jwks_uri: row.maybe_text("jwks_uri")?,
        client_uri: row.maybe_text("client_uri")?,
        logo_uri: row.maybe_text("logo_uri")?,
        policy_uri: row.maybe_text("policy_uri")?,
        tos_uri: row.maybe_text("tos_uri")?,
        initiate_login_uri: row.maybe_text("initiate_login_uri")?,
        frontchannel_logout: read_logout_uri(&row, "frontchannel_logout_uri", "frontchannel_logout_session_required")?,
        backchannel_logout: read_logout_uri(&row, "backchannel_logout_uri", "backchannel_logout_session_required")?,
        default_max_age: row.maybe_integer("default_max_age")?.map(Seconds),
        require_auth_time: row.maybe_integer("require_auth_time")?.is_some(),
        default_acr_values: read_list(&row, "default_acr_values")?,
        minimum_acr: row.maybe_named("minimum_acr", Level::parse)?,
        password_check_scope: row.maybe_parsed("password_check_scope", Scope::parse)?,
        contacts: read_list(&row, "contacts")?,
        software_id: row.maybe_text("software_id")?,
        software_version: row.maybe_text("software_version")?,
        registered_by: row.maybe_named("registered_by", RegisteredBy::parse)?.unwrap_or(RegisteredBy::Administrator),
        expires_unused_at: row.maybe_time("expires_unused_at")?,
        created_at: row.time("created_at")?,
        disabled_at: row.maybe_time("disabled_at")?,
    })
}

/// NULL: a program that does not know the column made the client. It means what 0005_client_metadata.sql fills in.
fn response_types(row: &Fields, grant_types: &[GrantType]) -> Result<Vec<ResponseType>, StoreError> {
    let has_codes = grant_types.contains(&GrantType::AuthorizationCode);
    let by_grant = || if has_codes { vec![ResponseType::Code] } else { Vec::new() };
    let kept = row.maybe_parsed("response_types", |text| serde_json::from_str(text))?;
    Ok(kept.unwrap_or_else(by_grant))
}

fn response_modes(row: &Fields) -> Result<Vec<ResponseMode>, StoreError> {
    match row.maybe_text("response_modes")? {
        Some(_) => row.words("response_modes", ResponseMode::parse),
        None => Ok(ResponseMode::ALL.to_vec()),
    }
}

fn read_list(row: &Fields, column: &str) -> Result<Vec<String>, StoreError> {
    let list = row.maybe_parsed(column, |text| serde_json::from_str(text))?;
    Ok(list.unwrap_or_default())
}

fn read_encryption(row: &Fields, alg: &str, enc: &str) -> Result<Option<Encryption>, StoreError> {
    let Some(management) = row.maybe_named(alg, KeyManagementAlgorithm::parse)? else { return Ok(None) };
    Ok(Some(Encryption { alg: management, enc: row.named(enc, ContentEncryption::parse)? }))
}

fn read_logout_uri(row: &Fields, uri: &str, session_required: &str) -> Result<Option<LogoutUri>, StoreError> {
    let session_required = row.maybe_integer(session_required)?.is_some();
    Ok(row.maybe_text(uri)?.map(|uri| LogoutUri { uri, session_required }))
}
