//! A certificate authority of our own, for networks without a public one: made once, kept in one file, trusted by whom it is
//! handed to (`countersign tls export-ca`).
//!
//! The server's certificate is never stored: each start makes one with a fresh key, and a running server replaces it long
//! before it ends. So there is one secret to keep, and nothing to renew by hand.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use auth::config::TlsKeyType;
use protocol::time::{Seconds, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_RSA_SHA256, RsaKeySize,
};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;
use time::OffsetDateTime;

use super::TlsError;

const FILE: &str = "authority.pem";
const AUTHORITY_LIFETIME: Seconds = Seconds::days(10 * 365);
const CERTIFICATE_LIFETIME: Seconds = Seconds::days(30);
/// Clients whose clock is slow accept a new certificate all the same.
const BACKDATED: Seconds = Seconds::hours(1);
/// A running server replaces its certificate when it is that old.
pub const RENEW_AFTER: Seconds = Seconds::days(10);

pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate_pem: String,
}

impl Authority {
    /// Opens the authority of a directory; makes it when there is none.
    pub fn open(directory: &Path, now: Timestamp) -> Result<Self, TlsError> {
        if let Some(authority) = Self::find(directory)? {
            return Ok(authority);
        }
        let file = directory.join(FILE);
        make(directory, &file, now)?;
        Self::read(&file)
    }

    /// The authority of a directory, if it was made already.
    pub fn find(directory: &Path) -> Result<Option<Self>, TlsError> {
        let file = directory.join(FILE);
        let exists = file.try_exists().map_err(|error| broken(&file, error))?;
        exists.then(|| Self::read(&file)).transpose()
    }

    fn read(file: &Path) -> Result<Self, TlsError> {
        let metadata = fs::metadata(file).map_err(|error| broken(file, error))?;
        if metadata.mode() & 0o077 != 0 {
            return Err(broken(file, format!("others may read it; run chmod 600 {}", file.display())));
        }
        let pem = fs::read(file).map_err(|error| broken(file, error))?;
        let certificate = CertificateDer::from_pem_slice(&pem).map_err(|error| broken(file, error))?;
        let key = PrivateKeyDer::from_pem_slice(&pem).map_err(|error| broken(file, error))?;
        let key = KeyPair::try_from(&key)?;
        let issuer = Issuer::from_ca_cert_der(&certificate, key)?;
        let certificate_pem = certificate_part(&String::from_utf8_lossy(&pem));
        Ok(Self { issuer, certificate_pem })
    }

    /// What clients have to trust. Holds no secret.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// A certificate for these names, with a key of its own.
    pub fn issue(&self, names: &[String], key_type: TlsKeyType, now: Timestamp) -> Result<CertifiedKey, TlsError> {
        let key = new_key(key_type)?;
        let mut params = CertificateParams::new(names)?;
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, names.first().map_or("countersign", String::as_str));
        (params.not_before, params.not_after) = (date(now - BACKDATED), date(now + CERTIFICATE_LIFETIME));
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&key, &self.issuer)?;
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        Ok(CertifiedKey::from_der(vec![certificate.into()], key, &aws_lc_rs::default_provider())?)
    }
}

fn new_key(key_type: TlsKeyType) -> Result<KeyPair, rcgen::Error> {
    match key_type {
        TlsKeyType::Ecdsa => KeyPair::generate(),
        TlsKeyType::Rsa => KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048),
    }
}

/// Writes a new authority. Whole or not at all, and of two starts at once only the first one wins.
fn make(directory: &Path, file: &Path, now: Timestamp) -> Result<(), TlsError> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "Countersign authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    (params.not_before, params.not_after) = (date(now - BACKDATED), date(now + AUTHORITY_LIFETIME));
    let certificate = params.self_signed(&key)?;

    DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(|error| broken(directory, error))?;
    let draft = draft_beside(file);
    let text = format!("{}{}", certificate.pem(), key.serialize_pem());
    let outcome = write_secret(&draft, &text).and_then(|()| fs::hard_link(&draft, file));
    // The draft was only a step; the link is what stays.
    let _ = fs::remove_file(&draft);
    match outcome {
        Err(error) if error.kind() == ErrorKind::AlreadyExists && file.exists() => Ok(()),
        other => other.map_err(|error| broken(file, error)),
    }
}

fn draft_beside(file: &Path) -> PathBuf {
    file.with_extension(format!("{}.draft", std::process::id()))
}

fn write_secret(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn certificate_part(pem: &str) -> String {
    const END: &str = "-----END CERTIFICATE-----";
    let end = pem.find(END).map_or(0, |at| at + END.len());
    format!("{}\n", &pem[..end])
}

fn date(at: Timestamp) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(at.0).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

fn broken(path: &Path, reason: impl ToString) -> TlsError {
    TlsError::File { path: path.to_owned(), reason: reason.to_string() }
}
