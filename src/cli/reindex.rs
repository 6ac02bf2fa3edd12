//! Flags of `ragctl reindex`.

use clap::{ArgGroup, Args};

use super::{
    groups::{ChunkArgs, ProviderArgs, StoreArgs},
    settings::Flags,
};

/// Embed a DB with another model, or cut it into other chunks, while it answers.
///
/// Builds the next generation of the DB from its stored texts, beside the one that answers questions; when it has everything, it
/// takes over in one step. Whatever is ingested or removed meanwhile is in it. It works slowly enough to leave the machine to
/// questions. A build that is interrupted goes on when the same is said again. The generation before is kept, so that `--back`
/// is quick, until `--drop`.
///
/// A server that runs on the same data directory notices by itself. It needs the embedder of the generation that answers: one that
/// is configured with another goes on with the generation before, says so in /health and takes no documents; start it again
/// with the embedder that you have built with. Sizes of chunks that are set for a server (CHUNK_SIZE) hold for its DBs: where they
/// are others than those given here, it cuts the DB again; leave them out there, and a DB keeps its own.
#[derive(Debug, Clone, Default, Args)]
#[command(
    group = ArgGroup::new("step").args(["no_swap", "swap", "back", "drop", "list"]),
    after_help = "Examples:\n  ragctl reindex --embedder ollama --embed-model bge-m3\n  ragctl reindex --chunk-size 500 --no-swap\n  ragctl try --questions questions.txt\n  ragctl reindex --swap\n  ragctl reindex --back"
)]
pub struct ReindexArgs {
    /// Build the next generation, and let the present one go on answering
    #[arg(long)]
    pub no_swap: bool,
    /// Let the generation that was built take over
    #[arg(long)]
    pub swap: bool,
    /// Go back to the generation that answered before
    #[arg(long)]
    pub back: bool,
    /// Drop all generations that do not answer
    #[arg(long)]
    pub drop: bool,
    /// List the generations
    #[arg(long)]
    pub list: bool,
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

impl ReindexArgs {
    /// The flags that were given, by setting.
    pub fn flags(&self) -> Flags {
        let mut flags = Flags::new();
        self.store.flags(&mut flags);
        self.chunks.flags(&mut flags);
        self.provider.flags(&mut flags);
        flags
    }
}
