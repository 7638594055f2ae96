//! `countersign version`

use clap::Args;

use super::Context;

/// Print the version.
#[derive(Debug, Args)]
pub(super) struct Version {}

pub(super) fn run(context: &Context) {
    let version = env!("CARGO_PKG_VERSION");
    context.output.show(&serde_json::json!({ "version": version }), |_| format!("countersign {version}"));
}
