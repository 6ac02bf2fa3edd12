//! The engine: documents in, answers out. Knows neither HTTP nor SQL nor the command line.
//!
//! A document goes through [`extract`] → [`chunk`] → [`language`] → an embedder → the store ([`ingest`](mod@ingest)).
//! A question goes through the [`pipeline`]; the cache stands around it ([`Engine::ask`]).
//! A DB that is open is a [`Db`]: the store, which is the truth, and the search that mirrors it.

mod answer;
mod ask;

pub mod chunk;
mod citation;
pub mod condense;
mod context;
mod db;
mod error;
pub mod eval;
pub mod extract;
pub mod ingest;
pub mod language;
mod models;
pub mod multihop;
pub mod pipeline;
pub mod prompts;
pub mod prove;
pub mod reindex;
mod reply;
pub mod settings;
pub mod structure;
pub mod sync;
pub mod trial;

use std::sync::Arc;

pub use crate::domain::Passage;
pub use answer::{
    Answer, AnswerEvent, AnswerSegment, AnswerStream, Cached, DegradedReason, Outcome, ProvenSentence, Retrieval,
    Timings,
};
pub use citation::{Citation, ProofSummary, citations, of_sentence, proofs};
pub use db::{Db, Dbs, OpenSearch, SparseWaiting};
pub use error::RagError;
pub use models::Models;
pub use pipeline::{FusionChoice, Pipeline, Question, RetrievalOptions};
pub use settings::UnsupportedPolicy;

use crate::{
    cache::SemanticCache,
    domain::{ChunkSizes, DbName, Facet},
    providers::Embedder,
    rag::{
        condense::CondenseMode,
        ingest::{IngestObserver, IngestOptions, IngestReport, Selection},
        prompts::Prompts,
    },
    store::{Counts, DocumentList, DocumentQuery, DocumentRecord, Filters, Mutation, StoreError},
    telemetry::Metrics,
};

/// Most values that are told of a key that filters can ask for.
const FACET_VALUES: usize = 20;

/// Everything behind the API: DBs, models, counters. Shared by all requests.
pub struct Engine {
    dbs: Arc<Dbs>,
    models: Models,
    metrics: Arc<Metrics>,
    /// Answers that were given before.
    cache: Option<Arc<SemanticCache>>,
    pipeline: Pipeline,
    prompts: Prompts,
    condense: CondenseMode,
    unsupported: UnsupportedPolicy,
}

impl Engine {
    /// Puts the parts together.
    pub fn new(dbs: Dbs, models: Models, metrics: Arc<Metrics>) -> Self {
        let pipeline = Pipeline::with_reranker(models.reranker());
        let (prompts, condense) = (Prompts::default(), CondenseMode::default());
        let unsupported = UnsupportedPolicy::default();
        Self { dbs: Arc::new(dbs), models, metrics, cache: None, pipeline, prompts, condense, unsupported }
    }

    /// Says what becomes of answers that nothing supports.
    #[must_use]
    pub fn with_unsupported(mut self, policy: UnsupportedPolicy) -> Self {
        self.unsupported = policy;
        self
    }

    /// Gives answers again that were given before.
    #[must_use]
    pub fn with_cache(mut self, cache: Arc<SemanticCache>) -> Self {
        self.cache = Some(cache);
        self
    }

    /// Tells models other prompts than the built-in ones.
    #[must_use]
    pub fn with_prompts(mut self, prompts: Prompts) -> Self {
        self.prompts = prompts;
        self
    }

    /// What models are told.
    pub fn prompts(&self) -> &Prompts {
        &self.prompts
    }

    /// Says how follow-ups become questions that stand alone.
    #[must_use]
    pub fn with_condensing(mut self, mode: CondenseMode) -> Self {
        self.condense = mode;
        self
    }

    /// Answers that were given before, if they are kept.
    pub fn cache(&self) -> Option<&Arc<SemanticCache>> {
        self.cache.as_ref()
    }

    /// The models that answer and embed.
    pub fn models(&self) -> &Models {
        &self.models
    }

    /// The stages of a question.
    pub fn pipeline(&self) -> &Pipeline {
        &self.pipeline
    }

    /// What is counted.
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// The DBs.
    pub fn dbs(&self) -> &Arc<Dbs> {
        &self.dbs
    }

