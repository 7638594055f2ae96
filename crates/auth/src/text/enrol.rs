//! Adding a second factor in the middle of a sign-in, because an app demands one.

texts! {
    /// Adding a second factor in the middle of a sign-in, because an app demands one.
    pub struct EnrolTexts {
        title: "Add a second factor", "Zweiten Faktor hinzufügen";
        /// `{client}`
        lede:
            "{client} asks for a second factor, and you have none yet. It takes a minute, and then you go on.",
            "{client} verlangt einen zweiten Faktor, und Sie haben noch keinen. Das dauert eine Minute, danach geht es weiter.";
        totp: "Use an authenticator app", "Authenticator-App verwenden";
        other_way: "Choose another way", "Anderen Weg wählen";
        onward: "I have kept them, continue", "Aufbewahrt, weiter";
    }
}
