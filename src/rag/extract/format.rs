//! The formats that can be read. A new one is a file with its [`FormatReader`], and a line in the table below.

use std::{fmt, path::Path};

use super::{
    ExtractError, Limits, Raw, docx, epub, html, json, mail, markdown, odf, old, pdf, pptx, rtf, sandbox::Deadline,
    sheets, source, text,
};

/// How a format is read.
pub(super) struct FormatReader {
    /// Its name in APIs and stored records.
    pub(super) name: &'static str,
    /// Extensions of its files, lower case, without the dot; the first is the usual one.
    pub(super) extensions: &'static [&'static str],
    /// Whether its text comes out as Markdown rather than as plain paragraphs.
    pub(super) structured: bool,
    /// Whether a file without letters is empty rather than one whose text cannot be got at.
    pub(super) is_text: bool,
    /// Reads it.
    pub(super) read: fn(&[u8], &Limits, Deadline) -> Result<Raw, ExtractError>,
}

macro_rules! formats {
    ($($(#[$doc:meta])* $format:ident = $reader:path;)*) => {
        /// The formats that can be read.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Format {
            $($(#[$doc])* $format,)*
        }

        impl Format {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$format),*];

            /// How it is read.
            pub(super) const fn reader(self) -> &'static FormatReader {
                match self {
                    $(Self::$format => &$reader,)*
                }
            }
        }
    };
}

formats! {
    /// Plain text in any encoding that can be told.
    Text = text::READER;
    /// Markdown.
    Markdown = markdown::READER;
    /// HTML.
    Html = html::READER;
    /// PDF with a text layer.
    Pdf = pdf::READER;
    /// Office Open XML (Word).
    Docx = docx::READER;
    /// Office Open XML (Excel).
    Xlsx = sheets::xlsx::READER;
    /// Excel 97 to 2003.
    Xls = sheets::xls::READER;
    /// The binary form of Excel's newer files.
    Xlsb = sheets::xlsb::READER;
    /// Office Open XML (PowerPoint).
    Pptx = pptx::READER;
    /// OpenDocument (texts).
    Odt = odf::TEXT;
    /// OpenDocument (spreadsheets).
    Ods = odf::SHEET;
    /// OpenDocument (presentations).
    Odp = odf::SLIDES;
    /// Values separated by commas, semicolons or tabs.
    Csv = sheets::csv::READER;
    /// Mails.
    Eml = mail::READER;
    /// Books.
    Epub = epub::READER;
    /// Rich text format.
    Rtf = rtf::READER;
    /// JSON, also one value a line.
    Json = json::READER;
    /// reStructuredText.
    Rst = source::rst::READER;
    /// AsciiDoc.
    Adoc = source::adoc::READER;
    /// TeX and LaTeX.
    Tex = source::tex::READER;
    /// Source code.
    Code = source::code::READER;
    /// Formats of old, which are recognised but not read.
    Old = old::READER;
}

impl Format {
    /// The format by the file name's extension, upper or lower case; `None` when it is unknown or missing.
    pub fn of_path(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        Self::ALL.iter().copied().find(|format| format.reader().extensions.contains(&extension.as_str()))
    }

    /// The usual extension of each format, for messages: `.txt .md …, source code`.
    pub fn supported() -> String {
        let named = Self::ALL.iter().filter(|format| !matches!(format, Self::Old | Self::Code));
        let named: Vec<String> = named.map(|format| format!(".{}", format.reader().extensions[0])).collect();
        format!("{}, source code", named.join(" "))
    }

    /// Its name in APIs and stored records.
    pub fn as_str(self) -> &'static str {
        self.reader().name
    }

    /// The format of this [name](Self::as_str).
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|format| format.as_str() == name)
    }

    /// Whether its extracted text is Markdown rather than plain paragraphs.
    pub fn is_structured(self) -> bool {
        self.reader().structured
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
