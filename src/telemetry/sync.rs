//! Series of work on documents: mirrored folders, uploaded files, generations that are being built.

use prometheus::{Gauge, IntCounter, IntGauge, Registry};

use super::{
    catalogue::{Exposed, FileSync},
    registry::{registered, single},
};

/// Series of work on documents.
#[derive(Debug, Clone)]
pub struct SyncMetrics {
    /// Files that wait to be read.
    pub queued: IntGauge,
    /// Files that could not be read.
    pub failed: IntGauge,
    /// Documents whose deletion waits for a confirmation.
    pub held: IntGauge,
    /// Seconds that the file waits which waits longest.
    pub oldest: Gauge,
    /// Files that were read, and deletions that were made.
    pub done: IntCounter,
    /// Attempts to read a file that failed.
    pub failures: IntCounter,
    /// Documents that generations lack which are being built.
    pub reindex_documents: IntGauge,
    /// Chunks that have no learned sparse vector yet.
    pub sparse_chunks: IntGauge,
}

impl SyncMetrics {
    pub(super) fn new(registry: &Registry) -> Self {
        let gauge = |metric: Exposed| registered(registry, IntGauge::new(metric.name, metric.help));
        let counter = |metric: Exposed| registered(registry, IntCounter::new(metric.name, metric.help));
        Self {
            queued: gauge(FileSync::queued()),
            failed: gauge(FileSync::failed()),
            held: gauge(FileSync::held()),
            oldest: single(registry, FileSync::oldest_seconds().name, FileSync::oldest_seconds().help),
            done: counter(FileSync::done()),
            failures: counter(FileSync::failures()),
            reindex_documents: gauge(FileSync::reindex_documents()),
            sparse_chunks: gauge(FileSync::sparse_chunks()),
        }
    }
}
