//! `countersign dev` with what a client does there: asks for a code, redeems it, refreshes.

use std::path::PathBuf;

use serde_json::Value;
use tempfile::TempDir;
use testkit::browser::{Browser, Page};
use testkit::requests::{VERIFIER, challenge};

use crate::support::{Running, countersign, free_ports};

/// A `dev` house that may die and come back.
pub(crate) struct House {
    _directory: TempDir,
    pub(crate) path: PathBuf,
    port: u16,
    pub(crate) issuer: String,
    pub(crate) redirect_uri: String,
    pub(crate) password: String,
    running: Option<Running>,
}

impl House {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().to_owned();
        let port = free_ports();
        let (running, block) = start(&path, port);
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        Self {
            _directory: directory,
            path,
            port,
            issuer: text(&block["issuer"]),
            redirect_uri: format!("{}/callback", text(&block["app"])),
            password: text(&block["person"]["password"]),
            running: Some(running),
        }
    }

    /// The process gets no chance to finish anything.
    pub(crate) fn kill(&mut self) {
        drop(self.running.take());
        self.running = Some(start(&self.path, self.port).0);
    }

    pub(crate) fn authorize_url(&self) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs([
            ("client_id", "demo-web"),
            ("redirect_uri", &self.redirect_uri),
            ("response_type", "code"),
            ("scope", "openid offline_access"),
            ("code_challenge", &challenge()),
            ("code_challenge_method", "S256"),
        ]);
        format!("{}/authorize?{}", self.issuer, query.finish())
    }

    async fn token(&self, browser: &Browser, form: &[(&str, &str)]) -> Page {
        let mut form: Vec<_> = form.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        form.push(("client_id".to_owned(), "demo-web".to_owned()));
        browser.post("/token", &form).await
    }

    pub(crate) async fn redeem(&self, browser: &Browser, code: &str) -> Page {
        let uri = self.redirect_uri.as_str();
        let form =
            [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", uri), ("code_verifier", VERIFIER)];
        self.token(browser, &form).await
    }

    pub(crate) async fn refresh(&self, browser: &Browser, token: &str) -> Page {
        self.token(browser, &[("grant_type", "refresh_token"), ("refresh_token", token)]).await
    }

    pub(crate) async fn userinfo(&self, browser: &Browser, token: &str) -> u16 {
        let form = [("access_token".to_owned(), token.to_owned())];
        browser.post("/userinfo", &form).await.status.as_u16()
    }
}

fn start(path: &std::path::Path, port: u16) -> (Running, Value) {
    let mut command = countersign(path, &["dev", "--json", "--port", &port.to_string()]);
    command.env("COUNTERSIGN_LOG__LEVEL", "error"); // refusals are what these tests are about
    let mut running = Running::start(command);
    let block = serde_json::from_str(&running.first_line()).expect("the block is JSON");
    (running, block)
}

pub(crate) fn code(page: &Page) -> String {
    let location = page.location().unwrap_or_else(|| panic!("no redirect: {}", page.body));
    let url = url::Url::parse(&location).expect("a URL");
    let code = url.query_pairs().find(|(name, _)| name == "code");
    code.unwrap_or_else(|| panic!("no code in {location}")).1.into_owned()
}

pub(crate) fn text(page: &Page, member: &str) -> String {
    assert_eq!(page.status, 200, "{}", page.body);
    page.json()[member].as_str().expect("a text").to_owned()
}
