//! One file on its way into the store: read, hash, cut, name. Blocking; knows nothing of tasks.

use std::{
    collections::{HashMap, HashSet},
    time::SystemTime,
};

use jiff::Timestamp;

use super::{Failure, IngestOptions, SourceFile};
use crate::{
    domain::Quality,
    providers::EmbedderId,
    rag::{
        chunk::{Chunker, Structure, table_count},
        context::{self, TextInContext},
        extract::{self, ExtractError, Extracted, Format, Limits, Warning},
        language::LanguageDetector,
        structure::TextStructure,
    },
    store::{ChunkVector, DocumentState, DocumentText, NewChunk, NewDocument, Store},
};

/// Raised whenever extraction, cutting or naming changes, so that documents are read again.
pub const PIPELINE_VERSION: u32 = 4;

/// What reading a file came to.
pub(super) enum Prepared {
    /// The store has it in this state.
    Unchanged,
    /// It must be written.
    Changed(Box<Pending>),
}

/// A document whose new chunks have no vectors yet.
pub(super) struct Pending {
    pub(super) document: NewDocument,
    /// The chunks that must be embedded, by their positions; the store has the others.
    pub(super) to_embed: Vec<(usize, TextInContext)>,
    pub(super) warnings: Vec<String>,
}

/// What is in a file.
pub(super) struct Content {
    bytes: Vec<u8>,
    /// When it changed last, as far as the file system knows.
    modified: Option<SystemTime>,
}

/// Reads a file.
pub(super) fn read(file: &SourceFile, limits: &Limits) -> Result<Content, Failure> {
    let opened = file.open().map_err(|error| Failure::File(error.to_string()))?;
    let modified = opened.metadata().and_then(|metadata| metadata.modified()).ok();
    Ok(Content { bytes: extract::read_file(opened, limits).map_err(failed)?, modified })
}

fn failed(error: ExtractError) -> Failure {
    Failure::File(error.to_string())
}

/// Takes the text out of a file and cuts it, unless the store has it already.
pub(super) fn prepare(
    file: &SourceFile,
    Content { bytes, modified }: &Content,
    options: &IngestOptions,
    chunker: &Chunker,
    embedder: &EmbedderId,
    store: &dyn Store,
) -> Result<Prepared, Failure> {
    let format = Format::of_path(&file.path).ok_or_else(|| Failure::File("is of no supported format".into()))?;
    let content = blake3::hash(bytes);
    let version = options.version.clone().unwrap_or_else(|| content.to_hex()[..8].to_owned());
    let fingerprint = fingerprint(&content, &version, options, embedder);
    let stored = store.document_state(&file.source).map_err(Failure::Store)?;
    if stored.as_ref().is_some_and(|stored| stored.fingerprint == fingerprint) {
        return Ok(Prepared::Unchanged);
    }

    let extracted = extract::extract_bytes(format, bytes, &options.limits).map_err(failed)?;
    let languages = LanguageDetector::for_document(&extracted.text);
    let structure = TextStructure::new(&extracted.text, extracted.format.is_structured(), &extracted.pages);
    let (chunks, contexts) = cut(&file.source, &extracted, &structure, &languages, chunker);
    if chunks.is_empty() {
        return Err(Failure::File("contains no text".into()));
    }
    let known: HashSet<String> = stored.into_iter().flat_map(|DocumentState { chunk_keys, .. }| chunk_keys).collect();
    let to_embed = chunks.iter().zip(contexts).enumerate().filter(|(_, (chunk, _))| !known.contains(&chunk.key));
    let to_embed = to_embed.map(|(n, (chunk, context))| (n, TextInContext { context, text: chunk.text.clone() }));
    let to_embed = to_embed.collect();
    let quality = quality(&extracted, structure.characters());
    let (warnings, outline) = (quality.warnings.clone(), structure.outline);
    let Extracted { text, title, format, pages, .. } = extracted;
    let document = NewDocument {
        source: file.source.clone(),
        fingerprint,
        version,
        title,
        format: format.as_str().to_owned(),
        bytes: bytes.len() as u64,
        language: languages.of_document().to_owned(),
        modified: modified.and_then(|time| Timestamp::try_from(time).ok()).map(|time| time.to_string()),
        text: DocumentText { text, outline, pages, quality },
        chunks,
    };
    Ok(Prepared::Changed(Box::new(Pending { document, to_embed, warnings })))
}

/// Everything that decides what is stored for a file.
fn fingerprint(content: &blake3::Hash, version: &str, options: &IngestOptions, embedder: &EmbedderId) -> String {
    let (size, overlap) = (options.chunking.size, options.chunking.overlap);
    let shape = format!("{PIPELINE_VERSION}\0{size}\0{overlap}\0{}\0{version}", embedder.as_str());
    blake3::Hasher::new().update(content.as_bytes()).update(shape.as_bytes()).finalize().to_hex().to_string()
}

/// The chunks of a document, and the context of each.
fn cut(
    source: &str,
    extracted: &Extracted,
    structure: &TextStructure<'_>,
    languages: &LanguageDetector,
    chunker: &Chunker,
) -> (Vec<NewChunk>, Vec<String>) {
    let form = if extracted.format.is_structured() { Structure::Markdown } else { Structure::Plain };
    let mut repeats: HashMap<(String, String), usize> = HashMap::new();
    chunker
        .split(&extracted.text, form)
        .into_iter()
        .map(|piece| {
            let text = piece.text(&extracted.text).into_owned();
            let language = languages.of_chunk(&text);
            let place = structure.place(&piece.range);
            let context = context::of_place(extracted.title.as_deref(), &place);
            let repeat = repeats.entry((context.clone(), text.clone())).or_default();
            let key = chunk_key(source, language, *repeat, &context, &text);
            *repeat += 1;
            (NewChunk { key, text, language: language.to_owned(), place, vector: ChunkVector::Stored }, context)
        })
        .unzip()
}

/// How well a document could be read.
fn quality(extracted: &Extracted, characters: u32) -> Quality {
    let Extracted { text, format, pages, warnings, .. } = extracted;
    let replaced = text.matches(char::REPLACEMENT_CHARACTER).count() as u64;
    let tables = if format.is_structured() { table_count(text) } else { 0 };
    let mut quality = Quality {
        characters: characters.into(),
        replaced,
        tables: u32::try_from(tables).unwrap_or(u32::MAX),
        warnings: warnings.iter().map(ToString::to_string).collect(),
        ..Quality::default()
    };
    for warning in warnings {
        match warning {
            Warning::PagesWithoutText { pages } => quality.pages_without_text.clone_from(pages),
            Warning::PagesUnreadable { pages } => quality.pages_unreadable.clone_from(pages),
            _ => {}
        }
    }
    let last = pages.iter().map(|page| page.page);
    let last = last.chain(quality.pages_without_text.iter().copied()).chain(quality.pages_unreadable.iter().copied());
    quality.pages = last.max().unwrap_or(0);
    quality
}

/// The stable id of a chunk. Its position is not part of it: a paragraph that only moved is still the same chunk. Under
/// another title or heading it is another one, whose vector and words are others.
fn chunk_key(source: &str, language: &str, repeat: usize, context: &str, text: &str) -> String {
    let place = format!("{source}\0{language}\0{repeat}\0{context}\0");
    let hash = blake3::Hasher::new().update(place.as_bytes()).update(text.as_bytes()).finalize();
    hash.to_hex()[..32].to_owned()
}
