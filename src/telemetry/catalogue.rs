//! The catalogue: every metric of a server that others look at, once.
//!
//! An entry says what the metric is (the text of `# HELP`, and of the field that holds it), whether it only grows (`counter`)
//! or goes up and down (`gauge`), its unit, and where each reader finds it. All but the first line may be missing:
//!
//! - `json`: its paths in the JSON metrics of the group, the first that is there; `a.b` is a field of a field, `a.*` the sum
//!   of an object's numbers;
//! - `exposed`: its name at `/metrics` and the labels of its series. `sum` adds them up, `count` does, too, and takes those
//!   that are missing for zero where the metric has others, `first` takes the first. `x|y` is either value of a label;
//! - `history`: the field of the dashboard's history that keeps it: a counter as what it grew by, a gauge as its highest;
//! - `column`: the column of CSV recordings;
//! - `result`: its name among the counters in a result file of `ragctl bench`.
//!
//! A metric of a group that is there more than once, like circuit breakers, is the sum of its counters or the highest of its
//! gauges. `extra` are fields that are no numbers. Whoever reads the catalogue passes a macro to [`catalogue!`]: this module
//! makes names for the registry of it, `observe` makes what an observation holds and how it is read.
//!
//! A new metric is an entry here, and what counts it: a handle of the registry and the line that uses it. Scraping, the
//! history, recordings, reports and results follow.

