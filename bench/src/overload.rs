//! `bench overload`: two hundred people at once on one core, beside eight people in the same run.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::figures::{cell, median_of, table};
use crate::phase::{Manners, Measured, Phase, Target};
use crate::server::{Account, Installation};
use crate::{Output, Result, process};

/// After that long without a login the server should have given memory back.
const IDLE: Duration = Duration::from_secs(15);

/// Overload the server with people who log in, and see what is left of it.
///
/// The server runs on one core, this program on another. One run takes about two minutes.
#[derive(Debug, Args)]
pub(crate) struct Overload {
    /// The binary to measure.
    #[arg(default_value = "target/release/countersign")]
    binary: PathBuf,
    /// How many people log in at once.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u16).range(1..=1000))]
    people: u16,
    /// How long each phase lasts.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=300))]
    seconds: u64,
    /// How often; the median of each figure is printed.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=20))]
    runs: u8,
    /// How long a reader of the key set waits between two readings.
    #[arg(long, value_name = "MS", default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=1000))]
    reader_pause: u64,
    /// The core of the server.
    #[arg(long, default_value_t = 0)]
    server_core: usize,
    /// The core of this program.
    #[arg(long, default_value_t = 1)]
    load_core: usize,
}

impl Overload {
    pub(crate) async fn run(self, output: Output) -> Result<()> {
        process::pin_myself(self.load_core)?;
        let installation = Installation::new(&self.binary)?;
        installation.add_client()?;
        let accounts = installation.add_people(usize::from(self.people).max(8))?;
        eprintln!("bench: {} accounts are made", accounts.len());
        let mut runs = Vec::new();
        for _ in 0..self.runs {
            runs.push(self.once(&installation, &accounts).await?);
        }
        let median = median_of(&runs);
        match output {
            Output::JsonLine => println!("{}", json!({ "median": median, "runs": runs })),
            Output::Table => println!("{}", print(&median)),
        }
        Ok(())
    }

    /// All phases with one server, which is ended whatever they find.
    async fn once(&self, installation: &Installation, accounts: &[Account]) -> Result<Value> {
        let server = installation.serve(Some(self.server_core)).await?;
        let target = Target { issuer: &installation.issuer, accounts, pid: server.pid, core: self.server_core };
        let outcome = async {
            let before = process::resident(server.pid)?;
            let phases = with_ratios(&self.measure(&target).await?);
            sleep(IDLE).await;
            let after = process::resident(server.pid)?;
            Ok(json!({ "memory_before_mb": before, "memory_idle_again_mb": after, "phases": phases }))
        };
        let outcome = outcome.await;
        server.stop().await?;
        outcome
    }

    async fn measure(&self, target: &Target<'_>) -> Result<Vec<Measured>> {
        let few = |name, readers| Phase {
            name,
            people: 8,
            manners: Manners::RetryAtOnce,
            readers,
            reader_pause: Duration::from_millis(self.reader_pause),
            duration: Duration::from_secs(self.seconds),
        };
        let many = |name, manners| Phase { people: usize::from(self.people), manners, ..few(name, 2) };
        Phase { duration: Duration::from_secs(3), ..few("warm-up", 2) }.run(target).await?;
        let mut measured = Vec::new();
        for phase in [
            few("alone", 0),
            few("unloaded", 2),
            many("impolite", Manners::RetryAtOnce),
            many("polite", Manners::ObeyRetryAfter),
        ] {
            eprintln!("bench: {} ({} people, {} s)", phase.name, phase.people, self.seconds);
            measured.push(phase.run(target).await?);
        }
        Ok(measured)
    }
}

/// The phases as JSON, with two yardsticks: the first phase, where nobody reads, and the second, with the same readers.
fn with_ratios(measured: &[Measured]) -> Vec<Value> {
    let rate = |phase: usize| measured.get(phase).map_or(f64::NAN, Measured::logins_per_second);
    let (alone, unloaded) = (rate(0), rate(1));
    let with_ratios = |phase: &Measured| {
        let mut figures = phase.to_json();
        figures["ratio_to_alone"] = json!(phase.logins_per_second() / alone);
        figures["ratio_to_unloaded"] = json!(phase.logins_per_second() / unloaded);
        figures
    };
    measured.iter().map(with_ratios).collect()
}

/// One column for each phase.
fn print(result: &Value) -> String {
    let rows = [
        ("people", "people"),
        ("connections that read /jwks", "readers"),
        ("logins/s", "logins_per_s"),
        ("ratio to unloaded", "ratio_to_unloaded"),
        ("ratio to alone", "ratio_to_alone"),
        ("login p50, ms (refusals and waits included)", "login_p50_ms"),
        ("login p99, ms", "login_p99_ms"),
        ("verified password p99, ms", "served_p99_ms"),
        ("refused/s", "refused_per_s"),
        ("refused share of tries", "refused_share"),
        ("refusal p50, ms", "refused_p50_ms"),
        ("refusal p99, ms", "refused_p99_ms"),
        ("refusal max, ms", "refused_max_ms"),
        ("jwks/s", "jwks_per_s"),
        ("jwks p99, ms", "jwks_p99_ms"),
        ("server memory, highest, MB", "memory_mb"),
        ("server memory 2 s later, MB", "memory_after_mb"),
        ("share of the core: hashing", "core_hashing"),
        ("share of the core: rest of the server", "core_serving"),
        ("share of the core: other programs", "core_others"),
    ];
    let none = Vec::new();
    let phases = result["phases"].as_array().unwrap_or(&none);
    let head = phases.iter().map(|phase| phase["phase"].as_str().unwrap_or_default().to_owned());
    let mut lines: Vec<Vec<String>> = vec![std::iter::once(String::new()).chain(head).collect()];
    for (title, name) in rows {
        let is_share = ["ratio_", "core_", "refused_share"].iter().any(|start| name.starts_with(start));
        let cells = phases.iter().map(|phase| match phase[name].as_f64() {
            Some(share) if is_share => format!("{share:.3}"),
            figure => cell(figure),
        });
        lines.push(std::iter::once(title.to_owned()).chain(cells).collect());
    }
    let memory = |name: &str| cell(result[name].as_f64());
    let (before, after) = (memory("memory_before_mb"), memory("memory_idle_again_mb"));
    format!("{}\n\nserver memory before the first login {before} MB, idle again {after} MB", table(&lines))
}
