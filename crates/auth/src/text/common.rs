//! What stands around every page, and words that many pages share.

texts! {
    /// What stands around every page, and words that many pages share.
    pub struct CommonTexts {
        language: "Language", "Sprache";
        help: "Help", "Hilfe";
        dev_bar:
            "Development mode: demo accounts, this computer only.",
            "Entwicklungsmodus: Demokonten, nur auf diesem Rechner.";
        client_policy: "Privacy\u{a0}policy", "Datenschutz";
        client_terms: "Terms\u{a0}of\u{a0}use", "Nutzungsbedingungen";
        /// `{seconds}`, two or more; so below
        throttled:
            "Too many attempts. Try again in {seconds} seconds.",
            "Zu viele Versuche. Versuchen Sie es in {seconds} Sekunden noch einmal.";
        too_many_mails:
            "Too many e-mails were asked for. Try again in {seconds} seconds.",
            "Es wurden zu viele E-Mails angefordert. Versuchen Sie es in {seconds} Sekunden noch einmal.";
        wait_over: "You can try again now.", "Sie können es jetzt wieder versuchen.";
        /// A code that came by e-mail.
        code_wrong:
            "That code isn’t right. Take the one from our latest e-mail.",
            "Dieser Code stimmt nicht. Nehmen Sie den aus unserer neuesten E-Mail.";
        code_exhausted:
            "That code was tried too often. Have a new one sent.",
            "Dieser Code wurde zu oft probiert. Lassen Sie sich einen neuen schicken.";
        code_expired:
            "That code no longer works. Have a new one sent.",
            "Dieser Code gilt nicht mehr. Lassen Sie sich einen neuen schicken.";
        other_account: "Use another account", "Anderes Konto verwenden";
    }
}
