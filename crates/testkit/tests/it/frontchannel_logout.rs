//! Front-channel logout in a real browser: only there do frames load, policies bite and timers run. The program is
//! `testkit/clients/javascript/frontchannel-logout.mjs`.

use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use testkit::app::{PASSWORD, TestApp, TestOptions};
use testkit::database::TestDatabase;
use testkit::elsewhere::{Authority, Elsewhere, Reply};
use testkit::requests::VERIFIER;
use tokio::process::Command;

use crate::real_clients::{CLIENTS, program};

/// A client at a server of its own, as the program wants to know it.
async fn client(app: &TestApp, elsewhere: &Elsewhere, id: &str) -> Value {
    let page = || Reply::new("<title>an app</title>").with_header("content-type", "text/html");
    // Browsers ask for it by themselves.
    elsewhere.publish("/favicon.ico", Reply::status(204));
    for path in ["/callback", "/signed-out", "/front"] {
        elsewhere.publish(path, page());
    }
    let [redirect_uri, signed_out, front] =
        ["/callback", "/signed-out", "/front?app=1"].map(|path| elsewhere.url(path));
    let metadata = json!({
        "client_name": format!("App {id}"),
        "token_endpoint_auth_method": "none",
        "consent_policy": "first_party",
        "redirect_uris": [redirect_uri],
        "post_logout_redirect_uris": [signed_out],
        "frontchannel_logout_uri": front,
    });
    app.client(id, &metadata.to_string()).await;
    let authorize = app.authorize_url(id, &[("redirect_uri", redirect_uri.as_str()), ("scope", "openid")]);
    json!({ "id": id, "authorize": authorize, "redirectUri": redirect_uri, "signedOut": signed_out, "front": front })
}

#[actix_web::test]
async fn chromium_loads_the_pages_of_clients_and_goes_on() {
    let Some(node) = program("COUNTERSIGN_TEST_NODE", "the browser") else { return };
    let Some(_chromium) = program("COUNTERSIGN_TEST_CHROMIUM", "the browser") else { return };
    let config = Box::new(|config: &mut auth::config::Config| config.openid.frontchannel_logout = true);
    let app = TestApp::start_with(TestDatabase::sqlite(), TestOptions { config, ..TestOptions::default() }).await;
    let authority = Authority::new();
    let [first, second, slow] = [(); 3].map(|()| Elsewhere::start(&authority));
    let (one, two) = (client(&app, &first, "one").await, client(&app, &second, "two").await);
    let hanging = client(&app, &slow, "hanging").await;
    slow.publish("/front", Reply::new("").after(Duration::from_mins(1)));
    let parameters = json!({
        "ISSUER": app.issuer,
        "USERNAME": "alice",
        "PASSWORD": PASSWORD,
        "VERIFIER": VERIFIER,
        "CLIENTS": [one, two],
        "HANGING": hanging,
    });
    let output = Command::new(node)
        .arg(format!("{CLIENTS}/javascript/frontchannel-logout.mjs"))
        .arg(parameters.to_string())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    let (said, erred) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    println!("{said}");
    assert!(output.status.success(), "{said}\n{erred}");
    let loaded = |elsewhere: &Elsewhere| {
        elsewhere.received().iter().filter(|request| request.path.starts_with("/front?app=1&iss=http")).count()
    };
    // Three walks with both; the logged-out pages, with and without a link, with the first alone.
    assert_eq!((loaded(&first), loaded(&second)), (3 + 6, 3));
}
