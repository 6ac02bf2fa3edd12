//! XLSB → Markdown: the binary form of XLSX. Parts are rows of records: a number for the kind, a length, what it says.

use super::{Sheet, Styles, Workbook, compressed_number, error_text, records::Record, truth};
use crate::rag::extract::{
    ExtractError, Limits, Raw,
    blocks::Blocks,
    format::FormatReader,
    package::Package,
    sandbox::{self, Deadline},
};

const FORMAT: &str = "XLSB";

/// How it is read.
pub(in crate::rag::extract) const READER: FormatReader = FormatReader {
    name: "xlsb",
    extensions: &["xlsb"],
    structured: true,
    is_text: false,
    read: |bytes, limits, deadline| sandbox::catch(FORMAT, || extract(bytes, limits, deadline)),
};

// Kinds of records ([MS-XLSB] 2.3).
const ROW: u16 = 0;
const CELL_BLANK: u16 = 1;
const FORMULA_ERROR: u16 = 11;
const STRING: u16 = 0x13;
const NUMBER_FORMAT: u16 = 0x2C;
const STYLE: u16 = 0x2F;
const WORKBOOK: u16 = 0x99;
const SHEET: u16 = 0x9C;
const MERGE: u16 = 0xB0;
const CELL_STYLES: u16 = 0x269;
const CELL_STYLES_END: u16 = 0x26A;

/// The text of a workbook.
fn extract(bytes: &[u8], limits: &Limits, deadline: Deadline) -> Result<Raw, ExtractError> {
    let mut package = Package::open(FORMAT, bytes, limits)?;
    let main = package.main_part()?.unwrap_or_else(|| "xl/workbook.bin".to_owned());
    let Some(workbook) = package.bytes(&main)? else {
        return Err(damaged(&format!("the archive has no part {main}")));
    };
    let relations = package.relations(&main)?;
    let of_kind = |kind: &str| relations.values().find(|relation| relation.kind == kind).map(|found| &found.part);
    let mut strings = Vec::new();
    if let Some(part) = of_kind("sharedStrings") {
        each(&package.bytes(part)?.unwrap_or_default(), deadline, |kind, mut record| {
            if kind == STRING {
                strings.push(record.u8().and_then(|_| record.long_text()).unwrap_or_default());
            }
            Ok(())
        })?;
    }
    let mut styles = match of_kind("styles") {
        Some(part) => read_styles(&package.bytes(part)?.unwrap_or_default(), deadline)?,
        None => Styles::default(),
    };
    let mut entries = Vec::new();
    each(&workbook, deadline, |kind, mut record| {
        match kind {
            WORKBOOK => styles.is_1904 = record.u32().is_some_and(|flags| flags & 1 != 0),
            SHEET => entries.extend(entry(&mut record)),
            _ => {}
        }
        Ok(())
    })?;
    let mut text = Workbook::new(Blocks::new(limits));
    for (hidden, id, name) in entries {
        let Some(relation) = relations.get(&id).filter(|relation| relation.kind == "worksheet") else {
            continue;
        };
        if hidden {
            text.skip_hidden();
            continue;
        }
        let bytes = package.bytes(&relation.part)?.unwrap_or_default();
        text.add(&name, read_sheet(&bytes, &strings, &mut styles, limits, deadline)?, deadline)?;
    }
    let title = package.core_title()?;
    let (text, mut warnings) = text.finish();
    warnings.append(&mut package.warnings);
    Ok(Raw { text, title, warnings, ..Raw::default() })
}

/// Whether a sheet is hidden, the id of its part, its name.
fn entry(record: &mut Record<'_>) -> Option<(bool, String, String)> {
    let state = record.u32()?;
    record.u32()?;
    Some((state != 0, record.long_text()?, record.long_text()?))
}

