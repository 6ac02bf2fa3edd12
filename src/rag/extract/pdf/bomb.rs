//! Finds decompression bombs in PDFs before a library unpacks them without asking.
//!
//! Flate packs up to 1 : 1000 per layer, and a stream may have several layers. Everything that text extraction would unpack is
//! unpacked here first, one stream at a time, each bounded, all added up. Images are left out, as text extraction does not
//! decode them, unless something uses them as if they were text.

use std::{
    collections::HashSet,
    io::{self, Read},
};

use flate2::bufread::ZlibDecoder;
use lopdf::{Document, LoadOptions, Object, ObjectId, Stream};

use crate::rag::extract::{ExtractError, Limits, sandbox::Deadline};

/// Most bytes of one stream. Larger ones are images, or an attack: a page's drawing commands are a few hundred KiB, the
/// largest fonts some 20 MiB.
pub(super) const MAX_STREAM_BYTES: usize = 32 << 20;

/// Layers of compression that are followed in a file whose structure cannot be read.
const MAX_LAYERS: usize = 8;

/// Keys whose streams are read as text or fonts, whatever those streams say they are.
const TEXT_KEYS: &[&[u8]] = &[
    b"Contents",
    b"ToUnicode",
    b"FontFile",
    b"FontFile2",
    b"FontFile3",
    b"Encoding",
    b"CIDToGIDMap",
    b"UseCMap",
    b"CharProcs",
];

/// Refuses a PDF that unpacks to more than `limits.max_unpacked_bytes`, or has one absurdly large stream. Hands back the
/// document, if it can be loaded.
pub(super) fn check_pdf(bytes: &[u8], limits: &Limits, deadline: Deadline) -> Result<Option<Document>, ExtractError> {
    let mut budget = Budget { left: limits.max_unpacked_bytes, limits };
    let document = load(bytes);
    match &document {
        Some(document) => check_document(document, &mut budget, deadline)?,
        // The extractor repairs some files that this loader refuses: those are searched without their structure.
        None => check_unstructured(bytes, &mut budget, deadline)?,
    }
    Ok(document)
}

struct Budget<'a> {
    left: u64,
    limits: &'a Limits,
}

impl Budget<'_> {
    /// The error for a stream that is larger than what was left, or than any stream may be.
    fn bomb(&self) -> ExtractError {
        let largest = MAX_STREAM_BYTES as u64;
        ExtractError::Bomb { limit: if self.left < largest { self.limits.max_unpacked_bytes } else { largest } }
    }

    fn stream_limit(&self) -> usize {
        usize::try_from(self.left).unwrap_or(usize::MAX).min(MAX_STREAM_BYTES)
    }

    fn spend(&mut self, bytes: usize) -> Result<(), ExtractError> {
        self.left = self.left.checked_sub(bytes as u64).ok_or_else(|| self.bomb())?;
        Ok(())
    }
}

/// Loads a PDF that needs no password, its streams bounded; `None` when it cannot be loaded.
pub(super) fn load(bytes: &[u8]) -> Option<Document> {
    let options = |password: Option<&str>| LoadOptions {
        password: password.map(str::to_owned),
        max_decompressed_size: Some(MAX_STREAM_BYTES),
        ..LoadOptions::default()
    };
    match Document::load_mem_with_options(bytes, options(None)) {
        Ok(document) if !document.is_encrypted() => Some(document),
        _ => Document::load_mem_with_options(bytes, options(Some(""))).ok(),
    }
}

fn check_document(document: &Document, budget: &mut Budget<'_>, deadline: Deadline) -> Result<(), ExtractError> {
    let used_as_text = used_as_text(document);
    for (id, object) in &document.objects {
        deadline.check()?;
        let Object::Stream(stream) = object else {
            continue;
        };
        if is_image(stream) && !used_as_text.contains(id) {
            continue;
        }
        match stream.decompressed_content_with_limit(budget.stream_limit()) {
            Ok(content) => budget.spend(content.len())?,
            Err(lopdf::Error::Decompress(lopdf::DecompressError::MemoryLimitExceeded { .. })) => {
                return Err(budget.bomb());
            }
            // Not compressed, or in a way that the extractor cannot undo either.
            Err(_) => {}
        }
    }
    Ok(())
}

fn is_image(stream: &Stream) -> bool {
    stream.dict.get(b"Subtype").and_then(Object::as_name).is_ok_and(|name| name == b"Image")
}

/// The streams that something reads as text or fonts.
fn used_as_text(document: &Document) -> HashSet<ObjectId> {
    let mut ids: HashSet<ObjectId> = document.page_iter().flat_map(|page| document.get_page_contents(page)).collect();
    let mut open: Vec<(&[u8], &Object)> = document.objects.values().map(|object| (b"".as_slice(), object)).collect();
    while let Some((key, object)) = open.pop() {
        match object {
            Object::Reference(id) if TEXT_KEYS.contains(&key) => {
                ids.insert(*id);
            }
            Object::Array(items) => open.extend(items.iter().map(|item| (key, item))),
            Object::Dictionary(dict) => open.extend(dict.iter().map(|(key, value)| (key.as_slice(), value))),
            Object::Stream(stream) => open.extend(stream.dict.iter().map(|(key, value)| (key.as_slice(), value))),
            _ => {}
        }
    }
    ids
}

/// Unpacks whatever follows a `stream` keyword.
fn check_unstructured(bytes: &[u8], budget: &mut Budget<'_>, deadline: Deadline) -> Result<(), ExtractError> {
    const KEYWORD: &[u8] = b"stream";
    let mut at = 0;
    while let Some(found) = find(&bytes[at..], KEYWORD) {
        deadline.check()?;
        let start = at + found + KEYWORD.len();
        let data = bytes[start..].trim_ascii_start();
        let mut layer = inflate(data, budget)?;
        for _ in 1..MAX_LAYERS {
            if layer.is_empty() {
                break;
            }
            layer = inflate(&layer, budget)?;
        }
        at = start;
    }
    Ok(())
}

fn inflate(data: &[u8], budget: &mut Budget<'_>) -> Result<Vec<u8>, ExtractError> {
    // The first byte of a zlib stream as every PDF writer makes it: deflate with a window of up to 32 KiB.
    if data.first().is_none_or(|byte| byte & 0x0F != 8) {
        return Ok(Vec::new());
    }
    let limit = budget.stream_limit();
    let mut out = Vec::new();
    // Damaged data gives what came before the damage.
    let _: io::Result<usize> = ZlibDecoder::new(data).take(limit as u64 + 1).read_to_end(&mut out);
    if out.len() > limit {
        return Err(budget.bomb());
    }
    budget.spend(out.len())?;
    Ok(out)
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}
