//! Polls for tests.

use proptest::{collection::vec, option, prelude::*, sample::select};

use super::{
    format::{Header, Poll, SCHEMA},
    reader::Recording,
};
use crate::util::time::UnixMillis;
use crate::{
    observe::{
        Breaker, Cache, EndpointMetrics, FileSync, Health, Histogram, Observation, PercentilesMs, Pool, PoolClient,
        Process, StateTransition, Traffic, Trouble, Upstream,
    },
    resilience::State,
};

/// When the tests begin.
pub(super) const START: i64 = 1_795_273_467_000;

pub(super) fn header() -> Header {
    Header {
        schema: SCHEMA,
        program: "ragctl".into(),
        version: "0.1.0".into(),
        started: UnixMillis(START),
        interval_seconds: 30.0,
        targets: vec!["http://a:8000".into(), "http://b:8000".into()],
    }
}

/// The poll of a server that tells what fits both formats.
pub(super) fn poll(number: i64) -> Poll {
    let cache = Cache { hits: Some(number as f64), fill: Some(0.25), ..Cache::default() };
    let observation =
        if number == 0 { Observation::default() } else { Observation { cache: Some(cache), ..Observation::default() } };
    Poll { at: UnixMillis(START + number * 30_000), target: "http://a:8000".into(), result: Ok(observation) }
}

/// Everything in a recording, which must be in order.
pub(super) fn read(recording: &mut Recording) -> Vec<Poll> {
    recording.by_ref().map(Result::unwrap).collect()
}

/// Figures as servers tell them: exact in whatever way JSON's numbers are read.
pub(super) fn figure() -> impl Strategy<Value = f64> {
    prop_oneof![
        (0..1_000_000_000_000_i64).prop_map(|count| count as f64),
        (-1_000_000_000_000..1_000_000_000_000_i64).prop_map(|thousandths| thousandths as f64 / 1e3),
    ]
}

pub(super) fn state() -> impl Strategy<Value = State> {
    select(State::ALL.to_vec())
}

fn figures(count: usize, figure: BoxedStrategy<f64>) -> impl Strategy<Value = std::vec::IntoIter<Option<f64>>> {
    vec(option::of(figure), count).prop_map(Vec::into_iter)
}

fn percentiles(all: &mut impl Iterator<Item = Option<f64>>) -> PercentilesMs {
    let mut next = || all.next().flatten();
    PercentilesMs { p50: next(), p95: next(), p99: next() }
}

/// Any text, on one line or not.
pub(super) fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z_]{0,8}", ".{0,12}", any::<String>().prop_map(|text| text.chars().take(12).collect())]
}

fn breaker(figure: BoxedStrategy<f64>) -> impl Strategy<Value = Breaker> {
    let transitions =
        (0..40_u32, 0..12_u32).prop_map(|(first, count)| (first..first + count).map(transition).collect());
    (option::of(state()), figures(10, figure), transitions).prop_map(|(state, mut all, history)| {
        let mut next = || all.next().flatten();
        Breaker {
            state,
            calls: next(),
            failures: next(),
            rejected: next(),
            consecutive_failures: next(),
            failure_threshold: next(),
            transitions: next(),
            opened: next(),
            closed: next(),
            retry_after_seconds: next(),
            since: next(),
            history,
        }
    })
}

/// One of the transitions that every breaker of the tests goes through.
pub(super) fn transition(number: u32) -> StateTransition {
    let (from, to) =
        if number.is_multiple_of(2) { (State::Closed, State::Open) } else { (State::Open, State::HalfOpen) };
    StateTransition { at: 1.795e9 + f64::from(number) / 8.0, from, to, reason: format!("reason {number}\n\"…\"") }
}

fn health(figure: BoxedStrategy<f64>) -> impl Strategy<Value = Health> {
    let truth = || option::of(any::<bool>());
    (option::of(text()), option::of(text()), truth(), truth(), figures(5, figure)).prop_map(
        |(status, version, upstream, database, mut all)| {
            let mut next = || all.next().flatten();
            Health {
                status,
                version,
                uptime_seconds: next(),
                upstream,
                database,
                documents: next(),
                cpu_percent: next(),
                memory_percent: next(),
                disk_percent: next(),
            }
        },
    )
}

