//! Random bytes from the cryptographic generator of aws-lc. The only other drawers are key generation and `sealed.rs`.

/// `N` random bytes, good for secrets.
#[expect(clippy::disallowed_methods, reason = "the one door to the random source")]
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).expect("aws-lc aborts the process rather than report a dry random source");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_draws_differ() {
        assert_ne!(bytes::<32>(), bytes::<32>());
    }
}
