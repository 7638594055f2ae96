//! TLS ended by the program: from PEM files that change while it serves, and from an authority of its own.

use std::fs::{self, Permissions};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, NamedGroup, ProtocolVersion, RootCertStore, SupportedProtocolVersion};
use tempfile::TempDir;

use crate::support::{Running, countersign, free_ports, run, succeed};

struct Handshake {
    version: ProtocolVersion,
    group: NamedGroup,
    certificate: Vec<u8>,
}

/// One handshake with nothing but the given versions and the given authority.
fn handshake(port: u16, authority: &str, versions: &[&'static SupportedProtocolVersion]) -> Result<Handshake, String> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.as_bytes()).expect("PEM")).expect("a certificate");
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(versions)
        .expect("known versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").expect("a name");
    let mut client = ClientConnection::new(Arc::new(config), name).expect("a client");
    let mut stream = TcpStream::connect(("127.0.0.1", port)).map_err(|error| error.to_string())?;
    while client.is_handshaking() {
        client.complete_io(&mut stream).map_err(|error| error.to_string())?;
    }
    Ok(Handshake {
        version: client.protocol_version().expect("is settled"),
        group: client.negotiated_key_exchange_group().expect("is settled").name(),
        certificate: client.peer_certificates().expect("there is one")[0].to_vec(),
    })
}

fn installation(port: u16, tls: &str) -> TempDir {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let settings = format!(
        "[server]\nissuer = \"https://localhost:{port}\"\nlisten = \"127.0.0.1:{port}\"\n[tls]\n{tls}\n[log]\nlevel = \"error\"\n"
    );
    fs::write(directory.path().join("countersign.toml"), settings).expect("is written");
    directory
}

/// Writes a new self-signed certificate; gives it as PEM.
fn write_pair(directory: &Path) -> String {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a pair");
    write(&directory.join("c.pem"), &cert.pem());
    write(&directory.join("k.pem"), &signing_key.serialize_pem());
    cert.pem()
}

/// As certificate tools do it: another file takes the name.
fn write(path: &Path, text: &str) {
    let draft = path.with_extension("draft");
    fs::write(&draft, text).expect("is written");
    fs::set_permissions(&draft, Permissions::from_mode(0o600)).expect("is ours");
    fs::rename(&draft, path).expect("is renamed");
}

const PEM: &str = "mode = \"pem\"\ncertificate = \"c.pem\"\nprivate_key = \"k.pem\"";
const BOTH: [&SupportedProtocolVersion; 2] = [&rustls::version::TLS13, &rustls::version::TLS12];

#[test]
fn both_versions_are_spoken_and_the_key_exchange_is_hybrid() {
    let port = free_ports();
    let directory = installation(port, PEM);
    let authority = write_pair(directory.path());
    let server = Running::start(countersign(directory.path(), &["serve"])).listening_on(port);
    let newest = handshake(port, &authority, &BOTH).expect("a handshake");
    assert_eq!((newest.version, newest.group), (ProtocolVersion::TLSv1_3, NamedGroup::X25519MLKEM768));
    let older = handshake(port, &authority, &[&rustls::version::TLS12]).expect("a handshake");
    assert_eq!(older.version, ProtocolVersion::TLSv1_2);
    assert_eq!(succeed(directory.path(), &["healthcheck"]).out.trim(), "ready");
    assert_eq!(server.interrupt(), 0);
}

#[test]
fn changed_files_are_picked_up_while_serving_and_broken_ones_are_not() {
    let port = free_ports();
    let directory = installation(port, PEM);
    let first = write_pair(directory.path());
    let server = Running::start(countersign(directory.path(), &["serve"])).listening_on(port);
    let shown = handshake(port, &first, &BOTH).expect("a handshake").certificate;

    write(&directory.path().join("c.pem"), "nonsense");
    std::thread::sleep(Duration::from_millis(2500));
    assert_eq!(handshake(port, &first, &BOTH).expect("the old one stays").certificate, shown);

    let second = write_pair(directory.path());
    let until = Instant::now() + Duration::from_secs(15);
    while handshake(port, &second, &BOTH).is_err() {
        assert!(Instant::now() < until, "the new certificate is not picked up");
        std::thread::sleep(Duration::from_millis(200));
    }
    assert!(handshake(port, &first, &BOTH).is_err(), "the old one is no longer shown");
    assert_eq!(server.interrupt(), 0);
}

#[test]
fn a_private_key_for_everybody_and_a_foreign_one_are_refused() {
    let port = free_ports();
    let directory = installation(port, PEM);
    write_pair(directory.path());
    fs::set_permissions(directory.path().join("k.pem"), Permissions::from_mode(0o644)).expect("is ours");
    let ended = run(directory.path(), &["serve"]);
    assert_eq!(ended.code, 78);
    assert!(ended.err.contains("everybody on this machine may read it"), "{ended:?}");

    let CertifiedKey { signing_key, .. } = generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a pair");
    write(&directory.path().join("k.pem"), &signing_key.serialize_pem());
    let ended = run(directory.path(), &["check"]);
    assert_eq!(ended.code, 78);
    assert!(ended.err.contains("the certificate cannot be used"), "{ended:?}");
}

#[tokio::test]
async fn the_own_authority_is_accepted_by_those_who_got_it() {
    let port = free_ports();
    let directory = installation(port, "mode = \"self-signed\"");
    let authority = succeed(directory.path(), &["tls", "export-ca"]).out;
    assert!(authority.starts_with("-----BEGIN CERTIFICATE-----") && !authority.contains("PRIVATE"), "{authority}");
    let file = directory.path().join("tls/authority.pem");
    assert_eq!(fs::metadata(&file).expect("is kept").permissions().mode() & 0o777, 0o600);

    let server = Running::start(countersign(directory.path(), &["serve"])).listening_on(port);
    let url = format!("https://localhost:{port}/.well-known/openid-configuration");
    let stranger = reqwest::Client::builder().tls_certs_only([]).build();
    assert!(match stranger {
        Ok(client) => client.get(&url).send().await.is_err(),
        Err(_) => true,
    });
    let trust = reqwest::Certificate::from_pem(authority.as_bytes()).expect("PEM");
    let friend = reqwest::Client::builder().tls_certs_only([trust]).build().expect("a client");
    assert_eq!(friend.get(&url).send().await.expect("is accepted").status(), 200);
    handshake(port, &authority, &[&rustls::version::TLS12]).expect("TLS 1.2, too");
    assert_eq!(server.interrupt(), 0);

    let server = Running::start(countersign(directory.path(), &["serve"])).listening_on(port);
    handshake(port, &authority, &BOTH).expect("the authority survives a restart");
    assert_eq!(server.interrupt(), 0);
}

/// Of an RSA certificate with the cipher suites of TLS 1.2 that need one.
#[test]
fn the_own_authority_makes_rsa_certificates_too() {
    const RSA_ENCRYPTION: [u8; 11] = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
    let port = free_ports();
    let is_rsa =
        |handshake: &Handshake| handshake.certificate.windows(RSA_ENCRYPTION.len()).any(|it| it == RSA_ENCRYPTION);
    let directory = installation(port, "mode = \"self-signed\"");
    let authority = succeed(directory.path(), &["tls", "export-ca"]).out;
    for (key_type, expected) in [("ecdsa", false), ("rsa", true)] {
        let mut command = countersign(directory.path(), &["serve"]);
        command.env("COUNTERSIGN_TLS__KEY_TYPE", key_type);
        let server = Running::start(command).listening_on(port);
        for version in BOTH {
            let shown = handshake(port, &authority, &[version]).expect("the authority is the same");
            assert_eq!(is_rsa(&shown), expected, "{key_type} {:?}", shown.version);
        }
        assert_eq!(server.interrupt(), 0);
    }
}
