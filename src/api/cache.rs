//! The semantic cache: what it has done, how it is set, what is removed from it.

use super::InvalidRequest;
use crate::{
    cache::{CacheMode, Clear, Rejection, SemanticCache},
    domain::DbName,
    util::time::UnixMillis,
    wire::{CacheClearRequest, CacheConfigBody, CacheConfigRequest, CacheConfigResponse, CacheFigures},
};

/// Which answers a request removes; `current` is the DB of requests that name none.
///
/// # Errors
/// When the request names several kinds at once, or no DB name.
pub fn clear_cache(request: CacheClearRequest, current: &DbName) -> Result<Clear, InvalidRequest> {
    match (request.all.unwrap_or(false), request.namespace, request.db) {
        (true, None, None) => Ok(Clear::All),
        (false, Some(namespace), None) => Ok(Clear::Namespace(namespace)),
        (false, None, Some(db)) => Ok(Clear::Db(db.parse::<DbName>()?)),
        (false, None, None) => Ok(Clear::Db(current.clone())),
        _ => Err(InvalidRequest::new("give one of \"all\", \"namespace\" and \"db\", not several")),
    }
}

/// How the cache is set, after this request has changed it.
pub fn cache_configuration(cache: &SemanticCache, changed: CacheConfigRequest) -> CacheConfigResponse {
    let settings = cache.settings();
    CacheConfigResponse {
        enabled: settings.enabled,
        changed,
        current: CacheConfigBody {
            similarity_threshold: settings.threshold,
            ttl: settings.ttl.as_secs_f64(),
            max_size: settings.max_size,
            size: cache.stats(UnixMillis::steady()).size,
        },
    }
}

/// What the cache has done.
pub fn cache_figures(cache: &SemanticCache) -> CacheFigures {
    let (stats, settings) = (cache.stats(UnixMillis::steady()), cache.settings());
    let hits = stats.exact_hits + stats.semantic_hits;
    let share = |part: u64, of: u64| if of == 0 { 0.0 } else { part as f64 / of as f64 };
    CacheFigures {
        hits,
        misses: stats.misses,
        exact_hits: stats.exact_hits,
        semantic_hits: stats.semantic_hits,
        evictions: stats.evictions,
        expirations: stats.expirations,
        total_requests: hits + stats.misses,
        hit_rate: share(hits, hits + stats.misses),
        exact_hit_rate: share(stats.exact_hits, hits),
        semantic_hit_rate: share(stats.semantic_hits, hits),
        size: stats.size,
        cache_size: stats.size,
        max_size: settings.max_size,
        fill_ratio: stats.size as f64 / settings.max_size as f64,
        evictions_per_minute: stats.evictions_last_minute as f64,
        similarity_threshold: settings.threshold,
        ttl: settings.ttl.as_secs_f64(),
        mode: settings.mode.as_str().to_owned(),
        guards: settings.guards,
        rejected: Rejection::ALL.iter().map(ToString::to_string).zip(stats.rejected).collect(),
        invalidations: stats.invalidations,
        too_large: stats.too_large,
        bytes: stats.bytes,
        max_bytes: settings.max_bytes,
        delta: (settings.mode == CacheMode::Verified).then_some(settings.delta),
        false_hit_rate_upper: stats.false_hit_limit,
    }
}
