//! Where somebody is signed in.

texts! {
    /// Where somebody is signed in.
    pub struct SessionsTexts {
        title: "Devices", "Geräte";
        lede:
            "Where you are signed in. Sign out whatever you do not know; apps lose the access that they got there.",
            "Wo Sie angemeldet sind. Melden Sie ab, was Sie nicht kennen; Apps verlieren den Zugriff, den sie dort bekommen haben.";
        sign_out: "Sign out", "Abmelden";
        /// `{device}`
        sign_out_label: "Sign out {device}", "{device} abmelden";
        others: "Sign out all others", "Alle anderen abmelden";
        only_this: "You are signed in on this device only.", "Sie sind nur auf diesem Gerät angemeldet.";
        next: "More devices", "Weitere Geräte";
        first: "From the beginning", "Von vorn";
        /// `{time}`
        last_seen: "Last seen: {time}", "Zuletzt gesehen: {time}";
        /// `{time}`
        since: "Since: {time}", "Seit: {time}";
        /// `{how}`
        how: "Signed in with {how}", "Angemeldet mit {how}";
        /// `{apps}`
        apps: "Apps: {apps}", "Apps: {apps}";
        /// `{address}`
        address: "From {address}", "Von {address}";
        done_ended: "That device is signed out.", "Das Gerät ist abgemeldet.";
        done_others: "All other devices are signed out.", "Alle anderen Geräte sind abgemeldet.";
        done_gone: "That device was signed out already.", "Das Gerät war schon abgemeldet.";
        lock_title: "Make your account safe", "Konto absichern";
        lock_lede:
            "Three steps, if somebody else was in your account.",
            "Drei Schritte, falls jemand anderes in Ihrem Konto war.";
        lock_1: "1. Sign out everybody else", "1. Alle anderen abmelden";
        lock_1_text:
            "Ends every other session and the access that apps got there, forgets remembered browsers, and voids links and codes that were sent.",
            "Beendet jede andere Sitzung und den Zugriff, den Apps dort bekommen haben, vergisst gemerkte Browser und macht verschickte Links und Codes ungültig.";
        lock_1_submit: "Sign out everywhere else", "Überall sonst abmelden";
        lock_1_done: "Done: nobody else is signed in.", "Erledigt: Niemand sonst ist angemeldet.";
        lock_2: "2. Change your password", "2. Passwort ändern";
        lock_2_text: "Choose one that you use nowhere else.", "Wählen Sie eines, das Sie nirgends sonst verwenden.";
        lock_2_action: "Change password", "Passwort ändern";
        lock_3: "3. Look through your ways to sign in", "3. Anmeldewege durchsehen";
        lock_3_text:
            "Remove passkeys and authenticator apps that are not yours, make new recovery codes, and look through your connected apps and API keys.",
            "Entfernen Sie Passkeys und Authenticator-Apps, die nicht Ihre sind, erstellen Sie neue Wiederherstellungscodes, und sehen Sie die verbundenen Apps und API-Schlüssel durch.";
        lock_3_security: "Security", "Sicherheit";
        lock_3_apps: "Connected apps", "Verbundene Apps";
    }
}
