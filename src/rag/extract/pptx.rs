//! PPTX → Markdown: a heading a slide, in the order of the show, its title first whatever is drawn first.
//!
//! Speaker's notes are marked. Slides that the show leaves out are left out and reported, as are footers, dates and numbers, which
//! say the same on every slide.

use std::collections::HashMap;

use quick_xml::events::BytesStart;

use super::{
    ExtractError, Limits, Raw, Warning,
    blocks::Blocks,
    clean::squeeze,
    format::FormatReader,
    package::{Package, Relation},
    sandbox::{self, Deadline},
    xml::{Node, attribute, is_on, walk, walk_bounded},
};

const FORMAT: &str = "PPTX";

/// Titles that nobody wrote.
const PLACEHOLDERS: &[&str] = &["PowerPoint Presentation", "PowerPoint-Präsentation", "Présentation PowerPoint"];

/// How it is read.
pub(super) const READER: FormatReader = FormatReader {
    name: "pptx",
    extensions: &["pptx", "pptm", "ppsx", "ppsm", "potx", "potm"],
    structured: true,
    is_text: false,
    read: |bytes, limits, deadline| sandbox::catch(FORMAT, || extract(bytes, limits, deadline)),
};

/// The text of a presentation.
fn extract(bytes: &[u8], limits: &Limits, deadline: Deadline) -> Result<Raw, ExtractError> {
    let mut package = Package::open(FORMAT, bytes, limits)?;
    let main = package.main_part()?.unwrap_or_else(|| "ppt/presentation.xml".to_owned());
    let presentation = package.needed(&main)?;
    let relations = package.relations(&main)?;
    let mut blocks = Blocks::new(limits);
    let (mut hidden, mut title) = (0, None);
    for (index, id) in slide_ids(&presentation)?.into_iter().enumerate() {
        let Some(Relation { part, .. }) = relations.get(&id) else {
            continue;
        };
        let xml = package.needed(part)?;
        let slide = Slide::read(&xml, deadline)?;
        if slide.hidden {
            hidden += 1;
            continue;
        }
        let parts = package.relations(part)?;
        let heading = squeeze(&slide.title);
        if title.is_none() && !heading.is_empty() {
            title = Some(heading.clone());
        }
        let number = index + 1;
        let heading = if heading.is_empty() { format!("Slide {number}") } else { format!("Slide {number}: {heading}") };
        blocks.heading(1, &heading)?;
        slide.items.iter().try_for_each(|item| item.write(&mut blocks))?;
        extras(&mut package, &parts, &mut blocks, deadline)?;
    }
    let own = package.core_title()?.filter(|title| !PLACEHOLDERS.contains(&title.as_str()));
    let mut warnings = std::mem::take(&mut package.warnings);
    if hidden > 0 {
        warnings.push(Warning::HiddenLeftOut { count: hidden, what: "slides" });
    }
    Ok(Raw { text: blocks.finish().0, title: own.or(title), warnings })
}

/// The ids of the slides, in their order.
fn slide_ids(presentation: &str) -> Result<Vec<String>, ExtractError> {
    let mut ids = Vec::new();
    walk(FORMAT, presentation, |node| {
        if let Node::Open("sldId", element) = node {
            // It has an `id` of its own beside that of the relation.
            let attributes = element.attributes().flatten();
            let relation = attributes.filter(|attribute| attribute.key.prefix().is_some()).find_map(|attribute| {
                let value = attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0).ok()?;
                (attribute.key.local_name().into_inner() == "id").then(|| value.into_owned())
            });
            ids.extend(relation);
        }
        Ok(())
    })?;
    Ok(ids)
}

/// What belongs to a slide in parts of its own: diagrams, then the speaker's notes.
fn extras(
    package: &mut Package<'_>,
    relations: &HashMap<String, Relation>,
    blocks: &mut Blocks,
    deadline: Deadline,
) -> Result<(), ExtractError> {
    let mut parts: Vec<&Relation> =
        relations.values().filter(|relation| matches!(relation.kind.as_str(), "diagramData" | "notesSlide")).collect();
    parts.sort_by(|a, b| (&a.kind, &a.part).cmp(&(&b.kind, &b.part)));
    for Relation { kind, part } in parts {
        let Some(xml) = package.part(part)? else {
            continue;
        };
        let read = Slide::read(&xml, deadline)?;
        if kind == "diagramData" {
            read.items.iter().try_for_each(|item| item.write(blocks))?;
            continue;
        }
        let mut is_first = true;
        for item in &read.items {
            match item {
                Item::Bullet { text, .. } | Item::Paragraph { text, .. } if is_first => {
                    blocks.paragraph(&format!("Notes: {text}"))?;
                }
                Item::Bullet { text, .. } => blocks.paragraph(text)?,
                item => item.write(blocks)?,
            }
            is_first = false;
        }
    }
    Ok(())
}

