//! The writing side of an ingestion: takes what files came to, in their order, and writes it in batches.

use std::{collections::HashSet, sync::Arc};

use futures::StreamExt;

use super::{
    FileError, IngestEvent, IngestObserver, IngestReport, StoredAs, StoredFile,
    job::{Failure, Outcome, Processed, Ready},
};
use crate::{
    domain::DocumentMetadata,
    rag::{Db, RagError},
    store::{EmbedderRecord, Mutation, NewDocument, StoreError, WriteReport},
};

/// Chunks that one transaction holds at least, when there are so many: large enough that commits cost nothing beside
/// the work, small enough that a crash loses little.
const BATCH_CHUNKS: usize = 1_000;

/// The writing side of one ingestion.
pub(super) struct Run<'a> {
    db: &'a Arc<Db>,
    /// Its dimension is known from the DB, or from the first vectors.
    embedder: EmbedderRecord,
    observer: &'a IngestObserver,
    batch: Vec<NewDocument>,
    /// Sources of documents of which only the metadata changes.
    described: Vec<(String, DocumentMetadata)>,
    /// What is to be said of the documents of the batch once they are stored.
    unsaid: Vec<StoredFile>,
    pub(super) report: IngestReport,
}

impl<'a> Run<'a> {
    /// Writes into this DB; `report` is what is known before.
    pub(super) fn new(
        db: &'a Arc<Db>,
        embedder: EmbedderRecord,
        observer: &'a IngestObserver,
        report: IngestReport,
    ) -> Self {
        Self { db, embedder, observer, batch: Vec::new(), described: Vec::new(), unsaid: Vec::new(), report }
    }

    /// Takes what a file came to; writes when there is enough.
    pub(super) async fn take(&mut self, source: String, outcome: Result<Processed, Failure>) -> Result<(), RagError> {
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
    pub(super) async fn give_up(
        &mut self,
        outcomes: impl futures::Stream<Item = (String, Result<Processed, Failure>)>,
    ) {
        let reason = "not tried: the embedder is not available (see the errors above); ingest again when it is";
        let mut outcomes = std::pin::pin!(outcomes);
        while let Some((source, _)) = outcomes.next().await {
            self.report.errors.push(FileError::new(&source, reason.into()));
            self.report.worth_a_retry.insert(source.clone());
            (self.observer)(IngestEvent::Finished { source: &source, chunks: 0 });
        }
    }

    /// Writes what was taken.
    pub(super) async fn flush(&mut self) -> Result<(), RagError> {
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
