//! The small parts around the body: relations, styles, numbering, properties.

use quick_xml::{
    Reader,
    events::{BytesStart, Event},
};

use super::{
    damaged,
    numbering::{Numbering, Style, Styles, heading_of_name},
};
use crate::rag::extract::ExtractError;

/// What a part is made of, without the distinctions that do not matter here.
pub(super) enum Node<'a> {
    /// An element begins; one without content is followed by its [`Node::Close`] as any other.
    Open(&'a str, &'a BytesStart<'a>),
    /// An element ends.
    Close(&'a str),
    /// Text, references resolved.
    Text(&'a str),
}

/// Reads a part node by node. Element names come without their prefix.
pub(super) fn walk(xml: &str, mut visit: impl FnMut(Node<'_>) -> Result<(), ExtractError>) -> Result<(), ExtractError> {
    let mut reader = Reader::from_str(xml);
    loop {
        match reader.read_event().map_err(|error| damaged(format!("its XML is broken: {error}")))? {
            Event::Start(start) => visit(Node::Open(start.local_name().into_inner(), &start))?,
            Event::Empty(start) => {
                visit(Node::Open(start.local_name().into_inner(), &start))?;
                visit(Node::Close(start.local_name().into_inner()))?;
            }
            Event::End(end) => visit(Node::Close(end.local_name().into_inner()))?,
            Event::Text(text) => visit(Node::Text(&text.xml10_content()))?,
            Event::CData(text) => visit(Node::Text(&text.xml10_content()))?,
            Event::GeneralRef(reference) => {
                if let Ok(Some(c)) = reference.resolve_char_ref() {
                    visit(Node::Text(c.encode_utf8(&mut [0; 4])))?;
                } else if let Some(text) = quick_xml::escape::resolve_predefined_entity(&reference.xml10_content()) {
                    visit(Node::Text(text))?;
                }
            }
            Event::DocType(_) => {
                return Err(damaged(
                    "it contains a document type declaration, which Word documents never do".to_owned(),
                ));
            }
            Event::Eof => return Ok(()),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
}

/// An attribute by its name without prefix.
pub(super) fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = element.attributes().flatten().find(|attribute| attribute.key.local_name().into_inner() == name)?;
    Some(found.normalized_value(quick_xml::XmlVersion::Implicit1_0).ok()?.into_owned())
}

/// The name of the part that holds the body.
pub(super) fn main_part(xml: &str) -> Result<Option<String>, ExtractError> {
    let mut found = None;
    walk(xml, |node| {
        if let Node::Open("Relationship", element) = node
            && attribute(element, "Type").is_some_and(|kind| kind.ends_with("/officeDocument"))
        {
            found = attribute(element, "Target").map(|target| target.trim_start_matches('/').to_owned());
        }
        Ok(())
    })?;
    Ok(found)
}

/// The paragraph styles.
pub(super) fn styles(xml: &str) -> Result<Styles, ExtractError> {
    let mut styles = Styles::default();
    let mut open: Option<(String, Style)> = None;
    walk(xml, |node| {
        match node {
            Node::Open("style", element) => {
                open = attribute(element, "styleId").map(|id| (id, Style::default()));
            }
            Node::Open(name, element) => {
                if let (Some((_, style)), Some(value)) = (&mut open, attribute(element, "val")) {
                    match name {
                        "name" => style.heading = style.heading.or_else(|| heading_of_name(&value)),
                        "outlineLvl" => style.heading = style.heading.or_else(|| outline_level(&value)),
                        "basedOn" => style.based_on = Some(value),
                        "numId" => style.numbering = Some(value),
                        _ => {}
                    }
                }
            }
            Node::Close("style") => styles.0.extend(open.take()),
            _ => {}
        }
        Ok(())
    })?;
    Ok(styles)
}

/// Word counts outline levels from 0; 9 is body text.
pub(super) fn outline_level(value: &str) -> Option<usize> {
    value.parse().ok().filter(|level| *level < 9).map(|level: usize| level + 1)
}

/// The definitions of lists.
pub(super) fn numbering(xml: &str) -> Result<Numbering, ExtractError> {
    let mut numbering = Numbering::default();
    let (mut definition, mut level, mut list) = (String::new(), 0, String::new());
    walk(xml, |node| {
        let Node::Open(name, element) = node else {
            return Ok(());
        };
        match name {
            "abstractNum" => definition = attribute(element, "abstractNumId").unwrap_or_default(),
            "lvl" => level = attribute(element, "ilvl").and_then(|level| level.parse().ok()).unwrap_or(0),
            "numFmt" => {
                if let Some(format) = attribute(element, "val") {
                    numbering.formats.insert((definition.clone(), level), format);
                }
            }
            "num" => list = attribute(element, "numId").unwrap_or_default(),
            "abstractNumId" => {
                if let Some(id) = attribute(element, "val") {
                    numbering.lists.insert(list.clone(), id);
                }
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(numbering)
}

/// The title among the document's properties, unless it is a template's placeholder.
pub(super) fn title(xml: &str) -> Result<Option<String>, ExtractError> {
    let mut inside = false;
    let mut title = String::new();
    walk(xml, |node| {
        match node {
            Node::Open("title", _) => inside = true,
            Node::Close("title") => inside = false,
            Node::Text(text) if inside => title.push_str(text),
            _ => {}
        }
        Ok(())
    })?;
    let title = title.trim();
    Ok((!title.is_empty() && !title.eq_ignore_ascii_case("word document")).then(|| title.to_owned()))
}
