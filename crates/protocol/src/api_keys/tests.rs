use super::*;
use crate::audience::TokenFormat;
use crate::scope::ScopeToken;
use crate::signing::SigningAlgorithm;
use crate::user::tests::sample as owner;
use proptest::prelude::*;
use serde_json::json;

const NOW: Timestamp = Timestamp(1_800_000_000);
const NOTES: &str = "https://notes.example";

fn api(scopes: &[&str]) -> Api {
    let scope =
        |name: &&str| ApiScope { name: ScopeToken::parse(name).expect("is a scope"), description: String::new() };
    Api {
        identifier: NOTES.to_owned(),
        name: "Notes".to_owned(),
        token_format: TokenFormat::Jwt,
        signing_alg: SigningAlgorithm::ES256,
        access_token_lifetime: Seconds::minutes(5),
        scopes: scopes.iter().map(scope).collect(),
    }
}

fn notes() -> Api {
    api(&["notes:read", "notes:write", "files:read"])
}

fn held(texts: &[&str]) -> Vec<Permission> {
    texts.iter().map(|text| Permission::parse(text).expect("is one")).collect()
}

fn key() -> ApiKeyRecord {
    ApiKeyRecord {
        id: ApiKeyId::parse("0123456789abcdEF").expect("is an id"),
        user_id: owner().id,
        name: "Backup".to_owned(),
        api: NOTES.to_owned(),
        permissions: held(&["notes:*"]),
        allowed_networks: Vec::new(),
        signing: false,
        created_at: NOW - Seconds::days(1),
        expires_at: Some(NOW + Seconds::days(89)),
        last_used_at: None,
        revoked_at: None,
        replaced_by: None,
    }
}

fn accepted(key: &ApiKeyRecord) -> Result<String, Refusal> {
    accept(key, &[NOTES.to_owned()], Some(&owner()), Some(&notes()), NOW).map(|scope| scope.to_string())
}

#[test]
fn a_key_is_worth_what_the_api_has_and_it_covers() {
    for (permissions, worth) in [
        (&["notes:read"][..], "notes:read"),
        (&["notes:*"], "notes:read notes:write"),
        (&["read"], "notes:read files:read"),
        (&["*"], "notes:read notes:write files:read"),
        (&["files:read", "notes:write"], "notes:write files:read"),
        (&["mail:send"], ""),
    ] {
        assert_eq!(effective(&held(permissions), &notes().scopes, Reach::WILDCARDS).to_string(), worth);
    }
    assert_eq!(effective(&held(&["*", "read"]), &notes().scopes, Reach::EXACT), Scope::empty());
}

#[test]
fn a_key_that_is_in_order_is_accepted_also_when_it_is_worth_nothing() {
    assert_eq!(accepted(&key()), Ok("notes:read notes:write".to_owned()));
    assert_eq!(accepted(&ApiKeyRecord { expires_at: None, ..key() }), Ok("notes:read notes:write".to_owned()));
    assert_eq!(accepted(&ApiKeyRecord { permissions: held(&["mail:send"]), ..key() }), Ok(String::new()));
    let replaced = ApiKeyRecord { replaced_by: Some(key().id), ..key() };
    assert_eq!((replaced.standing(NOW), accepted(&replaced).is_ok()), (Standing::Replaced, true));
}

#[test]
fn each_thing_that_a_key_rests_on_can_take_it_away() {
    let (serves, owner, notes, key) = ([NOTES.to_owned()], owner(), notes(), key());
    let refused = |key: &ApiKeyRecord, serves: &[String], owner: Option<&User>, api: Option<&Api>| {
        accept(key, serves, owner, api, NOW).expect_err("is refused")
    };
    let whole = |key: &ApiKeyRecord| refused(key, &serves, Some(&owner), Some(&notes));
    assert_eq!(whole(&ApiKeyRecord { revoked_at: Some(NOW), ..key.clone() }), Refusal::Revoked);
    assert_eq!(whole(&ApiKeyRecord { expires_at: Some(NOW), ..key.clone() }), Refusal::Expired);
    let someone_else = User { id: UserId::parse("bob").expect("is an id"), ..owner.clone() };
    let disabled = User { disabled_at: Some(NOW), ..owner.clone() };
    let leaving = User { deletion_due_at: Some(NOW + Seconds::days(3)), ..owner.clone() };
    let of = |owner: Option<&User>| refused(&key, &serves, owner, Some(&notes));
    assert_eq!((of(None), of(Some(&someone_else))), (Refusal::OwnerGone, Refusal::OwnerGone));
    assert_eq!((of(Some(&disabled)), of(Some(&leaving))), (Refusal::OwnerDisabled, Refusal::DeletionPending));
    assert_eq!(refused(&key, &serves, Some(&owner), None), Refusal::ApiGone);
    let other = ["https://mail.example".to_owned()];
    for serves in [&[][..], &other] {
        assert_eq!(refused(&key, serves, Some(&owner), Some(&notes)), Refusal::OtherResourceServer);
    }
}

