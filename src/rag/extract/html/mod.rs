//! HTML → Markdown, by the browser's own parsing rules (html5ever), without what a reader does not see.
//!
//! Scripts, styles and navigation go, and hidden elements that a reader cannot open ([`visible`]). The walk over the tree keeps its state on the heap: documents may nest 50 000 levels deep.

mod math;
mod visible;

use ego_tree::iter::Edge;
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use html5ever::{driver, local_name, tendril::TendrilSink};
use scraper::{Html, HtmlTreeSink, Node, node::Element};

use super::{
    ExtractError, Limits, Raw,
    blocks::{Blocks, OpenTable},
    format::FormatReader,
    formula::push_raised,
    pictures::{self, Pictures},
    properties::Properties,
    sandbox::{self, Deadline},
    text,
};
use math::Formula;
use visible::Page;

/// Bytes that a browser searches for the declaration of the encoding.
const PRESCAN_BYTES: usize = 1024;

/// How much is parsed between two looks at the clock. Parsing takes time by the square of the nesting.
const CHUNK_BYTES: usize = 16 << 10;

/// How it is read.
pub(super) const READER: FormatReader = FormatReader {
    name: "html",
    extensions: &["html", "htm", "xhtml"],
    structured: true,
    is_text: false,
    read: |bytes, limits, deadline| sandbox::catch("HTML", || extract(bytes, limits, deadline)),
};

/// The text of an HTML page.
fn extract(bytes: &[u8], limits: &Limits, deadline: Deadline) -> Result<Raw, ExtractError> {
    let (source, warning) = text::decode(bytes, declared_encoding(bytes))?;
    // What declares itself as XML is written by its rules.
    let source = if source.trim_start().starts_with("<?xml") { with_ends(&source) } else { source };
    let mut raw = read(&source, limits, deadline)?;
    raw.warnings.extend(warning);
    Ok(raw)
}

/// The text of a page that is decoded already.
pub(super) fn read(source: &str, limits: &Limits, deadline: Deadline) -> Result<Raw, ExtractError> {
    let page = parse(source, deadline)?;
    deadline.check()?;
    let known = Page::new(page.tree.root());
    let mut walk = Walk::new(limits);
    let mut skipping = None;
    for (step, edge) in page.tree.root().traverse().enumerate() {
        if step % 4096 == 0 {
            deadline.check()?;
        }
        match edge {
            Edge::Open(node) if skipping.is_none() => match node.value() {
                Node::Text(text) => walk.text(text),
                Node::Element(element) if element.name() == "title" => {
                    if walk.title.is_none() {
                        walk.title = Some(
                            node.children()
                                .filter_map(|child| child.value().as_text().map(|text| text.to_string()))
                                .collect(),
                        );
                    }
                    skipping = Some(node.id());
                }
                Node::Element(element) if walk.formula.is_none() && known.is_skipped(node, element) => {
                    skipping = Some(node.id());
                }
                Node::Element(element) => {
                    if let Some(label) = known.label(element) {
                        walk.flush()?;
                        walk.blocks.paragraph(label)?;
                    }
                    walk.open(element)?;
                }
                _ => {}
            },
            Edge::Close(node) if skipping == Some(node.id()) => skipping = None,
            Edge::Close(node) if skipping.is_none() => {
                if let Node::Element(element) = node.value() {
                    walk.close(element)?;
                }
            }
            _ => {}
        }
    }
    walk.flush()?;
    let title = walk.title.take().filter(|title| !title.trim().is_empty());
    let pictures = walk.pictures;
    let (text, heading) = walk.blocks.finish();
    let mut warnings = Vec::new();
    let metadata = properties(&page).finish(&mut warnings);
    Ok(Raw { text, title: title.or(heading), warnings, metadata, pictures, ..Raw::default() })
}

/// What a page says of itself to search engines.
fn properties(page: &Html) -> Properties {
    let mut properties = Properties::default();
    let elements = page.tree.root().descendants().filter_map(|node| node.value().as_element());
    // All of them stand before the body.
    for element in elements.take_while(|element| element.name() != "body").filter(|element| element.name() == "meta") {
        let Some(content) = element.attr("content") else { continue };
        let name = element.attr("name").or_else(|| element.attr("property")).unwrap_or_default();
        match name.to_ascii_lowercase().as_str() {
            "author" | "dc.creator" | "dcterms.creator" | "article:author" => properties.add_text("author", content),
            "description" | "dc.description" | "dcterms.description" => properties.add_text("description", content),
            "keywords" => properties.add_keywords(content),
            "date" | "dc.date" | "dcterms.created" | "article:published_time" => {
                properties.add_text("created", content);
            }
            _ => {}
        }
    }
    properties
}

