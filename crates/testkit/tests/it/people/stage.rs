//! The server behind a flow, and the line between the two: the script writes `@{"do": …}` and reads the answer, all else that it
//! writes is what it found.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use auth::AppState;
use auth::action_tokens::{self, Order};
use auth::config::{Config, MailTransport, SignUp};
use auth::mail::{Mailbox, Message, PostOffice};
use auth::text::Locale;
use protocol::action_token::Purpose;
use protocol::time::Seconds;
use protocol::user::User;
use serde_json::{Value, json};
use store::Won;
use testkit::app::{PASSWORD, TestApp, TestOptions};
use testkit::database::TestDatabase;
use testkit::otp::OtpApp;
use testkit::requests::VERIFIER;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::Command;

use super::beside::Site;
use crate::real_clients::{CLIENTS, program};

/// What begins a line that asks for something.
const ASKS: char = '@';
const LONGEST: Duration = Duration::from_mins(2);

/// Whether the browser runs the scripts of our pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scripts {
    Run,
    Off,
}

/// What a flow finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scene {
    pub(super) scripts: Scripts,
    pub(super) house: House,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum House {
    /// A server where everybody may sign up.
    Open,
    ByInvitation,
    /// The example service beside it.
    WithApi,
}

impl From<Scripts> for Scene {
    fn from(scripts: Scripts) -> Self {
        Self { scripts, house: House::Open }
    }
}

/// Lets the script walk through the flow of this name.
pub(super) async fn perform(script: &str, flow: &str, scene: impl Into<Scene>) {
    let Some(node) = program("COUNTERSIGN_TEST_NODE", "the browser") else { return };
    let Some(_chromium) = program("COUNTERSIGN_TEST_CHROMIUM", "the browser") else { return };
    let scene: Scene = scene.into();
    let site = (scene.house == House::WithApi).then(Site::new);
    let outbound = site.as_ref().map(Site::outbound);
    let config = move |config: &mut Config| {
        settings(config, scene.house);
        config.outbound = outbound.unwrap_or_default();
    };
    let options = TestOptions { config: Box::new(config), ..TestOptions::default() };
    let app = TestApp::start_with(TestDatabase::sqlite(), options).await;
    let mut given = json!({
        "ISSUER": app.issuer,
        "PASSWORD": PASSWORD,
        "VERIFIER": VERIFIER,
        "FLOW": flow,
        "SCRIPTS": if scene.scripts == Scripts::Run { "run" } else { "off" },
    });
    let mut command = Command::new(node);
    let _service = match site {
        Some(site) => {
            given["API"] = json!(site.url);
            let (service, authority) = site.open(&app).await;
            command.env("NODE_EXTRA_CA_CERTS", authority.file());
            Some((service, authority))
        }
        None => None,
    };
    command.arg(format!("{CLIENTS}/javascript/people/{script}.mjs")).arg(given.to_string());
    let done = tokio::time::timeout(LONGEST, walk(&app, command)).await;
    assert!(done.is_ok(), "{flow} takes longer than {LONGEST:?}");
}

fn settings(config: &mut Config, house: House) {
    config.mail.transport = MailTransport::Mailbox;
    config.accounts.sign_up = if house == House::ByInvitation { SignUp::Invite } else { SignUp::Open };
    config.second_factor.email_code = true;
    // These tests prove ways through the pages, on machines that have other things to do.
    config.passwords.max_wait_ms = 60_000;
}

