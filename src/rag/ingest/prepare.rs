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
    ocr::{OcrCommand, OcrError},
    sources::{is_settled, version_of},
};
use crate::{
    domain::{ChunkSizes, DocumentMetadata, Metadata, Quality},
    providers::EmbedderId,
    rag::{
        chunk::{Chunker, Structure, table_count},
        context::{self, TextInContext},
        extract::{self, Attachment, ExtractError, Extracted, Format, Limits, Warning},
        language::LanguageDetector,
        structure::TextStructure,
    },
    store::{ChunkText, ChunkVector, DocumentState, DocumentText, FileVersion, NewChunk, NewDocument, Recipe, Store},
    util::time::UnixMillis,
};

/// Raised whenever extraction, cutting or naming changes, so that documents are read again.
pub const PIPELINE_VERSION: u32 = 6;

/// What reading a file came to.
pub(super) enum Prepared {
    /// The store has it in this state.
    Unchanged,
    /// The store has it in this state, but for the metadata of these: itself, or what is attached to it.
    Described(Vec<(String, DocumentMetadata)>),
    /// It must be written, and behind it what is attached to it.
    Changed(Vec<Pending>),
    /// It has pages whose text must be recognised first.
    Scanned,
}

/// A document whose new chunks have no vectors yet.
pub(super) struct Pending {
    pub(super) document: NewDocument,
    /// The chunks that must be embedded, by their positions; the store has the others.
    pub(super) to_embed: Vec<(usize, TextInContext)>,
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
    /// What became of the attempt to recognise the text of its pages.
    recognised: Option<Result<Vec<u8>, OcrError>>,
}

impl Content {
    /// The same after an attempt to recognise the text of its pages.
    pub(super) async fn recognised_by(self, ocr: &OcrCommand, limits: &Limits) -> Self {
        let recognised = ocr.recognise(&self.bytes, limits.max_file_bytes).await;
        Self { recognised: Some(recognised), ..self }
    }
}

/// Reads a file.
pub(super) fn read(file: &SourceFile, limits: &Limits) -> Result<Content, Failure> {
    let opened = file.open().map_err(|error| Failure::File(error.to_string()))?;
    let OneState { bytes, version, modified } = read_one_state(opened, limits)?;
    let (hash, version) = (blake3::hash(&bytes), version.filter(|&version| is_settled(version, UnixMillis::now())));
    Ok(Content { bytes, modified, hash, version, recognised: None })
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
    content: &Content,
    options: &IngestOptions,
    chunker: &Chunker,
    embedder: &EmbedderId,
    store: &dyn Store,
) -> Result<Prepared, Failure> {
    let format = Format::of_path(&file.path).ok_or_else(|| Failure::File("is of no supported format".into()))?;
    let version = options.version.clone().unwrap_or_else(|| content.hash.to_hex()[..8].to_owned());
    let fingerprint = fingerprint(&content.hash, format, &version, options);
    let making = Making { content, options, chunker, store, version, fingerprint, recipe: recipe(options.chunking) };
    let stored = making.stored(&file.source)?;
    let is_made = |stored: &&DocumentState| {
        stored.fingerprint == making.fingerprint
            && stored.recipe == Some(making.recipe)
            && stored.embedder.as_deref() == Some(embedder.as_str())
    };
    if let Some(stored) = stored.as_ref().filter(is_made) {
        let described = making.described(&file.source, stored)?;
        return Ok(if described.is_empty() { Prepared::Unchanged } else { Prepared::Described(described) });
    }
    let Some(mut extracted) = extracted(format, content, options)? else { return Ok(Prepared::Scanned) };
    let attachments = std::mem::take(&mut extracted.attachments);
    let size = content.bytes.len() as u64;
    let Some(of_file) = making.document(file.source.clone(), extracted, size, stored) else {
        return Err(Failure::File("contains no text".into()));
    };
    let mut pending = vec![of_file];
    for Attachment { name, bytes, document } in attachments {
        let source = format!("{}/{name}", file.source);
        let stored = making.stored(&source)?;
        pending.extend(making.document(source, document, bytes, stored).map(|mut attached| {
            attached.document.part_of = Some(file.source.clone());
            attached
        }));
    }
    Ok(Prepared::Changed(pending))
}

/// What the documents of one file are made by.
struct Making<'a> {
    content: &'a Content,
    options: &'a IngestOptions,
    chunker: &'a Chunker,
    store: &'a dyn Store,
    version: String,
    fingerprint: String,
    recipe: Recipe,
}

