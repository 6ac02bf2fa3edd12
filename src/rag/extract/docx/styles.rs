//! Word's styles: which paragraphs are headings or belong to a list, which text is hidden or raised.

use std::collections::HashMap;

/// What a style says.
#[derive(Debug, Default, Clone)]
pub(super) struct Style {
    /// Heading level from 1, by its outline level or its built-in name.
    pub heading: Option<usize>,
    /// The list its paragraphs belong to.
    pub list: Option<String>,
    /// Their level in it, from 0.
    pub level: Option<usize>,
    /// Whether its text is hidden.
    pub hidden: Option<bool>,
    /// Whether its text is raised.
    pub raised: Option<bool>,
    /// The style it takes everything else from.
    pub based_on: Option<String>,
}

/// Styles by id.
#[derive(Debug, Default)]
pub(super) struct Styles {
    /// All of them: ids of paragraph, character and numbering styles do not meet.
    pub by_id: HashMap<String, Style>,
    /// The style of paragraphs that name none.
    pub default_paragraph: Option<String>,
    /// The language of the document's text, if it is said.
    pub language: String,
}

impl Styles {
    /// Longest chain of styles that is followed: chains in a circle would have no end.
    const MAX_CHAIN: usize = 16;

    /// The styles from this one to the one that all is taken from.
    fn chain(&self, id: &str) -> impl Iterator<Item = (&str, &Style)> {
        let first = self.by_id.get_key_value(id);
        std::iter::successors(first, |(_, style)| self.by_id.get_key_value(style.based_on.as_deref()?))
            .take(Self::MAX_CHAIN)
            .map(|(id, style)| (id.as_str(), style))
    }

    /// The heading level of paragraphs in this style.
    pub fn heading(&self, id: &str) -> Option<usize> {
        self.chain(id).find_map(|(_, style)| style.heading)
    }

    /// The list of paragraphs in this style.
    pub fn list(&self, id: &str) -> Option<&str> {
        self.chain(id).find_map(|(_, style)| style.list.as_deref())
    }

    /// The level of paragraphs in this style: that of a list which is linked with the style or one it is based on, else the
    /// one that the styles say.
    pub fn level(&self, id: &str, linked: impl Fn(&str) -> Option<usize>) -> Option<usize> {
        self.chain(id).find_map(|(id, style)| linked(id).or(style.level))
    }

    /// Whether text is hidden by its paragraph's and its own style. As for bold letters, two styles that say so undo each
    /// other.
    pub fn hidden(&self, paragraph: &str, run: &str) -> bool {
        let hidden = |id| self.chain(id).find_map(|(_, style)| style.hidden).unwrap_or(false);
        hidden(paragraph) != hidden(run)
    }

    /// Whether text in this style is raised.
    pub fn raised(&self, run: &str) -> bool {
        self.chain(run).find_map(|(_, style)| style.raised).unwrap_or(false)
    }
}

/// The heading level that a built-in style name stands for. Word stores these names in English whatever its language.
pub(super) fn heading_of_name(name: &str) -> Option<usize> {
    let name = name.to_ascii_lowercase();
    if name == "title" {
        return Some(1);
    }
    let level = name.strip_prefix("heading")?.trim().parse().ok()?;
    (1..=9).contains(&level).then_some(level)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn styles(all: Vec<(&str, Style)>) -> Styles {
        let by_id = all.into_iter().map(|(id, style)| (id.to_owned(), style)).collect();
        Styles { by_id, ..Styles::default() }
    }

    fn based_on(id: &str) -> Style {
        Style { based_on: Some(id.to_owned()), ..Style::default() }
    }

    #[test]
    fn styles_inherit_and_circles_end() {
        let styles = styles(vec![
            ("berschrift1", Style { heading: Some(1), ..Style::default() }),
            ("Mine", based_on("berschrift1")),
            ("a", based_on("b")),
            ("b", based_on("a")),
        ]);
        assert_eq!(styles.heading("Mine"), Some(1));
        assert_eq!(styles.heading("a"), None);
    }

    #[test]
    fn list_and_level_are_inherited_apart_from_each_other() {
        let styles = styles(vec![
            ("H1", Style { list: Some("1".to_owned()), level: Some(0), ..Style::default() }),
            ("H2", Style { level: Some(1), ..based_on("H1") }),
            ("H3", based_on("H1")),
        ]);
        assert_eq!((styles.list("H2"), styles.level("H2", |_| None)), (Some("1"), Some(1)));
        assert_eq!(
            styles.level("H3", |id| (id == "H3").then_some(2)),
            Some(2),
            "what the list is linked with counts more"
        );
    }

    #[test]
    fn two_styles_that_hide_undo_each_other() {
        let hiding = || Style { hidden: Some(true), ..Style::default() };
        let styles = styles(vec![
            ("P", hiding()),
            ("C", hiding()),
            ("Child", based_on("C")),
            ("Shown", Style { hidden: Some(false), ..based_on("C") }),
        ]);
        assert!(styles.hidden("P", "") && styles.hidden("", "C") && styles.hidden("", "Child"));
        assert!(!styles.hidden("P", "C") && !styles.hidden("", "Shown") && !styles.hidden("", ""));
    }

    #[test]
    fn names_of_headings() {
        assert_eq!(heading_of_name("heading 3"), Some(3));
        assert_eq!(heading_of_name("Title"), Some(1));
        assert_eq!(heading_of_name("heading 42"), None);
        assert_eq!(heading_of_name("Header"), None);
    }
}
