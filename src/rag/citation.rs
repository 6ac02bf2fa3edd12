//! What an answer cites: from `[n]` to the words of a document.

use crate::domain::Passage;

/// Fewest characters of a sentence that is looked for in its passage: shorter ones stand there by chance.
const ENOUGH: usize = 12;

/// A passage that an answer cites, or the sentence of it that the answer repeats.
#[derive(Debug, Clone, PartialEq)]
pub struct Citation<'p> {
    /// Its number in the answer, from 1.
    pub number: usize,
    /// The passage.
    pub passage: &'p Passage,
    /// Where the quote is in the document's text; `None` where places are not known.
    pub range: Option<(u32, u32)>,
    /// These words of the document.
    pub quote: String,
}

/// What an answer cites, each passage and each sentence once, in the order of the answer.
pub fn citations<'p>(answer: &str, passages: &'p [Passage]) -> Vec<Citation<'p>> {
    let mut citations: Vec<Citation<'_>> = Vec::new();
    let (mut begins, mut words, mut is_next_of_several) = (0, "", false);
    for (at, end, number) in marks(answer) {
        // What several marks follow, `… [1][2].`, is the sentence of each of them.
        if !is_next_of_several {
            words = sentence(&answer[begins..at]);
        }
        (begins, is_next_of_several) = (end, is_joined(&answer[end..]));
        let Some(passage) = number.checked_sub(1).and_then(|place| passages.get(place)) else { continue };
        let citation = cite(number, passage, words);
        if !citations.contains(&citation) {
            citations.push(citation);
        }
    }
    citations
}

/// The citation of a passage by a sentence.
fn cite<'p>(number: usize, passage: &'p Passage, sentence: &str) -> Citation<'p> {
    let Some(place) = &passage.place else {
        return Citation { number, passage, range: None, quote: passage.text.clone() };
    };
    // The header row that a piece of a table is given stands elsewhere in the document.
    let own = last(&passage.text, (place.end - place.start) as usize);
    let found = (sentence.chars().count() >= ENOUGH).then(|| own.find(sentence)).flatten();
    match found {
        None => Citation { number, passage, range: Some((place.start, place.end)), quote: own.to_owned() },
        Some(byte) => {
            // The length of a text is bounded far below that of the type.
            let chars = |text: &str| u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
            let start = place.start + chars(&own[..byte]);
            let quote = sentence.to_owned();
            Citation { number, passage, range: Some((start, start + chars(sentence))), quote }
        }
    }
}

/// The last characters of a text.
fn last(text: &str, chars: usize) -> &str {
    text.char_indices().rev().take(chars).last().map_or("", |(byte, _)| &text[byte..])
}

/// The marks of an answer: where each begins and ends, and its number.
fn marks(answer: &str) -> impl Iterator<Item = (usize, usize, usize)> + '_ {
    answer.match_indices('[').filter_map(|(at, _)| {
        let (number, _) = answer[at + 1..].split_once(']')?;
        let is_number = (1..=3).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| number.parse().ok().map(|n| (at, at + number.len() + 2, n))).flatten()
    })
}

/// Whether another mark follows at once.
fn is_joined(rest: &str) -> bool {
    rest.trim_start_matches([',', ' ']).starts_with('[') && marks(rest).next().is_some_and(|(at, ..)| at <= 2)
}

/// The last line of a text, without white space, marks of lists, and the end of the sentence before.
fn sentence(text: &str) -> &str {
    let around = |c: char| c.is_whitespace() || matches!(c, '.' | ',' | ';' | ':' | '-' | '*' | '•' | '。' | '…');
    text.lines().map(|line| line.trim_matches(around)).rfind(|line| !line.is_empty()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::{PageStart, Place};

    /// A passage of a document that begins with `before`.
    fn passage(before: &str, text: &str) -> Passage {
        let start = before.chars().count() as u32;
        let place = Place {
            start,
            end: start + text.chars().count() as u32,
            pages: vec![PageStart { page: 4, start: 0 }],
            ..Place::default()
        };
        Passage { text: text.to_owned(), place: Some(place), ..Passage::default() }
    }

    fn quoted(answer: &str, passages: &[Passage]) -> Vec<(usize, u32, String)> {
        let all = citations(answer, passages);
        all.into_iter().map(|citation| (citation.number, citation.range.unwrap().0, citation.quote)).collect()
    }

    #[test]
    fn a_sentence_that_is_repeated_is_cited_by_its_words_and_others_by_their_passage() {
        let passages = [
            passage("Größe. ", "Alles über Größen. Refunds take 45 days for every plan."),
            passage("", "Other words."),
        ];
        let whole = (2, 0, "Other words.".to_owned());
        let words = (1, 26, "Refunds take 45 days for every plan".to_owned());
        assert_eq!(quoted("Refunds take 45 days for every plan [1].", &passages), std::slice::from_ref(&words));
        assert_eq!(
            quoted("- Refunds take 45 days for every plan. [1]\n- A rule [2], and again [2].", &passages),
            [words.clone(), whole.clone()]
        );
        assert_eq!(quoted("Refunds take 45 days for every plan [1][2].", &passages), [words, whole]);
        assert!(quoted("None [3], [0], [x], [12345] and no mark.", &passages).is_empty());
    }

    #[test]
    fn the_header_of_a_piece_of_a_table_is_no_part_of_the_quote() {
        let mut piece = passage("| a | b |\n", "| 1 | 2 |");
        piece.text = format!("| a | b |\n{}", piece.text);
        assert_eq!(quoted("One is two [1].", &[piece]), [(1, 10, "| 1 | 2 |".into())]);
    }

    #[test]
    fn what_older_versions_kept_is_cited_without_a_place() {
        let old = Passage { text: "Old words.".into(), ..Passage::default() };
        let [citation] = &citations("So it is [1].", std::slice::from_ref(&old))[..] else { panic!("one") };
        assert_eq!((citation.range, citation.quote.as_str()), (None, "Old words."));
    }

    proptest! {
        /// A quote is that range of the document's text, whatever the answer says.
        #[test]
        fn quotes_are_ranges_of_the_document(before in "[aä .]{0,9}", text in "[abß .]{1,40}", cut in any::<(prop::sample::Index, prop::sample::Index)>(), tail in "[ .,]{0,3}\\[1\\][ .]?") {
            let document: Vec<char> = format!("{before}{text}").chars().collect();
            let (a, b) = (cut.0.index(text.len() + 1), cut.1.index(text.len() + 1));
            let repeated = &text[text.floor_char_boundary(a.min(b))..text.floor_char_boundary(a.max(b))];
            let passages = [passage(&before, &text)];
            for citation in citations(&format!("{repeated}{tail}"), &passages) {
                let (start, end) = citation.range.unwrap();
                let there: String = document[start as usize..end as usize].iter().collect();
                prop_assert_eq!(there, citation.quote);
            }
        }
    }
}
