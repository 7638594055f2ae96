//! `countersign explain`: all that is known of one request, and what to do about it.

use std::fmt::Write as _;

use auth::text::Locale;
use auth::web::catalogue::{self, Actor, Explanation};
use clap::Args;
use protocol::error::ErrorCode;
use protocol::issuer::Issuer;
use serde::Serialize;
use store::protocol_log::{self, Exchange};

use super::Context;
use super::tail::{Shown, plain, took};
use crate::failure::Failure;
use crate::installation::open_store;
use crate::output::date;

/// Tell all that is known of one request: who asked what, how it ended, the true cause, and how to mend it.
///
/// The trace id stands on every error page, in every error answer, and in the header X-Trace-Id.
///
/// Example: countersign explain 5f0c2a9be1d84b7c9a3e6d1f20b4c857
#[derive(Debug, Args)]
pub(super) struct Explain {
    #[arg(value_name = "TRACE_ID", value_parser = trace_id)]
    trace_id: String,
}

#[derive(Serialize)]
struct Explained<'e> {
    #[serde(flatten)]
    exchange: Shown<'e>,
    #[serde(skip_serializing_if = "Option::is_none", flatten)]
    catalogue: Option<Catalogue>,
}

/// What the catalogue says about the code.
#[derive(Serialize)]
struct Catalogue {
    meaning: &'static str,
    who_must_act: Vec<&'static str>,
    fixes: &'static [&'static str],
    error_uri: String,
}

impl Explain {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let config = context.settings()?.config;
        let store = open_store(&config).await?;
        let found = protocol_log::find(&store, &self.trace_id).await?;
        let exchange = found.ok_or_else(|| {
            let kept = match config.protocol_log.enabled {
                true => {
                    format!("the last {} exchanges of each client are kept", config.protocol_log.exchanges_per_client)
                }
                false => "protocol_log.enabled is false".to_owned(),
            };
            Failure::Failed(format!(
                "nothing is known of this request: {kept}; pages and documents are no exchanges with a client"
            ))
        })?;
        let code = exchange.error.as_deref().and_then(ErrorCode::parse);
        let catalogue = code.map(|code| Catalogue::of(code, &config.server.issuer, &exchange.trace_id));
        let explained = Explained { exchange: Shown::from(&exchange), catalogue };
        context.output.show(&explained, |it| print(&exchange, it.catalogue.as_ref()));
        Ok(())
    }
}

impl Catalogue {
    fn of(code: ErrorCode, issuer: &Issuer, trace_id: &str) -> Self {
        let Explanation { meaning, fixes } = Locale::En.explanation(code);
        let texts = Locale::En.texts();
        let name = |actor: &Actor| match actor {
            Actor::Person => texts.codes.person,
            Actor::Developer => texts.codes.developer,
            Actor::Operator => texts.codes.operator,
        };
        let who_must_act = catalogue::actors(code).iter().map(name).collect();
        Self { meaning, who_must_act, fixes, error_uri: code.uri(issuer, trace_id) }
    }
}

fn trace_id(text: &str) -> Result<String, &'static str> {
    let digits = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if digits && text.len() == 32 { Ok(text.to_ascii_lowercase()) } else { Err("it has 32 hexadecimal digits") }
}

fn print(exchange: &Exchange, catalogue: Option<&Catalogue>) -> String {
    let mut text = String::new();
    let mut row = |name: &str, value: &str| {
        let _ = writeln!(text, "{name:<9} {}", plain(value));
    };
    row("request", &format!("{}  {}  {}", exchange.trace_id, date(exchange.at), took(exchange.micros)));
    row("client", exchange.client_id.as_ref().map_or("(none that is registered)", |id| id.as_str()));
    row("endpoint", &format!("{} {}, answered {}", exchange.method, exchange.endpoint, exchange.status));
    let sent = exchange.parameters.iter().map(|(name, value)| format!("{name}={value}"));
    row("sent", &sent.collect::<Vec<_>>().join("  "));
    row("error", exchange.error.as_deref().unwrap_or("none"));
    for (name, value) in [("told", &exchange.description), ("cause", &exchange.cause)] {
        if let Some(value) = value {
            row(name, value);
        }
    }
    if let Some(catalogue) = catalogue {
        row("meaning", catalogue.meaning);
        row("who", &catalogue.who_must_act.join("; "));
        for (index, fix) in catalogue.fixes.iter().enumerate() {
            row(if index == 0 { "fix" } else { "" }, &format!("- {fix}"));
        }
        row("page", &catalogue.error_uri);
    }
    text.trim_end().to_owned()
}
