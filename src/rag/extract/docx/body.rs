//! The body: paragraphs, headings, lists and tables in reading order, as they read with all changes accepted.
//!
//! What Word does not show is left out: deleted and hidden text, the annotations above ruby text, instructions of fields.
//! Hidden text goes for the same reason as on web pages: it is where instructions to language models are smuggled in.

use quick_xml::events::BytesStart;

use super::{
    FORMAT,
    math::Formula,
    numbering::{Marker, Numbering},
    parts::{Node, attribute, is_on, outline_level},
    styles::Styles,
};
use crate::rag::extract::{
    ExtractError,
    blocks::{Blocks, OpenTable},
    clean::squeeze,
    formula,
    pictures::Pictures,
    sandbox::Deadline,
    xml::walk_shown,
};

/// Elements whose content is not part of the text: deleted and moved-away text, field codes, former properties, the
/// fallback copy of what newer versions draw otherwise, the annotation above ruby text, properties of content controls.
const SKIPPED: &[&str] = &[
    "del",
    "moveFrom",
    "instrText",
    "delText",
    "delInstrText",
    "pPrChange",
    "rPrChange",
    "tblPrChange",
    "Fallback",
    "rt",
    "sdtPr",
];

/// A paragraph that is being read.
#[derive(Default)]
struct Paragraph {
    style: Option<String>,
    outline: Option<usize>,
    list: Option<String>,
    level: Option<usize>,
    /// Its end is deleted or hidden: without text, nothing is left of it.
    end_gone: bool,
    text: String,
    /// Raised text that was read last, not yet part of the text.
    raised: String,
}

impl Paragraph {
    fn push(&mut self, text: &str, raised: bool) {
        if raised {
            self.raised.push_str(text);
        } else {
            self.end_raised();
            self.text.push_str(text);
        }
    }

    fn end_raised(&mut self) {
        if !self.raised.is_empty() {
            formula::push_raised(&mut self.text, &std::mem::take(&mut self.raised));
        }
    }
}

/// A run: text of the same look.
#[derive(Default)]
struct Run {
    style: Option<String>,
    hidden: Option<bool>,
    raised: Option<bool>,
}

/// The reader of the body and the notes.
pub(super) struct Body {
    blocks: Blocks,
    styles: Styles,
    numbering: Numbering,
    /// Open paragraphs: a text box is a paragraph inside another.
    open: Vec<Paragraph>,
    /// Open runs: ruby text is runs inside another.
    runs: Vec<Run>,
    formula: Option<Formula>,
    in_text: bool,
    /// Inside the properties of a paragraph, whose text properties are those of its end.
    in_properties: bool,
    table: OpenTable,
    /// What the next paragraph is begun with: it is a note, a comment, a header.
    mark: Option<String>,
    /// What is said of the drawing that is open.
    said: Option<String>,
    pictures: Pictures,
}

impl Body {
    /// A reader that writes into these blocks.
    pub fn new(blocks: Blocks, styles: Styles, numbering: Numbering) -> Self {
        Self {
            blocks,
            styles,
            numbering,
            open: Vec::new(),
            runs: Vec::new(),
            formula: None,
            in_text: false,
            in_properties: false,
            table: OpenTable::default(),
            mark: None,
            said: None,
            pictures: Pictures::default(),
        }
    }

    /// Reads a header or a footer, marked as such.
    pub fn read_margin(&mut self, mark: &str, xml: &str, deadline: Deadline) -> Result<(), ExtractError> {
        self.mark = Some(mark.to_owned());
        self.read(xml, deadline)?;
        self.mark = None;
        Ok(())
    }

    /// Reads one part.
    pub fn read(&mut self, xml: &str, deadline: Deadline) -> Result<(), ExtractError> {
        walk_shown(FORMAT, xml, deadline, self, Self::skips, |body, node| {
            match node {
                Node::Open(name, element) => body.element(name, element),
                Node::Close(name) => body.close(name)?,
                Node::Text(text) if body.in_text => body.push(text),
                Node::Text(_) => {}
            }
            Ok(())
        })
    }

    /// Whether an element is left out with all that is in it.
    fn skips(&mut self, name: &str, element: &BytesStart<'_>) -> bool {
        let separator = matches!(name, "footnote" | "endnote") && attribute(element, "type").is_some();
        let skips = SKIPPED.contains(&name) || separator;
        if skips {
            self.skip(name);
        }
        skips
    }

    /// The text, the first heading, and the pictures of which nothing is said.
    pub fn finish(self) -> (String, Option<String>, Pictures) {
        let (text, heading) = self.blocks.finish();
        (text, heading, self.pictures)
    }

    /// An element that is left out with all that is in it.
    fn skip(&mut self, name: &str) {
        if self.in_properties
            && matches!(name, "del" | "moveFrom")
            && let Some(paragraph) = self.open.last_mut()
        {
            paragraph.end_gone = true;
        }
    }

