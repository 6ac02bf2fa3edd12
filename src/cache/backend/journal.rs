//! What happened in the cache, on disk, so that it survives the process.
//!
//! A record is written when it happens, by a thread of its own; a process that is killed loses at most what that thread had
//! not come to. Each record is framed by a mark, its length and a checksum: a damaged one is passed over, up to the next
//! mark. With a key each record is sealed (ChaCha20-Poly1305, RFC 8439) under a fresh nonce, and its place in the file
//! cannot be told from outside except by length.

use std::{
    collections::{HashMap, HashSet},
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread::JoinHandle,
};

use parking_lot::Mutex;
use ring::{
    aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    rand::{SecureRandom, SystemRandom},
};
use serde::{Deserialize, Serialize};

use crate::cache::{
    Entry, Namespace, SimilarityPrior, StoredAnswer, entry::NewEntry, key::ExactKey, verified::Learned,
};
use crate::domain::{DbName, Stamp};
use crate::util::time::UnixMillis;

/// First line of a journal whose records can be read by anybody.
const PLAIN: &[u8; 16] = b"ragctl cache 1p\n";
/// First line of a sealed one; behind it a sealed empty record, by which a wrong key is told.
const SEALED: &[u8; 16] = b"ragctl cache 1s\n";
/// Begins every record.
const MARK: [u8; 4] = [0xC5, 0x1D, 0x0A, 0x96];
/// Mark, length, checksum.
const HEAD: usize = 4 + 4 + 8;
/// Largest record that is believed.
const LARGEST: usize = 256 << 20;
/// Length of a key.
pub const KEY_BYTES: usize = 32;

/// Why a journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The disk.
    #[error("the cache file {} cannot be used: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It was written with a key, and this one does not open it.
    #[error("the cache file {} is encrypted with another key; set SEMANTIC_CACHE_KEY to that key, or delete the file", path.display())]
    WrongKey {
        /// The file.
        path: PathBuf,
    },
    /// It was written with a key, and none is given.
    #[error("the cache file {} is encrypted; set SEMANTIC_CACHE_KEY to its key, or delete the file", path.display())]
    KeyMissing {
        /// The file.
        path: PathBuf,
    },
    /// Another process writes it.
    #[error("the cache file {} is used by another server", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
}

/// Seals records.
pub struct SealingKey(LessSafeKey);

impl SealingKey {
    /// A key of 32 bytes.
    pub fn new(bytes: &[u8; KEY_BYTES]) -> Option<Self> {
        Some(Self(LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, bytes).ok()?)))
    }

    fn seal(&self, mut plain: Vec<u8>) -> Option<Vec<u8>> {
        let mut nonce = [0u8; NONCE_LEN];
        SystemRandom::new().fill(&mut nonce).ok()?;
        self.0.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(SEALED), &mut plain).ok()?;
        let mut sealed = nonce.to_vec();
        sealed.append(&mut plain);
        Some(sealed)
    }

    fn open(&self, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, rest) = sealed.split_first_chunk::<NONCE_LEN>()?;
        let mut rest = rest.to_vec();
        let length =
            self.0.open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(SEALED), &mut rest).ok()?.len();
        rest.truncate(length);
        Some(rest)
    }
}

/// An entry as it is written.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct KeptRecord {
    id: u64,
    namespace: Namespace,
    question: String,
    answer: StoredAnswer,
    #[serde(with = "as_number")]
    created: UnixMillis,
    accesses: u64,
    stamp: Option<Stamp>,
    learned: Learned,
    keys: Vec<ExactKey>,
    /// Behind the JSON, as little-endian floats.
    #[serde(skip)]
    vector: Option<Vec<f32>>,
}

/// A time as a plain number, as journals have always had it.
mod as_number {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::util::time::UnixMillis;

    pub(super) fn serialize<S: Serializer>(time: &UnixMillis, serializer: S) -> Result<S::Ok, S::Error> {
        time.0.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<UnixMillis, D::Error> {
        i64::deserialize(deserializer).map(UnixMillis)
    }
}

/// Something that happened.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Record {
    /// An answer was kept.
    Kept(Box<KeptRecord>),
    /// An entry is gone.
    Gone { id: u64 },
    /// Verified mode has learned.
    Observed { id: u64, similarity: f32, right: bool },
    /// Further words lead to an entry.
    Alias { id: u64, key: ExactKey },
    /// What verified mode had learned when the journal was last written anew; not what it knew before it began.
    Learned(SimilarityPrior),
}

