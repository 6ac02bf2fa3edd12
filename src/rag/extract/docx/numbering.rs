//! Word's styles and list numbering: which paragraph is a heading, which a list item, and with what marker.

use std::collections::HashMap;

/// What a paragraph style says.
#[derive(Debug, Default, Clone)]
pub(super) struct Style {
    /// Heading level from 1, by its outline level or its built-in name.
    pub heading: Option<usize>,
    /// The list its paragraphs belong to.
    pub numbering: Option<String>,
    /// The style it takes everything else from.
    pub based_on: Option<String>,
}

/// Paragraph styles by id.
#[derive(Debug, Default)]
pub(super) struct Styles(pub HashMap<String, Style>);

impl Styles {
    /// Longest chain of styles that is followed: chains in a circle would have no end.
    const MAX_CHAIN: usize = 16;

    /// The first answer along the chain of styles.
    fn find<T>(&self, id: &str, get: impl Fn(&Style) -> Option<T>) -> Option<T> {
        let mut id = Some(id);
        for _ in 0..Self::MAX_CHAIN {
            let style = self.0.get(id?)?;
            if let Some(found) = get(style) {
                return Some(found);
            }
            id = style.based_on.as_deref();
        }
        None
    }

    /// The heading level of paragraphs in this style.
    pub fn heading(&self, id: &str) -> Option<usize> {
        self.find(id, |style| style.heading)
    }

    /// The list of paragraphs in this style.
    pub fn numbering(&self, id: &str) -> Option<String> {
        self.find(id, |style| style.numbering.clone())
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

/// Lists: which are numbered, and how far each has counted.
#[derive(Debug, Default)]
pub(super) struct Numbering {
    /// Concrete list → definition.
    pub lists: HashMap<String, String>,
    /// (definition, level) → number format as Word names it.
    pub formats: HashMap<(String, usize), String>,
    counters: HashMap<String, Vec<u32>>,
}

impl Numbering {
    /// Deepest level of a list in Word.
    const MAX_LEVEL: usize = 8;

    /// The marker of the next item of this list at this level; counts on.
    pub fn next_marker(&mut self, list: &str, level: usize) -> String {
        let level = level.min(Self::MAX_LEVEL);
        let definition = self.lists.get(list).cloned().unwrap_or_default();
        let numbered = self
            .formats
            .get(&(definition.clone(), level))
            .is_some_and(|format| !matches!(format.as_str(), "bullet" | "none"));
        let counters = self.counters.entry(list.to_owned()).or_insert_with(|| vec![0; Self::MAX_LEVEL + 1]);
        counters[level + 1..].fill(0);
        counters[level] = counters[level].saturating_add(1);
        if numbered { format!("{}.", counters[level]) } else { "-".to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn styles_inherit_and_circles_end() {
        let style = |heading, based_on: Option<&str>| Style {
            heading,
            based_on: based_on.map(str::to_owned),
            ..Style::default()
        };
        let styles = Styles(HashMap::from([
            ("berschrift1".to_owned(), style(Some(1), None)),
            ("Mine".to_owned(), style(None, Some("berschrift1"))),
            ("a".to_owned(), style(None, Some("b"))),
            ("b".to_owned(), style(None, Some("a"))),
        ]));
        assert_eq!(styles.heading("Mine"), Some(1));
        assert_eq!(styles.heading("a"), None);
    }

    #[test]
    fn names_of_headings() {
        assert_eq!(heading_of_name("heading 3"), Some(3));
        assert_eq!(heading_of_name("Title"), Some(1));
        assert_eq!(heading_of_name("heading 42"), None);
        assert_eq!(heading_of_name("Header"), None);
    }

    #[test]
    fn numbered_lists_count_and_inner_ones_start_anew() {
        let mut numbering = Numbering::default();
        numbering.lists.insert("1".to_owned(), "d".to_owned());
        numbering.formats.insert(("d".to_owned(), 0), "decimal".to_owned());
        numbering.formats.insert(("d".to_owned(), 1), "lowerLetter".to_owned());
        let markers: Vec<_> = [0, 1, 1, 0, 1].map(|level| numbering.next_marker("1", level)).into();
        assert_eq!(markers, ["1.", "1.", "2.", "2.", "1."]);
        assert_eq!(numbering.next_marker("unknown", 99), "-");
    }
}
