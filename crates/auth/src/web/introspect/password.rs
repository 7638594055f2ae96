//! `POST /introspect` with `purpose=http_basic`: whether the user name and the password that somebody sent to an API (RFC 7617) are
//! theirs. For clients that an administrator allowed it (`password_check_scope`) and for no others.
//!
//! Tries are counted as those of the login page are, in the same counters, under the address of whoever called the API. Unknown,
//! disabled, wrong, and right but not enough look alike: same answer, same work, same steps of time. When a password is enough
//! is decided in `protocol::password_check`.

use std::net::IpAddr;

use actix_web::http::StatusCode;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use protocol::audience::Api;
use protocol::client::Client;
use protocol::error::{ErrorCode, OAuthError};
use protocol::ids::UserId;
use protocol::introspection::Introspection;
use protocol::login::Factor;
use protocol::params::Params;
use protocol::password_check::{self as rules, Circumstances, Description};
use protocol::scope::Scope;
use protocol::secret::SecretString;
use protocol::security_event::SecurityEvent;
use protocol::time::{Seconds, Timestamp};
use protocol::user::{User, normalize_login};
use store::StoreError;
use store::security_events::Entry;
use store::sessions::Origin;
use tokio::time::Instant;

use super::may_know;
use crate::limits::{self, Asker, Reserved, Throttled};
use crate::passwords::policy::MOST_BYTES;
use crate::passwords::{Permit, Verdict, rehash};
use crate::security_log::{self, Event};
use crate::web::error::JsonError;
use crate::web::login::password::USERNAME_LIMIT;
use crate::web::{answer, passwords};
use crate::{AppState, accounts, random, sender, subject};

/// The value of `purpose` that asks about a password.
pub(super) const PURPOSE: &str = "http_basic";

/// One question, with who asks it.
struct Asked<'a> {
    state: &'a Data<AppState>,
    http: &'a HttpRequest,
    client: &'a Client,
    name: String,
    password: SecretString,
    /// Of whoever called the API. The client has authenticated, so it is believed.
    caller: IpAddr,
    now: Timestamp,
}

enum Outcome {
    Right(Box<User>),
    Wrong,
    Throttled(Seconds),
}

pub(super) async fn post(
    state: &Data<AppState>,
    http: &HttpRequest,
    client: &Client,
    params: &Params,
    now: Timestamp,
) -> Result<HttpResponse, JsonError> {
    let Some(allowed) = &client.password_check_scope else { return Err(not_allowed()) };
    let apis = served(state, client).await?;
    if apis.is_empty() {
        return Err(not_allowed());
    }
    let asked = Asked::read(state, http, client, params, now)?;
    // Nobody has such a name or password, and whether somebody does is not looked up.
    if asked.name.len() > USERNAME_LIMIT || asked.password.expose().len() > MOST_BYTES {
        return Ok(inactive());
    }
    let permit = passwords::place(state).await.map_err(busy)?;
    let began = Instant::now();
    let outcome = asked.verify(permit).await?;
    if !matches!(outcome, Outcome::Right(_)) {
        answer::on_the_next_step(began).await;
    }
    match outcome {
        Outcome::Right(user) => Ok(asked.describe(&user, &apis, allowed)),
        Outcome::Wrong => Ok(inactive()),
        Outcome::Throttled(wait) => Err(throttled(wait)),
    }
}

async fn served(state: &AppState, client: &Client) -> Result<Vec<Api>, StoreError> {
    let mut apis = Vec::new();
    for identifier in store::apis::served_by(&state.store, &client.id).await? {
        apis.extend(store::apis::find(&state.store, &identifier).await?);
    }
    Ok(apis)
}

impl<'a> Asked<'a> {
    fn read(
        state: &'a Data<AppState>,
        http: &'a HttpRequest,
        client: &'a Client,
        params: &Params,
        now: Timestamp,
    ) -> Result<Self, OAuthError> {
        let caller = match params.get("caller_address")? {
            None => sender::address(state, http),
            Some(text) => text.parse().map_err(|_| {
                let text = "caller_address is the IP address of whoever called the API, without a port";
                OAuthError::new(ErrorCode::InvalidRequest, text).at("caller_address")
            })?,
        };
        let password = SecretString::new(params.require("password")?.to_owned());
        Ok(Self { state, http, client, name: normalize_login(params.require("username")?), password, caller, now })
    }

