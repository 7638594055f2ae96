//! The page at the address of the issuer.

texts! {
    /// The page at the address of the issuer.
    pub struct HomeTexts {
        title: "Nobody is signed in here", "Hier ist niemand angemeldet";
        note:
            "Sign in to look after your account. Your apps bring you here by themselves and take you back.",
            "Melden Sie sich an, um Ihr Konto zu verwalten. Ihre Apps bringen Sie von selbst hierher und wieder zurück.";
        developers: "For developers", "Für Entwickler";
        issuer: "Issuer", "Aussteller";
        discovery: "Discovery document", "Discovery-Dokument";
        keys: "Public keys", "Öffentliche Schlüssel";
    }
}
