//! The security pages of the account console, and the enrolment inside a sign-in.

use auth::text::{Locale, Texts, fill};
use auth::web::pages::{
    AccountFrame, AccountPart, BrowserLine, ClientCard, CodesPage, DeviceKind, DeviceLine, EnrolCodesPage,
    EnrolTotpPage, Field, FieldKind, FieldState, Form, Link, Notice, Offered, Pager, PasskeyForm, PasskeyLine,
    PasskeysPage, QrPicture, Section, SecurityCard, SecurityPage, SettingPage, SignOut, Signals, StepPage, Ticked,
    TotpOfferPage, TotpOffered, Weight,
};

use super::{CSRF, Contract, INTERACTION, Samples, alice, sample, shell};

pub(super) const CONTRACT: Contract = &[
    ("security", &["security-page"]),
    ("account-password", &["account-password-page", "username", "new-password", "password-submit"]),
    ("account-passkeys", &["account-passkeys-page"]),
    ("account-passkey", &["account-passkey-page", "name", "passkey-rename"]),
    ("account-totp", &["account-totp-page"]),
    ("totp-offer", &["totp-offer-page", "secret", "code", "end-sessions", "totp-submit"]),
    ("account-codes", &["account-codes-page"]),
    ("codes", &["codes-page", "codes-kept"]),
    ("enrol", &["enrol-page", "enrol-totp"]),
    ("enrol-totp", &["enrol-totp-page", "secret", "code", "totp-submit"]),
    ("enrol-codes", &["enrol-codes-page", "codes-kept"]),
];

const ISSUED: &str = "0123-4567-89AB-CDEF-GHJK-MNPQ-RSTV";
const HOSTILE: &str = "<img src=x onerror=alert(1)>";

pub(super) fn samples(locale: Locale) -> Samples {
    [overview(locale), password(locale), passkeys(locale), passkey(locale), totp(locale), codes(locale), enrol(locale)]
        .into_iter()
        .flatten()
        .collect()
}

fn frame() -> AccountFrame {
    let sign_out = SignOut { action: "/account/sign-out".to_owned(), csrf: CSRF.to_owned() };
    AccountFrame { account: alice(), current: AccountPart::Security, sign_out }
}

fn link(href: &str, label: &str) -> Link {
    Link { href: href.to_owned(), label: label.to_owned() }
}

fn back(texts: &Texts) -> Link {
    link("/account/security", texts.security.back)
}

fn key(texts: &Texts, name: &str, number: usize) -> PasskeyLine {
    let t = &texts.security;
    PasskeyLine {
        name: name.to_owned(),
        href: format!("/account/security/passkeys/Yk3uP0o2Qm1xYb{number:02}"),
        facts: vec![fill(t.created, "20 November 2026"), fill(t.last_used, "Today, 18:41 UTC")],
        warning: None,
    }
}

fn cloned(texts: &Texts) -> PasskeyLine {
    PasskeyLine { warning: Some(texts.security.cloned_badge), ..key(texts, "Security key", 99) }
}

fn overview(locale: Locale) -> Samples {
    let texts = locale.texts();
    let t = &texts.security;
    let card = |title, text: &str, label| SecurityCard {
        title,
        text: (!text.is_empty()).then(|| text.to_owned()),
        action: Some(link("/account/security/password", label)),
    };
    let browser = |words: &str, number| BrowserLine {
        id: format!("Zk3uP0o2Qm1xYb7cR9sTq{number}"),
        device: DeviceLine { words: words.to_owned(), header: Some(HOSTILE.to_owned()), kind: DeviceKind::Computer },
        facts: vec![fill(texts.sessions.last_seen, "Today, 18:41 UTC"), fill(t.browser_until, "20 December 2026")],
    };
    let none = SecurityPage {
        shell: shell(locale, "/account/security"),
        frame: frame(),
        notice: None,
        password: card(t.password, &fill(t.password_changed, "20 November 2026, 18:41 UTC"), t.password_change),
        passkeys: card(t.passkeys, t.passkeys_none, texts.passkey.add),
        keys: Vec::new(),
        totp: card(t.totp, t.totp_none, t.totp_add),
        codes: SecurityCard { title: t.codes, text: Some(t.codes_no_factor.to_owned()), action: None },
        action: "/account/security".to_owned(),
        csrf: CSRF.to_owned(),
        browsers: Vec::new(),
        pager: Pager::default(),
        lock_down: "/account/lock-down".to_owned(),
    };
    let all = SecurityPage {
        notice: Some(Notice::success(t.password_done)),
        passkeys: card(t.passkeys, &fill(t.passkeys_more, "3"), t.passkeys_manage),
        keys: vec![key(texts, "Phone", 1), key(texts, HOSTILE, 2), cloned(texts)],
        totp: card(t.totp, &fill(t.totp_since, "20 November 2026, 18:41 UTC"), t.totp_manage),
        codes: card(t.codes, &fill(t.codes_left, "3"), t.codes_manage),
        pager: Pager {
            first: Some("/account/security#browsers".to_owned()),
            next: Some("/account/security?from=10#browsers".to_owned()),
        },
        browsers: (0..5).map(|number| browser("Firefox on Linux", number)).collect(),
        ..none.clone()
    };
    let without = SecurityPage {
        password: card(t.password, t.password_none, t.password_set),
        codes: card(t.codes, t.codes_none, t.codes_manage),
        ..all.clone()
    };
    vec![sample("security-none", &none), sample("security-all", &all), sample("security-no-password", &without)]
}

