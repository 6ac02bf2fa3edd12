//! Documents → text: one file a format, one door ([`read_file`], [`extract_bytes`]) with the fences all of them need.
//!
//! Whatever the format, the text that comes out is NFC-normalised, its lines end in `\n`, and it holds no control or
//! invisible formatting characters (see `clean`). All but plain text and source code come out as simple Markdown: `#` headings, `-`
//! lists, `|` tables, a blank line between paragraphs, so that a chunker sees the structure ([`Format::is_structured`]). Sheets,
//! slides and chapters are under headings. What is attached to a mail is a document of its own, with its own pages.
//!
//! Input is hostile until proven otherwise. Sizes are checked before and while reading, unpacking is counted rather than
//! believed, parsers that can hang run against a deadline, a panic in a library becomes [`ExtractError::Damaged`].

mod blocks;
mod clean;
mod detect;
mod docx;
mod encoding;
mod epub;
mod error;
mod format;
mod formula;
mod front_matter;
mod html;
mod json;
mod mail;
mod markdown;
mod odf;
mod old;
mod package;
mod pages;
mod pdf;
mod pictures;
mod pptx;
mod properties;
mod replaced;
mod rtf;
mod sandbox;
mod sheets;
mod slides;
mod source;
mod text;
mod xml;

#[cfg(test)]
mod format_tests;
#[cfg(test)]
mod tests;

use std::{fmt, fs::File, io::Read, time::Duration};

use crate::domain::{Metadata, PageStart};
pub use error::ExtractError;
pub use format::Format;
use pages::Cleaned;
use pictures::Pictures;
use sandbox::Deadline;

/// Bounds of one document.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Largest file in bytes.
    pub max_file_bytes: u64,
    /// Longest text in characters (Unicode scalar values).
    pub max_text_chars: usize,
    /// Most bytes that the compressed parts of a document (PDF, office documents, books) may unpack to, all together.
    pub max_unpacked_bytes: u64,
    /// Longest time for one document.
    pub timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_file_bytes: 64 << 20,
            max_text_chars: 50_000_000,
            max_unpacked_bytes: 256 << 20,
            timeout: Duration::from_secs(30),
        }
    }
}

