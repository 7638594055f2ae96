//! Browsers that signed in as a person before, and what that is good for: a lane of their own when strangers guess the person's
//! password, no second factor for a while if the person asked for that, and no mail about a new device.
//!
//! The cookie `countersign_known` holds one token per account. It is no session and proves nobody: a password is still asked.

use std::cmp::Reverse;

use actix_web::HttpRequest;
use protocol::ids::{KnownBrowserId, UserId};
use protocol::secret::NamedToken;
use protocol::time::{Seconds, Timestamp};
pub use store::known_browsers::KnownBrowser;
use store::{StoreError, Won, known_browsers};

use crate::sender;
use crate::web::cookies::{self, Life};
use crate::{AppState, random};

/// A browser that was not seen for that long is a new one.
const KNOWN_FOR: Seconds = Seconds::days(365);
/// Browsers of one person; the one that was not seen for longest goes first.
pub const BROWSERS_PER_PERSON: i64 = 20;
/// Accounts that one browser is known to; the one that signed in longest ago goes first.
const ACCOUNTS_PER_BROWSER: usize = 5;

type Token = NamedToken<KnownBrowserId>;

/// What [`note`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Noted {
    /// It is known from now on.
    New(KnownBrowser),
    SeenBefore(KnownBrowser),
}

impl Noted {
    pub fn browser(&self) -> &KnownBrowser {
        match self {
            Self::New(browser) | Self::SeenBefore(browser) => browser,
        }
    }
}

/// Whether this browser signed in as that person before.
pub async fn find(
    state: &AppState,
    http: &HttpRequest,
    user: &UserId,
    now: Timestamp,
) -> Result<Option<KnownBrowser>, StoreError> {
    Ok(of_this_browser(state, http, now).await?.into_iter().find(|browser| browser.user_id == *user))
}

/// As [`find`], where it must not be told by the work whether there is such a person: as whom this browser signed in before.
pub async fn of_this_browser(
    state: &AppState,
    http: &HttpRequest,
    now: Timestamp,
) -> Result<Vec<KnownBrowser>, StoreError> {
    Ok(all(state, http, now).await?.into_iter().map(|(_, browser)| browser).collect())
}

/// The person has signed in, with everything that was asked: the browser is known from now on. Sends its cookie.
pub async fn note(state: &AppState, http: &HttpRequest, user: &UserId, now: Timestamp) -> Result<Noted, StoreError> {
    let mut known = all(state, http, now).await?;
    let ours = known.iter().position(|(_, browser)| browser.user_id == *user).map(|at| known.remove(at));
    let (token, noted) = match ours {
        Some((token, browser)) => match seen(state, http, browser, now).await? {
            Some(browser) => (token, Noted::SeenBefore(browser)),
            None => begin(state, http, user, now).await?,
        },
        None => begin(state, http, user, now).await?,
    };
    let tokens: Vec<Token> = [token].into_iter().chain(known.into_iter().map(|(token, _)| token)).collect();
    cookies::send(http, cookies::write(state, cookies::KNOWN, print(&tokens), Life::For(KNOWN_FOR)));
    Ok(noted)
}

/// The person asked to be spared the second factor in this browser for so long; 0 is not at all. Call it after [`note`].
pub async fn remember(
    state: &AppState,
    browser: &KnownBrowser,
    lasting: Seconds,
    now: Timestamp,
) -> Result<Won, StoreError> {
    let until = (lasting > Seconds(0)).then_some(now + lasting);
    known_browsers::remember(&state.store, &browser.id, &browser.user_id, until).await
}

/// Whether this browser is spared the second factor: its owner asked for that, and the settings of now would still allow as much.
pub fn is_remembered(state: &AppState, browser: &KnownBrowser, now: Timestamp) -> bool {
    let longest = now + Seconds(state.config.second_factor.remember_browser);
    browser.is_remembered(now) && browser.remembered_until.is_some_and(|until| until <= longest)
}

/// All of a person, the one seen last first.
pub async fn list(state: &AppState, user: &UserId, now: Timestamp) -> Result<Vec<KnownBrowser>, StoreError> {
    let mut browsers = known_browsers::list(&state.store, user, BROWSERS_PER_PERSON).await?;
    browsers.retain(|browser| browser.is_live(now));
    // Those of the same moment in one order, whichever page of them is asked for.
    browsers.sort_by_cached_key(|browser| (Reverse(browser.last_seen_at), browser.id.to_string()));
    Ok(browsers)
}

