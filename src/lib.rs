//! `ragctl`: retrieval-augmented generation on your own documents and your own LLM, in one binary.
//!
//! # The house
//!
//! Imports run one way; a room may use anything below it (a test holds the rooms to that):
//!
//! | room | holds |
//! |---|---|
//! | [`cli`] | what may be said at the command line; flags, environment and files become checked settings |
//! | [`commands`] | one file a command: builds the parts, runs them, says how it ended |
//! | [`cache_tools`] | what an operator does with the semantic cache: fills it, replays questions to find its settings |
//! | [`client`] | talks to a server over HTTP, for the commands |
//! | [`server`], [`mock`] | the HTTP API, and a fake LLM upstream for tests |
//! | [`bench`](mod@bench) | the load generator: measures an API over HTTP, and compares what it measured |
//! | [`monitor`] | the dashboard: polls servers, says what is the matter, shows, records and replays it |
//! | [`api`] | what may be asked, whatever the door: checks requests, shapes responses |
//! | [`rag`] | the engine: documents in, answers out |
//! | [`store`], [`index`], [`cache`], [`providers`] | the truth; what is derived from it; answers given before; the models |
//! | [`observe`] | what bench, monitor and report need of a server seen from outside: scraping, metrics, thresholds, recordings |
//! | [`resilience`] | what stands between a call and an upstream that hangs, fails or flaps |
//! | [`wire`], [`telemetry`], [`domain`] | shapes of requests and answers; the catalogue of metrics, logs, and what must not be in them; the domain's nouns |
//! | [`util`] | numbers into words, Markdown, axes, intervals, vectors, scripts, words, the process's limits and its terminal |
//!
//! # The way of one question
//!
//! 1. [`server`] gives the request an id, parses and checks it: every refusal names the field and what is allowed. The
//!    [call's context](resilience::CallContext) is made here: its deadline holds for everything below.
//! 2. [`api::question`] fills in what the request leaves open. A follow-up becomes a question that stands alone: by the LLM, or
//!    by rules ([`rag::condense`]). [`rag::Engine::ask`] makes a [plan](rag::pipeline::Plan) of the
//!    question: its DB is open, and its [`RetrievalSpec`](rag::pipeline::RetrievalSpec) names everything that shapes the answer.
//!    The keys of cached answers and of shared calls are made of the spec, and of nothing else.
//! 3. A [lookup](cache::Lookup) asks the [`cache`] for the same words. Else the question is embedded, once, for cache and search,
//!    and the cache looks for the nearest question that no [mismatch](cache::mismatch) speaks against. The lookup decides; it
//!    embeds and searches nothing itself.
//! 4. The [`rag::pipeline`] takes the question through its [stages](rag::pipeline::stages): retrieve from the indexes, of the
//!    documents that the question's [filter](domain::filter) means (see [`index::attributes`]), fuse their lists, read the best chunks, make one passage of copies. They run on a blocking thread, when it is the question's
//!    turn. A [reranker](providers::Reranker), or a [small model](rag::pipeline::rerank) of what is known for free, may put more passages than are wanted into another order; without it theirs is kept. A near question's answer is given when one of the passages that it cites is among those that were found, and when
//!    the passages of both questions use no word by which they differ.
//!    A question that needs several documents goes through them more than once ([`rag::multihop`]): what was found says what to
//!    look for next.
//! 5. The LLM is asked: the call [joins](providers::guarded::CoalescingGenerator) an equal one that is under way, else goes
//!    through the [chain](providers::chain) of upstreams, each behind its [policy](resilience::CallPolicy), which retries
//!    within a budget and asks the breaker before each attempt, and its [pool](resilience::Pool), where it takes its turn, if
//!    one can come in time. One that breaks off is continued by the next. If there is no first token a little before the
//!    deadline, the embedded answerer quotes the passages instead, and the answer is marked as degraded.
//! 6. Each sentence is [proven](rag::prove) when it is complete: held against the passages that it cites, or all. What they do
//!    not say is marked; what becomes of an answer that nothing supports is a [policy](rag::UnsupportedPolicy).
//! 7. The answer streams back, and is kept in the cache when it is whole. A client that goes away drops the stream, and with it
//!    the call upstream.
//!
//! # The way of one document
//!
//! [`rag::ingest`](mod@rag::ingest) reads it ([`rag::extract`]), cuts it ([`rag::chunk`]), embeds what is new with the title and
//! the headings that it stands under, and writes it whole or not at all: one transaction, on disk when it is acknowledged, shared by everybody who [commits at that
//! moment](rag::Db::commit). Indexes then follow the store: each carries the stamp of the state that it mirrors, and
//! applies what happened since; comparing and reading are one step, so that a commit in between never looks foreign. That is
//! also how a running server notices what another process ingested, and how an index that is missing, damaged or of another
//! format comes back. Whoever writes the lexical index holds a lock for a series of changes; where its folder cannot be
//! written, it lives in memory. Nobody waits for the [learned sparse index](index::sparse), whose vectors take a hundred times as
//! long: a server makes them at low priority, and questions rank by them what has one.
//!
//! A folder that is mirrored ([`rag::sync`]) is looked at: where an event was, or as a whole now and then. A plain state machine
//! knows its files, and says what is to be read, renamed and deleted; what waits for that is in the store, so that the next
//! process goes on. Uploaded files are kept in a folder of their DB, which is mirrored in the same way.
//!
//! # The way of one generation
//!
//! What chunks and vectors are made by (version of cutting, sizes, embedder) is a [generation](store::Generations) of a DB; documents
//! and texts are kept once. [`rag::reindex`] builds the next one from the stored texts, as a process of its own or in a server,
//! and slowly: what a generation lacks, or has of an earlier state of a document, is asked of the store, so that a build can be
//! killed at any moment. The swap is one transaction, which is refused while something is missing. Each generation has a
//! history and indexes of its own. A server that sees that another one serves [opens it](rag::Dbs::renew), brings its search up
//! to date and only then lets questions into it; those under way end in the old one. What a new version reads or cuts otherwise is
//! replaced document by document in the generation that serves ([`rag::Engine::upgrade`]): the vectors stay comparable.
//! [`rag::trial`] asks two generations the same questions; [`store::archive`] carries a DB elsewhere.
//!
//! # The way of one measured request
//!
//! [`bench::run`] starts threads with an event loop each. In a closed loop a user sends when its last answer came; in an open
//! one a pacer releases what the [schedule](bench::schedule) has due, and whoever is free sends it over its own
//! [connection](bench::connection). The [answer](bench::answer) is judged, its times go into the thread's own histograms
//! ([`bench::recorder`]), which are handed on once a second. [`bench::summary`] makes the [result](bench::result) of it,
//! [`bench::gate`] and [`bench::compare`] judge that, [`bench::report`] writes it.
//!
//! # The way of one look
//!
//! A task a target ([`monitor::source`]) asks for five routes at once ([`observe::Scraper`]); what it reads is a message. The
//! one owner of the [model](monitor::model::Model) takes it in: counters become [rows](monitor::model::history), changes of a
//! breaker a [timeline](monitor::model::timeline), what happened a [log](monitor::model::event); [rules](monitor::alerts) look at
//! it, and what is to be done comes back as effects. The [screen](monitor::view) is a function of the model. A recording is
//! the same messages, so that replay, report and dashboard tell the same story.
//!
//! # Invariants
//!
//! - The store is the only truth; everything in [`index`] can be deleted, and is never a reason not to start.
//! - What was acknowledged is on disk and found by searches. What cannot be written says so, and whether it was stored.
//! - Every wait of the server has a deadline, every background task a heartbeat that `/health` shows.
//! - A generation holds vectors of one embedder, and one generation of a DB serves. A vector that points nowhere is never stored and never ranks.
//! - A degraded or partial answer is always marked, never taken for a whole one, and never cached.
//! - A cached answer is given only for the state of the DB for which its passages are known to be the right ones.
//! - Everything that a question waits for ends at its deadline. Work that several questions share lives until the last one's.
//! - A URL that may hold credentials is a [`telemetry::ServiceUrl`]; what an upstream says is cleaned of its secrets
//!   where it comes in.
//! - What could not be looked at is not gone: documents are deleted only for files that are known to be absent from a folder
//!   that is known to be there, and most of a folder only when a person confirms it.
//! - Nothing blocks the async runtime; no lock is held across an await.
//!
//! # Deliberately absent
//!
//! `monitor` only reads: it changes nothing at a server, and knows nothing that a server does not tell over HTTP.

pub mod api;
pub mod bench;
pub mod cache;
pub mod cache_tools;
pub mod cli;
pub mod client;
pub mod commands;
pub mod domain;
pub mod index;
pub mod mock;
pub mod monitor;
pub mod observe;
pub mod providers;
pub mod rag;
pub mod resilience;
pub mod server;
pub mod store;
pub mod telemetry;
pub mod util;
pub mod wire;
