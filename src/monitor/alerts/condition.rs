//! Conditions on a figure, like `hit_rate < 20%`.

use std::{fmt, str::FromStr};

use crate::monitor::figure::{Figure, Unit};

/// A condition on a figure of a target.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    text: String,
    figure: Figure,
    comparison: Comparison,
    value: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Less,
    AtMost,
    More,
    AtLeast,
    Equal,
    NotEqual,
}

/// What can be said.
const USAGE: &str = "FIGURE OP VALUE is wanted, with <, <=, >, >=, == or !=, like hit_rate < 20%, p95 > 2s or \
                     failed_polls >= 2";

impl Comparison {
    /// Longer signs first: each is looked for at the beginning of a text.
    const ALL: [Self; 6] = [Self::AtMost, Self::AtLeast, Self::Equal, Self::NotEqual, Self::Less, Self::More];

    const fn sign(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::More => ">",
            Self::AtLeast => ">=",
            Self::Equal => "==",
            Self::NotEqual => "!=",
        }
    }

    const fn opposite(self) -> Self {
        match self {
            Self::Less => Self::AtLeast,
            Self::AtMost => Self::More,
            Self::More => Self::AtMost,
            Self::AtLeast => Self::Less,
            Self::Equal => Self::NotEqual,
            Self::NotEqual => Self::Equal,
        }
    }
}

impl FromStr for Condition {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let usage = || format!("\"{text}\" is no condition: {USAGE}");
        let (name, rest) = text.split_at(text.find(['<', '>', '=', '!']).ok_or_else(usage)?);
        let (comparison, value) = Comparison::ALL
            .into_iter()
            .find_map(|comparison| Some((comparison, rest.strip_prefix(comparison.sign())?.trim_start())))
            .ok_or_else(usage)?;
        if name.is_empty() || value.is_empty() || value.starts_with(['<', '>', '=', '!']) {
            return Err(usage());
        }
        let figure: Figure = name.trim_end().parse().map_err(|error| format!("\"{text}\": {error}"))?;
        let value = number(figure.unit(), value).ok_or_else(|| {
            let unit = match figure.unit() {
                Unit::Share => "a share from 0% to 100%, like 20% or 0.2,",
                Unit::Time => "a time with its unit, like 500ms, 1.5s or 2min,",
                Unit::Number => "a plain number that is not negative, like 50 or 0.5,",
            };
            format!("\"{text}\": {unit} is wanted behind the sign for {figure}")
        })?;
        Ok(Self { text: text.to_owned(), figure, comparison, value })
    }
}

/// A value in the unit of its figure: a share 0..=1, milliseconds, or a number.
fn number(unit: Unit, text: &str) -> Option<f64> {
    // Rust's own numbers may be infinite, signed or have an exponent; those of a rule are typos then.
    let plain = |text: &str| {
        let text = text.trim_end();
        let plain = text.chars().all(|c| c.is_ascii_digit() || c == '.');
        text.parse::<f64>().ok().filter(|_| plain)
    };
    let value = match unit {
        Unit::Share => match text.strip_suffix('%') {
            Some(percent) => plain(percent)? / 100.0,
            None => plain(text)?,
        },
        Unit::Time => {
            let units = [("ms", 1.0), ("s", 1e3), ("min", 6e4), ("m", 6e4)];
            let (text, size) = units.into_iter().find_map(|(unit, size)| Some((text.strip_suffix(unit)?, size)))?;
            plain(text)? * size
        }
        Unit::Number => plain(text)?,
    };
    (value.is_finite() && (unit != Unit::Share || value <= 1.0)).then_some(value)
}

/// The text it was read from.
impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Condition {
    /// Whether it holds for a value of its figure. Nothing holds for what is not a number.
    pub fn holds(&self, value: f64) -> bool {
        match self.comparison {
            Comparison::Less => value < self.value,
            Comparison::AtMost => value <= self.value,
            Comparison::More => value > self.value,
            Comparison::AtLeast => value >= self.value,
            Comparison::Equal => value == self.value,
            Comparison::NotEqual => value != self.value && !value.is_nan(),
        }
    }

    /// What it is about.
    pub fn figure(&self) -> Figure {
        self.figure
    }

    /// What the figure is compared with: a share 0..=1, milliseconds, or a number.
    pub fn value(&self) -> f64 {
        self.value
    }

    /// The condition that holds exactly when this one does not (for numbers: see [`Condition::holds`]).
    pub fn opposite(&self) -> Self {
        let comparison = self.comparison.opposite();
        let text = self.text.replacen(self.comparison.sign(), comparison.sign(), 1);
        Self { text, comparison, ..self.clone() }
    }

    /// A number of a figure in words: `12 %`, `1.2 s`, `1,234.5`. What is no number is a dash.
    pub fn show(figure: Figure, value: f64) -> String {
        if !value.is_finite() {
            return "–".to_owned();
        }
        match figure.unit() {
            // A small share is not none: the alert that is shown with it may be about any at all.
            Unit::Share if value > 0.0 && value < 0.000_5 => "<0.1 %".to_owned(),
            Unit::Share => format!("{} %", short(value * 100.0)),
            // Limits where rounding would give a thousand of the smaller unit, or sixty.
            Unit::Time if value < 999.5 => format!("{} ms", short(value)),
            Unit::Time if value < 59_950.0 => format!("{} s", decimal(value / 1e3)),
            Unit::Time => format!("{} min", decimal(value / 6e4)),
            Unit::Number => decimal(value),
        }
    }

    /// A value for which both hold, out of all that their figure can have; `None` when there is none, or when they are
    /// about different figures.
    pub(super) fn common(&self, other: &Self) -> Option<f64> {
        if self.figure != other.figure {
            return None;
        }
        // What a figure can be at most; the last mark is beyond both values as far as that allows.
        let most = if self.figure.unit() == Unit::Share { 1.0 } else { f64::INFINITY };
        let mut marks = [0.0, self.value, other.value, most.min(2.0 * self.value.max(other.value) + 1.0)];
        marks.sort_by(f64::total_cmp);
        // Neither changes between two marks: one value there stands for all.
        let between = marks.windows(2).map(|pair| pair.iter().sum::<f64>() / 2.0);
        marks.into_iter().chain(between).find(|value| self.holds(*value) && other.holds(*value))
    }

    /// Whether there is a value for which it holds.
    pub(super) fn is_possible(&self) -> bool {
        self.common(self).is_some()
    }
}

