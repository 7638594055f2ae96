//! People with tokens, and how tests write as one of them.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::api::{Answer, TestApi, send};
use crate::issuer::Issuer;

pub const EVERYTHING: &str = "notes:read notes:write files:read files:write groups:read groups:write";

/// Somebody at one API.
pub struct Person<'a> {
    pub api: &'a TestApi,
    pub token: String,
}

pub async fn api(issuer: &Issuer, database: &str) -> TestApi {
    TestApi::start_with(&issuer.url, |config| config.database_url = String::from(database)).await
}

/// Who may do everything with what is theirs.
pub fn person<'a>(api: &'a TestApi, issuer: &Issuer, sub: &str) -> Person<'a> {
    with_scope(api, issuer, sub, EVERYTHING)
}

pub fn with_scope<'a>(api: &'a TestApi, issuer: &Issuer, sub: &str, scope: &str) -> Person<'a> {
    Person { api, token: issuer.token().claim("sub", sub).claim("scope", scope).sign() }
}

impl Person<'_> {
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.api.request(method, path).bearer_auth(&self.token)
    }

    pub async fn get(&self, path: &str) -> Answer {
        send(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        send(self.request(Method::POST, path).json(body)).await
    }

    pub async fn post_once(&self, path: &str, key: &str, body: &Value) -> Answer {
        send(self.request(Method::POST, path).header("idempotency-key", key).json(body)).await
    }

    /// With `If-Match: *` unless another tag is given.
    pub async fn put(&self, path: &str, tag: &str, body: &Value) -> Answer {
        send(self.request(Method::PUT, path).header("if-match", tag).json(body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        send(self.request(Method::DELETE, path).header("if-match", "*")).await
    }

    pub async fn upload(&self, query: &str, bytes: Vec<u8>) -> Answer {
        let request = self.request(Method::POST, &format!("/files?{query}"));
        send(request.header("content-type", "text/plain").body(bytes)).await
    }

    pub async fn put_content(&self, path: &str, tag: &str, bytes: Vec<u8>) -> Answer {
        let request = self.request(Method::PUT, &format!("{path}/content")).header("if-match", tag);
        send(request.header("content-type", "text/plain").body(bytes)).await
    }

    /// Where the new note is.
    pub async fn note(&self, title: &str) -> String {
        let written = self.post("/notes", &json!({ "title": title })).await;
        assert_eq!(written.status, 201, "{written:?}");
        written.header("location").to_owned()
    }

    /// Where the new file is.
    pub async fn file(&self, content: &str) -> String {
        let written = self.upload("name=a.txt", content.into()).await;
        assert_eq!(written.status, 201, "{written:?}");
        written.header("location").to_owned()
    }

    /// The id of the new group.
    pub async fn group(&self, members: &[&str]) -> String {
        let made = self.post("/groups", &json!({ "name": "g" })).await;
        assert_eq!(made.status, 201, "{made:?}");
        let id = made.json()["id"].as_str().unwrap().to_owned();
        for member in members {
            let added = send(self.request(Method::PUT, &format!("/groups/{id}/members/{member}"))).await;
            assert_eq!(added.status, 204, "{added:?}");
        }
        id
    }

    pub async fn share(&self, path: &str, with: &str, access: &str) -> Answer {
        let request = self.request(Method::PUT, &format!("{path}/shares/{with}"));
        send(request.json(&json!({ "access": access }))).await
    }
}
