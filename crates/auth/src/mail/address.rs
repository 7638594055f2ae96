//! One e-mail address that mail can go to. What is not one does not become a [`Mailbox`], so no header of a mail can be written
//! by whoever types an address (ASVS 1.3.11).
//!
//! Only the plain form is taken: `local@domain`, no name before it, no comment, no quotes, no address literal. RFC 5321 §4.1.2
//! allows more, and "a host that expects to receive mail SHOULD avoid defining mailboxes where the Local-part requires (or uses)
//! the Quoted-string form". A domain in another script is turned into the form that the DNS knows (`xn--…`); a local part in
//! another script would need SMTPUTF8 (RFC 6531) at every mail server on the way, and is refused.

use std::fmt;

use lettre::Address;
use url::Host;

/// RFC 5321 §4.5.3.1: "The maximum total length of a user name or other local-part is 64 octets"; of a path 256, with `<` and `>`.
const MAX_LOCAL: usize = 64;
const MAX_ADDRESS: usize = 254;
/// RFC 1035 §2.3.4.
const MAX_LABEL: usize = 63;

#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Mailbox(Address);

impl Mailbox {
    /// `None` for everything but one address. The domain is written in lower case, the local part as it came.
    pub fn parse(text: &str) -> Option<Self> {
        let (local, domain) = text.split_once('@')?;
        let domain = ascii_domain(domain)?;
        if !is_dot_atom(local) || local.len() > MAX_LOCAL || local.len() + 1 + domain.len() > MAX_ADDRESS {
            return None;
        }
        Address::new(local, domain).ok().map(Self)
    }

    pub fn as_str(&self) -> &str {
        self.0.as_ref()
    }

    pub fn domain(&self) -> &str {
        self.0.domain()
    }

    pub(super) fn address(&self) -> Address {
        self.0.clone()
    }
}

impl fmt::Display for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mailbox({})", self.as_str())
    }
}

/// RFC 5322 §3.2.3: "dot-atom-text = 1*atext *("." 1*atext)".
fn is_dot_atom(text: &str) -> bool {
    let atext = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte);
    text.split('.').all(|atom| !atom.is_empty() && atom.bytes().all(atext))
}

/// The host name as the DNS knows it; `None` for an address, and for what no mail server can be called.
fn ascii_domain(text: &str) -> Option<String> {
    // The reader of host names below also takes percent-encoding, which an address has not.
    if text.contains(|c: char| c == '%' || c.is_whitespace() || c.is_control()) {
        return None;
    }
    let Host::Domain(domain) = Host::parse(text).ok()? else { return None };
    let label = |label: &str| {
        (1..=MAX_LABEL).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    domain.split('.').all(label).then_some(domain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parsed(text: &str) -> Option<String> {
        Mailbox::parse(text).map(|mailbox| mailbox.to_string())
    }

    #[test]
    fn a_plain_address_is_one() {
        for text in [
            "ada@example.org",
            "a.b+c@mail.example.co.uk",
            "O'Neill@example.org",
            "root@localhost",
            "x@xn--bcher-kva.example",
        ] {
            assert_eq!(parsed(text).as_deref(), Some(text));
        }
        assert_eq!(parsed("Ada@EXAMPLE.org").as_deref(), Some("Ada@example.org"));
    }

    #[test]
    fn a_domain_in_another_script_is_written_as_the_dns_knows_it() {
        assert_eq!(parsed("ada@bücher.example").as_deref(), Some("ada@xn--bcher-kva.example"));
        assert_eq!(parsed("ada@BÜCHER.example").as_deref(), Some("ada@xn--bcher-kva.example"));
        assert_eq!(parsed("ada@例え.テスト").as_deref(), Some("ada@xn--r8jz45g.xn--zckzah"));
    }

    #[test]
    fn nothing_else_is_an_address() {
        for text in [
            "",
            "ada",
            "@example.org",
            "ada@",
            "ada@@example.org",
            "ada@b@example.org",
            "ada@example.org,bob@example.org",
            "ada@example.org;bob@example.org",
            "Ada <ada@example.org>",
            "<ada@example.org>",
            "\"ada b\"@example.org",
            "ada(comment)@example.org",
            "ada @example.org",
            " ada@example.org",
            "ada@example.org ",
            "ada@example.org\r\nBcc: bob@example.org",
            "ada\r\nRCPT TO:<bob@example.org>@example.org",
            "ada\0@example.org",
            "ada@example.org\n",
            "ädä@example.org",
            ".ada@example.org",
            "ada.@example.org",
            "a..b@example.org",
            "ada@[192.0.2.1]",
            "ada@192.0.2.1",
            "ada@0x7f.1",
            "ada@[IPv6:::1]",
            "ada@-example.org",
            "ada@example..org",
            "ada@example.org.",
            "ada@exa_mple.org",
            "ada@%65xample.org",
            "ada@example.org/path",
            "ada@example.org:25",
            "postmaster",
        ] {
            assert_eq!(parsed(text), None, "{text:?}");
        }
        assert_eq!(parsed(&format!("{}@example.org", "a".repeat(65))), None);
        assert_eq!(parsed(&format!("a@{}.org", "b".repeat(64))), None);
        assert_eq!(parsed(&format!("a@{}org", "bb.".repeat(90))), None);
    }

    proptest! {
        /// Whatever is typed: what becomes a mailbox has one `@`, nothing that ends or folds a header, and reads back the same.
        #[test]
        fn a_mailbox_cannot_write_a_header(text in "(?s).{0,40}|[a-z.@<>\"\r\n:, ()\\[\\]%ü-]{1,40}|[a-z]{1,8}@[a-z.\r\nü%-]{1,20}") {
            if let Some(mailbox) = Mailbox::parse(&text) {
                let written = mailbox.to_string();
                prop_assert!(written.is_ascii() && written.bytes().all(|byte| byte.is_ascii_graphic()), "{written:?}");
                prop_assert!(!written.contains(['<', '>', ',', ';', ':', '"', '(', ')', '[', ']', '\\', ' ']), "{written:?}");
                prop_assert_eq!(written.matches('@').count(), 1);
                prop_assert_eq!(parsed(&written), Some(written));
            }
        }

        #[test]
        fn ordinary_addresses_are_taken(local in "[a-z0-9]{1,20}([.+_-][a-z0-9]{1,10}){0,2}", domain in "[a-z][a-z0-9]{0,20}(-[a-z0-9]{1,5})?\\.(com|org|example)") {
            let text = format!("{local}@{domain}");
            // A label that begins with `xn--` is no ordinary one.
            prop_assert_eq!(parsed(&text), Some(text));
        }
    }
}
