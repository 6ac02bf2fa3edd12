//! Flags of `ragctl verify`.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::{docs::DocsPlaceArgs, settings::Flags};

/// Check a stored answer against the documents as they are now.
///
/// Each quote of the answer is looked up in its document: whether the words stand there, in the version that was cited, and
/// whether the document has changed since. The exit status is 1 when a quote is not there any more, or only in another
/// version.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Examples:\n  ragctl query --json \"How long are releases kept?\" > answer.json\n  ragctl verify answer.json\n  ragctl verify --url http://localhost:8001 --json - < answer.json"
)]
pub struct VerifyArgs {
    /// The answer, as `ragctl query --json` or `/query` gave it; - reads stdin
    #[arg(value_name = "ANSWER.json", value_hint = ValueHint::FilePath)]
    pub answer: PathBuf,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
    /// Where the documents are.
    #[command(flatten)]
    pub place: DocsPlaceArgs,
}

impl VerifyArgs {
    /// The flags that were given, by setting.
    pub fn flags(&self) -> Flags {
        let mut flags = Flags::new();
        self.place.store.flags(&mut flags);
        flags
    }
}
