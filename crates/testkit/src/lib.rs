//! Test support: a running server on either engine, a browser, real clients.
