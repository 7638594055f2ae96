//! The way on from a sign-in that is over: back to the app that it was for, or to the account. An ended interaction stays in the
//! database for a day, so that whoever comes back to an old tab, a bookmark or the page before is not left standing.

use protocol::client::Client;
use protocol::metadata::paths;
use store::StoreError;
use store::interactions::Interaction;
use url::Url;

use crate::AppState;
use crate::web::cards;
use crate::web::error::PageError;
use crate::web::interaction::{Purpose, purpose};
use crate::web::pages::{Link, Onward};

/// For the browser that the interaction began in.
pub(super) async fn ended(
    state: &AppState,
    interaction: &Interaction,
    error: PageError,
) -> Result<PageError, StoreError> {
    let onward = match purpose(interaction) {
        Ok(Purpose::OwnPage(page)) => Some(Onward::Retry(cards::path(state, &page.path))),
        Ok(Purpose::Authorize(params)) => match client(state, interaction).await? {
            Some(client) => {
                // The request as it was, unless it was too long to be kept: the app may still wait for its answer, and asks anew if
                // it does not.
                let again = format!("{}?{}", cards::path(state, paths::AUTHORIZE), params.encode());
                let kept = (!interaction.parameters.is_empty()).then_some(again);
                start(state, &client).or(kept).map(|href| start_again(&client, href))
            }
            None => None,
        },
        Err(_) => None,
    };
    Ok(match onward {
        Some(onward) => error.onward(onward),
        None => error,
    })
}

/// For a browser that lost its cookie, or never had it: what anybody may know, but nothing of the request.
pub(super) async fn without_cookie(
    state: &AppState,
    interaction: &Interaction,
    error: PageError,
) -> Result<PageError, StoreError> {
    if interaction.return_to.is_some() {
        return Ok(error);
    }
    let client = client(state, interaction).await?;
    let onward = client.and_then(|client| Some(start_again(&client, start(state, &client)?)));
    Ok(match onward {
        Some(onward) => error.onward(onward),
        None => error,
    })
}

async fn client(state: &AppState, interaction: &Interaction) -> Result<Option<Client>, StoreError> {
    let client = store::clients::find(&state.store, &interaction.client_id).await?;
    Ok(client.filter(|client| client.disabled_at.is_none()))
}

fn start_again(client: &Client, href: String) -> Onward {
    Onward::StartAgain(Link { href, label: client.name.clone() })
}

/// The address of the app that begins a sign-in; else its home page.
fn start(state: &AppState, client: &Client) -> Option<String> {
    if let Some(uri) = &client.initiate_login_uri
        && let Ok(mut url) = Url::parse(uri)
    {
        // OpenID Connect Core §4: the parameter `iss` names "the issuer identifier for the OP".
        url.query_pairs_mut().append_pair("iss", state.issuer().as_str());
        return Some(url.into());
    }
    let home = client.client_uri.as_deref().and_then(|uri| Url::parse(uri).ok())?;
    (home.scheme() == "https").then(|| home.into())
}
