//! The body: what stands in it in reading order.

use std::collections::HashMap;

use quick_xml::events::BytesStart;

use super::{FORMAT, object_part, sheet::OpenSheet, styles::Styles};
use crate::rag::extract::{
    ExtractError, Limits,
    blocks::{Blocks, OpenTable},
    clean::squeeze,
    pictures::Pictures,
    sandbox::Deadline,
    sheets::Workbook,
    slides::{Part, Slide},
    xml::{Node, attribute, walk_shown},
};

/// Elements whose content is not part of the text: deleted passages, the readings above words, what is hidden, the marks of
/// notes, settings.
const SKIPPED: &[&str] = &[
    "tracked-changes",
    "ruby-text",
    "hidden-text",
    "hidden-paragraph",
    "note-citation",
    "automatic-styles",
    "master-styles",
    "styles",
    "meta",
    "settings",
    "scripts",
    "font-face-decls",
    "forms",
    "sequence-decls",
    "variable-decls",
    "shapes",
    "page-number",
    "binary-data",
];

/// Elements that describe a comment rather than being part of the text, with their prefixes: fields of a text have
/// the same names.
const DESCRIPTIONS: &[&str] = &["dc:date", "dc:creator", "meta:creator-initials"];

/// Most cells that one cell of a text document's table may stand for.
const MAX_REPEATED: usize = 256;

/// What a text is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Paragraph,
    Heading(usize),
}

struct Paragraph {
    kind: Kind,
    text: String,
}

/// A list that is open.
struct List {
    style: String,
    next: u32,
    /// The marker of an item whose first paragraph is still to come.
    marker: Option<String>,
}

/// A slide that is open.
#[derive(Default)]
struct OpenSlide {
    number: u32,
    slide: Slide,
    in_title: bool,
    in_notes: bool,
}

/// What came out.
#[derive(Default)]
pub(super) struct Read {
    pub text: String,
    pub heading: Option<String>,
    /// Where slides begin in the text.
    pub pages: Vec<(u32, usize)>,
    pub hidden_sheets: usize,
    pub hidden_slides: usize,
    /// Slides that show pictures only.
    pub pictures: Vec<u32>,
    pub without_value: usize,
    pub unsaid: Pictures,
}

/// The reader of the body.
pub(super) struct Body<'a> {
    blocks: Blocks,
    styles: Styles,
    limits: &'a Limits,
    deadline: Deadline,
    open: Vec<Paragraph>,
    /// What is said of the picture that was drawn last.
    picture: Option<String>,
    /// Inside what is said of a drawing.
    in_description: bool,
    lists: Vec<List>,
    /// The open table of a text.
    table: OpenTable,
    repeated: usize,
    sheet: Option<OpenSheet>,
    slide: Option<OpenSlide>,
    slides: u32,
    slide_title: Option<String>,
    /// Notes and comments, which come at the end of the text.
    notes: Vec<String>,
    in_note: usize,
    in_comment: usize,
    comment: String,
    in_spreadsheet: bool,
    /// The formulas of embedded parts, as they were typed.
    formulas: HashMap<String, String>,
    read: Read,
}

impl<'a> Body<'a> {
    pub fn new(styles: Styles, formulas: HashMap<String, String>, limits: &'a Limits, deadline: Deadline) -> Self {
        Self {
            blocks: Blocks::new(limits),
            styles,
            limits,
            deadline,
            open: Vec::new(),
            picture: None,
            in_description: false,
            lists: Vec::new(),
            table: OpenTable::default(),
            repeated: 1,
            sheet: None,
            slide: None,
            slides: 0,
            slide_title: None,
            notes: Vec::new(),
            in_note: 0,
            in_comment: 0,
            comment: String::new(),
            in_spreadsheet: false,
            formulas,
            read: Read::default(),
        }
    }

    pub fn read(&mut self, xml: &str) -> Result<(), ExtractError> {
        walk_shown(FORMAT, xml, self.deadline, self, Self::skips, |body, node| {
            match node {
                Node::Open(name, element) => body.element(name, element),
                Node::Close(name) => body.close(name)?,
                Node::Text(text) if body.in_description => {
                    if let Some(said) = &mut body.picture {
                        said.push_str(text);
                        said.push(' ');
                    }
                }
                Node::Text(text) => {
                    if let Some(paragraph) = body.open.last_mut() {
                        // White space in the file is one space; more has elements of its own.
                        let text = text.replace(['\n', '\r', '\t'], " ");
                        paragraph.text.push_str(&text);
                    }
                }
            }
            Ok(())
        })
    }

    pub fn finish(mut self) -> Result<Read, ExtractError> {
        for note in std::mem::take(&mut self.notes) {
            self.blocks.paragraph(&note)?;
        }
        let pages = self.blocks.take_pages();
        let (text, heading) = self.blocks.finish();
        // The names of sheets and the numbers of slides are no title.
        let heading = self.slide_title.or(heading.filter(|_| !self.in_spreadsheet && self.slides == 0));
        Ok(Read { text, heading, pages, ..self.read })
    }

