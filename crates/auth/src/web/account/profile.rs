//! `/account/profile`: the standard claims (OpenID Connect Core §5.1) that a person may edit, and which apps read them.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use protocol::params::Params;
use protocol::scope;
use protocol::security_event::SecurityEvent;
use protocol::user::{Address, User, one_line};
use store::Won;
use time::{Date, Month};
use url::Url;

use super::connected;
use crate::AppState;
use crate::page_paths::account;
use crate::security_log::{self, Event};
use crate::text::{AccountTexts, Locale};
use crate::web::error::{PageError, Situation};
use crate::web::form;
use crate::web::pages::{AccountPart, Field, FieldKind, Form, Notice, ProfilePage, Proof, Readers};
use crate::web::visitor::{Since, Visitor, VisitorError};

/// In characters.
const LONGEST_NAME: usize = 100;
const LONGEST_ADDRESS: usize = 300;

/// What may be wrong with one field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    TooLong,
    Birthdate,
    Website,
    ZoneInfo,
    Phone,
}

/// The name of a field, and what is wrong with it.
type Found = (&'static str, Fault);

/// One field of the form: its name, its words, what browsers fill it with, and what it may hold.
struct Entry {
    id: &'static str,
    label: &'static str,
    purpose: &'static str,
    hint: Option<&'static str>,
    check: fn(&str) -> Option<Fault>,
    read: fn(&User) -> Option<&String>,
    write: fn(&mut User, Option<String>),
}

pub(crate) async fn get(state: Data<AppState>, http: HttpRequest) -> Result<HttpResponse, VisitorError> {
    let visitor = Visitor::admit(state, http, Since::Whenever, None).await?;
    let shell = super::shell(&visitor);
    let saved = super::asked(&visitor.http, "done")?.is_some_and(|done| done == "saved");
    let notice = saved.then(|| Notice::success(shell.texts.account.saved));
    let form = form(&visitor, &shell.texts.account, &visitor.user, &[]);
    page(&visitor, StatusCode::OK, (notice, form)).await
}

pub(crate) async fn post(
    state: Data<AppState>,
    http: HttpRequest,
    body: Payload,
) -> Result<HttpResponse, VisitorError> {
    let (visitor, sent) = Visitor::posted(state, http, body, Since::Whenever, account::PROFILE).await?;
    let texts = &super::shell(&visitor).texts.account;
    let (after, faults) = filled_in(&visitor, texts, &sent)?;
    if !faults.is_empty() {
        let form = form(&visitor, texts, &after, &faults);
        return page(&visitor, StatusCode::UNPROCESSABLE_ENTITY, (None, form)).await;
    }
    if changed(&visitor.user, &after) {
        if store::users::change_profile(&visitor.state.store, &after).await? == Won::No {
            return Err(PageError::new(Situation::Expired).because("the account is gone").into());
        }
        let event = Event::new(&visitor.user.id, SecurityEvent::ProfileChanged).in_session(&visitor.session.id);
        security_log::note(&visitor.state, &visitor.http, event).await?;
    }
    Ok(super::done(&visitor, account::PROFILE, "saved"))
}

async fn page(
    visitor: &Visitor,
    status: StatusCode,
    (notice, form): (Option<Notice>, Form),
) -> Result<HttpResponse, VisitorError> {
    let shell = super::shell(visitor);
    let user = &visitor.user;
    let profile = ProfilePage {
        frame: super::frame(visitor, AccountPart::Profile),
        notice,
        username: user.username.clone(),
        email: email(user),
        email_change: visitor.path(account::EMAIL),
        groups: user.groups.clone(),
        readers: readers(visitor, &shell.texts.account).await?,
        form,
        shell,
    };
    Ok(super::page(visitor, status, &profile))
}

/// The address, and whether it is proven.
pub(super) fn email(user: &User) -> Option<(String, Proof)> {
    let proof = if user.email_verified_at.is_some() { Proof::Verified } else { Proof::Unverified };
    user.email.clone().map(|email| (email, proof))
}

/// The apps that may read each part, by the scopes that they have.
async fn readers(visitor: &Visitor, texts: &AccountTexts) -> Result<Vec<Readers>, VisitorError> {
    let connections = connected::of(visitor).await?;
    let clients = connected::clients(visitor, &connections).await?;
    let reading = |what, scope: &str| Readers {
        what,
        apps: clients
            .iter()
            .filter(|(_, with)| with.scope.contains(scope))
            .map(|(client, _)| client.name.clone())
            .collect(),
    };
    Ok(vec![
        reading(texts.reads_profile, scope::PROFILE),
        reading(texts.email, scope::EMAIL),
        reading(texts.address, scope::ADDRESS),
        reading(texts.phone, scope::PHONE),
    ])
}

fn form(visitor: &Visitor, texts: &AccountTexts, user: &User, faults: &[Found]) -> Form {
    let mut form = Form::new(visitor.path(account::PROFILE), visitor.csrf(), "profile-submit", texts.save);
    for entry in entries(texts) {
        let fault = faults.iter().find(|(id, _)| *id == entry.id).map(|(_, fault)| words(texts, *fault).to_owned());
        let field = Field::new(FieldKind::Text(entry.purpose), entry.id, entry.label).optional();
        let field = field.value((entry.read)(user).cloned().unwrap_or_default()).refused(fault);
        form = form.field(match entry.hint {
            Some(hint) => field.hint(hint),
            None => field,
        });
    }
    let any = (String::new(), texts.locale_any.to_owned());
    let languages = Locale::ALL.map(|locale| (locale.tag().to_owned(), locale.name().to_owned()));
    let choices = [any].into_iter().chain(languages).collect();
    let language = user.locale.as_deref().and_then(Locale::parse).map(Locale::tag).unwrap_or_default();
    form.field(Field::new(FieldKind::Choice(choices), "locale", texts.locale).value(language).optional())
}

/// The person as the form says, and what is wrong with it.
fn filled_in(visitor: &Visitor, texts: &AccountTexts, sent: &Params) -> Result<(User, Vec<Found>), VisitorError> {
    let mut user = User { updated_at: visitor.now, ..visitor.user.clone() };
    let mut faults = Vec::new();
    for entry in entries(texts) {
        let typed = form::field(sent, entry.id)?.map(one_line).filter(|typed| !typed.is_empty());
        faults.extend(typed.as_deref().and_then(entry.check).map(|fault| (entry.id, fault)));
        if (entry.read)(&user) != typed.as_ref() {
            (entry.write)(&mut user, typed);
        }
    }
    let language = form::field(sent, "locale")?.and_then(Locale::parse).map(|locale| locale.tag().to_owned());
    if language != user.locale {
        user.profile.locale.clone_from(&language);
        user.locale = language;
    }
    Ok((user, faults))
}

fn changed(before: &User, after: &User) -> bool {
    before.profile != after.profile || before.locale != after.locale || before.phone_number != after.phone_number
}

fn words(texts: &AccountTexts, fault: Fault) -> &'static str {
    match fault {
        Fault::TooLong => texts.too_long,
        Fault::Birthdate => texts.bad_birthdate,
        Fault::Website => texts.bad_website,
        Fault::ZoneInfo => texts.bad_zoneinfo,
        Fault::Phone => texts.bad_phone,
    }
}

