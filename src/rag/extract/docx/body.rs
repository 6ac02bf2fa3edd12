//! The body: paragraphs, headings, lists and tables in reading order, as they read with all changes accepted.

use super::{
    damaged,
    numbering::{Numbering, Styles},
    parts::{Node, attribute, outline_level, walk},
};
use crate::rag::extract::{ExtractError, blocks::Blocks, clean::squeeze, sandbox::Deadline};

/// Elements whose content is not part of the text: deleted and moved-away text, field codes, former properties, the
/// fallback copy of what newer versions draw otherwise.
const SKIPPED: &[&str] =
    &["del", "moveFrom", "instrText", "delText", "delInstrText", "pPrChange", "rPrChange", "tblPrChange", "Fallback"];

/// Deepest nesting of elements. Word writes a few dozen levels for tables in tables.
const MAX_DEPTH: usize = 2_000;

/// A paragraph that is being read.
#[derive(Default)]
struct Paragraph {
    style: Option<String>,
    outline: Option<usize>,
    list: Option<String>,
    level: usize,
    text: String,
}

/// The reader of the body and the notes.
pub(super) struct Body {
    blocks: Blocks,
    styles: Styles,
    numbering: Numbering,
    /// Open paragraphs: a text box is a paragraph inside another.
    open: Vec<Paragraph>,
    in_text: bool,
    in_run: usize,
    tables: usize,
    /// Rows of the outermost open table; the text of nested ones flows into its cells.
    rows: Vec<Vec<String>>,
}

impl Body {
    /// A reader that writes into these blocks.
    pub fn new(blocks: Blocks, styles: Styles, numbering: Numbering) -> Self {
        Self { blocks, styles, numbering, open: Vec::new(), in_text: false, in_run: 0, tables: 0, rows: Vec::new() }
    }

    /// Reads one part.
    pub fn read(&mut self, xml: &str, deadline: Deadline) -> Result<(), ExtractError> {
        let mut depth = 0_usize;
        let mut skip_from = None;
        let mut step = 0_usize;
        walk(xml, |node| {
            step += 1;
            if step.is_multiple_of(4096) {
                deadline.check()?;
            }
            match node {
                Node::Open(name, element) => {
                    depth += 1;
                    if depth > MAX_DEPTH {
                        return Err(damaged(format!("its elements are nested more than {MAX_DEPTH} deep")));
                    }
                    if skip_from.is_none() {
                        let separator = matches!(name, "footnote" | "endnote") && attribute(element, "type").is_some();
                        if SKIPPED.contains(&name) || separator {
                            skip_from = Some(depth);
                        } else {
                            self.element(name, |key| attribute(element, key))?;
                        }
                    }
                }
                Node::Close(name) => {
                    match skip_from {
                        None => self.close(name)?,
                        Some(from) if from == depth => skip_from = None,
                        Some(_) => {}
                    }
                    depth = depth.saturating_sub(1);
                }
                Node::Text(text) if self.in_text && skip_from.is_none() => self.push(text),
                Node::Text(_) => {}
            }
            Ok(())
        })?;
        if depth == 0 { Ok(()) } else { Err(damaged("its XML ends in the middle".to_owned())) }
    }

    /// The text, and the first heading.
    pub fn finish(self) -> (String, Option<String>) {
        self.blocks.finish()
    }

    fn element(&mut self, name: &str, attribute: impl Fn(&str) -> Option<String>) -> Result<(), ExtractError> {
        match name {
            "p" => self.open.push(Paragraph::default()),
            "r" => self.in_run += 1,
            "t" => self.in_text = true,
            // In a paragraph's properties, `tab` defines a stop rather than being one.
            "tab" if self.in_run > 0 => self.push("\t"),
            "br" | "cr" => self.push("\n"),
            "noBreakHyphen" => self.push("-"),
            "tbl" => self.tables += 1,
            "tr" if self.tables == 1 => self.rows.push(Vec::new()),
            "tc" if self.tables == 1 => {
                if let Some(row) = self.rows.last_mut() {
                    row.push(String::new());
                }
            }
            "pStyle" | "outlineLvl" | "numId" | "ilvl" => {
                if let (Some(paragraph), Some(value)) = (self.open.last_mut(), attribute("val")) {
                    match name {
                        "pStyle" => paragraph.style = Some(value),
                        "outlineLvl" => paragraph.outline = outline_level(&value),
                        "numId" => paragraph.list = Some(value),
                        _ => paragraph.level = value.parse().unwrap_or(0),
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn close(&mut self, name: &str) -> Result<(), ExtractError> {
        match name {
            "p" => {
                if let Some(paragraph) = self.open.pop() {
                    self.write(paragraph)?;
                }
            }
            "r" => self.in_run = self.in_run.saturating_sub(1),
            "t" => self.in_text = false,
            "tbl" => {
                self.tables = self.tables.saturating_sub(1);
                if self.tables == 0 {
                    self.blocks.table(&std::mem::take(&mut self.rows))?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn push(&mut self, text: &str) {
        if let Some(paragraph) = self.open.last_mut() {
            paragraph.text.push_str(text);
        }
    }

    fn write(&mut self, paragraph: Paragraph) -> Result<(), ExtractError> {
        if paragraph.text.trim().is_empty() {
            return Ok(());
        }
        if self.tables > 0
            && let Some(cell) = self.rows.last_mut().and_then(|row| row.last_mut())
        {
            cell.push(' ');
            cell.push_str(&squeeze(&paragraph.text));
            return Ok(());
        }
        let style = paragraph.style.as_deref().unwrap_or_default();
        if let Some(level) = paragraph.outline.or_else(|| self.styles.heading(style)) {
            return self.blocks.heading(level, &paragraph.text);
        }
        // List "0" takes a paragraph out of the list that its style would put it in.
        match paragraph.list.or_else(|| self.styles.numbering(style)).filter(|list| list != "0") {
            Some(list) => {
                let marker = self.numbering.next_marker(&list, paragraph.level);
                self.blocks.list_item(paragraph.level, &marker, &paragraph.text)
            }
            None => self.blocks.paragraph(&paragraph.text),
        }
    }
}
