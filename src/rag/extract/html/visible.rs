//! What a reader of a page sees, or can open.
//!
//! Closed tabs, accordions and dialogs are marked as hidden, and so are the traps in which instructions to language models are
//! smuggled in. The difference is whether a reader can get there. Hidden text is read when
//!
//! - something visible with words on it names it: `aria-controls`, `href="#…"`, `data-target` and the like, `popovertarget`,
//!   or it is a tab panel that names its visible tab;
//! - it follows right after what opens it: a button, or a heading of an accordion;
//! - the browser itself opens it: `details`, `hidden="until-found"`.
//!
//! All other hidden text is left out, as is what is drawn with no size or full transparency. Whoever writes a page can of
//! course show a reader whatever they like: the promise is that nothing is read that no reader could come to see.
//!
//! `aria-hidden` hides from screen readers only. Such text is read, in place of the copy for screen readers beside it; icons,
//! ornaments and second copies of formulas are not.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
};

use ego_tree::{NodeRef, iter::Edge};
use scraper::{Node, node::Element};

use super::{attr, heading_level};

/// Elements whose content is never text that a reader sees.
const UNSEEN: &[&str] = &[
    "script", "style", "noscript", "template", "svg", "iframe", "object", "canvas", "audio", "video", "rt", "rp", "rtc",
];

/// Elements that are not the document's text although they are seen: navigation, and lists of choices.
const FURNITURE: &[&str] = &["nav", "select", "datalist"];

/// Words in class names of what opens and closes.
const OPENING: &[&str] = &["accordion", "collaps", "expand", "faq", "question", "spoiler", "tab", "toggle"];

/// Class names of text that only screen readers read out.
const FOR_SCREEN_READERS: &[&str] = &[
    "sr-only",
    "visually-hidden",
    "visuallyhidden",
    "hiddenvisually",
    "screen-reader",
    "screenreader",
    "a11y-hidden",
    "offscreen",
    "assistive-text",
];

/// Parts of class names of icons: their text is the name of a picture, or a letter that is drawn as one.
const ICONS: &[&str] = &["icon", "glyph", "material-symbols", "fa-"];

/// How far is looked around an element: pages with thousands of siblings must not take time by their square.
const NEAR: usize = 8;

/// How many nodes are looked through for the words on a control.
const CONTROL_NODES: usize = 200;

/// Panels within panels that are followed.
const ROUNDS: usize = 4;

/// What is known of a page before it is read.
#[derive(Default)]
pub(super) struct Page<'a> {
    /// Ids of what something visible opens.
    opened: HashSet<&'a str>,
    /// Ids of visible elements with words on them that open something.
    controls: HashSet<&'a str>,
    /// Ids of tab panels, and what is written on their tabs.
    labels: HashMap<&'a str, String>,
    /// There are tabs that do not say what they open.
    nameless_tabs: bool,
}

impl<'a> Page<'a> {
    /// Looks for what opens hidden parts.
    pub fn new(root: NodeRef<'a, Node>) -> Self {
        let mut page = Self::default();
        // Each round may find controls inside what the last one found to be open.
        for _ in 0..ROUNDS {
            let closed = page.look_for_controls(root);
            let opens = |node: &NodeRef<'a, Node>| node.value().as_element().is_some_and(|e| page.can_open(*node, e));
            if !closed.iter().any(opens) {
                break;
            }
        }
        page
    }