/// What was lost on the way; the text is usable all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// Bytes that are no valid text in the document's encoding became U+FFFD.
    Replaced {
        /// How many replacement characters came out.
        count: usize,
        /// The encoding that was assumed.
        encoding: &'static str,
    },
    /// Nothing in the document says which encoding it is in; it was detected.
    EncodingDetected {
        /// The encoding, as WHATWG names it.
        encoding: &'static str,
    },
    /// Characters that could not be read were left out.
    CharactersLeftOut {
        /// How many characters.
        count: usize,
    },
    /// Control characters were removed.
    ControlsRemoved {
        /// How many.
        count: usize,
    },
    /// Pages that hold images but no text.
    PagesWithoutText {
        /// Page numbers from 1.
        pages: Vec<u32>,
    },
    /// Pages whose content is broken; they are missing.
    PagesUnreadable {
        /// Page numbers from 1.
        pages: Vec<u32>,
    },
    /// Parts that the document's own program does not show.
    HiddenLeftOut {
        /// How many.
        count: usize,
        /// What they are: `"sheets"`, `"slides"`.
        what: &'static str,
    },
    /// Formulas whose results are not in the file.
    FormulasWithoutValue {
        /// How many.
        count: usize,
    },
    /// What is attached to a mail and could not be read; the rest of the mail is there.
    AttachmentUnread {
        /// The name of the attachment.
        name: String,
        /// Why.
        why: String,
    },
    /// The text of its pages could not be recognised.
    OcrFailed {
        /// Why.
        why: String,
    },
    /// The file is cut off; what came before is there.
    EndsInTheMiddle,
    /// Fonts that do not say which characters their glyphs are: parts of the text may be wrong.
    FontsUnmapped,
    /// Fields of metadata that are too long, too many or of no form that metadata has.
    MetadataLeftOut {
        /// How many.
        count: usize,
        /// The names of the first.
        names: Vec<String>,
    },
    /// Settings before the text that cannot be read.
    FrontMatterUnread {
        /// Why.
        why: String,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Replaced { count, encoding } => {
                write!(
                    f,
                    "{count} places are not valid {encoding} and were replaced by \u{FFFD}; convert the document to UTF-8"
                )
            }
            Self::EncodingDetected { encoding } => {
                write!(f, "not UTF-8: it was read as {encoding}; convert it to UTF-8 if letters are wrong")
            }
            Self::CharactersLeftOut { count } => write!(f, "{count} characters could not be read and were left out"),
            Self::ControlsRemoved { count } => write!(f, "{count} control characters were removed"),
            Self::PagesWithoutText { pages } => {
                write!(f, "{} without text (scanned or images only): run OCR to have them found", page_list(pages))
            }
            Self::PagesUnreadable { pages } => {
                let verb = if pages.len() == 1 { "is" } else { "are" };
                write!(f, "{} could not be read and {verb} missing", page_list(pages))
            }
            Self::HiddenLeftOut { count: 1, what } => {
                write!(f, "1 of its {what} is hidden and was left out; unhide it to have it found")
            }
            Self::HiddenLeftOut { count, what } => {
                write!(f, "{count} of its {what} are hidden and were left out; unhide them to have them found")
            }
            Self::FormulasWithoutValue { count } => write!(
                f,
                "{count} formulas have no stored result and were left out; open it in a spreadsheet program and save it"
            ),
            Self::AttachmentUnread { name, why } => write!(f, "the attachment {name} was left out: {why}"),
            Self::OcrFailed { why } => f.write_str(why),
            Self::EndsInTheMiddle => f.write_str("the file ends in the middle: what follows there is missing"),
            Self::FontsUnmapped => {
                f.write_str("some fonts do not say which characters they show: parts of the text may be wrong")
            }
            Self::MetadataLeftOut { count, names } => {
                let more = if *count > names.len() { ", …" } else { "" };
                write!(
                    f,
                    "some of its metadata has no form that can be kept and was left out: {}{more}",
                    names.join(", ")
                )
            }
            Self::FrontMatterUnread { why } => {
                write!(f, "its front matter could not be read to the end: {why}; fields of its metadata are missing")
            }
        }
    }
}

/// `page 3`, `pages 1, 2, 5 and 17 more`.
fn page_list(pages: &[u32]) -> String {
    const SHOWN: usize = 8;
    let numbers: Vec<_> = pages.iter().take(SHOWN).map(u32::to_string).collect();
    let noun = if pages.len() == 1 { "page" } else { "pages" };
    let rest = pages.len().saturating_sub(SHOWN);
    let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
    format!("{noun} {}{more}", numbers.join(", "))
}

/// A document's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extracted {
    /// The text; never blank.
    pub text: String,
    /// What it was read as.
    pub format: Format,
    /// The title the document gives itself, on one line; never blank.
    pub title: Option<String>,
    /// Where its pages begin in the text; empty when the format has none.
    pub pages: Vec<PageStart>,
    /// What was lost.
    pub warnings: Vec<Warning>,
    /// Pictures of which the document says nothing in words.
    pub pictures_without_text: u32,
    /// What it says of itself besides.
    pub metadata: Metadata,
    /// What is attached to it, when it is a mail. Attachments have no attachments: those of an attached mail stand beside it.
    pub attachments: Vec<Attachment>,
}

/// A document that is attached to a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Its name, unique among the attachments of the mail; what is attached to an attached mail has that mail's name and `/` before
    /// its own.
    pub name: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// What was read of it.
    pub document: Extracted,
}

impl Extracted {
    /// Whether it is a PDF, some of whose pages are images.
    pub fn has_pages_without_text(&self) -> bool {
        let lacks = |warning: &Warning| matches!(warning, Warning::PagesWithoutText { .. });
        self.format == Format::Pdf && self.warnings.iter().any(lacks)
    }
}

/// What a format's parser hands back, before the checks common to all.
#[derive(Debug, Default)]
struct Raw {
    text: String,
    title: Option<String>,
    /// Pages and the bytes of the text at which they begin, in the order of the text.
    pages: Vec<(u32, usize)>,
    warnings: Vec<Warning>,
    pictures: Pictures,
    metadata: Metadata,
    attachments: Vec<RawAttachment>,
}

/// What the reader of a mail hands back of something that is attached to it.
#[derive(Debug)]
struct RawAttachment {
    name: String,
    bytes: u64,
    format: Format,
    raw: Raw,
}