macro_rules! claim {
    ($field:ident) => {
        (|user: &User| user.profile.$field.as_ref(), |user: &mut User, value| user.profile.$field = value)
    };
}

macro_rules! address {
    ($field:ident) => {
        (
            |user: &User| user.profile.address.as_ref()?.$field.as_ref(),
            // The whole in one text was made of parts that are not those any more.
            |user: &mut User, value| {
                let before = user.profile.address.take().unwrap_or_default();
                let after = Address { $field: value, formatted: None, ..before };
                user.profile.address = Some(after).filter(|address| *address != Address::default());
            },
        )
    };
}

fn entries(texts: &AccountTexts) -> Vec<Entry> {
    type Ways = (fn(&User) -> Option<&String>, fn(&mut User, Option<String>));
    let entry = |id, label, purpose, (read, write): Ways| Entry {
        id,
        label,
        purpose,
        hint: None,
        check: |typed| is_longer(typed, LONGEST_NAME),
        read,
        write,
    };
    let with = |entry: Entry, hint, check| Entry { hint, check, ..entry };
    let phone: Ways = (
        |user| user.phone_number.as_ref(),
        |user, value| (user.phone_number, user.phone_number_verified_at) = (value, None),
    );
    vec![
        entry("name", texts.name, "name", claim!(name)),
        entry("given_name", texts.given_name, "given-name", claim!(given_name)),
        entry("middle_name", texts.middle_name, "additional-name", claim!(middle_name)),
        entry("family_name", texts.family_name, "family-name", claim!(family_name)),
        entry("nickname", texts.nickname, "nickname", claim!(nickname)),
        with(entry("birthdate", texts.birthdate, "bday", claim!(birthdate)), Some(texts.birthdate_hint), birthdate),
        with(entry("website", texts.website, "url", claim!(website)), None, website),
        with(entry("zoneinfo", texts.zoneinfo, "off", claim!(zoneinfo)), Some(texts.zoneinfo_hint), zoneinfo),
        with(entry("phone_number", texts.phone, "tel", phone), Some(texts.phone_hint), phone_number),
        entry("street_address", texts.street, "street-address", address!(street_address)),
        entry("postal_code", texts.postal_code, "postal-code", address!(postal_code)),
        entry("locality", texts.locality, "address-level2", address!(locality)),
        entry("region", texts.region, "address-level1", address!(region)),
        entry("country", texts.country, "country-name", address!(country)),
    ]
}

