//! Servers in JavaScript that others wrote, for the length of a test: the programs of `testkit/clients/javascript` that say where
//! they listen.

use std::path::Path;
use std::process::Stdio;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::real_clients::CLIENTS;

/// Runs until it is dropped.
pub(crate) struct NodeServer {
    pub url: String,
    #[expect(dead_code, reason = "the process ends with it")]
    child: Child,
}

impl NodeServer {
    /// `authority`: the file of one that it trusts beside those that Node.js knows.
    pub(crate) async fn start(node: &str, script: &str, parameters: &Value, authority: Option<&Path>) -> Self {
        let mut command = Command::new(node);
        command.arg(format!("{CLIENTS}/javascript/{script}")).arg(parameters.to_string());
        command.envs(authority.map(|file| ("NODE_EXTRA_CA_CERTS", file)));
        let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = pipes.spawn().unwrap();
        let said = BufReader::new(child.stdout.take().unwrap()).lines().next_line().await.unwrap();
        let Some(said) = said else {
            let mut erred = String::new();
            child.stderr.take().unwrap().read_to_string(&mut erred).await.unwrap();
            panic!("{script} does not start:\n{erred}");
        };
        let said: Value = serde_json::from_str(&said).unwrap();
        Self { url: said["url"].as_str().unwrap().to_owned(), child }
    }
}
