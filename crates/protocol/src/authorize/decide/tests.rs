//! Each rule of `decide` by itself, then as properties over whole situations.

use super::*;
use crate::authorize::request::tests::checked;
use crate::client::tests::sample;
use proptest::prelude::*;

const NOW: Timestamp = Timestamp(1_000_000);
const STARTED: Timestamp = Timestamp(999_990);

fn user(id: &str) -> UserId {
    UserId::parse(id).expect("is an id")
}

fn login(name: &str, auth_time: Timestamp) -> Login {
    let session_id = SessionId::from_random([1; 16]);
    Login { session_id, user_id: user(name), auth_time, acr: "1".to_owned(), amr: vec!["pwd".to_owned()] }
}

fn scope(text: &str) -> Scope {
    Scope::parse(text).expect("is a scope")
}

/// A situation that owns its parts, so that each test changes what it is about.
#[derive(Debug)]
struct Case {
    request: AuthorizeRequest,
    client: Client,
    login: Option<Login>,
    expected: Option<UserId>,
    enrolled: Enrolled,
    consented: Option<Scope>,
    progress: Progress,
}

impl Case {
    /// Signed in five minutes ago, everything allowed before.
    fn signed_in(changes: &[(&str, &str)]) -> Self {
        Self {
            request: checked(changes),
            client: sample(),
            login: Some(login("ada", NOW - Seconds(300))),
            expected: None,
            enrolled: Enrolled { password: true, ..Enrolled::default() },
            consented: Some(scope("openid profile")),
            progress: Progress::new(STARTED),
        }
    }

    /// The same after the person signed in for this request.
    fn signed_in_now(changes: &[(&str, &str)]) -> Self {
        let progress = Progress { login_at: Some(NOW), ..Progress::new(STARTED) };
        Self { login: Some(login("ada", NOW)), progress, ..Self::signed_in(changes) }
    }

    fn step(&self) -> Step {
        decide(&Situation {
            request: &self.request,
            client: &self.client,
            login: self.login.as_ref(),
            sub: self.login.as_ref().map_or("", |login| login.user_id.as_str()),
            expected_sub: self.expected.as_ref().map(UserId::as_str),
            enrolled: self.enrolled,
            consented: self.consented.as_ref(),
            progress: &self.progress,
            now: NOW,
        })
    }

    fn refusal(&self) -> ErrorCode {
        match self.step() {
            Step::Refuse(error) => error.code,
            step => panic!("not refused but {step:?}"),
        }
    }
}

#[test]
fn a_remembered_consent_of_a_signed_in_person_shows_nothing() {
    assert!(matches!(Case::signed_in(&[]).step(), Step::Issue));
    assert!(matches!(Case::signed_in(&[("prompt", "none")]).step(), Step::Issue));
}

#[test]
fn nobody_signed_in_means_login() {
    let case = Case { login: None, ..Case::signed_in(&[]) };
    assert!(matches!(case.step(), Step::Login(Why::NotSignedIn)));
}

#[test]
fn prompt_login_asks_again_and_is_satisfied_by_a_login_for_this_request() {
    assert!(matches!(Case::signed_in(&[("prompt", "login")]).step(), Step::Login(Why::PromptLogin)));
    assert!(matches!(Case::signed_in_now(&[("prompt", "login")]).step(), Step::Issue));
}

#[test]
fn an_older_session_does_not_pass_for_the_login_of_this_request() {
    let older = Some(login("ada", STARTED - Seconds(1)));
    let case = Case { login: older, ..Case::signed_in_now(&[("prompt", "login")]) };
    assert!(matches!(case.step(), Step::Login(Why::PromptLogin)));
}

#[test]
fn a_login_older_than_max_age_is_repeated() {
    assert!(matches!(Case::signed_in(&[("max_age", "300")]).step(), Step::Issue));
    assert!(matches!(Case::signed_in(&[("max_age", "299")]).step(), Step::Login(Why::MaxAge)));
    assert!(matches!(Case::signed_in_now(&[("max_age", "299")]).step(), Step::Issue));
}

#[test]
fn max_age_zero_always_asks_once() {
    let just_now = Case { login: Some(login("ada", NOW)), ..Case::signed_in(&[("max_age", "0")]) };
    assert!(matches!(just_now.step(), Step::Login(Why::MaxAge)));
    assert!(matches!(Case::signed_in_now(&[("max_age", "0")]).step(), Step::Issue));
}

