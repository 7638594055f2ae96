//! Hands one mail over: to a mail server (SMTP, RFC 5321), or to the mailbox of development.
//!
//! TLS is verified against the name in `mail.host`, and there is no way on in the clear: with `starttls` a server that does not
//! offer it, or fails at it, gets nothing (RFC 8314 §5.2 warns of the attack that strips the offer). Each mail has a connection
//! of its own and a limit of time for all of it. There is one place that knows `lettre`: this file, and the address.

use std::fs;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox as Named, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::{self, AsyncSmtpTransport};
use lettre::{AsyncTransport as _, Message, Tokio1Executor};
use protocol::ids::MailId;
use protocol::mail::Outcome;
use protocol::time::Timestamp;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use store::mailbox::Received;
use store::{Store, mailbox};
use tokio::time::timeout;
use url::Url;

use super::{Mailbox, Parcel};
use crate::config::{Config, MailConfig, MailSecurity, MailTransport, Problem};

/// What is kept of an error.
const MAX_ERROR: usize = 400;

pub(super) enum Transport {
    Off,
    Mailbox,
    Smtp(Box<Smtp>),
}

pub(super) struct Smtp {
    server: AsyncSmtpTransport<Tokio1Executor>,
    from: Named,
    domain: String,
    limit: Duration,
    limit_ms: u64,
}

/// Why a mail was not taken over.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub struct Failure {
    pub reason: String,
    pub(super) outcome: Outcome,
    pub(super) concerns: Concerns,
}

/// Whom a failure says something about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Concerns {
    ThisMail,
    /// The next mail would fare the same.
    EveryMail,
}

impl Transport {
    pub(super) fn new(config: &Config) -> Result<Self, Problem> {
        match config.mail.transport {
            MailTransport::Off => Ok(Self::Off),
            MailTransport::Mailbox => Ok(Self::Mailbox),
            MailTransport::Smtp => Smtp::new(config).map(Box::new).map(Self::Smtp),
        }
    }

    /// Returns when somebody else answers for the mail.
    pub(super) async fn hand_over(
        &self,
        store: &Store,
        id: &MailId,
        parcel: &Parcel,
        now: Timestamp,
    ) -> Result<(), Failure> {
        match self {
            Self::Off => Err(Failure::of_every_mail("mail is off".to_owned())),
            Self::Mailbox => {
                let received = Received {
                    id: id.clone(),
                    recipient: parcel.to.clone(),
                    subject: parcel.written.subject.clone(),
                    text: parcel.written.text.clone(),
                    html: parcel.written.html.clone(),
                    received_at: now,
                };
                mailbox::insert(store, &received).await.map_err(|error| Failure::of_every_mail(error.to_string()))
            }
            Self::Smtp(smtp) => smtp.send(id, parcel, now).await,
        }
    }
}

impl Smtp {
    fn new(config: &Config) -> Result<Self, Problem> {
        let mail = &config.mail;
        let from = Mailbox::parse(&mail.from).ok_or_else(|| Problem {
            key: "mail.from",
            reason: format!("{:?} is not an e-mail address alone", mail.from),
            fix: "write for example \"accounts@example.com\"".into(),
        })?;
        let mut server = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(mail.host.as_str())
            .port(mail.port)
            .tls(tls(mail)?)
            .timeout(Some(Duration::from_millis(mail.timeout_ms)));
        // RFC 5321 §4.1.1.1: "The argument clause contains the fully-qualified domain name of the SMTP client".
        let issuer = Url::parse(config.server.issuer.as_str()).ok();
        if let Some(host) = issuer.as_ref().and_then(Url::host_str) {
            server = server.hello_name(ClientId::Domain(host.to_owned()));
        }
        if let (Some(username), Some(password)) = (&mail.username, &mail.password) {
            server = server.credentials(Credentials::new(username.clone(), password.expose().clone()));
        }
        Ok(Self {
            server: server.build(),
            domain: from.domain().to_owned(),
            from: Named::new(Some(one_line(&config.branding.name)), from.address()),
            limit: Duration::from_millis(mail.timeout_ms),
            limit_ms: mail.timeout_ms,
        })
    }

    async fn send(&self, id: &MailId, parcel: &Parcel, now: Timestamp) -> Result<(), Failure> {
        let message = self.compose(id, parcel, now)?;
        match timeout(self.limit, self.server.send(message)).await {
            Ok(Ok(_response)) => Ok(()),
            Ok(Err(error)) => Err(Failure::from_server(&error, &parcel.to)),
            Err(_elapsed) => {
                Err(Failure::of_every_mail(format!("the mail server took longer than {} ms", self.limit_ms)))
            }
        }
    }

