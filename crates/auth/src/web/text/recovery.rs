//! The sentences of `/recover`: the ways back into an account.

texts! {
    /// The sentences of `/recover`: the ways back into an account.
    pub struct RecoveryTexts {
        title: "Get back into your account", "Zurück zum Konto";
        lede:
            "We send a link for a new password to the address of your account.",
            "An die Adresse des Kontos geht ein Link, mit dem sich ein neues Passwort setzen lässt.";
        name: "E-mail or user name", "E-Mail-Adresse oder Benutzername";
        submit: "Send the link", "Link schicken";
        missing: "Enter your e-mail address or user name.", "Bitte E-Mail-Adresse oder Benutzernamen eingeben.";
        use_code: "I have a recovery code", "Ich habe einen Wiederherstellungscode";
        use_mail: "Get a link by e-mail", "Link per E-Mail erhalten";
        back: "Back to signing in", "Zurück zur Anmeldung";
        /// `{seconds}`
        throttled:
            "Too many tries. Try again in {seconds} seconds.",
            "Zu viele Versuche. In {seconds} Sekunden geht es wieder.";
        wait_over: "You can try again now.", "Jetzt geht es wieder.";

        sent_title: "Check your e-mail", "E-Mails ansehen";
        sent_lede:
            "If an account has that name and a confirmed address, a link is on its way there. It is good for 30 minutes.",
            "Gibt es zu diesem Namen ein Konto mit bestätigter Adresse, dann ist ein Link dorthin unterwegs. Er gilt 30 Minuten.";
        nothing_came:
            "Nothing came? Look among the unwanted mail, use a recovery code, or ask the people who run this service.",
            "Nichts angekommen? Sehen Sie bei den unerwünschten E-Mails nach, verwenden Sie einen Wiederherstellungscode, oder fragen Sie die Leute, die diesen Dienst betreiben.";
        again: "Try another name", "Anderer Name";

        password_title: "Choose a new password", "Neues Passwort wählen";
        password_lede:
            "For this account. Whoever is signed in to it elsewhere is signed out.",
            "Für dieses Konto. Wer anderswo damit angemeldet ist, wird abgemeldet.";
        password: "New password", "Neues Passwort";
        save: "Set the password", "Passwort setzen";

        over_title: "This link is over", "Dieser Link gilt nicht mehr";
        over_lede:
            "It was used already, it is too old, or the account has changed since. Have a new one sent.",
            "Er wurde schon benutzt, er ist zu alt, oder das Konto hat sich seitdem geändert. Lassen Sie sich einen neuen schicken.";
        new_link: "Get a new link", "Neuen Link erhalten";

        code_title: "Use a recovery code", "Wiederherstellungscode verwenden";
        code_lede:
            "One of the ten codes that you kept when you set up a second step. It is good once, for a new password; the second step stays.",
            "Einer der zehn Codes, die es beim Einrichten des zweiten Schritts gab. Er gilt einmal, für ein neues Passwort; der zweite Schritt bleibt.";
        code: "Recovery code", "Wiederherstellungscode";
        code_submit: "Continue", "Weiter";
        code_wrong_title: "That name and code don’t match.", "Name und Code passen nicht zusammen.";
        code_wrong:
            "Check both. A code that was used before is good for nothing.",
            "Prüfen Sie beide. Ein Code, der schon einmal benutzt wurde, gilt nicht mehr.";

        done_title: "Your new password is set", "Das neue Passwort gilt";
        done_lede:
            "Whoever was signed in to this account elsewhere is signed out now.",
            "Wer anderswo mit diesem Konto angemeldet war, ist jetzt abgemeldet.";
        sign_in: "Sign in with it", "Damit anmelden";
    }
}
