//! The cells of a sheet, and how they are written as tables.

use std::collections::HashMap;

use super::{MAX_COLUMN, MAX_ROW};
use crate::rag::extract::{ExtractError, Limits, blocks::Blocks, sandbox::Deadline};

/// What a cell shows.
#[derive(Debug, Clone)]
struct Cell {
    column: u32,
    text: String,
    /// Words rather than a number, date or truth value.
    is_text: bool,
}

/// A range of cells that are one.
#[derive(Debug, Clone, Copy)]
struct Merge {
    rows: (u32, u32),
    columns: (u32, u32),
}

/// The filled cells of a sheet. Rows and columns count from 0.
pub(in crate::rag::extract) struct Sheet {
    rows: Vec<(u32, Vec<Cell>)>,
    merges: Vec<Merge>,
    notes: Vec<(String, String)>,
    text_boxes: Vec<String>,
    /// Formulas whose value is not in the file.
    pub without_value: usize,
    chars: usize,
    max_chars: usize,
}

impl Sheet {
    /// An empty sheet; `limits.max_text_chars` applies.
    pub fn new(limits: &Limits) -> Self {
        Self {
            rows: Vec::new(),
            merges: Vec::new(),
            notes: Vec::new(),
            text_boxes: Vec::new(),
            without_value: 0,
            chars: 0,
            max_chars: limits.max_text_chars,
        }
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.notes.is_empty() && self.text_boxes.is_empty()
    }

    /// Puts a text into a cell; a cell that shows nothing is none.
    pub fn text(&mut self, row: u32, column: u32, text: String) -> Result<(), ExtractError> {
        self.push(row, column, text, true)
    }

    /// Puts what a number, date or truth value shows into a cell.
    pub fn value(&mut self, row: u32, column: u32, text: String) -> Result<(), ExtractError> {
        self.push(row, column, text, false)
    }

    fn push(&mut self, row: u32, column: u32, text: String, is_text: bool) -> Result<(), ExtractError> {
        if text.trim().is_empty() {
            return Ok(());
        }
        // Every cell is written with at least three characters around it.
        self.chars += text.chars().count() + 3;
        if self.chars > self.max_chars {
            return Err(too_long(self.max_chars));
        }
        let cell = Cell { column, text, is_text };
        match self.rows.last_mut() {
            Some((last, cells)) if *last == row => cells.push(cell),
            _ => self.rows.push((row, vec![cell])),
        }
        Ok(())
    }

    /// Makes one cell of a range.
    pub fn merge(&mut self, rows: (u32, u32), columns: (u32, u32)) {
        if rows.0 <= rows.1 && columns.0 <= columns.1 {
            self.merges.push(Merge { rows, columns });
        }
    }

    /// A note that belongs to a cell, e.g. `B3`.
    pub fn note(&mut self, cell: String, text: String) {
        if !text.trim().is_empty() {
            self.notes.push((cell, text));
        }
    }

    /// A paragraph that is drawn over the cells.
    pub fn text_box(&mut self, text: String) {
        if !text.trim().is_empty() {
            self.text_boxes.push(text);
        }
    }

    /// Writes the tables and what stands over and under them.
    pub fn write(mut self, blocks: &mut Blocks, deadline: Deadline) -> Result<(), ExtractError> {
        self.settle(deadline)?;
        let mut from = 0;
        for at in 1..=self.rows.len() {
            if at == self.rows.len() || starts_table(&self.rows, from, at) {
                write_block(&self.rows[from..at], blocks, deadline)?;
                from = at;
            }
        }
        self.text_boxes.iter().try_for_each(|text| blocks.paragraph(text))?;
        self.notes.iter().try_for_each(|(cell, text)| blocks.paragraph(&format!("Note on {cell}: {text}")))
    }

