//! What all questions to others have in common: the one HTTP client of this crate with its limits, the addresses that may be asked,
//! and bodies that are read up to a size. Also which origins count, because the same places are safe there.
//!
//! https, or http between loopback addresses; no redirects; three seconds. Who is asked what is decided in `token/outbound.rs`,
//! `introspection/wire.rs` and `bff/`.

use std::time::Duration;

use futures_util::stream::{self, Stream};
use futures_util::{StreamExt as _, pin_mut};
use protocol::http_url::is_loopback;
use protocol::issuer::Issuer;
use reqwest::{Certificate, Client, Response, redirect};
use url::Url;

/// For a whole question and its answer.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(3);

/// Why there is no HTTP client.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// `extra_ca` is there, and holds none.
    #[error("the extra authority has no PEM certificate in it")]
    NoCertificate,
    /// The certificates, of `extra_ca` or of the system, cannot be used.
    #[error("{}", causes(.0))]
    Tls(#[from] reqwest::Error),
}

/// Why a body was not read to its end.
#[derive(Debug)]
pub(crate) enum Unread<E> {
    TooLarge,
    Ended(E),
}

/// For an issuer, or another address to ask: on https, or on this machine. `extra_ca`: PEM certificates to trust beside the system's.
#[expect(clippy::disallowed_methods, reason = "the one HTTP client of this crate, with all its limits")]
pub(crate) fn client(address: &str, extra_ca: Option<&[u8]>) -> Result<Client, ClientError> {
    let mut builder = Client::builder()
        .timeout(TIMEOUT)
        .redirect(redirect::Policy::none())
        .user_agent(concat!("countersign-resource-api/", env!("CARGO_PKG_VERSION")));
    let extra = match extra_ca.map(Certificate::from_pem_bundle).transpose()? {
        Some(certificates) if certificates.is_empty() => return Err(ClientError::NoCertificate),
        certificates => certificates.unwrap_or_default(),
    };
    builder = if address.starts_with("https:") {
        builder.https_only(true).tls_certs_merge(extra)
    } else {
        // Plain http on loopback needs neither a proxy nor authorities, which a bare container may not have.
        builder.no_proxy().tls_certs_only(extra)
    };
    Ok(builder.build()?)
}

/// The body of an answer, at most so many bytes.
pub(crate) async fn body_of(answer: Response, most: usize) -> Result<Vec<u8>, Unread<reqwest::Error>> {
    let chunks = stream::try_unfold(answer, async |mut answer| {
        let chunk = answer.chunk().await?;
        Ok(chunk.map(|chunk| (chunk, answer)))
    });
    read(chunks, most).await
}

/// A body in pieces, at most so many bytes.
pub(crate) async fn read<C: AsRef<[u8]>, E>(
    chunks: impl Stream<Item = Result<C, E>>,
    most: usize,
) -> Result<Vec<u8>, Unread<E>> {
    pin_mut!(chunks);
    let mut body = Vec::new();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(Unread::Ended)?;
        let chunk = chunk.as_ref();
        if body.len() + chunk.len() > most {
            return Err(Unread::TooLarge);
        }
        body.extend_from_slice(chunk);
    }
    Ok(body)
}

/// The error and everything below it: "connection refused" stands at the bottom.
pub(crate) fn causes(error: &dyn std::error::Error) -> String {
    std::iter::successors(error.source(), |error| error.source())
        .fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// https, or http on loopback.
pub(crate) fn is_secure(url: &Url) -> bool {
    url.scheme() == "https" || (url.scheme() == "http" && url.host_str().is_some_and(is_loopback))
}

/// Whether secrets and tokens may go to an address that an issuer names: https, or on loopback for an issuer that lives there.
pub(crate) fn may_ask(issuer: &Issuer, url: &Url) -> bool {
    url.scheme() == "https" || (!issuer.is_https() && is_secure(url))
}

/// Exactly what a browser sends in `Origin`, over https or, for development, http on loopback.
pub(crate) fn is_origin(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| is_secure(&url) && url.origin().ascii_serialization() == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_exactly_what_a_browser_sends() {
        for origin in
            ["https://app.example", "https://app.example:8443", "http://127.0.0.1:9000", "http://localhost:9000"]
        {
            assert!(is_origin(origin), "{origin}");
        }
        for origin in [
            "*",
            "null",
            "https://app.example/",
            "https://App.example",
            "http://app.example",
            "app.example",
            "https://a/b",
        ] {
            assert!(!is_origin(origin), "{origin}");
        }
    }

    #[tokio::test]
    async fn a_body_is_read_up_to_a_size() {
        let pieces = |pieces: &[Result<&'static str, ()>]| stream::iter(pieces.to_vec());
        assert_eq!(read(pieces(&[Ok("ab"), Ok("cd")]), 4).await.expect("fits"), b"abcd");
        assert!(matches!(read(pieces(&[Ok("ab"), Ok("cd")]), 3).await, Err(Unread::TooLarge)));
        assert!(matches!(read(pieces(&[Ok("ab"), Err(())]), 4).await, Err(Unread::Ended(()))));
    }
}
