//! A mail server that is none of ours: `aiosmtpd` (Python), in a process of its own. It tells what it took, and tests say how it
//! protects connections, whom it lets in, and whether it is there at all.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use auth::config::{MailConfig, MailSecurity, MailTransport};
use protocol::secret::SecretString;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::elsewhere::Authority;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/clients/python/mail_server.py");
pub const USER: &str = "accounts";
pub const PASSWORD: &str = "a password of a mail server";

/// How a mail server behaves.
#[derive(Clone, Debug)]
pub struct Manner {
    /// `none`, `starttls`, `tls`, or `failing`: it offers STARTTLS and cannot do it.
    pub security: &'static str,
    /// The names in its certificate.
    pub names: Vec<&'static str>,
    /// Whether it asks for [`USER`] and [`PASSWORD`].
    pub lets_in: LetsIn,
    /// What it says to every recipient, if it wants none.
    pub refuse: Option<u16>,
    /// 0: any that is free.
    pub port: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LetsIn {
    Anybody,
    WhoHasThePassword,
}

impl Default for Manner {
    fn default() -> Self {
        Self { security: "none", names: vec!["localhost"], lets_in: LetsIn::Anybody, refuse: None, port: 0 }
    }
}

/// A message as Python's parser reads it.
#[derive(Clone, Debug)]
pub struct Message {
    pub tls: bool,
    pub user: Option<String>,
    pub sender: String,
    pub recipients: Vec<String>,
    pub headers: Vec<(String, String)>,
    pub defects: Vec<String>,
    pub text: String,
    pub html: String,
    pub raw: String,
}

/// Runs until it is dropped.
pub struct MailServer {
    pub port: u16,
    child: Child,
    told: Arc<Mutex<Vec<Value>>>,
    _certificate: TempDir,
}

impl MailServer {
    /// `None` where there is no Python with the library; with `CI=true` there must be one.
    pub fn start(authority: &Authority, manner: &Manner) -> Option<Self> {
        let python = std::env::var("COUNTERSIGN_TEST_PYTHON").ok().filter(|path| !path.is_empty());
        let Some(python) = python else {
            let ci = std::env::var("CI").as_deref() == Ok("true");
            assert!(!ci, "COUNTERSIGN_TEST_PYTHON is not set: mail would be left out");
            println!("COUNTERSIGN_TEST_PYTHON is not set: mail is left out");
            return None;
        };
        let directory = tempfile::tempdir().expect("a temporary directory");
        let (certificate, key) = authority.pem(&manner.names);
        let files = HashMap::from([("certificate", certificate), ("key", key)]);
        for (name, pem) in &files {
            std::fs::write(directory.path().join(name), pem).expect("is written");
        }
        let users = (manner.lets_in == LetsIn::WhoHasThePassword).then(|| json!({ USER: PASSWORD }));
        let given = json!({
            "security": manner.security,
            "certificate": (manner.security != "none").then(|| directory.path().join("certificate")),
            "key": directory.path().join("key"),
            "users": users,
            "refuse": manner.refuse,
            "port": manner.port,
        });
        let mut child = Command::new(python)
            .arg(SCRIPT)
            .arg(given.to_string())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("PYTHONWARNINGS", "ignore")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the mail server starts");
        let told = Arc::new(Mutex::new(Vec::new()));
        let (lines, listener) = (BufReader::new(child.stdout.take().expect("is piped")).lines(), Arc::clone(&told));
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let event = serde_json::from_str(&line).expect("a JSON line");
                listener.lock().expect("is never poisoned").push(event);
            }
        });
        let mut server = Self { port: 0, child, told, _certificate: directory };
        server.port = server.listening();
        Some(server)
    }

    fn listening(&mut self) -> u16 {
        let began = Instant::now();
        loop {
            if let Some(event) = self.events("listening").first() {
                return event["port"].as_u64().and_then(|port| u16::try_from(port).ok()).expect("a port");
            }
            let ended = self.child.try_wait().expect("a process of ours");
            assert!(ended.is_none(), "the mail server ended: {ended:?}");
            assert!(began.elapsed() < Duration::from_secs(20), "the mail server does not listen");
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// What was told of this kind: `mail` (somebody began one), `auth`, `starttls`.
    pub fn events(&self, kind: &str) -> Vec<Value> {
        let told = self.told.lock().expect("is never poisoned");
        told.iter().filter(|event| event["event"] == kind).cloned().collect()
    }

    /// The messages that it took.
    pub fn messages(&self) -> Vec<Message> {
        self.events("message").iter().map(read).collect()
    }

    /// The settings that lead to this server, by the name that is in its certificate.
    pub fn settings(&self, authority: &Authority, security: MailSecurity) -> MailConfig {
        MailConfig {
            transport: MailTransport::Smtp,
            from: "accounts@example.com".to_owned(),
            host: "localhost".to_owned(),
            port: self.port,
            security,
            ca_file: Some(authority.file().to_owned()),
            timeout_ms: 5_000,
            ..MailConfig::default()
        }
    }

    /// The same, signed in.
    pub fn settings_signed_in(&self, authority: &Authority, security: MailSecurity) -> MailConfig {
        MailConfig {
            username: Some(USER.to_owned()),
            password: Some(SecretString::new(PASSWORD.to_owned())),
            ..self.settings(authority, security)
        }
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Message {
    /// The values of all headers of this name.
    pub fn all(&self, name: &str) -> Vec<&str> {
        let of_name = self.headers.iter().filter(|(header, _)| header.eq_ignore_ascii_case(name));
        of_name.map(|(_, value)| value.as_str()).collect()
    }
}

fn read(event: &Value) -> Message {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let list = |value: &Value| value.as_array().into_iter().flatten().map(text).collect::<Vec<_>>();
    let headers = event["headers"].as_array().into_iter().flatten();
    Message {
        tls: event["tls"] == json!(true),
        user: event["user"].as_str().map(str::to_owned),
        sender: text(&event["sender"]),
        recipients: list(&event["recipients"]),
        headers: headers.map(|pair| (text(&pair[0]), text(&pair[1]))).collect(),
        defects: list(&event["defects"]),
        text: text(&event["text"]),
        html: text(&event["html"]),
        raw: text(&event["raw"]),
    }
}
