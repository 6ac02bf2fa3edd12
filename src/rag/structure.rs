//! Where things are in a document: from bytes of its text to characters, pages and headings.

use std::ops::Range;

use pulldown_cmark::{Event, Parser, Tag, TagEnd};

use crate::domain::{Heading, PageStart, Place, headings_at};

/// Bytes between two places whose offset in characters is remembered.
const STRIDE: usize = 256;

/// Longest title of a heading in characters: a longer one is a paragraph.
const MAX_TITLE: usize = 200;

/// A text with its headings and pages.
pub struct TextStructure<'t> {
    text: &'t str,
    /// Characters before each stride; empty when the text is ASCII, where bytes are characters.
    strides: Vec<u32>,
    /// Headings in the order of the text.
    pub outline: Vec<Heading>,
    pages: &'t [PageStart],
}

impl<'t> TextStructure<'t> {
    /// Reads the structure of a text; only Markdown has headings.
    pub fn new(text: &'t str, is_markdown: bool, pages: &'t [PageStart]) -> Self {
        let strides = if text.is_ascii() { Vec::new() } else { strides(text) };
        let mut structure = Self { text, strides, outline: Vec::new(), pages };
        if is_markdown {
            structure.outline = structure.headings();
        }
        structure
    }

    /// Characters of the whole text.
    pub fn characters(&self) -> u32 {
        self.offset(self.text.len())
    }

    /// Characters before this byte.
    fn offset(&self, byte: usize) -> u32 {
        let near = byte / STRIDE;
        // The bound of a text's length is far below that of the type.
        let number = |chars: usize| u32::try_from(chars).unwrap_or(u32::MAX);
        match self.strides.get(near) {
            None => number(byte),
            Some(before) => before + number(starts(&self.text.as_bytes()[near * STRIDE..byte])),
        }
    }

    fn headings(&self) -> Vec<Heading> {
        // Most texts without headings have no such signs, and need not be parsed.
        if !self.text.contains('#') && !self.text.contains("\n=") && !self.text.contains("\n-") {
            return Vec::new();
        }
        let mut headings = Vec::new();
        let mut open: Option<Heading> = None;
        for (event, range) in Parser::new(self.text).into_offset_iter() {
            match (event, &mut open) {
                (Event::Start(Tag::Heading { level, .. }), _) => {
                    open = Some(Heading { level: level as u8, title: String::new(), start: self.offset(range.start) });
                }
                (Event::Text(text) | Event::Code(text), Some(heading)) => heading.title.push_str(&text),
                (Event::SoftBreak | Event::HardBreak, Some(heading)) => heading.title.push(' '),
                (Event::End(TagEnd::Heading(_)), _) => headings.extend(open.take().and_then(finished)),
                _ => {}
            }
        }
        headings
    }

    /// Where a part of the text is, by its bytes.
    pub fn place(&self, part: &Range<usize>) -> Place {
        let (start, end) = (self.offset(part.start), self.offset(part.end));
        let first = self.pages.partition_point(|page| page.start <= start).saturating_sub(1);
        let pages = self.pages.iter().skip(first).take_while(|page| page.start < end).copied().collect();
        let within = self.outline.iter().skip(self.outline.partition_point(|heading| heading.start <= start));
        let within = within.take_while(|heading| heading.start < end);
        let headings = headings_at(&self.outline, start).into_iter().chain(within).cloned().collect();
        Place { start, end, pages, headings }
    }
}

fn finished(heading: Heading) -> Option<Heading> {
    let words: Vec<&str> = heading.title.split_whitespace().collect();
    let title: String = words.join(" ").chars().take(MAX_TITLE).collect();
    (!title.is_empty()).then_some(Heading { title, ..heading })
}

/// Characters before each stride.
fn strides(text: &str) -> Vec<u32> {
    let mut before = 0_usize;
    text.as_bytes()
        .chunks(STRIDE)
        .map(|bytes| {
            let at = before;
            before += starts(bytes);
            u32::try_from(at).unwrap_or(u32::MAX)
        })
        .chain([u32::try_from(text.chars().count()).unwrap_or(u32::MAX)])
        .collect()
}

/// Bytes that begin a character.
fn starts(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte & 0xC0 != 0x80).count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn place(text: &str, pages: &[PageStart], part: &str) -> (Vec<u32>, Vec<String>) {
        let start = text.find(part).unwrap();
        let place = TextStructure::new(text, true, pages).place(&(start..start + part.len()));
        let quoted: String = text.chars().skip(place.start as usize).take((place.end - place.start) as usize).collect();
        assert_eq!(quoted, part);
        let headings = place.headings_at(place.start).into_iter().map(str::to_owned).collect();
        (place.pages_of(place.start, place.end), headings)
    }

    const TEXT: &str = "Intro ü\n\n# Größe\n\none\n\n### Deep `x`\n\ntwo\n\n## Next\n\nthree\n\n```\n# no heading\n```\n\nLast\n====\n\nend";

    #[test]
    fn a_part_stands_under_the_headings_before_it() {
        let under = |part: &str| place(TEXT, &[], part).1;
        assert!(under("Intro").is_empty());
        assert_eq!(under("one"), ["Größe"]);
        assert_eq!(under("# Größe\n\none"), ["Größe"]);
        assert_eq!(under("two"), ["Größe", "Deep x"]);
        assert_eq!(under("three"), ["Größe", "Next"]);
        assert_eq!(under("# no heading"), ["Größe", "Next"]);
        assert_eq!(under("end"), ["Last"]);
    }

    #[test]
    fn a_part_is_on_every_page_that_it_touches() {
        let start = |part: &str| TEXT[..TEXT.find(part).unwrap()].chars().count() as u32;
        let pages = [(1, 0), (2, start("two")), (3, start("three")), (2, start("Last"))];
        let pages = pages.map(|(page, start)| PageStart { page, start });
        let on = |part: &str| place(TEXT, &pages, part).0;
        assert_eq!(on("Intro"), [1]);
        assert_eq!(on("one\n\n### Deep `x`\n\ntwo"), [1, 2]);
        assert_eq!(on("two\n\n## Next\n\nthree"), [2, 3]);
        assert_eq!(on("end"), [2]);
        assert!(place(TEXT, &[], "end").0.is_empty());
    }

    #[test]
    fn what_is_within_a_part_has_headings_of_its_own() {
        let structure = TextStructure::new(TEXT, true, &[]);
        let place = structure.place(&(TEXT.find("two").unwrap()..TEXT.len()));
        let at = |part: &str| {
            let offset = TEXT[..TEXT.find(part).unwrap()].chars().count() as u32;
            (place.headings_at(offset).join(" / "), headings_at(&structure.outline, offset).len())
        };
        assert_eq!(at("two"), ("Größe / Deep x".into(), 2));
        assert_eq!(at("three"), ("Größe / Next".into(), 2));
        assert_eq!(at("end"), ("Last".into(), 1));
    }

    #[test]
    fn plain_text_has_no_headings() {
        assert!(TextStructure::new("# not Markdown", false, &[]).outline.is_empty());
    }

    proptest! {
        /// Offsets are what counting would give.
        #[test]
        fn offsets_count_characters(text in "[aäｗ👩# \n]{0,900}", part in any::<prop::sample::Index>()) {
            let structure = TextStructure::new(&text, true, &[]);
            prop_assert_eq!(structure.characters() as usize, text.chars().count());
            let byte = text.floor_char_boundary(part.index(text.len() + 1));
            prop_assert_eq!(structure.offset(byte) as usize, text[..byte].chars().count());
        }
    }
}
