//! Documents in: read, cut, embed, store, one document whole or not at all.
//!
//! Files are prepared in parallel on blocking threads; finished documents are written in batches, each batch one
//! transaction. A file that fails is reported and does not stop the others. A document that is already stored in the
//! same state costs one hash.

mod again;
mod job;
mod metadata;
mod ocr;
mod prepare;
mod run;
mod sources;
mod threads;
mod tracked;

use std::{collections::HashSet, fmt, path::Path, sync::Arc, time::Duration};

use futures::{StreamExt, stream};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

pub(in crate::rag) use again::{Remade, remake};
pub(in crate::rag) use job::{Embedded, embed_chunks};
use job::{Failure, Job};
pub use metadata::{MetadataRule, MetadataRules};
pub use ocr::{Ocr, OcrCommand, OcrCommandError};
pub use prepare::PIPELINE_VERSION;
pub(in crate::rag) use prepare::recipe;
use run::Run;
pub use sources::{
    DocumentRoots, Look, MAX_LISTED_ERRORS, MAX_PATH_CHARS, RootSight, Scope, SelectLimits, Selection, SourceFile,
};
pub(in crate::rag) use sources::{is_passed_over, is_settled};
pub use threads::FileThreadError;
use threads::{Done, FileThreads};
pub use tracked::{
    Renamed, StoredAs, StoredFile, file_shape, hash_file, look_at_files, on_file_thread, rename_document,
};

use super::{Db, RagError, chunk::Chunker, extract};
use crate::{
    domain::{ChunkSizes, Metadata},
    providers::Embedder,
    store::EmbedderRecord,
};

/// Documents in a row that fail because the embedder is away before the rest is not tried any more.
const GIVE_UP_AFTER: usize = 3;

/// Files that are read, or wait read for their preparation, at a time: each may be as large as a file may be.
const MAX_READS: usize = 32;

/// Overdue reads, of network drives that are away, before nothing more is read.
const MAX_STUCK_READS: usize = 32;

/// Selections that are made at a time, and as many may be overdue.
const MAX_SELECTIONS: usize = 16;

/// What a selection may take longer than its own bound of time, which it looks at between two calls.
const SELECTION_GRACE: Duration = Duration::from_secs(5);

static READS: FileThreads = FileThreads::new(MAX_READS, MAX_STUCK_READS);
static SELECTIONS: FileThreads = FileThreads::new(MAX_SELECTIONS, MAX_SELECTIONS);

/// A file that could not be ingested.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {error}")]
pub struct FileError {
    /// The file as the user would name it.
    pub file: String,
    /// Why not, and what to do.
    pub error: String,
}

impl FileError {
    fn new(file: impl fmt::Display, error: String) -> Self {
        Self { file: file.to_string(), error }
    }
}

/// How documents are read and cut.
#[derive(Debug, Clone)]
pub struct IngestOptions {
    /// Chunk sizes.
    pub chunking: ChunkSizes,
    /// Bounds on what a file may cost.
    pub limits: extract::Limits,
    /// Label of these documents; without one, each gets the first 8 hex digits of its content's hash.
    pub version: Option<String>,
    /// Files that are prepared at a time.
    pub parallelism: usize,
    /// Once it is cancelled, no further file is begun; what was read is stored and can be searched.
    pub stop: CancellationToken,
    /// What recognises text in scans.
    pub ocr: Ocr,
    /// Metadata of these documents; `None`: what an earlier ingestion gave stays.
    pub metadata: Option<Metadata>,
    /// Metadata by the names of documents.
    pub rules: MetadataRules,
    /// Whether somebody said the sizes of chunks; if not, a DB goes on with its own.
    pub chunking_said: bool,
}

/// What an ingestion did.
#[derive(Debug, Clone, Default)]
pub struct IngestReport {
    /// Chunks that were embedded and stored.
    pub chunks_indexed: usize,
    /// New documents.
    pub added: usize,
    /// Documents that replaced another state of themselves.
    pub updated: usize,
    /// Documents that were stored in this state already.
    pub unchanged: usize,
    /// Files in folders that are of no supported format.
    pub skipped: usize,
    /// What could not be ingested.
    pub errors: Vec<FileError>,
    /// Further paths that could not be read; only counted, because there are so many.
    pub unlisted_errors: usize,
    /// What was ingested, but not perfectly: the file, and what was lost.
    pub warnings: Vec<FileError>,
    /// It was stopped before all files were read.
    pub stopped: bool,
    /// The files whose documents are stored as they are now.
    pub stored: Vec<StoredFile>,
    /// Of those that failed, the sources that may succeed another time without having changed.
    pub worth_a_retry: HashSet<String>,
}

