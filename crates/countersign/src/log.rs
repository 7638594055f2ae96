//! Where log lines go. `serve` logs to standard output as its settings say; everything else keeps standard output for its
//! results: `dev` logs as its settings say, other commands tell warnings, both on standard error.

use std::io;

use auth::config::{LogConfig, LogFormat, LogLevel};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

const OURS: [&str; 6] = ["auth", "countersign", "demo_app", "jwt", "resource_api", "store"];

/// For `serve`.
pub fn start(config: &LogConfig) {
    start_on(config, io::stdout);
}

/// For `dev`, whose standard output is the printed block alone.
pub fn start_beside_results(config: &LogConfig) {
    start_on(config, io::stderr);
}

fn start_on<W: for<'a> MakeWriter<'a> + Send + Sync + 'static>(config: &LogConfig, writer: W) {
    let builder = tracing_subscriber::fmt().with_env_filter(filter(config.level)).with_ansi(false).with_writer(writer);
    // Tests start several servers in one process; the first one to come has the log.
    let _ = match config.format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
}

/// For commands that print results.
pub fn start_quietly() {
    let builder = tracing_subscriber::fmt().with_env_filter(filter(LogLevel::Warn));
    let _ = builder.with_ansi(false).with_writer(io::stderr).try_init();
}

/// What strangers can fill a log with: each head that is no HTTP is an error to the framework, each answer that is none of an
/// authenticator to the library that reads it.
const STRANGERS: &str = "actix_http::h1::dispatcher=off,webauthn_rs_core=off";

/// Our own crates at the level asked for; libraries below `info` would only repeat what we say better.
fn filter(level: LogLevel) -> EnvFilter {
    let libraries = match level {
        LogLevel::Error => "error",
        LogLevel::Warn | LogLevel::Info | LogLevel::Debug => "warn",
        LogLevel::Trace => "debug",
    };
    let ours = OURS.map(|krate| format!("{krate}={}", level.name()));
    let strangers = if matches!(level, LogLevel::Debug | LogLevel::Trace) {
        "actix_http=debug,webauthn_rs_core=debug"
    } else {
        STRANGERS
    };
    EnvFilter::new(format!("{libraries},{strangers},{}", ours.join(",")))
}