const WITH_TOTP: Enrolled = Enrolled {
    password: true,
    passkey: false,
    suspect_passkey: false,
    totp: true,
    recovery_code: true,
    email_code: false,
};

#[test]
fn a_known_acr_value_is_enforced_and_an_unknown_one_passed_over() {
    let two = [("acr_values", "2")];
    assert!(matches!(Case::signed_in(&two).step(), Step::Enrol));
    assert!(matches!(Case { enrolled: WITH_TOTP, ..Case::signed_in(&two) }.step(), Step::SecondFactor));
    let mut strong = Case::signed_in(&two);
    strong.login = strong.login.map(|login| Login { acr: "2".to_owned(), ..login });
    assert!(matches!(strong.step(), Step::Issue));
    for enough in ["urn:gold", "2 1", "urn:gold 1"] {
        assert!(matches!(Case::signed_in(&[("acr_values", enough)]).step(), Step::Issue), "{enough}");
    }
    assert!(matches!(Case::signed_in_now(&two).step(), Step::Enrol), "a fresh login is no second factor");
}

#[test]
fn the_minimum_of_a_client_cannot_be_undercut() {
    let demanding = Client { minimum_acr: Some(Level::Two), ..sample() };
    for request in
        [&[] as &[_], &[("acr_values", "1")], &[("claims", r#"{"id_token":{"acr":{"essential":true,"value":"1"}}}"#)]]
    {
        let case = Case { client: demanding.clone(), enrolled: WITH_TOTP, ..Case::signed_in(request) };
        assert!(matches!(case.step(), Step::SecondFactor), "{request:?}");
    }
    let silent = Case { client: demanding, ..Case::signed_in(&[("prompt", "none")]) };
    assert_eq!(silent.refusal(), ErrorCode::LoginRequired);
}

#[test]
fn the_default_acr_values_of_a_client_apply_when_none_are_sent() {
    let client = || Client { default_acr_values: vec!["2".to_owned()], ..sample() };
    let check = |changes: &[(&str, &str)]| {
        let base = Case::signed_in(&[]);
        let request = AuthorizeRequest::check(&crate::authorize::request::tests::params(changes), &client()).unwrap();
        Case { request, client: client(), ..base }.step()
    };
    assert!(matches!(check(&[]), Step::Enrol));
    assert!(matches!(check(&[("acr_values", "1")]), Step::Issue));
}

#[test]
fn who_wants_to_sign_up_is_led_there_unless_signed_in() {
    let create = [("prompt", "create")];
    assert!(matches!(Case { login: None, ..Case::signed_in(&create) }.step(), Step::SignUp));
    assert!(matches!(Case::signed_in(&create).step(), Step::Issue));
}

#[test]
fn our_own_pages_want_a_recent_proof_as_strong_as_the_account() {
    let ask = |login: &Login, enrolled, recent| for_own_page(Some(login), enrolled, recent, NOW);
    let (recent, password_only) = (Some(Seconds(300)), Enrolled { totp: false, ..WITH_TOTP });
    let five_minutes_ago = login("ada", NOW - Seconds(300));
    assert!(matches!(ask(&five_minutes_ago, &password_only, recent), Step::Issue));
    assert!(matches!(ask(&login("ada", NOW - Seconds(301)), &password_only, recent), Step::Login(Why::MaxAge)));
    assert!(matches!(ask(&five_minutes_ago, &WITH_TOTP, recent), Step::SecondFactor));
    assert!(matches!(ask(&login("ada", Timestamp(0)), &WITH_TOTP, None), Step::Issue));
    assert!(matches!(for_own_page(None, &WITH_TOTP, None, NOW), Step::Login(Why::NotSignedIn)));
}

#[test]
fn an_account_is_selected_by_choice_or_by_login() {
    let asked = [("prompt", "select_account")];
    assert!(matches!(Case::signed_in(&asked).step(), Step::SelectAccount));
    assert!(matches!(Case::signed_in_now(&asked).step(), Step::Issue));
    let mut chosen = Case::signed_in(&asked);
    chosen.progress.account_selected_at = Some(NOW);
    assert!(matches!(chosen.step(), Step::Issue));
}

#[test]
fn another_account_than_the_expected_one_must_sign_in_and_cannot_insist() {
    let other = Case { expected: Some(user("grace")), ..Case::signed_in(&[]) };
    assert!(matches!(other.step(), Step::Login(Why::OtherUser)));
    let insists = Case { expected: Some(user("grace")), ..Case::signed_in_now(&[]) };
    assert_eq!(insists.refusal(), ErrorCode::LoginRequired);
}

#[test]
fn the_sub_of_the_claims_parameter_binds_like_a_hint() {
    let claims = |sub: &str| format!(r#"{{"id_token":{{"sub":{{"value":{sub}}}}}}}"#);
    assert!(matches!(Case::signed_in(&[("claims", &claims("\"ada\""))]).step(), Step::Issue));
    let several = |subs: &str| format!(r#"{{"userinfo":{{"sub":{{"values":{subs}}}}}}}"#);
    assert!(matches!(Case::signed_in(&[("claims", &several(r#"["grace", "ada"]"#))]).step(), Step::Issue));
    assert!(matches!(Case::signed_in(&[("claims", &several(r#"["grace"]"#))]).step(), Step::Login(Why::OtherUser)));
    for sub in ["\"grace\"", "\"not an id\"", "17"] {
        let case = Case::signed_in(&[("claims", &claims(sub))]);
        assert!(matches!(case.step(), Step::Login(Why::OtherUser)), "{sub}");
    }
}

#[test]
fn only_what_was_not_allowed_before_is_asked() {
    let case = Case { consented: Some(scope("openid")), ..Case::signed_in(&[]) };
    assert!(matches!(case.step(), Step::Consent(missing) if missing == scope("profile")));
    let first = Case { consented: None, ..Case::signed_in(&[]) };
    assert!(matches!(first.step(), Step::Consent(missing) if missing == scope("openid profile")));
}

#[test]
fn saying_yes_to_less_does_not_pass_for_more() {
    let mut case = Case { consented: Some(scope("openid")), ..Case::signed_in(&[]) };
    case.progress.consented_at = Some(NOW);
    assert!(matches!(case.step(), Step::Consent(_)));
}

#[test]
fn a_claim_asked_by_name_needs_the_consent_of_its_scope() {
    let named = [("scope", "openid"), ("claims", r#"{"userinfo":{"name":null}}"#)];
    let case = Case { consented: Some(scope("openid")), ..Case::signed_in(&named) };
    assert!(matches!(case.step(), Step::Consent(missing) if missing == scope("profile")));
}

#[test]
fn prompt_consent_asks_for_everything_again_once() {
    let mut case = Case::signed_in(&[("prompt", "consent")]);
    assert!(matches!(case.step(), Step::Consent(all) if all == scope("openid profile")));
    case.progress.consented_at = Some(NOW);
    assert!(matches!(case.step(), Step::Issue));
}

#[test]
fn a_first_party_client_asks_only_on_demand() {
    let first_party = || Client { consent: ConsentPolicy::FirstParty, ..sample() };
    let case = Case { client: first_party(), consented: None, ..Case::signed_in(&[]) };
    assert!(matches!(case.step(), Step::Issue));
    let case = Case { client: first_party(), ..Case::signed_in(&[("prompt", "consent")]) };
    assert!(matches!(case.step(), Step::Consent(_)));
}

#[test]
fn what_was_done_before_this_request_does_not_count() {
    let mut case = Case::signed_in(&[("prompt", "consent select_account")]);
    case.progress.account_selected_at = Some(STARTED - Seconds(1));
    case.progress.consented_at = Some(STARTED - Seconds(1));
    assert!(matches!(case.step(), Step::SelectAccount));
}

#[test]
fn an_essential_level_out_of_reach_is_refused_and_a_wish_is_not() {
    let acr = |body: &str| format!(r#"{{"id_token":{{"acr":{body}}}}}"#);
    let unmet = Case::signed_in(&[("claims", &acr(r#"{"essential":true,"values":["3","4"]}"#))]);
    assert_eq!(unmet.refusal(), ErrorCode::UnmetAuthenticationRequirements);
    for fine in [r#"{"essential":true,"values":["2","1"]}"#, r#"{"essential":true}"#, r#"{"value":"2"}"#] {
        assert!(matches!(Case::signed_in(&[("claims", &acr(fine))]).step(), Step::Issue), "{fine}");
    }
    let reachable = [("claims", &*acr(r#"{"essential":true,"value":"2"}"#))];
    assert!(matches!(Case::signed_in(&reachable).step(), Step::Enrol));
}

#[test]
fn a_silent_request_says_what_is_missing() {
    let silent = [("prompt", "none"), ("max_age", "100")];
    assert_eq!(Case::signed_in(&silent).refusal(), ErrorCode::LoginRequired);
    assert_eq!(Case { login: None, ..Case::signed_in(&silent) }.refusal(), ErrorCode::LoginRequired);
    let case = Case { consented: None, ..Case::signed_in(&[("prompt", "none")]) };
    assert_eq!(case.refusal(), ErrorCode::ConsentRequired);
}

fn any_case() -> impl Strategy<Value = Case> {
    let prompt =
        prop::sample::select(vec!["", "none", "login", "consent", "select_account", "login consent", "create"]);
    let max_age = prop::sample::select(vec!["", "0", "10", "100000"]);
    let at = || proptest::option::of(-20i64..20).prop_map(|ago| ago.map(|ago| STARTED + Seconds(ago)));
    let who = || proptest::option::of(prop::sample::select(vec!["ada", "grace"]));
    let consented = prop::sample::select(vec![None, Some("openid"), Some("openid profile")]);
    let client = (prop::sample::select(ConsentPolicy::ALL), proptest::option::of(prop::sample::select(Level::ALL)))
        .prop_map(|(consent, minimum_acr)| Client { consent, minimum_acr, ..sample() });
    let enrolled = proptest::bool::ANY.prop_map(|totp| Enrolled { totp, ..WITH_TOTP });
    (prompt, max_age, (at(), at(), at(), at()), (who(), who()), consented, (client, enrolled)).prop_map(
        |(prompt, max_age, (auth, login_at, account_selected_at, consented_at), (who, expected), consented, rest)| {
            let (client, enrolled) = rest;
            Case {
                request: checked(&[("prompt", prompt), ("max_age", max_age)]),
                client,
                enrolled,
                login: who.map(|who| login(who, auth.unwrap_or(NOW))),
                expected: expected.map(user),
                consented: consented.map(scope),
                progress: Progress { started_at: STARTED, login_at, account_selected_at, consented_at },
            }
        },
    )
}

proptest! {
    #[test]
    fn prompt_none_never_yields_an_interactive_step(mut case in any_case()) {
        case.request = checked(&[("prompt", "none")]);
        prop_assert!(matches!(case.step(), Step::Issue | Step::Refuse(_)));
    }

    #[test]
    fn a_code_is_issued_only_to_the_expected_person_who_allowed_everything(case in any_case()) {
        if let Step::Issue = case.step() {
            let login = case.login.as_ref().expect("somebody is signed in");
            prop_assert!(case.expected.as_ref().is_none_or(|user| *user == login.user_id));
            let allowed = case.consented.as_ref().is_some_and(|allowed| case.request.scope.is_subset(allowed));
            prop_assert!(login.level() >= demanded(&case.request, &case.client));
            prop_assert!(allowed || case.client.consent == ConsentPolicy::FirstParty);
        }
    }

    #[test]
    fn doing_what_is_asked_ends_in_a_few_steps(mut case in any_case()) {
        let mut steps = 0;
        while !matches!(case.step(), Step::Issue | Step::Refuse(_)) {
            steps += 1;
            prop_assert!(steps <= 4, "still asks: {:?}", case.step());
            match case.step() {
                Step::SecondFactor | Step::Enrol => {
                    case.login = case.login.map(|login| Login { acr: Level::Two.to_string(), ..login });
                }
                Step::Login(_) | Step::SignUp => {
                    case.login = Some(login("ada", NOW));
                    case.progress.login_at = Some(NOW);
                }
                Step::SelectAccount => case.progress.account_selected_at = Some(NOW),
                Step::Consent(yes) => {
                    case.consented = Some(case.consented.unwrap_or_default().union(&yes));
                    case.progress.consented_at = Some(NOW);
                }
                Step::Issue | Step::Refuse(_) => {}
            }
        }
    }
}
