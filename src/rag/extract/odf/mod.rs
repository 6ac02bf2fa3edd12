//! OpenDocument (ODT, ODS, ODP) → Markdown. All three keep what is seen in one part of XML, so they share a reader: texts as
//! headings, paragraphs, lists and tables; each sheet and each slide under a heading.
//!
//! Cells say what they show: that is in the file beside the value. Hidden text, sheets and slides are left out, as are deleted
//! passages.

mod body;
mod sheet;
mod styles;
#[cfg(test)]
mod tests;

use super::{
    ExtractError, Limits, Raw, Warning,
    format::FormatReader,
    package::Package,
    sandbox::{self, Deadline},
    xml,
};
use body::Body;
use styles::Styles;

const FORMAT: &str = "OpenDocument";

/// How texts are read.
pub(super) const TEXT: FormatReader = reader("odt", &["odt", "ott", "fodt"]);
/// How spreadsheets are read.
pub(super) const SHEET: FormatReader = reader("ods", &["ods", "ots", "fods"]);
/// How presentations are read.
pub(super) const SLIDES: FormatReader = reader("odp", &["odp", "otp", "fodp"]);

const fn reader(name: &'static str, extensions: &'static [&'static str]) -> FormatReader {
    FormatReader {
        name,
        extensions,
        structured: true,
        is_text: false,
        read: |bytes, limits, deadline| sandbox::catch(FORMAT, || extract(bytes, limits, deadline)),
    }
}

/// The text of a document, which is an archive, or one file of XML.
fn extract(bytes: &[u8], limits: &Limits, deadline: Deadline) -> Result<Raw, ExtractError> {
    let mut styles = Styles::default();
    if !bytes.starts_with(b"PK") {
        let text = String::from_utf8_lossy(bytes);
        styles.read(&text, deadline)?;
        let title = xml::text_of(FORMAT, &text, "title")?;
        return read(&text, styles, title, limits, deadline);
    }
    let mut package = Package::open(FORMAT, bytes, limits)?;
    if let Some(manifest) = package.part("META-INF/manifest.xml")?
        && manifest.contains("encryption-data")
    {
        return Err(ExtractError::Encrypted);
    }
    let content = package.needed("content.xml")?;
    if let Some(xml) = package.part("styles.xml")? {
        styles.read(&xml, deadline)?;
    }
    styles.read(&content, deadline)?;
    let title = package.part("meta.xml")?.map(|xml| xml::text_of(FORMAT, &xml, "title")).transpose()?.flatten();
    let mut raw = read(&content, styles, title, limits, deadline)?;
    raw.warnings.append(&mut package.warnings);
    Ok(raw)
}

fn read(
    content: &str,
    styles: Styles,
    title: Option<String>,
    limits: &Limits,
    deadline: Deadline,
) -> Result<Raw, ExtractError> {
    let mut body = Body::new(styles, limits, deadline);
    body.read(content)?;
    let read = body.finish()?;
    let mut warnings = Vec::new();
    for (count, what) in [(read.hidden_sheets, "sheets"), (read.hidden_slides, "slides")] {
        if count > 0 {
            warnings.push(Warning::HiddenLeftOut { count, what });
        }
    }
    if read.without_value > 0 {
        warnings.push(Warning::FormulasWithoutValue { count: read.without_value });
    }
    Ok(Raw { text: read.text, title: title.or(read.heading), warnings })
}
