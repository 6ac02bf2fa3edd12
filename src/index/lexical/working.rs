//! The writing side of a lexical index: its files, and who may write them.
//!
//! A lock file beside the folder, held through the operating system, belongs to the one process that writes. It is taken for
//! a series of changes and let go a moment after the last, so that many small changes neither start threads nor read the
//! folder anew each time. Everybody who takes it opens the index afresh: the last one may have built another.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};
use tantivy::{
    Index, IndexReader, IndexSettings, IndexWriter, ReloadPolicy, Searcher, TantivyDocument, TantivyError, Term,
    merge_policy::LogMergePolicy,
};

use super::{Fields, entries::Entries, files::UnsyncedFolder, schema, tokens};
use crate::{
    domain::{Changes, Stamp},
    index::IndexError,
};

/// Raised whenever schema or analysis changes: indexes of another format are started anew.
const FORMAT: u32 = 7;

/// Memory of the writer, in bytes. It has one thread: two make the last commit of a page wait for the slower one.
const WRITER_MEMORY: usize = 48 << 20;

/// So many segments of about one size become one: each is searched anew, and far more is read than written.
const SEGMENTS_TO_MERGE: usize = 3;

/// Chunks up to which all segments count as of one size while changes come: merging must not cost more than they do.
const SMALL_SEGMENT: u32 = 64;

/// The same when they have ceased: then there is time, and searches like few segments.
const SMALL_SEGMENT_AT_REST: u32 = 10_000;

/// How long to wait at the start for a process that is building the index.
const OPEN_PATIENCE: Duration = Duration::from_secs(30);

/// What a commit says about itself.
#[derive(Debug, Serialize, Deserialize)]
struct Payload {
    format: u32,
    stamp: Stamp,
}

/// Where the index is.
enum IndexLocation {
    Folder { path: PathBuf, files: UnsyncedFolder },
    Memory { why: String },
}

/// A series of changes that is being written.
pub(super) struct Session {
    writer: IndexWriter<TantivyDocument>,
    /// Let go when this is dropped; `None` in memory.
    _lock: Option<File>,
    used: Instant,
}

/// An index and how it is written.
pub(super) struct Working {
    place: IndexLocation,
    index: Index,
    reader: IndexReader,
    session: Option<Session>,
}

impl Working {
    /// Opens the index in this folder, empty when there is none that can be used; in memory when the folder cannot be.
    pub(super) fn open(folder: &Path) -> Self {
        Self::in_folder(folder).unwrap_or_else(|error| {
            tracing::warn!(folder = %folder.display(), %error, "the lexical index is kept in memory");
            Self::in_memory(error.to_string())
        })
    }

    fn in_folder(folder: &Path) -> Result<Self, IndexError> {
        make_folder(folder)?;
        let started = Instant::now();
        loop {
            let index = match lock(folder)? {
                Some(_lock) => Some(match existing(folder, true) {
                    Ok(Some(found)) => found,
                    Ok(None) => create(folder)?,
                    Err(error) => {
                        tracing::warn!(folder = %folder.display(), %error, "the lexical index is unusable and will be built again");
                        create(folder)?
                    }
                }),
                // Whoever writes just now has a good one, or is about to.
                None => existing(folder, false).ok().flatten(),
            };
            match index {
                Some((index, files)) => {
                    let place = IndexLocation::Folder { path: folder.to_owned(), files };
                    let reader = reader(&index)?;
                    return Ok(Self { place, index, reader, session: None });
                }
                None if started.elapsed() > OPEN_PATIENCE => {
                    return Err(IndexError::InUse { index: "lexical", seconds: OPEN_PATIENCE.as_secs() });
                }
                None => thread::sleep(Duration::from_millis(10)),
            }
        }
    }

    fn in_memory(why: String) -> Self {
        let index = Index::create_in_ram(schema().0);
        tokens::register(&index);
        // Nothing in it can fail: there are no files.
        let reader = reader(&index).expect("an index in memory can be read");
        Self { place: IndexLocation::Memory { why }, index, reader, session: None }
    }

    /// Why the index is in memory, when it is.
    pub(super) fn trouble(&self) -> Option<&str> {
        match &self.place {
            IndexLocation::Memory { why } => Some(why),
            IndexLocation::Folder { .. } => None,
        }
    }

