//! The common form of a text, and where its pages begin in it: each page is cleaned alone.

use super::{ExtractError, Warning, clean, replaced};
use crate::domain::PageStart;

/// A text in its common form.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Cleaned {
    pub(super) text: String,
    /// Where pages begin; those without text are not among them.
    pub(super) pages: Vec<PageStart>,
    /// Control characters that had to go.
    pub(super) controls: usize,
    /// U+FFFD that had to go.
    left_out: usize,
}

impl Cleaned {
    /// Cleans a text. `pages` are pages and the bytes at which they begin, in the order of the text.
    ///
    /// # Errors
    /// [`ExtractError::Unreadable`].
    pub(super) fn of(text: &str, pages: &[(u32, usize)], warnings: &mut Vec<Warning>) -> Result<Self, ExtractError> {
        replaced::check(text)?;
        let mut cleaned = Self::default();
        match pages {
            [] => cleaned.text = cleaned.part(text),
            pages => cleaned.add_pages(text, pages),
        }
        if cleaned.left_out > 0 {
            warnings.push(Warning::CharactersLeftOut { count: cleaned.left_out });
        }
        Ok(cleaned)
    }

    fn add_pages(&mut self, text: &str, pages: &[(u32, usize)]) {
        let mut chars = 0;
        for (n, (page, start)) in pages.iter().enumerate() {
            // What stands before the first page belongs to it.
            let start = if n == 0 { 0 } else { *start };
            let end = pages.get(n + 1).map_or(text.len(), |(_, next)| *next);
            let part = self.part(&text[start..end]);
            if part.trim().is_empty() {
                continue;
            }
            if !self.text.is_empty() {
                self.text.push_str("\n\n");
                chars += 2;
            }
            // The length of a text is bounded far below this.
            self.pages.push(PageStart { page: *page, start: u32::try_from(chars).unwrap_or(u32::MAX) });
            chars += part.chars().count();
            self.text.push_str(&part);
        }
    }

    fn part(&mut self, part: &str) -> String {
        let (kept, left_out) = replaced::without_runs(part);
        let (text, controls) = clean::clean(&kept);
        self.left_out += left_out;
        self.controls += controls;
        text
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cleaned(pages: &[(u32, &str)]) -> (String, Vec<(u32, u32)>) {
        let (mut text, mut starts) = (String::new(), Vec::new());
        for (page, part) in pages {
            starts.push((*page, text.len()));
            text.push_str(part);
        }
        let Cleaned { text, pages, .. } = Cleaned::of(&text, &starts, &mut Vec::new()).unwrap();
        (text, pages.iter().map(|page| (page.page, page.start)).collect())
    }

    #[test]
    fn pages_begin_where_their_text_does() {
        assert_eq!(
            cleaned(&[(1, "Gru\u{308}ße\r\n\n"), (2, " \n"), (3, "\n\u{1}two\n"), (2, "scan")]),
            ("Grüße\n\ntwo\n\nscan".into(), vec![(1, 0), (3, 7), (2, 12)])
        );
        assert_eq!(cleaned(&[]), (String::new(), Vec::new()));
    }

    proptest! {
        /// From where a page begins to where the next one does stands its text.
        #[test]
        fn every_page_is_found_at_its_place(pages in prop::collection::vec("[ab\n é\u{308}]{0,12}", 1..8)) {
            let numbered: Vec<(u32, &str)> = (1..).zip(pages.iter().map(String::as_str)).collect();
            let (text, starts) = cleaned(&numbered);
            let chars: Vec<char> = text.chars().collect();
            for (n, (page, start)) in starts.iter().enumerate() {
                let end = starts.get(n + 1).map_or(chars.len(), |next| next.1 as usize - 2);
                let found: String = chars[*start as usize..end].iter().collect();
                prop_assert_eq!(found, clean::clean(&pages[*page as usize - 1]).0);
            }
        }
    }
}
