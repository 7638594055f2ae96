//! The pages of `/signup` and `/recover`.

use auth::text::Locale;
use auth::web::pages::{
    ClientCard, Field, FieldKind, FieldState, Form, Notice, Offered, PasskeyForm, Shell, StepPage, Ticked, Tone, Weight,
};

use super::{CSRF, Contract, INTERACTION, Samples, alice, sample, shell, with_addresses};

const ADDRESS: &str = "alice@example.com";

pub(super) const CONTRACT: Contract = &[
    ("signup", &["signup-page", "email", "name", "signup-submit", "signup-sign-in"]),
    ("signup-code", &["signup-code-page", "code", "signup-code-submit", "signup-resend", "signup-other-address"]),
    ("signup-link", &["signup-link-page", "signup-link-submit"]),
    ("signup-over", &["signup-over-page", "signup-again"]),
    ("signup-password", &["signup-password-page", "username", "new-password", "signup-create"]),
    ("signup-taken", &["signup-taken-page", "signup-sign-in", "signup-recover"]),
    ("signup-closed", &["signup-closed-page", "signup-back"]),
    ("recover", &["recover-page", "username", "recover-submit", "recover-code", "recover-sign-in"]),
    ("recover-sent", &["recover-sent-page", "recover-sign-in", "recover-again", "recover-code"]),
    ("recover-password", &["recover-password-page", "new-password", "recover-save"]),
    ("recover-over", &["recover-over-page", "recover-again"]),
    ("recover-code", &["recover-code-page", "username", "recovery-code", "recover-code-submit", "recover-mail"]),
    ("recover-done", &["recover-done-page", "recover-sign-in"]),
];

pub(super) fn samples(locale: Locale) -> Samples {
    let mut samples = signing_up(locale);
    samples.extend(finishing(locale));
    samples.extend(recovering(locale));
    samples
}

