//! Generations of a DB: built from the stored texts while another one serves, and swapped.
//!
//! A generation lacks what it has no chunks of, or has chunks of an earlier state of: `CatchUp` makes that, document by document, and
//! can be interrupted at any moment, because what is left is asked of the store. Documents that come or change meanwhile are
//! ingested into the generation that serves; the next look at the store finds them. The swap is refused until nothing is left.

mod catch_up;
mod upgrade;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use catch_up::CatchUp;

use super::{Db, Engine, RagError, ingest::PIPELINE_VERSION};
use crate::{
    domain::{ChunkSizes, DbName},
    store::{
        BuildPermit, EmbedderRecord, Generation, GenerationId, GenerationState, Outdated, PendingDocument, Store,
        StoreError,
    },
};

/// How the work is done.
#[derive(Clone)]
pub struct ReindexOptions {
    /// Documents that are made at a time.
    pub parallelism: usize,
    /// Share of the time in which nothing is done, for the sake of questions, 0..1.
    pub rest: f32,
    /// Once it is cancelled, no further document is begun; what was made stays made.
    pub stop: CancellationToken,
}

/// What happens, for a progress bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReindexEvent {
    /// So many documents are to be made, besides those that were already.
    Found(u64),
    /// So many more are made.
    Made(u64),
    /// All are made; their search catches up.
    Indexing,
}

/// Is told what happens; called from one task at a time.
pub type ReindexObserver = Arc<dyn Fn(ReindexEvent) + Send + Sync>;

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReindexReport {
    /// Documents that were made.
    pub documents: u64,
    /// Chunks that were written.
    pub chunks: u64,
    /// Documents of older versions whose text is not stored: their chunks were taken over as they were cut then.
    pub taken_over: u64,
    /// Chunks that the embedder could not embed, and that are found by their words alone.
    pub without_vectors: u64,
    /// It was stopped before everything was made.
    pub stopped: bool,
}

impl std::ops::AddAssign for ReindexReport {
    fn add_assign(&mut self, other: Self) {
        self.documents += other.documents;
        self.chunks += other.chunks;
        self.taken_over += other.taken_over;
        self.without_vectors += other.without_vectors;
        self.stopped |= other.stopped;
    }
}

/// A generation that is being made, and by what.
struct Target {
    db: Arc<Db>,
    /// The generation that serves.
    base: Arc<dyn Store>,
    embedder: EmbedderRecord,
    sizes: ChunkSizes,
    which: Outdated,
    _permit: BuildPermit,
}

impl Target {
    /// Sizes of the chunks of a document: where nobody wants others, those that it has.
    fn sizes_of(&self, document: &PendingDocument) -> ChunkSizes {
        match (self.which.sizes, document.recipe) {
            (None, Some(recipe)) if recipe.sizes.size > 0 => recipe.sizes,
            _ => self.sizes,
        }
    }
}

impl Engine {
    /// The generations of a DB, oldest first.
    ///
    /// # Errors
    /// Unknown DB, or a store that cannot be read.
    pub async fn generations(&self, db: &DbName) -> Result<Vec<Generation>, RagError> {
        let name = db.clone();
        self.with_dbs(move |dbs| Ok(dbs.catalog().open(&name)?.generations()?)).await
    }

    /// Begins the next generation of a DB, by the configured embedder and with chunks of these sizes, or goes on with it.
    /// `None`: the DB is made in just that way already.
    ///
    /// # Errors
    /// Unknown DB; [`RagError::BeingReindexed`]; a store that cannot be written.
    pub async fn begin_reindex(
        &self,
        db: &DbName,
        sizes: Option<ChunkSizes>,
    ) -> Result<Option<GenerationId>, RagError> {
        let (name, embedder) = (db.clone(), self.models.embedder().id().to_string());
        self.with_dbs(move |dbs| {
            let serving = dbs.catalog().open(&name)?;
            let stored = serving.sizes()?;
            let wanted = sizes.or(stored).unwrap_or_default();
            let same = serving.embedder()?.is_none_or(|stored| stored.id == embedder);
            let outdated = Outdated { pipeline: Some(PIPELINE_VERSION), sizes: Some(wanted), read_by: None };
            if same && (serving.pending_count(&outdated)? == 0 || serving.counts()?.documents == 0) {
                return Ok(None);
            }
            let _permit = permit(&name, serving.as_ref())?;
            let generation = serving.begin_generation(&embedder, wanted)?;
            serving.sweep()?;
            Ok(Some(generation))
        })
        .await
    }

