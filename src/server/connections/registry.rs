//! Who is connected, and who goes first when there are too many.

use std::{
    collections::{BTreeSet, HashMap},
    time::Instant,
};

/// Names a connection; later ones have higher numbers.
pub(super) type ConnectionId = u64;

/// The connections of a server. `H` is the means to close one.
///
/// A connection *waits* while none of its requests is in service: it is idle, or still sends. Those may be closed in
/// favour of others, the one that waits for longest first: who only connects and does nothing grows old, who asks does not.
pub(super) struct Registry<H> {
    next: ConnectionId,
    connections: HashMap<ConnectionId, Entry<H>>,
    /// Those that wait, the longest first.
    waiting: BTreeSet<(Instant, ConnectionId)>,
}

struct Entry<H> {
    waiting_since: Option<Instant>,
    /// `None` once it was used.
    handle: Option<H>,
}

impl<H> Default for Registry<H> {
    fn default() -> Self {
        Self { next: 0, connections: HashMap::new(), waiting: BTreeSet::new() }
    }
}

impl<H> Registry<H> {
    /// Takes in a connection, which waits from now on.
    pub(super) fn add(&mut self, handle: H, now: Instant) -> ConnectionId {
        let id = self.next;
        self.next += 1;
        self.connections.insert(id, Entry { waiting_since: Some(now), handle: Some(handle) });
        self.waiting.insert((now, id));
        id
    }

    /// A connection waits since then, or has a request in service.
    pub(super) fn set_waiting(&mut self, id: ConnectionId, since: Option<Instant>) {
        let Some(entry) = self.connections.get_mut(&id) else { return };
        if let Some(before) = entry.waiting_since {
            self.waiting.remove(&(before, id));
        }
        entry.waiting_since = since;
        if let (Some(since), Some(_)) = (since, &entry.handle) {
            self.waiting.insert((since, id));
        }
    }

    /// A connection is gone.
    pub(super) fn remove(&mut self, id: ConnectionId) {
        if let Some(Entry { waiting_since: Some(since), .. }) = self.connections.remove(&id) {
            self.waiting.remove(&(since, id));
        }
    }

    /// The means to close the connection that waits for longest, handed out once; `None` when all are busy.
    pub(super) fn evict(&mut self) -> Option<H> {
        let (_, id) = self.waiting.pop_first()?;
        self.connections.get_mut(&id)?.handle.take()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_one_that_waits_for_longest_goes_first() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut registry = Registry::default();
        let first = registry.add("first", at(0));
        let second = registry.add("second", at(1));
        registry.add("third", at(2));
        registry.set_waiting(first, None);
        registry.set_waiting(second, None);
        registry.set_waiting(second, Some(at(3)));
        assert_eq!(registry.evict(), Some("third"));
        assert_eq!(registry.evict(), Some("second"));
        assert_eq!(registry.evict(), None, "the first has a request in service");
        registry.set_waiting(first, Some(at(4)));
        assert_eq!(registry.evict(), Some("first"));
    }

    #[test]
    fn those_of_the_same_moment_go_in_the_order_of_arrival() {
        let now = Instant::now();
        let mut registry = Registry::default();
        for name in ["a", "b", "c"] {
            registry.add(name, now);
        }
        assert_eq!([registry.evict(), registry.evict(), registry.evict()], [Some("a"), Some("b"), Some("c")]);
    }

    #[test]
    fn nobody_is_closed_twice_or_after_the_end() {
        let now = Instant::now();
        let mut registry = Registry::default();
        let first = registry.add("first", now);
        let second = registry.add("second", now);
        assert_eq!(registry.evict(), Some("first"));
        registry.set_waiting(first, Some(now));
        registry.remove(second);
        registry.set_waiting(second, Some(now));
        assert_eq!(registry.evict(), None);
        registry.remove(first);
        assert!(registry.connections.is_empty() && registry.waiting.is_empty());
    }
}