/// At most one decimal, and none from ten on.
fn short(value: f64) -> String {
    decimal(if value.abs() < 9.95 { value } else { value.round() })
}

/// At most one decimal, thousands set apart.
fn decimal(value: f64) -> String {
    let text = format!("{:.1}", value.abs());
    let (whole, tenths) = text.split_once('.').unwrap_or((&text, "0"));
    let mut shown = String::with_capacity(text.len() + 4);
    if value < 0.0 && text != "0.0" {
        shown.push('-');
    }
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    if tenths != "0" {
        shown.push('.');
        shown.push_str(tenths);
    }
    shown
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn condition(text: &str) -> Condition {
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
        assert_eq!(condition("p50 < 1s").figure(), Figure::P50);
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
        for text in ["", "hit_rate", "hit_rate <", "< 20%", "hit_rate = 20%", "hit_rate ! 1", "p95 =< 1s", "p95 >> 1s"]
        {
            let error = text.parse::<Condition>().unwrap_err();
            assert_eq!(error, format!("\"{text}\" is no condition: {USAGE}"));
        }
    }

    #[test]
    fn an_unknown_figure_is_told_which_there_are() {
        let error = "hitrate < 20%".parse::<Condition>().unwrap_err();
        assert!(error.starts_with("\"hitrate < 20%\": \"hitrate\" is no figure; did you mean hit_rate?"), "{error}");
        assert!(error.contains("There are breaker_open, "), "{error}");
    }

    #[test]
    fn a_wrong_value_is_told_the_unit() {
        let share = "a share from 0% to 100%, like 20% or 0.2, is wanted behind the sign for hit_rate";
        for value in ["20", "101%", "-1%", "many", "20%%", "2e-1", "inf", "20ms", "%"] {
            let text = format!("hit_rate < {value}");
            assert_eq!(text.parse::<Condition>().unwrap_err(), format!("\"{text}\": {share}"));
        }
        let time = "a time with its unit, like 500ms, 1.5s or 2min, is wanted behind the sign for p95";
        for value in ["500", "ms", "-1s", "5 hours", "20%", "1s 500ms"] {
            let text = format!("p95 > {value}");
            assert_eq!(text.parse::<Condition>().unwrap_err(), format!("\"{text}\": {time}"));
        }
        let plain = "a plain number that is not negative, like 50 or 0.5, is wanted behind the sign for lookups";
        for value in ["5%", "-5", "NaN", "1e3", "1,000", "1.2.3", "5s"] {
            let text = format!("lookups > {value}");
            assert_eq!(text.parse::<Condition>().unwrap_err(), format!("\"{text}\": {plain}"));
        }
        assert!(format!("lookups > {}", "9".repeat(400)).parse::<Condition>().is_err());
    }

    #[test]
    fn numbers_are_shown_in_words() {
        let share =
            [0.0, 0.000_1, 0.004, 0.05, 0.099_6, 0.123, 1.0].map(|value| Condition::show(Figure::HitRate, value));
        assert_eq!(share, ["0 %", "<0.1 %", "0.4 %", "5 %", "10 %", "12 %", "100 %"]);
        let times = [0.0, 0.42, 850.2, 999.6, 1_234.0, 59_960.0, 204_000.0, 6e8];
        let times = times.map(|value| Condition::show(Figure::P95, value));
        assert_eq!(times, ["0 ms", "0.4 ms", "850 ms", "1 s", "1.2 s", "1 min", "3.4 min", "10,000 min"]);
        let numbers = [0.0, 0.04, 7.25, 999.96, 1_234.5, 1_234_567.0, -0.01, -1_000.0];
        let numbers = numbers.map(|value| Condition::show(Figure::Lookups, value));
        assert_eq!(numbers, ["0", "0", "7.2", "1,000", "1,234.5", "1,234,567", "0", "-1,000"]);
        assert_eq!([f64::NAN, f64::INFINITY].map(|value| Condition::show(Figure::P95, value)), ["–", "–"]);
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

    fn any_condition() -> impl Strategy<Value = Condition> {
        (0..6_usize, 0..=100_u32)
            .prop_map(|(sign, value)| condition(&format!("hit_rate {} {value}%", Comparison::ALL[sign].sign())))
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
            let _ = text.parse::<Condition>();
            let _ = format!("hit_rate<{text}").parse::<Condition>();
            for figure in [Figure::HitRate, Figure::P95, Figure::Lookups] {
                let _ = Condition::show(figure, value);
            }
        }
    }
}
