//! The door as its callers see it, and hostile documents made on the spot.

use std::{
    fs,
    io::{Cursor, Write},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use lopdf::{Document, EncryptionState, EncryptionVersion, Object, Permissions, Stream, dictionary};
use zip::{ZipWriter, write::SimpleFileOptions};

use super::*;

pub(super) const WORD: &str = "http://schemas.openxmlformats.org/wordprocessingml/2006/main";

pub(super) fn read(format: Format, bytes: &[u8]) -> Result<Extracted, ExtractError> {
    extract_bytes(format, bytes, &Limits::default())
}

/// A file of `fixtures/formats`, and the format that its extension names.
pub(super) fn fixture(name: &str) -> (Format, Vec<u8>) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/formats").join(name);
    (Format::of_path(&path).unwrap(), fs::read(&path).unwrap())
}

/// A file from its name to its text, as an ingestion does it.
fn read_path(path: &Path, limits: &Limits) -> Result<Extracted, ExtractError> {
    let format = Format::of_path(path).ok_or(ExtractError::Unsupported)?;
    extract_bytes(format, &read_file(std::fs::File::open(path)?, limits)?, limits)
}

/// A ZIP archive with these parts.
pub(super) fn archive(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in parts {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A DOCX with this body.
fn docx(body: &str) -> Vec<u8> {
    let document =
        format!("<?xml version=\"1.0\"?><w:document xmlns:w=\"{WORD}\"><w:body>{body}</w:body></w:document>");
    archive(&[("word/document.xml", document.as_bytes())])
}

/// A PDF with one page for each content stream, all of which may draw the form `X`.
pub(super) fn pdf(pages: &[Stream], xobject: Option<Stream>) -> Document {
    let mut document = Document::with_version("1.5");
    let tree = document.new_object_id();
    let font = document.add_object(dictionary! { "Type" => "Font", "Subtype" => "Type1", "BaseFont" => "Helvetica" });
    let mut resources = dictionary! { "Font" => dictionary! { "F1" => font } };
    if let Some(mut form) = xobject {
        let id = document.new_object_id();
        // The form may draw itself.
        form.dict.set(
            "Resources",
            dictionary! { "Font" => dictionary! { "F1" => font }, "XObject" => dictionary! { "X" => id } },
        );
        document.objects.insert(id, form.into());
        resources.set("XObject", dictionary! { "X" => id });
    }
    let kids: Vec<Object> = pages
        .iter()
        .map(|content| {
            let content = document.add_object(content.clone());
            let page = dictionary! { "Type" => "Page", "Parent" => tree, "Contents" => content, "Resources" => resources.clone() };
            document.add_object(page).into()
        })
        .collect();
    let media_box = vec![0.into(), 0.into(), 595.into(), 842.into()];
    let root =
        dictionary! { "Type" => "Pages", "Count" => pages.len() as i64, "Kids" => kids, "MediaBox" => media_box };
    document.objects.insert(tree, root.into());
    let catalog = document.add_object(dictionary! { "Type" => "Catalog", "Pages" => tree });
    document.trailer.set("Root", catalog);
    document
}

pub(super) fn lines(text: &[&str]) -> Stream {
    let shown: String = text.iter().map(|line| format!("({line}) Tj T* ")).collect();
    Stream::new(dictionary! {}, format!("BT /F1 12 Tf 14 TL 72 700 Td {shown}ET /X Do").into_bytes())
}

pub(super) fn saved(mut document: Document) -> Vec<u8> {
    let mut bytes = Vec::new();
    document.save_to(&mut bytes).unwrap();
    bytes
}

#[test]
fn extensions_tell_the_format() {
    let extensions =
        Format::ALL.iter().flat_map(|format| format.reader().extensions.iter().map(move |e| (*format, *e)));
    for (format, extension) in extensions {
        let found = Format::of_path(Path::new(&format!("a.{}", extension.to_uppercase())));
        assert_eq!(found, Some(format), "no extension means two formats: {extension}");
    }
    let readme = include_str!("../../../README.md");
    assert!(readme.replace('`', "").contains(&Format::supported()), "the README names {}", Format::supported());
    assert_eq!(Format::of_path(Path::new("a.tar.gz")), None);
    assert_eq!(Format::of_path(Path::new("README")), None);
    let error = ExtractError::Unsupported;
    assert!(error.to_string().starts_with("unsupported file type; supported are .txt .md"), "{error}");
}

#[test]
fn files_are_measured_before_they_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("huge.txt");
    // Sparse where the file system can: nothing of it is ever written or read.
    fs::File::create(&path).unwrap().set_len(2 << 30).unwrap();
    let error = read_path(&path, &Limits::default()).unwrap_err();
    assert_eq!(error.to_string(), "too large: more than 67108864 bytes; split the document or raise the limit");
}

#[test]
fn missing_files_folders_and_empty_files_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let missing = read_path(&folder.path().join("no.txt"), &Limits::default());
    assert!(matches!(missing, Err(ExtractError::Io(_))));
    let directory = folder.path().join("folder.txt");
    fs::create_dir(&directory).unwrap();
    assert!(matches!(read_path(&directory, &Limits::default()), Err(ExtractError::Io(_))));
    for format in Format::ALL {
        assert!(matches!(read(*format, b""), Err(ExtractError::Empty)), "{format}");
    }
    assert!(matches!(read(Format::Text, b" \n\t \n"), Err(ExtractError::Empty)));
    assert!(matches!(read(Format::Html, b"<p> </p>"), Err(ExtractError::NoText)));
}

