//! Choosing a password: rules, weaknesses, the pages that ask for a new one.

use super::fill;
use crate::passwords::policy::Weakness;

texts! {
    /// Choosing a password: rules, weaknesses, the pages that ask for a new one.
    pub struct PasswordTexts {
        new: "New password", "Neues Passwort";
        /// `{least}`
        too_short: "Use at least {least} characters. A few words in a row are enough.",
            "Mindestens {least} Zeichen sind nötig. Ein paar Wörter hintereinander genügen.";
        too_long: "Use at most 256 characters.", "Höchstens 256 Zeichen sind möglich.";
        common: "This password is on the lists that attackers try first. Choose another one.",
            "Dieses Passwort steht auf den Listen, die Angreifer zuerst durchprobieren. Bitte ein anderes wählen.";
        context: "This password is made of your name, your address or the name of this service. Choose something that has nothing to do with them.",
            "Dieses Passwort besteht aus dem eigenen Namen, der eigenen Adresse oder dem Namen dieses Dienstes. Bitte eines wählen, das nichts damit zu tun hat.";
        same_as_before: "This is the password you have now. Choose another one.",
            "Das ist das bisherige Passwort. Bitte ein anderes wählen.";
    }
}

impl PasswordTexts {
    /// All that is wrong with a password, if anything is.
    pub fn weaknesses(&self, weaknesses: &[Weakness]) -> Option<String> {
        let sentences: Vec<_> = weaknesses.iter().map(|weakness| self.weakness(*weakness)).collect();
        (!sentences.is_empty()).then(|| sentences.join(" "))
    }

    /// What is wrong with a password, and what to do.
    fn weakness(&self, weakness: Weakness) -> String {
        match weakness {
            Weakness::TooShort { least } => fill(self.too_short, &least.to_string()),
            Weakness::TooLong => self.too_long.to_owned(),
            Weakness::Common => self.common.to_owned(),
            Weakness::Context => self.context.to_owned(),
            Weakness::SameAsBefore => self.same_as_before.to_owned(),
        }
    }
}
