//! PDF → Markdown, by the pdf-inspector crate: it finds words, lines, columns, headings and tables from glyph positions.
//!
//! PDFs are programs, and hostile ones exist. The fences, from outside in: a thread with a deadline; a first pass that unpacks
//! every stream under a bound ([`bomb`]); panics caught, and then each page tried alone so that one bad page does
//! not cost the others; the crate's own bounds on operations and nesting.

mod bomb;
mod cmaps;
mod forms;

use std::{collections::HashSet, sync::Arc};

use lopdf::Document;
use pdf_inspector::{
    MarkdownOptions, OCR_REASON_INVISIBLE_TEXT_LAYER, OCR_REASON_NO_TEXT, OCR_REASON_SCANNED, OCR_REASON_VECTOR_TEXT,
    PageOcrReasons, PdfError, PdfOptions, PdfProcessResult,
};

use super::{
    ExtractError, Limits, Raw, Warning,
    format::FormatReader,
    formula::push_raised,
    properties::Properties,
    sandbox::{self, Deadline},
};

const FORMAT: &str = "PDF";

/// Longer documents than this are not tried page by page: each try reads the whole file again.
const MAX_SINGLE_PAGES: u32 = 500;

/// How the crate marks the beginning of a page.
const PAGE_MARK: &str = "<!-- Page ";

/// Words after which a hyphen at a line's end was no hyphenation ("pre- and post-", "Vor- und Nachteile").
const SUSPENDED: &[&str] = &["and", "or", "to", "nor", "und", "oder", "bis", "sowie", "bzw", "et", "ou", "y", "e", "o"];

/// How it is read.
pub(super) const READER: FormatReader =
    FormatReader { name: "pdf", extensions: &["pdf"], structured: true, is_text: false, read: extract };

/// The text of a PDF.
fn extract(bytes: &[u8], limits: &Limits, deadline: Deadline) -> Result<Raw, ExtractError> {
    // Files may start with some junk, but not with much.
    if !bytes[..bytes.len().min(1024)].windows(5).any(|window| window == b"%PDF-") {
        return Err(damaged("it does not start with %PDF-".to_owned()));
    }
    let bytes: Arc<[u8]> = bytes.into();
    let limits = limits.clone();
    sandbox::run_bounded(FORMAT, deadline, move || {
        let document = bomb::check_pdf(&bytes, &limits, deadline)?;
        let mut properties = Properties::default();
        if let Some(document) = &document {
            properties.read_pdf(document);
        }
        // A document that this fails on is read as it is.
        let rewritten = document.and_then(|document| sandbox::catch(FORMAT, || Ok(rewritten(document))).ok().flatten());
        let mut raw = read(rewritten.as_deref().unwrap_or(&bytes), deadline)?;
        raw.metadata = properties.finish(&mut raw.warnings);
        Ok(raw)
    })
}

/// The document with that brought into another form which the extractor does not read; `None` when there is nothing like it.
fn rewritten(mut document: Document) -> Option<Vec<u8>> {
    let has_values = forms::rewrite(&mut document);
    let has_fonts = cmaps::rewrite(&mut document).ok()?;
    if !has_values && !has_fonts {
        return None;
    }
    // What was decrypted when it was loaded is saved as it is now.
    document.encryption_state = None;
    document.trailer.remove(b"Encrypt");
    let mut bytes = Vec::new();
    document.save_to(&mut bytes).ok()?;
    Some(bytes)
}

fn read(bytes: &[u8], deadline: Deadline) -> Result<Raw, ExtractError> {
    match sandbox::catch(FORMAT, || process(bytes, None)) {
        Ok(result) => assemble(bytes, None, result),
        Err(ExtractError::Damaged { detail, .. }) if detail.starts_with(sandbox::PANICKED) => {
            read_page_by_page(bytes, deadline, detail)
        }
        Err(error) => Err(error),
    }
}

