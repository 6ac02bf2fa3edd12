//! Learned sparse retrieval: chunks by the terms that a small model finds in them (see [`SparseEncoder`]).
//!
//! Making the vectors takes a hundred times as long as everything else that a new chunk needs. So this index follows the store
//! [in its own time](SparseIndex::follow), behind the others: searches rank by it what it has, and it is told how far it is. Its
//! vectors are kept in a file, so that a restart or a kill loses a few dozen of them at most.

mod entries;
mod journal;
#[cfg(test)]
mod tests;

use std::{path::Path, sync::Arc};

use parking_lot::{Mutex, RwLock};

use entries::{Entries, Entry, Quantized};
use journal::{Frame, Journal, Reading};

use super::{ChangeFeed, IndexError, scope::Scope};
use crate::domain::{ChangeSet, Changes, ChunkId, Hit, IndexedChunk, SparseEncoder, SparseVector, Stamp, Want};

/// Chunks that are asked of the store at a time; one change of the store is never cut in two.
const PAGE: usize = 1_024;

/// Chunks whose vectors are made and written together: what a kill loses.
const TOGETHER: usize = 64;

/// Bytes of the file above which it is written anew when most of it is of no use any more.
const SMALL_FILE: u64 = 1 << 20;

/// Bytes of an entry in the file besides its terms, about.
const ENTRY_BYTES: u64 = 32;

/// The sparse vectors of a generation of a DB.
pub struct SparseIndex {
    encoder: Arc<dyn SparseEncoder>,
    state: RwLock<State>,
    /// Held while the index follows: twice at once would be work done twice.
    journal: Mutex<Kept>,
}

#[derive(Default)]
struct State {
    stamp: Option<Stamp>,
    entries: Entries,
}

/// How the vectors are kept.
struct Kept {
    journal: Journal,
    /// Whether the file could last not be written; the vectors are in memory then, until a restart.
    unwritable: bool,
}

impl State {
    fn apply(&mut self, frames: Vec<Frame>) {
        for Frame { stamp, removed, added } in frames {
            removed.into_iter().for_each(|id| self.entries.remove(id));
            added.iter().for_each(|entry| self.entries.insert(entry));
            self.stamp = stamp.or(self.stamp.take());
        }
    }
}

impl SparseIndex {
    /// Opens the index in this folder. One that is missing, damaged, of another format or another encoder starts empty.
    pub fn open(folder: &Path, encoder: Arc<dyn SparseEncoder>) -> Self {
        let journal = Journal::new(folder, encoder.id());
        let (state, kept) = (RwLock::default(), Mutex::new(Kept { journal, unwritable: false }));
        let index = Self { encoder, state, journal: kept };
        if let Err(error) = index.read_on(&mut index.journal.lock()) {
            tracing::warn!(folder = %folder.display(), %error, "the sparse index cannot be read and is made again");
        }
        index
    }

    /// Number of chunks that it knows, those among them whose language the model does not read.
    pub fn len(&self) -> usize {
        self.state.read().entries.len()
    }

    /// Whether it knows none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The vector of a question; `None` while no chunk has one to compare it with.
    pub fn question(&self, text: &str) -> Option<SparseVector> {
        (!self.state.read().entries.has_no_terms()).then(|| self.encoder.question(text))
    }

    /// The `k` chunks that fit a question best, by the product of their vectors; equal ones by id.
    pub fn search(&self, question: &SparseVector, k: usize, scope: &Scope) -> Vec<Hit> {
        self.state.read().entries.search(question, k, scope)
    }

    /// Products of a question with these chunks; `None` for those that have no vector, or none yet.
    pub fn scores(&self, question: &SparseVector, ids: &[ChunkId]) -> Vec<Option<f32>> {
        self.state.read().entries.scores(question, ids)
    }

    /// Whether it mirrors this state of the store, or a newer one.
    pub fn covers(&self, stamp: &Stamp) -> bool {
        let state = self.state.read();
        state.stamp.as_ref().is_some_and(|shown| shown.db == stamp.db && shown.revision >= stamp.revision)
    }

