//! The pages of the error catalogue.

use askama::Template;
use protocol::error::ErrorCode;

use super::Page;
use super::parts::{Link, Shell};
use super::prelude::*;
use crate::web::catalogue::{self, Actor, Explanation};

/// `errors/list.html`: every code with its meaning.
#[derive(Clone, Debug, Template)]
#[template(path = "errors/list.html")]
pub struct CataloguePage {
    pub shell: Shell,
    pub codes: Vec<(Link, &'static str)>,
}

/// `errors/code.html`: one code.
#[derive(Clone, Debug, Template)]
#[template(path = "errors/code.html")]
pub struct ErrorCodePage {
    pub shell: Shell,
    pub code: ErrorCode,
    /// The number of the refused request, when it has the form of ours.
    pub trace_id: Option<String>,
    /// Where all codes are listed.
    pub all: String,
}

impl ErrorCodePage {
    fn explanation(&self) -> Explanation {
        self.shell.locale.explanation(self.code)
    }

    fn example(&self) -> &'static str {
        catalogue::example(self.code)
    }

    fn actors(&self) -> Vec<&'static str> {
        let texts = self.shell.texts;
        let name = |actor: &Actor| match actor {
            Actor::Person => texts.codes.person,
            Actor::Developer => texts.codes.developer,
            Actor::Operator => texts.codes.operator,
        };
        catalogue::actors(self.code).iter().map(name).collect()
    }
}

impl Page for CataloguePage {}

impl Page for ErrorCodePage {}
