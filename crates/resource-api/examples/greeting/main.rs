//! A service whose routes need access tokens. `docs/protect-an-api.md` shows it word for word.

use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer};
use resource_api::{Caller, ResourceServer, Routes, Settings, authenticated, get, layer, public, require};

fn routes() -> Routes {
    Routes::new()
        .add(get("/health", health).guard(public()))
        .add(get("/me", me).guard(authenticated()))
        .add(get("/greeting", greet).guard(require("notes:read")))
}

async fn health() -> &'static str {
    "well\n"
}

async fn me(caller: Caller) -> String {
    let permissions: Vec<&str> = caller.permissions().collect();
    format!("{} may {}\n", caller.subject(), permissions.join(", "))
}

async fn greet(caller: Caller) -> String {
    format!("Hello, {}!\n", caller.subject())
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let settings = Settings::from_env()?;
    let address = settings.public_url.replace("http://", "");
    let server = ResourceServer::new(settings, routes())?;
    let _keys = server.keep_fresh();
    let app = move || {
        let server = server.clone();
        App::new().wrap(from_fn(layer)).configure(move |app| server.configure(app))
    };
    let service = HttpServer::new(app).bind(&address)?;
    println!("listening on {address}");
    Ok(service.run().await?)
}

#[cfg(test)]
mod tests;
