//! DOCX → Markdown: a ZIP archive of XML parts, of which the body, the notes, the styles and the numbering are read.
//!
//! Unpacked bytes are counted while reading, whatever the archive's directory claims. A part with a document type declaration
//! is refused: Word never writes one, entity bombs and external entities need one. Nothing is written, so names in the archive
//! cannot lead anywhere.

mod body;
mod math;
mod numbering;
mod numerals;
mod parts;
mod styles;
#[cfg(test)]
mod tests;

use std::io::{Cursor, Read};

use encoding_rs::UTF_8;
use zip::{ZipArchive, result::ZipError};

use super::{
    ExtractError, Limits, Raw, Warning,
    blocks::Blocks,
    format::FormatReader,
    sandbox::{self, Deadline},
};
use body::Body;

const FORMAT: &str = "DOCX";

/// First bytes of the older container, which holds old `.doc` files and encrypted `.docx` files alike.
const COMPOUND_FILE: &[u8] = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1";

/// How it is read.
pub(super) const READER: FormatReader = FormatReader {
    name: "docx",
    extensions: &["docx"],
    structured: true,
    is_text: false,
    read: |bytes, limits, deadline| sandbox::catch("DOCX", || extract(bytes, limits, deadline)),
};

/// The text of a Word document.
fn extract(bytes: &[u8], limits: &Limits, deadline: Deadline) -> Result<Raw, ExtractError> {
    if bytes.starts_with(COMPOUND_FILE) {
        return Err(compound_file(bytes));
    }
    let mut package = Package::open(bytes, limits)?;
    let main = match package.part("_rels/.rels")? {
        Some(relations) => parts::main_part(&relations)?,
        None => None,
    }
    .unwrap_or_else(|| "word/document.xml".to_owned());
    let Some(document) = package.part(&main)? else {
        return Err(damaged(format!("the archive has no part {main}")));
    };
    let folder = main.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
    let (styles, style_lists) =
        package.part(&format!("{folder}styles.xml"))?.map(|xml| parts::styles(&xml)).transpose()?.unwrap_or_default();
    let mut numbering = package
        .part(&format!("{folder}numbering.xml"))?
        .map(|xml| parts::numbering(&xml))
        .transpose()?
        .unwrap_or_default();
    numbering.style_lists = style_lists;
    numbering.language.clone_from(&styles.language);
    let mut body = Body::new(Blocks::new(limits), styles, numbering);
    body.read(&document, deadline)?;
    for notes in ["footnotes.xml", "endnotes.xml"] {
        if let Some(xml) = package.part(&format!("{folder}{notes}"))? {
            body.read(&xml, deadline)?;
        }
    }
    let title = package.part("docProps/core.xml")?.map(|xml| parts::title(&xml)).transpose()?.flatten();
    let (text, heading) = body.finish();
    Ok(Raw { text, title: title.or(heading), warnings: package.warnings, ..Raw::default() })
}

/// The archive, and how much may still be unpacked.
struct Package<'a> {
    archive: ZipArchive<Cursor<&'a [u8]>>,
    left: u64,
    limit: u64,
    warnings: Vec<Warning>,
}

impl<'a> Package<'a> {
    fn open(bytes: &'a [u8], limits: &Limits) -> Result<Self, ExtractError> {
        let archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| damaged(error.to_string()))?;
        Ok(Self { archive, left: limits.max_unpacked_bytes, limit: limits.max_unpacked_bytes, warnings: Vec::new() })
    }

    /// The text of a part, if there is such a part.
    fn part(&mut self, name: &str) -> Result<Option<String>, ExtractError> {
        let file = match self.archive.by_name(name) {
            Ok(file) => file,
            Err(ZipError::FileNotFound) => return Ok(None),
            Err(ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED)) => {
                return Err(ExtractError::Encrypted);
            }
            Err(error) => return Err(damaged(format!("{name}: {error}"))),
        };
        let mut bytes = Vec::new();
        file.take(self.left.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|error| damaged(format!("{name}: {error}")))?;
        self.left = self.left.checked_sub(bytes.len() as u64).ok_or(ExtractError::Bomb { limit: self.limit })?;
        // XML without a mark is UTF-8; other encodings must be declared, and Word does not use them.
        let (text, encoding, invalid) = UTF_8.decode(&bytes);
        if invalid {
            let count = text.matches(char::REPLACEMENT_CHARACTER).count();
            self.warnings.push(Warning::Replaced { count, encoding: encoding.name() });
        }
        Ok(Some(text.into_owned()))
    }
}

/// An old `.doc` or an encrypted `.docx`: the latter has a stream of a fixed name, in UTF-16.
fn compound_file(bytes: &[u8]) -> ExtractError {
    let name: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    if bytes.windows(name.len()).any(|window| window == name) {
        ExtractError::Encrypted
    } else {
        damaged("it is an old .doc file; save it as .docx".to_owned())
    }
}

fn damaged(detail: String) -> ExtractError {
    ExtractError::Damaged { format: FORMAT, detail }
}
