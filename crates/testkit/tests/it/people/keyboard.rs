//! With a keyboard and nothing else.

super::flows! { "keyboard", super::Scripts::Run;
    signing_in_and_consent_by_keyboard
    the_focus_goes_to_what_was_wrong
    a_passkey_is_removed_by_keyboard
}
