//! Recordings as CSV: a row a poll, for spreadsheets.
//!
//! A row is a digest. Circuit breakers are one: the state of the worst, the highest of their failures in a row, and sums
//! of the rest; reading gives them back under the name `all`. Percentiles are those of all questions since the server's
//! start, and are not read back: the histogram is lost, and so is whatever has no column. An empty cell is "not known".
//! Texts are kept on one line, and begin with an apostrophe where a spreadsheet would take them for a formula.

use std::io;

use super::{Poll, SCHEMA};
use crate::util::time::UnixMillis;
use crate::{
    observe::{Breaker, Cache, Health, Observation, Pool, Process, Traffic, Trouble},
    resilience::State,
};

/// The breaker that stands for all.
const ALL: &str = "all";

/// What a text must not begin with: a spreadsheet calculates it. The apostrophe stands for itself.
const FORMULA: [char; 5] = ['=', '+', '-', '@', '\''];

type Get<T> = fn(&Observation) -> Option<T>;
type Set<T> = fn(&mut Observation, T);

#[derive(Debug)]
struct Column {
    name: &'static str,
    kind: Kind,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Schema,
    At,
    Target,
    Trouble,
    Text(for<'a> fn(&'a Observation) -> Option<&'a str>, Set<String>),
    State,
    Truth(Get<bool>, Set<bool>),
    Number(Get<f64>, Set<f64>),
    /// For people only.
    Digest(Get<f64>),
}

/// A column for a field of a part of an observation.
macro_rules! column {
    ($name:literal, $part:ident: $whole:ident.$field:ident) => {
        number(
            $name,
            |all| all.$part.as_ref()?.$field,
            |all, value| all.$part.get_or_insert_with($whole::default).$field = Some(value),
        )
    };
}

/// A column for a field of all breakers, and how two of them become one.
macro_rules! breakers {
    ($name:literal, $field:ident, $both:expr) => {
        number(
            $name,
            |all| all.breakers.values().filter_map(|breaker| breaker.$field).reduce($both),
            |all, value| breaker(all).$field = Some(value),
        )
    };
}

/// The columns in their order.
static COLUMNS: [Column; 42] = [
    Column { name: "schema", kind: Kind::Schema },
    Column { name: "at", kind: Kind::At },
    Column { name: "target", kind: Kind::Target },
    Column { name: "trouble", kind: Kind::Trouble },
    Column {
        name: "status",
        kind: Kind::Text(|all| all.health.as_ref()?.status.as_deref(), |all, text| health(all).status = Some(text)),
    },
    Column {
        name: "version",
        kind: Kind::Text(|all| all.health.as_ref()?.version.as_deref(), |all, text| health(all).version = Some(text)),
    },
    column!("uptime_seconds", health: Health.uptime_seconds),
    Column { name: "breaker_state", kind: Kind::State },
    breakers!("breaker_calls", calls, |a, b| a + b),
    breakers!("breaker_failures", failures, |a, b| a + b),
    breakers!("breaker_rejected", rejected, |a, b| a + b),
    breakers!("breaker_consecutive_failures", consecutive_failures, f64::max),
    breakers!("breaker_transitions", transitions, |a, b| a + b),
    column!("pool_maxsize", pool: Pool.maxsize),
    column!("pool_requests", pool: Pool.requests),
    column!("pool_opened", pool: Pool.opened),
    column!("pool_open", pool: Pool.open),
    column!("pool_in_use", pool: Pool.in_use),
    column!("pool_idle", pool: Pool.idle),
    column!("pool_waiting", pool: Pool.waiting),
    column!("pool_reuse_rate", pool: Pool.reuse_rate),
    Column {
        name: "cache_enabled",
        kind: Kind::Truth(
            |all| all.cache.as_ref()?.enabled,
            |all, value| all.cache.get_or_insert_with(Cache::default).enabled = Some(value),
        ),
    },
    column!("cache_hits", cache: Cache.hits),
    column!("cache_exact", cache: Cache.exact),
    column!("cache_semantic", cache: Cache.semantic),
    column!("cache_misses", cache: Cache.misses),
    column!("cache_refused", cache: Cache.refused),
    column!("cache_evictions", cache: Cache.evictions),
    column!("cache_size", cache: Cache.size),
    column!("cache_max_size", cache: Cache.max_size),
    column!("cache_fill", cache: Cache.fill),
    column!("questions", traffic: Traffic.questions),
    column!("errors", traffic: Traffic.errors),
    column!("degraded", traffic: Traffic.degraded),
    Column { name: "p50_ms", kind: Kind::Digest(|all| quantile(all, 0.5)) },
    Column { name: "p95_ms", kind: Kind::Digest(|all| quantile(all, 0.95)) },
    Column { name: "p99_ms", kind: Kind::Digest(|all| quantile(all, 0.99)) },
    column!("cpu_percent", health: Health.cpu_percent),
    column!("memory_percent", health: Health.memory_percent),
    column!("disk_percent", health: Health.disk_percent),
    column!("resident_bytes", process: Process.resident_bytes),
    column!("cpu_seconds", process: Process.cpu_seconds),
];

const fn number(name: &'static str, get: Get<f64>, set: Set<f64>) -> Column {
    Column { name, kind: Kind::Number(get, set) }
}

