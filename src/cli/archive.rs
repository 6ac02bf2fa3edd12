//! Flags of `ragctl export` and `ragctl import`.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::{groups::StoreArgs, settings::Flags};

/// Write a DB into one file.
///
/// The file holds documents, texts, metadata, chunks and vectors of the generation that answers questions, as of one moment, and a
/// checksum over all of it. A server may run and write meanwhile.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Example:\n  ragctl export handbook.ragctl --db handbook")]
pub struct ExportArgs {
    /// The file
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,
    /// Replace a file that is there
    #[arg(long)]
    pub replace: bool,
    /// Where documents are kept.
    #[command(flatten)]
    pub store: StoreArgs,
}

/// Make a DB of a file that `ragctl export` wrote.
///
/// A file that is not whole, or was changed, is refused, and nothing is made then. The DB is there in one step: a server on the
/// same data directory may run, and answers from the new one.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Example:\n  ragctl import handbook.ragctl --db handbook")]
pub struct ImportArgs {
    /// The file
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,
    /// Replace a DB that is there
    #[arg(long)]
    pub replace: bool,
    /// Where documents are kept.
    #[command(flatten)]
    pub store: StoreArgs,
}

impl ExportArgs {
    /// The flags that were given, by setting.
    pub fn flags(&self) -> Flags {
        let mut flags = Flags::new();
        self.store.flags(&mut flags);
        flags
    }
}

impl ImportArgs {
    /// The flags that were given, by setting.
    pub fn flags(&self) -> Flags {
        let mut flags = Flags::new();
        self.store.flags(&mut flags);
        flags
    }
}
