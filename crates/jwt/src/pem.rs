//! The text form of key files (RFC 7468): a label and base64 between two lines of dashes. What the bytes mean is for `key.rs`
//! and `import.rs` to say.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use protocol::secret::{Secret, SecretString};
use zeroize::Zeroizing;

const LINE: usize = 64;

/// One block of a PEM file.
pub(crate) struct Block<'a> {
    pub(crate) label: &'a str,
    body: &'a str,
}

impl Block<'_> {
    /// The decoded bytes; `None` when the body is not base64, for example because of old-style encryption headers.
    pub(crate) fn decode(&self) -> Option<Zeroizing<Vec<u8>>> {
        let text: Zeroizing<String> = Zeroizing::new(self.body.split_ascii_whitespace().collect());
        STANDARD.decode(text.as_bytes()).ok().map(Zeroizing::new)
    }

    /// Whether the body begins with `Proc-Type: 4,ENCRYPTED` (RFC 1421), which OpenSSL wrote before PKCS#8.
    pub(crate) fn has_headers(&self) -> bool {
        self.body.contains(':')
    }
}

/// The first block whose label ends in `PRIVATE KEY`; else the first block.
pub(crate) fn find_key(text: &str) -> Option<Block<'_>> {
    let mut first = None;
    let mut rest = text;
    while let Some(block) = next(&mut rest) {
        if block.label.ends_with("PRIVATE KEY") {
            return Some(block);
        }
        first = first.or(Some(block));
    }
    first
}

pub(crate) fn encode(label: &str, bytes: &[u8]) -> SecretString {
    let body = Zeroizing::new(STANDARD.encode(bytes));
    // Large enough from the start: growing would leave copies of the key behind.
    let mut text = String::with_capacity(body.len() + body.len() / LINE + 2 * label.len() + 64);
    text.extend(["-----BEGIN ", label, "-----\n"]);
    let mut rest = body.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at(rest.len().min(LINE));
        text.push_str(line);
        text.push('\n');
        rest = more;
    }
    text.extend(["-----END ", label, "-----\n"]);
    Secret::new(text)
}

fn next<'a>(rest: &mut &'a str) -> Option<Block<'a>> {
    let (_, after) = rest.split_once("-----BEGIN ")?;
    let (label, after) = after.split_once("-----")?;
    let (body, after) = after.split_once("-----END ")?;
    let after = after.strip_prefix(label)?.strip_prefix("-----")?;
    *rest = after;
    Some(Block { label, body })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_private_key_is_found_behind_other_blocks() {
        let text = "junk\n-----BEGIN EC PARAMETERS-----\nAAAA\n-----END EC PARAMETERS-----\n\
                    -----BEGIN EC PRIVATE KEY-----\nAQID\n-----END EC PRIVATE KEY-----\n";
        let block = find_key(text).expect("has a key");
        assert_eq!((block.label, block.decode().expect("is base64").as_slice()), ("EC PRIVATE KEY", &[1, 2, 3][..]));
    }

    #[test]
    fn a_torn_block_is_no_block() {
        for text in ["", "-----BEGIN X-----\nAAAA", "-----BEGIN X-----\nAAAA\n-----END Y-----", "-----BEGIN X"] {
            assert!(find_key(text).is_none(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(bytes: Vec<u8>) {
            let text = encode("PRIVATE KEY", &bytes);
            prop_assert!(text.expose().lines().all(|line| line.len() <= LINE));
            let block = find_key(text.expose()).expect("written by us");
            prop_assert_eq!(block.label, "PRIVATE KEY");
            let decoded = block.decode().expect("written by us");
            prop_assert_eq!(decoded.as_slice(), bytes.as_slice());
        }

        #[test]
        fn no_text_makes_it_panic(text in "(-----|BEGIN |END |PRIVATE KEY|[A-Z=\n]){0,12}") {
            let _ = find_key(&text).map(|block| block.decode());
        }
    }
}
