//! Spreadsheets → Markdown: a heading a sheet, tables whose first row is their head.
//!
//! Cells say what the sheet shows: numbers and dates in their formats, formulas as the values that were stored with them, a
//! merged cell once. Sheets that are hidden are left out and reported; rows and columns that are hidden stay, since a filter
//! hides them.
//!
//! Packages, XML and compound files are read by libraries; what they hold is taken apart here. What a file says about its size must
//! not decide how much memory is asked for, and formats of numbers are needed ("15 %", not "0.15"). Measured with `calamine` 0.38 in
//! its place: XLS and XLSB lose the formats of numbers, XLSB its merged cells and the errors of formulas, and one error code that
//! is not known refuses the whole file.

pub(super) mod csv;
mod number_format;
mod records;
mod table;
#[cfg(test)]
mod tests;
pub(super) mod xls;
pub(super) mod xlsb;
pub(super) mod xlsx;

use std::collections::HashMap;

pub(super) use table::Sheet;
use table::place;

use self::number_format::NumberFormat;
use super::{ExtractError, Warning, blocks::Blocks, sandbox::Deadline};

/// Rows and columns that spreadsheets have at most.
pub(super) const MAX_ROW: u32 = 1 << 20;
pub(super) const MAX_COLUMN: u32 = 1 << 14;

/// The formats of a workbook's cells.
#[derive(Default)]
struct Styles {
    /// Codes that the file defines, by their ids.
    codes: HashMap<u32, String>,
    /// The id of each cell style's number format.
    cells: Vec<u32>,
    is_1904: bool,
    known: HashMap<u32, NumberFormat>,
}

impl Styles {
    /// What a number in a cell of this style shows.
    fn show(&mut self, style: usize, value: f64) -> String {
        let id = self.cells.get(style).copied().unwrap_or(0);
        let format = self.known.entry(id).or_insert_with(|| match self.codes.get(&id) {
            Some(code) => NumberFormat::new(code),
            None => NumberFormat::built_in(id),
        });
        format.show(value, self.is_1904)
    }
}

/// Collects sheets into a text.
pub(super) struct Workbook {
    blocks: Blocks,
    hidden: usize,
    without_value: usize,
}

impl Workbook {
    pub fn new(blocks: Blocks) -> Self {
        Self { blocks, hidden: 0, without_value: 0 }
    }

    /// Counts a sheet that is left out.
    pub fn skip_hidden(&mut self) {
        self.hidden += 1;
    }

    /// Writes a sheet under its name; one without cells leaves no trace.
    pub fn add(&mut self, name: &str, sheet: Sheet, deadline: Deadline) -> Result<(), ExtractError> {
        self.without_value += sheet.without_value;
        if sheet.is_empty() {
            return Ok(());
        }
        self.blocks.heading(1, name)?;
        sheet.write(&mut self.blocks, deadline)
    }

    /// What was written so far, for more.
    pub fn into_blocks(self) -> Blocks {
        self.blocks
    }

    /// The text, and what was left out.
    pub fn finish(self) -> (String, Vec<Warning>) {
        let mut warnings = Vec::new();
        if self.hidden > 0 {
            warnings.push(Warning::HiddenLeftOut { count: self.hidden, what: "sheets" });
        }
        if self.without_value > 0 {
            warnings.push(Warning::FormulasWithoutValue { count: self.without_value });
        }
        (self.blocks.finish().0, warnings)
    }
}

/// What a number in the format of this code shows.
pub(super) fn show_number(code: &str, value: f64) -> String {
    NumberFormat::new(code).show(value, false)
}

/// What an error of a formula shows, by its number in binary files.
fn error_text(code: u8) -> &'static str {
    match code {
        0x00 => "#NULL!",
        0x07 => "#DIV/0!",
        0x0F => "#VALUE!",
        0x17 => "#REF!",
        0x1D => "#NAME?",
        0x24 => "#NUM!",
        0x2B => "#GETTING_DATA",
        _ => "#N/A",
    }
}

fn truth(value: bool) -> &'static str {
    if value { "TRUE" } else { "FALSE" }
}

/// The number in the 30 bits of binary files.
fn compressed_number(bits: u32) -> f64 {
    let value = if bits & 2 == 0 { f64::from_bits(u64::from(bits & !3) << 32) } else { f64::from((bits as i32) >> 2) };
    if bits & 1 == 0 { value } else { value / 100.0 }
}
