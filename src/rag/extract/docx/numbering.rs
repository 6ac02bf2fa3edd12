//! Word's lists: which number or text stands before a paragraph, counted as Word counts.
//!
//! A paragraph names a *list* (`w:num`) and a level. The list is an instance of a *definition* (`w:abstractNum`), which says
//! for each level how it looks and where it starts; lists may override that. Word counts by definition: two lists of one
//! definition go on where the other stopped, unless a list says where it starts.

use std::collections::{HashMap, HashSet};

use super::numerals;

/// Levels of a list in Word.
pub(super) const LEVELS: usize = 9;

/// How often a definition may refer to another one's levels: a circle would have no end.
const MAX_LINKS: usize = 8;

/// A level of a definition.
#[derive(Debug, Default, Clone)]
pub(super) struct Level {
    /// First number.
    pub start: u32,
    /// How numbers are written, as OOXML names it; `decimal` when it is not said.
    pub format: Option<String>,
    /// The text before the paragraph: `%1.%2` stands for the numbers of the first two levels.
    pub text: String,
    /// The level, counted from 1, whose paragraphs make this one start anew, with those above it; 0 for none. When it is not
    /// said, any level above does.
    pub restart: Option<usize>,
    /// All numbers in its text are decimal.
    pub legal: bool,
    /// The paragraph style that is linked with it.
    pub style: Option<String>,
    /// The paragraph follows its number without a space.
    pub joined: bool,
}

/// A definition.
#[derive(Debug, Default)]
pub(super) struct Definition {
    /// Its levels, by number from 0.
    pub levels: HashMap<usize, Level>,
    /// The numbering style that has the levels instead.
    pub style: Option<String>,
}

/// A list.
#[derive(Debug, Default)]
pub(super) struct List {
    /// Its definition.
    pub definition: String,
    /// First numbers of its own.
    pub starts: HashMap<usize, u32>,
    /// Levels of its own.
    pub levels: HashMap<usize, Level>,
}

/// What stands before a paragraph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Marker {
    /// Nothing.
    Nothing,
    /// A bullet, whatever it looks like.
    Bullet,
    /// A number or text.
    Text {
        /// As Word shows it.
        text: String,
        /// The paragraph follows without a space.
        joined: bool,
    },
}

/// All lists, and how far each has counted.
#[derive(Debug, Default)]
pub(super) struct Numbering {
    /// Definitions by id.
    pub definitions: HashMap<String, Definition>,
    /// Lists by id.
    pub lists: HashMap<String, List>,
    /// The lists that numbering styles name.
    pub style_lists: HashMap<String, String>,
    /// The language that words are written in.
    pub language: String,
    /// By definition: the last number of each level, if it has started.
    counters: HashMap<String, [Option<u32>; LEVELS]>,
    /// Lists and levels that have counted: a first number of their own holds once.
    used: HashSet<(String, usize)>,
}

impl Numbering {
    /// What stands before the next paragraph of this list at this level; counts on.
    pub fn count(&mut self, list: &str, level: usize) -> Marker {
        if level >= LEVELS || self.level(list, level).is_none() {
            return Marker::Nothing;
        }
        let Some(definition) = self.lists.get(list).map(|list| list.definition.clone()) else {
            return Marker::Nothing;
        };
        let mut counters = self.counters.get(&definition).copied().unwrap_or_default();
        if self.used.insert((list.to_owned(), level)) && self.starts_anew(list, level) {
            counters[level] = None;
        }
        counters[level] =
            Some(counters[level].map_or_else(|| self.start(list, level), |number| number.saturating_add(1)));
        for (deeper, counter) in counters.iter_mut().enumerate().skip(level + 1) {
            if level < self.restarted_by(list, deeper) {
                *counter = None;
            }
        }
        let marker = self.marker(list, level, &counters);
        self.counters.insert(definition, counters);
        marker
    }

    /// The level of a list that is linked with a paragraph style.
    pub fn level_of_style(&self, list: &str, style: &str) -> Option<usize> {
        (0..LEVELS).find(|level| self.level(list, *level).is_some_and(|found| found.style.as_deref() == Some(style)))
    }

