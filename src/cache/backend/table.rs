//! Entries with their bounds: by count, by bytes, by age. Plain data; the clock is handed in.

use crate::util::time::UnixMillis;
use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use super::{Bounds, space::Space};
use crate::cache::{Entry, Namespace, key::ExactKey};
use crate::domain::SpecKey;

struct Slot {
    entry: Arc<Entry>,
    /// Wordings that lead to it.
    keys: Vec<ExactKey>,
}

/// The entries.
pub(super) struct Table {
    slots: HashMap<u64, Slot>,
    exact: HashMap<ExactKey, u64>,
    spaces: HashMap<SpecKey, Space>,
    /// Entries by their last use, as far as it is known: an entry that was used since is put back when it comes up.
    by_use: BinaryHeap<Reverse<(u64, u64)>>,
    by_age: VecDeque<(UnixMillis, u64)>,
    bytes: usize,
    tick: AtomicU64,
}

impl Table {
    pub(super) fn new() -> Self {
        Self {
            slots: HashMap::new(),
            exact: HashMap::new(),
            spaces: HashMap::new(),
            by_use: BinaryHeap::new(),
            by_age: VecDeque::new(),
            bytes: 0,
            tick: AtomicU64::new(1),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &Arc<Entry>> {
        self.slots.values().map(|slot| &slot.entry)
    }

    pub(super) fn exact(&self, key: ExactKey) -> Option<&Arc<Entry>> {
        Some(&self.slots.get(self.exact.get(&key)?)?.entry)
    }

    pub(super) fn keys(&self, id: u64) -> &[ExactKey] {
        self.slots.get(&id).map_or(&[], |slot| &slot.keys)
    }

    pub(super) fn vector(&self, entry: &Entry) -> Option<&[f32]> {
        self.spaces.get(&entry.namespace.key())?.vector(entry.id)
    }

    /// The nearest entries of a namespace with at least this cosine.
    pub(super) fn nearest(
        &self,
        namespace: &Namespace,
        vector: &[f32],
        least: f32,
        n: usize,
    ) -> Vec<(f32, Arc<Entry>)> {
        let Some(space) = self.spaces.get(&namespace.key()) else { return Vec::new() };
        let near = space.nearest(vector, least, n).into_iter();
        near.filter_map(|near| Some((near.similarity, Arc::clone(&self.slots.get(&near.id)?.entry)))).collect()
    }

    /// Notes that an entry was given.
    pub(super) fn touch(&self, entry: &Entry) {
        entry.used.store(self.tick.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        entry.accesses.fetch_add(1, Ordering::Relaxed);
    }

    /// Adds an entry, in place of the one that its words led to before.
    pub(super) fn insert(&mut self, entry: Arc<Entry>, vector: Option<&[f32]>, keys: Vec<ExactKey>) {
        for key in &keys {
            if let Some(before) = self.exact.get(key).copied() {
                self.remove(before);
            }
        }
        let tick = self.tick.fetch_add(1, Ordering::Relaxed);
        entry.used.store(tick, Ordering::Relaxed);
        self.by_use.push(Reverse((tick, entry.id)));
        self.by_age.push_back((entry.created, entry.id));
        self.bytes += entry.bytes;
        if let Some(vector) = vector {
            self.spaces.entry(entry.namespace.key()).or_default().add(entry.id, vector);
        }
        self.exact.extend(keys.iter().map(|key| (*key, entry.id)));
        self.slots.insert(entry.id, Slot { entry, keys });
    }

    /// Lets further words lead to an entry that is there.
    pub(super) fn alias(&mut self, key: ExactKey, id: u64) -> bool {
        if self.exact.contains_key(&key) {
            return false;
        }
        let Some(slot) = self.slots.get_mut(&id) else { return false };
        slot.keys.push(key);
        self.exact.insert(key, id);
        true
    }

    pub(super) fn remove(&mut self, id: u64) -> bool {
        let Some(slot) = self.slots.remove(&id) else { return false };
        for key in &slot.keys {
            if self.exact.get(key) == Some(&id) {
                self.exact.remove(key);
            }
        }
        let key = slot.entry.namespace.key();
        if let Some(space) = self.spaces.get_mut(&key) {
            space.remove(id);
            if space.len() == 0 {
                self.spaces.remove(&key);
            }
        }
        self.bytes -= slot.entry.bytes;
        true
    }

    /// Removes the least recently used entries until the rest is within bounds; returns their numbers.
    pub(super) fn shrink(&mut self, bounds: Bounds) -> Vec<u64> {
        let mut evicted = Vec::new();
        while self.len() > bounds.entries || self.bytes > bounds.bytes {
            let Some(Reverse((tick, id))) = self.by_use.pop() else { break };
            let Some(slot) = self.slots.get(&id) else { continue };
            let used = slot.entry.used.load(Ordering::Relaxed);
            if used == tick {
                self.remove(id);
                evicted.push(id);
            } else {
                self.by_use.push(Reverse((used, id)));
            }
        }
        evicted
    }

    /// Removes what is older than `ttl`; returns the numbers.
    pub(super) fn expire(&mut self, now: UnixMillis, ttl: Duration) -> Vec<u64> {
        let mut expired = Vec::new();
        while let Some(&(created, id)) = self.by_age.front() {
            let gone = !self.slots.contains_key(&id);
            if !gone && now.since(created) < ttl {
                break;
            }
            self.by_age.pop_front();
            if !gone && self.remove(id) {
                expired.push(id);
            }
        }
        expired
    }

    /// Removes every entry for which `which` holds; returns the numbers.
    pub(super) fn remove_where(&mut self, which: impl Fn(&Entry) -> bool) -> Vec<u64> {
        let ids: Vec<u64> = self.entries().filter(|entry| which(entry)).map(|entry| entry.id).collect();
        for id in &ids {
            self.remove(*id);
        }
        if self.slots.is_empty() {
            self.by_use.clear();
            self.by_age.clear();
        }
        ids
    }
}
