//! How generations begin, serve and end.

use std::{
    fs::{self, File, TryLockError},
    path::Path,
    thread,
    time::Duration,
};

use rusqlite::{Connection, OptionalExtension, params};

use super::{must_exist, pending_count};
use crate::{
    domain::ChunkSizes,
    store::{
        BuildPermit, GenerationId, GenerationState, Generations, Outdated, StoreError,
        sqlite::{SqliteStore, catalog::index_folder, files::io_error, write::Unmade},
    },
};

/// Held by whoever builds a generation.
const LOCK: &str = "build.lock";

/// Chunks of a dropped generation that go in one transaction.
const SWEEP: usize = 500;

/// Between two of those, others may write.
const SWEEP_PAUSE: Duration = Duration::from_millis(5);

pub(super) fn begin(tx: &Connection, embedder: &str, sizes: ChunkSizes) -> Result<GenerationId, rusqlite::Error> {
    let ChunkSizes { size, overlap } = sizes;
    let same = "SELECT id FROM generations
                WHERE state = 'building' AND embedder = ?1 AND chunk_size = ?2 AND chunk_overlap = ?3";
    let same = tx.prepare_cached(same)?.query_row(params![embedder, size, overlap], |row| row.get(0)).optional()?;
    if let Some(id) = same {
        return Ok(GenerationId(id));
    }
    tx.prepare_cached("UPDATE generations SET state = 'dropped' WHERE state = 'building'")?.execute([])?;
    tx.prepare_cached(
        "INSERT INTO generations (identity, state, embedder, chunk_size, chunk_overlap, revision, chunks, created_at)
         VALUES (?1, 'building', ?2, ?3, ?4, 0, 0, ?5)",
    )?
    .execute(params![uuid::Uuid::new_v4().to_string(), embedder, size, overlap, now()])?;
    Ok(GenerationId(tx.last_insert_rowid()))
}

fn now() -> String {
    jiff::Timestamp::now().to_string()
}

pub(super) fn serve(tx: &Connection, generation: GenerationId, which: &Outdated) -> Result<(), Unmade> {
    if must_exist(tx, generation)? == GenerationState::Serving.as_str() {
        return Ok(());
    }
    let pending = pending_count(tx, generation, which)?;
    if pending > 0 {
        return Err(StoreError::NotCaughtUp { pending }.into());
    }
    tx.prepare_cached("UPDATE generations SET state = 'kept' WHERE state = 'serving'")?.execute([])?;
    tx.prepare_cached("UPDATE generations SET state = 'serving', served_at = ?2 WHERE id = ?1")?
        .execute(params![generation.0, now()])?;
    Ok(())
}

/// Removes some chunks of a dropped generation, or the last of it. Returns whether it is gone.
fn sweep_some(tx: &Connection, generation: i64) -> Result<bool, rusqlite::Error> {
    let some = "SELECT id FROM chunks WHERE generation = ?1 ORDER BY revision, id LIMIT ?2";
    let sweep = i64::try_from(SWEEP).unwrap_or(i64::MAX);
    tx.prepare_cached(&format!("DELETE FROM places WHERE chunk_id IN ({some})"))?.execute([generation, sweep])?;
    let chunks =
        tx.prepare_cached(&format!("DELETE FROM chunks WHERE id IN ({some})"))?.execute([generation, sweep])?;
    if chunks > 0 {
        return Ok(false);
    }
    for sql in [
        "DELETE FROM removed_chunks WHERE generation = ?1",
        "DELETE FROM generation_documents WHERE generation = ?1",
        "DELETE FROM generations WHERE id = ?1",
    ] {
        tx.execute(sql, [generation])?;
    }
    Ok(true)
}

impl SqliteStore {
    /// The folder of the DB.
    fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("."))
    }

    /// Removes the index folders of generations that are gone.
    fn sweep_folders(&self) -> Result<(), StoreError> {
        let Ok(entries) = fs::read_dir(self.folder()) else { return Ok(()) };
        let folders: Vec<_> = entries
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.file_name().and_then(|name| name.to_str()).is_some_and(is_index))
            .collect();
        // Asked after the folders: a generation that is begun meanwhile has its own.
        let kept: Vec<_> =
            self.generations()?.iter().map(|generation| index_folder(self.folder(), generation.id)).collect();
        for folder in folders.iter().filter(|folder| !kept.contains(folder)) {
            if let Err(error) = fs::remove_dir_all(folder) {
                tracing::warn!(folder = %folder.display(), %error, "the index of a dropped generation is still there");
            }
        }
        Ok(())
    }

    /// The right to build, unless another process has it.
    pub(super) fn lock_for_building(&self) -> Result<Option<BuildPermit>, StoreError> {
        let path = self.folder().join(LOCK);
        let file = File::options().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(io_error("lock", &path))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(BuildPermit::new(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            // Some network drives have no locks; building twice is only slow.
            Err(TryLockError::Error(error)) => {
                tracing::warn!(path = %path.display(), %error, "the DB cannot be locked for building");
                Ok(Some(BuildPermit::new(file)))
            }
        }
    }

    /// From now on the generation is none any more.
    pub(super) fn doom(&self, generation: GenerationId) -> Result<(), StoreError> {
        self.connections.write_as("drop a generation", |tx| {
            if must_exist(tx, generation)? == GenerationState::Serving.as_str() {
                return Err(StoreError::GenerationServes(generation).into());
            }
            tx.execute("UPDATE generations SET state = 'dropped' WHERE id = ?1", [generation.0])?;
            Ok(())
        })
    }

    /// Removes what is left of dropped generations.
    pub(super) fn sweep_doomed(&self) -> Result<Vec<GenerationId>, StoreError> {
        let dropped: Vec<i64> = self.read("list the generations", |c| {
            let sql = "SELECT id FROM generations WHERE state = 'dropped' ORDER BY id";
            c.prepare_cached(sql)?.query_map([], |row| row.get(0))?.collect()
        })?;
        for &generation in &dropped {
            while !self.connections.write_as("drop a generation", |tx| Ok(sweep_some(tx, generation)?))? {
                thread::sleep(SWEEP_PAUSE);
            }
        }
        self.sweep_folders()?;
        Ok(dropped.into_iter().map(GenerationId).collect())
    }
}

/// Whether a folder of this name holds the index of a generation.
fn is_index(name: &str) -> bool {
    name.strip_prefix("index").is_some_and(|rest| {
        rest.is_empty() || rest.strip_prefix('-').is_some_and(|number| number.parse::<i64>().is_ok())
    })
}
