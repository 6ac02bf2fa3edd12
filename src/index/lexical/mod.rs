//! Full-text search by BM25 (k1 1.2, b 0.75), on tantivy.
//!
//! On disk, and shared by processes: the server and a command that ingests may both follow the store. So the writer, which
//! is guarded by a lock file, lives only as long as one page of changes; whoever has it checks under the lock that the
//! index is still where it believes it is. Each commit carries the stamp of the state that it mirrors.

mod analyzer;

use std::{
    collections::{BTreeSet, HashMap},
    fs,
    path::Path,
};

use parking_lot::RwLock;
use serde::{Deserialize, Serialize};
use tantivy::{
    Index, IndexReader, IndexSettings, IndexWriter, ReloadPolicy, TantivyDocument, TantivyError, Term,
    collector::TopDocs,
    directory::{MmapDirectory, error::LockError},
    merge_policy::LogMergePolicy,
    query::{BooleanQuery, BoostQuery, ConstScoreQuery, EmptyQuery, Occur, Query, TermQuery},
    schema::{FAST, Field, INDEXED, IndexRecordOption, STRING, Schema, TextFieldIndexing, TextOptions},
    tokenizer::{PreTokenizedString, Token},
};

use analyzer::Analysis;

use super::{Follower, IndexError};
use crate::model::{Changes, ChunkId, Hit, IndexedChunk, Scope, Stamp};

/// Raised whenever schema or analysis changes: indexes of another format are started anew.
const FORMAT: u32 = 2;

/// Memory of the writer, in bytes. It has one thread: two make the last commit of a page wait for the slower one.
const WRITER_MEMORY: usize = 48 << 20;

/// So many segments of about one size become one: each is searched anew, and far more is read than written.
const SEGMENTS_TO_MERGE: usize = 3;

/// Terms of a question that are searched for; of more, the rarest.
const MAX_TERMS: usize = 64;

/// A term is common when more than one chunk in so many has it.
const COMMON_SHARE: u64 = 10;

/// What a commit says about itself.
#[derive(Debug, Serialize, Deserialize)]
struct Payload {
    format: u32,
    stamp: Stamp,
}

/// A term of a question that occurs in the index. Rare ones sort first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct QuestionTerm {
    /// How many chunks have it.
    chunks: u64,
    text: String,
    /// How often the question has it.
    count: u32,
}

