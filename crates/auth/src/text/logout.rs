//! The sentences of `/logout` and of what follows it.

texts! {
    /// The sentences of `/logout` and of what follows it.
    pub struct LogoutTexts {
        /// `{brand}`
        title: "Sign out of {brand}?", "Bei {brand} abmelden?";
        /// `{client}`
        asked: "{client} asks to sign you out.", "{client} möchte Sie abmelden.";
        note:
            "Apps that are open now may keep you signed in for a while.",
            "In Apps, die gerade offen sind, können Sie noch eine Weile angemeldet bleiben.";
        yes: "Sign out", "Abmelden";
        no: "Stay signed in", "Angemeldet bleiben";
        logged_out_title: "You are signed out", "Sie sind abgemeldet";
        logged_out_note: "You can close this page now.", "Sie können diese Seite jetzt schließen.";
        /// `{client}`
        logged_out_onward: "Back to {client}", "Zurück zu {client}";
        sign_in_again: "Sign in again", "Wieder anmelden";
        frontchannel_title: "Signing you out", "Sie werden abgemeldet";
        frontchannel_note:
            "Your other apps are being told. This takes a few seconds.",
            "Ihre anderen Apps erfahren davon. Das dauert ein paar Sekunden.";
        frontchannel_continue: "Continue", "Weiter";
    }
}
