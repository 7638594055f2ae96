//! The page at the address of the issuer, and the one that posts an answer to a client.

use auth::text::Locale;
use auth::web::pages::{FormPostPage, HomePage, LanguageSwitch, Mode, Shell};

use super::{Contract, REDIRECT, Samples, sample};

pub(super) const CONTRACT: Contract =
    &[("home", &["home-page", "sign-in"]), ("form-post", &["form-post-page", "form-post"])];

pub(super) fn samples(locale: Locale) -> Samples {
    vec![
        sample("form-post", &form_post(locale)),
        sample("home", &home(locale)),
        sample("home-sign-up", &HomePage { sign_up: Some("/signup".to_owned()), ..home(locale) }),
    ]
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

fn home(locale: Locale) -> HomePage {
    HomePage {
        shell: Shell {
            switch: Some(LanguageSwitch { action: "/".to_owned(), query: Vec::new() }),
            ..Shell::new(locale, "Northwind", Mode::Production)
        },
        sign_up: None,
        issuer: "https://id.example.com".to_owned(),
        discovery: "/.well-known/openid-configuration".to_owned(),
        keys: "/jwks".to_owned(),
    }
}
