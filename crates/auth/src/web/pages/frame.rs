//! The frame of the account console: whose account it is, where in it a page stands, the way out.

use super::parts::{AccountCard, Shell};
use crate::page_paths;

/// What `layout_account.html` needs beside the shell. A page of the console has it as `frame`.
#[derive(Clone, Debug)]
pub struct AccountFrame {
    pub account: AccountCard,
    pub current: AccountPart,
    pub sign_out: SignOut,
}

/// The form of the button *Sign out*.
#[derive(Clone, Debug)]
pub struct SignOut {
    pub action: String,
    pub csrf: String,
}

/// The parts of the console, in the order of its navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountPart {
    Overview,
    Profile,
    Security,
    Sessions,
    Apps,
    ApiKeys,
    Log,
    Data,
}

impl AccountPart {
    pub const ALL: [Self; 8] = [
        Self::Overview,
        Self::Profile,
        Self::Security,
        Self::Sessions,
        Self::Apps,
        Self::ApiKeys,
        Self::Log,
        Self::Data,
    ];

    /// Below the issuer.
    pub fn path(self) -> &'static str {
        match self {
            Self::Overview => page_paths::ACCOUNT,
            Self::Profile => page_paths::account::PROFILE,
            Self::Security => page_paths::account::SECURITY,
            Self::Sessions => page_paths::account::SESSIONS,
            Self::Apps => page_paths::account::APPS,
            Self::ApiKeys => page_paths::account::API_KEYS,
            Self::Log => page_paths::account::LOG,
            Self::Data => page_paths::account::DATA,
        }
    }
}

/// One line of the navigation.
#[derive(Clone, Debug)]
pub(super) struct NavLink {
    pub(super) href: String,
    pub(super) label: &'static str,
    pub(super) is_current: bool,
}

impl AccountFrame {
    pub(super) fn links(&self, shell: &Shell) -> Vec<NavLink> {
        let texts = &shell.texts.account;
        let label = |part| match part {
            AccountPart::Overview => texts.nav_overview,
            AccountPart::Profile => texts.nav_profile,
            AccountPart::Security => texts.nav_security,
            AccountPart::Sessions => texts.nav_sessions,
            AccountPart::Apps => texts.nav_apps,
            AccountPart::ApiKeys => texts.nav_api_keys,
            AccountPart::Log => texts.nav_log,
            AccountPart::Data => texts.nav_data,
        };
        let link = |part: AccountPart| NavLink {
            href: format!("{}{}", shell.base, part.path()),
            label: label(part),
            is_current: part == self.current,
        };
        AccountPart::ALL.into_iter().map(link).collect()
    }
}
