//! Everything that is stored about a person, as JSON: what they wrote, what they allowed, where they are signed in, what happened. Of
//! what proves them it says that it is there and since when. Never a secret, nor a hash of one.
//!
//! `every_personal_column_is_exported` (`tests/it/account/data_map.rs`) finds a new column that was forgotten here.

use protocol::api_key::ApiKeyId;
use protocol::api_keys::ApiKeyRecord;
use protocol::grant::state::{EndReason, Grant};
use protocol::permission::Permission;
use protocol::time::Timestamp;
use protocol::user::User;
use serde_json::{Value, json};
use store::StoreError;
use store::consents::Consent;
use store::known_browsers::KnownBrowser;
use store::passkeys::Passkey;
use store::security_events::{Cursor, Entry};
use store::sessions::Session;

use crate::calendar::rfc3339;
use crate::{AppState, known_browsers};

/// Of the log, in one read.
const EVENTS: i64 = 500;
/// Of the log, in all: some megabytes. Whoever tries passwords for weeks writes more, and nobody reads that.
const ALL_EVENTS: usize = 10_000;

pub(crate) async fn of(state: &AppState, user: &User, now: Timestamp) -> Result<Value, StoreError> {
    let store = &state.store;
    let sessions = store::sessions::living_of_user(store, &user.id, now).await?;
    let grants = store::grants::of_user(store, &user.id).await?;
    let consents = store::consents::of_user(store, &user.id).await?;
    let browsers = known_browsers::list(state, &user.id, now).await?;
    let api_keys = store::api_keys::of_user(store, &user.id).await?;
    let (events, complete) = events(state, user).await?;
    Ok(json!({
        "exported_at": rfc3339(now),
        "issuer": state.issuer().as_str(),
        "account": account(user),
        "factors": factors(state, user).await?,
        "sessions": sessions.iter().map(session).collect::<Vec<_>>(),
        "known_browsers": browsers.iter().map(browser).collect::<Vec<_>>(),
        "consents": consents.iter().map(consent).collect::<Vec<_>>(),
        "authorizations": grants.iter().map(authorization).collect::<Vec<_>>(),
        "api_keys": api_keys.iter().map(|key| api_key(&key.record)).collect::<Vec<_>>(),
        "security_events": events,
        // Otherwise these are the newest.
        "security_events_complete": complete,
    }))
}

fn account(user: &User) -> Value {
    json!({
        "sub": user.id,
        "username": user.username,
        "email": user.email,
        "email_verified_at": user.email_verified_at.map(rfc3339),
        "phone_number": user.phone_number,
        "phone_number_verified_at": user.phone_number_verified_at.map(rfc3339),
        "profile": user.profile,
        "groups": user.groups,
        "locale": user.locale,
        "created_at": rfc3339(user.created_at),
        "updated_at": rfc3339(user.updated_at),
        "terms_accepted_at": user.terms_accepted_at.map(rfc3339),
        "password_change_required_at": user.password_change_required_at.map(rfc3339),
        "deletion_due_at": user.deletion_due_at.map(rfc3339),
        "disabled_at": user.disabled_at.map(rfc3339),
    })
}

async fn factors(state: &AppState, user: &User) -> Result<Value, StoreError> {
    let store = &state.store;
    let passkeys = store::passkeys::of_user(store, &user.id).await?;
    let totp = store::totp::find(store, &user.id).await?;
    Ok(json!({
        "password_changed_at": store::passwords::changed_at(store, &user.id).await?.map(rfc3339),
        "passkeys": passkeys.iter().map(passkey).collect::<Vec<_>>(),
        "totp_since": totp.map(|totp| rfc3339(totp.created_at)),
        "recovery_codes_left": store::recovery_codes::left(store, &user.id).await?,
    }))
}

fn passkey(passkey: &Passkey) -> Value {
    json!({
        "name": passkey.name,
        "aaguid": passkey.aaguid,
        "created_at": rfc3339(passkey.created_at),
        "last_used_at": passkey.last_used_at.map(rfc3339),
        "clone_seen_at": passkey.clone_seen_at.map(rfc3339),
    })
}

fn session(session: &Session) -> Value {
    json!({
        "id": session.id,
        "user_agent": session.origin.user_agent,
        "address": session.origin.address,
        "auth_time": rfc3339(session.auth_time),
        "acr": session.acr,
        "amr": session.amr,
        "created_at": rfc3339(session.created_at),
        "last_seen_at": rfc3339(session.last_seen_at),
        "expires_at": rfc3339(session.expires_at),
    })
}

fn browser(browser: &KnownBrowser) -> Value {
    json!({
        "user_agent": browser.user_agent,
        "created_at": rfc3339(browser.created_at),
        "last_seen_at": rfc3339(browser.last_seen_at),
        "remembered_until": browser.remembered_until.map(rfc3339),
    })
}

fn api_key(key: &ApiKeyRecord) -> Value {
    json!({
        "id": key.id.as_str(),
        "name": key.name,
        "api": key.api,
        "permissions": key.permissions.iter().map(Permission::as_str).collect::<Vec<_>>(),
        "allowed_networks": key.allowed_networks,
        "signing": key.signing,
        "created_at": rfc3339(key.created_at),
        "expires_at": key.expires_at.map(rfc3339),
        "last_used_at": key.last_used_at.map(rfc3339),
        "revoked_at": key.revoked_at.map(rfc3339),
        "replaced_by": key.replaced_by.as_ref().map(ApiKeyId::as_str),
    })
}

fn consent(consent: &Consent) -> Value {
    json!({
        "client_id": consent.client_id,
        "scope": consent.scope.to_string(),
        "granted_at": rfc3339(consent.granted_at),
    })
}

fn authorization(grant: &Grant) -> Value {
    json!({
        "client_id": grant.client_id,
        "session_id": grant.session_id,
        "scope": grant.scope.to_string(),
        "auth_time": rfc3339(grant.auth_time),
        "acr": grant.acr,
        "amr": grant.amr,
        "created_at": rfc3339(grant.created_at),
        "last_used_at": grant.rotated_at.or(grant.redeemed_at).map(rfc3339),
        "expires_at": rfc3339(grant.expires_at),
        "ended_at": grant.ended_at.map(rfc3339),
        "end_reason": grant.end_reason.map(EndReason::name),
    })
}

/// The newest first, and whether they are all there are.
async fn events(state: &AppState, user: &User) -> Result<(Vec<Value>, bool), StoreError> {
    let (mut events, mut before) = (Vec::new(), None::<Cursor>);
    loop {
        if events.len() > ALL_EVENTS {
            events.truncate(ALL_EVENTS);
            return Ok((events, false));
        }
        let page = store::security_events::of_user(&state.store, &user.id, None, before.as_ref(), EVENTS).await?;
        events.extend(page.iter().map(event));
        match page.last() {
            Some(last) => before = Some(Cursor { at: last.at, id: last.id.clone() }),
            None => return Ok((events, true)),
        }
    }
}

fn event(entry: &Entry) -> Value {
    json!({
        "at": rfc3339(entry.at),
        "kind": entry.kind.name(),
        "client_id": entry.client_id,
        "session_id": entry.session_id,
        "address": entry.origin.address,
        "user_agent": entry.origin.user_agent,
        "details": entry.details,
        "trace_id": entry.trace_id,
    })
}
