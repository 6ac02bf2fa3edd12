//! JSON → Markdown: keys become headings, lists and tables; of a file with a value a line (JSONL, NDJSON), each is a block.
//!
//! Numbers stay as they are written, keys in their order. What is no JSON but text is shown as it is.

mod parse;
#[cfg(test)]
mod tests;

use super::{ExtractError, Limits, Raw, blocks::Blocks, clean::squeeze, format::FormatReader, sandbox::Deadline, text};
use parse::{Parser, Value};

/// How it is read.
pub(super) const READER: FormatReader = FormatReader {
    name: "json",
    extensions: &["json", "jsonl", "ndjson", "geojson", "json5", "jsonc"],
    structured: true,
    is_text: true,
    read: extract,
};

/// Longest list of values that is written on one line.
const MAX_LINE_CHARS: usize = 300;

/// Most columns of a list of objects that is written as a table.
const MAX_COLUMNS: usize = 40;

/// Headings go no deeper; what is below is written with its path.
const MAX_LEVEL: usize = 5;

/// The text of a file.
fn extract(bytes: &[u8], limits: &Limits, deadline: Deadline) -> Result<Raw, ExtractError> {
    let (source, warning) = text::decode(bytes, None)?;
    let source = source.trim_start_matches('\u{FEFF}');
    let mut writer = Writer { blocks: Blocks::new(limits), deadline, max_chars: limits.max_text_chars };
    let mut title = None;
    match Parser::new(source, limits.max_text_chars, deadline).all()? {
        Some(values) => match values.as_slice() {
            [value] => {
                title = value.text_of(&["title", "name"]);
                writer.value("", value, 0)?;
            }
            values => values.iter().try_for_each(|value| writer.line(value))?,
        },
        None => writer.lines_or_code(source)?,
    }
    Ok(Raw { text: writer.blocks.finish().0, title, warnings: warning.into_iter().collect(), ..Raw::default() })
}

struct Writer {
    blocks: Blocks,
    deadline: Deadline,
    max_chars: usize,
}

impl Writer {
    /// A file that is not a row of values as a whole: some of its lines may be.
    fn lines_or_code(&mut self, source: &str) -> Result<(), ExtractError> {
        let lines = || source.lines().filter(|line| !line.trim().is_empty());
        let mut values = Vec::new();
        for line in lines() {
            self.deadline.check()?;
            values
                .push((line, Parser::new(line, self.max_chars, self.deadline).all()?.filter(|found| found.len() == 1)));
        }
        let broken = values.iter().filter(|(_, value)| value.is_none()).count();
        if broken * 2 > values.len() {
            return self.blocks.code(source);
        }
        values.iter().try_for_each(|(line, value)| match value.as_deref() {
            Some([value]) => self.line(value),
            _ => self.blocks.paragraph(line),
        })
    }

    /// A value of many, as a block of lines `key: value`.
    fn line(&mut self, value: &Value) -> Result<(), ExtractError> {
        self.deadline.check()?;
        let lines = self.flattened("", value)?;
        self.blocks.paragraph(&lines.join("\n"))
    }

    /// Lines `path.to[3].key: value` for all that is in a value.
    fn flattened(&self, path: &str, value: &Value) -> Result<Vec<String>, ExtractError> {
        // A character has at most four bytes.
        let mut lines = Lines { lines: Vec::new(), left: self.max_chars.saturating_mul(4) };
        match lines.collect(path, value) {
            Some(()) => Ok(lines.lines),
            None => Err(ExtractError::TooLarge { limit: self.max_chars as u64, unit: "characters of text" }),
        }
    }

    /// A value under its key; headings of this level are above it.
    fn value(&mut self, key: &str, value: &Value, level: usize) -> Result<(), ExtractError> {
        self.deadline.check()?;
        match value {
            Value::Scalar(text) => self.scalar(key, text),
            Value::Object(members) => {
                let (simple, nested): (Vec<_>, Vec<_>) = members.iter().partition(|(_, value)| value.is_simple());
                for (key, value) in simple {
                    self.simple(key, value)?;
                }
                nested.into_iter().try_for_each(|(key, value)| self.nested(key, value, level + 1))
            }
            Value::Array(items) => self.items(key, items, level),
        }
    }

    /// A value that has keys itself, under a heading.
    fn nested(&mut self, key: &str, value: &Value, level: usize) -> Result<(), ExtractError> {
        if level > MAX_LEVEL {
            let lines = self.flattened(key, value)?;
            return lines.iter().try_for_each(|line| self.blocks.list_item(0, "-", line));
        }
        self.blocks.heading(level, key)?;
        self.value(key, value, level)
    }