fn setting(locale: Locale, id: &'static str, title: &str, sections: Vec<Section>) -> SettingPage {
    let texts = locale.texts();
    SettingPage {
        shell: shell(locale, "/account/security"),
        frame: frame(),
        id,
        title: title.to_owned(),
        lede: texts.security.password_lede.to_owned(),
        notice: None,
        sections,
        back: back(texts),
    }
}

fn password(locale: Locale) -> Samples {
    let texts = locale.texts();
    let t = &texts.security;
    let form = || {
        Form::new("/account/security/password", CSRF, "password-submit", t.password_change)
            .field(Field::new(FieldKind::CarriedName, "username", texts.login.username).value("alice"))
    };
    let current = || Field::new(FieldKind::CurrentPassword, "current-password", t.password_current);
    let new = || Field::new_password(texts, "new-password", texts.password.new, 15);
    let page = |form| {
        let section = Section { form: Some(form), ..Section::default() };
        setting(locale, "account-password-page", t.password_change, vec![section])
    };
    let wrong = form().field(current().refused(Some(t.password_wrong.to_owned()))).field(new());
    let short = fill(texts.password.too_short, "15");
    let throttled = Notice::wait(texts.common.throttled, 42, texts.common.wait_over);
    vec![
        sample("account-password", &page(form().field(current()).field(new()))),
        sample("account-password-first", &page(form().field(new()))),
        sample("account-password-wrong", &page(wrong)),
        sample("account-password-weak", &page(form().field(current()).field(new().refused(Some(short))))),
        sample(
            "account-password-throttled",
            &SettingPage { notice: Some(throttled), ..page(form().field(current()).field(new())) },
        ),
    ]
}

fn add_form(action: &str) -> PasskeyForm {
    PasskeyForm {
        action: action.to_owned(),
        options: "/passkey/creation-options".to_owned(),
        hidden: vec![("csrf", CSRF.to_owned()), ("interaction", INTERACTION.to_owned())],
        keep: None,
        accept: None,
        offered: Offered::ByButton,
    }
}

fn passkeys(locale: Locale) -> Samples {
    let texts = locale.texts();
    let t = &texts.security;
    let signals = Signals {
        rp_id: "id.example.com".to_owned(),
        user: "ada".to_owned(),
        credentials: "Yk3uP0o2Qm1xYb7cR9sTqgYk3uP0o2Qm1xYb7cR9sTqg".to_owned(),
        name: "alice@example.com".to_owned(),
        display_name: HOSTILE.to_owned(),
    };
    let page = |keys: Vec<PasskeyLine>| PasskeysPage {
        shell: shell(locale, "/account/security/passkeys"),
        frame: frame(),
        notice: None,
        keys,
        add: Some(add_form("/account/security/passkeys")),
        refused: None,
        signals: Some(signals.clone()),
        back: back(texts),
    };
    let some = || vec![key(texts, "Phone", 1), key(texts, HOSTILE, 2), cloned(texts)];
    let full = PasskeysPage {
        add: None,
        refused: Some(t.passkeys_full),
        ..page((0..20).map(|at| key(texts, "Phone", at)).collect())
    };
    let refused = PasskeysPage { notice: Some(Notice::danger(texts.passkey.expired)), ..page(some()) };
    let unavailable =
        PasskeysPage { add: None, refused: Some(t.passkeys_unavailable), signals: None, ..page(Vec::new()) };
    vec![
        sample("account-passkeys-none", &page(Vec::new())),
        sample("account-passkeys-some", &page(some())),
        sample("account-passkeys-full", &full),
        sample("account-passkeys-refused", &refused),
        sample("account-passkeys-unavailable", &unavailable),
    ]
}

