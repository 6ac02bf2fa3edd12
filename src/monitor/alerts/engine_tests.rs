use proptest::prelude::*;

use super::*;

/// An alert about the hit rate between 20 % and 25 %, if there were 50 look-ups.
fn alerts(hold_off: u64, hold: u64) -> Alerts {
    let text = format!(
        "builtin = false\n[[alert]]\nname = \"low\"\nseverity = \"warning\"\nwhen = \"hit_rate < 20%\"\n\
         clears = \"hit_rate >= 25%\"\nif = \"lookups >= 50\"\nfor = \"{hold_off}s\"\nhold = \"{hold}s\"\ntext = \"t\""
    );
    Alerts::new(Rules::parse(&text).unwrap())
}

const BAD: f64 = 0.1;
const BETWEEN: f64 = 0.22;
const GOOD: f64 = 0.3;

fn at(second: i64) -> UnixMillis {
    UnixMillis(second * 1_000)
}

/// What a target tells: hit rate and look-ups.
type Told = (Option<f64>, Option<f64>);

fn tell((rate, lookups): Told) -> impl Fn(Metric, Duration) -> Option<f64> {
    move |metric, _| match metric {
        Metric::HitRate => rate,
        Metric::Lookups => lookups,
        _ => None,
    }
}

/// Looks at target 0 of which enough is known.
fn look(alerts: &mut Alerts, second: i64, rate: f64) -> Option<ChangeKind> {
    told(alerts, second, (Some(rate), Some(100.0)))
}

fn told(alerts: &mut Alerts, second: i64, told: Told) -> Option<ChangeKind> {
    alerts.evaluate(0, at(second), false, &tell(told)).first().map(|change| change.kind)
}

#[test]
fn it_fires_after_its_time_and_clears_after_its_time() {
    let mut alerts = alerts(10, 5);
    assert_eq!(look(&mut alerts, 0, BAD), None);
    assert_eq!(look(&mut alerts, 9, BAD), None);
    assert!(alerts.active().is_empty() && alerts.worst().is_none());
    let fired = alerts.evaluate(0, at(10), false, &tell((Some(BAD), Some(50.0))));
    let wanted = AlertChange { target: 0, rule: 0, at: at(10), kind: ChangeKind::Fired, value: BAD, lasted: None };
    assert_eq!(fired, [wanted]);
    assert_eq!((alerts.worst(), alerts.worst_ever()), (Some(Severity::Warning), Some(Severity::Warning)));
    assert_eq!(look(&mut alerts, 20, GOOD), None);
    assert!(alerts.active()[0].clearing);
    let cleared = alerts.evaluate(0, at(25), false, &tell((Some(0.4), Some(50.0))));
    let lasted = Some(Duration::from_secs(15));
    let wanted = AlertChange { at: at(25), kind: ChangeKind::Cleared, value: 0.4, lasted, ..wanted };
    assert_eq!(cleared, [wanted]);
    assert_eq!((alerts.worst(), alerts.worst_ever()), (None, Some(Severity::Warning)));
}

#[test]
fn without_times_it_fires_and_clears_at_once() {
    let mut alerts = alerts(0, 0);
    assert_eq!(look(&mut alerts, 0, BAD), Some(ChangeKind::Fired));
    assert_eq!(look(&mut alerts, 0, GOOD), Some(ChangeKind::Cleared));
}

#[test]
fn between_both_conditions_it_stays_what_it_is_and_timers_start_anew() {
    let mut alerts = alerts(10, 10);
    look(&mut alerts, 0, BAD);
    look(&mut alerts, 5, BETWEEN);
    assert_eq!(look(&mut alerts, 10, BAD), None);
    assert_eq!(look(&mut alerts, 20, BAD), Some(ChangeKind::Fired));
    look(&mut alerts, 21, GOOD);
    assert_eq!(look(&mut alerts, 30, BETWEEN), None);
    let active = alerts.active()[0];
    assert_eq!((active.clearing, active.value, active.since), (false, BETWEEN, at(20)));
    assert_eq!(look(&mut alerts, 31, GOOD), None);
    assert_eq!(look(&mut alerts, 41, GOOD), Some(ChangeKind::Cleared));
}

