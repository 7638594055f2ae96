//! A REST API protected by access tokens: validator, guards and an example service.
