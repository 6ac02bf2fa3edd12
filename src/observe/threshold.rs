//! Thresholds: a metric, a sign and a value, like `hit_rate < 20%`. Gates of a load test, alert rules and the targets of a
//! report are written like this; each of them says which metrics it knows ([`NamedMetric`]).

use std::{fmt, str::FromStr};

/// A value that equals another one but for rounding is equal.
const ROUNDING: f64 = 1e-9;

/// How the value of a metric is written, and what the number is that comes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A share, 0 to 1: `20%`, or `0.2`.
    Share,
    /// A share in percent, 0 to 100: `20%`, or `20`.
    Percent,
    /// Milliseconds, written with a unit: `500ms`, `1.5s`.
    Time,
    /// Milliseconds; a number without a unit is milliseconds, too.
    Milliseconds,
    /// A plain number that is not negative.
    Number,
    /// A number a second; `/s` may follow it.
    Rate,
    /// A number from 0 to 1.
    Fraction,
}

/// Suffixes of a time and what they are in milliseconds. Those that end another one come later.
const TIMES: [(&str, f64); 6] = [("us", 1e-3), ("µs", 1e-3), ("ms", 1.0), ("s", 1e3), ("min", 6e4), ("m", 6e4)];

impl Unit {
    /// What has to be written behind the sign.
    const fn wanted(self) -> &'static str {
        match self {
            Self::Share => "a share from 0% to 100%, like 20% or 0.2,",
            Self::Percent => "a share like 1% or 0",
            Self::Time => "a time with its unit, like 500ms, 1.5s or 2min,",
            Self::Milliseconds => "a time like 500ms, 1.5s or 800us",
            Self::Number => "a plain number that is not negative, like 50 or 0.5,",
            Self::Rate => "a number per second",
            Self::Fraction => "a number from 0 to 1",
        }
    }

    /// Reads a value that has no white space in it.
    fn read(self, text: &str) -> Option<f64> {
        let value = match self {
            Self::Share => match text.strip_suffix('%') {
                Some(percent) => plain(percent)? / 100.0,
                None => plain(text)?,
            },
            Self::Percent => number(text.strip_suffix('%').unwrap_or(text))?,
            Self::Time => time(text).and_then(|(text, size)| Some(plain(text)? * size))?,
            Self::Milliseconds => time(text).map_or_else(|| number(text), |(text, size)| Some(number(text)? * size))?,
            Self::Number => plain(text)?,
            Self::Rate => number(text.strip_suffix("/s").unwrap_or(text))?,
            Self::Fraction => number(text)?,
        };
        let most = self.most().unwrap_or(f64::MAX);
        (value.is_finite() && value <= most).then_some(value)
    }

    /// The highest value that there is; `None` when there is no limit.
    const fn most(self) -> Option<f64> {
        match self {
            Self::Share | Self::Fraction => Some(1.0),
            Self::Percent => Some(100.0),
            _ => None,
        }
    }
}

/// The number of a time and the milliseconds of its unit.
fn time(text: &str) -> Option<(&str, f64)> {
    TIMES.into_iter().find_map(|(unit, size)| Some((text.strip_suffix(unit)?, size)))
}

/// Digits and a point: in an alert rule, a sign, an exponent or an infinity is a typing error.
fn plain(text: &str) -> Option<f64> {
    text.chars().all(|c| c.is_ascii_digit() || c == '.').then(|| text.parse().ok())?
}

/// Any number that is not negative, `1e3` included.
fn number(text: &str) -> Option<f64> {
    text.parse::<f64>().ok().filter(|number| number.is_finite() && *number >= 0.0)
}

/// A metric that a threshold can be about.
pub trait NamedMetric: Copy + PartialEq {
    /// What a threshold on it is called in errors: `gate`, `condition`.
    const THRESHOLD: &'static str;
    /// How a threshold is written, with examples.
    const USAGE: &'static str;

