//! The words on our pages and the choice of the language they are shown in.
//!
//! Each language is one value of [`Texts`], so the compiler finds a missing sentence. Names that belong into a sentence
//! stand in it as `{client}`; [`pieces`] takes a sentence apart for a template, [`fill`] for a plain string.

#[macro_use]
mod catalogue;
mod catalogue_de;
mod catalogue_en;
mod de;
mod en;

use protocol::error::ErrorCode;

/// A language that the pages exist in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Locale {
    #[default]
    En,
    De,
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
    pub const ALL: [Self; 2] = [Self::En, Self::De];

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

    /// The BCP 47 tag.
    pub fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::De => "de",
        }
    }

    /// The language's name in that language.
    pub fn name(self) -> &'static str {
        match self {
            Self::En => "English",
            Self::De => "Deutsch",
        }
    }

    /// The value of the `dir` attribute.
    pub fn direction(self) -> &'static str {
        match self {
            Self::En | Self::De => "ltr",
        }
    }

    pub fn texts(self) -> &'static Texts {
        match self {
            Self::En => &en::TEXTS,
            Self::De => &de::TEXTS,
        }
    }

    pub fn explanation(self, code: ErrorCode) -> Explanation {
        match self {
            Self::En => catalogue_en::explanation(code),
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

/// Every sentence of every page, in the order of the pages.
#[derive(Debug)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct Texts {
    pub language: &'static str,
    pub help: &'static str,
    pub dev_bar: &'static str,
    pub client_policy: &'static str,
    pub client_terms: &'static str,
    pub other_account: &'static str,

    pub login_title: &'static str,
    /// `{client}`
    pub login_continue: &'static str,
    pub login_username: &'static str,
    pub login_password: &'static str,
    pub login_keep: &'static str,
    pub login_submit: &'static str,
    pub password_show: &'static str,
    pub password_show_label: &'static str,
    pub password_caps_lock: &'static str,
    pub login_wrong: &'static str,
    /// `{username}`, `{password}`: links to the fields, with the two words below
    pub login_wrong_check: &'static str,
    pub login_wrong_username: &'static str,
    pub login_wrong_password: &'static str,
    /// `{seconds}`, two or more
    pub login_throttled: &'static str,
    pub login_wait_over: &'static str,
    pub again_title: &'static str,
    /// `{client}`
    pub again_asked: &'static str,
    /// `{client}`
    pub again_max_age: &'static str,
    pub again_wrong: &'static str,
    /// `{password}`: a link to the field
    pub again_wrong_check: &'static str,
    /// `{client}`
    pub another_user: &'static str,
    pub select_title: &'static str,

    /// `{client}`
    pub consent_title: &'static str,
    /// `{host}`
    pub consent_host: &'static str,
    /// `{scheme}`: not a place on the network, but of links
    pub consent_scheme: &'static str,
    /// `{client}`
    pub consent_list: &'static str,
    /// For an app that registered itself.
    pub consent_unchecked: &'static str,
    pub consent_new: &'static str,
    pub consent_allow: &'static str,
    pub consent_deny: &'static str,
    pub scope_openid: &'static str,
    pub scope_profile: &'static str,
    pub scope_email: &'static str,
    pub scope_address: &'static str,
    pub scope_phone: &'static str,
    pub scope_groups: &'static str,
    pub scope_offline_access: &'static str,

    /// `{brand}`
    pub logout_title: &'static str,
    /// `{client}`
    pub logout_asked: &'static str,
    pub logout_note: &'static str,
    pub logout_yes: &'static str,
    pub logout_no: &'static str,
    pub logged_out_title: &'static str,
    pub logged_out_note: &'static str,
    /// `{client}`
    pub logged_out_onward: &'static str,
    pub frontchannel_title: &'static str,
    pub frontchannel_note: &'static str,
    pub frontchannel_continue: &'static str,

    pub form_post_title: &'static str,
    /// `{client}`
    pub form_post_note: &'static str,
    pub form_post_continue: &'static str,

    pub home_title: &'static str,
    pub home_note: &'static str,
    pub home_title_signed_in: &'static str,
    pub home_note_signed_in: &'static str,
    pub home_developers: &'static str,
    pub home_issuer: &'static str,
    pub home_discovery: &'static str,
    pub home_keys: &'static str,

    /// An unknown client, a redirect URI that is not registered: we cannot send the person back.
    pub error_setup: ErrorText,
    /// A `post_logout_redirect_uri` that is not registered, a bad hint.
    pub error_logout_setup: ErrorText,
    /// An app that registered itself asked for what it cannot have, and nobody is signed in.
    pub error_unchecked: ErrorText,
    /// `{host}`
    pub error_onward: &'static str,
    /// A form that is too long, or that breaks a rule: an over-long password, a field sent twice.
    pub error_request: ErrorText,
    /// The interaction is over or unknown.
    pub error_expired: ErrorText,
    /// The cookie of the interaction did not come back.
    pub error_cookies: ErrorText,
    /// A form that our own page did not send.
    pub error_foreign: ErrorText,
    pub error_not_found: ErrorText,
    /// The message has `{seconds}`, two or more.
    pub error_too_many: ErrorText,
    /// Overload, no database. The message has `{seconds}`, two or more.
    pub error_unavailable: ErrorText,
    pub error_fault: ErrorText,
    pub error_number: &'static str,
    pub error_copy: &'static str,
    pub error_copied: &'static str,
    pub error_details: &'static str,
    pub detail_error: &'static str,
    pub detail_description: &'static str,
    pub detail_parameter: &'static str,
    pub detail_client: &'static str,
    pub detail_time: &'static str,
    pub detail_registered: &'static str,
    pub detail_received: &'static str,

    pub catalogue_title: &'static str,
    pub catalogue_lede: &'static str,
    /// Below the number of a refused request.
    pub catalogue_cause: &'static str,
    pub catalogue_who: &'static str,
    pub catalogue_person: &'static str,
    pub catalogue_developer: &'static str,
    pub catalogue_operator: &'static str,
    pub catalogue_fix: &'static str,
    pub catalogue_example: &'static str,
    pub catalogue_all: &'static str,
}

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
        for locale in Locale::ALL {
            for ((field, theirs), (_, ours)) in sentences(locale).iter().zip(&english) {
                assert!(!theirs.is_empty(), "{field} is empty in {locale:?}");
                assert_eq!(holes(theirs), holes(ours), "{field} in {locale:?}");
            }
        }
    }

    fn sentences(locale: Locale) -> Vec<(String, String)> {
        let texts = serde_json::to_value(locale.texts()).expect("texts are strings");
        let mut found = Vec::new();
        for (field, value) in texts.as_object().expect("a struct") {
            match value {
                Value::Object(parts) => {
                    found.extend(parts.iter().map(|(part, text)| (format!("{field}.{part}"), text)));
                }
                text => found.push((field.clone(), text)),
            }
        }
        found.into_iter().map(|(field, text)| (field, text.as_str().expect("a sentence").to_owned())).collect()
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