/// A block of a slide.
#[derive(Debug)]
enum Item {
    Paragraph { text: String },
    Bullet { depth: usize, marker: String, text: String },
    Table(Vec<Vec<String>>),
}

impl Item {
    fn write(&self, blocks: &mut Blocks) -> Result<(), ExtractError> {
        match self {
            Self::Paragraph { text } => blocks.paragraph(text),
            Self::Bullet { depth, marker, text } => blocks.list_item(*depth, marker, text),
            Self::Table(rows) => blocks.table(rows),
        }
    }
}

/// What a shape's text is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Role {
    Title,
    /// A list, as the master draws it.
    Body,
    #[default]
    Free,
    /// Footers, dates, numbers.
    Repeated,
}

/// A paragraph that is being read.
#[derive(Default)]
struct Paragraph {
    text: String,
    level: usize,
    /// Whether it says itself that it is an item of a list: `-` or numbered.
    bullet: Option<bool>,
    numbered: bool,
}

/// A slide, or another part with drawn text.
#[derive(Default)]
struct Slide {
    hidden: bool,
    title: String,
    items: Vec<Item>,
    role: Role,
    paragraph: Option<Paragraph>,
    in_text: bool,
    /// Inside a field that repeats the slide's number or the date.
    in_field: bool,
    tables: usize,
    rows: Vec<Vec<String>>,
    /// Numbers of the numbered lists, by their depth.
    numbers: Vec<u32>,
}

impl Slide {
    fn read(xml: &str, deadline: Deadline) -> Result<Self, ExtractError> {
        let mut slide = Self::default();
        let mut fallback = 0_usize;
        walk_bounded(FORMAT, xml, deadline, |node| {
            match node {
                // The copy for programs that cannot draw what stands before it.
                Node::Open("Fallback", _) => fallback += 1,
                Node::Close("Fallback") => fallback = fallback.saturating_sub(1),
                _ if fallback > 0 => {}
                Node::Open(name, element) => slide.open(name, element),
                Node::Close(name) => slide.close(name),
                Node::Text(text) if slide.in_text && !slide.in_field => {
                    if let Some(paragraph) = &mut slide.paragraph {
                        paragraph.text.push_str(text);
                    }
                }
                Node::Text(_) => {}
            }
            Ok(())
        })?;
        Ok(slide)
    }

