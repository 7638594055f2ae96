//! The sentences of `/signup`.

texts! {
    /// The sentences of `/signup`.
    pub struct SignupTexts {
        title: "Create your account", "Konto anlegen";
        /// `{client}`
        to_continue: "to continue to {client}", "und weiter zu {client}";
        email: "E-mail address", "E-Mail-Adresse";
        email_hint:
            "We send a code there, to make sure that it is yours.",
            "Dorthin geht ein Code. Er zeigt, dass die Adresse Ihnen gehört.";
        email_wrong:
            "Write one e-mail address, such as name@example.com.",
            "Bitte genau eine E-Mail-Adresse eingeben, etwa name@example.com.";
        name: "Your name (optional)", "Ihr Name (freiwillig)";
        name_hint: "How apps greet you.", "So begrüßen die Apps Sie.";
        terms: "I accept the terms of use.", "Ich akzeptiere die Nutzungsbedingungen.";
        terms_missing: "Accept the terms of use to get an account.", "Ein Konto gibt es nur mit den Nutzungsbedingungen.";
        terms_link: "Terms of use", "Nutzungsbedingungen";
        privacy_link: "Privacy policy", "Datenschutz";
        submit: "Continue", "Weiter";
        sign_in: "I have an account", "Ich habe schon ein Konto";

        code_title: "Check your e-mail", "E-Mails ansehen";
        /// `{email}`
        code_lede:
            "An e-mail is on its way to {email}. Type the code from it here, or open its link. It says how long they work.",
            "Eine E-Mail an {email} ist unterwegs. Geben Sie den Code daraus hier ein, oder öffnen Sie den Link. Wie lange beide gelten, steht darin.";
        code: "Code from the e-mail", "Code aus der E-Mail";
        resend: "Send a new e-mail", "Neue E-Mail schicken";
        resent: "A new e-mail is on its way. Only the newest code counts.", "Eine neue E-Mail ist unterwegs. Es gilt nur der neueste Code.";
        /// `{seconds}`
        resend_wait:
            "A new e-mail can be sent in {seconds} seconds.",
            "Eine neue E-Mail kann in {seconds} Sekunden geschickt werden.";
        other_address: "Use another address", "Andere Adresse verwenden";

        link_title: "Is this your address?", "Ist das Ihre Adresse?";
        /// `{email}`
        link_lede:
            "Somebody asked for an account with {email}. If that was not you, close this page.",
            "Für {email} wurde ein Konto angefordert. Waren Sie das nicht, schließen Sie diese Seite.";
        link_submit: "Yes, go on", "Ja, weiter";
        invite_title: "You are invited", "Sie sind eingeladen";
        /// `{email}`
        invite_lede: "Get an account for {email}.", "Hier gibt es ein Konto für {email}.";
        invite_submit: "Get my account", "Konto anlegen";
        over_title: "This link no longer works", "Dieser Link gilt nicht mehr";
        over_lede:
            "It was used already, or it is too old. Starting again takes a minute.",
            "Er wurde schon benutzt, oder er ist zu alt. Neu zu beginnen dauert nur eine Minute.";
        again: "Start again", "Neu beginnen";

        finish_title: "Choose how you sign in", "Wie möchten Sie sich anmelden?";
        /// `{email}`
        finish_lede: "{email} is confirmed. One more step.", "{email} ist bestätigt. Noch ein Schritt.";
        username: "User name", "Benutzername";
        username_hint:
            "Apps may show it. Your e-mail address works for signing in, whatever the name.",
            "Apps dürfen ihn zeigen. Anmelden geht immer auch mit der E-Mail-Adresse.";
        username_wrong:
            "Use up to 64 letters, digits and signs, without spaces and without @.",
            "Höchstens 64 Buchstaben, Ziffern und Zeichen, ohne Leerzeichen und ohne @.";
        username_taken: "Somebody has this name already. Choose another one.", "Diesen Namen gibt es schon. Bitte einen anderen wählen.";
        /// `{seconds}`
        too_many_names:
            "Too many names that are taken. Leave the user name as it is, or try again in {seconds} seconds.",
            "Zu viele Namen, die es schon gibt. Der Benutzername kann bleiben, wie er ist; andere gehen in {seconds} Sekunden wieder.";
        password: "Password", "Passwort";
        create: "Create account", "Konto anlegen";

        taken_title: "This address has an account", "Zu dieser Adresse gibt es ein Konto";
        /// `{email}`
        taken_lede:
            "An account with {email} exists by now. Sign in, or get back into it.",
            "Ein Konto mit {email} gibt es inzwischen. Melden Sie sich an, oder holen Sie sich den Zugang zurück.";
        recover: "Forgot the password?", "Passwort vergessen?";

        closed_title: "Accounts are made for you here", "Konten werden hier für Sie angelegt";
        /// `{brand}`
        closed_lede:
            "You can’t sign up here yourself. Ask the people who run {brand} for an account.",
            "Hier kann sich niemand selbst ein Konto anlegen. Wenden Sie sich an die Leute, die {brand} betreiben.";
        invited_title: "You need an invitation", "Dafür braucht es eine Einladung";
        /// `{brand}`
        invited_lede:
            "Open the link of your invitation in this browser, or ask the people who run {brand} for one.",
            "Öffnen Sie den Link Ihrer Einladung in diesem Browser, oder bitten Sie die Leute, die {brand} betreiben, um eine.";
        back: "Back to signing in", "Zurück zur Anmeldung";
    }
}
