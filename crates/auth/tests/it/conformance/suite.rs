//! The server under test with the settings of `docs/conformance/countersign.toml`, and the runs of a module: once for each plan
//! and response type that it belongs to.

use protocol::authorize::response_type::ResponseType;
use protocol::client::PkcePolicy;
use protocol::ids::UserId;
use protocol::user::{Address, Profile, User};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, ClientBuilder};
use serde_json::{Value, json};
use testkit::app::{PASSWORD, TestApp, TestOptions};
use testkit::browser::Page;
use testkit::database::{TestDatabase, engines};
use testkit::elsewhere::{Authority, Elsewhere};

use auth::config::{Config, RedirectErrors, RegistrationAccess};

use super::checks;
use super::client::Module;

/// Who signs in: a person with a value for every standard claim.
pub(super) const PERSON: &str = "alice.of.the.suite";

/// Which kind of plan a module runs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// Basic, implicit and hybrid: `client_secret_basic`.
    Core,
    /// The same with `response_mode=form_post`.
    FormPost,
    /// Dynamic: `private_key_jwt`.
    Dynamic,
}

impl Plan {
    pub(super) fn method(self) -> &'static str {
        match self {
            Self::Core | Self::FormPost => "client_secret_basic",
            Self::Dynamic => "private_key_jwt",
        }
    }
}

/// One run of a module.
#[derive(Clone, Copy, Debug)]
pub(super) struct Variant {
    pub(super) plan: Plan,
    pub(super) kind: ResponseType,
}

/// A server, and the machine of the suite that clients publish on.
pub(super) struct Suite {
    pub(super) app: TestApp,
    pub(super) elsewhere: Elsewhere,
    pub(super) http: Client,
    pub(super) metadata: Value,
    pub(super) jwks: Value,
    authority: Authority,
}

/// The settings of the conformance profile, as far as they are not those of [`TestApp`].
fn profile(config: &mut Config) {
    config.openid.response_types_supported = ResponseType::ALL.to_vec();
    config.openid.request_uri_parameter_supported = true;
    config.openid.frontchannel_logout = true;
    config.registration.access = RegistrationAccess::Open;
    config.registration.pkce_policy = PkcePolicy::Optional;
    config.registration.per_address_per_hour = 0;
    config.registration.redirect_errors = RedirectErrors::Always;
}

impl Suite {
    /// Discovery and the keys come first in every module.
    pub(super) async fn start(database: TestDatabase, more: fn(&mut Config)) -> Self {
        let authority = Authority::new();
        let elsewhere = Elsewhere::start(&authority);
        let outbound = elsewhere.allowed_by(&authority);
        let config = move |config: &mut Config| {
            profile(config);
            config.outbound = outbound;
            more(config);
        };
        let options = TestOptions {
            tls: Some(authority.certify(&["localhost", "127.0.0.1"])),
            config: Box::new(config),
            ..TestOptions::default()
        };
        let app = TestApp::start_with(database, options).await;
        person(&app).await;
        let http = trusting(&authority).redirect(Policy::none()).build().unwrap();
        let mut suite = Self { app, elsewhere, http, metadata: Value::Null, jwks: Value::Null, authority };
        suite.metadata = suite.get(&suite.app.url("/.well-known/openid-configuration")).await.json();
        suite.jwks = suite.get(suite.endpoint("jwks_uri")).await.json();
        checks::jwks(&suite.jwks);
        suite
    }

    pub(super) fn endpoint(&self, name: &str) -> &str {
        checks::https(&self.metadata, name)
    }

    pub(super) fn announces(&self, list: &str, value: &str) -> bool {
        self.metadata[list].as_array().unwrap_or_else(|| panic!("no {list}")).contains(&json!(value))
    }

    pub(super) fn trusting(&self) -> ClientBuilder {
        trusting(&self.authority)
    }

    pub(super) async fn get(&self, url: &str) -> Page {
        Page::read(self.http.get(url).send().await.unwrap()).await
    }
}

fn trusting(authority: &Authority) -> ClientBuilder {
    let certificate = Certificate::from_pem(&std::fs::read(authority.file()).unwrap()).unwrap();
    Client::builder().no_proxy().tls_certs_only([certificate])
}

