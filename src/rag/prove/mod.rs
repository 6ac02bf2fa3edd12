//! The proof of an answer: every sentence is held against the passages that it cites, and, when it cites none or the wrong ones,
//! against all.
//!
//! Nothing here asks a model: words by their stems and rarity, numbers with units, names, negation, opposites, and who does it
//! to whom. What is not said in a passage is found by that; what is said in quite other words is not told apart from what is
//! not said at all. Pure and synchronous; what an answer takes is printed by `cargo bench --bench answers`.

mod abstention;
mod align;
mod check;
mod evidence;
mod number;
mod sentences;
mod tokens;
mod units;

use std::{collections::VecDeque, ops::Range};

pub use check::Flaw;
pub use evidence::Source;

use self::{
    abstention::abstains,
    check::Comparison,
    evidence::Evidence,
    tokens::{Item, Key, Reading},
    units::{Segmenter, Unit, UnitKind},
};
use crate::util::{
    citation_marks::{CitationMark, citation_marks},
    wording::{self, lexicon, tokens::tokens as words_of},
};

/// Support from which on a sentence counts as supported, if nothing speaks against it.
const ENOUGH: f32 = 0.5;

/// Most support of a sentence that something speaks against.
const FLAWED: f32 = 0.3;

/// Bytes of a sentence from which on it does not stand in a passage by chance.
const QUOTED: usize = 16;

/// Sentences of passages that one sentence of an answer is made of, at most.
const WINDOW: usize = 3;

/// Weight of what the question says already, as a share of what it would be.
const ASKED: f32 = 0.3;

/// Share of a sentence's weight that a further sentence of the passages must add.
const ADDS: f32 = 0.1;

/// A part of an answer, and what carries it.
#[derive(Debug, Clone, PartialEq)]
pub struct SentenceProof {
    /// Its bytes in the answer, its marks included.
    pub range: Range<usize>,
    /// The passages that it cites, from 0, in its order, each once.
    pub cited: Vec<usize>,
    /// Numbers that it cites and that no passage has.
    pub unknown: Vec<usize>,
    /// What became of its claim; `None` when it claims nothing that could be looked up.
    pub claim: Option<Claim>,
}

/// What the passages say about a claim.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// How much of it they say, 0..=1.
    pub support: f32,
    /// Why it is not supported; `None` when it is.
    pub flaw: Option<Flaw>,
    /// The passages that carry it, the best first; when none does, the one that comes nearest. Those that are cited are all among them.
    pub carriers: Vec<Carrier>,
}

/// A passage, and the part of it that carries a claim.
#[derive(Debug, Clone, PartialEq)]
pub struct Carrier {
    /// The passage, from 0.
    pub passage: usize,
    /// Bytes of its text; empty when nothing in it speaks of the claim.
    pub span: Range<usize>,
    /// How much of the claim it says, 0..=1.
    pub support: f32,
    /// Why it does not carry the claim, alone or together with the others that are cited.
    pub flaw: Option<Flaw>,
}

/// Proves an answer as it is written.
#[derive(Debug)]
pub struct Prover {
    question: String,
    sources: Vec<OwnedSource>,
    /// The passages as they were read; an answer that quotes them needs no more than their texts.
    evidence: Option<Evidence>,
    /// What the question says, as it is read in the language of each passage.
    asked: Vec<(Option<usize>, Reading)>,
    text: String,
    segmenter: Segmenter,
    /// Parts that are complete and not proven yet.
    units: VecDeque<Unit>,
}

#[derive(Debug)]
struct OwnedSource {
    text: String,
    title: Option<String>,
    /// Whether it holds marks itself.
    marked: bool,
}

