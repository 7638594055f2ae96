//! Deutsch. Kurze Wörter, kein Vorwurf, und was als Nächstes zu tun ist.

use super::{ErrorText, Texts};

pub(super) static TEXTS: Texts = Texts {
    language: "Sprache",
    help: "Hilfe",
    dev_bar: "Entwicklungsmodus: Demokonten, nur auf diesem Rechner.",
    client_policy: "Datenschutz",
    client_terms: "Nutzungsbedingungen",
    other_account: "Anderes Konto verwenden",

    login_title: "Anmelden",
    login_continue: "und weiter zu {client}",
    login_username: "E-Mail-Adresse oder Benutzername",
    login_password: "Passwort",
    login_keep: "Auf diesem Gerät angemeldet bleiben",
    login_submit: "Anmelden",
    password_show: "Zeigen",
    password_show_label: "Zeigen: Passwort im Klartext",
    password_caps_lock: "Die Feststelltaste ist an.",
    login_wrong: "Name und Passwort passen nicht zusammen.",
    login_wrong_check: "Prüfen Sie Ihren {username} und Ihr {password} und versuchen Sie es noch einmal.",
    login_wrong_username: "Namen",
    login_wrong_password: "Passwort",
    login_throttled: "Zu viele Versuche. Versuchen Sie es in {seconds} Sekunden noch einmal.",
    login_wait_over: "Sie können es jetzt wieder versuchen.",
    again_title: "Bestätigen Sie, dass Sie es sind",
    again_asked: "{client} bittet Sie, sich noch einmal anzumelden.",
    again_max_age: "Ihre letzte Anmeldung ist eine Weile her, darum fragt {client} noch einmal nach Ihrem Passwort.",
    again_wrong: "Dieses Passwort stimmt nicht.",
    again_wrong_check: "Prüfen Sie Ihr {password} und versuchen Sie es noch einmal.",
    another_user: "{client} verlangt ein anderes Konto. Angemeldet sind Sie mit diesem:",
    select_title: "Konto wählen",

    consent_title: "Darf {client} Ihr Konto verwenden?",
    consent_host: "Danach geht es zurück zu {host}.",
    consent_scheme: "Danach geht es zurück zu der App auf diesem Gerät, die Links mit {scheme} öffnet.",
    consent_unchecked: "Diese App hat sich selbst registriert. Wer sie betreibt, hat hier niemand geprüft.",
    consent_list: "{client} darf dann",
    consent_new: "neu",
    consent_allow: "Erlauben",
    consent_deny: "Nicht erlauben",
    scope_openid: "Ihr Konto wiedererkennen",
    scope_profile: "Ihren Namen und Ihr Profil sehen",
    scope_email: "Ihre E-Mail-Adresse sehen",
    scope_address: "Ihre Postanschrift sehen",
    scope_phone: "Ihre Telefonnummer sehen",
    scope_groups: "Ihre Gruppen sehen",
    scope_offline_access: "Verbunden bleiben, wenn Sie nicht da sind",

    logout_title: "Bei {brand} abmelden?",
    logout_asked: "{client} möchte Sie abmelden.",
    logout_note: "In Apps, die gerade offen sind, können Sie noch eine Weile angemeldet bleiben.",
    logout_yes: "Abmelden",
    logout_no: "Angemeldet bleiben",
    logged_out_title: "Sie sind abgemeldet",
    logged_out_note: "Sie können diese Seite jetzt schließen.",
    logged_out_onward: "Zurück zu {client}",
    frontchannel_title: "Sie werden abgemeldet",
    frontchannel_note: "Ihre anderen Apps erfahren davon. Das dauert ein paar Sekunden.",
    frontchannel_continue: "Weiter",

    form_post_title: "Einen Moment",
    form_post_note: "Es geht zurück zu {client}.",
    form_post_continue: "Weiter",

    home_title: "Hier ist niemand angemeldet",
    home_note: "Öffnen Sie eine Ihrer Apps, um sich anzumelden. Sie bringt Sie hierher und wieder zurück.",
    home_title_signed_in: "Sie sind angemeldet",
    home_note_signed_in: "Öffnen Sie eine Ihrer Apps, um weiterzumachen.",
    home_developers: "Für Entwickler",
    home_issuer: "Aussteller",
    home_discovery: "Discovery-Dokument",
    home_keys: "Öffentliche Schlüssel",

    error_setup: ErrorText {
        title: "Dieser Anmeldelink ist nicht richtig eingerichtet",
        message: "Mit Ihrem Konto ist alles in Ordnung. Sagen Sie den Leuten hinter der App, die Sie hierher geschickt \
                  hat, Bescheid, und nennen Sie ihnen diese Nummer.",
    },
    error_logout_setup: ErrorText {
        title: "Dieser Abmeldelink ist nicht richtig eingerichtet",
        message: "Sie wurden nicht abgemeldet. Sagen Sie den Leuten hinter der App, die Sie hierher geschickt hat, \
                  Bescheid, und nennen Sie ihnen diese Nummer.",
    },
    error_unchecked: ErrorText {
        title: "Die Anfrage dieser App war nicht in Ordnung",
        message: "Die App hat sich selbst angemeldet, und niemand hier hat geprüft, wer sie betreibt. Deshalb fragen wir, \
                  bevor wir Sie zurückschicken. Gehen Sie nur weiter, wenn Sie die Adresse kennen.",
    },
    error_onward: "Weiter zu {host}",
    error_request: ErrorText {
        title: "Wir konnten diese Anfrage nicht verstehen",
        message: "Ein Teil davon war zu lang oder beschädigt. Gehen Sie zurück und versuchen Sie es noch einmal. Passiert \
                  es wieder, nennen Sie den Leuten, die diesen Dienst betreiben, diese Nummer.",
    },
    error_expired: ErrorText {
        title: "Diese Anmeldung hat zu lange gedauert",
        message: "Zu Ihrer Sicherheit endet eine Anmeldung nach einer Weile. Gehen Sie zurück zur App und beginnen Sie \
                  neu.",
    },
    error_cookies: ErrorText {
        title: "Ihr Browser hat unser Cookie nicht behalten",
        message: "Die Anmeldung braucht ein Cookie dieser Seite. Erlauben Sie es in Ihrem Browser, gehen Sie dann zurück \
                  zur App und beginnen Sie neu.",
    },
    error_foreign: ErrorText {
        title: "Wir haben diesen Schritt zu Ihrer Sicherheit angehalten",
        message: "Er kam nicht von unserer eigenen Seite in diesem Browser. Gehen Sie zurück zur App und beginnen Sie neu.",
    },
    error_not_found: ErrorText {
        title: "Hier ist nichts",
        message: "Vielleicht ist die Adresse vertippt oder veraltet.",
    },
    error_too_many: ErrorText {
        title: "Zu viele Versuche",
        message: "Von hier kamen in kurzer Zeit sehr viele Anfragen. Versuchen Sie es in {seconds} Sekunden noch einmal.",
    },
    error_unavailable: ErrorText {
        title: "Wir können gerade nicht antworten",
        message: "Mit Ihrem Konto ist alles in Ordnung. Versuchen Sie es in {seconds} Sekunden noch einmal.",
    },
    error_fault: ErrorText {
        title: "Bei uns ist etwas schiefgegangen",
        message: "Versuchen Sie es gleich noch einmal. Passiert es wieder, nennen Sie den Leuten, die diesen Dienst \
                  betreiben, diese Nummer.",
    },
    error_number: "Fehlernummer",
    error_copy: "Kopieren",
    error_copied: "Kopiert",
    error_details: "Einzelheiten für Entwickler",
    detail_error: "Fehler",
    detail_description: "Regel",
    detail_parameter: "Parameter",
    detail_client: "Client",
    detail_time: "Zeit",
    detail_registered: "registriert",
    detail_received: "erhalten",

    catalogue_title: "Fehlercodes",
    catalogue_lede: "Was dieser Server einer App antworten kann, und was dann zu tun ist.",
    catalogue_cause: "Wer diesen Dienst betreibt, findet mit dieser Nummer die wahre Ursache: countersign explain.",
    catalogue_who: "Wer handeln muss",
    catalogue_person: "Wer sich anmeldet",
    catalogue_developer: "Wer die App entwickelt",
    catalogue_operator: "Wer diesen Dienst betreibt",
    catalogue_fix: "Häufige Ursachen, und was zu tun ist",
    catalogue_example: "Beispiel",
    catalogue_all: "Alle Fehlercodes",
};
