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

use std::collections::HashMap;

use super::{
    ExtractError, Limits, Raw, Warning,
    format::FormatReader,
    package::{Package, resolve},
    properties::Properties,
    sandbox::{self, Deadline},
    xml,
};
use body::Body;
use styles::Styles;

const FORMAT: &str = "OpenDocument";

/// What the document says of itself, and the fields that it becomes. Whoever changed it last is not its author.
const FIELDS: &[(&str, &str)] = &[
    ("initial-creator", "author"),
    ("subject", "subject"),
    ("keyword", "keywords"),
    ("description", "description"),
    ("creation-date", "created"),
];

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
        if !text.trim_start_matches('\u{FEFF}').trim_start().starts_with('<') {
            let detail = "it is neither an archive nor XML".to_owned();
            return Err(ExtractError::Damaged { format: FORMAT, detail });
        }
        styles.read(&text, deadline)?;
        let title = xml::text_of(FORMAT, &text, "title")?;
        return read(&text, styles, HashMap::new(), title, limits, deadline);
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
    let meta = package.part("meta.xml")?;
    let title = meta.as_deref().map(|xml| xml::text_of(FORMAT, xml, "title")).transpose()?.flatten();
    let formulas = formulas(&mut package, &content, deadline)?;
    let mut raw = read(&content, styles, formulas, title, limits, deadline)?;
    raw.warnings.append(&mut package.warnings);
    let mut properties = Properties::default();
    properties.read_xml(FORMAT, &meta.unwrap_or_default(), FIELDS);
    raw.metadata = properties.finish(&mut raw.warnings);
    Ok(raw)
}

/// The formulas that are embedded as parts of their own, by the names of these: as they were typed.
fn formulas(
    package: &mut Package<'_>,
    content: &str,
    deadline: Deadline,
) -> Result<HashMap<String, String>, ExtractError> {
    let mut parts = Vec::new();
    if content.contains("<draw:object ") {
        xml::walk_bounded(FORMAT, content, deadline, |node| {
            if let xml::Node::Open("object", element) = node {
                parts.extend(xml::attribute(element, "href").map(|part| object_part(&part)));
            }
            Ok(())
        })?;
    }
    let mut formulas = HashMap::new();
    for part in parts {
        deadline.check()?;
        // Charts and sheets are embedded in the same way.
        if let Some(xml) = package.part(&format!("{part}/content.xml"))?
            && xml.contains("<annotation")
            && let Some(formula) = xml::text_of(FORMAT, &xml, "annotation")?
        {
            formulas.insert(part, formula);
        }
    }
    Ok(formulas)
}

/// The name of the part that an embedded object's reference leads to.
fn object_part(reference: &str) -> String {
    resolve("", reference)
}

fn read(
    content: &str,
    styles: Styles,
    formulas: HashMap<String, String>,
    title: Option<String>,
    limits: &Limits,
    deadline: Deadline,
) -> Result<Raw, ExtractError> {
    let mut body = Body::new(styles, formulas, limits, deadline);
    body.read(content)?;
    let read = body.finish()?;
    let mut warnings = Vec::new();
    for (count, what) in [(read.hidden_sheets, "sheets"), (read.hidden_slides, "slides")] {
        if count > 0 {
            warnings.push(Warning::HiddenLeftOut { count, what });
        }
    }
    if !read.pictures.is_empty() {
        warnings.push(Warning::PagesWithoutText { pages: read.pictures });
    }
    if read.without_value > 0 {
        warnings.push(Warning::FormulasWithoutValue { count: read.without_value });
    }
    Ok(Raw {
        text: read.text,
        title: title.or(read.heading),
        pages: read.pages,
        warnings,
        pictures: read.unsaid,
        ..Raw::default()
    })
}
