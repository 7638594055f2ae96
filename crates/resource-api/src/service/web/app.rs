//! `/app`: a small client in one page, as a front end on the same site would be. It signs in through `/bff/login` and has no
//! tokens; the session cookie is all it knows of.
//!
//! Its policy lets it run and style itself with its own two files and talk to this origin, nothing else.

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY};

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/// The client.
#[utoipa::path(get, path = "/app", operation_id = "showApp", tag = "app", responses((status = 200, description = "A page", body = String, content_type = "text/html")))]
pub(crate) async fn page() -> HttpResponse {
    answer("text/html; charset=utf-8", include_str!("app/index.html"))
}

/// Its script.
#[utoipa::path(get, path = "/app/app.js", operation_id = "showAppScript", tag = "app", responses((status = 200, description = "A script", body = String, content_type = "text/javascript")))]
pub(crate) async fn script() -> HttpResponse {
    answer("text/javascript; charset=utf-8", include_str!("app/app.js"))
}

/// Its style.
#[utoipa::path(get, path = "/app/app.css", operation_id = "showAppStyle", tag = "app", responses((status = 200, description = "A style sheet", body = String, content_type = "text/css")))]
pub(crate) async fn style() -> HttpResponse {
    answer("text/css; charset=utf-8", include_str!("app/app.css"))
}

fn answer(content_type: &'static str, body: &'static str) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, content_type))
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((REFERRER_POLICY, "no-referrer"))
        .insert_header(("cross-origin-opener-policy", "same-origin"))
        .insert_header(("cross-origin-resource-policy", "same-origin"))
        .insert_header((CACHE_CONTROL, "no-cache"))
        .body(body)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_client_is_small_and_has_nothing_inline() {
        let files = [include_str!("app/index.html"), include_str!("app/app.js"), include_str!("app/app.css")];
        assert!(files.iter().map(|file| file.len()).sum::<usize>() < 12_000);
        let page = files[0];
        for inline in ["<style", "style=", "onclick=", "onsubmit=", "javascript:"] {
            assert!(!page.contains(inline), "{inline}");
        }
        assert_eq!(page.matches("<script").count(), page.matches("<script src=").count());
        for sink in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("] {
            assert!(!files[1].contains(sink), "{sink}");
        }
    }
}
