//! What a server told at a moment, and where each metric of the catalogue (`telemetry::catalogue`) is in it: where it is read,
//! and where recordings, results and the history keep it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    upstream::Upstream,
    values::{EndpointMetrics, Histogram, PercentilesMs, PoolClient, StateTransition},
};
use crate::{
    resilience::State,
    telemetry::{Exposed, catalogue, reading},
};

/// The unit of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricUnit {
    /// A count of something.
    Number,
    /// Seconds, of a length or of the Unix clock.
    Seconds,
    /// 0 to 100; the history holds 0..=1.
    Percent,
    /// 0..=1.
    Share,
    /// Bytes; the history holds MiB.
    Bytes,
}

impl MetricUnit {
    /// What a value is divided by before the history keeps it.
    const fn divisor(self) -> f64 {
        match self {
            Self::Percent => 100.0,
            Self::Bytes => 1_048_576.0,
            _ => 1.0,
        }
    }
}

/// The way in which a metric changes over time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Growth {
    /// It grows until the server is started anew. Of several things the sum counts.
    Counter,
    /// It goes up and down. Of several things the highest counts.
    Gauge,
}

impl Growth {
    /// Two values as one.
    pub const fn both(self, one: f64, other: f64) -> f64 {
        match self {
            Self::Counter => one + other,
            Self::Gauge => one.max(other),
        }
    }
}

/// Where a metric of a group is found, and where its value belongs.
pub struct MetricPlace<G> {
    /// Its paths in the JSON metrics of the group.
    pub json: &'static [&'static str],
    /// Its series at `/metrics`.
    pub exposed: Option<Exposed>,
    /// The field that holds it.
    pub slot: fn(&mut G) -> &mut Option<f64>,
}

/// A part of an observation whose metrics the catalogue lists.
pub trait Group: Default + 'static {
    /// Its metrics.
    const PLACES: &'static [MetricPlace<Self>];
}

/// A metric of an observation.
pub struct MetricEntry {
    /// The column of CSV recordings.
    pub column: Option<&'static str>,
    /// Its name among the counters of a result file.
    pub result: Option<&'static str>,
    /// Reads it; of several breakers as [`Growth`] says.
    pub get: fn(&Observation) -> Option<f64>,
    /// Sets it; for breakers, that of the one that stands for all.
    pub set: fn(&mut Observation, f64),
}

/// The breaker that stands for all where only one can be kept.
pub const ALL_BREAKERS: &str = "all";

/// The metric that a field of the history keeps.
enum FieldOrigin {
    /// A number of the observation.
    Whole(fn(&Observation) -> Option<f64>),
    /// A number of each breaker.
    EachBreaker(fn(&Breaker) -> Option<f64>),
}

macro_rules! growth {
    (counter) => {
        Growth::Counter
    };
    (gauge) => {
        Growth::Gauge
    };
}

/// Reads a metric of the whole observation, or of its breakers together.
macro_rules! whole {
    (group $part:ident $name:ident $growth:ident) => {
        |all: &Observation| all.$part.as_ref()?.$name
    };
    (breakers $part:ident $name:ident $growth:ident) => {
        |all: &Observation| all.$part.values().filter_map(|one| one.$name).reduce(|a, b| growth!($growth).both(a, b))
    };
}

/// Sets a metric of the observation.
macro_rules! store {
    (group $part:ident $name:ident) => {
        |all: &mut Observation, value| all.$part.get_or_insert_default().$name = Some(value)
    };
    (breakers $part:ident $name:ident) => {
        |all: &mut Observation, value| all.$part.entry(ALL_BREAKERS.to_owned()).or_default().$name = Some(value)
    };
}

macro_rules! origin {
    (group $part:ident $name:ident) => {
        FieldOrigin::Whole(|all| all.$part.as_ref()?.$name)
    };
    (breakers $part:ident $name:ident) => {
        FieldOrigin::EachBreaker(|one| one.$name)
    };
}

/// `Some` of a part of an entry, or `None` where the entry does not have it.
macro_rules! one_of {
    [] => { None };
    [$there:expr] => { Some($there) };
}

