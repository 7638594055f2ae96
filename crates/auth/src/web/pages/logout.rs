//! Signing out: the question before it, the page that waits for clients, the page after it.

use askama::Template;
use protocol::logout::frontchannel::Frame;

use super::Page;
use super::parts::{AccountCard, Link, Shell};
use super::prelude::*;
use crate::text::fill;
use crate::web::headers::FormTargets;

/// `logout.html`. Fields: `decision` (`yes`, `no`), `logout`, `csrf`.
#[derive(Clone, Debug, Template)]
#[template(path = "logout.html")]
pub struct LogoutPage {
    pub shell: Shell,
    pub action: String,
    pub csrf: String,
    /// What was checked of the request, to come back with the form.
    pub logout: String,
    /// The app that asked, when one did.
    pub client_name: Option<String>,
    pub account: Option<AccountCard>,
}

impl LogoutPage {
    fn title(&self) -> String {
        fill(self.shell.texts.logout.title, &self.shell.brand)
    }
}

/// `logged_out.html`.
#[derive(Clone, Debug, Template)]
#[template(path = "logged_out.html")]
pub struct LoggedOutPage {
    pub shell: Shell,
    /// Back to the app that asked, when the person chooses so; the label is its name.
    pub onward: Option<Link>,
    pub frames: Vec<Frame>,
}

/// `frontchannel_logout.html`: waits for the frames, then goes on by itself (OpenID Connect Front-Channel Logout 1.0).
#[derive(Clone, Debug, Template)]
#[template(path = "frontchannel_logout.html")]
pub struct FrontchannelLogoutPage {
    pub shell: Shell,
    /// The post-logout redirect URI with its `state`.
    pub onward: String,
    pub frames: Vec<Frame>,
}

impl Page for LogoutPage {
    fn form_targets(&self) -> FormTargets {
        FormTargets::Clients
    }
}

impl Page for LoggedOutPage {
    fn frames(&self) -> &[Frame] {
        &self.frames
    }
}

impl Page for FrontchannelLogoutPage {
    fn frames(&self) -> &[Frame] {
        &self.frames
    }
}
