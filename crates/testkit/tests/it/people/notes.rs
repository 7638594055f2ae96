//! The page `/app` of the example service: signing in through the server, notes that every tab sees, and the end of a session.

pub(super) const WITH_API: super::Scene = super::Scene { scripts: super::Scripts::Run, house: super::House::WithApi };
const WITHOUT_SCRIPTS: super::Scene = super::Scene { scripts: super::Scripts::Off, ..WITH_API };

super::flows! { "notes", WITH_API;
    a_note_is_seen_and_changed_in_every_tab
    an_answer_that_was_lost_makes_no_second_note_and_does_not_stop_the_next
    a_note_is_shared_and_taken_back
    a_declined_sign_in_says_so_and_can_begin_again
    the_end_of_the_session_at_the_server_ends_the_page
}

super::flows! { "notes", WITHOUT_SCRIPTS;
    without_scripts_the_page_says_what_it_needs
}
