//! Tables of Markdown: where they are, and how one that is too long for a chunk is cut.
//!
//! A row says nothing without its column names. So a long table is cut between rows, and each piece is given the header row;
//! a table that fits a chunk is in one chunk whole.

use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::Piece;

/// A table with at least one row below its header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Table {
    /// From its header to the end of its last row, without the line break.
    pub range: Range<usize>,
    /// The header row and the line below it, without the last line break.
    pub header: Range<usize>,
    /// The other rows, each without its line break.
    pub rows: Vec<Range<usize>>,
}

/// All tables of a text, in order.
pub(super) fn find(text: &str) -> Vec<Table> {
    // Every table has a line of dashes; most texts have no table, and are not parsed twice.
    if !text.contains('|') || !text.contains("--") && !text.contains("|-") && !text.contains("-|") {
        return Vec::new();
    }
    let mut tables = Vec::new();
    let mut open: Option<(Range<usize>, Vec<Range<usize>>)> = None;
    for (event, range) in Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter() {
        match (event, &mut open) {
            (Event::Start(Tag::Table(_)), _) => open = Some((range, Vec::new())),
            (Event::Start(Tag::TableRow), Some((_, rows))) => rows.push(trimmed(text, range)),
            (Event::End(TagEnd::Table), _) => {
                if let Some((range, rows)) = open.take()
                    && let Some(first) = rows.first()
                {
                    let header = trimmed(text, range.start..first.start);
                    tables.push(Table { range: trimmed(text, range), header, rows });
                }
            }
            _ => {}
        }
    }
    tables
}

/// A range without the white space at its end.
pub(super) fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    range.start..range.start + text[range].trim_end().len()
}

/// Length in characters.
pub(super) fn chars(text: &str, range: Range<usize>) -> usize {
    text[range].chars().count()
}

impl Table {
    /// Cuts the table into pieces of at most `size` characters, header included. What stands before it from `lead` on, its
    /// heading for instance, goes into the first piece when it fits; whether it did is the second result.
    ///
    /// `split` cuts a row that is too long alone.
    pub fn pieces(
        &self,
        text: &str,
        size: usize,
        lead: Option<usize>,
        mut split: impl FnMut(Range<usize>, usize) -> Vec<Range<usize>>,
    ) -> (Vec<Piece>, bool) {
        // A header that leaves no room for rows helps nobody: such a table is cut without.
        let header_chars = chars(text, self.header.clone()) + 1;
        let (header, budget) =
            if header_chars * 4 <= size * 3 { (Some(self.header.clone()), size - header_chars) } else { (None, size) };
        let first_row = self.rows.first().map_or(self.range.end, |row| row.end);
        let takes_lead = lead.is_some_and(|lead| chars(text, lead..first_row) <= size);
        let start = lead.filter(|_| takes_lead).unwrap_or(self.range.start);
        let mut pieces = Vec::new();
        let mut rows = self.rows.as_slice();
        // The first piece has the header by itself.
        let fitting = rows.iter().take_while(|row| chars(text, start..row.end) <= size).count();
        if fitting > 0 {
            pieces.push(Piece { range: start..rows[fitting - 1].end, header: None });
        } else if header.is_none() {
            pieces.extend(split(self.header.clone(), size).into_iter().map(|range| Piece { range, header: None }));
        }
        rows = &rows[fitting..];
        while let Some(first) = rows.first() {
            let fitting = rows.iter().take_while(|row| chars(text, first.start..row.end) <= budget).count();
            if fitting > 0 {
                pieces.push(Piece { range: first.start..rows[fitting - 1].end, header: header.clone() });
                rows = &rows[fitting..];
            } else {
                let parts = split(first.clone(), budget);
                pieces.extend(parts.into_iter().map(|range| Piece { range, header: header.clone() }));
                rows = &rows[1..];
            }
        }
        (pieces, takes_lead)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_found_outside_code() {
        let text = "# T\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n| 3 | 4 |\n\n```\n| x | y |\n| - | - |\n| 1 | 2 |\n```\n\nk | v\n--|--\n5 | 6\n";
        let tables = find(text);
        let parts = |table: &Table| -> Vec<String> {
            std::iter::once(&table.header).chain(&table.rows).map(|range| text[range.clone()].to_owned()).collect()
        };
        assert_eq!(tables.len(), 2);
        assert_eq!(parts(&tables[0]), ["| a | b |\n| --- | --- |", "| 1 | 2 |", "| 3 | 4 |"]);
        assert_eq!(parts(&tables[1]), ["k | v\n--|--", "5 | 6"]);
        assert!(find("a | b\n\nno table -- at all").is_empty());
    }
}
