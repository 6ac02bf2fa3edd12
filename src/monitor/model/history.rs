//! What polls told, over time, in bounded memory.
//!
//! A row is what happened between two polls: counts are differences, gauges are as they were. When there are too many rows,
//! older ones are merged in pairs, so that an old past loses resolution, not its length: the latest rows stay as they are,
//! about as many before them are pairs, as many before these are pairs of pairs, and so on.
//!
//! Only what touches and is equally silent is merged: a gap stays a gap, and silence stays silence. Where hardly anything
//! can be merged, as with a server that answers every other poll for hours, the oldest rows are dropped.

use std::collections::VecDeque;

use crate::{
    observe::{CountSource, Field, Growth},
    resilience::State,
    util::time::UnixMillis,
};

/// Rows touch when no more time than this lies between them, milliseconds. Polls are missing only where it is far more.
const TOUCH: i64 = 100;
/// The oldest rows are merged to at most so many times what all rows would be wide if they were equally wide.
const WIDEST: usize = 16;
/// Most levels of resolution: so often may a row be merged while there is room for all levels.
const LEVELS: u8 = 24;

/// The number of fields.
const FIELDS: usize = Field::ALL.len();

/// Counts and gauges of the time up to a moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row {
    /// The time at which it ends.
    pub at: UnixMillis,
    /// Its length, milliseconds.
    pub width: u32,
    /// Over how long its counts were counted, milliseconds; 0 when they are not known.
    pub covered: u32,
    /// The worst state of a breaker.
    pub state: Option<State>,
    /// Whether the server did not answer.
    pub silent: bool,
    /// Whether the server was restarted within it.
    pub restarted: bool,
    /// The number of times that it was merged with a row of the same level.
    level: u8,
    values: [f32; FIELDS],
}

impl Row {
    /// A row in which nothing is known.
    pub const fn new(at: UnixMillis, width: u32) -> Self {
        let values = [f32::NAN; FIELDS];
        Self { at, width, covered: 0, state: None, silent: false, restarted: false, level: 0, values }
    }

    /// Sets a value; what is not known, or is no number, stays unknown.
    pub fn set(&mut self, field: Field, value: Option<f64>) {
        if let Some(value) = value.map(|value| value as f32).filter(|value| value.is_finite()) {
            self.values[field as usize] = value;
        }
    }

    /// A value: a count of the row, or a gauge.
    pub fn get(&self, field: Field) -> Option<f64> {
        let value = self.values[field as usize];
        (!value.is_nan()).then_some(f64::from(value))
    }

    /// The time at which it begins.
    pub fn begin(&self) -> UnixMillis {
        UnixMillis(self.at.0.saturating_sub(i64::from(self.width)))
    }

    /// Whether it may be merged with the next one, to a row of at most that width, milliseconds.
    fn goes_with(&self, next: &Self, widest: i64) -> bool {
        let touch = next.begin().0.saturating_sub(self.at.0) <= TOUCH;
        let width = next.at.0.saturating_sub(self.begin().0);
        touch && self.silent == next.silent && width <= widest.min(i64::from(u32::MAX))
    }

    /// Takes in the row that follows: counts add up, of gauges the higher stays, of states the worse.
    pub fn absorb(&mut self, next: &Self) {
        for ((mine, other), field) in self.values.iter_mut().zip(next.values).zip(Field::ALL) {
            *mine = match (mine.is_nan(), other.is_nan()) {
                (true, _) => other,
                (_, true) => *mine,
                (false, false) if field.growth() == Growth::Counter => *mine + other,
                (false, false) => mine.max(other),
            };
        }
        self.width = millis(next.at.0 - self.begin().0);
        self.at = next.at;
        self.covered = self.covered.saturating_add(next.covered);
        self.state = worse(self.state, next.state);
        self.silent &= next.silent;
        self.restarted |= next.restarted;
    }
}

impl CountSource for Row {
    fn get(&self, field: Field) -> Option<f64> {
        self.get(field)
    }

    fn covered(&self) -> f64 {
        f64::from(self.covered)
    }
}

/// Milliseconds as rows hold them: 49 days at most.
pub fn millis(time: i64) -> u32 {
    u32::try_from(time.max(0)).unwrap_or(u32::MAX)
}

/// The state that is worse for those who ask.
pub fn worse(a: Option<State>, b: Option<State>) -> Option<State> {
    a.into_iter().chain(b).max_by_key(|state| state.severity())
}

/// Rows in the order of time.
#[derive(Debug, Clone)]
pub struct History {
    rows: VecDeque<Row>,
    most: usize,
}

impl History {
    /// Keeps so many rows, at least 16.
    pub fn new(most: usize) -> Self {
        Self { rows: VecDeque::new(), most: most.max(16) }
    }

    /// Adds a row; one that is not later than the last is passed over.
    pub fn push(&mut self, row: Row) {
        if self.rows.back().is_some_and(|last| row.at <= last.at) {
            return;
        }
        if self.rows.len() >= self.most {
            self.thin();
        }
        if self.rows.len() == self.rows.capacity() {
            // By itself it would grow to up to twice of what it needs.
            let more = self.rows.len().max(16).min(self.most.saturating_sub(self.rows.len()));
            self.rows.reserve_exact(more);
        }
        self.rows.push_back(row);
    }

