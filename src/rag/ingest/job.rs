//! One file on its way to the store: read, prepared and embedded, a task of its own.

use std::{
    fmt,
    sync::{Arc, LazyLock},
};

use tokio::sync::Semaphore;

use super::{
    FileThreadError, IngestOptions, READS, SourceFile,
    prepare::{self, Content, Pending, Prepared},
    threads::Done,
};
use crate::{
    domain::DocumentMetadata,
    providers::{Embedder, ProviderError, Unembeddable},
    rag::{
        Db,
        chunk::Chunker,
        context::{self, TextInContext},
    },
    resilience::CallContext,
    store::{ChunkVector, FileVersion, NewChunk, NewDocument, StoreError},
};

/// Turns to extract and cut, over all ingestions: more than the cores can do would only take the blocking pool from
/// the questions. Extraction is bounded in time, so that every turn comes.
static PREPARATIONS: LazyLock<Semaphore> =
    LazyLock::new(|| Semaphore::new(std::thread::available_parallelism().map_or(2, usize::from) + 1));

/// Why a file is not stored.
pub(super) enum Failure {
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
    pub(super) fn is_worth_a_retry(&self) -> bool {
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
pub(super) struct Ready {
    pub(super) document: NewDocument,
    pub(super) warnings: Vec<String>,
    /// Length of its vectors; `None` when all its chunks were known already.
    pub(super) dimension: Option<usize>,
    pub(super) is_new: bool,
}

/// What became of a file up to the store.
pub(super) struct Processed {
    pub(super) outcome: Outcome,
    pub(super) content: String,
    pub(super) version: Option<FileVersion>,
}

/// What is to be done with the document of a file.
pub(super) enum Outcome {
    /// It is stored in this state already.
    Unchanged,
    /// It is, but for the metadata of these documents of its file.
    Described(Vec<(String, DocumentMetadata)>),
    /// It must be written, and behind it what is attached to it.
    Ready(Vec<Ready>),
}

/// What all files of an ingestion share.
pub(super) struct Job {
    pub(super) db: Arc<Db>,
    pub(super) embedder: Arc<dyn Embedder>,
    pub(super) options: IngestOptions,
    pub(super) chunker: Chunker,
}

impl Job {
    /// Everything up to the store.
    pub(super) async fn process(self: Arc<Self>, file: SourceFile) -> Result<Processed, Failure> {
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
