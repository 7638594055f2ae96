//! `/account/security/totp`: an authenticator app is connected, replaced, removed.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use protocol::time::Timestamp;
use store::{StoreError, Won};

use super::{passkeys, security, words};
use crate::AppState;
use crate::page_paths::account;
use crate::text::{Texts, fill};
use crate::totp::{self, Offer};
use crate::web::enrol::factor::{self, Added, Confirmed, Removed};
use crate::web::pages::{AccountPart, CodesPage, Form, Link, Notice, Section, SettingPage, TotpOfferPage, Weight};
use crate::web::visitor::{Since, Visitor, VisitorError};

/// In the query: show an offer although there is an app.
const REPLACE: &str = "replace";

pub(crate) async fn get(state: Data<AppState>, http: HttpRequest) -> Result<HttpResponse, VisitorError> {
    let visitor = Visitor::admit(state, http, Since::Recently, None).await?;
    let gone = super::asked(&visitor.http, "done")?.filter(|done| done == "gone");
    let since = totp::enrolled_at(&visitor.state, &visitor.user.id).await?;
    let replaces = super::asked(&visitor.http, REPLACE)?.is_some();
    match since {
        Some(since) if !replaces => {
            let texts = &super::shell(&visitor).texts.security;
            connected(&visitor, since, gone.map(|_| Notice::warning(texts.totp_already))).await
        }
        _ => {
            let offer = totp::offer(&visitor.state, &visitor.user, visitor.now);
            let notice = gone.map(|_| Notice::warning(super::shell(&visitor).texts.security.offer_gone));
            Ok(offer_page(&visitor, &offer, notice, None))
        }
    }
}

pub(crate) async fn post(
    state: Data<AppState>,
    http: HttpRequest,
    body: Payload,
) -> Result<HttpResponse, VisitorError> {
    let (mut visitor, form) = Visitor::posted(state, http, body, Since::Recently, account::TOTP).await?;
    match factor::confirm(&visitor, &form).await? {
        Confirmed::Yes => (),
        Confirmed::Wrong(offer) => {
            let wrong = super::shell(&visitor).texts.security.offer_wrong;
            return Ok(offer_page(&visitor, &offer, None, Some(wrong)));
        }
        // By GET, which shows a new offer or, when the old one was used, what there is.
        Confirmed::Gone => return Ok(super::done(&visitor, account::TOTP, "gone")),
    }
    let codes = factor::added(&mut visitor, &Added::Totp).await?;
    security::end_sessions(&visitor, &form).await?;
    let Some(codes) = codes else { return Ok(super::done(&visitor, account::SECURITY, "totp-added")) };
    let shell = super::shell(&visitor);
    let page = CodesPage {
        frame: super::frame(&visitor, AccountPart::Security),
        notice: Some(Notice::success(shell.texts.security.totp_added)),
        codes,
        onward: visitor.path(account::SECURITY),
        shell,
    };
    Ok(super::page(&visitor, StatusCode::OK, &page))
}

pub(crate) async fn remove(
    state: Data<AppState>,
    http: HttpRequest,
    body: Payload,
) -> Result<HttpResponse, VisitorError> {
    let (visitor, form) = Visitor::posted(state, http, body, Since::Recently, account::TOTP).await?;
    // The page says why it stays, or that there is none.
    if totp::remove(&visitor.state, &visitor.user.id).await? == Won::No {
        return Ok(visitor.to(account::TOTP));
    }
    factor::removed(&visitor, &Removed::Totp).await?;
    security::end_sessions(&visitor, &form).await?;
    Ok(super::done(&visitor, account::SECURITY, "totp-removed"))
}

/// What can be done with the app that there is.
async fn connected(visitor: &Visitor, since: Timestamp, notice: Option<Notice>) -> Result<HttpResponse, VisitorError> {
    let shell = super::shell(visitor);
    let texts = shell.texts;
    let t = &texts.security;
    let replace = Section {
        title: Some(t.totp_replace.to_owned()),
        texts: vec![t.totp_replace_text.to_owned()],
        form: None,
        link: Some(Link {
            href: format!("{}?{REPLACE}=yes", visitor.path(account::TOTP)),
            label: t.totp_replace.to_owned(),
        }),
    };
    let page = SettingPage {
        frame: super::frame(visitor, AccountPart::Security),
        id: "account-totp-page",
        title: t.totp.to_owned(),
        lede: fill(t.totp_since, &words::moment(&texts.account, since, visitor.now)),
        notice,
        sections: vec![replace, removal(visitor, texts).await?],
        back: security::back(visitor, t),
        shell,
    };
    Ok(super::page(visitor, StatusCode::OK, &page))
}

/// What [`store::totp::remove`] decides in the end, in words.
async fn removal(visitor: &Visitor, texts: &Texts) -> Result<Section, StoreError> {
    let t = &texts.security;
    let short = store::passwords::needs_second_factor(&visitor.state.store, &visitor.user.id).await?;
    if short && !visitor.enrolled.passkey {
        return Ok(passkeys::too_short(visitor, texts, t.totp_remove));
    }
    let action = visitor.path(account::TOTP_REMOVE);
    let form = Form::new(action, visitor.csrf(), "totp-remove", t.totp_remove)
        .weight(Weight::Danger)
        .field(security::end_sessions_box(t));
    Ok(Section {
        title: Some(t.totp_remove.to_owned()),
        texts: vec![t.totp_remove_text.to_owned()],
        form: Some(form),
        link: None,
    })
}

fn offer_page(visitor: &Visitor, offer: &Offer, notice: Option<Notice>, wrong: Option<&'static str>) -> HttpResponse {
    let shell = super::shell(visitor);
    let texts = shell.texts;
    let form = factor::totp_form(visitor.path(account::TOTP), visitor.csrf(), offer, texts, wrong);
    let page = TotpOfferPage {
        frame: super::frame(visitor, AccountPart::Security),
        notice,
        offer: factor::offered(offer),
        form: form.field(security::end_sessions_box(&texts.security)),
        back: security::back(visitor, &texts.security),
        shell,
    };
    let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    super::page(visitor, status, &page)
}
