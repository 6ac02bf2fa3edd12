//! What the index holds of a chunk: its words and those of what it stands in.
//!
//! Title and headings are weighed as in BM25F (Robertson, Zaragoza and Taylor 2004): a word there counts as so many in the
//! text, and all of them together saturate. The name of the document is a field of its own, because it is weighed otherwise
//! (see `question`), and because the lengths of names say nothing of those of texts.

use tantivy::TantivyDocument;

use super::{Fields, analyzer::Analysis, names, tokens};
use crate::domain::{ChunkContext, IndexedChunk};

/// What a word of the title counts, in words of the text.
const TITLE: usize = 1;

/// The same of a heading.
const HEADING: usize = 1;

/// Makes entries of chunks. Neighbours are of one document, whose title and name are taken apart once.
pub(super) struct Entries {
    fields: Fields,
    /// Of the last chunk.
    document: Option<DocumentTerms>,
}

/// Terms that all chunks of a document in one language share.
struct DocumentTerms {
    source: String,
    given_title: Option<String>,
    analysis: Analysis,
    title: String,
    name: String,
}

impl DocumentTerms {
    fn of(source: &str, title: Option<&String>, analysis: Analysis) -> Self {
        Self {
            source: source.to_owned(),
            given_title: title.cloned(),
            analysis,
            title: title.map(|title| terms(title, analysis).repeat(TITLE)).unwrap_or_default(),
            name: tokens::joined(names::document_terms(source, analysis).into_iter(), source.len()),
        }
    }

    fn are_of(&self, source: &str, title: Option<&String>, analysis: Analysis) -> bool {
        self.source == source && self.given_title.as_ref() == title && self.analysis == analysis
    }
}

impl Entries {
    pub(super) fn new(fields: Fields) -> Self {
        Self { fields, document: None }
    }

    /// What the index is to hold of a chunk.
    pub(super) fn entry(&mut self, chunk: &IndexedChunk) -> TantivyDocument {
        let (fields, analysis) = (self.fields, Analysis::of(&chunk.language));
        let ChunkContext { source, title, headings } = &chunk.context;
        let known = self.document.take().filter(|known| known.are_of(source, title.as_ref(), analysis));
        let document = known.unwrap_or_else(|| DocumentTerms::of(source, title.as_ref(), analysis));
        let mut words = terms(&chunk.text, analysis);
        words.push_str(&document.title);
        // The title of a text is often its first heading, and counts once.
        for heading in headings.iter().filter(|heading| Some(*heading) != title.as_ref()) {
            words.push_str(&terms(heading, analysis).repeat(HEADING));
        }
        let mut entry = TantivyDocument::default();
        entry.add_u64(fields.id, chunk.id.0.cast_unsigned());
        entry.add_text(fields.language, &chunk.language);
        entry.add_text(fields.text, words);
        entry.add_text(fields.name, &document.name);
        entry.add_u64(fields.document, chunk.document.0.into());
        self.document = Some(document);
        entry
    }
}

/// The terms of a text, as the engine takes them.
fn terms(text: &str, analysis: Analysis) -> String {
    tokens::joined(analysis.document_terms(text), text.len())
}
