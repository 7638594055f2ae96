//! `countersign tls export-ca`

use auth::config::TlsSource;
use clap::Subcommand;

use super::Context;
use crate::failure::Failure;
use crate::tls::authority::Authority;

/// Look after the server's own certificate authority (tls.mode = "self-signed").
#[derive(Debug, Subcommand)]
pub(super) enum TlsCommand {
    /// Print the certificate that clients have to trust (PEM). Makes the authority if there is none yet.
    ///
    /// Example: countersign tls export-ca > countersign-ca.pem
    ExportCa,
}

impl TlsCommand {
    pub(super) fn run(&self, context: &Context) -> Result<(), Failure> {
        let Self::ExportCa = self;
        let config = context.settings()?.config;
        let TlsSource::SelfSigned { directory, .. } = config.tls.source()? else {
            return Err(Failure::setting("tls.mode", "there is no authority to export", "set it to \"self-signed\""));
        };
        let authority = Authority::open(directory, context.clock.now())?;
        let pem = authority.certificate_pem().trim_end();
        context.output.show(&serde_json::json!({ "certificate": pem }), |_| pem.to_owned());
        Ok(())
    }
}
