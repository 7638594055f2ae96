//! The error pages.

use super::ErrorText;

/// A page of its own for each kind of failure: what happened, and what to do now.
macro_rules! error_pages {
    (
        pub struct $area:ident { $( $(#[$about:meta])* $page:ident {
            title: $title:literal, $title_german:literal;
            message: $message:literal, $message_german:literal;
        } )+ }
    ) => {
        #[derive(Debug)]
        #[cfg_attr(test, derive(serde::Serialize))]
        pub struct $area { $( $(#[$about])* pub $page: ErrorText, )+ }

        impl $area {
            pub(super) const ENGLISH: Self = Self { $( $page: ErrorText { title: $title, message: $message }, )+ };
            pub(super) const GERMAN: Self =
                Self { $( $page: ErrorText { title: $title_german, message: $message_german }, )+ };

            pub(super) fn map(&self, change: fn(&'static str) -> &'static str) -> Self {
                let both = |page: ErrorText| ErrorText { title: change(page.title), message: change(page.message) };
                Self { $( $page: both(self.$page), )+ }
            }
        }
    };
}

error_pages! {
    pub struct ErrorPages {
        /// An unknown client, a redirect URI that is not registered: we cannot send the person back.
        setup {
            title: "This sign-in link isn’t set up correctly", "Dieser Anmeldelink ist nicht richtig eingerichtet";
            message:
                "Nothing is wrong with your account. Tell the people behind the app that sent you here, and give them \
                 this number.",
                "Mit Ihrem Konto ist alles in Ordnung. Sagen Sie den Leuten hinter der App, die Sie hierher geschickt \
                 hat, Bescheid, und nennen Sie ihnen diese Nummer.";
        }
        /// A `post_logout_redirect_uri` that is not registered, a bad hint.
        logout_setup {
            title: "This sign-out link isn’t set up correctly", "Dieser Abmeldelink ist nicht richtig eingerichtet";
            message:
                "You have not been signed out. Tell the people behind the app that sent you here, and give them this \
                 number.",
                "Sie wurden nicht abgemeldet. Sagen Sie den Leuten hinter der App, die Sie hierher geschickt hat, \
                 Bescheid, und nennen Sie ihnen diese Nummer.";
        }
        /// An app that registered itself asked for what it cannot have, and nobody is signed in.
        unchecked {
            title: "This app’s request did not work", "Die Anfrage dieser App war nicht in Ordnung";
            message:
                "The app registered itself, and nobody here has checked who runs it. So we ask before we send you back. \
                 Go on only if you know the address.",
                "Die App hat sich selbst registriert, und niemand hier hat geprüft, wer sie betreibt. Deshalb fragen wir, \
                 bevor wir Sie zurückschicken. Gehen Sie nur weiter, wenn Sie die Adresse kennen.";
        }
        /// A form that is too long, or that breaks a rule: an over-long password, a field sent twice.
        request {
            title: "We could not understand this request", "Wir konnten diese Anfrage nicht verstehen";
            message:
                "Part of it was too long or damaged. Go back and try once more. If it happens again, give the people who \
                 run this service this number.",
                "Ein Teil davon war zu lang oder beschädigt. Gehen Sie zurück und versuchen Sie es noch einmal. Passiert \
                 es wieder, nennen Sie den Leuten, die diesen Dienst betreiben, diese Nummer.";
        }
        /// The interaction is over or unknown.
        expired {
            title: "This sign-in is over", "Diese Anmeldung ist vorbei";
            message:
                "For your safety a sign-in ends after a while, and a finished one can’t be opened again. Nothing is lost: \
                 start again.",
                "Zu Ihrer Sicherheit endet eine Anmeldung nach einer Weile, und eine abgeschlossene lässt sich nicht noch \
                 einmal öffnen. Nichts ist verloren: Beginnen Sie einfach neu.";
        }
        /// A link out of a mail, or its code, that counts no more.
        link_over {
            title: "This link no longer works", "Dieser Link gilt nicht mehr";
            message:
                "It was used already, it is too old, or the account has changed since. Nothing is lost: your account shows how \
                 things stand.",
                "Er wurde schon benutzt, er ist zu alt, oder das Konto hat sich seitdem geändert. Nichts ist verloren: Ihr \
                 Konto zeigt, was gilt.";
        }
        /// The cookie of the interaction did not come back.
        cookies {
            title: "Your browser did not keep our cookie", "Ihr Browser hat unser Cookie nicht behalten";
            message:
                "Signing in needs one cookie of this site. Allow it in your browser, then go back to the app and start \
                 again.",
                "Die Anmeldung braucht ein Cookie dieser Seite. Erlauben Sie es in Ihrem Browser, gehen Sie dann zurück \
                 zur App und beginnen Sie neu.";
        }
        /// A form that our own page did not send.
        foreign {
            title: "We stopped this step for your safety", "Wir haben diesen Schritt zu Ihrer Sicherheit angehalten";
            message:
                "It did not come from our own page in this browser. Go back to the app and start again.",
                "Er kam nicht von unserer eigenen Seite in diesem Browser. Gehen Sie zurück zur App und beginnen Sie neu.";
        }
        not_found {
            title: "There is nothing here", "Hier ist nichts";
            message:
                "The address may be mistyped or out of date.",
                "Vielleicht ist die Adresse vertippt oder veraltet.";
        }
        /// The message has `{seconds}`, two or more.
        too_many {
            title: "Too many attempts", "Zu viele Versuche";
            message:
                "Many requests came from here in a short time. Try again in {seconds} seconds.",
                "Von hier kamen in kurzer Zeit sehr viele Anfragen. Versuchen Sie es in {seconds} Sekunden noch einmal.";
        }
        /// Overload, no database. The message has `{seconds}`, two or more.
        unavailable {
            title: "We cannot answer right now", "Wir können gerade nicht antworten";
            message:
                "Nothing is wrong with your account. Try again in {seconds} seconds.",
                "Mit Ihrem Konto ist alles in Ordnung. Versuchen Sie es in {seconds} Sekunden noch einmal.";
        }
        fault {
            title: "Something went wrong on our side", "Bei uns ist etwas schiefgegangen";
            message:
                "Try again in a moment. If it happens again, give the people who run this service this number.",
                "Versuchen Sie es gleich noch einmal. Passiert es wieder, nennen Sie den Leuten, die diesen Dienst \
                 betreiben, diese Nummer.";
        }
    }
}

texts! {
    /// The error pages.
    pub struct ErrorTexts {
        /// `{host}`
        onward: "Go on to {host}", "Weiter zu {host}";
        /// `{client}`
        start_again: "Start again at {client}", "Neu beginnen bei {client}";
        retry: "Try again", "Noch einmal versuchen";
        account: "Go to my account", "Zu meinem Konto";
        number: "Error number", "Fehlernummer";
        copy: "Copy", "Kopieren";
        copied: "Copied", "Kopiert";
        details: "Details for developers", "Einzelheiten für Entwickler";
        detail_error: "Error", "Fehler";
        detail_description: "Rule", "Regel";
        detail_parameter: "Parameter", "Parameter";
        detail_client: "Client", "Client";
        detail_time: "Time", "Zeit";
        detail_registered: "registered", "registriert";
        detail_received: "received", "erhalten";
    }
}
