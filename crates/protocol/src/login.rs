//! What a person proves who they are with, and when that is enough for a session.
//!
//! Counts and compares only. How a password, a code or a passkey is verified is not here; what a client demands of a session is
//! decided in `authorize/decide.rs`.

use crate::closed_set::closed_set;
use crate::time::{Seconds, Timestamp};

/// Between the first factor and the last. Who takes longer begins anew.
pub const SIGN_IN_LIFETIME: Seconds = Seconds(600);

closed_set! {
    /// What somebody can be asked for, each on a page of its own.
    pub enum Factor {
        Password = "password",
        Passkey = "passkey",
        Totp = "totp",
        EmailCode = "email_code",
        RecoveryCode = "recovery_code",
    }
}

closed_set! {
    /// How strong a sign-in was, weakest first. The names are the values of `acr` and are published as `acr_values_supported`.
    pub enum Level {
        /// One factor.
        One = "1",
        /// Two different factors, or a passkey that verified its user.
        Two = "2",
    }
}

closed_set! {
    /// The values of `amr` (RFC 8176 §2).
    pub enum AuthenticationMethod {
        Password = "pwd",
        OneTimePassword = "otp",
        /// A passkey that other devices of the person have as well.
        SoftwareSecuredKey = "swk",
        /// A passkey that cannot leave its authenticator.
        HardwareSecuredKey = "hwk",
        UserPresence = "user",
        MultipleFactors = "mfa",
    }
}

closed_set! {
    /// What stood in for the password of before when it was replaced. Whoever has only that must not pass with the new password and
    /// the same thing once more: it is no second factor until the owner, signed in, chooses another password.
    pub enum ResetBy {
        /// A link to the proven address.
        Email = "email",
        RecoveryCode = "recovery_code",
        /// A link or a password that an administrator hands over.
        Administrator = "administrator",
    }
}

/// The methods that a person proved so far, in this order and each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proven(Vec<AuthenticationMethod>);

impl Proven {
    /// From stored words. Words that are none of ours prove nothing.
    pub fn from_words<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        words.into_iter().filter_map(AuthenticationMethod::parse).collect()
    }

    #[must_use]
    pub fn and(self, more: impl IntoIterator<Item = AuthenticationMethod>) -> Self {
        self.0.into_iter().chain(more).collect()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn contains(&self, method: AuthenticationMethod) -> bool {
        self.0.contains(&method)
    }

    /// A passkey counts for two factors: where it comes first, the server insists that it verifies its user.
    pub fn level(&self) -> Level {
        let passkey = self.contains(AuthenticationMethod::SoftwareSecuredKey)
            || self.contains(AuthenticationMethod::HardwareSecuredKey);
        let both =
            self.contains(AuthenticationMethod::Password) && self.contains(AuthenticationMethod::OneTimePassword);
        if passkey || both { Level::Two } else { Level::One }
    }

    /// For [`Self::from_words`].
    pub fn words(&self) -> String {
        self.0.iter().map(|method| method.name()).collect::<Vec<_>>().join(" ")
    }

    /// The value of `amr`.
    pub fn amr(&self) -> Vec<String> {
        let several = (self.level() == Level::Two).then_some(AuthenticationMethod::MultipleFactors);
        self.0.iter().copied().chain(several).map(|method| method.name().to_owned()).collect()
    }
}

impl FromIterator<AuthenticationMethod> for Proven {
    fn from_iter<Methods: IntoIterator<Item = AuthenticationMethod>>(methods: Methods) -> Self {
        let mut proven = Vec::new();
        for method in methods {
            // It follows from the others and is added where they are told.
            if method != AuthenticationMethod::MultipleFactors && !proven.contains(&method) {
                proven.push(method);
            }
        }
        Self(proven)
    }
}