    /// Makes room for an eighth of the rows at least, mostly for a quarter: a row costs little on the whole.
    fn thin(&mut self) {
        let (room, enough) = (self.most - self.most / 4, self.most - self.most / 8);
        let widest = match (self.rows.front(), self.rows.back()) {
            (Some(first), Some(last)) => last.at.0.saturating_sub(first.begin().0) / (self.most / WIDEST).max(1) as i64,
            _ => return,
        };
        let levels = self.rows.iter().map(|row| row.level).max().unwrap_or(0).saturating_add(1);
        // With as many levels as there are, then with a coarser one, and then with as little as may be of each.
        for levels in [levels, levels.saturating_add(1), levels.saturating_add(4), levels.max(LEVELS)] {
            let each = room / usize::from(levels);
            for level in 0..levels.saturating_sub(1) {
                self.pair_up(level, each * (usize::from(level) + 1), widest);
            }
            if self.rows.len() <= enough {
                return;
            }
        }
        self.rows.drain(..self.rows.len() - room);
    }

    /// Merges rows up to a level in pairs, from the oldest on, all but the `latest`.
    fn pair_up(&mut self, level: u8, latest: usize, widest: i64) {
        let latest = latest.min(self.rows.len());
        let mut pair: Option<Row> = None;
        for _ in latest..self.rows.len() {
            let Some(row) = self.rows.pop_front() else { break };
            match pair.take() {
                Some(mut first) if first.level.max(row.level) <= level && first.goes_with(&row, widest) => {
                    first.level = first.level.max(row.level).saturating_add(1);
                    first.absorb(&row);
                    self.rows.push_back(first);
                }
                earlier => {
                    self.rows.extend(earlier);
                    pair = Some(row);
                }
            }
        }
        self.rows.extend(pair);
        // The others went to the back one by one: the latest are in front of them.
        self.rows.rotate_left(latest);
    }

    /// All rows, oldest first.
    pub fn rows(&self) -> impl DoubleEndedIterator<Item = &Row> + ExactSizeIterator {
        self.rows.iter()
    }

    /// The last row.
    pub fn last(&self) -> Option<&Row> {
        self.rows.back()
    }

    /// The last row that is not later than a moment.
    pub fn at(&self, moment: UnixMillis) -> Option<&Row> {
        let after = self.rows.partition_point(|row| row.at <= moment);
        after.checked_sub(1).and_then(|index| self.rows.get(index))
    }

    /// The rows that end after `from` and not after `to`.
    pub fn between(&self, from: UnixMillis, to: UnixMillis) -> impl DoubleEndedIterator<Item = &Row> {
        let first = self.rows.partition_point(|row| row.at <= from);
        let end = self.rows.partition_point(|row| row.at <= to);
        self.rows.range(first..end.max(first))
    }

    /// The time from `from` to `to` in equal columns; a column that no row reaches into is a gap.
    pub fn columns(&self, from: UnixMillis, to: UnixMillis, count: usize) -> Vec<Option<Row>> {
        let mut columns: Vec<Option<Row>> = vec![None; count];
        let span = (to.0 - from.0).max(1);
        let Some(most) = i64::try_from(count).ok().filter(|count| *count > 0) else { return columns };
        let column = |at: i64| ((i128::from(at - from.0) * i128::from(most)) / i128::from(span)) as i64;
        let first = self.rows.partition_point(|row| row.at <= from);
        for row in self.rows.range(first..) {
            if row.begin() >= to {
                break;
            }
            // A row is what happened before its moment, so the moment itself belongs to the column that it ends in.
            let begin = column(row.begin().0.max(from.0)).clamp(0, most - 1);
            let end = column((row.at.0 - 1).min(to.0 - 1)).clamp(begin, most - 1);
            for column in &mut columns[begin as usize..=end as usize] {
                match column {
                    Some(earlier) => earlier.absorb(row),
                    None => *column = Some(*row),
                }
            }
        }
        columns
    }

    /// Bytes of the rows.
    pub fn bytes(&self) -> usize {
        self.rows.capacity() * size_of::<Row>()
    }
}

/// Adds up the counts of rows, and of nothing else: many rules ask for it at every poll.
pub fn counts<'a>(rows: impl Iterator<Item = &'a Row>) -> Option<Row> {
    let mut sums = [0.0_f32; FIELDS];
    let mut known = [false; FIELDS];
    let mut sum: Option<Row> = None;
    for row in rows.filter(|row| !row.silent) {
        for ((sum, known), value) in sums.iter_mut().zip(&mut known).zip(&row.values) {
            let told = !value.is_nan();
            *sum += if told { *value } else { 0.0 };
            *known |= told;
        }
        let whole = sum.get_or_insert_with(|| Row::new(row.at, row.width));
        whole.covered = whole.covered.saturating_add(row.covered);
        whole.width = millis(row.at.0 - whole.begin().0);
        whole.at = row.at;
    }
    let mut sum = sum?;
    for (((value, counted), known), field) in sum.values.iter_mut().zip(sums).zip(known).zip(Field::ALL) {
        *value = if known && field.growth() == Growth::Counter { counted } else { f32::NAN };
    }
    Some(sum)
}

/// Adds up the counts of rows; gauges count as in [`Row::absorb`].
pub fn sum<'a>(rows: impl Iterator<Item = &'a Row>) -> Option<Row> {
    rows.filter(|row| !row.silent).fold(None, |sum, row| match sum {
        None => Some(*row),
        Some(mut sum) => {
            sum.absorb(row);
            Some(sum)
        }
    })
}

#[cfg(test)]
#[path = "history_tests.rs"]
mod tests;
