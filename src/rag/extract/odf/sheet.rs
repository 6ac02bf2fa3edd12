//! The cells of a spreadsheet: where they are, and what they show.

use quick_xml::events::BytesStart;

use crate::rag::extract::{
    ExtractError, Limits,
    sheets::{MAX_COLUMN, MAX_ROW, Sheet},
    xml::attribute,
};

/// A cell that is being read.
#[derive(Default)]
struct Cell {
    text: String,
    repeated: u32,
    covered: bool,
    /// The value by which it is a number, date or truth value.
    is_value: bool,
    has_formula: bool,
}

/// A sheet that is being read.
pub(super) struct OpenSheet {
    pub name: String,
    pub cells: Sheet,
    row: u32,
    column: u32,
    rows_repeated: u32,
    /// The filled cells of the row: column, text, whether it is a value.
    filled: Vec<(u32, String, bool)>,
    cell: Option<Cell>,
}

impl OpenSheet {
    pub fn new(name: String, limits: &Limits) -> Self {
        Self { name, cells: Sheet::new(limits), row: 0, column: 0, rows_repeated: 1, filled: Vec::new(), cell: None }
    }

    pub fn open_row(&mut self, element: &BytesStart<'_>) {
        self.column = 0;
        self.rows_repeated = count(element, "number-rows-repeated");
    }

    pub fn close_row(&mut self) -> Result<(), ExtractError> {
        let filled = std::mem::take(&mut self.filled);
        let end = self.row.saturating_add(self.rows_repeated);
        if !filled.is_empty() {
            for row in self.row..end.min(MAX_ROW) {
                for (column, text, is_value) in &filled {
                    if *is_value {
                        self.cells.value(row, *column, text.clone())?;
                    } else {
                        self.cells.text(row, *column, text.clone())?;
                    }
                }
            }
        }
        self.row = end;
        Ok(())
    }

    pub fn open_cell(&mut self, element: &BytesStart<'_>, covered: bool) {
        let kind = attribute(element, "value-type");
        self.cell = Some(Cell {
            text: String::new(),
            repeated: count(element, "number-columns-repeated"),
            covered,
            is_value: kind.is_some_and(|kind| kind != "string"),
            has_formula: attribute(element, "formula").is_some(),
        });
    }

    pub fn close_cell(&mut self) {
        let Some(cell) = self.cell.take() else {
            return;
        };
        let end = self.column.saturating_add(cell.repeated);
        if cell.covered {
            // A value under a merged cell is not seen.
        } else if !cell.text.trim().is_empty() {
            for column in self.column..end.min(MAX_COLUMN) {
                self.filled.push((column, cell.text.clone(), cell.is_value));
            }
        } else if cell.has_formula {
            self.cells.without_value += 1;
        }
        self.column = end;
    }

    /// A paragraph of the cell that is open.
    pub fn paragraph(&mut self, text: &str) {
        if let Some(cell) = &mut self.cell {
            if !cell.text.is_empty() {
                cell.text.push('\n');
            }
            cell.text.push_str(text);
        }
    }

    /// A note on the cell that is open.
    pub fn note(&mut self, text: String) {
        self.cells.note(format!("{}{}", letters(self.column), self.row + 1), text);
    }
}

fn count(element: &BytesStart<'_>, name: &str) -> u32 {
    attribute(element, name).and_then(|count| count.parse().ok()).unwrap_or(1)
}

/// The name of a column: A, B, … Z, AA …
fn letters(column: u32) -> String {
    let (mut rest, mut letters) = (column, String::new());
    loop {
        letters.insert(0, char::from(b'A' + (rest % 26) as u8));
        rest /= 26;
        if rest == 0 {
            return letters;
        }
        rest -= 1;
    }
}
