//! Copies of a DB's file, and DBs of such copies.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use rusqlite::{Connection, params};

use super::{
    SqliteCatalog, SqliteStore,
    connections::map_error,
    count, embedder,
    files::{self, io_error},
    generations,
};
use crate::{
    domain::DbName,
    store::{Counts, EmbedderRecord, StoreCatalog, StoreError},
};

/// What a copy does not need: other generations, and the history of this one.
const REDUCE: [&str; 4] = [
    "DELETE FROM places WHERE chunk_id IN (SELECT id FROM chunks WHERE generation <> ?1)",
    "DELETE FROM chunks WHERE generation <> ?1",
    "DELETE FROM generation_documents WHERE generation <> ?1",
    "DELETE FROM generations WHERE id <> ?1",
];

impl SqliteCatalog {
    /// Writes the DB as it is at this moment into a file that is not there yet. Returns how much that is, and by which embedder.
    pub(super) fn copy_to(&self, name: &DbName, to: &Path) -> Result<(Counts, Option<EmbedderRecord>), StoreError> {
        let file = self.file(name);
        if !self.exists(name) {
            return Err(StoreError::not_found(name));
        }
        // Of the present schema.
        let store = SqliteStore::open(&file)?;
        files::make_private_file(to).map_err(io_error("write", to))?;
        store.connections.copy_into(to)?;
        reduce(to).map_err(|error| map_error(to, "write a copy of the DB", error))
    }

    /// Makes a DB of what a copy holds.
    pub(super) fn make_of(&self, name: &DbName, copy: &mut dyn Read, replace: bool) -> Result<(), StoreError> {
        self.attached()?;
        self.in_place(name, replace, |fresh| {
            let path = fresh.join(super::catalog::FILE);
            files::make_private_file(&path).map_err(io_error("create", &path))?;
            let mut file = File::options().write(true).open(&path).map_err(io_error("create", &path))?;
            io::copy(copy, &mut file).map_err(io_error("write", &path))?;
            file.sync_all().map_err(io_error("write", &path))?;
            drop(file);
            let store = SqliteStore::open(&path)?;
            // Another DB than the one that was copied, from now on: indexes and caches of that one must not be taken for its own.
            store.connections.write_as("name the DB", |tx| {
                let new = || uuid::Uuid::new_v4().to_string();
                super::put_setting(tx, "identity", &new())?;
                tx.execute("UPDATE generations SET identity = ?1", [new()])?;
                Ok(())
            })
        })
    }
}

/// Leaves only the generation that serves.
fn reduce(path: &Path) -> Result<(Counts, Option<EmbedderRecord>), rusqlite::Error> {
    let connection = Connection::open(path)?;
    // One file, without a log beside it.
    connection.pragma_update(None, "journal_mode", "DELETE")?;
    let (serving, _) = generations::serving(&connection)?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
    let mut gone = connection.execute("DELETE FROM removed_chunks", [])?;
    for sql in REDUCE {
        gone += connection.execute(sql, params![serving.0])?;
    }
    if gone > 0 {
        connection.execute_batch("VACUUM")?;
    }
    let (documents, chunks) = (count(&connection, "documents")?, generations::chunk_count(&connection, serving)?);
    Ok((Counts { documents, chunks, bytes: 0 }, embedder(&connection, serving)?))
}
