//! English. Short words, no blame, and what to do next.

use super::{ErrorText, Texts};

pub(super) static TEXTS: Texts = Texts {
    language: "Language",
    help: "Help",
    dev_bar: "Development mode: demo accounts, this computer only.",
    client_policy: "Privacy\u{a0}policy",
    client_terms: "Terms\u{a0}of\u{a0}use",
    other_account: "Use another account",

    login_title: "Sign in",
    login_continue: "to continue to {client}",
    login_username: "E-mail or user name",
    login_password: "Password",
    login_keep: "Keep me signed in on this device",
    login_submit: "Sign in",
    password_show: "Show",
    password_show_label: "Show password",
    password_caps_lock: "Caps Lock is on.",
    login_wrong: "That name and password don’t match.",
    login_wrong_check: "Check your {username} and your {password}, then try again.",
    login_wrong_username: "name",
    login_wrong_password: "password",
    login_throttled: "Too many attempts. Try again in {seconds} seconds.",
    login_wait_over: "You can try again now.",
    again_title: "Confirm it is you",
    again_asked: "{client} asks you to sign in again.",
    again_max_age: "Your last sign-in was a while ago, so {client} asks for your password again.",
    again_wrong: "That password isn’t right.",
    again_wrong_check: "Check your {password}, then try again.",
    another_user: "{client} asks for another account. You are signed in with this one:",
    select_title: "Choose an account",

    consent_title: "Allow {client} to use your account?",
    consent_host: "It will send you back to {host}.",
    consent_scheme: "It will send you back to the app on this device that opens {scheme} links.",
    consent_unchecked: "This app registered itself. Nobody here has checked who runs it.",
    consent_list: "{client} will be able to",
    consent_new: "new",
    consent_allow: "Allow",
    consent_deny: "Don’t allow",
    scope_openid: "Recognise your account",
    scope_profile: "See your name and profile",
    scope_email: "See your e-mail address",
    scope_address: "See your postal address",
    scope_phone: "See your phone number",
    scope_groups: "See which groups you belong to",
    scope_offline_access: "Stay connected when you are away",

    logout_title: "Sign out of {brand}?",
    logout_asked: "{client} asks to sign you out.",
    logout_note: "Apps that are open now may keep you signed in for a while.",
    logout_yes: "Sign out",
    logout_no: "Stay signed in",
    logged_out_title: "You are signed out",
    logged_out_note: "You can close this page now.",
    logged_out_onward: "Back to {client}",
    frontchannel_title: "Signing you out",
    frontchannel_note: "Your other apps are being told. This takes a few seconds.",
    frontchannel_continue: "Continue",

    form_post_title: "One moment",
    form_post_note: "Taking you back to {client}.",
    form_post_continue: "Continue",

    home_title: "Nobody is signed in here",
    home_note: "To sign in, open one of your apps. It brings you here and takes you back.",
    home_title_signed_in: "You are signed in",
    home_note_signed_in: "Open one of your apps to go on.",
    home_developers: "For developers",
    home_issuer: "Issuer",
    home_discovery: "Discovery document",
    home_keys: "Public keys",

    error_setup: ErrorText {
        title: "This sign-in link isn’t set up correctly",
        message: "Nothing is wrong with your account. Tell the people behind the app that sent you here, and give them \
                  this number.",
    },
    error_logout_setup: ErrorText {
        title: "This sign-out link isn’t set up correctly",
        message: "You have not been signed out. Tell the people behind the app that sent you here, and give them this \
                  number.",
    },
    error_unchecked: ErrorText {
        title: "This app’s request did not work",
        message: "The app registered itself, and nobody here has checked who runs it. So we ask before we send you back. \
                  Go on only if you know the address.",
    },
    error_onward: "Go on to {host}",
    error_request: ErrorText {
        title: "We could not understand this request",
        message: "Part of it was too long or damaged. Go back and try once more. If it happens again, give the people who \
                  run this service this number.",
    },
    error_expired: ErrorText {
        title: "This sign-in took too long",
        message: "For your safety a sign-in ends after a while. Go back to the app and start again.",
    },
    error_cookies: ErrorText {
        title: "Your browser did not keep our cookie",
        message: "Signing in needs one cookie of this site. Allow it in your browser, then go back to the app and start \
                  again.",
    },
    error_foreign: ErrorText {
        title: "We stopped this step for your safety",
        message: "It did not come from our own page in this browser. Go back to the app and start again.",
    },
    error_not_found: ErrorText {
        title: "There is nothing here",
        message: "The address may be mistyped or out of date.",
    },
    error_too_many: ErrorText {
        title: "Too many attempts",
        message: "Many requests came from here in a short time. Try again in {seconds} seconds.",
    },
    error_unavailable: ErrorText {
        title: "We cannot answer right now",
        message: "Nothing is wrong with your account. Try again in {seconds} seconds.",
    },
    error_fault: ErrorText {
        title: "Something went wrong on our side",
        message: "Try again in a moment. If it happens again, give the people who run this service this number.",
    },
    error_number: "Error number",
    error_copy: "Copy",
    error_copied: "Copied",
    error_details: "Details for developers",
    detail_error: "Error",
    detail_description: "Rule",
    detail_parameter: "Parameter",
    detail_client: "Client",
    detail_time: "Time",
    detail_registered: "registered",
    detail_received: "received",

    catalogue_title: "Error codes",
    catalogue_lede: "What this server may answer to an app, and what to do about it.",
    catalogue_cause: "The people who run this service find the true cause with this number: countersign explain.",
    catalogue_who: "Who must act",
    catalogue_person: "The person who signs in",
    catalogue_developer: "The developer of the app",
    catalogue_operator: "The people who run this service",
    catalogue_fix: "Frequent causes, and what to do",
    catalogue_example: "Example",
    catalogue_all: "All error codes",
};
