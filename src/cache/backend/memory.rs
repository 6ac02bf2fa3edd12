//! Entries in this process's memory and, if wanted, in a journal on its disk.
//!
//! The lock is held while the table is read or changed, never across a wait. Finding needs it shared, so that lookups run
//! side by side; counters of use are atomic.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use async_trait::async_trait;
use parking_lot::{Mutex, RwLock};

use super::{
    BackendError, Bounds, CacheBackend, CacheEffect, CacheMutation, CacheSize, Journal, JournalReport, journal::Record,
    table::Table,
};
use crate::{
    cache::{Entry, Namespace, SimilarityPrior, key::ExactKey},
    util::time::UnixMillis,
};

/// Records of a journal that is not worth writing anew.
const SMALL_JOURNAL: usize = 1_000;

/// Entries in memory.
#[derive(Default)]
pub struct MemoryBackend(Arc<Inner>);

struct Inner {
    table: RwLock<Table>,
    /// What was learned here, for the journal.
    learned: Mutex<SimilarityPrior>,
    journal: Option<Journal>,
    next: AtomicU64,
}

impl Default for Inner {
    fn default() -> Self {
        Self {
            table: RwLock::new(Table::new()),
            learned: Mutex::new(SimilarityPrior::nothing()),
            journal: None,
            next: AtomicU64::new(1),
        }
    }
}

impl MemoryBackend {
    /// Takes over what a journal holds, within these bounds, and writes to it from now on.
    pub fn with_journal(journal: Journal, report: JournalReport, bounds: Bounds, now: UnixMillis) -> Self {
        let mut table = Table::new();
        let mut last = 0;
        for mut restored in report.entries {
            last = last.max(restored.entry.id);
            // The clock was set back meanwhile: its age is not known, but it gets no older than its time from now on.
            restored.entry.created = restored.entry.created.min(now);
            table.insert(Arc::new(restored.entry), restored.vector.as_deref(), restored.keys);
        }
        table.expire(now, bounds.ttl);
        table.shrink(bounds);
        Self(Arc::new(Inner {
            table: RwLock::new(table),
            learned: Mutex::new(report.learned.unwrap_or_else(SimilarityPrior::nothing)),
            journal: Some(journal),
            next: AtomicU64::new(last + 1),
        }))
    }
}

impl Inner {
    fn admit(&self, mutation: CacheMutation<'_>) -> CacheEffect {
        let CacheMutation::Admit { entry, key, vector, bounds, now } = mutation else { return CacheEffect::default() };
        let entry = Arc::new(Entry::new(self.next.fetch_add(1, Ordering::Relaxed), entry));
        let mut table = self.table.write();
        if table.exact(key).is_some_and(|known| now.since(known.created) < bounds.ttl) {
            return CacheEffect::default();
        }
        let expired = table.expire(now, bounds.ttl);
        table.insert(Arc::clone(&entry), vector, vec![key]);
        let evicted = table.shrink(bounds);
        // Within the lock, so that the journal has things in the order in which they happened.
        self.note(|| Record::kept(&entry, vector, &[key]));
        self.forget(&expired);
        self.forget(&evicted);
        CacheEffect { removed: 0, expired: expired.len(), evicted: evicted.len() }
    }

    /// Removes what `which` takes out of the table.
    fn remove(&self, which: impl FnOnce(&mut Table) -> Vec<u64>) -> usize {
        let mut table = self.table.write();
        let removed = which(&mut table);
        self.forget(&removed);
        removed.len()
    }

    /// Writes the journal anew, with what is held and nothing else.
    fn compact(&self) {
        let Some(journal) = &self.journal else { return };
        let table = self.table.read();
        let entries = table.entries().map(|entry| Record::kept(entry, table.vector(entry), table.keys(entry.id)));
        let learned = Record::Learned(self.learned.lock().clone());
        journal.rewrite(entries.chain([learned]).collect());
    }

    fn note(&self, record: impl FnOnce() -> Record) {
        if let Some(journal) = &self.journal {
            journal.write(record());
        }
    }

    fn forget(&self, ids: &[u64]) {
        for id in ids {
            self.note(|| Record::Gone { id: *id });
        }
    }
}

#[async_trait]
impl CacheBackend for MemoryBackend {
    async fn exact(&self, key: ExactKey) -> Result<Option<Arc<Entry>>, BackendError> {
        Ok(self.0.table.read().exact(key).cloned())
    }

    async fn nearest(
        &self,
        namespace: &Namespace,
        vector: &[f32],
        least: f32,
        n: usize,
    ) -> Result<Vec<(f32, Arc<Entry>)>, BackendError> {
        Ok(self.0.table.read().nearest(namespace, vector, least, n))
    }

    async fn vector(&self, entry: &Entry) -> Result<Option<Vec<f32>>, BackendError> {
        Ok(self.0.table.read().vector(entry).map(<[f32]>::to_vec))
    }

    async fn apply(&self, mutation: CacheMutation<'_>) -> Result<CacheEffect, BackendError> {
        let inner = &*self.0;
        let mut effect = CacheEffect::default();
        match mutation {
            CacheMutation::Admit { .. } => effect = inner.admit(mutation),
            CacheMutation::Confirm(entry, stamp) => entry.confirm(stamp),
            CacheMutation::Observe(entry, similarity, right) => {
                entry.learned.lock().observe(similarity, right);
                inner.learned.lock().observe(similarity, right);
                inner.note(|| Record::Observed { id: entry.id, similarity, right });
            }
            CacheMutation::Alias(entry, key) => {
                if inner.table.write().alias(key, entry.id) {
                    inner.note(|| Record::Alias { id: entry.id, key });
                }
            }
            CacheMutation::Remove(entry) => {
                effect.removed = inner.remove(|table| if table.remove(entry.id) { vec![entry.id] } else { Vec::new() });
            }
            CacheMutation::Clear(which) => {
                effect.removed = inner.remove(|table| table.remove_where(|entry| which.covers(&entry.namespace)));
            }
            CacheMutation::Expire(now, ttl) => effect.expired = inner.remove(|table| table.expire(now, ttl)),
            CacheMutation::Shrink(bounds) => effect.evicted = inner.remove(|table| table.shrink(bounds)),
        }
        Ok(effect)
    }

    fn touch(&self, entry: &Entry) {
        self.0.table.read().touch(entry);
    }

    fn size(&self) -> CacheSize {
        let table = self.0.table.read();
        CacheSize { entries: table.len(), bytes: table.bytes() }
    }

    fn learned(&self) -> SimilarityPrior {
        self.0.learned.lock().clone()
    }

    /// Writes the journal anew when most of it is about what is gone.
    async fn tidy(&self) {
        let held = self.0.table.read().len();
        if self.0.journal.as_ref().is_some_and(|journal| journal.records() > 2 * held + SMALL_JOURNAL) {
            let inner = Arc::clone(&self.0);
            drop(tokio::task::spawn_blocking(move || inner.compact()).await);
        }
    }
}