/// The groups with their fields, their entries, and the fields of the history.
macro_rules! observed {
    ($($kind:ident {
        $(#[$meta:meta])* $group:ident in $part:ident { $($(#[$extra_meta:meta])* $extra:ident: $type:ty),* $(,)? }
        $(#[doc = $help:literal] $name:ident: $growth:ident $unit:ident
            $(json [$($json:literal),*])?
            $(exposed $reading:ident $series:literal [$($label:ident = $value:literal),*])?
            $(history $field:ident)? $(column $column:literal)? $(result $result:literal)?;)*
    })*) => {
        $(
            $(#[$meta])*
            #[serde(default)]
            pub struct $group {
                $($(#[$extra_meta])* pub $extra: $type,)*
                $(#[doc = $help] pub $name: Option<f64>,)*
            }

            impl Group for $group {
                const PLACES: &'static [MetricPlace<Self>] = &[$(MetricPlace {
                    json: &[$($($json),*)?],
                    exposed: one_of![$(Exposed {
                        name: $series,
                        help: $help,
                        labels: &[$((stringify!($label), $value)),*],
                        reading: reading!($reading),
                    })?],
                    slot: |group| &mut group.$name,
                }),*];
            }

            impl $group {
                /// The metrics of the group.
                pub const ENTRIES: &'static [MetricEntry] = &[$(MetricEntry {
                    column: one_of![$($column)?],
                    result: one_of![$($result)?],
                    get: whole!($kind $part $name $growth),
                    set: store!($kind $part $name),
                }),*];
            }
        )*

        /// A column of the history.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Field {
            $($($(#[doc = $help] $field,)?)*)*
            /// Median time to an answer, milliseconds.
            P50,
            /// 95th percentile, milliseconds.
            P95,
            /// 99th percentile, milliseconds.
            P99,
        }

        impl Field {
            /// Every field, in the order of their numbers.
            pub const ALL: [Self; Self::P99 as usize + 1] =
                [$($($(Self::$field,)?)*)* Self::P50, Self::P95, Self::P99];

            /// Whether it is a count, which adds up, and not a gauge, of which the highest stays.
            pub const fn growth(self) -> Growth {
                match self {
                    $($($(Self::$field => growth!($growth),)?)*)*
                    Self::P50 | Self::P95 | Self::P99 => Growth::Gauge,
                }
            }

            /// The metric that it keeps, and the divisor of its values.
            const fn origin(self) -> Option<(FieldOrigin, f64)> {
                match self {
                    $($($(Self::$field => Some((origin!($kind $part $name), MetricUnit::$unit.divisor())),)?)*)*
                    Self::P50 | Self::P95 | Self::P99 => None,
                }
            }
        }
    };
}

/// What a server told at a moment. Counters count since its start.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Observation {
    /// Its health.
    pub health: Option<Health>,
    /// The LLM servers that its questions go to, in the order in which they are asked.
    pub upstreams: Vec<Upstream>,
    /// Its circuit breakers by name.
    pub breakers: BTreeMap<String, Breaker>,
    /// Its connections to the LLM.
    pub pool: Option<Pool>,
    /// Its cache.
    pub cache: Option<Cache>,
    /// The questions that it was asked.
    pub traffic: Option<Traffic>,
    /// Its process.
    pub process: Option<Process>,
    /// Its mirrored folders and uploaded files.
    pub sync: Option<FileSync>,
    /// Its clock, Unix seconds: tells by how much it is off from ours.
    pub clock: Option<f64>,
    /// The time from the first request to the last answer, milliseconds.
    pub took_ms: Option<f64>,
    /// Fields that could not be read, each with the reason.
    pub notes: Vec<String>,
}

catalogue!(observed);

impl Observation {
    /// Whether no route answered with metrics.
    pub fn is_empty(&self) -> bool {
        self.health.is_none()
            && self.breakers.is_empty()
            && self.pool.is_none()
            && self.cache.is_none()
            && self.traffic.is_none()
            && self.process.is_none()
            && self.sync.is_none()
    }

    /// Forgets what no server has so much of: names of breakers and paths that grow without end.
    pub(super) fn bound(&mut self) {
        const BREAKERS: usize = 64;
        const ENDPOINTS: usize = 256;
        const UPSTREAMS: usize = 32;
        let upstreams = self.upstreams.len();
        self.upstreams.truncate(UPSTREAMS);
        let (mut endpoints, mut clients) = (0, 0);
        if let Some(pool) = &mut self.pool {
            (endpoints, clients) = (keep(&mut pool.endpoints, ENDPOINTS), keep(&mut pool.clients, UPSTREAMS));
        }
        for (what, most, many) in [
            ("upstreams", UPSTREAMS, upstreams),
            ("breakers", BREAKERS, keep(&mut self.breakers, BREAKERS)),
            ("endpoints", ENDPOINTS, endpoints),
            ("clients of upstreams", UPSTREAMS, clients),
        ] {
            if many > most {
                self.notes.push(format!("it has {many} {what}; the first {most} are looked at"));
            }
        }
    }

    /// The state of the breaker that is worst off.
    pub fn worst(&self) -> Option<State> {
        self.breakers.values().filter_map(|breaker| breaker.state).max_by_key(|state| state.severity())
    }

    /// Every metric, group by group.
    pub fn entries() -> impl Iterator<Item = &'static MetricEntry> {
        let groups = [Health::ENTRIES, Breaker::ENTRIES, Pool::ENTRIES, Cache::ENTRIES, Traffic::ENTRIES];
        groups.into_iter().flatten().chain(Process::ENTRIES).chain(FileSync::ENTRIES)
    }

    /// What the history keeps of a field: a gauge as it was told, or a count since the server's start. Of breakers, as
    /// [`Growth`] says.
    pub fn value(&self, field: Field) -> Option<f64> {
        let (origin, divisor) = field.origin()?;
        let value = match origin {
            FieldOrigin::Whole(read) => read(self)?,
            FieldOrigin::EachBreaker(read) => {
                self.breakers.values().filter_map(read).reduce(|a, b| field.growth().both(a, b))?
            }
        };
        Some(value / divisor).filter(|value| value.is_finite())
    }

    /// What a count grew by since an earlier observation; `grown` tells from the old value and the new one. Breakers are
    /// taken by name: a sum that lost one of its parts is no reset.
    pub fn grown(&self, field: Field, before: &Self, grown: impl Fn(f64, f64) -> f64) -> Option<f64> {
        match field.origin()?.0 {
            FieldOrigin::Whole(read) => read(before).zip(read(self)).map(|(old, new)| grown(old, new)),
            FieldOrigin::EachBreaker(read) => {
                let both = self.breakers.iter().filter_map(|(name, breaker)| {
                    let old = before.breakers.get(name).and_then(read)?;
                    Some(grown(old, read(breaker)?))
                });
                both.reduce(|a, b| a + b)
            }
        }
    }
}

/// Keeps the first entries of a map; how many there were.
fn keep<T>(map: &mut BTreeMap<String, T>, most: usize) -> usize {
    let many = map.len();
    while map.len() > most {
        map.pop_last();
    }
    many
}
