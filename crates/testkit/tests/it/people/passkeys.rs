//! Passkeys: signing in with one, what goes wrong with one, keeping several.

super::flows! { "passkeys", super::Scripts::Run;
    a_passkey_in_the_autofill_of_the_ordinary_form
    a_passkey_by_its_button
    a_cancelled_passkey_says_so_and_can_be_tried_again
    a_passkey_that_was_removed_says_so
    a_browser_without_passkeys_has_the_ordinary_form
    a_passkey_beside_the_password
    a_passkey_is_made_where_an_app_demands_two_factors
    several_passkeys_with_names_and_the_last_one_stays
}
