//! `[mail]`: how mail to people leaves the house.

use std::path::PathBuf;

use protocol::issuer::Issuer;
use protocol::secret::SecretString;
use serde::{Deserialize, Serialize, Serializer};

use super::problem::{Problem, within};
use crate::mail::address::Mailbox;

/// Mail to people: links, codes and notices. What cannot be sent at once is tried again for as long as it is of use.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct MailConfig {
    /// `off` sends nothing, and whatever needs mail is not offered; `smtp` hands mail to a mail server; `mailbox` keeps it in
    /// the database and shows it at `/dev/mailbox`, for development on one machine only.
    pub transport: MailTransport,

    /// The sender, an address without a name: what stands before it is `branding.name`. Answers go there too.
    pub from: String,

    /// The mail server, by the name that is in its certificate.
    pub host: String,

    /// Usually 587 with `starttls`, 465 with `tls`.
    pub port: u16,

    /// `tls` encrypts from the first byte, `starttls` after a greeting; either verifies the certificate, and neither ever goes
    /// on in the clear. `none` encrypts nothing and is for a mail server on this machine.
    pub security: MailSecurity,

    /// The name to sign in to the mail server with; without one it is not signed in to.
    pub username: Option<String>,

    /// The password to `username`.
    #[serde(serialize_with = "hidden")]
    pub password: Option<SecretString>,

    /// A PEM file with certificate authorities that are trusted beside those of the system. Read at start.
    pub ca_file: Option<PathBuf>,

    /// Time for the mail server to take a mail over: name, connection, TLS, sign-in, all of it.
    /// Unit: milliseconds.
    pub timeout_ms: u64,

    /// How long to wait after the first try that failed, the second and so on; the last one repeats. A mail is given up after
    /// a day, or when what is in it has expired.
    /// Unit: seconds.
    pub retry_after: Vec<u64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MailTransport {
    #[default]
    Off,
    Smtp,
    Mailbox,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MailSecurity {
    Tls,
    #[default]
    Starttls,
    None,
}

/// Shown instead of a secret.
#[expect(clippy::ref_option, reason = "serde passes a field like this")]
fn hidden<S: Serializer>(secret: &Option<SecretString>, serializer: S) -> Result<S::Ok, S::Error> {
    match secret {
        Some(_) => serializer.serialize_str("(secret)"),
        None => serializer.serialize_none(),
    }
}

impl Default for MailConfig {
    fn default() -> Self {
        Self {
            transport: MailTransport::Off,
            from: String::new(),
            host: String::new(),
            port: 587,
            security: MailSecurity::Starttls,
            username: None,
            password: None,
            ca_file: None,
            timeout_ms: 30_000,
            retry_after: vec![5, 30, 120, 600, 1_800, 3_600],
        }
    }
}

impl MailConfig {
    pub(super) fn check(&self, issuer: &Issuer, problems: &mut Vec<Problem>) {
        within(problems, "mail.timeout_ms", self.timeout_ms, 1_000..=120_000);
        for pause in &self.retry_after {
            within(problems, "mail.retry_after", *pause, 1..=86_400);
        }
        if self.retry_after.is_empty() || self.retry_after.len() > 20 {
            problems.push(Problem::new("mail.retry_after", "has no pause or too many", "write 1 to 20 numbers"));
        }
        match self.transport {
            MailTransport::Off => {}
            MailTransport::Smtp => self.check_smtp(problems),
            MailTransport::Mailbox if issuer.is_loopback() => self.check_from(problems),
            MailTransport::Mailbox => problems.push(Problem::new(
                "mail.transport",
                "\"mailbox\" shows everybody's mail to everybody, and this server is not for this machine alone",
                "set \"smtp\" and name a mail server, or \"off\"",
            )),
        }
    }

    fn check_smtp(&self, problems: &mut Vec<Problem>) {
        self.check_from(problems);
        within(problems, "mail.port", self.port, 1..=u16::MAX);
        if !is_host(&self.host) {
            problems.push(Problem::new(
                "mail.host",
                format!("{:?} is neither a host name nor an address", self.host),
                "write the name of the mail server, for example \"mail.example.com\"",
            ));
        }
        if self.security == MailSecurity::None && !is_loopback(&self.host) {
            problems.push(Problem::new(
                "mail.security",
                format!("\"none\" would send links and codes to {} for everybody in between to read", self.host),
                "set \"starttls\" or \"tls\"",
            ));
        }
        match (&self.username, &self.password) {
            (Some(_), Some(_)) | (None, None) => {}
            (Some(_), None) => problems.push(Problem::new(
                "mail.password",
                "is missing, but there is a mail.username",
                "set it, best as { file = \"…\" }",
            )),
            (None, Some(_)) => problems.push(Problem::new(
                "mail.username",
                "is missing, but there is a mail.password",
                "set the name that the password is for",
            )),
        }
    }

    fn check_from(&self, problems: &mut Vec<Problem>) {
        if Mailbox::parse(&self.from).is_none() {
            problems.push(Problem::new(
                "mail.from",
                format!("{:?} is not an e-mail address alone", self.from),
                "write for example \"accounts@example.com\"; the name before it is branding.name",
            ));
        }
    }
}

fn is_host(host: &str) -> bool {
    let plain = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'_'));
    plain && (1..=253).contains(&host.len()) && (!host.contains(':') || host.parse::<std::net::Ipv6Addr>().is_ok())
}

