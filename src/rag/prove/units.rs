//! Takes an answer apart as it is written: sentences, items of lists, rows of tables, lines of code.

use std::ops::Range;

use crate::{providers::embedded::sentence_end, util::citation_marks::citation_marks};

/// Bytes of a sentence from which on it is cut at a space: nobody reads a longer one as one statement.
const MONSTROUS: usize = 1_200;

/// Bytes behind a sentence within which a mark that has begun must end.
const MARK: usize = 52;

/// What a part of an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UnitKind {
    /// A sentence, or an item of a list.
    Prose,
    /// A row of a table.
    Row,
    /// A line of code.
    Code,
    /// It structures the answer and claims nothing: a heading, the head of a table.
    Heading,
}

/// A part of an answer that is proven by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unit {
    /// Its bytes in the answer, with the marks that belong to it.
    pub(super) range: Range<usize>,
    pub(super) kind: UnitKind,
}

/// Finds the units of a text that grows.
#[derive(Debug, Clone, Default)]
pub(super) struct Segmenter {
    at: usize,
    in_line: bool,
    in_code: bool,
}

impl Segmenter {
    /// The next unit of `text`, which begins like the text of the call before. `None` when there is none yet; with `whole`, when
    /// there are no more.
    pub(super) fn next(&mut self, text: &str, whole: bool) -> Option<Unit> {
        loop {
            let rest = &text[self.at..];
            let space = rest.len() - rest.trim_start().len();
            if rest[..space].contains('\n') {
                self.in_line = false;
            }
            self.at += space;
            let rest = &text[self.at..];
            if rest.is_empty() {
                return None;
            }
            let line = match rest.find('\n') {
                Some(end) => &rest[..end],
                None if whole => rest,
                None if self.in_line || can_be_prose(rest) && !self.in_code => rest,
                None => return None,
            };
            let line_ended = whole || line.len() < rest.len();
            if !self.in_line
                && let Some(step) = self.structure(line, rest, line_ended, whole)
            {
                match step {
                    Step::Wait => return None,
                    Step::Skip => continue,
                    Step::Unit(unit) => return Some(unit),
                }
            }
            self.in_line = true;
            let start = self.at;
            let end = sentence(line, line_ended)?;
            self.at += end;
            return Some(Unit { range: start..start + line[..end].trim_end().len(), kind: UnitKind::Prose });
        }
    }

    /// What a line is by the signs that it begins with; `None` for prose, whose signs are then passed over.
    fn structure(&mut self, line: &str, rest: &str, ended: bool, whole: bool) -> Option<Step> {
        let fence = line.starts_with("```") || line.starts_with("~~~");
        let kind = if fence {
            None
        } else if self.in_code {
            Some(UnitKind::Code)
        } else if line.starts_with('|') {
            // A rule below makes it a head; whether there is one, the next line tells.
            let next = rest.get(line.len() + 1..).unwrap_or_default();
            if !whole && !next.contains('\n') {
                return Some(Step::Wait);
            }
            let is_head = is_rule(next.lines().next().unwrap_or_default());
            Some(if is_head || is_rule(line) { UnitKind::Heading } else { UnitKind::Row })
        } else if line.trim_start_matches('#').starts_with(' ') && line.starts_with('#') || is_rule(line) {
            Some(UnitKind::Heading)
        } else {
            self.at += marker(line);
            self.in_line = true;
            return (marker(line) > 0).then_some(Step::Skip);
        };
        if !ended {
            return Some(Step::Wait);
        }
        let start = self.at;
        self.at += line.len();
        let Some(kind) = kind else {
            self.in_code = !self.in_code;
            return Some(Step::Skip);
        };
        Some(Step::Unit(Unit { range: start..start + line.trim_end().len(), kind }))
    }
}

enum Step {
    Wait,
    Skip,
    Unit(Unit),
}

/// Whether what has come of a line is enough to tell that it is prose, behind the mark of a list or not.
fn can_be_prose(line: &str) -> bool {
    !line.starts_with(['`', '~', '|', '#', '-', '=', '*', '_', '>', '+']) && line.chars().nth(5).is_some()
        || line.starts_with(['-', '*', '+', '>', '_']) && line.contains(|c| !"-=*_|: >+\r".contains(c))
}

/// A rule below a heading, or in a table.
fn is_rule(line: &str) -> bool {
    line.trim().len() >= 3 && line.bytes().all(|b| matches!(b, b'-' | b'=' | b'*' | b'_' | b'|' | b':' | b' ' | b'\r'))
}

