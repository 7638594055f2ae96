//! `Content-Digest`: the examples of RFC 9530, and which hashes count.

use super::*;
use crate::signature::digest::{ContentDigest, content_digest};

const SHA256: &str = "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:";
const SHA512: &str =
    "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:";

fn parse(lines: &[&str]) -> Result<ContentDigest, SignatureError> {
    ContentDigest::parse(lines.iter().map(|line| line.as_bytes()))
}

fn fits(line: &str, body: &[u8]) -> bool {
    parse(&[line]).expect("is a digest").fits(body)
}

/// Appendix D (the sample values) and Appendix B.1 to B.3. The Brotli body of Appendix B.4 is left out: the octets that are printed
/// there do not have the hash that is printed beside them.
#[test]
fn the_examples_of_the_rfc() {
    for (line, body) in [
        (SHA256, JSON),
        (SHA512, JSON),
        ("sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:", b"{\"hello\": \"world\"}\n".as_slice()),
        ("sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:", b""),
        ("sha-256=:jjcgBDWNAtbYUXI37CVG3gRuGOAjaaDRGpIUFsdyepQ=:", b"\"world\"}\n"),
    ] {
        assert!(fits(line, body), "{line}");
        assert!(!fits(line, b"{\"hello\": \"World\"}"), "{line}");
    }
    assert_eq!(content_digest(JSON), SHA256);
}

#[test]
fn of_two_digests_both_have_to_fit() {
    assert!(fits(&format!("{SHA256}, {SHA512}"), JSON));
    assert!(parse(&[SHA256, SHA512]).expect("is a digest").fits(JSON), "in two lines as well");
    let other = content_digest(b"another body");
    assert!(!fits(&format!("{other}, {SHA512}"), JSON));
    assert!(!fits(&format!("{SHA512}, {other}"), JSON));
}

/// §5: what is deprecated neither helps nor harms; alone it is nothing.
#[test]
fn weak_and_unknown_algorithms_count_for_nothing() {
    assert!(fits(&format!("md5=:AAAA:, {SHA256}, sha3-999=:AAAA:"), JSON));
    for line in ["md5=:Sd/dVLAcvNLSq16eXua5uQ==:", "sha=:07CavjDP4u3/TungoUHJO/Wzr4c=:", "crc32c=:Q3lHIA==:", ""] {
        assert_eq!(parse(&[line]).expect_err("is refused"), SignatureError::NoDigest, "{line}");
    }
}

#[test]
fn a_hash_of_another_length_fits_nothing() {
    for line in ["sha-256=::", "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBA==:", "sha-512=:AA==:"] {
        assert!(!fits(line, JSON), "{line}");
    }
}

#[test]
fn what_is_no_dictionary_of_octets_is_refused() {
    for line in
        ["sha-256", "sha-256=abc", "sha-256=\"x\"", "sha-256=(:AA==:)", "sha-256=:AA==", "=:AA==:", "SHA-256=:AA==:"]
    {
        assert!(matches!(parse(&[line]), Err(SignatureError::Malformed { .. })), "{line}");
    }
    let twice = parse(&[SHA256, SHA256]).expect_err("is refused").to_string();
    assert!(twice.contains("a name stands twice"), "{twice}");
}