/// A page written by the rules of XML, in which `<title/>` is whole: by those of HTML, all that follows would be the title.
pub(super) fn with_ends(source: &str) -> String {
    const RAW: &[&str] = &["title", "script", "style", "textarea", "iframe", "noscript", "xmp", "noframes", "noembed"];
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(at) = rest.find("/>") {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        let tag = before.rsplit('<').next().unwrap_or_default();
        let name = tag.split(|c: char| c.is_whitespace()).next().unwrap_or_default().to_ascii_lowercase();
        if !tag.contains('>') && RAW.contains(&name.as_str()) {
            out.push_str(&format!("></{name}>"));
        } else {
            out.push_str("/>");
        }
        rest = &after[2..];
    }
    out + rest
}

fn parse(source: &str, deadline: Deadline) -> Result<Html, ExtractError> {
    let mut parser = driver::parse_document(HtmlTreeSink::new(Html::new_document()), driver::ParseOpts::default());
    let mut rest = source;
    while !rest.is_empty() {
        deadline.check()?;
        let (chunk, next) = rest.split_at(rest.floor_char_boundary(CHUNK_BYTES));
        parser.process(chunk.into());
        rest = next;
    }
    Ok(parser.finish())
}

/// What `<meta charset=…>`, `<meta http-equiv … content="…; charset=…">` or `<?xml … encoding=…?>` says.
fn declared_encoding(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = bytes[..bytes.len().min(PRESCAN_BYTES)].to_ascii_lowercase();
    let behind = |head: &[u8], key: &[u8]| {
        let start = head.windows(key.len()).position(|window| window == key)? + key.len();
        Some(head[start..].trim_ascii_start().to_vec())
    };
    let of_xml = || {
        let end = head.starts_with(b"<?xml").then(|| head.windows(2).position(|window| window == b"?>"))??;
        behind(&head[..end], b"encoding=")
    };
    let value = behind(&head, b"charset=").or_else(of_xml)?;
    let label = value.strip_prefix(b"\"").or_else(|| value.strip_prefix(b"'")).unwrap_or(&value);
    let end =
        label.iter().position(|byte| !(byte.is_ascii_alphanumeric() || b"-_:.".contains(byte))).unwrap_or(label.len());
    let encoding = Encoding::for_label(&label[..end])?;
    // The declaration itself was readable as ASCII, so it cannot be UTF-16: the standard takes it for UTF-8.
    Some(if encoding == UTF_16LE || encoding == UTF_16BE { UTF_8 } else { encoding })
}

/// The state of the walk: the text of the block that is open, and where it belongs.
struct Walk {
    blocks: Blocks,
    inline: String,
    title: Option<String>,
    heading: Option<usize>,
    /// Open lists, outermost first; ordered ones with their next number.
    lists: Vec<Option<u32>>,
    /// The marker of an item whose first text is still to come.
    marker: Option<String>,
    pre: usize,
    table: OpenTable,
    formula: Option<Formula>,
    /// Where in `inline` raised text begins, and how many elements raise it.
    raised: Option<(usize, usize)>,
    pictures: Pictures,
}

impl Walk {
    fn new(limits: &Limits) -> Self {
        Self {
            blocks: Blocks::new(limits),
            inline: String::new(),
            title: None,
            heading: None,
            lists: Vec::new(),
            marker: None,
            pre: 0,
            table: OpenTable::default(),
            formula: None,
            raised: None,
            pictures: Pictures::default(),
        }
    }

    fn text(&mut self, text: &str) {
        if let Some(formula) = &mut self.formula {
            formula.text(text);
        } else if self.pre > 0 {
            self.inline.push_str(text);
        } else {
            // A line break in the source is a space on the page.
            self.inline.extend(text.chars().map(|c| if matches!(c, '\n' | '\r') { ' ' } else { c }));
        }
    }

    fn open(&mut self, element: &Element) -> Result<(), ExtractError> {
        if let Some(formula) = &mut self.formula {
            formula.open(element);
            return Ok(());
        }
        match element.name() {
            "math" => self.formula = Some(Formula::new()),
            "sup" => {
                let (start, depth) = self.raised.unwrap_or((self.inline.len(), 0));
                self.raised = Some((start, depth + 1));
            }
            "br" => self.inline.push('\n'),
            "img" => self.picture(element),
            "table" => {
                self.flush()?;
                self.table.open();
            }
            "tr" if self.table.is_outermost() => {
                self.flush()?;
                self.table.row();
            }
            "td" | "th" if self.table.is_outermost() => {
                self.flush()?;
                self.table.cell();
            }
            "pre" => {
                self.flush()?;
                self.pre += 1;
            }
            "ul" | "menu" => {
                self.flush()?;
                self.lists.push(None);
            }
            "ol" => {
                self.flush()?;
                self.lists.push(Some(attr(element, "start").and_then(|start| start.parse().ok()).unwrap_or(1)));
            }
            "li" => {
                self.flush()?;
                self.marker = Some(self.next_marker());
            }
            name => match heading_level(name) {
                Some(level) => {
                    self.flush()?;
                    self.heading = Some(level);
                }
                None => self.boundary(element)?,
            },
        }
        Ok(())
    }

