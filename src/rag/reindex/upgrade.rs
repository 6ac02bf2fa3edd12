//! A new version reads or cuts documents otherwise, or chunks are to have other sizes: a DB is brought up to date in place.
//!
//! Its vectors stay comparable, so that no other generation is needed: each document is replaced by itself, whole or not at all,
//! and answers as it was until then. A document whose file is there is read again; another one is cut anew from its text.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
    time::{Duration, Instant},
};

use super::{CatchUp, ReindexEvent, ReindexObserver, ReindexOptions, ReindexReport, Target, permit};
use crate::{
    domain::{ChunkSizes, DbName},
    providers::Embedder,
    rag::{
        Engine, RagError,
        ingest::{self, DocumentRoots, IngestOptions, PIPELINE_VERSION, Selection, unobserved},
    },
    store::{Outdated, PendingDocument},
};

/// Documents whose files are read before others may rest.
const PAGE: usize = 64;

/// The longest that is rested at a time.
const LONGEST_REST: Duration = Duration::from_secs(5);

impl Engine {
    /// Makes documents of a DB anew that an older version has read or cut, or whose chunks have other sizes than somebody said; and
    /// what the open generation lacks, when another one serves. `files`: where documents may be, and how they are read.
    ///
    /// # Errors
    /// Unknown DB; [`RagError::EmbedderMismatch`]; [`RagError::BeingReindexed`]; what the embedder or the store says. Called
    /// again, it goes on.
    pub async fn upgrade(
        &self,
        db: &DbName,
        files: (&DocumentRoots, &IngestOptions),
        options: &ReindexOptions,
        observer: &ReindexObserver,
    ) -> Result<ReindexReport, RagError> {
        let said = files.1.chunking_said.then_some(files.1.chunking);
        let Some(target) = self.outdated(db, said, files.1.chunking).await? else {
            return Ok(ReindexReport::default());
        };
        let embedder = self.models().embedder_for(db, Some(&target.embedder))?;
        let mut report = ReindexReport::default();
        if target.which.read_by.is_some() {
            report += target.read_again(embedder, files, options, observer).await?;
        }
        // Whatever could not be read again.
        let rest = Arc::new(Target { which: Outdated { read_by: None, ..target.which }, ..target });
        if !report.stopped {
            report += CatchUp::new(&rest, embedder, options, observer).run().await?;
        }
        observer(ReindexEvent::Indexing);
        rest.db.caught_up().await?;
        Ok(report)
    }

    /// The generation that is open, if something of it must be made anew.
    async fn outdated(
        &self,
        db: &DbName,
        said: Option<ChunkSizes>,
        default: ChunkSizes,
    ) -> Result<Option<Target>, RagError> {
        let name = db.clone();
        self.with_dbs(move |dbs| {
            let db = dbs.get(&name)?;
            let store = db.store();
            let serves = store.serving()? == store.generation();
            let which = Outdated {
                pipeline: Some(PIPELINE_VERSION),
                sizes: said,
                // A document that is read again is written, and only the generation that serves takes that.
                read_by: serves.then_some(PIPELINE_VERSION),
            };
            let Some(embedder) = store.embedder()? else { return Ok(None) };
            if store.read_only().is_some() || store.pending_count(&which)? == 0 {
                return Ok(None);
            }
            let permit = permit(&name, store.as_ref())?;
            if let Some(said) = said {
                store.set_sizes(said)?;
            }
            let sizes = store.sizes()?.unwrap_or(default);
            let base = Arc::clone(store);
            Ok(Some(Target { db, base, embedder, sizes, which, _permit: permit }))
        })
        .await
    }
}

/// How documents are read: their label, and the size and overlap of their chunks.
type Alike = (Option<String>, (usize, usize));

impl Target {
    async fn read_again(
        &self,
        embedder: &Arc<dyn Embedder>,
        (roots, how): (&DocumentRoots, &IngestOptions),
        options: &ReindexOptions,
        observer: &ReindexObserver,
    ) -> Result<ReindexReport, RagError> {
        let (mut report, mut cursor) = (ReindexReport::default(), i64::MIN);
        loop {
            let (store, which) = (Arc::clone(self.db.store()), self.which);
            let page = tokio::task::spawn_blocking(move || store.pending(&which, cursor, PAGE)).await??;
            let Some(last) = page.last() else { return Ok(report) };
            cursor = last.cursor;
            let started = Instant::now();
            for ((version, (size, overlap)), sources) in self.alike(&page) {
                let Some(selection) = select(roots, sources).await else { continue };
                let how = IngestOptions {
                    chunking: ChunkSizes { size, overlap },
                    chunking_said: true,
                    version,
                    parallelism: options.parallelism,
                    stop: options.stop.clone(),
                    ..how.clone()
                };
                let done = ingest::ingest(&self.db, embedder, selection, how, &unobserved()).await?;
                for error in &done.errors {
                    tracing::warn!(db = %self.db.name(), %error, "a document could not be read again; its text stays as it was");
                }
                report.documents += done.succeeded() as u64;
                report.chunks += done.chunks_indexed as u64;
                report.stopped |= done.stopped;
            }
            observer(ReindexEvent::Made(page.len() as u64));
            if report.stopped {
                return Ok(report);
            }
            let share = options.rest.clamp(0.0, 0.95);
            tokio::time::sleep(started.elapsed().mul_f32(share / (1.0 - share)).min(LONGEST_REST)).await;
        }
    }

    /// The documents that must be read again, by how.
    fn alike(&self, page: &[PendingDocument]) -> BTreeMap<Alike, HashSet<String>> {
        let mut alike: BTreeMap<Alike, HashSet<String>> = BTreeMap::new();
        for document in page.iter().filter(|document| document.read_by != Some(PIPELINE_VERSION)) {
            let ChunkSizes { size, overlap } = self.sizes_of(document);
            let label = Some(document.version.clone()).filter(|version| !is_hash(version));
            alike.entry((label, (size, overlap))).or_default().insert(document.source.clone());
        }
        alike
    }
}

/// Whether a version label looks like the one that documents get which were ingested without a label.
fn is_hash(version: &str) -> bool {
    version.len() == 8 && version.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Those files that are there; `None`: none of them.
async fn select(roots: &DocumentRoots, sources: HashSet<String>) -> Option<Selection> {
    let paths: Vec<String> = sources.iter().cloned().collect();
    let mut selection = ingest::select_files(roots.clone(), paths).await.ok()?;
    // A name may look like a pattern, which means other files.
    selection.files.retain(|file| sources.contains(&file.source));
    let files = selection.files;
    (!files.is_empty()).then(|| Selection::of(files))
}
