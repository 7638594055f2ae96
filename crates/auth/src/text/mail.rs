//! The mails: subjects, sentences, buttons.

texts! {
    /// The mails. A subject is the title of the mail too; it names nobody and holds no code, because it is seen on locked screens.
    pub struct MailTexts {
        /// `{time}`: a span, as made by the four below; `{brand}`
        link_lifetime:
            "The link works once, for {time}. Nobody from {brand} will ever ask for it.",
            "Der Link gilt einmal und {time} lang. Niemand von {brand} wird je danach fragen.";
        /// `{time}`, `{brand}`
        code_lifetime:
            "The code works for {time}, only in the window where it was asked for. Nobody from {brand} will ever ask for it.",
            "Der Code gilt {time} lang und nur in dem Fenster, in dem er angefordert wurde. Niemand von {brand} wird je danach fragen.";
        /// `{count}`, two or more
        minutes: "{count} minutes", "{count} Minuten";
        one_hour: "1 hour", "1 Stunde";
        /// `{count}`, two or more
        hours: "{count} hours", "{count} Stunden";
        /// `{count}`, two or more
        days: "{count} days", "{count} Tage";
        ignore:
            "If this was not you, you can ignore this e-mail. Nothing happens.",
            "Falls Sie das nicht waren, können Sie diese E-Mail ignorieren. Es geschieht nichts.";

        sign_up_subject: "Confirm your e-mail address", "E-Mail-Adresse bestätigen";
        /// `{brand}`
        sign_up_why:
            "Somebody, most likely you, asked for an account at {brand} with this address.",
            "Jemand, wahrscheinlich Sie selbst, möchte mit dieser Adresse ein Konto bei {brand}.";
        sign_up_how:
            "Enter this code in the window where you started, or open the link.",
            "Geben Sie diesen Code in dem Fenster ein, in dem Sie begonnen haben, oder öffnen Sie den Link.";
        sign_up_button: "Confirm the address", "Adresse bestätigen";

        sign_up_known_subject: "You already have an account", "Sie haben schon ein Konto";
        /// `{brand}`
        sign_up_known_why:
            "Somebody, most likely you, asked for an account at {brand} with this address. There is one already.",
            "Jemand, wahrscheinlich Sie selbst, möchte mit dieser Adresse ein Konto bei {brand}. Es gibt schon eines.";
        sign_up_known_how:
            "Sign in to it. If the password is lost, set a new one.",
            "Melden Sie sich damit an. Wenn Sie das Passwort nicht mehr wissen, setzen Sie ein neues.";
        sign_in_button: "Sign in", "Anmelden";
        new_password_button: "Set a new password", "Neues Passwort setzen";

        recover_subject: "Set a new password", "Neues Passwort setzen";
        /// `{brand}`
        recover_why:
            "Somebody, most likely you, asked for a way back into the account at {brand} with this address.",
            "Jemand, wahrscheinlich Sie selbst, sucht den Weg zurück in das Konto bei {brand} mit dieser Adresse.";

        second_factor_subject: "Your code for signing in", "Ihr Code zum Anmelden";
        second_factor_why:
            "The password was right. To finish signing in, enter this code:",
            "Das Passwort war richtig. Geben Sie zum Abschluss der Anmeldung diesen Code ein:";
        second_factor_not_you:
            "If this was not you, somebody knows your password. Change it now.",
            "Falls Sie das nicht waren, kennt jemand Ihr Passwort. Ändern Sie es gleich.";

        change_email_subject: "Confirm your new e-mail address", "Neue E-Mail-Adresse bestätigen";
        /// `{account}` `{brand}`
        change_email_why:
            "This address is to become the one of the account {account} at {brand}.",
            "Diese Adresse soll zum Konto {account} bei {brand} gehören.";
        change_email_how:
            "Enter this code where you asked for the change, or open the link in the same browser.",
            "Geben Sie diesen Code dort ein, wo Sie die Änderung verlangt haben, oder öffnen Sie den Link im selben Browser.";

        /// `{brand}`
        invite_subject: "You are invited to {brand}", "Einladung zu {brand}";
        /// `{brand}`
        invite_why:
            "An account at {brand} is waiting for you. The link leads there.",
            "Für Sie ist ein Konto bei {brand} vorgesehen. Der Link führt dorthin.";
        invite_button: "Accept the invitation", "Einladung annehmen";

        deletion_subject: "Your account is going to be deleted", "Ihr Konto wird gelöscht";
        /// `{time}`, `{brand}`
        deletion_why:
            "Your account at {brand} and everything in it will be deleted on {time}. Until then you can keep it.",
            "Ihr Konto bei {brand} wird am {time} mit allem, was dazugehört, gelöscht. Bis dahin können Sie es behalten.";
        deletion_button: "Keep the account", "Konto behalten";

        /// `{brand}`
        test_subject: "Test e-mail of {brand}", "Test-E-Mail von {brand}";
        test_why:
            "E-mail works: this one came all the way to you.",
            "Der Versand funktioniert: Diese E-Mail ist bei Ihnen angekommen.";

        /// `{time}`
        notice_when: "Time: {time}", "Zeitpunkt: {time}";
        notice_not_you:
            "If this was not you, check your account now: change the password and sign out everywhere else.",
            "Falls Sie das nicht waren, prüfen Sie jetzt Ihr Konto: Ändern Sie das Passwort und melden Sie alle anderen Geräte ab.";
        notice_not_you_no_account:
            "If this was not you, ask for help at once.",
            "Falls Sie das nicht waren, holen Sie gleich Hilfe.";
        notice_button: "Check the account", "Konto prüfen";

        password_changed_subject: "Your password was changed", "Ihr Passwort wurde geändert";
        /// `{brand}`; so below
        password_changed: "The password of your account at {brand} was changed.", "Das Passwort Ihres Kontos bei {brand} wurde geändert.";
        password_reset_subject: "Your password was reset", "Ihr Passwort wurde zurückgesetzt";
        password_reset:
            "A new password was set for your account at {brand}, without the old one.",
            "Für Ihr Konto bei {brand} wurde ein neues Passwort gesetzt, ohne dass das alte genannt wurde.";
        api_key_created_subject: "An API key was made", "Ein API-Schlüssel wurde erstellt";
        /// `{brand}`
        api_key_created:
            "Your account at {brand} has a new API key. Whoever has it can act in your name, as far as it allows.",
            "Ihr Konto bei {brand} hat einen neuen API-Schlüssel. Wer ihn hat, kann in Ihrem Namen handeln, soweit er es erlaubt.";
        api_key_rotated_subject: "An API key was replaced", "Ein API-Schlüssel wurde ersetzt";
        /// `{brand}`
        api_key_rotated:
            "An API key of your account at {brand} was replaced by a new one that can do the same.",
            "Ein API-Schlüssel Ihres Kontos bei {brand} wurde durch einen neuen ersetzt, der dasselbe kann.";
        api_key_revoked_subject: "An API key was revoked", "Ein API-Schlüssel wurde widerrufen";
        /// `{brand}`
        api_key_revoked:
            "An API key of your account at {brand} was revoked. Programs that used it have no access any more.",
            "Ein API-Schlüssel Ihres Kontos bei {brand} wurde widerrufen. Programme, die ihn benutzten, haben keinen Zugriff mehr.";
        passkey_added_subject: "A passkey was added", "Ein Passkey ist dazugekommen";
        passkey_added:
            "Your account at {brand} has a new passkey. It can be used to sign in.",
            "Ihr Konto bei {brand} hat einen neuen Passkey, mit dem man sich anmelden kann.";
        passkey_removed_subject: "A passkey was removed", "Ein Passkey wurde entfernt";
        passkey_removed:
            "A passkey of your account at {brand} was removed.",
            "Ein Passkey Ihres Kontos bei {brand} wurde entfernt.";
        totp_added_subject: "An authenticator app was added", "Eine Authenticator-App ist dazugekommen";
        totp_added:
            "Signing in to your account at {brand} now asks for a code of an authenticator app.",
            "Die Anmeldung bei Ihrem Konto bei {brand} fragt jetzt nach einem Code aus einer Authenticator-App.";
        totp_removed_subject: "An authenticator app was removed", "Eine Authenticator-App wurde entfernt";
        totp_removed:
            "The authenticator app of your account at {brand} was removed. Its codes are no longer asked for.",
            "Die Authenticator-App Ihres Kontos bei {brand} wurde entfernt. Nach ihren Codes wird nicht mehr gefragt.";
        recovery_codes_made_subject: "New recovery codes were made", "Es gibt neue Wiederherstellungscodes";
        recovery_codes_made:
            "Your account at {brand} has new recovery codes. The ones of before no longer work.",
            "Ihr Konto bei {brand} hat neue Wiederherstellungscodes. Die bisherigen gelten nicht mehr.";
        recovery_code_used_subject: "A recovery code was used", "Ein Wiederherstellungscode wurde benutzt";
        recovery_code_used:
            "A recovery code of your account at {brand} was used. It does not work again.",
            "Ein Wiederherstellungscode Ihres Kontos bei {brand} wurde benutzt. Er gilt kein zweites Mal.";
        second_factor_failed_subject: "Somebody knows your password", "Jemand kennt Ihr Passwort";
        second_factor_failed:
            "Somebody typed the password of your account at {brand} and then a wrong code, five times or more in a day.",
            "Jemand hat das Passwort Ihres Kontos bei {brand} eingegeben und danach einen falschen Code, mindestens fünfmal an einem Tag.";
        email_changed_subject: "Your e-mail address was changed", "Ihre E-Mail-Adresse wurde geändert";
        email_changed:
            "Your account at {brand} now has another e-mail address. This is the last e-mail to the one of before.",
            "Ihr Konto bei {brand} hat jetzt eine andere E-Mail-Adresse. Dies ist die letzte E-Mail an die bisherige.";
        new_device_subject: "New sign-in to your account", "Neue Anmeldung bei Ihrem Konto";
        new_device:
            "Somebody signed in to your account at {brand} with a browser that was not seen before.",
            "Jemand hat sich bei Ihrem Konto bei {brand} mit einem Browser angemeldet, der noch nicht bekannt war.";
        deletion_cancelled_subject: "Your account stays", "Ihr Konto bleibt bestehen";
        deletion_cancelled:
            "Your account at {brand} is not going to be deleted.",
            "Ihr Konto bei {brand} wird nicht gelöscht.";
        account_deleted_subject: "Your account was deleted", "Ihr Konto wurde gelöscht";
        account_deleted:
            "Your account at {brand} and everything in it was deleted. This is the last e-mail about it.",
            "Ihr Konto bei {brand} wurde mit allem, was dazugehört, gelöscht. Dies ist die letzte E-Mail dazu.";

        mailbox_title: "Mailbox", "Postfach";
        mailbox_lede:
            "What this server would have sent. It leaves this machine nowhere.",
            "Was dieser Server verschickt hätte. Nichts davon verlässt diesen Rechner.";
        mailbox_empty: "There is no e-mail yet.", "Es gibt noch keine E-Mail.";
        mailbox_html: "The same as HTML", "Dasselbe als HTML";
        mailbox_all: "All e-mails", "Alle E-Mails";
    }
}
