//! `/app`: the client in one page. What it does in a browser with a session is tested where there are sessions.

use reqwest::Method;

use crate::api::{TestApi, send};
use crate::issuer::Issuer;

#[actix_web::test]
async fn the_client_may_run_its_own_files_and_talk_to_this_origin_alone() {
    let issuer = Issuer::start();
    let api = TestApi::start(&issuer).await;
    for (path, content_type) in [
        ("/app", "text/html; charset=utf-8"),
        ("/app/app.js", "text/javascript; charset=utf-8"),
        ("/app/app.css", "text/css; charset=utf-8"),
    ] {
        let answer = send(api.request(Method::GET, path)).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, content_type));
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        let policy = answer.header("content-security-policy");
        for directive in ["default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"] {
            assert!(policy.contains(directive), "{policy}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
    }
}
