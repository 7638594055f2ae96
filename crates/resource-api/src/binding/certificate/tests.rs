use actix_web::test::TestRequest;
use base64::engine::general_purpose::STANDARD as BASE64;
use proptest::prelude::*;

use super::*;

/// RFC 8705, appendix A.
const RFC_8705: &str = "MIIBBjCBrAIBAjAKBggqhkjOPQQDAjAPMQ0wCwYDVQQDDARtdGxzMB4XDTE4MTAxODEyMzcwOVoXDTIyMDUwMjEyMzcwOVowDzENMAsGA1UEAwwEbXRsczBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNcnyxwqV6hY8QnhxxzFQ03C7HKW9OylMbnQZjjJ/Au08/coZwxS7LfA4vOLS9WuneIXhbGGWvsDSb0tH6IxLm8wCgYIKoZIzj0EAwIDSQAwRgIhAP0RC1E+vwJD/D1AGHGzuri+hlV/PpQEKTWUVeORWz83AiEA5x2eXZOVbUlJSGQgjwD5vaUaKlLR50Q2DmFfQj1L+SY=";
const RFC_8705_X5T: &str = "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0";

/// RFC 9440, appendix A; the hash with another program.
const RFC_9440: &str = ":MIIBqDCCAU6gAwIBAgIBBzAKBggqhkjOPQQDAjA6MRswGQYDVQQKDBJMZXQncyBBdXRoZW50aWNhdGUxGzAZBgNVBAMMEkxBIEludGVybWVkaWF0ZSBDQTAeFw0yMDAxMTQyMjU1MzNaFw0yMTAxMjMyMjU1MzNaMA0xCzAJBgNVBAMMAkJDMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8YnXXfaUgmnMtOXU/IncWalRhebrXmckC8vdgJ1p5Be5F/3YC8OthxM4+k1M6aEAEFcGzkJiNy6J84y7uzo9M6NyMHAwCQYDVR0TBAIwADAfBgNVHSMEGDAWgBRm3WjLa38lbEYCuiCPct0ZaSED2DAOBgNVHQ8BAf8EBAMCBsAwEwYDVR0lBAwwCgYIKwYBBQUHAwIwHQYDVR0RAQH/BBMwEYEPYmRjQGV4YW1wbGUuY29tMAoGCCqGSM49BAMCA0gAMEUCIBHda/r1vaL6G3VliL4/Di6YK0Q6bMjeSkC3dFCOOB8TAiEAx/kHSB4urmiZ0NX5r5XarmPk0wmuydBVoU4hBVZ1yhk=:";
const RFC_9440_X5T: &str = "v68ffgcPn6jdYpBfFY2nP4ShE2Yk-6_Mk5PI9yh6aes";

const PROXY: &str = "10.0.0.9:4711";

fn listed(address: IpAddr) -> bool {
    address == IpAddr::from([10, 0, 0, 9])
}

fn ask(peer: &str, headers: &[&str], source: Source<'_>) -> Result<Option<Thumbprint>, CertificateError> {
    let request = TestRequest::default().peer_addr(peer.parse().expect("is an address"));
    let request = headers.iter().fold(request, |request, value| request.append_header(("Client-Cert", *value)));
    presented(&request.to_http_request(), source)
}

fn by_proxy(headers: &[&str]) -> Result<Option<Thumbprint>, CertificateError> {
    ask(PROXY, headers, Source::ConnectionOrProxy(&listed))
}

#[test]
fn the_example_of_rfc_8705_has_its_thumbprint() {
    let der = BASE64.decode(RFC_8705).expect("is base64");
    assert_eq!(thumbprint(&der), RFC_8705_X5T);
}

#[test]
fn the_header_of_a_listed_proxy_is_read() {
    let found = by_proxy(&[RFC_9440]).expect("is well-formed").expect("is there");
    assert_eq!(found.as_str(), RFC_9440_X5T);
    let found = by_proxy(&[&format!(":{RFC_8705}:")]).expect("is well-formed").expect("is there");
    assert!(found.matches(RFC_8705_X5T));
    for other in ["", RFC_9440_X5T, &RFC_8705_X5T[..42], &format!("{RFC_8705_X5T}=")] {
        assert!(!found.matches(other), "{other}");
    }
    let mapped = ask("[::ffff:10.0.0.9]:4711", &[RFC_9440], Source::ConnectionOrProxy(&listed));
    assert!(mapped.expect("the same address").is_some());
    assert_eq!(by_proxy(&[]), Ok(None), "a client without a certificate");
}

/// RFC 8941 §4.2.7.
#[test]
fn padding_does_not_count() {
    let whole = RFC_9440.replace("=:", ":");
    assert_eq!(by_proxy(&[&whole]), by_proxy(&[RFC_9440]));
    let bits = RFC_9440.replace("yhk=:", "yhl=:");
    assert_eq!(by_proxy(&[&bits]), by_proxy(&[RFC_9440]));
}

