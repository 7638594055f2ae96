//! Somebody on a page of our own that one has to be signed in for. Who is not, or not recently or strongly enough, is sent to sign in
//! and comes back.

use std::cell::OnceCell;
use std::fmt;

use actix_web::http::{Method, StatusCode};
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use protocol::authorize::decide::{self, Step};
use protocol::login::Enrolled;
use protocol::params::Params;
use protocol::time::{Seconds, Timestamp};
use protocol::user::User;
use store::StoreError;
use store::sessions::Session;

use crate::page_paths;
use crate::web::error::PageError;
use crate::web::interaction::{self, OwnPage};
use crate::web::{answer, browser_form, cards, form, session};
use crate::{AppState, accounts};

/// How long a sign-in is good for what could take an account away: factors, addresses, keys, deletion (OWASP ASVS 7.5.1).
pub(crate) const RECENT: Seconds = Seconds::minutes(5);

/// How recent the sign-in has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Since {
    Whenever,
    /// At most [`RECENT`] ago, and as strong as the account can be.
    Recently,
}

/// One who is signed in.
pub(crate) struct Visitor {
    pub state: Data<AppState>,
    pub http: HttpRequest,
    pub now: Timestamp,
    pub session: Session,
    pub user: User,
    pub enrolled: Enrolled,
    /// Made once: a browser without our cookie would get another one each time.
    csrf: OnceCell<String>,
}

/// Errors of such pages: a page, or the way to sign in.
#[derive(Debug)]
pub(crate) enum VisitorError {
    Page(PageError),
    /// To this address, by 303; a page that asks for it where the form of one was sent.
    SignIn(String),
}

impl Visitor {
    /// `back`: the page (path and query below the issuer) to come back to after signing in; this one for a GET.
    pub(crate) async fn admit(
        state: Data<AppState>,
        http: HttpRequest,
        since: Since,
        back: Option<&str>,
    ) -> Result<Self, VisitorError> {
        match session::current(&state, &http, state.now()).await? {
            Some(signed_in) => Self::enter(state, http, signed_in, since, back).await,
            None => Err(sign_in(&state, &http, since, back).await?),
        }
    }

    async fn enter(
        state: Data<AppState>,
        http: HttpRequest,
        (session, user): (Session, User),
        since: Since,
        back: Option<&str>,
    ) -> Result<Self, VisitorError> {
        let now = state.now();
        let enrolled = accounts::enrolled(&state, &user).await?;
        let recent = (since == Since::Recently).then_some(RECENT);
        match decide::for_own_page(Some(&session::login(&session)), &enrolled, recent, now) {
            Step::Issue => Ok(Self { state, http, now, session, user, enrolled, csrf: OnceCell::new() }),
            _ => Err(sign_in(&state, &http, since, back).await?),
        }
    }

    /// The same for a form of such a page: it came from us, and was made for this session. `page`: the path to come back to.
    pub(crate) async fn posted(
        state: Data<AppState>,
        http: HttpRequest,
        body: Payload,
        since: Since,
        page: &str,
    ) -> Result<(Self, Params), VisitorError> {
        let form = form::read(&state, &http, body).await.map_err(PageError::from)?;
        let visitor = Self::sent(state, http, &form, since, page).await?;
        Ok((visitor, form))
    }

    /// As [`Self::posted`], for a form that was read already.
    pub(crate) async fn sent(
        state: Data<AppState>,
        http: HttpRequest,
        form: &Params,
        since: Since,
        page: &str,
    ) -> Result<Self, VisitorError> {
        // A form of another site comes without our cookies. It must not get new ones: they would take the place of the old ones.
        browser_form::refuse_other_sites(&http)?;
        let Some(signed_in) = session::current(&state, &http, state.now()).await? else {
            return Err(VisitorError::SignIn(state.issuer().endpoint(page)));
        };
        let visitor = Self::enter(state, http, signed_in, since, Some(page)).await?;
        browser_form::check(&visitor.state, &visitor.http, form, &visitor.purpose())?;
        Ok(visitor)
    }

    /// The token of every form of the account: bound to the browser and to the session.
    pub(crate) fn csrf(&self) -> String {
        self.csrf.get_or_init(|| browser_form::csrf(&self.state, &self.http, &self.purpose())).clone()
    }

    /// 303 to another page of ours.
    pub(crate) fn to(&self, page: &str) -> HttpResponse {
        answer::see_other(self.state.issuer().endpoint(page))
    }

    /// The path of a page, for links and forms.
    pub(crate) fn path(&self, page: &str) -> String {
        cards::path(&self.state, page)
    }

    fn purpose(&self) -> String {
        format!("account {}", self.session.id)
    }
}

async fn sign_in(
    state: &Data<AppState>,
    http: &HttpRequest,
    since: Since,
    back: Option<&str>,
) -> Result<VisitorError, PageError> {
    let base = state.issuer().path();
    let here = || match (http.method(), http.query_string()) {
        (&Method::GET, "") => http.path().to_owned(),
        (&Method::GET, query) => format!("{}?{query}", http.path()),
        _ => format!("{base}{}", page_paths::ACCOUNT),
    };
    let here = back.map_or_else(|| here().strip_prefix(base).unwrap_or_default().to_owned(), str::to_owned);
    let page = OwnPage { path: here, recent: (since == Since::Recently).then_some(RECENT) };
    let id = interaction::begin_for(state, http, &page).await?;
    Ok(VisitorError::SignIn(format!("{}?interaction={id}", state.issuer().endpoint(page_paths::CONTINUE))))
}

impl From<PageError> for VisitorError {
    fn from(error: PageError) -> Self {
        Self::Page(error)
    }
}

impl From<StoreError> for VisitorError {
    fn from(error: StoreError) -> Self {
        Self::Page(error.into())
    }
}

impl fmt::Display for VisitorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl ResponseError for VisitorError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Page(error) => error.status(),
            Self::SignIn(_) => StatusCode::SEE_OTHER,
        }
    }

    /// For a page the status only; the middleware renders it.
    fn error_response(&self) -> HttpResponse {
        match self {
            Self::Page(error) => HttpResponse::new(error.status()),
            Self::SignIn(location) => answer::see_other(location),
        }
    }
}