/// One page at a time, leaving out those that break the parser.
fn read_page_by_page(bytes: &[u8], deadline: Deadline, detail: String) -> Result<Raw, ExtractError> {
    let pages = sandbox::catch(FORMAT, || Ok(pdf_inspector::detect_pdf_mem(bytes).map_err(translate)?.page_count))?;
    if !(2..=MAX_SINGLE_PAGES).contains(&pages) {
        return Err(damaged(detail));
    }
    let mut whole = Raw::default();
    let mut unreadable = Vec::new();
    let mut without_text = Vec::new();
    for page in 1..=pages {
        deadline.check()?;
        match sandbox::catch(FORMAT, || {
            process(bytes, Some(page)).and_then(|result| assemble(bytes, Some(page), result))
        }) {
            Ok(raw) => {
                whole.pages.push((page, whole.text.len()));
                append(&mut whole.text, &raw.text);
                whole.title = whole.title.or(raw.title);
            }
            Err(ExtractError::NoText) => without_text.push(page),
            Err(_) => unreadable.push(page),
        }
    }
    if whole.text.is_empty() {
        return Err(damaged(detail));
    }
    if !without_text.is_empty() {
        whole.warnings.push(Warning::PagesWithoutText { pages: without_text });
    }
    if !unreadable.is_empty() {
        whole.warnings.push(Warning::PagesUnreadable { pages: unreadable });
    }
    Ok(whole)
}

fn append(text: &mut String, more: &str) {
    if !text.is_empty() && !more.is_empty() {
        text.push_str("\n\n");
    }
    text.push_str(more);
}

fn process(bytes: &[u8], page: Option<u32>) -> Result<PdfProcessResult, ExtractError> {
    let options = PdfOptions {
        markdown: MarkdownOptions {
            // Marks inside sentences keep a phrase from being found.
            detect_bold: false,
            detect_italic: false,
            detect_underline: false,
            include_links: false,
            include_page_numbers: true,
            format_urls: false,
            ..MarkdownOptions::default()
        },
        page_filter: page.map(|page| HashSet::from([page])),
        ..PdfOptions::default()
    };
    pdf_inspector::process_pdf_mem_with_options(bytes, options).map_err(translate)
}

fn assemble(bytes: &[u8], page: Option<u32>, result: PdfProcessResult) -> Result<Raw, ExtractError> {
    let (mut text, mut starts) = (String::new(), Vec::new());
    for (number, part) in by_page(&result.markdown.unwrap_or_default()) {
        starts.push((number, text.len()));
        append(&mut text, tidy(part).trim());
    }
    let mut warnings = Vec::new();
    let mut pages = if text.trim().is_empty() {
        page.map_or_else(|| (1..=result.page_count).collect(), |page| vec![page])
    } else {
        pages_without_text(&result.ocr_reasons_by_page, result.page_count)
    };
    let layers = sandbox::catch(FORMAT, || Ok(text_layers(bytes, &pages))).unwrap_or_default();
    pages.retain(|page| layers.iter().all(|(other, _)| other != page));
    // The crate reports some pages whose invisible text it did read.
    let known = text.clone();
    let known = phrases(&known).collect();
    for (page, layer) in layers.iter().filter(|(_, layer)| !is_known(&known, layer)) {
        starts.push((*page, text.len()));
        append(&mut text, layer);
    }
    if text.trim().is_empty() {
        return Err(ExtractError::NoText);
    }
    if !pages.is_empty() {
        warnings.push(Warning::PagesWithoutText { pages });
    }
    if result.has_encoding_issues {
        warnings.push(Warning::FontsUnmapped);
    }
    let title = result.title.filter(|title| is_real_title(title)).or_else(|| super::markdown::first_heading(&text));
    Ok(Raw { text, title, pages: starts, warnings, ..Raw::default() })
}

/// The pages of the crate's Markdown, which has a mark before each that has text.
fn by_page(markdown: &str) -> Vec<(u32, &str)> {
    let (mut pages, mut page, mut rest) = (Vec::new(), 1, markdown);
    while let Some((before, number, after)) = next_page(rest, page) {
        pages.push((page, before));
        (page, rest) = (number, after);
    }
    pages.push((page, rest));
    pages.retain(|(_, text)| !text.trim().is_empty());
    pages
}

