//! No dead ends: several people, several tabs, several apps, and time.

super::flows! { "tabs", super::Scripts::Run;
    two_people_choose_an_account
    three_tabs_and_two_apps_end_where_they_began
    two_hours_later_every_tab_has_a_way_on
    back_reload_and_a_bookmark_have_a_way_on
    cookies_cleared_half_way_have_a_way_on
}
