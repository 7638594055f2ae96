//! Every page in every state in headless Chromium: with axe-core, on a narrow screen, in the dark, with more space between
//! the letters, from right to left, with the colours of the person. The pages are the samples of `auth`, their headers too.

#[path = "../../../auth/tests/it/page_samples/mod.rs"]
pub(crate) mod page_samples;

use std::process::Stdio;

use auth::text::Locale;
use auth::web::assets;
use auth::web::headers::{self, Header};
use serde_json::{Map, Value, json};
use tokio::process::Command;

use self::page_samples::samples_in;
use super::real_clients::{CLIENTS, program};

fn object(headers: Vec<Header>) -> Map<String, Value> {
    headers.into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect()
}

/// All that a browser needs to see the pages, as it would leave the server.
fn everything() -> Value {
    let locales = Locale::ALL.into_iter().chain(Locale::PSEUDO);
    let pages = locales.flat_map(|locale| {
        samples_in(locale).into_iter().map(move |sample| {
            let headers = object(sample.headers);
            json!({ "name": sample.name, "locale": locale.tag(), "html": sample.html, "headers": headers })
        })
    });
    let file = |asset: &assets::Asset| {
        let body = String::from_utf8_lossy(asset.body);
        json!({ "path": asset.path, "type": asset.content_type, "body": body, "headers": object(headers::asset()) })
    };
    json!({ "pages": pages.collect::<Vec<_>>(), "files": assets::all().iter().map(file).collect::<Vec<_>>() })
}

#[actix_web::test]
async fn a_browser_finds_nothing_to_complain_about() {
    let Some(node) = program("COUNTERSIGN_TEST_NODE", "the browser") else { return };
    let Some(_chromium) = program("COUNTERSIGN_TEST_CHROMIUM", "the browser") else { return };
    let directory = tempfile::tempdir().unwrap();
    let samples = directory.path().join("samples.json");
    std::fs::write(&samples, everything().to_string()).unwrap();
    let output = Command::new(node)
        .arg(format!("{CLIENTS}/javascript/pages.mjs"))
        .arg(json!({ "SAMPLES": samples }).to_string())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    let (said, erred) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    println!("{said}");
    assert!(output.status.success(), "{said}\n{erred}");
    assert!(said.lines().filter(|line| line.starts_with("ok ")).count() >= 5, "next to nothing was checked:\n{said}");
}
