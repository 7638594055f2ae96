//! `POST /account/api-keys/{id}/rotate`: a key that may do the same comes in the place of another.

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use protocol::api_keys::ApiKeyRecord;
use protocol::mail::Notice;
use protocol::security_event::SecurityEvent;
use protocol::time::Seconds;

use super::{address, event, found, made, page_of};
use crate::api_keys::Workshop;
use crate::text::{ApiKeysTexts, Texts, fill};
use crate::web::account::{self, words};
use crate::web::form;
use crate::web::pages::{Field, FieldKind, Form, Section, Weight};
use crate::web::visitor::{Since, Visitor, VisitorError};
use crate::{AppState, accounts, page_paths};

const OVERLAP: &str = "overlap";

pub(crate) async fn post(
    state: Data<AppState>,
    http: HttpRequest,
    id: Path<String>,
    body: Payload,
) -> Result<HttpResponse, VisitorError> {
    let (visitor, params) = Visitor::posted(state, http, body, Since::Recently, &page_of(&id)).await?;
    let gone = |visitor: &Visitor| Ok(account::done(visitor, page_paths::account::API_KEYS, "gone"));
    let Some(old) = found(&visitor, &id).await? else { return gone(&visitor) };
    let overlap = overlap(form::text(&params, OVERLAP)?);
    let event = event(&visitor, SecurityEvent::ApiKeyRotated);
    let Some(new) = Workshop::of(&visitor.state).rotate(&old, overlap, event, visitor.now).await? else {
        return gone(&visitor);
    };
    accounts::tell_of_what_is_done(&visitor.state, &visitor.user, Notice::ApiKeyRotated).await;
    let texts = account::shell(&visitor).texts;
    let end = (visitor.now + overlap).min(old.expires_at.unwrap_or(visitor.now + overlap));
    let about_old = match overlap {
        Seconds(0) => texts.api_keys.made_old_ended.to_owned(),
        _ => fill(texts.api_keys.made_old_ends, &words::moment(&texts.account, end, visitor.now)),
    };
    Ok(made(&visitor, &new, Some(about_old)))
}

/// What leads here, on the page of a key.
pub(super) fn section(visitor: &Visitor, texts: &Texts, key: &ApiKeyRecord) -> Section {
    let t = &texts.api_keys;
    let options = choices(t).map(|(time, words)| (time.to_string(), words.to_owned())).into();
    let action = visitor.path(&format!("{}/rotate", address(&key.id)));
    let form = Form::new(action, visitor.csrf(), "api-key-rotate", t.rotate_submit)
        .weight(Weight::Plain)
        .field(Field::new(FieldKind::Choice(options), OVERLAP, t.overlap).value(Seconds::days(1).to_string()));
    let (title, texts) = (Some(t.rotate.to_owned()), vec![t.rotate_text.to_owned()]);
    Section { title, texts, form: Some(form), link: None }
}

fn choices(t: &ApiKeysTexts) -> [(Seconds, &'static str); 4] {
    [
        (Seconds(0), t.overlap_none),
        (Seconds::hours(1), t.overlap_hour),
        (Seconds::days(1), t.overlap_day),
        (Seconds::days(7), t.overlap_week),
    ]
}

/// What is none of the choices is no overlap.
fn overlap(sent: &str) -> Seconds {
    let sent = sent.parse().map_or(Seconds(0), Seconds);
    let offered = [Seconds::hours(1), Seconds::days(1), Seconds::days(7)];
    if offered.contains(&sent) { sent } else { Seconds(0) }
}
