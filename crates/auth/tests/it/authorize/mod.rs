//! `/authorize`: requests and their answers.

mod answer;
mod parameters;
mod prompt;
mod redirect;
mod request;
mod request_object;
mod request_object_signature;
mod request_uri;
mod response_types;
mod unchecked_client;
