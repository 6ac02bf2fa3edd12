//! What polls told, over time, in bounded memory.
//!
//! A row is what happened between two polls: counts are differences, gauges are as they were. When there are too many rows,
//! the older half is merged in pairs, so that an old past loses resolution, not its length.

use std::collections::VecDeque;

use crate::{monitor::moment::Moment, resilience::State};

/// A column of the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// Questions.
    Questions,
    /// Questions that got an error.
    Errors,
    /// Answers that were degraded.
    Degraded,
    /// Look-ups that the cache answered.
    Hits,
    /// Of these, in words that were known.
    Exact,
    /// Of these, in other words.
    Semantic,
    /// Look-ups that it did not answer.
    Misses,
    /// Near answers that were refused.
    Refused,
    /// Entries that made room.
    Evictions,
    /// Calls to the LLM that the breakers judged.
    Calls,
    /// Those that failed.
    Failures,
    /// Calls that breakers did not let through.
    Rejected,
    /// Requests to the LLM.
    Requests,
    /// Connections that were opened for them.
    Opened,
    /// Failures since the last success.
    ConsecutiveFailures,
    /// Connections with a request on them.
    InUse,
    /// Connections without.
    Idle,
    /// Calls that wait for their turn.
    Waiting,
    /// How full the cache is, 0..=1.
    Fill,
    /// Median time to an answer, milliseconds.
    P50,
    /// 95th percentile.
    P95,
    /// 99th percentile.
    P99,
    /// All cores, 0..=1.
    Cpu,
    /// Memory of the machine, 0..=1.
    Memory,
    /// Disk, 0..=1.
    Disk,
    /// Memory of the process, MiB.
    Resident,
}

/// How many fields are counts; they come first.
pub const COUNTS: usize = Field::Opened as usize + 1;
/// How many fields there are.
const FIELDS: usize = Field::Resident as usize + 1;

/// What happened up to a moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row {
    /// When it ends.
    pub at: Moment,
    /// How far back it reaches, milliseconds.
    pub width: u32,
    /// Over how long its counts were counted, milliseconds; 0 when they are not known.
    pub covered: u32,
    /// The worst state of a breaker.
    pub state: Option<State>,
    /// Whether nothing was told.
    pub silent: bool,
    /// Whether the server was started anew.
    pub restarted: bool,
    values: [f32; FIELDS],
}

