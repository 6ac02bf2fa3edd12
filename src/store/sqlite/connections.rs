//! Connections to one file: one writer, as many readers as are needed at once.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use parking_lot::Mutex;
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};

use super::{put_setting, setting};
use crate::store::StoreError;

/// How long to wait for another process's transaction.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Idle readers that are kept open; more may be in use at a time.
const IDLE_READERS: usize = 16;

/// Schema changes in order; the number of those applied is the file's `user_version`.
const MIGRATIONS: [&str; 1] = [include_str!("migrations/001_init.sql")];

pub(super) struct Connections {
    path: PathBuf,
    writer: Mutex<Connection>,
    idle_readers: Mutex<Vec<Connection>>,
}

impl Connections {
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let fail = |error| at(path, "open the DB", error);
        let mut writer = Connection::open(path).map_err(fail)?;
        prepare(&writer).map_err(fail)?;
        // WAL: readers and the writer do not wait for each other. NORMAL: after a power cut the last transactions may
        // be missing, but never half there.
        writer.pragma_update(None, "journal_mode", "WAL").map_err(fail)?;
        writer.pragma_update(None, "synchronous", "NORMAL").map_err(fail)?;
        migrate(&mut writer, path)?;
        Ok(Self { path: path.to_owned(), writer: Mutex::new(writer), idle_readers: Mutex::new(Vec::new()) })
    }

    /// Runs a query on a connection of its own.
    pub(super) fn read_as<T>(
        &self,
        action: &'static str,
        query: impl FnOnce(&Connection) -> Result<T, rusqlite::Error>,
    ) -> Result<T, StoreError> {
        let idle = self.idle_readers.lock().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.open_reader().map_err(|error| at(&self.path, "open the DB", error))?,
        };
        let result = query(&connection);
        let mut idle_readers = self.idle_readers.lock();
        if idle_readers.len() < IDLE_READERS {
            idle_readers.push(connection);
        }
        drop(idle_readers);
        result.map_err(|error| at(&self.path, action, error))
    }

    pub(super) fn read<T>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, rusqlite::Error>,
    ) -> Result<T, StoreError> {
        self.read_as("read the DB", query)
    }

    fn open_reader(&self) -> Result<Connection, rusqlite::Error> {
        // Not created when missing: a DB that was deleted meanwhile must not come back empty.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        prepare(&connection)?;
        connection.pragma_update(None, "query_only", true)?;
        Ok(connection)
    }

    /// Runs a transaction and commits it; any error rolls back.
    pub(super) fn write<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let fail = |error| at(&self.path, "write to the DB", error);
        let mut writer = self.writer.lock();
        // Immediate: take the write lock now, instead of failing midway when another process has it.
        let tx = writer.transaction_with_behavior(TransactionBehavior::Immediate).map_err(fail)?;
        let result = work(&tx)?;
        tx.commit().map_err(fail)?;
        Ok(result)
    }
}

fn prepare(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

fn migrate(writer: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let fail = |error| at(path, "bring the DB's schema up to date", error);
    let tx = writer.transaction_with_behavior(TransactionBehavior::Immediate).map_err(fail)?;
    let applied: i64 = tx.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(fail)?;
    let known = MIGRATIONS.len() as i64;
    if applied > known {
        return Err(StoreError::TooNew { path: path.to_owned(), found: applied, known });
    }
    for sql in MIGRATIONS.iter().skip(usize::try_from(applied).unwrap_or(0)) {
        tx.execute_batch(sql).map_err(fail)?;
    }
    if setting(&tx, "identity").map_err(fail)?.is_none() {
        put_setting(&tx, "identity", &uuid::Uuid::new_v4().to_string()).map_err(fail)?;
    }
    tx.pragma_update(None, "user_version", known).map_err(fail)?;
    tx.commit().map_err(fail)
}

/// Gives an engine error its meaning.
fn at(path: &Path, action: &'static str, source: rusqlite::Error) -> StoreError {
    match source.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Busy,
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            StoreError::Damaged { path: path.to_owned(), detail: source.to_string() }
        }
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::ReadOnly | ErrorCode::DiskFull) => {
            StoreError::Io { action, path: path.to_owned(), source: std::io::Error::other(source) }
        }
        _ => StoreError::Engine { action, source },
    }
}
