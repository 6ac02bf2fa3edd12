//! What is counted and timed: sums and HDR histograms of bounded size, never single requests.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use super::{
    answer::{CacheClass, Observed},
    connection::ConnectTimes,
    failure::{Failures, RequestFailure},
};

/// Longest latency that is told from longer ones, in microseconds.
pub const LONGEST: u64 = 3_600_000_000;

/// Digits that are kept.
const DIGITS: u8 = 3;

/// Something that is timed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timed {
    /// From when a request was due to the end of its answer; successes only, as all below unless it says otherwise.
    Latency,
    /// From when it was sent to the end.
    Service,
    /// From when it was due to when it was sent; all requests.
    Lag,
    /// The same, of requests that did not wait for a free connection: what the generator itself is to blame for.
    OwnLag,
    /// Opening a TCP connection.
    Connect,
    /// TLS on top of it.
    Tls,
    /// From when it was sent to the first byte of the answer.
    FirstByte,
    /// From when it was due to the first text of a stream.
    FirstToken,
    /// Between tokens of a stream.
    TokenGap,
    /// Latency of answers from the cache, same words.
    ExactHit,
    /// Latency of answers from the cache, other words.
    SemanticHit,
    /// Latency of answers that were not in the cache.
    Miss,
    /// From when it was due to its failure; failures only.
    Failed,
}

impl Timed {
    /// Everything that is timed.
    pub const ALL: [Self; 13] = [
        Self::Latency,
        Self::Service,
        Self::Lag,
        Self::OwnLag,
        Self::Connect,
        Self::Tls,
        Self::FirstByte,
        Self::FirstToken,
        Self::TokenGap,
        Self::ExactHit,
        Self::SemanticHit,
        Self::Miss,
        Self::Failed,
    ];

    /// Its name in result files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Latency => "latency",
            Self::Service => "service",
            Self::Lag => "dispatch_lag",
            Self::OwnLag => "own_lag",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::FirstByte => "first_byte",
            Self::FirstToken => "first_token",
            Self::TokenGap => "token_gap",
            Self::ExactHit => "exact_hit",
            Self::SemanticHit => "semantic_hit",
            Self::Miss => "miss",
            Self::Failed => "failed",
        }
    }
}

/// An empty histogram, 1 µs to 1 h.
pub fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LONGEST, DIGITS).expect("these bounds are valid")
}

/// Counts that are added up.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct RequestCounts {
    /// Requests that were sent.
    pub sent: u64,
    /// Answers that are what was asked for.
    pub ok: u64,
    /// Of these, such as were not degraded, made from an expected source where one is known, and said nothing that their documents
    /// do not say, where the server proves them.
    pub good: u64,
    /// Degraded answers.
    pub degraded: u64,
    /// Answers from the cache, same words.
    pub exact: u64,
    /// Answers from the cache, other words.
    pub semantic: u64,
    /// Answers that say that they are not from the cache.
    pub misses: u64,
    /// Sum of the recalls.
    pub recall: f64,
    /// Answers whose recall is known.
    pub judged: u64,
    /// Sentences of answers that claim something, of servers that prove them.
    pub sentences: u64,
    /// Those of them that the documents say.
    pub supported: u64,
    /// Bytes of bodies.
    pub bytes: u64,
    /// Tokens of streams whose server tells them.
    pub tokens: u64,
    /// Pieces of streams.
    pub pieces: u64,
    /// Seconds between first and last text, of all streams.
    pub writing: f64,
    /// Connections that were opened.
    pub opened: u64,
    /// Connections that the server had closed while they were idle.
    pub stale: u64,
    /// Latencies beyond [`LONGEST`].
    pub saturated: u64,
    /// Requests that waited for a free connection.
    pub queued: u64,
    /// Answers that came before the load ended; of a run by time those after it are no throughput.
    pub in_time: u64,
    /// Failures that came before the load ended.
    pub failed_in_time: u64,
}

impl RequestCounts {
    fn add(&mut self, other: &Self) {
        self.sent += other.sent;
        self.ok += other.ok;
        self.good += other.good;
        self.degraded += other.degraded;
        self.exact += other.exact;
        self.semantic += other.semantic;
        self.misses += other.misses;
        self.recall += other.recall;
        self.judged += other.judged;
        self.sentences += other.sentences;
        self.supported += other.supported;
        self.bytes += other.bytes;
        self.tokens += other.tokens;
        self.pieces += other.pieces;
        self.writing += other.writing;
        self.opened += other.opened;
        self.stale += other.stale;
        self.saturated += other.saturated;
        self.queued += other.queued;
        self.in_time += other.in_time;
        self.failed_in_time += other.failed_in_time;
    }
}

/// Everything that is known about a part of a run.
#[derive(Debug, Clone, Default)]
pub struct Measures {
    /// The counts.
    pub counts: RequestCounts,
    /// The failures.
    pub failures: Failures,
    times: [Option<Box<Histogram<u64>>>; Timed::ALL.len()],
}

