//! Why a server told nothing.

use serde::{Deserialize, Serialize};

/// Why a server told nothing; the text says what to look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// There is no such place.
    #[error("is no URL of a server; http://host:port is wanted, without a query")]
    NoUrl,
    /// No connection, or one that broke.
    #[error("does not answer ({0})")]
    Unreachable(String),
    /// No answer in time.
    #[error("gives no answer within {0}")]
    Late(String),
    /// It refuses.
    #[error("answers HTTP {0}{hint}", hint = hint(*.0))]
    Status(u16),
    /// It answers something else.
    #[error("answers {0} instead of metrics; is it a ragctl server?")]
    Foreign(String),
    /// It answers without end.
    #[error("answers more than {0} MiB")]
    TooLarge(usize),
}

fn hint(status: u16) -> &'static str {
    match status {
        401 | 403 => ": put credentials into the URL (http://user:password@host)",
        404 => ": it has none of the metrics routes; is it a ragctl server?",
        _ => "",
    }
}

impl Trouble {
    /// Whether nobody answered at all, so that the server may be down.
    pub const fn is_silence(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Late(_))
    }
}
