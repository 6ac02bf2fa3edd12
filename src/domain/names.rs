//! Names that become folders.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};

/// Name of a DB: 1 to 64 of `A-Z a-z 0-9 _ . -`, and not `.` or `..`. Safe as a folder name by construction; cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DbName(Arc<str>);

/// The text is no DB name; the message says which names are.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a DB name: use 1 to 64 of the characters A-Z a-z 0-9 _ . - (and not \".\" or \"..\")")]
pub struct InvalidDbName(String);

impl DbName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for DbName {
    type Err = InvalidDbName;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
        let fits = (1..=64).contains(&name.len()) && name.chars().all(allowed);
        if fits && name != "." && name != ".." {
            Ok(Self(name.into()))
        } else {
            // A hostile name may be long; the message stays readable.
            Err(InvalidDbName(name.chars().take(80).collect()))
        }
    }
}

impl TryFrom<String> for DbName {
    type Error = InvalidDbName;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        name.parse()
    }
}

impl From<DbName> for String {
    fn from(name: DbName) -> Self {
        name.0.as_ref().to_owned()
    }
}

impl fmt::Display for DbName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_names_are_names() {
        for name in ["default", "kb-2.1_x", "a", &"x".repeat(64), "..a"] {
            assert!(name.parse::<DbName>().is_ok(), "{name}");
        }
    }

    #[test]
    fn paths_blanks_and_long_names_are_not() {
        for name in ["", ".", "..", "../x", "a/b", "a\\b", "a b", "ü", "a\0", &"x".repeat(65)] {
            assert!(name.parse::<DbName>().is_err(), "{name:?}");
        }
    }
}