/// Length of the signs before the text of an item or a quotation.
fn marker(line: &str) -> usize {
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let signs = match line.as_bytes().get(digits) {
        Some(b'.' | b')') if (1..=3).contains(&digits) => digits + 1,
        Some(b'-' | b'*' | b'+' | b'>') if digits == 0 => 1,
        _ if line.starts_with('•') => '•'.len_utf8(),
        _ => return 0,
    };
    if line[signs..].starts_with(' ') { signs + 1 } else { 0 }
}

/// Where the first sentence of a line ends, the marks behind it included; `None` when more of it must be seen.
fn sentence(line: &str, ended: bool) -> Option<usize> {
    let near = &line[..line.floor_char_boundary(MONSTROUS)];
    let found = match sentence_end(near, 0) {
        // What follows decides whether a full stop is an end.
        Some(end) if end < line.len() || ended => end,
        _ if near.len() < line.len() => return Some(near.rfind(' ').map_or(near.len(), |space| space + 1)),
        _ => return ended.then_some(line.len()),
    };
    let mut end = found;
    loop {
        let rest = &line[end..];
        let behind = rest.trim_start_matches([' ', '\u{a0}']);
        let opens = behind.starts_with(['[', '【', '［', '(', '（']);
        if !ended
            && (behind.is_empty() || opens && behind.len() < MARK && !behind.contains([']', '】', '］', ')', '）']))
        {
            return None;
        }
        let begins = line.len() - behind.len();
        match opens.then(|| mark_at(line, begins)).flatten() {
            Some(mark) => end = mark,
            None => return Some(end),
        }
    }
}

/// Where the mark ends that begins here; `None` when none does, or the next sentence begins with it.
fn mark_at(line: &str, begins: usize) -> Option<usize> {
    let near = &line[..line.floor_char_boundary(begins + MARK)];
    let mark = citation_marks(near).into_iter().find(|mark| mark.range.start == begins)?;
    let next = line[mark.range.end..].trim_start().chars().next();
    (!next.is_some_and(char::is_lowercase)).then_some(mark.range.end)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn units(text: &str) -> Vec<(UnitKind, &str)> {
        let mut segmenter = Segmenter::default();
        std::iter::from_fn(|| segmenter.next(text, true)).map(|unit| (unit.kind, &text[unit.range])).collect()
    }

    #[test]
    fn an_answer_is_sentences_items_rows_and_lines() {
        use UnitKind::{Code, Heading, Prose, Row};
        let answer = "# Keeping\n\nKept for 30 days [1]. Ask Dr. Ann. [2][3] Then:\n\n- first (1)\n2. second\n\n| Plan | Days |\n|---|---|\n\
                      | Pro | 90 [1] |\n\n```sh\nharbor pause x[1]\n```\n保留三十天。【1】可以延长！";
        assert_eq!(
            units(answer),
            [
                (Heading, "# Keeping"),
                (Prose, "Kept for 30 days [1]."),
                (Prose, "Ask Dr. Ann. [2][3]"),
                (Prose, "Then:"),
                (Prose, "first (1)"),
                (Prose, "second"),
                (Heading, "| Plan | Days |"),
                (Heading, "|---|---|"),
                (Row, "| Pro | 90 [1] |"),
                (Code, "harbor pause x[1]"),
                (Prose, "保留三十天。【1】"),
                (Prose, "可以延长！"),
            ]
        );
    }

    #[test]
    fn a_text_without_an_end_is_cut_at_spaces() {
        let text = "word ".repeat(20_000);
        let parts = units(&text);
        assert!(
            parts.iter().all(|(_, part)| (MONSTROUS - 6..=MONSTROUS).contains(&part.len()) || part.len() < MONSTROUS)
        );
        assert!((80..=90).contains(&parts.len()), "{}", parts.len());
        assert_eq!(units(&"字".repeat(1_000)).len(), 3);
    }

    proptest! {
        /// Units do not depend on the pieces in which a text comes, lie in its order, and hold every letter of prose.
        #[test]
        fn pieces_change_nothing(text in "([a-cA1.!?|#>*`:-]|\\. |\\[1\\]|\n|\n\n| |中|。|- |``` ?\n){0,60}", cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6)) {
            let mut whole = Segmenter::default();
            let expected: Vec<Unit> = std::iter::from_fn(|| whole.next(&text, true)).collect();
            let mut ends: Vec<usize> = cuts.iter().map(|cut| text.floor_char_boundary(cut.index(text.len() + 1))).collect();
            ends.sort_unstable();
            let mut growing = Segmenter::default();
            let mut found = Vec::new();
            for end in ends {
                found.extend(std::iter::from_fn(|| growing.next(&text[..end], false)));
            }
            found.extend(std::iter::from_fn(|| growing.next(&text, true)));
            prop_assert_eq!(&found, &expected);
            let mut end = 0;
            for unit in found {
                prop_assert!(unit.range.start >= end && unit.range.start < unit.range.end);
                end = unit.range.end;
            }
        }
    }
}