impl IngestReport {
    /// Documents that are stored now.
    pub fn succeeded(&self) -> usize {
        self.added + self.updated + self.unchanged
    }

    /// What could not be ingested, listed or not.
    pub fn failed(&self) -> usize {
        self.errors.len() + self.unlisted_errors
    }
}

/// What happens during an ingestion, for a progress bar.
#[derive(Debug, Clone, Copy)]
pub enum IngestEvent<'a> {
    /// So many files will be read.
    Found(usize),
    /// One file is done (stored, unchanged or failed).
    Finished {
        /// Its name.
        source: &'a str,
        /// Chunks that it came to; 0 when unchanged or failed.
        chunks: usize,
    },
    /// All documents are stored; the search is catching up.
    Indexing,
}

/// Is told what happens; called from several tasks.
pub type IngestObserver = Arc<dyn Fn(IngestEvent<'_>) + Send + Sync>;

/// An observer that looks away.
pub fn unobserved() -> IngestObserver {
    Arc::new(|_: IngestEvent<'_>| {})
}

/// Resolves paths on a thread of its own, so that a drive that does not answer keeps neither the caller nor the runtime.
///
/// # Errors
/// [`FileThreadError`], at the latest after twice the time of [`SelectLimits`]. What is wrong with single paths is in
/// the selection.
pub async fn select_files<P: AsRef<Path> + Send + 'static>(
    roots: DocumentRoots,
    paths: Vec<P>,
) -> Result<Selection, FileThreadError> {
    let limit = roots.limits().time.saturating_add(SELECTION_GRACE);
    let whole = limit.saturating_mul(2);
    let selected = SELECTIONS.run(limit, move || roots.select(&paths));
    match tokio::time::timeout(whole, selected).await {
        Ok(done) => Ok(done?.result),
        Err(_) => Err(FileThreadError::TimedOut(whole)),
    }
}

/// Reads the selected files into a DB and brings its search up to date.
///
/// # Errors
/// [`RagError::Store`] with [`StoreError::EmbedderMismatch`](crate::store::StoreError::EmbedderMismatch) when the DB holds another embedder's vectors, and what
/// makes the store itself unusable. What is wrong with single files is in the report.
pub async fn ingest(
    db: &Arc<Db>,
    embedder: &Arc<dyn Embedder>,
    selection: Selection,
    options: IngestOptions,
    observer: &IngestObserver,
) -> Result<IngestReport, RagError> {
    let chunker = Chunker::new(options.chunking).map_err(|error| RagError::Invalid(error.to_string()))?;
    let stored = blocking(db, |c| Ok(c.store().embedder()?)).await?;
    let dimension = stored.map_or(0, |stored| stored.dimension);
    let record = EmbedderRecord { id: embedder.id().to_string(), dimension };
    let report = IngestReport {
        errors: selection.errors,
        unlisted_errors: selection.unlisted_errors,
        skipped: selection.skipped,
        ..IngestReport::default()
    };
    let mut run = Run::new(db, record, observer, report);
    observer(IngestEvent::Found(selection.files.len()));

    let (parallelism, stop) = (options.parallelism.max(1), options.stop.clone());
    let job = Arc::new(Job { db: Arc::clone(db), embedder: Arc::clone(embedder), options, chunker });
    let mut outcomes = stream::iter(selection.files)
        .map(|file| {
            // A task of its own, so that it goes on while a batch is written.
            let task = AbortOnDropHandle::new(tokio::spawn(Arc::clone(&job).process(file.clone())));
            async move { (file.source, task.await.unwrap_or(Err(Failure::Interrupted))) }
        })
        .buffered(parallelism);
    let mut embedder_away = 0;
    loop {
        let (source, outcome) = tokio::select! {
            next = outcomes.next() => match next {
                Some(next) => next,
                None => break,
            },
            // What is under way is given up: its document is as it was.
            () = stop.cancelled() => {
                run.report.stopped = true;
                break;
            }
        };
        let away = matches!(&outcome, Err(Failure::Embedder(error)) if error.is_unavailable());
        embedder_away = if away { embedder_away + 1 } else { 0 };
        run.take(source, outcome).await?;
        if embedder_away == GIVE_UP_AFTER {
            break;
        }
    }
    if embedder_away == GIVE_UP_AFTER {
        run.give_up(outcomes).await;
    }
    run.flush().await?;
    observer(IngestEvent::Indexing);
    db.caught_up().await?;
    Ok(run.report)
}

/// Runs blocking work with the db on the blocking pool.
async fn blocking<T: Send + 'static>(
    db: &Arc<Db>,
    work: impl FnOnce(&Db) -> Result<T, RagError> + Send + 'static,
) -> Result<T, RagError> {
    let db = Arc::clone(db);
    tokio::task::spawn_blocking(move || work(&db)).await?
}