impl QuestionTerm {
    fn query(&self, fields: Fields) -> Box<dyn Query> {
        let term = TermQuery::new(Term::from_field_text(fields.text, &self.text), IndexRecordOption::WithFreqs);
        match self.count {
            1 => Box::new(term),
            n => Box::new(BoostQuery::new(Box::new(term), n as f32)),
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Fields {
    id: Field,
    language: Field,
    version: Field,
    text: Field,
}

/// A full-text index in a folder.
pub struct LexicalIndex {
    index: Index,
    reader: IndexReader,
    fields: Fields,
    /// What searches see. The folder may be ahead of it, when another process has just committed.
    shown: RwLock<Option<Stamp>>,
}

impl LexicalIndex {
    /// Opens the index in this folder. One that is missing, damaged or of another format starts empty.
    ///
    /// # Errors
    /// When the folder cannot be made or written.
    pub fn open(folder: &Path) -> Result<Self, IndexError> {
        match Self::existing(folder) {
            Ok(Some(index)) => return Ok(index),
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(folder = %folder.display(), %error, "lexical index is unusable and will be rebuilt");
            }
        }
        Self::anew(folder)
    }

    /// The index that is there; `None` when there is none, or one of another format.
    fn existing(folder: &Path) -> Result<Option<Self>, IndexError> {
        if !folder.join("meta.json").exists() {
            return Ok(None);
        }
        let index = Index::open(MmapDirectory::open(folder).map_err(TantivyError::from)?)?;
        if index.schema() != schema().0 {
            return Ok(None);
        }
        let foreign = match index.load_metas()?.payload {
            Some(payload) => serde_json::from_str::<Payload>(&payload).map_or(true, |p| p.format != FORMAT),
            // Nothing was committed yet.
            None => false,
        };
        Ok(if foreign { None } else { Some(Self::with(index)?) })
    }

    fn anew(folder: &Path) -> Result<Self, IndexError> {
        let io = |what: &str| {
            let what = format!("{what} {}", folder.display());
            move |source| IndexError::Io { what, source }
        };
        if folder.exists() {
            fs::remove_dir_all(folder).map_err(io("empty the index folder"))?;
        }
        fs::create_dir_all(folder).map_err(io("make the index folder"))?;
        let directory = MmapDirectory::open(folder).map_err(TantivyError::from)?;
        Self::with(Index::create(directory, schema().0, IndexSettings::default())?)
    }

    fn with(index: Index) -> Result<Self, IndexError> {
        // Reloaded by hand, when there is something new: no thread watches the folder.
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        let opened = Self { index, reader, fields: schema().1, shown: RwLock::default() };
        opened.reload()?;
        Ok(opened)
    }

    /// Shows what is on disk, whichever process wrote it.
    fn reload(&self) -> Result<(), IndexError> {
        // The stamp first: a commit in between makes searches newer than it says, never older.
        let stamp = self.stamp_on_disk()?;
        self.reader.reload()?;
        *self.shown.write() = stamp;
        Ok(())
    }

    fn stamp_on_disk(&self) -> Result<Option<Stamp>, IndexError> {
        let payload = self.index.load_metas()?.payload;
        Ok(payload.and_then(|payload| serde_json::from_str::<Payload>(&payload).ok()).map(|payload| payload.stamp))
    }

    /// The state that searches see.
    pub fn stamp(&self) -> Option<Stamp> {
        self.shown.read().clone()
    }

    /// Number of chunks.
    pub fn len(&self) -> usize {
        usize::try_from(self.reader.searcher().num_docs()).unwrap_or(usize::MAX)
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
        let (searcher, fields) = (self.reader.searcher(), self.fields);
        if k == 0 || searcher.num_docs() == 0 {
            return Ok(Vec::new());
        }
        let analyses = analyses(&searcher, fields)?;
        let terms = rarest(&searcher, fields, question_terms(text, &analyses))?;
        let top = TopDocs::with_limit(k).order_by_score();
        let mut found = match telling(fields, &terms, searcher.num_docs()) {
            Some(query) => searcher.search(&restrict(query, fields, scope), &top)?,
            None => Vec::new(),
        };
        if found.len() < k {
            found = searcher.search(&restrict(any_of(fields, &terms), fields, scope), &top)?;
        }
        let mut hits = Vec::with_capacity(found.len());
        // Opening a column costs more than a hundred reads of it.
        let columns: Vec<_> = searcher
            .segment_readers()
            .iter()
            .map(|segment| segment.fast_fields().u64("id"))
            .collect::<Result<_, _>>()?;
        for (score, address) in found {
            if let Some(id) = columns.get(address.segment_ord as usize).and_then(|ids| ids.first(address.doc_id)) {
                hits.push(Hit { chunk: ChunkId(id.cast_signed()), score });
            }
        }
        hits.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.chunk.cmp(&b.chunk)));
        Ok(hits)
    }

    /// Takes the folder's write lock.
    fn writer(&self) -> Result<IndexWriter<TantivyDocument>, IndexError> {
        let writer = self.index.writer_with_num_threads(1, WRITER_MEMORY).map_err(|error| match error {
            TantivyError::LockFailure(LockError::LockBusy, _) => IndexError::Conflict,
            error => IndexError::from(error),
        })?;
        let mut policy = LogMergePolicy::default();
        policy.set_min_num_segments(SEGMENTS_TO_MERGE);
        writer.set_merge_policy(Box::new(policy));
        Ok(writer)
    }
}

impl Follower for LexicalIndex {
    fn stamp(&self) -> Result<Option<Stamp>, IndexError> {
        self.reload()?;
        Ok(Self::stamp(self))
    }

    fn apply(&self, from: Option<&Stamp>, changes: Changes) -> Result<(), IndexError> {
        let mut writer = self.writer()?;
        // Under the lock: nobody moves the index from here on.
        if self.stamp_on_disk()?.as_ref() != from {
            return Err(IndexError::Conflict);
        }
        for id in changes.removed {
            writer.delete_term(Term::from_field_u64(self.fields.id, id.0.cast_unsigned()));
        }
        for chunk in changes.added {
            writer.add_document(document(self.fields, &chunk))?;
        }
        let payload = Payload { format: FORMAT, stamp: changes.to };
        let mut commit = writer.prepare_commit()?;
        commit.set_payload(&serde_json::to_string(&payload).unwrap_or_default());
        commit.commit()?;
        writer.wait_merging_threads()?;
        self.reload()
    }

    fn clear(&self) -> Result<(), IndexError> {
        let mut writer = self.writer()?;
        writer.delete_all_documents()?;
        // Without a payload, so without a stamp.
        writer.prepare_commit()?.commit()?;
        writer.wait_merging_threads()?;
        self.reload()
    }
}

