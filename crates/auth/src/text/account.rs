//! The account console: its frame, the overview, the profile.

texts! {
    /// The account console: its frame, the overview, the profile.
    pub struct AccountTexts {
        title: "Your account", "Ihr Konto";
        skip: "Skip to the content", "Zum Inhalt springen";
        sign_out: "Sign out", "Abmelden";
        switch: "Switch account", "Konto wechseln";
        nav_overview: "Overview", "Übersicht";
        nav_profile: "Profile", "Profil";
        nav_security: "Security", "Sicherheit";
        nav_sessions: "Devices", "Geräte";
        nav_apps: "Connected apps", "Verbundene Apps";
        nav_api_keys: "API keys", "API-Schlüssel";
        nav_log: "Activity", "Aktivität";
        nav_data: "Your data", "Ihre Daten";
        /// `{name}`
        greeting: "Hello, {name}", "Hallo, {name}";
        all_good: "Nothing needs your attention.", "Es ist nichts zu tun.";
        one_thing: "One thing would make your account safer.", "Eine Sache würde Ihr Konto sicherer machen.";
        /// `{count}`
        some_things: "{count} things would make your account safer.", "{count} Dinge würden Ihr Konto sicherer machen.";
        check_up: "Security check-up", "Sicherheits-Check";
        badge_urgent: "Important", "Wichtig";
        badge_to_do: "To do", "Zu tun";
        badge_good: "Good", "Gut";
        deletion_title: "This account is going to be deleted", "Dieses Konto wird gelöscht";
        /// `{time}`
        deletion_text:
            "On {time} it is deleted for good, unless you keep it.",
            "Am {time} wird es endgültig gelöscht, es sei denn, Sie behalten es.";
        deletion_action: "Look at it", "Ansehen";
        clone_title: "A passkey may have been copied", "Ein Passkey wurde vielleicht kopiert";
        clone_text:
            "It is not accepted any more. Remove it and add a new one.",
            "Er wird nicht mehr angenommen. Entfernen Sie ihn und fügen Sie einen neuen hinzu.";
        clone_action: "Look at passkeys", "Passkeys ansehen";
        no_factor_title: "Add a second factor", "Einen zweiten Faktor hinzufügen";
        no_factor_text:
            "A password alone can be stolen. A passkey or an authenticator app stops whoever has it.",
            "Ein Passwort allein kann gestohlen werden. Ein Passkey oder eine Authenticator-App hält auf, wer es hat.";
        no_factor_action: "Choose one", "Auswählen";
        short_password_title: "Choose a longer password", "Ein längeres Passwort wählen";
        short_password_text:
            "The one you have is too short to stand alone.",
            "Das jetzige ist zu kurz, um allein zu schützen.";
        short_password_action: "Change password", "Passwort ändern";
        email_title: "Confirm your e-mail address", "E-Mail-Adresse bestätigen";
        email_text:
            "Without it there is no way back in when you forget your password.",
            "Ohne sie gibt es keinen Weg zurück, wenn das Passwort vergessen ist.";
        email_action: "Confirm", "Bestätigen";
        codes_title: "Make recovery codes", "Wiederherstellungscodes erstellen";
        no_codes_text:
            "None are left. They are the way back in when you lose your phone.",
            "Es sind keine mehr übrig. Sie sind der Weg zurück, wenn das Telefon verloren geht.";
        one_code_text:
            "One is left. They are the way back in when you lose your phone.",
            "Einer ist übrig. Sie sind der Weg zurück, wenn das Telefon verloren geht.";
        /// `{count}`
        few_codes_text:
            "{count} are left. They are the way back in when you lose your phone.",
            "{count} sind übrig. Sie sind der Weg zurück, wenn das Telefon verloren geht.";
        codes_action: "Make new codes", "Neue Codes erstellen";
        browsers_title: "Look through your remembered browsers", "Gemerkte Browser durchsehen";
        /// `{count}`
        browsers_text:
            "{count} browsers sign in without the second factor.",
            "{count} Browser melden sich ohne den zweiten Faktor an.";
        browsers_action: "Look at them", "Ansehen";
        good_title: "Your account is well protected", "Ihr Konto ist gut geschützt";
        good_text:
            "Second factor, ways back in and address are as they should be.",
            "Zweiter Faktor, Wege zurück und Adresse sind, wie sie sein sollen.";
        good_action: "Security", "Sicherheit";
        recent: "Recent sign-ins", "Letzte Anmeldungen";
        recent_none: "None in the log.", "Keine in der Liste.";
        recent_all: "All activity", "Alle Aktivitäten";
        apps: "Your apps", "Ihre Apps";
        apps_none: "Apps that you sign in to appear here.", "Hier erscheinen Apps, bei denen Sie sich anmelden.";
        apps_all: "All apps", "Alle Apps";
        /// `{time}`
        today: "Today, {time} UTC", "Heute, {time} UTC";
        /// `{time}`
        yesterday: "Yesterday, {time} UTC", "Gestern, {time} UTC";
        /// `{day}`, `{time}`
        day_and_time: "{day}, {time} UTC", "{day}, {time} UTC";
        /// `{day}`, `{month}`, `{year}`
        date: "{day} {month} {year}", "{day}. {month} {year}";
        january: "January", "Januar";
        february: "February", "Februar";
        march: "March", "März";
        april: "April", "April";
        may: "May", "Mai";
        june: "June", "Juni";
        july: "July", "Juli";
        august: "August", "August";
        september: "September", "September";
        october: "October", "Oktober";
        november: "November", "November";
        december: "December", "Dezember";
        with_password: "password", "Passwort";
        with_passkey: "passkey", "Passkey";
        with_code: "code", "Code";
        with_password_and_code: "password and code", "Passwort und Code";
        with_password_and_passkey: "password and passkey", "Passwort und Passkey";
        /// `{browser}`, `{system}`
        browser_on_system: "{browser} on {system}", "{browser} auf {system}";
        unknown_browser: "Unknown browser", "Unbekannter Browser";
        this_device: "this device", "dieses Gerät";
        saved: "Saved.", "Gespeichert.";
        save: "Save", "Speichern";
        profile_lede:
            "What apps learn of you, if you allow them to.",
            "Was Apps über Sie erfahren, wenn Sie es ihnen erlauben.";
        name: "Full name", "Voller Name";
        given_name: "First name", "Vorname";
        middle_name: "Middle name", "Zweiter Vorname";
        family_name: "Last name", "Nachname";
        nickname: "Nickname", "Spitzname";
        birthdate: "Date of birth", "Geburtsdatum";
        birthdate_hint: "Year, month and day, such as 1990-12-31.", "Jahr, Monat und Tag, etwa 1990-12-31.";
        website: "Website", "Website";
        locale: "Language of e-mails", "Sprache der E-Mails";
        locale_any: "That of the service", "Die des Dienstes";
        zoneinfo: "Time zone", "Zeitzone";
        zoneinfo_hint: "Such as Europe/Berlin.", "Etwa Europe/Berlin.";
        address: "Address", "Anschrift";
        street: "Street and number", "Straße und Hausnummer";
        postal_code: "Postal code", "Postleitzahl";
        locality: "Town", "Ort";
        region: "Region", "Region";
        country: "Country", "Land";
        phone: "Phone number", "Telefonnummer";
        phone_hint: "With the country code, such as +49 30 1234567.", "Mit Ländervorwahl, etwa +49 30 1234567.";
        username: "User name", "Benutzername";
        groups: "Groups", "Gruppen";
        managed: "Managed by the operator", "Vom Betreiber verwaltet";
        email: "E-mail address", "E-Mail-Adresse";
        email_none: "None", "Keine";
        verified: "confirmed", "bestätigt";
        unverified: "not confirmed", "nicht bestätigt";
        email_change: "Change", "Ändern";
        email_add: "Add", "Hinzufügen";
        /// `{apps}`
        read_by: "Read by: {apps}", "Gelesen von: {apps}";
        read_by_nobody: "No app reads this.", "Keine App liest das.";
        reads_profile: "Name and profile", "Name und Profil";
        too_long: "Shorter, please.", "Bitte kürzer.";
        bad_birthdate:
            "Write it as year, month and day, such as 1990-12-31.",
            "Bitte als Jahr, Monat und Tag schreiben, etwa 1990-12-31.";
        bad_website:
            "Write a whole address that begins with https://",
            "Bitte eine ganze Adresse schreiben, die mit https:// beginnt";
        bad_zoneinfo:
            "Write it as area and town, such as Europe/Berlin.",
            "Bitte als Gebiet und Stadt schreiben, etwa Europe/Berlin.";
        bad_phone:
            "Write it with the country code, such as +49 30 1234567.",
            "Bitte mit Ländervorwahl schreiben, etwa +49 30 1234567.";
        email_title_change: "Change your e-mail address", "E-Mail-Adresse ändern";
        email_now: "Your address now", "Ihre jetzige Adresse";
        email_new: "New e-mail address", "Neue E-Mail-Adresse";
        email_why:
            "We send a link and a code to the new address. It counts when you have used one of them; the old address is told.",
            "An die neue Adresse gehen ein Link und ein Code. Sie gilt, sobald einer davon benutzt wurde; die alte Adresse wird benachrichtigt.";
        email_send: "Send the code", "Code senden";
        email_no_mail:
            "This service sends no e-mails, so the operator has to change your address.",
            "Dieser Dienst verschickt keine E-Mails, darum muss der Betreiber Ihre Adresse ändern.";
        email_bad:
            "Write one e-mail address, such as name@example.com.",
            "Bitte genau eine E-Mail-Adresse eingeben, etwa name@example.com.";
        email_same: "This is your address already.", "Das ist bereits Ihre Adresse.";
        code_title: "Enter the code from the e-mail", "Code aus der E-Mail eingeben";
        /// `{email}`
        code_sent:
            "If {email} can become your address, an e-mail is on its way there.",
            "Wenn {email} Ihre Adresse werden kann, ist eine E-Mail dorthin unterwegs.";
        code: "Code", "Code";
        code_submit: "Confirm", "Bestätigen";
        code_again: "Send another code", "Neuen Code senden";
        email_changed: "Your e-mail address is changed.", "Ihre E-Mail-Adresse ist geändert.";
        confirm_title: "Is this your address?", "Ist das Ihre Adresse?";
        /// `{email}`
        confirm_text: "{email} becomes the address of your account.", "{email} wird die Adresse Ihres Kontos.";
        /// `{account}`
        confirm_account: "Account: {account}", "Konto: {account}";
        confirm_submit: "Yes, use it", "Ja, verwenden";
        elsewhere_title: "Enter the code instead", "Bitte den Code eingeben";
        /// `{account}`
        elsewhere_text:
            "The link counts only in a browser that is signed in to the account {account}. If that is yours, enter the code from the e-mail there. If it is not, close this page: nothing happens.",
            "Der Link gilt nur in einem Browser, der beim Konto {account} angemeldet ist. Ist es Ihres, geben Sie dort den Code aus der E-Mail ein. Wenn nicht, schließen Sie diese Seite: Es geschieht nichts.";
        /// The way on of who does not want what a link in a mail offers.
        leave: "No, leave it as it is", "Nein, alles so lassen";
        confirmed_title: "Address confirmed", "Adresse bestätigt";
        to_account: "To your account", "Zu Ihrem Konto";
    }
}