    /// Puts rows and cells in order, and takes out what lies under merged cells.
    fn settle(&mut self, deadline: Deadline) -> Result<(), ExtractError> {
        self.rows.sort_by_key(|(row, _)| *row);
        self.rows.dedup_by(|later, first| {
            let same = later.0 == first.0;
            if same {
                first.1.append(&mut later.1);
            }
            same
        });
        self.merges.sort_by_key(|merge| merge.rows.0);
        let mut merges = self.merges.iter().peekable();
        let mut open: Vec<Merge> = Vec::new();
        for (row, cells) in &mut self.rows {
            deadline.check()?;
            while let Some(merge) = merges.next_if(|merge| merge.rows.0 <= *row) {
                open.push(*merge);
            }
            open.retain(|merge| merge.rows.1 >= *row);
            cells.retain(|cell| {
                !open.iter().any(|merge| {
                    let inside = (merge.columns.0..=merge.columns.1).contains(&cell.column);
                    inside && (merge.rows.0, merge.columns.0) != (*row, cell.column)
                })
            });
            cells.sort_by_key(|cell| cell.column);
            cells.dedup_by_key(|cell| cell.column);
        }
        self.rows.retain(|(_, cells)| !cells.is_empty());
        Ok(())
    }
}

/// Whether a new table starts at this row rather than another row of the one that started at `from`.
///
/// A blank row alone says little: people leave them between groups of rows. It ends a table when a title or a row of column
/// names follows.
fn starts_table(rows: &[(u32, Vec<Cell>)], from: usize, at: usize) -> bool {
    let (row, cells) = &rows[at];
    if *row == rows[at - 1].0 + 1 {
        return false;
    }
    let next = rows.get(at + 1).filter(|(next, _)| *next == row + 1);
    let Some((_, below)) = next else {
        return cells.len() == 1 && rows[from..at].iter().any(|(_, cells)| cells.len() > 1);
    };
    let all_text = cells.iter().all(|cell| cell.is_text);
    match cells.len() {
        1 => all_text && below.len() > 1 && below.iter().all(|cell| cell.is_text),
        _ => all_text && below.iter().any(|cell| !cell.is_text),
    }
}

/// Writes rows: those with one cell at the start are titles, the others are a table.
fn write_block(rows: &[(u32, Vec<Cell>)], blocks: &mut Blocks, deadline: Deadline) -> Result<(), ExtractError> {
    let titles = match rows.iter().position(|(_, cells)| cells.len() > 1) {
        Some(first) => first,
        None => rows.len(),
    };
    let (titles, table) = rows.split_at(titles);
    for (_, cells) in titles {
        cells.iter().try_for_each(|cell| blocks.paragraph(&cell.text))?;
    }
    if let [(_, only)] = table {
        return only.iter().try_for_each(|cell| blocks.paragraph(&cell.text));
    }
    // Only columns that are used are written, each cell at the place of its column.
    let mut used: Vec<u32> = table.iter().flat_map(|(_, cells)| cells).map(|cell| cell.column).collect();
    used.sort_unstable();
    used.dedup();
    let index: HashMap<u32, usize> = used.iter().enumerate().map(|(index, column)| (*column, index)).collect();
    let mut rows = blocks.table_rows(used.len());
    for (_, cells) in table {
        deadline.check()?;
        rows.row(cells.iter().map(|cell| (index.get(&cell.column).copied().unwrap_or(0), cell.text.as_str())))?;
    }
    rows.finish()
}

/// Row and column of a cell like `B3`, each from 0.
pub(in crate::rag::extract) fn place(cell: &str) -> Option<(u32, u32)> {
    let cell = cell.trim_start_matches('$');
    let letters = cell.find(|c: char| !c.is_ascii_alphabetic())?;
    let mut column = 0_u32;
    for letter in cell[..letters].bytes() {
        column = column.checked_mul(26)?.checked_add(u32::from(letter.to_ascii_uppercase() - b'A') + 1)?;
    }
    let row: u32 = cell[letters..].trim_start_matches('$').parse().ok()?;
    let found = (row.checked_sub(1)?, column.checked_sub(1)?);
    (found.0 < MAX_ROW && found.1 < MAX_COLUMN).then_some(found)
}

fn too_long(max_chars: usize) -> ExtractError {
    ExtractError::TooLarge { limit: max_chars as u64, unit: "characters of text" }
}
