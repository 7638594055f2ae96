//! `/account/api-keys/new`: which API, then what the key may do and for how long; the answer shows it, this once.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use protocol::api_keys::{self as rules, Fault};
use protocol::audience::Api;
use protocol::mail::Notice;
use protocol::params::Params;
use protocol::security_event::SecurityEvent;
use protocol::time::Seconds;
use store::StoreError;
use url::form_urlencoded;

use super::{event, link, made};
use crate::api_keys::{Signing, Wanted, Workshop};
use crate::text::{ApiKeysTexts, fill};
use crate::web::pages::{AccountPart, Field, FieldKind, Form, Section, SettingPage, TickBox, Ticked};
use crate::web::visitor::{Since, Visitor, VisitorError};
use crate::web::{account, form};
use crate::{AppState, accounts, page_paths};

const NAME: &str = "name";
const PERMISSION: &str = "permission";
const LIFETIME: &str = "lifetime";
const DAYS: &str = "days";
const NETWORKS: &str = "networks";
const SIGNING: &str = "signing";

/// The lifetimes to choose from, in days.
const USUAL: [i64; 3] = [30, 90, 365];
const NEVER: &str = "never";
const OTHER: &str = "other";
const DAY: i64 = Seconds::days(1).0;
/// What nobody may make a key for, without a setting that says less.
const MOST_DAYS: i64 = 3_650;

/// What somebody typed, as it came.
#[derive(Debug)]
struct Typed {
    name: String,
    permissions: Vec<String>,
    lifetime: String,
    days: String,
    networks: String,
    signing: bool,
}