    /// Takes in the controls that can be seen, and hands back what is closed as far as is known.
    fn look_for_controls(&mut self, root: NodeRef<'a, Node>) -> Vec<NodeRef<'a, Node>> {
        let mut closed = Vec::new();
        let mut skipping = None;
        for edge in root.traverse() {
            match edge {
                Edge::Open(node) if skipping.is_none() => {
                    let Node::Element(element) = node.value() else {
                        continue;
                    };
                    if UNSEEN.contains(&element.name()) {
                        skipping = Some(node.id());
                    } else if is_hidden(element) && !self.can_open(node, element) {
                        closed.push(node);
                        skipping = Some(node.id());
                    } else {
                        self.look_at(node, element);
                    }
                }
                Edge::Close(node) if skipping == Some(node.id()) => skipping = None,
                _ => {}
            }
        }
        closed
    }

    fn look_at(&mut self, node: NodeRef<'a, Node>, element: &'a Element) {
        let targets: Vec<&str> = targets(element).collect();
        let is_tab = attr(element, "role") == Some("tab");
        let looks_like_tab =
            matches!(element.name(), "a" | "button" | "li") && class_has(element, &["tab"]) && targets.is_empty();
        if targets.is_empty() && !is_tab && !looks_like_tab {
            return;
        }
        let words = words(node);
        if words.is_empty() {
            return;
        }
        self.nameless_tabs |= looks_like_tab;
        self.controls.extend(attr(element, "id"));
        if is_tab {
            self.labels.extend(targets.iter().map(|target| (*target, words.clone())));
        }
        self.opened.extend(targets);
    }

    /// Whether an element and what is in it is left out.
    pub fn is_skipped(&self, node: NodeRef<'a, Node>, element: &'a Element) -> bool {
        if UNSEEN.contains(&element.name())
            || FURNITURE.contains(&element.name())
            || attr(element, "role") == Some("navigation")
        {
            return true;
        }
        if is_hidden(element) {
            return !self.can_open(node, element);
        }
        if attr(element, "aria-hidden") == Some("true") {
            return is_ornament(node, element);
        }
        if class_has(element, FOR_SCREEN_READERS) {
            return near(node).any(|other| attr(other, "aria-hidden") == Some("true") && !is_ornament_of(other));
        }
        element.name() == "button" && !self.is_text(node, element)
    }

    /// What is written on the tab of a panel.
    pub fn label(&self, element: &Element) -> Option<&str> {
        self.labels.get(attr(element, "id")?).map(String::as_str)
    }

    /// Whether a reader can come to see something hidden.
    fn can_open(&self, node: NodeRef<'a, Node>, element: &'a Element) -> bool {
        let is_named = attr(element, "id").is_some_and(|id| self.opened.contains(id));
        let names_its_tab = || {
            attr(element, "role") == Some("tabpanel")
                && attr(element, "aria-labelledby").is_some_and(|id| self.controls.contains(id))
        };
        let is_tab_content = || self.nameless_tabs && class_has(element, &["tab"]);
        is_named || names_its_tab() || is_tab_content() || follows_what_opens_it(node, element) || shows_as_image(node)
    }

    /// Whether what is written on a button is text of the page: a question that opens its answer, or part of a heading.
    /// Others ("Copy", "Subscribe") are controls.
    fn is_text(&self, node: NodeRef<'a, Node>, element: &'a Element) -> bool {
        if attr(element, "role") == Some("tab") && targets(element).any(|target| self.labels.contains_key(target)) {
            // Read with its panel.
            return false;
        }
        let titles = ["summary", "dt", "legend", "caption", "th"];
        let in_title = node
            .ancestors()
            .take(NEAR)
            .filter_map(|node| node.value().as_element())
            .any(|element| heading_level(element.name()).is_some() || titles.contains(&element.name()));
        let parent_opens =
            || node.parent().and_then(|node| node.value().as_element()).is_some_and(|e| class_has(e, OPENING));
        in_title
            || opens_something(element)
            || class_has(element, OPENING)
            || parent_opens()
            || words(node).ends_with(['?', '？'])
    }
}

/// Whether it is not shown until something happens.
fn is_hidden(element: &Element) -> bool {
    let by_attribute = attr(element, "hidden").is_some_and(|value| !value.eq_ignore_ascii_case("until-found"));
    let is_closed =
        (element.name() == "dialog" && attr(element, "open").is_none()) || attr(element, "popover").is_some();
    let is_closed_dialog = || {
        attr(element, "aria-hidden") == Some("true")
            && (attr(element, "role") == Some("dialog") || class_has(element, &["modal", "offcanvas", "popup"]))
    };
    by_attribute || is_closed || is_closed_dialog() || attr(element, "style").is_some_and(hides)
}

/// Whether a style leaves nothing to be seen.
fn hides(style: &str) -> bool {
    style.split(';').filter_map(|declaration| declaration.split_once(':')).any(|(name, value)| {
        let value = value.trim().to_ascii_lowercase();
        let value = value.strip_suffix("!important").unwrap_or(&value).trim();
        let is_zero = || {
            let number = value.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == '%');
            number.parse::<f32>().is_ok_and(|number| number == 0.0)
        };
        match name.trim().to_ascii_lowercase().as_str() {
            "display" => value == "none",
            "visibility" => matches!(value, "hidden" | "collapse"),
            "opacity" | "font-size" => is_zero(),
            _ => false,
        }
    })
}

/// Ids of what an element opens.
fn targets(element: &Element) -> impl Iterator<Item = &str> {
    let names = ["controls", "target", "tab", "toggle", "panel", "content", "href", "open", "collapse"];
    element.attrs().flat_map(move |(name, value)| {
        let value = match name {
            "aria-controls" | "popovertarget" | "commandfor" => Some(value),
            "href" => value.strip_prefix('#'),
            _ => name
                .strip_prefix("data-")
                .filter(|name| names.iter().any(|part| name.contains(part)) && !value.contains(char::is_whitespace))
                .map(|_| value.strip_prefix('#').unwrap_or(value)),
        };
        value.unwrap_or_default().split_ascii_whitespace()
    })
}

