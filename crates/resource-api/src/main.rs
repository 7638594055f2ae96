//! `countersign-resource-api`: the API as a program of its own, configured by environment variables.
//!
//! Beside those of [`Config::from_env`]: `COUNTERSIGN_API_LISTEN` (default 127.0.0.1:8081), `COUNTERSIGN_API_TLS_CERT_FILE` and
//! `COUNTERSIGN_API_TLS_KEY_FILE` (PEM, both or none), `COUNTERSIGN_API_LOG` (a filter as `info`), `COUNTERSIGN_API_LOG_FORMAT`
//! (`text` or `json`).

use std::error::Error;
use std::net::TcpListener;
use std::process::ExitCode;

use resource_api::service::{self, Api, Config};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    match start() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("countersign-resource-api: {error}");
            ExitCode::FAILURE
        }
    }
}

fn start() -> Result<(), Box<dyn Error>> {
    start_log()?;
    let config = Config::from_env()?;
    let tls = tls()?;
    let listen = variable("LISTEN").unwrap_or_else(|| "127.0.0.1:8081".to_owned());
    let listener = TcpListener::bind(&listen).map_err(|error| format!("COUNTERSIGN_API_LISTEN: {listen}: {error}"))?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    actix_web::rt::System::new().block_on(async move {
        let issuer = config.settings.issuers[0].issuer.clone();
        let api = Api::new(config).await?;
        tracing::info!(%issuer, "listening on {scheme}://{}", listener.local_addr()?);
        service::run(api, listener, tls, asked_to_stop()).await?;
        Ok(())
    })
}

#[expect(clippy::disallowed_methods, reason = "the edge of the program: where to listen, TLS files, log")]
fn variable(name: &str) -> Option<String> {
    std::env::var(format!("COUNTERSIGN_API_{name}")).ok().filter(|value| !value.is_empty())
}

fn start_log() -> Result<(), Box<dyn Error>> {
    let filter = EnvFilter::try_new(variable("LOG").as_deref().unwrap_or("info"))
        .map_err(|error| format!("COUNTERSIGN_API_LOG: {error}"))?;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match variable("LOG_FORMAT").as_deref() {
        None | Some("text") => log.init(),
        Some("json") => log.json().init(),
        Some(_) => return Err("COUNTERSIGN_API_LOG_FORMAT: is text or json".into()),
    }
    Ok(())
}

fn tls() -> Result<Option<ServerConfig>, Box<dyn Error>> {
    let (certificate, key) = match (variable("TLS_CERT_FILE"), variable("TLS_KEY_FILE")) {
        (None, None) => return Ok(None),
        (Some(certificate), Some(key)) => (certificate, key),
        _ => return Err("COUNTERSIGN_API_TLS_CERT_FILE and …_TLS_KEY_FILE: set both or none".into()),
    };
    let chain = CertificateDer::pem_file_iter(&certificate)
        .and_then(Iterator::collect)
        .map_err(|error| format!("COUNTERSIGN_API_TLS_CERT_FILE: {certificate}: {error}"))?;
    let key =
        PrivateKeyDer::from_pem_file(&key).map_err(|error| format!("COUNTERSIGN_API_TLS_KEY_FILE: {key}: {error}"))?;
    let builder =
        ServerConfig::builder_with_provider(default_provider().into()).with_safe_default_protocol_versions()?;
    Ok(Some(builder.with_no_client_auth().with_single_cert(chain, key)?))
}

/// Ctrl-C, or the signal by which service managers stop a program.
async fn asked_to_stop() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    if let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        tokio::select! {
            _ = interrupt => {}
            _ = terminate.recv() => {}
        }
        return;
    }
    let _ = interrupt.await;
}
