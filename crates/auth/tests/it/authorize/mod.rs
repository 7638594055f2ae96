//! `/authorize`: requests and their answers.

mod answer;
mod prompt;
mod redirect;
mod request;