    /// The id is the same at each try, so that a recipient's server can tell a mail that it got twice.
    fn compose(&self, id: &MailId, parcel: &Parcel, now: Timestamp) -> Result<Message, Failure> {
        let bad = |what: &str| Failure {
            reason: format!("the mail could not be composed: {what}"),
            outcome: Outcome::Refused,
            concerns: Concerns::ThisMail,
        };
        let to = Mailbox::parse(&parcel.to).ok_or_else(|| bad("its recipient is no address"))?;
        let written = &parcel.written;
        let sent_at = UNIX_EPOCH + Duration::from_secs(u64::try_from(now.0).unwrap_or_default());
        let part = |kind: ContentType, body: &str| {
            SinglePart::builder()
                .header(kind)
                .header(ContentTransferEncoding::QuotedPrintable)
                .body(body.replace('\n', "\r\n"))
        };
        // The boundary is no text that a body of ours could hold.
        let bodies = MultiPart::alternative()
            .boundary(format!("=_{id}_="))
            .singlepart(part(ContentType::TEXT_PLAIN, &written.text))
            .singlepart(part(ContentType::TEXT_HTML, &written.html));
        let mut message = Message::builder()
            .from(self.from.clone())
            .to(Named::new(None, to.address()))
            .subject(one_line(&written.subject))
            .date(sent_at)
            .message_id(Some(format!("<{id}@{}>", self.domain)))
            .multipart(bodies)
            .map_err(|error| bad(&error.to_string()))?;
        // RFC 3834 §5: so that nobody's out-of-office note answers.
        let raw = |name| HeaderName::new_from_ascii_str(name);
        message.headers_mut().insert_raw(HeaderValue::new(raw("Auto-Submitted"), "auto-generated".to_owned()));
        message.headers_mut().insert_raw(HeaderValue::new(raw("Content-Language"), written.language.clone()));
        Ok(message)
    }
}

impl Failure {
    fn of_every_mail(reason: String) -> Self {
        Self { reason, outcome: Outcome::Failed, concerns: Concerns::EveryMail }
    }

    /// The recipient is nobody's business who reads the log.
    fn from_server(error: &smtp::Error, recipient: &str) -> Self {
        let status = error.status().map(u16::from);
        let outcome = match status {
            // The recipient or the sender is not wanted, or cannot be written to.
            Some(501 | 550 | 551 | 553 | 556) => Outcome::Refused,
            _ => Outcome::Failed,
        };
        let concerns = match status {
            // RFC 5321 §3.8: "421 response code [...] service shutting down". 530, 534, 535, 538 (RFC 4954): we are not let in.
            Some(421 | 454 | 530 | 534 | 535 | 538) | None => Concerns::EveryMail,
            Some(_) => Concerns::ThisMail,
        };
        let said = one_line(&error.to_string()).replace(recipient, "(the recipient)");
        Self { reason: said.chars().take(MAX_ERROR).collect(), outcome, concerns }
    }
}

fn tls(mail: &MailConfig) -> Result<Tls, Problem> {
    if mail.security == MailSecurity::None {
        return Ok(Tls::None);
    }
    let problem = |reason: String| Problem {
        key: "mail.host",
        reason: format!("no TLS can be set up for it: {reason}"),
        fix: "write the name of the mail server as its certificate has it".into(),
    };
    let mut parameters = TlsParameters::builder(mail.host.clone());
    for authority in mail.ca_file.as_deref().map_or(Ok(Vec::new()), read_authorities)? {
        parameters = parameters.add_root_certificate(authority);
    }
    let parameters = parameters.build_rustls().map_err(|error| problem(error.to_string()))?;
    Ok(match mail.security {
        MailSecurity::Tls => Tls::Wrapper(parameters),
        MailSecurity::Starttls | MailSecurity::None => Tls::Required(parameters),
    })
}

/// Certificates that a PEM file holds, each of them fit to verify others with.
fn read_authorities(file: &Path) -> Result<Vec<Certificate>, Problem> {
    let problem = |reason: String| Problem {
        key: "mail.ca_file",
        reason: format!("{}: {reason}", file.display()),
        fix: "name a PEM file with the certificates of the authorities".into(),
    };
    let pem = fs::read(file).map_err(|error| problem(error.to_string()))?;
    let mut trusted = RootCertStore::empty();
    let mut authorities = Vec::new();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| problem(error.to_string()))?;
        trusted.add(certificate.clone()).map_err(|error| problem(error.to_string()))?;
        authorities.push(Certificate::from_der(certificate.to_vec()).map_err(|error| problem(error.to_string()))?);
    }
    if authorities.is_empty() {
        return Err(problem("there is no certificate in it".to_owned()));
    }
    Ok(authorities)
}

/// RFC 5322 §2.2: a header ends with its line, so a text that goes into one has one line.
fn one_line(text: &str) -> String {
    text.split(|c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')).collect::<Vec<_>>().join(" ")
}