    fn element(&mut self, name: &str, element: &BytesStart<'_>) {
        if let Some(formula) = &mut self.formula {
            formula.open(name, element);
        }
        match name {
            "p" => self.open.push(Paragraph::default()),
            "pPr" => self.in_properties = true,
            "r" => self.runs.push(Run::default()),
            "t" => self.in_text = true,
            "oMath" if self.formula.is_none() => self.formula = Some(Formula::new()),
            "rStyle" | "vanish" | "vertAlign" => self.look(name, attribute(element, "val")),
            "pStyle" | "outlineLvl" | "numId" | "ilvl" => {
                if let (Some(paragraph), Some(value)) = (self.open.last_mut(), attribute(element, "val")) {
                    match name {
                        "pStyle" => paragraph.style = Some(value),
                        "outlineLvl" => paragraph.outline = outline_level(&value),
                        "numId" => paragraph.list = Some(value),
                        _ => paragraph.level = value.parse().ok(),
                    }
                }
            }
            // In a paragraph's properties, `tab` defines a stop rather than being one.
            "tab" | "ptab" if !self.in_properties => self.push("\t"),
            "br" | "cr" => self.push("\n"),
            "footnote" => self.mark = Some("Footnote".to_owned()),
            "endnote" => self.mark = Some("Endnote".to_owned()),
            "comment" => {
                let author = attribute(element, "author").map(|name| squeeze(&name)).filter(|name| !name.is_empty());
                self.mark = Some(author.map_or_else(|| "Comment".to_owned(), |author| format!("Comment by {author}")));
            }
            // Comes before what is drawn.
            "docPr" => self.said = attribute(element, "descr").or_else(|| attribute(element, "title")),
            "pic" => {
                let said = self.said.take();
                if let Some(words) = self.pictures.read(said.as_deref()) {
                    self.push(&format!(" {words} "));
                }
            }
            "noBreakHyphen" => self.push("-"),
            "tbl" => self.table.open(),
            "tr" => self.table.row(),
            "tc" => self.table.cell(),
            _ => {}
        }
    }

    /// What the properties of a run, or of a paragraph's end, say.
    fn look(&mut self, name: &str, value: Option<String>) {
        if self.in_properties {
            if let ("vanish", Some(paragraph)) = (name, self.open.last_mut()) {
                paragraph.end_gone |= is_on(value.as_deref());
            }
            return;
        }
        let Some(run) = self.runs.last_mut() else {
            return;
        };
        match name {
            "rStyle" => run.style = value,
            "vanish" => run.hidden = Some(is_on(value.as_deref())),
            _ => run.raised = Some(value.as_deref() == Some("superscript")),
        }
    }

    fn close(&mut self, name: &str) -> Result<(), ExtractError> {
        if let Some(line) = self.formula.as_mut().and_then(|formula| formula.close(name)) {
            self.formula = None;
            self.push(&line);
            return Ok(());
        }
        match name {
            "p" => {
                if let Some(paragraph) = self.open.pop() {
                    self.write(paragraph)?;
                }
            }
            "pPr" => self.in_properties = false,
            "r" => drop(self.runs.pop()),
            "t" => self.in_text = false,
            "tbl" => {
                if let Some(rows) = self.table.close() {
                    self.blocks.table(&rows)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn push(&mut self, text: &str) {
        let Some(paragraph) = self.open.last_mut() else {
            return;
        };
        let style = paragraph.style.as_deref().or(self.styles.default_paragraph.as_deref()).unwrap_or_default();
        let hidden = |run: &Run| {
            run.hidden.unwrap_or_else(|| self.styles.hidden(style, run.style.as_deref().unwrap_or_default()))
        };
        if self.runs.iter().any(hidden) {
            return;
        }
        if let Some(formula) = &mut self.formula {
            return formula.text(text);
        }
        let raised = |run: &Run| {
            run.raised.unwrap_or_else(|| run.style.as_deref().is_some_and(|style| self.styles.raised(style)))
        };
        let raised = self.runs.last().is_some_and(raised);
        paragraph.push(text, raised);
    }

    fn write(&mut self, mut paragraph: Paragraph) -> Result<(), ExtractError> {
        paragraph.end_raised();
        let blank = paragraph.text.trim().is_empty();
        // Word counts empty paragraphs, too, but not those that are deleted or hidden with their end.
        if blank && paragraph.end_gone {
            return Ok(());
        }
        let style =
            paragraph.style.as_deref().or(self.styles.default_paragraph.as_deref()).unwrap_or_default().to_owned();
        let (marker, depth) = self.marker(&paragraph, &style);
        if blank {
            return Ok(());
        }
        let numbered = match &marker {
            Marker::Text { text, joined: true } => format!("{text}{}", paragraph.text),
            Marker::Text { text, joined: false } => format!("{text} {}", paragraph.text),
            Marker::Bullet | Marker::Nothing => paragraph.text.clone(),
        };
        if self.table.add(&numbered) {
            return Ok(());
        }
        if let Some(mark) = self.mark.take() {
            return self.blocks.paragraph(&format!("{mark}: {}", numbered.trim_start()));
        }
        if let Some(level) = paragraph.outline.or_else(|| self.styles.heading(&style)) {
            return self.blocks.heading(level, &numbered);
        }
        match marker {
            Marker::Bullet => self.blocks.list_item(depth, "-", &paragraph.text),
            Marker::Text { text, joined: false } if is_list_marker(&text) => {
                self.blocks.list_item(depth, text.trim(), &paragraph.text)
            }
            // Clauses: in Markdown they are paragraphs, whatever their number.
            Marker::Text { .. } | Marker::Nothing => self.blocks.paragraph(&numbered),
        }
    }

    /// What stands before a paragraph, and how deep in its list it is.
    fn marker(&mut self, paragraph: &Paragraph, style: &str) -> (Marker, usize) {
        // List "0" takes a paragraph out of the list that its style would put it in.
        let list = paragraph.list.as_deref().or_else(|| self.styles.list(style)).filter(|list| *list != "0");
        let Some(list) = list.map(str::to_owned) else {
            return (Marker::Nothing, 0);
        };
        let of_style = || self.styles.level(style, |style| self.numbering.level_of_style(&list, style));
        let level = paragraph.level.or_else(of_style).unwrap_or(0);
        (self.numbering.count(&list, level), level)
    }
}

/// Whether Markdown takes it for the beginning of a list item: `3.`, `3)`.
fn is_list_marker(text: &str) -> bool {
    let digits = text.trim().trim_end_matches(['.', ')']);
    let ending = text.trim().len() - digits.len();
    ending == 1 && (1..=9).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
}
