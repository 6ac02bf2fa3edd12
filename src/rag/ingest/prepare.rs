//! One file on its way into the store: read, hash, cut, name. Blocking; knows nothing of tasks.

use std::{
    collections::{HashMap, HashSet},
    fs::File,
    io::Seek,
    time::SystemTime,
};

use jiff::Timestamp;

use super::{
    Failure, IngestOptions, SourceFile,
    sources::{is_settled, version_of},
};
use crate::{
    domain::Quality,
    providers::EmbedderId,
    rag::{
        chunk::{Chunker, Structure, table_count},
        extract::{self, ExtractError, Extracted, Format, Limits, Warning},
        language::LanguageDetector,
        structure::TextStructure,
    },
    store::{ChunkText, ChunkVector, DocumentState, DocumentText, FileVersion, NewChunk, NewDocument, Store},
    util::time::UnixMillis,
};

/// Raised whenever extraction, cutting or naming changes, so that documents are read again.
pub const PIPELINE_VERSION: u32 = 3;

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
    /// Positions of the chunks that must be embedded; the store has the others.
    pub(super) to_embed: Vec<usize>,
    pub(super) warnings: Vec<String>,
    /// The store has no document of this name.
    pub(super) is_new: bool,
}

/// What is in a file.
pub(super) struct Content {
    bytes: Vec<u8>,
    /// When it changed last, as far as the file system knows.
    modified: Option<SystemTime>,
    /// Hash of the bytes.
    pub(super) hash: blake3::Hash,
    /// The state that was read; `None` when another one could look the same.
    pub(super) version: Option<FileVersion>,
}

/// Reads a file.
pub(super) fn read(file: &SourceFile, limits: &Limits) -> Result<Content, Failure> {
    let opened = file.open().map_err(|error| Failure::File(error.to_string()))?;
    let OneState { bytes, version, modified } = read_one_state(opened, limits)?;
    let hash = blake3::hash(&bytes);
    Ok(Content { bytes, modified, hash, version: version.filter(|&version| is_settled(version, UnixMillis::now())) })
}

/// A file in one of its states.
struct OneState {
    bytes: Vec<u8>,
    version: Option<FileVersion>,
    modified: Option<SystemTime>,
}

/// Reads a file whole in one of its states: one that changes meanwhile is read again.
fn read_one_state(mut file: File, limits: &Limits) -> Result<OneState, Failure> {
    const ATTEMPTS: usize = 4;
    let state = |file: &File| file.metadata().ok().map(|metadata| (version_of(&metadata), metadata.modified().ok()));
    for _ in 0..ATTEMPTS {
        let before = state(&file);
        file.rewind().map_err(|error| Failure::File(error.to_string()))?;
        let again = file.try_clone().map_err(|error| Failure::File(error.to_string()))?;
        let bytes = extract::read_file(again, limits).map_err(failed)?;
        let after = state(&file);
        match before {
            Some((version, modified)) if before == after && version.size == bytes.len() as u64 => {
                return Ok(OneState { bytes, version: Some(version), modified });
            }
            // A file system that does not tell.
            None => return Ok(OneState { bytes, version: None, modified: None }),
            Some(_) => {}
        }
    }
    Err(Failure::Changing)
}

fn failed(error: ExtractError) -> Failure {
    Failure::File(error.to_string())
}

/// Takes the text out of a file and cuts it, unless the store has it already.
pub(super) fn prepare(
    file: &SourceFile,
    Content { bytes, modified, hash: content, .. }: &Content,
    options: &IngestOptions,
    chunker: &Chunker,
    embedder: &EmbedderId,
    store: &dyn Store,
) -> Result<Prepared, Failure> {
    let format = Format::of_path(&file.path).ok_or_else(|| Failure::File("is of no supported format".into()))?;
    let version = options.version.clone().unwrap_or_else(|| content.to_hex()[..8].to_owned());
    let fingerprint = fingerprint(content, &version, options, embedder);
    let stored = store.document_state(&file.source).map_err(Failure::Store)?;
    if stored.as_ref().is_some_and(|stored| stored.fingerprint == fingerprint) {
        return Ok(Prepared::Unchanged);
    }

    let extracted = extract::extract_bytes(format, bytes, &options.limits).map_err(failed)?;
    let languages = LanguageDetector::for_document(&extracted.text);
    let structure = TextStructure::new(&extracted.text, extracted.format.is_structured(), &extracted.pages);
    let chunks = cut(&file.source, &extracted, &structure, &languages, chunker);
    if chunks.is_empty() {
        return Err(Failure::File("contains no text".into()));
    }
    let is_new = stored.is_none();
    let known: HashSet<String> = stored.into_iter().flat_map(|DocumentState { chunk_keys, .. }| chunk_keys).collect();
    let to_embed = (0..chunks.len()).filter(|&n| !known.contains(&chunks[n].key)).collect();
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
    Ok(Prepared::Changed(Box::new(Pending { document, to_embed, warnings, is_new })))
}

/// How documents are read and cut, and what embeds them: what is stored of a file is a matter of this and of its content.
pub(super) fn shape(options: &IngestOptions, embedder: &str) -> String {
    let (size, overlap) = (options.chunking.size, options.chunking.overlap);
    format!("{PIPELINE_VERSION}\0{size}\0{overlap}\0{embedder}")
}

/// The keys of a document's chunks, and those that they get when it has another name.
pub(super) fn renamed_keys(chunks: Vec<ChunkText>, to: &str) -> Vec<(String, String)> {
    let mut repeats: HashMap<String, usize> = HashMap::new();
    let renamed = chunks.into_iter().map(|ChunkText { key, language, text }| {
        let repeat = repeats.entry(text.clone()).or_default();
        let new = chunk_key(to, &language, *repeat, &text);
        *repeat += 1;
        (key, new)
    });
    renamed.collect()
}

/// Everything that decides what is stored for a file.
fn fingerprint(content: &blake3::Hash, version: &str, options: &IngestOptions, embedder: &EmbedderId) -> String {
    let shape = format!("{}\0{version}", shape(options, embedder.as_str()));
    blake3::Hasher::new().update(content.as_bytes()).update(shape.as_bytes()).finalize().to_hex().to_string()
}

fn cut(
    source: &str,
    extracted: &Extracted,
    structure: &TextStructure<'_>,
    languages: &LanguageDetector,
    chunker: &Chunker,
) -> Vec<NewChunk> {
    let form = if extracted.format.is_structured() { Structure::Markdown } else { Structure::Plain };
    let mut repeats: HashMap<String, usize> = HashMap::new();
    chunker
        .split(&extracted.text, form)
        .into_iter()
        .map(|piece| {
            let text = piece.text(&extracted.text).into_owned();
            let language = languages.of_chunk(&text);
            let repeat = repeats.entry(text.clone()).or_default();
            let key = chunk_key(source, language, *repeat, &text);
            *repeat += 1;
            let (language, place) = (language.to_owned(), structure.place(&piece.range));
            NewChunk { key, text, language, place, vector: ChunkVector::Stored }
        })
        .collect()
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

/// The stable id of a chunk. Its position is not part of it: a paragraph that only moved is still the same chunk.
fn chunk_key(source: &str, language: &str, repeat: usize, text: &str) -> String {
    let place = format!("{source}\0{language}\0{repeat}\0");
    let hash = blake3::Hasher::new().update(place.as_bytes()).update(text.as_bytes()).finalize();
    hash.to_hex()[..32].to_owned()
}