/// What a person has to prove themselves with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each answers a question of its own, and none excludes another")]
pub struct Enrolled {
    pub password: bool,
    /// One that counts.
    pub passkey: bool,
    /// One that may have been copied: good for nothing, but a copy must not make the password enough.
    pub suspect_passkey: bool,
    pub totp: bool,
    /// At least one is left.
    pub recovery_code: bool,
    /// A verified address, to which a code can be sent, where the installation allows that.
    pub email_code: bool,
}

impl Enrolled {
    /// Recovery codes and mail are ways around a lost factor, not factors that one has.
    pub fn has_second_factor(&self) -> bool {
        self.totp || self.passkey || self.suspect_passkey
    }

    /// What this account can reach, and therefore asks of its owner.
    pub fn level(&self) -> Level {
        if self.has_second_factor() { Level::Two } else { Level::One }
    }

    /// The ways to prove a second factor after a password, the most convenient first. Who has a second factor has one at least: where
    /// nothing else is left, the page that says why a copied passkey is refused.
    pub fn second_factors(&self) -> Vec<Factor> {
        if !self.has_second_factor() {
            return Vec::new();
        }
        let ways = [
            (Factor::Totp, self.totp),
            (Factor::Passkey, self.passkey),
            (Factor::EmailCode, self.email_code),
            (Factor::RecoveryCode, self.recovery_code),
        ];
        let ways: Vec<_> = ways.into_iter().filter_map(|(factor, has)| has.then_some(factor)).collect();
        if ways.is_empty() { vec![Factor::Passkey] } else { ways }
    }
}

/// Whether the person asked this browser to be spared the second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Browser {
    Unknown,
    Remembered,
}

/// Everything that the decision depends on beside what is proven.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances {
    pub enrolled: Enrolled,
    pub browser: Browser,
    /// By the client or the page that the person is on the way to.
    pub demanded: Level,
    /// Since when the person has to choose a new password.
    pub password_change_required_at: Option<Timestamp>,
}

/// What comes after a factor was proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    SecondFactor,
    NewPassword,
    /// A session may begin. Who is asked for more than the account has enrols it then.
    SignIn,
}

pub fn next(proven: &Proven, circumstances: &Circumstances) -> Next {
    let Circumstances { enrolled, browser, demanded, password_change_required_at } = circumstances;
    let must_choose = password_change_required_at.is_some();
    // A stolen password must not be enough to set another one, wherever it is typed.
    let own = match browser {
        Browser::Remembered if !must_choose => Level::One,
        Browser::Remembered | Browser::Unknown => enrolled.level(),
    };
    if enrolled.has_second_factor() && proven.level() < own.max(*demanded) {
        return Next::SecondFactor;
    }
    if must_choose && proven.contains(AuthenticationMethod::Password) {
        return Next::NewPassword;
    }
    Next::SignIn
}

#[cfg(test)]
mod tests {
    use super::AuthenticationMethod::{HardwareSecuredKey, OneTimePassword, Password, UserPresence};
    use super::*;
    use proptest::prelude::*;

    fn proven(methods: &[AuthenticationMethod]) -> Proven {
        methods.iter().copied().collect()
    }

    fn circumstances(enrolled: Enrolled) -> Circumstances {
        let browser = Browser::Unknown;
        Circumstances { enrolled, browser, demanded: Level::One, password_change_required_at: None }
    }

    const WITH_TOTP: Enrolled = Enrolled {
        password: true,
        passkey: false,
        suspect_passkey: false,
        totp: true,
        recovery_code: true,
        email_code: false,
    };

    #[test]
    fn two_factors_are_a_password_and_something_else_or_a_passkey() {
        assert_eq!(proven(&[Password]).level(), Level::One);
        assert_eq!(proven(&[OneTimePassword, OneTimePassword]).level(), Level::One);
        assert_eq!(proven(&[Password, OneTimePassword]).level(), Level::Two);
        assert_eq!(proven(&[HardwareSecuredKey, UserPresence]).level(), Level::Two);
        assert_eq!(proven(&[Password, OneTimePassword]).amr(), ["pwd", "otp", "mfa"]);
        assert_eq!(proven(&[Password]).amr(), ["pwd"]);
    }

