//! DOCX → Markdown: a ZIP archive of XML parts, of which the body, the notes, the styles and the numbering are read.
//!
//! What bounds the archive and its parts is in `package` and `xml`.

mod body;
mod math;
mod numbering;
mod numerals;
mod parts;
mod styles;
#[cfg(test)]
mod tests;

use std::collections::HashSet;

use super::{
    ExtractError, Limits, Raw,
    blocks::Blocks,
    format::FormatReader,
    package::Package,
    sandbox::{self, Deadline},
};
use body::Body;

const FORMAT: &str = "DOCX";

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
    let mut package = Package::open(FORMAT, bytes, limits)?;
    let main = package.main_part()?.unwrap_or_else(|| "word/document.xml".to_owned());
    let document = package.needed(&main)?;
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
    for notes in ["footnotes.xml", "endnotes.xml", "comments.xml"] {
        if let Some(xml) = package.part(&format!("{folder}{notes}"))? {
            body.read(&xml, deadline)?;
        }
    }
    read_margins(&mut package, &main, &mut body, deadline)?;
    let title = package.core_title()?.filter(|title| !title.eq_ignore_ascii_case("word document"));
    let metadata = package.core_properties()?;
    let (text, heading, pictures) = body.finish();
    Ok(Raw { text, title: title.or(heading), warnings: package.warnings, metadata, pictures, ..Raw::default() })
}

/// Reads headers and footers behind the text, each once, whichever pages and sections have it.
fn read_margins(
    package: &mut Package<'_>,
    main: &str,
    body: &mut Body,
    deadline: Deadline,
) -> Result<(), ExtractError> {
    let mut margins: Vec<(&str, String)> = Vec::new();
    for relation in package.relations(main)?.into_values() {
        match relation.kind.as_str() {
            "header" => margins.push(("Header", relation.part)),
            "footer" => margins.push(("Footer", relation.part)),
            _ => {}
        }
    }
    margins.sort_unstable_by(|a, b| b.0.cmp(a.0).then_with(|| a.1.cmp(&b.1)));
    let mut seen = HashSet::new();
    for (mark, part) in margins {
        let Some(xml) = package.part(&part)? else {
            continue;
        };
        let words = parts::words(&xml, deadline)?;
        // Numbers of pages are no words.
        if words.chars().any(char::is_alphabetic) && seen.insert((mark, words)) {
            body.read_margin(mark, &xml, deadline)?;
        }
    }
    Ok(())
}
