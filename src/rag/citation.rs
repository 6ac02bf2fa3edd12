//! What an answer cites: from `[n]` to the words of a document, and whether they carry what the answer says.

use std::ops::Range;

use super::prove::{Carrier, Flaw, SentenceProof, Source, prove};
use crate::domain::Passage;

/// A passage beside a part of an answer: one that it cites, or one that carries it.
#[derive(Debug, Clone, PartialEq)]
pub struct Citation<'p> {
    /// Number of the passage, from 1.
    pub number: usize,
    /// The passage.
    pub passage: &'p Passage,
    /// Whether the answer cites it there.
    pub cited: bool,
    /// The part of the answer, in characters.
    pub answer: Range<usize>,
    /// Where the quote is in the document's text; `None` where places are not known.
    pub range: Option<(u32, u32)>,
    /// These words of the document: those that carry the part of the answer, or the whole passage.
    pub quote: String,
    /// How much of the part this passage says, 0..=1; `None` where it claims nothing.
    pub support: Option<f32>,
    /// Whether this passage says what the part claims, alone or with the others that it cites; `None` where it claims nothing.
    pub supported: Option<bool>,
    /// Why it does not.
    pub flaw: Option<Flaw>,
}

/// How much of an answer its passages say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ProofSummary {
    /// Sentences that claim something.
    pub sentences: usize,
    /// Those of them that the passages say.
    pub supported: usize,
}

impl ProofSummary {
    /// Of these proofs.
    pub fn of(proofs: &[SentenceProof]) -> Self {
        let claims = proofs.iter().filter_map(|proof| proof.claim.as_ref());
        claims.fold(Self::default(), |sum, claim| Self {
            sentences: sum.sentences + 1,
            supported: sum.supported + usize::from(claim.flaw.is_none()),
        })
    }

    /// Whether the answer claims something, and nothing that it claims is supported.
    pub fn is_unsupported(self) -> bool {
        self.sentences > 0 && self.supported == 0
    }
}

/// What a prover needs of passages.
pub fn sources(passages: &[Passage]) -> Vec<Source<'_>> {
    passages.iter().map(|passage| Source { text: &passage.text, title: passage.title.as_deref() }).collect()
}

/// Proves an answer by its passages.
pub fn proofs(question: &str, answer: &str, passages: &[Passage]) -> Vec<SentenceProof> {
    prove(question, answer, &sources(passages))
}

/// What an answer cites and what carries it, sentence by sentence.
pub fn citations<'p>(answer: &str, proofs: &[SentenceProof], passages: &'p [Passage]) -> Vec<Citation<'p>> {
    let mut chars = CharPlaces { text: answer, byte: 0, chars: 0 };
    let mut all = Vec::new();
    for proof in proofs {
        let range = chars.of(proof.range.start)..chars.of(proof.range.end);
        all.extend(of_sentence(proof, &range, passages));
    }
    all
}

/// The citations of one sentence, which is this range of the answer's characters.
pub fn of_sentence<'p>(proof: &SentenceProof, answer: &Range<usize>, passages: &'p [Passage]) -> Vec<Citation<'p>> {
    let Some(claim) = &proof.claim else {
        let cite = |passage: &usize| {
            let carrier = Carrier { passage: *passage, span: 0..0, support: 0.0, flaw: None };
            Some(Citation { support: None, supported: None, ..cite(&carrier, true, answer, passages)? })
        };
        return proof.cited.iter().filter_map(cite).collect();
    };
    let cite = |carrier: &Carrier| cite(carrier, proof.cited.contains(&carrier.passage), answer, passages);
    claim.carriers.iter().filter_map(cite).collect()
}

fn cite<'p>(carrier: &Carrier, cited: bool, answer: &Range<usize>, passages: &'p [Passage]) -> Option<Citation<'p>> {
    let passage = passages.get(carrier.passage)?;
    let (range, quote) = quote(passage, &carrier.span);
    let (flaw, support, supported) = (carrier.flaw, Some(carrier.support), Some(carrier.flaw.is_none()));
    Some(Citation {
        number: carrier.passage + 1,
        passage,
        cited,
        answer: answer.clone(),
        range,
        quote,
        support,
        supported,
        flaw,
    })
}

/// The words of a passage in this range of its bytes, and where they are in its document; the whole passage where the range is
/// empty, or not of the document.
fn quote(passage: &Passage, span: &Range<usize>) -> (Option<(u32, u32)>, String) {
    let Some(place) = &passage.place else {
        let words = passage.text.get(span.clone()).filter(|words| !words.is_empty()).unwrap_or(&passage.text);
        return (None, words.to_owned());
    };
    // The header row that a piece of a table is given stands elsewhere in the document.
    let own = last(&passage.text, (place.end - place.start) as usize);
    let begins = passage.text.len() - own.len();
    let within = span.start.checked_sub(begins).and_then(|start| Some((start, own.get(start..span.end - begins)?)));
    match within.filter(|(_, words)| !words.is_empty()) {
        None => (Some((place.start, place.end)), own.to_owned()),
        Some((byte, words)) => {
            // The length of a text is bounded far below that of the type.
            let chars = |text: &str| u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
            let start = place.start + chars(&own[..byte]);
            (Some((start, start + chars(words))), words.to_owned())
        }
    }
}