impl Making<'_> {
    fn stored(&self, source: &str) -> Result<Option<DocumentState>, Failure> {
        self.store.document_state(source).map_err(Failure::Store)
    }

    /// The metadata of a document that had this so far; what an earlier request gave stays until another one gives something.
    fn metadata(&self, source: &str, of_file: Metadata, given: Metadata) -> DocumentMetadata {
        let given = self.options.metadata.clone().unwrap_or(given);
        DocumentMetadata { rules: self.options.rules.of(source), given, file: of_file }
    }

    /// Which of the documents of a file that did not change have other metadata now.
    fn described(&self, source: &str, stored: &DocumentState) -> Result<Vec<(String, DocumentMetadata)>, Failure> {
        let mut documents = vec![(source.to_owned(), stored.metadata.clone())];
        for part in self.store.parts(source).map_err(Failure::Store)? {
            if let Some(state) = self.stored(&part)? {
                documents.push((part, state.metadata));
            }
        }
        let described = documents.into_iter().filter_map(|(source, before)| {
            let now = self.metadata(&source, before.file.clone(), before.given.clone());
            (now != before).then_some((source, now))
        });
        Ok(described.collect())
    }

    /// The document of this name; `None` when there is nothing to be cut in it.
    fn document(
        &self,
        source: String,
        extracted: Extracted,
        bytes: u64,
        stored: Option<DocumentState>,
    ) -> Option<Pending> {
        let languages = LanguageDetector::for_document(&extracted.text);
        let structure = TextStructure::new(&extracted.text, extracted.format.is_structured(), &extracted.pages);
        let (chunks, contexts) = cut(&source, &extracted, &structure, &languages, self.chunker);
        if chunks.is_empty() {
            return None;
        }
        let is_new = stored.is_none();
        let (known, before) = stored.map(|state| (state.chunk_keys, state.metadata)).unwrap_or_default();
        let known: HashSet<String> = known.into_iter().collect();
        let to_embed = to_embed(&chunks, contexts, &known);
        let quality = quality(&extracted, structure.characters());
        let (warnings, outline) = (quality.warnings.clone(), structure.outline);
        let Extracted { text, title, format, pages, metadata: of_file, .. } = extracted;
        let modified = self.content.modified.and_then(|time| Timestamp::try_from(time).ok());
        let document = NewDocument {
            metadata: self.metadata(&source, of_file, before.given),
            source,
            fingerprint: self.fingerprint.clone(),
            version: self.version.clone(),
            title,
            format: format.as_str().to_owned(),
            bytes,
            language: languages.of_document().to_owned(),
            modified: modified.map(|time| time.to_string()),
            text: DocumentText { text, outline, pages, quality },
            chunks,
            recipe: self.recipe,
            part_of: None,
        };
        Some(Pending { document, to_embed, warnings, is_new })
    }
}

/// How documents are read and cut, and what embeds them: what is stored of a file is a matter of this and of its content.
pub(super) fn shape(options: &IngestOptions, embedder: &str) -> String {
    let (size, overlap) = (options.chunking.size, options.chunking.overlap);
    let ocr = options.ocr.as_ref().map(|ocr| ocr.identity()).unwrap_or_default();
    format!("{PIPELINE_VERSION}\0{size}\0{overlap}\0{embedder}\0{ocr}")
}

/// The keys of a document's chunks, and those that they get when it has another name.
pub(super) fn renamed_keys(chunks: Vec<ChunkText>, to: &str) -> Vec<(String, String)> {
    let mut keys = ChunkKeys::of(to);
    let renamed = chunks.into_iter().map(|ChunkText { key, language, text, title, place }| {
        let context = place.map(|place| context::of_place(title.as_deref(), &place)).unwrap_or_default();
        (key, keys.next(&language, &context, &text))
    });
    renamed.collect()
}

