//! A browser as people recognise it, from its `User-Agent` header. A short table is enough: nothing is decided by it, and the header
//! itself stands beside the words.

use store::sessions::Origin;

use super::words::fill_each;
use crate::text::AccountTexts;
use crate::web::pages::{DeviceKind, DeviceLine};

/// A mark in the header, and what it stands for. The first one that is found counts: others pretend to be the later ones.
const BROWSERS: [(&str, &str); 12] = [
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("HeadlessChrome/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
];
const SYSTEMS: [(&str, &str, DeviceKind); 7] = [
    ("iPhone", "iPhone", DeviceKind::Phone),
    ("iPad", "iPad", DeviceKind::Phone),
    ("Android", "Android", DeviceKind::Phone),
    ("Windows", "Windows", DeviceKind::Computer),
    ("Mac OS X", "macOS", DeviceKind::Computer),
    ("CrOS", "ChromeOS", DeviceKind::Computer),
    ("Linux", "Linux", DeviceKind::Computer),
];

/// The browser of a session or an event.
pub(crate) fn of_origin(texts: &AccountTexts, origin: &Origin) -> DeviceLine {
    line(texts, origin.user_agent.as_deref().unwrap_or_default())
}

pub(crate) fn line(texts: &AccountTexts, user_agent: &str) -> DeviceLine {
    let browser = BROWSERS.iter().find(|(mark, _)| user_agent.contains(mark)).map(|(_, name)| *name);
    let system = SYSTEMS.iter().find(|(mark, _, _)| user_agent.contains(mark));
    let words = match (browser, system) {
        (Some(browser), Some((_, system, _))) => {
            fill_each(texts.browser_on_system, &[("browser", browser), ("system", system)])
        }
        (Some(one), None) => one.to_owned(),
        (None, Some((_, system, _))) => (*system).to_owned(),
        (None, None) => texts.unknown_browser.to_owned(),
    };
    DeviceLine {
        words,
        header: Some(user_agent).filter(|header| !header.is_empty()).map(str::to_owned),
        kind: system.map_or(DeviceKind::Computer, |(_, _, kind)| *kind),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Locale;

    #[test]
    fn browsers_are_recognised_behind_their_pretences() {
        let texts = &Locale::En.texts().account;
        for (header, words) in [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0", "Firefox on Linux"),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Safari/605.1.15",
                "Safari on macOS",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/140.0 Mobile/15E148 Safari/604.1",
                "Chrome on iPhone",
            ),
            (
                "Mozilla/5.0 (Linux; Android 16; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36",
                "Chrome on Android",
            ),
            ("curl/8.9.1", "curl"),
            ("", "Unknown browser"),
        ] {
            assert_eq!(line(texts, header).words, words, "{header}");
        }
        assert_eq!(line(texts, "").header, None);
    }
}
