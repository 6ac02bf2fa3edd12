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
    query::{BooleanQuery, BoostQuery, ConstScoreQuery, EmptyQuery, Occur, Query, TermQuery},
    schema::{FAST, Field, INDEXED, IndexRecordOption, STRING, Schema, TextFieldIndexing, TextOptions},
    tokenizer::{PreTokenizedString, Token},
};

use analyzer::Stemming;

use super::{Follower, IndexError};
use crate::model::{Changes, ChunkId, Hit, IndexedChunk, Scope, Stamp};

/// Raised whenever schema or analysis changes: indexes of another format are started anew.
const FORMAT: u32 = 1;

/// Memory of the writer, in bytes. It has one thread: two make the last commit of a page wait for the slower one.
const WRITER_MEMORY: usize = 48 << 20;

/// Terms of a question that are searched for; of more, the rarest.
const MAX_TERMS: usize = 64;

/// What a commit says about itself.
#[derive(Debug, Serialize, Deserialize)]
struct Payload {
    format: u32,
    stamp: Stamp,
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

    /// The `k` chunks that fit the words best; equal scores by id. Words of the question are stemmed in every way that
    /// occurs in the index, so that a question finds text in any language.
    ///
    /// # Errors
    /// When files cannot be read.
    pub fn search(&self, text: &str, k: usize, scope: &Scope) -> Result<Vec<Hit>, IndexError> {
        let (searcher, fields) = (self.reader.searcher(), self.fields);
        if k == 0 || searcher.num_docs() == 0 {
            return Ok(Vec::new());
        }
        let stemmings = stemmings(&searcher, fields)?;
        let terms = rarest(&searcher, fields, question_terms(text, &stemmings))?;
        let query = restrict(any_of(fields, terms), fields, scope);
        let found = searcher.search(&query, &TopDocs::with_limit(k).order_by_score())?;
        let mut hits = Vec::with_capacity(found.len());
        for (score, address) in found {
            let ids = searcher.segment_reader(address.segment_ord).fast_fields().u64("id")?;
            if let Some(id) = ids.first(address.doc_id) {
                hits.push(Hit { chunk: ChunkId(id.cast_signed()), score });
            }
        }
        hits.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.chunk.cmp(&b.chunk)));
        Ok(hits)
    }

    /// Takes the folder's write lock.
    fn writer(&self) -> Result<IndexWriter<TantivyDocument>, IndexError> {
        self.index.writer_with_num_threads(1, WRITER_MEMORY).map_err(|error| match error {
            TantivyError::LockFailure(LockError::LockBusy, _) => IndexError::Conflict,
            error => error.into(),
        })
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
    let terms = analyzer::terms(&chunk.text, Stemming::of(&chunk.language));
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

/// The ways of stemming that occur in the index.
fn stemmings(searcher: &tantivy::Searcher, fields: Fields) -> Result<BTreeSet<Stemming>, IndexError> {
    let mut found = BTreeSet::new();
    for segment in searcher.segment_readers() {
        let index = segment.inverted_index(fields.language)?;
        let mut languages = index.terms().stream().map_err(TantivyError::from)?;
        while languages.advance() {
            if let Ok(language) = std::str::from_utf8(languages.key()) {
                found.insert(Stemming::of(language));
            }
        }
    }
    Ok(found)
}

/// The terms of a question and how often each occurs in it.
fn question_terms(text: &str, stemmings: &BTreeSet<Stemming>) -> HashMap<String, u32> {
    let mut terms: HashMap<String, u32> = HashMap::new();
    for word in analyzer::words(text) {
        let stems: BTreeSet<String> =
            stemmings.iter().map(|by| analyzer::stem(word.clone(), by.stemmer().as_ref())).collect();
        for stem in stems {
            *terms.entry(stem).or_default() += 1;
        }
    }
    terms
}

/// Keeps the terms that occur at all, and of too many the rarest: they decide the ranking, and a question of thousands of
/// words must not cost as many lookups.
fn rarest(
    searcher: &tantivy::Searcher,
    fields: Fields,
    terms: HashMap<String, u32>,
) -> Result<Vec<(String, u32)>, IndexError> {
    let mut known = Vec::with_capacity(terms.len());
    for (term, count) in terms {
        let documents = searcher.doc_freq(&Term::from_field_text(fields.text, &term))?;
        if documents > 0 {
            known.push((documents, term, count));
        }
    }
    known.sort_unstable();
    known.truncate(MAX_TERMS);
    Ok(known.into_iter().map(|(_, term, count)| (term, count)).collect())
}

/// Chunks with any of the terms; a union of plain terms, which tantivy can skip through block by block.
fn any_of(fields: Fields, terms: Vec<(String, u32)>) -> Box<dyn Query> {
    let clauses: Vec<(Occur, Box<dyn Query>)> = terms
        .into_iter()
        .map(|(term, count)| {
            let term = TermQuery::new(Term::from_field_text(fields.text, &term), IndexRecordOption::WithFreqs);
            let clause: Box<dyn Query> = match count {
                1 => Box::new(term),
                n => Box::new(BoostQuery::new(Box::new(term), n as f32)),
            };
            (Occur::Should, clause)
        })
        .collect();
    if clauses.is_empty() { Box::new(EmptyQuery) } else { Box::new(BooleanQuery::new(clauses)) }
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
