//! The frame of the error catalogue; its rows are in `catalogue_en.rs` and `catalogue_de.rs`.

texts! {
    /// The frame of the error catalogue; its rows are in `catalogue_en.rs` and `catalogue_de.rs`.
    pub struct CodeTexts {
        title: "Error codes", "Fehlercodes";
        lede:
            "What this server may answer to an app, and what to do about it.",
            "Was dieser Server einer App antworten kann, und was dann zu tun ist.";
        /// Below the number of a refused request.
        cause:
            "The people who run this service find the true cause with this number: countersign explain.",
            "Wer diesen Dienst betreibt, findet mit dieser Nummer die wahre Ursache: countersign explain.";
        who: "Who must act", "Wer handeln muss";
        person: "The person who signs in", "Wer sich anmeldet";
        developer: "The developer of the app", "Wer die App entwickelt";
        operator: "The people who run this service", "Wer diesen Dienst betreibt";
        fix: "Frequent causes, and what to do", "Häufige Ursachen, und was zu tun ist";
        example: "Example", "Beispiel";
        all: "All error codes", "Alle Fehlercodes";
    }
}
