//! Documents in: read, cut, embed, store, one document whole or not at all.
//!
//! Files are prepared in parallel on blocking threads; finished documents are written in batches, each batch one
//! transaction. A file that fails is reported and does not stop the others. A document that is already stored in the
//! same state costs one hash.

mod again;
mod metadata;
mod ocr;
mod prepare;
mod sources;
mod threads;
mod tracked;

use std::{
    collections::HashSet,
    fmt,
    path::Path,
    sync::{Arc, LazyLock},
    time::Duration,
};

use futures::{StreamExt, stream};
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

pub(in crate::rag) use again::{Remade, remake};

pub use metadata::{MetadataRule, MetadataRules};
pub use ocr::{Ocr, OcrCommand, OcrCommandError};
pub use prepare::PIPELINE_VERSION;
pub(in crate::rag) use prepare::recipe;
use prepare::{Content, Pending, Prepared};
pub use sources::{
    DocumentRoots, Look, MAX_LISTED_ERRORS, MAX_PATH_CHARS, RootSight, Scope, SelectLimits, Selection, SourceFile,
};
pub(in crate::rag) use sources::{is_passed_over, is_settled};
pub use threads::FileThreadError;
use threads::{Done, FileThreads};
pub use tracked::{
    Renamed, StoredAs, StoredFile, file_shape, hash_file, look_at_files, on_file_thread, rename_document,
};

use super::{
    Db, RagError,
    chunk::Chunker,
    context::{self, TextInContext},
    extract,
};
use crate::{
    domain::{ChunkSizes, DocumentMetadata, Metadata},
    providers::{Embedder, ProviderError, Unembeddable},
    resilience::CallContext,
    store::{ChunkVector, EmbedderRecord, FileVersion, Mutation, NewChunk, NewDocument, StoreError, WriteReport},
};

/// Chunks that one transaction holds at least, when there are so many: large enough that commits cost nothing beside
/// the work, small enough that a crash loses little.
const BATCH_CHUNKS: usize = 1_000;

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

/// Turns to extract and cut, over all ingestions: more than the cores can do would only take the blocking pool from
/// the questions. Extraction is bounded in time, so that every turn comes.
static PREPARATIONS: LazyLock<Semaphore> =
    LazyLock::new(|| Semaphore::new(std::thread::available_parallelism().map_or(2, usize::from) + 1));

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
/// [`RagError::Store`] with [`StoreError::EmbedderMismatch`] when the DB holds another embedder's vectors, and what
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
    let mut run = Run {
        db,
        embedder: EmbedderRecord {
            id: embedder.id().to_string(),
            dimension: stored.map_or(0, |stored| stored.dimension),
        },
        observer,
        batch: Vec::new(),
        described: Vec::new(),
        unsaid: Vec::new(),
        report: IngestReport {
            errors: selection.errors,
            unlisted_errors: selection.unlisted_errors,
            skipped: selection.skipped,
            ..IngestReport::default()
        },
    };
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

/// Why a file is not stored.
enum Failure {
    /// It cannot be read.
    File(String),
    /// The file system gave no answer.
    Unread(FileThreadError),
    /// Its chunks could not be embedded.
    Embedder(ProviderError),
    /// The store failed.
    Store(StoreError),
    /// It is being written, and no state of it could be read whole.
    Changing,
    /// The task did not end.
    Interrupted,
}

impl Failure {
    /// Whether the same file may be read another time.
    fn is_worth_a_retry(&self) -> bool {
        !matches!(self, Self::File(_))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(reason) => f.write_str(reason),
            Self::Unread(error) => error.fmt(f),
            Self::Embedder(error) => write!(f, "its text could not be embedded, so nothing of it was stored: {error}"),
            Self::Store(error) => error.fmt(f),
            Self::Changing => f.write_str("is being written at the moment, so that no state of it could be read whole"),
            Self::Interrupted => f.write_str("reading it was interrupted (the log says why)"),
        }
    }
}

/// A document that is ready to be written.
struct Ready {
    document: NewDocument,
    warnings: Vec<String>,
    /// Length of its vectors; `None` when all its chunks were known already.
    dimension: Option<usize>,
    is_new: bool,
}

/// What became of a file up to the store.
struct Processed {
    outcome: Outcome,
    content: String,
    version: Option<FileVersion>,
}

/// What is to be done with the document of a file.
enum Outcome {
    /// It is stored in this state already.
    Unchanged,
    /// It is, but for the metadata of these documents of its file.
    Described(Vec<(String, DocumentMetadata)>),
    /// It must be written, and behind it what is attached to it.
    Ready(Vec<Ready>),
}