#[test]
fn what_is_unknown_changes_nothing() {
    for unknown in [(None, Some(100.0)), (Some(f64::NAN), Some(100.0)), (Some(GOOD), None), (Some(BAD), Some(f64::NAN))]
    {
        let mut alerts = alerts(10, 0);
        assert_eq!(told(&mut alerts, 0, unknown), None);
        look(&mut alerts, 1, BAD);
        assert_eq!(told(&mut alerts, 20, unknown), None);
        assert_eq!(look(&mut alerts, 21, BAD), Some(ChangeKind::Fired));
        assert_eq!(told(&mut alerts, 30, unknown), None);
        assert_eq!((alerts.active()[0].value, alerts.active()[0].clearing), (BAD, false));
    }
}

#[test]
fn what_a_rule_is_not_meant_for_drops_and_clears_it() {
    let mut alerts = alerts(10, 5);
    look(&mut alerts, 0, BAD);
    assert_eq!(told(&mut alerts, 9, (Some(BAD), Some(49.0))), None);
    assert_eq!(look(&mut alerts, 10, BAD), None);
    assert_eq!(look(&mut alerts, 20, BAD), Some(ChangeKind::Fired));
    // Without look-ups there is no hit rate, either.
    assert_eq!(told(&mut alerts, 21, (None, Some(0.0))), None);
    assert!(alerts.active()[0].clearing);
    let cleared = alerts.evaluate(0, at(26), false, &tell((None, Some(0.0))));
    assert_eq!((cleared[0].kind, cleared[0].value), (ChangeKind::Cleared, BAD));
}

#[test]
fn a_single_look_does_not_wait_to_fire() {
    let mut alerts = alerts(3_600, 0);
    assert_eq!(alerts.evaluate_once(0, at(0), false, &tell((Some(BETWEEN), Some(100.0)))), []);
    let fired = alerts.evaluate_once(0, at(0), false, &tell((Some(BAD), Some(100.0))));
    assert_eq!(fired[0].kind, ChangeKind::Fired);
    assert_eq!(alerts.evaluate_once(1, at(0), false, &tell((Some(BAD), Some(1.0)))), []);
    assert_eq!(alerts.active().len(), 1);
}

#[test]
fn a_clock_that_is_set_back_makes_nothing_early() {
    let mut alerts = alerts(10, 10);
    look(&mut alerts, 100, BAD);
    assert_eq!(look(&mut alerts, 40, BAD), None);
    assert_eq!(look(&mut alerts, 101, BAD), None);
    assert_eq!(look(&mut alerts, 110, BAD), Some(ChangeKind::Fired));
    look(&mut alerts, 111, GOOD);
    assert_eq!(look(&mut alerts, 50, GOOD), None);
    assert_eq!(look(&mut alerts, 112, GOOD), None);
    let cleared = alerts.evaluate(0, at(121), false, &tell((Some(GOOD), Some(100.0))));
    assert_eq!(cleared[0].lasted, Some(Duration::from_secs(11)));
}

#[test]
fn an_acknowledgement_ends_with_its_alert() {
    let mut alerts = alerts(0, 0);
    assert!(!alerts.acknowledge(0, 0) && !alerts.acknowledge(7, 9));
    look(&mut alerts, 0, BAD);
    assert!(!alerts.acknowledge(0, 1));
    assert!(alerts.acknowledge(0, 0) && !alerts.acknowledge(0, 0));
    look(&mut alerts, 1, BETWEEN);
    assert!(alerts.active()[0].acknowledged);
    look(&mut alerts, 2, GOOD);
    look(&mut alerts, 3, BAD);
    assert!(!alerts.active()[0].acknowledged);
    assert_eq!((alerts.acknowledge_all(), alerts.acknowledge_all()), (1, 0));
}

#[test]
fn the_most_severe_come_first_then_the_unacknowledged_then_the_newest() {
    let mut alerts = Alerts::new(Rules::builtin());
    let index = |alerts: &Alerts, name: &str| alerts.rules().iter().position(|rule| rule.name == name).unwrap();
    let only = |metric: Metric, value: f64| move |of: Metric, _: Duration| (of == metric).then_some(value);
    alerts.evaluate(3, at(1), false, &only(Metric::CacheFill, 0.95));
    alerts.evaluate(1, at(2), false, &only(Metric::CacheFill, 0.95));
    alerts.evaluate(2, at(3), false, &only(Metric::CacheFill, 0.95));
    alerts.evaluate(0, at(4), false, &only(Metric::EvictionsPerMinute, 20.0));
    alerts.evaluate(usize::MAX, at(0), false, &only(Metric::BreakerOpen, 1.0));
    let full = index(&alerts, "cache-full");
    assert!(alerts.acknowledge(2, full));
    let order: Vec<_> = alerts.active().iter().map(|active| active.target).collect();
    assert_eq!(order, [usize::MAX, 1, 3, 2, 0]);
    assert_eq!(alerts.active()[1].rule_index, full);
    assert_eq!(alerts.worst(), Some(Severity::Critical));
    let cleared = alerts.evaluate(usize::MAX, at(5), false, &only(Metric::BreakerOpen, 0.0));
    assert_eq!(cleared[0].kind, ChangeKind::Cleared);
    assert_eq!((alerts.worst(), alerts.worst_ever()), (Some(Severity::Warning), Some(Severity::Critical)));
}

