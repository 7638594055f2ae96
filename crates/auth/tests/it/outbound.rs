//! What the server asks of others: the guard, the limits, and what it never does (security OA-133, OA-136, OA-142, OA-158).

use std::io::ErrorKind;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use auth::config::OutboundConfig;
use auth::outbound::{Answer, Outbound, OutboundError, Reason, Refused};
use futures_util::future::join_all;
use protocol::time::Seconds;
use testkit::elsewhere::{Authority, Elsewhere, Reply};

const JSON: &str = "application/json";

fn outbound(config: &OutboundConfig) -> Outbound {
    Outbound::new(config).unwrap()
}

fn server() -> (Elsewhere, Outbound) {
    let authority = Authority::new();
    let elsewhere = Elsewhere::start(&authority);
    let outbound = outbound(&elsewhere.allowed_by(&authority));
    (elsewhere, outbound)
}

async fn get(outbound: &Outbound, url: &str) -> Result<Answer, OutboundError> {
    outbound.get("the document", url, JSON).await
}

async fn refusal(outbound: &Outbound, url: &str) -> Reason {
    get(outbound, url).await.expect_err(url).reason
}

#[actix_web::test]
async fn a_document_is_fetched_with_nothing_but_what_is_needed() {
    let (elsewhere, outbound) = server();
    let reply = Reply::new("{}").with_header("content-type", "application/jwk-set+json");
    let reply = reply.with_header("cache-control", "public, max-age=90").with_header("set-cookie", "a=b; Secure");
    elsewhere.publish("/jwks", reply);
    for _ in 0..2 {
        let answer = get(&outbound, &elsewhere.url("/jwks?a=b#part")).await.unwrap();
        assert_eq!(answer.body, b"{}");
        assert_eq!(answer.content_type.as_deref(), Some("application/jwk-set+json"));
        assert_eq!(answer.max_age, Some(Seconds(90)));
    }
    for request in elsewhere.received() {
        assert_eq!((request.method.as_str(), request.path.as_str()), ("GET", "/jwks?a=b"));
        let mut names: Vec<_> = request.headers.keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["accept", "host", "user-agent"]);
        assert_eq!(request.headers["accept"], JSON);
        assert!(request.headers["user-agent"].starts_with("countersign/"));
    }
}

/// The test above once more, in a process whose environment names a proxy.
#[test]
fn a_proxy_of_the_environment_is_not_used() {
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    proxy.set_nonblocking(true).unwrap();
    let url = format!("http://{}", proxy.local_addr().unwrap());
    let again = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "outbound::a_document_is_fetched_with_nothing_but_what_is_needed"])
        .envs(["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"].map(|name| (name, &url)))
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&again.stdout).into_owned();
    assert!(again.status.success() && said.contains("1 passed"), "{said}");
    assert!(!connected(&proxy));
}

#[actix_web::test]
async fn redirects_are_not_followed() {
    let (elsewhere, outbound) = server();
    for status in [301, 302, 303, 307, 308] {
        elsewhere.publish("/moved", Reply::status(status).with_header("location", "/there"));
        let error = get(&outbound, &elsewhere.url("/moved")).await.expect_err("moved");
        assert!(matches!(error.reason, Reason::Status(found) if found == status));
        assert!(error.to_string().ends_with("(redirects are not followed)"), "{error}");
        let error = outbound.post_form("the notice", &elsewhere.url("/moved"), &[("a", "b")]).await;
        assert!(matches!(error.expect_err("moved").reason, Reason::Status(found) if found == status));
    }
    assert!(elsewhere.received().iter().all(|request| request.path == "/moved"));
}

#[actix_web::test]
async fn only_200_is_an_answer() {
    let (elsewhere, outbound) = server();
    for status in [201, 204, 206, 400, 404, 500] {
        elsewhere.publish("/jwks", Reply { status, ..Reply::new("{}") });
        let reason = refusal(&outbound, &elsewhere.url("/jwks")).await;
        assert!(matches!(reason, Reason::Status(found) if found == status), "{status}: {reason}");
    }
}

