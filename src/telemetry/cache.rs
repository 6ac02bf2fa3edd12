//! Series of the semantic cache.

use prometheus::{Gauge, IntCounter, IntCounterVec, IntGauge, Registry};

use super::{
    catalogue::{Cache, Exposed},
    registry::{counter, registered},
};

/// Why the semantic cache does not give a near neighbour's answer.
pub const REJECTIONS: [&str; 12] = [
    "numbers",
    "entities",
    "negation",
    "antonyms",
    "function_word",
    "direction",
    "question_word",
    "wording",
    "substitution",
    "ambiguous",
    "evidence",
    "exploration",
];

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
    /// Entries whose passages have changed.
    pub invalidations: IntCounter,
    /// Answers of which somebody said that they were wrong.
    pub wrong_hits: IntCounter,
    /// Answers that are larger than the whole cache may be.
    pub too_large: IntCounter,
    /// Bytes of the entries.
    pub bytes: IntGauge,
    /// Upper 95 % limit of the share of questions that got another question's answer.
    pub false_hit_limit: Gauge,
}

impl CacheMetrics {
    pub(super) fn new(r: &Registry) -> Self {
        let single = |name: &str, help: &str| registered(r, IntCounter::new(name, help));
        let observed = |metric: Exposed| single(metric.name, metric.help);
        let hits = counter(r, Cache::hits().name, Cache::hits().help, &["type"]);
        let rejected = counter(r, Cache::refused().name, Cache::refused().help, &["reason"]);
        for reason in REJECTIONS {
            rejected.with_label_values(&[reason]);
        }
        let limit = "Verified mode: upper 95 % limit of the share of questions that got another question's answer; \
                     1 while nothing is known.";
        let false_hit_limit = registered(r, Gauge::new("ollama_rag_semcache_false_hit_rate_upper", limit));
        false_hit_limit.set(1.0);
        Self {
            exact_hits: hits.with_label_values(&["exact"]),
            semantic_hits: hits.with_label_values(&["semantic"]),
            misses: observed(Cache::misses()),
            size: registered(r, IntGauge::new(Cache::size().name, Cache::size().help)),
            fill_ratio: registered(r, Gauge::new(Cache::fill().name, Cache::fill().help)),
            evictions: observed(Cache::evictions()),
            expirations: single("ollama_rag_semcache_expirations_total", "Entries that became too old."),
            rejected,
            invalidations: single("ollama_rag_semcache_invalidations_total", "Entries whose passages have changed."),
            wrong_hits: single(
                "ollama_rag_semcache_wrong_hits_total",
                "Answers from the cache of which somebody said that they were wrong.",
            ),
            too_large: single(
                "ollama_rag_semcache_too_large_total",
                "Answers that were not kept because they are larger than the cache may be.",
            ),
            bytes: registered(r, IntGauge::new("ollama_rag_semcache_bytes", "Bytes of the cache's entries.")),
            false_hit_limit,
        }
    }
}
