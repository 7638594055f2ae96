//! What an app is allowed.

use auth::text::Locale;
use auth::web::pages::{AccountCard, AnswerTo, Checked, ClientCard, ConsentPage, Granted, ScopeLine};

use super::{CSRF, Contract, INTERACTION, Samples, alice, sample, shell, with_addresses};

pub(super) const CONTRACT: Contract = &[("consent", &["consent-page", "consent-allow", "consent-deny"])];

pub(super) fn samples(locale: Locale) -> Samples {
    let first = consent(locale, &[("openid", Granted::NotYet), ("profile", Granted::NotYet)]);
    let only_openid = ConsentPage { other_account: None, ..consent(locale, &[("openid", Granted::NotYet)]) };
    vec![
        sample("consent-first", &first),
        sample("consent-more", &consent_to_more(locale)),
        sample("consent-openid", &only_openid),
    ]
}

/// Everything at once, with names and addresses that hardly fit.
fn consent_to_more(locale: Locale) -> ConsentPage {
    let standard = [
        ("openid", Granted::Before),
        ("profile", Granted::Before),
        ("email", Granted::Before),
        ("address", Granted::NotYet),
        ("phone", Granted::NotYet),
        ("groups", Granted::NotYet),
        ("offline_access", Granted::Before),
    ];
    let mut page = ConsentPage {
        client: ClientCard {
            checked: Checked::ByNobody,
            ..with_addresses(ClientCard::named("Field Notes for the whole family and all of its friends"))
        },
        answer_to: AnswerTo::Host("a-rather-long-host-name-of-a-tenant.notes.example.com".to_owned()),
        account: AccountCard::new(Some("Alice Moreau"), "alice.moreau.with.a.long.address@subsidiary.example.com"),
        ..consent(locale, &standard)
    };
    page.scopes.extend([
        ScopeLine::of_api("Notes API", "Read your notes", Granted::Before),
        ScopeLine::of_api("Notes API", "Write and delete your notes", Granted::NotYet),
    ]);
    page
}

fn consent(locale: Locale, scopes: &[(&str, Granted)]) -> ConsentPage {
    let shell = shell(locale, "/consent");
    let line = |(scope, granted): &(&str, Granted)| ScopeLine::standard(shell.texts, scope, *granted);
    ConsentPage {
        scopes: scopes.iter().filter_map(line).collect(),
        shell,
        action: "/consent".to_owned(),
        interaction: INTERACTION.to_owned(),
        csrf: CSRF.to_owned(),
        shown: "what-is-shown".to_owned(),
        client: ClientCard::named("Field Notes"),
        answer_to: AnswerTo::Host("notes.example.com".to_owned()),
        account: alice(),
        other_account: Some("/select-account?interaction=Zk3uP0o2Qm1xYb7cR9sTqg".to_owned()),
    }
}
