//! Writes blocks (headings, paragraphs, lists, tables, code) as simple Markdown.

use super::{ExtractError, Limits};
use crate::rag::extract::clean::squeeze;

/// What was written last, for the distance to the next block.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    Nothing,
    ListItem,
    Other,
}

/// Collects blocks into a text of bounded length.
pub(super) struct Blocks {
    out: String,
    max_chars: usize,
    last: Last,
    first_heading: Option<String>,
    /// Pages and the bytes at which they begin.
    pages: Vec<(u32, usize)>,
}

impl Blocks {
    /// Nothing yet; `limits.max_text_chars` applies.
    pub fn new(limits: &Limits) -> Self {
        let (out, max_chars) = (String::new(), limits.max_text_chars);
        Self { out, max_chars, last: Last::Nothing, first_heading: None, pages: Vec::new() }
    }

    /// What follows is on this page or slide, from 1.
    pub fn begin_page(&mut self, page: u32) {
        self.pages.push((page, self.out.len()));
    }

    /// Pages and the bytes of the text at which they begin.
    pub fn take_pages(&mut self) -> Vec<(u32, usize)> {
        std::mem::take(&mut self.pages)
    }

    /// A heading of level 1 to 6 (others are brought into that range).
    pub fn heading(&mut self, level: usize, text: &str) -> Result<(), ExtractError> {
        let text = squeeze(text);
        if text.is_empty() {
            return Ok(());
        }
        if self.first_heading.is_none() {
            self.first_heading = Some(text.clone());
        }
        self.push(Last::Other, &format!("{} {text}", "#".repeat(level.clamp(1, 6))))
    }

    /// A paragraph; line breaks in it stay, other white space is squeezed.
    pub fn paragraph(&mut self, text: &str) -> Result<(), ExtractError> {
        let lines: Vec<_> = text.lines().map(squeeze).filter(|line| !line.is_empty()).collect();
        self.push(Last::Other, &lines.join("\n"))
    }

    /// An item of a list at this depth (0 is outermost), with its marker: `-`, `3.` …
    pub fn list_item(&mut self, depth: usize, marker: &str, text: &str) -> Result<(), ExtractError> {
        let text = squeeze(text);
        if text.is_empty() {
            return Ok(());
        }
        self.push(Last::ListItem, &format!("{}{marker} {text}", "  ".repeat(depth.min(8))))
    }

    /// Text whose lines and indents matter.
    pub fn code(&mut self, text: &str) -> Result<(), ExtractError> {
        let text = text.trim_matches('\n').trim_end();
        if text.trim().is_empty() {
            return Ok(());
        }
        let fence = if text.contains("```") { "~~~~" } else { "```" };
        self.push(Last::Other, &format!("{fence}\n{text}\n{fence}"))
    }

    /// A table; its first row is taken for the head. A table of one column or row is layout rather than data: paragraphs.
    pub fn table(&mut self, rows: &[Vec<String>]) -> Result<(), ExtractError> {
        let rows: Vec<Vec<String>> = rows
            .iter()
            .map(|row| row.iter().map(|cell| squeeze(cell)).collect::<Vec<_>>())
            .filter(|row| row.iter().any(|cell| !cell.is_empty()))
            .collect();
        let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
        if rows.len() < 2 || columns < 2 {
            return rows.iter().flatten().try_for_each(|cell| self.paragraph(cell));
        }
        let mut text = String::new();
        for (index, row) in rows.iter().enumerate() {
            // Rows stay as wide as they are: padding them would let one wide row multiply the table's size.
            text.push_str("| ");
            text.push_str(&row.iter().map(|cell| cell.replace('|', "\\|")).collect::<Vec<_>>().join(" | "));
            text.push_str(" |\n");
            if index == 0 {
                text.push_str(&format!("|{}\n", " --- |".repeat(row.len())));
            }
            self.check(text.len())?;
        }
        self.push(Last::Other, text.trim_end())
    }

    /// Starts a table of this many columns, whose first row is its head and whose cells may be missing.
    pub fn table_rows(&mut self, columns: usize) -> TableRows<'_> {
        TableRows { blocks: self, columns, text: String::new(), is_head: true }
    }

    /// A text that is Markdown already.
    pub fn markdown(&mut self, text: &str) -> Result<(), ExtractError> {
        self.push(Last::Other, text.trim_matches('\n').trim_end())
    }

    /// The text, and the first heading in it.
    pub fn finish(self) -> (String, Option<String>) {
        (self.out, self.first_heading)
    }

    fn push(&mut self, kind: Last, block: &str) -> Result<(), ExtractError> {
        if block.is_empty() {
            return Ok(());
        }
        self.check(block.len())?;
        match (self.last, kind) {
            (Last::Nothing, _) => {}
            (Last::ListItem, Last::ListItem) => self.out.push('\n'),
            _ => self.out.push_str("\n\n"),
        }
        self.out.push_str(block);
        self.last = kind;
        Ok(())
    }

    /// Refuses what certainly is too long: a character has at most four bytes. The exact count is made once, at the end.
    fn check(&self, more: usize) -> Result<(), ExtractError> {
        if (self.out.len() + more) / 4 > self.max_chars {
            return Err(ExtractError::TooLarge { limit: self.max_chars as u64, unit: "characters of text" });
        }
        Ok(())
    }
}

