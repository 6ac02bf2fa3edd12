use proptest::prelude::*;

use super::*;

fn row(at: i64, questions: f64, in_use: f64) -> Row {
    let mut row = Row::new(UnixMillis(at), 1_000);
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
    assert_eq!((all.begin(), all.at, all.covered), (UnixMillis(0), UnixMillis(1_000_000), 1_000_000));
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
    let columns = history.columns(UnixMillis(0), UnixMillis(8_000), 8);
    let known: Vec<bool> = columns.iter().map(Option::is_some).collect();
    assert_eq!(known, [true, true, true, false, false, false, true, true]);
    assert_eq!(columns[0].unwrap().get(Field::Fill), None);
    // Each half second of a row is the same second.
    let fine = history.columns(UnixMillis(0), UnixMillis(2_000), 4);
    assert!(fine.iter().all(|column| column.unwrap().rate(Field::Questions) == Some(1.0)));
}

#[test]
fn a_row_of_the_past_is_passed_over() {
    let mut history = History::new(100);
    history.push(row(5_000, 1.0, 1.0));
    history.push(row(4_000, 1.0, 1.0));
    assert_eq!(history.rows().len(), 1);
    assert_eq!(history.at(UnixMillis(4_999)), None);
    assert_eq!(history.at(UnixMillis(9_000)).map(|row| row.at), Some(UnixMillis(5_000)));
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
        let mut last = 0;
        for at in &times {
            let mut row = row(*at, 1.0, 1.0);
            row.width = millis(at - last);
            last = *at;
            history.push(row);
        }
        let columns = history.columns(UnixMillis(0), UnixMillis(100_000), count);
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
        prop_assert_eq!(history.columns(UnixMillis(from / 2), UnixMillis(to / 2), count).len(), count);
    }
}

/// A run of polls a second apart, or a time without any.
#[derive(Debug, Clone, Copy)]
enum Part {
    Told(i64),
    Silent(i64),
    Away(i64),
}

/// Rows of a second each, and the times in which nobody polled.
fn rows_of(parts: &[Part]) -> (Vec<Row>, Vec<(UnixMillis, UnixMillis)>) {
    let (mut rows, mut gaps, mut at) = (Vec::<Row>::new(), Vec::<(UnixMillis, UnixMillis)>::new(), 0);
    for part in parts {
        match *part {
            Part::Told(polls) | Part::Silent(polls) => {
                for _ in 0..polls {
                    at += 1_000;
                    let mut row = row(at, 1.0, 1.0);
                    if matches!(part, Part::Silent(_)) {
                        row = Row::new(UnixMillis(at), 1_000);
                        row.silent = true;
                    }
                    rows.push(row);
                }
            }
            Part::Away(seconds) => {
                match gaps.last_mut().filter(|gap| gap.1 == UnixMillis(at)) {
                    Some(gap) => gap.1 = UnixMillis(at + seconds * 1_000),
                    None => gaps.push((UnixMillis(at), UnixMillis(at + seconds * 1_000))),
                }
                at += seconds * 1_000;
            }
        }
    }
    gaps.retain(|gap| gap.0 > UnixMillis(0) && gap.1 < UnixMillis(at));
    (rows, gaps)
}

fn part(most: i64) -> impl Strategy<Value = Part> {
    prop_oneof![
        3 => (1..=most).prop_map(Part::Told),
        1 => (1..=most).prop_map(Part::Silent),
        1 => (3i64..=20).prop_map(Part::Away),
    ]
}

fn history_of(most: usize, rows: &[Row]) -> History {
    let mut history = History::new(most);
    for row in rows {
        history.push(*row);
        assert!(history.rows().len() <= most, "never more than so many");
    }
    history
}

fn told<'a>(rows: impl Iterator<Item = &'a Row>) -> f64 {
    rows.filter_map(|row| row.get(Field::Questions)).sum()
}

fn silence<'a>(rows: impl Iterator<Item = &'a Row>) -> u64 {
    rows.filter(|row| row.silent).map(|row| u64::from(row.width)).sum()
}

#[test]
fn a_day_of_seconds_is_coarse_where_it_is_old_and_fine_where_it_is_new() {
    let (rows, _) = rows_of(&[Part::Told(86_400)]);
    let history = history_of(2_621, &rows);
    assert_eq!(told(history.rows()), 86_400.0);
    let widths: Vec<u32> = history.rows().map(|row| row.width / 1_000).collect();
    let widest = widths.iter().max().unwrap();
    assert!(*widest < 600, "{widest} s");
    let fine = widths.iter().rev().take_while(|width| **width == 1).count();
    assert!(fine >= 200, "the latest {fine} s are as they were");
    assert!(widths.is_sorted_by(|a, b| a >= b), "the older, the coarser");
    let mut classes = std::collections::BTreeMap::new();
    for width in &widths {
        *classes.entry(width.next_power_of_two()).or_insert(0) += 1;
    }
    // Of each resolution about as many, but of the finest and of the coarsest, which come and go.
    let counts: Vec<usize> = classes.into_values().collect();
    assert!(counts[1..counts.len() - 1].iter().all(|count| (200..500).contains(count)), "{counts:?}");
    assert!(history.bytes() <= 2_621 * size_of::<Row>(), "{}", history.bytes());
}