/// Proves a whole answer: its parts in order.
pub fn prove(question: &str, answer: &str, sources: &[Source<'_>]) -> Vec<SentenceProof> {
    let mut prover = Prover::new(question, sources);
    prover.push(answer);
    prover.end();
    prover.proofs()
}

impl Prover {
    /// A prover by these passages. What the question says is no claim of an answer that repeats it.
    pub fn new(question: &str, sources: &[Source<'_>]) -> Self {
        let own = |source: &Source<'_>| OwnedSource {
            text: source.text.to_owned(),
            title: source.title.map(str::to_owned),
            marked: !citation_marks(source.text).is_empty(),
        };
        Self {
            question: question.to_owned(),
            sources: sources.iter().map(own).collect(),
            evidence: None,
            asked: Vec::new(),
            text: String::new(),
            segmenter: Segmenter::default(),
            units: VecDeque::new(),
        }
    }

    /// Takes in more of the answer. Cheap: nothing is proven yet.
    pub fn push(&mut self, piece: &str) {
        self.text.push_str(piece);
        self.units.extend(std::iter::from_fn(|| self.segmenter.next(&self.text, false)));
    }

    /// The answer is complete.
    pub fn end(&mut self) {
        self.units.extend(std::iter::from_fn(|| self.segmenter.next(&self.text, true)));
    }

    /// All text so far is no part of the answer.
    pub fn restart(&mut self) {
        self.text.clear();
        self.units.clear();
        self.segmenter = Segmenter::default();
    }

    /// What is complete is not to be proven.
    pub fn forget_units(&mut self) {
        self.units.clear();
    }

    /// The answer so far.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether a part is complete that was not proven yet.
    pub fn has_units(&self) -> bool {
        !self.units.is_empty()
    }

    /// Proves the parts that are complete, some milliseconds of computing at most.
    pub fn proofs(&mut self) -> Vec<SentenceProof> {
        let text = std::mem::take(&mut self.text);
        let units = std::mem::take(&mut self.units);
        let proofs = units.into_iter().map(|unit| self.prove(&text, unit)).collect();
        self.text = text;
        proofs
    }

    fn prove(&mut self, answer: &str, unit: Unit) -> SentenceProof {
        let text = &answer[unit.range.clone()];
        let marks = if unit.kind == UnitKind::Code { Vec::new() } else { self.marks(text) };
        let (mut cited, mut unknown) = (Vec::new(), Vec::new());
        for number in marks.iter().flat_map(|mark| &mark.numbers) {
            match number.checked_sub(1).filter(|passage| *passage < self.sources.len()) {
                Some(passage) if !cited.contains(&passage) => cited.push(passage),
                Some(_) => {}
                None => unknown.push(*number),
            }
        }
        let text = without(text, &marks);
        let claim = self.quoted(&text, unit.kind, &cited).or_else(|| self.claim(&text, unit.kind, &cited));
        SentenceProof { range: unit.range, cited, unknown, claim }
    }

    /// The claim of a sentence that stands in a passage as it is: most of what is quoted needs no more than a look.
    fn quoted(&self, text: &str, kind: UnitKind, cited: &[usize]) -> Option<Claim> {
        let words = text.trim().trim_end_matches(['.', '!', '。', '！', ' ']);
        if kind != UnitKind::Prose || words.len() < QUOTED || cited.len() > 1 || words.ends_with([':', '：', '?', '？'])
        {
            return None;
        }
        let all = 0..self.sources.len();
        let among = if cited.is_empty() { all } else { cited[0]..cited[0] + 1 };
        let (passage, at) = among
            .into_iter()
            .find_map(|passage| Some((passage, whole_sentence(&self.sources[passage].text, words)?)))?;
        let carrier = Carrier { passage, span: at..at + words.len(), support: 1.0, flaw: None };
        Some(Claim { support: 1.0, flaw: None, carriers: vec![carrier] })
    }

    /// The marks of a sentence, but for those that it quotes from a passage.
    fn marks(&self, text: &str) -> Vec<CitationMark> {
        let mut marks = citation_marks(text);
        marks.retain(|mark| {
            let before = text[..mark.range.start].char_indices().rev().nth(11);
            let quote = before.map(|(at, _)| &text[at..mark.range.end]);
            !quote.is_some_and(|quote| self.sources.iter().any(|source| source.marked && source.text.contains(quote)))
        });
        marks
    }

    /// What the passages say about a sentence without its marks.
    fn claim(&mut self, text: &str, kind: UnitKind, cited: &[usize]) -> Option<Claim> {
        let mut evidence = self.evidence.take().unwrap_or_else(|| {
            let sources: Vec<Source<'_>> = self
                .sources
                .iter()
                .map(|source| Source { text: &source.text, title: source.title.as_deref() })
                .collect();
            let mut evidence = Evidence::of(&sources);
            self.asked = readings(&mut evidence, &self.question);
            evidence
        });
        let claim = self.claim_by(&mut evidence, text, kind, cited);
        self.evidence = Some(evidence);
        claim
    }

    fn claim_by(&self, evidence: &mut Evidence, text: &str, kind: UnitKind, cited: &[usize]) -> Option<Claim> {
        let trimmed = text.trim_end_matches(|c: char| c.is_whitespace() || matches!(c, '*' | '_' | ')' | '"'));
        if kind == UnitKind::Heading
            || trimmed.ends_with([':', '：', '?', '？'])
            || evidence.passages.is_empty()
            || abstains(trimmed)
        {
            return None;
        }
        let readings = readings(evidence, text);
        let evidence = &*evidence;
        if readings.iter().all(|(_, reading)| reading.features.is_empty()) {
            return None;
        }
        let all: Vec<usize> = (0..evidence.passages.len()).collect();
        let each = |passages: &[usize]| -> Vec<Support> {
            let mut found: Vec<Support> =
                passages.iter().map(|passage| self.support(evidence, &readings, &[*passage])).collect();
            found.sort_by(|a, b| b.rank().total_cmp(&a.rank()));
            found
        };
        let of_cited = each(cited);
        let mut best = of_cited.first().cloned();
        if cited.len() > 1 && !best.as_ref().is_some_and(Support::holds) {
            best = Some(self.support(evidence, &readings, cited)).filter(Support::holds).or(best);
        }
        let together = best.as_ref().is_some_and(|best| best.holds() && best.passages.len() > 1);
        let mut carriers: Vec<Carrier> = of_cited.iter().map(Support::carrier).collect();
        if together {
            carriers.iter_mut().for_each(|carrier| carrier.flaw = None);
        }
        if !best.as_ref().is_some_and(Support::holds) {
            let of_all = each(&all);
            let found = of_all.into_iter().next().filter(|found| found.holds() || cited.is_empty());
            if let Some(found) = found {
                if !cited.contains(&found.passages[0]) {
                    carriers.insert(0, found.carrier());
                }
                best = Some(found);
            }
        }
        let best = best?;
        Some(Claim { support: best.support, flaw: best.flaw, carriers })
    }

    /// What some passages say about a sentence together.
    fn support(&self, evidence: &Evidence, readings: &[(Option<usize>, Reading)], passages: &[usize]) -> Support {
        let language = evidence.passages[passages[0]].language;
        let Some((_, reading)) = readings.iter().find(|(read, _)| *read == language) else {
            return Support { passages: passages.to_vec(), span: 0..0, support: 0.0, flaw: Some(Flaw::Words) };
        };
        let of_passages = |sentence: &u32| passages.contains(&evidence.sentences[*sentence as usize].passage);
        let asked = self.asked.iter().find(|(read, _)| *read == language).map(|(_, reading)| reading);
        let is_asked = |key: &Key| asked.is_some_and(|asked| asked.features.binary_search(key).is_ok());
        let features = reading.features.iter().map(|key| {
            let sentences: Vec<u32> = evidence.with(*key).iter().copied().filter(of_passages).collect();
            let weight = if sentences.is_empty() && is_asked(key) { ASKED } else { 1.0 };
            (weight * evidence.rarity(*key), sentences)
        });
        let features: Vec<(f32, Vec<u32>)> = features.collect();
        let total: f32 = features.iter().map(|(rarity, _)| rarity).sum::<f32>().max(f32::MIN_POSITIVE);
        let mut window: Vec<u32> = Vec::new();
        let mut covered = vec![false; features.len()];
        while window.len() < WINDOW {
            let mut gains: Vec<(u32, f32)> = Vec::new();
            for ((rarity, sentences), _) in features.iter().zip(&covered).filter(|(_, covered)| !**covered) {
                for sentence in sentences {
                    match gains.iter_mut().find(|(known, _)| known == sentence) {
                        Some((_, gain)) => *gain += rarity,
                        None => gains.push((*sentence, *rarity)),
                    }
                }
            }
            let best = gains.into_iter().max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)));
            let Some((best, _)) = best.filter(|(_, gain)| window.is_empty() || *gain >= ADDS * total) else { break };
            window.push(best);
            for ((_, sentences), covered) in features.iter().zip(&mut covered) {
                *covered |= sentences.contains(&best);
            }
        }
        let titles = passages.iter().flat_map(|passage| &evidence.passages[*passage].title.features);
        let titles: Vec<u32> = titles.copied().collect();
        let share = |holds: &dyn Fn(usize) -> bool| {
            features.iter().enumerate().filter(|(at, _)| holds(*at)).map(|(_, (rarity, _))| rarity).sum::<f32>() / total
        };
        let in_title = |at: usize| titles.contains(&reading.features[at]);
        let near = share(&|at| covered[at] || in_title(at));
        let anywhere = share(&|at| !features[at].1.is_empty() || in_title(at));
        let span = window.first().map_or(0..0, |best| evidence.sentences[*best as usize].range.clone());
        let there: Vec<&[Item]> =
            window.iter().map(|at| evidence.sentences[*at as usize].reading.items.as_slice()).collect();
        let asked: Vec<Key> = asked.into_iter().flat_map(|asked| asked.items.iter().map(|item| item.key)).collect();
        let comparison = Comparison {
            evidence,
            lexicon: evidence.lexicon(passages[0]),
            said: &reading.items,
            window: &there,
            passages,
            asked: &asked,
        };
        let support = 0.7 * near + 0.3 * anywhere;
        let flaw = comparison.flaw().or((support < ENOUGH).then_some(Flaw::Words));
        let support = if flaw.is_some() { support.min(FLAWED.max(support * FLAWED)) } else { support };
        Support { passages: passages.to_vec(), span, support, flaw }
    }
}

