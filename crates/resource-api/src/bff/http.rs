//! The adapter between the `openidconnect` crate and the HTTP client of this crate: answers have a limit of size, and a failure is
//! told without anything that was sent. Time-outs, TLS and redirects are the client's (`http.rs` of the crate).

use std::future::Future;
use std::pin::Pin;

use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};

use crate::http::{Unread, body_of, causes};

const MAX_BYTES: usize = 512 * 1024;

#[derive(Clone, Debug)]
pub(crate) struct Http(pub(crate) reqwest::Client);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpError {
    #[error("{}", causes(.0))]
    Transport(#[from] reqwest::Error),
    #[error("the answer is larger than 512 KB")]
    TooLarge,
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = HttpError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let mut answer = self.0.execute(request.try_into()?).await?;
            let (status, headers) = (answer.status(), std::mem::take(answer.headers_mut()));
            let body = body_of(answer, MAX_BYTES).await.map_err(|error| match error {
                Unread::TooLarge => HttpError::TooLarge,
                Unread::Ended(error) => HttpError::Transport(error),
            })?;
            let mut response = HttpResponse::new(body);
            (*response.status_mut(), *response.headers_mut()) = (status, headers);
            Ok(response)
        })
    }
}
