//! The clauses of a sentence: what a long sentence may be quoted by.

use std::ops::Range;

use crate::util::script::is_unspaced;

/// Characters that a clause has at least, where words have spaces between them, and where they have none.
const SHORTEST: usize = 20;
const SHORTEST_UNSPACED: usize = 7;

/// Characters that a clause has more at least when it ends before a word, not behind a pause.
const WORD_SEAM: usize = 10;

/// Words before which a clause begins, lower case.
const BEGINNINGS: &[&str] = &[
    // English
    "and", "but", "which", "who", "whose", "where", "when", "while", "because", "although", "after", "before", "since",
    "until", "if", "that", "however", "whereas", "with", "as", // German
    "und", "aber", "sondern", "weil", "während", "nachdem", "bevor", "wobei", "dass", "denn", "obwohl", "wenn",
    // Vietnamese
    "và", "nhưng", "trong", "khi", "vì", "mà", "sau", "trước", "nếu", "do", "để",
];

/// The clauses of a sentence, in their order: byte ranges that touch each other and cover it. They end behind a comma or
/// another pause and before a conjunction, and never within a number or a short list.
pub(super) fn clauses(sentence: &str) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let (mut start, mut length) = (0, 0);
    let mut seams = Vec::new();
    let mut characters = sentence.char_indices().peekable();
    let mut total = 0;
    while let Some((at, c)) = characters.next() {
        let end = at + c.len_utf8();
        total += weight(c);
        let next = characters.peek().map(|(_, next)| *next);
        let wide = matches!(c, '，' | '；' | '：');
        let pause = matches!(c, ',' | ';' | ':' | ')' | '–' | '—') && next.is_some_and(char::is_whitespace);
        let opens = matches!(next, Some('(' | '（')) && c.is_whitespace() || c == '）';
        let word = c.is_whitespace() && is_beginning(&sentence[end..]);
        if wide || pause || opens || word {
            seams.push((end, total, pause || wide || opens));
        }
    }
    for (at, so_far, strong) in seams {
        let least = if strong { SHORTEST } else { SHORTEST + WORD_SEAM };
        if so_far - length >= least && total - so_far >= SHORTEST {
            ranges.push(start..at);
            (start, length) = (at, so_far);
        }
    }
    ranges.push(start..sentence.len());
    ranges
}

/// What a character counts for, so that clauses of scripts without spaces are as long as others.
fn weight(c: char) -> usize {
    if is_unspaced(c) { SHORTEST.div_ceil(SHORTEST_UNSPACED) } else { 1 }
}

fn is_beginning(rest: &str) -> bool {
    let word = rest.split(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
    (2..=10).contains(&word.len()) && BEGINNINGS.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(sentence: &str) -> Vec<&str> {
        clauses(sentence).into_iter().map(|range| &sentence[range]).collect()
    }

    #[test]
    fn clauses_end_at_pauses_and_before_conjunctions_but_not_in_lists_and_numbers() {
        assert_eq!(
            cut(
                "After a long war with its neighbours, the city lost 1,000 ships, men and horses, because nobody came to help it."
            ),
            [
                "After a long war with its neighbours,",
                " the city lost 1,000 ships,",
                " men and horses, because nobody came to help it."
            ]
        );
        assert_eq!(cut("Releases are kept for 30 days."), ["Releases are kept for 30 days."]);
        assert_eq!(
            cut("黑豹队的防守只丢了308分，在联赛中排名第六，同时以24次拦截领先联盟。"),
            ["黑豹队的防守只丢了308分，", "在联赛中排名第六，", "同时以24次拦截领先联盟。"]
        );
    }

    #[test]
    fn clauses_cover_their_sentence_whatever_it_is() {
        for sentence in [
            "",
            ",",
            "a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t",
            "，，，，",
            "und und und (und) und und und und",
        ] {
            assert_eq!(cut(sentence).concat(), sentence);
        }
    }
}