/// Hands the catalogue to a macro.
macro_rules! catalogue {
    ($reader:ident) => {
        $reader! {
            group {
                /// How a server is.
                #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
                Health in health {
                    /// `healthy`, `degraded`, `unhealthy`, or what else it says.
                    status: Option<String>,
                    /// Its version.
                    version: Option<String>,
                    /// Whether its LLM answers.
                    upstream: Option<bool>,
                    /// Whether its DB can be read.
                    database: Option<bool>,
                }
                /// Seconds since its start.
                uptime_seconds: gauge Seconds json ["uptime_seconds", "uptime"] column "uptime_seconds";
                /// Documents in its DB.
                documents: gauge Number json ["services.database.document_count"];
                /// All cores of its machine, 0 to 100.
                cpu_percent: gauge Percent json ["system.cpu_percent"] history Cpu column "cpu_percent";
                /// Memory of its machine in use, 0 to 100.
                memory_percent: gauge Percent json ["system.memory_used_percent", "system.memory_percent"]
                    history Memory column "memory_percent";
                /// Its disk, 0 to 100.
                disk_percent: gauge Percent json ["system.disk_used_percent", "system.disk_percent"]
                    history Disk column "disk_percent";
            }
            group {
                /// Connections to the LLM.
                #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
                Pool in pool {
                    /// How long calls waited for their turn.
                    wait_ms: PercentilesMs,
                    /// By path.
                    endpoints: BTreeMap<String, EndpointMetrics>,
                    /// By upstream.
                    clients: BTreeMap<String, PoolClient>,
                }
                /// Configured size of the pool: most calls at once.
                maxsize: gauge Number json ["pool_maxsize"]
                    exposed first "ollama_rag_connection_pool_size" [pool_type = "maxsize"] column "pool_maxsize";
                /// Requests to the upstream, retries included.
                requests: counter Number json ["total_requests"] exposed sum "ollama_rag_connection_pool_requests_total" []
                    history Requests column "pool_requests" result "upstream_requests";
                /// Connections that were opened.
                opened: counter Number json ["connections_opened"] exposed sum "ollama_rag_connection_pool_opened_total" []
                    history Opened column "pool_opened" result "connections_opened";
                /// Connections that exist now.
                open: gauge Number json ["connections_open"]
                    exposed sum "ollama_rag_connection_pool_connections" [state = "open"] column "pool_open";
                /// Connections with a request on them.
                in_use: gauge Number json ["connections_in_use"]
                    exposed sum "ollama_rag_connection_pool_connections" [state = "in_use"]
                    history InUse column "pool_in_use";
                /// Connections without one.
                idle: gauge Number json ["connections_idle"]
                    exposed sum "ollama_rag_connection_pool_connections" [state = "idle"] history Idle column "pool_idle";
                /// Calls that wait for their turn.
                waiting: gauge Number json ["waiting"] history Waiting column "pool_waiting";
                /// Share of requests that found a connection ready, 0..=1.
                reuse_rate: gauge Share json ["reuse_rate"] column "pool_reuse_rate";
                /// Calls that were made again.
                retries: counter Number exposed sum "ollama_rag_retries_total" [] result "retries";
            }
            group {
                /// The semantic cache.
                #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
                Cache in cache {
                    /// Whether it is on.
                    enabled: Option<bool>,
                }
                /// Questions that the cache answered.
                hits: counter Number json ["hits"] exposed sum "ollama_rag_semcache_hits_total" []
                    history Hits column "cache_hits";
                /// Of its hits, those in words that were known.
                exact: counter Number json ["exact_hits"] exposed count "ollama_rag_semcache_hits_total" [type = "exact"]
                    history Exact column "cache_exact" result "cache_exact_hits";
                /// Of its hits, those in other words.
                semantic: counter Number json ["semantic_hits"]
                    exposed count "ollama_rag_semcache_hits_total" [type = "semantic"]
                    history Semantic column "cache_semantic" result "cache_semantic_hits";
                /// Questions that the cache did not answer.
                misses: counter Number json ["misses"] exposed sum "ollama_rag_semcache_misses_total" []
                    history Misses column "cache_misses" result "cache_misses";
                /// Near neighbours whose answers were not given.
                refused: counter Number json ["rejected.*"] exposed sum "ollama_rag_semcache_rejected_total" []
                    history Refused column "cache_refused" result "cache_refused";
                /// Entries that made room for others.
                evictions: counter Number json ["evictions"] exposed sum "ollama_rag_semcache_evictions_total" []
                    history Evictions column "cache_evictions";
                /// Evictions of the last minute.
                evictions_per_minute: gauge Number json ["evictions_per_minute"];
                /// Entries of the cache.
                size: gauge Number json ["size", "cache_size"] exposed sum "ollama_rag_semcache_size" []
                    column "cache_size";
                /// Most entries.
                max_size: gauge Number json ["max_size", "max_cache_size"] column "cache_max_size";
                /// Entries of those that there may be.
                fill: gauge Share json ["fill_ratio"] exposed sum "ollama_rag_semcache_fill_ratio" []
                    history Fill column "cache_fill";
            }
            group {
                /// Questions to a server.
                #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
                Traffic in traffic {
                    /// From a question to the end of its answer.
                    latency: Option<Histogram>,
                }
                /// Questions that were answered or are being answered.
                questions: counter Number exposed sum "ollama_rag_queries_total" []
                    history Questions column "questions" result "queries";
                /// Questions that got an error.
                errors: counter Number exposed sum "ollama_rag_query_errors_total" []
                    history Errors column "errors" result "query_errors";
                /// Answers that are not what a healthy system would have given.
                degraded: counter Number exposed sum "ollama_rag_degraded_answers_total" []
                    history Degraded column "degraded" result "degraded";
                /// Answers that another upstream took over, from the start or in the middle.
                failovers: counter Number exposed sum "ollama_rag_failovers_total" []
                    history Failovers result "failovers";
                /// Sentences of new answers that claim something.
                sentences: counter Number exposed sum "ollama_rag_answer_sentences_total" []
                    history Sentences result "sentences";
                /// Those of them that the passages say.
                supported: counter Number exposed count "ollama_rag_answer_sentences_total" [supported = "true"]
                    history Supported result "supported_sentences";
                /// Answers of a model that nothing supports.
                unsupported: counter Number exposed sum "ollama_rag_unsupported_answers_total" []
                    history Unsupported result "unsupported_answers";
            }
            group {
                /// The server's process.
                #[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
                Process in process {}
                /// Bytes in memory.
                resident_bytes: gauge Bytes exposed sum "process_resident_memory_bytes" []
                    history Resident column "resident_bytes";
                /// Seconds of a core since its start.
                cpu_seconds: counter Seconds exposed sum "process_cpu_seconds_total" [] column "cpu_seconds";
                /// Open files.
                open_fds: gauge Number exposed sum "process_open_fds" [];
                /// When it started, Unix seconds.
                started: gauge Seconds exposed sum "process_start_time_seconds" [];
            }
            group {
                /// Work on documents: mirrored folders, uploaded files, generations that are being built.
                #[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
                FileSync in sync {}
                /// Files that wait to be read.
                queued: gauge Number exposed sum "ollama_rag_sync_queued" [] history SyncQueued column "sync_queued";
                /// Files that could not be read.
                failed: gauge Number exposed sum "ollama_rag_sync_failed" [] history SyncFailed column "sync_failed";
                /// Documents whose deletion waits for a confirmation.
                held: gauge Number exposed sum "ollama_rag_sync_held_deletions" [] history SyncHeld column "sync_held";
                /// Seconds that the file waits which waits longest.
                oldest_seconds: gauge Seconds exposed sum "ollama_rag_sync_oldest_seconds" [] column "sync_oldest_seconds";
                /// Files that were read, and documents that were renamed or deleted.
                done: counter Number exposed sum "ollama_rag_sync_done_total" [] column "sync_done" result "sync_done";
                /// Attempts to read a file that failed.
                failures: counter Number exposed sum "ollama_rag_sync_failures_total" []
                    column "sync_failures" result "sync_failures";
                /// Documents that generations lack which are being built.
                reindex_documents: gauge Number exposed sum "ollama_rag_reindex_documents" []
                    history ReindexDocuments column "reindex_documents";
                /// Chunks that have no learned sparse vector yet.
                sparse_chunks: gauge Number exposed sum "ollama_rag_sparse_chunks_waiting" [] column "sparse_chunks";
            }
            breakers {
                /// A circuit breaker.
                #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
                Breaker in breakers {
                    /// What it lets through.
                    state: Option<State>,
                    /// Its last changes of state, oldest first.
                    history: Vec<StateTransition>,
                }
                /// Calls that were judged.
                calls: counter Number json ["total_calls"]
                    exposed count "ollama_rag_circuit_breaker_calls_total" [status = "success|failure"]
                    history Calls column "breaker_calls";
                /// Calls that failed.
                failures: counter Number json ["failure_calls", "failure_count"]
                    exposed count "ollama_rag_circuit_breaker_calls_total" [status = "failure"]
                    history Failures column "breaker_failures";
                /// Calls that were not let through.
                rejected: counter Number json ["rejected_calls"]
                    exposed count "ollama_rag_circuit_breaker_calls_total" [status = "rejected"]
                    history Rejected column "breaker_rejected";
                /// Failures since the last success.
                consecutive_failures: gauge Number json ["consecutive_failures"]
                    exposed sum "ollama_rag_circuit_breaker_consecutive_failures" []
                    history ConsecutiveFailures column "breaker_consecutive_failures";
                /// Failures in a row that open it.
                failure_threshold: gauge Number json ["config.failure_threshold"];
                /// Changes of state.
                transitions: counter Number json ["state_transitions"]
                    exposed count "ollama_rag_circuit_breaker_transitions_total" []
                    column "breaker_transitions" result "breaker_transitions";
                /// Times that it opened.
                opened: counter Number
                    exposed count "ollama_rag_circuit_breaker_transitions_total" [to_state = "open"]
                    result "breaker_opened";
                /// Times that it closed.
                closed: counter Number
                    exposed count "ollama_rag_circuit_breaker_transitions_total" [to_state = "closed"]
                    result "breaker_closed";
                /// Seconds until the next probe.
                retry_after_seconds: gauge Seconds json ["retry_after_seconds"];
                /// When the state changed last, or the process started; Unix seconds.
                since: gauge Seconds exposed sum "ollama_rag_circuit_breaker_last_state_change_timestamp" [];
            }
        }
    };
}