    /// What can be searched now.
    pub(super) fn searcher(&self) -> Searcher {
        self.reader.searcher()
    }

    /// What can be searched after a look at the disk, whichever process wrote there.
    pub(super) fn reload(&self) -> Result<Searcher, IndexError> {
        self.reader.reload()?;
        Ok(self.reader.searcher())
    }

    /// The state that the last commit mirrors, whichever process made it.
    pub(super) fn position(&self) -> Result<Option<Stamp>, IndexError> {
        Ok(payload(&self.index)?.map(|payload| payload.stamp))
    }

    /// Commits what leads from `from` to `changes.to`.
    pub(super) fn apply(&mut self, fields: Fields, from: Option<&Stamp>, changes: Changes) -> Result<(), IndexError> {
        let applied = self.commit(fields, from, changes);
        applied.map_err(|error| {
            // What was not committed goes with the writer, and the lock with both.
            self.session = None;
            match (&self.place, error) {
                (_, error @ IndexError::Conflict) => error,
                (IndexLocation::Folder { path, files }, error) => match files.take_failure() {
                    Some(kind) => IndexError::io(format!("write the lexical index in {}", path.display()), kind.into()),
                    None => error,
                },
                (IndexLocation::Memory { .. }, error) => error,
            }
        })
    }

    fn commit(&mut self, fields: Fields, from: Option<&Stamp>, changes: Changes) -> Result<(), IndexError> {
        if self.session.is_none() {
            self.session = Some(self.begin()?);
        }
        // With the lock in hand: nobody moves the index from here on.
        if self.position()?.as_ref() != from {
            return Err(IndexError::Conflict);
        }
        let Some(session) = &mut self.session else { return Err(IndexError::Conflict) };
        for id in changes.removed {
            session.writer.delete_term(Term::from_field_u64(fields.id, id.0.cast_unsigned()));
        }
        let mut entries = Entries::new(fields);
        for chunk in changes.added {
            session.writer.add_document(entries.entry(&chunk))?;
        }
        session.commit(&Payload { format: FORMAT, stamp: changes.to })?;
        session.used = Instant::now();
        Ok(())
    }

    /// Takes the lock and opens the index as it is now.
    fn begin(&mut self) -> Result<Session, IndexError> {
        let mut held = None;
        if let IndexLocation::Folder { path, files } = &mut self.place {
            held = Some(lock(path)?.ok_or(IndexError::Conflict)?);
            let (index, fresh) = existing(path, false)?.ok_or_else(|| IndexError::Damaged {
                path: path.clone(),
                detail: "there is no index of this format any more".into(),
            })?;
            *files = fresh;
            self.reader = reader(&index)?;
            self.index = index;
        }
        let writer = self.index.writer_with_num_threads(1, WRITER_MEMORY)?;
        writer.set_merge_policy(Box::new(merging(SMALL_SEGMENT)));
        Ok(Session { writer, _lock: held, used: Instant::now() })
    }

    /// Throws the index away. Searches keep the snapshot that they have. In memory, when the folder cannot be used.
    pub(super) fn start_anew(&mut self) -> Result<(), IndexError> {
        self.session = None;
        let IndexLocation::Folder { path, .. } = &self.place else {
            let why = self.trouble().unwrap_or_default().to_owned();
            *self = Self::in_memory(why);
            return Ok(());
        };
        let path = path.clone();
        let anew = lock(&path).and_then(|held| {
            let _held = held.ok_or(IndexError::Conflict)?;
            let (index, files) = create(&path)?;
            Ok(Self {
                place: IndexLocation::Folder { path: path.clone(), files },
                reader: reader(&index)?,
                index,
                session: None,
            })
        });
        *self = match anew {
            Err(IndexError::Conflict) => return Err(IndexError::Conflict),
            Err(error) => {
                tracing::warn!(folder = %path.display(), %error, "the lexical index is kept in memory");
                Self::in_memory(error.to_string())
            }
            Ok(anew) => anew,
        };
        Ok(())
    }

