//! Error pages and the catalogue of the codes.

use auth::text::Locale;
use auth::web::pages::{
    CataloguePage, ErrorCodePage, ErrorDetails, ErrorPage, Link, Mode, Onward, Shell, UriDifference,
};
use protocol::error::ErrorCode;

use super::{Contract, REDIRECT, Samples, TRACE, sample, shell};

pub(super) const CONTRACT: Contract =
    &[("error", &["error-page", "trace-id"]), ("catalogue", &["catalogue-page"]), ("code", &["error-code-page"])];

pub(super) fn samples(locale: Locale) -> Samples {
    let mut samples = errors(locale);
    samples.extend(catalogue(locale));
    samples
}

fn errors(locale: Locale) -> Samples {
    let texts = locale.texts();
    let plain = |text| ErrorPage::new(Shell::new(locale, "Northwind", Mode::Production), text, TRACE);
    let folded = ErrorPage { details: Some(details(None)), ..plain(texts.failures.setup) };
    let mut open = ErrorPage {
        details: Some(details(UriDifference::closest(
            ["https://notes.example.com/callback/mobile", REDIRECT],
            "http://notes.example.com/callback",
        ))),
        ..plain(texts.failures.setup)
    };
    open.shell.mode = Mode::Development;
    let unchecked =
        |onward| ErrorPage { details: Some(details(None)), onward: Some(onward), ..plain(texts.failures.unchecked) };
    let host = "notes.example.com".to_owned();
    let link = Onward::Link(Link { href: format!("{REDIRECT}?error=\"login_required\"&state=s"), label: host.clone() });
    let fields = vec![("error", "login_required".to_owned()), ("state", "\"<s>".to_owned())];
    let form = Onward::Form { action: REDIRECT.to_owned(), fields, host };
    let onward = |text, onward| ErrorPage { onward: Some(onward), ..plain(text) };
    let again =
        Onward::StartAgain(Link { href: "https://notes.example.com/".to_owned(), label: "Field Notes".to_owned() });
    vec![
        sample("error-setup", &folded),
        sample("error-setup-development", &open),
        sample("error-logout-setup", &plain(texts.failures.logout_setup)),
        sample("error-unchecked", &unchecked(link)),
        sample("error-unchecked-form", &unchecked(form)),
        sample("error-request", &plain(texts.failures.request)),
        sample("error-expired", &onward(texts.failures.expired, again)),
        sample("error-expired-unknown", &onward(texts.failures.expired, Onward::Account("/account".to_owned()))),
        sample("error-link-over", &onward(texts.failures.link_over, Onward::Account("/account".to_owned()))),
        sample("error-cookies", &onward(texts.failures.cookies, Onward::Account("/account".to_owned()))),
        sample("error-foreign", &onward(texts.failures.foreign, Onward::Retry("/continue".to_owned()))),
        sample("error-not-found", &onward(texts.failures.not_found, Onward::Account("/account".to_owned()))),
        sample("error-too-many", &plain(texts.failures.too_many).retry_after(1)),
        sample("error-unavailable", &plain(texts.failures.unavailable).retry_after(20)),
        sample("error-fault", &plain(texts.failures.fault)),
    ]
}

fn catalogue(locale: Locale) -> Samples {
    let list = CataloguePage {
        shell: shell(locale, "/errors"),
        codes: ErrorCode::ALL
            .iter()
            .map(|code| {
                let link = Link { href: format!("/errors/{code}"), label: code.wire().to_owned() };
                (link, locale.explanation(*code).meaning)
            })
            .collect(),
    };
    let mut samples = vec![sample("catalogue", &list)];
    for code in ErrorCode::ALL {
        let trace_id = (*code != ErrorCode::InvalidScope).then(|| TRACE.to_owned());
        let page = ErrorCodePage { shell: shell(locale, "/errors"), code: *code, trace_id, all: "/errors".to_owned() };
        samples.push(sample(format!("code-{}", code.wire().replace('_', "-")), &page));
    }
    samples
}

fn details(redirect_uri: Option<UriDifference>) -> ErrorDetails {
    ErrorDetails {
        error: "invalid_request".to_owned(),
        page: format!("https://id.example.com/errors/invalid_request?trace_id={TRACE}"),
        description: "redirect_uri must equal a registered redirect URI byte for byte".to_owned(),
        parameter: Some("redirect_uri".to_owned()),
        client_id: Some("field-notes".to_owned()),
        time: "2026-11-22 03:41:07 UTC".to_owned(),
        redirect_uri,
    }
}
