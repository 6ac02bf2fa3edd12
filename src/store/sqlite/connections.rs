//! Connections to one file: one writer, as many readers as are needed at once.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior, config::DbConfig};

use super::{
    files::{self, FileId, io_error, location},
    put_setting, setting,
    write::Unmade,
};
use crate::store::{Mutation, StoreError, WriteReport};

/// How long to wait for another process's transaction.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Idle readers that are kept open; more may be in use at a time.
const IDLE_READERS: usize = 8;

/// Schema changes in order; the number of those applied is the file's `user_version`.
const MIGRATIONS: [&str; 8] = [
    include_str!("migrations/001_init.sql"),
    include_str!("migrations/002_counts.sql"),
    include_str!("migrations/003_documents.sql"),
    include_str!("migrations/005_metadata.sql"),
    include_str!("migrations/006_generations.sql"),
    include_str!("migrations/007_sync.sql"),
    include_str!("migrations/008_parts.sql"),
    include_str!("migrations/009_labels.sql"),
];

/// How long opening may look for damage. A small file is seen whole; [`Connections::verify`] reads the rest of a large one.
const QUICK_CHECK: Duration = Duration::from_millis(250);

/// Steps of the engine between two looks at the clock.
const STEPS: i32 = 2_000;

/// A DB that can only be read.
struct ReadOnly {
    why: String,
    /// Nobody else writes it either, so that no lock is needed; a folder that cannot be written has no place for one.
    immutable: bool,
}

pub(super) struct Connections {
    path: PathBuf,
    /// The file that was opened.
    file: Option<FileId>,
    writer: Mutex<Connection>,
    read_only: Option<ReadOnly>,
    idle_readers: Mutex<Vec<Connection>>,
}

impl Connections {
    /// Makes the file.
    pub(super) fn create(path: &Path) -> Result<Self, StoreError> {
        files::make_private_file(path).map_err(io_error("create the DB", path))?;
        Self::writable(path)
    }

