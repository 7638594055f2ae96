//! The page at the address of the issuer.

texts! {
    /// The page at the address of the issuer.
    pub struct HomeTexts {
        title: "Nobody is signed in here", "Hier ist niemand angemeldet";
        note:
            "To sign in, open one of your apps. It brings you here and takes you back.",
            "Öffnen Sie eine Ihrer Apps, um sich anzumelden. Sie bringt Sie hierher und wieder zurück.";
        developers: "For developers", "Für Entwickler";
        issuer: "Issuer", "Aussteller";
        discovery: "Discovery document", "Discovery-Dokument";
        keys: "Public keys", "Öffentliche Schlüssel";
    }
}
