//! A registered and a received redirect URI, side by side, for the developer who has to find the wrong letter.

/// Two addresses, taken apart where they begin to differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UriDifference {
    pub(super) same: String,
    pub(super) registered_differs: String,
    pub(super) registered_rest: String,
    pub(super) received_differs: String,
    pub(super) received_rest: String,
}

impl UriDifference {
    /// Compares with the registered address that agrees longest; `None` when there is none.
    pub fn closest<'a>(registered: impl IntoIterator<Item = &'a str>, received: &str) -> Option<Self> {
        let same = |uri: &str| common_prefix(uri, received);
        registered.into_iter().max_by_key(|uri| same(uri)).map(|uri| Self::at(uri, received, same(uri)))
    }

    fn at(registered: &str, received: &str, split: usize) -> Self {
        let (registered_differs, registered_rest) = first_letter(&registered[split..]);
        let (received_differs, received_rest) = first_letter(&received[split..]);
        Self {
            same: received[..split].to_owned(),
            registered_differs,
            registered_rest,
            received_differs,
            received_rest,
        }
    }
}

/// How many bytes two texts share at their beginning, in whole letters.
fn common_prefix(one: &str, other: &str) -> usize {
    one.chars().zip(other.chars()).take_while(|(one, other)| one == other).map(|(letter, _)| letter.len_utf8()).sum()
}

fn first_letter(text: &str) -> (String, String) {
    let (first, rest) = text.split_at(text.chars().next().map_or(0, char::len_utf8));
    (first.to_owned(), rest.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn difference(registered: &[&str], received: &str) -> [String; 3] {
        let uris = UriDifference::closest(registered.iter().copied(), received).expect("one is registered");
        [uris.same, uris.registered_differs, uris.received_differs]
    }

    #[test]
    fn the_first_differing_letter_is_marked() {
        let registered = ["https://other.example/cb", "https://notes.example/cb"];
        assert_eq!(difference(&registered, "http://notes.example/cb"), ["http", "s", ":"]);
        assert_eq!(difference(&registered, "https://notes.example/cb/"), ["https://notes.example/cb", "", "/"]);
        assert_eq!(difference(&registered, "https://notes.example/"), ["https://notes.example/", "c", ""]);
        assert_eq!(difference(&["é"], "è"), ["", "é", "è"]);
        assert_eq!(UriDifference::closest([], "https://notes.example/"), None);
    }
}
