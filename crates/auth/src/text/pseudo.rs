//! Two languages that nobody speaks, made from English, to rehearse pages for languages that we do not have yet.
//!
//! `en-XA` has accents and is two fifths longer, as many languages are: what is cut off or hard-coded shows at once. `ar-XB`
//! is written from right to left in letters that nobody meant. Neither is ever negotiated; `?lang=` asks for one in
//! development mode.

use std::sync::LazyLock;

use super::{Piece, Texts, pieces};

pub(super) static ACCENTED: LazyLock<Texts> = LazyLock::new(|| Texts::ENGLISH.map(accented));
pub(super) static MIRRORED: LazyLock<Texts> = LazyLock::new(|| Texts::ENGLISH.map(mirrored));

/// What a longer language would need beside the words.
const FILLER: &str = "łõřém îpşüm ðölör şîţ";

fn accented(sentence: &'static str) -> &'static str {
    let letters = sentence.chars().count();
    let longer: String = FILLER.chars().cycle().take((letters * 2).div_ceil(5)).collect();
    keep(format!("⟦{} {}⟧", words(sentence, accent), longer.trim()))
}

fn mirrored(sentence: &'static str) -> &'static str {
    keep(words(sentence, mirror))
}

/// Made once for a run of the program, so they may stay.
fn keep(sentence: String) -> &'static str {
    String::leak(sentence)
}

/// Changes the words, but not the holes.
fn words(sentence: &str, letter: fn(char) -> char) -> String {
    let change = |piece: Piece<'_>| match piece {
        Piece::Text(words) => words.chars().map(letter).collect(),
        Piece::Hole(name) => format!("{{{name}}}"),
    };
    pieces(sentence).into_iter().map(change).collect()
}

fn accent(letter: char) -> char {
    swap(letter, "aceginorstuyACEGINORSTUY", "áçéğîñöřšţûýÁÇÉĞÎÑÖŘŠŢÛÝ")
}

fn mirror(letter: char) -> char {
    let small = letter.to_ascii_lowercase();
    swap(
        if small.is_ascii_lowercase() { small } else { letter },
        "abcdefghijklmnopqrstuvwxyz?,;",
        "ابصدعفغهيجكلمنوطقرستئڤثخذز؟،؛",
    )
}

fn swap(letter: char, from: &str, to: &str) -> char {
    from.chars().zip(to.chars()).find(|(one, _)| *one == letter).map_or(letter, |(_, other)| other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_longer_language_keeps_the_holes() {
        assert_eq!(accented("to continue to {client}"), "⟦ţö çöñţîñûé ţö {client} łõřém îpşü⟧");
        assert_eq!(accented("Show"), "⟦Šhöw łõ⟧");
    }

    #[test]
    fn the_other_direction_keeps_the_holes() {
        let sentence = mirrored("Sign in to {client}, 2 times?");
        assert!(sentence.contains("{client}، 2 "), "{sentence}");
        assert!(!sentence.replace("{client}", "").contains(|letter: char| letter.is_ascii_alphabetic()), "{sentence}");
    }
}
