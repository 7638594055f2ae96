//! The words on our pages and the choice of the language they are shown in.
//!
//! The sentences stand in one file per area below `text/`, all languages of a sentence side by side, so the compiler finds a
//! missing one. Names that belong into a sentence stand in it as `{client}`; [`pieces`] takes a sentence apart for a template,
//! [`fill`] for a plain string. English: short words, no blame, and what to do next. German the same.

#[macro_use]
mod catalogue;
#[macro_use]
mod texts;

mod account;
mod api_keys;
mod apps;
mod catalogue_de;
mod catalogue_en;
mod codes;
mod common;
mod consent;
mod data;
mod enrol;
mod errors;
mod field;
mod form_post;
mod home;
mod log;
mod login;
mod logout;
mod mail;
mod passkey;
mod password;
mod pseudo;
mod recovery;
mod second_factor;
mod security;
mod sessions;
mod signup;

use protocol::error::ErrorCode;

pub use self::account::AccountTexts;
pub use self::api_keys::ApiKeysTexts;
pub use self::apps::AppsTexts;
pub use self::codes::CodeTexts;
pub use self::common::CommonTexts;
pub use self::consent::ConsentTexts;
pub use self::data::DataTexts;
pub use self::enrol::EnrolTexts;
pub use self::errors::{ErrorPages, ErrorTexts};
pub use self::field::FieldTexts;
pub use self::form_post::FormPostTexts;
pub use self::home::HomeTexts;
pub use self::log::{LogTexts, event_kinds};
pub use self::login::LoginTexts;
pub use self::logout::LogoutTexts;
pub use self::mail::MailTexts;
pub use self::passkey::PasskeyTexts;
pub use self::password::PasswordTexts;
pub use self::recovery::RecoveryTexts;
pub use self::second_factor::SecondFactorTexts;
pub use self::security::SecurityTexts;
pub use self::sessions::SessionsTexts;
pub use self::signup::SignupTexts;

/// A language that the pages exist in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Locale {
    #[default]
    En,
    De,
    /// Longer words with accents, for rehearsals: see `text/pseudo.rs`.
    Accented,
    /// From right to left, for rehearsals.
    Mirrored,
}

/// What is known about the languages a person reads, each as it was received.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wishes<'a> {
    /// What the person chose with our own language switch: the `lang` parameter, else the cookie that it set.
    pub chosen: Option<&'a str>,
    /// The `ui_locales` parameter: language tags separated by spaces, best first (OpenID Connect Core §3.1.2.1).
    pub ui_locales: Option<&'a str>,
    /// The `Accept-Language` header (RFC 9110 §12.5.4).
    pub accept_language: Option<&'a str>,
}

impl Locale {
    /// What people are offered.
    pub const ALL: [Self; 2] = [Self::En, Self::De];
    /// What is only there to look at pages with.
    pub const PSEUDO: [Self; 2] = [Self::Accented, Self::Mirrored];

    /// The person's own word comes first: the switch would not work on a page whose app names another language.
    pub fn negotiate(wishes: &Wishes<'_>) -> Self {
        let app = || wishes.ui_locales?.split(' ').find_map(Self::parse);
        let browser = || most_wanted(wishes.accept_language?);
        wishes.chosen.and_then(Self::parse).or_else(app).or_else(browser).unwrap_or_default()
    }

    /// Any tag of a language that we have: `de`, `de-CH` and `DE_at` are all German.
    pub fn parse(tag: &str) -> Option<Self> {
        let language = tag.split(['-', '_']).next().unwrap_or(tag);
        Self::ALL.into_iter().find(|locale| language.eq_ignore_ascii_case(locale.tag()))
    }

    /// A pseudo-locale, by exactly its tag. Where nobody develops, nobody asks.
    pub fn rehearsed(tag: &str) -> Option<Self> {
        Self::PSEUDO.into_iter().find(|locale| locale.tag() == tag)
    }

