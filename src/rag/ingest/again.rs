//! A document's chunks made anew from what is stored of it, without its file.

use std::collections::HashSet;

use super::prepare::{cut, to_embed};
use crate::{
    domain::Metadata,
    rag::{
        chunk::Chunker,
        context::{self, TextInContext},
        extract::{Extracted, Format},
        language::LanguageDetector,
        structure::TextStructure,
    },
    store::{Chunk, ChunkVector, NewChunk, PendingDocument, Store, StoreError},
};

/// Chunks that have no vectors yet where the store has none.
pub(in crate::rag) struct Remade {
    /// The chunks in reading order.
    pub(in crate::rag) chunks: Vec<NewChunk>,
    /// Those that must be embedded, by their positions.
    pub(in crate::rag) to_embed: Vec<(usize, TextInContext)>,
    /// Its text was not kept, so that these are the chunks as they were cut before.
    pub(in crate::rag) taken_over: bool,
}

/// The chunks of a document for the generation that `target` looks at, cut from its stored text. Where an older version did not
/// keep the text, the chunks that `base` has are taken over. `None`: the document is gone.
///
/// # Errors
/// When the store cannot be read.
pub(in crate::rag) fn remake(
    target: &dyn Store,
    base: &dyn Store,
    document: &PendingDocument,
    chunker: &Chunker,
) -> Result<Option<Remade>, StoreError> {
    let Some(record) = target.document(&document.id)? else { return Ok(None) };
    let text = target.text(&document.id)?;
    let taken_over = text.is_none();
    let (chunks, contexts): (Vec<NewChunk>, Vec<String>) = match text {
        Some(text) => {
            let extracted = Extracted {
                text,
                format: Format::named(&record.summary.format).unwrap_or(Format::Text),
                title: record.summary.title,
                pages: record.pages,
                warnings: Vec::new(),
                pictures_without_text: 0,
                metadata: Metadata::default(),
                attachments: Vec::new(),
            };
            let languages = LanguageDetector::for_document(&extracted.text);
            let structure = TextStructure::new(&extracted.text, extracted.format.is_structured(), &extracted.pages);
            cut(&document.source, &extracted, &structure, &languages, chunker)
        }
        None => base.chunks_of(&document.id)?.into_iter().map(as_it_was).unzip(),
    };
    let known: HashSet<String> = target.embedded_keys(&document.id)?;
    let to_embed = to_embed(&chunks, contexts, &known);
    Ok(Some(Remade { chunks, to_embed, taken_over }))
}

fn as_it_was(chunk: Chunk) -> (NewChunk, String) {
    let Chunk { key, text, language, place, title, .. } = chunk;
    let place = place.unwrap_or_default();
    let context = context::of_place(title.as_deref(), &place);
    (NewChunk { key, text, language, place, vector: ChunkVector::Stored }, context)
}
