//! The form of the error catalogue in one language: a row per code with what it means and what mends it.

/// The compiler names a code that has no row.
macro_rules! explanations {
    ($($code:ident => $meaning:literal; $($fix:literal,)+)+) => {
        pub(super) fn explanation(code: protocol::error::ErrorCode) -> super::Explanation {
            use protocol::error::ErrorCode;
            let (meaning, fixes): (&str, &[&str]) = match code {
                $(ErrorCode::$code => ($meaning, &[$($fix),+]),)+
            };
            super::Explanation { meaning, fixes }
        }
    };
}
