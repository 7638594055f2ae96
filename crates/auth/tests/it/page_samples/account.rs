//! The account console but for its security pages.

use auth::text::{Locale, fill};
use auth::web::pages::{
    AccountFrame, AccountLinkPage, AccountPart, AppCard, AppTile, AppsPage, Badge, Check, DataPage, DeletePage,
    Deletion, DeviceKind, DeviceLine, EmailPage, EmailProofPage, Field, FieldKind, FieldState, FirstStep, Form,
    Granted, Link, LinkStep, LockDownPage, LogLine, LogPage, Notice, OverviewPage, Pager, Place, ProfilePage, Proof,
    Reach, Readers, ScopeLine, SessionCard, SessionsPage, SignInLine, SignOut, Weight,
};

use super::{CSRF, Contract, INTERACTION, Samples, alice, sample, shell};

pub(super) const CONTRACT: Contract = &[
    ("account", &["account-page", "content", "sign-out"]),
    ("profile", &["profile-page", "name", "birthdate", "phone_number", "locale", "profile-submit"]),
    ("email", &["email-page"]),
    ("email-proof", &["email-proof-page", "code", "code-submit"]),
    ("account-link", &["account-link-page"]),
    ("sessions", &["sessions-page"]),
    ("apps", &["apps-page"]),
    ("log", &["log-page", "kind"]),
    ("lock-down", &["lock-down-page"]),
    ("data", &["data-page", "export-submit"]),
    ("delete", &["delete-page", "confirm_name", "delete-submit"]),
];

const AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0";

