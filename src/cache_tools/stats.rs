//! The counters of a running cache, in words.

use crate::wire::{CacheFigures, CacheMetricsResponse};

/// The counters and settings of the cache, a line for each matter; or that there is none.
pub fn describe(stats: &CacheMetricsResponse) -> String {
    let Some(figures) = &stats.semantic_cache.figures else {
        return stats.message.clone().unwrap_or_else(|| "the semantic cache is off".to_owned()) + "\n";
    };
    let CacheFigures { hits, misses, exact_hits, semantic_hits, size, max_size, .. } = figures;
    let mut text = format!(
        "questions   {} of which {hits} answered from the cache ({:.1} %): {exact_hits} in known words, {semantic_hits} in other words\n\
         entries     {size} of {max_size} ({:.1} %), {:.1} MiB of {:.1} MiB\n\
         gone        {} made room, {} too old, {} because documents changed; {} answers were too large\n",
        hits + misses,
        100.0 * figures.hit_rate,
        100.0 * figures.fill_ratio,
        mib(figures.bytes),
        mib(figures.max_bytes),
        figures.evictions,
        figures.expirations,
        figures.invalidations,
        figures.too_large,
    );
    let refused: Vec<String> =
        figures.rejected.iter().filter(|(_, n)| **n > 0).map(|(reason, n)| format!("{n} {reason}")).collect();
    let refused = if refused.is_empty() { "none".to_owned() } else { refused.join(", ") };
    text.push_str(&format!("refused     {refused}\n"));
    let guards = if figures.guards { "with guards" } else { "without guards" };
    match (figures.delta, figures.false_hit_rate_upper) {
        (Some(delta), Some(limit)) => text.push_str(&format!(
            "mode        verified, {guards}; at most {:.2} % wrong wanted, at most {:.2} % likely (95 %)\n",
            100.0 * delta,
            100.0 * limit
        )),
        _ => text.push_str(&format!("mode        threshold {:.3}, {guards}\n", figures.similarity_threshold)),
    }
    text
}

fn mib(bytes: usize) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
