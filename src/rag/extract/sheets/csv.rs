//! CSV and TSV → one Markdown table, whose first row is its head.

use super::{Sheet, Workbook};
use crate::rag::extract::{ExtractError, Limits, Raw, blocks::Blocks, format::FormatReader, sandbox::Deadline, text};

/// How it is read.
pub(in crate::rag::extract) const READER: FormatReader =
    FormatReader { name: "csv", extensions: &["csv", "tsv", "tab"], structured: true, is_text: true, read: extract };

/// Separators of columns. Of those that divide as well, the first is taken: commas are also in texts and numbers, tabs are not.
const SEPARATORS: [u8; 4] = [b'\t', b';', b',', b'|'];

/// How many rows are looked at to find the separator.
const SAMPLE_ROWS: usize = 50;

/// The table of a text file.
fn extract(bytes: &[u8], limits: &Limits, deadline: Deadline) -> Result<Raw, ExtractError> {
    let (source, warning) = text::decode(bytes, None)?;
    let (separator, body) = separator(source.trim_start_matches('\u{FEFF}'));
    let mut reader = csv::ReaderBuilder::new();
    let mut reader = reader.delimiter(separator).has_headers(false).flexible(true).from_reader(body.as_bytes());
    let mut sheet = Sheet::new(limits);
    for (row, record) in reader.records().enumerate() {
        if row % 4096 == 0 {
            deadline.check()?;
        }
        let record = record.map_err(|error| ExtractError::Damaged { format: "CSV", detail: error.to_string() })?;
        for (column, field) in record.iter().enumerate() {
            let (Ok(row), Ok(column)) = (u32::try_from(row), u32::try_from(column)) else {
                continue;
            };
            if is_number(field) {
                sheet.value(row, column, field.to_owned())?;
            } else {
                sheet.text(row, column, field.to_owned())?;
            }
        }
    }
    let mut table = Workbook::new(Blocks::new(limits));
    table.add("", sheet, deadline)?;
    Ok(Raw { text: table.finish().0, title: None, warnings: warning.into_iter().collect(), ..Raw::default() })
}

fn is_number(field: &str) -> bool {
    let field = field.trim();
    field.contains(|c: char| c.is_ascii_digit()) && !field.contains(char::is_alphabetic)
}

/// The separator, and the text behind the line `sep=;` by which Excel is told.
///
/// It is the one that gives most rows the same number of columns, and more than one.
fn separator(text: &str) -> (u8, &str) {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    if let Some(&[separator]) = first.trim_end_matches('\r').strip_prefix("sep=").map(str::as_bytes) {
        return (separator, rest);
    }
    let agreement = |separator: u8| {
        let mut reader = csv::ReaderBuilder::new();
        let mut reader = reader.delimiter(separator).has_headers(false).flexible(true).from_reader(text.as_bytes());
        let widths: Vec<usize> =
            reader.records().take(SAMPLE_ROWS).map_while(Result::ok).map(|record| record.len()).collect();
        let wide = widths.iter().filter(|width| **width > 1);
        wide.map(|width| widths.iter().filter(|other| *other == width).count()).max().unwrap_or(0)
    };
    // Of equally good ones the last is taken.
    let best = SEPARATORS.into_iter().rev().max_by_key(|separator| agreement(*separator));
    let best = best.filter(|separator| agreement(*separator) > 0);
    (best.unwrap_or(b','), text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_separator_is_the_one_that_makes_columns() {
        for (text, expected) in [
            ("a,b\n1,2\n", b','),
            ("Name;Betrag\nHuber, Anna;1,50\nMaier;2,75\n", b';'),
            ("a\tb, c\n1\t2, 3\n", b'\t'),
            ("a|b\n1|2\n", b'|'),
            ("\"x;y\",z\n1,2\n", b','),
            ("words only\n", b','),
        ] {
            assert_eq!(separator(text).0, expected, "{text}");
        }
        assert_eq!(separator("sep=;\r\na;b\n"), (b';', "a;b\n"));
    }
}
