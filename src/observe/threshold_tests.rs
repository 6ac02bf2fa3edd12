use proptest::prelude::*;

use super::*;
use crate::observe::Metric;

type MetricThreshold = Threshold<Metric>;

fn condition(text: &str) -> MetricThreshold {
    text.parse().unwrap()
}

#[test]
fn values_are_read_in_the_unit_of_their_figure() {
    for (text, value) in [
        ("hit_rate < 20%", 0.2),
        ("hit_rate<0.2", 0.2),
        ("cache_fill >= 100 %", 1.0),
        ("p95 > 500ms", 500.0),
        ("p95 > 1.5s", 1_500.0),
        ("p99 > 2min", 120_000.0),
        ("p99 > 2m", 120_000.0),
        ("lookups >= 50", 50.0),
        ("evictions_per_minute != 0.5", 0.5),
    ] {
        let read = condition(text);
        assert_eq!((read.value(), read.to_string()), (value, text.to_owned()));
    }
    assert_eq!(condition("  p50 < 1s ").to_string(), "p50 < 1s");
    assert_eq!(condition("p50 < 1s").metric(), Metric::P50);
}

#[test]
fn every_sign_means_what_it_says() {
    for (sign, below, at, above) in [
        ("<", true, false, false),
        ("<=", true, true, false),
        (">", false, false, true),
        (">=", false, true, true),
        ("==", false, true, false),
        ("!=", true, false, true),
    ] {
        let read = condition(&format!("lookups {sign} 5"));
        assert_eq!([4.9, 5.0, 5.1].map(|value| read.holds(value)), [below, at, above], "{sign}");
        assert!(!read.holds(f64::NAN), "{sign}");
    }
}

#[test]
fn the_opposite_is_written_like_the_original() {
    for (text, opposite) in [
        ("hit_rate<20%", "hit_rate>=20%"),
        ("hit_rate >= 25%", "hit_rate < 25%"),
        ("breaker_open == 1", "breaker_open != 1"),
        ("p95 > 1.5s", "p95 <= 1.5s"),
    ] {
        assert_eq!(condition(text).opposite(), condition(opposite));
        assert_eq!(condition(opposite).opposite(), condition(text));
    }
}

#[test]
fn what_is_no_condition_is_told_how_one_looks() {
    for text in ["", "hit_rate", "hit_rate <", "< 20%", "hit_rate = 20%", "hit_rate ! 1", "p95 =< 1s", "p95 >> 1s"] {
        let error = text.parse::<MetricThreshold>().unwrap_err();
        assert_eq!(error, format!("\"{text}\" is no condition: {}", Metric::USAGE));
    }
}

#[test]
fn an_unknown_figure_is_told_which_there_are() {
    let error = "hitrate < 20%".parse::<MetricThreshold>().unwrap_err();
    assert!(error.starts_with("\"hitrate < 20%\": \"hitrate\" is no figure; did you mean hit_rate?"), "{error}");
    assert!(error.contains("There are breaker_open, "), "{error}");
}

#[test]
fn a_wrong_value_is_told_the_unit() {
    let share = "a share from 0% to 100%, like 20% or 0.2, is wanted behind the sign for hit_rate";
    for value in ["20", "101%", "-1%", "many", "20%%", "2e-1", "inf", "20ms", "%"] {
        let text = format!("hit_rate < {value}");
        assert_eq!(text.parse::<MetricThreshold>().unwrap_err(), format!("\"{text}\": {share}"));
    }
    let time = "a time with its unit, like 500ms, 1.5s or 2min, is wanted behind the sign for p95";
    for value in ["500", "ms", "-1s", "5 hours", "20%", "1s 500ms"] {
        let text = format!("p95 > {value}");
        assert_eq!(text.parse::<MetricThreshold>().unwrap_err(), format!("\"{text}\": {time}"));
    }
    let plain = "a plain number that is not negative, like 50 or 0.5, is wanted behind the sign for lookups";
    for value in ["5%", "-5", "NaN", "1e3", "1,000", "1.2.3", "5s"] {
        let text = format!("lookups > {value}");
        assert_eq!(text.parse::<MetricThreshold>().unwrap_err(), format!("\"{text}\": {plain}"));
    }
    assert!(format!("lookups > {}", "9".repeat(400)).parse::<MetricThreshold>().is_err());
}

