//! Formats against their names, and files of every format cut, changed, packed and called something else.

use std::{
    fs,
    io::{Cursor, Write},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use super::{
    tests::{archive, fixture, lines, pdf, read, saved},
    *,
};

/// The fixtures whose content says what they are.
const UNMISTAKABLE: &[(&str, Format)] = &[
    ("fleet.xlsx", Format::Xlsx),
    ("fleet.xls", Format::Xls),
    ("fleet.ods", Format::Ods),
    ("handbook.pptx", Format::Pptx),
    ("mooring.odt", Format::Odt),
    ("knots.odp", Format::Odp),
    ("lighthouse.epub", Format::Epub),
    ("watch.rtf", Format::Rtf),
];

#[test]
fn content_tells_the_format_whatever_the_name_says() {
    for (name, format) in UNMISTAKABLE {
        let (own, bytes) = fixture(name);
        let expected = read(own, &bytes).unwrap();
        assert_eq!(expected.format, *format);
        for named in Format::ALL {
            assert_eq!(read(*named, &bytes).unwrap(), expected, "{name} named {named}");
        }
    }
    let (_, mail) = fixture("berths.eml");
    for named in [Format::Text, Format::Old, Format::Markdown] {
        assert_eq!(read(named, &mail).unwrap().format, Format::Eml);
    }
    // Programs export pages and plain tables under the names of workbooks, and pages as documents.
    let page = b"\xEF\xBB\xBF<?xml version=\"1.0\"?><!-- x -->\n<!DOCTYPE html><html><body><table><tr><td>a</td><td>b</td></tr><tr><td>1</td><td>2</td></tr></table></body></html>";
    for named in [Format::Xls, Format::Old, Format::Text, Format::Docx] {
        let extracted = read(named, page).unwrap();
        assert_eq!((extracted.format, extracted.text.as_str()), (Format::Html, "| a | b |\n| --- | --- |\n| 1 | 2 |"));
    }
    let extracted = read(Format::Xls, b"a\tb\n1\t2\n").unwrap();
    let legacy = format!("Gr\u{f6}\u{df}e\tb\n{}", "1\t\u{e4}\n".repeat(2_000));
    let legacy: Vec<u8> = legacy.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    assert!(read(Format::Xls, &legacy).unwrap().text.starts_with("| Größe | b |"));
    assert_eq!((extracted.format, extracted.text.as_str()), (Format::Csv, "| a | b |\n| --- | --- |\n| 1 | 2 |"));
    let pdf = saved(pdf(&[lines(&["Text in a PDF that is called a note."])], None));
    assert_eq!(read(Format::Text, &pdf).unwrap().format, Format::Pdf);
}

#[test]
fn what_only_looks_like_another_format_is_read_as_its_name_says() {
    let notes = "From: me\nTo: you\nSubject: tides\n\nHigh at 9.";
    assert_eq!(read(Format::Text, notes.as_bytes()).unwrap().text, notes);
    let list = "Received: 5 boxes\nDate: Monday\nTotal: 7\n\nSigned.";
    assert_eq!(read(Format::Text, list.as_bytes()).unwrap().text, list);
    let code = "<html>\n{{ body }}\n</html>";
    assert_eq!(read(Format::Code, code.as_bytes()).unwrap().text, code);
    assert_eq!(read(Format::Markdown, b"About `<html>`: it is the root.").unwrap().format, Format::Markdown);
}

/// A compound file with this stream.
fn compound_file(stream: &str) -> Vec<u8> {
    let mut file = cfb::CompoundFile::create(Cursor::new(Vec::new())).unwrap();
    file.create_stream(stream).unwrap().write_all(b"content").unwrap();
    file.flush().unwrap();
    file.into_inner().into_inner()
}

#[test]
fn what_is_known_but_cannot_be_read_is_called_by_its_name() {
    let old = [
        ("/WordDocument", ".doc), which", ".docx"),
        ("/PowerPoint Document", ".ppt), which", ".pptx"),
        ("/__properties_version1.0", ".msg), which", ".eml"),
    ];
    for (stream, what, instead) in old {
        for named in [Format::Old, Format::Docx, Format::Text, Format::Xls] {
            let error = read(named, &compound_file(stream)).unwrap_err();
            assert!(matches!(error, ExtractError::NotReadable { .. }), "{error}");
            let words = error.to_string();
            assert!(words.contains(what) && words.contains(&format!("save it as {instead}")), "{words}");
        }
    }
    for named in [Format::Docx, Format::Xlsx, Format::Pptx, Format::Old] {
        assert!(matches!(read(named, &compound_file("/EncryptedPackage")), Err(ExtractError::Encrypted)));
    }
    let xml = "<?xml version=\"1.0\"?><Workbook xmlns=\"urn:schemas-microsoft-com:office:spreadsheet\"/>";
    assert!(matches!(read(Format::Xls, xml.as_bytes()), Err(ExtractError::NotReadable { .. })));
    assert_eq!(Format::of_path(Path::new("report.doc")), Some(Format::Old));
    assert!(!Format::supported().contains(".doc "), "{}", Format::supported());
    assert!(matches!(read(Format::Old, b"just words"), Err(ExtractError::Damaged { .. })));
}

#[test]
fn bombs_in_every_kind_of_archive_are_refused() {
    let limits = Limits { max_unpacked_bytes: 1 << 20, ..Limits::default() };
    let bomb = b" ".repeat(2 << 20);
    for part in [
        "xl/workbook.xml",
        "xl/workbook.bin",
        "ppt/presentation.xml",
        "word/document.xml",
        "META-INF/container.xml",
        "content.xml",
    ] {
        let bytes = archive(&[(part, &bomb)]);
        assert!(bytes.len() < 10_000);
        for named in [Format::Odt, Format::Ods] {
            let error = extract_bytes(named, &bytes, &limits).unwrap_err();
            assert!(matches!(error, ExtractError::Bomb { .. }), "{part}: {error}");
        }
    }
}

/// Every fixture, cut and with bytes changed, gives text or an error that says something, in time.
#[test]
fn damaged_fixtures_give_text_or_an_error() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/formats");
    let mut random = fastrand::Rng::with_seed(7);
    let read_one = |name: &str, format: Format, bytes: &[u8]| {
        let started = Instant::now();
        match read(format, bytes) {
            Ok(extracted) => assert!(!extracted.text.trim().is_empty(), "{name}"),
            Err(error) => {
                assert!(!error.to_string().contains(sandbox::PANICKED), "{name}: {error}");
                assert!(error.to_string().len() > 20, "{name}: {error}");
            }
        }
        assert!(started.elapsed() < Duration::from_secs(10), "{name}");
    };
    let mut count = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let (format, whole) = fixture(&name);
        assert!(read(format, &whole).is_ok(), "{name}");
        count += 1;
        for _ in 0..60 {
            read_one(&name, format, &whole[..random.usize(1..whole.len())]);
            let mut changed = whole.clone();
            for _ in 0..random.usize(1..12) {
                let at = random.usize(..changed.len());
                changed[at] = random.u8(..);
            }
            read_one(&name, format, &changed);
        }
    }
    assert!(count > 10, "{count} fixtures");
}

