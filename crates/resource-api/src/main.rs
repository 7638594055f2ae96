//! `countersign-resource-api`: the API as a program of its own, configured by environment variables.
//!
//! Which there are is in `service/program.rs`, and for its users in `docs/resource-api.md`.

use std::error::Error;
use std::net::TcpListener;
use std::process::ExitCode;
use std::sync::Arc;

use resource_api::Settings;
use resource_api::certificate::AnyClientCertificate;
use resource_api::service::{self, Api, LogFormat, Measurements, Program};
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
    let Program { config, listen, tls, log, log_format, metrics } = Program::from_env()?;
    start_log(&log, log_format)?;
    let tls = tls.map(|(certificate, key)| tls_of(&certificate, &key, &config.settings)).transpose()?;
    let listener = bind("LISTEN", &listen)?;
    let metrics = metrics.map(|address| bind("METRICS_LISTEN", &address)).transpose()?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    actix_web::rt::System::new().block_on(async move {
        if let Some(listener) = metrics {
            let address = listener.local_addr()?;
            tokio::spawn(Measurements::record()?.serve(listener)?);
            tracing::info!("measurements on http://{address}/metrics");
        }
        let issuer = config.settings.issuers[0].issuer.clone();
        let api = Api::new(config).await?;
        tracing::info!(%issuer, "listening on {scheme}://{}", listener.local_addr()?);
        service::run(api, listener, tls, asked_to_stop()).await?;
        Ok(())
    })
}

fn bind(name: &str, address: &str) -> Result<TcpListener, String> {
    let fix = "write a free address of this machine, as 127.0.0.1:8081";
    TcpListener::bind(address).map_err(|error| format!("COUNTERSIGN_API_{name}: {address}: {error}; {fix}"))
}

fn start_log(filter: &str, format: LogFormat) -> Result<(), Box<dyn Error>> {
    let filter = EnvFilter::try_new(filter)
        .map_err(|error| format!("COUNTERSIGN_API_LOG: {error}; write a level, as info or debug"))?;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().init(),
    }
    Ok(())
}

/// Asks clients for certificates where the settings say so; they need not have one.
fn tls_of(certificate: &str, key: &str, settings: &Settings) -> Result<ServerConfig, Box<dyn Error>> {
    let chain = CertificateDer::pem_file_iter(certificate).and_then(Iterator::collect).map_err(|error| {
        format!("COUNTERSIGN_API_TLS_CERT_FILE: {certificate}: {error}; name a file with a certificate in PEM")
    })?;
    let key = PrivateKeyDer::from_pem_file(key)
        .map_err(|error| format!("COUNTERSIGN_API_TLS_KEY_FILE: {key}: {error}; name a file with its key in PEM"))?;
    let provider = Arc::new(default_provider());
    let any = AnyClientCertificate::new(&provider);
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let builder = match settings.client_certificates {
        true => builder.with_client_cert_verifier(any),
        false => builder.with_no_client_auth(),
    };
    Ok(builder.with_single_cert(chain, key)?)
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
