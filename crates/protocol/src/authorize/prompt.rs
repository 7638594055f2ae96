//! The `prompt` parameter as a set (OpenID Connect Core §3.1.2.1, Initiating User Registration via OpenID Connect).
//!
//! What follows from them for a request is decided in `decide.rs`.

use crate::closed_set::closed_set;
use crate::error::{ErrorCode, OAuthError};

closed_set! {
    /// Published as `prompt_values_supported`.
    pub enum PromptValue {
        None = "none",
        Login = "login",
        Consent = "consent",
        SelectAccount = "select_account",
        /// The person wants to sign up (Initiating User Registration §4).
        Create = "create",
    }
}

/// The values that the client sent; `none` is alone or absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prompt(Vec<PromptValue>);

impl Prompt {
    pub fn parse(text: &str) -> Result<Self, OAuthError> {
        let mut values = Vec::new();
        for name in text.split(' ').filter(|name| !name.is_empty()) {
            // Initiating User Registration §4.1: a prompt value that is not supported SHOULD be answered with
            // invalid_request.
            let value = PromptValue::parse(name).ok_or_else(|| {
                invalid("prompt holds a value other than none, login, consent, select_account and create")
            })?;
            if !values.contains(&value) {
                values.push(value);
            }
        }
        // OIDC Core §3.1.2.1: "If this parameter contains none with any other value, an error is returned."
        if values.len() > 1 && values.contains(&PromptValue::None) {
            return Err(invalid("prompt=none cannot be combined with another value"));
        }
        Ok(Self(values))
    }

    pub fn contains(&self, value: PromptValue) -> bool {
        self.0.contains(&value)
    }

    /// `prompt=none`: nobody may be asked anything.
    pub fn is_silent(&self) -> bool {
        self.contains(PromptValue::None)
    }
}

fn invalid(description: &'static str) -> OAuthError {
    OAuthError::new(ErrorCode::InvalidRequest, description).at("prompt")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_read_back_from_its_name() {
        for value in PromptValue::ALL {
            let prompt = Prompt::parse(value.name()).expect("a single value is fine");
            assert!(prompt.contains(*value));
        }
    }

    #[test]
    fn values_combine_and_repeat() {
        let prompt = Prompt::parse("login  consent login").expect("a set");
        assert!(prompt.contains(PromptValue::Login) && prompt.contains(PromptValue::Consent));
        assert!(!prompt.is_silent());
    }

    #[test]
    fn none_stands_alone() {
        assert!(Prompt::parse("none").expect("alone").is_silent());
        assert!(Prompt::parse("none login").is_err());
        assert!(Prompt::parse("consent none").is_err());
    }

    #[test]
    fn an_unknown_value_is_refused() {
        for text in ["register", "NONE", "login,consent"] {
            assert_eq!(Prompt::parse(text).expect_err("unknown").parameter, Some("prompt"));
        }
    }
}