/// What begins again and again and never ends: a reader that searched for each end would take time by the square of the length.
#[test]
fn what_never_ends_takes_no_time_without_end() {
    let pieces: &[(Format, &[&str])] = &[
        (
            Format::Rst,
            &["`", "``a ", ":a:`b", ".. a::\n", "====\n", "== ==\n", "+--+\n|a\n", "* \n ", "a::\n\n b\n", "[1]_ "],
        ),
        (Format::Adoc, &["[", "<<", "a[", "----\n", "====\n", "|===\n", "|===\n|a ", "[cols=1]\n", "* a\n"]),
        (Format::Json, &["[", "{\"a\":", "\"", "/*", "[1,", "{\"a\":1}\n", "'\n", "[[]\n"]),
        (Format::Csv, &["\"", "\"a,", "a,\n", "\"\"\n", "a;,|\t\n"]),
        (Format::Markdown, &["<!--", "`<!--", "---\na: b\n", "```\n", "# "]),
        (Format::Html, &["<?xml ", "<title/>", "/>", "<p a=\""]),
        (Format::Rtf, &["\\'", "{\\upr", "\\trowd\\cell", "{\\footnote ", "\\bin9", "{\\*\\x}", "\\u-10179 "]),
        (Format::Eml, &["--x\n", "Content-Type: multipart/mixed; boundary=x\n\n--x\n", "=?utf-8?Q?", "<", "a: b\n"]),
    ];
    for (format, pieces) in pieces {
        for piece in *pieces {
            for start in ["", "Subject: a\nContent-Type: multipart/mixed; boundary=x\n\n", "{\\rtf1 ", "<?xml?><html>"]
            {
                let source = format!("{start}{}", piece.repeat(40_000));
                let started = Instant::now();
                let result = read(*format, source.as_bytes());
                assert!(started.elapsed() < Duration::from_secs(8), "{format} {start}{piece}: {:?}", started.elapsed());
                if let Err(error) = result {
                    assert!(!error.to_string().contains(sandbox::PANICKED), "{format} {piece}: {error}");
                }
            }
        }
    }
}