/// Reads an open file's bytes, and not more than `limits.max_file_bytes` of them, whatever its size says.
///
/// Opening it is the caller's affair: a name alone does not tell whether opening blocks, or where a link leads.
///
/// Blocks: call it where that is allowed.
///
/// # Errors
/// [`ExtractError::TooLarge`] before anything is read; [`ExtractError::Io`], also for what is no regular file.
pub fn read_file(file: File, limits: &Limits) -> Result<Vec<u8>, ExtractError> {
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        // A pipe or a device could be read for ever.
        return Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, "it is not a regular file").into());
    }
    if metadata.len() > limits.max_file_bytes {
        return Err(too_large(limits));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0));
    // The file may grow while it is read.
    file.take(limits.max_file_bytes.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limits.max_file_bytes {
        return Err(too_large(limits));
    }
    Ok(bytes)
}

/// Reads the text of a document that is already in memory. Its name says it is of this format; what it really is, is in the
/// result.
///
/// Blocks, at most for about `limits.timeout`.
///
/// # Errors
/// [`ExtractError`], in words for the person who gave the document.
pub fn extract_bytes(format: Format, bytes: &[u8], limits: &Limits) -> Result<Extracted, ExtractError> {
    if bytes.len() as u64 > limits.max_file_bytes {
        return Err(too_large(limits));
    }
    if bytes.is_empty() {
        return Err(ExtractError::Empty);
    }
    let deadline = Deadline::after(limits.timeout);
    let format = sandbox::catch(format.as_str(), || detect::detect(format, bytes))?;
    let raw = (format.reader().read)(bytes, limits, deadline)?;
    finish(format, raw, limits)
}

/// Reads what a program recognised in a scan: a PDF, or a text whose pages end with form feeds.
///
/// # Errors
/// As [`extract_bytes`].
pub fn extract_recognised(bytes: &[u8], limits: &Limits) -> Result<Extracted, ExtractError> {
    if bytes.starts_with(b"%PDF-") {
        return extract_bytes(Format::Pdf, bytes, limits);
    }
    let text = String::from_utf8_lossy(bytes);
    let (mut raw, mut end) = (Raw::default(), 0);
    for (page, part) in (1..).zip(text.split_inclusive('\u{c}')) {
        raw.pages.push((page, end));
        end += part.len();
    }
    if !text.contains('\u{c}') {
        // Without a form feed, nothing tells the pages.
        raw.pages.clear();
    }
    raw.text = text.into_owned();
    finish(Format::Pdf, raw, limits)
}

/// The steps common to all formats: cleaning, the bound of the text, no blank results.
fn finish(format: Format, raw: Raw, limits: &Limits) -> Result<Extracted, ExtractError> {
    let Raw { text, title, pages, mut warnings, pictures, metadata, attachments: raw_attachments } = raw;
    let Cleaned { text, pages, controls, .. } = Cleaned::of(&text, &pages, &mut warnings)?;
    if text.trim().is_empty() {
        return Err(if format.reader().is_text { ExtractError::Empty } else { ExtractError::NoText });
    }
    // Bytes bound characters from above: most texts need no counting.
    if text.len() > limits.max_text_chars && text.chars().count() > limits.max_text_chars {
        return Err(ExtractError::TooLarge { limit: limits.max_text_chars as u64, unit: "characters of text" });
    }
    if controls > 0 {
        warnings.push(Warning::ControlsRemoved { count: controls });
    }
    let mut attachments = Vec::with_capacity(raw_attachments.len());
    for RawAttachment { name, bytes, format, raw } in raw_attachments {
        match finish(format, raw, limits) {
            Ok(document) => attachments.push(Attachment { name, bytes, document }),
            Err(error) => warnings.push(Warning::AttachmentUnread { name, why: error.to_string() }),
        }
    }
    let title = title.and_then(|title| clean::one_line(&title));
    let pictures_without_text = pictures.without_text;
    Ok(Extracted { text, format, title, pages, warnings, pictures_without_text, metadata, attachments })
}

fn too_large(limits: &Limits) -> ExtractError {
    ExtractError::TooLarge { limit: limits.max_file_bytes, unit: "bytes" }
}
