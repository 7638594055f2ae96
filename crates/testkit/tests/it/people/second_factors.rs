//! The second factor of a sign-in, the ways back in, and apps that ask for more.

super::flows! { "second-factors", super::Scripts::Run;
    an_authenticator_app_is_enrolled_and_asked_for
    a_trusted_browser_is_spared_the_code
    a_recovery_code_works_once
    a_code_by_mail_stands_in_for_the_phone
    a_forgotten_password_leaves_the_second_step_in_place
    an_app_asks_for_more_than_the_session_has
    an_app_that_demands_two_factors_leads_through_enrolment
    a_password_that_has_to_be_replaced
}
