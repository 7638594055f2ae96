//! A certificate chain and its private key from PEM files that somebody else renews.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use super::TlsError;

/// Permission bits of those who are neither the owner nor in the group of a file.
const OTHERS: u32 = 0o007;

#[derive(Debug)]
pub struct PemFiles {
    certificate: PathBuf,
    private_key: PathBuf,
}

/// Tells whether the files are still the same. A file that is missing for a moment has a stamp too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp([Option<(i64, i64, u64, u64)>; 2]);

impl PemFiles {
    pub fn new(certificate: &Path, private_key: &Path) -> Self {
        Self { certificate: certificate.to_owned(), private_key: private_key.to_owned() }
    }

    pub fn stamp(&self) -> Stamp {
        Stamp([&self.certificate, &self.private_key].map(|file| {
            let metadata = fs::metadata(file).ok()?;
            Some((metadata.mtime(), metadata.mtime_nsec(), metadata.ino(), metadata.len()))
        }))
    }

    /// Refuses a pair that does not belong together, and a key that everybody may read.
    pub fn load(&self) -> Result<CertifiedKey, TlsError> {
        let unreadable = |path: &Path, reason: String| TlsError::File { path: path.to_owned(), reason };
        let bytes = fs::read(&self.certificate).map_err(|error| unreadable(&self.certificate, error.to_string()))?;
        let chain = CertificateDer::pem_slice_iter(&bytes)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| unreadable(&self.certificate, error.to_string()))?;
        if chain.is_empty() {
            return Err(unreadable(&self.certificate, "there is no certificate in it".to_owned()));
        }
        self.refuse_a_public_key_file()?;
        let key = PrivateKeyDer::from_pem_file(&self.private_key)
            .map_err(|error| unreadable(&self.private_key, format!("there is no usable private key in it: {error}")))?;
        Ok(CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider())?)
    }

    fn refuse_a_public_key_file(&self) -> Result<(), TlsError> {
        let path = &self.private_key;
        let refuse = |reason: String| Err(TlsError::File { path: path.clone(), reason });
        match fs::metadata(path) {
            Err(error) => refuse(error.to_string()),
            Ok(metadata) if metadata.mode() & OTHERS != 0 => {
                refuse(format!("everybody on this machine may read it; run chmod o= {}", path.display()))
            }
            Ok(_) => Ok(()),
        }
    }
}