    /// The BCP 47 tag.
    pub fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::De => "de",
            Self::Accented => "en-XA",
            Self::Mirrored => "ar-XB",
        }
    }

    /// The language's name in that language.
    pub fn name(self) -> &'static str {
        match self {
            Self::En => "English",
            Self::De => "Deutsch",
            Self::Accented => "Áççéñţš",
            Self::Mirrored => "اليمين",
        }
    }

    /// The value of the `dir` attribute.
    pub fn direction(self) -> &'static str {
        match self {
            Self::En | Self::De | Self::Accented => "ltr",
            Self::Mirrored => "rtl",
        }
    }

    pub fn texts(self) -> &'static Texts {
        match self {
            Self::En => &ENGLISH,
            Self::De => &GERMAN,
            Self::Accented => &pseudo::ACCENTED,
            Self::Mirrored => &pseudo::MIRRORED,
        }
    }

    pub fn explanation(self, code: ErrorCode) -> Explanation {
        match self {
            Self::En | Self::Accented | Self::Mirrored => catalogue_en::explanation(code),
            Self::De => catalogue_de::explanation(code),
        }
    }
}

/// The language that an `Accept-Language` header weighs highest among those we have; the first one of equals.
fn most_wanted(header: &str) -> Option<Locale> {
    let mut best: Option<(Locale, f32)> = None;
    for range in header.split(',').take(32) {
        let mut parts = range.split(';').map(str::trim);
        let locale = parts.next().and_then(|tag| if tag == "*" { Some(Locale::default()) } else { Locale::parse(tag) });
        let weight = parts.find_map(|part| part.strip_prefix("q=")).map_or(Some(1.0), |weight| weight.parse().ok());
        if let (Some(locale), Some(weight)) = (locale, weight)
            && weight > best.map_or(0.0, |(_, weight)| weight)
        {
            best = Some((locale, weight));
        }
    }
    best.map(|(locale, _)| locale)
}

/// A part of a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    Text(&'a str),
    /// The name between braces.
    Hole(&'a str),
}

/// Takes a sentence apart: the words, and the holes that names go into.
pub fn pieces(sentence: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = sentence;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((hole, after)) = after.split_once('}') else { break };
        if !before.is_empty() {
            pieces.push(Piece::Text(before));
        }
        pieces.push(Piece::Hole(hole));
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    pieces
}

/// Puts one value into every hole of a sentence.
pub fn fill(sentence: &str, value: &str) -> String {
    let words = |piece| match piece {
        Piece::Text(words) => words,
        Piece::Hole(_) => value,
    };
    pieces(sentence).into_iter().map(words).collect()
}

/// What an error page says to a person.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct ErrorText {
    pub title: &'static str,
    pub message: &'static str,
}

areas! {
    common: CommonTexts;
    field: FieldTexts;
    login: LoginTexts;
    consent: ConsentTexts;
    logout: LogoutTexts;
    form_post: FormPostTexts;
    home: HomeTexts;
    codes: CodeTexts;
    errors: ErrorTexts;
    /// What an error page says.
    failures: ErrorPages;
    mail: MailTexts;
    signup: SignupTexts;
    recovery: RecoveryTexts;
    password: PasswordTexts;
    second_factor: SecondFactorTexts;
    passkey: PasskeyTexts;
    account: AccountTexts;
    security: SecurityTexts;
    enrol: EnrolTexts;
    sessions: SessionsTexts;
    apps: AppsTexts;
    api_keys: ApiKeysTexts;
    log: LogTexts;
    data: DataTexts;
}

static ENGLISH: Texts = Texts::ENGLISH;
static GERMAN: Texts = Texts::GERMAN;