#[actix_web::test]
async fn an_answer_has_at_most_64_kib() {
    let (elsewhere, outbound) = server();
    elsewhere.publish("/whole", Reply::new(vec![b' '; 64 * 1024]));
    elsewhere.publish("/more", Reply::new(vec![b' '; 64 * 1024 + 1]));
    elsewhere.publish("/parts", Reply { body: vec![vec![b' '; 1024]; 65], ..Reply::new("") });
    assert_eq!(get(&outbound, &elsewhere.url("/whole")).await.unwrap().body.len(), 64 * 1024);
    for path in ["/more", "/parts"] {
        let reason = refusal(&outbound, &elsewhere.url(path)).await;
        assert!(matches!(reason, Reason::TooLarge), "{path}: {reason}");
    }
}

#[actix_web::test]
async fn the_whole_exchange_has_one_limit_of_time() {
    let authority = Authority::new();
    let elsewhere = Elsewhere::start(&authority);
    let limits = OutboundConfig { timeout_ms: 400, logout_timeout_ms: 400, ..elsewhere.allowed_by(&authority) };
    let outbound = outbound(&limits);
    elsewhere.publish("/late", Reply::new("{}").after(Duration::from_mins(1)));
    let drip = Reply { pause: Duration::from_millis(100), body: vec![b" ".to_vec(); 600], ..Reply::new("") };
    elsewhere.publish("/drip", drip);
    elsewhere.publish("/quick", Reply::new("{}"));
    get(&outbound, &elsewhere.url("/quick")).await.expect("the limit is no hindrance");
    for path in ["/late", "/drip"] {
        let started = Instant::now();
        let reason = refusal(&outbound, &elsewhere.url(path)).await;
        assert!(matches!(reason, Reason::TimedOut), "{path}: {reason}");
        assert!(started.elapsed() < Duration::from_secs(2), "{path}: {:?}", started.elapsed());
    }
    let error = outbound.post_form("the notice", &elsewhere.url("/late"), &[]).await;
    assert!(matches!(error.expect_err("late").reason, Reason::TimedOut));
    // A listener that never accepts, so that nobody speaks TLS with us.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = format!("localhost:{}", silent.local_addr().unwrap().port());
    let config = OutboundConfig { timeout_ms: 400, allowed_private_addresses: vec![host.clone()], ..limits };
    let outbound = Outbound::new(&config).unwrap();
    assert!(matches!(refusal(&outbound, &format!("https://{host}/")).await, Reason::TimedOut));
}

#[actix_web::test]
async fn a_certificate_must_be_trusted_and_of_that_name() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let untrusted = Elsewhere::start(&stranger);
    let elsewhere = Elsewhere::start_with(authority.certify(&["keys.example"]));
    for (server, word) in [(&untrusted, "invalid peer certificate: "), (&elsewhere, "not valid for name")] {
        server.publish("/jwks", Reply::new("{}"));
        let error = get(&outbound(&server.allowed_by(&authority)), &server.url("/jwks")).await.expect_err("untrusted");
        assert!(matches!(&error.reason, Reason::Unreachable(cause) if cause.contains(word)), "{error}");
        assert_eq!(server.count(), 0, "nothing is told to a stranger");
    }
}

/// Whether somebody has knocked.
fn connected(listener: &TcpListener) -> bool {
    match listener.accept() {
        Ok(_) => true,
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::WouldBlock);
            false
        }
    }
}