/// The text before the next mark of a page after `page`, that page, and the text behind the mark. A document may show such
/// marks itself; pages only grow.
fn next_page(text: &str, page: u32) -> Option<(&str, u32, &str)> {
    text.match_indices(PAGE_MARK).find_map(|(at, _)| {
        let (number, after) = text[at + PAGE_MARK.len()..].split_once(" -->\n")?;
        let number = number.parse().ok().filter(|number| *number >= page)?;
        (at == 0 || text[..at].ends_with('\n')).then_some((&text[..at], number, after))
    })
}

/// What pages say that look like images: OCR programs lay the text they recognised invisibly over the scan, and the crate
/// leaves that out. Only the drawing order is known here, no layout; the text goes behind that of the other pages.
fn text_layers(bytes: &[u8], pages: &[u32]) -> Vec<(u32, String)> {
    if pages.is_empty() {
        return Vec::new();
    }
    let Some(document) = bomb::load(bytes) else {
        return Vec::new();
    };
    let layer = |page: &u32| {
        let text = document.extract_text_with_limit(&[*page], bomb::MAX_STREAM_BYTES).ok()?;
        looks_like_words(&text).then(|| (*page, join_hyphenated(text.trim())))
    };
    pages.iter().filter_map(layer).collect()
}

/// All runs of three words.
fn phrases(text: &str) -> impl Iterator<Item = [&str; 3]> {
    let mut words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let mut last = ["", words.next().unwrap_or_default(), words.next().unwrap_or_default()];
    words.map(move |word| {
        last = [last[1], last[2], word];
        last
    })
}

/// Whether a good part of a page's phrases has been seen. The two readers order and split words differently, so that never
/// all of them agree.
fn is_known(known: &HashSet<[&str; 3]>, page: &str) -> bool {
    let (mut all, mut seen) = (0_usize, 0_usize);
    for phrase in phrases(page) {
        all += 1;
        seen += usize::from(known.contains(&phrase));
    }
    all > 0 && seen * 3 > all
}

/// Most characters are letters or digits: speckles that OCR took for characters are mostly punctuation.
fn looks_like_words(text: &str) -> bool {
    let visible = text.chars().filter(|c| !c.is_whitespace()).count();
    let word_like = text.chars().filter(|c| c.is_alphanumeric()).count();
    visible >= 3 && word_like * 10 >= visible * 6 && !text.contains(char::REPLACEMENT_CHARACTER)
}

/// Pages whose text is an image or outlines. The crate also advises OCR for pages with little or doubtful text: that would be
/// a false alarm for every title page. A document's only page has text, or it would be an error.
fn pages_without_text(reasons: &[PageOcrReasons], page_count: u32) -> Vec<u32> {
    const NO_TEXT: [&str; 4] =
        [OCR_REASON_SCANNED, OCR_REASON_VECTOR_TEXT, OCR_REASON_NO_TEXT, OCR_REASON_INVISIBLE_TEXT_LAYER];
    let lacks_text = |page: &&PageOcrReasons| page.reasons.iter().any(|reason| NO_TEXT.contains(&reason.as_str()));
    if page_count < 2 { Vec::new() } else { reasons.iter().filter(lacks_text).map(|page| page.page).collect() }
}

/// Writers put file names and placeholders where the title belongs.
fn is_real_title(title: &str) -> bool {
    let lower = title.trim().to_lowercase();
    let is_file = [".doc", ".docx", ".odt", ".tex", ".pdf", ".dvi", ".indd"].iter().any(|end| lower.ends_with(end));
    !lower.is_empty() && !is_file && !matches!(lower.as_str(), "untitled" | "(anonymous)" | "anonymous")
}

/// Takes out the tags that plain Markdown has no mark for, and repairs words that were split at a line's end.
fn tidy(markdown: &str) -> String {
    let mut text = with_exponents(markdown);
    for tag in ["<sup>", "</sup>", "<sub>", "</sub>", "<u>", "</u>"] {
        if text.contains(tag) {
            text = text.replace(tag, "");
        }
    }
    join_hyphenated(&text)
}

