//! Full-text search by BM25 (k1 1.2, b 0.75), on tantivy: in the texts of chunks, with titles and headings, and in the names of
//! their documents.
//!
//! On disk, and shared by processes: the server and a command that ingests may both follow the store. Whoever writes holds a
//! lock (see `working`) from the first of a series of changes until a moment after the last. Each commit carries the stamp of the
//! state that it mirrors, so that everybody else sees how far the index has come.

mod analyzer;
mod entries;
mod files;
mod names;
mod question;
mod selected;
mod stems;
mod tokens;
mod working;

use std::{
    collections::BTreeSet,
    path::Path,
    sync::{Arc, OnceLock},
    time::Duration,
};

use parking_lot::{Mutex, RwLock};
use tantivy::{
    Searcher, TantivyError, Term,
    collector::TopDocs,
    columnar::Column,
    query::{BooleanQuery, ConstScoreQuery, Occur, Query, TermQuery},
    schema::{FAST, Field, INDEXED, IndexRecordOption, STRING, Schema, TextFieldIndexing, TextOptions},
};

use analyzer::Analysis;
use question::KnownFrequencies;
use selected::Selected;
use working::Working;

use super::{IndexError, follow::Follower, scope::Scope};
use crate::domain::{Changes, ChunkId, DocumentId, Hit, Stamp};

#[derive(Debug, Clone, Copy)]
struct Fields {
    id: Field,
    language: Field,
    /// The words of text, title and headings.
    text: Field,
    document: Field,
    /// The words of the document's name.
    name: Field,
}

/// What searches see: a snapshot, and the state that it mirrors at least.
struct Shown {
    searcher: Searcher,
    stamp: Option<Stamp>,
    /// Set by the first search.
    facts: OnceLock<Facts>,
}

/// What every search of a snapshot needs, and takes longer to find than a search.
struct Facts {
    analyses: BTreeSet<Analysis>,
    /// Ids of the chunks of each segment.
    ids: Vec<Column<u64>>,
    /// The document of each chunk of each segment; set by the first search with a filter.
    documents: OnceLock<Vec<Vec<DocumentId>>>,
}

impl Shown {
    fn new(searcher: Searcher, stamp: Option<Stamp>) -> Arc<Self> {
        Arc::new(Self { searcher, stamp, facts: OnceLock::new() })
    }

    fn facts(&self, fields: Fields) -> Result<&Facts, IndexError> {
        if let Some(facts) = self.facts.get() {
            return Ok(facts);
        }
        let segments = self.searcher.segment_readers().iter();
        let ids = segments.map(|segment| segment.fast_fields().u64("id")).collect::<Result<_, _>>()?;
        let facts = Facts { analyses: analyses(&self.searcher, fields)?, ids, documents: OnceLock::new() };
        Ok(self.facts.get_or_init(|| facts))
    }

    /// The document of each chunk of each segment. A filter asks for many of them, and a list answers sooner than a column.
    fn documents<'f>(&self, facts: &'f Facts) -> Result<&'f [Vec<DocumentId>], IndexError> {
        if let Some(documents) = facts.documents.get() {
            return Ok(documents);
        }
        let mut documents = Vec::new();
        for segment in self.searcher.segment_readers() {
            let column = segment.fast_fields().u64("document")?;
            let of = |chunk| DocumentId(column.first(chunk).and_then(|id| id.try_into().ok()).unwrap_or(u32::MAX));
            documents.push((0..segment.max_doc()).map(of).collect());
        }
        Ok(facts.documents.get_or_init(|| documents))
    }
}

/// A full-text index in a folder, or in memory where the folder cannot be used.
pub struct LexicalIndex {
    fields: Fields,
    working: Mutex<Working>,
    shown: RwLock<Arc<Shown>>,
}

impl LexicalIndex {
    /// Opens the index in this folder. One that is missing, damaged or of another format starts empty; where the folder cannot
    /// be written, the index lives in memory.
    pub fn open(folder: &Path) -> Self {
        let working = Working::open(folder);
        let shown = Shown::new(working.searcher(), working.position().ok().flatten());
        Self { fields: schema().1, working: Mutex::new(working), shown: RwLock::new(shown) }
    }

    /// The state that searches see.
    pub fn stamp(&self) -> Option<Stamp> {
        self.shown.read().stamp.clone()
    }

    /// Lets go of the writer when the last change is at least `idle` ago, and merges what many small changes left behind.
    pub fn rest(&self, idle: Duration) {
        let session = self.working.lock().take_idle_session(idle);
        let Some(session) = session else { return };
        // Outside the lock: merging may take a while, and changes that come meanwhile wait for the folder's lock anyway.
        if let Err(error) = session.end().and_then(|()| self.publish()) {
            tracing::warn!(%error, "the lexical index could not be tidied up; the next change tries again");
        }
    }

    /// Why the index is in memory, when it is.
    pub fn trouble(&self) -> Option<String> {
        self.working.lock().trouble().map(ToOwned::to_owned)
    }

