//! From the words of a question to a query.
//!
//! Each word is searched for as it is spelt, and at a lower weight as it may be spelt otherwise: with or without accents, with
//! or without the signs of a name. Only what occurs in the index becomes part of the query, so that words of one spelling
//! cost what they always did.

use std::collections::{BTreeSet, HashMap, HashSet};

use tantivy::{
    Searcher, Term,
    query::{BooleanQuery, BoostQuery, EmptyQuery, Occur, Query, TermQuery},
    schema::{Field, IndexRecordOption},
};

use super::analyzer::{Analysis, TermForms, words};
use crate::index::IndexError;

/// Terms of a question that are searched for; of more, the rarest.
const MAX_TERMS: usize = 64;

/// A term is common when more than one chunk in so many has it.
const COMMON_SHARE: u64 = 10;

/// Weight of another spelling than the question's, where that occurs too: a chunk that has only the other one, however often,
/// stays behind one that has the question's own (BM25 gives a frequent word at most 2.2 times the score of a single one).
const OTHER_SPELLING: f32 = 0.4;

/// The same where the question's own spelling does not occur at all.
const ONLY_SPELLING: f32 = 0.8;

/// Weight of a spelling with other accents than the question's, where nothing nearer occurs.
const OTHER_ACCENTS: f32 = 0.4;

/// A word of a question that occurs in the index, in one spelling or several. Rare ones sort first.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct QuestionTerm {
    /// How many chunks have it, at most.
    chunks: u64,
    /// Its spellings and what each counts.
    spellings: Vec<(String, f32)>,
}

impl QuestionTerm {
    fn queries(&self, field: Field) -> impl Iterator<Item = Box<dyn Query>> {
        self.spellings.iter().map(move |(text, weight)| -> Box<dyn Query> {
            let term = TermQuery::new(Term::from_field_text(field, text), IndexRecordOption::WithFreqs);
            if *weight == 1.0 { Box::new(term) } else { Box::new(BoostQuery::new(Box::new(term), *weight)) }
        })
    }
}

/// The index, as far as the weights of terms need it.
struct Frequencies<'s> {
    searcher: &'s Searcher,
    field: Field,
    chunks: u64,
}

impl Frequencies<'_> {
    fn of(&self, term: &str) -> Result<u64, IndexError> {
        Ok(self.searcher.doc_freq(&Term::from_field_text(self.field, term))?)
    }

    /// Inverse document frequency as BM25 has it.
    fn inverse(&self, chunks: u64) -> f32 {
        let (all, chunks) = (self.chunks as f32, chunks as f32);
        (1.0 + (all - chunks + 0.5).max(0.0) / (chunks + 0.5)).ln()
    }
}

/// The terms of a question that occur at all, and of too many the rarest: they decide the ranking, and a question of thousands
/// of words must not cost as many lookups. The question is analysed in each of these ways.
pub(super) fn terms(
    searcher: &Searcher,
    field: Field,
    text: &str,
    analyses: &BTreeSet<Analysis>,
) -> Result<Vec<QuestionTerm>, IndexError> {
    // Scores count deleted chunks, too, until segments are merged.
    let chunks = searcher.segment_readers().iter().map(|segment| u64::from(segment.max_doc())).sum();
    let index = Frequencies { searcher, field, chunks };
    let asked = asked(text, analyses);
    let own: HashSet<String> = asked.keys().cloned().collect();
    let mut known = Vec::with_capacity(asked.len());
    for (term, Asked { count, plainer }) in asked {
        known.extend(spelt(&index, term, count as f32, &plainer, &own)?);
    }
    known.sort_unstable_by(|a, b| a.chunks.cmp(&b.chunks).then_with(|| a.spellings[0].0.cmp(&b.spellings[0].0)));
    known.truncate(MAX_TERMS);
    Ok(known)
}

/// How often a question has a term, and its plainer spellings.
#[derive(Debug, Default)]
struct Asked {
    count: u32,
    plainer: BTreeSet<String>,
}

/// The terms of a question, each counted by the analysis in which it occurs most.
fn asked(text: &str, analyses: &BTreeSet<Analysis>) -> HashMap<String, Asked> {
    let words = words(text);
    let mut most: HashMap<String, Asked> = HashMap::new();
    for analysis in analyses {
        let mut counts: HashMap<String, u32> = HashMap::new();
        for TermForms { term, plainer } in analysis.terms(words.clone()) {
            most.entry(term.clone()).or_default().plainer.extend(plainer);
            *counts.entry(term).or_default() += 1;
        }
        for (term, count) in counts {
            let known = most.entry(term).or_default();
            known.count = count.max(known.count);
        }
    }
    most
}

/// The spellings of a term that occur; `None` when there are none. `own` are the terms of the question itself, which count
/// for themselves.
fn spelt(
    index: &Frequencies<'_>,
    term: String,
    count: f32,
    plainer: &BTreeSet<String>,
    own: &HashSet<String>,
) -> Result<Option<QuestionTerm>, IndexError> {
    let mut others = Vec::new();
    let look_up = |others: &mut Vec<(String, u64)>, other: String| -> Result<(), IndexError> {
        let chunks = if own.contains(&other) { 0 } else { index.of(&other)? };
        if chunks > 0 {
            others.push((other, chunks));
        }
        Ok(())
    };
    let exact = index.of(&term)?;
    look_up(&mut others, TermForms::marked(&term))?;
    for plain in plainer {
        look_up(&mut others, plain.clone())?;
    }
    let mut weight = if exact > 0 { OTHER_SPELLING } else { ONLY_SPELLING };
    if exact == 0 && others.is_empty() {
        weight = OTHER_ACCENTS;
        for plain in plainer {
            look_up(&mut others, TermForms::marked(plain))?;
        }
    }
    let mut spellings = Vec::with_capacity(1 + others.len());
    let mut chunks = exact;
    if exact > 0 {
        spellings.push((term, count));
    }
    for (other, of_other) in others {
        // A rare spelling of a common word tells no more than the word.
        let rarity = index.inverse(exact.max(of_other)) / index.inverse(of_other).max(f32::MIN_POSITIVE);
        spellings.push((other, count * weight * rarity));
        chunks += of_other;
    }
    Ok((!spellings.is_empty()).then_some(QuestionTerm { chunks, spellings }))
}

/// Chunks with any of the terms; a union of plain terms, which tantivy can skip through block by block.
pub(super) fn any_of(field: Field, terms: &[QuestionTerm]) -> Box<dyn Query> {
    let queries = terms.iter().flat_map(|term| term.queries(field));
    let clauses: Vec<(Occur, Box<dyn Query>)> = queries.map(|query| (Occur::Should, query)).collect();
    if clauses.is_empty() { Box::new(EmptyQuery) } else { Box::new(BooleanQuery::new(clauses)) }
}

/// Chunks with any of the terms that tell something; the common ones only add to their scores. Skipping fails where half
/// of all chunks have a term, and no chunk gets far with such terms alone. `None` when there are not both kinds.
pub(super) fn telling(field: Field, terms: &[QuestionTerm], chunks: u64) -> Option<Box<dyn Query>> {
    let (rare, common) = terms.split_at(terms.partition_point(|term| term.chunks * COMMON_SHARE <= chunks));
    if rare.is_empty() || common.is_empty() {
        return None;
    }
    let common = common.iter().flat_map(|term| term.queries(field)).map(|query| (Occur::Should, query));
    Some(Box::new(BooleanQuery::new(std::iter::once((Occur::Must, any_of(field, rare))).chain(common).collect())))
}
