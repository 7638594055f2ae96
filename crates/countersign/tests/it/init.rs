//! `countersign init`: the file it writes is short, right, and keeps secrets out of itself.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::support::{run, succeed};

#[test]
fn the_written_file_passes_the_check_and_is_never_overwritten() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let at = directory.path();
    let init = ["init", "--issuer", "https://id.example.com", "--tls", "proxy", "--trusted-proxy", "10.0.0.0/8"];
    let ended = succeed(at, &init);
    assert!(ended.out.contains("countersign check --config") && ended.out.contains("countersign serve --config"));
    let text = fs::read_to_string(at.join("countersign.toml")).expect("is written");
    assert!(text.lines().count() <= 25, "{text}");
    succeed(at, &["check"]);
    assert_eq!(run(at, &init).code, 1);
}

#[test]
fn a_database_password_goes_to_a_private_file() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let at = directory.path();
    let url = "postgres://countersign:hunter2@localhost/countersign";
    succeed(
        at,
        &["init", "--issuer", "https://id.example.com", "--tls", "self-signed", "--database", url, "--out", "conf"],
    );
    let text = fs::read_to_string(at.join("conf/countersign.toml")).expect("is written");
    assert!(!text.contains("hunter2"), "{text}");
    let secret = at.join("conf/secrets/database_url");
    assert_eq!(fs::metadata(&secret).expect("is written").permissions().mode() & 0o777, 0o600);
    succeed(at, &["check", "--config", "conf/countersign.toml"]);
}

#[test]
fn without_a_person_to_ask_the_missing_flag_is_named() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let ended = run(directory.path(), &["init", "--issuer", "https://id.example.com"]);
    assert_eq!((ended.code, ended.err.trim()), (2, "--tls is needed: nobody is at the terminal to be asked"));
    let ended = run(directory.path(), &["init", "--issuer", "http://id.example.com"]);
    assert_eq!(ended.code, 2);
    assert!(ended.err.starts_with("--issuer: "), "{ended:?}");
}

#[test]
fn it_listens_where_the_issuer_is_looked_for() {
    let proxy = ["--tls", "proxy", "--trusted-proxy", "10.0.0.1"];
    for (issuer, flags, listen) in [
        ("http://localhost:9000", &[][..], "127.0.0.1:9000"),
        ("http://[::1]:9000", &[], "[::1]:9000"),
        ("http://localhost", &[], "127.0.0.1:80"),
        ("https://id.example.com", &["--tls", "self-signed"], "[::]:443"),
        ("https://id.example.com:8443", &["--tls", "self-signed"], "[::]:8443"),
        ("https://id.example.com:8443", &proxy, "127.0.0.1:8080"),
        ("https://id.example.com", &[&proxy[..], &["--listen", "[::]:9000"]].concat(), "[::]:9000"),
    ] {
        let directory = tempfile::tempdir().expect("a temporary directory");
        succeed(directory.path(), &[&["init", "--issuer", issuer], flags].concat());
        let text = fs::read_to_string(directory.path().join("countersign.toml")).expect("is written");
        assert!(text.contains(&format!("\nlisten = \"{listen}\"\n")), "{issuer}: {text}");
    }
}

#[test]
fn a_failure_leaves_nothing_behind() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let at = directory.path();
    let url = "postgres://countersign:hunter2@localhost/countersign";
    let init = ["init", "--issuer", "http://localhost:9000", "--tls", "self-signed", "--database", url, "--out", "a/b"];
    let ended = run(at, &init);
    assert_eq!(ended.code, 78);
    assert!(ended.err.starts_with("server.issuer: the issuer http://localhost:9000 is http"), "{ended:?}");
    assert_eq!(fs::read_dir(at).expect("is readable").count(), 0);
}
