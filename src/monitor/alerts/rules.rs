//! Alert rules as data: those built in, and those of a file.

use std::{fmt, path::Path, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};

use crate::observe::{Metric, Threshold};

/// A condition of an alert rule, or the target of a report.
pub type Condition = Threshold<Metric>;

/// The rules that come along.
const BUILTIN: &str = include_str!("builtin.toml");

/// Window that rates are taken over if a rule says nothing else.
const OVER: Duration = Duration::from_secs(300);

/// The severity of an alert; the worst is the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Good to know.
    Info,
    /// It will not stay harmless.
    Warning,
    /// It does harm now.
    Critical,
}

impl Severity {
    /// Every severity, the worst first.
    pub const ALL: [Self; 3] = [Self::Critical, Self::Warning, Self::Info];

    /// Its name in rules.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Severity {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|severity| severity.as_str() == text)
            .ok_or_else(|| format!("\"{text}\" is no severity; there are critical, warning and info"))
    }
}

/// An alert rule: when it fires, when it clears, and its text.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Its name: `[a-z0-9-]`, unique.
    pub name: String,
    /// Its severity.
    pub severity: Severity,
    /// Fires while this holds.
    pub when: Condition,
    /// Clears while this holds; never together with `when`, but there may be values for which neither does.
    pub clears: Condition,
    /// Only looked at while this holds (`if` in a file).
    pub only_if: Option<Condition>,
    /// Window that rates are taken over; not zero.
    pub over: Duration,
    /// How long `when` must hold before it fires (`for` in a file).
    pub hold_off: Duration,
    /// The time that `clears` must hold before it clears.
    pub hold: Duration,
    /// The meaning of the alert and what to do, on one line.
    pub text: String,
}

/// Rules with names of their own.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    rules: Vec<Rule>,
}

/// An error in alert rules.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// The disk.
    #[error("cannot read the alert rules {file}: {source}; check that the file exists and may be read")]
    Io {
        /// Its path.
        file: String,
        /// The error of the system.
        source: std::io::Error,
    },
    /// The file as a whole cannot be.
    #[error("{file}: {reason}")]
    Malformed {
        /// The file, or the built-in rules.
        file: String,
        /// What is wrong, and what is allowed.
        reason: String,
    },
    /// A rule cannot be.
    #[error("{file}, alert {rule}: {reason}")]
    Rule {
        /// The file, or the built-in rules.
        file: String,
        /// Its name, or its place in the file if it has none.
        rule: String,
        /// What is wrong, and what is allowed.
        reason: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RulesFile {
    #[serde(default = "yes")]
    builtin: bool,
    #[serde(default)]
    disable: Vec<String>,
    /// Read one by one, so that what is wrong with one can be told with its name.
    #[serde(default)]
    alert: Vec<toml::Table>,
}

const fn yes() -> bool {
    true
}

/// As written: what is wrong with a field is better told with its name in front.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileRule {
    name: String,
    severity: String,
    when: String,
    clears: Option<String>,
    #[serde(rename = "if")]
    only_if: Option<String>,
    over: Option<String>,
    #[serde(rename = "for")]
    hold_off: Option<String>,
    hold: Option<String>,
    text: String,
}

fn field<T: FromStr<Err = String>>(name: &str, text: &str) -> Result<T, String> {
    text.parse().map_err(|reason| format!("{name}: {reason}"))
}

fn time(name: &str, text: Option<&str>, default: Duration) -> Result<Duration, String> {
    let Some(text) = text else { return Ok(default) };
    humantime::parse_duration(text.trim())
        .map_err(|_| format!("{name}: \"{text}\" is no time; one like 30s, 5min or 1h is wanted"))
}

impl Rule {
    /// A rule of a file, or what is wrong with it.
    fn read(table: toml::Table) -> Result<Self, String> {
        let file: FileRule = table.try_into().map_err(|error: toml::de::Error| {
            let reason = one_line(&error.to_string());
            format!("{reason}; name, severity, when and text are needed, and every field is text in quotes")
        })?;
        let named = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if file.name.is_empty() || !file.name.chars().all(named) {
            return Err("name: only a to z, 0 to 9 and - are allowed, like low-hit-rate".to_owned());
        }
        let text = one_line(&file.text);
        if text.is_empty() {
            return Err("text: it is empty; say what the alert means and what to do".to_owned());
        }
        let over = time("over", file.over.as_deref(), OVER)?;
        if over.is_zero() {
            return Err("over: a rate needs a window that is not zero, like 5min".to_owned());
        }
        let when: Condition = field("when", &file.when)?;
        let clears = file.clears.map_or_else(|| Ok(when.opposite()), |text| field("clears", &text))?;
        let only_if = file.only_if.map(|text| field("if", &text)).transpose()?;
        check(&when, &clears, only_if.as_ref())?;
        Ok(Self {
            name: file.name,
            severity: field("severity", &file.severity)?,
            when,
            clears,
            only_if,
            over,
            hold_off: time("for", file.hold_off.as_deref(), Duration::ZERO)?,
            hold: time("hold", file.hold.as_deref(), Duration::ZERO)?,
            text,
        })
    }
}