    #[test]
    fn what_a_session_says_of_itself_is_read_back() {
        let both = proven(&[Password, OneTimePassword]);
        assert_eq!(Proven::from_words(both.amr().iter().map(String::as_str)), both);
        assert!(Proven::from_words(["mfa", "face"]).is_empty());
    }

    #[test]
    fn who_has_a_second_factor_is_asked_for_it() {
        let now = circumstances(WITH_TOTP);
        assert_eq!(next(&proven(&[Password]), &now), Next::SecondFactor);
        assert_eq!(next(&proven(&[Password, OneTimePassword]), &now), Next::SignIn);
        assert_eq!(WITH_TOTP.second_factors(), [Factor::Totp, Factor::RecoveryCode]);
        assert_eq!(Enrolled { recovery_code: true, email_code: true, ..Enrolled::default() }.second_factors(), []);
    }

    #[test]
    fn a_copied_passkey_is_no_way_in_and_still_asked_beside() {
        let copied = Enrolled { password: true, suspect_passkey: true, recovery_code: true, ..Enrolled::default() };
        assert_eq!(copied.level(), Level::Two);
        assert_eq!(next(&proven(&[Password]), &circumstances(copied)), Next::SecondFactor);
        assert_eq!(copied.second_factors(), [Factor::RecoveryCode]);
        let nothing_else = Enrolled { recovery_code: false, ..copied };
        assert_eq!(nothing_else.second_factors(), [Factor::Passkey], "its page says why it is refused");
    }

    #[test]
    fn a_remembered_browser_spares_the_second_factor_unless_it_is_demanded() {
        let remembered = Circumstances { browser: Browser::Remembered, ..circumstances(WITH_TOTP) };
        assert_eq!(next(&proven(&[Password]), &remembered), Next::SignIn);
        let demanded = Circumstances { demanded: Level::Two, ..remembered };
        assert_eq!(next(&proven(&[Password]), &demanded), Next::SecondFactor);
    }

    #[test]
    fn a_new_password_is_asked_for_last_and_not_of_those_who_used_none() {
        let due = Circumstances { password_change_required_at: Some(Timestamp(1)), ..circumstances(WITH_TOTP) };
        assert_eq!(next(&proven(&[Password]), &due), Next::SecondFactor);
        let remembered = Circumstances { browser: Browser::Remembered, ..due };
        assert_eq!(next(&proven(&[Password]), &remembered), Next::SecondFactor);
        assert_eq!(next(&proven(&[Password, OneTimePassword]), &due), Next::NewPassword);
        assert_eq!(next(&proven(&[HardwareSecuredKey, UserPresence]), &due), Next::SignIn);
    }

    fn any_methods() -> impl Strategy<Value = Vec<AuthenticationMethod>> {
        proptest::collection::vec(proptest::sample::select(AuthenticationMethod::ALL), 0..6)
    }

    proptest! {
        #[test]
        fn more_proof_is_never_weaker(some in any_methods(), more in any_methods()) {
            prop_assert!(proven(&some).and(more).level() >= proven(&some).level());
        }

        #[test]
        fn nobody_with_a_second_factor_signs_in_with_one_in_an_unknown_browser(
            methods in any_methods(), totp: bool, passkey: bool, suspect_passkey: bool, change: bool,
        ) {
            let enrolled = Enrolled { passkey, suspect_passkey, totp, ..WITH_TOTP };
            let due = change.then_some(Timestamp(1));
            let circumstances = Circumstances { password_change_required_at: due, ..circumstances(enrolled) };
            let proven = proven(&methods);
            if enrolled.has_second_factor() && proven.level() == Level::One {
                prop_assert_eq!(next(&proven, &circumstances), Next::SecondFactor);
            }
        }

        #[test]
        fn amr_says_mfa_exactly_at_level_two(methods in any_methods()) {
            let proven = proven(&methods);
            prop_assert_eq!(proven.amr().iter().any(|word| word == "mfa"), proven.level() == Level::Two);
        }
    }
}