/// What the catalogue says about one error code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Explanation {
    pub meaning: &'static str,
    /// The frequent causes, each with its remedy.
    pub fixes: &'static [&'static str],
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn accept(header: &str) -> Locale {
        Locale::negotiate(&Wishes { accept_language: Some(header), ..Wishes::default() })
    }

    #[test]
    fn the_browser_decides_when_nobody_else_did() {
        assert_eq!(accept("de"), Locale::De);
        assert_eq!(accept("de-CH, en;q=0.9"), Locale::De);
        assert_eq!(accept("fr-CH, fr;q=0.9, en;q=0.7, de;q=0.8, *;q=0.5"), Locale::De);
        assert_eq!(accept("de;q=0.4, en;q=0.4"), Locale::De);
        assert_eq!(accept("de;q=0, *"), Locale::En);
    }

    #[test]
    fn what_cannot_be_read_is_english() {
        for header in ["", "se", ",;q=,", "de;q=x", "de;q=NaN", "*;q=0", "\u{fffd}"] {
            assert_eq!(accept(header), Locale::En, "{header:?}");
        }
    }

    #[test]
    fn the_app_outweighs_the_browser_and_the_person_outweighs_the_app() {
        let mut wishes = Wishes { accept_language: Some("en"), ui_locales: Some("se de-AT en"), chosen: None };
        assert_eq!(Locale::negotiate(&wishes), Locale::De);
        wishes.chosen = Some("en");
        assert_eq!(Locale::negotiate(&wishes), Locale::En);
        wishes.chosen = Some("tlh");
        assert_eq!(Locale::negotiate(&wishes), Locale::De);
    }

    #[test]
    fn pseudo_locales_are_never_negotiated() {
        for tag in ["en-XA", "ar-XB"] {
            let wishes = Wishes { chosen: Some(tag), ui_locales: Some(tag), accept_language: Some(tag) };
            assert_eq!(Locale::negotiate(&wishes), Locale::En, "{tag}");
            assert_eq!(Locale::rehearsed(tag).map(Locale::tag), Some(tag));
        }
        assert_eq!(Locale::rehearsed("en"), None);
    }

    #[test]
    fn a_sentence_comes_apart_and_together() {
        assert_eq!(pieces("to {client}!"), [Piece::Text("to "), Piece::Hole("client"), Piece::Text("!")]);
        assert_eq!(pieces("{a}{b}"), [Piece::Hole("a"), Piece::Hole("b")]);
        assert_eq!(pieces("no end {here"), [Piece::Text("no end {here")]);
        assert_eq!(fill("to {client}, {client}", "{x}"), "to {x}, {x}");
        assert_eq!(fill("", "x"), "");
    }

    #[test]
    fn every_language_has_the_same_holes() {
        let english = sentences(Locale::En);
        for locale in Locale::ALL.into_iter().chain(Locale::PSEUDO) {
            for ((field, theirs), (_, ours)) in sentences(locale).iter().zip(&english) {
                assert!(!theirs.is_empty(), "{field} is empty in {locale:?}");
                assert_eq!(holes(theirs), holes(ours), "{field} in {locale:?}");
            }
        }
    }

    fn sentences(locale: Locale) -> Vec<(String, String)> {
        fn collect(path: &str, value: &Value, found: &mut Vec<(String, String)>) {
            match value {
                Value::Object(parts) => {
                    parts.iter().for_each(|(part, value)| collect(&format!("{path}.{part}"), value, found));
                }
                text => found.push((path.to_owned(), text.as_str().expect("a sentence").to_owned())),
            }
        }
        let mut found = Vec::new();
        collect("texts", &serde_json::to_value(locale.texts()).expect("texts are strings"), &mut found);
        found
    }

    fn holes(sentence: &str) -> Vec<String> {
        let name = |piece| match piece {
            Piece::Hole(name) => Some(str::to_owned(name)),
            Piece::Text(_) => None,
        };
        let mut holes: Vec<_> = pieces(sentence).into_iter().filter_map(name).collect();
        holes.sort();
        holes
    }
}
