//! Every page in every state, filled with invented people and apps. What holds for all of them is in `pages.rs`.

use askama::Template;
use auth::web::pages::{
    AccountCard, Again, AnswerTo, CataloguePage, Checked, ClientCard, ConsentPage, ErrorCodePage, ErrorDetails,
    ErrorPage, FormPostPage, FrontchannelLogoutPage, Granted, HomePage, Keep, LanguageSwitch, Link, LoggedOutPage,
    LoginAlert, LoginPage, LoginPerson, LogoutPage, Mode, Onward, ScopeLine, SelectAccountPage, Shell, UriDifference,
};
use auth::web::text::Locale;
use protocol::error::ErrorCode;
use protocol::logout::frontchannel::Frame;

const TRACE: &str = "5f0c2a9be1d84b7c9a3e6d1f20b4c857";
const REDIRECT: &str = "https://notes.example.com/callback";

/// The name's first word is the page, the rest the state.
pub(crate) fn samples_in(locale: Locale) -> Vec<(&'static str, String)> {
    let mut samples = logins(locale);
    samples.extend(consents(locale));
    samples.extend(logouts(locale));
    samples.extend(errors(locale));
    samples.extend(catalogue(locale));
    samples.extend([
        ("select-account", html(&select_account(locale))),
        ("form-post", html(&form_post(locale))),
        ("home", html(&home(locale, None))),
        ("home-signed-in", html(&home(locale, Some(alice())))),
    ]);
    samples
}

fn html(page: &impl Template) -> String {
    page.render().expect("a page is written to memory")
}

fn shell(locale: Locale, path: &str) -> Shell {
    let query = vec![("interaction".to_owned(), "Zk3uP0o2Qm1xYb7cR9sTqg".to_owned())];
    let switch = Some(LanguageSwitch { action: path.to_owned(), query });
    Shell { switch, ..Shell::new(locale, "Northwind", Mode::Production) }
}

fn with_addresses(client: ClientCard) -> ClientCard {
    client.with(
        Some("https://notes.example.com/logo.png"),
        Some("https://notes.example.com/privacy"),
        Some("https://notes.example.com/terms"),
        Some("https://notes.example.com/"),
    )
}

fn alice() -> AccountCard {
    AccountCard::new(Some("Alice Moreau"), "alice@example.com")
}

fn logins(locale: Locale) -> Vec<(&'static str, String)> {
    let alert = |alert| LoginPage { alert: Some(alert), username: "alice@example.com".to_owned(), ..login(locale) };
    let again = |reason| LoginPage {
        person: LoginPerson::Again { account: alice(), reason, other_account: Some("/login?other".to_owned()) },
        username: "alice@example.com".to_owned(),
        ..login(locale)
    };
    let wrong_again = LoginPage { alert: Some(LoginAlert::WrongCredentials), ..again(Again::Asked) };
    let another = LoginPage { person: LoginPerson::Another { account: alice() }, ..login(locale) };
    let rich =
        LoginPage { client: with_addresses(ClientCard::named("Field Notes")), keep: Keep::Ticked, ..login(locale) };
    let mut development = login(locale);
    development.shell.mode = Mode::Development;
    let hostile = LoginPage {
        client: ClientCard::named("<img src=x onerror=alert(1)> \u{202e}\"'&"),
        username: "\"><script>alert(1)</script>".to_owned(),
        ..login(locale)
    };
    vec![
        ("login-empty", html(&login(locale))),
        ("login-hint", html(&LoginPage { username: "alice@example.com".to_owned(), ..login(locale) })),
        ("login-wrong", html(&alert(LoginAlert::WrongCredentials))),
        ("login-throttled-briefly", html(&alert(LoginAlert::Throttled { seconds: 1 }))),
        ("login-throttled", html(&alert(LoginAlert::Throttled { seconds: 40 }))),
        ("login-again-asked", html(&again(Again::Asked))),
        ("login-again-long-ago", html(&again(Again::LongAgo))),
        ("login-again-wrong", html(&wrong_again)),
        ("login-another", html(&another)),
        ("login-client-links", html(&rich)),
        ("login-development", html(&development)),
        ("login-hostile", html(&hostile)),
    ]
}

