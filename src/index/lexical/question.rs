//! From the words of a question to a query.
//!
//! Each word is searched for in texts and in names of documents, and told by its rarity in both together.
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

use super::{
    Fields,
    analyzer::{Analysis, TermForms, Word, words},
    names::{self, AskedName},
};
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

/// Weight of a word in the name of a document.
const NAME: f32 = 1.0;

/// Weight of a word that is a part of the name as a whole: far more than any number of words in a text (BM25 gives them at
/// most 2.2), so that a document that is called so comes before one that mentions it.
const WHOLE_NAME: f32 = 5.0;

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
    /// How many chunks have it, in text or name, wherever more do.
    chunks: u64,
    /// Whether texts have it, and whether names do.
    within: (bool, bool),
    /// The term of names that are this word as a whole, where there are some.
    whole: Option<String>,
    /// What it counts.
    weight: f32,
}

impl Spelling {
    fn of(term: &str, Occurrence { chunks, within }: Occurrence, weight: f32) -> Self {
        Self { term: term.to_owned(), chunks, within, whole: None, weight }
    }

    /// Chunks that have it in their text, in the name of their document, or as the whole of it.
    fn queries(&self, fields: Fields) -> impl Iterator<Item = Box<dyn Query>> {
        let (in_text, in_name) = self.within;
        let whole = self.whole.as_ref().map(|whole| (fields.name, whole, WHOLE_NAME));
        let places = in_text.then_some((fields.text, &self.term, 1.0)).into_iter();
        let places = places.chain(in_name.then_some((fields.name, &self.term, NAME))).chain(whole);
        places.map(move |(field, term, share)| -> Box<dyn Query> {
            let term = TermQuery::new(Term::from_field_text(field, term), IndexRecordOption::WithFreqs);
            let weight = self.weight * share;
            if weight == 1.0 { Box::new(term) } else { Box::new(BoostQuery::new(Box::new(term), weight)) }
        })
    }
}

impl QuestionTerm {
    /// The queries of each spelling.
    pub(super) fn queries(&self, fields: Fields) -> impl Iterator<Item = Box<dyn Query>> {
        self.spellings.iter().flat_map(move |spelling| spelling.queries(fields))
    }
}

/// The index, as far as the weights of terms need it.
struct Frequencies {
    texts: Vec<Arc<InvertedIndexReader>>,
    names: Vec<Arc<InvertedIndexReader>>,
    chunks: u64,
}

/// How often a term occurs.
#[derive(Debug, Clone, Copy)]
struct Occurrence {
    chunks: u64,
    within: (bool, bool),
}

impl Frequencies {
    /// A word is as rare as it is in texts and names together: one that is common in texts tells little in a name, either.
    fn of(&self, term: &str) -> Result<Option<Occurrence>, IndexError> {
        let (texts, names) = (chunks_with(&self.texts, term)?, chunks_with(&self.names, term)?);
        let occurrence = Occurrence { chunks: texts.max(names), within: (texts > 0, names > 0) };
        Ok((occurrence.chunks > 0).then_some(occurrence))
    }

    /// Inverse document frequency as BM25 has it.
    fn inverse(&self, chunks: u64) -> f32 {
        let (all, chunks) = (self.chunks as f32, chunks as f32);
        (1.0 + (all - chunks + 0.5).max(0.0) / (chunks + 0.5)).ln()
    }
}

fn chunks_with(field: &[Arc<InvertedIndexReader>], term: &str) -> Result<u64, IndexError> {
    let mut chunks = 0;
    for segment in field {
        chunks += segment.terms().get(term).map_err(TantivyError::from)?.map_or(0, |info| u64::from(info.doc_freq));
    }
    Ok(chunks)
}

/// The terms of a question that occur at all, and of too many the rarest: they decide the ranking, and a question of thousands
/// of words must not cost as many lookups. The question is analysed in each of these ways.
pub(super) fn terms(
    searcher: &Searcher,
    fields: Fields,
    text: &str,
    analyses: &BTreeSet<Analysis>,
) -> Result<Vec<QuestionTerm>, IndexError> {
    // Scores count deleted chunks, too, until segments are merged.
    let segments = searcher.segment_readers();
    let chunks = segments.iter().map(|segment| u64::from(segment.max_doc())).sum();
    let of = |field| segments.iter().map(|segment| segment.inverted_index(field)).collect::<Result<_, _>>();
    let index = Frequencies { texts: of(fields.text)?, names: of(fields.name)?, chunks };
    let words = words(text);
    let asked = asked(&words, analyses);
    let own: OwnTerms<'_> = asked.keys().flat_map(|word| &word.terms).map(String::as_str).collect();
    let mut known = Vec::with_capacity(asked.len());
    for (word, count) in &asked {
        known.extend(spelt(&index, word, *count as f32, &own)?);
    }
    name(&index, &words, analyses, &mut known)?;
    known.sort_unstable_by(|a, b| a.chunks.cmp(&b.chunks).then_with(|| a.spellings[0].term.cmp(&b.spellings[0].term)));
    known.truncate(MAX_TERMS);
    Ok(known)
}