/// A text as it is read in the language of each passage.
fn readings(evidence: &mut Evidence, text: &str) -> Vec<(Option<usize>, Reading)> {
    let mut languages: Vec<Option<usize>> = evidence.passages.iter().map(|passage| passage.language).collect();
    languages.sort_unstable();
    languages.dedup();
    let own = wording::language_of(&words_of(text));
    let read = |language: Option<usize>| {
        // Too little speaks for any language in a table or a list of names.
        let lexicon = lexicon::of(language.or(own));
        (language, evidence.vocabulary.read(text, lexicon, false))
    };
    languages.into_iter().map(read).collect()
}

/// Where these words are a whole sentence of a text, or its end: what is cut off before them could turn them around.
fn whole_sentence(text: &str, words: &str) -> Option<usize> {
    text.match_indices(words).map(|(at, _)| at).find(|at| {
        let before = text[..*at].trim_end();
        let begins = before.is_empty()
            || before.ends_with(['.', '!', '?', '。', '！', '？', '|'])
            || text[before.len()..*at].contains('\n');
        let behind = &text[at + words.len()..];
        begins && (behind.is_empty() || behind.starts_with(['.', '!', '?', '。', '！', '？', '\n']))
    })
}

/// What passages say about a sentence.
#[derive(Debug, Clone)]
struct Support {
    passages: Vec<usize>,
    span: Range<usize>,
    support: f32,
    flaw: Option<Flaw>,
}

impl Support {
    fn holds(&self) -> bool {
        self.flaw.is_none()
    }

    fn rank(&self) -> f32 {
        self.support + if self.holds() { 1.0 } else { 0.0 }
    }

    fn carrier(&self) -> Carrier {
        Carrier { passage: self.passages[0], span: self.span.clone(), support: self.support, flaw: self.flaw }
    }
}

/// A sentence without its marks.
fn without(text: &str, marks: &[CitationMark]) -> String {
    let mut rest = String::with_capacity(text.len());
    let mut at = 0;
    for mark in marks {
        rest.push_str(&text[at..mark.range.start]);
        rest.push(' ');
        at = mark.range.end;
    }
    rest.push_str(&text[at..]);
    rest
}
