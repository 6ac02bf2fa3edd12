//! Targets of a report: what a server should have reached over the whole time, and whether it did.

/// The outcome of a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GoalStatus {
    /// It was.
    Met,
    /// It was not.
    Missed,
    /// Nobody can say.
    Unknown,
}

impl GoalStatus {
    /// Its name in a report.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Missed => "missed",
            Self::Unknown => "not known",
        }
    }
}

/// The weight of a target that is missed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// The deployment is not good enough.
    Grave,
    /// It is worth a look.
    Light,
}

/// A target and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct GoalResult {
    /// The title of its metric.
    pub metric: &'static str,
    /// The target: as it was given, or in words.
    pub target: String,
    /// The measured value, formatted.
    pub measured: String,
    /// What was measured: a share 0..=1, milliseconds, or a number.
    pub value: Option<f64>,
    /// Its outcome.
    pub status: GoalStatus,
    /// Whether the user gave it; else it is a default.
    pub given: bool,
    /// Its weight when it is missed.
    pub weight: Weight,
}

impl GoalResult {
    /// On part of a line: what, and what was measured.
    pub fn in_short(&self) -> String {
        format!("{} ({}, wanted {})", self.metric, self.measured, self.target)
    }
}