fn health(all: &mut Observation) -> &mut Health {
    all.health.get_or_insert_with(Health::default)
}

fn breaker(all: &mut Observation) -> &mut Breaker {
    all.breakers.entry(ALL.to_owned()).or_default()
}

fn quantile(all: &Observation, q: f64) -> Option<f64> {
    Some(all.traffic.as_ref()?.latency.as_ref()?.quantile(q)? * 1e3)
}

/// The line with the names of the columns, with its end.
pub(super) fn write_header() -> io::Result<Vec<u8>> {
    row(COLUMNS.iter().map(|column| column.name.to_owned()))
}

/// A poll's row, with its end.
pub(super) fn write_poll(poll: &Poll) -> io::Result<Vec<u8>> {
    row(COLUMNS.iter().map(|column| write_cell(column.kind, poll).unwrap_or_default()))
}

fn row(cells: impl Iterator<Item = String>) -> io::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(cells.map(String::into_bytes))?;
    writer.into_inner().map_err(|error| io::Error::other(error.to_string()))
}

fn write_cell(kind: Kind, poll: &Poll) -> Option<String> {
    let told = poll.result.as_ref();
    let figure = |value: Option<f64>| value.filter(|value| value.is_finite()).map(|value| value.to_string());
    match kind {
        Kind::Schema => Some(SCHEMA.to_string()),
        Kind::At => Some(poll.at.to_string()),
        Kind::Target => Some(protect(&poll.target)),
        Kind::Trouble => serde_json::to_string(told.err()?).ok(),
        Kind::Text(get, _) => get(told.ok()?).map(protect),
        Kind::State => told.ok()?.worst().map(|state| state.as_str().to_owned()),
        Kind::Truth(get, _) => get(told.ok()?).map(|value| value.to_string()),
        Kind::Number(get, _) | Kind::Digest(get) => figure(get(told.ok()?)),
    }
}

fn protect(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if line.starts_with(FORMULA) { format!("'{line}") } else { line }
}

fn unprotect(text: &str) -> &str {
    text.strip_prefix('\'').unwrap_or(text)
}

/// What a row says.
pub(super) enum Row {
    /// A poll.
    Poll(Box<Poll>),
    /// It is of a later version.
    Newer(u32),
    /// It cannot be read.
    Damaged,
}

/// Which columns a file has, in its order; those that are not known are passed over.
#[derive(Debug)]
pub(super) struct Columns(Vec<Option<&'static Column>>);

impl Columns {
    /// Reads the first line; `None` when it does not begin a recording.
    pub(super) fn parse(line: &[u8]) -> Option<Self> {
        let names = cells(line)?;
        let has = |name: &str| names.iter().any(|known| known == name);
        if names.get(0) != Some("schema") || !has("at") || !has("target") {
            return None;
        }
        Some(Self(names.iter().map(|name| COLUMNS.iter().find(|column| column.name == name)).collect()))
    }

    /// Reads a row.
    pub(super) fn read(&self, line: &[u8]) -> Row {
        let Some(cells) = cells(line).filter(|cells| cells.len() == self.0.len()) else { return Row::Damaged };
        match cells.get(0).and_then(|cell| cell.parse::<u32>().ok()) {
            Some(schema) if schema > SCHEMA => return Row::Newer(schema),
            Some(_) => {}
            None => return Row::Damaged,
        }
        self.poll(&cells).map_or(Row::Damaged, |poll| Row::Poll(Box::new(poll)))
    }

    fn poll(&self, cells: &csv::StringRecord) -> Option<Poll> {
        let (mut at, mut target, mut trouble, mut told) = (None, None, None, Observation::default());
        for (column, cell) in self.0.iter().zip(cells).filter(|(_, cell)| !cell.is_empty()) {
            let Some(column) = column else { continue };
            match column.kind {
                Kind::Schema | Kind::Digest(_) => {}
                Kind::At => at = Some(cell.parse::<UnixMillis>().ok()?),
                Kind::Target => target = Some(unprotect(cell).to_owned()),
                // Whoever wrote a word there by hand says that it was not to be reached.
                Kind::Trouble => {
                    trouble =
                        Some(serde_json::from_str(cell).unwrap_or_else(|_| Trouble::Unreachable(cell.to_owned())));
                }
                Kind::Text(_, set) => set(&mut told, unprotect(cell).to_owned()),
                Kind::State => {
                    breaker(&mut told).state = Some(State::ALL.into_iter().find(|state| state.as_str() == cell)?);
                }
                Kind::Truth(_, set) => set(&mut told, cell.to_ascii_lowercase().parse().ok()?),
                Kind::Number(_, set) => set(&mut told, cell.parse().ok().filter(|value: &f64| value.is_finite())?),
            }
        }
        Some(Poll { at: at?, target: target?, result: trouble.map_or(Ok(told), Err) })
    }
}

fn cells(line: &[u8]) -> Option<csv::StringRecord> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(line);
    let mut cells = csv::StringRecord::new();
    matches!(reader.read_record(&mut cells), Ok(true)).then_some(cells)
}

#[cfg(test)]
#[path = "columns_tests.rs"]
mod tests;
