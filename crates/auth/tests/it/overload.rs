//! A server that is full says so at once, and goes on with everything else. Figures are in `bench/`, not here.

use std::io::Write as _;
use std::net::TcpStream;

use futures_util::future::join_all;
use testkit::app::{PASSWORD, TestApp, TestOptions};
use testkit::browser::Browser;
use testkit::database::engines;

#[actix_web::test]
async fn logins_that_cannot_be_served_are_refused_with_retry_after() {
    for database in engines() {
        let options = TestOptions {
            config: Box::new(|config| {
                config.passwords.threads = 1;
                config.passwords.max_wait_ms = 50;
                config.passwords.memory_kib = 19_456;
                config.limits.failed_logins_per_network = 100_000;
            }),
            ..TestOptions::default()
        };
        let app = TestApp::start_with(database, options).await;
        let sign_in = async || {
            let browser = Browser::new(&app);
            let page = browser.open(&app.authorize_url("first-party", &[])).await;
            browser.submit(&page, &[("username", "alice"), ("password", PASSWORD)]).await
        };
        let pages = join_all((0..40).map(|_| sign_in())).await;
        let served = pages.iter().filter(|page| page.status == 303).count();
        let refused: Vec<_> = pages.iter().filter(|page| page.status == 503).collect();
        assert_eq!(served + refused.len(), 40);
        assert!(served > 0 && !refused.is_empty(), "{served} served");
        for page in refused {
            assert!(page.header("retry-after").parse::<u32>().unwrap() >= 1);
            assert!(page.has_id("error-page"));
        }
    }
}

#[actix_web::test]
async fn nobody_holds_a_place_by_sending_slowly() {
    for database in engines() {
        let options = TestOptions {
            config: Box::new(|config| {
                config.passwords.threads = 1;
                config.passwords.max_wait_ms = 50;
            }),
            ..TestOptions::default()
        };
        let app = TestApp::start_with(database, options).await;
        let address = app.issuer.replace("http://", "");
        let head = format!(
            "POST /login HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: 1000\r\n\r\nusername=al"
        );
        let mut slow = Vec::new();
        for _ in 0..20 {
            let mut connection = TcpStream::connect(address.replace("localhost", "127.0.0.1")).unwrap();
            connection.write_all(head.as_bytes()).unwrap();
            slow.push(connection);
        }
        let browser = Browser::new(&app);
        let page = browser.open(&app.authorize_url("first-party", &[])).await;
        let page = browser.submit(&page, &[("username", "alice"), ("password", PASSWORD)]).await;
        assert_eq!(page.status, 303, "{}", page.body);
        drop(slow);
    }
}
