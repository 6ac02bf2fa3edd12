//! The `ragctl` binary: parse, dispatch, exit.

use std::process::ExitCode;

use ragctl::{cli, commands};

fn main() -> ExitCode {
    commands::run(cli::parse()).into()
}