fn end_sessions(texts: &Texts) -> Field {
    let t = &texts.security;
    Field::new(FieldKind::Tick(Ticked::Yes), "end-sessions", t.end_others).hint(t.end_others_hint).optional()
}

fn passkey(locale: Locale) -> Samples {
    let texts = locale.texts();
    let t = &texts.security;
    let name = |name: &str| Field::new(FieldKind::Text("off"), "name", t.passkey_name).value(name);
    let rename = |field| Section {
        form: Some(Form::new("/there", CSRF, "passkey-rename", t.passkey_rename).weight(Weight::Plain).field(field)),
        ..Section::default()
    };
    let removal = Section {
        title: Some(t.passkey_remove.to_owned()),
        texts: vec![t.passkey_remove_text.to_owned()],
        form: Some(
            Form::new("/there/remove", CSRF, "passkey-remove", t.passkey_remove)
                .weight(Weight::Danger)
                .field(end_sessions(texts)),
        ),
        link: None,
    };
    let stays = |text: String, label: &str| Section {
        title: Some(t.passkey_remove.to_owned()),
        texts: vec![text],
        form: None,
        link: Some(link("/account/security/password", label)),
    };
    let page = |title: &str, field: Field, last: Section| {
        setting(locale, "account-passkey-page", title, vec![rename(field), last])
    };
    let missing = name("").refused(Some(t.passkey_name_missing.to_owned()));
    let clone =
        SettingPage { notice: Some(Notice::warning(t.cloned_text)), ..page("Phone", name("Phone"), removal.clone()) };
    let short = stays(fill(t.short_password, "15"), t.password_change);
    vec![
        sample("account-passkey-removable", &page(HOSTILE, name(HOSTILE), removal.clone())),
        sample("account-passkey-last", &page("Phone", name("Phone"), stays(t.passkey_last.to_owned(), t.password_set))),
        sample("account-passkey-short-password", &page("Phone", name("Phone"), short)),
        sample("account-passkey-nameless", &page("Phone", missing, removal)),
        sample("account-passkey-cloned", &clone),
    ]
}

/// As dense as a real one.
fn offered() -> TotpOffered {
    let row = |row: usize| format!("M4 {row}.5h7m1 0h3m2 0h1m1 0h4m3 0h2m1 0h1m1 0h5m2 0h7");
    TotpOffered {
        picture: Some(QrPicture { side: 49, path: (4..45).map(row).collect() }),
        uri: "otpauth://totp/Northwind:alice@example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Northwind"
            .to_owned(),
        groups: "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ".to_owned(),
    }
}

fn totp_form(texts: &Texts, state: FieldState) -> Form {
    let t = &texts.security;
    Form::new("/account/security/totp", CSRF, "totp-submit", t.offer_submit)
        .hidden("offer", "x".repeat(220))
        .field(Field::new(FieldKind::OneTimeCode, "code", t.offer_confirm).state(state))
}

