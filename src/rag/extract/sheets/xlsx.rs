//! XLSX → Markdown.

use super::{Sheet, Styles, Workbook, place};
use crate::rag::extract::{
    ExtractError, Limits, Raw,
    blocks::Blocks,
    format::FormatReader,
    package::{Package, Relation},
    sandbox::{self, Deadline},
    xml::{self, Node, attribute, is_on, walk_bounded},
};

const FORMAT: &str = "XLSX";

/// How it is read.
pub(in crate::rag::extract) const READER: FormatReader = FormatReader {
    name: "xlsx",
    extensions: &["xlsx", "xlsm", "xltx", "xltm"],
    structured: true,
    is_text: false,
    read: |bytes, limits, deadline| sandbox::catch(FORMAT, || extract(bytes, limits, deadline)),
};

/// The strings that cells refer to, one behind the other.
#[derive(Default)]
struct Strings {
    text: String,
    ends: Vec<usize>,
}

impl Strings {
    fn get(&self, index: usize) -> Option<&str> {
        let end = *self.ends.get(index)?;
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        self.text.get(start..end)
    }
}

/// A sheet as the workbook lists it.
struct Entry {
    name: String,
    id: String,
    hidden: bool,
}

/// The text of a workbook.
fn extract(bytes: &[u8], limits: &Limits, deadline: Deadline) -> Result<Raw, ExtractError> {
    let mut package = Package::open(FORMAT, bytes, limits)?;
    let main = package.main_part()?.unwrap_or_else(|| "xl/workbook.xml".to_owned());
    let workbook = package.needed(&main)?;
    let relations = package.relations(&main)?;
    let of_kind = |kind: &str| relations.values().find(|relation| relation.kind == kind).cloned();
    let strings = match of_kind("sharedStrings") {
        Some(relation) => strings(&package.part(&relation.part)?.unwrap_or_default(), deadline)?,
        None => Strings::default(),
    };
    let mut cell_styles = match of_kind("styles") {
        Some(relation) => styles(&package.part(&relation.part)?.unwrap_or_default(), deadline)?,
        None => Styles::default(),
    };
    let (entries, is_1904) = entries(&workbook)?;
    cell_styles.is_1904 = is_1904;
    let mut text = Workbook::new(Blocks::new(limits));
    for entry in entries {
        let Some(Relation { kind, part }) = relations.get(&entry.id) else {
            continue;
        };
        if kind != "worksheet" {
            continue;
        }
        if entry.hidden {
            text.skip_hidden();
            continue;
        }
        let xml = package.needed(part)?;
        let mut sheet = read_sheet(&xml, &strings, &mut cell_styles, limits, deadline)?;
        drop(xml);
        let mut beside: Vec<Relation> = package.relations(part)?.into_values().collect();
        beside.sort_by(|a, b| a.part.cmp(&b.part));
        for Relation { kind, part } in beside {
            match kind.as_str() {
                "comments" => notes(&package.part(&part)?.unwrap_or_default(), &mut sheet, deadline)?,
                "drawing" => text_boxes(&package.part(&part)?.unwrap_or_default(), &mut sheet, deadline)?,
                _ => {}
            }
        }
        text.add(&entry.name, sheet, deadline)?;
    }
    let (title, metadata) = (package.core_title()?, package.core_properties()?);
    let (text, mut warnings) = text.finish();
    warnings.append(&mut package.warnings);
    Ok(Raw { text, title, warnings, metadata, ..Raw::default() })
}