    /// Whether an element is left out with all that is in it.
    fn skips(&mut self, name: &str, element: &BytesStart<'_>) -> bool {
        SKIPPED.contains(&name) || DESCRIPTIONS.contains(&element.name().into_inner()) || self.is_hidden(name, element)
    }

    /// Whether an element is not shown, with all that is in it.
    fn is_hidden(&mut self, name: &str, element: &BytesStart<'_>) -> bool {
        let style = |name: &str| attribute(element, name);
        let hidden = match name {
            "table" | "span" | "page" => self.styles.is_hidden(style("style-name").as_deref()),
            "p" | "h" => self.styles.is_hidden(style("style-name").as_deref()),
            "section" => style("display").is_some_and(|display| display == "none"),
            _ => false,
        };
        if hidden {
            match name {
                "table" if self.in_spreadsheet => self.read.hidden_sheets += 1,
                "page" => {
                    self.slides += 1;
                    self.read.hidden_slides += 1;
                }
                _ => {}
            }
        }
        hidden
    }

    fn element(&mut self, name: &str, element: &BytesStart<'_>) {
        if self.table_element(name, element) {
            return;
        }
        match name {
            "spreadsheet" => self.in_spreadsheet = true,
            "p" => self.open.push(Paragraph { kind: Kind::Paragraph, text: String::new() }),
            "h" => {
                let level = attribute(element, "outline-level").and_then(|level| level.parse().ok()).unwrap_or(1);
                self.open.push(Paragraph { kind: Kind::Heading(level), text: String::new() });
            }
            "s" => {
                let count = attribute(element, "c").and_then(|count| count.parse().ok()).unwrap_or(1_usize);
                self.push(&" ".repeat(count.min(80)));
            }
            "tab" => self.push("\t"),
            "line-break" => self.push("\n"),
            "note" => self.in_note += 1,
            "annotation" => self.in_comment += 1,
            "list" => {
                // A list in a list has its style, unless it says another.
                let outer = self.lists.last().map(|list| list.style.clone()).unwrap_or_default();
                let style = attribute(element, "style-name").unwrap_or(outer);
                self.lists.push(List { style, next: 1, marker: None });
            }
            "list-item" => self.list_item(element),
            "page" => {
                self.slides += 1;
                self.slide = Some(OpenSlide { number: self.slides, ..OpenSlide::default() });
            }
            "frame" => {
                let class = attribute(element, "class").unwrap_or_default();
                if let Some(slide) = &mut self.slide {
                    slide.in_title = class == "title" && !slide.in_notes;
                }
            }
            // Fields of a text have the same names without the prefix.
            "title" | "desc" if element.name().into_inner().starts_with("svg:") => self.in_description = true,
            "notes" => {
                if let Some(slide) = &mut self.slide {
                    slide.in_notes = true;
                }
            }
            "image" => {
                self.picture = Some(String::new());
                if let Some(open) = &mut self.slide {
                    open.slide.has_picture |= !open.in_notes;
                }
            }
            "object" => {
                let formula = attribute(element, "href").and_then(|part| self.formulas.get(&object_part(&part)));
                if let Some(formula) = formula.cloned() {
                    self.push(&formula);
                }
            }
            _ => {}
        }
    }

    /// Elements of tables; whether it is one.
    fn table_element(&mut self, name: &str, element: &BytesStart<'_>) -> bool {
        match (name, &mut self.sheet) {
            ("table", None) if self.in_spreadsheet => {
                let name = attribute(element, "name").unwrap_or_default();
                self.sheet = Some(OpenSheet::new(name, self.limits));
            }
            ("table-row", Some(sheet)) => sheet.open_row(element),
            ("table-cell", Some(sheet)) => sheet.open_cell(element, false),
            ("covered-table-cell", Some(sheet)) => sheet.open_cell(element, true),
            ("table", _) => self.table.open(),
            ("table-row", None) => self.table.row(),
            ("table-cell" | "covered-table-cell", None) if self.table.is_outermost() => {
                let repeated = attribute(element, "number-columns-repeated").and_then(|count| count.parse().ok());
                self.repeated = repeated.unwrap_or(1_usize).clamp(1, MAX_REPEATED);
                self.table.cell();
            }
            _ => return false,
        }
        true
    }

    fn list_item(&mut self, element: &BytesStart<'_>) {
        let depth = self.lists.len();
        if let Some(list) = self.lists.last_mut() {
            if let Some(start) = attribute(element, "start-value").and_then(|start| start.parse().ok()) {
                list.next = start;
            }
            let marker = if self.styles.is_numbered(&list.style, depth) {
                let marker = format!("{}.", list.next);
                list.next = list.next.saturating_add(1);
                marker
            } else {
                "-".to_owned()
            };
            list.marker = Some(marker);
        }
    }