#[test]
fn long_texts_are_refused() {
    let limits = Limits { max_text_chars: 5, ..Limits::default() };
    // Five characters, ten bytes.
    assert_eq!(extract_bytes(Format::Text, "ééééé".as_bytes(), &limits).unwrap().text, "ééééé");
    assert!(matches!(extract_bytes(Format::Text, b"123456", &limits), Err(ExtractError::TooLarge { limit: 5, .. })));
}

#[test]
fn a_pdf_gives_its_paragraphs() {
    let page = lines(&["The refund window is 45 days.", "Ask Mira Okafor for exceptions."]);
    let extracted = read(Format::Pdf, &saved(pdf(&[page], None))).unwrap();
    assert!(
        extracted.text.contains("The refund window is 45 days. Ask Mira Okafor for exceptions."),
        "{}",
        extracted.text
    );
    assert_eq!(extracted.warnings, []);
}

#[test]
fn pages_without_text_are_reported() {
    let image = Stream::new(
        dictionary! { "Type" => "XObject", "Subtype" => "Image", "Width" => 8, "Height" => 8, "ColorSpace" => "DeviceGray", "BitsPerComponent" => 8 },
        vec![0; 64],
    );
    let text = lines(&["There is text on the first page of this document."; 20]);
    let scanned = Stream::new(dictionary! {}, b"q 595 0 0 842 0 0 cm /X Do Q".to_vec());
    let scan = read(Format::Pdf, &saved(pdf(std::slice::from_ref(&scanned), Some(image.clone())))).unwrap_err();
    assert!(scan.to_string().contains("run OCR"), "{scan}");
    let mixed = read(Format::Pdf, &saved(pdf(&[text, scanned], Some(image)))).unwrap();
    assert!(mixed.text.contains("first page"));
    assert_eq!(mixed.warnings, [Warning::PagesWithoutText { pages: vec![2] }]);
}

#[test]
fn the_invisible_text_over_a_scan_is_found() {
    let image = Stream::new(
        dictionary! { "Type" => "XObject", "Subtype" => "Image", "Width" => 8, "Height" => 8, "ColorSpace" => "DeviceGray", "BitsPerComponent" => 8 },
        vec![0; 64],
    );
    let content = b"q 595 0 0 842 0 0 cm /X Do Q BT 3 Tr /F1 12 Tf 72 700 Td (Recognised by OCR in 2019) Tj ET";
    let extracted =
        read(Format::Pdf, &saved(pdf(&[Stream::new(dictionary! {}, content.to_vec())], Some(image)))).unwrap();
    assert_eq!((extracted.text.as_str(), extracted.warnings.len()), ("Recognised by OCR in 2019", 0));
}

#[test]
fn a_form_that_draws_itself_ends() {
    let form = Stream::new(
        dictionary! { "Type" => "XObject", "Subtype" => "Form" },
        b"BT /F1 12 Tf 9 9 Td (again) Tj ET /X Do /X Do".to_vec(),
    );
    let extracted = read(Format::Pdf, &saved(pdf(&[lines(&["Once upon a time."])], Some(form)))).unwrap();
    assert!(extracted.text.contains("Once upon a time."));
}

