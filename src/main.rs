//! The `ragctl` binary: parse, dispatch, exit.

use std::process::ExitCode;

use clap::Parser;
use ragctl::{cli::Cli, commands};

fn main() -> ExitCode {
    commands::run(Cli::parse()).into()
}