/// A table that is being read, cell by cell. A table in one of its cells is text of that cell.
#[derive(Debug, Default)]
pub(super) struct OpenTable {
    /// Tables that are open, the outermost included.
    depth: usize,
    rows: Vec<Vec<String>>,
}

impl OpenTable {
    /// A table begins.
    pub fn open(&mut self) {
        self.depth += 1;
    }

    /// A row begins.
    pub fn row(&mut self) {
        if self.is_outermost() {
            self.rows.push(Vec::new());
        }
    }

    /// A cell begins.
    pub fn cell(&mut self) {
        if self.is_outermost()
            && let Some(row) = self.rows.last_mut()
        {
            row.push(String::new());
        }
    }

    /// The last cell of the last row stands for so many.
    pub fn repeat_cell(&mut self, times: usize) {
        if let Some(row) = self.rows.last_mut() {
            let text = row.last().cloned().unwrap_or_default();
            row.extend(std::iter::repeat_n(text, times.saturating_sub(1)));
        }
    }

    /// More text of the open cell; whether there is one.
    pub fn add(&mut self, text: &str) -> bool {
        let is_open = self.is_open();
        let Some(cell) = self.rows.last_mut().and_then(|row| row.last_mut()).filter(|_| is_open) else { return false };
        cell.push(' ');
        cell.push_str(&squeeze(text));
        true
    }

    /// A table ends; returns the rows when it was the outermost.
    pub fn close(&mut self) -> Option<Vec<Vec<String>>> {
        self.depth = self.depth.saturating_sub(1);
        (self.depth == 0).then(|| std::mem::take(&mut self.rows))
    }

    /// Whether something is in a table.
    pub fn is_open(&self) -> bool {
        self.depth > 0
    }

    /// Whether it is in a table that is in no other.
    pub fn is_outermost(&self) -> bool {
        self.depth == 1
    }
}

/// A table that is written row by row.
pub(super) struct TableRows<'a> {
    blocks: &'a mut Blocks,
    columns: usize,
    text: String,
    is_head: bool,
}

impl TableRows<'_> {
    /// A row of these cells, each with its column, in their order.
    pub fn row<'t>(&mut self, cells: impl Iterator<Item = (usize, &'t str)>) -> Result<(), ExtractError> {
        let mut at = 0;
        for (column, text) in cells {
            // Cells that are missing in between take room, too.
            self.blocks.check(self.text.len() + column.saturating_sub(at) * 3)?;
            while at < column {
                self.text.push_str("|  ");
                at += 1;
            }
            self.text.push_str("| ");
            self.text.push_str(&squeeze(text).replace('|', "\\|"));
            self.text.push(' ');
            at += 1;
        }
        if self.is_head {
            self.text.push_str(&"|  ".repeat(self.columns.saturating_sub(at)));
        }
        self.text.push_str("|\n");
        if std::mem::take(&mut self.is_head) {
            self.text.push_str(&format!("|{}\n", " --- |".repeat(self.columns)));
        }
        self.blocks.check(self.text.len())
    }

    /// The table is whole.
    pub fn finish(self) -> Result<(), ExtractError> {
        self.blocks.push(Last::Other, self.text.trim_end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_keep_their_distance_and_list_items_stay_together() {
        let mut blocks = Blocks::new(&Limits::default());
        blocks.heading(2, " Two\n words ").unwrap();
        blocks.list_item(0, "-", "one").unwrap();
        blocks.list_item(1, "2.", "two").unwrap();
        blocks.paragraph("end \n of  it").unwrap();
        let rows = [vec!["a".to_owned(), "b|c".to_owned()], vec!["1".to_owned(), "2".to_owned()]];
        blocks.table(&rows).unwrap();
        let (text, heading) = blocks.finish();
        assert_eq!(text, "## Two words\n\n- one\n  2. two\n\nend\nof it\n\n| a | b\\|c |\n| --- | --- |\n| 1 | 2 |");
        assert_eq!(heading.as_deref(), Some("Two words"));
    }

    #[test]
    fn the_text_is_bounded_while_it_grows() {
        let mut blocks = Blocks::new(&Limits { max_text_chars: 10, ..Limits::default() });
        assert!(blocks.paragraph(&"x".repeat(40)).is_ok());
        assert!(matches!(blocks.paragraph(&"x".repeat(40)), Err(ExtractError::TooLarge { limit: 10, .. })));
    }
}
