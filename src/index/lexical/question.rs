//! From the words of a question to a query.
//!
//! Each word is searched for as it is spelt, and at a lower weight as it may be spelt otherwise: with or without accents, with
//! or without the signs of a name. Only what occurs in the index becomes part of the query, so that words of one spelling
//! cost what they always did.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use foldhash::fast::RandomState;
use tantivy::{
    InvertedIndexReader, Searcher, TantivyError, Term,
    query::{Bm25StatisticsProvider, BooleanQuery, BoostQuery, EmptyQuery, Occur, Query, TermQuery},
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

/// Weight of a word with accents that stemming takes for the question's word: with `Haus`, `Häuser` are as good as meant. The
/// other way round, who types accents means them.
const ACCENTED_STEM: f32 = 0.85;

/// Weight of a spelling with other accents than the question's, where nothing nearer occurs.
const OTHER_ACCENTS: f32 = 0.4;

/// A word of a question that occurs in the index, in one spelling or several. Rare ones sort first.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct QuestionTerm {
    /// How many chunks have it, at most.
    chunks: u64,
    spellings: Vec<Spelling>,
}

/// A term that occurs in the index.
#[derive(Debug, Clone, PartialEq)]
struct Spelling {
    term: String,
    /// How many chunks have it.
    chunks: u64,
    /// What it counts.
    weight: f32,
}

impl QuestionTerm {
    /// A query for each spelling.
    pub(super) fn queries(&self, field: Field) -> impl Iterator<Item = Box<dyn Query>> {
        self.spellings.iter().map(move |Spelling { term, weight, .. }| -> Box<dyn Query> {
            let term = TermQuery::new(Term::from_field_text(field, term), IndexRecordOption::WithFreqs);
            if *weight == 1.0 { Box::new(term) } else { Box::new(BoostQuery::new(Box::new(term), *weight)) }
        })
    }
}

/// The index, as far as the weights of terms need it.
struct Frequencies {
    segments: Vec<Arc<InvertedIndexReader>>,
    chunks: u64,
}