/// A field, and what is wrong with it.
type Wrong = (&'static str, String);

pub(crate) async fn get(state: Data<AppState>, http: HttpRequest) -> Result<HttpResponse, VisitorError> {
    let visitor = Visitor::admit(state, http, Since::Recently, None).await?;
    let asked = account::asked(&visitor.http, "api")?;
    let mut apis = offered(&visitor).await?;
    let at = match asked {
        Some(asked) => apis.iter().position(|api| api.identifier == asked),
        None => (apis.len() == 1).then_some(0),
    };
    Ok(match at {
        Some(at) => {
            let api = apis.swap_remove(at);
            let typed = Typed::nothing_yet(Workshop::of(&visitor.state).longest);
            page(&visitor, StatusCode::OK, &api, (&typed, &[]))
        }
        None if apis.is_empty() => visitor.to(page_paths::account::API_KEYS),
        None => choice(&visitor, &apis),
    })
}

pub(crate) async fn post(
    state: Data<AppState>,
    http: HttpRequest,
    body: Payload,
) -> Result<HttpResponse, VisitorError> {
    let (visitor, params) =
        Visitor::posted(state, http, body, Since::Recently, page_paths::account::API_KEYS_NEW).await?;
    let asked = form::text(&params, "api")?;
    let Some(api) = offered(&visitor).await?.into_iter().find(|api| api.identifier == asked) else {
        return Ok(visitor.to(page_paths::account::API_KEYS_NEW));
    };
    let typed = Typed::read(&params)?;
    let wanted = match typed.wanted(&visitor, &api) {
        Ok(wanted) => wanted,
        Err(wrong) => return Ok(page(&visitor, StatusCode::UNPROCESSABLE_ENTITY, &api, (&typed, &wrong))),
    };
    let event = event(&visitor, SecurityEvent::ApiKeyCreated);
    let Some(key) = Workshop::of(&visitor.state).make(wanted, event, visitor.now).await? else {
        return Ok(account::done(&visitor, page_paths::account::API_KEYS, "full"));
    };
    accounts::tell_of_what_is_done(&visitor.state, &visitor.user, Notice::ApiKeyCreated).await;
    Ok(made(&visitor, &key, None))
}

/// The APIs that ask about keys: those with a resource server. Another one would never accept any.
pub(super) async fn offered(visitor: &Visitor) -> Result<Vec<Api>, StoreError> {
    let store = &visitor.state.store;
    let asking = store::api_keys::apis(store).await?;
    let mut apis = store::apis::list(store).await?;
    apis.retain(|api| asking.contains(&api.identifier));
    Ok(apis)
}

impl Typed {
    fn nothing_yet(longest: Option<Seconds>) -> Self {
        let usual = rules::USUAL_LIFETIME.0 / DAY;
        let lifetime = if allows(longest, usual) { usual.to_string() } else { OTHER.to_owned() };
        let (name, days, networks) = (String::new(), String::new(), String::new());
        Self { name, permissions: Vec::new(), lifetime, days, networks, signing: false }
    }

    fn read(params: &Params) -> Result<Self, VisitorError> {
        let text = |name| form::text(params, name).map(str::to_owned);
        let ticked = params.pairs().filter(|(name, _)| *name == PERMISSION).map(|(_, value)| value.to_owned());
        Ok(Self {
            name: text(NAME)?,
            permissions: ticked.collect(),
            lifetime: text(LIFETIME)?,
            days: text(DAYS)?,
            networks: text(NETWORKS)?,
            signing: !text(SIGNING)?.is_empty(),
        })
    }

    /// All that is wrong at once.
    fn wanted(&self, visitor: &Visitor, api: &Api) -> Result<Wanted, Vec<Wrong>> {
        let t = &account::shell(visitor).texts.api_keys;
        let longest = Workshop::of(&visitor.state).longest;
        let name = rules::name(&self.name).ok_or_else(|| (NAME, t.name_missing.to_owned()));
        let permissions = rules::permissions(self.permissions.iter().map(String::as_str), api);
        let permissions = permissions.map_err(|fault| (PERMISSION, permission_words(t, &fault).to_owned()));
        let lifetime = self.lifetime(t, longest);
        let networks = rules::networks(self.each_network()).map_err(|fault| (NETWORKS, self.network_words(t, &fault)));
        match (name, permissions, lifetime, networks) {
            (Ok(name), Ok(permissions), Ok(lifetime), Ok(allowed_networks)) => Ok(Wanted {
                owner: visitor.user.id.clone(),
                name,
                api: api.identifier.clone(),
                permissions,
                allowed_networks,
                lifetime,
                signing: if self.signing { Signing::Allowed } else { Signing::Refused },
            }),
            (name, permissions, lifetime, networks) => {
                Err([name.err(), permissions.err(), lifetime.err(), networks.err()].into_iter().flatten().collect())
            }
        }
    }

    fn lifetime(&self, t: &ApiKeysTexts, longest: Option<Seconds>) -> Result<Option<Seconds>, Wrong> {
        let (field, days) = match self.lifetime.as_str() {
            OTHER => (DAYS, self.days.trim()),
            days => (LIFETIME, days),
        };
        let asked = match days {
            NEVER => Some(None),
            days => {
                days.parse().ok().filter(|days| (1..=MOST_DAYS).contains(days)).map(|days| Some(Seconds::days(days)))
            }
        };
        let allowed = asked.and_then(|asked| rules::lifetime(asked, longest).ok());
        allowed.ok_or_else(|| (field, fill(t.days_wrong, &most_days(longest).to_string())))
    }

    fn each_network(&self) -> impl Iterator<Item = &str> {
        self.networks.split([' ', ',', ';', '\t', '\r', '\n']).filter(|text| !text.is_empty())
    }

    fn network_words(&self, t: &ApiKeysTexts, fault: &Fault) -> String {
        match (fault, self.each_network().find(|text| rules::networks([*text]).is_err())) {
            (Fault::TooManyNetworks, _) | (_, None) => t.networks_too_many.to_owned(),
            (_, Some(wrong)) => fill(t.networks_wrong, &wrong.chars().take(60).collect::<String>()),
        }
    }
}

fn permission_words(t: &ApiKeysTexts, fault: &Fault) -> &'static str {
    match fault {
        Fault::TooManyPermissions => t.permission_too_many,
        _ => t.permission_missing,
    }
}

fn allows(longest: Option<Seconds>, days: i64) -> bool {
    longest.is_none_or(|longest| Seconds::days(days) <= longest)
}

fn most_days(longest: Option<Seconds>) -> i64 {
    longest.map_or(MOST_DAYS, |longest| longest.0 / DAY).max(1)
}

