//! `countersign version`

use clap::Args;

use super::Context;
use crate::failure::Failure;

/// Print the version.
#[derive(Debug, Args)]
pub(super) struct Version {}

impl Version {
    pub(super) fn run(&self, context: &Context) -> Result<(), Failure> {
        let version = env!("CARGO_PKG_VERSION");
        context.output.show(&serde_json::json!({ "version": version }), |_| format!("countersign {version}"));
        Ok(())
    }
}
