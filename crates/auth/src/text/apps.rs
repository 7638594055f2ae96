//! The apps that somebody has connected with the account.

texts! {
    /// The apps that somebody has connected with the account.
    pub struct AppsTexts {
        title: "Connected apps", "Verbundene Apps";
        lede:
            "Apps that you signed in to, and what they may do.",
            "Apps, bei denen Sie sich angemeldet haben, und was sie dürfen.";
        none: "No app is connected with your account.", "Mit Ihrem Konto ist keine App verbunden.";
        offline: "also while you are away", "auch in Ihrer Abwesenheit";
        /// `{time}`
        since: "Since {time}", "Seit {time}";
        /// `{time}`
        used: "Last used: {time}", "Zuletzt benutzt: {time}";
        remove: "Remove access", "Zugriff entfernen";
        /// `{app}`
        remove_label: "Remove access: {app}", "Zugriff entfernen: {app}";
        done_removed:
            "Access is removed. Sign in at the app to give it again.",
            "Der Zugriff ist entfernt. Wenn Sie sich bei der App wieder anmelden, können Sie ihn neu erteilen.";
        done_gone: "That app had no access any more.", "Diese App hatte keinen Zugriff mehr.";
        next: "More apps", "Weitere Apps";
        first: "From the beginning", "Von vorn";
    }
}