    /// Number of chunks.
    pub fn len(&self) -> usize {
        usize::try_from(self.shown.read().searcher.num_docs()).unwrap_or(usize::MAX)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The `k` chunks that fit the words best; equal scores by id. The question is analysed in every way that occurs in
    /// the index, so that a question finds text in any language.
    ///
    /// # Errors
    /// When files cannot be read.
    pub fn search(&self, text: &str, k: usize, scope: &Scope) -> Result<Vec<Hit>, IndexError> {
        let (shown, fields) = (Arc::clone(&self.shown.read()), self.fields);
        let searcher = &shown.searcher;
        if k == 0 || searcher.num_docs() == 0 {
            return Ok(Vec::new());
        }
        let facts = shown.facts(fields)?;
        let Facts { analyses, ids, .. } = facts;
        let terms = question::terms(searcher, fields, text, analyses)?;
        let frequencies = KnownFrequencies::of(searcher, fields, &terms)?;
        if let Some(selection) = &scope.documents {
            let documents = shown.documents(facts)?;
            let within = Selected { searcher, fields, frequencies: &frequencies, selection, documents, ids };
            return within.search(&terms, k, scope);
        }
        let top = TopDocs::with_limit(k).order_by_score();
        let search = |query: Box<dyn Query>| {
            let query = restrict(query, fields, scope);
            searcher.search_with_statistics_provider(&query, &top, &frequencies)
        };
        let mut found = match question::telling(fields, &terms, searcher.num_docs()) {
            Some(query) => search(query)?,
            None => Vec::new(),
        };
        if found.len() < k {
            found = search(question::any_of(fields, &terms))?;
        }
        let mut hits = Vec::with_capacity(found.len());
        for (score, address) in found {
            if let Some(id) = ids.get(address.segment_ord as usize).and_then(|ids| ids.first(address.doc_id)) {
                hits.push(Hit { chunk: ChunkId(id.cast_signed()), score });
            }
        }
        hits.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.chunk.cmp(&b.chunk)));
        Ok(hits)
    }
}

impl Follower for LexicalIndex {
    fn name(&self) -> &'static str {
        "lexical"
    }

    fn position(&self) -> Result<Option<Stamp>, IndexError> {
        self.working.lock().position()
    }

    fn apply(&self, from: Option<&Stamp>, changes: Changes) -> Result<(), IndexError> {
        self.working.lock().apply(self.fields, from, changes)
    }

    fn start_anew(&self) -> Result<(), IndexError> {
        self.working.lock().start_anew()
    }

    fn publish(&self) -> Result<(), IndexError> {
        let working = self.working.lock();
        // The stamp first: a commit in between makes searches newer than it says, never older.
        let stamp = working.position()?;
        let searcher = working.reload()?;
        *self.shown.write() = Shown::new(searcher, stamp);
        Ok(())
    }
}

fn schema() -> (Schema, Fields) {
    let mut schema = Schema::builder();
    let words =
        TextFieldIndexing::default().set_tokenizer(tokens::TERM_LINES).set_index_option(IndexRecordOption::WithFreqs);
    let words = TextOptions::default().set_indexing_options(words);
    let fields = Fields {
        id: schema.add_u64_field("id", INDEXED | FAST),
        language: schema.add_text_field("language", STRING),
        text: schema.add_text_field("text", words.clone()),
        name: schema.add_text_field("name", words),
        document: schema.add_u64_field("document", FAST),
    };
    (schema.build(), fields)
}

/// The ways of analysis that occur in the index.
fn analyses(searcher: &Searcher, fields: Fields) -> Result<BTreeSet<Analysis>, IndexError> {
    let mut found = BTreeSet::new();
    for segment in searcher.segment_readers() {
        let index = segment.inverted_index(fields.language)?;
        let mut languages = index.terms().stream().map_err(TantivyError::from)?;
        while languages.advance() {
            if let Ok(language) = std::str::from_utf8(languages.key()) {
                found.insert(Analysis::of(language));
            }
        }
    }
    Ok(found)
}

/// Limits a query to the languages of a scope, without touching its scores.
fn restrict(query: Box<dyn Query>, fields: Fields, scope: &Scope) -> Box<dyn Query> {
    match languages(fields, scope) {
        None => query,
        Some(one_of) => {
            let one_of: Box<dyn Query> = Box::new(ConstScoreQuery::new(one_of, 0.0));
            Box::new(BooleanQuery::new(vec![(Occur::Must, query), (Occur::Must, one_of)]))
        }
    }
}

/// What chunks of the scope's languages have; `None` where these are not limited.
fn languages(fields: Fields, scope: &Scope) -> Option<Box<dyn Query>> {
    let term = |language: &String| -> (Occur, Box<dyn Query>) {
        let term = Term::from_field_text(fields.language, language);
        (Occur::Should, Box::new(TermQuery::new(term, IndexRecordOption::Basic)))
    };
    let is_limited = !scope.has_all_languages();
    is_limited.then(|| Box::new(BooleanQuery::new(scope.languages.iter().map(term).collect())) as Box<dyn Query>)
}

#[cfg(test)]
mod tests;