/// Checks that the conditions of a rule do not contradict each other.
fn check(when: &Condition, clears: &Condition, only_if: Option<&Condition>) -> Result<(), String> {
    let metric = when.metric();
    if clears.metric() != metric {
        let other = clears.metric();
        return Err(format!("clears: it is about {other}, but when is about {metric}; clears must be so, too"));
    }
    let never = |field: &str, condition: &Condition| {
        format!("{field}: {condition} never holds, whatever {} is; choose another value", condition.metric())
    };
    if !when.is_possible() {
        return Err(never("when", when));
    }
    if !when.opposite().is_possible() {
        return Err(format!("when: {when} always holds, whatever {metric} is; choose another value"));
    }
    if !clears.is_possible() {
        return Err(never("clears", clears));
    }
    if let Some(only_if) = only_if.filter(|only_if| !only_if.is_possible()) {
        return Err(never("if", only_if));
    }
    if let Some(value) = when.common(clears) {
        let value = metric.show(value);
        return Err(format!(
            "clears: {clears} contradicts when: at {value}, {when} holds as well; it must hold on the other side only, \
             like {}",
            when.opposite()
        ));
    }
    Ok(())
}

/// A text on one line.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Rules {
    /// The rules that come along.
    pub fn builtin() -> Self {
        let name = "the built-in alert rules";
        let rules = RulesFile::read(name, BUILTIN).and_then(|file| file.rules(name));
        // They are part of the program, and a test reads them: there is nothing to tell a user.
        Self { rules: rules.unwrap_or_default() }
    }

    /// The rules of a file's text, together with the built-in ones it leaves: `builtin = false` drops those, `disable`
    /// drops some of them, and a rule of the same name takes the place of one.
    ///
    /// # Errors
    /// No TOML, unknown fields or values, two rules of one name, conditions that contradict each other.
    pub fn parse(text: &str) -> Result<Self, RulesError> {
        Self::read("the alert rules", text)
    }

    /// The same from a file. Blocks.
    ///
    /// # Errors
    /// As [`Rules::parse`], and a file that cannot be read.
    pub fn load(path: &Path) -> Result<Self, RulesError> {
        let file = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => Self::read(&file, &text),
            Err(source) => Err(RulesError::Io { file, source }),
        }
    }

    /// All of them: the built-in ones first, then those of the file in its order.
    pub fn as_slice(&self) -> &[Rule] {
        &self.rules
    }

    fn read(name: &str, text: &str) -> Result<Self, RulesError> {
        let file = RulesFile::read(name, text)?;
        let mut rules = Self::builtin().rules;
        if let Some(unknown) = file.disable.iter().find(|name| rules.iter().all(|rule| rule.name != **name)) {
            let known: Vec<_> = rules.iter().map(|rule| rule.name.as_str()).collect();
            let known = known.join(", ");
            let reason =
                format!("disable names \"{unknown}\", but no built-in alert is called that; there are {known}");
            return Err(RulesError::Malformed { file: name.to_owned(), reason });
        }
        rules.retain(|rule| file.builtin && !file.disable.contains(&rule.name));
        for own in file.rules(name)? {
            match rules.iter_mut().find(|rule| rule.name == own.name) {
                Some(rule) => *rule = own,
                None => rules.push(own),
            }
        }
        Ok(Self { rules })
    }
}

impl RulesFile {
    fn read(name: &str, text: &str) -> Result<Self, RulesError> {
        toml::from_str(text).map_err(|error| RulesError::Malformed {
            file: name.to_owned(),
            reason: format!(
                "{}\nallowed are builtin = true or false, disable = [\"NAME\", …] and [[alert]]",
                error.to_string().trim_end()
            ),
        })
    }

    fn rules(self, name: &str) -> Result<Vec<Rule>, RulesError> {
        let mut rules: Vec<Rule> = Vec::with_capacity(self.alert.len());
        for (index, table) in self.alert.into_iter().enumerate() {
            let called = match table.get("name").and_then(toml::Value::as_str) {
                Some(name) => format!("\"{}\"", name.escape_debug()),
                None => format!("number {}", index + 1),
            };
            let wrong = |reason| RulesError::Rule { file: name.to_owned(), rule: called, reason };
            match Rule::read(table) {
                Ok(rule) if rules.iter().any(|other| other.name == rule.name) => {
                    return Err(wrong("there are two of that name; rename or remove one".to_owned()));
                }
                Ok(rule) => rules.push(rule),
                Err(reason) => return Err(wrong(reason)),
            }
        }
        Ok(rules)
    }
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