/// Whether a connection to this host stays on the machine.
fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn smtp() -> MailConfig {
        MailConfig {
            transport: MailTransport::Smtp,
            from: "accounts@example.com".to_owned(),
            host: "mail.example.com".to_owned(),
            ..MailConfig::default()
        }
    }

    fn keys(config: &MailConfig, issuer: &str) -> Vec<&'static str> {
        let mut problems = Vec::new();
        config.check(&Issuer::parse(issuer).expect("an issuer"), &mut problems);
        problems.iter().map(|problem| problem.key).collect()
    }

    fn here(config: &MailConfig) -> Vec<&'static str> {
        keys(config, "https://id.example.com")
    }

    #[test]
    fn by_default_no_mail_is_sent_and_nothing_is_wrong() {
        assert!(here(&MailConfig::default()).is_empty());
        assert_eq!(MailConfig::default().transport, MailTransport::Off);
        assert!(here(&smtp()).is_empty());
    }

    #[test]
    fn the_sender_is_an_address_alone() {
        for from in ["", "accounts", "Accounts <accounts@example.com>", "a@example.com\r\nBcc: b@example.com", "a@b@c"]
        {
            assert_eq!(here(&MailConfig { from: from.to_owned(), ..smtp() }), ["mail.from"], "{from:?}");
        }
    }

    #[test]
    fn links_go_in_the_clear_on_this_machine_only() {
        let open = |host: &str| MailConfig { security: MailSecurity::None, host: host.to_owned(), ..smtp() };
        for host in ["localhost", "127.0.0.1", "::1"] {
            assert!(here(&open(host)).is_empty(), "{host}");
        }
        for host in ["mail.example.com", "10.0.0.5", "localhost.example.com"] {
            assert_eq!(here(&open(host)), ["mail.security"], "{host}");
        }
        assert_eq!(here(&MailConfig { host: "mail.example.com:587".to_owned(), ..smtp() }), ["mail.host"]);
    }

    #[test]
    fn a_name_and_its_password_come_together() {
        let secret = || Some(SecretString::new("hush".to_owned()));
        let name = || Some("accounts".to_owned());
        assert!(here(&MailConfig { username: name(), password: secret(), ..smtp() }).is_empty());
        assert_eq!(here(&MailConfig { username: name(), ..smtp() }), ["mail.password"]);
        assert_eq!(here(&MailConfig { password: secret(), ..smtp() }), ["mail.username"]);
    }

    #[test]
    fn the_mailbox_is_for_one_machine() {
        let mailbox = MailConfig { transport: MailTransport::Mailbox, ..smtp() };
        assert_eq!(here(&mailbox), ["mail.transport"]);
        assert!(keys(&mailbox, "http://localhost:8080").is_empty());
    }

    #[test]
    fn pauses_and_the_time_limit_are_sensible() {
        assert_eq!(here(&MailConfig { retry_after: vec![], ..smtp() }), ["mail.retry_after"]);
        assert_eq!(here(&MailConfig { retry_after: vec![5, 0], ..smtp() }), ["mail.retry_after"]);
        assert_eq!(here(&MailConfig { timeout_ms: 0, ..smtp() }), ["mail.timeout_ms"]);
    }

    #[test]
    fn the_password_is_never_printed() {
        let config = MailConfig { password: Some(SecretString::new("hunter2".to_owned())), ..smtp() };
        assert!(!format!("{config:?}").contains("hunter2"));
        assert!(!serde_json::to_string(&config).expect("is plain data").contains("hunter2"));
    }
}
