//! The static files of the pages, inside the binary.
//!
//! A file's address carries a hash of its content (`/static/countersign.<hash>.css`), so a browser may keep it forever
//! and still sees a new one at once. The hash only tells versions apart (FNV-1a, 64 bits); it protects nothing.

use std::io::Write;
use std::sync::LazyLock;

use flate2::Compression;
use flate2::write::GzEncoder;

/// One file as it is served.
#[derive(Debug)]
pub struct Asset {
    /// What templates call it: `countersign.css`.
    pub name: &'static str,
    /// The last part of its address: `countersign.<hash>.css`.
    pub file: String,
    /// Its whole address below the issuer: `/static/countersign.<hash>.css`.
    pub path: String,
    pub content_type: &'static str,
    pub body: &'static [u8],
    /// The same, made small once for all who accept gzip (RFC 1952).
    pub gzip: Vec<u8>,
}

static ASSETS: LazyLock<[Asset; 8]> = LazyLock::new(|| {
    [
        asset("countersign.css", include_bytes!("../../../../templates/static/countersign.css")),
        asset("account.css", include_bytes!("../../../../templates/static/account.css")),
        asset("errors.css", include_bytes!("../../../../templates/static/errors.css")),
        asset("ui.js", include_bytes!("../../../../templates/static/ui.js")),
        asset("passkey.js", include_bytes!("../../../../templates/static/passkey.js")),
        asset("form_post.js", include_bytes!("../../../../templates/static/form_post.js")),
        asset("frontchannel_logout.js", include_bytes!("../../../../templates/static/frontchannel_logout.js")),
        asset("icon.svg", include_bytes!("../../../../templates/static/icon.svg")),
    ]
});

pub fn all() -> &'static [Asset] {
    &*ASSETS
}

/// The address of a file below the issuer, for a template.
pub fn path(name: &str) -> &'static str {
    let asset = ASSETS.iter().find(|asset| asset.name == name);
    &asset.expect("templates name files of the table; a test renders every page").path
}

/// The file that a browser asks for by the last part of the address.
pub fn find(file: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.file == file)
}

fn asset(name: &'static str, body: &'static [u8]) -> Asset {
    let (stem, extension) = name.split_once('.').expect("names of the table have an extension");
    let file = format!("{stem}.{:016x}.{extension}", fnv1a(body));
    Asset { name, path: format!("/static/{file}"), file, content_type: content_type(extension), body, gzip: gzip(body) }
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let written = encoder.write_all(body).and_then(|()| encoder.finish());
    written.expect("memory takes every write")
}

fn content_type(extension: &str) -> &'static str {
    match extension {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

fn fnv1a(body: &[u8]) -> u64 {
    body.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_found_by_the_address_that_a_page_names() {
        for asset in all() {
            let file = path(asset.name).strip_prefix("/static/").expect("below /static");
            assert_eq!(find(file).map(|found| found.name), Some(asset.name));
            assert_ne!(asset.content_type, "application/octet-stream", "{}", asset.name);
        }
    }

    #[test]
    fn only_the_current_address_is_served() {
        for file in ["countersign.css", "countersign.0000000000000000.css", "", "../Cargo.toml"] {
            assert!(find(file).is_none(), "{file}");
        }
    }

    #[test]
    fn the_hash_is_the_published_one() {
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
    }
}
