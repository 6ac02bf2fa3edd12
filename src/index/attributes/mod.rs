//! What filters ask of documents, so that a filter narrows a search before it ranks.
//!
//! For each key the index has its values sorted, and for each value the documents that have it. An equality is a look-up, a
//! comparison of order a range, and joints are operations on sets of bits: a filter costs about as much as there are
//! documents that it means, and a sixty-fourth of all. The result is a [`Selection`]: the documents as bits, and, where
//! they have few chunks, these. The two searches then do what is cheapest for the number of chunks:
//!
//! - Few (at most one in 32): only these are looked at. The vector search scores each of them by its exact vector; the
//!   lexical one goes through them in the order of its files and lets the question's terms skip to each. Both are exact.
//! - Many: they search as they do without a filter, and ask of each candidate that would be among the best whether its
//!   document is in the set, which is one bit.
//!
//! So no selectivity is bad: what a filter leaves is either little, or enough that a search of all meets it soon. A search
//! that ranks first and filters what it found has a gap between the two, where a list of candidates has none that counts.
//!
//! Like the vectors, the index lives in memory and is built at every start: of 100,000 chunks that takes a tenth of a second.
//! It follows the documents as well as the chunks, because metadata changes when no chunk does.

mod bits;
#[cfg(test)]
mod tests;
mod values;

use std::{
    collections::{HashMap, VecDeque, hash_map::Entry},
    sync::Arc,
};

use foldhash::fast::RandomState;
use parking_lot::{Mutex, RwLock};

pub use bits::Bits;
use values::KeyValues;

use super::{IndexError, follow::Follower, scope::Scope};
use crate::domain::{
    Changes, ChunkId, DocumentId, Facet, Filter, SearchFilter, Stamp,
    filter::{AttributeValue, FilterKey},
};

/// A selection has few chunks when it has at most one in so many (`cargo bench --bench filtered` shows what both ways cost).
const FEW: usize = 32;

/// Filters whose selections are kept until something changes: both searches of a question have the same one, and the
/// questions of an application few different ones.
const REMEMBERED: usize = 16;

/// Most keys that are told of, those with the most documents.
const MOST_FACETS: usize = 100;

/// The documents that a filter means.
#[derive(Debug, PartialEq, Eq)]
pub struct Selection {
    documents: Bits,
    chunks: usize,
    few: Option<Box<[ChunkId]>>,
}

impl Selection {
    /// Whether a document is meant.
    #[inline]
    pub fn contains(&self, document: DocumentId) -> bool {
        self.documents.contains(document)
    }

    /// How many chunks its documents have.
    pub fn len(&self) -> usize {
        self.chunks
    }

    /// Whether its documents have no chunks.
    pub fn is_empty(&self) -> bool {
        self.chunks == 0
    }

    /// Its chunks in order, when they are few.
    pub fn few(&self) -> Option<&[ChunkId]> {
        self.few.as_deref()
    }
}

/// What is known of a document.
#[derive(Default)]
struct Known {
    /// Its values; none while only its chunks are known.
    entries: Vec<(FilterKey, AttributeValue)>,
    chunks: Vec<ChunkId>,
}

#[derive(Default)]
struct State {
    stamp: Option<Stamp>,
    documents: HashMap<DocumentId, Known, RandomState>,
    /// The document of each chunk.
    owners: HashMap<ChunkId, DocumentId, RandomState>,
    keys: HashMap<FilterKey, KeyValues, RandomState>,
    /// Documents whose values are known.
    all: Bits,
}

/// The attributes of a DB's documents, in memory.
#[derive(Default)]
pub struct AttributeIndex {
    state: RwLock<State>,
    /// The last selections, newest first, each with the state that it is of.
    remembered: Mutex<VecDeque<(Filter, Stamp, Arc<Selection>)>>,
}

impl AttributeIndex {
    /// The state that is mirrored.
    pub fn stamp(&self) -> Option<Stamp> {
        self.state.read().stamp.clone()
    }

    /// What a search is limited to.
    pub fn scope(&self, filter: &SearchFilter) -> Scope {
        let SearchFilter { languages, versions, documents } = filter;
        let of_versions = (!versions.is_empty()).then(|| Filter::with_version(versions));
        let wanted = match (of_versions, documents.clone()) {
            (Some(versions), Some(documents)) => Some(versions.and(documents)),
            (one, other) => one.or(other),
        };
        Scope::new(languages.clone(), wanted.map(|filter| self.select(&filter)))
    }

    /// The documents that a filter means.
    pub fn select(&self, filter: &Filter) -> Arc<Selection> {
        let state = self.state.read();
        if let Some(stamp) = &state.stamp {
            let remembered = self.remembered.lock();
            let same = remembered.iter().find(|(own, at, _)| own == filter && at == stamp);
            if let Some((_, _, selection)) = same {
                return Arc::clone(selection);
            }
        }
        let selection = Arc::new(state.select(filter));
        if let Some(stamp) = &state.stamp {
            let mut remembered = self.remembered.lock();
            remembered.truncate(REMEMBERED - 1);
            remembered.push_front((filter.clone(), stamp.clone(), Arc::clone(&selection)));
        }
        selection
    }