/// The last characters of a text.
fn last(text: &str, chars: usize) -> &str {
    text.char_indices().rev().take(chars).last().map_or("", |(byte, _)| &text[byte..])
}

/// Counts characters up to places that grow.
#[derive(Debug)]
pub struct CharPlaces<'t> {
    text: &'t str,
    byte: usize,
    chars: usize,
}

impl CharPlaces<'_> {
    /// Characters before a byte.
    fn of(&mut self, byte: usize) -> usize {
        self.chars += self.text[self.byte..byte].chars().count();
        self.byte = byte;
        self.chars
    }
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

    fn cited<'p>(answer: &str, passages: &'p [Passage]) -> Vec<Citation<'p>> {
        citations(answer, &proofs("", answer, passages), passages)
    }

    fn quoted(answer: &str, passages: &[Passage]) -> Vec<(usize, u32, String)> {
        let all = cited(answer, passages);
        all.into_iter().map(|citation| (citation.number, citation.range.unwrap().0, citation.quote)).collect()
    }

    #[test]
    fn a_sentence_is_cited_by_the_words_that_carry_it() {
        let passages = [
            passage("Größe. ", "Alles über Größen. Refunds take 45 days for every plan."),
            passage("", "Other words."),
        ];
        let words = (1, 26, "Refunds take 45 days for every plan".to_owned());
        assert_eq!(quoted("Refunds take 45 days for every plan [1].", &passages), std::slice::from_ref(&words));
        assert_eq!(quoted("Größe: Refunds take 45 days. [1]", &passages), std::slice::from_ref(&words));
        let both = quoted("Refunds take 45 days for every plan [1][2].", &passages);
        assert_eq!(both, [words.clone(), (2, 0, "Other words.".to_owned())]);
        assert_eq!(quoted("Refunds take 45 days for every plan [17].", &passages), [words], "the passage that says it");
    }

    #[test]
    fn what_no_passage_says_is_told() {
        let passages = [passage("", "Refunds take 45 days for every plan."), passage("", "Other words are here.")];
        let answer = "Größe. Refunds take 54 days for every plan [1]. Refunds take 45 days.";
        let found = cited(answer, &passages);
        let verdicts: Vec<_> = found.iter().map(|c| (c.number, c.cited, c.supported, c.flaw)).collect();
        assert_eq!(
            verdicts[1..],
            [(1, true, Some(false), Some(Flaw::Number)), (1, false, Some(true), None)],
            "{found:#?}"
        );
        let text: String = answer.chars().skip(found[1].answer.start).take(found[1].answer.len()).collect();
        assert_eq!(text, "Refunds take 54 days for every plan [1].");
        let summary = ProofSummary::of(&proofs("", answer, &passages));
        assert_eq!((summary.sentences, summary.supported, summary.is_unsupported()), (3, 1, false));
    }

    #[test]
    fn the_header_of_a_piece_of_a_table_is_no_part_of_the_quote() {
        let mut piece = passage("| a | b |\n", "| 1 | 2 |");
        piece.text = format!("| a | b |\n{}", piece.text);
        assert_eq!(quoted("See there: [1]", &[piece]), [(1, 10, "| 1 | 2 |".into())]);
    }

    #[test]
    fn what_older_versions_kept_is_cited_without_a_place() {
        let old = Passage { text: "Old words.".into(), ..Passage::default() };
        let [citation] = &cited("So it is: [1]", std::slice::from_ref(&old))[..] else { panic!("one") };
        assert_eq!((citation.range, citation.quote.as_str(), citation.supported), (None, "Old words.", None));
    }

    proptest! {
        /// A quote is that range of the document's text, whatever the answer says.
        #[test]
        fn quotes_are_ranges_of_the_document(before in "[aä .]{0,9}", text in "[abß .]{1,40}", cut in any::<(prop::sample::Index, prop::sample::Index)>(), tail in "[ .,]{0,3}\\[1\\][ .]?") {
            let document: Vec<char> = format!("{before}{text}").chars().collect();
            let (a, b) = (cut.0.index(text.len() + 1), cut.1.index(text.len() + 1));
            let repeated = &text[text.floor_char_boundary(a.min(b))..text.floor_char_boundary(a.max(b))];
            let passages = [passage(&before, &text)];
            let answer = format!("{repeated}{tail}");
            for citation in cited(&answer, &passages) {
                let (start, end) = citation.range.unwrap();
                let there: String = document[start as usize..end as usize].iter().collect();
                prop_assert_eq!(there, citation.quote);
                prop_assert!(citation.answer.end <= answer.chars().count());
            }
        }
    }
}
