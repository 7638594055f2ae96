//! A web app that signs people in with OpenID Connect and calls an API: what a relying-party developer writes.