    fn push(&mut self, text: &str) {
        if let Some(paragraph) = self.open.last_mut() {
            paragraph.text.push_str(text);
        }
    }

    fn close(&mut self, name: &str) -> Result<(), ExtractError> {
        match name {
            "p" | "h" => {
                if let Some(paragraph) = self.open.pop() {
                    self.end(paragraph)?;
                }
            }
            "list" => drop(self.lists.pop()),
            "title" | "desc" => self.in_description = false,
            "frame" => self.end_picture(),
            "note" => self.in_note = self.in_note.saturating_sub(1),
            "annotation" => {
                self.in_comment = self.in_comment.saturating_sub(1);
                self.end_comment();
            }
            "page" => {
                if let Some(OpenSlide { number, slide, .. }) = self.slide.take() {
                    self.slide_title = self.slide_title.take().or_else(|| slide.title());
                    if slide.is_blank() && slide.has_picture {
                        self.read.pictures.push(number);
                    }
                    slide.write(number, &mut self.blocks)?;
                }
            }
            "notes" => {
                if let Some(slide) = &mut self.slide {
                    slide.in_notes = false;
                }
            }
            "table-row" => {
                if let Some(sheet) = &mut self.sheet {
                    sheet.close_row()?;
                }
            }
            "table-cell" | "covered-table-cell" => match &mut self.sheet {
                Some(sheet) => sheet.close_cell(),
                None if self.table.is_outermost() => {
                    self.table.repeat_cell(std::mem::replace(&mut self.repeated, 1));
                }
                None => {}
            },
            "table" => self.end_table()?,
            _ => {}
        }
        Ok(())
    }

    fn end_table(&mut self) -> Result<(), ExtractError> {
        if let Some(OpenSheet { name, cells, .. }) = self.sheet.take_if(|_| !self.table.is_open()) {
            let blocks = std::mem::replace(&mut self.blocks, Blocks::new(self.limits));
            let mut workbook = Workbook::new(blocks);
            self.read.without_value += cells.without_value;
            workbook.add(&name, cells, self.deadline)?;
            self.blocks = workbook.into_blocks();
            return Ok(());
        }
        if let Some(rows) = self.table.close() {
            match &mut self.slide {
                Some(open) => open.slide.parts.push(Part::Table(rows)),
                None => self.blocks.table(&rows)?,
            }
        }
        Ok(())
    }

    fn end_picture(&mut self) {
        let Some(said) = self.picture.take() else { return };
        let words = self.read.unsaid.read(Some(&said));
        match (&mut self.slide, words) {
            (_, None) => {}
            (Some(open), Some(_)) if open.in_notes => {}
            (Some(open), Some(words)) => open.slide.parts.push(Part::Paragraph(words)),
            (None, Some(words)) => self.push(&format!(" {words} ")),
        }
    }

    fn end_comment(&mut self) {
        let comment = squeeze(&std::mem::take(&mut self.comment));
        match (&mut self.sheet, &mut self.slide) {
            (Some(sheet), _) => sheet.note(comment),
            (None, _) if comment.is_empty() => {}
            (None, Some(open)) => open.slide.parts.push(Part::Paragraph(format!("Comment: {comment}"))),
            (None, None) => self.notes.push(format!("Comment: {comment}")),
        }
    }

    /// Puts a paragraph where it belongs.
    fn end(&mut self, Paragraph { kind, text }: Paragraph) -> Result<(), ExtractError> {
        if self.in_comment > 0 {
            self.comment.push(' ');
            self.comment.push_str(&text);
            return Ok(());
        }
        if text.trim().is_empty() {
            return Ok(());
        }
        if self.in_note > 0 {
            self.notes.push(text);
            return Ok(());
        }
        if let Some(sheet) = &mut self.sheet {
            sheet.paragraph(&text);
            return Ok(());
        }
        if self.table.add(&text) {
            return Ok(());
        }
        let depth = self.lists.len().saturating_sub(1);
        let marker = self.lists.last_mut().and_then(|list| list.marker.take());
        if let Some(OpenSlide { slide, in_title, in_notes, .. }) = &mut self.slide {
            match marker {
                _ if *in_title => slide.title.push_str(&format!(" {text}")),
                _ if *in_notes => slide.notes.push(text),
                Some(marker) => slide.parts.push(Part::Item { depth, marker, text }),
                None => slide.parts.push(Part::Paragraph(text)),
            }
            return Ok(());
        }
        match (kind, marker) {
            (Kind::Heading(level), _) => self.blocks.heading(level, &text),
            (Kind::Paragraph, Some(marker)) => self.blocks.list_item(depth, &marker, &text),
            (Kind::Paragraph, None) => self.blocks.paragraph(&text),
        }
    }
}
