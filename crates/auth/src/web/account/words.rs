//! Times and ways to sign in, in words. Times are told in universal time, and say so: the server does not know where a reader is.

use protocol::login::AuthenticationMethod;
use protocol::time::Timestamp;
use time::{Duration, OffsetDateTime};

use crate::calendar::utc;
use crate::text::{AccountTexts, Piece, pieces};

/// `Today, 18:41 UTC`.
pub(crate) fn moment(texts: &AccountTexts, at: Timestamp, now: Timestamp) -> String {
    let (at, now) = (utc(at), utc(now));
    let time = format!("{:02}:{:02}", at.hour(), at.minute());
    if at.date() == now.date() {
        fill_each(texts.today, &[("time", &time)])
    } else if Some(at.date()) == now.checked_sub(Duration::days(1)).map(OffsetDateTime::date) {
        fill_each(texts.yesterday, &[("time", &time)])
    } else {
        fill_each(texts.day_and_time, &[("day", &written(texts, at)), ("time", &time)])
    }
}

/// `3 March 2026`.
pub(crate) fn day(texts: &AccountTexts, at: Timestamp) -> String {
    written(texts, utc(at))
}

/// How somebody signed in, by the values of `amr`.
pub(crate) fn how(texts: &AccountTexts, amr: &[String]) -> String {
    let has = |method: AuthenticationMethod| amr.iter().any(|word| word == method.name());
    let passkey = has(AuthenticationMethod::SoftwareSecuredKey) || has(AuthenticationMethod::HardwareSecuredKey);
    let words = match (has(AuthenticationMethod::Password), passkey, has(AuthenticationMethod::OneTimePassword)) {
        (true, true, _) => texts.with_password_and_passkey,
        (false, true, _) => texts.with_passkey,
        (true, false, true) => texts.with_password_and_code,
        (true, false, false) => texts.with_password,
        (false, false, true) => texts.with_code,
        (false, false, false) => return String::new(),
    };
    words.to_owned()
}

/// Puts a value into each hole by its name.
pub(crate) fn fill_each(sentence: &str, values: &[(&str, &str)]) -> String {
    let value = |name: &str| values.iter().find(|(hole, _)| *hole == name).map_or("", |(_, value)| *value);
    let words = |piece| match piece {
        Piece::Text(words) => words,
        Piece::Hole(name) => value(name),
    };
    pieces(sentence).into_iter().map(words).collect()
}

fn written(texts: &AccountTexts, at: OffsetDateTime) -> String {
    let months = [
        texts.january,
        texts.february,
        texts.march,
        texts.april,
        texts.may,
        texts.june,
        texts.july,
        texts.august,
        texts.september,
        texts.october,
        texts.november,
        texts.december,
    ];
    let month = months.get(usize::from(u8::from(at.month())) - 1).copied().unwrap_or_default();
    let (day, year) = (at.day().to_string(), at.year().to_string());
    fill_each(texts.date, &[("day", &day), ("month", month), ("year", &year)])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use protocol::time::Seconds;

    use super::*;
    use crate::text::Locale;

    /// 22 November 2026, 18:41:07.
    const NOW: Timestamp = Timestamp(1_795_372_867);

    #[test]
    fn the_nearer_a_time_the_shorter_it_is_told() {
        let (en, de) = (&Locale::En.texts().account, &Locale::De.texts().account);
        assert_eq!(moment(en, NOW, NOW), "Today, 18:41 UTC");
        assert_eq!(moment(de, NOW - Seconds::days(1), NOW), "Gestern, 18:41 UTC");
        assert_eq!(moment(en, NOW - Seconds::days(2), NOW), "20 November 2026, 18:41 UTC");
        assert_eq!(day(de, NOW), "22. November 2026");
    }

    #[test]
    fn ways_to_sign_in_have_words() {
        let texts = &Locale::En.texts().account;
        let words = |amr: &[&str]| how(texts, &amr.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        assert_eq!(words(&["pwd", "otp", "mfa"]), texts.with_password_and_code);
        assert_eq!(words(&["hwk", "user", "mfa"]), texts.with_passkey);
        assert_eq!(words(&["unheard-of"]), "");
    }

    proptest! {
        #[test]
        fn no_time_is_without_words(at: i64, now: i64) {
            prop_assert!(!moment(&Locale::De.texts().account, Timestamp(at), Timestamp(now)).is_empty());
        }
    }
}