pub(crate) use catalogue;

/// Whether each upstream is there.
pub const UPSTREAM_HEALTHY: &str = "ollama_rag_upstream_healthy";
/// The state of each breaker, as its code.
pub const BREAKER_STATE: &str = "ollama_rag_circuit_breaker_state";
/// Requests that found a connection ready.
pub const POOL_REUSED: &str = "ollama_rag_connection_pool_reused_total";
/// The histogram of the times to answers.
pub const QUERY_SECONDS: &str = "ollama_rag_query_seconds";

/// How a metric is read from its series at `/metrics`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// Their sum.
    Sum,
    /// Their sum; zero when there are none of these, but others of the metric.
    Count,
    /// The first of them.
    First,
}

/// A metric at `/metrics`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exposed {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub help: &'static str,
    /// The labels of its series; `x|y` is either value.
    pub labels: &'static [(&'static str, &'static str)],
    /// How its series become one value.
    pub reading: Reading,
}

/// Makes [`Reading`]s of the catalogue's words.
macro_rules! reading {
    (sum) => {
        $crate::telemetry::Reading::Sum
    };
    (count) => {
        $crate::telemetry::Reading::Count
    };
    (first) => {
        $crate::telemetry::Reading::First
    };
}

pub(crate) use reading;

/// A type for each group, with a constant function for each of its metrics that is exposed.
macro_rules! exposed_names {
    ($($kind:ident {
        $(#[$meta:meta])* $group:ident in $part:ident { $($(#[$extra_meta:meta])* $extra:ident: $type:ty),* $(,)? }
        $(#[doc = $help:literal] $name:ident: $growth:ident $unit:ident
            $(json [$($json:literal),*])?
            $(exposed $reading:ident $series:literal [$($label:ident = $value:literal),*])?
            $(history $field:ident)? $(column $column:literal)? $(result $result:literal)?;)*
    })*) => {
        $(
            /// Names of the group's metrics at `/metrics`.
            pub(super) struct $group;

            #[allow(dead_code, reason = "the names of the process are given by the system's collector")]
            impl $group {
                $($(
                    #[doc = $help]
                    pub const fn $name() -> Exposed {
                        Exposed {
                            name: $series,
                            help: $help.trim_ascii(),
                            labels: &[$((stringify!($label), $value)),*],
                            reading: reading!($reading),
                        }
                    }
                )?)*
            }
        )*
    };
}

catalogue!(exposed_names);