    /// Catches up with the store, on as many threads as there are cores and with the priority of the calling one, until `stop` says
    /// so. Returns whether it has caught up; it has not, either, while another process is at it.
    ///
    /// # Errors
    /// When the store cannot be read. A file that cannot be written is logged; the vectors are then in memory.
    pub fn follow(&self, feed: &dyn ChangeFeed, stop: &dyn Fn() -> bool) -> Result<bool, IndexError> {
        let Some(mut kept) = self.journal.try_lock() else { return Ok(false) };
        let _lock = match kept.journal.lock() {
            Ok(None) => {
                // Whoever writes does the work; what is made already is good for us, too.
                self.read_on(&mut kept)?;
                return Ok(false);
            }
            Ok(Some(lock)) => Some(lock),
            Err(error) => {
                kept.tell_unwritable(&error);
                None
            }
        };
        self.read_on(&mut kept)?;
        while !stop() {
            let from = self.state.read().stamp.clone();
            match feed.changes(from.as_ref(), Want::Text, PAGE)? {
                ChangeSet::Current => {
                    self.tidy(&mut kept);
                    return Ok(true);
                }
                ChangeSet::Foreign => self.start_anew(&mut kept),
                ChangeSet::Next(changes) => {
                    if !self.take(changes, &mut kept, stop) {
                        break;
                    }
                }
            }
        }
        Ok(false)
    }

    /// Takes in one set of changes; returns whether all of it.
    fn take(&self, changes: Changes, kept: &mut Kept, stop: &dyn Fn() -> bool) -> bool {
        let Changes { to, added, removed, .. } = changes;
        // A chunk's id is never given again, so that one that is known was read before a stop.
        let unknown: Vec<IndexedChunk> = {
            let state = self.state.read();
            added.into_iter().filter(|chunk| !state.entries.contains(chunk.id)).collect()
        };
        for chunks in unknown.chunks(TOGETHER) {
            if stop() {
                return false;
            }
            self.keep(Frame { added: self.encoded(chunks), ..Frame::default() }, kept);
        }
        self.keep(Frame { stamp: Some(to), removed, added: Vec::new() }, kept);
        true
    }

    /// The entries of chunks, made on all cores.
    fn encoded(&self, chunks: &[IndexedChunk]) -> Vec<Entry> {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let part = chunks.len().div_ceil(threads).max(1);
        std::thread::scope(|scope| {
            // New threads have the priority of this one.
            let parts =
                chunks.chunks(part).map(|part| scope.spawn(|| part.iter().map(|chunk| self.entry(chunk)).collect()));
            let parts: Vec<std::thread::ScopedJoinHandle<'_, Vec<Entry>>> = parts.collect();
            let joined = |part: std::thread::ScopedJoinHandle<'_, Vec<Entry>>| {
                part.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            };
            parts.into_iter().flat_map(joined).collect()
        })
    }

    fn entry(&self, chunk: &IndexedChunk) -> Entry {
        let vector = match self.encoder.reads(&chunk.language) {
            true => Quantized::of(&self.encoder.passage(&chunk.context, &chunk.text)),
            false => Quantized::default(),
        };
        let IndexedChunk { id, document, language, .. } = chunk;
        Entry { id: *id, document: *document, language: language.clone(), vector }
    }

    /// Writes a frame and shows it to searches.
    fn keep(&self, frame: Frame, kept: &mut Kept) {
        if !kept.unwritable
            && let Err(error) = kept.journal.append(&frame)
        {
            kept.tell_unwritable(&error);
        }
        self.state.write().apply(vec![frame]);
    }

    /// Forgets everything: the store is another one.
    fn start_anew(&self, kept: &mut Kept) {
        *self.state.write() = State::default();
        if !kept.unwritable
            && let Err(error) = kept.journal.replace(&[])
        {
            kept.tell_unwritable(&error);
        }
    }

    /// Writes the file anew when most of it is about chunks that are gone.
    fn tidy(&self, kept: &mut Kept) {
        let (bytes, written) = (self.state.read().entries.bytes(), kept.journal.len());
        if kept.unwritable || written < SMALL_FILE || bytes * 2 > written {
            return;
        }
        let state = self.state.read();
        let mut frame = Frame { stamp: state.stamp.clone(), ..Frame::default() };
        state.entries.each(|entry| frame.added.push(entry));
        drop(state);
        if let Err(error) = kept.journal.replace(&[frame]) {
            kept.tell_unwritable(&error);
        }
    }

    /// Takes in what is in the file, whichever process wrote it.
    fn read_on(&self, kept: &mut Kept) -> Result<(), IndexError> {
        if kept.unwritable {
            return Ok(());
        }
        match kept.journal.read_on()? {
            Reading::On(frames) if frames.is_empty() => {}
            Reading::On(frames) => self.state.write().apply(frames),
            Reading::Anew(frames) => {
                let mut anew = State::default();
                anew.apply(frames);
                *self.state.write() = anew;
            }
        }
        Ok(())
    }
}

impl Kept {
    fn tell_unwritable(&mut self, error: &IndexError) {
        if !self.unwritable {
            tracing::warn!(%error, "the sparse index is kept in memory until the next start");
        }
        self.unwritable = true;
    }
}
