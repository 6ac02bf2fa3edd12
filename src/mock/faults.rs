//! Faults of the fake upstream, and the rules by which they happen.

use std::{
    str::FromStr,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};

/// Part of the API that can fail on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Chats and completions.
    Generate,
    /// Embeddings.
    Embed,
    /// Lists of models.
    List,
    /// Scores of texts.
    Rerank,
}

/// A way to fail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// Answers with this status, an error message, and perhaps `Retry-After` in seconds.
    Status {
        /// The status.
        code: u16,
        /// Seconds to wait.
        #[serde(default)]
        retry_after: Option<u64>,
    },
    /// Resets the connection instead of answering.
    Reset,
    /// Takes the request and never answers.
    Hang,
    /// Answers after so many milliseconds.
    Delay {
        /// Milliseconds.
        ms: u64,
    },
    /// Sends so many pieces, then nothing more, without closing.
    Stall {
        /// Pieces.
        after: usize,
    },
    /// Sends so many pieces, then closes as if it were done.
    Truncate {
        /// Pieces.
        after: usize,
    },
    /// Sends something that is not JSON.
    Malformed,
    /// Sends an error object with status 200.
    Reported,
    /// Ends its answer without a word, or without a score.
    Empty,
    /// Reasons before it answers, between `<think>` and `</think>` in its text.
    Think,
    /// Says its answer again and again, up to its limit of tokens; scores, twice.
    Repeat,
    /// Answers with other numbers than the documents have.
    Lie,
    /// Lets new connections wait for so many milliseconds.
    SlowAccept {
        /// Milliseconds.
        ms: u64,
    },
}

impl Fault {
    /// What becomes of an answer.
    pub(super) fn rewritten(&self, answer: String) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Think => {
                format!("<think>\nThe question is about the documents, so I look there.\n</think>\n\n{answer}")
            }
            Self::Repeat => format!("{answer} ").repeat(500),
            Self::Lie => other_numbers(&answer),
            _ => answer,
        }
    }
}

/// The answer with another first digit in each number that cites nothing.
fn other_numbers(answer: &str) -> String {
    let mut before = ' ';
    answer
        .chars()
        .map(|c| {
            let begins = c.is_ascii_digit() && !(before.is_ascii_digit() || matches!(before, '[' | '.' | ','));
            before = c;
            // Never a zero, nor the same.
            let digit = c.to_digit(10).filter(|_| begins).map(|digit| digit % 9 + 1);
            digit.and_then(|digit| char::from_digit(digit, 10)).unwrap_or(c)
        })
        .collect()
}

/// When which fault happens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FaultRule {
    /// Where; everywhere when left out.
    #[serde(default)]
    pub operation: Option<Operation>,
    /// The fault.
    pub fault: Fault,
    /// Share of requests, 0..=1.
    #[serde(default = "always")]
    pub rate: f64,
    /// Seconds from now until it begins.
    #[serde(default)]
    pub from: f64,
    /// Seconds from now until it ends; never when left out.
    #[serde(default)]
    pub until: Option<f64>,
}

const fn always() -> f64 {
    1.0
}

impl FaultRule {
    /// A fault of every request from now on.
    pub fn always(operation: Operation, fault: Fault) -> Self {
        Self { operation: Some(operation), fault, rate: 1.0, from: 0.0, until: None }
    }

    fn applies(&self, operation: Option<Operation>, age: Duration) -> bool {
        let age = age.as_secs_f64();
        let here = self.operation.is_none() || self.operation == operation;
        here && age >= self.from && self.until.is_none_or(|until| age < until)
    }
}

/// `KIND[=VALUE][:OPERATION][@RATE][,FROM-UNTIL]`, e.g. `status=503:generate@0.2,10s-30s`.
impl FromStr for FaultRule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (head, times) = text.split_once(',').map_or((text, None), |(head, times)| (head, Some(times)));
        let (head, rate) = head.split_once('@').map_or((head, "1"), |(head, rate)| (head, rate));
        let (head, operation) = head.split_once(':').map_or((head, None), |(head, of)| (head, Some(of)));
        let (kind, value) = head.split_once('=').map_or((head, None), |(kind, value)| (kind, Some(value)));
        let operation = match operation {
            None => None,
            Some("generate") => Some(Operation::Generate),
            Some("embed") => Some(Operation::Embed),
            Some("list") => Some(Operation::List),
            Some("rerank") => Some(Operation::Rerank),
            Some(other) => {
                return Err(format!("unknown operation {other:?}: use generate, embed, list or rerank"));
            }
        };
        let rate: f64 = rate.parse().ok().filter(|rate| (0.0..=1.0).contains(rate)).ok_or("a rate is from 0 to 1")?;
        let (from, until) = match times {
            None => (0.0, None),
            Some(times) => {
                let (from, until) =
                    times.split_once('-').ok_or("times are written FROM-UNTIL, like 10s-30s or 10s-")?;
                (seconds(from)?.unwrap_or(0.0), seconds(until)?)
            }
        };
        Ok(Self { operation, fault: fault(kind, value)?, rate, from, until })
    }
}

fn seconds(text: &str) -> Result<Option<f64>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    humantime::parse_duration(text).map(|time| Some(time.as_secs_f64())).map_err(|error| format!("{text:?}: {error}"))
}

