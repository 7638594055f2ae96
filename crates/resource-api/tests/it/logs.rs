//! What the log says, and what it never says. One subscriber for the whole test binary; tests look for words of their own.

use std::io::{self, Write};
use std::sync::{Arc, LazyLock, Mutex};

use reqwest::Method;
use serde_json::json;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::api::{TestApi, send};
use crate::issuer::Issuer;

pub static LOG: LazyLock<Log> = LazyLock::new(|| {
    let log = Log::default();
    let filter = EnvFilter::new("resource_api=trace,sqlx=trace,actix_server=trace");
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(log.clone()).init();
    log
});

#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    pub fn lines_with(&self, word: &str) -> Vec<String> {
        let bytes = self.0.lock().unwrap();
        String::from_utf8_lossy(&bytes).lines().filter(|line| line.contains(word)).map(str::to_owned).collect()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'w> MakeWriter<'w> for Log {
    type Writer = Self;

    fn make_writer(&'w self) -> Self {
        self.clone()
    }
}

#[actix_web::test]
async fn tokens_queries_and_bodies_stay_out_of_the_log() {
    let log = &*LOG;
    let issuer = Issuer::start();
    let api = TestApi::start(&issuer).await;
    let good = issuer.token().claim("jti", "unmistakable-jti").sign();
    let bad = issuer.token().claim("aud", "unmistakable-audience").sign();
    assert_eq!(api.get("/notes?limit=17&after=unmistakable-cursor", &good).await.status, 400);
    assert_eq!(api.get("/me", &bad).await.status, 401);
    assert_eq!(send(api.request(Method::GET, &format!("/me?access_token={good}"))).await.status, 401);
    let written =
        api.post("/notes", &good, &json!({ "title": "unmistakable-title", "body": "unmistakable-body" })).await;
    assert_eq!(written.status, 201);
    let refused = api.post("/notes", &good, &json!({ "unmistakable-member": 1 })).await;
    assert_eq!(refused.status, 400);
    assert!(!log.lines_with(refused.header("x-trace-id")).is_empty());
    for secret in [good.as_str(), bad.as_str(), good.rsplit('.').next().unwrap(), "unmistakable", "limit=17"] {
        assert_eq!(log.lines_with(secret), Vec::<String>::new());
    }
}

#[actix_web::test]
async fn a_refusal_is_in_the_log_under_its_trace_id() {
    let log = &*LOG;
    let issuer = Issuer::start();
    let api = TestApi::start(&issuer).await;
    let refused = api.get("/me", &issuer.token().claim("exp", 1).sign()).await;
    let lines = log.lines_with(refused.header("x-trace-id"));
    assert!(lines.iter().any(|line| line.contains("the token has expired")), "{lines:?}");
    let served = api.get("/me", &issuer.token().sign()).await;
    let lines = log.lines_with(served.header("x-trace-id"));
    assert!(
        lines.iter().any(|line| line.contains("user.id=\"alice\"") && line.contains("http.path=\"/me\"")),
        "{lines:?}"
    );
}
