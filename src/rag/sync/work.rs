//! The work on the DB that the machine asks for.

use std::sync::{Arc, atomic::Ordering};

use futures::{StreamExt, future::try_join_all, stream};

use super::{
    mirror::{Mirror, SyncAction},
    run::{Done, Run},
};
use crate::{
    domain::Metadata,
    rag::{
        Engine, RagError,
        ingest::{IngestOptions, IngestReport, Renamed, Selection, hash_file, rename_document},
    },
    store::{MirrorRecord, Mutation},
    util::time::UnixMillis,
};

/// Files that are read at a time when there are many: a few transactions' worth.
const MANY: usize = 256;

/// Files that are read beside them: what changes now does not wait for all that changed before.
const NEWEST: usize = 16;

/// Files that are hashed at a time.
const HASHES: usize = 4;

impl Run {
    pub(super) fn begin_hashes(&mut self) {
        if self.hashing {
            return;
        }
        let files = self.mirror.machine.lock().take_hashes(self.mirror.settings.dry_run);
        if files.is_empty() {
            return;
        }
        self.hashing = true;
        let limits = self.mirror.settings.options.limits.clone();
        let hash = stream::iter(files).map(move |file| {
            let limits = limits.clone();
            async move { (file.source.clone(), hash_file(file, limits).await.ok()) }
        });
        self.tasks.spawn(async move { Done::Hashed(hash.buffered(HASHES).collect().await) });
    }

    pub(super) async fn rename(&mut self) -> Result<(), RagError> {
        let renames = self.mirror.machine.lock().take_renames();
        if renames.is_empty() {
            return Ok(());
        }
        let name = self.mirror.db().clone();
        let db = self.engine.with_dbs(move |dbs| dbs.get(&name)).await;
        let rules = self.mirror.settings.options.rules.clone();
        let mut failed = None;
        for (from, to, version) in renames {
            let done = match &db {
                Ok(db) => rename_document(db, &from, &to, &rules).await,
                Err(error) => Err(error.clone()),
            };
            let renamed = *done.as_ref().unwrap_or(&Renamed::Taken);
            let is_done = renamed == Renamed::Done;
            self.mirror.totals.renamed.fetch_add(is_done.into(), Ordering::Relaxed);
            self.engine.metrics().sync().done.inc_by(is_done.into());
            self.mirror.note(is_done.then(|| SyncAction::Renamed { from: from.clone(), to: to.clone() }));
            self.mirror.machine.lock().on_renamed((&from, &to), version, renamed, UnixMillis::now());
            failed = failed.or(done.err());
        }
        if let Ok(db) = &db {
            db.caught_up().await?;
        }
        failed.map_or(Ok(()), Err)
    }

    pub(super) async fn remove(&mut self) -> Result<(), RagError> {
        let (sources, was_held, is_held) = {
            let mut machine = self.mirror.machine.lock();
            let was_held = machine.held().is_some();
            (machine.take_removals(UnixMillis::now()), was_held, machine.held())
        };
        if let (false, Some(held)) = (was_held, is_held) {
            tracing::warn!(
                db = %self.mirror.db(), root = %self.mirror.root().display(), documents = held.documents,
                "most of a mirrored folder is gone at once; nothing is deleted before POST /api/sync {{\"confirm\": true}}"
            );
        }
        if sources.is_empty() {
            return Ok(());
        }
        let removed = self.engine.remove(self.mirror.db(), sources.clone()).await;
        // Gone they are, whether searches know it yet or not: that goes on in the background.
        let done = matches!(&removed, Ok(_) | Err(RagError::NotSearchable(_)));
        self.mirror.machine.lock().on_removed(&sources, done, UnixMillis::now());
        if done {
            self.mirror.totals.removed.fetch_add(*removed.as_ref().unwrap_or(&sources.len()), Ordering::Relaxed);
            self.engine.metrics().sync().done.inc_by(sources.len() as u64);
            self.mirror.note(sources.iter().cloned().map(SyncAction::Deleted));
            self.count_documents().await;
        }
        removed.map(drop)
    }