    /// Opens a file that is there.
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let size = std::fs::metadata(path).map_err(io_error("open the DB", path))?.len();
        if size == 0 {
            // SQLite would take it for a new one.
            return Err(StoreError::Damaged { location: location(path), detail: "the file is empty".into() });
        }
        let opened = Self::writable(path).or_else(|error| match Self::readable(path, &error) {
            Some(opened) => opened,
            None => Err(error),
        })?;
        opened.check_quickly()?;
        Ok(opened)
    }

    fn writable(path: &Path) -> Result<Self, StoreError> {
        let fail = |error| map_error(path, "open the DB", error);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut writer = Connection::open_with_flags(path, flags).map_err(fail)?;
        prepare(&writer).map_err(fail)?;
        if writer.is_readonly("main").map_err(fail)? {
            // SQLite says so at the first write only.
            let why = "permission denied, or the disk is read-only".to_owned();
            return Err(StoreError::ReadOnly { location: location(path), why });
        }
        // WAL: readers and the writer do not wait for each other. FULL: what was committed is on disk, power cut or not; the
        // store is the only truth, and one wait serves everybody who commits at the same time.
        writer.pragma_update(None, "journal_mode", "WAL").map_err(fail)?;
        writer.pragma_update(None, "synchronous", "FULL").map_err(fail)?;
        migrate(&mut writer, path)?;
        Self::with(path, writer, None)
    }

    /// The file opened for reading alone, when `error` says that it cannot be written; `None` when something else is wrong.
    fn readable(path: &Path, error: &StoreError) -> Option<Result<Self, StoreError>> {
        let why = match error {
            StoreError::Full { .. } => "the disk is full".to_owned(),
            StoreError::ReadOnly { why, .. } => why.clone(),
            StoreError::Io { source, .. } => source.to_string(),
            _ => return None,
        };
        let open = |immutable| {
            let fail = |error| map_error(path, "open the DB", error);
            let connection = open_read_only(path, immutable).map_err(fail)?;
            let version = schema_version(&connection).map_err(fail)?;
            if version != MIGRATIONS.len() as i64 {
                return Err(StoreError::ReadOnly {
                    location: location(path),
                    why: format!("{why}, and its schema is of another version"),
                });
            }
            Self::with(path, connection, Some(ReadOnly { why: why.clone(), immutable }))
        };
        // Without a place for SQLite's lock the file may only be read when no log of changes belongs to it.
        let log = std::fs::metadata(path.with_extension("db-wal")).map_or(0, |log| log.len());
        Some(open(false).or_else(|error| if log == 0 { open(true) } else { Err(error) }))
    }

    fn with(path: &Path, writer: Connection, read_only: Option<ReadOnly>) -> Result<Self, StoreError> {
        if let Some(ReadOnly { why, .. }) = &read_only {
            tracing::warn!(path = %path.display(), %why, "the DB is opened for reading alone");
        }
        Ok(Self {
            path: path.to_owned(),
            file: FileId::of(path).map_err(io_error("open the DB", path))?,
            writer: Mutex::new(writer),
            read_only,
            idle_readers: Mutex::new(Vec::new()),
        })
    }

    pub(super) fn read_only(&self) -> Option<&str> {
        self.read_only.as_ref().map(|read_only| read_only.why.as_str())
    }

    /// Asks the connection that writes.
    #[cfg(test)]
    pub(super) fn on_writer<T>(&self, ask: impl FnOnce(&Connection) -> T) -> T {
        ask(&self.writer.lock())
    }

    /// Whether the file is still the one at its path.
    pub(super) fn attached(&self) -> Result<(), StoreError> {
        if FileId::is_at(self.file, &self.path) {
            return Ok(());
        }
        Err(StoreError::Detached { location: location(&self.path) })
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
            None => self.open_reader().map_err(|error| map_error(&self.path, "open the DB", error))?,
        };
        let result = query(&connection);
        let mut idle_readers = self.idle_readers.lock();
        if idle_readers.len() < IDLE_READERS {
            idle_readers.push(connection);
        }
        drop(idle_readers);
        result.map_err(|error| map_error(&self.path, action, error))
    }

    pub(super) fn read<T>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, rusqlite::Error>,
    ) -> Result<T, StoreError> {
        self.read_as("read the DB", query)
    }

    fn open_reader(&self) -> Result<Connection, rusqlite::Error> {
        if let Some(ReadOnly { immutable, .. }) = self.read_only {
            return open_read_only(&self.path, immutable);
        }
        // Not created when missing: a DB that was deleted meanwhile must not come back empty.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        prepare(&connection)?;
        connection.pragma_update(None, "query_only", true)?;
        Ok(connection)
    }

    /// Makes changes in one transaction, each of which is undone by itself when it fails.
    pub(super) fn write_all(
        &self,
        mutations: &[Mutation],
        make: impl Fn(&Connection, &Mutation) -> Result<WriteReport, Unmade>,
    ) -> Vec<Result<WriteReport, StoreError>> {
        self.try_write_all(mutations, make)
            .unwrap_or_else(|error| mutations.iter().map(|_| Err(error.clone())).collect())
    }

    fn try_write_all(
        &self,
        mutations: &[Mutation],
        make: impl Fn(&Connection, &Mutation) -> Result<WriteReport, Unmade>,
    ) -> Result<Vec<Result<WriteReport, StoreError>>, StoreError> {
        if let Some(why) = self.read_only() {
            return Err(StoreError::ReadOnly { location: location(&self.path), why: why.to_owned() });
        }
        self.attached()?;
        let fail = |error| map_error(&self.path, "write to the DB", error);
        let mut writer = self.writer.lock();
        // Immediate: take the write lock now, instead of failing midway when another process has it.
        let mut tx = writer.transaction_with_behavior(TransactionBehavior::Immediate).map_err(fail)?;
        let mut results = Vec::with_capacity(mutations.len());
        for mutation in mutations {
            let savepoint = tx.savepoint().map_err(fail)?;
            let made = make(&savepoint, mutation).map_err(|unmade| match unmade {
                Unmade::Refused(error) => error,
                Unmade::Failed(error) => fail(error),
            });
            let ended = if made.is_ok() { savepoint.commit() } else { savepoint.finish() };
            if tx.is_autocommit() {
                // The engine has undone the whole transaction: a full disk, for instance.
                let undone = || StoreError::Engine {
                    action: "write to the DB",
                    source: Arc::new(std::io::Error::other("the transaction was undone")),
                };
                return Err(made.err().unwrap_or_else(undone));
            }
            ended.map_err(fail)?;
            results.push(made);
        }
        tx.commit().map_err(fail)?;
        Ok(results)
    }

    /// Makes one change in a transaction of its own.
    pub(super) fn write_as<T>(
        &self,
        action: &'static str,
        make: impl FnOnce(&Connection) -> Result<T, Unmade>,
    ) -> Result<T, StoreError> {
        if let Some(why) = self.read_only() {
            return Err(StoreError::ReadOnly { location: location(&self.path), why: why.to_owned() });
        }
        self.attached()?;
        let fail = |error| map_error(&self.path, action, error);
        let mut writer = self.writer.lock();
        let tx = writer.transaction_with_behavior(TransactionBehavior::Immediate).map_err(fail)?;
        let made = make(&tx).map_err(|unmade| match unmade {
            Unmade::Refused(error) => error,
            Unmade::Failed(error) => fail(error),
        })?;
        tx.commit().map_err(fail)?;
        Ok(made)
    }

    /// Writes the file's present state into another one, which is empty; others may write meanwhile.
    pub(super) fn copy_into(&self, to: &Path) -> Result<(), StoreError> {
        let fail = |error| map_error(&self.path, "copy the DB", error);
        let connection = self.open_reader().map_err(fail)?;
        // The copy is a file, too.
        connection.pragma_update(None, "query_only", false).map_err(fail)?;
        connection.execute("VACUUM INTO ?1", [to.to_string_lossy()]).map(drop).map_err(fail)
    }

    fn check_quickly(&self) -> Result<(), StoreError> {
        let until = Instant::now() + QUICK_CHECK;
        self.check("PRAGMA quick_check(1)", move || Instant::now() >= until)
    }

    /// Reads the whole file and looks for damage, at leisure: half of the time goes to others.
    pub(super) fn verify(&self, cancelled: Arc<AtomicBool>) -> Result<(), StoreError> {
        self.check("PRAGMA integrity_check(1)", move || {
            thread::sleep(Duration::from_micros(500));
            cancelled.load(Ordering::Relaxed)
        })
    }

    /// Runs a check that names what is wrong, or says `ok`; ended early it has found nothing.
    fn check(&self, sql: &str, ended: impl FnMut() -> bool + Send + 'static) -> Result<(), StoreError> {
        let fail = |error| map_error(&self.path, "look for damage", error);
        // A connection of its own: the handler must not stay with one that is used again.
        let mut connection = self.open_reader().map_err(fail)?;
        connection.progress_handler(STEPS, Some(ended)).map_err(fail)?;
        match connection.query_row(sql, [], |row| row.get::<_, String>(0)) {
            Ok(said) if said == "ok" => Ok(()),
            Ok(said) => Err(StoreError::Damaged { location: location(&self.path), detail: said }),
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => Ok(()),
            Err(error) => Err(fail(error)),
        }
    }
}