#[test]
fn rates_are_asked_for_over_the_window_of_the_rule() {
    let asked = std::cell::RefCell::new(Vec::new());
    Alerts::new(Rules::builtin()).evaluate(0, at(0), false, &|metric, over| {
        asked.borrow_mut().push((metric, over.as_secs()));
        Some(100.0)
    });
    let asked = asked.into_inner();
    assert!(asked.contains(&(Metric::HitRate, 900)) && asked.contains(&(Metric::Lookups, 900)));
    assert!(asked.contains(&(Metric::BreakerTrips, 600)) && asked.contains(&(Metric::ErrorRate, 300)));
}

#[test]
fn a_look_without_news_takes_no_memory() {
    let mut alerts = Alerts::new(Rules::builtin());
    for second in 0..3 {
        assert_eq!(alerts.evaluate(0, at(second), false, &|_, _| None).capacity(), 0);
    }
}

/// What a rule makes of what it is told: `None` for unknown, else -1 for bad, 0 for between, 1 for good.
fn judged((rate, lookups): Told) -> Option<i8> {
    let known = |value: Option<f64>| value.filter(|value| !value.is_nan());
    if known(lookups)? < 50.0 {
        return Some(1);
    }
    let rate = known(rate)?;
    Some(i8::from(rate >= 0.25) - i8::from(rate < 0.2))
}

/// When the row of judgements that ends at `end` has begun; what is unknown does not end it.
fn row_since(looks: &[(UnixMillis, Told)], end: usize, wanted: i8) -> Option<UnixMillis> {
    let row = looks[..=end].iter().rev().take_while(|(_, told)| judged(*told).is_none_or(|is| is == wanted));
    row.filter(|(_, told)| judged(*told).is_some()).last().map(|(moment, _)| *moment)
}

fn any_told() -> impl Strategy<Value = Told> {
    // The edges count most.
    let rate = prop_oneof![
        1 => Just(None),
        1 => Just(Some(f64::NAN)),
        3 => Just(Some(BAD)),
        1 => Just(Some(0.2)),
        1 => Just(Some(BETWEEN)),
        3 => Just(Some(0.25)),
        1 => any::<f64>().prop_map(Some),
    ];
    let lookups = prop_oneof![
        1 => Just(None),
        1 => Just(Some(49.0)),
        8 => Just(Some(50.0)),
        1 => any::<f64>().prop_map(Some),
    ];
    (rate, lookups)
}

/// Looks with the milliseconds since the one before.
fn any_looks(step: std::ops::Range<i64>) -> impl Strategy<Value = Vec<(UnixMillis, Told)>> {
    prop::collection::vec((step, any_told()), 1..80).prop_map(|looks| {
        let mut now = UnixMillis(0);
        let at = |(step, told)| {
            now.0 += step;
            (now, told)
        };
        looks.into_iter().map(at).collect()
    })
}