    fn simple(&mut self, key: &str, value: &Value) -> Result<(), ExtractError> {
        match value {
            Value::Scalar(text) => self.scalar(key, text),
            Value::Array(items) => {
                let joined = items.iter().filter_map(Value::scalar).map(squeeze).collect::<Vec<_>>().join(", ");
                if joined.chars().count() <= MAX_LINE_CHARS {
                    return self.blocks.list_item(0, "-", &format!("{key}: {joined}"));
                }
                self.blocks.list_item(0, "-", &format!("{key}:"))?;
                items.iter().filter_map(Value::scalar).try_for_each(|item| self.blocks.list_item(1, "-", item))
            }
            Value::Object(_) => self.blocks.list_item(0, "-", &format!("{key}: {{}}")),
        }
    }

    fn scalar(&mut self, key: &str, text: &str) -> Result<(), ExtractError> {
        let shown = if text.trim().is_empty() { "\"\"" } else { text };
        match (key, text.trim().contains('\n')) {
            ("", _) => self.blocks.paragraph(shown),
            (key, false) => self.blocks.list_item(0, "-", &format!("{key}: {shown}")),
            // Texts of several lines keep them.
            (key, true) => self.blocks.paragraph(&format!("{key}:\n{shown}")),
        }
    }

    /// The items of a list: rows of a table if they are alike and flat, else each under a heading.
    fn items(&mut self, key: &str, items: &[Value], level: usize) -> Result<(), ExtractError> {
        if items.iter().all(|item| item.scalar().is_some()) {
            return items.iter().filter_map(Value::scalar).try_for_each(|item| self.blocks.list_item(0, "-", item));
        }
        if let Some(columns) = columns(items) {
            let mut rows = self.blocks.table_rows(columns.len());
            rows.row(columns.iter().copied().enumerate())?;
            for item in items {
                self.deadline.check()?;
                let cells: Vec<String> =
                    columns.iter().map(|column| item.get(column).map(Value::on_one_line).unwrap_or_default()).collect();
                rows.row(cells.iter().map(String::as_str).enumerate())?;
            }
            return rows.finish();
        }
        for (index, item) in items.iter().enumerate() {
            let name = item.text_of(&["title", "name", "id", "key"]).filter(|name| name.chars().count() <= 80);
            let key = if key.is_empty() { "Item" } else { key };
            let heading = match name {
                Some(name) => format!("{key} {}: {name}", index + 1),
                None => format!("{key} {}", index + 1),
            };
            match item {
                Value::Scalar(text) => self.blocks.list_item(0, "-", text)?,
                item => self.nested(&heading, item, level + 1)?,
            }
        }
        Ok(())
    }
}

/// The keys of objects that can be rows of one table, in their order.
fn columns(items: &[Value]) -> Option<Vec<&str>> {
    let mut columns: Vec<&str> = Vec::new();
    for item in items {
        let Value::Object(members) = item else {
            return None;
        };
        for (key, value) in members {
            if !value.is_simple() || value.on_one_line().chars().count() > MAX_LINE_CHARS {
                return None;
            }
            if !columns.contains(&key.as_str()) {
                columns.push(key);
            }
        }
        if columns.len() > MAX_COLUMNS {
            return None;
        }
    }
    (items.len() > 1 && columns.len() > 1).then_some(columns)
}

/// The lines `path.to[3].key: value` of a value.
struct Lines {
    lines: Vec<String>,
    /// How many bytes there may still be: each line repeats its path.
    left: usize,
}

impl Lines {
    /// Collects the lines; `None` when they are too many.
    fn collect(&mut self, path: &str, value: &Value) -> Option<()> {
        match value {
            Value::Object(members) if !members.is_empty() => members.iter().try_for_each(|(key, value)| {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                self.collect(&path, value)
            }),
            Value::Array(items) if !value.is_simple() => {
                items.iter().enumerate().try_for_each(|(index, item)| self.collect(&format!("{path}[{index}]"), item))
            }
            value if path.is_empty() => self.push(value.on_one_line()),
            Value::Scalar(text) if text.trim().contains('\n') => self.push(format!("{path}:\n{text}")),
            value => self.push(format!("{path}: {}", value.on_one_line())),
        }
    }

    fn push(&mut self, line: String) -> Option<()> {
        self.left = self.left.checked_sub(line.len())?;
        self.lines.push(line);
        Some(())
    }
}
