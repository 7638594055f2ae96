//! What inputs say, whatever page they stand on.

texts! {
    /// What inputs say, whatever page they stand on.
    pub struct FieldTexts {
        show: "Show", "Zeigen";
        show_label: "Show password", "Zeigen: Passwort im Klartext";
        /// Above the sentences of the fields that have to be filled in otherwise.
        check: "Please check this, then try again:", "Bitte noch einmal prüfen:";
        /// `{least}`
        password_rule:
            "At least {least} characters. Several words make a good password.",
            "Mindestens {least} Zeichen. Mehrere Wörter ergeben ein gutes Passwort.";
        /// For a code that is sent with its last digit.
        sends: "The last digit sends it.", "Die letzte Ziffer schickt ihn ab.";
        caps_lock: "Caps Lock is on.", "Die Feststelltaste ist an.";
    }
}
