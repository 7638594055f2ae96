//! `countersign client logouts`: whether the client was told of the sessions that ended (back-channel logout). Read from the
//! outbox that the server works on; nothing is sent from here.

use clap::Args;
use protocol::ids::ClientId;
use protocol::logout::backchannel::DeliveryState;
use store::Store;
use store::logout_deliveries::{Delivery, of_client};

use super::find;
use crate::cli::Context;
use crate::failure::Failure;
use crate::output::{date, table};

/// Show which logouts a client was told of over the back channel, newest first. They are kept for a week.
///
/// Example: countersign client logouts wiki
#[derive(Debug, Args)]
pub(in crate::cli) struct Logouts {
    #[arg(value_name = "CLIENT_ID")]
    id: ClientId,
    /// How many to show.
    #[arg(long, value_name = "COUNT", default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..=10_000))]
    limit: i64,
}

impl Logouts {
    pub(super) async fn run(self, context: &Context, store: &Store) -> Result<(), Failure> {
        let client = find(store, &self.id).await?;
        let deliveries = of_client(store, &client.id, self.limit).await?;
        context.output.show(&deliveries, |deliveries| match deliveries[..] {
            [] if client.backchannel_logout.is_none() => {
                format!("client {} registered no backchannel_logout_uri", client.id)
            }
            [] => format!("no session that client {} was signed in to has ended within the last week", client.id),
            _ => table(
                ["TIME", "SESSION", "STATE", "TRIES", "LAST ERROR"],
                &deliveries.iter().map(row).collect::<Vec<_>>(),
            ),
        });
        Ok(())
    }
}

fn row(delivery: &Delivery) -> [String; 5] {
    [
        date(delivery.created_at),
        delivery.session_id.to_string(),
        state(delivery.state).to_owned(),
        delivery.tries.to_string(),
        delivery.last_error.clone().unwrap_or_default(),
    ]
}

fn state(state: DeliveryState) -> &'static str {
    match state {
        DeliveryState::Waiting => "waiting",
        DeliveryState::Delivered => "delivered",
        DeliveryState::Refused => "refused",
        DeliveryState::GivenUp => "given up",
    }
}
