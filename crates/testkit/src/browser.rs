//! A browser without a screen: keeps cookies, does not follow redirects by itself, fills in the form that is on the page.

use reqwest::header::{CONTENT_TYPE, LOCATION};
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, Response, StatusCode};
use std::collections::BTreeMap;
use url::Url;

use crate::app::{PASSWORD, REDIRECT_URI, TestApp};

/// A client for plain http on loopback. It loads no certificates, which costs more than all requests of a test, and keeps no
/// connections: a server that was killed and came back would be greeted over a dead one.
pub fn plain_http() -> ClientBuilder {
    Client::builder().no_proxy().tls_certs_only([]).pool_max_idle_per_host(0)
}

/// One browser with its own cookies.
pub struct Browser {
    http: Client,
    issuer: String,
}

/// What came back: the whole answer, read.
#[derive(Debug)]
pub struct Page {
    pub status: StatusCode,
    pub headers: reqwest::header::HeaderMap,
    pub url: Url,
    pub body: String,
}

/// The parameters of an authorization answer.
pub type Answer = BTreeMap<String, String>;

impl Browser {
    pub fn new(app: &TestApp) -> Self {
        Self::at(&app.issuer)
    }

    /// A browser for an issuer that runs elsewhere, for example in a process of its own.
    pub fn at(issuer: &str) -> Self {
        Self::over(issuer, plain_http())
    }

    /// The same with a client that was prepared, for example one that trusts an authority.
    pub fn over(issuer: &str, http: ClientBuilder) -> Self {
        let http = http.redirect(Policy::none()).cookie_store(true).build().expect("a client");
        Self { http, issuer: issuer.to_owned() }
    }

    pub async fn get(&self, url: &str) -> Page {
        Page::read(self.http.get(self.absolute(url)).send().await.expect("an answer")).await
    }

    pub async fn post(&self, url: &str, form: &[(String, String)]) -> Page {
        Page::read(self.http.post(self.absolute(url)).form(form).send().await.expect("an answer")).await
    }

    /// A POST with one more header.
    pub async fn post_with(&self, url: &str, form: &[(String, String)], header: (&str, &str)) -> Page {
        let request = self.http.post(self.absolute(url)).header(header.0, header.1).form(form);
        Page::read(request.send().await.expect("an answer")).await
    }

    /// Submits the form of a page, its hidden fields with what the person typed.
    pub async fn submit(&self, page: &Page, typed: &[(&str, &str)]) -> Page {
        let mut fields = page.hidden_fields();
        fields.extend(typed.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        self.post(&page.form_action(), &fields).await
    }

    /// Follows redirects within the server; stops at a page, or at a redirect that leaves it.
    pub async fn follow(&self, mut page: Page) -> Page {
        for _ in 0..10 {
            match page.location() {
                Some(location) if location.starts_with(&self.issuer) => page = self.get(&location).await,
                _ => return page,
            }
        }
        panic!("more than ten redirects");
    }

    /// Opens a page and follows redirects within the server.
    pub async fn open(&self, url: &str) -> Page {
        let page = self.get(url).await;
        self.follow(page).await
    }

    /// Signs in on the login page and follows on.
    pub async fn sign_in(&self, login: &Page, username: &str) -> Page {
        let page = self.submit(login, &[("username", username), ("password", PASSWORD)]).await;
        self.follow(page).await
    }

    /// Signs in and consents where asked, until the server answers the client.
    pub async fn authorize(&self, url: &str) -> Answer {
        self.arrive(url).await.answer()
    }

    /// The same, up to the page that carries the answer: a redirect, or a form for `form_post`.
    pub async fn arrive(&self, url: &str) -> Page {
        let mut page = self.open(url).await;
        for _ in 0..4 {
            page = match () {
                () if page.has_id("login-page") => self.sign_in(&page, "alice").await,
                () if page.has_id("consent-page") => {
                    let page = self.submit(&page, &[("decision", "allow")]).await;
                    self.follow(page).await
                }
                () => break,
            };
        }
        page
    }

    fn absolute(&self, url: &str) -> String {
        if url.starts_with('/') { format!("{}{url}", self.issuer) } else { url.to_owned() }
    }
}

impl Page {
    pub async fn read(response: Response) -> Self {
        let (status, headers, url) = (response.status(), response.headers().clone(), response.url().clone());
        Self { status, headers, url, body: response.text().await.expect("a body") }
    }

    pub fn location(&self) -> Option<String> {
        let location = self.headers.get(LOCATION)?.to_str().ok()?;
        Some(self.url.join(location).map_or_else(|_| location.to_owned(), |url| url.to_string()))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    pub fn has_id(&self, id: &str) -> bool {
        self.body.contains(&format!("id=\"{id}\""))
    }

    /// The parameters of a redirect to the client, from query or fragment.
    pub fn answer(&self) -> Answer {
        self.answer_at(REDIRECT_URI)
    }

    /// The same for a client with a redirect URI of its own.
    pub fn answer_at(&self, redirect_uri: &str) -> Answer {
        let location = self.location().unwrap_or_else(|| panic!("no redirect: {} {}", self.status, self.body));
        assert!(location.starts_with(redirect_uri), "unexpected redirect to {location}");
        let url = Url::parse(&location).expect("a URL");
        let encoded = url.fragment().or(url.query()).unwrap_or_default().to_owned();
        url::form_urlencoded::parse(encoded.as_bytes()).into_owned().collect()
    }

    pub fn json(&self) -> serde_json::Value {
        let media_type = self.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        assert!(media_type.starts_with("application/"), "not JSON: {} {media_type} {}", self.status, self.body);
        serde_json::from_str(&self.body).expect("JSON")
    }

    /// Where the (last POST) form of the page goes.
    pub fn form_action(&self) -> String {
        let form = self.post_form();
        let action = attribute(&form[..form.find('>').unwrap_or(form.len())], "action");
        let action = action.unwrap_or_else(|| panic!("a form without action: {form}"));
        self.url.join(&action).expect("an action").to_string()
    }

    pub fn hidden_fields(&self) -> Vec<(String, String)> {
        let inputs = self.post_form().split("<input").skip(1);
        inputs
            .filter_map(|input| {
                let tag = &input[..input.find('>')?];
                (attribute(tag, "type")? == "hidden").then_some(())?;
                Some((attribute(tag, "name")?, attribute(tag, "value").unwrap_or_default()))
            })
            .collect()
    }

    /// What the first button of this name sends.
    pub fn button(&self, name: &str) -> Option<String> {
        let buttons = self.post_form().split("<button").skip(1).filter_map(|button| button.split('>').next());
        buttons
            .into_iter()
            .find(|tag| attribute(tag, "name").as_deref() == Some(name))
            .and_then(|tag| attribute(tag, "value"))
    }

    fn post_form(&self) -> &str {
        let start = self.body.find("<form method=\"post\"").unwrap_or_else(|| panic!("no form: {}", self.body));
        let end = self.body[start..].find("</form>").map_or(self.body.len(), |end| start + end);
        &self.body[start..end]
    }
}

/// The value of an attribute of a tag, its character references decoded.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let start = tag.find(&format!(" {name}=\""))? + name.len() + 3;
    let value = &tag[start..start + tag[start..].find('"')?];
    let decoded = value.replace("&#38;", "&").replace("&amp;", "&").replace("&#34;", "\"").replace("&#39;", "'");
    Some(decoded.replace("&#60;", "<").replace("&#62;", ">"))
}