proptest! {
    #[test]
    fn nothing_fires_or_clears_before_its_time(
        looks in any_looks(-5_000..8_000), hold_off in 0..20_u64, hold in 0..20_u64,
    ) {
        let mut alerts = alerts(hold_off, hold);
        let mut fires = false;
        for (index, (now, told)) in looks.iter().enumerate() {
            let changes = alerts.evaluate(0, *now, false, &tell(*told));
            prop_assert!(changes.len() <= 1);
            if let Some(change) = changes.first() {
                let fired = change.kind == ChangeKind::Fired;
                prop_assert!(fired != fires, "two of a kind in a row");
                fires = fired;
                let since = row_since(&looks, index, if fired { -1 } else { 1 });
                let needed = Duration::from_secs(if fired { hold_off } else { hold });
                prop_assert!(since.is_some_and(|since| now.since(since) >= needed), "{change:?} since {since:?}");
                prop_assert!(judged(*told).is_some());
                prop_assert_eq!(change.lasted.is_some(), !fired);
            }
            prop_assert_eq!(alerts.active().len(), usize::from(fires));
            prop_assert_eq!(alerts.worst().is_some(), fires);
        }
    }

    #[test]
    fn nothing_fires_or_clears_late(looks in any_looks(0..8_000), hold_off in 0..20_u64, hold in 0..20_u64) {
        let mut alerts = alerts(hold_off, hold);
        for (index, (now, told)) in looks.iter().enumerate() {
            alerts.evaluate(0, *now, false, &tell(*told));
            let over = |wanted: i8, needed: u64| {
                let since = row_since(&looks, index, wanted).filter(|_| judged(*told) == Some(wanted));
                since.is_some_and(|since| now.since(since) >= Duration::from_secs(needed))
            };
            prop_assert!(!over(-1, hold_off) || !alerts.active().is_empty());
            prop_assert!(!over(1, hold) || alerts.active().is_empty());
        }
    }

    #[test]
    fn it_does_not_toggle_more_often_than_its_times_allow(
        looks in any_looks(0..8_000), hold_off in 0..20_u64, hold in 0..20_u64,
    ) {
        let mut alerts = alerts(hold_off, hold);
        let mut last: Option<AlertChange> = None;
        for (now, told) in &looks {
            for change in alerts.evaluate(0, *now, false, &tell(*told)) {
                if let Some(last) = last {
                    let needed = if change.kind == ChangeKind::Fired { hold_off } else { hold };
                    prop_assert!(change.at.since(last.at) >= Duration::from_secs(needed));
                    prop_assert!(change.lasted.is_none_or(|lasted| lasted == change.at.since(last.at)));
                }
                last = Some(change);
            }
        }
    }

    #[test]
    fn an_acknowledgement_lasts_exactly_as_long_as_its_alert(
        looks in any_looks(-5_000..8_000), hold_off in 0..3_u64, hold in 0..3_u64,
        keys in prop::collection::vec(0..4_u8, 80),
    ) {
        let mut alerts = alerts(hold_off, hold);
        let mut noted = false;
        for ((now, told), key) in looks.iter().zip(keys) {
            if !alerts.evaluate(0, *now, false, &tell(*told)).is_empty() {
                noted = false;
            }
            let fires = !alerts.active().is_empty();
            match key {
                0 => prop_assert_eq!(alerts.acknowledge(0, 0), fires && !noted),
                1 => prop_assert_eq!(alerts.acknowledge_all(), usize::from(fires && !noted)),
                _ => {}
            }
            noted |= fires && key < 2;
            prop_assert_eq!(alerts.active().first().map(|active| active.acknowledged), fires.then_some(noted));
        }
    }

    #[test]
    fn no_time_and_no_value_is_too_odd(
        looks in prop::collection::vec((0..3_usize, any::<i64>(), any::<Option<f64>>(), any::<bool>()), 0..50),
    ) {
        let mut alerts = Alerts::new(Rules::builtin());
        for (target, now, value, once) in looks {
            let metric = |_: Metric, _: Duration| value;
            let look = if once { Alerts::evaluate_once } else { Alerts::evaluate };
            let changes = look(&mut alerts, target, UnixMillis(now), false, &metric);
            prop_assert!(changes.iter().all(|change| change.rule < alerts.rules().len() && change.target == target));
            prop_assert!(alerts.worst() <= alerts.worst_ever());
        }
    }
}

#[test]
fn what_a_target_does_not_have_any_more_is_over_and_what_a_silent_one_does_not_tell_is_not() {
    let rules = Rules::parse(
        "builtin = false\n[[alert]]\nname = \"x\"\nseverity = \"info\"\nwhen = \"breaker_open == 1\"\ntext = \"look\"\n",
    );
    let mut alerts = Alerts::new(rules.unwrap());
    let open = |_: Metric, _: Duration| Some(1.0);
    let unknown = |_: Metric, _: Duration| None;
    assert_eq!(alerts.evaluate(0, UnixMillis(0), true, &open).len(), 1);
    for look in 1..20 {
        assert_eq!(alerts.evaluate(0, UnixMillis(look), false, &unknown), [], "nobody knows");
    }
    for look in 20..22 {
        assert_eq!(alerts.evaluate(0, UnixMillis(look), true, &unknown), [], "once may be chance");
    }
    let over = alerts.evaluate(0, UnixMillis(22), true, &unknown);
    assert_eq!(over.first().map(|change| change.kind), Some(ChangeKind::Cleared));
    assert_eq!(alerts.worst(), None);
}