/// `Won::No` when the person has no such browser (any more).
pub async fn forget(state: &AppState, user: &UserId, browser: &KnownBrowserId) -> Result<Won, StoreError> {
    known_browsers::forget(&state.store, browser, user).await
}

/// No other browser is known any more, and this one is asked for the second factor again.
pub async fn forget_others(state: &AppState, http: &HttpRequest, user: &UserId) -> Result<(), StoreError> {
    let kept = find(state, http, user, state.now()).await?;
    known_browsers::forget_others(&state.store, user, kept.as_ref().map(|browser| &browser.id)).await
}

/// From now on every browser is asked for the second factor again. They stay known, so that strangers lock nobody out.
pub async fn remember_none(state: &AppState, user: &UserId) -> Result<(), StoreError> {
    known_browsers::remember_none(&state.store, user).await
}

async fn begin(
    state: &AppState,
    http: &HttpRequest,
    user: &UserId,
    now: Timestamp,
) -> Result<(Token, Noted), StoreError> {
    let token: Token = random::named_token(KnownBrowserId::from_random(random::id()));
    let browser = KnownBrowser {
        id: token.id.clone(),
        secret_hash: token.hash(),
        user_id: user.clone(),
        user_agent: sender::user_agent(http).unwrap_or_default(),
        created_at: now,
        last_seen_at: now,
        remembered_until: None,
        expires_at: now + KNOWN_FOR,
    };
    known_browsers::insert(&state.store, &browser, BROWSERS_PER_PERSON - 1).await?;
    Ok((token, Noted::New(browser)))
}

/// `None` when it was forgotten this moment.
async fn seen(
    state: &AppState,
    http: &HttpRequest,
    before: KnownBrowser,
    now: Timestamp,
) -> Result<Option<KnownBrowser>, StoreError> {
    let browser = KnownBrowser {
        user_agent: sender::user_agent(http).unwrap_or_default(),
        last_seen_at: now,
        expires_at: now + KNOWN_FOR,
        ..before
    };
    let (id, expires_at) = (&browser.id, browser.expires_at);
    let won = known_browsers::seen(&state.store, id, &browser.user_agent, now, expires_at).await?;
    Ok(match won {
        Won::Yes => Some(browser),
        Won::No => None,
    })
}

/// The tokens of the cookie that still stand for somebody.
async fn all(state: &AppState, http: &HttpRequest, now: Timestamp) -> Result<Vec<(Token, KnownBrowser)>, StoreError> {
    let cookie = cookies::read(state, http, cookies::KNOWN).unwrap_or_default();
    let mut known = Vec::new();
    for token in parse(&cookie) {
        if let Some(browser) = known_browsers::find(&state.store, &token.id).await?
            && browser.secret_hash == token.hash()
            && browser.is_live(now)
        {
            known.push((token, browser));
        }
    }
    Ok(known)
}

fn parse(cookie: &str) -> Vec<Token> {
    cookies::tokens(cookie).take(ACCOUNTS_PER_BROWSER).collect()
}

fn print(tokens: &[Token]) -> String {
    cookies::list(&tokens[..tokens.len().min(ACCOUNTS_PER_BROWSER)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn token(number: u8) -> Token {
        Token::new(KnownBrowserId::from_random([number; 16]), [number; 32])
    }

    #[test]
    fn a_browser_keeps_the_accounts_that_signed_in_last() {
        let tokens: Vec<_> = (0..7).map(token).collect();
        let read = parse(&print(&tokens));
        assert_eq!(read.len(), ACCOUNTS_PER_BROWSER);
        assert!(read.iter().zip(&tokens).all(|(read, token)| read.id == token.id && read.hash() == token.hash()));
    }

    #[test]
    fn the_longest_cookie_is_far_from_what_browsers_keep() {
        let tokens: Vec<_> = (0..7).map(token).collect();
        assert!(print(&tokens).len() < 512);
    }

    proptest! {
        #[test]
        fn no_cookie_makes_it_panic_or_look_up_more_than_five(cookie in "[A-Za-z0-9._~-]{0,600}|.{0,80}") {
            prop_assert!(parse(&cookie).len() <= ACCOUNTS_PER_BROWSER);
        }
    }
}
