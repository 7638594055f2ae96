//! The page that sends an answer to a client with `response_mode=form_post`.

texts! {
    /// The page that sends an answer to a client with `response_mode=form_post`.
    pub struct FormPostTexts {
        title: "One moment", "Einen Moment";
        /// `{client}`
        note: "Taking you back to {client}.", "Es geht zurück zu {client}.";
        go_on: "Continue", "Weiter";
    }
}