async fn walk(app: &TestApp, mut command: Command) {
    let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = pipes.spawn().unwrap();
    let (mut answers, mut errors) = (child.stdin.take().unwrap(), child.stderr.take().unwrap());
    let erred = tokio::spawn(async move {
        let mut erred = String::new();
        errors.read_to_string(&mut erred).await.map(|_| erred)
    });
    let (mut lines, mut found) = (BufReader::new(child.stdout.take().unwrap()).lines(), Vec::new());
    while let Some(line) = lines.next_line().await.unwrap() {
        match line.strip_prefix(ASKS) {
            Some(asked) => {
                let mut answer = answer(app, &serde_json::from_str(asked).unwrap()).await;
                answer["now"] = json!(app.now().0);
                answers.write_all(format!("{answer}\n").as_bytes()).await.unwrap();
            }
            None => found.push(line),
        }
    }
    let (status, said, erred) = (child.wait().await.unwrap(), found.join("\n"), erred.await.unwrap().unwrap());
    assert!(status.success(), "{said}\n{erred}");
    println!("{said}");
    assert!(said.lines().any(|line| line.starts_with("ok ")), "nothing was checked:\n{said}\n{erred}");
}

/// Does what the script asks for.
async fn answer(app: &TestApp, asked: &Value) -> Value {
    let text = |name: &str| asked[name].as_str().unwrap();
    match text("do") {
        "wait" => app.clock.advance(Seconds(asked["seconds"].as_i64().unwrap())),
        "app" => drop(app.client(text("id"), &asked["metadata"].to_string()).await),
        "person" => drop(app.user(text("name")).await),
        "phone" => return phone(app, &person(app, text("name")).await).await,
        "invite" => return invite(app, asked).await,
        "forget passkeys" => forget_passkeys(app, &person(app, text("name")).await).await,
        "demand a new password" => {
            let person = person(app, text("name")).await;
            let won = store::users::require_password_change(&app.store, &person.id, app.now()).await.unwrap();
            assert_eq!(won, Won::Yes);
        }
        other => panic!("nobody knows how to {other}"),
    }
    json!({})
}

async fn person(app: &TestApp, name: &str) -> User {
    store::users::find_by_login(&app.store, name).await.unwrap().unwrap()
}

/// As an administrator does with `countersign user invite`: by mail, or with a link to hand over.
async fn invite(app: &TestApp, asked: &Value) -> Value {
    let (to, sent) = (Mailbox::parse(asked["email"].as_str().unwrap()).unwrap(), asked["sent"] == true);
    let details = sent.then(|| ("sent".to_owned(), json!(true))).into_iter().collect();
    let order = Order { details, ..Order::new(Purpose::Invite) };
    let issued = action_tokens::issue_link(&app.store, order.to(&to), app.now()).await.unwrap();
    let link = app.url(&format!("{}/{}", action_tokens::SIGN_UP, issued.link_token.expose()));
    if !sent {
        return json!({ "link": link });
    }
    let office = PostOffice { config: &app.config, store: &app.store, secrets: app.keys.secrets() };
    office.post(&to, Message::Invite { link: &link }, Locale::En, app.now()).await.unwrap();
    json!({})
}

/// An authenticator app and recovery codes for somebody who is not to be led through it. The next code was not used.
async fn phone(app: &TestApp, user: &User) -> Value {
    let state =
        AppState::with_clock(Arc::clone(&app.config), app.store.clone(), Arc::clone(&app.keys), app.clock.clone())
            .unwrap();
    let offer = auth::totp::offer(&state, user, app.now());
    let code = OtpApp::scan(&offer.uri).code(app.now());
    auth::totp::enrol(&state, &user.id, &offer.sealed, &code, app.now()).await.unwrap();
    app.clock.advance(Seconds(30));
    let codes = auth::recovery_codes::make_first(&state, &user.id, app.now()).await.unwrap().unwrap();
    json!({ "secret": offer.groups, "codes": codes })
}

/// On the server only; who keeps them still offers them. A password takes their place.
async fn forget_passkeys(app: &TestApp, user: &User) {
    let phc = auth::passwords::hash_blocking(&app.config.passwords, PASSWORD).unwrap();
    store::passwords::set(&app.store, &user.id, &phc, app.now()).await.unwrap();
    for passkey in store::passkeys::of_user(&app.store, &user.id).await.unwrap() {
        assert_eq!(store::passkeys::remove(&app.store, &user.id, &passkey.id).await.unwrap(), Won::Yes);
    }
}