fn login(locale: Locale) -> LoginPage {
    LoginPage {
        shell: shell(locale, "/login"),
        action: "/login".to_owned(),
        interaction: "Zk3uP0o2Qm1xYb7cR9sTqg".to_owned(),
        csrf: "q1w2e3r4t5y6u7i8o9p0a1s2d3f4g5h6j7k8l9z0x1c".to_owned(),
        client: ClientCard::named("Field Notes"),
        person: LoginPerson::Anyone,
        username: String::new(),
        keep: Keep::Unticked,
        alert: None,
    }
}

fn consents(locale: Locale) -> Vec<(&'static str, String)> {
    let first = consent(locale, &[("openid", Granted::NotYet), ("profile", Granted::NotYet)]);
    let only_openid = ConsentPage { other_account: None, ..consent(locale, &[("openid", Granted::NotYet)]) };
    vec![
        ("consent-first", html(&first)),
        ("consent-more", html(&consent_to_more(locale))),
        ("consent-openid", html(&only_openid)),
    ]
}

/// Everything at once, with names and addresses that hardly fit.
fn consent_to_more(locale: Locale) -> ConsentPage {
    let standard = [
        ("openid", Granted::Before),
        ("profile", Granted::Before),
        ("email", Granted::Before),
        ("address", Granted::NotYet),
        ("phone", Granted::NotYet),
        ("groups", Granted::NotYet),
        ("offline_access", Granted::Before),
    ];
    let mut page = ConsentPage {
        client: ClientCard {
            checked: Checked::ByNobody,
            ..with_addresses(ClientCard::named("Field Notes for the whole family and all of its friends"))
        },
        answer_to: AnswerTo::Host("a-rather-long-host-name-of-a-tenant.notes.example.com".to_owned()),
        account: AccountCard::new(Some("Alice Moreau"), "alice.moreau.with.a.long.address@subsidiary.example.com"),
        ..consent(locale, &standard)
    };
    page.scopes.extend([
        ScopeLine::of_api("Notes API", "Read your notes", Granted::Before),
        ScopeLine::of_api("Notes API", "Write and delete your notes", Granted::NotYet),
    ]);
    page
}

fn consent(locale: Locale, scopes: &[(&str, Granted)]) -> ConsentPage {
    let shell = shell(locale, "/consent");
    let line = |(scope, granted): &(&str, Granted)| ScopeLine::standard(shell.texts, scope, *granted);
    ConsentPage {
        scopes: scopes.iter().filter_map(line).collect(),
        shell,
        action: "/consent".to_owned(),
        interaction: "Zk3uP0o2Qm1xYb7cR9sTqg".to_owned(),
        csrf: "q1w2e3r4t5y6u7i8o9p0a1s2d3f4g5h6j7k8l9z0x1c".to_owned(),
        shown: "what-is-shown".to_owned(),
        client: ClientCard::named("Field Notes"),
        answer_to: AnswerTo::Host("notes.example.com".to_owned()),
        account: alice(),
        other_account: Some("/select-account?interaction=Zk3uP0o2Qm1xYb7cR9sTqg".to_owned()),
    }
}

fn select_account(locale: Locale) -> SelectAccountPage {
    SelectAccountPage {
        shell: shell(locale, "/select-account"),
        action: "/select-account".to_owned(),
        interaction: "Zk3uP0o2Qm1xYb7cR9sTqg".to_owned(),
        csrf: "q1w2e3r4t5y6u7i8o9p0a1s2d3f4g5h6j7k8l9z0x1c".to_owned(),
        client: ClientCard::named("Field Notes"),
        account: alice(),
    }
}

fn logouts(locale: Locale) -> Vec<(&'static str, String)> {
    let asked = LogoutPage {
        shell: shell(locale, "/logout"),
        action: "/logout".to_owned(),
        csrf: "q1w2e3r4t5y6u7i8o9p0a1s2d3f4g5h6j7k8l9z0x1c".to_owned(),
        logout: "post_logout_redirect_uri=https%3A%2F%2Fnotes.example.com%2F".to_owned(),
        client_name: Some("Field Notes".to_owned()),
        account: Some(alice()),
    };
    let frame = |host: &str| Frame {
        src: format!("https://{host}/out?a=\"b\"&iss=https%3A%2F%2Fid.example.com&sid=s1"),
        origin: format!("https://{host}"),
    };
    let frames = vec![frame("notes.example.com"), frame("wiki.example.com")];
    let onward = "https://notes.example.com/bye?a='b'&state=a%20b".to_owned();
    let way_back = Link { href: onward.clone(), label: "Field Notes".to_owned() };
    let plain = Shell { switch: None, ..shell(locale, "/logout") };
    let bare = LogoutPage { client_name: None, account: None, logout: String::new(), ..asked.clone() };
    vec![
        ("logout-asked", html(&asked)),
        ("logout-bare", html(&bare)),
        ("logged-out", html(&logged_out(locale))),
        ("logged-out-onward", html(&LoggedOutPage { onward: Some(way_back), ..logged_out(locale) })),
        ("logged-out-frames", html(&LoggedOutPage { frames: frames.clone(), ..logged_out(locale) })),
        ("frontchannel-logout", html(&FrontchannelLogoutPage { shell: plain, onward, frames })),
    ]
}