impl Record {
    pub(super) fn kept(entry: &Entry, vector: Option<&[f32]>, keys: &[ExactKey]) -> Self {
        Self::Kept(Box::new(KeptRecord {
            id: entry.id,
            namespace: entry.namespace.clone(),
            question: entry.question.clone(),
            answer: StoredAnswer::clone(&entry.answer),
            created: entry.created,
            accesses: entry.accesses(),
            stamp: entry.stamp.lock().clone(),
            learned: entry.learned.lock().clone(),
            keys: keys.to_vec(),
            vector: vector.map(<[f32]>::to_vec),
        }))
    }

    /// Length of the JSON, the JSON, the vector.
    fn encode(&self) -> Option<Vec<u8>> {
        let json = serde_json::to_vec(self).ok()?;
        let mut bytes = Vec::with_capacity(json.len() + 1_100);
        bytes.extend_from_slice(&u32::try_from(json.len()).ok()?.to_le_bytes());
        bytes.extend_from_slice(&json);
        if let Self::Kept(kept) = self {
            bytes.extend(kept.vector.iter().flatten().flat_map(|x| x.to_le_bytes()));
        }
        Some(bytes)
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (length, rest) = bytes.split_first_chunk::<4>()?;
        let (json, vector) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        let mut record: Self = serde_json::from_slice(json).ok()?;
        if let Self::Kept(kept) = &mut record
            && !vector.is_empty()
        {
            kept.vector = Some(vector.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect());
        }
        Some(record)
    }
}

/// An entry that came back.
pub(super) struct Restored {
    pub(super) entry: Entry,
    pub(super) vector: Option<Vec<f32>>,
    pub(super) keys: Vec<ExactKey>,
}

impl Restored {
    fn new(kept: KeptRecord) -> Self {
        let dimension = kept.vector.as_ref().map_or(0, Vec::len);
        let KeptRecord { namespace, question, answer, stamp, created, .. } = kept;
        let new = NewEntry { namespace, question, answer, stamp, dimension, created };
        let entry =
            Entry { accesses: kept.accesses.into(), learned: Mutex::new(kept.learned), ..Entry::new(kept.id, new) };
        Self { entry, vector: kept.vector, keys: kept.keys }
    }
}

/// What a journal held.
#[derive(Default)]
pub struct JournalReport {
    pub(super) entries: Vec<Restored>,
    /// What verified mode has learned since the journal began.
    pub(super) learned: Option<SimilarityPrior>,
    /// Records that could not be read.
    pub damaged: usize,
    /// Where the file was moved, when nothing of it could be read.
    pub moved_to: Option<PathBuf>,
}

impl JournalReport {
    /// Entries that came back.
    pub fn restored(&self) -> usize {
        self.entries.len()
    }
}

enum Job {
    Write(Record),
    Rewrite(Vec<Record>),
}

/// Writes what happens.
pub struct Journal {
    jobs: Option<mpsc::Sender<Job>>,
    writer: Option<JoinHandle<()>>,
    /// Records since the file was written anew.
    records: AtomicUsize,
}

impl Journal {
    /// Reads the journal at `path`, which need not exist, writes it anew without what is gone, and goes on writing there.
    /// Blocks.
    ///
    /// # Errors
    /// A file that cannot be read or written, or is sealed with another key. Damaged records are no error: they are counted.
    pub fn open(path: &Path, key: Option<SealingKey>) -> Result<(Self, JournalReport), JournalError> {
        let io = |source| JournalError::Io { path: path.to_owned(), source };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(io)?;
        }
        let lock = lock(path)?;
        let report = match fs::read(path) {
            Ok(bytes) if bytes.is_empty() => JournalReport::default(),
            Ok(bytes) => match read(path, &bytes, key.as_ref())? {
                Some(report) => report,
                None => JournalReport { moved_to: Some(move_away(path).map_err(io)?), ..JournalReport::default() },
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => JournalReport::default(),
            Err(error) => return Err(io(error)),
        };
        let mut records: Vec<Record> =
            report.entries.iter().map(|r| Record::kept(&r.entry, r.vector.as_deref(), &r.keys)).collect();
        records.extend(report.learned.clone().map(Record::Learned));
        let mut writer = Writer { path: path.to_owned(), key, file: None, _lock: lock };
        writer.rewrite(&records).map_err(io)?;
        let (jobs, inbox) = mpsc::channel();
        let writer = std::thread::Builder::new()
            .name("cache-journal".to_owned())
            .spawn(move || writer.run(&inbox))
            .map_err(io)?;
        Ok((Self { jobs: Some(jobs), writer: Some(writer), records: records.len().into() }, report))
    }