fn schema() -> (Schema, Fields) {
    let mut schema = Schema::builder();
    let words = TextFieldIndexing::default()
        // Documents bring their terms with them.
        .set_tokenizer("raw")
        .set_index_option(IndexRecordOption::WithFreqs);
    let fields = Fields {
        id: schema.add_u64_field("id", INDEXED | FAST),
        language: schema.add_text_field("language", STRING),
        version: schema.add_text_field("version", STRING),
        text: schema.add_text_field("text", TextOptions::default().set_indexing_options(words)),
    };
    (schema.build(), fields)
}

fn document(fields: Fields, chunk: &IndexedChunk) -> TantivyDocument {
    let terms = Analysis::of(&chunk.language).terms(analyzer::words(&chunk.text));
    let tokens = terms
        .into_iter()
        .enumerate()
        .map(|(position, text)| Token { position, text, position_length: 1, ..Token::default() })
        .collect();
    let mut document = TantivyDocument::default();
    document.add_u64(fields.id, chunk.id.0.cast_unsigned());
    document.add_text(fields.language, &chunk.language);
    document.add_text(fields.version, &chunk.version);
    document.add_pre_tokenized_text(fields.text, PreTokenizedString { text: String::new(), tokens });
    document
}

/// The ways of analysis that occur in the index.
fn analyses(searcher: &tantivy::Searcher, fields: Fields) -> Result<BTreeSet<Analysis>, IndexError> {
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

/// The terms of a question and how often each occurs in it, by the analysis in which it occurs most.
fn question_terms(text: &str, analyses: &BTreeSet<Analysis>) -> HashMap<String, u32> {
    let words = analyzer::words(text);
    let mut most: HashMap<String, u32> = HashMap::new();
    for analysis in analyses {
        let mut counts: HashMap<String, u32> = HashMap::new();
        for term in analysis.terms(words.clone()) {
            *counts.entry(term).or_default() += 1;
        }
        for (term, count) in counts {
            let known = most.entry(term).or_default();
            *known = count.max(*known);
        }
    }
    most
}

/// Keeps the terms that occur at all, and of too many the rarest: they decide the ranking, and a question of thousands of
/// words must not cost as many lookups.
fn rarest(
    searcher: &tantivy::Searcher,
    fields: Fields,
    terms: HashMap<String, u32>,
) -> Result<Vec<QuestionTerm>, IndexError> {
    let mut known = Vec::with_capacity(terms.len());
    for (text, count) in terms {
        let chunks = searcher.doc_freq(&Term::from_field_text(fields.text, &text))?;
        if chunks > 0 {
            known.push(QuestionTerm { chunks, text, count });
        }
    }
    known.sort_unstable();
    known.truncate(MAX_TERMS);
    Ok(known)
}

/// Chunks with any of the terms; a union of plain terms, which tantivy can skip through block by block.
fn any_of(fields: Fields, terms: &[QuestionTerm]) -> Box<dyn Query> {
    let clauses: Vec<(Occur, Box<dyn Query>)> = terms.iter().map(|term| (Occur::Should, term.query(fields))).collect();
    if clauses.is_empty() { Box::new(EmptyQuery) } else { Box::new(BooleanQuery::new(clauses)) }
}

/// Chunks with any of the terms that tell something; the common ones only add to their scores. Skipping fails where half
/// of all chunks have a term, and no chunk gets far with such terms alone. `None` when there are not both kinds.
fn telling(fields: Fields, terms: &[QuestionTerm], chunks: u64) -> Option<Box<dyn Query>> {
    let (rare, common) = terms.split_at(terms.partition_point(|term| term.chunks * COMMON_SHARE <= chunks));
    if rare.is_empty() || common.is_empty() {
        return None;
    }
    let common = common.iter().map(|term| (Occur::Should, term.query(fields)));
    Some(Box::new(BooleanQuery::new(std::iter::once((Occur::Must, any_of(fields, rare))).chain(common).collect())))
}

/// Limits a query to a scope, without touching its scores.
fn restrict(query: Box<dyn Query>, fields: Fields, scope: &Scope) -> Box<dyn Query> {
    if scope.is_everything() {
        return query;
    }
    let one_of = |field: Field, values: &[String]| -> Box<dyn Query> {
        let clauses = values
            .iter()
            .map(|value| -> (Occur, Box<dyn Query>) {
                let term = Term::from_field_text(field, value);
                (Occur::Should, Box::new(TermQuery::new(term, IndexRecordOption::Basic)))
            })
            .collect();
        Box::new(ConstScoreQuery::new(Box::new(BooleanQuery::new(clauses)), 0.0))
    };
    let mut clauses = vec![(Occur::Must, query)];
    for (field, values) in [(fields.language, &scope.languages), (fields.version, &scope.versions)] {
        if !values.is_empty() {
            clauses.push((Occur::Must, one_of(field, values)));
        }
    }
    Box::new(BooleanQuery::new(clauses))
}