fn fault(kind: &str, value: Option<&str>) -> Result<Fault, String> {
    let number = |default: u64| match value {
        None => Ok(default),
        Some(value) => value.parse().map_err(|_| format!("{kind}={value}: a number is wanted")),
    };
    let time = |default: u64| match value {
        None => Ok(default),
        Some(value) => humantime::parse_duration(value)
            .map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
            .map_err(|error| format!("{kind}={value}: {error}")),
    };
    Ok(match kind {
        "status" => {
            let (code, retry_after) = value.unwrap_or("500").split_once('/').unzip();
            let code = code.or(value).unwrap_or("500");
            let code = code.parse().ok().filter(|code| (400..600).contains(code));
            let wait = retry_after.map(str::parse).transpose().map_err(|_| "status=CODE/RETRY_AFTER_SECONDS")?;
            Fault::Status { code: code.ok_or("a status is from 400 to 599")?, retry_after: wait }
        }
        "reset" => Fault::Reset,
        "hang" => Fault::Hang,
        "delay" => Fault::Delay { ms: time(1_000)? },
        "stall" => Fault::Stall { after: number(1)? as usize },
        "truncate" => Fault::Truncate { after: number(1)? as usize },
        "malformed" => Fault::Malformed,
        "reported" => Fault::Reported,
        "empty" => Fault::Empty,
        "think" => Fault::Think,
        "repeat" => Fault::Repeat,
        "lie" => Fault::Lie,
        "slow-accept" => Fault::SlowAccept { ms: time(1_000)? },
        other => {
            return Err(format!(
                "unknown fault {other:?}: use status, reset, hang, delay, stall, truncate, malformed, reported, empty, \
                 think, repeat, lie or slow-accept"
            ));
        }
    })
}

/// The faults that are on.
#[derive(Debug)]
pub(super) struct FaultRules {
    rules: Vec<FaultRule>,
    since: Instant,
    random: fastrand::Rng,
}

impl FaultRules {
    pub(super) fn new(rules: Vec<FaultRule>, seed: u64) -> Self {
        Self { rules, since: Instant::now(), random: fastrand::Rng::with_seed(seed) }
    }

    pub(super) fn rules(&self) -> &[FaultRule] {
        &self.rules
    }

    /// Puts these rules in the place of all others; their times count from now.
    pub(super) fn replace(&mut self, rules: Vec<FaultRule>) {
        self.rules = rules;
        self.since = Instant::now();
    }

    /// Sets or ends the fault of one operation.
    pub(super) fn set(&mut self, operation: Operation, fault: Option<Fault>) {
        self.rules.retain(|rule| rule.operation != Some(operation));
        self.rules.extend(fault.map(|fault| FaultRule::always(operation, fault)));
    }

    /// What happens to the next request: the first rule that applies and whose turn it is.
    pub(super) fn next(&mut self, operation: Operation) -> Option<Fault> {
        let age = self.since.elapsed();
        let Self { rules, random, .. } = self;
        let of_requests = rules.iter().filter(|rule| !matches!(rule.fault, Fault::SlowAccept { .. }));
        let mut applying = of_requests.filter(|rule| rule.applies(Some(operation), age));
        applying.find(|rule| rule.rate >= 1.0 || random.f64() < rule.rate).map(|rule| rule.fault.clone())
    }

    /// How long the next connection waits, in milliseconds.
    pub(super) fn slow_accept(&mut self) -> Option<u64> {
        let age = self.since.elapsed();
        let Self { rules, random, .. } = self;
        rules.iter().filter(|rule| rule.applies(None, age)).find_map(|rule| match rule.fault {
            Fault::SlowAccept { ms } => (rule.rate >= 1.0 || random.f64() < rule.rate).then_some(ms),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read() {
        let rule: FaultRule = "status=503/2:generate@0.2,10s-30s".parse().unwrap();
        let fault = Fault::Status { code: 503, retry_after: Some(2) };
        let expected =
            FaultRule { operation: Some(Operation::Generate), fault, rate: 0.2, from: 10.0, until: Some(30.0) };
        assert_eq!(rule, expected);
        assert_eq!("hang".parse::<FaultRule>().unwrap().fault, Fault::Hang);
        assert_eq!("delay=50ms:embed".parse::<FaultRule>().unwrap().fault, Fault::Delay { ms: 50 });
        assert_eq!("hang:rerank".parse::<FaultRule>().unwrap().operation, Some(Operation::Rerank));
        assert_eq!("hang,5s-".parse::<FaultRule>().unwrap().until, None);
        for wrong in ["", "explode", "status=200", "hang@2", "hang:chat", "hang,5s", "stall=x"] {
            assert!(wrong.parse::<FaultRule>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_lie_changes_numbers_and_no_citations() {
        let told = Fault::Lie.rewritten("Kept for 30 days and 9.5 hours, until 2026 [1][12].".into());
        assert_eq!(told, "Kept for 40 days and 1.5 hours, until 3026 [1][12].");
    }

    #[test]
    fn a_rate_is_kept_and_a_seed_repeats_it() {
        let rules: Vec<FaultRule> = vec!["hang@0.2".parse().unwrap()];
        let faults = |seed| {
            let mut faults = FaultRules::new(rules.clone(), seed);
            (0..5_000).map(|_| faults.next(Operation::Embed).is_some()).collect::<Vec<_>>()
        };
        let happened = faults(7).iter().filter(|happened| **happened).count();
        assert!((850..1_150).contains(&happened), "{happened}");
        assert_eq!(faults(7), faults(7));
        assert_ne!(faults(7), faults(8));
    }
}
