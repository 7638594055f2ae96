//! Getting an account: the proof of the address, by code and by link, and what somebody signs in with.

super::flows! { "sign-up", super::Scripts::Run;
    a_code_from_the_mail_and_a_password
    the_link_of_the_mail_and_a_password
    a_passkey_and_no_password
    an_address_that_has_an_account_gets_word_by_mail_only
}
