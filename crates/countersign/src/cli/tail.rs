//! `countersign tail`: what a client asked lately and how it ended, from the protocol log.

use std::collections::BTreeMap;
use std::time::Duration;

use clap::Args;
use protocol::ids::ClientId;
use protocol::time::Timestamp;
use serde::Serialize;
use store::Store;
use store::protocol_log::{self, Exchange, Whose};

use super::Context;
use crate::failure::Failure;
use crate::installation::open_store;
use crate::output::{Output, date};

const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Another server on the same database may write an older exchange a little later: so far back we look again.
const LOOK_BACK_MICROS: i64 = 10_000_000;
/// More than any client has.
const ALL: i64 = 100_000;

/// Show what a client asked lately and how it ended: time, status, endpoint, error, cause, trace id.
///
/// A server writes an exchange within a second. `countersign explain` tells everything about one.
///
/// Example: countersign tail --client demo-web --follow
#[derive(Debug, Args)]
pub(super) struct Tail {
    /// The client.
    #[arg(long, value_name = "CLIENT_ID", required_unless_present = "unknown", conflicts_with = "unknown")]
    client: Option<ClientId>,
    /// Requests that named no client of this server.
    #[arg(long)]
    unknown: bool,
    /// Only those that were refused.
    #[arg(long)]
    errors: bool,
    /// So many, the last ones.
    #[arg(long, short = 'n', value_name = "NUMBER", default_value_t = 20)]
    lines: usize,
    /// Go on with new ones as they come, until Ctrl-C. With --json, one object per line.
    #[arg(long, short)]
    follow: bool,
}

/// An exchange as it is printed.
#[derive(Serialize)]
pub(super) struct Shown<'e> {
    trace_id: &'e str,
    at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<&'e ClientId>,
    method: &'e str,
    endpoint: &'e str,
    status: u16,
    micros: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<&'e str>,
    /// Pairs, because a name may come twice.
    parameters: &'e [(String, String)],
}

impl Tail {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let config = context.settings()?.config;
        let store = open_store(&config).await?;
        let mut exchanges = protocol_log::last(&store, self.whose(), ALL).await?;
        if let (Some(id), true) = (&self.client, exchanges.is_empty())
            && store::clients::find(&store, id).await?.is_none()
        {
            return Err(Failure::Failed(format!("no client is registered with the id {id}")));
        }
        let newest = exchanges.last().map(|exchange| exchange.seq);
        let recent = newest.unwrap_or_default().saturating_sub(LOOK_BACK_MICROS);
        let seen = exchanges.iter().filter(|it| it.seq > recent).map(|it| (it.trace_id.clone(), it.seq)).collect();
        exchanges.retain(|exchange| self.wants(exchange));
        exchanges.drain(..exchanges.len().saturating_sub(self.lines));
        if self.follow {
            return self.follow(&store, context.output, exchanges, seen).await;
        }
        let shown: Vec<_> = exchanges.iter().map(Shown::from).collect();
        context.output.show(&shown, |_| exchanges.iter().map(line).collect::<Vec<_>>().join("\n"));
        Ok(())
    }

    /// Prints these, then what comes; ends when nobody reads any more.
    async fn follow(
        &self,
        store: &Store,
        output: Output,
        exchanges: Vec<Exchange>,
        mut seen: BTreeMap<String, i64>,
    ) -> Result<(), Failure> {
        let mut next = exchanges;
        loop {
            for exchange in next.iter().filter(|exchange| self.wants(exchange)) {
                if output.stream(&Shown::from(exchange), |_| line(exchange)).is_err() {
                    return Ok(());
                }
            }
            tokio::time::sleep(LOOK_EVERY).await;
            let newest = seen.values().copied().max().unwrap_or_default();
            let recent = newest.saturating_sub(LOOK_BACK_MICROS);
            seen.retain(|_, seq| *seq > recent);
            next = protocol_log::after(store, self.whose(), recent, ALL).await?;
            next.retain(|exchange| seen.insert(exchange.trace_id.clone(), exchange.seq).is_none());
        }
    }

    fn whose(&self) -> Whose<'_> {
        self.client.as_ref().map_or(Whose::Nobody, Whose::Client)
    }

    fn wants(&self, exchange: &Exchange) -> bool {
        !self.errors || exchange.error.is_some() || exchange.status >= 400
    }
}

impl<'e> From<&'e Exchange> for Shown<'e> {
    fn from(exchange: &'e Exchange) -> Self {
        Self {
            trace_id: &exchange.trace_id,
            at: date(exchange.at),
            client_id: exchange.client_id.as_ref(),
            method: &exchange.method,
            endpoint: &exchange.endpoint,
            status: exchange.status,
            micros: exchange.micros,
            error: exchange.error.as_deref(),
            description: exchange.description.as_deref(),
            cause: exchange.cause.as_deref(),
            parameters: &exchange.parameters,
        }
    }
}

fn line(exchange: &Exchange) -> String {
    let Exchange { at, status, method, endpoint, trace_id, .. } = exchange;
    let asked = format!("{method} {endpoint}");
    let said = exchange.cause.as_deref().or(exchange.description.as_deref());
    let outcome = match (exchange.error.as_deref(), said) {
        (Some(error), Some(said)) => format!("{error}: {said}"),
        (Some(said), None) | (None, Some(said)) => said.to_owned(),
        (None, None) => took(exchange.micros),
    };
    plain(&format!("{}  {status}  {asked:16}  {outcome}  {trace_id}", date(Timestamp(at.0))))
}

/// `1.8 ms`
pub(super) fn took(micros: i64) -> String {
    format!("{}.{} ms", micros / 1_000, micros % 1_000 / 100)
}

/// What a stranger sent must not command the terminal.
pub(super) fn plain(text: &str) -> String {
    text.replace(|character: char| character.is_control(), "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stranger_does_not_command_the_terminal() {
        assert_eq!(plain("a\u{1b}[2Jb\r\nc\u{9b}d"), "a\u{fffd}[2Jb\u{fffd}\u{fffd}c\u{fffd}d");
    }

    #[test]
    fn short_times_are_readable() {
        assert_eq!((took(40), took(1_850), took(2_000_000)), ("0.0 ms".into(), "1.8 ms".into(), "2000.0 ms".into()));
    }
}