impl Row {
    /// A row in which nothing is known.
    pub const fn new(at: Moment, width: u32) -> Self {
        Self { at, width, covered: 0, state: None, silent: false, restarted: false, values: [f32::NAN; FIELDS] }
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

    /// A count a second.
    pub fn rate(&self, field: Field) -> Option<f64> {
        let count = self.get(field)?;
        (self.covered > 0).then(|| count * 1e3 / f64::from(self.covered))
    }

    /// A count's share of the sum of counts; `None` when nothing was counted.
    pub fn share(&self, part: Field, of: &[Field]) -> Option<f64> {
        let whole: f64 = of.iter().filter_map(|field| self.get(*field)).sum();
        (whole > 0.0).then_some(())?;
        Some((self.get(part)? / whole).min(1.0))
    }

    /// Where it begins.
    pub fn begin(&self) -> Moment {
        Moment(self.at.0.saturating_sub(i64::from(self.width)))
    }

    /// Takes in the row that follows: counts add up, of gauges the higher stays, of states the worse.
    pub fn absorb(&mut self, next: &Self) {
        for (index, (mine, other)) in self.values.iter_mut().zip(next.values).enumerate() {
            *mine = match (mine.is_nan(), other.is_nan()) {
                (true, _) => other,
                (_, true) => *mine,
                (false, false) if index < COUNTS => *mine + other,
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
            self.merge();
        }
        self.rows.push_back(row);
    }

    /// Merges the older half in pairs.
    fn merge(&mut self) {
        let half = self.rows.len() / 2;
        let mut kept = VecDeque::with_capacity(self.most);
        let mut pair: Option<Row> = None;
        for row in self.rows.drain(..half) {
            match pair.take() {
                None => pair = Some(row),
                Some(mut first) => {
                    first.absorb(&row);
                    kept.push_back(first);
                }
            }
        }
        kept.extend(pair);
        kept.append(&mut self.rows);
        self.rows = kept;
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
    pub fn at(&self, moment: Moment) -> Option<&Row> {
        let after = self.rows.partition_point(|row| row.at <= moment);
        after.checked_sub(1).and_then(|index| self.rows.get(index))
    }

    /// The rows that end after `from` and not after `to`.
    pub fn between(&self, from: Moment, to: Moment) -> impl DoubleEndedIterator<Item = &Row> {
        let first = self.rows.partition_point(|row| row.at <= from);
        let end = self.rows.partition_point(|row| row.at <= to);
        self.rows.range(first..end.max(first))
    }

    /// The time from `from` to `to` in equal columns; a column that no row reaches into is a gap.
    pub fn columns(&self, from: Moment, to: Moment, count: usize) -> Vec<Option<Row>> {
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
    let mut sums = [0.0_f32; COUNTS];
    let mut known = [false; COUNTS];
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
    for ((value, counted), known) in sum.values.iter_mut().zip(sums).zip(known) {
        *value = if known { counted } else { f32::NAN };
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
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn row(at: i64, questions: f64, in_use: f64) -> Row {
        let mut row = Row::new(Moment(at), 1_000);
        row.covered = 1_000;
        row.set(Field::Questions, Some(questions));
        row.set(Field::InUse, Some(in_use));
        row
    }

    #[test]
    fn counts_add_up_and_gauges_keep_their_peak() {
        let mut history = History::new(16);
        for second in 1..=1_000 {
            history.push(row(second * 1_000, 2.0, f64::from((second % 7) as i32)));
        }
        assert!(history.rows().len() <= 16);
        let all = sum(history.rows()).unwrap();
        assert_eq!((all.get(Field::Questions), all.get(Field::InUse)), (Some(2_000.0), Some(6.0)));
        assert_eq!((all.begin(), all.at, all.covered), (Moment(0), Moment(1_000_000), 1_000_000));
        assert_eq!(all.rate(Field::Questions), Some(2.0));
        let counted = counts(history.rows()).unwrap();
        assert_eq!((counted.get(Field::Questions), counted.get(Field::InUse)), (Some(2_000.0), None));
        assert_eq!((counted.begin(), counted.at, counted.covered), (all.begin(), all.at, all.covered));
        assert_eq!(counted.get(Field::Errors), None);
    }

    #[test]
    fn a_gap_stays_a_gap_and_what_is_unknown_is_no_zero() {
        let mut history = History::new(100);
        for second in [1, 2, 3, 7, 8] {
            history.push(row(second * 1_000, 1.0, 1.0));
        }
        let columns = history.columns(Moment(0), Moment(8_000), 8);
        let known: Vec<bool> = columns.iter().map(Option::is_some).collect();
        assert_eq!(known, [true, true, true, false, false, false, true, true]);
        assert_eq!(columns[0].unwrap().get(Field::Fill), None);
        // Each half second of a row is the same second.
        let fine = history.columns(Moment(0), Moment(2_000), 4);
        assert!(fine.iter().all(|column| column.unwrap().rate(Field::Questions) == Some(1.0)));
    }

    #[test]
    fn a_row_of_the_past_is_passed_over() {
        let mut history = History::new(100);
        history.push(row(5_000, 1.0, 1.0));
        history.push(row(4_000, 1.0, 1.0));
        assert_eq!(history.rows().len(), 1);
        assert_eq!(history.at(Moment(4_999)), None);
        assert_eq!(history.at(Moment(9_000)).map(|row| row.at), Some(Moment(5_000)));
    }

    #[test]
    fn a_week_of_ten_targets_is_small() {
        let mut history = History::new(26_214);
        for poll in 0..20_160 {
            history.push(row(poll * 30_000 + 1, 1.0, 1.0));
        }
        assert_eq!(history.rows().len(), 20_160, "a week keeps its resolution");
        assert!(history.bytes() * 10 < 50_000_000, "{}", history.bytes());
    }

    proptest! {
        #[test]
        fn nothing_is_lost_in_columns(times in prop::collection::vec(1i64..100_000, 1..60), count in 1usize..50) {
            let mut times = times;
            times.sort_unstable();
            times.dedup();
            let mut history = History::new(40);
            for at in &times {
                let mut row = row(*at, 1.0, 1.0);
                row.width = 1;
                history.push(row);
            }
            let columns = history.columns(Moment(0), Moment(100_000), count);
            let seen: f64 = columns.iter().flatten().filter_map(|row| row.get(Field::Questions)).sum();
            // A merged row may lie in several columns, so never less than there was.
            prop_assert!(seen >= times.len() as f64);
        }

        #[test]
        fn any_window_can_be_asked_for(from in any::<i64>(), to in any::<i64>(), count in 0usize..100) {
            let mut history = History::new(16);
            for second in 1..=40 {
                history.push(row(second * 1_000, 1.0, 1.0));
            }
            prop_assert_eq!(history.columns(Moment(from / 2), Moment(to / 2), count).len(), count);
        }
    }
}
