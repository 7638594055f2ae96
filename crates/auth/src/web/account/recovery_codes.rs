//! `/account/security/recovery-codes`: how many are left, and new ones. They are in the answer to the form that makes them, and
//! nowhere else: loading that answer again makes none and shows none.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use protocol::mail::Notice as Mail;
use protocol::time::Timestamp;

use super::security;
use crate::page_paths::account;
use crate::text::fill;
use crate::web::enrol::factor;
use crate::web::error::{PageError, Situation};
use crate::web::form;
use crate::web::pages::{AccountPart, CodesPage, Form, Notice, Section, SettingPage};
use crate::web::visitor::{Since, Visitor, VisitorError};
use crate::{AppState, accounts, recovery_codes};

/// When the page was shown that the form is on.
const SHOWN_AT: &str = "shown_at";

pub(crate) async fn get(state: Data<AppState>, http: HttpRequest) -> Result<HttpResponse, VisitorError> {
    let visitor = Visitor::admit(state, http, Since::Recently, None).await?;
    let shell = super::shell(&visitor);
    let t = &shell.texts.security;
    let shown = super::asked(&visitor.http, "done")?.is_some_and(|done| done == "shown");
    let left = recovery_codes::left(&visitor.state, &visitor.user.id).await?;
    let section = match visitor.enrolled.has_second_factor() {
        true => Section {
            title: Some(if left == 0 { t.codes_none.to_owned() } else { fill(t.codes_left, &left.to_string()) }),
            texts: vec![t.codes_replace_text.to_owned()],
            form: Some(
                Form::new(visitor.path(account::RECOVERY_CODES), visitor.csrf(), "codes-submit", t.codes_submit)
                    .hidden(SHOWN_AT, visitor.now.0.to_string()),
            ),
            link: None,
        },
        false => Section { texts: vec![t.codes_no_factor.to_owned()], ..Section::default() },
    };
    let page = SettingPage {
        frame: super::frame(&visitor, AccountPart::Security),
        id: "account-codes-page",
        title: t.codes.to_owned(),
        lede: t.codes_lede.to_owned(),
        notice: shown.then(|| Notice::warning(t.codes_once)),
        sections: vec![section],
        back: security::back(&visitor, t),
        shell,
    };
    Ok(super::page(&visitor, StatusCode::OK, &page))
}

pub(crate) async fn post(
    state: Data<AppState>,
    http: HttpRequest,
    body: Payload,
) -> Result<HttpResponse, VisitorError> {
    let (visitor, form) = Visitor::posted(state, http, body, Since::Recently, account::RECOVERY_CODES).await?;
    let (state, user) = (&visitor.state, &visitor.user);
    let shown_at = form::field(&form, SHOWN_AT)?.and_then(|seconds| seconds.parse().ok()).map(Timestamp);
    let Some(shown_at) = shown_at else {
        return Err(PageError::new(Situation::BadForm).because("the form does not say when it was shown").into());
    };
    if !visitor.enrolled.has_second_factor() {
        return Ok(visitor.to(account::RECOVERY_CODES));
    }
    let Some(codes) = recovery_codes::make_again(state, &user.id, shown_at.min(visitor.now), visitor.now).await? else {
        return Ok(super::done(&visitor, account::RECOVERY_CODES, "shown"));
    };
    factor::note_codes(&visitor).await?;
    accounts::tell(state, user, Mail::RecoveryCodesMade).await?;
    let shell = super::shell(&visitor);
    let page = CodesPage {
        frame: super::frame(&visitor, AccountPart::Security),
        notice: None,
        codes,
        onward: visitor.path(account::SECURITY),
        shell,
    };
    Ok(super::page(&visitor, StatusCode::OK, &page))
}