fn logged_out(locale: Locale) -> LoggedOutPage {
    LoggedOutPage { shell: shell(locale, "/logout"), onward: None, frames: Vec::new() }
}

fn errors(locale: Locale) -> Vec<(&'static str, String)> {
    let texts = locale.texts();
    let plain = |text| ErrorPage::new(Shell::new(locale, "Northwind", Mode::Production), text, TRACE);
    let folded = ErrorPage { details: Some(details(None)), ..plain(texts.error_setup) };
    let mut open = ErrorPage {
        details: Some(details(UriDifference::closest(
            ["https://notes.example.com/callback/mobile", REDIRECT],
            "http://notes.example.com/callback",
        ))),
        ..plain(texts.error_setup)
    };
    open.shell.mode = Mode::Development;
    let unchecked =
        |onward| ErrorPage { details: Some(details(None)), onward: Some(onward), ..plain(texts.error_unchecked) };
    let host = "notes.example.com".to_owned();
    let link = Onward::Link(Link { href: format!("{REDIRECT}?error=\"login_required\"&state=s"), label: host.clone() });
    let fields = vec![("error", "login_required".to_owned()), ("state", "\"<s>".to_owned())];
    let form = Onward::Form { action: REDIRECT.to_owned(), fields, host };
    vec![
        ("error-setup", html(&folded)),
        ("error-setup-development", html(&open)),
        ("error-logout-setup", html(&plain(texts.error_logout_setup))),
        ("error-unchecked", html(&unchecked(link))),
        ("error-unchecked-form", html(&unchecked(form))),
        ("error-request", html(&plain(texts.error_request))),
        ("error-expired", html(&plain(texts.error_expired))),
        ("error-cookies", html(&plain(texts.error_cookies))),
        ("error-foreign", html(&plain(texts.error_foreign))),
        ("error-not-found", html(&plain(texts.error_not_found))),
        ("error-too-many", html(&plain(texts.error_too_many).retry_after(1))),
        ("error-unavailable", html(&plain(texts.error_unavailable).retry_after(20))),
        ("error-fault", html(&plain(texts.error_fault))),
    ]
}

fn catalogue(locale: Locale) -> Vec<(&'static str, String)> {
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
    let mut samples = vec![("catalogue", html(&list))];
    for code in ErrorCode::ALL {
        let trace_id = (*code != ErrorCode::InvalidScope).then(|| TRACE.to_owned());
        let page = ErrorCodePage { shell: shell(locale, "/errors"), code: *code, trace_id, all: "/errors".to_owned() };
        samples.push(("code", html(&page)));
        if *code == ErrorCode::InvalidGrant {
            samples.push(("code-invalid-grant", html(&page)));
        }
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

fn form_post(locale: Locale) -> FormPostPage {
    FormPostPage {
        shell: Shell::new(locale, "Northwind", Mode::Production),
        action: REDIRECT.to_owned(),
        fields: vec![
            ("code", "Zk3uP0o2Qm1xYb7cR9sTqg.q1w2e3r4".to_owned()),
            ("state", "a \"quoted\" <state> & more".to_owned()),
            ("iss", "https://id.example.com".to_owned()),
        ],
        client_name: "Field Notes".to_owned(),
    }
}

fn home(locale: Locale, account: Option<AccountCard>) -> HomePage {
    HomePage {
        shell: Shell {
            switch: Some(LanguageSwitch { action: "/".to_owned(), query: Vec::new() }),
            ..Shell::new(locale, "Northwind", Mode::Production)
        },
        account,
        logout: "/logout".to_owned(),
        issuer: "https://id.example.com".to_owned(),
        discovery: "/.well-known/openid-configuration".to_owned(),
        keys: "/jwks".to_owned(),
    }
}
