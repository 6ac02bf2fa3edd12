//! Series of the semantic cache.

use prometheus::{Gauge, IntCounter, IntCounterVec, IntGauge, Opts, Registry};

use super::metrics::{counter, registered};

/// Series of the semantic cache.
#[derive(Clone)]
pub struct CacheMetrics {
    /// Questions that were asked before in the same words.
    pub exact_hits: IntCounter,
    /// Questions that mean what an earlier one meant.
    pub semantic_hits: IntCounter,
    /// All others.
    pub misses: IntCounter,
    /// Entries now.
    pub size: IntGauge,
    /// Entries of those that there may be, 0..=1.
    pub fill_ratio: Gauge,
    /// Entries that made room.
    pub evictions: IntCounter,
    /// Entries that became too old.
    pub expirations: IntCounter,
    /// Near neighbours whose answers were not given, by reason.
    pub rejected: IntCounterVec,
}

impl CacheMetrics {
    pub(super) fn new(r: &Registry, reasons: &[&str]) -> Self {
        let single = |name: &str, help: &str| registered(r, IntCounter::new(name, help));
        let hits = counter(r, "ollama_rag_semcache_hits_total", "Questions that the cache answered.", &["type"]);
        let rejected = counter(
            r,
            "ollama_rag_semcache_rejected_total",
            "Near neighbours whose answers were not given.",
            &["reason"],
        );
        for reason in reasons {
            rejected.with_label_values(&[reason]);
        }
        Self {
            exact_hits: hits.with_label_values(&["exact"]),
            semantic_hits: hits.with_label_values(&["semantic"]),
            misses: single("ollama_rag_semcache_misses_total", "Questions that the cache did not answer."),
            size: registered(r, IntGauge::new("ollama_rag_semcache_size", "Entries of the cache.")),
            fill_ratio: registered(
                r,
                Gauge::with_opts(Opts::new("ollama_rag_semcache_fill_ratio", "Entries of those that there may be.")),
            ),
            evictions: single("ollama_rag_semcache_evictions_total", "Entries that made room for others."),
            expirations: single("ollama_rag_semcache_expirations_total", "Entries that became too old."),
            rejected,
        }
    }
}
