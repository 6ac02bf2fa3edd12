//! The semantic cache: its figures and its controls.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        AllOfBuilder, OneOfBuilder, RefOr,
        schema::{AnyOfBuilder, Schema},
    },
};

use super::{
    schema::{DbNameText, Named, null, object, only, reference, referred, text},
    whole,
};

/// `GET /api/semantic-cache/metrics`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct CacheMetricsResponse {
    /// Unix seconds.
    pub timestamp: f64,
    /// Whether the cache is on.
    pub enabled: bool,
    /// Questions that it answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hits: Option<u64>,
    /// Questions that it did not answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub misses: Option<u64>,
    /// `hits` of both, 0..=1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hit_rate: Option<f64>,
    /// Entries now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_size: Option<usize>,
    /// Most entries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_cache_size: Option<usize>,
    /// The figures.
    pub semantic_cache: CacheBody,
    /// What to do when it is off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// The figures of the cache; only `enabled` when it is off.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CacheBody {
    /// Whether the cache is on.
    pub enabled: bool,
    /// All the rest.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub figures: Option<CacheFigures>,
}

impl PartialSchema for CacheBody {
    fn schema() -> RefOr<Schema> {
        let state = |on| object("").property("enabled", only(on, false)).required("enabled");
        let on = AllOfBuilder::new().item(state(true)).item(reference::<CacheFigures>());
        OneOfBuilder::new()
            .description(Some("The figures of the cache; only `enabled` when it is off."))
            .item(on)
            .item(state(false))
            .into()
    }
}

impl ToSchema for CacheBody {
    fn schemas(schemas: &mut Named) {
        referred::<CacheFigures>(schemas);
    }
}

/// What the cache has done since the start, and how it is set.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct CacheFigures {
    /// Questions that it answered.
    pub hits: u64,
    /// Questions that it did not answer.
    pub misses: u64,
    /// Of `hits`, those in words that were known.
    pub exact_hits: u64,
    /// Of `hits`, those in other words.
    pub semantic_hits: u64,
    /// Entries that made room.
    pub evictions: u64,
    /// Entries that became too old.
    pub expirations: u64,
    /// Hits and misses.
    pub total_requests: u64,
    /// Hits of these, 0..=1.
    pub hit_rate: f64,
    /// Share of hits that were exact.
    pub exact_hit_rate: f64,
    /// Share of hits that were semantic.
    pub semantic_hit_rate: f64,
    /// Entries now.
    pub size: usize,
    /// The same.
    pub cache_size: usize,
    /// Most entries.
    pub max_size: usize,
    /// `size` of `max_size`.
    pub fill_ratio: f64,
    /// Evictions of the last minute.
    pub evictions_per_minute: f64,
    /// Least cosine of a semantic hit.
    pub similarity_threshold: f32,
    /// Seconds that an entry may answer.
    pub ttl: f64,
    /// `threshold` or `verified`.
    pub mode: String,
    /// Whether guards look at near neighbours.
    pub guards: bool,
    /// Near neighbours whose answers were not given, by reason.
    pub rejected: BTreeMap<String, u64>,
    /// Entries whose passages have changed.
    pub invalidations: u64,
    /// Answers that were too large to keep.
    pub too_large: u64,
    /// Bytes of the entries.
    pub bytes: usize,
    /// Most bytes.
    pub max_bytes: usize,
    /// Verified mode: wanted share of questions that may get another question's answer.
    pub delta: Option<f64>,
    /// Verified mode: upper 95 % limit of that share.
    pub false_hit_rate_upper: Option<f64>,
}

/// `GET /api/cache-stats`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct CacheStatsResponse {
    /// The semantic cache; null when it is off.
    pub semantic_cache: Option<CacheBody>,
    /// Another cache that the predecessor had; it does not exist here.
    pub generation_cache: GenerationCacheBody,
    /// The DBs.
    pub database: CacheDatabase,
    /// Unix seconds.
    pub timestamp: f64,
}

/// A cache by prompts, which the semantic one makes superfluous.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
pub struct GenerationCacheBody {
    /// Always false.
    pub enabled: bool,
}

/// The DBs that cached answers come from.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct CacheDatabase {
    /// DB of requests that name none.
    pub current_db: String,
    /// All.
    pub available_dbs: Vec<String>,
}

/// What to change; what is left out stays.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
pub struct CacheConfigRequest {
    /// Whether the cache is on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// 0.000001 to 0.999999.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0.000001, maximum = 0.999999)]
    pub similarity_threshold: Option<f64>,
    /// Seconds, 0.001 to 315360000 (ten years).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0.001, maximum = 315360000)]
    pub ttl: Option<f64>,
    /// 1 to 10000000; shrinking evicts the least recently used.
    #[serde(default, deserialize_with = "whole::optional", skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 10000000)]
    pub max_size: Option<i64>,
}

/// How the cache is set.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct CacheConfigResponse {
    /// Whether the cache is on.
    pub enabled: bool,
    /// What was changed just now.
    pub changed: CacheConfigRequest,
    /// What holds now.
    pub current: CacheConfigBody,
}

/// Settings of the cache.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
pub struct CacheConfigBody {
    /// Least cosine of a semantic hit.
    pub similarity_threshold: f32,
    /// Seconds that an entry may answer.
    pub ttl: f64,
    /// Most entries.
    pub max_size: usize,
    /// Entries now.
    pub size: usize,
}

/// What to remove; without any field the answers from the current DB.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct CacheClearRequest {
    /// Everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all: Option<bool>,
    /// One namespace, as `cache_metadata` names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The answers from this DB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub db: Option<String>,
}

impl PartialSchema for CacheClearRequest {
    fn schema() -> RefOr<Schema> {
        let all = object("Everything.")
            .property("all", only(true, false))
            .required("all")
            .property("namespace", null())
            .property("db", null());
        let namespace = object("One namespace, as `cache_metadata` names it.")
            .property("all", only(false, true))
            .property("namespace", text("Its name."))
            .required("namespace")
            .property("db", null());
        let name = OneOfBuilder::new().item(reference::<DbNameText>()).item(null());
        let db = object("The answers from one DB; without `db` from the current one.")
            .property("all", only(false, true))
            .property("namespace", null())
            .property("db", name);
        AnyOfBuilder::new()
            .description(Some("What to remove: one of the fields, or none."))
            .item(all)
            .item(namespace)
            .item(db)
            .into()
    }
}

impl ToSchema for CacheClearRequest {
    fn schemas(schemas: &mut Named) {
        referred::<DbNameText>(schemas);
    }
}

/// What was removed.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct CacheClearResponse {
    /// `ok`.
    pub status: String,
    /// Entries that were removed.
    pub removed: usize,
    /// Entries that are left.
    pub size: usize,
}