fn pool(figure: BoxedStrategy<f64>) -> impl Strategy<Value = Pool> {
    let endpoint = figures(5, figure.clone()).prop_map(|mut all| {
        let latency_ms = percentiles(&mut all);
        EndpointMetrics { requests: all.next().flatten(), errors: all.next().flatten(), latency_ms }
    });
    let endpoints = proptest::collection::btree_map(text(), endpoint, 0..3);
    let client = figures(5, figure.clone()).prop_map(|mut all| {
        let mut next = || all.next().flatten();
        PoolClient { requests: next(), maxsize: next(), in_use: next(), idle: next(), waiting: next() }
    });
    let clients = proptest::collection::btree_map(text(), client, 0..3);
    (figures(12, figure), endpoints, clients).prop_map(|(mut all, endpoints, clients)| {
        let wait_ms = percentiles(&mut all);
        let mut next = || all.next().flatten();
        Pool {
            maxsize: next(),
            requests: next(),
            opened: next(),
            open: next(),
            in_use: next(),
            idle: next(),
            waiting: next(),
            reuse_rate: next(),
            wait_ms,
            retries: next(),
            endpoints,
            clients,
        }
    })
}

fn cache(figure: BoxedStrategy<f64>) -> impl Strategy<Value = Cache> {
    (option::of(any::<bool>()), figures(10, figure)).prop_map(|(enabled, mut all)| {
        let mut next = || all.next().flatten();
        Cache {
            enabled,
            hits: next(),
            exact: next(),
            semantic: next(),
            misses: next(),
            refused: next(),
            evictions: next(),
            evictions_per_minute: next(),
            size: next(),
            max_size: next(),
            fill: next(),
        }
    })
}

fn traffic(figure: BoxedStrategy<f64>) -> impl Strategy<Value = Traffic> {
    let histogram = (vec((figure.clone(), figure.clone()), 0..5), figure.clone())
        .prop_map(|(buckets, count)| Histogram { buckets, count });
    (figures(7, figure), option::of(histogram)).prop_map(|(mut all, latency)| {
        let mut next = || all.next().flatten();
        Traffic {
            questions: next(),
            errors: next(),
            degraded: next(),
            failovers: next(),
            sentences: next(),
            supported: next(),
            unsupported: next(),
            latency,
        }
    })
}

fn upstream() -> impl Strategy<Value = Upstream> {
    let truth = || option::of(any::<bool>());
    (text(), option::of(text()), truth(), truth(), option::of(text()))
        .prop_map(|(name, model, healthy, asked, error)| Upstream { name, model, healthy, asked, error })
}

/// Whatever a server may tell, in figures of a kind.
pub(super) fn observation(figure: BoxedStrategy<f64>) -> impl Strategy<Value = Observation> {
    let process = figures(4, figure.clone()).prop_map(|mut all| {
        let mut next = || all.next().flatten();
        Process { resident_bytes: next(), cpu_seconds: next(), open_fds: next(), started: next() }
    });
    let sync = figures(8, figure.clone()).prop_map(|mut all| {
        let mut next = || all.next().flatten();
        FileSync {
            queued: next(),
            failed: next(),
            held: next(),
            oldest_seconds: next(),
            done: next(),
            failures: next(),
            reindex_documents: next(),
            sparse_chunks: next(),
        }
    });
    (
        option::of(health(figure.clone())),
        proptest::collection::btree_map(text(), breaker(figure.clone()), 0..3),
        option::of(pool(figure.clone())),
        option::of(cache(figure.clone())),
        option::of(traffic(figure.clone())),
        (option::of(process), option::of(sync)),
        figures(2, figure),
        vec(text(), 0..3),
        vec(upstream(), 0..4),
    )
        .prop_map(|(health, breakers, pool, cache, traffic, (process, sync), mut all, notes, upstreams)| {
            let (clock, took_ms) = (all.next().flatten(), all.next().flatten());
            Observation { health, upstreams, breakers, pool, cache, traffic, process, sync, clock, took_ms, notes }
        })
}

pub(super) fn trouble() -> impl Strategy<Value = Trouble> {
    prop_oneof![
        text().prop_map(Trouble::Unreachable),
        text().prop_map(Trouble::Late),
        any::<u16>().prop_map(Trouble::Status),
        text().prop_map(Trouble::Foreign),
        any::<usize>().prop_map(Trouble::TooLarge),
    ]
}

/// Polls in any order of time.
pub(crate) fn polls(figure: BoxedStrategy<f64>) -> impl Strategy<Value = Vec<Poll>> {
    let result = prop_oneof![3 => observation(figure).prop_map(Ok), 1 => trouble().prop_map(Err)];
    let target = select(vec!["http://a:8000", "http://b:8000", "https://c/rag?x=\"1\""]);
    let poll = (0..10_000_000_i64, target, result);
    let poll =
        poll.prop_map(|(after, target, result)| Poll { at: UnixMillis(START + after), target: target.into(), result });
    vec(poll, 0..6)
}