fn totp(locale: Locale) -> Samples {
    let texts = locale.texts();
    let t = &texts.security;
    let page = |notice, state| TotpOfferPage {
        shell: shell(locale, "/account/security/totp"),
        frame: frame(),
        notice,
        offer: offered(),
        form: totp_form(texts, state).field(end_sessions(texts)),
        back: back(texts),
    };
    let wrong = FieldState::Refused(t.offer_wrong.to_owned());
    let long = TotpOfferPage { offer: TotpOffered { picture: None, ..offered() }, ..page(None, FieldState::Plain) };
    let replace = Section {
        title: Some(t.totp_replace.to_owned()),
        texts: vec![t.totp_replace_text.to_owned()],
        form: None,
        link: Some(link("/account/security/totp?replace=yes", t.totp_replace)),
    };
    let remove = Section {
        title: Some(t.totp_remove.to_owned()),
        texts: vec![t.totp_remove_text.to_owned()],
        form: Some(
            Form::new("/there", CSRF, "totp-remove", t.totp_remove).weight(Weight::Danger).field(end_sessions(texts)),
        ),
        link: None,
    };
    let stays = Section {
        texts: vec![fill(t.short_password, "15")],
        form: None,
        link: Some(link("/account/security/password", t.password_change)),
        ..remove.clone()
    };
    let set = |last| setting(locale, "account-totp-page", t.totp, vec![replace.clone(), last]);
    let again = SettingPage { notice: Some(Notice::warning(t.totp_already)), ..set(remove.clone()) };
    vec![
        sample("totp-offer-new", &page(None, FieldState::Plain)),
        sample("totp-offer-wrong", &page(None, wrong)),
        sample("totp-offer-gone", &page(Some(Notice::warning(t.offer_gone)), FieldState::Plain)),
        sample("totp-offer-no-picture", &long),
        sample("account-totp-set", &set(remove)),
        sample("account-totp-stays", &set(stays)),
        sample("account-totp-reloaded", &again),
    ]
}

fn codes(locale: Locale) -> Samples {
    let texts = locale.texts();
    let t = &texts.security;
    let codes_page = |sections| SettingPage {
        lede: t.codes_lede.to_owned(),
        ..setting(locale, "account-codes-page", t.codes, sections)
    };
    let page = |title: String| {
        let section = Section {
            title: Some(title),
            texts: vec![t.codes_replace_text.to_owned()],
            form: Some(Form::new("/there", CSRF, "codes-submit", t.codes_submit).hidden("shown_at", "1795370901")),
            link: None,
        };
        codes_page(vec![section])
    };
    let none = Section { texts: vec![t.codes_no_factor.to_owned()], ..Section::default() };
    let reloaded = SettingPage { notice: Some(Notice::warning(t.codes_once)), ..page(fill(t.codes_left, "10")) };
    let shown = |notice| CodesPage {
        shell: shell(locale, "/account/security"),
        frame: frame(),
        notice,
        codes: vec![ISSUED.to_owned(); 10],
        onward: "/account/security".to_owned(),
    };
    vec![
        sample("account-codes-left", &page(fill(t.codes_left, "3"))),
        sample("account-codes-none-left", &page(t.codes_none.to_owned())),
        sample("account-codes-no-factor", &codes_page(vec![none])),
        sample("account-codes-reloaded", &reloaded),
        sample("codes-first", &shown(Some(Notice::success(t.totp_added)))),
        sample("codes-new", &shown(None)),
    ]
}

fn enrol(locale: Locale) -> Samples {
    let texts = locale.texts();
    let choice = |notice| {
        let lede = (texts.enrol.lede, HOSTILE.to_owned());
        let page = StepPage::new(shell(locale, "/enrol"), "enrol-page", texts.enrol.title, lede)
            .notice(notice)
            .way("enrol-totp", "/enrol/totp?interaction=x", texts.enrol.totp)
            .way("other-account", "/login?interaction=x&account=other", texts.common.other_account);
        StepPage { client: Some(ClientCard::named(HOSTILE)), account: Some(alice()), ..page }
    };
    let totp = |state| EnrolTotpPage {
        shell: shell(locale, "/enrol/totp"),
        account: alice(),
        notice: None,
        offer: offered(),
        form: totp_form(texts, state).hidden("interaction", INTERACTION),
        other_way: "/enrol?interaction=x".to_owned(),
    };
    let codes = EnrolCodesPage {
        shell: shell(locale, "/enrol"),
        account: alice(),
        codes: vec![ISSUED.to_owned(); 10],
        onward: "/continue?interaction=x".to_owned(),
    };
    let refused = choice(Some(Notice::danger(texts.passkey.expired)));
    vec![
        sample("enrol-choice", &StepPage { passkey: Some(add_form("/enrol/passkey")), ..choice(None) }),
        sample("enrol-choice-refused", &StepPage { passkey: Some(add_form("/enrol/passkey")), ..refused }),
        sample("enrol-choice-no-passkeys", &choice(None)),
        sample("enrol-totp-new", &totp(FieldState::Plain)),
        sample("enrol-totp-wrong", &totp(FieldState::Refused(texts.security.offer_wrong.to_owned()))),
        sample("enrol-codes", &codes),
    ]
}
