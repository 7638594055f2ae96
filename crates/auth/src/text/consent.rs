//! The sentences of `/consent`, and what each scope is called there.

texts! {
    /// The sentences of `/consent`, and what each scope is called there.
    pub struct ConsentTexts {
        /// `{client}`
        title: "Allow {client} to use your account?", "Darf {client} Ihr Konto verwenden?";
        /// `{host}`
        host: "It will send you back to {host}.", "Danach geht es zurück zu {host}.";
        /// `{scheme}`: not a place on the network, but of links
        scheme:
            "It will send you back to the app on this device that opens {scheme} links.",
            "Danach geht es zurück zu der App auf diesem Gerät, die Links mit {scheme} öffnet.";
        /// `{client}`
        list: "{client} will be able to", "{client} darf dann";
        /// For an app that registered itself.
        unchecked:
            "This app registered itself. Nobody here has checked who runs it.",
            "Diese App hat sich selbst registriert. Wer sie betreibt, hat hier niemand geprüft.";
        new: "new", "neu";
        undo:
            "You can take this back at any time, under Connected apps in your account.",
            "Das lässt sich jederzeit zurücknehmen: in Ihrem Konto unter Verbundene Apps.";
        allow: "Allow", "Erlauben";
        deny: "Don’t allow", "Nicht erlauben";
        scope_openid: "Recognise your account", "Ihr Konto wiedererkennen";
        scope_profile: "See your name and profile", "Ihren Namen und Ihr Profil sehen";
        scope_email: "See your e-mail address", "Ihre E-Mail-Adresse sehen";
        scope_address: "See your postal address", "Ihre Postanschrift sehen";
        scope_phone: "See your phone number", "Ihre Telefonnummer sehen";
        scope_groups: "See which groups you belong to", "Ihre Gruppen sehen";
        scope_offline_access: "Stay connected when you are away", "Verbunden bleiben, wenn Sie nicht da sind";
    }
}
