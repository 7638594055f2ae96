//! `countersign token inspect`: what is inside a token, and whether it is one of ours.

use std::fmt::Write as _;
use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::Subcommand;
use jwt::verify::MAX_TOKEN;
use jwt::{Expected, KeyDirectory, VerifyError, sealed};
use protocol::signing::SigningAlgorithm;
use protocol::time::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

use super::Context;
use crate::failure::Failure;
use crate::installation::open_keys;
use crate::output::{date, note};

/// Look into tokens.
#[derive(Debug, Subcommand)]
pub(super) enum TokenCommand {
    /// Print what a token says. With the settings of a server at hand, verify it, too (exit code 1 when it is not valid).
    ///
    /// Example: countersign token inspect eyJhbGciOi…
    Inspect {
        /// The token; without it, standard input is read.
        token: Option<String>,
    },
}

#[derive(Serialize)]
struct Inspected {
    #[serde(skip_serializing_if = "Option::is_none")]
    header: Option<Map<String, Value>>,
    claims: Map<String, Value>,
    verdict: Verdict,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    /// Signed or sealed by this server, and not expired.
    Valid,
    Invalid,
    /// No settings are at hand, so nobody looked at the signature.
    NotChecked,
}

impl TokenCommand {
    pub(super) fn run(self, context: &Context) -> Result<(), Failure> {
        let Self::Inspect { token } = self;
        let token = token.map_or_else(read_stdin, Ok)?;
        let token = token.trim();
        let now = context.clock.now();
        let keys = keys(context, now)?;
        let inspected =
            if token.contains('.') { signed(token, keys.as_ref(), now) } else { opaque(token, keys.as_ref(), now) }?;
        context.output.show(&inspected, print);
        match inspected.verdict {
            Verdict::Valid => Ok(()),
            Verdict::NotChecked => {
                note("the signature was not checked: name the server's settings with --config or --data");
                Ok(())
            }
            Verdict::Invalid => {
                let reason = inspected.reason.as_deref().unwrap_or("it is not from this server");
                Err(Failure::Failed(format!("the token is not valid: {reason}")))
            }
        }
    }
}

/// The keys of the settings, if there are any. Named settings have to work; settings that merely lie around need not.
fn keys(context: &Context, now: Timestamp) -> Result<Option<KeyDirectory>, Failure> {
    let named =
        context.common.config.is_some() || context.data().is_some() || context.environment.config_file().is_some();
    let config = match context.settings() {
        Ok(loaded) => loaded.config,
        Err(failure) if named => return Err(failure),
        Err(_) => return Ok(None),
    };
    // Looking at a token is no reason to make keys.
    if config.keys.directory.exists() { open_keys(&config, now).map(Some) } else { Ok(None) }
}

fn signed(token: &str, keys: Option<&KeyDirectory>, now: Timestamp) -> Result<Inspected, Failure> {
    let mut parts = token.split('.').map(part);
    let (header, claims) = (parts.next().flatten(), parts.next().flatten());
    let claims =
        claims.ok_or_else(|| Failure::failed("this is no JWT: its second part is not a JSON object in base64url"))?;
    let (verdict, reason) = match keys {
        None => (Verdict::NotChecked, None),
        Some(keys) => {
            let expected = Expected { typ: &[], algorithms: SigningAlgorithm::ALL };
            let verified = keys.keyring().verify::<Map<String, Value>>(token, &expected, now);
            judge(verified.map(|claims| expired(&claims, now)))
        }
    };
    Ok(Inspected { header, claims, verdict, reason })
}

fn judge(verified: Result<Option<String>, VerifyError>) -> (Verdict, Option<String>) {
    match verified {
        Ok(None) => (Verdict::Valid, None),
        Ok(Some(expired)) => (Verdict::Invalid, Some(expired)),
        Err(error) => (Verdict::Invalid, Some(error.to_string())),
    }
}

/// A sealed token tells nothing to those without the key.
fn opaque(token: &str, keys: Option<&KeyDirectory>, now: Timestamp) -> Result<Inspected, Failure> {
    let Some(keys) = keys else {
        return Err(Failure::failed(
            "this is no JWT; a sealed token opens only with the server's keys (--config or --data)",
        ));
    };
    let claims: Map<String, Value> = sealed::open(keys.secrets(), token)
        .ok_or_else(|| Failure::failed("this is neither a JWT nor a token that this server sealed"))?;
    let (verdict, reason) = judge(Ok(expired(&claims, now)));
    Ok(Inspected { header: None, claims, verdict, reason })
}

fn expired(claims: &Map<String, Value>, now: Timestamp) -> Option<String> {
    let at = claims.get("exp").and_then(Value::as_i64).map(Timestamp)?;
    (now >= at).then(|| format!("it expired at {}", date(at)))
}

/// What a part says, believed by nobody yet; also of tokens that this program would never accept.
fn part(text: &str) -> Option<Map<String, Value>> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}

fn print(inspected: &Inspected) -> String {
    let mut text = String::new();
    if let Some(header) = &inspected.header {
        text.push_str(&pretty(header));
        text.push('\n');
    }
    text.push_str(&pretty(&inspected.claims));
    for name in ["auth_time", "iat", "nbf", "exp"] {
        if let Some(at) = inspected.claims.get(name).and_then(Value::as_i64) {
            let _ = write!(text, "\n{name:9}  {}", date(Timestamp(at)));
        }
    }
    match inspected.verdict {
        Verdict::Valid => text.push_str("\nvalid: made by this server and not expired"),
        Verdict::Invalid | Verdict::NotChecked => {}
    }
    text
}

fn pretty(object: &Map<String, Value>) -> String {
    serde_json::to_string_pretty(object).expect("JSON prints as JSON")
}

fn read_stdin() -> Result<String, Failure> {
    let mut text = String::new();
    let limit = u64::try_from(MAX_TOKEN).unwrap_or(u64::MAX) + 2;
    std::io::stdin().take(limit).read_to_string(&mut text)?;
    Ok(text)
}