async fn person(app: &TestApp) {
    let text = |value: &str| Some(value.to_owned());
    let now = app.now();
    let profile = Profile {
        name: text("Alice Louise Moreau"),
        given_name: text("Alice"),
        family_name: text("Moreau"),
        middle_name: text("Louise"),
        nickname: text("Ali"),
        profile: text("https://alice.example/about"),
        picture: text("https://alice.example/picture.jpg"),
        website: text("https://alice.example"),
        gender: text("female"),
        birthdate: text("1990-01-02"),
        zoneinfo: text("Europe/Paris"),
        locale: text("fr-FR"),
        address: Some(Address { formatted: text("1 rue de l'Exemple\n75001 Paris"), ..Address::default() }),
    };
    let user = User {
        email: text("alice.of.the.suite@example.test"),
        email_verified_at: Some(now),
        phone_number: text("+33 1 55 55 01 00"),
        phone_number_verified_at: Some(now),
        profile,
        groups: Vec::new(),
        ..User::new(UserId::from_random(jwt::random::bytes::<16>()), PERSON, now)
    };
    store::users::insert(&app.store, &user).await.unwrap();
    let phc = auth::passwords::hash_blocking(&app.config.passwords, PASSWORD).unwrap();
    store::passwords::set(&app.store, &user.id, &phc, now).await.unwrap();
}

/// In which runs a module takes part, and what it adds to the registration of its client.
pub(super) struct Runs {
    plans: &'static [Plan],
    kinds: fn(ResponseType) -> bool,
    added: Value,
    config: fn(&mut Config),
}

/// Modules of the basic, implicit and hybrid plans, with and without form_post.
pub(super) fn core() -> Runs {
    runs(&[Plan::Core, Plan::FormPost])
}

/// Modules of the dynamic plans.
pub(super) fn dynamic() -> Runs {
    runs(&[Plan::Dynamic])
}

/// Modules of all of them.
pub(super) fn everywhere() -> Runs {
    runs(&[Plan::Core, Plan::FormPost, Plan::Dynamic])
}

/// The logout plans and that of third-party login: `code` only here, `client_secret_basic`.
pub(super) fn code_only() -> Runs {
    runs(&[Plan::Core]).of(|kind| kind == ResponseType::Code)
}

fn runs(plans: &'static [Plan]) -> Runs {
    Runs { plans, kinds: |_| true, added: json!({}), config: |_| {} }
}

impl Runs {
    /// Only response types with this property.
    pub(super) fn of(self, kinds: fn(ResponseType) -> bool) -> Self {
        Self { kinds, ..self }
    }

    /// Members of the registration. `B/` at the beginning of a value is the module's address at the suite, `E/` the one that the
    /// server under test can fetch from.
    pub(super) fn adding(self, added: Value) -> Self {
        Self { added, ..self }
    }

    pub(super) fn with(self, config: fn(&mut Config)) -> Self {
        Self { config, ..self }
    }

    pub(super) fn variants(&self) -> Vec<Variant> {
        let kinds = || ResponseType::ALL.iter().copied().filter(|kind| (self.kinds)(*kind));
        self.plans.iter().flat_map(|&plan| kinds().map(move |kind| Variant { plan, kind })).collect()
    }

    /// Registers the client, runs the module, deletes the client.
    pub(super) async fn run(self, test: impl AsyncFn(&Module<'_>)) {
        self.started(async |suite, variant| {
            let module = Module::begin(suite, variant, &self.added).await;
            test(&module).await;
            module.end().await;
        })
        .await;
    }

    /// Leaves the registration to the module.
    pub(super) async fn started(&self, test: impl AsyncFn(&Suite, Variant)) {
        let variants = self.variants();
        assert!(!variants.is_empty());
        for database in engines() {
            let suite = Suite::start(database, self.config).await;
            for variant in &variants {
                let _says = Says(*variant);
                test(&suite, *variant).await;
            }
        }
    }
}

/// Tells which run it was when a test fails.
struct Says(Variant);

impl Drop for Says {
    fn drop(&mut self) {
        use std::io::Write as _;
        if std::thread::panicking() {
            let _ = writeln!(std::io::stderr(), "in the run {:?}", self.0);
        }
    }
}