    /// Looks up, reserves the try, then hashes: always all three.
    async fn verify(&self, permit: Permit) -> Result<Outcome, StoreError> {
        let Self { state, name, caller, now, .. } = self;
        let user = store::users::find_by_login(&state.store, name).await?;
        let account = user.as_ref().map(|user| &user.id);
        let asker = Asker { name, account, known: None, peer: *caller };
        let reserved = match limits::password(state, asker, *now).await? {
            Ok(reserved) => reserved,
            Err(Throttled { retry_after }) => return Ok(Outcome::Throttled(retry_after)),
        };
        let stored = match self.stored(user.as_ref()).await {
            Ok(stored) => stored,
            Err(error) => {
                reserved.not_evaluated(state).await;
                return Err(error);
            }
        };
        let verdict = permit.verify(self.password.clone(), stored.clone()).await.unwrap_or_else(|error| {
            tracing::error!(%error, "a password could not be verified; it counts as wrong");
            Verdict::Differs
        });
        match (user, stored, verdict) {
            (Some(user), Some(stored), Verdict::Matches | Verdict::MatchesOutdated) => {
                self.used(reserved, &user).await?;
                if verdict == Verdict::MatchesOutdated {
                    let _kept = rehash(state, &user.id, &stored, self.password.clone()).await;
                }
                Ok(Outcome::Right(Box::new(user)))
            }
            (user, ..) => {
                reserved.failed();
                if let Some(user) = user {
                    let event =
                        Event::new(&user.id, SecurityEvent::SignInFailed).with("factor", Factor::Password.name());
                    security_log::write_aside(state, self.entry(event));
                }
                Ok(Outcome::Wrong)
            }
        }
    }

    /// The hash of a password that would be enough if it were right. Nobody is looked for as well, so that it takes as long.
    async fn stored(&self, user: Option<&User>) -> Result<Option<String>, StoreError> {
        let (state, nobody) = (self.state, UserId::from_random(random::id()));
        let whose = user.cloned().unwrap_or_else(|| User::new(nobody, "", self.now));
        let circumstances = Circumstances {
            enrolled: accounts::enrolled(state, &whose).await?,
            too_short: store::passwords::needs_second_factor(&state.store, &whose.id).await?,
            demanded: self.client.minimum_acr,
        };
        let stored = store::passwords::current(&state.store, &whose.id).await?;
        let enough = rules::is_enough(&whose, &circumstances);
        if let Err(cause) = enough {
            tracing::debug!(user.id = %whose.id, client.id = %self.client.id, %cause, "a password alone is not enough");
        }
        Ok(stored.filter(|_| enough.is_ok()).map(|stored| stored.phc))
    }

    /// A program sends its password all the time: once an hour that is a sign-in like others, which the person can look up and which
    /// ends the row of wrong ones. In between it is neither.
    async fn used(&self, reserved: Reserved, user: &User) -> Result<(), StoreError> {
        let Self { state, client, caller, now, .. } = self;
        if !limits::password_at_api_is_news(state, &user.id, &client.id, *caller, *now).await? {
            reserved.given_back(state).await;
            return Ok(());
        }
        reserved.succeeded(state).await;
        let event = Event::new(&user.id, SecurityEvent::SignedIn).with("amr", rules::proven().amr());
        store::security_events::insert(&state.store, &self.entry(event.with("at", "api"))).await
    }

    /// From where the API was called. What the API calls itself says nothing about that.
    fn entry(&self, event: Event<'_>) -> Entry {
        let origin = Origin { user_agent: None, address: Some(self.caller.to_canonical().to_string()) };
        Entry { origin, ..security_log::entry(self.state, self.http, event.of_client(&self.client.id)) }
    }

    fn describe(&self, user: &User, apis: &[Api], allowed: &Scope) -> HttpResponse {
        let (state, aud) = (self.state, apis.iter().map(|api| api.identifier.clone()).collect());
        let (iss, sub) = (state.issuer().as_str(), subject::of(state, self.client, &user.id));
        let mut description = Description::new(iss, sub, aud, rules::scope(allowed, apis), self.now);
        description.username = may_know(self.client).then(|| user.username.clone());
        HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(description)
    }
}

fn inactive() -> HttpResponse {
    HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(Introspection::from(None))
}

/// Not `active: false`: nobody's password is wrong, and whoever runs the API has to hear of it.
fn not_allowed() -> JsonError {
    let text =
        "this client may not ask about passwords: it has no password_check_scope, or is the resource server of no API";
    JsonError::new(OAuthError::new(ErrorCode::UnauthorizedClient, text).at("purpose"))
}

fn busy(wait: Seconds) -> JsonError {
    let error = OAuthError::new(ErrorCode::TemporarilyUnavailable, "too many passwords are being verified; try again");
    JsonError { retry_after: Some(wait), ..JsonError::new(error) }.because(passwords::FULL)
}

/// The same for a name that nobody has.
fn throttled(wait: Seconds) -> JsonError {
    let text = "too many wrong passwords, for this name or from this network; try again later";
    let error = OAuthError::new(ErrorCode::TemporarilyUnavailable, text);
    JsonError { status: StatusCode::TOO_MANY_REQUESTS, retry_after: Some(wait), ..JsonError::new(error) }
}