    /// The metric of a name.
    ///
    /// # Errors
    /// What is wrong with the name; `None` when the usage says it all.
    fn named(name: &str) -> Result<Self, Option<String>>;

    /// The unit in which its values are written.
    fn unit(self) -> Unit;
}

/// A sign between metric and value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Less,
    AtMost,
    More,
    AtLeast,
    Equal,
    NotEqual,
}

impl Sign {
    /// Longer signs first: each is looked for at the beginning of a text.
    const ALL: [Self; 6] = [Self::AtMost, Self::AtLeast, Self::Equal, Self::NotEqual, Self::Less, Self::More];

    const fn as_str(self) -> &'static str {
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

/// A condition on a metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Threshold<M> {
    text: String,
    metric: M,
    sign: Sign,
    value: f64,
}

impl<M: NamedMetric> FromStr for Threshold<M> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let usage = || format!("\"{text}\" is no {}: {}", M::THRESHOLD, M::USAGE);
        let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let (name, rest) = compact.split_at(compact.find(['<', '>', '=', '!']).ok_or_else(usage)?);
        let (sign, value) =
            Sign::ALL.into_iter().find_map(|sign| Some((sign, rest.strip_prefix(sign.as_str())?))).ok_or_else(usage)?;
        if name.is_empty() || value.is_empty() || value.starts_with(['<', '>', '=', '!']) {
            return Err(usage());
        }
        let unknown = |why: Option<String>| why.map_or_else(usage, |why| format!("\"{text}\": {why}"));
        let metric = M::named(name).map_err(unknown)?;
        let value = metric
            .unit()
            .read(value)
            .ok_or_else(|| format!("\"{text}\": {} is wanted behind the sign for {name}", metric.unit().wanted()))?;
        Ok(Self { text: text.to_owned(), metric, sign, value })
    }
}

/// The text it was read from.
impl<M> fmt::Display for Threshold<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl<M: NamedMetric> Threshold<M> {
    /// Whether it holds for a value of its metric. Nothing holds for what is not a number.
    pub fn holds(&self, value: f64) -> bool {
        let equal = (value - self.value).abs() < ROUNDING;
        match self.sign {
            Sign::Less => value < self.value,
            Sign::AtMost => value <= self.value,
            Sign::More => value > self.value,
            Sign::AtLeast => value >= self.value,
            Sign::Equal => equal,
            Sign::NotEqual => !equal && !value.is_nan(),
        }
    }

    /// The metric that is compared.
    pub const fn metric(&self) -> M {
        self.metric
    }

    /// What the metric is compared with, as its [`Unit`] says.
    pub const fn value(&self) -> f64 {
        self.value
    }

    /// The threshold that holds exactly when this one does not (for numbers: see [`Threshold::holds`]).
    pub fn opposite(&self) -> Self {
        let sign = self.sign.opposite();
        let text = self.text.replacen(self.sign.as_str(), sign.as_str(), 1);
        Self { text, sign, ..self.clone() }
    }

    /// A value for which both hold, out of all that their metric can have; `None` when there is none, or when they are
    /// about different metrics.
    pub fn common(&self, other: &Self) -> Option<f64> {
        if self.metric != other.metric {
            return None;
        }
        // The last mark is beyond both values as far as the unit allows.
        let most = self.metric.unit().most().unwrap_or(f64::INFINITY);
        let mut marks = [0.0, self.value, other.value, most.min(2.0 * self.value.max(other.value) + 1.0)];
        marks.sort_by(f64::total_cmp);
        // Neither changes between two marks: one value there stands for all.
        let between = marks.windows(2).map(|pair| pair.iter().sum::<f64>() / 2.0);
        marks.into_iter().chain(between).find(|value| self.holds(*value) && other.holds(*value))
    }

    /// Whether there is a value for which it holds.
    pub fn is_possible(&self) -> bool {
        self.common(self).is_some()
    }
}

#[cfg(test)]
#[path = "threshold_tests.rs"]
mod tests;
