//! Why a document gives no text.

use std::{io, time::Duration};

/// Why no text could be taken from a document.
///
/// The messages name neither file nor path: the caller knows what it asked for and says so in front.
#[derive(Debug, thiserror::Error)]
pub enum ExtractError {
    /// The file name's extension belongs to no format that can be read.
    #[error("unsupported file type; supported are {supported}: convert the document to one of them", supported = super::Format::supported())]
    Unsupported,
    /// The file, or the text in it, is larger than allowed.
    #[error("too large: more than {limit} {unit}; split the document or raise the limit")]
    TooLarge {
        /// The bound that was passed.
        limit: u64,
        /// What the bound counts: `"bytes"`, or `"characters of text"`.
        unit: &'static str,
    },
    /// Parts within parts, more than are read.
    #[error("nested too deep: more than {limit} {what}; save the inner ones as files of their own")]
    TooDeep {
        /// How many are read.
        limit: usize,
        /// What is nested.
        what: &'static str,
    },
    /// Nothing there: 0 bytes, or nothing but white space.
    #[error("empty: there is no text in it")]
    Empty,
    /// A well-formed document without a text layer.
    #[error("no text found; if it is a scan or consists of images, run OCR on it (e.g. ocrmypdf) and try again")]
    NoText,
    /// It cannot be read without a password or key.
    #[error("encrypted: it needs a password; save a copy without protection and try again")]
    Encrypted,
    /// It is known what it is, but that cannot be read.
    #[error("it is {what}, which cannot be read; save it as {instead} and try again")]
    NotReadable {
        /// What it is.
        what: &'static str,
        /// The format that can be read instead.
        instead: &'static str,
    },
    /// It is not what its extension says, or broken beyond repair.
    #[error("damaged or not a {format} file: {detail}; open it in its own application and save it anew")]
    Damaged {
        /// The format that was expected, e.g. `"PDF"`.
        format: &'static str,
        /// What is wrong with it.
        detail: String,
    },
    /// A text format holds something that is not text.
    #[error("not text: the content is binary ({detail}); give the file the extension of its real format")]
    Binary {
        /// How it was noticed.
        detail: String,
    },
    /// Text, but in an encoding that cannot be told.
    #[error(
        "its encoding cannot be told: {percent} % of the characters cannot be read as {encoding}; convert it to UTF-8 \
         (e.g. with iconv) and try again"
    )]
    Encoding {
        /// Share of undecodable characters.
        percent: u8,
        /// The most likely encoding, as WHATWG names it.
        encoding: &'static str,
    },
    /// What came out is mostly replacement characters.
    #[error(
        "unreadable: {percent} % of its characters cannot be told, because its fonts or its encoding do not say which \
         they are; save it anew with embedded fonts, or run OCR on it (e.g. ocrmypdf --force-ocr) and try again"
    )]
    Unreadable {
        /// Share of U+FFFD among what is visible.
        percent: u8,
    },
    /// A small file that unpacks into something huge.
    #[error(
        "refused: it or a part of it unpacks to more than {limit} bytes, like a decompression bomb; split the document or save it anew"
    )]
    Bomb {
        /// The bound of unpacked bytes that was passed, of the whole or of one stream.
        limit: u64,
    },
    /// Reading took longer than allowed.
    #[error("gave up after {} s: the document is too complex; split it or raise the time limit", limit.as_secs_f32())]
    TimedOut {
        /// The time that was allowed.
        limit: Duration,
    },
    /// Earlier documents that timed out still keep their threads busy.
    #[error("busy: {stuck} documents that timed out are still being given up; try again later")]
    Busy {
        /// How many there are.
        stuck: usize,
    },
    /// The file system refused.
    #[error("cannot be read: {0}; check that it exists and that this process may read it")]
    Io(#[from] io::Error),
}