#[test]
fn a_page_offers_the_scopes_and_the_verbs_that_some_of_them_end_in() {
    let texts = |api: &Api| offered(api).iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(texts(&notes()), ["notes:read", "notes:write", "files:read", "read", "write"]);
    assert_eq!(texts(&api(&["read", "mail:send"])), ["read", "mail:send"]);
    for permission in texts(&notes()) {
        assert!(permissions([permission.as_str()], &notes()).is_ok(), "{permission}");
    }
}

#[test]
fn a_permission_that_is_worth_nothing_here_is_a_slip_of_the_pen() {
    let made = |texts: &[&str]| permissions(texts.iter().copied(), &notes());
    assert_eq!(made(&["notes:*", "read", "notes:*"]), Ok(held(&["notes:*", "read"])));
    assert_eq!(made(&[]), Err(Fault::NoPermission));
    assert_eq!(made(&["note:read"]), Err(Fault::CoversNothing("note:read".to_owned())));
    assert_eq!(made(&["notes:"]), Err(Fault::NotAPermission("notes:".to_owned())));
    let names: Vec<String> = (0..40).map(|number| format!("a{number}:read")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    assert!(permissions(names[..32].iter().copied(), &api(&names)).is_ok());
    assert_eq!(permissions(names.iter().copied(), &api(&names)), Err(Fault::TooManyPermissions));
}

#[test]
fn networks_are_read_strictly() {
    let read = |texts: &[&str]| networks(texts.iter().copied());
    let texts = |list: Vec<IpNetwork>| list.iter().map(ToString::to_string).collect::<Vec<_>>();
    let both = read(&["192.0.2.7", "2001:db8::/32", "192.0.2.7/32"]).expect("are networks");
    assert_eq!(texts(both), ["192.0.2.7/32", "2001:db8::/32"]);
    let fault = |text: &str| read(&[text]).expect_err("is none").to_string();
    assert!(fault("10.1.2.3/8").ends_with("did you mean 10.0.0.0/8?"));
    assert!(fault("::ffff:10.0.0.0/104").contains("did you mean 10.0.0.0/8?"), "{}", fault("::ffff:10.0.0.0/104"));
    for text in ["", "example.com", "10.0.0.0/33", "10.0.0.0/+8", "010.0.0.0/8", "10.0.0.0 /8"] {
        assert!(read(&[text]).is_err(), "{text}");
    }
    assert!(fault(&"1".repeat(5_000)).len() < 200);
    let many: Vec<String> = (0..17).map(|number| format!("10.{number}.0.0/16")).collect();
    assert_eq!(networks(many.iter().map(String::as_str)), Err(Fault::TooManyNetworks));
    assert_eq!(networks(many[..16].iter().map(String::as_str)).map(|all| all.len()), Ok(16));
}

#[test]
fn a_key_lives_no_longer_than_is_allowed() {
    let (year, day) = (Seconds::days(365), Seconds::days(1));
    assert_eq!(lifetime(Some(day), Some(year)), Ok(Some(day)));
    assert_eq!(lifetime(Some(year), Some(year)), Ok(Some(year)));
    assert_eq!(lifetime(Some(year + Seconds(1)), Some(year)), Err(Fault::Lifetime(year)));
    assert_eq!(lifetime(Some(Seconds(59)), None), Err(Fault::Lifetime(LONGEST_LIFETIME)));
    assert_eq!(lifetime(Some(Seconds(i64::MAX)), None), Err(Fault::Lifetime(LONGEST_LIFETIME)));
    assert_eq!((lifetime(None, None), lifetime(None, Some(year))), (Ok(None), Err(Fault::NeedsAnEnd(year))));
    let next = |expires_at, longest| ApiKeyRecord { expires_at, ..key() }.next_lifetime(longest);
    assert_eq!(next(key().expires_at, Some(year)), Some(Seconds::days(90)));
    assert_eq!(next(key().expires_at, Some(day)), Some(day));
    assert_eq!(next(key().expires_at, None), Some(Seconds::days(90)));
    assert_eq!((next(None, Some(day)), next(None, None)), (Some(day), None));
}

#[test]
fn a_use_is_noted_once_an_hour() {
    let hour = Timestamp(NOW.0 - NOW.0 % 3_600);
    assert_eq!(key().use_to_note(NOW), Some(hour));
    let used = |at| ApiKeyRecord { last_used_at: Some(at), ..key() }.use_to_note(NOW);
    assert_eq!((used(hour), used(hour - Seconds(3_600))), (None, Some(hour)));
    assert_eq!(used(hour + Seconds(7_200)), None, "a clock that went backwards");
}

#[test]
fn what_is_told_has_the_names_of_the_rfc() {
    let limited = ApiKeyRecord { allowed_networks: networks(["10.0.0.0/8"]).expect("is one"), ..key() };
    let scope = Scope::parse("notes:read").expect("is a scope");
    let mut whole = Description::new(&limited, scope, "https://issuer.example", "sub");
    (whole.username, whole.signing_key) = (Some("ada".to_owned()), Some("a2V5".to_owned()));
    let told = json!({
        "active": true, "iss": "https://issuer.example", "sub": "sub", "aud": NOTES, "username": "ada",
        "scope": "notes:read", "permissions": ["notes:*"], "exp": NOW.0 + 89 * 86_400, "iat": NOW.0 - 86_400,
        "jti": "0123456789abcdEF", "allowed_networks": ["10.0.0.0/8"], "signing_key": "a2V5",
    });
    assert_eq!(serde_json::to_value(whole).expect("is plain data"), told);
    let endless = ApiKeyRecord { expires_at: None, ..key() };
    let short = serde_json::to_value(Description::new(&endless, Scope::empty(), "i", "s")).expect("is plain data");
    assert_eq!(short["scope"], "", "no scope is said aloud");
    for left_out in ["token_type", "client_id", "exp", "username", "allowed_networks", "signing_key"] {
        assert!(short.get(left_out).is_none(), "{left_out}");
    }
}

proptest! {
    #[test]
    fn a_key_is_never_worth_more_than_the_api_has(
        permissions in proptest::collection::vec("[ab*](:([ab*]|read)){0,2}", 0..6),
        scopes in proptest::collection::btree_set("[ab](:([ab]|read)){0,2}", 0..6),
        write_implies_read: bool,
    ) {
        let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
        let (held, api) = (permissions.iter().filter_map(|text| Permission::parse(text).ok()), api(&scopes));
        let held: Vec<Permission> = held.collect();
        let registered = Scope::parse(&scopes.join(" ")).expect("is a scope");
        let worth = effective(&held, &api.scopes, Reach { wildcards: true, write_implies_read });
        prop_assert!(worth.is_subset(&registered));
        let exact = effective(&held, &api.scopes, Reach::EXACT);
        prop_assert!(exact.is_subset(&worth));
        for scope in worth.iter() {
            let scope = Permission::parse(scope.as_str()).expect("these are");
            let reach = Reach { wildcards: true, write_implies_read };
            prop_assert!(held.iter().any(|held| held.covers(&scope, reach)));
        }
    }

    #[test]
    fn more_permissions_never_take_a_scope_away(
        fewer in proptest::collection::vec("[ab*](:[ab*]){0,2}", 0..4),
        more in proptest::collection::vec("[ab*](:[ab*]){0,2}", 0..4),
    ) {
        let parse = |texts: &[String]| texts.iter().filter_map(|text| Permission::parse(text).ok()).collect::<Vec<_>>();
        let (few, api) = (parse(&fewer), api(&["a:b", "b:a", "a", "a:b:a"]));
        let all = parse(&[fewer, more].concat());
        let worth = |held: &[Permission]| effective(held, &api.scopes, Reach::WILDCARDS);
        prop_assert!(worth(&few).is_subset(&worth(&all)));
    }

    #[test]
    fn no_text_makes_it_panic(text: String) {
        let _ = (permissions([text.as_str()], &notes()), networks([text.as_str()]));
    }

    #[test]
    fn a_key_is_accepted_before_its_end_only(end in -3_i64..3, revoked: bool) {
        let key = ApiKeyRecord {
            expires_at: Some(NOW + Seconds(end)), revoked_at: revoked.then_some(NOW), ..key()
        };
        prop_assert_eq!(accepted(&key).is_ok(), end > 0 && !revoked);
        prop_assert_eq!(key.is_live(NOW), end > 0 && !revoked);
    }
}
