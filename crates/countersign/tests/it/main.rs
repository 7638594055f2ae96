//! The program as people use it: settings and their faults, every verb, TLS, `dev`. One test binary.

mod apis;
mod check;
mod clients;
mod crash;
mod dev;
mod environment;
mod faults;
mod house;
mod init;
mod keys;
mod reference;
mod serve;
mod support;
mod tls;
mod tokens;
mod users;
