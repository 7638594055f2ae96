//! The account console.

super::flows! { "account", super::Scripts::Run;
    a_new_password_for_somebody_who_is_signed_in
    another_browser_is_signed_out_and_really_out
    an_app_asks_again_after_its_consent_was_withdrawn
    the_export_is_a_file_of_what_is_known
    a_deletion_and_its_cancellation
    another_address_is_proven_and_both_hear_of_it
    the_mail_about_a_stranger_leads_to_locking_them_out
}