/// What all files of an ingestion share.
struct Job {
    db: Arc<Db>,
    embedder: Arc<dyn Embedder>,
    options: IngestOptions,
    chunker: Chunker,
}

impl Job {
    /// Everything up to the store.
    async fn process(self: Arc<Self>, file: SourceFile) -> Result<Processed, Failure> {
        self.find_under_old_name(&file.source).await?;
        let to_read = file.clone();
        let limits = self.options.limits.clone();
        let Done { result: content, turn } =
            READS.run(limits.timeout, move || prepare::read(&to_read, &limits)).await.map_err(Failure::Unread)?;
        let content = content?;
        let (hash, version) = (content.hash.to_hex().to_string(), content.version);
        let turn = Arc::new(turn);
        let (prepared, content) = Arc::clone(&self).prepare(file.clone(), content, Arc::clone(&turn)).await?;
        let prepared = match (prepared, &self.options.ocr) {
            (Prepared::Scanned, Some(ocr)) => {
                let content = content.recognised_by(ocr, &self.options.limits).await;
                self.clone().prepare(file, content, turn).await?.0
            }
            (prepared, _) => prepared,
        };
        let outcome = match prepared {
            // Recognised once is all that can be done.
            Prepared::Unchanged | Prepared::Scanned => Outcome::Unchanged,
            Prepared::Described(documents) => Outcome::Described(documents),
            Prepared::Changed(pending) => {
                let mut ready = Vec::with_capacity(pending.len());
                for document in pending {
                    ready.push(self.embed(document).await?);
                }
                Outcome::Ready(ready)
            }
        };
        Ok(Processed { outcome, content: hash, version })
    }

    /// The blocking part, in its turn. `held` lasts as long as the content is worked on.
    async fn prepare(
        self: Arc<Self>,
        file: SourceFile,
        content: Content,
        held: impl Send + 'static,
    ) -> Result<(Prepared, Content), Failure> {
        let preparation = PREPARATIONS.acquire().await.map_err(|_| Failure::Interrupted)?;
        tokio::task::spawn_blocking(move || {
            // Held until the work ends, even if nobody waits for it any more.
            let _turns = (held, preparation);
            let store = self.db.store().as_ref();
            prepare::prepare(&file, &content, &self.options, &self.chunker, self.embedder.id(), store)
                .map(|prepared| (prepared, content))
        })
        .await
        .map_err(|_| Failure::Interrupted)?
    }

    async fn embed(&self, pending: Pending) -> Result<Ready, Failure> {
        let Pending { mut document, to_embed, mut warnings, is_new } = pending;
        let embedded = embed_chunks(self.embedder.as_ref(), &mut document.chunks, &to_embed).await;
        let Embedded { dimension, without } = embedded.map_err(Failure::Embedder)?;
        if let Some((n, error)) = without.first() {
            let count = without.len();
            warnings.push(format!(
                "{count} of its {} parts cannot be embedded and are found by their words alone; the first is part {}: {error}",
                document.chunks.len(),
                n + 1,
            ));
        }
        Ok(Ready { document, warnings, dimension, is_new })
    }
}

/// What embedding some chunks came to.
pub(in crate::rag) struct Embedded {
    /// Length of the vectors; `None` when there are none.
    pub(in crate::rag) dimension: Option<usize>,
    /// Positions of the chunks that cannot be embedded, and why.
    pub(in crate::rag) without: Vec<(usize, Unembeddable)>,
}

/// Gives the chunks at these positions the vectors of these texts.
pub(in crate::rag) async fn embed_chunks(
    embedder: &dyn Embedder,
    chunks: &mut [NewChunk],
    to_embed: &[(usize, TextInContext)],
) -> Result<Embedded, ProviderError> {
    let (mut dimension, mut without) = (None, Vec::new());
    for batch in to_embed.chunks(embedder.batch_size().max(1)) {
        let texts = batch.iter().map(|(_, text)| text.clone()).collect();
        let vectors = context::embed(embedder, texts, &CallContext::without_deadline()).await?;
        for (&(n, _), vector) in batch.iter().zip(vectors) {
            chunks[n].vector = match vector {
                Ok(vector) => {
                    dimension = Some(vector.len());
                    ChunkVector::Made(vector)
                }
                Err(error) => {
                    without.push((n, error));
                    ChunkVector::None
                }
            };
        }
    }
    Ok(Embedded { dimension, without })
}

/// The writing side of one ingestion.
struct Run<'a> {
    db: &'a Arc<Db>,
    /// Its dimension is known from the DB, or from the first vectors.
    embedder: EmbedderRecord,
    observer: &'a IngestObserver,
    batch: Vec<NewDocument>,
    /// Sources of documents of which only the metadata changes.
    described: Vec<(String, DocumentMetadata)>,
    /// What is to be said of the documents of the batch once they are stored.
    unsaid: Vec<StoredFile>,
    report: IngestReport,
}

