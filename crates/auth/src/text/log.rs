//! What happened to an account, in words.

use protocol::security_event::SecurityEvent;

texts! {
    /// What happened to an account, in words.
    pub struct LogTexts {
        title: "Activity", "Aktivität";
        lede: "What happened to your account, newest first.", "Was mit Ihrem Konto geschah, das Neueste zuerst.";
        filter: "Show", "Zeigen";
        filter_submit: "Show", "Zeigen";
        filter_all: "Everything", "Alles";
        none: "Nothing to show.", "Nichts anzuzeigen.";
        older: "Older", "Ältere";
        newest: "Newest", "Neueste";
        not_me: "Is something here not yours?", "Ist etwas davon nicht von Ihnen?";
        /// On the security page, which notices in mail lead to.
        doubt: "Was somebody else in your account?", "War jemand anderes in Ihrem Konto?";
        not_me_text: "Then make your account safe now.", "Dann sichern Sie Ihr Konto jetzt ab.";
        not_me_action: "This wasn’t me", "Das war ich nicht";
        /// `{address}`
        from: "from {address}", "von {address}";
        /// `{app}`
        at_app: "at {app}", "bei {app}";
        account_created: "Account created", "Konto angelegt";
        signed_in: "Signed in", "Angemeldet";
        sign_in_failed: "Failed sign-in", "Fehlgeschlagene Anmeldung";
        signed_out: "Signed out", "Abgemeldet";
        session_ended: "Another device signed out", "Anderes Gerät abgemeldet";
        other_sessions_ended: "All other devices signed out", "Alle anderen Geräte abgemeldet";
        second_factor_failed: "Wrong second factor", "Falscher zweiter Faktor";
        password_changed: "Password changed", "Passwort geändert";
        password_reset: "Password reset", "Passwort zurückgesetzt";
        email_changed: "E-mail address changed", "E-Mail-Adresse geändert";
        profile_changed: "Profile changed", "Profil geändert";
        totp_added: "Authenticator app added", "Authenticator-App hinzugefügt";
        totp_removed: "Authenticator app removed", "Authenticator-App entfernt";
        passkey_added: "Passkey added", "Passkey hinzugefügt";
        passkey_renamed: "Passkey renamed", "Passkey umbenannt";
        passkey_removed: "Passkey removed", "Passkey entfernt";
        passkey_clone_suspected: "Passkey may have been copied", "Passkey vielleicht kopiert";
        recovery_codes_made: "Recovery codes made", "Wiederherstellungscodes erstellt";
        recovery_code_used: "Recovery code used", "Wiederherstellungscode benutzt";
        browser_remembered: "Browser remembered", "Browser gemerkt";
        browser_forgotten: "Browser forgotten", "Browser vergessen";
        consent_given: "App allowed", "App erlaubt";
        consent_withdrawn: "Access of an app removed", "Zugriff einer App entfernt";
        api_key_created: "API key made", "API-Schlüssel erstellt";
        api_key_rotated: "API key replaced", "API-Schlüssel ersetzt";
        api_key_revoked: "API key revoked", "API-Schlüssel widerrufen";
        data_exported: "Data exported", "Daten exportiert";
        deletion_scheduled: "Deletion of the account asked for", "Löschung des Kontos verlangt";
        deletion_cancelled: "Deletion of the account cancelled", "Löschung des Kontos abgebrochen";
    }
}

impl LogTexts {
    /// One kind of event.
    pub fn event(&self, kind: SecurityEvent) -> &'static str {
        match kind {
            SecurityEvent::AccountCreated => self.account_created,
            SecurityEvent::SignedIn => self.signed_in,
            SecurityEvent::SignInFailed => self.sign_in_failed,
            SecurityEvent::SignedOut => self.signed_out,
            SecurityEvent::SessionEnded => self.session_ended,
            SecurityEvent::OtherSessionsEnded => self.other_sessions_ended,
            SecurityEvent::SecondFactorFailed => self.second_factor_failed,
            SecurityEvent::PasswordChanged => self.password_changed,
            SecurityEvent::PasswordReset => self.password_reset,
            SecurityEvent::EmailChanged => self.email_changed,
            SecurityEvent::ProfileChanged => self.profile_changed,
            SecurityEvent::TotpAdded => self.totp_added,
            SecurityEvent::TotpRemoved => self.totp_removed,
            SecurityEvent::PasskeyAdded => self.passkey_added,
            SecurityEvent::PasskeyRenamed => self.passkey_renamed,
            SecurityEvent::PasskeyRemoved => self.passkey_removed,
            SecurityEvent::PasskeyCloneSuspected => self.passkey_clone_suspected,
            SecurityEvent::RecoveryCodesMade => self.recovery_codes_made,
            SecurityEvent::RecoveryCodeUsed => self.recovery_code_used,
            SecurityEvent::BrowserRemembered => self.browser_remembered,
            SecurityEvent::BrowserForgotten => self.browser_forgotten,
            SecurityEvent::ConsentGiven => self.consent_given,
            SecurityEvent::ConsentWithdrawn => self.consent_withdrawn,
            SecurityEvent::ApiKeyCreated => self.api_key_created,
            SecurityEvent::ApiKeyRotated => self.api_key_rotated,
            SecurityEvent::ApiKeyRevoked => self.api_key_revoked,
            SecurityEvent::DataExported => self.data_exported,
            SecurityEvent::DeletionScheduled => self.deletion_scheduled,
            SecurityEvent::DeletionCancelled => self.deletion_cancelled,
        }
    }
}

/// Every kind of event: its name, and its words.
pub fn event_kinds(texts: &LogTexts) -> Vec<(&'static str, &'static str)> {
    SecurityEvent::ALL.iter().map(|kind| (kind.name(), texts.event(*kind))).collect()
}