    /// The keys that documents have, those of most documents first, with at most so many values each. Names and titles of
    /// documents are not among them: nearly each has its own.
    pub fn facets(&self, most_values: usize) -> Vec<Facet> {
        let state = self.state.read();
        let told = state.keys.iter().filter(|(key, _)| !matches!(key, FilterKey::Source | FilterKey::Title));
        let mut keys: Vec<_> = told.collect();
        keys.sort_by(|(a, of_a), (b, of_b)| of_b.documents.cmp(&of_a.documents).then_with(|| a.cmp(b)));
        keys.truncate(MOST_FACETS);
        keys.into_iter().map(|(key, values)| values.facet(key, most_values)).collect()
    }

    /// Applies the next changes, wherever they lead from: for those who feed an index by hand.
    ///
    /// # Errors
    /// None that does not come from other threads that change it.
    pub fn follow_one(&self, changes: Changes) -> Result<(), IndexError> {
        self.apply(self.stamp().as_ref(), changes)
    }
}

impl State {
    fn select(&self, filter: &Filter) -> Selection {
        let documents = self.evaluate(filter);
        let of = |document| self.documents.get(&document).map_or(&[][..], |known| &known.chunks);
        let chunks = documents.iter().map(|document| of(document).len()).sum();
        let few = (chunks <= self.owners.len() / FEW).then(|| {
            let mut few: Vec<ChunkId> = documents.iter().flat_map(|document| of(document).iter().copied()).collect();
            few.sort_unstable();
            few.into()
        });
        Selection { documents, chunks, few }
    }

    fn evaluate(&self, filter: &Filter) -> Bits {
        match filter {
            Filter::Compare(comparison) => {
                let condition = comparison.condition();
                let within =
                    self.keys.get(comparison.key()).map(|values| values.within(&condition)).unwrap_or_default();
                if condition.negated { self.all.without(&within) } else { within }
            }
            Filter::And(filters) => {
                let mut parts = filters.iter().map(|filter| self.evaluate(filter));
                let Some(mut all) = parts.next() else { return self.all.clone() };
                parts.for_each(|part| all.keep(&part));
                all
            }
            Filter::Or(filters) => {
                let mut any = Bits::default();
                filters.iter().for_each(|filter| any.add(&self.evaluate(filter)));
                any
            }
        }
    }

    /// Forgets the values of a document; its chunks stay until they are removed.
    fn forget(&mut self, document: DocumentId) {
        self.all.remove(document);
        let Some(known) = self.documents.get_mut(&document) else { return };
        let entries = std::mem::take(&mut known.entries);
        if known.chunks.is_empty() {
            self.documents.remove(&document);
        }
        let mut last = None;
        for (key, value) in &entries {
            let Some(values) = self.keys.get_mut(key) else { continue };
            values.remove(value, document);
            // Entries are sorted, so that those of a key stand together.
            if last != Some(key) {
                values.documents = values.documents.saturating_sub(1);
                last = Some(key);
            }
            if values.is_empty() {
                self.keys.remove(key);
            }
        }
    }

    fn learn(&mut self, document: DocumentId, entries: Vec<(FilterKey, AttributeValue)>) {
        self.forget(document);
        self.all.insert(document);
        let mut last = None;
        for (key, value) in &entries {
            let values = match self.keys.get_mut(key) {
                Some(values) => values,
                None => self.keys.entry(key.clone()).or_default(),
            };
            values.insert(value, document);
            if last != Some(key) {
                values.documents += 1;
                last = Some(key);
            }
        }
        self.documents.entry(document).or_default().entries = entries;
    }

    fn remove_chunk(&mut self, chunk: ChunkId) {
        let Some(document) = self.owners.remove(&chunk) else { return };
        let Entry::Occupied(mut known) = self.documents.entry(document) else { return };
        // In order, because ids grow.
        if let Ok(at) = known.get().chunks.binary_search(&chunk) {
            known.get_mut().chunks.remove(at);
        }
        if known.get().chunks.is_empty() && known.get().entries.is_empty() {
            known.remove();
        }
    }

    fn add_chunk(&mut self, chunk: ChunkId, document: DocumentId) {
        self.remove_chunk(chunk);
        self.owners.insert(chunk, document);
        let chunks = &mut self.documents.entry(document).or_default().chunks;
        if let Err(at) = chunks.binary_search(&chunk) {
            chunks.insert(at, chunk);
        }
    }
}

impl Follower for AttributeIndex {
    fn name(&self) -> &'static str {
        "attribute"
    }

    fn position(&self) -> Result<Option<Stamp>, IndexError> {
        Ok(self.stamp())
    }

    fn apply(&self, from: Option<&Stamp>, changes: Changes) -> Result<(), IndexError> {
        // Before the lock that searches need.
        let documents: Vec<_> =
            changes.documents.into_iter().map(|document| (document.id, document.attributes.entries())).collect();
        let mut state = self.state.write();
        if state.stamp.as_ref() != from {
            return Err(IndexError::Conflict);
        }
        changes.removed.into_iter().for_each(|chunk| state.remove_chunk(chunk));
        changes.removed_documents.into_iter().for_each(|document| state.forget(document));
        documents.into_iter().for_each(|(document, entries)| state.learn(document, entries));
        changes.added.iter().for_each(|chunk| state.add_chunk(chunk.id, chunk.document));
        state.stamp = Some(changes.to);
        self.remembered.lock().clear();
        Ok(())
    }

    /// Filled in place, like that of the vectors.
    fn start_anew(&self) -> Result<(), IndexError> {
        *self.state.write() = State::default();
        self.remembered.lock().clear();
        Ok(())
    }

    fn publish(&self) -> Result<(), IndexError> {
        Ok(())
    }
}