/// RFC 9440 §4: "backend servers MUST only accept the Client-Cert [...] header fields from a trusted TTRP".
#[test]
fn the_header_of_a_stranger_is_never_believed() {
    for peer in ["10.0.0.8:4711", "192.0.2.1:443", "127.0.0.1:1", "[::1]:1", "[::ffff:10.0.0.8]:1"] {
        let told = ask(peer, &[RFC_9440], Source::ConnectionOrProxy(&listed));
        assert_eq!(told, Err(CertificateError::Stranger), "{peer}");
        assert_eq!(ask(peer, &["nonsense"], Source::ConnectionOrProxy(&listed)), Err(CertificateError::Stranger));
        assert_eq!(ask(peer, &[], Source::ConnectionOrProxy(&listed)), Ok(None));
    }
    let nobody = TestRequest::default().append_header(("Client-Cert", RFC_9440)).to_http_request();
    assert_eq!(nobody.peer_addr(), None);
    let told = presented(&nobody, Source::ConnectionOrProxy(&|_| true));
    assert_eq!(told, Err(CertificateError::Stranger), "a peer without an address");
}

#[test]
fn where_no_proxy_is_listed_the_header_means_nothing() {
    for headers in [&[RFC_9440][..], &["nonsense"], &[RFC_9440, RFC_9440], &[]] {
        assert_eq!(ask(PROXY, headers, Source::Connection), Ok(None));
    }
}

/// `Forwarded` and its kin do not make anybody a proxy.
#[test]
fn only_the_address_of_the_connection_counts() {
    let request = TestRequest::default().peer_addr("192.0.2.1:443".parse().expect("is an address"));
    let request = request
        .append_header(("Client-Cert", RFC_9440))
        .append_header(("X-Forwarded-For", "10.0.0.9"))
        .append_header(("Forwarded", "for=10.0.0.9"));
    let told = presented(&request.to_http_request(), Source::ConnectionOrProxy(&listed));
    assert_eq!(told, Err(CertificateError::Stranger));
}

#[test]
fn two_headers_are_refused_even_when_they_agree() {
    assert_eq!(by_proxy(&[RFC_9440, RFC_9440]), Err(CertificateError::Several));
    assert_eq!(by_proxy(&["", RFC_9440]), Err(CertificateError::Several));
}

#[test]
fn what_is_no_byte_sequence_with_a_certificate_is_malformed() {
    let inner = RFC_9440.trim_matches(':');
    let cut = BASE64.encode(&BASE64.decode(inner).expect("is base64")[..400]);
    let longer = BASE64.encode([&BASE64.decode(inner).expect("is base64")[..], &[0]].concat());
    for header in [
        "",
        ":",
        "::",
        ":AAAA:",
        ":MA==:x",
        inner,
        &format!(":{inner}"),
        &format!("{inner}:"),
        &format!("::{inner}::"),
        &format!("{RFC_9440}, {RFC_9440}"),
        &format!("{RFC_9440};a=b"),
        &format!("\"{inner}\""),
        &format!(":{cut}:"),
        &format!(":{longer}:"),
        &RFC_9440.replace('+', "-").replace('/', "_"),
        &RFC_9440.replacen("MIIB", "MI IB", 1),
        ":-----BEGIN CERTIFICATE-----:",
        "-----BEGIN%20CERTIFICATE-----%0AMIIB%0A-----END%20CERTIFICATE-----",
        &format!(":{}:", "M".repeat(16 * 1024)),
    ] {
        assert_eq!(by_proxy(&[header]), Err(CertificateError::Malformed), "{header}");
    }
}

#[test]
fn a_certificate_is_one_der_sequence() {
    let sequence = |head: &[u8], length: usize| [head, &vec![0; length]].concat();
    for (head, length) in
        [(&[0x30, 0][..], 0), (&[0x30, 127], 127), (&[0x30, 0x81, 128], 128), (&[0x30, 0x82, 1, 0], 256)]
    {
        assert!(is_der_sequence(&sequence(head, length)), "{head:?}");
        assert!(!is_der_sequence(&sequence(head, length + 1)), "{head:?}");
    }
    for head in
        [&[][..], &[0x30], &[0x31, 0], &[0x30, 0x80], &[0x30, 0x81, 0], &[0x30, 0x82, 0, 0], &[0x30, 0x83, 0, 0, 0]]
    {
        assert!(!is_der_sequence(head), "{head:?}");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(header: Vec<u8>, der: Vec<u8>) {
        let _ = (forwarded(std::iter::once(header.as_slice())), is_der_sequence(&der));
    }

    #[test]
    fn what_is_sent_is_what_is_hashed(content in proptest::collection::vec(any::<u8>(), 0..127)) {
        let der = [&[0x30, u8::try_from(content.len()).expect("is short")], content.as_slice()].concat();
        let header = format!(":{}:", BASE64.encode(&der));
        let found = by_proxy(&[&header]).expect("is well-formed").expect("is there");
        prop_assert!(found.matches(&thumbprint(&der)));
    }
}