/// The sheets in their order, and whether days count from 1904.
fn entries(workbook: &str) -> Result<(Vec<Entry>, bool), ExtractError> {
    let (mut entries, mut is_1904) = (Vec::new(), false);
    xml::walk(FORMAT, workbook, |node| {
        match node {
            Node::Open("sheet", element) => entries.push(Entry {
                name: attribute(element, "name").unwrap_or_default(),
                id: attribute(element, "id").unwrap_or_default(),
                hidden: attribute(element, "state").is_some_and(|state| state != "visible"),
            }),
            Node::Open("workbookPr", element) => {
                is_1904 = attribute(element, "date1904").is_some_and(|value| is_on(Some(&value)));
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok((entries, is_1904))
}

/// The strings, without the readings that stand above Japanese words.
fn strings(xml: &str, deadline: Deadline) -> Result<Strings, ExtractError> {
    let mut strings = Strings::default();
    let (mut in_text, mut reading) = (false, 0_usize);
    walk_bounded(FORMAT, xml, deadline, |node| {
        match node {
            Node::Open("t", _) => in_text = reading == 0,
            Node::Close("t") => in_text = false,
            Node::Open("rPh", _) => reading += 1,
            Node::Close("rPh") => reading = reading.saturating_sub(1),
            Node::Close("si") => strings.ends.push(strings.text.len()),
            Node::Text(text) if in_text => strings.text.push_str(text),
            _ => {}
        }
        Ok(())
    })?;
    Ok(strings)
}

fn styles(xml: &str, deadline: Deadline) -> Result<Styles, ExtractError> {
    let mut styles = Styles::default();
    let mut in_cells = false;
    walk_bounded(FORMAT, xml, deadline, |node| {
        match node {
            Node::Open("numFmt", element) => {
                let id = attribute(element, "numFmtId").and_then(|id| id.parse().ok());
                if let (Some(id), Some(code)) = (id, attribute(element, "formatCode")) {
                    styles.codes.insert(id, code);
                }
            }
            Node::Open("cellXfs", _) => in_cells = true,
            Node::Close("cellXfs") => in_cells = false,
            Node::Open("xf", element) if in_cells => {
                let id = attribute(element, "numFmtId").and_then(|id| id.parse().ok());
                styles.cells.push(id.unwrap_or(0));
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(styles)
}

/// A cell that is being read.
#[derive(Default)]
struct Open {
    row: u32,
    column: u32,
    kind: String,
    style: usize,
    value: String,
    has_value: bool,
    has_formula: bool,
}

fn read_sheet(
    xml: &str,
    strings: &Strings,
    styles: &mut Styles,
    limits: &Limits,
    deadline: Deadline,
) -> Result<Sheet, ExtractError> {
    let mut sheet = Sheet::new(limits);
    let (mut row, mut next_row, mut next_column) = (0, 0, 0);
    let mut open: Option<Open> = None;
    let (mut in_value, mut reading) = (false, 0_usize);
    walk_bounded(FORMAT, xml, deadline, |node| {
        match node {
            Node::Open("row", element) => {
                let given = attribute(element, "r").and_then(|row| row.parse::<u32>().ok()?.checked_sub(1));
                row = given.unwrap_or(next_row);
                next_row = row.saturating_add(1);
                next_column = 0;
            }
            Node::Open("c", element) => {
                let given = attribute(element, "r").and_then(|cell| place(&cell));
                let (row, column) = given.unwrap_or((row, next_column));
                next_column = column.saturating_add(1);
                let style = attribute(element, "s").and_then(|style| style.parse().ok()).unwrap_or(0);
                let kind = attribute(element, "t").unwrap_or_default();
                open = Some(Open { row, column, kind, style, ..Open::default() });
            }
            Node::Open("f", _) => {
                if let Some(cell) = &mut open {
                    cell.has_formula = true;
                }
            }
            Node::Open("v" | "t", _) => in_value = reading == 0,
            Node::Close(name @ ("v" | "t")) => {
                if let Some(cell) = &mut open {
                    cell.has_value |= name == "v" || !cell.value.is_empty();
                }
                in_value = false;
            }
            Node::Open("rPh", _) => reading += 1,
            Node::Close("rPh") => reading = reading.saturating_sub(1),
            Node::Text(text) if in_value => {
                if let Some(cell) = &mut open {
                    cell.value.push_str(text);
                }
            }
            Node::Close("c") => {
                if let Some(cell) = open.take() {
                    put(&mut sheet, cell, strings, styles)?;
                }
            }
            Node::Open("mergeCell", element) => {
                if let Some((rows, columns)) = attribute(element, "ref").and_then(|range| area(&range)) {
                    sheet.merge(rows, columns);
                }
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(sheet)
}

fn put(sheet: &mut Sheet, cell: Open, strings: &Strings, styles: &mut Styles) -> Result<(), ExtractError> {
    let Open { row, column, kind, style, value, has_value, has_formula } = cell;
    if has_formula && !has_value {
        sheet.without_value += 1;
        return Ok(());
    }
    match kind.as_str() {
        "s" => {
            let string = value.trim().parse().ok().and_then(|index| strings.get(index));
            sheet.text(row, column, unescaped(string.unwrap_or_default()))
        }
        "inlineStr" | "str" => sheet.text(row, column, unescaped(&value)),
        "b" => sheet.value(row, column, super::truth(value.trim() == "1").to_owned()),
        "e" | "d" => sheet.value(row, column, value),
        _ => {
            let shown = match value.trim().parse() {
                Ok(number) => styles.show(style, number),
                Err(_) => value,
            };
            sheet.value(row, column, shown)
        }
    }
}

/// Characters that XML does not allow are written as `_x000D_`; an underscore before such a row of characters as `_x005F_`.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("_x") {
        let escape = rest.get(at + 2..at + 7).filter(|escape| escape.ends_with('_'));
        let c = escape.and_then(|escape| char::from_u32(u32::from_str_radix(&escape[..4], 16).ok()?));
        out.push_str(&rest[..at]);
        match c {
            Some(c) => out.push(c),
            None => out.push_str("_x"),
        }
        rest = &rest[at + if c.is_some() { 7 } else { 2 }..];
    }
    out + rest
}

/// First and last row, first and last column of `B2:C5`.
fn area(range: &str) -> Option<((u32, u32), (u32, u32))> {
    let (first, last) = range.split_once(':')?;
    let (first, last) = (place(first)?, place(last)?);
    Some(((first.0, last.0), (first.1, last.1)))
}

/// The text that is drawn over a sheet.
fn text_boxes(xml: &str, sheet: &mut Sheet, deadline: Deadline) -> Result<(), ExtractError> {
    let mut paragraph = String::new();
    let mut in_text = false;
    walk_bounded(FORMAT, xml, deadline, |node| {
        match node {
            Node::Open("t", _) => in_text = true,
            Node::Close("t") => in_text = false,
            Node::Text(text) if in_text => paragraph.push_str(text),
            Node::Close("p") => sheet.text_box(std::mem::take(&mut paragraph)),
            _ => {}
        }
        Ok(())
    })
}

/// The notes of a sheet's cells.
fn notes(xml: &str, sheet: &mut Sheet, deadline: Deadline) -> Result<(), ExtractError> {
    let mut open: Option<(String, String)> = None;
    let mut in_text = false;
    walk_bounded(FORMAT, xml, deadline, |node| {
        match node {
            Node::Open("comment", element) => {
                open = Some((attribute(element, "ref").unwrap_or_default(), String::new()));
            }
            Node::Open("t", _) => in_text = true,
            Node::Close("t") => in_text = false,
            Node::Text(text) if in_text => {
                if let Some((_, note)) = &mut open {
                    note.push_str(text);
                }
            }
            Node::Close("comment") => {
                if let Some((cell, text)) = open.take() {
                    sheet.note(cell, text);
                }
            }
            _ => {}
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaped_characters_are_read() {
        assert_eq!(unescaped("a_x000D_\nb _x005F_x000D_ _xyz_ _x00"), "a\r\nb _x000D_ _xyz_ _x00");
    }
}
