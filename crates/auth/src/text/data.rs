//! Taking one’s data along, and deleting the account.

texts! {
    /// Taking one’s data along, and deleting the account.
    pub struct DataTexts {
        title: "Your data", "Ihre Daten";
        lede: "Take a copy of everything with you, or delete the account.", "Eine Kopie von allem mitnehmen oder das Konto löschen.";
        export: "Export", "Export";
        export_text:
            "Everything that is stored about you, as a JSON file: profile, ways to sign in, sessions, apps and activity. It holds no password and no key.",
            "Alles, was über Sie gespeichert ist, als JSON-Datei: Profil, Anmeldewege, Sitzungen, Apps und Aktivität. Sie enthält kein Passwort und keinen Schlüssel.";
        export_submit: "Download", "Herunterladen";
        delete: "Delete this account", "Dieses Konto löschen";
        delete_text:
            "Your account goes with everything that belongs to it.",
            "Ihr Konto verschwindet mit allem, was dazugehört.";
        delete_action: "Delete account", "Konto löschen";
        scheduled_title: "This account is going to be deleted", "Dieses Konto wird gelöscht";
        /// `{time}`
        scheduled_text:
            "It is deleted for good on {time}. Until then you can keep it.",
            "Es wird am {time} endgültig gelöscht. Bis dahin können Sie es behalten.";
        keep_submit: "Keep my account", "Konto behalten";
        done_kept: "Your account stays.", "Ihr Konto bleibt.";
        done_scheduled:
            "Your account is going to be deleted. All other devices are signed out.",
            "Ihr Konto wird gelöscht. Alle anderen Geräte sind abgemeldet.";
        confirm_title: "Delete your account?", "Ihr Konto löschen?";
        consequence_apps:
            "Apps that you sign in to with this account do not let you in any more.",
            "Apps, bei denen Sie sich mit diesem Konto anmelden, lassen Sie nicht mehr hinein.";
        consequence_out: "All other devices are signed out at once.", "Alle anderen Geräte werden sofort abgemeldet.";
        consequence_gone:
            "Profile, passkeys, codes and activity are gone for good.",
            "Profil, Passkeys, Codes und Aktivität sind endgültig weg.";
        consequence_name:
            "What you wrote in apps stays there; ask them.",
            "Was Sie in Apps geschrieben haben, bleibt dort; fragen Sie dort nach.";
        /// `{days}`
        consequence_grace:
            "For {days} days you can change your mind: by the link in the e-mail that we send you, or here.",
            "{days} Tage lang ist eine Umkehr möglich: mit dem Link in der E-Mail, die wir schicken, oder hier.";
        consequence_now: "There is no way back.", "Es gibt keinen Weg zurück.";
        /// `{name}`
        type_name: "To go on, type your user name: {name}", "Zum Fortfahren den Benutzernamen eingeben: {name}";
        name: "User name", "Benutzername";
        name_wrong: "This is not your user name.", "Das ist nicht Ihr Benutzername.";
        delete_submit: "Delete my account", "Mein Konto löschen";
        back: "Back", "Zurück";
        cancel_title: "Keep your account?", "Konto behalten?";
        cancel_text:
            "It was going to be deleted. It stays if you want it to.",
            "Es sollte gelöscht werden. Wenn Sie möchten, bleibt es.";
        kept_title: "Your account stays", "Ihr Konto bleibt";
        kept_text: "Nothing was lost. Sign in as always.", "Nichts ging verloren. Die Anmeldung geht wie immer.";
    }
}
