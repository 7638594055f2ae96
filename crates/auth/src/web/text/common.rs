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
        other_account: "Use another account", "Anderes Konto verwenden";
    }
}