/// `10<sup>-3</sup>` → `10^-3`.
fn with_exponents(markdown: &str) -> String {
    let mut text = String::with_capacity(markdown.len());
    let mut rest = markdown;
    while let Some((before, after)) = rest.split_once("<sup>") {
        text.push_str(before);
        let (raised, after) = after.split_once("</sup>").unwrap_or((after, ""));
        push_raised(&mut text, raised);
        rest = after;
    }
    text.push_str(rest);
    text
}

/// `unterschiedli- chem` → `unterschiedlichem`, but not `pre- and postfix`, `page 3- the end`, `A- level`.
fn join_hyphenated(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("- ").into_iter().chain(rest.find("-\n")).min() {
        let (before, after) = (&rest[..at], &rest[at + 2..]);
        out.push_str(before);
        let word: String = after.chars().take_while(|c| c.is_alphabetic()).take(40).collect();
        let continues = word.chars().count() >= 2
            && word.chars().all(char::is_lowercase)
            && !SUSPENDED.contains(&word.as_str())
            && before.chars().rev().take(2).filter(|c| c.is_lowercase()).count() == 2;
        if !continues {
            out.push_str(&rest[at..at + 2]);
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

fn translate(error: PdfError) -> ExtractError {
    match error {
        PdfError::Encrypted => ExtractError::Encrypted,
        PdfError::Io(error) => damaged(error.to_string()),
        PdfError::InvalidStructure => damaged("its table of contents is broken or cut off".to_owned()),
        PdfError::Parse(detail) | PdfError::NotAPdf(detail) => damaged(detail),
    }
}

fn damaged(detail: String) -> ExtractError {
    ExtractError::Damaged { format: FORMAT, detail }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_split_at_a_line_end_are_joined() {
        assert_eq!(
            join_hyphenated("unterschiedli- chem Mittel, viverra rhon-\ncus sem"),
            "unterschiedlichem Mittel, viverra rhoncus sem"
        );
    }

    #[test]
    fn pages_are_told_by_their_marks() {
        let markdown = "<!-- Page 1 -->\n\n# A\n\n<!-- Page 3 -->\n\nsee <!-- Page 9 -->\n and\n<!-- Page 2 -->\nB\n";
        assert_eq!(by_page(markdown), [(1, "\n# A\n\n"), (3, "\nsee <!-- Page 9 -->\n and\n<!-- Page 2 -->\nB\n")]);
        assert_eq!(by_page("no mark"), [(1, "no mark")]);
        assert!(by_page("<!-- Page 1 -->\n\n").is_empty());
    }

    #[test]
    fn raised_numbers_are_exponents() {
        assert_eq!(
            tidy("5 m<sup>2</sup>, 10<sup>-3</sup>, the 1<sup>st</sup> H<sub>2</sub>O"),
            "5 m^2, 10^-3, the 1st H2O"
        );
        assert_eq!(tidy("never <sup>closed"), "never closed");
    }

    #[test]
    fn other_hyphens_stay() {
        for text in [
            "pre- and postfix",
            "Vor- und Nachteile",
            "3- fold",
            "A- level",
            "- item\n- item",
            "state-of-the-art - yes",
            "x- Ray",
            "end-",
        ] {
            assert_eq!(join_hyphenated(text), text);
        }
    }

    #[test]
    fn a_page_is_known_by_its_phrases_not_its_words() {
        let text = "The refund window is 45 days for every plan.";
        let known = phrases(text).collect();
        assert!(is_known(&known, "window is 45 days\nfor every plan. The"));
        assert!(!is_known(&known, "plan every days 45 for refund is The window"));
        assert!(!is_known(&HashSet::new(), "two words"));
    }

    #[test]
    fn placeholders_are_no_titles() {
        assert!(is_real_title("Refund policy"));
        for title in ["untitled", "Microsoft Word - a.DOC", " ", "thesis.tex"] {
            assert!(!is_real_title(title), "{title}");
        }
    }
}
