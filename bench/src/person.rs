//! One person with a fresh browser: from the client's link to the code that the client gets.
//!
//! What the server answers is checked; anything but the expected answer and the refusal is a failure of the run.

use std::time::{Duration, Instant};

use reqwest::header::{COOKIE, LOCATION, RETRY_AFTER, SET_COOKIE};
use reqwest::{Client, Response, StatusCode};
use url::Url;

use crate::server::{Account, CLIENT_ID, REDIRECT_URI};
use crate::{Failure, Result};

/// The login form as it was served, with the cookie it is bound to.
pub(crate) struct Form {
    action: String,
    cookie: String,
    fields: [(&'static str, String); 4],
}

/// What became of a sent form, and how long the answer took.
pub(crate) struct Sent {
    pub outcome: Outcome,
    pub took: Duration,
}

pub(crate) enum Outcome {
    SignedIn,
    Refused { retry_after: Duration },
}

/// `/authorize`, then the login page that it leads to.
pub(crate) async fn open(http: &Client, issuer: &str, account: &Account) -> Result<Form> {
    let request = [
        ("response_type", "code"),
        ("client_id", CLIENT_ID),
        ("redirect_uri", REDIRECT_URI),
        ("scope", "openid"),
        ("state", "s"),
        ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"), // RFC 7636 appendix B
        ("code_challenge_method", "S256"),
    ];
    let link = Url::parse_with_params(&format!("{issuer}/authorize"), request);
    let link = link.map_err(|error| Failure::new("the issuer", error))?;
    let answer = get(http, link.as_str(), "").await?;
    expect(&answer, StatusCode::SEE_OTHER)?;
    let cookie = header(&answer, SET_COOKIE.as_str()).split(';').next().unwrap_or_default().to_owned();
    let page = get(http, header(&answer, LOCATION.as_str()), &cookie).await?;
    expect(&page, StatusCode::OK)?;
    let html = page.text().await.map_err(|error| Failure::new("the login page", error))?;
    let hidden = |name: &str| {
        let (_, rest) = html.split_once(&format!("name=\"{name}\" value=\""))?;
        rest.split_once('"').map(|(value, _)| value.to_owned())
    };
    let (Some(interaction), Some(csrf)) = (hidden("interaction"), hidden("csrf")) else {
        return Err(Failure::new("no login form on the page", html));
    };
    let (username, password) = (account.username.clone(), account.password.to_owned());
    let fields = [("interaction", interaction), ("csrf", csrf), ("username", username), ("password", password)];
    Ok(Form { action: format!("{issuer}/login"), cookie, fields })
}

/// Sends the form once.
pub(crate) async fn send(http: &Client, form: &Form) -> Result<Sent> {
    let began = Instant::now();
    let answer = http.post(&form.action).header(COOKIE, &form.cookie).form(&form.fields).send().await;
    let answer = answer.map_err(|error| Failure::new("POST /login", error))?;
    let outcome = match answer.status() {
        StatusCode::SERVICE_UNAVAILABLE => {
            let seconds = header(&answer, RETRY_AFTER.as_str()).parse();
            let seconds = seconds.map_err(|_| Failure("a 503 without Retry-After".to_owned()))?;
            Outcome::Refused { retry_after: Duration::from_secs(seconds) }
        }
        _ => {
            expect(&answer, StatusCode::SEE_OTHER)?;
            let location = header(&answer, LOCATION.as_str());
            if !(location.starts_with(REDIRECT_URI) && location.contains("code=")) {
                return Err(Failure::new("no code came back", location));
            }
            Outcome::SignedIn
        }
    };
    // The page of a refusal belongs to its time, and a connection is used again only when its answer was read.
    answer.bytes().await.map_err(|error| Failure::new("POST /login", error))?;
    Ok(Sent { outcome, took: began.elapsed() })
}

async fn get(http: &Client, url: &str, cookie: &str) -> Result<Response> {
    http.get(url).header(COOKIE, cookie).send().await.map_err(|error| Failure::new(url, error))
}

fn header<'a>(answer: &'a Response, name: &str) -> &'a str {
    answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn expect(answer: &Response, status: StatusCode) -> Result<()> {
    match answer.status() == status {
        true => Ok(()),
        false => Err(Failure(format!("{} answered {}", answer.url().path(), answer.status()))),
    }
}