/// The text of a file, recognised where that was tried; `None` when it is to be tried.
fn extracted(format: Format, content: &Content, options: &IngestOptions) -> Result<Option<Extracted>, Failure> {
    let original = || extract::extract_bytes(format, &content.bytes, &options.limits);
    match &content.recognised {
        None => match original() {
            Ok(extracted) if options.ocr.is_some() && extracted.has_pages_without_text() => Ok(None),
            Err(ExtractError::NoText) if options.ocr.is_some() && format == Format::Pdf => Ok(None),
            extracted => extracted.map(Some).map_err(failed),
        },
        Some(Ok(bytes)) => extract::extract_recognised(bytes, &options.limits).map(Some).map_err(failed),
        // What can be read without is better than nothing.
        Some(Err(error)) => match original() {
            Ok(mut extracted) => {
                extracted.warnings.push(Warning::OcrFailed { why: error.to_string() });
                Ok(Some(extracted))
            }
            Err(ExtractError::NoText) => Err(Failure::File(format!("has no text, and {error}"))),
            Err(other) => Err(failed(other)),
        },
    }
}

/// What is read, and by which version. How its chunks are made is the [recipe]'s.
fn fingerprint(content: &blake3::Hash, format: Format, version: &str, options: &IngestOptions) -> String {
    // Another program may read more of a scan.
    let ocr = options.ocr.as_ref().filter(|_| format == Format::Pdf).map(|ocr| format!("\0{}", ocr.identity()));
    let shape = format!("{PIPELINE_VERSION}\0{version}{}", ocr.unwrap_or_default());
    blake3::Hasher::new().update(content.as_bytes()).update(shape.as_bytes()).finalize().to_hex().to_string()
}

/// How chunks of these sizes are made now.
pub(in crate::rag) fn recipe(sizes: ChunkSizes) -> Recipe {
    Recipe { pipeline: PIPELINE_VERSION, sizes }
}

/// The chunks of a document, and the context of each.
pub(super) fn cut(
    source: &str,
    extracted: &Extracted,
    structure: &TextStructure<'_>,
    languages: &LanguageDetector,
    chunker: &Chunker,
) -> (Vec<NewChunk>, Vec<String>) {
    let form = if extracted.format.is_structured() { Structure::Markdown } else { Structure::Plain };
    let mut keys = ChunkKeys::of(source);
    chunker
        .split(&extracted.text, form)
        .into_iter()
        .map(|piece| {
            let text = piece.text(&extracted.text).into_owned();
            let language = languages.of_chunk(&text);
            let place = structure.place(&piece.range);
            let context = context::of_place(extracted.title.as_deref(), &place);
            let key = keys.next(language, &context, &text);
            (NewChunk { key, text, language: language.to_owned(), place, vector: ChunkVector::Stored }, context)
        })
        .unzip()
}

/// Those of the chunks whose keys are not known, by their positions, as they are embedded.
pub(super) fn to_embed(
    chunks: &[NewChunk],
    contexts: Vec<String>,
    known: &HashSet<String>,
) -> Vec<(usize, TextInContext)> {
    let unknown = chunks.iter().zip(contexts).enumerate().filter(|(_, (chunk, _))| !known.contains(&chunk.key));
    unknown.map(|(n, (chunk, context))| (n, TextInContext { context, text: chunk.text.clone() })).collect()
}

/// How well a document could be read.
fn quality(extracted: &Extracted, characters: u32) -> Quality {
    let Extracted { text, format, pages, warnings, pictures_without_text, .. } = extracted;
    let replaced = text.matches(char::REPLACEMENT_CHARACTER).count() as u64;
    let tables = if format.is_structured() { table_count(text) } else { 0 };
    let mut quality = Quality {
        characters: characters.into(),
        replaced,
        tables: u32::try_from(tables).unwrap_or(u32::MAX),
        warnings: warnings.iter().map(ToString::to_string).collect(),
        pictures_without_text: *pictures_without_text,
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

/// The keys of a document's chunks, given one after the other: equal chunks under one heading differ by how often they came
/// before.
struct ChunkKeys<'s> {
    source: &'s str,
    repeats: HashMap<(String, String), usize>,
}

impl<'s> ChunkKeys<'s> {
    fn of(source: &'s str) -> Self {
        Self { source, repeats: HashMap::new() }
    }

    /// The stable id of the next chunk. Its position is not part of it: a paragraph that only moved is still the same chunk.
    /// Under another title or heading it is another one, whose vector and words are others.
    fn next(&mut self, language: &str, context: &str, text: &str) -> String {
        let repeat = self.repeats.entry((context.to_owned(), text.to_owned())).or_default();
        let place = format!("{}\0{language}\0{repeat}\0{context}\0", self.source);
        *repeat += 1;
        let hash = blake3::Hasher::new().update(place.as_bytes()).update(text.as_bytes()).finalize();
        hash.to_hex()[..32].to_owned()
    }
}
