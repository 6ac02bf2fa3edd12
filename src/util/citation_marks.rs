//! Citation marks in a text, in every form that models write them: `[1]`, `[1, 2]`, `[1-3]`, `[^1]`, `【1†source】`, `[Context 1]`, and
//! `(1)` where it can be nothing else.

use std::ops::Range;

/// A mark: where it stands, and the numbers that it names. They may be numbers of nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CitationMark {
    /// Its bytes in the text, brackets included; of a Markdown link, its address, too.
    pub range: Range<usize>,
    /// The numbers in their order; never empty.
    pub numbers: Vec<usize>,
}

/// Most numbers that one mark names: a longer range is no citation.
const MOST_NUMBERS: usize = 50;

/// Longest text between brackets, in bytes.
const LONGEST: usize = 48;

/// Words that may stand before a number in brackets.
const LABELS: &[&str] = &[
    "context",
    "contexts",
    "source",
    "sources",
    "passage",
    "passages",
    "document",
    "documents",
    "doc",
    "ref",
    "citation",
    "kontext",
    "quelle",
    "quellen",
    "dokument",
    "nguồn",
    "ngữ cảnh",
    "tài liệu",
    "来源",
    "上下文",
    "文档",
    "资料",
];

/// Words before a number in round brackets that is no citation.
const COUNTED: &[&str] = &[
    "section",
    "step",
    "equation",
    "eq",
    "figure",
    "fig",
    "table",
    "option",
    "article",
    "art",
    "paragraph",
    "chapter",
    "level",
    "type",
    "phase",
    "version",
    "page",
    "line",
    "item",
    "clause",
    "class",
    "abschnitt",
    "schritt",
    "gleichung",
    "abbildung",
    "tabelle",
    "artikel",
    "absatz",
    "kapitel",
    "seite",
    "nr",
    "bước",
    "mục",
    "hình",
    "bảng",
    "chương",
    "trang",
];

/// The marks of a text in their order. What stands between backticks is code, and has none.
pub fn citation_marks(text: &str) -> Vec<CitationMark> {
    let mut marks: Vec<CitationMark> = Vec::new();
    let mut round: Vec<CitationMark> = Vec::new();
    let mut in_code = false;
    let mut behind = 0;
    for (at, c) in text.char_indices().filter(|(_, c)| matches!(c, '`' | '[' | '【' | '［' | '(' | '（')) {
        if c == '`' {
            in_code = !in_code;
            continue;
        }
        let close = match c {
            '[' => ']',
            '【' => '】',
            '［' => '］',
            '(' => ')',
            _ => '）',
        };
        let inside = at + c.len_utf8();
        // What is further away belongs to another bracket.
        let near = &text[inside..text.floor_char_boundary(inside + LONGEST + close.len_utf8())];
        let Some((content, _)) = near.split_once(close) else { continue };
        if in_code || at < behind {
            continue;
        }
        let Some(numbers) = numbers(content) else { continue };
        let end = inside + content.len() + close.len_utf8();
        let mark = CitationMark { range: at..end, numbers };
        if matches!(c, '(' | '（') {
            if closes_a_sentence(text, &mark, content) {
                round.push(mark);
            }
        } else if !is_an_index(text, &mark.range) {
            let end = end + address(&text[end..]);
            behind = end;
            marks.push(CitationMark { range: at..end, ..mark });
        }
    }
    // Who writes square brackets means something else by round ones.
    if marks.is_empty() { round } else { marks }
}

/// The numbers that a mark names; `None` when it is none.
fn numbers(content: &str) -> Option<Vec<usize>> {
    let content = content.split('†').next()?.trim().trim_start_matches('^').trim();
    let lower = content.to_lowercase();
    let labelled = LABELS.iter().filter_map(|label| lower.strip_prefix(label)).min_by_key(|rest| rest.len());
    let content = labelled.map_or(lower.as_str(), |rest| rest.trim_start_matches([' ', ':', '#', '.']));
    let mut all = Vec::new();
    for part in content.split([',', ';', '，', '、', '；', '/', '&']) {
        let part = part.trim().trim_start_matches('^');
        let mut ends = part.splitn(2, ['-', '–', '—', '~']);
        let first = number(ends.next()?)?;
        match ends.next() {
            None => all.push(first),
            Some(last) => {
                let last = number(last.trim_start_matches('^'))?;
                if !(first..first + MOST_NUMBERS).contains(&last) {
                    return None;
                }
                all.extend(first..=last);
            }
        }
        if all.len() > MOST_NUMBERS {
            return None;
        }
    }
    Some(all)
}