    /// Runs blocking work with a DB, opening it first when it is not open.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], and what the work returns.
    pub async fn with_db<T: Send + 'static>(
        &self,
        db: &DbName,
        work: impl FnOnce(&Db) -> Result<T, RagError> + Send + 'static,
    ) -> Result<T, RagError> {
        let (dbs, db) = (Arc::clone(&self.dbs), db.clone());
        tokio::task::spawn_blocking(move || work(dbs.get(&db)?.as_ref())).await?
    }

    /// Runs blocking work with the data directory.
    ///
    /// # Errors
    /// What the work returns.
    pub async fn with_dbs<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Dbs) -> Result<T, RagError> + Send + 'static,
    ) -> Result<T, RagError> {
        let dbs = Arc::clone(&self.dbs);
        tokio::task::spawn_blocking(move || work(&dbs)).await?
    }

    /// Reads files into a DB, which is made when it does not exist.
    ///
    /// # Errors
    /// See [`ingest::ingest`]; [`RagError::EmbedderMismatch`] before any file is read.
    pub async fn ingest(
        &self,
        db: &DbName,
        selection: Selection,
        options: IngestOptions,
        observer: &IngestObserver,
    ) -> Result<IngestReport, RagError> {
        let started = std::time::Instant::now();
        let mut tries = 0;
        let report = loop {
            let (opened, embedder, sizes) = self.opened_to_write(db).await?;
            let mut options = options.clone();
            if let Some(sizes) = sizes.filter(|_| !options.chunking_said) {
                options.chunking = sizes;
            }
            tries += 1;
            match ingest::ingest(&opened, embedder, selection.clone(), options, observer).await {
                // Another generation took over meanwhile; the one that serves now gets the documents.
                Err(RagError::Store(StoreError::Superseded { .. })) if tries < 3 => {}
                done => break done?,
            }
        };
        self.metrics.ingested(db, report.added + report.updated, report.chunks_indexed, started.elapsed());
        Ok(report)
    }

    /// Reads files into a DB that is there: one that was deleted is not made again.
    ///
    /// # Errors
    /// As [`ingest`](Self::ingest); [`StoreError::NotFound`].
    pub async fn ingest_again(
        &self,
        db: &DbName,
        selection: Selection,
        options: IngestOptions,
    ) -> Result<IngestReport, RagError> {
        let name = db.clone();
        self.with_dbs(move |dbs| dbs.get(&name).map(drop)).await?;
        self.ingest(db, selection, options, &ingest::unobserved()).await
    }

    /// The embedder of a DB's documents: that of its vectors, else that of new ones.
    ///
    /// # Errors
    /// Unknown DB, a store that cannot be read; [`RagError::EmbedderMismatch`].
    pub async fn embedder_of(&self, db: &DbName) -> Result<Arc<dyn Embedder>, RagError> {
        let of_serving = |db: &Db| {
            let store = db.store();
            Ok(store.at(store.serving()?)?.embedder()?)
        };
        let stored = self.with_db(db, of_serving).await?;
        Ok(Arc::clone(self.models.embedder_for(db, stored.as_ref())?))
    }

    /// A DB that takes documents, which is made when it does not exist: the generation that serves, its embedder, and how large
    /// its chunks are to be.
    async fn opened_to_write(
        &self,
        db: &DbName,
    ) -> Result<(Arc<Db>, &Arc<dyn Embedder>, Option<ChunkSizes>), RagError> {
        let name = db.clone();
        let opening = self.with_dbs(move |dbs| {
            let mut opened = dbs.get_or_create(&name)?;
            if dbs.renew(&opened)? {
                opened = dbs.get(&name)?;
            }
            // An earlier generation may be open, for want of an embedder.
            let serving = opened.store().at(opened.store().serving()?)?;
            Ok((opened, serving.embedder()?, serving.sizes()?))
        });
        let (opened, stored, sizes) = opening.await?;
        Ok((opened, self.models.embedder_for(db, stored.as_ref())?, sizes))
    }

    /// Removes documents; returns how many there were.
    ///
    /// # Errors
    /// Unknown DB, or a store that cannot be written.
    pub async fn remove(&self, db: &DbName, sources: Vec<String>) -> Result<usize, RagError> {
        let name = db.clone();
        let db = self.with_dbs(move |dbs| {
            dbs.catalog().attached()?;
            dbs.get(&name)
        });
        let db = db.await?;
        let removed = db.commit(Mutation::Remove { sources }).await?.removed;
        db.caught_up().await?;
        Ok(removed)
    }

    /// The documents of a DB that a query means.
    ///
    /// # Errors
    /// Unknown DB, or a store that cannot be read.
    pub async fn documents(&self, db: &DbName, query: DocumentQuery) -> Result<DocumentList, RagError> {
        self.with_db(db, move |db| Ok(db.store().documents(&query)?)).await
    }

    /// A document of a DB without its text; `None` when there is none of this id.
    ///
    /// # Errors
    /// Unknown DB, or a store that cannot be read.
    pub async fn document(&self, db: &DbName, id: String) -> Result<Option<DocumentRecord>, RagError> {
        self.with_db(db, move |db| Ok(db.store().document(&id)?)).await
    }

    /// The text of a document; `None` when there is none of this id, or an older version read it.
    ///
    /// # Errors
    /// Unknown DB, or a store that cannot be read.
    pub async fn text(&self, db: &DbName, id: String) -> Result<Option<String>, RagError> {
        self.with_db(db, move |db| Ok(db.store().text(&id)?)).await
    }

    /// What questions to a DB can be limited to: languages and version labels, and what filters can ask for.
    ///
    /// # Errors
    /// Unknown DB, or a store that cannot be read.
    pub async fn filters(&self, db: &DbName) -> Result<(Filters, Vec<Facet>), RagError> {
        self.with_db(db, |db| Ok((db.store().filters()?, db.search().facets(FACET_VALUES)))).await
    }

    /// Tells the metrics how much a DB holds. One that cannot be read keeps what was told last.
    pub async fn count_documents(&self, db: &DbName) {
        if let Ok(counts) = self.counts(db).await {
            self.metrics.database(db.as_str(), counts.documents, counts.bytes);
        }
    }

    /// How much a DB holds.
    ///
    /// # Errors
    /// Unknown DB, or a store that cannot be read.
    pub async fn counts(&self, db: &DbName) -> Result<Counts, RagError> {
        self.with_db(db, |db| Ok(db.store().counts()?)).await
    }
}
