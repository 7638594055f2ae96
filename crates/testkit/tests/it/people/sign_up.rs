//! Getting an account: the proof of the address, by code and by link, and what somebody signs in with.

super::flows! { "sign-up", super::Scripts::Run;
    a_code_from_the_mail_and_a_password
    the_link_of_the_mail_and_a_password
    a_passkey_and_no_password
    an_address_that_has_an_account_gets_word_by_mail_only
}

const BY_INVITATION: super::Scene = super::Scene { scripts: super::Scripts::Run, house: super::House::ByInvitation };

super::flows! { "sign-up", BY_INVITATION;
    an_invitation_by_mail_makes_an_account
    an_invitation_that_was_handed_over_asks_for_a_code
}