impl Measures {
    /// The histogram of something, in microseconds; `None` if it never happened.
    pub fn times(&self, of: Timed) -> Option<&Histogram<u64>> {
        self.times[of as usize].as_deref()
    }

    /// Adds a duration.
    pub fn record(&mut self, of: Timed, took: Duration) {
        let micros = took.as_nanos().div_ceil(1_000).min(u128::from(u64::MAX)) as u64;
        self.counts.saturated += u64::from(micros > LONGEST);
        self.times[of as usize].get_or_insert_with(|| Box::new(histogram())).saturating_record(micros);
    }

    /// Adds a histogram; one with other bounds loses no more than its own precision.
    pub fn add_times(&mut self, of: Timed, other: &Histogram<u64>) {
        let own = self.times[of as usize].get_or_insert_with(|| Box::new(histogram()));
        if own.add(other).is_err() {
            other.iter_recorded().for_each(|value| {
                own.saturating_record_n(value.value_iterated_to(), value.count_since_last_iteration());
            });
        }
    }

    /// Adds those of another part.
    pub fn merge(&mut self, other: &Self) {
        self.counts.add(&other.counts);
        self.failures.merge(&other.failures);
        for of in Timed::ALL {
            if let Some(times) = other.times(of) {
                self.add_times(of, times);
            }
        }
    }

    /// Requests that came to an end.
    pub fn finished(&self) -> u64 {
        self.counts.ok + self.failures.total()
    }

    /// Takes note of a success.
    pub fn succeeded(&mut self, at: &Instants, first_byte: Instant, bytes: u64, seen: &Observed) {
        let counts = &mut self.counts;
        counts.ok += 1;
        counts.bytes += bytes;
        counts.degraded += u64::from(seen.degraded);
        let proof = seen.proof.unwrap_or_default();
        counts.sentences += proof.sentences;
        counts.supported += proof.supported;
        let supported = proof.supported >= proof.sentences;
        counts.good += u64::from(!seen.degraded && supported && seen.recall.is_none_or(|recall| recall > 0.0));
        if let Some(recall) = seen.recall {
            counts.recall += f64::from(recall);
            counts.judged += 1;
        }
        let latency = at.end - at.due;
        self.record(Timed::Latency, latency);
        self.record(Timed::Service, at.end - at.sent);
        self.record(Timed::FirstByte, first_byte.saturating_duration_since(at.sent));
        let kind = seen.cache.map(|cache| match cache {
            CacheClass::Exact => (Timed::ExactHit, &mut self.counts.exact),
            CacheClass::Semantic => (Timed::SemanticHit, &mut self.counts.semantic),
            CacheClass::Miss => (Timed::Miss, &mut self.counts.misses),
        });
        if let Some((timed, count)) = kind {
            *count += 1;
            self.record(timed, latency);
        }
        if let Some(stream) = seen.stream {
            self.counts.tokens += stream.tokens.unwrap_or(0);
            self.counts.pieces += stream.pieces;
            self.counts.writing += (stream.last - stream.first).as_secs_f64();
            self.record(Timed::FirstToken, stream.first.saturating_duration_since(at.due));
            if let Some(gap) = stream.distance() {
                self.record(Timed::TokenGap, gap);
            }
        }
    }

    /// Takes note of a failure.
    pub fn failed(&mut self, at: &Instants, failure: RequestFailure) {
        self.failures.add(failure);
        self.record(Timed::Failed, at.end - at.due);
    }

    /// Takes note of a new connection.
    pub fn opened(&mut self, opened: ConnectTimes) {
        self.counts.opened += 1;
        self.record(Timed::Connect, opened.connect);
        if let Some(tls) = opened.tls {
            self.record(Timed::Tls, tls);
        }
    }
}

/// The instants of a request.
#[derive(Debug, Clone, Copy)]
pub struct Instants {
    /// When it was to be sent; in a closed loop when it was.
    pub due: Instant,
    /// When it was sent.
    pub sent: Instant,
    /// When its answer was whole, or it failed.
    pub end: Instant,
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn what_is_too_long_is_counted_not_lost() {
        let mut measures = Measures::default();
        measures.record(Timed::Latency, Duration::from_secs(7_200));
        measures.record(Timed::Latency, ms(5));
        let times = measures.times(Timed::Latency).unwrap();
        assert_eq!((times.len(), measures.counts.saturated), (2, 1));
        assert!(times.max() >= LONGEST && times.min() >= 4_990);
    }

    #[test]
    fn merged_measures_are_those_of_both() {
        let (mut one, mut other) = (Measures::default(), Measures::default());
        for n in 1..=100 {
            let measures = if n % 2 == 0 { &mut one } else { &mut other };
            measures.record(Timed::Service, ms(n));
            measures.counts.ok += 1;
            measures.failures.add(RequestFailure::new(crate::bench::failure::ErrorClass::Timeout, "late"));
        }
        one.merge(&other);
        let times = one.times(Timed::Service).unwrap();
        assert_eq!((times.len(), one.counts.ok, one.failures.total()), (100, 100, 100));
        assert!((times.value_at_quantile(0.5) as f64 - 50_000.0).abs() < 100.0);
    }
}
