//! Makes what a generation lacks.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures::{StreamExt, stream};
use tokio_util::task::AbortOnDropHandle;

use super::{ReindexEvent, ReindexObserver, ReindexOptions, ReindexReport, Target};
use crate::{
    providers::Embedder,
    rag::{
        RagError,
        chunk::Chunker,
        ingest::{Embedded, Remade, embed_chunks, recipe, remake},
    },
    store::{EmbedderRecord, Mutation, NewChunks, PendingDocument},
};

/// Documents that are asked of the store at a time.
const PAGE: usize = 256;

/// Chunks that one transaction holds at least, when there are so many: a crash loses no more, and nobody waits long for it.
const BATCH_CHUNKS: usize = 500;

/// The longest that is rested at a time.
const LONGEST_REST: Duration = Duration::from_secs(1);

/// One run through the documents that a generation lacks.
pub(super) struct CatchUp<'a> {
    job: Arc<Job>,
    options: &'a ReindexOptions,
    observer: &'a ReindexObserver,
    /// Its dimension is known from the first vectors.
    embedder: EmbedderRecord,
    batch: Vec<NewChunks>,
    report: ReindexReport,
    /// Since when there was no rest.
    working: Instant,
}

/// What all documents share.
struct Job {
    target: Arc<Target>,
    embedder: Arc<dyn Embedder>,
}

/// A document whose chunks have their vectors.
struct Made {
    chunks: NewChunks,
    taken_over: bool,
    embedded: Embedded,
}

impl<'a> CatchUp<'a> {
    pub(super) fn new(
        target: &Arc<Target>,
        embedder: &Arc<dyn Embedder>,
        options: &'a ReindexOptions,
        observer: &'a ReindexObserver,
    ) -> Self {
        let record = target.embedder.clone();
        let job = Job { target: Arc::clone(target), embedder: Arc::clone(embedder) };
        Self {
            job: Arc::new(job),
            options,
            observer,
            embedder: record,
            batch: Vec::new(),
            report: ReindexReport::default(),
            working: Instant::now(),
        }
    }

    /// Once through all documents: those that change behind it are found by the next run.
    pub(super) async fn run(mut self) -> Result<ReindexReport, RagError> {
        let mut cursor = i64::MIN;
        loop {
            let job = Arc::clone(&self.job);
            let page =
                tokio::task::spawn_blocking(move || job.target.db.store().pending(&job.target.which, cursor, PAGE));
            let page = page.await??;
            let Some(last) = page.last() else { break };
            cursor = last.cursor;
            if !self.make(page).await? {
                self.report.stopped = true;
                break;
            }
        }
        self.flush().await?;
        Ok(self.report)
    }

    /// Returns whether it was not stopped.
    async fn make(&mut self, page: Vec<PendingDocument>) -> Result<bool, RagError> {
        let job = Arc::clone(&self.job);
        let mut made = stream::iter(page)
            .map(|document| AbortOnDropHandle::new(tokio::spawn(Arc::clone(&job).document(document))))
            .buffered(self.options.parallelism.max(1));
        loop {
            let made = tokio::select! {
                made = made.next() => made,
                () = self.options.stop.cancelled() => return Ok(false),
            };
            let Some(made) = made else { return Ok(true) };
            self.take(made??).await?;
        }
    }

    async fn take(&mut self, made: Option<Made>) -> Result<(), RagError> {
        let Some(Made { chunks, taken_over, embedded }) = made else { return Ok(()) };
        self.embedder.dimension = embedded.dimension.unwrap_or(self.embedder.dimension);
        self.report.taken_over += u64::from(taken_over);
        self.report.without_vectors += embedded.without.len() as u64;
        self.batch.push(chunks);
        let chunks: usize = self.batch.iter().map(|document| document.chunks.len()).sum();
        if chunks >= BATCH_CHUNKS || self.batch.len() >= PAGE {
            self.flush().await?;
            self.rest().await;
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), RagError> {
        let documents = std::mem::take(&mut self.batch);
        if documents.is_empty() {
            return Ok(());
        }
        let number = documents.len() as u64;
        let rechunk = Mutation::Rechunk { documents: documents.into(), embedder: self.embedder.clone() };
        let written = self.job.target.db.commit(rechunk).await?;
        self.report.documents += written.updated as u64;
        self.report.chunks += (written.chunks_inserted + written.chunks_kept) as u64;
        (self.observer)(ReindexEvent::Made(number));
        Ok(())
    }

    /// Leaves the machine to others for its share of the time.
    async fn rest(&mut self) {
        let share = self.options.rest.clamp(0.0, 0.95);
        let rest = self.working.elapsed().mul_f32(share / (1.0 - share)).min(LONGEST_REST);
        if !rest.is_zero() {
            tokio::time::sleep(rest).await;
        }
        self.working = Instant::now();
    }
}

impl Job {
    /// `None`: the document is gone.
    async fn document(self: Arc<Self>, document: PendingDocument) -> Result<Option<Made>, RagError> {
        let chunking = self.target.sizes_of(&document);
        let (job, pending) = (Arc::clone(&self), document.clone());
        let remade = tokio::task::spawn_blocking(move || {
            let chunker = Chunker::new(chunking).map_err(|error| RagError::Invalid(error.to_string()))?;
            let (target, base) = (job.target.db.store().as_ref(), job.target.base.as_ref());
            Ok::<_, RagError>(remake(target, base, &pending, &chunker)?)
        });
        let Some(Remade { mut chunks, to_embed, taken_over }) = remade.await?? else { return Ok(None) };
        let embedded = embed_chunks(self.embedder.as_ref(), &mut chunks, &to_embed).await?;
        let PendingDocument { id, changed, .. } = document;
        let chunks = NewChunks { document: id, changed, recipe: recipe(chunking), chunks };
        Ok(Some(Made { chunks, taken_over, embedded }))
    }
}
