//! `kill -9` between any two requests: nothing that was answered is lost, nothing that was spent comes back.

use std::path::PathBuf;

use serde_json::Value;
use tempfile::TempDir;
use testkit::browser::{Browser, Page};
use testkit::requests::{VERIFIER, challenge};

use crate::support::{Running, countersign, free_ports};

/// A `dev` house that dies and comes back.
struct House {
    _directory: TempDir,
    path: PathBuf,
    port: u16,
    issuer: String,
    redirect_uri: String,
    password: String,
    running: Option<Running>,
}

impl House {
    fn new() -> Self {
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
    fn kill(&mut self) {
        drop(self.running.take());
        self.running = Some(start(&self.path, self.port).0);
    }

    fn authorize_url(&self) -> String {
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

    async fn redeem(&self, browser: &Browser, code: &str) -> Page {
        let uri = self.redirect_uri.as_str();
        let form =
            [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", uri), ("code_verifier", VERIFIER)];
        self.token(browser, &form).await
    }

    async fn refresh(&self, browser: &Browser, token: &str) -> Page {
        self.token(browser, &[("grant_type", "refresh_token"), ("refresh_token", token)]).await
    }

    async fn userinfo(&self, browser: &Browser, token: &str) -> u16 {
        let form = [("access_token".to_owned(), token.to_owned())];
        browser.post("/userinfo", &form).await.status.as_u16()
    }
}

fn start(path: &std::path::Path, port: u16) -> (Running, Value) {
    let mut running = Running::start(countersign(path, &["dev", "--json", "--port", &port.to_string()]));
    let block = serde_json::from_str(&running.first_line()).expect("the block is JSON");
    (running, block)
}

fn code(page: &Page) -> String {
    let location = page.location().unwrap_or_else(|| panic!("no redirect: {}", page.body));
    let url = url::Url::parse(&location).expect("a URL");
    let code = url.query_pairs().find(|(name, _)| name == "code");
    code.unwrap_or_else(|| panic!("no code in {location}")).1.into_owned()
}

fn text(page: &Page, member: &str) -> String {
    assert_eq!(page.status, 200, "{}", page.body);
    page.json()[member].as_str().expect("a text").to_owned()
}

#[tokio::test]
async fn what_was_answered_is_kept_and_what_was_spent_stays_spent() {
    let mut house = House::new();
    let browser = Browser::at(&house.issuer);

    let login = browser.open(&house.authorize_url()).await;
    house.kill();
    let password = house.password.clone();
    let page = browser.submit(&login, &[("username", "alice"), ("password", &password)]).await;
    house.kill();
    let consent = browser.follow(page).await;
    house.kill();
    let first = code(&browser.submit(&consent, &[("decision", "allow")]).await);
    house.kill();

    let tokens = house.redeem(&browser, &first).await;
    let (access, refresh) = (text(&tokens, "access_token"), text(&tokens, "refresh_token"));
    house.kill();
    assert_eq!(house.userinfo(&browser, &access).await, 200, "the access token");
    let successor = text(&house.refresh(&browser, &refresh).await, "refresh_token");
    house.kill();
    let again = text(&house.refresh(&browser, &refresh).await, "refresh_token");
    assert_eq!(again, successor, "a lost answer is given again");
    house.kill();

    let form = [("token".to_owned(), access.clone()), ("client_id".to_owned(), "demo-web".to_owned())];
    assert_eq!(browser.post("/revoke", &form).await.status, 200);
    house.kill();
    assert_eq!(house.userinfo(&browser, &access).await, 401, "the revoked token");

    let second = code(&browser.get(&house.authorize_url()).await);
    house.kill();
    assert_eq!(house.redeem(&browser, &second).await.status, 200, "session, consent and second code");
    house.kill();
    assert_eq!(house.redeem(&browser, &first).await.status, 400, "the first code was spent");
    house.kill();
    assert_eq!(house.refresh(&browser, &successor).await.status, 400, "its replay ended the grant");
}