#[actix_web::test]
async fn nobody_knocks_at_a_private_address() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let exceptions = vec![format!("other.test:{port}"), "localhost:1".to_owned()];
    let outbound = outbound(&OutboundConfig { allowed_private_addresses: exceptions, ..OutboundConfig::default() });
    for host in [
        "localhost",
        "127.0.0.1",
        "127.1",
        "127.0.1.1",
        "0.0.0.0",
        "0",
        "0x7f.1",
        "0x7f000001",
        "0177.0.0.1",
        "2130706433",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "user@localhost",
    ] {
        let url = format!("https://{host}:{port}/");
        let error = get(&outbound, &url).await.expect_err(host);
        assert!(matches!(error.reason, Reason::Refused(_)), "{host}: {error}");
        let error = outbound.post_form("the notice", &url, &[]).await.expect_err(host);
        assert!(matches!(error.reason, Reason::Refused(_)), "{host}: {error}");
        assert!(!connected(&listener), "{host}");
    }
    let error = get(&outbound, &format!("https://localhost:{port}/")).await.expect_err("private");
    let text = error.to_string();
    assert!(text.starts_with(&format!("the document at localhost:{port}: refused, ")), "{text}");
    assert!(text.contains("is loopback") && text.ends_with("to outbound.allowed_private_addresses"), "{text}");
    // The listener would have noticed.
    drop(std::net::TcpStream::connect(("127.0.0.1", port)).unwrap());
    assert!(connected(&listener));
}

#[actix_web::test]
async fn an_exception_opens_one_host_and_port_and_https_only() {
    let authority = Authority::new();
    let (elsewhere, neighbour) = (Elsewhere::start(&authority), Elsewhere::start(&authority));
    let by_address = elsewhere.host.replace("localhost", "127.0.0.1");
    let mut config = elsewhere.allowed_by(&authority);
    elsewhere.publish("/jwks", Reply::new("{}"));
    neighbour.publish("/jwks", Reply::new("{}"));
    let named = outbound(&config);
    get(&named, &elsewhere.url("/jwks")).await.expect("is excepted");
    let plain = elsewhere.url("/jwks").replace("https", "http");
    for url in [neighbour.url("/jwks"), format!("https://{by_address}/jwks"), plain] {
        let reason = refusal(&named, &url).await;
        assert!(matches!(reason, Reason::Refused(_)), "{url}: {reason}");
    }
    config.allowed_private_addresses.push(by_address.clone());
    get(&outbound(&config), &format!("https://{by_address}/jwks")).await.expect("is excepted by address");
    assert_eq!((elsewhere.count(), neighbour.count()), (2, 0));
}

#[actix_web::test]
async fn ports_of_other_services_are_left_alone() {
    let outbound = outbound(&OutboundConfig::default());
    for port in [22, 25, 80, 465, 993] {
        let reason = refusal(&outbound, &format!("https://keys.example:{port}/")).await;
        assert!(matches!(reason, Reason::Refused(Refused::Port)), "{port}: {reason}");
    }
}

#[actix_web::test]
async fn a_form_is_told_and_a_success_is_one() {
    let (elsewhere, outbound) = server();
    let form = [("logout_token", "a.b.c"), ("x", "ä &=")];
    for status in [200, 204] {
        elsewhere.publish("/logout", Reply { body: vec![vec![b' '; 100_000]], ..Reply::status(status) });
        let answered = outbound.post_form("the notice", &elsewhere.url("/logout"), &form).await.unwrap();
        assert_eq!(answered.as_u16(), status);
    }
    let request = &elsewhere.received()[0];
    assert_eq!((request.method.as_str(), request.body.as_str()), ("POST", "logout_token=a.b.c&x=%C3%A4+%26%3D"));
    assert_eq!(request.headers["content-type"], "application/x-www-form-urlencoded");
    for status in [400, 404, 500, 503] {
        elsewhere.publish("/logout", Reply::status(status));
        let error = outbound.post_form("the notice", &elsewhere.url("/logout"), &form).await.expect_err("failed");
        assert!(matches!(error.reason, Reason::Status(found) if found == status), "{error}");
    }
}

