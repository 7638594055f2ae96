//! A place on https where the clients of others publish what this server then fetches: keys (`jwks_uri`), request objects
//! (`request_uri`), redirect URIs of a sector (`sector_identifier_uri`). PUT lays a document there, GET reads it.

use std::collections::HashMap;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use actix_web::http::Method;
use actix_web::web::{Bytes, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use testkit::elsewhere::Authority;

type Documents = Mutex<HashMap<String, (String, Bytes)>>;

/// Serves until the test ends.
pub(crate) struct Shelf {
    /// `localhost` and the port, as `outbound.allowed_private_addresses` writes it.
    pub host: String,
}

impl Shelf {
    pub(crate) fn start(authority: &Authority) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = format!("localhost:{}", listener.local_addr().unwrap().port());
        let documents = Data::from(Arc::new(Documents::default()));
        let server = HttpServer::new(move || App::new().app_data(documents.clone()).default_service(web::to(answer)));
        let server =
            server.workers(1).disable_signals().listen_rustls_0_23(listener, authority.certify(&["localhost"]));
        actix_web::rt::spawn(server.unwrap().run());
        Self { host }
    }
}

async fn answer(request: HttpRequest, body: Bytes, documents: Data<Documents>) -> HttpResponse {
    let mut documents = documents.lock().unwrap();
    if request.method() == Method::PUT {
        let media_type = request.headers().get("content-type").map_or("", |value| value.to_str().unwrap());
        documents.insert(request.path().to_owned(), (media_type.to_owned(), body));
        return HttpResponse::NoContent().finish();
    }
    match documents.get(request.path()) {
        Some((media_type, document)) => HttpResponse::Ok().content_type(media_type.as_str()).body(document.clone()),
        None => HttpResponse::NotFound().finish(),
    }
}