    /// Records in the file.
    pub(super) fn records(&self) -> usize {
        self.records.load(Ordering::Relaxed)
    }

    pub(super) fn write(&self, record: Record) {
        self.records.fetch_add(1, Ordering::Relaxed);
        self.send(Job::Write(record));
    }

    pub(super) fn rewrite(&self, records: Vec<Record>) {
        self.records.store(records.len(), Ordering::Relaxed);
        self.send(Job::Rewrite(records));
    }

    fn send(&self, job: Job) {
        // Without a writer (its thread could not go on) the cache works on in memory; the writer has said so.
        if let Some(jobs) = &self.jobs {
            drop(jobs.send(job));
        }
    }
}

impl Drop for Journal {
    /// Waits until everything is written.
    fn drop(&mut self) {
        self.jobs.take();
        if let Some(writer) = self.writer.take() {
            drop(writer.join());
        }
    }
}

struct Writer {
    path: PathBuf,
    key: Option<SealingKey>,
    file: Option<File>,
    /// The right to write, let go when the process ends or this is dropped.
    _lock: File,
}

impl Writer {
    fn run(mut self, inbox: &mpsc::Receiver<Job>) {
        let mut reported = false;
        while let Ok(job) = inbox.recv() {
            let done = match job {
                Job::Write(record) => self.append(&record),
                Job::Rewrite(records) => self.rewrite(&records),
            };
            match done {
                Err(error) if !reported => {
                    tracing::warn!(path = %self.path.display(), %error, "the cache file cannot be written; the cache goes on in memory");
                    reported = true;
                }
                Ok(()) => reported = false,
                Err(_) => {}
            }
        }
    }

    fn append(&mut self, record: &Record) -> io::Result<()> {
        let framed = self.framed(record.encode())?;
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(OpenOptions::new().append(true).open(&self.path)?),
        };
        file.write_all(&framed)
    }

    fn framed(&self, payload: Option<Vec<u8>>) -> io::Result<Vec<u8>> {
        let sealed = match (&self.key, payload) {
            (Some(key), Some(plain)) => key.seal(plain),
            (None, plain) => plain,
            (Some(_), None) => None,
        };
        let payload = sealed.ok_or_else(|| io::Error::other("a record could not be encoded"))?;
        let mut framed = Vec::with_capacity(HEAD + payload.len());
        framed.extend_from_slice(&MARK);
        framed.extend_from_slice(&(payload.len() as u32).to_le_bytes());
        framed.extend_from_slice(&checksum(&payload));
        framed.extend_from_slice(&payload);
        Ok(framed)
    }

    /// Writes beside the file and puts the new one in its place, so that there is always a whole one.
    fn rewrite(&mut self, records: &[Record]) -> io::Result<()> {
        self.file = None;
        let beside = beside(&self.path, "~new");
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut fresh = options.open(&beside)?;
        {
            let mut out = io::BufWriter::new(&mut fresh);
            out.write_all(if self.key.is_some() { SEALED } else { PLAIN })?;
            if self.key.is_some() {
                out.write_all(&self.framed(Some(Vec::new()))?)?;
            }
            for record in records {
                out.write_all(&self.framed(record.encode())?)?;
            }
            out.flush()?;
        }
        fresh.sync_all()?;
        drop(fresh);
        fs::rename(&beside, &self.path)
    }
}

/// A name beside the file, which no DB can have.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Takes the right to write the journal: two writers would lose each other's records.
fn lock(path: &Path) -> Result<File, JournalError> {
    let io = |source| JournalError::Io { path: path.to_owned(), source };
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(beside(path, "~lock")).map_err(io)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(JournalError::InUse { path: path.to_owned() }),
        Err(TryLockError::Error(error)) => Err(io(error)),
    }
}

/// Moves a file away that is no journal: somebody may want to look at it.
fn move_away(path: &Path) -> io::Result<PathBuf> {
    let away = beside(path, "~damaged");
    fs::rename(path, &away)?;
    Ok(away)
}

fn checksum(payload: &[u8]) -> [u8; 8] {
    let mut sum = [0; 8];
    sum.copy_from_slice(&blake3::hash(payload).as_bytes()[..8]);
    sum
}