/// A number of one to three digits.
fn number(text: &str) -> Option<usize> {
    let text = text.trim();
    let is_number = (1..=3).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    if is_number { text.parse().ok() } else { None }
}

/// Whether a number in round brackets ends a sentence or a clause, and nothing before it is counted: `kept for 30 days (1).`
fn closes_a_sentence(text: &str, mark: &CitationMark, content: &str) -> bool {
    let behind = text[mark.range.end..].trim_start_matches([' ', ')']);
    let ends = behind
        .chars()
        .next()
        .is_none_or(|c| matches!(c, '.' | '!' | '?' | ',' | ';' | '\n' | '。' | '，' | '；' | '(' | '（'));
    let before = text[..mark.range.start].trim_end();
    let own_line = text[..mark.range.start].rsplit('\n').next().unwrap_or_default();
    let word = before.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    let labelled = content.chars().any(char::is_alphabetic);
    let said = own_line.chars().filter(|c| c.is_alphanumeric()).take(8).count() == 8;
    let small = mark.numbers.iter().all(|n| (1..=50).contains(n));
    ends && (labelled
        || small
            && said
            && !word.is_empty()
            && word.parse::<u64>().is_err()
            && !COUNTED.contains(&word.to_lowercase().as_str()))
}

/// Whether square brackets take an element of a list: `rows[1].name`.
fn is_an_index(text: &str, range: &Range<usize>) -> bool {
    let glued = text[..range.start].ends_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ')' | ']'));
    let mut behind = text[range.end..].chars();
    let next = behind.next();
    let joins = next.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_')
        || next == Some('.') && behind.next().is_some_and(|c| c.is_ascii_lowercase() || c == '_');
    glued && joins
}

/// Length of the address of a Markdown link that begins here.
fn address(rest: &str) -> usize {
    let Some(target) = rest.strip_prefix('(') else { return 0 };
    let is_address = target.starts_with(['#', '/']) || target.starts_with("http");
    target.find(')').filter(|_| is_address).map_or(0, |end| end + 2)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(text: &str) -> Vec<(&str, Vec<usize>)> {
        citation_marks(text).into_iter().map(|mark| (&text[mark.range], mark.numbers)).collect()
    }

    #[test]
    fn marks_of_every_form_are_found() {
        for (text, mark, numbers) in [
            ("Kept for 30 days [1].", "[1]", vec![1]),
            ("Kept[12].", "[12]", vec![12]),
            ("Kept [1, 3].", "[1, 3]", vec![1, 3]),
            ("Kept [1-3].", "[1-3]", vec![1, 2, 3]),
            ("Kept [2–3; 7].", "[2–3; 7]", vec![2, 3, 7]),
            ("Kept [^2].", "[^2]", vec![2]),
            ("保留三十天【1】。", "【1】", vec![1]),
            ("Kept 【4†source】.", "【4†source】", vec![4]),
            ("Kept [Context 2].", "[Context 2]", vec![2]),
            ("Kept (Source 2).", "(Source 2)", vec![2]),
            ("Releases are kept for days (1).", "(1)", vec![1]),
            ("版本会保留很多很多天（2）。", "（2）", vec![2]),
            ("See [17].", "[17]", vec![17]),
            ("See [1](#ref-1).", "[1](#ref-1)", vec![1]),
        ] {
            assert_eq!(found(text), [(mark, numbers)], "{text}");
        }
        assert_eq!(found("A [1][2], b [0]."), [("[1]", vec![1]), ("[2]", vec![2]), ("[0]", vec![0])]);
    }

    #[test]
    fn what_looks_like_a_mark_and_is_none_is_passed_over() {
        for text in [
            "In [2024] and [x], [12345], [], [1-99999] and [9-1].",
            "`rows[1]` and rows[1].name and m[2]x",
            "(1) First do this. (2) Then that.",
            "as section (3) says, of phase (2).",
            "It has (2) doors and takes 30 (5).",
            "[1",
            "Kept (soon).",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
        assert_eq!(found("Kept as rule one says (2) [1]."), [("[1]", vec![1])], "one form only");
    }

    proptest! {
        #[test]
        fn a_mark_is_a_part_of_the_text(text in "[a1 \\[\\]【】()（）^†,.–`-]{0,40}|\\PC{0,30}") {
            let mut end = 0;
            for CitationMark { range, numbers } in citation_marks(&text) {
                prop_assert!(range.start >= end && text.get(range.clone()).is_some() && !numbers.is_empty());
                prop_assert!(numbers.len() <= MOST_NUMBERS);
                end = range.end;
            }
        }
    }
}