/// Finds what the question means as names of documents, as wholes: of those within each other the longest. A name of one word
/// is one more way in which that word occurs; one of several is a term of its own.
fn name(
    index: &Frequencies,
    words: &[Word],
    analyses: &BTreeSet<Analysis>,
    known: &mut Vec<QuestionTerm>,
) -> Result<(), IndexError> {
    let mut taken: HashSet<usize, RandomState> = HashSet::default();
    let mut named: HashSet<String, RandomState> = HashSet::default();
    for AskedName { term, at, words } in names::asked(words) {
        if at.clone().any(|n| taken.contains(&n)) {
            continue;
        }
        let chunks = chunks_with(&index.names, &term)?;
        if chunks == 0 {
            continue;
        }
        taken.extend(at);
        if !named.insert(term.clone()) {
            continue;
        }
        let stems: Vec<String> =
            words.iter().flat_map(|word| analyses.iter().map(|analysis| analysis.stem((*word).to_owned()))).collect();
        let mut spellings = known.iter_mut().flat_map(|term| &mut term.spellings);
        let own = |spelling: &&mut Spelling| stems.contains(&spelling.term);
        if words.len() == 1 {
            if let Some(spelling) = spellings.find(own) {
                spelling.whole = Some(term);
            }
            continue;
        }
        // Words that stand together by chance are rare together: they tell no more than the rarest of them.
        let rarest = spellings.filter(own).map(|spelling| spelling.chunks).min();
        let (chunks, weight) = (rarest.unwrap_or(chunks).max(chunks), WHOLE_NAME / NAME);
        let spelling = Spelling { term, chunks, within: (false, true), whole: None, weight };
        known.push(QuestionTerm { chunks, spellings: vec![spelling] });
    }
    Ok(())
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
fn asked(words: &[Word], analyses: &BTreeSet<Analysis>) -> HashMap<AskedWord, u32, RandomState> {
    let mut asked: Vec<AskedWord> = Vec::with_capacity(words.len());
    for analysis in analyses {
        // One analysis has the pairs, and each has the words in the same order.
        for (n, TermForms { term, plainer }) in analysis.terms(words.to_vec()).into_iter().enumerate() {
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
        let found = index.of(term)?;
        exact.extend(found.map(|found| Spelling::of(term, found, 1.0)));
    }
    let mut others: Vec<Spelling> = Vec::new();
    let mut look_up = |other: &str, weight: f32| -> Result<(), IndexError> {
        if own.contains(other) || others.iter().any(|known| known.term == other) {
            return Ok(());
        }
        others.extend(index.of(other)?.map(|found| Spelling::of(other, found, weight)));
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
            others.extend(index.of(term)?.map(|found| Spelling::of(term, found, OTHER_ACCENTS)));
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
    /// Tokens of all chunks, in each field.
    tokens: [(Field, u64); 2],
    chunks: HashMap<&'q [u8], u64, RandomState>,
}

impl<'q> KnownFrequencies<'q> {
    pub(super) fn of(searcher: &'q Searcher, fields: Fields, terms: &'q [QuestionTerm]) -> Result<Self, IndexError> {
        let spellings = terms.iter().flat_map(|term| &term.spellings);
        let named = |spelling: &'q Spelling| {
            let whole = spelling.whole.as_ref();
            std::iter::once(&spelling.term).chain(whole).map(|term| (term.as_bytes(), spelling.chunks))
        };
        let chunks = spellings.flat_map(named).collect();
        let tokens = |field| Ok::<_, IndexError>((field, searcher.total_num_tokens(field)?));
        Ok(Self { searcher, tokens: [tokens(fields.text)?, tokens(fields.name)?], chunks })
    }
}

impl Bm25StatisticsProvider for KnownFrequencies<'_> {
    fn total_num_tokens(&self, field: Field) -> tantivy::Result<u64> {
        let known = self.tokens.iter().find(|(known, _)| *known == field);
        known.map_or_else(|| self.searcher.total_num_tokens(field), |(_, tokens)| Ok(*tokens))
    }

    fn total_num_docs(&self) -> tantivy::Result<u64> {
        self.searcher.total_num_docs()
    }

    fn doc_freq(&self, term: &Term) -> tantivy::Result<u64> {
        let is_known = self.tokens.iter().any(|(known, _)| *known == term.field());
        let known = self.chunks.get(term.serialized_value_bytes()).filter(|_| is_known);
        known.map_or_else(|| self.searcher.doc_freq(term), |chunks| Ok(*chunks))
    }
}

/// Chunks with any of the terms; a union of plain terms, which tantivy can skip through block by block.
pub(super) fn any_of(fields: Fields, terms: &[QuestionTerm]) -> Box<dyn Query> {
    let queries = terms.iter().flat_map(|term| term.queries(fields));
    let clauses: Vec<(Occur, Box<dyn Query>)> = queries.map(|query| (Occur::Should, query)).collect();
    if clauses.is_empty() { Box::new(EmptyQuery) } else { Box::new(BooleanQuery::new(clauses)) }
}

/// Chunks with any of the terms that tell something; the common ones only add to their scores. Skipping fails where half
/// of all chunks have a term, and no chunk gets far with such terms alone. `None` when there are not both kinds.
pub(super) fn telling(fields: Fields, terms: &[QuestionTerm], chunks: u64) -> Option<Box<dyn Query>> {
    let (rare, common) = terms.split_at(terms.partition_point(|term| term.chunks * COMMON_SHARE <= chunks));
    if rare.is_empty() || common.is_empty() {
        return None;
    }
    let common = common.iter().flat_map(|term| term.queries(fields)).map(|query| (Occur::Should, query));
    Some(Box::new(BooleanQuery::new(std::iter::once((Occur::Must, any_of(fields, rare))).chain(common).collect())))
}
