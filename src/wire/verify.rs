//! What has become of the documents behind a stored answer.

use serde::{Deserialize, Serialize};

/// A stored answer beside the documents as they are now.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct VerifyResponse {
    /// Whether the words of every quote stand in its document as it is now.
    pub verified: bool,
    /// DB that was looked into.
    pub db: String,
    /// Each quote.
    pub quotes: Vec<VerifiedQuote>,
    /// Sentences that the passages did not say when the answer was given.
    pub unsupported: Vec<super::UnsupportedBody>,
}

/// A quote beside its document as it is now.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct VerifiedQuote {
    /// Its number in the answer, from 1.
    pub number: usize,
    /// Name of the document in the answer.
    pub source: String,
    /// `holds`, `moved`, `changed`, `gone` or `unknown`.
    pub status: String,
    /// Whether the words stand in the document as it is now.
    pub verified: bool,
    /// Offset of the quote's first character then.
    pub start: Option<u32>,
    /// Its offset now, where the words stand in the text.
    pub start_now: Option<u32>,
    /// Version label then.
    pub version: String,
    /// Version label now; null where the document is gone.
    pub version_now: Option<String>,
    /// Name of the document now, where it is another.
    pub source_now: Option<String>,
    /// When the document's file changed last before the answer, RFC 3339.
    pub modified: Option<String>,
    /// When it changed last until now.
    pub modified_now: Option<String>,
    /// Whether the document has changed since; null where that is not known.
    pub changed: Option<bool>,
    /// The words.
    pub quote: String,
}
