//! The pages of the account console about API keys.

use auth::text::{Locale, Texts, fill};
use auth::web::pages::{
    AccountFrame, AccountPart, ApiKeyBadge, ApiKeyLine, ApiKeyMadePage, ApiKeysPage, Field, FieldKind, Form, Link,
    Notice, Pager, Section, SettingPage, SignOut, TickBox, Ticked, Weight,
};

use super::{CSRF, Contract, Samples, alice, sample, shell};

pub(super) const CONTRACT: Contract = &[
    ("api-keys", &["api-keys-page"]),
    ("api-key-choice", &["api-key-new-page"]),
    (
        "api-key-new",
        &["api-key-new-page", "name", "permission", "lifetime", "days", "networks", "signing", "api-key-submit"],
    ),
    ("api-key-made", &["api-key-made-page", "api-key", "api-key-kept"]),
    ("api-key-one", &["api-key-page"]),
];

const HOSTILE: &str = "<img src=x onerror=alert(1)>";
const HERE: &str = "/account/api-keys/4fT0yQ9bKx2mLw7Z";
/// Not a key of anybody: its check is wrong.
const KEY: &str = "cs_key_4fT0yQ9bKx2mLw7Z_XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX000000";

pub(super) fn samples(locale: Locale) -> Samples {
    [list(locale), new(locale), one(locale)].into_iter().flatten().collect()
}

fn frame() -> AccountFrame {
    let sign_out = SignOut { action: "/account/sign-out".to_owned(), csrf: CSRF.to_owned() };
    AccountFrame { account: alice(), current: AccountPart::ApiKeys, sign_out }
}

fn link(href: &str, label: &str) -> Link {
    Link { href: href.to_owned(), label: label.to_owned() }
}

fn facts(texts: &Texts) -> Vec<String> {
    let t = &texts.api_keys;
    vec![
        fill(t.for_api, "Field Notes"),
        fill(t.made, "20 November 2026"),
        fill(t.ends, "18 February 2027, 18:41 UTC"),
        fill(t.used, "Today, 18:00 UTC"),
        fill(t.only_from, "10.0.0.0/8 2001:db8::/32"),
        t.signs.to_owned(),
    ]
}

fn list(locale: Locale) -> Samples {
    let texts = locale.texts();
    let t = &texts.api_keys;
    let key = |name: &str, badge| ApiKeyLine {
        name: name.to_owned(),
        href: HERE.to_owned(),
        badge,
        permissions: vec!["notes:read".to_owned(), "*:write".to_owned()],
        facts: facts(texts),
    };
    let none = ApiKeysPage {
        shell: shell(locale, "/account/api-keys"),
        frame: frame(),
        notice: None,
        keys: Vec::new(),
        pager: Pager::default(),
        add: Some(link("/account/api-keys/new", t.add)),
        refused: None,
    };
    let badges = [
        None,
        Some(ApiKeyBadge::Ending(t.badge_soon)),
        Some(ApiKeyBadge::Ending(t.badge_replaced)),
        Some(ApiKeyBadge::Over(t.badge_expired)),
        Some(ApiKeyBadge::Over(t.badge_revoked)),
        None,
    ];
    let next = Some("/account/api-keys?from=6".to_owned());
    let many = ApiKeysPage {
        notice: Some(Notice::success(t.done_revoked)),
        keys: badges.map(|badge| key("Backup of the server", badge)).into(),
        pager: Pager { first: Some("/account/api-keys".to_owned()), next },
        ..none.clone()
    };
    let nothing_for_them = ApiKeysPage { add: None, refused: Some(t.no_api), ..none.clone() };
    let full = ApiKeysPage {
        notice: Some(Notice::warning(t.full)),
        keys: vec![key(HOSTILE, None)],
        ..nothing_for_them.clone()
    };
    vec![
        sample("api-keys-none", &none),
        sample("api-keys-many", &many),
        sample("api-keys-no-api", &nothing_for_them),
        sample("api-keys-full", &ApiKeysPage { refused: Some(t.full), notice: None, ..full.clone() }),
        sample("api-keys-gone", &ApiKeysPage { notice: Some(Notice::warning(t.done_gone)), ..full }),
    ]
}

fn setting(locale: Locale, id: &'static str, title: &str, sections: Vec<Section>) -> SettingPage {
    let t = &locale.texts().api_keys;
    SettingPage {
        shell: shell(locale, "/account/api-keys"),
        frame: frame(),
        id,
        title: title.to_owned(),
        lede: t.new_lede.to_owned(),
        notice: None,
        sections,
        back: link("/account/api-keys", t.back),
    }
}