    /// Notes what the store does not know yet.
    pub(super) async fn save(&mut self) -> Result<(), RagError> {
        if self.mirror.settings.dry_run {
            return Ok(());
        }
        let root = self.mirror.root().to_string_lossy().into_owned();
        let (mirror, (files, forgotten)) = {
            let mut machine = self.mirror.machine.lock();
            let (identity, compared) = (machine.identity().cloned(), machine.compared());
            let mirror = MirrorRecord { root: root.clone(), identity, shape: self.shape.clone(), compared };
            (mirror, machine.take_unsaved())
        };
        let mut mutations = Vec::new();
        // Each comparison has a time; only what it says of the folder is worth a write.
        let same = |noted: &MirrorRecord| MirrorRecord { compared: mirror.compared, ..noted.clone() } == mirror;
        if !self.noted.as_ref().is_some_and(same) || !files.is_empty() {
            mutations.push(Mutation::Mirror(mirror.clone()));
        }
        if !files.is_empty() || !forgotten.is_empty() {
            let (files, forgotten) = (files.clone(), forgotten.clone());
            mutations.push(Mutation::Track { root, files, forgotten });
        }
        if mutations.is_empty() {
            return Ok(());
        }
        let name = self.mirror.db().clone();
        let saved = async {
            let db = self.engine.with_dbs(move |dbs| dbs.get(&name)).await?;
            // In one transaction, in this order.
            try_join_all(mutations.into_iter().map(|mutation| db.commit(mutation))).await.map(drop)
        };
        let saved: Result<(), RagError> = saved.await;
        match saved {
            Ok(()) => self.noted = Some(mirror),
            Err(_) => self.mirror.machine.lock().not_saved(files, forgotten),
        }
        saved
    }

    pub(super) fn begin_reads(&mut self) {
        for newest in [false, true] {
            if self.reading[usize::from(newest)] {
                continue;
            }
            let most = if newest { NEWEST } else { MANY };
            let files = self.mirror.machine.lock().take_reads(most, newest, UnixMillis::now());
            let Some(first) = files.first() else { continue };
            self.reading[usize::from(newest)] = true;
            let options = IngestOptions {
                version: first.label.clone(),
                metadata: first.metadata.as_deref().and_then(given),
                stop: self.mirror.stop.clone(),
                ..self.mirror.settings.options.clone()
            };
            let (engine, mirror) = (Arc::clone(&self.engine), Arc::clone(&self.mirror));
            self.tasks.spawn(async move {
                let selection = Selection::of(files.iter().map(|reading| reading.file.clone()).collect());
                let report = read(&engine, &mirror, selection, options).await;
                Done::Read { newest, files, report }
            });
        }
    }

    /// What would be renamed counts as done.
    pub(super) fn tell_changes_only(&self) {
        let mut machine = self.mirror.machine.lock();
        for (from, to, version) in machine.take_renames() {
            self.mirror.totals.renamed.fetch_add(1, Ordering::Relaxed);
            self.mirror.note([SyncAction::Renamed { from: from.clone(), to: to.clone() }]);
            machine.on_renamed((&from, &to), version, Renamed::Done, UnixMillis::now());
        }
    }

    pub(super) async fn count_documents(&self) {
        self.engine.count_documents(self.mirror.db()).await;
    }
}

/// Ingests files into a DB that is there: one that was deleted is not made again.
async fn read(
    engine: &Engine,
    mirror: &Mirror,
    selection: Selection,
    options: IngestOptions,
) -> Result<IngestReport, RagError> {
    let db = mirror.db();
    let report = engine.ingest_again(db, selection, options).await?;
    engine.count_documents(db).await;
    Ok(report)
}

/// The metadata that an uploaded file was given, as it was kept.
fn given(json: &str) -> Option<Metadata> {
    Metadata::from_json(&serde_json::from_str(json).ok()?).ok()
}