#[test]
fn jitter_and_another_interval_change_little_of_that() {
    let (mut history, mut at) = (History::new(1_000), 0);
    for poll in 0..40_000_i64 {
        let interval = if poll < 30_000 { 1_000 } else { 5_000 };
        let passed = interval + (poll * 37 % 101 - 50) * interval / 1_000;
        at += passed;
        let mut row = row(at, 1.0, 1.0);
        row.width = millis(passed);
        history.push(row);
    }
    assert_eq!(told(history.rows()), 40_000.0);
    let widest = history.rows().map(|row| row.width).max().unwrap();
    assert!(i64::from(widest) <= at / (1_000 / 16), "{widest} of {at}");
    assert!(history.rows().rev().take(60).all(|row| row.width < 6_000));
}

#[test]
fn a_server_that_answers_every_other_poll_keeps_its_latest_past() {
    let parts: Vec<Part> = (0..5_000).flat_map(|_| [Part::Told(1), Part::Silent(1)]).collect();
    let (rows, _) = rows_of(&parts);
    let history = history_of(100, &rows);
    assert!(history.rows().len() >= 75);
    let kept: Vec<(UnixMillis, u32, bool)> = history.rows().map(|row| (row.at, row.width, row.silent)).collect();
    let latest: Vec<_> = rows.iter().map(|row| (row.at, row.width, row.silent)).collect();
    assert!(latest.ends_with(&kept), "nothing can be merged: the oldest were dropped");
}

#[test]
fn an_outage_long_ago_is_still_seen() {
    let (rows, gaps) =
        rows_of(&[Part::Told(500), Part::Silent(30), Part::Told(200), Part::Away(60), Part::Told(5_000)]);
    let history = history_of(200, &rows);
    assert_eq!((told(history.rows()), silence(history.rows())), (5_700.0, 30_000));
    let minutes = history.columns(gaps[0].0, gaps[0].1, 6);
    assert_eq!(minutes, vec![None; 6]);
    assert_eq!(sum(history.between(UnixMillis(0), gaps[0].0)).and_then(|row| row.get(Field::Questions)), Some(700.0));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn nothing_is_lost_or_made_up_but_what_was_dropped(
        parts in prop::collection::vec(part(60), 1..80), most in 16usize..200,
    ) {
        let (rows, gaps) = rows_of(&parts);
        let history = history_of(most, &rows);
        let Some(first) = history.rows().next().copied() else { return Ok(()) };
        let kept = || rows.iter().filter(|row| row.at > first.begin());
        prop_assert_eq!(told(history.rows()), told(kept()));
        prop_assert_eq!(silence(history.rows()), silence(kept()));
        prop_assert_eq!(history.last().map(|row| row.at), rows.last().map(|row| row.at));
        for pair in history.rows().copied().collect::<Vec<_>>().windows(2) {
            prop_assert!(pair[0].at <= pair[1].begin(), "rows do not overlap");
        }
        for (from, to) in gaps.into_iter().filter(|gap| gap.0 > first.begin()) {
            let seconds = (to.0 - from.0) / 1_000;
            // One second before and one after it are known.
            let columns = history.columns(UnixMillis(from.0 - 1_000), UnixMillis(to.0 + 1_000), seconds as usize + 2);
            let known: Vec<bool> = columns.iter().map(Option::is_some).collect();
            prop_assert_eq!(known.iter().filter(|known| **known).count(), 2, "{:?}", known);
            prop_assert!(known[0] && known[known.len() - 1]);
        }
    }

    #[test]
    fn without_gaps_nothing_is_dropped_and_the_past_degrades_evenly(polls in 1i64..20_000, most in 64usize..300) {
        let (rows, _) = rows_of(&[Part::Told(polls)]);
        let history = history_of(most, &rows);
        prop_assert_eq!(told(history.rows()), polls as f64);
        let widest = history.rows().map(|row| i64::from(row.width)).max().unwrap_or(0);
        prop_assert!(widest <= (polls * 1_000 / (most / 16) as i64).max(1_000), "{} ms", widest);
        prop_assert!(history.rows().rev().take(most / 32).all(|row| row.width == 1_000));
    }

    #[test]
    fn no_sequence_makes_more_rows_than_there_may_be(
        steps in prop::collection::vec((0i64..5_000_000, 0u32..10_000_000, any::<bool>()), 1..600), most in 0usize..64,
    ) {
        let (mut history, mut at) = (History::new(most), 0);
        for (step, width, silent) in steps {
            at += step;
            let mut row = Row::new(UnixMillis(at), width);
            row.silent = silent;
            history.push(row);
            prop_assert!(history.rows().len() <= most.max(16));
        }
        let times: Vec<UnixMillis> = history.rows().map(|row| row.at).collect();
        prop_assert!(times.is_sorted_by(|a, b| a < b));
    }
}