fn new(locale: Locale) -> Samples {
    let t = &locale.texts().api_keys;
    let one = |value: &str, words: &str, ticked| TickBox { value: value.to_owned(), words: words.to_owned(), ticked };
    let boxes = |ticked| {
        FieldKind::Several(vec![
            one("notes:read", "Read your notes", ticked),
            one("notes:write", HOSTILE, Ticked::No),
            one("read", t.all_reading, Ticked::No),
            one("write", t.all_writing, Ticked::No),
        ])
    };
    let days = ["30", "90", "365"].map(|days| (days.to_owned(), fill(t.days_option, days)));
    let lifetimes = days.into_iter().chain([("other".to_owned(), t.other_option.to_owned())]).collect::<Vec<_>>();
    let form = |ticked, wrong: Option<[String; 4]>| {
        let [name, permission, days, networks] = wrong.map_or([const { None }; 4], |wrong| wrong.map(Some));
        let text = FieldKind::Text("off");
        let several = Field::new(boxes(ticked), "permission", t.permissions).refused(permission);
        let lifetime = Field::new(FieldKind::Choice(lifetimes.clone()), "lifetime", t.lifetime);
        let lifetime = lifetime.value(if days.is_some() { "other" } else { "90" });
        let days = Field::new(text.clone(), "days", t.days).hint(t.days_hint).optional().refused(days);
        let networks =
            Field::new(text.clone(), "networks", t.networks).hint(t.networks_hint).optional().refused(networks);
        let signing = Field::new(FieldKind::Tick(Ticked::No), "signing", t.signing).hint(t.signing_hint).optional();
        Form::new("/account/api-keys/new", CSRF, "api-key-submit", t.submit)
            .hidden("api", "https://notes.example.com")
            .field(Field::new(text, "name", t.name).hint(t.name_hint).refused(name))
            .field(several)
            .field(lifetime)
            .field(days)
            .field(networks)
            .field(signing)
    };
    let page = |form| {
        let section = Section { title: Some(fill(t.for_api, "Field Notes")), form: Some(form), ..Section::default() };
        setting(locale, "api-key-new-page", t.add, vec![section])
    };
    let wrong = [
        t.name_missing.to_owned(),
        t.permission_missing.to_owned(),
        fill(t.days_wrong, "365"),
        fill(t.networks_wrong, HOSTILE),
    ];
    let api = |name: &str| Section {
        title: Some(fill(t.for_api, name)),
        texts: vec![fill(t.identifier, "https://notes.example.com")],
        form: None,
        link: Some(link("/account/api-keys/new?api=https%3A%2F%2Fnotes.example.com", t.choose)),
    };
    let apis = setting(locale, "api-key-new-page", t.add, vec![api("Field Notes"), api(HOSTILE)]);
    let made = ApiKeyMadePage {
        shell: shell(locale, "/account/api-keys/new"),
        frame: frame(),
        name: "Backup of the server".to_owned(),
        key: KEY.to_owned(),
        facts: vec![fill(t.made_old_ends, "Today, 18:41 UTC"), fill(t.ends, "18 February 2027, 18:41 UTC")],
        onward: "/account/api-keys".to_owned(),
    };
    vec![
        sample("api-key-choice", &apis),
        sample("api-key-new", &page(form(Ticked::No, None))),
        sample("api-key-new-wrong", &page(form(Ticked::Yes, Some(wrong)))),
        sample("api-key-made", &made),
    ]
}

fn one(locale: Locale) -> Samples {
    let texts = locale.texts();
    let t = &texts.api_keys;
    let may = fill(t.may, "notes:read *:write");
    let about = Section { texts: [may].into_iter().chain(facts(texts)).collect(), ..Section::default() };
    let section = |title: &str, text: &str, form| Section {
        title: Some(title.to_owned()),
        texts: vec![text.to_owned()],
        form: Some(form),
        link: None,
    };
    let overlaps =
        [("0", t.overlap_none), ("3600", t.overlap_hour), ("86400", t.overlap_day), ("604800", t.overlap_week)];
    let overlaps = overlaps.map(|(value, words)| (value.to_owned(), words.to_owned())).into();
    let rotate = Form::new(format!("{HERE}/rotate"), CSRF, "api-key-rotate", t.rotate_submit)
        .weight(Weight::Plain)
        .field(Field::new(FieldKind::Choice(overlaps), "overlap", t.overlap).value("86400"));
    let revoke = Form::new(format!("{HERE}/revoke"), CSRF, "api-key-revoke", t.revoke_submit).weight(Weight::Danger);
    let rotation = section(t.rotate, t.rotate_text, rotate);
    let revocation = section(t.revoke, t.revoke_text, revoke);
    let page = |name: &str, sections| setting(locale, "api-key-page", name, sections);
    vec![
        sample("api-key-one-active", &page(HOSTILE, vec![about.clone(), rotation, revocation.clone()])),
        sample("api-key-one-replaced", &page("Backup", vec![about.clone(), revocation])),
        sample("api-key-one-over", &page("Backup", vec![about])),
    ]
}
