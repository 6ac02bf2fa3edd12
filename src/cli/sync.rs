//! Flags of `ragctl sync`.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::{
    groups::{ChunkArgs, ProviderArgs, StoreArgs},
    settings::Flags,
};

/// Bring a DB to the state of a folder, once.
///
/// What is new or changed in the folder is read, what was renamed gets its new name without being embedded again, and
/// documents whose files are gone are deleted, as far as they came from this folder by `ragctl sync` or `ragctl serve --watch`.
/// When most of the folder is gone at once, or the folder itself, nothing is deleted without --allow-mass-delete. The exit
/// status is 1 when a file failed or a deletion was held back.
#[derive(Debug, Clone, Default, Args)]
#[command(after_help = "Examples:\n  ragctl sync handbook/ --dry-run\n  ragctl sync handbook/ --db team")]
pub struct SyncArgs {
    /// The folder
    #[arg(required = true, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub folder: PathBuf,
    /// Only say what would be done
    #[arg(long)]
    pub dry_run: bool,
    /// Delete even most of the documents, or all of them
    #[arg(long)]
    pub allow_mass_delete: bool,
    /// Where documents are kept.
    #[command(flatten)]
    pub store: StoreArgs,
    /// Sizes of chunks.
    #[command(flatten)]
    pub chunks: ChunkArgs,
    /// The embedder.
    #[command(flatten)]
    pub provider: ProviderArgs,
}

impl SyncArgs {
    /// The flags that were given, by setting.
    pub fn flags(&self) -> Flags {
        let mut flags = Flags::new();
        self.store.flags(&mut flags);
        self.chunks.flags(&mut flags);
        self.provider.flags(&mut flags);
        flags
    }
}