/// Whether it says of itself that it opens something.
fn opens_something(element: &Element) -> bool {
    let toggles = |name| attr(element, name).is_some_and(|value| matches!(value, "collapse" | "tab" | "pill"));
    attr(element, "aria-haspopup").is_none()
        && (attr(element, "aria-expanded").is_some() || toggles("data-bs-toggle") || toggles("data-toggle"))
}

/// Whether the element before it is a button, or contains one, or is the heading of an accordion by the classes of either.
fn follows_what_opens_it(node: NodeRef<'_, Node>, element: &Element) -> bool {
    let Some(before) = node.prev_siblings().take(NEAR).find(|node| node.value().is_element()) else {
        return false;
    };
    let Some(opener) = before.value().as_element() else {
        return false;
    };
    let is_button = |element: &Element| {
        element.name() == "button" || attr(element, "role") == Some("button") || opens_something(element)
    };
    let is_heading =
        heading_level(opener.name()).is_some() || matches!(opener.name(), "dt" | "a" | "div" | "p" | "span");
    let buttons = || elements(before).any(is_button);
    let by_class = || is_heading && class_has(element, OPENING) && (class_has(opener, OPENING) || opener.name() != "p");
    !is_hidden(opener) && !words(before).is_empty() && (is_button(opener) || buttons() || by_class())
}

/// Whether it is the text of a formula that is shown as the image beside it.
fn shows_as_image(node: NodeRef<'_, Node>) -> bool {
    near(node).any(|other| other.name() == "img") && elements(node).any(|inside| inside.name() == "math")
}

/// Whether what is hidden from screen readers is nothing to a reader either: an icon, an ornament, the copy of a formula or
/// of a slide.
fn is_ornament(node: NodeRef<'_, Node>, element: &Element) -> bool {
    let is_mark = || !words(node).chars().any(|c| c.is_alphanumeric() || "€$£¥₫₹%+-−=".contains(c));
    let is_copy = || {
        node.prev_siblings().take(NEAR).chain(node.next_siblings().take(NEAR)).any(|sibling| {
            sibling.value().as_element().is_some_and(|element| element.name() == "math")
                || elements(sibling).any(|inside| inside.name() == "math")
        })
    };
    is_ornament_of(element) || is_mark() || is_copy()
}

fn is_ornament_of(element: &Element) -> bool {
    element.name() == "i" || class_has(element, ICONS) || class_has(element, &["clone"])
}

/// Whether a class name has one of these in it.
fn class_has(element: &Element, parts: &[&str]) -> bool {
    attr(element, "class").is_some_and(|class| {
        let class = lowercase(class);
        // "table" is no tab.
        class.split_ascii_whitespace().any(|name| {
            parts.iter().any(|part| {
                if *part == "tab" {
                    name.contains("tab") && name.replace("table", "").contains("tab")
                } else {
                    name.contains(part)
                }
            })
        })
    })
}

/// Most class names are lower case as they are.
fn lowercase(name: &str) -> Cow<'_, str> {
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) { name.to_ascii_lowercase().into() } else { name.into() }
}

/// The elements beside a node.
fn near<'a>(node: NodeRef<'a, Node>) -> impl Iterator<Item = &'a Element> {
    let siblings = node.prev_siblings().take(NEAR).chain(node.next_siblings().take(NEAR));
    siblings.filter_map(|node| node.value().as_element())
}

/// Some elements inside a node.
fn elements<'a>(node: NodeRef<'a, Node>) -> impl Iterator<Item = &'a Element> {
    node.descendants().skip(1).take(CONTROL_NODES).filter_map(|node| node.value().as_element())
}

/// The words inside a node, as far as they are near.
fn words(node: NodeRef<'_, Node>) -> String {
    let texts = node.descendants().take(CONTROL_NODES).filter_map(|node| node.value().as_text());
    let text: Vec<&str> = texts.flat_map(|text| text.split_whitespace()).collect();
    text.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn styles_that_leave_nothing_to_be_seen() {
        for style in [
            "display:none",
            "color:red; DISPLAY : none !important",
            "visibility: hidden",
            "opacity:0.0",
            "font-size:0px",
        ] {
            assert!(hides(style), "{style}");
        }
        for style in ["display:block", "opacity:0.5", "font-size:0.9em", "visibility:visible", "background:none", ""] {
            assert!(!hides(style), "{style}");
        }
    }
}
