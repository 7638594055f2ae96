//! The sentences of `/login` and of the choice of an account.

texts! {
    /// The sentences of `/login` and of the choice of an account.
    pub struct LoginTexts {
        title: "Sign in", "Anmelden";
        /// `{client}`
        to_continue: "to continue to {client}", "und weiter zu {client}";
        username: "E-mail or user name", "E-Mail-Adresse oder Benutzername";
        password: "Password", "Passwort";
        keep: "Keep me signed in on this device", "Auf diesem Gerät angemeldet bleiben";
        submit: "Sign in", "Anmelden";
        forgot: "Forgot your password?", "Passwort vergessen?";
        create_account: "Create an account", "Konto anlegen";
        wrong: "That name and password don’t match.", "Name und Passwort passen nicht zusammen.";
        /// `{username}`, `{password}`: links to the fields, with the two words below
        wrong_check:
            "Check your {username} and your {password}, then try again.",
            "Prüfen Sie Ihren {username} und Ihr {password} und versuchen Sie es noch einmal.";
        wrong_username: "name", "Namen";
        wrong_password: "password", "Passwort";
        again_title: "Confirm it is you", "Bestätigen Sie, dass Sie es sind";
        /// `{client}`
        again_asked: "{client} asks you to sign in again.", "{client} bittet Sie, sich noch einmal anzumelden.";
        /// `{client}`
        again_max_age:
            "Your last sign-in was a while ago, so {client} asks for your password again.",
            "Ihre letzte Anmeldung ist eine Weile her, darum fragt {client} noch einmal nach Ihrem Passwort.";
        again_wrong: "That password isn’t right.", "Dieses Passwort stimmt nicht.";
        /// `{password}`: a link to the field
        again_wrong_check:
            "Check your {password}, then try again.",
            "Prüfen Sie Ihr {password} und versuchen Sie es noch einmal.";
        /// `{client}`
        another_user:
            "{client} asks for another account. You are signed in with this one:",
            "{client} verlangt ein anderes Konto. Angemeldet sind Sie mit diesem:";
        select_title: "Choose an account", "Konto wählen";
        select_signed_out: "Signed out", "Abgemeldet";
        /// `{name}`
        select_remove: "Remove {name} from this browser", "{name} aus diesem Browser entfernen";
    }
}