    /// The session, when its last change is at least `idle` ago.
    pub(super) fn take_idle_session(&mut self, idle: Duration) -> Option<Session> {
        self.session.take_if(|session| session.used.elapsed() >= idle)
    }
}

impl Session {
    fn commit(&mut self, payload: &Payload) -> Result<(), IndexError> {
        let mut commit = self.writer.prepare_commit()?;
        commit.set_payload(&serde_json::to_string(payload).unwrap_or_default());
        commit.commit()?;
        Ok(())
    }

    /// Merges what small changes left behind, and waits for it.
    pub(super) fn end(mut self) -> Result<(), IndexError> {
        let small = self.writer.index().searchable_segment_metas()?;
        let small = small.iter().filter(|segment| segment.max_doc() < SMALL_SEGMENT_AT_REST).count();
        if small >= SEGMENTS_TO_MERGE
            && let Some(payload) = payload(self.writer.index())?
        {
            self.writer.set_merge_policy(Box::new(merging(SMALL_SEGMENT_AT_REST)));
            // Merges are considered at commits.
            self.commit(&payload)?;
        }
        Ok(self.writer.wait_merging_threads()?)
    }
}

fn merging(small: u32) -> LogMergePolicy {
    let mut policy = LogMergePolicy::default();
    policy.set_min_num_segments(SEGMENTS_TO_MERGE);
    policy.set_min_layer_size(small);
    policy
}

/// What the last commit says; `None` before the first.
fn payload(index: &Index) -> Result<Option<Payload>, IndexError> {
    Ok(index.load_metas()?.payload.and_then(|payload| serde_json::from_str(&payload).ok()))
}

/// Reloaded by hand, when there is something new: no thread watches the folder.
fn reader(index: &Index) -> Result<IndexReader, IndexError> {
    Ok(index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?)
}

fn make_folder(folder: &Path) -> Result<(), IndexError> {
    // A file in the place of a folder that is ours alone.
    for part in folder.parent().into_iter().chain([folder]) {
        if part.is_file() {
            fs::remove_file(part).map_err(|error| {
                IndexError::io(format!("remove {}, a file in the index's place", part.display()), error)
            })?;
        }
    }
    fs::create_dir_all(folder)
        .map_err(|error| IndexError::io(format!("make the index folder {}", folder.display()), error))
}

/// Takes the right to write; `None` when another process has it. It is let go when the file is dropped.
fn lock(folder: &Path) -> Result<Option<File>, IndexError> {
    let path = folder.with_extension("lock");
    let failed = |error: io::Error| IndexError::io(format!("lock {}", path.display()), error);
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// The index that is there; `None` when there is none, or one of another format. `check` reads all of it: after a power cut,
/// files may be there whose bytes are not.
fn existing(folder: &Path, check: bool) -> Result<Option<(Index, UnsyncedFolder)>, IndexError> {
    if !folder.join("meta.json").exists() {
        return Ok(None);
    }
    let files = UnsyncedFolder::open(folder).map_err(TantivyError::from)?;
    let index = Index::open(files.clone())?;
    if index.schema() != schema().0 {
        return Ok(None);
    }
    tokens::register(&index);
    let metas = index.load_metas()?;
    let foreign = match metas.payload {
        Some(payload) => serde_json::from_str::<Payload>(&payload).map_or(true, |payload| payload.format != FORMAT),
        // Nothing was committed yet.
        None => !metas.segments.is_empty(),
    };
    if foreign {
        return Ok(None);
    }
    if check && let Some(damaged) = index.validate_checksum()?.into_iter().next() {
        return Err(IndexError::Damaged { path: folder.join(damaged), detail: "its checksum is wrong".into() });
    }
    Ok(Some((index, files)))
}

/// An empty index in place of whatever is there. The lock must be held.
fn create(folder: &Path) -> Result<(Index, UnsyncedFolder), IndexError> {
    let failed = |error| IndexError::io(format!("empty the index folder {}", folder.display()), error);
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(failed)?;
    }
    make_folder(folder)?;
    let files = UnsyncedFolder::open(folder).map_err(TantivyError::from)?;
    let index = Index::create(files.clone(), schema().0, IndexSettings::default())?;
    tokens::register(&index);
    Ok((index, files))
}
