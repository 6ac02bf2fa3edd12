//! What the names of styles stand for, as far as it matters here: what is hidden, which lists are numbered.

use std::collections::{HashMap, HashSet};

use super::FORMAT;
use crate::rag::extract::{
    ExtractError,
    sandbox::Deadline,
    xml::{Node, attribute, walk_bounded},
};

/// The styles of a document.
#[derive(Default)]
pub(super) struct Styles {
    hidden: HashSet<String>,
    /// For each list style, the levels (from 1) that are numbered.
    numbered: HashMap<String, HashSet<usize>>,
}

impl Styles {
    /// Takes in the styles of a part.
    pub fn read(&mut self, xml: &str, deadline: Deadline) -> Result<(), ExtractError> {
        let (mut style, mut list): (Option<String>, Option<String>) = (None, None);
        walk_bounded(FORMAT, xml, deadline, |node| {
            match node {
                Node::Open("style", element) => style = attribute(element, "name"),
                Node::Close("style") => style = None,
                Node::Open("list-style", element) => list = attribute(element, "name"),
                Node::Close("list-style") => list = None,
                Node::Open("text-properties" | "table-properties" | "drawing-page-properties", element) => {
                    let says = |name, value| attribute(element, name).as_deref() == Some(value);
                    let hides = says("display", "none") || says("display", "false") || says("visibility", "hidden");
                    if let (Some(style), true) = (&style, hides) {
                        self.hidden.insert(style.clone());
                    }
                }
                Node::Open("list-level-style-number", element) => {
                    let level = attribute(element, "level").and_then(|level| level.parse().ok()).unwrap_or(1);
                    // An empty format is a level without a number.
                    let shown = attribute(element, "num-format").is_none_or(|format| !format.is_empty());
                    if let (Some(list), true) = (&list, shown) {
                        self.numbered.entry(list.clone()).or_default().insert(level);
                    }
                }
                _ => {}
            }
            Ok(())
        })
    }

    /// Whether what has this style is not shown.
    pub fn is_hidden(&self, style: Option<&str>) -> bool {
        style.is_some_and(|style| self.hidden.contains(style))
    }

    /// Whether a level (from 1) of a list is numbered.
    pub fn is_numbered(&self, list: &str, level: usize) -> bool {
        self.numbered.get(list).is_some_and(|levels| levels.contains(&level))
    }
}
