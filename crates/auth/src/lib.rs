//! The authorization server: endpoints, pages, sessions, tokens.
