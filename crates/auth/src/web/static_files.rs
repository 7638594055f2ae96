//! `/static/{file}`: hands out what `web/assets.rs` has.

use actix_web::HttpResponse;
use actix_web::http::header::{AcceptEncoding, CONTENT_ENCODING, CONTENT_TYPE, ContentEncoding, Encoding, VARY};
use actix_web::web::{Header, Path};

use crate::web::error::{PageError, Situation};
use crate::web::{assets, headers};

pub(crate) async fn get(
    file: Path<String>,
    accepted: Option<Header<AcceptEncoding>>,
) -> Result<HttpResponse, PageError> {
    let asset = assets::find(&file).ok_or_else(|| PageError::new(Situation::NotFound))?;
    let mut response = HttpResponse::Ok();
    for header in headers::asset() {
        response.insert_header(header);
    }
    response.insert_header((CONTENT_TYPE, asset.content_type)).insert_header((VARY, "accept-encoding"));
    let offers = [Encoding::gzip(), Encoding::identity()];
    if accepted.is_some_and(|accepted| accepted.negotiate(offers.iter()) == Some(Encoding::gzip())) {
        return Ok(response.insert_header((CONTENT_ENCODING, ContentEncoding::Gzip)).body(asset.gzip.as_slice()));
    }
    Ok(response.body(asset.body))
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use actix_web::body::to_bytes;
    use actix_web::test::TestRequest;
    use actix_web::{FromRequest, test};

    use super::*;

    async fn answer(name: &str, accepted: Option<&str>) -> HttpResponse {
        let mut request = TestRequest::default();
        if let Some(accepted) = accepted {
            request = request.insert_header(("accept-encoding", accepted));
        }
        let accepted = Header::extract(&request.to_http_request()).await.ok();
        let file = assets::path(name).strip_prefix("/static/").expect("below /static");
        get(Path::from(file.to_owned()), accepted).await.expect("a file of ours")
    }

    #[test]
    async fn gzip_goes_to_those_alone_who_accept_it() {
        for (accepted, zipped) in [
            (Some("gzip, deflate, br, zstd"), true),
            (Some("br;q=1, gzip;q=0.5"), true),
            (Some("gzip;q=0"), false),
            (Some("br"), false),
            (Some("identity"), false),
            (Some("a//b;;"), false),
            (None, false),
        ] {
            let response = answer("countersign.css", accepted).await;
            let encoding = response.headers().get(CONTENT_ENCODING).map(|value| value.as_bytes().to_vec());
            assert_eq!(encoding.as_deref(), zipped.then_some(b"gzip".as_slice()), "{accepted:?}");
            assert_eq!(response.headers().get(VARY).expect("stands always"), "accept-encoding");
        }
    }

    #[test]
    async fn gzip_is_the_same_file_and_smaller() {
        for asset in assets::all() {
            let body = to_bytes(answer(asset.name, Some("gzip")).await.into_body()).await.expect("in memory");
            let mut unzipped = Vec::new();
            flate2::read::GzDecoder::new(body.as_ref()).read_to_end(&mut unzipped).expect("gzip");
            assert!(unzipped == asset.body && body.len() < asset.body.len(), "{}", asset.name);
        }
    }
}