#[test]
fn numbers_are_shown_in_words() {
    let share = [0.0, 0.000_1, 0.004, 0.05, 0.099_6, 0.123, 1.0].map(|value| Metric::HitRate.show(value));
    assert_eq!(share, ["0 %", "<0.1 %", "0.4 %", "5 %", "10 %", "12 %", "100 %"]);
    let times = [0.0, 0.42, 850.2, 999.6, 1_234.0, 59_960.0, 204_000.0, 6e8];
    let times = times.map(|value| Metric::P95.show(value));
    assert_eq!(times, ["0 ms", "0.4 ms", "850 ms", "1 s", "1.2 s", "1 min", "3.4 min", "10,000 min"]);
    let numbers = [0.0, 0.04, 7.25, 999.96, 1_234.5, 1_234_567.0, -0.01, -1_000.0];
    let numbers = numbers.map(|value| Metric::Lookups.show(value));
    assert_eq!(numbers, ["0", "0", "7.2", "1,000", "1,234.5", "1,234,567", "0", "-1,000"]);
    assert_eq!([f64::NAN, f64::INFINITY].map(|value| Metric::P95.show(value)), ["–", "–"]);
}

#[test]
fn a_value_that_suits_both_is_found_if_there_is_one() {
    let common = |one: &str, other: &str| condition(one).common(&condition(other));
    assert_eq!(common("hit_rate < 20%", "hit_rate >= 25%"), None);
    assert_eq!(common("hit_rate > 90%", "hit_rate > 80%"), Some(1.0));
    assert_eq!(common("p95 > 2s", "p95 < 3s"), Some(2_500.0));
    assert_eq!(common("p95 <= 2s", "p95 >= 2s"), Some(2_000.0));
    assert_eq!(common("lookups > 7", "lookups != 9"), Some(19.0));
    assert_eq!(common("lookups > 7", "questions > 7"), None);
    assert!(condition("hit_rate <= 0%").is_possible() && !condition("hit_rate > 100%").is_possible());
    assert!(condition("p95 > 100min").is_possible() && !condition("p95 < 0ms").is_possible());
}

fn any_condition() -> impl Strategy<Value = MetricThreshold> {
    (0..6_usize, 0..=100_u32)
        .prop_map(|(sign, value)| condition(&format!("hit_rate {} {value}%", Sign::ALL[sign].as_str())))
}

proptest! {
    #[test]
    fn either_a_condition_holds_or_its_opposite(condition in any_condition(), value in 0..=100_u32) {
        let value = f64::from(value) / 100.0;
        prop_assert!(condition.holds(value) != condition.opposite().holds(value));
        prop_assert_eq!(condition.common(&condition.opposite()), None);
    }

    #[test]
    fn what_suits_both_is_never_missed(one in any_condition(), other in any_condition(), value in 0.0..=1.0_f64) {
        match one.common(&other) {
            Some(value) => prop_assert!(one.holds(value) && other.holds(value) && (0.0..=1.0).contains(&value)),
            None => prop_assert!(!one.holds(value) || !other.holds(value)),
        }
    }

    #[test]
    fn no_text_is_too_odd_to_be_refused(text in "\\PC{0,24}", value in any::<f64>()) {
        let _ = text.parse::<MetricThreshold>();
        let _ = format!("hit_rate<{text}").parse::<MetricThreshold>();
        for metric in [Metric::HitRate, Metric::P95, Metric::Lookups] {
            let _ = metric.show(value);
        }
    }
}
