//! The second factor of a sign-in: code of an app, recovery code, code by mail, and the new password that may come after it.

texts! {
    /// The second factor of a sign-in: code of an app, recovery code, code by mail, and the new password that may come after it.
    pub struct SecondFactorTexts {
        title: "Enter your code", "Code eingeben";
        other_ways: "Another way", "Andere Wege";
        use_password: "Use your password", "Passwort verwenden";
        use_passkey: "Use a passkey", "Passkey verwenden";
        use_totp: "Use your authenticator app", "Authenticator-App verwenden";
        use_email_code: "Get a code by e-mail", "Code per E-Mail erhalten";
        use_recovery_code: "Use a recovery code", "Wiederherstellungscode verwenden";
        code: "Code", "Code";
        submit: "Continue", "Weiter";
        /// `{brand}`
        totp_lede:
            "Type the six digits that your authenticator app shows for {brand}.",
            "Geben Sie die sechs Ziffern ein, die Ihre Authenticator-App für {brand} zeigt.";
        totp_wrong:
            "That code isn’t right. Codes change every 30 seconds; check that your phone’s clock is right, too.",
            "Dieser Code stimmt nicht. Codes wechseln alle 30 Sekunden; prüfen Sie auch, ob die Uhr Ihres Telefons richtig geht.";
        totp_used:
            "That code was used already. Wait for the next one.",
            "Dieser Code wurde schon verwendet. Warten Sie auf den nächsten.";
        remember: "Trust this browser", "Diesem Browser vertrauen";
        /// `{days}`, two or more
        remember_days:
            "For {days} days, your password is enough here. Not on a device that others use, too.",
            "{days} Tage lang genügt hier das Passwort. Nicht auf Geräten, die auch andere verwenden.";
        /// `{hours}`, two or more
        remember_hours:
            "For {hours} hours, your password is enough here. Not on a device that others use, too.",
            "{hours} Stunden lang genügt hier das Passwort. Nicht auf Geräten, die auch andere verwenden.";
        recovery_title: "Enter a recovery code", "Wiederherstellungs\u{ad}code eingeben";
        recovery_lede:
            "One of the codes that you kept when you set up your second factor. Each works once.",
            "Einer der Codes, die Sie beim Einrichten des zweiten Faktors aufbewahrt haben. Jeder gilt einmal.";
        recovery_code: "Recovery code", "Wiederherstellungscode";
        recovery_hint:
            "Capital or small letters, with or without hyphens.",
            "Groß oder klein, mit oder ohne Bindestriche.";
        recovery_wrong:
            "That isn’t one of your unused recovery codes. Each works once.",
            "Das ist keiner Ihrer unbenutzten Wiederherstellungscodes. Jeder gilt einmal.";
        email_title: "Get a code by e-mail", "Code per E-Mail erhalten";
        /// `{address}`
        email_lede:
            "We can send a code to {address}. It works in this browser only.",
            "Wir können einen Code an {address} senden. Er gilt nur in diesem Browser.";
        /// `{address}`
        email_sent:
            "We sent a code to {address}. It works in this browser only; the e-mail says how long.",
            "Wir haben einen Code an {address} gesendet. Er gilt nur in diesem Browser; wie lange, steht in der E-Mail.";
        email_send: "Send the code", "Code senden";
        email_again: "Send a new code", "Neuen Code senden";
        /// `{seconds}`, two or more
        email_wait:
            "You can ask for a new code in {seconds} seconds.",
            "In {seconds} Sekunden können Sie einen neuen Code anfordern.";
        email_now: "You can ask for a new code now.", "Sie können jetzt einen neuen Code anfordern.";
        email_reload: "Reload this page", "Seite neu laden";
        email_hint: "Eight digits, from our latest e-mail.", "Acht Ziffern aus unserer neuesten E-Mail.";
        /// `{seconds}`, two or more
        email_too_many:
            "Too many e-mails were asked for. Try again in {seconds} seconds, or choose another way.",
            "Es wurden zu viele E-Mails angefordert. Versuchen Sie es in {seconds} Sekunden noch einmal, oder wählen Sie einen anderen Weg.";
        new_password_title: "Choose a new password", "Neues Passwort wählen";
        new_password_lede:
            "Your password has to be replaced before you go on. You stay signed in here only.",
            "Bevor es weitergeht, muss Ihr Passwort ersetzt werden. Angemeldet bleiben Sie nur hier.";
    }
}
