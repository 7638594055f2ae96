//! The second factor of a sign-in.

use auth::text::Locale;
use auth::web::pages::{
    EmailCodePage, Field, FieldKind, FieldState, ForcedPasswordPage, Form, Link, Notice, Offered, PasskeyForm,
    PasskeyPage, RecoveryCodePage, Ticked, TotpPage, Weight,
};

use super::{CSRF, Contract, INTERACTION, Samples, alice, sample, shell};

pub(super) const CONTRACT: Contract = &[
    ("totp", &["totp-page", "code", "totp-submit"]),
    ("recovery-code", &["recovery-code-page", "recovery-code", "recovery-code-submit"]),
    ("email-code", &["email-code-page"]),
    ("passkey", &["passkey-page", "passkey-form"]),
    ("new-password", &["new-password-page", "username", "new-password", "new-password-submit"]),
];

pub(super) fn samples(locale: Locale) -> Samples {
    let mut samples = codes(locale);
    samples.extend(mailed(locale));
    samples.extend(passkeys(locale));
    samples.extend(passwords(locale));
    samples
}

fn codes(locale: Locale) -> Samples {
    let texts = &locale.texts().second_factor;
    let wait = || Notice::wait(locale.texts().common.throttled, 40, locale.texts().common.wait_over);
    let totp = |state: FieldState, notice: Option<Notice>| TotpPage {
        shell: shell(locale, "/login/totp"),
        account: alice(),
        lede: texts.totp_lede.replace("{brand}", "Northwind"),
        notice,
        form: form("/login/totp", "totp-submit", texts.submit)
            .field(
                Field::new(FieldKind::Tick(Ticked::No), "remember", texts.remember)
                    .hint(texts.remember_days.replace("{days}", "30"))
                    .optional(),
            )
            .field(Field::new(FieldKind::SentCode { digits: 6 }, "code", texts.code).state(state)),
        ways: ways(locale),
        other_account: other_account(),
    };
    let recovery = |state: FieldState| RecoveryCodePage {
        shell: shell(locale, "/login/recovery-code"),
        account: alice(),
        notice: None,
        form: form("/login/recovery-code", "recovery-code-submit", texts.submit).field(
            Field::new(FieldKind::RecoveryCode, "recovery-code", texts.recovery_code)
                .hint(texts.recovery_hint)
                .state(state),
        ),
        ways: ways(locale),
        other_account: other_account(),
    };
    let refused = |sentence: &str| FieldState::Refused(sentence.to_owned());
    vec![
        sample("totp", &totp(FieldState::Focused, None)),
        sample("totp-wrong", &totp(refused(texts.totp_wrong), None)),
        sample("totp-used", &totp(refused(texts.totp_used), None)),
        sample("totp-throttled", &totp(FieldState::Plain, Some(wait()))),
        sample("recovery-code", &recovery(FieldState::Focused)),
        sample("recovery-code-wrong", &recovery(refused(texts.recovery_wrong))),
    ]
}

fn mailed(locale: Locale) -> Samples {
    let texts = &locale.texts().second_factor;
    let first = EmailCodePage {
        shell: shell(locale, "/login/email-code"),
        account: alice(),
        lede: texts.email_lede.replace("{address}", "a…@example.com"),
        notice: None,
        code: None,
        send: form("/login/email-code", "email-code-send", texts.email_send).hidden("send", "yes"),
        again: None,
        here: "/login/email-code".to_owned(),
        ways: ways(locale),
        other_account: other_account(),
    };
    let code = |state: FieldState| {
        form("/login/email-code", "email-code-submit", texts.submit)
            .field(Field::new(FieldKind::OneTimeCode, "code", texts.code).hint(texts.email_hint).state(state))
    };
    let again = form("/login/email-code", "email-code-send", texts.email_again).weight(Weight::Plain);
    let sent = EmailCodePage {
        lede: texts.email_sent.replace("{address}", "a…@example.com"),
        code: Some(code(FieldState::Focused)),
        again: Some(30),
        ..first.clone()
    };
    let wrong = EmailCodePage {
        code: Some(code(FieldState::Refused(locale.texts().common.code_wrong.to_owned()))),
        send: again,
        again: None,
        ..sent.clone()
    };
    vec![sample("email-code", &first), sample("email-code-sent", &sent), sample("email-code-sent-wrong", &wrong)]
}

fn passkeys(locale: Locale) -> Samples {
    let texts = &locale.texts().passkey;
    let passkey = PasskeyForm {
        action: "/login/passkey".to_owned(),
        options: "/login/passkey/options".to_owned(),
        hidden: vec![("csrf", CSRF.to_owned()), ("interaction", INTERACTION.to_owned())],
        keep: None,
        accept: None,
        offered: Offered::ByButton,
    };
    let page = |notice: Option<Notice>| PasskeyPage {
        shell: shell(locale, "/login/passkey"),
        account: alice(),
        unknown: notice.as_ref().map(|_| "id.example.com".to_owned()),
        notice,
        passkey: Some(passkey.clone()),
        ways: ways(locale),
        other_account: other_account(),
    };
    vec![sample("passkey", &page(None)), sample("passkey-unknown", &page(Some(Notice::danger(texts.unknown))))]
}

fn passwords(locale: Locale) -> Samples {
    let texts = locale.texts();
    let page = |refused: Option<String>| ForcedPasswordPage {
        shell: shell(locale, "/login/new-password"),
        account: alice(),
        form: form("/login/new-password", "new-password-submit", texts.second_factor.submit)
            .field(Field::new(FieldKind::CarriedName, "username", texts.login.username).value("alice@example.com"))
            .field(Field::new_password(texts, "new-password", texts.password.new, 12).refused(refused)),
        other_account: other_account(),
    };
    vec![
        sample("new-password", &page(None)),
        sample("new-password-weak", &page(Some(texts.field.password_rule.replace("{least}", "12")))),
    ]
}

fn form(action: &str, id: &'static str, label: &'static str) -> Form {
    Form::new(action, CSRF, id, label).hidden("interaction", INTERACTION)
}

fn ways(locale: Locale) -> Vec<Link> {
    let texts = &locale.texts().second_factor;
    let way = |path: &str, label: &str| Link {
        href: format!("/login/{path}?interaction={INTERACTION}"),
        label: label.to_owned(),
    };
    vec![way("passkey", texts.use_passkey), way("recovery-code", texts.use_recovery_code)]
}

fn other_account() -> String {
    format!("/login?interaction={INTERACTION}&account=other")
}
