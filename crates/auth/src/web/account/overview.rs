//! `/account`: what needs attention, the last sign-ins, the apps.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use protocol::client::Client;
use protocol::security_event::SecurityEvent;
use protocol::time::Timestamp;
use store::StoreError;
use store::security_events::Entry;
use store::users::Factors;

use super::{connected, device, words};
use crate::page_paths::account;
use crate::text::{AccountTexts, fill};
use crate::web::pages::{AccountPart, AppTile, Badge, Check, Link, OverviewPage, Place, SignInLine};
use crate::web::visitor::{Since, Visitor, VisitorError};
use crate::{AppState, known_browsers, mail};

/// More remembered browsers than anybody uses.
const MANY_BROWSERS: usize = 5;
/// As few recovery codes are nearly none.
const FEW_CODES: i64 = 3;
const SIGN_INS: i64 = 3;
const APPS: usize = 5;

/// What the check-up looks at.
struct Facts {
    factors: Factors,
    deletion_due_at: Option<Timestamp>,
    clone_suspected: bool,
    password_is_short: bool,
    email_is_proven: bool,
    remembered_browsers: usize,
}

pub(crate) async fn get(state: Data<AppState>, http: HttpRequest) -> Result<HttpResponse, VisitorError> {
    let visitor = Visitor::admit(state, http, Since::Whenever, None).await?;
    let shell = super::shell(&visitor);
    let texts = &shell.texts.account;
    let checks = checks(&visitor, texts, &facts(&visitor).await?);
    let store = &visitor.state.store;
    let events =
        store::security_events::of_user(store, &visitor.user.id, Some(SecurityEvent::SignedIn), None, SIGN_INS).await?;
    let connections = connected::of(&visitor).await?;
    let connections = connections.get(..connections.len().min(APPS)).unwrap_or_default();
    let apps = connected::clients(&visitor, connections).await?;
    let profile = &visitor.user.profile;
    let name = profile.given_name.as_ref().or(profile.nickname.as_ref()).or(profile.name.as_ref());
    let overview = OverviewPage {
        frame: super::frame(&visitor, AccountPart::Overview),
        name: name.unwrap_or(&visitor.user.username).clone(),
        notice: None,
        checks,
        sign_ins: events.iter().map(|event| sign_in(&visitor, texts, event)).collect(),
        apps: apps.iter().map(|(client, _)| tile(client)).collect(),
        switch: visitor.path(account::SWITCH),
        shell,
    };
    Ok(super::page(&visitor, StatusCode::OK, &overview))
}

async fn facts(visitor: &Visitor) -> Result<Facts, StoreError> {
    let (state, user) = (&visitor.state, &visitor.user);
    let factors = store::users::factors(&state.store, &user.id).await?;
    let passkeys = store::passkeys::of_user(&state.store, &user.id).await?;
    let browsers = known_browsers::list(state, &user.id, visitor.now).await?;
    Ok(Facts {
        factors,
        deletion_due_at: user.deletion_due_at,
        clone_suspected: passkeys.iter().any(|passkey| passkey.clone_seen_at.is_some()),
        password_is_short: store::passwords::needs_second_factor(&state.store, &user.id).await?,
        email_is_proven: user.verified_email().is_some() || !mail::is_on(state),
        remembered_browsers: browsers
            .iter()
            .filter(|browser| known_browsers::is_remembered(state, browser, visitor.now))
            .count(),
    })
}

/// By risk, the greatest first; one line of praise when there is none.
fn checks(visitor: &Visitor, texts: &AccountTexts, facts: &Facts) -> Vec<Check> {
    let check = |badge, title, text: &str, action: (&str, &str)| Check {
        badge,
        title,
        text: text.to_owned(),
        action: Link { href: visitor.path(action.0), label: action.1.to_owned() },
    };
    let mut checks = Vec::new();
    let has_second_factor = facts.factors.totp + facts.factors.passkeys + facts.factors.suspect_passkeys > 0;
    if let Some(due) = facts.deletion_due_at {
        let text = fill(texts.deletion_text, &words::day(texts, due));
        checks.push(check(Badge::Urgent, texts.deletion_title, &text, (account::DATA, texts.deletion_action)));
    }
    if facts.clone_suspected {
        let action = (account::SECURITY, texts.clone_action);
        checks.push(check(Badge::Urgent, texts.clone_title, texts.clone_text, action));
    }
    if !has_second_factor {
        if facts.password_is_short {
            let action = (account::SECURITY, texts.short_password_action);
            checks.push(check(Badge::Urgent, texts.short_password_title, texts.short_password_text, action));
        }
        let action = (account::SECURITY, texts.no_factor_action);
        checks.push(check(Badge::ToDo, texts.no_factor_title, texts.no_factor_text, action));
    }
    if !facts.email_is_proven {
        checks.push(check(Badge::ToDo, texts.email_title, texts.email_text, (account::EMAIL, texts.email_action)));
    }
    if has_second_factor && facts.factors.recovery_codes <= FEW_CODES {
        let text = match facts.factors.recovery_codes {
            0 => texts.no_codes_text.to_owned(),
            1 => texts.one_code_text.to_owned(),
            left => fill(texts.few_codes_text, &left.to_string()),
        };
        checks.push(check(Badge::ToDo, texts.codes_title, &text, (account::SECURITY, texts.codes_action)));
    }
    if facts.remembered_browsers >= MANY_BROWSERS {
        let text = fill(texts.browsers_text, &facts.remembered_browsers.to_string());
        checks.push(check(Badge::ToDo, texts.browsers_title, &text, (account::SECURITY, texts.browsers_action)));
    }
    if checks.is_empty() {
        checks.push(check(Badge::Good, texts.good_title, texts.good_text, (account::SECURITY, texts.good_action)));
    }
    checks
}

fn sign_in(visitor: &Visitor, texts: &AccountTexts, event: &Entry) -> SignInLine {
    let amr: Vec<String> =
        event.details.get("amr").and_then(|amr| serde_json::from_value(amr.clone()).ok()).unwrap_or_default();
    let facts = [
        Some(words::moment(texts, event.at, visitor.now)),
        event.origin.address.clone(),
        Some(words::how(texts, &amr)).filter(|how| !how.is_empty()),
    ];
    let here = event.session_id.as_ref() == Some(&visitor.session.id);
    SignInLine {
        device: device::of_origin(texts, &event.origin),
        facts: facts.into_iter().flatten().collect(),
        place: if here { Place::Here } else { Place::Elsewhere },
    }
}

/// OpenID Connect Core §4: the address where somebody else can begin a sign-in at the client.
fn tile(client: &Client) -> AppTile {
    let href = client.initiate_login_uri.clone().or_else(|| client.client_uri.clone());
    AppTile {
        name: client.name.clone(),
        host: connected::host(client),
        href: href.filter(|href| href.starts_with("https://") && client.disabled_at.is_none()),
    }
}