fn is_longer(typed: &str, most: usize) -> Option<Fault> {
    (typed.chars().count() > most).then_some(Fault::TooLong)
}

/// OpenID Connect Core §5.1: "represented as an ISO 8601-1 YYYY-MM-DD format. The year MAY be 0000, indicating that it is omitted.
/// To represent only the year, YYYY format is allowed."
fn birthdate(typed: &str) -> Option<Fault> {
    let numbers: Option<Vec<i32>> = typed
        .split('-')
        .zip([4, 2, 2])
        .map(|(part, length)| {
            let digits = part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit());
            part.parse().ok().filter(|_| digits)
        })
        .collect();
    let is_date = |year, month: i32, day: i32| {
        let month = u8::try_from(month).ok().and_then(|month| Month::try_from(month).ok());
        // 2000 has a 29 February, which somebody without a year may be born on.
        let year = if year == 0 { 2000 } else { year };
        month.zip(u8::try_from(day).ok()).is_some_and(|(month, day)| Date::from_calendar_date(year, month, day).is_ok())
    };
    let good = match numbers.as_deref() {
        Some([_]) => typed.len() == 4,
        Some([year, month, day]) => typed.len() == 10 && is_date(*year, *month, *day),
        _ => false,
    };
    (!good).then_some(Fault::Birthdate)
}

fn website(typed: &str) -> Option<Fault> {
    let web = Url::parse(typed).is_ok_and(|url| matches!(url.scheme(), "https" | "http") && url.host().is_some());
    is_longer(typed, LONGEST_ADDRESS).or((!web).then_some(Fault::Website))
}

/// OpenID Connect Core §5.1: "String from IANA Time Zone Database". Whether there is such a zone, the apps know.
fn zoneinfo(typed: &str) -> Option<Fault> {
    let plain = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic())
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'+'))
    };
    let good = typed.len() <= 64 && typed.split('/').all(plain) && (typed.contains('/') || typed == "UTC");
    (!good).then_some(Fault::ZoneInfo)
}

/// OpenID Connect Core §5.1: "E.164 is RECOMMENDED as the format of this Claim", with spaces for those who read it.
fn phone_number(typed: &str) -> Option<Fault> {
    let digits = typed.bytes().filter(u8::is_ascii_digit).count();
    let plain = typed.strip_prefix('+').is_some_and(|rest| {
        rest.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b' ' | b'-' | b'(' | b')'))
    });
    (!(plain && (7..=15).contains(&digits) && typed.len() <= 32)).then_some(Fault::Phone)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use protocol::ids::UserId;
    use protocol::time::Timestamp;

    use super::*;

    #[test]
    fn what_the_standard_claims_may_hold() {
        for good in ["1990-12-31", "0000-02-29", "1990"] {
            assert_eq!(birthdate(good), None, "{good}");
        }
        for bad in [
            "1990-13-01",
            "1990-02-30",
            "31.12.1990",
            "1990-12",
            "90-12-31",
            "1990-12-31-",
            "1990-12-31-01",
            "+990-12-31",
        ] {
            assert_eq!(birthdate(bad), Some(Fault::Birthdate), "{bad}");
        }
        assert_eq!((zoneinfo("Europe/Berlin"), zoneinfo("UTC"), zoneinfo("Etc/GMT+1")), (None, None, None));
        assert!(zoneinfo("<b>/x").is_some() && zoneinfo("Berlin").is_some() && zoneinfo("/").is_some());
        assert_eq!((website("https://a.example/"), website("javascript:alert(1)")), (None, Some(Fault::Website)));
        assert_eq!(phone_number("+49 (30) 123-4567"), None);
        assert!(phone_number("030 1234567").is_some() && phone_number("+49 <b>").is_some());
    }

    #[test]
    fn every_field_writes_what_it_reads() {
        let texts = &Locale::En.texts().account;
        let mut user = User::new(UserId::parse("ada").expect("is an id"), "ada", Timestamp(1));
        let empty = user.clone();
        for entry in entries(texts) {
            (entry.write)(&mut user, Some(entry.id.to_owned()));
        }
        for entry in entries(texts) {
            assert_eq!((entry.read)(&user).map(String::as_str), Some(entry.id));
        }
        for entry in entries(texts) {
            (entry.write)(&mut user, None);
        }
        assert_eq!(user, empty, "an empty form leaves nothing behind");
    }

    proptest! {
        #[test]
        fn no_text_makes_the_checks_panic(typed: String) {
            for entry in entries(&Locale::En.texts().account) {
                let _ = (entry.check)(&one_line(&typed));
            }
        }
    }
}
