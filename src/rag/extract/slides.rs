//! Slides of presentations, whatever their format: how one is written.

use super::{ExtractError, blocks::Blocks, clean::squeeze};

/// A part of a slide.
#[derive(Debug)]
pub(super) enum Part {
    Paragraph(String),
    Item {
        /// 0 is outermost.
        depth: usize,
        marker: String,
        text: String,
    },
    Table(Vec<Vec<String>>),
}

impl Part {
    fn write(&self, blocks: &mut Blocks) -> Result<(), ExtractError> {
        match self {
            Self::Paragraph(text) => blocks.paragraph(text),
            Self::Item { depth, marker, text } => blocks.list_item(*depth, marker, text),
            Self::Table(rows) => blocks.table(rows),
        }
    }
}

/// A slide that was read. Its title may be drawn last, and is written first.
#[derive(Debug, Default)]
pub(super) struct Slide {
    pub title: String,
    pub parts: Vec<Part>,
    /// What the speaker says.
    pub notes: Vec<String>,
    pub has_picture: bool,
}

impl Slide {
    /// Its title on one line, if it has one.
    pub fn title(&self) -> Option<String> {
        Some(squeeze(&self.title)).filter(|title| !title.is_empty())
    }

    /// Whether there is nothing to read on it.
    pub fn is_blank(&self) -> bool {
        self.title().is_none() && self.parts.is_empty() && self.notes.is_empty()
    }

    /// Writes it as the slide of this number, from 1, which is its page; one without text leaves no trace.
    pub fn write(&self, number: u32, blocks: &mut Blocks) -> Result<(), ExtractError> {
        if self.is_blank() {
            return Ok(());
        }
        blocks.begin_page(number);
        match self.title() {
            Some(title) => blocks.heading(1, &format!("Slide {number}: {title}"))?,
            None => blocks.heading(1, &format!("Slide {number}"))?,
        }
        self.parts.iter().try_for_each(|part| part.write(blocks))?;
        let mut notes = self.notes.iter().filter(|note| !note.trim().is_empty());
        if let Some(first) = notes.next() {
            blocks.paragraph(&format!("Notes: {first}"))?;
        }
        notes.try_for_each(|note| blocks.paragraph(note))
    }
}
