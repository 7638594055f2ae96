//! Signatures that are wrong, forged, in another form, or the same thing said in two ways (RFC 7518 §3.3 to §3.5, RFC 8032
//! §5.1.7).

use protocol::signing::SigningAlgorithm;
use resource_api::testkit::TestKey;

use super::corpus::{Corpus, join, parts, split};

/// The order of P-256 (FIPS 186-5), big-endian.
const P256_ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa,
    0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];
/// The order of the base point of Ed25519 (RFC 8032 §5.1), little-endian.
const ED25519_ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

pub(super) fn add(corpus: &mut Corpus) {
    for algorithm in SigningAlgorithm::ALL {
        of_every_algorithm(corpus, *algorithm);
    }
    strangers(corpus);
    ecdsa(corpus);
    ed25519(corpus);
    rsa(corpus);
}

fn of_every_algorithm(corpus: &mut Corpus, algorithm: SigningAlgorithm) {
    let token = corpus.signed_by(&corpus.key(algorithm));
    let (message, signature) = split(&token);
    let zeros = vec![0; signature.len()];
    let ones = vec![0xff; signature.len()];
    let mut bent = signature.clone();
    bent[signature.len() / 2] ^= 1;
    for (name, bytes) in [
        ("cut by a byte", &signature[..signature.len() - 1]),
        ("without its first byte", &signature[1..]),
        ("with a byte behind it", &[&signature[..], &[0]].concat()),
        ("with a byte before it", &[&[0][..], &signature].concat()),
        ("of zeros", &zeros),
        ("of ones", &ones),
        ("with a bit changed", &bent),
        ("twice", &[&signature[..], &signature].concat()),
    ] {
        corpus.bad(&format!("{algorithm} signature {name}"), join(message, bytes));
    }
}

fn strangers(corpus: &mut Corpus) {
    let key = corpus.es256();
    let stranger = TestKey::new(SigningAlgorithm::ES256);
    let claims = corpus.claims().to_string();
    let text = super::corpus::header(&key).to_string();
    corpus.bad("a stranger's signature", super::corpus::sign(&stranger, &text, &claims));
    corpus.bad("a stranger's token", corpus.signed_by(&stranger));
    let (one, two) = (corpus.token(), corpus.with_claim("sub", "mallory"));
    let ([header, _, signature], [_, payload, _]) = (parts(&one), parts(&two));
    corpus.bad("another token's signature", format!("{header}.{payload}.{signature}"));
    let (_, raw) = split(&one);
    corpus.bad("a signature of the payload alone", join(split(&one).0, &key.signature(payload.as_bytes())));
    let hex = raw.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    corpus.bad("a signature in hexadecimal", format!("{}.{hex}", split(&one).0));
}

fn ecdsa(corpus: &mut Corpus) {
    let token = corpus.token();
    let (message, signature) = split(&token);
    let (r, s) = signature.split_at(32);
    let mirrored = subtract(&P256_ORDER, s);
    // Both are signatures of the same message; JOSE asks for neither of them.
    corpus.good("ECDSA: the mirror image of s", join(message, &[r, &mirrored].concat()));
    let zero = [0; 32];
    for (name, bytes) in [
        ("r is zero", [&zero[..], s].concat()),
        ("s is zero", [r, &zero].concat()),
        ("r and s are the order", [P256_ORDER, P256_ORDER].concat()),
        ("r and s exchanged", [s, r].concat()),
        ("as DER", der(r, s)),
    ] {
        corpus.bad(&format!("ECDSA: {name}"), join(message, &bytes));
    }
    let wide = [&[0; 16][..], r, &[0; 16], s].concat();
    corpus.bad("ECDSA: written for a larger curve", join(message, &wide));
}

/// As X.509 writes it (RFC 3279 §2.2.3); JWS wants r and s side by side.
fn der(r: &[u8], s: &[u8]) -> Vec<u8> {
    let integer = |bytes: &[u8]| {
        let start = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len() - 1);
        let mut value = bytes[start..].to_vec();
        if value[0] >= 0x80 {
            value.insert(0, 0);
        }
        [&[2, u8::try_from(value.len()).expect("is short")][..], &value].concat()
    };
    let body = [integer(r), integer(s)].concat();
    [&[0x30, u8::try_from(body.len()).expect("is short")][..], &body].concat()
}

/// Big-endian; `b` is smaller.
fn subtract(a: &[u8], b: &[u8]) -> Vec<u8> {
    let mut borrow = 0;
    let mut difference: Vec<u8> = Vec::new();
    for (a, b) in a.iter().zip(b).rev() {
        let (value, first) = a.overflowing_sub(*b);
        let (value, second) = value.overflowing_sub(borrow);
        borrow = u8::from(first || second);
        difference.push(value);
    }
    difference.reverse();
    difference
}

/// RFC 8032 §5.1.7: s is below the order, or there would be a second signature for everything.
fn ed25519(corpus: &mut Corpus) {
    let token = corpus.signed_by(&corpus.key(SigningAlgorithm::EdDSA));
    let (message, signature) = split(&token);
    let mut carry = 0_u16;
    let raised = signature[32..].iter().zip(ED25519_ORDER).map(|(a, b)| {
        let sum = u16::from(*a) + u16::from(b) + carry;
        carry = sum >> 8;
        sum.to_le_bytes()[0]
    });
    let raised: Vec<u8> = raised.collect();
    corpus.bad("Ed25519: s plus the order", join(message, &[&signature[..32], &raised].concat()));
    let mut mirrored = signature.clone();
    mirrored[31] ^= 0x80;
    corpus.bad("Ed25519: the mirror image of R", join(message, &mirrored));
}

fn rsa(corpus: &mut Corpus) {
    for algorithm in [SigningAlgorithm::RS256, SigningAlgorithm::PS256] {
        let token = corpus.signed_by(&corpus.key(algorithm));
        let (message, signature) = split(&token);
        let mut one = vec![0; signature.len()];
        *one.last_mut().expect("is long") = 1;
        corpus.bad(&format!("{algorithm}: the number one"), join(message, &one));
    }
}
