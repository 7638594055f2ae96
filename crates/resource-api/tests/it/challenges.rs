//! What challenges name is enough: whoever asks the issuer for exactly that is let in (RFC 6750 §3.1, RFC 9470 §3), whichever guard it was
//! that refused.

use protocol::time::Seconds;
use reqwest::Method;
use resource_api::{
    Caller, Guard, Line, Problem, Reach, Routes, all_of, any_of, authenticated, delete, get, in_handler, optional,
    patch, post, put, require,
};

use crate::api::{Answer, send};
use crate::issuer::{Issuer, now};
use crate::ways::{Service, assert_challenged, challenge};

async fn nothing() -> &'static str {
    ""
}

async fn asking(caller: Caller) -> Result<&'static str, Problem> {
    caller.require("c:x")?;
    Ok("asked")
}

/// A parameter of the challenge.
fn told(answer: &Answer, name: &str) -> Option<String> {
    let challenge = challenge(answer, "Bearer");
    Some(challenge.split_once(&format!(", {name}=\""))?.1.split('"').next()?.to_owned())
}

fn guarded(line: Line, guards: &[Guard]) -> Line {
    guards.iter().cloned().fold(line, Line::guard)
}

/// The route, what a bare challenge names, and with which scope what else is missing and named.
type Row<'t> = (Line, &'t str, &'t [(&'t str, &'t str, &'t str)]);

fn table() -> Vec<Row<'static>> {
    let either = || require(any_of(["a:x", "b:x"]));
    let nested = require(any_of([all_of(["a:x", "b:x"]), all_of(["c:x", "d:x"])]));
    vec![
        (get("/1", nothing).guard(require("b:x")), "a:x b:x", &[("", "a:x b:x", "a:x b:x"), ("a:x", "b:x", "a:x b:x")]),
        (post("/1", nothing).guard(either()), "a:x", &[("b:x", "a:x", "a:x"), ("c:x", "a:x", "a:x")]),
        (put("/1", nothing).guard(authenticated()), "a:x", &[("b:x", "a:x", "a:x")]),
        (
            patch("/1", nothing).guard(nested),
            "a:x b:x",
            &[("a:x", "b:x", "a:x b:x"), ("c:x", "a:x d:x", "a:x c:x d:x"), ("a:x c:x", "b:x", "a:x b:x")],
        ),
        (delete("/1", nothing).guard(optional()), "a:x", &[("", "a:x", "a:x")]),
        // What a handler asks for is known when it asks.
        (
            get("/2", asking).guard(in_handler(["c:x"])),
            "a:x c:x",
            &[("", "a:x", "a:x"), ("a:x", "c:x", "a:x c:x"), ("c:x", "a:x", "a:x")],
        ),
        (guarded(get("/3", nothing), &[either(), require("b:x")]), "a:x b:x", &[("a:x", "b:x", "a:x b:x")]),
    ]
}

#[actix_web::test]
async fn whoever_asks_for_what_a_challenge_names_is_let_in() {
    let issuer = Issuer::start();
    let inside = table().into_iter().fold(Routes::new(), |routes, (line, ..)| routes.add(line));
    let service = Service::with(&issuer, Routes::new().scope("/in", &require("a:x"), inside), |_| {});
    for (line, bare, rows) in table() {
        let name = format!("{} {}", line.method(), line.path());
        let request = || {
            let method = Method::from_bytes(line.method().as_str().as_bytes()).unwrap();
            service.request(method, &format!("/in{}", line.path()))
        };
        let ask = |scope: &str| send(request().bearer_auth(issuer.token().claim("scope", scope).sign()));
        let answer = send(request()).await;
        assert_eq!((answer.status, told(&answer, "scope").as_deref()), (401, Some(bare)), "{name}");
        assert_eq!(ask(bare).await.status, 200, "{name}");
        for (held, missing, enough) in rows {
            let answer = ask(held).await;
            assert_eq!((answer.status, told(&answer, "scope").as_deref()), (403, Some(*enough)), "{name} with {held}");
            let sentence = format!("this needs {missing}, which the caller does not have");
            assert_eq!(answer.json()["detail"], sentence.as_str(), "{name} with {held}");
            assert_eq!(told(&answer, "error_description"), Some(sentence), "{name} with {held}");
            // A handler may ask for more, once.
            let mut answer = ask(enough).await;
            if answer.status == 403 && line.path() == "/2" {
                answer = ask(&told(&answer, "scope").unwrap()).await;
            }
            assert_eq!(answer.status, 200, "{name} with {held} and then {enough}");
        }
    }
}

#[actix_web::test]
async fn a_permission_that_reaches_further_counts_as_held() {
    let issuer = Issuer::start();
    let routes = Routes::new().scope(
        "/in",
        &require("notes:read"),
        Routes::new().add(get("/", nothing).guard(require(all_of(["notes:write", "files:read"])))),
    );
    let reach = Reach { wildcards: true, write_implies_read: true };
    let service = Service::with(&issuer, routes, |settings| settings.reach = reach);
    let ask = |scope: &str| send(service.get("/in/").bearer_auth(issuer.token().claim("scope", scope).sign()));
    assert_eq!(ask("notes:write files:*").await.status, 200);
    let answer = ask("notes:write").await;
    assert!(answer.json()["detail"].as_str().unwrap().starts_with("this needs files:read,"), "{answer:?}");
    assert_eq!(told(&answer, "scope").as_deref(), Some("notes:read notes:write files:read"));
}

#[actix_web::test]
async fn one_sign_in_is_enough_for_all_guards_and_permissions_come_first() {
    let issuer = Issuer::start();
    let inside = Routes::new().add(get("/", nothing).guard(require("a:x").acr(["3", "2"]).max_age(Seconds(300))));
    let guard = authenticated().acr(["1", "2", "3"]).max_age(Seconds(600));
    let service = Service::with(&issuer, Routes::new().scope("/in", &guard, inside), |_| {});
    let ask = |scope: &str, acr: &str, age: i64| {
        let token = issuer.token().claim("scope", scope).claim("acr", acr).claim("auth_time", now() - age);
        send(service.get("/in/").bearer_auth(token.sign()))
    };
    for (acr, age) in [("0", 0), ("1", 0), ("2", 400), ("2", 700), ("0", 700)] {
        let answer = ask("a:x", acr, age).await;
        assert_challenged(&answer, "Bearer", "insufficient_user_authentication", "");
        let told = (told(&answer, "acr_values"), told(&answer, "max_age"));
        assert_eq!(told, (Some("2 3".to_owned()), Some("300".to_owned())), "{acr} {age}");
        // Whoever lacks a permission would sign in again for nothing.
        assert_eq!(ask("", acr, age).await.status, 403);
    }
    assert_eq!(ask("a:x", "2", 200).await.status, 200);
}