/// One host with eight ports, and another host.
async fn crowd_at_a_slow_host(authority: &Authority) -> Option<Duration> {
    let slow: Vec<_> = (0..8).map(|_| Elsewhere::start(authority)).collect();
    let quick = Elsewhere::start(authority);
    quick.publish("/jwks", Reply::new("{}"));
    let by_address = quick.host.replace("localhost", "127.0.0.1");
    let mut config = OutboundConfig { timeout_ms: 1_500, ..quick.allowed_by(authority) };
    config.allowed_private_addresses = slow.iter().map(|server| server.host.clone()).collect();
    config.allowed_private_addresses.push(by_address.clone());
    let (outbound, quick_url) = (outbound(&config), format!("https://{by_address}/jwks"));
    get(&outbound, &quick_url).await.expect("makes the HTTP client");
    for server in &slow {
        server.publish("/jwks", Reply::new("{}").after(Duration::from_mins(1)));
    }
    let started = Instant::now();
    let urls: Vec<_> = (0..64).map(|number: usize| slow[number % 8].url("/jwks")).collect();
    let crowd = join_all(urls.iter().map(|url| get(&outbound, url)));
    let other = async { get(&outbound, &quick_url).await.ok().map(|_| started.elapsed()) };
    let (crowd, other) = futures_util::future::join(crowd, other).await;
    let reasons: Vec<_> = crowd.into_iter().map(|outcome| outcome.expect_err("is slow").reason).collect();
    let (late, busy): (Vec<_>, Vec<_>) = reasons.iter().partition(|reason| matches!(reason, Reason::TimedOut));
    assert!(busy.iter().all(|reason| matches!(reason, Reason::Busy)), "{busy:?}");
    // Four, and perhaps some that found a place in their last millisecond.
    assert!((4..10).contains(&late.len()), "{late:?}");
    let asked: usize = slow.iter().map(Elsewhere::count).sum();
    assert!((4..10).contains(&asked), "the others never knocked: {asked}");
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
    other
}

#[actix_web::test]
async fn a_slow_host_holds_up_itself_and_nobody_else_whatever_its_port() {
    let authority = Authority::new();
    // Hosts share counters by chance, anew in each client; that happens seldom.
    let others = [crowd_at_a_slow_host(&authority).await, crowd_at_a_slow_host(&authority).await];
    assert!(others.iter().flatten().any(|after| *after < Duration::from_secs(1)), "{others:?}");
}

#[actix_web::test]
async fn errors_name_host_and_reason_and_nothing_of_the_rest() {
    let (elsewhere, outbound) = server();
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (authority, host) = (Authority::new(), format!("localhost:{nobody}"));
    let config = OutboundConfig { allowed_private_addresses: vec![host.clone()], ..elsewhere.allowed_by(&authority) };
    let closed = get(&Outbound::new(&config).unwrap(), &format!("https://{host}/path?secret=1")).await;
    let missing = get(&outbound, &elsewhere.url("/path?secret=1")).await;
    let refused = get(&outbound, "https://localhost/path?secret=1").await;
    let odd = get(&outbound, "https://user:secret@localhost/path").await;
    for error in [closed, missing, refused, odd].map(|outcome| outcome.expect_err("fails")) {
        assert!(!error.to_string().contains("secret") && !error.to_string().contains("path"), "{error}");
        assert!(!format!("{error:?}").contains("secret"), "{error:?}");
    }
}

#[actix_web::test]
async fn a_file_of_authorities_that_is_none_is_told_at_start() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let garbage = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for pem in ["", "no certificate in here", garbage, "-----BEGIN CERTIFICATE-----\n"] {
        std::fs::write(file.path(), pem).unwrap();
        let config = OutboundConfig { extra_ca: Some(file.path().to_owned()), ..OutboundConfig::default() };
        assert_eq!(Outbound::new(&config).expect_err("is none").key, "outbound.extra_ca", "{pem:?}");
    }
    let missing = OutboundConfig { extra_ca: Some("/nowhere/ca.pem".into()), ..OutboundConfig::default() };
    let problem = Outbound::new(&missing).expect_err("is missing").to_string();
    assert!(problem.starts_with("outbound.extra_ca: /nowhere/ca.pem: No such file"), "{problem}");
}
