//! Every metric of this process. `/metrics` and the JSON metrics read the same numbers.

use std::time::Duration;

use prometheus::{Encoder, Gauge, GaugeVec, HistogramVec, IntCounterVec, IntGaugeVec, Opts, Registry, TextEncoder};

use super::cache::CacheMetrics;
use super::catalogue::{Exposed, QUERY_SECONDS, Traffic};
use super::connections::ConnectionMetrics;
use super::registry::{SECONDS, counter, gauge, histogram, registered, single};
use super::sync::SyncMetrics;
use super::upstreams::{BreakerMetrics, ClientMetrics, FailoverMetrics, UpstreamMetrics};
use crate::domain::{DbName, SearchMode};

/// Numbers of documents or tokens.
const COUNTS: &[f64] = &[0.0, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1_000.0, 2_000.0, 5_000.0];

/// What this process counts and measures.
pub struct Metrics {
    registry: Registry,
    queries: IntCounterVec,
    query_errors: IntCounterVec,
    query_seconds: HistogramVec,
    degraded: IntCounterVec,
    sentences: IntCounterVec,
    unsupported: IntCounterVec,
    llm_seconds: HistogramVec,
    llm_first_token: HistogramVec,
    llm_tokens: HistogramVec,
    retrieval_seconds: HistogramVec,
    retrieved_docs: HistogramVec,
    documents_ingested: IntCounterVec,
    chunks_created: IntCounterVec,
    ingestion_seconds: HistogramVec,
    database_documents: IntGaugeVec,
    database_bytes: IntGaugeVec,
    ollama_healthy: Gauge,
    app_info: GaugeVec,
    http_requests: IntCounterVec,
    http_seconds: HistogramVec,
    http_inprogress: IntGaugeVec,
    connections: ConnectionMetrics,
    upstreams: UpstreamMetrics,
    cache: CacheMetrics,
    sync: SyncMetrics,
}

