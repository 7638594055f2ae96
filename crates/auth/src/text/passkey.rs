//! Passkeys: signing in with one, adding one.

texts! {
    /// Passkeys: signing in with one, adding one.
    pub struct PasskeyTexts {
        title: "Use your passkey", "Passkey verwenden";
        lede:
            "Your browser asks for the screen lock or the security key that you use on this device.",
            "Der Browser fragt nach der Bildschirmsperre oder dem Sicherheitsschlüssel dieses Geräts.";
        sign_in: "Use a passkey", "Passkey verwenden";
        add: "Add a passkey", "Passkey hinzufügen";
        or: "or", "oder";
        needs_script:
            "This needs a browser with passkeys and JavaScript. Choose another way, or another browser.",
            "Das geht nur in einem Browser mit Passkeys und JavaScript. Ein anderer Weg oder ein anderer Browser hilft weiter.";
        /// What a passkey is called whose maker is unknown.
        default_name: "Passkey", "Passkey";
        synced: "Synced to your devices", "Synchronisiert";
        device_bound: "On one device only", "Nur auf einem Gerät";

        cancelled:
            "That was cancelled or took too long. Try again, or choose another way.",
            "Das wurde abgebrochen oder hat zu lange gedauert. Versuchen Sie es noch einmal, oder wählen Sie einen anderen Weg.";
        /// While adding one.
        exists:
            "This device or security key already has a passkey for this account.",
            "Dieses Gerät oder dieser Sicherheitsschlüssel hat schon einen Passkey für dieses Konto.";
        unsupported:
            "This device or security key can’t do that. It needs a screen lock, a PIN or a fingerprint.",
            "Dieses Gerät oder dieser Sicherheitsschlüssel kann das nicht. Nötig sind Bildschirmsperre, PIN oder Fingerabdruck.";
        insecure:
            "The browser doesn’t allow passkeys at this address.",
            "Der Browser erlaubt an dieser Adresse keine Passkeys.";
        offline:
            "The server didn’t answer. Check your connection and reload the page.",
            "Der Server hat nicht geantwortet. Prüfen Sie die Verbindung und laden Sie die Seite neu.";
        failed: "That didn’t work. Try again, or choose another way.", "Das hat nicht geklappt. Versuchen Sie es noch einmal, oder wählen Sie einen anderen Weg.";

        /// The answers of the server.
        expired: "That took too long. Try again.", "Das hat zu lange gedauert. Versuchen Sie es noch einmal.";
        unknown:
            "This passkey doesn’t belong to an account here. It may have been removed. Choose another one, or sign in another way.",
            "Dieser Passkey gehört hier zu keinem Konto. Vielleicht wurde er entfernt. Wählen Sie einen anderen, oder melden Sie sich auf anderem Weg an.";
        not_verified:
            "The device didn’t check that it is you. Use its screen lock, PIN or fingerprint.",
            "Das Gerät hat nicht geprüft, ob Sie es sind. Verwenden Sie Bildschirmsperre, PIN oder Fingerabdruck.";
        cloned:
            "This passkey may have been copied, so it isn’t accepted any more. Sign in another way and remove it.",
            "Dieser Passkey wurde vielleicht kopiert und gilt darum nicht mehr. Melden Sie sich auf anderem Weg an und entfernen Sie ihn.";
        too_many:
            "You have as many passkeys as an account can have. Remove one first.",
            "Mehr Passkeys kann ein Konto nicht haben. Entfernen Sie zuerst einen.";
    }
}
