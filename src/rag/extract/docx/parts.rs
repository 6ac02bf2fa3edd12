//! The small parts around the body: relations, styles, numbering, properties.

use std::collections::HashMap;

use quick_xml::events::BytesStart;

use super::{
    FORMAT,
    numbering::{Definition, Level, List, Numbering},
    styles::{Style, Styles, heading_of_name},
};
pub(super) use crate::rag::extract::xml::{Node, attribute, is_on};
use crate::rag::extract::{ExtractError, sandbox::Deadline, xml};

/// Reads a part node by node.
pub(super) fn walk(xml: &str, visit: impl FnMut(Node<'_>) -> Result<(), ExtractError>) -> Result<(), ExtractError> {
    xml::walk(FORMAT, xml, visit)
}

/// All words of a part.
pub(super) fn words(part: &str, deadline: Deadline) -> Result<String, ExtractError> {
    let (mut words, mut inside) = (String::new(), false);
    xml::walk_bounded(FORMAT, part, deadline, |node| {
        match node {
            Node::Open("t", _) => inside = true,
            Node::Close("t") => inside = false,
            Node::Text(text) if inside => words.push_str(text),
            _ => {}
        }
        Ok(())
    })?;
    Ok(words)
}

/// The styles, and the lists that numbering styles name.
pub(super) fn styles(xml: &str) -> Result<(Styles, HashMap<String, String>), ExtractError> {
    let mut styles = Styles::default();
    let mut style_lists = HashMap::new();
    let mut open: Option<(String, Style)> = None;
    let mut is_numbering = false;
    let mut conditional = 0_usize;
    walk(xml, |node| {
        match node {
            // What table styles say of a first row and the like.
            Node::Open("tblStylePr", _) => conditional += 1,
            Node::Close("tblStylePr") => conditional = conditional.saturating_sub(1),
            Node::Open("style", element) => {
                let kind = attribute(element, "type").unwrap_or_default();
                open = attribute(element, "styleId").map(|id| (id, Style::default()));
                is_numbering = kind == "numbering";
                let default = attribute(element, "default").is_some_and(|value| is_on(Some(&value)));
                if default && kind == "paragraph" {
                    styles.default_paragraph = open.as_ref().map(|(id, _)| id.clone());
                }
            }
            Node::Open(name, element) if conditional == 0 => {
                let value = attribute(element, "val");
                match (&mut open, value) {
                    (Some((_, style)), value) if name == "vanish" => style.hidden = Some(is_on(value.as_deref())),
                    (Some((_, style)), Some(value)) => set(style, name, value),
                    (None, Some(language)) if name == "lang" => styles.language = language,
                    _ => {}
                }
            }
            Node::Close("style") => {
                if let Some((id, style)) = open.take() {
                    if let (true, Some(list)) = (is_numbering, &style.list) {
                        style_lists.insert(id.clone(), list.clone());
                    }
                    styles.by_id.insert(id, style);
                }
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok((styles, style_lists))
}

/// Takes in what an element of a style says.
fn set(style: &mut Style, element: &str, value: String) {
    match element {
        "name" => style.heading = style.heading.or_else(|| heading_of_name(&value)),
        "outlineLvl" => style.heading = style.heading.or_else(|| outline_level(&value)),
        "basedOn" => style.based_on = Some(value),
        "numId" => style.list = Some(value),
        "ilvl" => style.level = value.parse().ok(),
        "vertAlign" => style.raised = Some(value == "superscript"),
        _ => {}
    }
}

/// Word counts outline levels from 0; 9 is body text.
pub(super) fn outline_level(value: &str) -> Option<usize> {
    value.parse().ok().filter(|level| *level < 9).map(|level: usize| level + 1)
}

/// The definitions of lists.
pub(super) fn numbering(xml: &str) -> Result<Numbering, ExtractError> {
    let mut numbering = Numbering::default();
    let mut definition: Option<(String, Definition)> = None;
    let mut list: Option<(String, List)> = None;
    let mut level: Option<(usize, Level)> = None;
    let mut overridden = 0;
    walk(xml, |node| {
        match node {
            Node::Open(name, element) => {
                let number = |name| attribute(element, name).and_then(|value| value.parse::<usize>().ok());
                match (name, &mut definition, &mut list, &mut level) {
                    ("abstractNum", ..) => {
                        definition = attribute(element, "abstractNumId").map(|id| (id, Definition::default()));
                    }
                    ("num", ..) => list = attribute(element, "numId").map(|id| (id, List::default())),
                    ("lvlOverride", ..) => overridden = number("ilvl").unwrap_or(0),
                    ("lvl", ..) => level = Some((number("ilvl").unwrap_or(overridden), Level::default())),
                    ("numStyleLink", Some((_, definition)), ..) => definition.style = attribute(element, "val"),
                    ("abstractNumId", _, Some((_, list)), _) => {
                        list.definition = attribute(element, "val").unwrap_or_default();
                    }
                    ("startOverride", _, Some((_, list)), _) => {
                        if let Some(start) = number("val").and_then(|start| u32::try_from(start).ok()) {
                            list.starts.insert(overridden, start);
                        }
                    }
                    (_, _, _, Some((_, level))) => set_level(level, name, element),
                    _ => {}
                }
            }
            Node::Close("lvl") => match (level.take(), &mut list, &mut definition) {
                (Some((number, level)), Some((_, list)), _) => drop(list.levels.insert(number, level)),
                (Some((number, level)), None, Some((_, definition))) => {
                    drop(definition.levels.insert(number, level));
                }
                _ => {}
            },
            Node::Close("abstractNum") => numbering.definitions.extend(definition.take()),
            Node::Close("num") => numbering.lists.extend(list.take()),
            _ => {}
        }
        Ok(())
    })?;
    Ok(numbering)
}

/// Takes in what an element of a level says.
fn set_level(level: &mut Level, element: &str, start: &BytesStart<'_>) {
    let value = attribute(start, "val");
    match (element, value) {
        ("isLgl", value) => level.legal = is_on(value.as_deref()),
        // Newer formats stand beside an older one for programs that do not know them; the format itself says how it goes.
        ("numFmt", Some(format)) if level.format.is_none() => {
            level.format = if format == "custom" { attribute(start, "format") } else { Some(format) };
        }
        ("start", Some(value)) => level.start = value.parse().unwrap_or(0),
        ("lvlText", Some(value)) => level.text = value,
        ("lvlRestart", Some(value)) => level.restart = value.parse().ok(),
        ("pStyle", value) => level.style = value,
        ("suff", Some(value)) => level.joined = value == "nothing",
        _ => {}
    }
}
