//! The OpenAPI document of the resource API, with few, most and all ways to authenticate, before a linter that others wrote
//! (`testkit/clients/javascript/openapi-lint.mjs`).

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use resource_api::Settings;
use serde_json::{Value, json};
use testkit::database::TestDatabase;
use testkit::house::House;

use super::real_clients::{CLIENTS, program};

fn lint(node: &str, document: &Value) -> (Output, String) {
    let mut linter = Command::new(node)
        .arg(format!("{CLIENTS}/javascript/openapi-lint.mjs"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    linter.stdin.take().unwrap().write_all(document.to_string().as_bytes()).unwrap();
    let output = linter.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    (output, said)
}

#[actix_web::test]
async fn a_linter_finds_nothing_in_the_openapi_document() {
    let Some(node) = program("COUNTERSIGN_TEST_NODE", "the linter of the OpenAPI document") else { return };
    let few: fn(&mut Settings) = |settings| {
        (settings.introspection, settings.signatures, settings.dpop) = (None, None, None);
    };
    let most: fn(&mut Settings) = |_| {};
    let all: fn(&mut Settings) = |settings| {
        (settings.basic, settings.basic_passwords, settings.client_certificates) = (true, true, true);
    };
    let ways = [
        (few, "bearer openid"),
        (most, "apiKey apiKeyBearer bearer dpop openid session signature"),
        (all, "apiKey apiKeyBearer basic bearer dpop openid session signature"),
    ];
    let mut document = Value::Null;
    for (change, schemes) in ways {
        let house = House::start_with(TestDatabase::sqlite(), |config| change(&mut config.settings)).await;
        document = reqwest::get(format!("{}/openapi.json", house.api_url)).await.unwrap().json().await.unwrap();
        let described = document["components"]["securitySchemes"].as_object().unwrap();
        let mut described: Vec<_> = described.keys().map(String::as_str).collect();
        described.sort_unstable();
        assert_eq!(described.join(" "), schemes);
        let (linted, said) = lint(&node, &document);
        assert!(linted.status.success(), "{schemes}: {said}");
        assert!(said.contains("OpenAPI 3.1.0") && document["paths"].as_object().unwrap().len() > 4, "{said}");
    }

    // It looks: a scheme that nobody defined, a schema that is not there.
    let operation = &mut document["paths"]["/me"]["get"];
    operation["security"] = json!([{ "nobody": [] }]);
    operation["responses"]["401"]["content"]["application/problem+json"]["schema"]["$ref"] =
        json!("#/components/schemas/Nowhere");
    let (linted, said) = lint(&node, &document);
    assert_eq!(linted.status.code(), Some(1), "{said}");
    for rule in ["security-defined", "no-unresolved-refs"] {
        assert!(said.contains(rule), "{said}");
    }
}
