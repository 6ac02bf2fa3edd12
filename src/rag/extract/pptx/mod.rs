//! PPTX → Markdown: a heading a slide, in the order of the show, its title first whatever is drawn first.
//!
//! Speaker's notes are marked. Slides that the show leaves out are left out and reported, as are footers, dates and numbers, which
//! say the same on every slide.

mod chart;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use quick_xml::events::BytesStart;

use super::{
    ExtractError, Limits, Raw, Warning,
    blocks::{Blocks, OpenTable},
    format::FormatReader,
    package::{Package, Relation},
    pictures::Pictures,
    sandbox::{self, Deadline},
    slides::{Part, Slide},
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
    let (mut hidden, mut title, mut pictures, mut unsaid) = (0, None::<String>, Vec::new(), Pictures::default());
    for (number, id) in (1..).zip(slide_ids(&presentation)?) {
        let Some(Relation { part, .. }) = relations.get(&id) else {
            continue;
        };
        let xml = package.needed(part)?;
        let mut drawn = Drawn::read(&xml, deadline)?;
        if drawn.hidden {
            hidden += 1;
            continue;
        }
        let parts = package.relations(part)?;
        add_parts(&mut package, &parts, &mut drawn.slide, deadline)?;
        unsaid.without_text += drawn.pictures.without_text;
        title = title.or_else(|| drawn.slide.title());
        if drawn.slide.is_blank() && drawn.slide.has_picture {
            pictures.push(number);
        }
        drawn.slide.write(number, &mut blocks)?;
    }
    let own = package.core_title()?.filter(|title| !PLACEHOLDERS.contains(&title.as_str()));
    let metadata = package.core_properties()?;
    let mut warnings = std::mem::take(&mut package.warnings);
    if !pictures.is_empty() {
        warnings.push(Warning::PagesWithoutText { pages: pictures });
    }
    if hidden > 0 {
        warnings.push(Warning::HiddenLeftOut { count: hidden, what: "slides" });
    }
    let pages = blocks.take_pages();
    Ok(Raw {
        text: blocks.finish().0,
        title: own.or(title),
        pages,
        warnings,
        pictures: unsaid,
        metadata,
        ..Raw::default()
    })
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

/// Adds what belongs to a slide in parts of its own: charts, comments, diagrams, and the speaker's notes.
fn add_parts(
    package: &mut Package<'_>,
    relations: &HashMap<String, Relation>,
    slide: &mut Slide,
    deadline: Deadline,
) -> Result<(), ExtractError> {
    let mut parts: Vec<&Relation> = relations
        .values()
        .filter(|relation| matches!(relation.kind.as_str(), "chart" | "comments" | "diagramData" | "notesSlide"))
        .collect();
    parts.sort_by(|a, b| a.part.cmp(&b.part));
    for Relation { kind, part } in parts {
        let Some(xml) = package.part(part)? else {
            continue;
        };
        if kind == "chart" {
            slide.parts.extend(chart::read(&xml, deadline)?);
            continue;
        }
        if kind == "comments" {
            let comments = comments(&xml, deadline)?;
            slide.parts.extend(comments.into_iter().map(|text| Part::Paragraph(format!("Comment: {text}"))));
            continue;
        }
        let read = Drawn::read(&xml, deadline)?.slide;
        if kind == "diagramData" {
            slide.parts.extend(read.parts);
            continue;
        }
        slide.notes.extend(read.parts.into_iter().filter_map(|part| match part {
            Part::Paragraph(text) | Part::Item { text, .. } => Some(text),
            Part::Table(_) => None,
        }));
    }
    Ok(())
}

/// What people remarked on a slide: in elements of its own, or drawn as other text in newer files.
fn comments(xml: &str, deadline: Deadline) -> Result<Vec<String>, ExtractError> {
    let mut comments: Vec<String> = Vec::new();
    let mut inside = false;
    walk_bounded(FORMAT, xml, deadline, |node| {
        match node {
            Node::Open("cm" | "reply", _) => comments.push(String::new()),
            Node::Open("text" | "t", _) => inside = true,
            Node::Close("text" | "t") => inside = false,
            Node::Text(text) if inside => {
                if let Some(comment) = comments.last_mut() {
                    comment.push_str(text);
                }
            }
            _ => {}
        }
        Ok(())
    })?;
    comments.retain(|comment| !comment.trim().is_empty());
    Ok(comments)
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

/// A slide, or another part with drawn text, that is being read.
#[derive(Default)]
struct Drawn {
    hidden: bool,
    slide: Slide,
    role: Role,
    paragraph: Option<Paragraph>,
    in_text: bool,
    /// Inside a field that repeats the slide's number or the date.
    in_field: bool,
    table: OpenTable,
    /// Inside a picture.
    in_picture: bool,
    pictures: Pictures,
    /// Numbers of the numbered lists, by their depth.
    numbers: Vec<u32>,
}

impl Drawn {
    fn read(xml: &str, deadline: Deadline) -> Result<Self, ExtractError> {
        let mut drawn = Self::default();
        let mut fallback = 0_usize;
        walk_bounded(FORMAT, xml, deadline, |node| {
            match node {
                // The copy for programs that cannot draw what stands before it.
                Node::Open("Fallback", _) => fallback += 1,
                Node::Close("Fallback") => fallback = fallback.saturating_sub(1),
                _ if fallback > 0 => {}
                Node::Open(name, element) => drawn.open(name, element),
                Node::Close(name) => drawn.close(name),
                Node::Text(text) if drawn.in_text && !drawn.in_field => {
                    if let Some(paragraph) = &mut drawn.paragraph {
                        paragraph.text.push_str(text);
                    }
                }
                Node::Text(_) => {}
            }
            Ok(())
        })?;
        Ok(drawn)
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
            "pic" => {
                self.slide.has_picture = true;
                self.in_picture = true;
            }
            "cNvPr" if self.in_picture => {
                let words = self.pictures.read(attribute(element, "descr").as_deref());
                self.slide.parts.extend(words.map(Part::Paragraph));
            }
            "t" => self.in_text = true,
            "br" => {
                if let Some(paragraph) = &mut self.paragraph {
                    paragraph.text.push('\n');
                }
            }
            "tbl" => self.table.open(),
            "tr" => self.table.row(),
            "tc" => self.table.cell(),
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
            "pic" => self.in_picture = false,
            "fld" => self.in_field = false,
            "tbl" => {
                self.slide.parts.extend(self.table.close().map(Part::Table));
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
        if self.table.is_open() {
            self.table.add(&text);
            return;
        }
        if self.role == Role::Title {
            self.slide.title.push(' ');
            self.slide.title.push_str(&text);
            return;
        }
        let level = level.min(8);
        if !bullet.unwrap_or(self.role == Role::Body) {
            self.numbers.clear();
            return self.slide.parts.push(Part::Paragraph(text));
        }
        self.numbers.resize(level + 1, 0);
        let marker = if numbered {
            self.numbers[level] += 1;
            format!("{}.", self.numbers[level])
        } else {
            "-".to_owned()
        };
        self.slide.parts.push(Part::Item { depth: level, marker, text });
    }
}
