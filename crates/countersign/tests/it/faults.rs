//! Settings that are wrong: told at once, each with file, line, column and the way out; exit code 78.

use std::path::Path;

use countersign::config::{Environment, Origin, load};

use crate::support::{installation, run};

/// The complaints about a file, without its directory.
fn complaints(settings: &str, environment: &Environment) -> Vec<String> {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("countersign.toml");
    std::fs::write(&file, settings).expect("is written");
    let outcome = load(&Origin::File(file), environment);
    let complaints = outcome.expect_err("is wrong").to_string();
    complaints.lines().map(|line| line.replace(&format!("{}/", directory.path().display()), "")).collect()
}

fn told(settings: &str) -> Vec<String> {
    complaints(settings, &Environment::default())
}

const SERVER: &str = "[server]\nissuer = \"http://localhost:8080\"\n";

#[test]
fn each_fault_names_its_place_and_the_way_out() {
    let table = [
        ("isuer = 1", "4:1: server.isuer: there is no such key; did you mean issuer?"),
        ("pool_size = 3", "4:1: server.pool_size: there is no such key; it belongs to [database]"),
        (
            "flavour = 1",
            "4:1: server.flavour: there is no such key; [server] has issuer, listen, trusted_proxies, workers",
        ),
        ("workers = \"four\"", "4:11: server.workers: invalid type: string \"four\", expected usize"),
        ("workers = -1", "4:11: server.workers: invalid value: integer `-1`, expected usize"),
        ("workers = 0", "4:11: server.workers: 0 is out of range; set a value from 1 to 1024"),
        ("listen = \"localhost\"", "4:10: server.listen: invalid socket address syntax"),
        (
            "trusted_proxies = [\"10.1.2.3/8\"]",
            "4:19: server.trusted_proxies: `10.1.2.3/8` has bits behind its prefix; did you mean 10.0.0.0/8?",
        ),
        (
            "trusted_proxies = [\"0.0.0.0/0\"]",
            "4:19: server.trusted_proxies: 0.0.0.0/0 trusts everybody, so anybody could claim any address; name the \
             address or network of the proxy",
        ),
        ("[tokenz]", "4:2: tokenz: there is no such section; did you mean [tokens]?"),
        (
            "[tokens]\nacces_token_lifetime = 5",
            "5:1: tokens.acces_token_lifetime: there is no such key; did you mean access_token_lifetime?",
        ),
        (
            "[tokens]\nauthorization_code_lifetime = 601",
            "5:31: tokens.authorization_code_lifetime: 601 is out of range; set a value from 5 to 600",
        ),
        (
            "[accounts]\ndeletion_grace = 86400",
            "5:18: accounts.deletion_grace: 86400 is out of range; set 0, or a value from 172800 to 7776000",
        ),
        (
            "[second_factor]\nremember_browser = 3600",
            "5:20: second_factor.remember_browser: 3600 is out of range; set 0, or a value from 7200 to 31536000",
        ),
        (
            "[keys]\nalgorithms = [\"ES256\"]",
            "5:14: keys.algorithms: lacks RS256, which OpenID Connect demands; add \"RS256\"",
        ),
        ("[log]\nformat = \"xml\"", "5:10: log.format: unknown variant `xml`, expected `text` or `json`"),
        (
            "[tls]\ncertificate = \"a.pem\"",
            "5:15: tls.certificate: is set, but tls.mode is not \"pem\"; set the mode, or remove the key",
        ),
        (
            "[tls]\nmode = \"self-signed\"",
            "2:10: server.issuer: the issuer http://localhost:8080 is http, but tls.mode is on; write the issuer with \
             https, or set tls.mode to \"off\"",
        ),
        (
            "[database]\nurl = \"mysql://localhost/x\"",
            "5:7: database.url: begins neither with sqlite: nor with postgres://; write for example \
             sqlite:countersign.db",
        ),
        ("[database]\nurl = { fil = \"x\" }", "5:7: database.url: is neither a text nor { file = \"…\" }"),
        ("[branding]\nname = { file = \"x\" }", "5:8: branding.name: invalid type: map, expected a string"),
    ];
    for (extra, expected) in table {
        let settings = format!("{SERVER}\n{extra}\n");
        assert_eq!(told(&settings), [format!("countersign.toml:{expected}")], "{extra}");
    }
}

#[test]
fn an_issuer_that_is_none_is_refused_with_the_rule() {
    for (issuer, rule) in [
        ("http://id.example.com", "http is for loopback hosts only; everywhere else it must be https"),
        ("https://id.example.com/", "it must not end with a slash"),
        ("https://id.example.com?x=1", "it must not have a query"),
    ] {
        let told = told(&format!("[server]\nissuer = \"{issuer}\"\n"));
        assert_eq!(told, [format!("countersign.toml:2:10: server.issuer: not an issuer: {rule}")]);
    }
}

