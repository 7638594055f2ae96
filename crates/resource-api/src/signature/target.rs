//! Where a request goes (RFC 9110 §7.1): the configured public URL of the API, and the path and query of this request. The
//! `Host` field is never believed, only compared.

use url::Url;

use super::error::SignatureError;

/// How callers reach the API: scheme, authority and the path below which it lives.
#[derive(Clone, Debug)]
pub struct PublicUrl {
    scheme: &'static str,
    /// Lower case, without the default port.
    authority: String,
    default_port: &'static str,
    /// Without a slash at its end: empty, or `/api`.
    prefix: String,
}

/// Why a URL is none where an API can be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a public URL is http(s)://host[:port][/path], without user, query and fragment")]
pub struct InvalidPublicUrl;

/// The parts of a target URI.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target<'r> {
    public: &'r PublicUrl,
    /// Path and query as they came, beginning with a slash.
    origin_form: &'r str,
}

impl PublicUrl {
    /// Of a URL as `https://api.example/v1`.
    pub fn new(url: &Url) -> Result<Self, InvalidPublicUrl> {
        let (scheme, default_port) = match url.scheme() {
            "https" => ("https", ":443"),
            "http" => ("http", ":80"),
            _ => return Err(InvalidPublicUrl),
        };
        let plain = url.username().is_empty() && url.password().is_none();
        let host = url.host_str().filter(|_| plain && url.query().is_none() && url.fragment().is_none());
        let host = host.ok_or(InvalidPublicUrl)?;
        // `Url` has put the host into lower case and left out a default port (RFC 9110 §4.2.3).
        let authority = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        Ok(Self { scheme, authority, default_port, prefix: url.path().trim_end_matches('/').to_owned() })
    }

    /// Whether a `Host` field names this authority, in any case and with or without the default port.
    pub(super) fn is_host(&self, host: &[u8]) -> bool {
        let Ok(host) = std::str::from_utf8(host) else { return false };
        let host = host.trim_matches([' ', '\t']).to_ascii_lowercase();
        host == self.authority || host.strip_suffix(self.default_port) == Some(self.authority.as_str())
    }
}

impl<'r> Target<'r> {
    /// `origin_form` is the request target of RFC 9112 §3.2.1, octet by octet. The other forms are for proxies and not served.
    pub(super) fn new(public: &'r PublicUrl, origin_form: &'r str) -> Result<Self, SignatureError> {
        let clean = origin_form.starts_with('/')
            && origin_form.bytes().all(|byte| (0x21..=0x7e).contains(&byte) && byte != b'#');
        if clean { Ok(Self { public, origin_form }) } else { Err(SignatureError::Target) }
    }

    /// §2.2.2
    pub(super) fn uri(&self) -> String {
        format!("{}://{}{}", self.public.scheme, self.public.authority, self.request_target())
    }

    /// §2.2.3
    pub(super) fn authority(&self) -> &'r str {
        &self.public.authority
    }

    /// §2.2.4
    pub(super) fn scheme(&self) -> &'static str {
        self.public.scheme
    }

    /// §2.2.5, in origin form.
    pub(super) fn request_target(&self) -> String {
        format!("{}{}", self.public.prefix, self.origin_form)
    }

    /// §2.2.6: never empty, nothing decoded.
    pub(super) fn path(&self) -> String {
        let (path, _) = self.split();
        format!("{}{path}", self.public.prefix)
    }

    /// What stands behind the question mark, if there is one.
    pub(super) fn query(&self) -> Option<&'r str> {
        self.split().1
    }

    fn split(&self) -> (&'r str, Option<&'r str>) {
        match self.origin_form.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (self.origin_form, None),
        }
    }
}