fn read_styles(bytes: &[u8], deadline: Deadline) -> Result<Styles, ExtractError> {
    let mut styles = Styles::default();
    let mut in_cells = false;
    each(bytes, deadline, |kind, mut record| {
        match kind {
            NUMBER_FORMAT => {
                if let (Some(id), Some(code)) = (record.u16(), record.long_text()) {
                    styles.codes.insert(id.into(), code);
                }
            }
            CELL_STYLES => in_cells = true,
            CELL_STYLES_END => in_cells = false,
            STYLE if in_cells => {
                record.u16();
                styles.cells.push(record.u16().unwrap_or(0).into());
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(styles)
}

fn read_sheet(
    bytes: &[u8],
    strings: &[String],
    styles: &mut Styles,
    limits: &Limits,
    deadline: Deadline,
) -> Result<Sheet, ExtractError> {
    let mut sheet = Sheet::new(limits);
    let mut row = 0;
    each(bytes, deadline, |kind, mut record| {
        match kind {
            ROW => row = record.u32().unwrap_or(u32::MAX),
            CELL_BLANK..=FORMULA_ERROR => put(&mut sheet, row, kind, record, strings, styles)?,
            MERGE => {
                if let (Some(first), Some(last), Some(left), Some(right)) =
                    (record.u32(), record.u32(), record.u32(), record.u32())
                {
                    sheet.merge((first, last), (left, right));
                }
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(sheet)
}

fn put(
    sheet: &mut Sheet,
    row: u32,
    kind: u16,
    mut record: Record<'_>,
    strings: &[String],
    styles: &mut Styles,
) -> Result<(), ExtractError> {
    let (Some(column), Some(style)) = (record.u32(), record.u32()) else {
        return Ok(());
    };
    let style = (style & 0xFF_FFFF) as usize;
    match kind {
        2 => match record.u32() {
            Some(bits) => sheet.value(row, column, styles.show(style, compressed_number(bits))),
            None => Ok(()),
        },
        3 | FORMULA_ERROR => sheet.value(row, column, record.u8().map_or("", error_text).to_owned()),
        4 | 10 => sheet.value(row, column, record.u8().map_or("", |value| truth(value != 0)).to_owned()),
        5 | 9 => match record.f64() {
            Some(value) => sheet.value(row, column, styles.show(style, value)),
            None => Ok(()),
        },
        6 | 8 => sheet.text(row, column, record.long_text().unwrap_or_default()),
        7 => {
            let string = record.u32().and_then(|index| strings.get(index as usize));
            sheet.text(row, column, string.cloned().unwrap_or_default())
        }
        _ => Ok(()),
    }
}

/// Visits all records of a part.
fn each(
    bytes: &[u8],
    deadline: Deadline,
    mut visit: impl FnMut(u16, Record<'_>) -> Result<(), ExtractError>,
) -> Result<(), ExtractError> {
    let mut rest = Record::new(bytes);
    let mut step = 0_usize;
    while rest.len() > 0 {
        step += 1;
        if step.is_multiple_of(4096) {
            deadline.check()?;
        }
        let record = head(&mut rest).and_then(|(kind, length)| Some((kind, rest.bytes(length)?)));
        let Some((kind, content)) = record else {
            return Err(damaged("one of its parts ends in the middle"));
        };
        visit(kind, Record::new(content))?;
    }
    Ok(())
}

/// Kind and length of a record; each byte holds seven bits, and says whether another follows.
fn head(rest: &mut Record<'_>) -> Option<(u16, usize)> {
    let first = rest.u8()?;
    let mut kind = u16::from(first & 0x7F);
    if first & 0x80 != 0 {
        kind |= u16::from(rest.u8()? & 0x7F) << 7;
    }
    let mut length = 0_usize;
    for shift in [0, 7, 14, 21] {
        let byte = rest.u8()?;
        length |= usize::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            break;
        }
    }
    Some((kind, length))
}

fn damaged(detail: &str) -> ExtractError {
    ExtractError::Damaged { format: FORMAT, detail: detail.to_owned() }
}
