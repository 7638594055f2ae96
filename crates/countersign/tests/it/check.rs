//! `countersign check`: what `serve` would refuse, found without serving and without making anything.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use crate::support::{installation, run, succeed};

#[test]
fn a_sound_installation_is_ready_and_nothing_is_made() {
    let directory = installation("");
    let ended = succeed(directory.path(), &["check"]);
    assert!(ended.out.ends_with("ready to serve http://localhost:8080\n"), "{ended:?}");
    assert_eq!(fs::read_dir(directory.path()).expect("is readable").count(), 1, "only the settings are there");
}

#[test]
fn warnings_do_not_change_the_exit_code() {
    let directory = installation("listen = \"0.0.0.0:8080\"\n[keys]\noverlap = 3600\n");
    let report = succeed(directory.path(), &["check", "--json"]).json();
    let warnings: Vec<_> = report["warnings"].as_array().expect("a list").iter().filter_map(|it| it.as_str()).collect();
    assert!(warnings.iter().any(|warning| warning.starts_with("server.listen:")), "{warnings:?}");
    assert!(warnings.iter().any(|warning| warning.starts_with("keys.overlap:")), "{warnings:?}");
}

#[test]
fn keys_that_others_may_read_are_refused() {
    let directory = installation("");
    succeed(directory.path(), &["key", "list"]);
    succeed(directory.path(), &["check"]);
    let master = directory.path().join("keys/master.key");
    fs::set_permissions(&master, Permissions::from_mode(0o640)).expect("is ours");
    for verb in ["check", "serve"] {
        let ended = run(directory.path(), &[verb]);
        assert_eq!(ended.code, 78, "{ended:?}");
        assert!(ended.err.contains("keys.directory") && ended.err.contains("master.key"), "{ended:?}");
    }
}

#[test]
fn a_password_from_our_documents_is_refused() {
    let directory = installation("[database]\nurl = \"postgres://countersign:change-me@localhost/countersign\"\n");
    let ended = run(directory.path(), &["check"]);
    assert_eq!(ended.code, 78);
    assert!(ended.err.starts_with("database.url: its password is one that everybody knows"), "{ended:?}");
}

#[test]
fn missing_and_unfit_certificates_are_refused() {
    let https = "[server]\nissuer = \"https://localhost:8443\"\n[tls]\nmode = \"pem\"\ncertificate = \"c.pem\"\nprivate_key = \"k.pem\"\n";
    let directory = installation("");
    fs::write(directory.path().join("countersign.toml"), https).expect("is written");
    let ended = run(directory.path(), &["check"]);
    assert_eq!(ended.code, 78);
    assert!(ended.err.contains("c.pem: No such file"), "{ended:?}");
    fs::write(directory.path().join("c.pem"), "nonsense").expect("is written");
    assert!(run(directory.path(), &["check"]).err.contains("there is no certificate in it"));
}

#[test]
fn authorities_that_cannot_be_read_are_refused() {
    let directory = installation("[outbound]\nextra_ca = \"ca.pem\"\n");
    for verb in ["check", "serve"] {
        let ended = run(directory.path(), &[verb]);
        assert_eq!(ended.code, 78, "{ended:?}");
        assert!(ended.err.contains("outbound.extra_ca: ") && ended.err.contains("ca.pem: No such file"), "{ended:?}");
    }
    fs::write(directory.path().join("ca.pem"), "nonsense").expect("is written");
    assert!(run(directory.path(), &["check"]).err.contains("ca.pem: there is no certificate in it"));
}

#[test]
fn the_database_is_opened_on_demand_only() {
    let directory = installation("");
    succeed(
        directory.path(),
        &[
            "client",
            "add",
            "--client-id",
            "weak",
            "--client-name",
            "Weak",
            "--redirect-uri",
            "https://a.example/cb",
            "--pkce-policy",
            "optional",
        ],
    );
    let report = succeed(directory.path(), &["check", "--database", "--json"]).json();
    assert_eq!(report["warnings"][0], "client weak: may sign people in without PKCE");
}
