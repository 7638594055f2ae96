//! base64url without padding, as tokens have it (RFC 7515 §2), decoded with the vector instructions of the processor where it has
//! some, because each request brings a token to read. What is accepted is the same either way.

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod engine {
    use std::sync::LazyLock;

    use base64::engine::Simd;
    use base64::engine::general_purpose::NO_PAD;

    pub(crate) static BASE64URL: LazyLock<Simd> = LazyLock::new(|| Simd::url_safe(NO_PAD));
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
mod engine {
    pub(crate) use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
}

pub(crate) use engine::BASE64URL;

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_accepts_what_the_plain_decoder_accepts(text in "[A-Za-z0-9_-]{0,300}", other: char, at: prop::sample::Index) {
            prop_assert_eq!(BASE64URL.decode(&text).ok(), URL_SAFE_NO_PAD.decode(&text).ok());
            let mut letters: Vec<char> = text.chars().collect();
            letters.insert(at.index(letters.len() + 1), other);
            let bent: String = letters.into_iter().collect();
            prop_assert_eq!(BASE64URL.decode(&bent).ok(), URL_SAFE_NO_PAD.decode(&bent).ok());
        }
    }
}
