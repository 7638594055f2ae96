//! Signing out.

use auth::text::Locale;
use auth::web::pages::{FrontchannelLogoutPage, Link, LoggedOutPage, LogoutPage, Shell};
use protocol::logout::frontchannel::Frame;

use super::{CSRF, Contract, Samples, alice, sample, shell};

pub(super) const CONTRACT: Contract = &[
    ("logout", &["logout-page", "logout-yes", "logout-no"]),
    ("logged-out", &["logged-out-page"]),
    ("frontchannel-logout", &["frontchannel-logout-page", "onward"]),
];

pub(super) fn samples(locale: Locale) -> Samples {
    let asked = LogoutPage {
        shell: shell(locale, "/logout"),
        action: "/logout".to_owned(),
        csrf: CSRF.to_owned(),
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
        sample("logout-asked", &asked),
        sample("logout-bare", &bare),
        sample("logged-out", &logged_out(locale)),
        sample("logged-out-onward", &LoggedOutPage { onward: Some(way_back), ..logged_out(locale) }),
        sample("logged-out-frames", &LoggedOutPage { frames: frames.clone(), ..logged_out(locale) }),
        sample("frontchannel-logout", &FrontchannelLogoutPage { shell: plain, onward, frames }),
    ]
}

fn logged_out(locale: Locale) -> LoggedOutPage {
    LoggedOutPage { shell: shell(locale, "/logout"), onward: None, frames: Vec::new() }
}