    fn open(&mut self, name: &str, element: &BytesStart<'_>) {
        match name {
            "sld" => self.hidden = attribute(element, "show").is_some_and(|show| !is_on(Some(&show))),
            "sp" | "graphicFrame" => {
                self.role = Role::Free;
                self.numbers.clear();
            }
            "ph" => {
                self.role = match attribute(element, "type").as_deref() {
                    Some("title" | "ctrTitle") => Role::Title,
                    Some("sldNum" | "dt" | "ftr" | "hdr") => Role::Repeated,
                    Some("body" | "obj") | None => Role::Body,
                    Some(_) => Role::Free,
                }
            }
            "p" => self.paragraph = Some(Paragraph::default()),
            "pPr" => {
                if let Some(paragraph) = &mut self.paragraph {
                    paragraph.level = attribute(element, "lvl").and_then(|level| level.parse().ok()).unwrap_or(0);
                }
            }
            "buNone" | "buChar" | "buAutoNum" | "buBlip" => {
                if let Some(paragraph) = &mut self.paragraph {
                    paragraph.bullet = Some(name != "buNone");
                    paragraph.numbered = name == "buAutoNum";
                }
            }
            "fld" => {
                let kind = attribute(element, "type").unwrap_or_default();
                self.in_field = kind == "slidenum" || kind.starts_with("datetime");
            }
            "t" => self.in_text = true,
            "br" => {
                if let Some(paragraph) = &mut self.paragraph {
                    paragraph.text.push('\n');
                }
            }
            "tbl" => self.tables += 1,
            "tr" if self.tables == 1 => self.rows.push(Vec::new()),
            "tc" if self.tables == 1 => {
                if let Some(row) = self.rows.last_mut() {
                    row.push(String::new());
                }
            }
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        match name {
            "p" => {
                if let Some(paragraph) = self.paragraph.take() {
                    self.end(paragraph);
                }
            }
            "t" => self.in_text = false,
            "fld" => self.in_field = false,
            "tbl" => {
                self.tables = self.tables.saturating_sub(1);
                if self.tables == 0 {
                    self.items.push(Item::Table(std::mem::take(&mut self.rows)));
                }
            }
            _ => {}
        }
    }

    /// Puts a paragraph where it belongs.
    fn end(&mut self, paragraph: Paragraph) {
        let Paragraph { text, level, bullet, numbered } = paragraph;
        if text.trim().is_empty() || self.role == Role::Repeated {
            return;
        }
        if self.tables > 0 {
            if let Some(cell) = self.rows.last_mut().and_then(|row| row.last_mut()) {
                cell.push(' ');
                cell.push_str(&text);
            }
            return;
        }
        if self.role == Role::Title {
            self.title.push(' ');
            self.title.push_str(&text);
            return;
        }
        let level = level.min(8);
        if !bullet.unwrap_or(self.role == Role::Body) {
            self.numbers.clear();
            return self.items.push(Item::Paragraph { text });
        }
        self.numbers.resize(level + 1, 0);
        let marker = if numbered {
            self.numbers[level] += 1;
            format!("{}.", self.numbers[level])
        } else {
            "-".to_owned()
        };
        self.items.push(Item::Bullet { depth: level, marker, text });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rag::extract::{
        Format, extract_bytes,
        tests::{archive, fixture},
    };

    #[test]
    fn a_pptx_gives_its_slides_titles_first_and_notes_marked() {
        let (format, bytes) = fixture("handbook.pptx");
        let extracted = extract_bytes(format, &bytes, &Limits::default()).unwrap();
        assert_eq!(
            extracted.text,
            "# Slide 1: Harbour handbook\n\nFor new crew members\n\n\
             # Slide 2: Leaving port\n\n- Check the weather\n  - Wind below 7 Bft\n- Call the harbour master on channel 14\n\n\
             Notes: Mention the fine of 250 euros.\n\nShow the photo of 2019.\n\n\
             # Slide 3: Fees\n\n| Boat | Fee |\n| --- | --- |\n| up to 8 m | 21 € |\n| up to 12 m | 34 € |\n\n\
             Prices of 2025.\n\n# Slide 5\n\nQuestions? harbour@example.org"
        );
        // What PowerPoint puts there by itself is no title.
        assert_eq!(extracted.title.as_deref(), Some("Harbour handbook"));
        assert_eq!(extracted.warnings, [Warning::HiddenLeftOut { count: 1, what: "slides" }]);
    }

    #[test]
    fn slides_come_in_the_order_of_the_show_whatever_their_parts_are_called() {
        let slide = |text: &str| {
            format!(
                "<p:sld><p:sp><p:nvPr><p:ph type=\"title\"/></p:nvPr><a:p><a:r><a:t>{text}</a:t></a:r></a:p></p:sp></p:sld>"
            )
        };
        let relations = "<Relationships><Relationship Id=\"b\" Type=\"x/slide\" Target=\"slides/slide1.xml\"/>\
                         <Relationship Id=\"a\" Type=\"x/slide\" Target=\"/ppt/slides/slide2.xml\"/></Relationships>";
        let bytes = archive(&[
            ("ppt/presentation.xml", b"<p:presentation><p:sldIdLst><p:sldId id=\"256\" r:id=\"a\"/><p:sldId id=\"257\" r:id=\"b\"/></p:sldIdLst></p:presentation>"),
            ("ppt/_rels/presentation.xml.rels", relations.as_bytes()),
            ("ppt/slides/slide1.xml", slide("second").as_bytes()),
            ("ppt/slides/slide2.xml", slide("first").as_bytes()),
        ]);
        let extracted = extract_bytes(Format::Pptx, &bytes, &Limits::default()).unwrap();
        assert_eq!(extracted.text, "# Slide 1: first\n\n# Slide 2: second");
        for end in 0..bytes.len() {
            assert!(extract_bytes(Format::Pptx, &bytes[..end], &Limits::default()).is_err());
        }
    }
}
