//! Recordings as CSV: a row a poll, for spreadsheets.
//!
//! A row is a digest. Circuit breakers are one: the state of the worst, the highest of their failures in a row, and sums
//! of the rest; reading gives them back under the name `all`. PercentilesMs are those of all questions since the server's
//! start, and are not read back: the histogram is lost, and so is whatever has no column. An empty cell is "not known".
//! Texts are kept on one line, and begin with an apostrophe where a spreadsheet would take them for a formula.

use std::{io, sync::LazyLock};

use super::format::{Poll, SCHEMA};
use crate::util::time::UnixMillis;
use crate::{
    observe::{
        ALL_BREAKERS, Breaker, Cache, FileSync, Health, MetricEntry, Observation, Pool, Process, Traffic, Trouble,
    },
    resilience::State,
};

/// What a text must not begin with: a spreadsheet calculates it. The apostrophe stands for itself.
const FORMULA: [char; 5] = ['=', '+', '-', '@', '\''];

type Get<T> = fn(&Observation) -> Option<T>;
type Set<T> = fn(&mut Observation, T);

#[derive(Debug)]
struct Column {
    name: &'static str,
    kind: ColumnKind,
}

#[derive(Debug, Clone, Copy)]
enum ColumnKind {
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

/// The columns in their order.
static COLUMNS: LazyLock<Vec<Column>> = LazyLock::new(|| {
    let metrics = |entries: &'static [MetricEntry]| {
        entries
            .iter()
            .filter_map(|entry| Some(Column { name: entry.column?, kind: ColumnKind::Number(entry.get, entry.set) }))
    };
    // The first metric of its health has always stood before the breakers.
    let (uptime, system) = Health::ENTRIES.split_at(1);
    HEAD.into_iter()
        .chain(metrics(uptime))
        .chain([Column { name: "breaker_state", kind: ColumnKind::State }])
        .chain(metrics(Breaker::ENTRIES))
        .chain(metrics(Pool::ENTRIES))
        .chain([CACHE_ENABLED])
        .chain(metrics(Cache::ENTRIES))
        .chain(metrics(Traffic::ENTRIES))
        .chain(QUANTILES)
        .chain(metrics(system))
        .chain(metrics(Process::ENTRIES))
        .chain(metrics(FileSync::ENTRIES))
        .collect()
});

const HEAD: [Column; 6] = [
    Column { name: "schema", kind: ColumnKind::Schema },
    Column { name: "at", kind: ColumnKind::At },
    Column { name: "target", kind: ColumnKind::Target },
    Column { name: "trouble", kind: ColumnKind::Trouble },
    Column {
        name: "status",
        kind: ColumnKind::Text(
            |all| all.health.as_ref()?.status.as_deref(),
            |all, text| health(all).status = Some(text),
        ),
    },
    Column {
        name: "version",
        kind: ColumnKind::Text(
            |all| all.health.as_ref()?.version.as_deref(),
            |all, text| health(all).version = Some(text),
        ),
    },
];

const CACHE_ENABLED: Column = Column {
    name: "cache_enabled",
    kind: ColumnKind::Truth(
        |all| all.cache.as_ref()?.enabled,
        |all, value| all.cache.get_or_insert_default().enabled = Some(value),
    ),
};

const QUANTILES: [Column; 3] = [
    Column { name: "p50_ms", kind: ColumnKind::Digest(|all| quantile(all, 0.5)) },
    Column { name: "p95_ms", kind: ColumnKind::Digest(|all| quantile(all, 0.95)) },
    Column { name: "p99_ms", kind: ColumnKind::Digest(|all| quantile(all, 0.99)) },
];

fn health(all: &mut Observation) -> &mut Health {
    all.health.get_or_insert_with(Health::default)
}

fn breaker(all: &mut Observation) -> &mut Breaker {
    all.breakers.entry(ALL_BREAKERS.to_owned()).or_default()
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

fn write_cell(kind: ColumnKind, poll: &Poll) -> Option<String> {
    let told = poll.result.as_ref();
    let figure = |value: Option<f64>| value.filter(|value| value.is_finite()).map(|value| value.to_string());
    match kind {
        ColumnKind::Schema => Some(SCHEMA.to_string()),
        ColumnKind::At => Some(poll.at.to_string()),
        ColumnKind::Target => Some(protect(&poll.target)),
        ColumnKind::Trouble => serde_json::to_string(told.err()?).ok(),
        ColumnKind::Text(get, _) => get(told.ok()?).map(protect),
        ColumnKind::State => told.ok()?.worst().map(|state| state.as_str().to_owned()),
        ColumnKind::Truth(get, _) => get(told.ok()?).map(|value| value.to_string()),
        ColumnKind::Number(get, _) | ColumnKind::Digest(get) => figure(get(told.ok()?)),
    }
}

fn protect(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if line.starts_with(FORMULA) { format!("'{line}") } else { line }
}

fn unprotect(text: &str) -> &str {
    text.strip_prefix('\'').unwrap_or(text)
}

/// A row of a CSV recording.
pub(super) enum CsvRow {
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
    pub(super) fn read(&self, line: &[u8]) -> CsvRow {
        let Some(cells) = cells(line).filter(|cells| cells.len() == self.0.len()) else { return CsvRow::Damaged };
        match cells.get(0).and_then(|cell| cell.parse::<u32>().ok()) {
            Some(schema) if schema > SCHEMA => return CsvRow::Newer(schema),
            Some(_) => {}
            None => return CsvRow::Damaged,
        }
        self.poll(&cells).map_or(CsvRow::Damaged, |poll| CsvRow::Poll(Box::new(poll)))
    }

    fn poll(&self, cells: &csv::StringRecord) -> Option<Poll> {
        let (mut at, mut target, mut trouble, mut told) = (None, None, None, Observation::default());
        for (column, cell) in self.0.iter().zip(cells).filter(|(_, cell)| !cell.is_empty()) {
            let Some(column) = column else { continue };
            match column.kind {
                ColumnKind::Schema | ColumnKind::Digest(_) => {}
                ColumnKind::At => at = Some(cell.parse::<UnixMillis>().ok()?),
                ColumnKind::Target => target = Some(unprotect(cell).to_owned()),
                // Whoever wrote a word there by hand says that it was not to be reached.
                ColumnKind::Trouble => {
                    trouble =
                        Some(serde_json::from_str(cell).unwrap_or_else(|_| Trouble::Unreachable(cell.to_owned())));
                }
                ColumnKind::Text(_, set) => set(&mut told, unprotect(cell).to_owned()),
                ColumnKind::State => {
                    breaker(&mut told).state = Some(State::ALL.into_iter().find(|state| state.as_str() == cell)?);
                }
                ColumnKind::Truth(_, set) => set(&mut told, cell.to_ascii_lowercase().parse().ok()?),
                ColumnKind::Number(_, set) => {
                    set(&mut told, cell.parse().ok().filter(|value: &f64| value.is_finite())?)
                }
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
