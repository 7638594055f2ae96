//! The same flows in a browser that runs no script: whatever is not a passkey works there, too.

mod sign_up {
    crate::people::flows! { "sign-up", crate::people::Scripts::Off;
        a_code_from_the_mail_and_a_password
        the_link_of_the_mail_and_a_password
        an_address_that_has_an_account_gets_word_by_mail_only
    }
}

mod invitations {
    use crate::people::{House, Scene, Scripts};

    crate::people::flows! { "sign-up", Scene { scripts: Scripts::Off, house: House::ByInvitation };
        an_invitation_by_mail_makes_an_account
        an_invitation_that_was_handed_over_asks_for_a_code
    }
}

mod second_factors {
    crate::people::flows! { "second-factors", crate::people::Scripts::Off;
        an_authenticator_app_is_enrolled_and_asked_for
        a_trusted_browser_is_spared_the_code
        a_recovery_code_works_once
        a_code_by_mail_stands_in_for_the_phone
        a_forgotten_password_leaves_the_second_step_in_place
        an_app_asks_for_more_than_the_session_has
        an_app_that_demands_two_factors_leads_through_enrolment
        a_password_that_has_to_be_replaced
    }
}

mod tabs {
    crate::people::flows! { "tabs", crate::people::Scripts::Off;
        two_people_choose_an_account
        three_tabs_and_two_apps_end_where_they_began
        two_hours_later_every_tab_has_a_way_on
        back_reload_and_a_bookmark_have_a_way_on
        cookies_cleared_half_way_have_a_way_on
    }
}

mod account {
    crate::people::flows! { "account", crate::people::Scripts::Off;
        a_new_password_for_somebody_who_is_signed_in
        another_browser_is_signed_out_and_really_out
        an_app_asks_again_after_its_consent_was_withdrawn
        the_export_is_a_file_of_what_is_known
        a_deletion_and_its_cancellation
        another_address_is_proven_and_both_hear_of_it
        the_mail_about_a_stranger_leads_to_locking_them_out
    }
}

mod with_api {
    use crate::people::{House, Scene, Scripts};

    const WITH_API: Scene = Scene { scripts: Scripts::Off, house: House::WithApi };

    crate::people::flows! { "api-keys", WITH_API;
        a_key_is_made_used_replaced_and_revoked
        a_key_counts_only_from_its_networks
        what_is_wrong_with_a_key_is_named
        a_key_needs_a_fresh_sign_in
    }
}