/// The records that are whole, and how many are not.
fn frames(mut bytes: &[u8]) -> (Vec<&[u8]>, usize) {
    let (mut found, mut damaged) = (Vec::new(), 0);
    let mut lost = false;
    while !bytes.is_empty() {
        if let Some((payload, rest)) = frame(bytes) {
            found.push(payload);
            bytes = rest;
            damaged += usize::from(lost);
            lost = false;
        } else {
            lost = true;
            bytes = bytes[1..].windows(MARK.len()).position(|at| at == MARK).map_or(&[], |at| &bytes[1 + at..]);
        }
    }
    (found, damaged + usize::from(lost))
}

fn frame(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = bytes.strip_prefix(&MARK)?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let (sum, rest) = rest.split_first_chunk::<8>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok().filter(|length| *length <= LARGEST)?;
    let (payload, rest) = rest.split_at_checked(length)?;
    (checksum(payload) == *sum).then_some((payload, rest))
}

/// What a journal's bytes hold; `None` when they are none.
fn read(path: &Path, bytes: &[u8], key: Option<&SealingKey>) -> Result<Option<JournalReport>, JournalError> {
    let Some((magic, body)) = bytes.split_first_chunk::<16>() else { return Ok(None) };
    let sealed = match magic {
        magic if magic == SEALED => true,
        magic if magic == PLAIN => false,
        _ => return Ok(None),
    };
    let (frames, damaged) = frames(body);
    if !sealed {
        // Read also when there is a key by now: the file is written anew with it.
        return Ok(Some(replay(frames.into_iter().map(|plain| Some(plain.to_vec())), damaged)));
    }
    let key = key.ok_or_else(|| JournalError::KeyMissing { path: path.to_owned() })?;
    // Any record tells whether the key fits.
    if !frames.is_empty() && !frames.iter().any(|sealed| key.open(sealed).is_some()) {
        return Err(JournalError::WrongKey { path: path.to_owned() });
    }
    Ok(Some(replay(frames.into_iter().map(|sealed| key.open(sealed)), damaged)))
}

/// The questions to a DB whose answers are in the journal at `path`, the newest first, each once. Reads only: a server may use
/// the file meanwhile. None where there is no file.
///
/// # Errors
/// As [`Journal::open`].
pub fn recorded_questions(path: &Path, key: Option<&SealingKey>, db: &DbName) -> Result<Vec<String>, JournalError> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(JournalError::Io { path: path.to_owned(), source }),
    };
    let report = read(path, &bytes, key)?.unwrap_or_default();
    let mut seen = HashSet::new();
    let entries = report.entries.into_iter().rev().map(|restored| restored.entry);
    let questions = entries.filter(|entry| entry.namespace.db() == db).map(|entry| entry.question);
    Ok(questions.filter(|question| seen.insert(question.clone())).collect())
}

/// What is left when everything has happened again.
fn replay(payloads: impl Iterator<Item = Option<Vec<u8>>>, mut damaged: usize) -> JournalReport {
    let mut order: Vec<u64> = Vec::new();
    let mut kept: HashMap<u64, KeptRecord> = HashMap::new();
    let mut learned: Option<SimilarityPrior> = None;
    for payload in payloads {
        let Some(payload) = payload else {
            damaged += 1;
            continue;
        };
        if payload.is_empty() {
            continue;
        }
        match Record::decode(&payload) {
            Some(Record::Kept(record)) => {
                order.push(record.id);
                kept.insert(record.id, *record);
            }
            Some(Record::Gone { id }) => {
                kept.remove(&id);
            }
            Some(Record::Observed { id, similarity, right }) => {
                if let Some(record) = kept.get_mut(&id) {
                    record.learned.observe(similarity, right);
                }
                learned.get_or_insert_with(SimilarityPrior::nothing).observe(similarity, right);
            }
            Some(Record::Alias { id, key }) => {
                if let Some(record) = kept.get_mut(&id) {
                    record.keys.push(key);
                }
            }
            Some(Record::Learned(counts)) => match counts.checked() {
                Some(counts) => learned = Some(counts),
                None => damaged += 1,
            },
            None => damaged += 1,
        }
    }
    let entries = order.into_iter().filter_map(|id| kept.remove(&id)).map(Restored::new).collect();
    JournalReport { entries, learned, damaged, moved_to: None }
}

#[cfg(test)]
#[path = "journal_tests.rs"]
mod tests;