pub(super) fn samples(locale: Locale) -> Samples {
    [
        overview(locale),
        profile(locale),
        email(locale),
        links(locale),
        sessions(locale),
        apps(locale),
        log(locale),
        data(locale),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn frame(current: AccountPart) -> AccountFrame {
    let sign_out = SignOut { action: "/account/sign-out".to_owned(), csrf: CSRF.to_owned() };
    AccountFrame { account: alice(), current, sign_out }
}

fn device(words: &str, kind: DeviceKind) -> DeviceLine {
    DeviceLine { words: words.to_owned(), header: Some(AGENT.to_owned()), kind }
}

fn hostile() -> DeviceLine {
    let header = Some("\"><script>alert(1)</script>".to_owned());
    DeviceLine { words: "<img src=x onerror=alert(1)>".to_owned(), header, kind: DeviceKind::Computer }
}

fn owned(facts: &[&str]) -> Vec<String> {
    facts.iter().map(|fact| (*fact).to_owned()).collect()
}

fn overview(locale: Locale) -> Samples {
    let texts = &locale.texts().account;
    let link = |label: &str| Link { href: "/account/security".to_owned(), label: label.to_owned() };
    let check = |badge, title, text: &str, action| Check { badge, title, text: text.to_owned(), action: link(action) };
    let good = check(Badge::Good, texts.good_title, texts.good_text, texts.good_action);
    let few = fill(texts.few_codes_text, "2");
    let all = vec![
        check(
            Badge::Urgent,
            texts.deletion_title,
            &fill(texts.deletion_text, "29 November 2026"),
            texts.deletion_action,
        ),
        check(Badge::Urgent, texts.clone_title, texts.clone_text, texts.clone_action),
        check(Badge::ToDo, texts.no_factor_title, texts.no_factor_text, texts.no_factor_action),
        check(Badge::ToDo, texts.email_title, texts.email_text, texts.email_action),
        check(Badge::ToDo, texts.codes_title, &few, texts.codes_action),
        check(Badge::ToDo, texts.browsers_title, &fill(texts.browsers_text, "7"), texts.browsers_action),
    ];
    let line =
        |device, place| SignInLine { device, facts: owned(&["Today, 18:41 UTC", "192.0.2.7", "passkey"]), place };
    let tile = |name: &str, href: Option<&str>| AppTile {
        name: name.to_owned(),
        host: Some("notes.example.com".to_owned()),
        href: href.map(str::to_owned),
    };
    let page = OverviewPage {
        shell: shell(locale, "/account"),
        frame: frame(AccountPart::Overview),
        name: "Alice".to_owned(),
        notice: None,
        checks: vec![good],
        sign_ins: vec![
            line(device("Firefox on Linux", DeviceKind::Computer), Place::Here),
            line(device("Chrome on Android", DeviceKind::Phone), Place::Elsewhere),
            line(device("Safari on iPhone", DeviceKind::Phone), Place::Elsewhere),
        ],
        apps: vec![tile("Field Notes", Some("https://notes.example.com/login")), tile("Cluster login", None)],
        switch: "/account/switch".to_owned(),
    };
    let new = OverviewPage { checks: all[2..3].to_vec(), sign_ins: Vec::new(), apps: Vec::new(), ..page.clone() };
    let evil = OverviewPage {
        name: "<img src=x onerror=alert(1)>".to_owned(),
        sign_ins: vec![line(hostile(), Place::Elsewhere)],
        apps: vec![tile("<script>alert(1)</script>", None)],
        ..page.clone()
    };
    vec![
        sample("account-good", &page),
        sample("account-new", &new),
        sample("account-to-do", &OverviewPage { checks: all, ..page }),
        sample("account-hostile", &evil),
    ]
}

fn profile(locale: Locale) -> Samples {
    let texts = &locale.texts().account;
    let text = |id, label, purpose| Field::new(FieldKind::Text(purpose), id, label).optional();
    let languages = Locale::ALL.map(|locale| (locale.tag().to_owned(), locale.name().to_owned()));
    let choices: Vec<_> = [(String::new(), texts.locale_any.to_owned())].into_iter().chain(languages).collect();
    let form = |birthdate: Field| {
        Form::new("/account/profile", CSRF, "profile-submit", texts.save)
            .field(text("name", texts.name, "name").value("Alice Moreau"))
            .field(text("given_name", texts.given_name, "given-name").value("Alice"))
            .field(text("middle_name", texts.middle_name, "additional-name"))
            .field(text("family_name", texts.family_name, "family-name").value("Moreau"))
            .field(text("nickname", texts.nickname, "nickname"))
            .field(birthdate)
            .field(text("website", texts.website, "url"))
            .field(text("zoneinfo", texts.zoneinfo, "off").hint(texts.zoneinfo_hint).value("Europe/Berlin"))
            .field(text("phone_number", texts.phone, "tel").hint(texts.phone_hint))
            .field(text("street_address", texts.street, "street-address"))
            .field(text("postal_code", texts.postal_code, "postal-code"))
            .field(text("locality", texts.locality, "address-level2"))
            .field(text("region", texts.region, "address-level1"))
            .field(text("country", texts.country, "country-name"))
            .field(Field::new(FieldKind::Choice(choices.clone()), "locale", texts.locale).value("de").optional())
    };
    let birthdate = text("birthdate", texts.birthdate, "bday").hint(texts.birthdate_hint);
    let readers = |apps: &[&str]| {
        [texts.reads_profile, texts.email, texts.address, texts.phone]
            .map(|what| Readers { what, apps: owned(apps) })
            .into()
    };
    let page = |notice, form| ProfilePage {
        shell: shell(locale, "/account/profile"),
        frame: frame(AccountPart::Profile),
        notice,
        username: "alice".to_owned(),
        email: Some(("alice@example.com".to_owned(), Proof::Verified)),
        email_change: "/account/email".to_owned(),
        groups: owned(&["staff"]),
        readers: readers(&["Field Notes", "Grafana"]),
        form,
    };
    let empty =
        ProfilePage { email: None, groups: Vec::new(), readers: readers(&[]), ..page(None, form(birthdate.clone())) };
    let wrong = birthdate.clone().value("31.12.1990").refused(Some(texts.bad_birthdate.to_owned()));
    vec![
        sample("profile", &page(None, form(birthdate.clone()))),
        sample("profile-saved", &page(Some(Notice::success(texts.saved)), form(birthdate))),
        sample("profile-wrong", &page(None, form(wrong))),
        sample("profile-empty", &empty),
    ]
}

fn email(locale: Locale) -> Samples {
    let texts = &locale.texts().account;
    let field = || Field::new(FieldKind::EmailAddress, "email", texts.email_new);
    let form = |field| Form::new("/account/email", CSRF, "email-submit", texts.email_send).field(field);
    let page = |notice, form| EmailPage {
        shell: shell(locale, "/account/email"),
        frame: frame(AccountPart::Profile),
        notice,
        email: Some(("alice@example.com".to_owned(), Proof::Unverified)),
        form,
    };
    let wrong = field().value("alice@").refused(Some(texts.email_bad.to_owned()));
    let common = &locale.texts().common;
    let wait = Notice::wait(common.too_many_mails, 40, common.wait_over);
    let code = |field: Field| EmailProofPage {
        shell: shell(locale, "/account/email/code"),
        frame: frame(AccountPart::Profile),
        notice: None,
        email: "alice@example.net".to_owned(),
        form: Form::new("/account/email/code", CSRF, "code-submit", texts.code_submit)
            .hidden("interaction", INTERACTION)
            .field(field),
        again: "/account/email".to_owned(),
    };
    let typed = || Field::new(FieldKind::OneTimeCode, "code", texts.code);
    vec![
        sample("email", &page(None, Some(form(field().state(FieldState::Focused))))),
        sample("email-none", &EmailPage { email: None, ..page(None, Some(form(field()))) }),
        sample("email-wrong", &page(None, Some(form(wrong)))),
        sample("email-throttled", &page(Some(wait), Some(form(field())))),
        sample("email-no-mail", &page(None, None)),
        sample("email-proof", &code(typed().state(FieldState::Focused))),
        sample("email-proof-wrong", &code(typed().refused(Some(common.code_wrong.to_owned())))),
        sample("email-proof-over", &code(typed().refused(Some(common.code_expired.to_owned())))),
    ]
}

fn links(locale: Locale) -> Samples {
    let (account, data) = (&locale.texts().account, &locale.texts().data);
    let page = |title, text: &str, next| AccountLinkPage {
        shell: shell(locale, "/account/email"),
        title,
        text: text.to_owned(),
        next,
    };
    let ask = |label| LinkStep::Ask(Form::new("/account/email/x", CSRF, "confirm-submit", label));
    let done = || LinkStep::Done(Link { href: "/account".to_owned(), label: account.to_account.to_owned() });
    let confirm = [fill(account.confirm_text, "alice@example.net"), fill(account.confirm_account, "alice")].join(" ");
    let elsewhere = fill(account.elsewhere_text, "<img src=x onerror=alert(1)>");
    vec![
        sample("account-link-email", &page(account.confirm_title, &confirm, ask(account.confirm_submit))),
        sample("account-link-email-done", &page(account.confirmed_title, account.email_changed, done())),
        sample("account-link-email-elsewhere", &page(account.elsewhere_title, &elsewhere, LinkStep::Elsewhere)),
        sample("account-link-keep", &page(data.cancel_title, data.cancel_text, ask(data.keep_submit))),
        sample("account-link-kept", &page(data.kept_title, data.kept_text, done())),
    ]
}

fn sessions(locale: Locale) -> Samples {
    let texts = &locale.texts().sessions;
    let card = |id: Option<&str>, device| SessionCard {
        id: id.map(str::to_owned),
        device,
        facts: vec![
            fill(texts.last_seen, "Today, 18:41 UTC"),
            fill(texts.since, "20 November 2026, 07:12 UTC"),
            fill(texts.address, "2001:db8::7"),
            fill(texts.how, locale.texts().account.with_password_and_code),
            fill(texts.apps, "Field Notes, Grafana"),
        ],
    };
    let page = |notice, sessions: Vec<SessionCard>| SessionsPage {
        shell: shell(locale, "/account/sessions"),
        frame: frame(AccountPart::Sessions),
        notice,
        action: "/account/sessions".to_owned(),
        csrf: CSRF.to_owned(),
        others: sessions.len() - 1,
        sessions,
        pager: Pager::default(),
    };
    let here = || card(None, device("Firefox on Linux", DeviceKind::Computer));
    let phone = || card(Some(INTERACTION), device("Chrome on Android", DeviceKind::Phone));
    let many = || std::iter::once(here()).chain((1..7).map(|_| phone())).collect();
    let (first, next) = ("/account/sessions".to_owned(), "/account/sessions?from=7".to_owned());
    let later = Pager { first: Some(first), next: Some("/account/sessions?from=14".to_owned()) };
    let foreign = || (0..7).map(|_| phone()).collect();
    let lock_down = |first| LockDownPage {
        shell: shell(locale, "/account/lock-down"),
        frame: frame(AccountPart::Log),
        first,
        password: "/account/security/password".to_owned(),
        security: "/account/security".to_owned(),
        apps: "/account/apps".to_owned(),
        api_keys: "/account/api-keys".to_owned(),
    };
    let form = Form::new("/account/lock-down", CSRF, "lock-down-submit", texts.lock_1_submit).weight(Weight::Danger);
    vec![
        sample("sessions-only-this", &page(None, vec![here()])),
        sample("sessions-done", &page(Some(Notice::success(texts.done_ended)), vec![here(), phone()])),
        sample("sessions-many", &SessionsPage { pager: Pager { first: None, next: Some(next) }, ..page(None, many()) }),
        sample("sessions-later", &SessionsPage { others: 23, pager: later, ..page(None, foreign()) }),
        sample("sessions-hostile", &page(None, vec![here(), card(Some(INTERACTION), hostile())])),
        sample("lock-down", &lock_down(FirstStep::Ask(form))),
        sample("lock-down-done", &lock_down(FirstStep::Done)),
    ]
}

fn apps(locale: Locale) -> Samples {
    let texts = &locale.texts().apps;
    let line = |scope| ScopeLine::standard(locale.texts(), scope, Granted::Before).expect("a standard scope");
    let card = |name: &str, reach| AppCard {
        id: "field-notes".to_owned(),
        name: name.to_owned(),
        host: Some("notes.example.com".to_owned()),
        scopes: ["openid", "profile", "email", "offline_access"]
            .map(line)
            .into_iter()
            .chain([ScopeLine::of_api("Notes", "Read your notes", Granted::Before)])
            .collect(),
        facts: vec![fill(texts.since, "3 March 2026"), fill(texts.used, "Today, 18:41 UTC")],
        reach,
    };
    let page = |notice, apps| AppsPage {
        shell: shell(locale, "/account/apps"),
        frame: frame(AccountPart::Apps),
        notice,
        action: "/account/apps".to_owned(),
        csrf: CSRF.to_owned(),
        apps,
        pager: Pager::default(),
    };
    let both = Pager { first: Some("/account/apps".to_owned()), next: Some("/account/apps?from=8".to_owned()) };
    let five = (0..4).map(|_| card("Field Notes", Reach::Always)).collect();
    vec![
        sample("apps-none", &page(None, Vec::new())),
        sample(
            "apps-removed",
            &page(Some(Notice::success(texts.done_removed)), vec![card("Grafana", Reach::WhileSignedIn)]),
        ),
        sample("apps-many", &AppsPage { pager: both, ..page(None, five) }),
        sample("apps-hostile", &page(None, vec![card("<img src=x onerror=alert(1)>", Reach::Always)])),
    ]
}

fn log(locale: Locale) -> Samples {
    let texts = &locale.texts().log;
    let kinds: Vec<_> = auth::text::event_kinds(texts);
    let line = |what, app: Option<&str>, device| LogLine {
        what,
        app: app.map(str::to_owned),
        device: Some(device),
        facts: vec!["20 November 2026, 18:41 UTC".to_owned(), fill(texts.from, "2001:db8:85a3::8a2e:370:7334")],
    };
    let page = |entries| LogPage {
        shell: shell(locale, "/account/log"),
        frame: frame(AccountPart::Log),
        action: "/account/log".to_owned(),
        kinds: kinds.clone(),
        chosen: None,
        entries,
        pager: Pager::default(),
        lock_down: "/account/lock-down".to_owned(),
    };
    let known = || device("Firefox on Linux", DeviceKind::Computer);
    let full = (0..8).map(|_| line(texts.passkey_clone_suspected, Some("Field Notes"), known())).collect();
    let older = "/account/log?kind=signed_in&before=1795372867.Zk3uP0o2Qm1xYb7cR9sTqg";
    let both = Pager { first: Some("/account/log".to_owned()), next: Some(older.to_owned()) };
    vec![
        sample("log-empty", &page(Vec::new())),
        sample("log-full", &LogPage { pager: both, ..page(full) }),
        sample(
            "log-filtered",
            &LogPage { chosen: Some("signed_in"), ..page(vec![line(texts.signed_in, None, known())]) },
        ),
        sample("log-hostile", &page(vec![line(texts.signed_in, Some("<script>alert(1)</script>"), hostile())])),
    ]
}

fn data(locale: Locale) -> Samples {
    let texts = &locale.texts().data;
    let page = |notice, deletion| DataPage {
        shell: shell(locale, "/account/data"),
        frame: frame(AccountPart::Data),
        notice,
        export: Form::new("/account/data/export", CSRF, "export-submit", texts.export_submit).weight(Weight::Plain),
        deletion,
    };
    let not_asked = || Deletion::NotAsked("/account/data/delete".to_owned());
    let scheduled = Deletion::Scheduled {
        sentence: fill(texts.scheduled_text, "29 November 2026"),
        keep: Form::new("/account/data/keep", CSRF, "keep-submit", texts.keep_submit),
    };
    let delete = |field: Field| DeletePage {
        shell: shell(locale, "/account/data/delete"),
        frame: frame(AccountPart::Data),
        consequences: [texts.consequence_out, texts.consequence_apps, texts.consequence_gone, texts.consequence_name]
            .map(str::to_owned)
            .into_iter()
            .chain([fill(texts.consequence_grace, "7")])
            .collect(),
        form: Form::new("/account/data/delete", CSRF, "delete-submit", texts.delete_submit)
            .weight(Weight::Danger)
            .field(field.hint(fill(texts.type_name, "alice"))),
        back: "/account/data".to_owned(),
    };
    let name = || Field::new(FieldKind::Text("off"), "confirm_name", texts.name);
    vec![
        sample("data", &page(None, not_asked())),
        sample("data-scheduled", &page(Some(Notice::warning(texts.done_scheduled)), scheduled)),
        sample("data-kept", &page(Some(Notice::success(texts.done_kept)), not_asked())),
        sample("delete", &delete(name())),
        sample("delete-wrong", &delete(name().refused(Some(texts.name_wrong.to_owned())))),
    ]
}