    /// What is read out in place of a picture. One that has an empty text is an ornament.
    fn picture(&mut self, element: &Element) {
        let said = attr(element, "alt").or_else(|| attr(element, "aria-label"));
        // The picture of a formula, whose text is that of the formula beside it; a picture that counts visitors.
        let is_formula = attr(element, "class").is_some_and(|class| class.contains("math"));
        let is_dot = ["width", "height"].iter().any(|side| matches!(attr(element, side), Some("0" | "1")));
        if is_formula || is_dot || said.is_some_and(|said| said.trim().is_empty()) {
            return;
        }
        match said.and_then(pictures::alternative) {
            Some(words) => self.inline.push_str(&format!(" {words} ")),
            None => self.pictures.without_text += 1,
        }
    }

    fn close(&mut self, element: &Element) -> Result<(), ExtractError> {
        if let Some(mut formula) = self.formula.take() {
            if element.name() == "math" {
                self.inline.push_str(&formula.finish());
            } else {
                formula.close();
                self.formula = Some(formula);
            }
            return Ok(());
        }
        match element.name() {
            "sup" => self.end_raised(),
            "table" => {
                self.flush()?;
                if let Some(rows) = self.table.close() {
                    self.blocks.table(&rows)?;
                }
            }
            "pre" => {
                self.flush()?;
                self.pre = self.pre.saturating_sub(1);
            }
            "ul" | "menu" | "ol" => {
                self.flush()?;
                self.lists.pop();
            }
            "li" => {
                self.flush()?;
                self.marker = None;
            }
            name if heading_level(name).is_some() => {
                self.flush()?;
                self.heading = None;
            }
            _ => self.boundary(element)?,
        }
        Ok(())
    }

    /// Ends the paragraph where an element begins or ends one; words in neighbouring cells stay apart.
    fn boundary(&mut self, element: &Element) -> Result<(), ExtractError> {
        match element.name() {
            "td" | "th" | "tr" if self.table.is_open() && !self.table.is_outermost() => self.inline.push(' '),
            // A question that opens its answer stands on a line of its own, unless it is part of a heading.
            "button" if self.heading.is_none() && self.marker.is_none() => return self.flush(),
            _ if is_block(element) => return self.flush(),
            _ => {}
        }
        Ok(())
    }

    /// Raised text ends: an exponent, or what else is written there.
    fn end_raised(&mut self) {
        match self.raised.take() {
            Some((start, depth)) if depth > 1 => self.raised = Some((start, depth - 1)),
            // A block inside has been written already.
            Some((start, _)) if start <= self.inline.len() => {
                let raised = self.inline.split_off(start);
                push_raised(&mut self.inline, &raised);
            }
            _ => {}
        }
    }

    fn next_marker(&mut self) -> String {
        match self.lists.last_mut() {
            Some(Some(number)) => {
                let marker = format!("{number}.");
                *number = number.saturating_add(1);
                marker
            }
            _ => "-".to_owned(),
        }
    }

    /// Writes the open block, if there is text in it, where it belongs.
    fn flush(&mut self) -> Result<(), ExtractError> {
        let text = std::mem::take(&mut self.inline);
        if text.trim().is_empty() {
            return Ok(());
        }
        if self.table.add(&text) {
            return Ok(());
        }
        if self.pre > 0 {
            return self.blocks.code(&text);
        }
        if let Some(level) = self.heading {
            return self.blocks.heading(level, &text);
        }
        match self.marker.take() {
            Some(marker) => self.blocks.list_item(self.lists.len().saturating_sub(1), &marker, &text),
            None => self.blocks.paragraph(&text),
        }
    }
}

/// Whether an element starts and ends a paragraph. Names that the parser knows are compared as numbers.
fn is_block(element: &Element) -> bool {
    matches!(
        element.name.local,
        local_name!("address")
            | local_name!("article")
            | local_name!("aside")
            | local_name!("blockquote")
            | local_name!("body")
            | local_name!("caption")
            | local_name!("dd")
            | local_name!("details")
            | local_name!("div")
            | local_name!("dl")
            | local_name!("dt")
            | local_name!("fieldset")
            | local_name!("figcaption")
            | local_name!("figure")
            | local_name!("footer")
            | local_name!("form")
            | local_name!("header")
            | local_name!("hr")
            | local_name!("legend")
            | local_name!("main")
            | local_name!("p")
            | local_name!("section")
            | local_name!("summary")
    )
}

/// An attribute of an element. Elements have few; the library's own way makes an entry in a table of names first.
fn attr<'e>(element: &'e Element, name: &str) -> Option<&'e str> {
    let own = element.attrs.iter().find(|(own, _)| &*own.local == name && own.ns.is_empty());
    own.map(|(_, value)| &**value)
}

/// 1 to 6 for `h1` to `h6`.
fn heading_level(name: &str) -> Option<usize> {
    let digit = name.strip_prefix('h')?;
    digit.parse().ok().filter(|level| (1..=6).contains(level))
}

#[cfg(test)]
mod reader_tests;

#[cfg(test)]
mod tests;
