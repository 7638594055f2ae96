//! An authenticator app as others write it: reads the address in the picture, shows codes.

use protocol::time::Timestamp;
use totp_rs::Totp;

/// An app that scanned a picture.
pub struct OtpApp(Totp);

impl OtpApp {
    /// From the `otpauth:` address that the picture holds.
    pub fn scan(uri: &str) -> Self {
        Self(Totp::from_url(uri).expect("an address that apps understand"))
    }

    /// From the secret that somebody typed, in groups or not.
    pub fn typed(secret: &str) -> Self {
        let secret: String = secret.chars().filter(|c| !c.is_whitespace()).collect();
        Self::scan(&format!("otpauth://totp/Test:test?secret={secret}&issuer=Test"))
    }

    pub fn issuer(&self) -> Option<&str> {
        self.0.issuer()
    }

    /// What it shows at this time.
    pub fn code(&self, now: Timestamp) -> String {
        self.0.generate(u64::try_from(now.0).expect("a time after 1970")).to_string()
    }
}