    fn level(&self, list: &str, level: usize) -> Option<&Level> {
        let mut list = self.lists.get(list)?;
        for _ in 0..MAX_LINKS {
            if let Some(own) = list.levels.get(&level) {
                return Some(own);
            }
            let definition = self.definitions.get(&list.definition)?;
            match definition.style.as_ref().and_then(|style| self.style_lists.get(style)) {
                Some(linked) if !definition.levels.contains_key(&level) => list = self.lists.get(linked)?,
                _ => return definition.levels.get(&level),
            }
        }
        None
    }

    fn starts_anew(&self, list: &str, level: usize) -> bool {
        self.lists.get(list).is_some_and(|list| list.starts.contains_key(&level) || list.levels.contains_key(&level))
    }

    fn start(&self, list: &str, level: usize) -> u32 {
        let own = self.lists.get(list).and_then(|list| list.starts.get(&level)).copied();
        own.or_else(|| self.level(list, level).map(|level| level.start)).unwrap_or(1)
    }

    /// Paragraphs of a level below this one make `deeper` start anew.
    fn restarted_by(&self, list: &str, deeper: usize) -> usize {
        self.level(list, deeper).and_then(|level| level.restart).filter(|after| *after <= deeper).unwrap_or(deeper)
    }

    fn marker(&self, list: &str, level: usize, counters: &[Option<u32>; LEVELS]) -> Marker {
        let Some(Level { format, text: template, legal, joined, .. }) = self.level(list, level) else {
            return Marker::Nothing;
        };
        if format.as_deref() == Some("bullet") {
            return if template.trim().is_empty() { Marker::Nothing } else { Marker::Bullet };
        }
        let mut text = String::new();
        let mut chars = template.chars().peekable();
        while let Some(c) = chars.next() {
            let place =
                if c == '%' { chars.peek().and_then(|c| c.to_digit(10)).filter(|place| *place > 0) } else { None };
            let Some(place) = place else {
                text.push(c);
                continue;
            };
            chars.next();
            let place = place as usize - 1;
            // A level above that has not come yet is shown as if it had.
            let number = counters[place].unwrap_or_else(|| self.start(list, place));
            let format = self.level(list, place).and_then(|level| level.format.as_deref()).unwrap_or("decimal");
            let format = if *legal && format != "none" { "decimal" } else { format };
            let Some(number) = numerals::write(format, number, &self.language) else {
                return Marker::Nothing;
            };
            text.push_str(&number);
        }
        if text.trim().is_empty() { Marker::Nothing } else { Marker::Text { text, joined: *joined } }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn level(format: &str, text: &str) -> Level {
        Level { start: 1, format: Some(format.to_owned()), text: text.to_owned(), ..Level::default() }
    }

    /// Lists `1` and `2` of one definition.
    fn numbering(levels: Vec<Level>) -> Numbering {
        let mut numbering = Numbering::default();
        let definition = Definition { levels: levels.into_iter().enumerate().collect(), style: None };
        numbering.definitions.insert("d".to_owned(), definition);
        for list in ["1", "2"] {
            numbering.lists.insert(list.to_owned(), List { definition: "d".to_owned(), ..List::default() });
        }
        numbering
    }

    fn contract() -> Numbering {
        numbering(vec![level("decimal", "%1"), level("decimal", "%1.%2"), level("lowerLetter", "(%3)")])
    }

    fn counted(numbering: &mut Numbering, list: &str, levels: &[usize]) -> Vec<String> {
        let text = |marker| match marker {
            Marker::Text { text, .. } => text,
            Marker::Bullet => "-".to_owned(),
            Marker::Nothing => String::new(),
        };
        levels.iter().map(|level| text(numbering.count(list, *level))).collect()
    }

    #[test]
    fn levels_count_and_deeper_ones_start_anew() {
        let levels = [0, 0, 1, 1, 2, 2, 1, 2, 0, 1];
        let expected = ["1", "2", "2.1", "2.2", "(a)", "(b)", "2.3", "(a)", "3", "3.1"];
        assert_eq!(counted(&mut contract(), "1", &levels), expected);
    }

    #[test]
    fn lists_of_one_definition_go_on_unless_they_say_where_they_start() {
        let mut numbering = contract();
        assert_eq!(counted(&mut numbering, "1", &[0, 0]), ["1", "2"]);
        assert_eq!(counted(&mut numbering, "2", &[0]), ["3"]);
        let anew = List { definition: "d".to_owned(), starts: HashMap::from([(0, 7)]), ..List::default() };
        numbering.lists.insert("3".to_owned(), anew);
        assert_eq!(counted(&mut numbering, "3", &[0, 0, 1]), ["7", "8", "8.1"]);
        assert_eq!(counted(&mut numbering, "1", &[0]), ["9"]);
        assert_eq!(counted(&mut numbering, "3", &[0]), ["10"], "only its first paragraph starts anew");
    }

    #[test]
    fn a_level_of_a_list_replaces_the_definitions() {
        let mut numbering = contract();
        let own = Level { start: 4, ..level("upperRoman", "Annex %1") };
        let list = List { definition: "d".to_owned(), levels: HashMap::from([(0, own)]), ..List::default() };
        numbering.lists.insert("3".to_owned(), list);
        assert_eq!(counted(&mut numbering, "3", &[0, 0, 1]), ["Annex IV", "Annex V", "V.1"]);
    }

    #[test]
    fn restart_says_after_which_level() {
        let mut levels = vec![level("decimal", "%1"), level("decimal", "%2"), level("decimal", "%3")];
        levels[1].restart = Some(0);
        levels[2].restart = Some(1);
        let expected = ["1", "1", "1", "2", "2", "3", "1"];
        assert_eq!(counted(&mut numbering(levels), "1", &[0, 1, 2, 1, 2, 1, 0])[..6], expected[..6]);
        let mut levels = vec![level("decimal", "%1"), level("decimal", "%2")];
        levels[1].restart = Some(0);
        assert_eq!(counted(&mut numbering(levels), "1", &[0, 1, 0, 1]), ["1", "1", "2", "2"]);
    }

    #[test]
    fn legal_levels_are_decimal_and_levels_above_count_as_begun() {
        let mut levels = vec![level("upperRoman", "Article %1"), level("decimal", "%1.%2")];
        assert_eq!(counted(&mut numbering(levels.clone()), "1", &[1, 0, 1]), ["I.1", "Article I", "I.1"]);
        levels[1].legal = true;
        assert_eq!(counted(&mut numbering(levels), "1", &[0, 0, 1]), ["Article I", "Article II", "2.1"]);
    }

    #[test]
    fn nothing_is_shown_where_word_shows_nothing() {
        let levels =
            vec![level("none", "%1"), level("bullet", "\u{F0B7}"), level("bahtText", "%3."), level("none", "Note:")];
        let mut numbering = numbering(levels);
        assert_eq!(counted(&mut numbering, "1", &[0, 1, 2, 3, 4, 99]), ["", "-", "", "Note:", "", ""]);
        assert_eq!(numbering.count("unknown", 0), Marker::Nothing);
    }

    #[test]
    fn numbering_styles_lend_their_levels_and_circles_end() {
        let mut numbering = contract();
        let definition = |style: &str| Definition { style: Some(style.to_owned()), ..Definition::default() };
        for (name, style) in [("linked", "Clauses"), ("circle", "Circle")] {
            numbering.definitions.insert(name.to_owned(), definition(style));
            numbering.lists.insert(name.to_owned(), List { definition: name.to_owned(), ..List::default() });
        }
        numbering.style_lists.insert("Clauses".to_owned(), "1".to_owned());
        numbering.style_lists.insert("Circle".to_owned(), "circle".to_owned());
        assert_eq!(counted(&mut numbering, "linked", &[0, 1]), ["1", "1.1"]);
        assert_eq!(counted(&mut numbering, "circle", &[0]), [""]);
    }

    proptest! {
        /// A second way to the same numbers: count what came since the last paragraph of a level above.
        #[test]
        fn numbers_agree_with_a_count_of_what_came_before(levels in prop::collection::vec(0usize..4, 1..60)) {
            let definition = (1..=4).map(|place| level("decimal", &format!("%{place}"))).collect();
            let counted = counted(&mut numbering(definition), "1", &levels);
            for (at, level) in levels.iter().enumerate() {
                let since = levels[..at].iter().rposition(|other| other < level).map_or(0, |above| above + 1);
                let number = levels[since..=at].iter().filter(|other| *other == level).count();
                prop_assert_eq!(&counted[at], &number.to_string());
            }
        }
    }
}
