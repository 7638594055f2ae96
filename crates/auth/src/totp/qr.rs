//! A text as a picture for the camera of a phone: SVG that stands in the page, without style of its own.

use std::fmt::Write as _;

use fast_qr::{ECL, QRBuilder};

/// ISO/IEC 18004 asks for four light modules around it.
const QUIET: usize = 4;

/// The dark modules as one path of horizontal lines. Draw it with a stroke of width 1 on a light ground, in light and in dark
/// mode alike: many apps do not read light on dark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QrCode {
    /// Width and height with the quiet zone.
    pub side: usize,
    /// The `d` of the path.
    pub path: String,
}

impl QrCode {
    /// `None` when the text is longer than a picture can hold. On a screen nothing is torn or dirty, so the least redundancy,
    /// and with it the largest modules, is best.
    pub fn of(text: &str) -> Option<Self> {
        let code = QRBuilder::new(text).ecl(ECL::L).build().ok()?;
        let mut path = String::new();
        for row in 0..code.size {
            draw(&mut path, row, &code[row][..code.size].iter().map(|module| module.value()).collect::<Vec<_>>());
        }
        Some(Self { side: code.size + 2 * QUIET, path })
    }

    /// The whole picture; `alt` says in words what it is. Colours are presentation attributes, which any rule of a style sheet
    /// for the classes outweighs.
    pub fn svg(&self, alt: &str) -> String {
        let Self { side, path } = self;
        let alt = alt.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
        format!(
            "<svg class=\"qr\" role=\"img\" aria-label=\"{alt}\" viewBox=\"0 0 {side} {side}\" \
             shape-rendering=\"crispEdges\"><path class=\"qr-light\" fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/>\
             <path class=\"qr-dark\" stroke=\"#000\" d=\"{path}\"/></svg>"
        )
    }
}

/// One move per row, then dark runs and the gaps between them, in steps relative to the last.
fn draw(path: &mut String, row: usize, modules: &[bool]) {
    let mut gap = 0;
    let mut begun = false;
    for run in modules.chunk_by(|one, next| one == next) {
        let length = run.len();
        if run.first() != Some(&true) {
            gap += length;
            continue;
        }
        let _ = match begun {
            false => write!(path, "M{} {}.5h{length}", gap + QUIET, row + QUIET),
            true => write!(path, "m{gap} 0h{length}"),
        };
        (gap, begun) = (0, true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Follows the path as a browser would, and gives back which modules are dark.
    fn drawn(code: &QrCode) -> Vec<Vec<bool>> {
        let mut dark = vec![vec![false; code.side]; code.side];
        let (mut x, mut y) = (0, 0);
        for row in code.path.split('M').skip(1) {
            for piece in row.split('m') {
                let (to, length) = piece.split_once('h').expect("a move and a line");
                let (to_x, to_y) = to.split_once(' ').expect("two coordinates");
                match to_y.strip_suffix(".5") {
                    Some(row) => (x, y) = (to_x.parse().expect("a number"), row.parse().expect("a number")),
                    None => x += to_x.parse::<usize>().expect("a number"),
                }
                let length: usize = length.parse().expect("a number");
                dark[y][x..x + length].fill(true);
                x += length;
            }
        }
        dark
    }

    #[test]
    fn the_picture_reads_back() {
        for text in [
            "otpauth://totp/Countersign:ada@example.org?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Countersign",
            "A",
            &"ä".repeat(300),
        ] {
            let code = QrCode::of(text).expect("is short enough");
            let dark = drawn(&code);
            let scale = 3;
            let side = code.side * scale;
            let seen = |x: usize, y: usize| if dark[y / scale][x / scale] { 0 } else { 255 };
            let mut image = rqrr::PreparedImage::prepare_from_greyscale(side, side, seen);
            let (_, read) = image.detect_grids()[0].decode().expect("is readable");
            assert_eq!(read, text);
        }
    }

    #[test]
    fn it_is_small_and_says_nothing_inline() {
        let uri = "otpauth://totp/A%20Longer%20Brand:somebody.with.a.name@mail.example.org\
                   ?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=A%20Longer%20Brand";
        let svg = QrCode::of(uri).expect("is short enough").svg("Picture of the \"secret\" <for the app>");
        assert!(svg.len() < 5_000, "{}", svg.len());
        assert!(
            !svg.contains("style")
                && svg.contains("aria-label=\"Picture of the &quot;secret&quot; &lt;for the app&gt;\"")
        );
    }

    #[test]
    fn what_no_picture_can_hold_has_none() {
        assert_eq!(QrCode::of(&"x".repeat(3_000)), None);
    }
}
