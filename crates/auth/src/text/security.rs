//! The security page of the account console, and the pages below it.

texts! {
    /// The security page of the account console, and the pages below it.
    pub struct SecurityTexts {
        title: "Security", "Sicherheit";
        lede: "How you sign in, and what keeps others out.", "Wie Sie sich anmelden und was andere draußen hält.";
        back: "Back to Security", "Zurück zu Sicherheit";
        end_others: "Sign out everywhere else", "Überall sonst abmelden";
        end_others_hint:
            "Ends every session but this one, and the access that apps got there.",
            "Beendet jede Sitzung außer dieser und den Zugriff, den Apps dort bekommen haben.";

        password: "Password", "Passwort";
        /// `{time}`
        password_changed: "Last changed: {time}", "Zuletzt geändert: {time}";
        password_none: "You have no password. You sign in with a passkey.", "Sie haben kein Passwort und melden sich mit einem Passkey an.";
        password_change: "Change password", "Passwort ändern";
        password_set: "Set a password", "Passwort festlegen";
        password_lede:
            "You stay signed in here. Everywhere else you are signed out.",
            "Hier bleiben Sie angemeldet, überall sonst werden Sie abgemeldet.";
        password_end_access: "Disconnect all apps and revoke API keys, too", "Auch alle Apps trennen und API-Schlüssel widerrufen";
        password_end_access_hint:
            "They lose the access that they keep while you are away, and ask for it again. Other devices are signed out with their apps either way.",
            "Sie verlieren den Zugriff, den sie in Ihrer Abwesenheit haben, und fragen erneut danach. Andere Geräte werden samt ihren Apps so oder so abgemeldet.";
        password_current: "Current password", "Bisheriges Passwort";
        password_wrong: "That isn’t your current password.", "Das ist nicht das bisherige Passwort.";
        password_done:
            "Your password is changed. Other devices are signed out.",
            "Das Passwort ist geändert. Andere Geräte sind abgemeldet.";

        passkeys: "Passkeys", "Passkeys";
        passkeys_lede:
            "A passkey lives on your device or in your password manager. It signs you in with your screen lock or security key, and no fake website can steal it.",
            "Ein Passkey liegt auf Ihrem Gerät oder in Ihrem Passwortmanager. Damit melden Sie sich per Bildschirmsperre oder Sicherheitsschlüssel an, und keine gefälschte Seite kann ihn stehlen.";
        passkeys_none: "You have no passkey yet.", "Sie haben noch keinen Passkey.";
        passkeys_manage: "Manage passkeys", "Passkeys verwalten";
        passkeys_full:
            "You have as many passkeys as an account can have. Remove one to add another.",
            "Mehr Passkeys kann ein Konto nicht haben. Entfernen Sie einen, um einen anderen hinzuzufügen.";
        passkeys_unavailable:
            "This server has no domain name, so it can have no passkeys.",
            "Dieser Server hat keinen Domainnamen, darum gibt es hier keine Passkeys.";
        browsers_next: "More browsers", "Weitere Browser";
        browsers_first: "From the beginning", "Von vorn";
        /// `{count}`
        passkeys_more: "More: {count}", "Weitere: {count}";
        /// `{time}`
        created: "Added: {time}", "Hinzugefügt: {time}";
        /// `{time}`
        last_used: "Last used: {time}", "Zuletzt verwendet: {time}";
        never_used: "Not used yet", "Noch nicht verwendet";
        cloned_badge: "May be copied", "Vielleicht kopiert";
        cloned_text:
            "A copy of this passkey may exist, so it isn’t accepted any more. Remove it and add a new one.",
            "Vielleicht gibt es eine Kopie dieses Passkeys, darum gilt er nicht mehr. Entfernen Sie ihn und fügen Sie einen neuen hinzu.";
        passkey_added:
            "The passkey is added. Give it a name that tells it from others.",
            "Der Passkey ist hinzugefügt. Geben Sie ihm einen Namen, an dem Sie ihn erkennen.";
        passkey_renamed: "The name is saved.", "Der Name ist gespeichert.";
        passkey_removed: "The passkey is removed.", "Der Passkey ist entfernt.";
        passkey_gone: "That passkey was removed already.", "Dieser Passkey war schon entfernt.";
        passkey_name: "Name", "Name";
        passkey_name_missing: "Type a name.", "Bitte einen Namen eingeben.";
        passkey_rename: "Save name", "Namen speichern";
        passkey_remove: "Remove passkey", "Passkey entfernen";
        passkey_remove_text:
            "It can’t be used to sign in here any more. Remove it from your password manager, too.",
            "Damit ist hier keine Anmeldung mehr möglich. Entfernen Sie ihn auch aus Ihrem Passwortmanager.";
        passkey_last:
            "This passkey is your only way to sign in, so it can’t be removed. Add another one or set a password first.",
            "Dieser Passkey ist Ihre einzige Möglichkeit zur Anmeldung und lässt sich darum nicht entfernen. Fügen Sie zuerst einen anderen hinzu oder legen Sie ein Passwort fest.";
        /// `{least}`
        short_password:
            "This is your only second factor, and your password is too short to protect your account alone. Change it to one of at least {least} characters first.",
            "Das ist Ihr einziger zweiter Faktor, und Ihr Passwort ist zu kurz, um das Konto allein zu schützen. Ändern Sie es zuerst in eines mit mindestens {least} Zeichen.";

        totp: "Authenticator app", "Authenticator-App";
        totp_lede:
            "An app on your phone shows a code that you type after your password.",
            "Eine App auf dem Telefon zeigt einen Code, den Sie nach dem Passwort eingeben.";
        totp_none: "You have no authenticator app yet.", "Sie haben noch keine Authenticator-App verbunden.";
        /// `{time}`
        totp_since: "Connected: {time}", "Verbunden: {time}";
        totp_add: "Connect an authenticator app", "Authenticator-App verbinden";
        totp_manage: "Replace or remove", "Ersetzen oder entfernen";
        totp_replace: "Connect another authenticator app", "Andere Authenticator-App verbinden";
        totp_replace_text:
            "For a new phone. The authenticator app that you have now works until the new one is connected.",
            "Für ein neues Telefon. Die bisherige Authenticator-App gilt, bis die neue verbunden ist.";
        totp_remove: "Remove authenticator app", "Authenticator-App entfernen";
        totp_remove_text: "Its codes won’t be asked for any more.", "Nach ihren Codes wird nicht mehr gefragt.";
        totp_added: "The authenticator app is connected.", "Die Authenticator-App ist verbunden.";
        totp_removed: "The authenticator app is removed.", "Die Authenticator-App ist entfernt.";
        totp_already:
            "The authenticator app is connected already. Recovery codes are shown only once; make new ones if you didn’t keep them.",
            "Die Authenticator-App ist schon verbunden. Wiederherstellungscodes werden nur einmal gezeigt; erstellen Sie neue, wenn Sie sie nicht aufbewahrt haben.";
        offer_title: "Connect an authenticator app", "Authenticator-App verbinden";
        offer_scan: "1. Scan this picture with the app", "1. Dieses Bild mit der App scannen";
        /// What the picture is, for those who do not see it.
        offer_alt:
            "QR code for your authenticator app. The same secret stands below as text.",
            "QR-Code für die Authenticator-App. Dasselbe Geheimnis steht darunter als Text.";
        offer_open: "Open in an authenticator app on this device", "In einer Authenticator-App auf diesem Gerät öffnen";
        offer_type: "If you can’t scan, type this secret:", "Wenn Scannen nicht geht, tippen Sie dieses Geheimnis ab:";
        offer_confirm: "2. Type the code that the app shows", "2. Den Code der App eingeben";
        offer_submit: "Connect", "Verbinden";
        offer_wrong:
            "That code isn’t right. Codes change every 30 seconds; check the clock of your phone.",
            "Dieser Code stimmt nicht. Codes wechseln alle 30 Sekunden; prüfen Sie die Uhr Ihres Telefons.";
        offer_gone:
            "That took too long. Here is a new secret; remove the old entry from the app.",
            "Das hat zu lange gedauert. Hier ist ein neues Geheimnis; entfernen Sie den alten Eintrag aus der App.";

        codes: "Recovery codes", "Wiederherstellungs\u{ad}codes";
        codes_lede:
            "For the day when your phone or passkey is lost. Each code works once.",
            "Für den Tag, an dem Telefon oder Passkey fehlen. Jeder Code gilt einmal.";
        /// `{count}`
        codes_left: "Left: {count}", "Übrig: {count}";
        codes_no_factor:
            "You get recovery codes with your first passkey or authenticator app.",
            "Wiederherstellungscodes gibt es mit dem ersten Passkey oder der ersten Authenticator-App.";
        codes_none: "None are left. Make new ones.", "Es sind keine übrig. Erstellen Sie neue.";
        codes_manage: "Make new codes", "Neue Codes erstellen";
        codes_replace_text: "The codes that you have now stop working.", "Die bisherigen Codes gelten dann nicht mehr.";
        codes_submit: "Make new codes", "Neue Codes erstellen";
        codes_once:
            "Codes are shown once, and yours were shown already. If you didn’t keep them, make new ones.",
            "Codes werden nur einmal gezeigt, und Ihre wurden schon gezeigt. Wenn Sie sie nicht aufbewahrt haben, erstellen Sie neue.";
        shown_title: "Keep your recovery codes", "Wiederherstellungs\u{ad}codes aufbewahren";
        shown_lede:
            "Print them or put them into your password manager. They are shown only now, and each works once.",
            "Drucken Sie sie aus oder legen Sie sie im Passwortmanager ab. Sie werden nur jetzt gezeigt, und jeder gilt einmal.";
        shown_done: "I have kept them", "Ich habe sie aufbewahrt";

        browsers: "Remembered browsers", "Gemerkte Browser";
        browsers_text:
            "These browsers aren’t asked for a second factor.",
            "Diese Browser werden nicht nach einem zweiten Faktor gefragt.";
        browsers_none:
            "No browser is remembered: each is asked for your second factor.",
            "Kein Browser ist gemerkt: Jeder wird nach dem zweiten Faktor gefragt.";
        /// `{time}`
        browser_until: "Until: {time}", "Bis: {time}";
        browser_forget: "Forget", "Vergessen";
        /// `{device}`
        browser_forget_label: "Forget {device}", "{device} vergessen";
        browsers_forget_all: "Forget all", "Alle vergessen";
        browser_forgotten: "That browser is forgotten.", "Der Browser ist vergessen.";
        browsers_forgotten: "All browsers are forgotten.", "Alle Browser sind vergessen.";
    }
}
