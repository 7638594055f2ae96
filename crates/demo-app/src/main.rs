//! The demo app as a program of its own, told by the environment where everything is.

#![expect(clippy::disallowed_methods, reason = "the edge of the program: everything else gets a Config")]

use std::{env, io, net::TcpListener};

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let listener = TcpListener::bind(variable("DEMO_APP_LISTEN")?)?;
    let config = demo_app::Config {
        issuer: variable("DEMO_APP_ISSUER")?,
        client_id: variable("DEMO_APP_CLIENT_ID")?,
        api_url: variable("DEMO_APP_API_URL")?,
        base_url: variable("DEMO_APP_BASE_URL")?,
        extra_ca: env::var_os("DEMO_APP_EXTRA_CA").map(std::fs::read).transpose()?,
    };
    println!("demo app  {}", config.base_url);
    demo_app::run(config, listener, stopped()).await
}

async fn stopped() {
    let mut terminate =
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).expect("SIGTERM may be listened for");
    tokio::select! { _ = terminate.recv() => {}, _ = tokio::signal::ctrl_c() => {} }
}

fn variable(name: &str) -> io::Result<String> {
    env::var(name).map_err(|reason| io::Error::other(format!("{name}: {reason}")))
}
