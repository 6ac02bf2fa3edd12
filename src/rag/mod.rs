//! The engine: documents in, answers out. Knows neither HTTP nor SQL nor the command line.
//!
//! A document goes through [`extract`] → [`chunk`] → [`language`] → an embedder → the store ([`ingest`](mod@ingest)).
//! A question goes through the [`pipeline`]; the cache stands around it ([`Engine::ask`]).
//! A DB that is open is a [`Db`]: the store, which is the truth, and the search that mirrors it.

mod answer;
mod ask;
pub mod chunk;
mod citation;
mod context;
mod db;
mod error;
pub mod eval;
pub mod extract;
pub mod ingest;
pub mod language;
mod models;
pub mod pipeline;
pub mod settings;
pub mod structure;

use std::sync::Arc;

pub use crate::domain::Passage;
pub use answer::{
    Answer, AnswerEvent, AnswerSegment, AnswerStream, Cached, DegradedReason, Outcome, Retrieval, Timings,
};
pub use citation::{Citation, citations};
pub use db::{Db, Dbs, OpenSearch};
pub use error::RagError;
pub use models::Models;
pub use pipeline::{FusionChoice, Pipeline, Question, RetrievalOptions};

use crate::{
    cache::SemanticCache,
    domain::DbName,
    rag::ingest::{IngestObserver, IngestOptions, IngestReport, Selection},
    store::{Counts, DocumentList, DocumentQuery, DocumentRecord, Filters, Mutation},
    telemetry::Metrics,
};

/// Everything behind the API: DBs, models, counters. Shared by all requests.
pub struct Engine {
    dbs: Arc<Dbs>,
    models: Models,
    metrics: Arc<Metrics>,
    /// Answers that were given before.
    cache: Option<Arc<SemanticCache>>,
    pipeline: Pipeline,
}

impl Engine {
    /// Puts the parts together.
    pub fn new(dbs: Dbs, models: Models, metrics: Arc<Metrics>) -> Self {
        Self { dbs: Arc::new(dbs), models, metrics, cache: None, pipeline: Pipeline::default() }
    }

    /// Gives answers again that were given before.
    #[must_use]
    pub fn with_cache(mut self, cache: Arc<SemanticCache>) -> Self {
        self.cache = Some(cache);
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
    /// [`StoreError::NotFound`](crate::store::StoreError::NotFound), and what the work returns.
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
        let name = db.clone();
        let opened = self.with_dbs(move |dbs| dbs.get_or_create(&name)).await?;
        let store = Arc::clone(opened.store());
        let stored = tokio::task::spawn_blocking(move || store.embedder()).await??;
        let embedder = self.models.embedder_for(db, stored.as_ref())?;
        let report = ingest::ingest(&opened, embedder, selection, options, observer).await?;
        self.metrics.ingested(db, report.added + report.updated, report.chunks_indexed, started.elapsed());
        Ok(report)
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

    /// What questions to a DB can be limited to.
    ///
    /// # Errors
    /// Unknown DB, or a store that cannot be read.
    pub async fn filters(&self, db: &DbName) -> Result<Filters, RagError> {
        self.with_db(db, |db| Ok(db.store().filters()?)).await
    }

    /// How much a DB holds.
    ///
    /// # Errors
    /// Unknown DB, or a store that cannot be read.
    pub async fn counts(&self, db: &DbName) -> Result<Counts, RagError> {
        self.with_db(db, |db| Ok(db.store().counts()?)).await
    }
}