#[test]
fn an_https_issuer_without_tls_and_without_a_proxy_is_refused() {
    let told = told("[server]\nissuer = \"https://id.example.com\"\n");
    assert_eq!(told.len(), 1);
    assert!(told[0].starts_with("countersign.toml: tls.mode: the issuer https://id.example.com is https"), "{told:?}");
    assert!(told[0].contains("server.trusted_proxies"));
}

#[test]
fn all_faults_are_told_at_once() {
    let told =
        told("[server]\nworkerz = 1\n[tokens]\nid_token_lifetime = \"x\"\naccess_token_lifetime = true\n[loog]\n");
    let places: Vec<_> = told.iter().map(|line| line.split(' ').next().unwrap_or_default()).collect();
    assert_eq!(told.len(), 5, "{told:?}");
    assert!(places.contains(&"countersign.toml:2:1:") && places.contains(&"countersign.toml:6:2:"), "{told:?}");
    assert!(told.iter().any(|line| line.contains("server.issuer: is missing; write for example issuer =")));
}

#[test]
fn what_is_no_toml_is_refused_with_its_line() {
    let told = told("[server]\nissuer = \n");
    assert!(told[0].starts_with("countersign.toml:2:10: "), "{told:?}");
}

#[test]
fn an_unreadable_secret_is_refused_with_its_file() {
    let told = told(&format!("{SERVER}[database]\nurl = {{ file = \"secrets/none\" }}\n"));
    let expected =
        "countersign.toml:4:7: database.url: cannot read secrets/none: No such file or directory (os error 2)";
    assert_eq!(told, [expected]);
}

#[test]
fn a_fault_of_a_variable_names_the_variable() {
    for (variable, value, expected) in [
        (
            "COUNTERSIGN_TOKENS__ACCESS_TOKEN_LIFETIM",
            "5",
            "there is no such setting; did you mean COUNTERSIGN_TOKENS__ACCESS_TOKEN_LIFETIME?",
        ),
        ("COUNTERSIGN_ISSUER", "x", "there is no such setting; did you mean COUNTERSIGN_SERVER__ISSUER?"),
        ("COUNTERSIGN_DATABASE__POOL_SIZE", "many", "database.pool_size: invalid type: string \"many\", expected u32"),
        ("COUNTERSIGN_DATABASE__POOL_SIZE", "0", "database.pool_size: 0 is out of range; set a value from 1 to 1000"),
    ] {
        let told = complaints(SERVER, &Environment::of([(variable, value)]));
        assert_eq!(told, [format!("{variable}: {expected}")]);
    }
}

#[test]
fn a_faulty_file_ends_with_78_and_json_on_demand() {
    let directory = installation("workers = 0\n");
    for verb in ["serve", "check"] {
        let ended = run(directory.path(), &[verb]);
        assert_eq!(ended.code, 78, "{ended:?}");
        assert_eq!(
            ended.err.trim(),
            "countersign.toml:3:11: server.workers: 0 is out of range; set a value from 1 to 1024"
        );
    }
    let ended = run(directory.path(), &["check", "--json"]);
    let told: serde_json::Value = serde_json::from_str(&ended.err).expect("is JSON");
    assert_eq!(told["error"], "configuration");
    assert_eq!(told["problems"][0]["line"], 3);
    assert_eq!(told["problems"][0]["key"], "server.workers");
}

#[test]
fn a_public_issuer_over_plain_http_is_not_served() {
    let directory = installation("");
    let settings = directory.path().join("countersign.toml");
    for issuer in ["http://id.example.com", "https://id.example.com"] {
        std::fs::write(&settings, format!("[server]\nissuer = \"{issuer}\"\n")).expect("is written");
        let ended = run(directory.path(), &["serve"]);
        assert_eq!((ended.code, ended.err.lines().count()), (78, 1), "{ended:?}");
    }
}

#[test]
fn without_any_settings_the_way_out_is_told() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    if Path::new("/etc/countersign/countersign.toml").exists() {
        return; // this machine has settings
    }
    let ended = run(directory.path(), &["serve"]);
    assert_eq!(ended.code, 78);
    assert!(ended.err.contains("no settings file was found") && ended.err.contains("countersign init"), "{ended:?}");
}

#[test]
fn a_command_line_that_makes_no_sense_ends_with_2() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    for arguments in [
        &["sreve"][..],
        &["serve", "--port"],
        &["init"],
        &["dev", "--port", "65534"],
        &["key", "rotate", "--alg", "HS256"],
    ] {
        let ended = run(directory.path(), arguments);
        assert_eq!(ended.code, 2, "{arguments:?}: {ended:?}");
    }
}

#[test]
fn help_tells_exit_codes_and_an_example() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    assert!(run(directory.path(), &["--help"]).out.contains("78"));
    for verb in ["dev", "serve", "init", "check", "healthcheck"] {
        assert!(run(directory.path(), &[verb, "--help"]).out.contains("Example"), "{verb}");
    }
    assert_eq!(run(directory.path(), &["version"]).out.trim(), format!("countersign {}", env!("CARGO_PKG_VERSION")));
}
