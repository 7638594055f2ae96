//! Passwords that a person can read from a screen and type: three words and a number.
//!
//! About 30 bits: enough for an account on this machine only, where tries are counted. Nothing else uses them.

use protocol::secret::SecretString;

/// 256 words, so that one random byte chooses one.
const WORDS: [&str; 256] = [
    "amber", "anchor", "apple", "apron", "arbor", "arrow", "aspen", "atlas", "autumn", "bacon", "badge", "bagel",
    "baker", "balcony", "bamboo", "banjo", "barley", "basil", "basket", "beacon", "beaver", "berry", "birch",
    "biscuit", "bison", "blanket", "blossom", "bonfire", "border", "bottle", "boulder", "bramble", "branch", "brass",
    "breeze", "brick", "bridge", "brisk", "bronze", "brook", "bucket", "buffalo", "butter", "button", "cabin",
    "cactus", "camel", "candle", "canoe", "canvas", "canyon", "caramel", "carbon", "cargo", "carrot", "castle",
    "cedar", "cello", "chalk", "cherry", "chess", "chimney", "cinder", "cinnamon", "circle", "citrus", "clay", "cliff",
    "clover", "cobalt", "cocoa", "comet", "compass", "copper", "coral", "cotton", "cradle", "crane", "crater",
    "crayon", "cricket", "crimson", "crystal", "curtain", "cypress", "daisy", "dapper", "dawn", "delta", "denim",
    "desert", "diamond", "dolphin", "domino", "dragon", "drizzle", "drum", "dune", "eagle", "ebony", "echo", "ember",
    "emerald", "falcon", "feather", "fern", "ferry", "fiddle", "fig", "flannel", "flint", "flute", "fog", "forest",
    "fossil", "fountain", "fox", "frost", "galaxy", "garden", "garlic", "gentle", "ginger", "glacier", "glider",
    "goblet", "golden", "granite", "grape", "gravel", "grove", "guitar", "gully", "hammer", "harbor", "harvest",
    "hazel", "heather", "helmet", "heron", "hickory", "honey", "horizon", "humble", "igloo", "indigo", "iris",
    "island", "ivory", "ivy", "jacket", "jasmine", "jasper", "jelly", "jigsaw", "juniper", "kayak", "kettle", "kiosk",
    "kite", "kiwi", "ladder", "lagoon", "lantern", "lapis", "larch", "lavender", "ledger", "lemon", "lilac", "linen",
    "lizard", "llama", "lobster", "locket", "lotus", "lunar", "lyric", "magnet", "mango", "maple", "marble", "meadow",
    "mellow", "melon", "mercury", "meteor", "mint", "mirror", "mosaic", "moss", "mountain", "muffin", "mustard",
    "nectar", "needle", "nickel", "noble", "nutmeg", "oasis", "oboe", "ocean", "olive", "onyx", "opal", "orbit",
    "orchid", "otter", "oyster", "paddle", "pancake", "panda", "papaya", "parsley", "pastel", "peach", "pebble",
    "pecan", "pelican", "pepper", "piano", "pigeon", "pillow", "pine", "planet", "plum", "pocket", "polar", "pollen",
    "poplar", "poppy", "prairie", "pretzel", "prism", "pumpkin", "quartz", "quick", "quill", "quilt", "quince",
    "rabbit", "radish", "raft", "rapid", "raven", "reef", "ribbon", "ridge", "river", "robin", "rocket", "rosemary",
    "ruby", "saddle", "saffron", "sage",
];

/// `brisk-otter-lantern-41`, drawn from six random bytes.
pub(super) fn password(random: [u8; 16]) -> SecretString {
    let word = |at: usize| WORDS[usize::from(random[at])];
    let number = 10 + u16::from_be_bytes([random[3], random[4]]) % 90;
    SecretString::new(format!("{}-{}-{}-{number}", word(0), word(1), word(2)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_there_once() {
        let mut words = WORDS.to_vec();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), 256);
        assert!(words.iter().all(|word| word.len() <= 9 && word.bytes().all(|byte| byte.is_ascii_lowercase())));
    }

    #[test]
    fn a_password_has_three_words_and_two_digits() {
        assert_eq!(password([0; 16]).expose(), "amber-amber-amber-10");
        let parts: Vec<_> = password([7, 200, 31, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
            .expose()
            .split('-')
            .map(str::to_owned)
            .collect();
        assert_eq!(parts.len(), 4);
    }
}
