//! Scans: a program of the operator's recognises their text, in bounds.
#![cfg(unix)]

use std::process::Command;

use lopdf::{Document, Object, Stream, dictionary};
use serde_json::{Value, json};

use crate::support::{Workplace, skipped, text};

/// Ends pages with form feeds, as such programs do.
const TEXT: &str = "The heron nests in March.\n\u{c}The otter sleeps at noon.\n\u{c}";

/// A PDF whose pages are pictures: JPEGs, or grey squares where there is none.
fn scan(pictures: &[Option<Vec<u8>>], (width, height): (i64, i64)) -> Vec<u8> {
    let mut document = Document::with_version("1.5");
    let parent = document.new_object_id();
    let mut kids: Vec<Object> = Vec::new();
    for picture in pictures {
        let mut image = dictionary! {
            "Type" => "XObject", "Subtype" => "Image", "Width" => width, "Height" => height,
            "ColorSpace" => "DeviceGray", "BitsPerComponent" => 8,
        };
        let bytes = match picture {
            Some(jpeg) => {
                image.set("Filter", "DCTDecode");
                image.set("ColorSpace", "DeviceRGB");
                jpeg.clone()
            }
            None => vec![128; usize::try_from(width * height).unwrap()],
        };
        let image = document.add_object(Stream::new(image, bytes));
        let content = document.add_object(Stream::new(dictionary! {}, b"q 612 0 0 792 0 0 cm /I Do Q".to_vec()));
        let resources = dictionary! { "XObject" => dictionary! { "I" => image } };
        let media: Vec<Object> = [0, 0, 612, 792].map(Object::from).into();
        let page = dictionary! {
            "Type" => "Page", "Parent" => parent, "Contents" => content, "Resources" => resources, "MediaBox" => media,
        };
        kids.push(document.add_object(page).into());
    }
    let count = kids.len() as i64;
    document
        .objects
        .insert(parent, Object::Dictionary(dictionary! { "Type" => "Pages", "Kids" => kids, "Count" => count }));
    let catalog = document.add_object(dictionary! { "Type" => "Catalog", "Pages" => parent });
    document.trailer.set("Root", catalog);
    let mut bytes = Vec::new();
    document.save_to(&mut bytes).unwrap();
    bytes
}

fn with_scan() -> Workplace {
    let workplace = Workplace::new();
    workplace.write("scans/river.pdf", scan(&[None, None], (16, 16)));
    workplace
}

#[tokio::test]
async fn a_scan_is_found_by_what_was_recognised_and_cited_to_its_page() {
    let workplace = with_scan();
    workplace.write("river.txt", TEXT);
    let command = format!("sh -c 'test -s \"$1\" && cat {}' - {{input}}", workplace.path("river.txt").display());
    let server = workplace.serve(&["--docs", "scans", "--ocr-command", &command]);
    let answer = server.ask("When does the otter sleep?").await;
    let citation = &answer["citations"][0];
    assert_eq!(citation["quote"], "The otter sleeps at noon", "{answer:#}");
    assert_eq!((&citation["source"], &citation["page"]), (&json!("scans/river.pdf"), &json!(2)));

    let (_, list) = server.get("/api/docs?source=scans/*").await;
    assert_eq!(list["docs"][0]["format"], "pdf");
    let (_, report) = server.post("/api/ingest", json!({ "paths": ["scans"] })).await;
    assert_eq!(report["documents"]["unchanged"], 1, "it is recognised once: {report}");
}

#[tokio::test]
async fn without_a_program_or_with_one_that_fails_it_is_told_what_has_no_text() {
    let workplace = with_scan();
    let ingest = |more: &[&str]| {
        let words: Vec<&str> = ["ingest", "scans", "--provider", "embedded"].iter().chain(more).copied().collect();
        workplace.run(&words)
    };
    let without = ingest(&[]);
    assert!(text(&without.stderr).contains("OCR") && !without.status.success(), "{}", text(&without.stderr));

    let failing = ingest(&["--ocr-command", "sh -c 'echo no such language >&2; exit 1' {input}"]);
    let said = text(&failing.stderr);
    assert!(said.contains("has no text, and the OCR program failed: no such language"), "{said}");

    let slow = ingest(&["--ocr-command", "sh -c 'sleep 1000' {input}", "--ocr-timeout", "1"]);
    assert!(text(&slow.stderr).contains("took longer than 1 s (--ocr-timeout)"), "{}", text(&slow.stderr));

    let wrong = ingest(&["--ocr-command", "ocrmypdf"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(text(&wrong.stderr).contains("{input}"), "{}", text(&wrong.stderr));
}

/// The real thing: pages are drawn, and read again.
#[tokio::test]
async fn ocrmypdf_reads_a_scan() {
    if ["ocrmypdf", "pdftoppm"].iter().any(|program| Command::new(program).arg("--help").output().is_err()) {
        return skipped("ocrmypdf and pdftoppm (poppler-utils) are not both installed");
    }
    let workplace = Workplace::new();
    workplace.write(
        "pages.pdf",
        crate::documents::pdf(&["The ebb tide turns the mill at dawn.", "The spring tide closes the lock gate."]),
    );
    let drawn = Command::new("pdftoppm")
        .args(["-jpeg", "-scale-to-x", "1224", "-scale-to-y", "1584", "pages.pdf", "page"])
        .current_dir(workplace.path("."))
        .status()
        .unwrap();
    assert!(drawn.success());
    let pages: Vec<Option<Vec<u8>>> =
        (1..=2).map(|page| Some(std::fs::read(workplace.path(&format!("page-{page}.jpg"))).unwrap())).collect();
    workplace.write("scans/tides.pdf", scan(&pages, (1224, 1584)));
    let server = workplace.serve(&["--docs", "scans", "--ocr-command", "ocrmypdf --skip-text {input} {output}"]);
    let answer: Value = server.ask("What closes the lock gate?").await;
    let citation = &answer["citations"][0];
    assert_eq!((&citation["source"], &citation["page"]), (&json!("scans/tides.pdf"), &json!(2)), "{answer:#}");
    assert!(citation["quote"].as_str().unwrap().contains("spring tide closes the lock gate"), "{answer:#}");
}