#[test]
fn pdf_bombs_are_refused_in_time_also_in_layers() {
    let bomb = || {
        let mut stream = Stream::new(dictionary! {}, b" ".repeat(40 << 20));
        stream.compress().unwrap();
        stream
    };
    let mut layered = bomb();
    let mut outer = Stream::new(dictionary! {}, layered.content.clone());
    outer.compress().unwrap();
    layered.set_content(outer.content);
    layered.dict.set("Filter", vec!["FlateDecode".into(), "FlateDecode".into()]);
    for stream in [bomb(), layered] {
        let bytes = saved(pdf(&[stream], None));
        assert!(bytes.len() < 100_000);
        assert!(matches!(read(Format::Pdf, &bytes), Err(ExtractError::Bomb { .. })));
        // Without its table of contents, too.
        let cut = &bytes[..bytes.windows(4).rposition(|window| window == b"xref").unwrap()];
        assert!(matches!(read(Format::Pdf, cut), Err(ExtractError::Bomb { .. } | ExtractError::Damaged { .. })));
    }
}

#[test]
fn encrypted_pdfs_are_read_without_a_password_or_not_at_all() {
    let encrypted = |user: &str| {
        let mut document = pdf(&[lines(&["Owners may forbid printing."])], None);
        document
            .trailer
            .set("ID", vec![Object::string_literal("0123456789abcdef"), Object::string_literal("0123456789abcdef")]);
        let version = EncryptionVersion::V2 {
            document: &document,
            owner_password: "o",
            user_password: user,
            key_length: 128,
            permissions: Permissions::all(),
        };
        let state = EncryptionState::try_from(version).unwrap();
        document.encrypt(&state).unwrap();
        saved(document)
    };
    assert!(read(Format::Pdf, &encrypted("")).unwrap().text.contains("Owners may forbid printing."));
    assert!(matches!(read(Format::Pdf, &encrypted("secret")), Err(ExtractError::Encrypted)));
}

#[test]
fn broken_pdfs_are_errors() {
    let whole = saved(pdf(&[lines(&["Text"])], None));
    for bytes in [b"%PDF-1.7\n%%EOF\n".as_slice(), &whole[..whole.len() / 2], b"no pdf at all", b"\x89PNG\r\n"] {
        assert!(matches!(read(Format::Pdf, bytes), Err(ExtractError::Damaged { format: "PDF", .. })));
    }
}

#[test]
fn no_time_is_no_text() {
    let limits = Limits { timeout: Duration::ZERO, ..Limits::default() };
    let bytes = saved(pdf(&[lines(&["Text"])], None));
    assert!(matches!(extract_bytes(Format::Pdf, &bytes, &limits), Err(ExtractError::TimedOut { .. })));
}

#[test]
fn a_docx_gives_headings_lists_tables_and_accepted_changes() {
    let styles = format!(
        "<w:styles xmlns:w=\"{WORD}\"><w:style w:styleId=\"berschrift2\"><w:name w:val=\"heading 2\"/></w:style>\
         <w:style w:styleId=\"Steps\"><w:name w:val=\"List Number\"/><w:pPr><w:numPr><w:numId w:val=\"7\"/></w:numPr></w:pPr></w:style></w:styles>"
    );
    let numbering = format!(
        "<w:numbering xmlns:w=\"{WORD}\"><w:abstractNum w:abstractNumId=\"3\"><w:lvl w:ilvl=\"0\"><w:start w:val=\"1\"/>\
         <w:numFmt w:val=\"decimal\"/><w:lvlText w:val=\"%1.\"/></w:lvl>\
         </w:abstractNum><w:num w:numId=\"7\"><w:abstractNumId w:val=\"3\"/></w:num></w:numbering>"
    );
    let paragraph = |style: &str, text: &str| {
        format!("<w:p><w:pPr><w:pStyle w:val=\"{style}\"/></w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>")
    };
    let cell = |text: &str| format!("<w:tc><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:tc>");
    let body = [
        paragraph("berschrift2", "R&amp;D &#8364;"),
        paragraph("Steps", "stop"),
        paragraph("Steps", "start"),
        "<w:p><w:r><w:t>new</w:t></w:r><w:del><w:r><w:delText>old</w:delText></w:r></w:del><w:ins><w:r><w:tab/><w:t>text</w:t></w:r></w:ins>\
         <w:hyperlink><w:r><w:t xml:space=\"preserve\"> link</w:t></w:r></w:hyperlink><w:r><w:instrText>PAGE</w:instrText></w:r></w:p>"
            .to_owned(),
        format!("<w:tbl><w:tr>{}{}</w:tr><w:tr>{}{}</w:tr></w:tbl>", cell("k"), cell("v"), cell("1"), cell("2")),
    ]
    .concat();
    let document = format!("<w:document xmlns:w=\"{WORD}\"><w:body>{body}</w:body></w:document>");
    let notes = format!(
        "<w:footnotes xmlns:w=\"{WORD}\"><w:footnote w:type=\"separator\"><w:p><w:r><w:t>---</w:t></w:r></w:p></w:footnote>\
         <w:footnote><w:p><w:r><w:t>A note.</w:t></w:r></w:p></w:footnote></w:footnotes>"
    );
    let core = "<cp:coreProperties xmlns:cp=\"c\" xmlns:dc=\"d\"><dc:title>Runbook</dc:title></cp:coreProperties>";
    let bytes = archive(&[
        ("../../odd.txt", b"x"),
        ("word/document.xml", document.as_bytes()),
        ("word/styles.xml", styles.as_bytes()),
        ("word/numbering.xml", numbering.as_bytes()),
        ("word/footnotes.xml", notes.as_bytes()),
        ("docProps/core.xml", core.as_bytes()),
    ]);
    let extracted = read(Format::Docx, &bytes).unwrap();
    assert_eq!(extracted.title.as_deref(), Some("Runbook"));
    assert_eq!(
        extracted.text,
        "## R&D €\n\n1. stop\n2. start\n\nnew text link\n\n| k | v |\n| --- | --- |\n| 1 | 2 |\n\nFootnote: A note."
    );
}