/// One answer of an LLM.
#[derive(Debug, Clone, Copy)]
pub struct Generation<'a> {
    /// Provider label.
    pub provider: &'a str,
    /// Model label.
    pub model: &'a str,
    /// From the request to the last token.
    pub total: Duration,
    /// From the request to the first token.
    pub first_token: Option<Duration>,
    /// Tokens of the answer, when the provider told.
    pub tokens: Option<u64>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// All metrics, at zero.
    pub fn new() -> Self {
        let registry = Registry::new();
        let r = &registry;
        let observed = |metric: Exposed, labels: &[&str]| counter(r, metric.name, metric.help, labels);
        let metrics = Self {
            queries: observed(Traffic::questions(), &["method", "provider", "db"]),
            query_errors: observed(Traffic::errors(), &["method", "provider", "error_type"]),
            query_seconds: histogram(
                r,
                QUERY_SECONDS,
                "From a question to the end of its answer.",
                &["method", "cache"],
                SECONDS,
            ),
            degraded: observed(Traffic::degraded(), &["reason"]),
            sentences: observed(Traffic::sentences(), &["supported"]),
            unsupported: observed(Traffic::unsupported(), &["action"]),
            llm_seconds: histogram(
                r,
                "ollama_rag_llm_response_seconds",
                "From asking the LLM to its last token.",
                &["provider", "model"],
                SECONDS,
            ),
            llm_first_token: histogram(
                r,
                "ollama_rag_llm_time_to_first_token_seconds",
                "From asking the LLM to its first token.",
                &["provider", "model"],
                SECONDS,
            ),
            llm_tokens: histogram(
                r,
                "ollama_rag_llm_tokens",
                "Tokens of an answer, as the provider counts them.",
                &["provider"],
                COUNTS,
            ),
            retrieval_seconds: histogram(
                r,
                "ollama_rag_retrieval_seconds",
                "Searching, fusing and reading the contexts of a question.",
                &["method", "db"],
                SECONDS,
            ),
            retrieved_docs: histogram(
                r,
                "ollama_rag_retrieved_docs",
                "Contexts that a question got.",
                &["method"],
                COUNTS,
            ),
            documents_ingested: counter(
                r,
                "ollama_rag_documents_ingested_total",
                "Documents that were stored, new or changed.",
                &["source_type", "db"],
            ),
            chunks_created: counter(
                r,
                "ollama_rag_chunks_created_total",
                "Chunks that were embedded and stored.",
                &["db"],
            ),
            ingestion_seconds: histogram(
                r,
                "ollama_rag_ingestion_seconds",
                "One ingestion, all its documents.",
                &["db"],
                SECONDS,
            ),
            database_documents: gauge(r, "ollama_rag_database_documents", "Documents in the DB.", &["db"]),
            database_bytes: gauge(
                r,
                "ollama_rag_db_size_bytes",
                "Size of the DB on disk, indexes not counted.",
                &["db"],
            ),
            ollama_healthy: single(r, "ollama_rag_ollama_healthy", "1 when Ollama answered the last probe, else 0."),
            app_info: registered(
                r,
                GaugeVec::new(
                    Opts::new("ollama_rag_app_info", "Always 1; the labels tell what runs."),
                    &["version", "db_type", "app_name"],
                ),
            ),
            http_requests: counter(
                r,
                "http_requests_total",
                "HTTP requests by route.",
                &["handler", "method", "status"],
            ),
            http_seconds: histogram(
                r,
                "http_request_duration_seconds",
                "From a request's head to its response's head.",
                &["handler", "method"],
                SECONDS,
            ),
            http_inprogress: gauge(
                r,
                "http_requests_inprogress",
                "HTTP requests that are being answered.",
                &["handler", "method"],
            ),
            connections: ConnectionMetrics::new(r),
            upstreams: UpstreamMetrics::new(r),
            cache: CacheMetrics::new(r),
            sync: SyncMetrics::new(r),
            registry,
        };
        #[cfg(target_os = "linux")]
        super::process::register(&metrics.registry);
        metrics.app_info.with_label_values(&[env!("CARGO_PKG_VERSION"), "sqlite", "ragctl"]).set(1.0);
        metrics
    }

    /// Makes the series of these label values exist, at zero, so that a dashboard of an idle server is not empty.
    ///
    /// `names` are what questions can be asked of, `models` the upstreams that answer, with their models.
    pub fn announce(&self, db: &DbName, names: &[&str], models: &[(&str, &str)], degraded_reasons: &[&str]) {
        let db = db.as_str();
        for method in SearchMode::ALL.map(SearchMode::as_str) {
            for provider in names {
                self.queries.with_label_values(&[method, provider, db]);
                self.query_errors.with_label_values(&[method, provider, "internal"]);
            }
            for cache in ["exact", "semantic", "miss", "bypass"] {
                self.query_seconds.with_label_values(&[method, cache]);
            }
            self.retrieval_seconds.with_label_values(&[method, db]);
            self.retrieved_docs.with_label_values(&[method]);
        }
        for (provider, model) in models {
            self.llm_seconds.with_label_values(&[provider, model]);
            self.llm_first_token.with_label_values(&[provider, model]);
            self.llm_tokens.with_label_values(&[provider]);
        }
        for reason in degraded_reasons {
            self.degraded.with_label_values(&[reason]);
        }
        for supported in ["true", "false"] {
            self.sentences.with_label_values(&[supported]);
        }
        for action in ["mark", "quote", "refuse"] {
            self.unsupported.with_label_values(&[action]);
        }
        self.documents_ingested.with_label_values(&["file", db]);
        self.chunks_created.with_label_values(&[db]);
        self.ingestion_seconds.with_label_values(&[db]);
        self.database(db, 0, 0);
    }

    /// A question has its contexts and its answer has begun.
    pub fn query_started(&self, method: SearchMode, provider: &str, db: &DbName) {
        self.queries.with_label_values(&[method.as_str(), provider, db.as_str()]).inc();
    }

    /// A question got an error; `kind` is one of a small fixed set.
    pub fn query_failed(&self, method: SearchMode, provider: &str, kind: &str) {
        self.query_errors.with_label_values(&[method.as_str(), provider, kind]).inc();
    }

    /// An answer is complete; `cache` says what the cache had to do with it: `exact`, `semantic`, `miss` or `bypass`.
    pub fn query_done(&self, method: SearchMode, cache: &str, total: Duration) {
        self.query_seconds.with_label_values(&[method.as_str(), cache]).observe(total.as_secs_f64());
    }

    /// An answer was marked as degraded.
    pub fn degraded(&self, reason: &str) {
        self.degraded.with_label_values(&[reason]).inc();
    }

    /// The sentences of an answer that claim something, and those of them that its passages say.
    pub fn proven(&self, sentences: usize, supported: usize) {
        self.sentences.with_label_values(&["true"]).inc_by(supported as u64);
        self.sentences.with_label_values(&["false"]).inc_by((sentences - supported) as u64);
    }

    /// Nothing of an answer was supported; `action` says what became of it: `mark`, `quote` or `refuse`.
    pub fn unsupported(&self, action: &str) {
        self.unsupported.with_label_values(&[action]).inc();
    }

    /// An LLM has answered.
    pub fn generated(&self, generation: &Generation<'_>) {
        let Generation { provider, model, total, first_token, tokens } = *generation;
        self.llm_seconds.with_label_values(&[provider, model]).observe(total.as_secs_f64());
        if let Some(first) = first_token {
            self.llm_first_token.with_label_values(&[provider, model]).observe(first.as_secs_f64());
        }
        if let Some(tokens) = tokens {
            self.llm_tokens.with_label_values(&[provider]).observe(tokens as f64);
        }
    }

    /// A search is done.
    pub fn retrieved(&self, method: SearchMode, db: &DbName, took: Duration, contexts: usize) {
        self.retrieval_seconds.with_label_values(&[method.as_str(), db.as_str()]).observe(took.as_secs_f64());
        self.retrieved_docs.with_label_values(&[method.as_str()]).observe(contexts as f64);
    }

    /// An ingestion is done.
    pub fn ingested(&self, db: &DbName, documents: usize, chunks: usize, took: Duration) {
        let db = db.as_str();
        self.documents_ingested.with_label_values(&["file", db]).inc_by(documents as u64);
        self.chunks_created.with_label_values(&[db]).inc_by(chunks as u64);
        self.ingestion_seconds.with_label_values(&[db]).observe(took.as_secs_f64());
    }

    /// How much a DB holds now.
    pub fn database(&self, db: &str, documents: u64, bytes: u64) {
        self.database_documents.with_label_values(&[db]).set(documents.cast_signed());
        self.database_bytes.with_label_values(&[db]).set(bytes.cast_signed());
    }

    /// A DB is gone: its gauges must not go on telling its last size.
    pub fn database_deleted(&self, db: &DbName) {
        for gauge in [&self.database_documents, &self.database_bytes] {
            // An error means that it had no series.
            drop(gauge.remove_label_values(&[db.as_str()]));
        }
    }

    /// What the last probe of Ollama found.
    pub fn ollama_healthy(&self, healthy: bool) {
        self.ollama_healthy.set(if healthy { 1.0 } else { 0.0 });
    }

    /// A request has arrived. `handler` is the route's pattern, never the path that was asked for.
    pub fn http_started(&self, handler: &str, method: &str) {
        self.http_inprogress.with_label_values(&[handler, method]).inc();
    }

    /// Its response is on the way (or its client is gone: `status` is `None`).
    pub fn http_finished(&self, handler: &str, method: &str, status: Option<u16>, took: Duration) {
        self.http_inprogress.with_label_values(&[handler, method]).dec();
        // 499 is what proxies log for a client that went away.
        let status = status.unwrap_or(499).to_string();
        self.http_requests.with_label_values(&[handler, method, &status]).inc();
        self.http_seconds.with_label_values(&[handler, method]).observe(took.as_secs_f64());
    }

    /// The series of the server's connections.
    pub fn connections(&self) -> ConnectionMetrics {
        self.connections.clone()
    }

    /// The series of mirrored folders and uploaded files.
    pub fn sync(&self) -> &SyncMetrics {
        &self.sync
    }

    /// The series of the semantic cache.
    pub fn cache(&self) -> CacheMetrics {
        self.cache.clone()
    }

    /// The series of a circuit breaker, at zero.
    pub fn breaker(&self, name: &str) -> BreakerMetrics {
        self.upstreams.breaker(name)
    }

    /// The series of answers that another upstream took over.
    pub fn failovers(&self) -> FailoverMetrics {
        self.upstreams.failovers()
    }

    /// What the last probe of an upstream found.
    pub fn upstream_healthy(&self, upstream: &str, healthy: bool) {
        self.upstreams.healthy(upstream, healthy);
    }

    /// The series of an upstream's client, at zero.
    pub fn client(&self, name: &str) -> ClientMetrics {
        self.upstreams.client(name)
    }

    /// Everything in the Prometheus text format, version 0.0.4.
    pub fn render(&self) -> String {
        let mut text = Vec::new();
        // Writing to memory cannot fail; a series that cannot be encoded would be a bug, and the rest is still of use.
        if let Err(error) = TextEncoder::new().encode(&self.registry.gather(), &mut text) {
            tracing::error!(%error, "a metric could not be encoded");
        }
        String::from_utf8_lossy(&text).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn db() -> DbName {
        "default".parse().unwrap()
    }

    #[test]
    fn an_idle_server_shows_zeros_not_nothing() {
        let metrics = Metrics::new();
        metrics.announce(&db(), &["embedded"], &[("embedded", "extractive")], &["llm_unavailable"]);
        let text = metrics.render();
        for line in [
            r#"ollama_rag_queries_total{db="default",method="hybrid",provider="embedded"} 0"#,
            r#"ollama_rag_degraded_answers_total{reason="llm_unavailable"} 0"#,
            r#"ollama_rag_query_seconds_count{cache="bypass",method="bm25"} 0"#,
            r#"ollama_rag_database_documents{db="default"} 0"#,
            "ollama_rag_ollama_healthy 0",
        ] {
            assert!(text.lines().any(|l| l == line), "{line} is missing in\n{text}");
        }
    }

    #[test]
    fn what_happened_is_counted_once() {
        let metrics = Metrics::new();
        metrics.query_started(SearchMode::Vector, "ollama", &db());
        metrics.http_started("/query", "POST");
        metrics.http_finished("/query", "POST", Some(200), Duration::from_millis(3));
        let text = metrics.render();
        assert!(
            text.contains(r#"ollama_rag_queries_total{db="default",method="vector",provider="ollama"} 1"#),
            "{text}"
        );
        assert!(text.contains(r#"http_requests_total{handler="/query",method="POST",status="200"} 1"#), "{text}");
        assert!(text.contains(r#"http_requests_inprogress{handler="/query",method="POST"} 0"#), "{text}");
    }

    #[test]
    fn a_deleted_db_is_not_shown_any_more() {
        let metrics = Metrics::new();
        metrics.database("default", 3, 4096);
        assert!(metrics.render().contains(r#"ollama_rag_database_documents{db="default"} 3"#));
        metrics.database_deleted(&db());
        assert!(!metrics.render().contains(r#"ollama_rag_database_documents{db="default"}"#));
    }
}