impl Frequencies {
    fn of(&self, term: &str) -> Result<u64, IndexError> {
        let mut chunks = 0;
        for segment in &self.segments {
            chunks += segment.terms().get(term).map_err(TantivyError::from)?.map_or(0, |info| u64::from(info.doc_freq));
        }
        Ok(chunks)
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
    let segments = searcher.segment_readers();
    let chunks = segments.iter().map(|segment| u64::from(segment.max_doc())).sum();
    let segments = segments.iter().map(|segment| segment.inverted_index(field)).collect::<Result<_, _>>()?;
    let index = Frequencies { segments, chunks };
    let asked = asked(text, analyses);
    let own: OwnTerms<'_> = asked.keys().flat_map(|word| &word.terms).map(String::as_str).collect();
    let mut known = Vec::with_capacity(asked.len());
    for (word, count) in &asked {
        known.extend(spelt(&index, word, *count as f32, &own)?);
    }
    known.sort_unstable_by(|a, b| a.chunks.cmp(&b.chunks).then_with(|| a.spellings[0].term.cmp(&b.spellings[0].term)));
    known.truncate(MAX_TERMS);
    Ok(known)
}

/// A word of a question, or a pair of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
struct AskedWord {
    /// Its terms as it is spelt, by each analysis.
    terms: BTreeSet<String>,
    /// Its terms when it is spelt more plainly.
    plainer: BTreeSet<String>,
}

/// The words of a question, and how often it has each.
fn asked(text: &str, analyses: &BTreeSet<Analysis>) -> HashMap<AskedWord, u32, RandomState> {
    let words = words(text);
    let mut asked: Vec<AskedWord> = Vec::with_capacity(words.len());
    for analysis in analyses {
        // One analysis has the pairs, and each has the words in the same order.
        for (n, TermForms { term, plainer }) in analysis.terms(words.clone()).into_iter().enumerate() {
            if asked.len() <= n {
                asked.push(AskedWord::default());
            }
            asked[n].terms.insert(term);
            asked[n].plainer.extend(plainer);
        }
    }
    let mut counts = HashMap::with_capacity_and_hasher(asked.len(), RandomState::default());
    for word in asked {
        *counts.entry(word).or_default() += 1;
    }
    counts
}

/// The terms of a question as it is spelt.
type OwnTerms<'q> = HashSet<&'q str, RandomState>;

/// The spellings of a word that occur; `None` when there are none. `own` are the terms of the question itself, which count
/// for themselves.
fn spelt(
    index: &Frequencies,
    word: &AskedWord,
    count: f32,
    own: &OwnTerms<'_>,
) -> Result<Option<QuestionTerm>, IndexError> {
    let AskedWord { terms, plainer } = word;
    let mut exact: Vec<Spelling> = Vec::with_capacity(terms.len());
    for term in terms {
        let chunks = index.of(term)?;
        exact.extend((chunks > 0).then(|| Spelling { term: term.clone(), chunks, weight: 1.0 }));
    }
    let mut others: Vec<Spelling> = Vec::new();
    let mut look_up = |other: &str, weight: f32| -> Result<(), IndexError> {
        if own.contains(other) || others.iter().any(|known| known.term == other) {
            return Ok(());
        }
        let chunks = index.of(other)?;
        others.extend((chunks > 0).then(|| Spelling { term: other.to_owned(), chunks, weight }));
        Ok(())
    };
    let weight = if exact.is_empty() { ONLY_SPELLING } else { OTHER_SPELLING };
    let mut marked = String::new();
    for term in terms {
        match TermForms::without_accented(term) {
            Some(stem) => look_up(stem, OTHER_SPELLING)?,
            None => look_up(TermForms::accented(term, &mut marked), ACCENTED_STEM)?,
        }
        look_up(TermForms::marked(term, &mut marked), weight)?;
    }
    for plain in plainer {
        look_up(plain, weight)?;
    }
    if exact.is_empty() && others.is_empty() {
        for plain in plainer {
            let term = TermForms::marked(plain, &mut marked);
            let chunks = index.of(term)?;
            others.extend((chunks > 0).then(|| Spelling { term: term.to_owned(), chunks, weight: OTHER_ACCENTS }));
        }
    }
    let most = exact.iter().map(|own| own.chunks).max().unwrap_or(0);
    let chunks = exact.iter().chain(&others).map(|spelling| spelling.chunks).sum();
    for other in &mut others {
        // A rare spelling of a common word tells no more than the word.
        let rarity = index.inverse(most.max(other.chunks)) / index.inverse(other.chunks).max(f32::MIN_POSITIVE);
        other.weight = count * other.weight * rarity;
    }
    exact.iter_mut().for_each(|own| own.weight = count);
    let mut spellings = exact;
    spellings.append(&mut others);
    Ok((!spellings.is_empty()).then_some(QuestionTerm { chunks, spellings }))
}

/// What the scores of a question's terms need of the index. It was looked up to choose the terms, and need not be again.
pub(super) struct KnownFrequencies<'q> {
    searcher: &'q Searcher,
    field: Field,
    /// Tokens of all chunks.
    tokens: u64,
    chunks: HashMap<&'q [u8], u64, RandomState>,
}

impl<'q> KnownFrequencies<'q> {
    pub(super) fn of(searcher: &'q Searcher, field: Field, terms: &'q [QuestionTerm]) -> Result<Self, IndexError> {
        let spellings = terms.iter().flat_map(|term| &term.spellings);
        let chunks = spellings.map(|spelling| (spelling.term.as_bytes(), spelling.chunks)).collect();
        Ok(Self { searcher, field, tokens: searcher.total_num_tokens(field)?, chunks })
    }
}

impl Bm25StatisticsProvider for KnownFrequencies<'_> {
    fn total_num_tokens(&self, field: Field) -> tantivy::Result<u64> {
        if field == self.field { Ok(self.tokens) } else { self.searcher.total_num_tokens(field) }
    }

    fn total_num_docs(&self) -> tantivy::Result<u64> {
        self.searcher.total_num_docs()
    }

    fn doc_freq(&self, term: &Term) -> tantivy::Result<u64> {
        let known = self.chunks.get(term.serialized_value_bytes()).filter(|_| term.field() == self.field);
        known.map_or_else(|| self.searcher.doc_freq(term), |chunks| Ok(*chunks))
    }
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
