//! EPUB → Markdown: the chapters in the order in which the book is read, each by the reader of web pages. A chapter without a
//! heading is given its title in the table of contents.

use std::collections::HashMap;

use percent_encoding::percent_decode_str;

use super::{
    ExtractError, Limits, Raw,
    blocks::Blocks,
    format::FormatReader,
    html, markdown,
    package::{Package, resolve},
    pictures::Pictures,
    properties::Properties,
    sandbox::{self, Deadline},
    xml::{Node, attribute, text_of, walk_bounded},
};

const FORMAT: &str = "EPUB";

/// What the package file says of the book, and the fields that it becomes.
const FIELDS: &[(&str, &str)] = &[
    ("creator", "author"),
    ("subject", "subject"),
    ("description", "description"),
    ("publisher", "publisher"),
    ("date", "created"),
];

/// How it is read.
pub(super) const READER: FormatReader = FormatReader {
    name: "epub",
    extensions: &["epub"],
    structured: true,
    is_text: false,
    read: |bytes, limits, deadline| sandbox::catch(FORMAT, || extract(bytes, limits, deadline)),
};

/// What the package file says.
#[derive(Default)]
struct Book {
    /// Names of the chapters' parts, in reading order.
    chapters: Vec<String>,
    /// The parts that hold the table of contents.
    contents: Vec<String>,
}

/// The text of a book.
fn extract(bytes: &[u8], limits: &Limits, deadline: Deadline) -> Result<Raw, ExtractError> {
    let mut package = Package::open(FORMAT, bytes, limits)?;
    let main = main_part(&package.needed("META-INF/container.xml")?, deadline)?;
    let description = without_doctype(package.needed(&main)?);
    let folder = main.rsplit_once('/').map_or("", |(folder, _)| folder);
    let book = book(&description, folder, deadline)?;
    let locked = package.part("META-INF/encryption.xml")?.unwrap_or_default();
    let mut titles = HashMap::new();
    for part in &book.contents {
        if let Some(xml) = package.part(part)? {
            // A table of contents that is broken costs nothing but titles.
            read_titles(&without_doctype(xml), part, &mut titles, deadline).ok();
        }
    }
    let (mut blocks, mut pictures) = (Blocks::new(limits), Pictures::default());
    for part in &book.chapters {
        deadline.check()?;
        // Fonts may be obfuscated; locked chapters cannot be read.
        if locked.contains(&format!("\"{part}\"")) {
            return Err(ExtractError::Encrypted);
        }
        let Some(source) = package.part(part)? else {
            continue;
        };
        let raw = html::read(&html::with_ends(&source), limits, deadline)?;
        pictures.without_text += raw.pictures.without_text;
        if raw.text.trim().is_empty() {
            continue;
        }
        if let (None, Some(title)) = (markdown::first_heading(&raw.text), titles.get(part)) {
            blocks.heading(1, title)?;
        }
        blocks.markdown(&raw.text)?;
    }
    let title = text_of(FORMAT, &description, "title")?;
    let mut properties = Properties::default();
    properties.read_xml(FORMAT, &description, FIELDS);
    let metadata = properties.finish(&mut package.warnings);
    let (text, heading) = blocks.finish();
    Ok(Raw { text, title: title.or(heading), warnings: package.warnings, metadata, pictures, ..Raw::default() })
}

/// The part that describes the book.
fn main_part(container: &str, deadline: Deadline) -> Result<String, ExtractError> {
    let mut found = None;
    walk_bounded(FORMAT, container, deadline, |node| {
        if let (Node::Open("rootfile", element), None) = (node, &found) {
            found = attribute(element, "full-path");
        }
        Ok(())
    })?;
    found.ok_or_else(|| ExtractError::Damaged { format: FORMAT, detail: "its container names no book".to_owned() })
}

/// Chapters and tables of contents, as the description lists them.
fn book(description: &str, folder: &str, deadline: Deadline) -> Result<Book, ExtractError> {
    let mut parts: HashMap<String, (String, String)> = HashMap::new();
    let mut book = Book::default();
    let mut spine = Vec::new();
    walk_bounded(FORMAT, description, deadline, |node| {
        match node {
            Node::Open("item", element) => {
                let (Some(id), Some(href)) = (attribute(element, "id"), attribute(element, "href")) else {
                    return Ok(());
                };
                let part = part_of(folder, &href);
                let kind = attribute(element, "media-type").unwrap_or_default();
                let is_contents = kind == "application/x-dtbncx+xml"
                    || attribute(element, "properties").is_some_and(|words| words.split(' ').any(|word| word == "nav"));
                if is_contents {
                    book.contents.push(part.clone());
                }
                parts.insert(id, (part, kind));
            }
            Node::Open("itemref", element) => spine.extend(attribute(element, "idref")),
            _ => {}
        }
        Ok(())
    })?;
    for id in spine {
        if let Some((part, kind)) = parts.get(&id)
            && (kind.contains("html") || kind.contains("dtbook") || kind.is_empty())
        {
            book.chapters.push(part.clone());
        }
    }
    Ok(book)
}

