//! The keys that somebody makes for their programs.

texts! {
    /// The keys that somebody makes for their programs.
    pub struct ApiKeysTexts {
        title: "API keys", "API-Schlüssel";
        lede:
            "With a key, a program of yours uses an API in your name. Give each program its own.",
            "Mit einem Schlüssel benutzt ein Programm von Ihnen eine API in Ihrem Namen. Geben Sie jedem Programm einen eigenen.";
        none: "You have no API key.", "Sie haben keinen API-Schlüssel.";
        add: "New API key", "Neuer API-Schlüssel";
        full:
            "That is as many keys as there can be. Revoke one that you do not need.",
            "Mehr Schlüssel gibt es nicht. Widerrufen Sie einen, den Sie nicht brauchen.";
        no_api: "There is no API here that takes keys.", "Hier gibt es keine API, die Schlüssel annimmt.";
        next: "More keys", "Weitere Schlüssel";
        first: "From the beginning", "Von vorn";
        back: "Back to the API keys", "Zurück zu den API-Schlüsseln";

        /// `{api}`
        for_api: "For {api}", "Für {api}";
        /// `{api}`
        api_gone: "For {api}, which is not there any more", "Für {api}; diese API gibt es nicht mehr";
        /// `{time}`
        made: "Made: {time}", "Erstellt: {time}";
        /// `{time}`
        ends: "Ends: {time}", "Endet: {time}";
        /// `{time}`
        ended: "Ended: {time}", "Endete: {time}";
        endless: "Does not end", "Endet nicht";
        /// `{time}`
        used: "Last used: {time}", "Zuletzt benutzt: {time}";
        unused: "Never used", "Nie benutzt";
        /// `{networks}`
        only_from: "Only from {networks}", "Nur aus {networks}";
        signs: "May sign requests", "Darf Anfragen signieren";
        /// `{permissions}`
        may: "Permissions: {permissions}", "Berechtigungen: {permissions}";
        badge_soon: "ends soon", "endet bald";
        badge_replaced: "replaced", "ersetzt";
        badge_expired: "expired", "abgelaufen";
        badge_revoked: "revoked", "widerrufen";

        new_lede: "What may the program do, and for how long?", "Was darf das Programm, und wie lange?";
        choose_lede: "Which API is the key for?", "Für welche API ist der Schlüssel?";
        choose: "Make a key", "Schlüssel erstellen";
        /// `{api}`
        identifier: "Programs find it as {api}.", "Programme finden sie unter {api}.";
        name: "Name", "Name";
        name_hint: "So that you know later what uses it.", "Damit Sie später wissen, was ihn benutzt.";
        name_missing: "Enter a name.", "Geben Sie einen Namen ein.";
        permissions: "Permissions", "Berechtigungen";
        all_reading: "Everything there that ends in :read", "Alles dort, was auf :read endet";
        all_writing: "Everything there that ends in :write", "Alles dort, was auf :write endet";
        permission_missing: "Choose at least one permission.", "Wählen Sie mindestens eine Berechtigung.";
        permission_too_many: "Choose at most 32 permissions.", "Wählen Sie höchstens 32 Berechtigungen.";
        lifetime: "Lifetime", "Laufzeit";
        /// `{days}`
        days_option: "{days} days", "{days} Tage";
        never_option: "Without end", "Ohne Ende";
        other_option: "As many days as I say below", "So viele Tage, wie ich unten angebe";
        days: "Days", "Tage";
        days_hint: "Only for a lifetime of your own.", "Nur für eine eigene Laufzeit.";
        /// `{days}`
        days_wrong: "A key lives between 1 and {days} days.", "Ein Schlüssel gilt zwischen 1 und {days} Tagen.";
        networks: "Networks", "Netze";
        networks_hint:
            "Where the program runs, as 192.0.2.7 or 10.0.0.0/8, with spaces between them. Empty: anywhere.",
            "Wo das Programm läuft, etwa 192.0.2.7 oder 10.0.0.0/8, durch Leerzeichen getrennt. Leer: überall.";
        /// `{network}`
        networks_wrong:
            "“{network}” is no address and no network such as 10.0.0.0/8.",
            "„{network}“ ist weder eine Adresse noch ein Netz wie 10.0.0.0/8.";
        networks_too_many: "Name at most 16 networks.", "Nennen Sie höchstens 16 Netze.";
        signing: "Allow signed requests", "Signierte Anfragen erlauben";
        signing_hint:
            "A program can then sign its requests instead of sending the key.",
            "Ein Programm kann seine Anfragen dann signieren, statt den Schlüssel zu senden.";
        submit: "Make the key", "Schlüssel erstellen";

        made_title: "Your new API key", "Ihr neuer API-Schlüssel";
        made_lede:
            "Copy it now. It is shown this once; we keep only what it takes to recognise it.",
            "Kopieren Sie ihn jetzt. Er wird nur dieses eine Mal gezeigt; wir behalten nur, woran er zu erkennen ist.";
        made_secret:
            "Whoever has it can act in your name, as far as it allows. Keep it out of e-mails and source code.",
            "Wer ihn hat, kann in Ihrem Namen handeln, soweit er es erlaubt. Er gehört in keine E-Mail und in keinen Quelltext.";
        /// `{time}`
        made_old_ends: "The previous key ends: {time}", "Der bisherige endet: {time}";
        made_old_ended: "The previous key has ended", "Der bisherige gilt nicht mehr";
        made_done: "I have copied it", "Ich habe ihn kopiert";

        rotate: "Replace", "Ersetzen";
        rotate_text:
            "You get a new key with the same permissions, and change the program over to it.",
            "Sie bekommen einen neuen Schlüssel mit denselben Berechtigungen und stellen das Programm darauf um.";
        overlap: "The old one works for", "Der alte gilt noch";
        overlap_none: "No longer", "Nicht mehr";
        overlap_hour: "An hour", "Eine Stunde";
        overlap_day: "A day", "Einen Tag";
        overlap_week: "A week", "Eine Woche";
        rotate_submit: "Make the new key", "Neuen Schlüssel erstellen";
        revoke: "Revoke", "Widerrufen";
        revoke_text:
            "Programs that use it lose their access at once. This cannot be undone.",
            "Programme, die ihn benutzen, verlieren sofort den Zugriff. Das lässt sich nicht rückgängig machen.";
        revoke_submit: "Revoke the key", "Schlüssel widerrufen";
        done_revoked: "The key is revoked.", "Der Schlüssel ist widerrufen.";
        done_gone: "That key had ended already.", "Dieser Schlüssel galt schon nicht mehr.";
    }
}