fn open_read_only(path: &Path, immutable: bool) -> Result<Connection, rusqlite::Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = match immutable.then(|| url::Url::from_file_path(std::path::absolute(path).ok()?).ok()).flatten() {
        Some(mut uri) => {
            uri.set_query(Some("immutable=1"));
            Connection::open_with_flags(uri.as_str(), flags | OpenFlags::SQLITE_OPEN_URI)?
        }
        None => Connection::open_with_flags(path, flags)?,
    };
    prepare(&connection)?;
    Ok(connection)
}

fn prepare(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.set_prepared_statement_cache_capacity(64);
    // A plan must not depend on the values that are bound: SQLite would compile a cached statement anew whenever they change,
    // which takes ten times as long as reading a chunk.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

fn schema_version(connection: &Connection) -> Result<i64, rusqlite::Error> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

fn migrate(writer: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let fail = |error| map_error(path, "bring the DB's schema up to date", error);
    let known = MIGRATIONS.len() as i64;
    // Nothing is written where there is nothing to do: the disk may be full.
    if schema_version(writer).map_err(fail)? == known {
        return Ok(());
    }
    let tx = writer.transaction_with_behavior(TransactionBehavior::Immediate).map_err(fail)?;
    let applied = schema_version(&tx).map_err(fail)?;
    if applied > known {
        return Err(StoreError::TooNew { location: location(path), found: applied, known });
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
pub(super) fn map_error(path: &Path, action: &'static str, source: rusqlite::Error) -> StoreError {
    let location = location(path);
    match source.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Busy,
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            StoreError::Damaged { location, detail: source.to_string() }
        }
        Some(ErrorCode::DiskFull) => StoreError::Full { location },
        Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen) if files::is_full(path) => {
            StoreError::Full { location }
        }
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            StoreError::ReadOnly { location, why: source.to_string() }
        }
        Some(ErrorCode::CannotOpen | ErrorCode::SystemIoFailure) => {
            StoreError::Io { action, location, source: Arc::new(std::io::Error::other(source)) }
        }
        _ => StoreError::Engine { action, source: Arc::new(source) },
    }
}
