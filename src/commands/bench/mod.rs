//! `ragctl bench`.

mod ab;
mod parts;
mod results;
mod run;

use crate::{
    cli::{BenchAction, BenchArgs, ExitStatus},
    providers,
};

pub(super) async fn run(args: BenchArgs, colors: Option<bool>) -> anyhow::Result<ExitStatus> {
    providers::install_tls();
    match args.action {
        None => run::run(args.run, colors).await,
        Some(BenchAction::Compare(args)) => results::compare(&args),
        Some(BenchAction::Ab(args)) => ab::run(*args).await,
        Some(BenchAction::Merge(args)) => results::merge(&args, colors),
    }
}