#[test]
fn hostile_docx_are_refused() {
    let limits = Limits { max_unpacked_bytes: 1 << 20, ..Limits::default() };
    let bomb = docx(&format!("<w:p><w:r><w:t>{}</w:t></w:r></w:p>", "A".repeat(2 << 20)));
    assert!(matches!(extract_bytes(Format::Docx, &bomb, &limits), Err(ExtractError::Bomb { limit: 1_048_576 })));

    let entities = "<!DOCTYPE d [<!ENTITY x SYSTEM \"file:///etc/hostname\">]><w:document><w:p><w:r><w:t>&x;</w:t></w:r></w:p></w:document>";
    let error = read(Format::Docx, &archive(&[("word/document.xml", entities.as_bytes())])).unwrap_err();
    assert!(error.to_string().contains("document type declaration"), "{error}");

    let deep = docx(&("<w:p>".repeat(5000) + &"</w:p>".repeat(5000)));
    assert!(read(Format::Docx, &deep).unwrap_err().to_string().contains("nested more than 2000 deep"));

    let good = docx("<w:p><w:r><w:t>Text</w:t></w:r></w:p>");
    assert_eq!(read(Format::Docx, &good).unwrap().text, "Text");
    assert!(matches!(read(Format::Docx, &good[..good.len() - 30]), Err(ExtractError::Damaged { .. })));
    assert!(matches!(read(Format::Docx, &archive(&[("a.txt", b"x")])), Err(ExtractError::Damaged { .. })));
    assert!(matches!(read(Format::Docx, b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1 old"), Err(ExtractError::Damaged { .. })));
}

#[test]
fn warnings_say_what_was_lost() {
    let warning = Warning::PagesWithoutText { pages: (1..=10).collect() };
    assert_eq!(
        warning.to_string(),
        "pages 1, 2, 3, 4, 5, 6, 7, 8 and 2 more without text (scanned or images only): run OCR to have them found"
    );
    assert_eq!(Warning::PagesUnreadable { pages: vec![3] }.to_string(), "page 3 could not be read and is missing");
}

/// Every real and every nasty file at hand gives text or a typed error, within the limits.
#[test]
fn real_and_hostile_files_give_text_or_an_error() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data/documents");
    if !root.is_dir() {
        eprintln!("SKIPPED: no evaluation documents at {}", root.display());
        return;
    }
    let limits = Limits::default();
    let (mut texts, mut errors) = (0, 0);
    for folder in fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
        for path in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
            if Format::of_path(&path).is_none() {
                continue;
            }
            let started = Instant::now();
            match read_path(&path, &limits) {
                Ok(extracted) => {
                    assert!(!extracted.text.trim().is_empty(), "{}", path.display());
                    assert!(extracted.text.chars().count() <= limits.max_text_chars, "{}", path.display());
                    texts += 1;
                }
                Err(error) => {
                    assert!(error.to_string().len() > 20, "{}: {error}", path.display());
                    errors += 1;
                }
            }
            assert!(
                started.elapsed() < limits.timeout + Duration::from_secs(5),
                "{} took {:?}",
                path.display(),
                started.elapsed()
            );
        }
    }
    eprintln!("{texts} files gave text, {errors} an error");
    assert!(texts > errors);
}
