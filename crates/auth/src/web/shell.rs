//! The shell of a page for this request: language, name of the service, mode, language switch.

use actix_web::HttpRequest;
use actix_web::http::Method;
use actix_web::http::header::ACCEPT_LANGUAGE;
use protocol::ids::InteractionId;
use url::form_urlencoded;

use crate::AppState;
use crate::config::MailTransport;
use crate::mail::MAILBOX;
use crate::text::{Locale, Wishes};
use crate::web::pages::{LanguageSwitch, Link, Mode, Shell};
use crate::web::{cards, cookies};

/// The parameter of the language switch.
const LANG: &str = "lang";
/// What the switch repeats of a page's query: nothing that came from elsewhere (OA-011).
const KEPT: [&str; 2] = ["interaction", "account"];

/// The shell without a wish of the app.
pub(crate) fn of(state: &AppState, request: &HttpRequest) -> Shell {
    in_language(state, request, &[])
}

/// The shell with the app's `ui_locales`, which come after what the person chose and before what the browser prefers.
pub(crate) fn in_language(state: &AppState, request: &HttpRequest, ui_locales: &[String]) -> Shell {
    let query = pairs(request);
    let switched = query.iter().find(|(name, _)| name == LANG).map(|(_, value)| value.clone());
    let chosen = switched.or_else(|| cookies::read(state, request, cookies::LANGUAGE));
    let ui_locales = ui_locales.join(" ");
    let wishes = Wishes {
        chosen: chosen.as_deref(),
        ui_locales: Some(&ui_locales),
        accept_language: request.headers().get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()),
    };
    let rehearsed = chosen.as_deref().and_then(|tag| rehearsed(state, tag));
    let locale = rehearsed.unwrap_or_else(|| Locale::negotiate(&wishes));
    let mut shell = Shell::new(locale, &state.config.branding.name, state.mode);
    shell.base.push_str(state.issuer().path());
    shell.support = state.config.branding.support_contact.as_deref().map(support);
    shell.rules = rules(state, &shell);
    shell.mailbox = (state.config.mail.transport == MailTransport::Mailbox).then(|| cards::path(state, MAILBOX));
    if request.method() == Method::GET {
        let query = query.into_iter().filter(|(name, _)| KEPT.contains(&name.as_str())).collect();
        shell.switch = Some(LanguageSwitch { action: request.path().to_owned(), query });
    }
    shell
}

/// The shell of a page of an interaction, also where it answers a form: its switch leads to the page (a path below the issuer).
pub(crate) fn of_step(
    state: &AppState,
    request: &HttpRequest,
    ui_locales: &[String],
    page: &str,
    interaction: &InteractionId,
) -> Shell {
    let mut shell = in_language(state, request, ui_locales);
    let query = vec![("interaction".to_owned(), interaction.to_string())];
    shell.switch = Some(LanguageSwitch { action: cards::path(state, page), query });
    shell
}

/// Terms and privacy policy, where there are some.
fn rules(state: &AppState, shell: &Shell) -> Vec<Link> {
    let (accounts, texts) = (&state.config.accounts, &shell.texts.signup);
    let links = [(&accounts.terms_uri, texts.terms_link), (&accounts.privacy_uri, texts.privacy_link)];
    links.into_iter().filter_map(|(href, label)| Some(Link { href: href.clone()?, label: label.to_owned() })).collect()
}

/// An https address is a page to go to, anything else an e-mail address; the configuration allows only these two.
fn support(contact: &str) -> Link {
    let href = if contact.starts_with("https://") { contact.to_owned() } else { format!("mailto:{contact}") };
    Link { href, label: contact.trim_start_matches("https://").to_owned() }
}

/// The language that the person has just chosen with the switch, to be remembered. A link on another site chooses nothing.
pub(crate) fn just_chosen(state: &AppState, request: &HttpRequest) -> Option<Locale> {
    let site = request.headers().get("sec-fetch-site").and_then(|value| value.to_str().ok());
    if site.is_some_and(|site| site != "same-origin") {
        return None;
    }
    let (_, tag) = pairs(request).into_iter().find(|(name, _)| name == LANG)?;
    rehearsed(state, &tag).or_else(|| Locale::parse(&tag))
}

/// Pseudo-locales are for those who develop.
fn rehearsed(state: &AppState, tag: &str) -> Option<Locale> {
    Locale::rehearsed(tag).filter(|_| state.mode == Mode::Development)
}

fn pairs(request: &HttpRequest) -> Vec<(String, String)> {
    form_urlencoded::parse(request.query_string().as_bytes()).into_owned().collect()
}