fn step(shell: Shell, id: &'static str, title: &'static str, lede: (&'static str, &str)) -> StepPage {
    StepPage::new(shell, id, title, (lede.0, lede.1.to_owned()))
}

fn for_app(page: StepPage) -> StepPage {
    StepPage { client: Some(ClientCard::named("Field Notes")), ..page }
}

fn form(action: &str, id: &'static str, label: &'static str) -> Form {
    Form::new(action, CSRF, id, label).hidden("interaction", INTERACTION)
}

fn signing_up(locale: Locale) -> Samples {
    let shell = shell(locale, "/signup");
    let t = &shell.texts.signup;
    let begin = |wrong: bool| {
        let email = Field::new(FieldKind::EmailAddress, "email", t.email).hint(t.email_hint);
        let name = Field::new(FieldKind::Text("name"), "name", t.name).hint(t.name_hint).optional();
        let terms = Field::new(FieldKind::Tick(Ticked::No), "terms", t.terms);
        let fields = match wrong {
            true => [
                email.value("alice@@example.com").refused(Some(t.email_wrong.to_owned())),
                name.value("Alice \"><b>"),
                terms.refused(Some(t.terms_missing.to_owned())),
            ],
            false => [email.state(FieldState::Focused), name, terms],
        };
        let form = fields.into_iter().fold(form("/signup", "signup-submit", t.submit), Form::field);
        let page = step(shell.clone(), "signup-page", t.title, (t.to_continue, "Field Notes")).form(form);
        for_app(page.with_rules()).way("signup-sign-in", "/login", t.sign_in)
    };
    let invited = form("/signup", "signup-submit", t.submit)
        .field(Field::new(FieldKind::CarriedName, "email", t.email).value(ADDRESS))
        .field(Field::new(FieldKind::Text("name"), "name", t.name).optional());
    let invited = step(shell.clone(), "signup-page", t.title, (t.invite_lede, ADDRESS)).form(invited);
    let invited = invited.way("signup-sign-in", "/login", t.sign_in);
    let code = |wrong: Option<&str>, notice| {
        let field = Field::new(FieldKind::OneTimeCode, "code", t.code).refused(wrong.map(str::to_owned));
        let page = step(shell.clone(), "signup-code-page", t.code_title, (t.code_lede, ADDRESS))
            .notice(notice)
            .form(form("/signup/code", "signup-code-submit", t.submit).field(field))
            .way("signup-other-address", "/signup", t.other_address);
        let again = form("/signup/resend", "signup-resend", t.resend).weight(Weight::Plain);
        for_app(StepPage { others: vec![again], ..page })
    };
    let common = &shell.texts.common;
    let throttled = begin(false).notice(Some(Notice::wait(common.too_many_mails, 2_400, common.wait_over)));
    let rich = StepPage { client: Some(with_addresses(ClientCard::named("Field Notes"))), ..begin(false) };
    vec![
        sample("signup-empty", &begin(false)),
        sample("signup-wrong", &begin(true)),
        sample("signup-throttled", &throttled),
        sample("signup-client-links", &rich),
        sample("signup-invited", &invited),
        sample("signup-code-empty", &code(None, None)),
        sample("signup-code-wrong", &code(Some(common.code_wrong), None)),
        sample("signup-code-exhausted", &code(Some(common.code_exhausted), None)),
        sample("signup-code-expired", &code(None, Some(Notice::warning(common.code_expired)))),
        sample("signup-code-resent", &code(None, Some(Notice::success(t.resent)))),
        sample("signup-code-too-soon", &code(None, Some(Notice::wait(t.resend_wait, 12, common.wait_over)))),
    ]
}

fn finishing(locale: Locale) -> Samples {
    let shell = shell(locale, "/signup/password");
    let (t, texts) = (&shell.texts.signup, shell.texts);
    let link = |title, lede, label| {
        step(shell.clone(), "signup-link-page", title, (lede, ADDRESS)).form(form(
            "/signup/x.y",
            "signup-link-submit",
            label,
        ))
    };
    let finish = |username: Option<&str>, password: Option<String>| {
        let form = form("/signup/password", "signup-create", t.create)
            .field(
                Field::new(FieldKind::Name, "username", t.username)
                    .value(ADDRESS)
                    .hint(t.username_hint)
                    .refused(username.map(str::to_owned)),
            )
            .field(Field::new_password(texts, "new-password", t.password, 15).refused(password));
        let passkey = PasskeyForm {
            action: "/signup/passkey".to_owned(),
            options: "/signup/passkey-options".to_owned(),
            hidden: vec![("interaction", INTERACTION.to_owned()), ("csrf", CSRF.to_owned())],
            keep: None,
            accept: None,
            offered: Offered::ByButton,
        };
        let page = step(shell.clone(), "signup-password-page", t.finish_title, (t.finish_lede, ADDRESS)).form(form);
        for_app(StepPage { passkey: Some(passkey), ..page }.with_rules())
    };
    let without = StepPage { passkey: None, ..finish(None, None) };
    let failed = finish(None, None).notice(Some(Notice::danger(texts.passkey.not_verified)));
    let taken = step(shell.clone(), "signup-taken-page", t.taken_title, (t.taken_lede, ADDRESS))
        .way("signup-sign-in", "/login", t.sign_in)
        .way("signup-recover", "/recover", t.recover);
    let closed = |title, lede| {
        step(shell.clone(), "signup-closed-page", title, (lede, "Northwind")).way("signup-back", "/login", t.back)
    };
    let over = step(shell.clone(), "signup-over-page", t.over_title, (t.over_lede, ""))
        .way("signup-again", "/signup", t.again)
        .way("signup-sign-in", "/account", t.sign_in);
    let weak = [texts.password.common, texts.password.context].join(" ");
    vec![
        sample("signup-link-mail", &link(t.link_title, t.link_lede, t.link_submit)),
        sample("signup-link-invitation", &link(t.invite_title, t.invite_lede, t.invite_submit)),
        sample("signup-over", &over),
        sample("signup-password-empty", &finish(None, None)),
        sample("signup-password-wrong", &finish(Some(t.username_taken), Some(weak))),
        sample("signup-password-passkey-failed", &failed),
        sample("signup-password-without-passkeys", &without),
        sample("signup-taken", &for_app(taken)),
        sample("signup-closed", &for_app(closed(t.closed_title, t.closed_lede))),
        sample("signup-closed-invitation", &for_app(closed(t.invited_title, t.invited_lede))),
    ]
}

fn recovering(locale: Locale) -> Samples {
    let shell = shell(locale, "/recover");
    let (t, texts) = (&shell.texts.recovery, shell.texts);
    let begin = |value: &str, wrong: Option<&str>, notice| {
        let name = Field::new(FieldKind::Name, "username", t.name).value(value).refused(wrong.map(str::to_owned));
        step(shell.clone(), "recover-page", t.title, (t.lede, ""))
            .notice(notice)
            .form(form("/recover", "recover-submit", t.submit).field(name))
            .way("recover-code", "/recover/code", t.use_code)
            .way("recover-sign-in", "/account", t.back)
    };
    let sent = step(shell.clone(), "recover-sent-page", t.sent_title, (t.sent_lede, ""))
        .notice(Some(Notice::new(Tone::Info, t.nothing_came)))
        .way("recover-sign-in", "/account", t.back)
        .way("recover-again", "/recover", t.again)
        .way("recover-code", "/recover/code", t.use_code);
    let password = |wrong: Option<&str>| {
        let form = form("/recover/x.y", "recover-save", t.save)
            .field(Field::new(FieldKind::CarriedName, "username", texts.login.username).value(ADDRESS))
            .field(Field::new_password(texts, "new-password", t.password, 8).refused(wrong.map(str::to_owned)));
        let page = step(shell.clone(), "recover-password-page", t.password_title, (t.password_lede, ""))
            .form(form)
            .way("recover-sign-in", "/account", t.back);
        StepPage { account: Some(alice()), ..page }
    };
    let code = |state: FieldState, notice| {
        let form = form("/recover/code", "recover-code-submit", t.code_submit)
            .field(Field::new(FieldKind::Name, "username", t.name).state(state.clone()))
            .field(Field::new(FieldKind::RecoveryCode, "recovery-code", t.code).state(state));
        step(shell.clone(), "recover-code-page", t.code_title, (t.code_lede, ""))
            .notice(notice)
            .form(form)
            .way("recover-mail", "/recover", t.use_mail)
            .way("recover-sign-in", "/account", t.back)
    };
    let over = step(shell.clone(), "recover-over-page", t.over_title, (t.over_lede, ""))
        .way("recover-again", "/recover", t.new_link)
        .way("recover-sign-in", "/account", t.back);
    let done = step(shell.clone(), "recover-done-page", t.done_title, (t.done_lede, "")).way(
        "recover-sign-in",
        "/account",
        t.sign_in,
    );
    let common = &texts.common;
    let wait = || Some(Notice::wait(common.throttled, 40, common.wait_over));
    let wrong = Notice::danger(t.code_wrong).titled(t.code_wrong_title);
    vec![
        sample("recover-empty", &begin("", None, None)),
        sample("recover-missing", &begin("", Some(t.missing), None)),
        sample("recover-throttled", &begin(ADDRESS, None, wait())),
        sample("recover-sent", &sent),
        sample("recover-password-empty", &password(None)),
        sample("recover-password-wrong", &password(Some(texts.password.common))),
        sample("recover-over", &over),
        sample("recover-code-empty", &code(FieldState::Plain, None)),
        sample("recover-code-wrong", &code(FieldState::Invalid, Some(wrong))),
        sample("recover-code-throttled", &code(FieldState::Plain, wait())),
        sample("recover-done", &done),
    ]
}