/// The name of the part that a link leads to, without the place in it.
fn part_of(folder: &str, href: &str) -> String {
    let href = href.split('#').next().unwrap_or_default();
    resolve(folder, &percent_decode_str(href).decode_utf8_lossy())
}

/// The first title that a table of contents (either kind) gives each part.
fn read_titles(
    xml: &str,
    part: &str,
    titles: &mut HashMap<String, String>,
    deadline: Deadline,
) -> Result<(), ExtractError> {
    let folder = part.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut target: Option<String> = None;
    let mut title = String::new();
    let mut inside = false;
    walk_bounded(FORMAT, xml, deadline, |node| {
        match node {
            Node::Open("a", element) => {
                target = attribute(element, "href").map(|href| part_of(folder, &href));
                title.clear();
                inside = true;
            }
            // In the older kind, the title comes before its target.
            Node::Open("navLabel", _) => {
                title.clear();
                inside = true;
            }
            Node::Close("navLabel") => inside = false,
            Node::Open("content", element) => {
                target = attribute(element, "src").map(|href| part_of(folder, &href));
            }
            Node::Text(text) if inside => title.push_str(text),
            _ => {}
        }
        if let Node::Close("a" | "content") = node
            && let Some(target) = target.take()
        {
            inside = false;
            if !title.trim().is_empty() {
                titles.entry(target).or_insert_with(|| title.trim().to_owned());
            }
        }
        Ok(())
    })
}

/// Without the declaration of a document type that older books have; one that defines entities stays, and is refused.
fn without_doctype(xml: String) -> String {
    let Some(start) = xml.find("<!DOCTYPE") else {
        return xml;
    };
    match xml[start..].find(['>', '[']) {
        Some(end) if xml[start + end..].starts_with('>') => format!("{}{}", &xml[..start], &xml[start + end + 1..]),
        _ => xml,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rag::extract::{
        Format, extract_bytes,
        tests::{archive, fixture},
    };

    #[test]
    fn a_book_gives_its_chapters_in_reading_order() {
        let (format, bytes) = fixture("lighthouse.epub");
        let extracted = extract_bytes(format, &bytes, &Limits::default()).unwrap();
        assert_eq!(extracted.title.as_deref(), Some("The lighthouse keeper's manual"));
        assert_eq!(
            extracted.text,
            "# Lamps\n\nThe lamp burns 2.5 litres a night.\n\n| Oil | Hours |\n| --- | --- |\n| Rapeseed | 14 |\n\n\
             # Fog\n\nSound the horn every 90 seconds.\n\nThen note it in the log."
        );
    }

    fn book_of(chapters: &[(&str, &str)], extra: &[(&str, &str)]) -> Vec<u8> {
        let items: String = chapters
            .iter()
            .map(|(name, _)| format!("<item id=\"{name}\" href=\"{name}\" media-type=\"application/xhtml+xml\"/>"))
            .collect();
        let spine: String = chapters.iter().map(|(name, _)| format!("<itemref idref=\"{name}\"/>")).collect();
        let package = format!(
            "<!DOCTYPE package PUBLIC \"x\" \"y\"><package><metadata><dc:title>T</dc:title></metadata><manifest>{items}</manifest><spine>{spine}</spine></package>"
        );
        let container = "<container><rootfiles><rootfile full-path=\"a/b.opf\"/></rootfiles></container>";
        let mut parts =
            vec![("META-INF/container.xml".to_owned(), container.to_owned()), ("a/b.opf".to_owned(), package)];
        parts.extend(chapters.iter().map(|(name, text)| (format!("a/{name}"), (*text).to_owned())));
        parts.extend(extra.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())));
        let parts: Vec<(&str, &[u8])> = parts.iter().map(|(name, text)| (name.as_str(), text.as_bytes())).collect();
        archive(&parts)
    }

    #[test]
    fn titles_that_are_whole_in_xml_do_not_swallow_the_chapter() {
        let page = "<html><head><title/><script src=\"x\"/></head><body><p>All of it.</p></body></html>";
        let bytes = book_of(&[("1.xhtml", page)], &[]);
        let read = |bytes: &[u8]| extract_bytes(Format::Epub, bytes, &Limits::default());
        assert_eq!(read(&bytes).unwrap().text, "All of it.");
        for end in 0..bytes.len() {
            assert!(read(&bytes[..end]).is_err());
        }
        let locked = "<encryption><EncryptedData><CipherReference URI=\"a/1.xhtml\"/></EncryptedData></encryption>";
        let locked = book_of(&[("1.xhtml", page)], &[("META-INF/encryption.xml", locked)]);
        assert!(matches!(read(&locked), Err(ExtractError::Encrypted)));
        let deep = format!("<html><body>{}deep</body></html>", "<div>".repeat(5_000));
        assert_eq!(read(&book_of(&[("1.xhtml", &deep)], &[])).unwrap().text, "deep");
    }
}