impl Run<'_> {
    async fn take(&mut self, source: String, outcome: Result<Processed, Failure>) -> Result<(), RagError> {
        let mut chunks = 0;
        match outcome {
            Ok(Processed { outcome: Outcome::Unchanged, content, version }) => {
                self.report.unchanged += 1;
                let source = source.clone();
                self.report.stored.push(StoredFile { source, content, version, how: StoredAs::Unchanged });
            }
            Ok(Processed { outcome: Outcome::Described(documents), content, version }) => {
                self.unsaid.push(StoredFile { source: source.clone(), content, version, how: StoredAs::Changed });
                self.described.extend(documents);
            }
            Ok(Processed { outcome: Outcome::Ready(documents), content, version }) => {
                let is_new = documents.first().is_none_or(|of_file| of_file.is_new);
                let how = if is_new { StoredAs::New } else { StoredAs::Changed };
                self.unsaid.push(StoredFile { source: source.clone(), content, version, how });
                for Ready { document, warnings, dimension, .. } in documents {
                    chunks += document.chunks.len();
                    self.embedder.dimension = dimension.unwrap_or(self.embedder.dimension);
                    let warnings = warnings.into_iter().map(|warning| FileError::new(&document.source, warning));
                    self.report.warnings.extend(warnings);
                    self.batch.push(document);
                }
            }
            Err(failure) => {
                if failure.is_worth_a_retry() {
                    self.report.worth_a_retry.insert(source.clone());
                }
                self.report.errors.push(FileError::new(&source, failure.to_string()));
            }
        }
        (self.observer)(IngestEvent::Finished { source: &source, chunks });
        let chunks = self.batch.iter().map(|document| document.chunks.len()).sum::<usize>();
        if chunks + self.described.len() >= BATCH_CHUNKS {
            self.flush().await?;
        }
        Ok(())
    }

    /// Lists the remaining files as failed: an embedder that is away would fail each of them, slowly.
    async fn give_up(&mut self, outcomes: impl futures::Stream<Item = (String, Result<Processed, Failure>)>) {
        let reason = "not tried: the embedder is not available (see the errors above); ingest again when it is";
        let mut outcomes = std::pin::pin!(outcomes);
        while let Some((source, _)) = outcomes.next().await {
            self.report.errors.push(FileError::new(&source, reason.into()));
            self.report.worth_a_retry.insert(source.clone());
            (self.observer)(IngestEvent::Finished { source: &source, chunks: 0 });
        }
    }

    async fn flush(&mut self) -> Result<(), RagError> {
        let described = std::mem::take(&mut self.described);
        if !described.is_empty() {
            let described = Mutation::Describe { documents: described.into() };
            self.report.updated += self.db.commit(described).await?.updated;
        }
        let batch = std::mem::take(&mut self.batch);
        if batch.is_empty() {
            self.report.stored.append(&mut self.unsaid);
            return Ok(());
        }
        let (written, failed) = write(self.db, batch.into(), &self.embedder).await?;
        self.report.added += written.added;
        self.report.updated += written.updated;
        self.report.chunks_indexed += written.chunks_inserted;
        let spoilt: HashSet<&str> = failed.iter().map(|failed| failed.file.as_str()).collect();
        self.report.stored.extend(self.unsaid.drain(..).filter(|stored| !spoilt.contains(stored.source.as_str())));
        self.report.errors.extend(failed);
        Ok(())
    }
}

/// Writes documents in one transaction; if a vector of one of them spoils it, those of each file in its own, so that only that
/// file fails.
///
/// # Errors
/// When no document at all can be written, e.g. because the DB holds another embedder's vectors.
async fn write(
    db: &Db,
    batch: Arc<[NewDocument]>,
    embedder: &EmbedderRecord,
) -> Result<(WriteReport, Vec<FileError>), RagError> {
    let write = |documents| db.commit(Mutation::Write { documents, embedder: embedder.clone() });
    match write(Arc::clone(&batch)).await {
        Ok(report) => return Ok((report, Vec::new())),
        Err(RagError::Store(StoreError::BadVector { .. })) => {}
        Err(error) => return Err(error),
    }
    let (mut total, mut failed) = (WriteReport::default(), Vec::new());
    for documents in batch.chunk_by(|_, next| next.part_of.is_some()) {
        match write(documents.into()).await {
            Ok(report) => total += report,
            Err(RagError::Store(error @ StoreError::BadVector { .. })) => {
                failed.push(FileError::new(&documents[0].source, error.to_string()));
            }
            Err(error) => return Err(error),
        }
    }
    Ok((total, failed))
}