    /// Makes what a generation lacks, and lets it serve when it has everything, if it is to `serve`.
    ///
    /// # Errors
    /// [`RagError::EmbedderMismatch`] when something is to be made and the generation's embedder is not at hand;
    /// [`RagError::BeingReindexed`]; what the embedder or the store says. Called again, it goes on.
    pub async fn build(
        &self,
        db: &DbName,
        generation: GenerationId,
        serve: bool,
        options: &ReindexOptions,
        observer: &ReindexObserver,
    ) -> Result<ReindexReport, RagError> {
        let target = Arc::new(self.target(db, generation).await?);
        let mut report = ReindexReport::default();
        loop {
            report += self.make(db, &target, options, observer).await?;
            if report.stopped {
                return Ok(report);
            }
            observer(ReindexEvent::Indexing);
            let building = Arc::clone(&target);
            let done = tokio::task::spawn_blocking(move || {
                building.db.follow()?;
                let store = building.db.store();
                let (serves, which) = (building.base.generation() == store.generation(), &building.which);
                if !serve || serves { Ok(store.pending_count(which)? == 0) } else { served(store.serve(which)) }
            });
            if done.await?? {
                break;
            }
        }
        if serve {
            self.show_serving(db).await?;
        }
        Ok(report)
    }

    /// Follows the swap in this process.
    async fn show_serving(&self, db: &DbName) -> Result<(), RagError> {
        let name = db.clone();
        self.with_dbs(move |dbs| dbs.opened(&name).map_or(Ok(false), |opened| dbs.renew(&opened))).await.map(drop)
    }

    async fn target(&self, db: &DbName, generation: GenerationId) -> Result<Target, RagError> {
        let name = db.clone();
        self.with_dbs(move |dbs| {
            let base = dbs.catalog().open(&name)?;
            let permit = permit(&name, base.as_ref())?;
            let all = base.generations()?;
            let meant = all.iter().find(|found| found.id == generation).ok_or(StoreError::NoGeneration(generation))?;
            let embedder = meant.embedder.clone().unwrap_or_default();
            // Of another generation of the same embedder, when this one has no vectors yet.
            let dimension =
                all.iter().filter(|other| other.embedder == meant.embedder).find_map(|other| other.dimension);
            let sizes = meant.sizes.unwrap_or_default();
            // Only what is new is held to how things are done now: going back is going back.
            let which = match meant.state {
                GenerationState::Building => {
                    Outdated { pipeline: Some(PIPELINE_VERSION), sizes: Some(sizes), read_by: None }
                }
                GenerationState::Serving | GenerationState::Kept => Outdated::default(),
            };
            Ok(Target {
                db: dbs.open_generation(&name, generation)?,
                base,
                embedder: EmbedderRecord { id: embedder, dimension: dimension.unwrap_or(0) },
                sizes,
                which,
                _permit: permit,
            })
        })
        .await
    }

    async fn make(
        &self,
        db: &DbName,
        target: &Arc<Target>,
        options: &ReindexOptions,
        observer: &ReindexObserver,
    ) -> Result<ReindexReport, RagError> {
        let counting = Arc::clone(target);
        let pending = tokio::task::spawn_blocking(move || counting.db.store().pending_count(&counting.which)).await??;
        observer(ReindexEvent::Found(pending));
        if pending == 0 {
            return Ok(ReindexReport::default());
        }
        let embedder = self.models.embedder_for(db, Some(&target.embedder))?;
        CatchUp::new(target, embedder, options, observer).run().await
    }
}

/// Whether it serves now; `false`: more has come meanwhile.
fn served(result: Result<(), StoreError>) -> Result<bool, RagError> {
    match result {
        Ok(()) => Ok(true),
        Err(StoreError::NotCaughtUp { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn permit(db: &DbName, store: &dyn Store) -> Result<BuildPermit, RagError> {
    store.build_permit()?.ok_or_else(|| RagError::BeingReindexed(db.to_string()))
}
