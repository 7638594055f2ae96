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

        sent_title: "Check your e-mail", "E-Mails ansehen";
        sent_lede:
            "If an account has that name and a confirmed address, a link is on its way there. The e-mail says how long it works.",
            "Gibt es zu diesem Namen ein Konto mit bestätigter Adresse, dann ist ein Link dorthin unterwegs. Wie lange er gilt, steht in der E-Mail.";
        nothing_came:
            "Nothing came? Look in your spam folder, use a recovery code, or ask the people who run this service.",
            "Nichts angekommen? Sehen Sie im Spam-Ordner nach, verwenden Sie einen Wiederherstellungscode, oder fragen Sie die Leute, die diesen Dienst betreiben.";
        again: "Try another name", "Mit einem anderen Namen versuchen";

        password_title: "Choose a new password", "Neues Passwort wählen";
        password_lede:
            "For this account. Whoever is signed in to it elsewhere is signed out.",
            "Für dieses Konto. Wer anderswo damit angemeldet ist, wird abgemeldet.";
        password: "New password", "Neues Passwort";
        save: "Set the password", "Passwort setzen";

        over_title: "This link no longer works", "Dieser Link gilt nicht mehr";
        over_lede:
            "It was used already, it is too old, or the account has changed since. Have a new one sent.",
            "Er wurde schon benutzt, er ist zu alt, oder das Konto hat sich seitdem geändert. Lassen Sie sich einen neuen schicken.";
        new_link: "Get a new link", "Neuen Link erhalten";

        code_title: "Use a recovery code", "Wiederherstellungs\u{ad}code verwenden";
        code_lede:
            "One of the codes that you kept when you set up a second factor. It works once, for a new password; the second factor stays.",
            "Einer der Codes, die es beim Einrichten des zweiten Faktors gab. Er gilt einmal, für ein neues Passwort; der zweite Faktor bleibt.";
        code: "Recovery code", "Wiederherstellungscode";
        code_submit: "Continue", "Weiter";
        code_wrong_title: "That name and code don’t match.", "Name und Code passen nicht zusammen.";
        code_wrong:
            "Check both. A code that was used before no longer works.",
            "Prüfen Sie beide. Ein Code, der schon einmal benutzt wurde, gilt nicht mehr.";

        done_title: "Your new password is set", "Das neue Passwort gilt";
        done_lede:
            "Whoever was signed in to this account elsewhere is signed out now.",
            "Wer anderswo mit diesem Konto angemeldet war, ist jetzt abgemeldet.";
        sign_in: "Sign in with it", "Damit anmelden";
    }
}
