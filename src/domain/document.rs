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
    /// The pages that it is on, by the order of the text; empty where the format has no pages.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pages: Vec<PageStart>,
    /// The headings that it begins under, the highest first, and then those within it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headings: Vec<Heading>,
}

impl Place {
    /// The pages that a part of it is on, in order. Offsets are those of the document.
    pub fn pages_of(&self, start: u32, end: u32) -> Vec<u32> {
        let first = self.pages.partition_point(|page| page.start <= start).saturating_sub(1);
        let on = self.pages.iter().skip(first).take_while(|page| page.start < end.max(start + 1));
        let mut pages: Vec<u32> = on.map(|page| page.page).collect();
        pages.sort_unstable();
        pages.dedup();
        pages
    }

    /// The headings that hold at an offset of the document, the highest first; one that begins there is among them.
    pub fn headings_at(&self, offset: u32) -> Vec<&str> {
        headings_at(&self.headings, offset).into_iter().map(|heading| heading.title.as_str()).collect()
    }
}

/// Of headings in the order of the text, those that hold at an offset, the highest first.
pub fn headings_at(headings: &[Heading], offset: u32) -> Vec<&Heading> {
    let mut path: Vec<&Heading> = Vec::new();
    for heading in headings.iter().take_while(|heading| heading.start <= offset) {
        path.retain(|above| above.level < heading.level);
        path.push(heading);
    }
    path
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
    /// Pictures of which the document says nothing in words.
    pub pictures_without_text: u32,
}
