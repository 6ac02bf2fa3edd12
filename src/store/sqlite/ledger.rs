//! What is known of files. Changes run inside the caller's transaction.

use rusqlite::{Connection, OptionalExtension, Row, params, types::Type};

use crate::{
    store::{FileRecord, FileVersion, MirrorRecord, NewName},
    util::time::UnixMillis,
};

/// The folders that are mirrored.
pub(super) fn mirrors(c: &Connection) -> Result<Vec<MirrorRecord>, rusqlite::Error> {
    c.prepare_cached("SELECT root, identity, shape, compared_at FROM mirrors ORDER BY root")?
        .query_map([], |row| {
            Ok(MirrorRecord {
                root: row.get(0)?,
                identity: row.get(1)?,
                shape: row.get(2)?,
                compared: row.get::<_, Option<i64>>(3)?.map(UnixMillis),
            })
        })?
        .collect()
}

/// The files of a mirror.
pub(super) fn files(c: &Connection, root: &str) -> Result<Vec<FileRecord>, rusqlite::Error> {
    c.prepare_cached(
        "SELECT f.source, f.size, f.modified, f.content, f.stage, f.attempts, f.next_try, f.error, f.since, f.version,
                f.metadata
         FROM mirror_files f JOIN mirrors m ON m.id = f.mirror_id WHERE m.root = ?1 ORDER BY f.source",
    )?
    .query_map([root], record)?
    .collect()
}

fn record(row: &Row<'_>) -> Result<FileRecord, rusqlite::Error> {
    let size: Option<u64> = row.get(1)?;
    let modified: Option<i64> = row.get(2)?;
    let stage: String = row.get(4)?;
    let unknown = || rusqlite::Error::FromSqlConversionFailure(4, Type::Text, "no such stage".into());
    Ok(FileRecord {
        source: row.get(0)?,
        version: size.zip(modified).map(|(size, modified)| FileVersion { size, modified }),
        content: row.get(3)?,
        stage: stage.parse().map_err(|()| unknown())?,
        attempts: row.get(5)?,
        next_try: row.get::<_, Option<i64>>(6)?.map(UnixMillis),
        error: row.get(7)?,
        since: UnixMillis(row.get(8)?),
        label: row.get(9)?,
        metadata: row.get(10)?,
    })
}

/// Notes a mirror, or what has become of it.
pub(super) fn put_mirror(tx: &Connection, mirror: &MirrorRecord) -> Result<(), rusqlite::Error> {
    tx.prepare_cached(
        "INSERT INTO mirrors (root, identity, shape, compared_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (root) DO UPDATE SET identity = ?2, shape = ?3, compared_at = ?4",
    )?
    .execute(params![mirror.root, mirror.identity, mirror.shape, mirror.compared.map(|at| at.0)])?;
    Ok(())
}

/// Notes what is known of files of a mirror, and forgets others. Of an unknown mirror nothing is noted.
pub(super) fn track(
    tx: &Connection,
    root: &str,
    files: &[FileRecord],
    forgotten: &[String],
) -> Result<(), rusqlite::Error> {
    let mirror: Option<i64> =
        tx.prepare_cached("SELECT id FROM mirrors WHERE root = ?1")?.query_row([root], |row| row.get(0)).optional()?;
    let Some(mirror) = mirror else { return Ok(()) };
    let mut forget = tx.prepare_cached("DELETE FROM mirror_files WHERE mirror_id = ?1 AND source = ?2")?;
    for source in forgotten {
        forget.execute(params![mirror, source])?;
    }
    let mut put = tx.prepare_cached(
        "INSERT OR REPLACE INTO mirror_files
             (mirror_id, source, size, modified, content, stage, attempts, next_try, error, since, version, metadata)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    )?;
    for file in files {
        put.execute(params![
            mirror,
            file.source,
            file.version.map(|version| i64::try_from(version.size).unwrap_or(i64::MAX)),
            file.version.map(|version| version.modified),
            file.content,
            file.stage.as_str(),
            file.attempts,
            file.next_try.map(|at| at.0),
            file.error,
            file.since.0,
            file.label,
            file.metadata,
        ])?;
    }
    Ok(())
}

/// Gives documents other names, and their chunks other keys. Their chunks are new rows for the indexes, because the name may be
/// part of what they search; their vectors are the same. Returns how many: none when the first is not there, or one of its
/// other name is.
pub(super) fn rename(tx: &Connection, documents: &[NewName], revision: u64) -> Result<usize, rusqlite::Error> {
    let mut renamed = 0;
    for document in documents {
        if rename_one(tx, document, revision)? {
            renamed += 1;
        } else if renamed == 0 {
            break;
        }
    }
    Ok(renamed)
}

fn rename_one(tx: &Connection, NewName { from, to, keys }: &NewName, revision: u64) -> Result<bool, rusqlite::Error> {
    let id_of = |source: &str| -> Result<Option<i64>, rusqlite::Error> {
        tx.prepare_cached("SELECT id FROM documents WHERE source = ?1")?
            .query_row([source], |row| row.get(0))
            .optional()
    };
    let (Some(id), None) = (id_of(from)?, id_of(to)?) else { return Ok(false) };
    tx.prepare_cached("UPDATE documents SET source = ?2, revision = ?3 WHERE id = ?1")?
        .execute(params![id, to, revision])?;
    tx.prepare_cached("UPDATE documents SET part_of = ?2 WHERE part_of = ?1")?.execute(params![from, to])?;
    let chunks: Vec<(i64, String)> = tx
        .prepare_cached("SELECT id, key FROM chunks WHERE document_id = ?1 ORDER BY id")?
        .query_map([id], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    // The row is moved, not copied: all of its columns go with it.
    let mut next: i64 = tx.query_row("SELECT seq FROM sqlite_sequence WHERE name = 'chunks'", [], |row| row.get(0))?;
    for (old, key) in chunks {
        next += 1;
        let key = keys.iter().find(|(from, _)| *from == key).map_or(key.as_str(), |(_, to)| to.as_str());
        tx.prepare_cached(
            "INSERT INTO removed_chunks (chunk_id, generation, revision) SELECT id, generation, ?2 FROM chunks WHERE id = ?1",
        )?
            .execute(params![old, revision])?;
        tx.prepare_cached("UPDATE chunks SET id = ?2, key = ?3, revision = ?4 WHERE id = ?1")?
            .execute(params![old, next, key, revision])?;
        tx.prepare_cached("UPDATE places SET chunk_id = ?2 WHERE chunk_id = ?1")?.execute(params![old, next])?;
    }
    tx.execute("UPDATE sqlite_sequence SET seq = ?1 WHERE name = 'chunks'", [next])?;
    Ok(true)
}
