//! Which format a file really is in. Names lie: mails call a `.docx` "document.bin", programs write web pages and plain tables
//! as `.xls`, people rename.
//!
//! Content decides where it is unmistakable, else the name does. What is recognised but cannot be read is said by its name.

use std::io::{Cursor, Read};

use zip::ZipArchive;

use super::{ExtractError, Format, old};

/// First bytes of the container of old office documents and of encrypted newer ones.
const COMPOUND_FILE: &[u8] = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1";

/// How far text is searched for what tells its format.
const HEAD_BYTES: usize = 4096;

/// Headers that mail programs write and people do not.
const MAIL_HEADERS: &[&str] = &["message-id:", "mime-version:", "return-path:"];

/// Headers of which every mail has one.
const COMMON_HEADERS: &[&str] = &["from:", "date:", "subject:"];

/// The format of a file whose name says `named`.
pub(super) fn detect(named: Format, bytes: &[u8]) -> Result<Format, ExtractError> {
    if let Some(format) = by_magic(bytes)? {
        return Ok(format);
    }
    if bytes.starts_with(COMPOUND_FILE) {
        let detail = "it is an old or encrypted office document that is broken".to_owned();
        let format = if named == Format::Old { old::NAMES } else { named.as_str() };
        return Err(ExtractError::Damaged { format, detail });
    }
    if matches!(named, Format::Html | Format::Code | Format::Eml | Format::Json) {
        return Ok(named);
    }
    let head = Head::of(bytes);
    if head.is_page() {
        return Ok(Format::Html);
    }
    if head.is_mail() {
        return Ok(Format::Eml);
    }
    if head.text.contains("http://schemas.microsoft.com/office/word/2003/wordml")
        || head.text.contains("progid=\"word.document\"")
    {
        return Err(ExtractError::NotReadable { what: "a document of Word in one file of XML", instead: ".docx" });
    }
    if matches!(named, Format::Xls | Format::Xlsx | Format::Xlsb | Format::Old) {
        if head.text.contains("urn:schemas-microsoft-com:office:spreadsheet") {
            let what = "a workbook of Excel 2003 in XML";
            return Err(ExtractError::NotReadable { what, instead: ".xlsx" });
        }
        if named != Format::Old && head.is_table() {
            return Ok(Format::Csv);
        }
    }
    Ok(named)
}

/// The format by the first bytes and the parts of the container; `None` when they do not tell.
pub(super) fn by_magic(bytes: &[u8]) -> Result<Option<Format>, ExtractError> {
    if bytes.starts_with(b"%PDF-") {
        return Ok(Some(Format::Pdf));
    }
    if bytes.starts_with(b"{\\rtf") {
        return Ok(Some(Format::Rtf));
    }
    if bytes.starts_with(b"PK\x03\x04") {
        return Ok(of_archive(bytes));
    }
    if bytes.starts_with(COMPOUND_FILE) {
        return of_compound_file(bytes);
    }
    Ok(None)
}

fn of_archive(bytes: &[u8]) -> Option<Format> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).ok()?;
    let mut kind = String::new();
    if let Ok(part) = archive.by_name("mimetype") {
        // A few bytes, unless it is something else.
        part.take(128).read_to_string(&mut kind).ok();
    }
    let kind = kind.trim();
    let of_kind = [
        ("application/epub+zip", Format::Epub),
        ("application/vnd.oasis.opendocument.text", Format::Odt),
        ("application/vnd.oasis.opendocument.spreadsheet", Format::Ods),
        ("application/vnd.oasis.opendocument.presentation", Format::Odp),
    ];
    if let Some((_, format)) = of_kind.iter().find(|(name, _)| kind.starts_with(name)) {
        return Some(*format);
    }
    let of_parts = [
        ("word/document.xml", Format::Docx),
        ("xl/workbook.xml", Format::Xlsx),
        ("xl/workbook.bin", Format::Xlsb),
        ("ppt/presentation.xml", Format::Pptx),
        ("meta-inf/container.xml", Format::Epub),
    ];
    let names: Vec<String> =
        archive.file_names().filter_map(Result::ok).map(|name| name.replace('\\', "/").to_lowercase()).collect();
    of_parts.iter().find(|(part, _)| names.iter().any(|name| name == part)).map(|(_, format)| *format)
}

fn of_compound_file(bytes: &[u8]) -> Result<Option<Format>, ExtractError> {
    let unreadable = |what, instead| Err(ExtractError::NotReadable { what, instead });
    let Ok(file) = cfb::CompoundFile::open(Cursor::new(bytes)) else {
        return Ok(None);
    };
    if file.is_stream("/EncryptedPackage") {
        return Err(ExtractError::Encrypted);
    }
    if file.is_stream("/Workbook") || file.is_stream("/Book") {
        return Ok(Some(Format::Xls));
    }
    if file.is_stream("/WordDocument") {
        return unreadable("a document of Word 97 to 2003 (.doc)", ".docx");
    }
    if file.is_stream("/PowerPoint Document") {
        return unreadable("a presentation of PowerPoint 97 to 2003 (.ppt)", ".pptx");
    }
    if file.is_stream("/__properties_version1.0") {
        return unreadable("a mail of Outlook (.msg)", ".eml");
    }
    Ok(None)
}

/// The beginning of a text.
struct Head {
    text: String,
}

impl Head {
    fn of(bytes: &[u8]) -> Self {
        let head = &bytes[..bytes.len().min(HEAD_BYTES)];
        Self { text: String::from_utf8_lossy(head).trim_start_matches('\u{FEFF}').trim_start().to_ascii_lowercase() }
    }

    /// A web page: what stands before its root are declarations and comments.
    fn is_page(&self) -> bool {
        let mut rest = self.text.as_str();
        loop {
            rest = rest.trim_start();
            let end = match rest {
                _ if rest.starts_with("<!doctype html") || rest.starts_with("<html") => return true,
                _ if rest.starts_with("<?xml") => rest.find("?>").map(|at| at + 2),
                _ if rest.starts_with("<!--") => rest.find("-->").map(|at| at + 3),
                _ => None,
            };
            match end {
                Some(end) => rest = &rest[end..],
                None => return false,
            }
        }
    }

    /// A mail: its first lines are headers, and one of them is such as only programs write.
    fn is_mail(&self) -> bool {
        let headers: Vec<&str> = self.text.lines().take_while(|line| !line.trim().is_empty()).collect();
        let is_header = |line: &&str| {
            let name = line.split(':').next().unwrap_or_default();
            line.starts_with([' ', '\t'])
                || line.contains(':') && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        };
        // The last line of the head may be cut off.
        let checked = &headers[..headers.len().saturating_sub(1).max(1).min(headers.len())];
        let has_one = |names: &[&str]| headers.iter().any(|line| names.iter().any(|name| line.starts_with(name)));
        headers.len() > 1 && checked.iter().all(is_header) && has_one(MAIL_HEADERS) && has_one(COMMON_HEADERS)
    }

    /// Columns of text in any encoding: no text has other control characters, and no binary file is without.
    fn is_table(&self) -> bool {
        let first = self.text.lines().next().unwrap_or_default();
        !self.text.contains(|c: char| c.is_ascii_control() && !matches!(c, '\n' | '\r' | '\t'))
            && first.contains(['\t', ';', ','])
    }
}
