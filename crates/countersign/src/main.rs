//! `countersign`: the one program that a person installs. Everything it does is a verb in `cli/`.

use std::process::ExitCode;

fn main() -> ExitCode {
    countersign::cli::run()
}
