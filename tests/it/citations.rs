//! Two hundred citations: each quotes the words, the page and the headings where they were written.

use std::{collections::BTreeMap, io::Write, process::Command};

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{
    documents::pdf,
    support::{Server, Workplace, skipped},
};

const PLACES: [&str; 10] = [
    "Ahrensburg",
    "Bremerhaven",
    "Cuxhaven",
    "Dornumersiel",
    "Eckernförde",
    "Flensburg",
    "Greetsiel",
    "Husum",
    "Itzehoe",
    "Jever",
];
const THINGS: [&str; 5] = ["lighthouse", "dry dock", "signal mast", "tide gauge", "ferry pier"];

/// Chapters of a document: a title, perhaps one below it, and sentences.
struct Chapter {
    title: String,
    below: Option<String>,
    sentences: Vec<String>,
}

/// Fifty sentences, in which no two documents say the same.
fn chapters(seed: usize) -> Vec<Chapter> {
    let chapter = |(n, place): (usize, &&str)| Chapter {
        title: format!("Port of {place}"),
        below: (n % 2 == 1).then(|| format!("Buildings {seed}{n}")),
        sentences: THINGS
            .iter()
            .enumerate()
            .map(|(m, thing)| {
                format!("The {thing} of {place} in register {seed} was built in {}", 1700 + 50 * seed + 5 * n + m)
            })
            .collect(),
    };
    PLACES.iter().enumerate().map(chapter).collect()
}

/// Where a sentence was written.
#[derive(Debug, Clone, PartialEq)]
struct Written {
    source: String,
    page: Option<u64>,
    headings: Vec<String>,
}

/// The same chapters as Markdown, with a frame around titles, paragraphs, and the whole.
fn marked(chapters: &[Chapter], title: [&str; 4], paragraph: [&str; 2], whole: [&str; 2]) -> String {
    let mut text = whole[0].to_owned();
    for chapter in chapters {
        text += &format!("{}{}{}", title[0], chapter.title, title[1]);
        if let Some(below) = &chapter.below {
            text += &format!("{}{below}{}", title[2], title[3]);
        }
        for sentence in &chapter.sentences {
            text += &format!("{}{sentence}.{}", paragraph[0], paragraph[1]);
        }
    }
    text + whole[1]
}

fn docx(chapters: &[Chapter]) -> Vec<u8> {
    const TYPES: &str = r#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>"#;
    const RELATIONS: &str = r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>"#;
    const STYLES_RELATION: &str = r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/></Relationships>"#;
    const STYLES: &str = r#"<w:styles xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:style w:type="paragraph" w:styleId="H1"><w:name w:val="heading 1"/></w:style><w:style w:type="paragraph" w:styleId="H2"><w:name w:val="heading 2"/></w:style></w:styles>"#;
    let heading = |style| format!(r#"<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr><w:r><w:t>"#);
    let (end, paragraph) = ("</w:t></w:r></w:p>", "<w:p><w:r><w:t>");
    let body = marked(
        chapters,
        [&heading("H1"), end, &heading("H2"), end],
        [paragraph, end],
        [
            r#"<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>"#,
            "</w:body></w:document>",
        ],
    );
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, part) in [
        ("[Content_Types].xml", TYPES),
        ("_rels/.rels", RELATIONS),
        ("word/_rels/document.xml.rels", STYLES_RELATION),
        ("word/styles.xml", STYLES),
        ("word/document.xml", &body),
    ] {
        archive.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(part.as_bytes()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// Writes four documents; tells where each sentence of them is.
fn write(workplace: &Workplace) -> BTreeMap<String, Written> {
    let mut written = BTreeMap::new();
    for (seed, extension) in ["md", "html", "docx", "pdf"].into_iter().enumerate() {
        let (chapters, source) = (chapters(seed), format!("ports/register.{extension}"));
        for (chapter, page) in chapters.iter().zip(1..) {
            let is_pdf = extension == "pdf";
            for sentence in &chapter.sentences {
                let headings = std::iter::once(&chapter.title).chain(&chapter.below).cloned();
                let place = Written {
                    source: source.clone(),
                    page: is_pdf.then_some(page),
                    headings: if is_pdf { Vec::new() } else { headings.collect() },
                };
                written.insert(sentence.clone(), place);
            }
        }
        let bytes = match extension {
            "md" => marked(&chapters, ["# ", "\n\n", "## ", "\n\n"], ["", "\n\n"], [""; 2]).into_bytes(),
            "html" => {
                let whole = ["<!doctype html><html><body><main>", "</main></body></html>"];
                marked(&chapters, ["<h1>", "</h1>", "<h2>", "</h2>"], ["<p>", "</p>"], whole).into_bytes()
            }
            "docx" => docx(&chapters),
            _ => {
                // Octal: one byte a character, in the font's encoding.
                let pages: Vec<String> =
                    chapters.iter().map(|chapter| chapter.sentences.join(".\n").replace('ö', "\\366") + ".").collect();
                pdf(&pages.iter().map(String::as_str).collect::<Vec<_>>())
            }
        };
        workplace.write(&source, bytes);
    }
    written
}

/// The citation of a sentence in the answer to what asks for it.
async fn cited(server: &Server, sentence: &str) -> Value {
    let (status, answer) = server.post("/query", json!({ "query": format!("{sentence}?"), "cache": false })).await;
    assert_eq!(status, StatusCode::OK, "{answer:#}");
    let citations = answer["citations"].as_array().unwrap();
    let found = citations.iter().find(|citation| citation["quote"].as_str().unwrap().contains(sentence));
    found.unwrap_or_else(|| panic!("{sentence} is not cited: {answer:#}")).clone()
}

#[tokio::test]
async fn two_hundred_citations_are_right_to_the_word_the_page_and_the_heading() {
    let workplace = Workplace::new();
    let written = write(&workplace);
    assert_eq!(written.len(), 200);
    let server = workplace.serve(&["--docs", "ports"]);
    let has_reader = Command::new("pdftotext").arg("-v").output().is_ok();
    for (sentence, place) in &written {
        let citation = cited(&server, sentence).await;
        let headings = citation["heading"].as_array().cloned().unwrap_or_default();
        let headings = headings.iter().map(|title| title.as_str().unwrap().to_owned()).collect();
        let source = citation["source"].as_str().unwrap().to_owned();
        assert_eq!(Written { source, page: citation["page"].as_u64(), headings }, *place, "{sentence}: {citation:#}");

        let (id, start, end) = (citation["document_id"].as_str().unwrap(), &citation["start"], &citation["end"]);
        let (_, part) = server.get(&format!("/api/docs/{id}/text?start={start}&end={end}")).await;
        assert_eq!(part["text"], citation["quote"], "{sentence}");
        if let (Some(page), true) = (place.page, has_reader) {
            let (page, file) = (page.to_string(), workplace.path(&place.source));
            let shown = Command::new("pdftotext").args(["-f", &page, "-l", &page]).arg(file).arg("-").output().unwrap();
            let shown = String::from_utf8_lossy(&shown.stdout).split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(shown.contains(sentence), "{sentence} is not on page {page}: {shown}");
        }
    }
    if !has_reader {
        skipped("pdftotext (poppler-utils) is not installed: pages are compared with what was written only");
    }
}
