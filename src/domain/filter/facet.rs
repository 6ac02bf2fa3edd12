//! What filters could ask of a DB.

use super::FilterKey;
use crate::domain::Scalar;

/// The type of a key's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FacetKind {
    /// Texts.
    Text,
    /// Numbers.
    Number,
    /// True and false.
    Truth,
    /// Dates and times.
    Date,
    /// Several of these.
    Mixed,
}

impl FacetKind {
    /// The name in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "string",
            Self::Number => "number",
            Self::Truth => "boolean",
            Self::Date => "date",
            Self::Mixed => "mixed",
        }
    }
}

/// A key and the values that documents have for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facet {
    /// The key.
    pub key: FilterKey,
    /// The type of its values.
    pub kind: FacetKind,
    /// How many documents have it.
    pub documents: u64,
    /// How many different values there are.
    pub distinct: u64,
    /// The most frequent values and how many documents have each; equally frequent ones in their order.
    pub values: Vec<(Scalar, u64)>,
    /// The smallest number or the earliest time, where all values are such.
    pub min: Option<Scalar>,
    /// The largest number or the latest time.
    pub max: Option<Scalar>,
}
