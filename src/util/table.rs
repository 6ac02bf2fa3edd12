//! Text files and tables as spreadsheets and editors save them: with a mark in front, in the encoding of Western Windows, with
//! semicolons or tabs between the columns.

use encoding_rs::{Encoding, WINDOWS_1252};

/// Separators of columns, the usual one first.
const SEPARATORS: [u8; 3] = [b',', b';', b'\t'];

/// The text of a file: UTF-8, or UTF-16 with its mark; what is neither is Windows-1252.
pub fn decode(bytes: &[u8]) -> String {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return encoding.decode_without_bom_handling(&bytes[mark..]).0.into_owned();
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned(),
    }
}

/// A table with a header, in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Table<'t> {
    /// Header and rows.
    pub text: &'t str,
    /// What separates columns.
    pub separator: u8,
    /// Lines of the file before the header.
    pub lines_before: u64,
}

impl<'t> Table<'t> {
    /// Finds the separator: the one that gives most columns whose names are known; else a comma. The line `sep=;`, by which Excel
    /// is told, is passed over.
    pub fn of(text: &'t str, is_known: impl Fn(&str) -> bool) -> Self {
        let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
        if let Some(&[separator]) = first.trim_end_matches('\r').strip_prefix("sep=").map(str::as_bytes) {
            return Self { text: rest, separator, lines_before: 1 };
        }
        let known = |separator: u8| {
            let mut reader =
                csv::ReaderBuilder::new().delimiter(separator).trim(csv::Trim::All).from_reader(text.as_bytes());
            reader.headers().map_or(0, |header| header.iter().filter(|name| is_known(&name.to_lowercase())).count())
        };
        // Of equally good ones the last is taken: the usual one.
        let separator = SEPARATORS.into_iter().rev().max_by_key(|separator| known(*separator)).unwrap_or(b',');
        Self { text, separator, lines_before: 0 }
    }

    /// A reader of its rows, without blanks around the fields.
    pub fn reader(self) -> csv::ReaderBuilder {
        let mut builder = csv::ReaderBuilder::new();
        builder.delimiter(self.separator).trim(csv::Trim::All);
        builder
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_encoding_that_editors_save_is_read() {
        let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
        for bytes in ["Größe".as_bytes(), "\u{feff}Größe".as_bytes(), &utf16("\u{feff}Größe"), b"Gr\xf6\xdfe"] {
            assert_eq!(decode(bytes), "Größe");
        }
        assert_eq!(decode(b"5 \x80"), "5 €");
    }

    #[test]
    fn the_separator_is_the_one_that_makes_known_columns() {
        let separator = |text| Table::of(text, |name| ["question", "intent"].contains(&name)).separator;
        assert_eq!(separator("Question;Intent\nHow, long?;x"), b';');
        assert_eq!(separator("id\tquestion\n1\tx"), b'\t');
        assert_eq!(separator("question,intent;x\n"), b',');
        assert_eq!(separator("question\nOne; two"), b',');
        assert_eq!(separator(""), b',');
        let told = Table::of("sep=;\r\nquestion;x\n", |_| true);
        assert_eq!(told, Table { text: "question;x\n", separator: b';', lines_before: 1 });
    }
}