/// One API after the other, each with the way to its form.
fn choice(visitor: &Visitor, apis: &[Api]) -> HttpResponse {
    let t = &account::shell(visitor).texts.api_keys;
    let section = |api: &Api| {
        let query = form_urlencoded::Serializer::new(String::new()).append_pair("api", &api.identifier).finish();
        let there = format!("{}?{query}", page_paths::account::API_KEYS_NEW);
        Section {
            title: Some(fill(t.for_api, &api.name)),
            texts: vec![fill(t.identifier, &api.identifier)],
            form: None,
            link: Some(link(visitor, &there, t.choose)),
        }
    };
    let sections = apis.iter().map(section).collect();
    account::page(visitor, StatusCode::OK, &setting(visitor, t.choose_lede, sections))
}

fn page(visitor: &Visitor, status: StatusCode, api: &Api, (typed, wrong): (&Typed, &[Wrong])) -> HttpResponse {
    let t = &account::shell(visitor).texts.api_keys;
    let about = |id: &str| wrong.iter().find(|(field, _)| *field == id).map(|(_, sentence)| sentence.clone());
    let field = |kind, id, label| Field::new(kind, id, label).refused(about(id));
    let longest = Workshop::of(&visitor.state).longest;
    let signing = if typed.signing { Ticked::Yes } else { Ticked::No };
    let form = Form::new(visitor.path(page_paths::account::API_KEYS_NEW), visitor.csrf(), "api-key-submit", t.submit)
        .hidden("api", api.identifier.clone())
        .field(field(FieldKind::Text("off"), NAME, t.name).value(&typed.name).hint(t.name_hint))
        .field(field(FieldKind::Several(boxes(t, api, typed)), PERMISSION, t.permissions))
        .field(field(FieldKind::Choice(lifetimes(t, longest)), LIFETIME, t.lifetime).value(&typed.lifetime))
        .field(field(FieldKind::Text("off"), DAYS, t.days).value(&typed.days).hint(t.days_hint).optional())
        .field(
            field(FieldKind::Text("off"), NETWORKS, t.networks).value(&typed.networks).hint(t.networks_hint).optional(),
        )
        .field(field(FieldKind::Tick(signing), SIGNING, t.signing).hint(t.signing_hint).optional());
    let section = Section { title: Some(fill(t.for_api, &api.name)), form: Some(form), ..Section::default() };
    account::page(visitor, status, &setting(visitor, t.new_lede, vec![section]))
}

fn setting(visitor: &Visitor, lede: &str, sections: Vec<Section>) -> SettingPage {
    let shell = account::shell(visitor);
    let t = &shell.texts.api_keys;
    SettingPage {
        frame: account::frame(visitor, AccountPart::ApiKeys),
        id: "api-key-new-page",
        title: t.add.to_owned(),
        lede: lede.to_owned(),
        notice: None,
        sections,
        back: link(visitor, page_paths::account::API_KEYS, t.back),
        shell,
    }
}

/// A box for each scope with its sentence, then the verbs alone.
fn boxes(t: &ApiKeysTexts, api: &Api, typed: &Typed) -> Vec<TickBox> {
    let words = |value: &str| match api.scopes.iter().find(|scope| scope.name.as_str() == value) {
        Some(scope) => scope.description.clone(),
        None if value == "write" => t.all_writing.to_owned(),
        None => t.all_reading.to_owned(),
    };
    let one = |permission: protocol::permission::Permission| {
        let value = permission.to_string();
        let ticked = if typed.permissions.contains(&value) { Ticked::Yes } else { Ticked::No };
        TickBox { words: words(&value), value, ticked }
    };
    rules::offered(api).into_iter().map(one).collect()
}

fn lifetimes(t: &ApiKeysTexts, longest: Option<Seconds>) -> Vec<(String, String)> {
    let usual = USUAL.into_iter().filter(|days| allows(longest, *days)).map(|days| days.to_string());
    let usual = usual.map(|days| (days.clone(), fill(t.days_option, &days)));
    let never = longest.is_none().then(|| (NEVER.to_owned(), t.never_option.to_owned()));
    usual.chain([(OTHER.to_owned(), t.other_option.to_owned())]).chain(never).collect()
}
