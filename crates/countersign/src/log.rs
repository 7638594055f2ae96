//! Where log lines go. `serve` logs to standard output as its settings say; everything else keeps standard output for its
//! results and tells warnings on standard error.

use std::io;

use auth::config::{LogConfig, LogFormat, LogLevel};
use tracing_subscriber::EnvFilter;

/// For `serve`.
pub fn start(config: &LogConfig) {
    let filter = filter(config.level);
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false);
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

/// Our own crates at the level asked for; libraries below `info` would only repeat what we say better.
fn filter(level: LogLevel) -> EnvFilter {
    let libraries = match level {
        LogLevel::Error => "error",
        LogLevel::Warn | LogLevel::Info | LogLevel::Debug => "warn",
        LogLevel::Trace => "debug",
    };
    let ours = ["auth", "countersign", "jwt", "resource_api", "store"].map(|krate| format!("{krate}={}", level.name()));
    EnvFilter::new(format!("{libraries},{}", ours.join(",")))
}
