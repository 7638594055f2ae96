//! `bench first-token`: how long a newcomer waits for the first token, and how little an idle server keeps.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use clap::Args;
use reqwest::Client;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;
use tokio::time::{sleep, timeout};
use url::Url;

use crate::figures::{cell, median, millis};
use crate::server::{Installation, Server};
use crate::{Failure, Output, Result, process};

const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// Time the first token of `countersign dev`, with a fresh directory and again with its data; weigh an idle `serve`.
#[derive(Debug, Args)]
pub(crate) struct FirstToken {
    /// The binary to measure.
    #[arg(default_value = "target/release/countersign")]
    binary: PathBuf,
    /// How often; the median is given.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..=50))]
    runs: u8,
    /// How long the server idles before it is weighed.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=300))]
    idle_seconds: u64,
}

impl FirstToken {
    pub(crate) async fn run(self, output: Output) -> Result<()> {
        let binary = self.binary.canonicalize();
        let binary = binary.map_err(|error| Failure::new(&self.binary.display().to_string(), error))?;
        let http = Client::builder().no_proxy().build().map_err(|error| Failure::new("an HTTP client", error))?;
        let (mut fresh, mut existing) = (Vec::new(), Vec::new());
        for _ in 0..self.runs {
            let directory = TempDir::new().map_err(|error| Failure::new("a temporary directory", error))?;
            let (took, secret) = start(&binary, directory.path(), &http, None).await?;
            fresh.push(millis(took));
            let (took, _) = start(&binary, directory.path(), &http, Some(&secret)).await?;
            existing.push(millis(took));
        }
        let idle = self.idle().await?;
        let result = json!({
            "fresh_ms": { "median": median(fresh.clone()), "all": fresh },
            "existing_ms": { "median": median(existing.clone()), "all": existing },
            "idle_memory_mb": idle,
        });
        match output {
            Output::JsonLine => println!("{result}"),
            Output::Table => println!("{}", print(&result)),
        }
        Ok(())
    }

    /// Resident memory of `serve` that nobody has asked anything but whether it is ready.
    async fn idle(&self) -> Result<f64> {
        let installation = Installation::new(&self.binary)?;
        let server = installation.serve(None).await?;
        sleep(Duration::from_secs(self.idle_seconds)).await;
        let memory = process::resident(server.pid);
        server.stop().await?;
        memory
    }
}

/// Starts `dev`, fetches one token, stops it. The secret of the machine client is printed at the first start only.
async fn start(binary: &Path, data: &Path, http: &Client, known: Option<&str>) -> Result<(Duration, String)> {
    let mut command = Command::new(binary);
    let began = Instant::now();
    command.args(["dev", "--json", "--port", "18080", "--data"]).arg(data).stdout(Stdio::piped());
    let mut server = Server::start(command)?;
    let outcome = timeout(LONGEST_WAIT, token(&mut server, http, known, began)).await;
    server.stop().await?;
    outcome.map_err(|_| Failure("no token within 20 s".to_owned()))?
}

async fn token(server: &mut Server, http: &Client, known: Option<&str>, began: Instant) -> Result<(Duration, String)> {
    let mut line = String::new();
    BufReader::new(server.stdout()?).read_line(&mut line).await.map_err(|error| Failure::new("dev", error))?;
    let block: Value = serde_json::from_str(&line).map_err(|error| Failure::new("dev --json", error))?;
    let machine = &block["machine_client"];
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let secret = text(&machine["client_secret"]).or(known.map(str::to_owned));
    let (Some(id), Some(secret), Some(issuer)) = (text(&machine["client_id"]), secret, text(&block["issuer"])) else {
        return Err(Failure::new("dev --json tells no client", line));
    };
    let endpoint = Url::parse(&format!("{issuer}/token")).map_err(|error| Failure::new("the issuer", error))?;
    loop {
        let request = http.post(endpoint.clone()).basic_auth(&id, Some(&secret));
        let Ok(answer) = request.form(&[("grant_type", "client_credentials")]).send().await else {
            sleep(Duration::from_millis(1)).await; // not listening yet
            continue;
        };
        let body: Value = answer.json().await.map_err(|error| Failure::new("/token", error))?;
        return match body["access_token"].is_string() {
            true => Ok((began.elapsed(), secret)),
            false => Err(Failure::new("/token", body)),
        };
    }
}

fn print(result: &Value) -> String {
    let ms = |name: &str| cell(result[name]["median"].as_f64());
    format!(
        "first token, fresh directory: {} ms\nfirst token, existing data:   {} ms\nidle `serve`:                 {} MB",
        ms("fresh_ms"),
        ms("existing_ms"),
        cell(result["idle_memory_mb"].as_f64()),
    )
}
