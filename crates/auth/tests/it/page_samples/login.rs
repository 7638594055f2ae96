//! Signing in with a name and a password, and the choice of an account.

use auth::text::Locale;
use auth::web::pages::{
    AccountCard, AccountChoice, Again, ClientCard, Keep, LoginAlert, LoginPage, LoginPerson, Mode, Notice, Offered,
    PasskeyForm, PasskeyRefused, SelectAccountPage, SignedIn,
};

use super::{CSRF, Contract, INTERACTION, Samples, alice, sample, shell, with_addresses};

pub(super) const CONTRACT: Contract = &[
    ("login", &["login-page", "username", "password", "login-submit"]),
    ("select-account", &["select-account-page", "account-continue", "account-other"]),
];

pub(super) fn samples(locale: Locale) -> Samples {
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
    let unknown = PasskeyRefused {
        notice: Notice::danger(locale.texts().passkey.unknown),
        unknown: Some("id.example.com".to_owned()),
    };
    let unknown = LoginPage { passkey_refused: Some(unknown), ..login(locale) };
    let hostile = LoginPage {
        client: ClientCard::named("<img src=x onerror=alert(1)> \u{202e}\"'&"),
        username: "\"><script>alert(1)</script>".to_owned(),
        ..login(locale)
    };
    vec![
        sample("login-empty", &login(locale)),
        sample("login-hint", &LoginPage { username: "alice@example.com".to_owned(), ..login(locale) }),
        sample("login-wrong", &alert(LoginAlert::WrongCredentials)),
        sample("login-throttled-briefly", &alert(LoginAlert::Throttled { seconds: 1 })),
        sample("login-throttled", &alert(LoginAlert::Throttled { seconds: 40 })),
        sample("login-again-asked", &again(Again::Asked)),
        sample("login-again-long-ago", &again(Again::LongAgo)),
        sample("login-again-wrong", &wrong_again),
        sample("login-another", &another),
        sample("login-client-links", &rich),
        sample("login-development", &development),
        sample("login-hostile", &hostile),
        sample("login-sign-up", &LoginPage { sign_up: Some("/signup".to_owned()), ..login(locale) }),
        sample("login-without-passkeys", &LoginPage { passkey: None, ..login(locale) }),
        sample("login-passkey-unknown", &unknown),
        sample("select-account", &select_account(locale)),
    ]
}

fn login(locale: Locale) -> LoginPage {
    LoginPage {
        shell: shell(locale, "/login"),
        action: "/login".to_owned(),
        interaction: INTERACTION.to_owned(),
        csrf: CSRF.to_owned(),
        client: ClientCard::named("Field Notes"),
        person: LoginPerson::Anyone,
        username: String::new(),
        keep: Keep::Unticked,
        alert: None,
        passkey: Some(passkey()),
        passkey_refused: None,
        recover: format!("/recover?interaction={INTERACTION}"),
        sign_up: None,
    }
}

fn passkey() -> PasskeyForm {
    PasskeyForm {
        action: "/passkey/sign-in".to_owned(),
        options: "/passkey/options".to_owned(),
        hidden: vec![("interaction", INTERACTION.to_owned()), ("csrf", CSRF.to_owned())],
        keep: Some("keep"),
        accept: None,
        offered: Offered::WithNames,
    }
}

fn select_account(locale: Locale) -> SelectAccountPage {
    SelectAccountPage {
        shell: shell(locale, "/select-account"),
        action: "/select-account".to_owned(),
        interaction: INTERACTION.to_owned(),
        csrf: CSRF.to_owned(),
        client: ClientCard::named("Field Notes"),
        accounts: [("b1", alice(), SignedIn::Yes), ("b2", AccountCard::new(None, "bob@example.com"), SignedIn::No)]
            .map(|(value, account, signed_in)| AccountChoice { account, value: value.to_owned(), signed_in })
            .into(),
    }
}
