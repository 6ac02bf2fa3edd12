//! What is known of a document beside its chunks.
//!
//! Offsets count characters (Unicode scalar values) of the document's text. What is unknown stays unknown: a page number is
//! never guessed.

use serde::{Deserialize, Serialize};

/// Where text of a page begins. Pages usually follow each other; text that was recognised in a scan stands behind the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageStart {
    /// The page, from 1.
    pub page: u32,
    /// Offset of its first character.
    pub start: u32,
}

/// A heading.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heading {
    /// 1 for the highest.
    pub level: u8,
    /// Its words.
    pub title: String,
    /// Offset of the line that it stands in.
    pub start: u32,
}

/// Where a passage is in its document.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Place {
    /// Offset of its first character.
    pub start: u32,
    /// Offset behind its last.
    pub end: u32,
    /// The pages that it is on, in order; empty where the format has no pages.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pages: Vec<u32>,
    /// The headings that it stands under, the highest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headings: Vec<String>,
}

/// How well a document could be read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Quality {
    /// Characters of its text.
    pub characters: u64,
    /// Of them U+FFFD, which stands for what could not be read.
    pub replaced: u64,
    /// Pages.
    pub pages: u32,
    /// Pages without text: scans and pictures.
    pub pages_without_text: Vec<u32>,
    /// Pages that are broken, and missing.
    pub pages_unreadable: Vec<u32>,
    /// Tables.
    pub tables: u32,
    /// What was lost, in sentences.
    pub warnings: Vec<String>,
}
