//! Documents as they are kept: listed, shown in detail, read again, and passages that know where they are from.

use std::process::Command;

use lopdf::{Document, Object, Stream, dictionary};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{Server, Workplace, skipped, text};

/// A server over the sample documents, and a PDF of three pages, the second of which is empty.
fn serve(workplace: &Workplace) -> Server {
    workplace.write(
        "docs/tides.pdf",
        pdf(&["The ebb tide turns the mill at dawn.", "", "The spring tide closes the lock gate."]),
    );
    workplace.serve(&["--docs", "docs"])
}

/// A PDF with these lines of text on each page.
pub fn pdf(pages: &[&str]) -> Vec<u8> {
    let mut document = Document::with_version("1.5");
    let parent = document.new_object_id();
    let font = document.add_object(dictionary! { "Type" => "Font", "Subtype" => "Type1", "BaseFont" => "Helvetica", "Encoding" => "WinAnsiEncoding" });
    let resources = document.add_object(dictionary! { "Font" => dictionary! { "F" => font } });
    let kids: Vec<Object> = pages
        .iter()
        .map(|lines| {
            let content = format!("BT /F 12 Tf 72 700 Td ({}) Tj ET", lines.replace('\n', ") Tj 0 -16 Td ("));
            let content = document.add_object(Stream::new(dictionary! {}, content.into_bytes()));
            let page = dictionary! { "Type" => "Page", "Parent" => parent, "Contents" => content };
            document.add_object(page).into()
        })
        .collect();
    let count = kids.len() as i64;
    let media: Vec<Object> = [0, 0, 612, 792].map(Object::from).into();
    let root = dictionary! { "Type" => "Pages", "Kids" => kids, "Count" => count, "Resources" => resources, "MediaBox" => media };
    document.objects.insert(parent, Object::Dictionary(root));
    let catalog = document.add_object(dictionary! { "Type" => "Catalog", "Pages" => parent });
    document.trailer.set("Root", catalog);
    let mut bytes = Vec::new();
    document.save_to(&mut bytes).unwrap();
    bytes
}

async fn listed(server: &Server, query: &str) -> Vec<Value> {
    let (status, body) = server.get(&format!("/api/docs?{query}")).await;
    assert_eq!(status, StatusCode::OK, "{body:#}");
    body["docs"].as_array().unwrap().clone()
}

fn sources(docs: &[Value]) -> Vec<&str> {
    docs.iter().map(|doc| doc["source"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn documents_are_listed_in_pages_by_what_is_known_of_them() {
    let workplace = Workplace::new();
    let server = serve(&workplace);
    let all = listed(&server, "").await;
    let names = sources(&all);
    assert!(names.len() > 5 && names.is_sorted(), "{names:?}");
    assert!(all.iter().all(|doc| doc["chunks"].as_u64() > Some(0) && doc["modified"].is_string()), "{all:#?}");
    let (_, page) = server.get("/api/docs?limit=2&offset=1").await;
    assert_eq!(
        (page["total"].as_u64(), sources(page["docs"].as_array().unwrap())),
        (Some(names.len() as u64), names[1..3].to_vec())
    );
    let pdfs = listed(&server, "format=pdf").await;
    assert_eq!(sources(&pdfs), sources(&listed(&server, "source=*.pdf").await));
    assert!(!pdfs.is_empty() && pdfs.len() < all.len());
    let largest = listed(&server, "sort=bytes&order=desc&limit=1").await;
    assert_eq!(largest[0]["bytes"].as_u64(), all.iter().map(|doc| doc["bytes"].as_u64().unwrap()).max());
    for wrong in ["sort=size", "order=up", "limit=0", "limit=x", "offset=-1"] {
        assert_eq!(server.get(&format!("/api/docs?{wrong}")).await.0, StatusCode::BAD_REQUEST, "{wrong}");
    }
}

#[tokio::test]
async fn a_document_is_shown_in_detail_and_its_text_in_parts() {
    let workplace = Workplace::new();
    let server = serve(&workplace);
    let id = listed(&server, "source=*installation.md").await[0]["id"].as_str().unwrap().to_owned();
    let (_, document) = server.get(&format!("/api/docs/{id}")).await;
    let outline = document["outline"].as_array().unwrap();
    assert!(outline.len() > 2 && outline[0]["level"] == 1, "{document:#}");
    assert_eq!((&document["pages"], &document["quality"]["replaced"]), (&json!([]), &json!(0)));
    let (_, whole) = server.get(&format!("/api/docs/{id}/text")).await;
    assert_eq!(whole["characters"], document["quality"]["characters"]);
    let text: Vec<char> = whole["text"].as_str().unwrap().chars().collect();
    let start = outline[1]["start"].as_u64().unwrap();
    let (_, part) = server.get(&format!("/api/docs/{id}/text?start={start}&end={}", start + 40)).await;
    let wanted: String = text[start as usize..start as usize + 40].iter().collect();
    assert_eq!(part["text"], wanted);
    assert!(wanted.contains(outline[1]["title"].as_str().unwrap()), "{wanted}");
    let (_, beyond) = server.get(&format!("/api/docs/{id}/text?start=999999999")).await;
    assert_eq!((&beyond["text"], &beyond["start"]), (&json!(""), &whole["characters"]));

    for (path, status) in [
        (format!("/api/docs/{id}/text?start=9&end=3"), StatusCode::BAD_REQUEST),
        (format!("/api/docs/{id}/text?start=-1"), StatusCode::BAD_REQUEST),
        ("/api/docs/unknown".into(), StatusCode::NOT_FOUND),
        ("/api/docs/unknown/text".into(), StatusCode::NOT_FOUND),
        (format!("/api/docs/{id}?db=nowhere"), StatusCode::NOT_FOUND),
    ] {
        assert_eq!(server.get(&path).await.0, status, "{path}");
    }
}

/// Passages of answers to questions about all sample documents, with what is told of them.
async fn passages(server: &Server) -> Vec<(String, Value)> {
    let mut passages = Vec::new();
    for question in [
        "How long can a voyage be paused?",
        "When is a refund paid?",
        "How is the harbor installed?",
        "Who is on call at night?",
        "What changed in the last release?",
        "How are passwords stored?",
        "Wie lange dauert die Einarbeitung?",
        "Which parts does the architecture have?",
        "What does the spring tide close?",
        "What turns the mill?",
    ] {
        let (_, answer) = server.post("/query", json!({ "query": question, "k": 10 })).await;
        let texts = answer["contexts"].as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned());
        passages.extend(texts.zip(answer["metadatas"].as_array().unwrap().iter().cloned()));
    }
    passages
}

#[tokio::test]
async fn passages_are_parts_of_their_documents_and_know_page_and_heading() {
    let workplace = Workplace::new();
    let server = serve(&workplace);
    let passages = passages(&server).await;
    for (text, metadata) in &passages {
        let (id, start, end) = (metadata["document_id"].as_str().unwrap(), &metadata["start"], &metadata["end"]);
        let (_, part) = server.get(&format!("/api/docs/{id}/text?start={start}&end={end}")).await;
        // A piece of a table has the header row before it, which stands elsewhere.
        assert!(text.ends_with(part["text"].as_str().unwrap()), "{metadata:#}\n{text}\n{part:#}");
        let (_, document) = server.get(&format!("/api/docs/{id}")).await;
        assert_eq!(document["source"], metadata["source"]);
        let has_pages = !document["pages"].as_array().unwrap().is_empty();
        assert_eq!(metadata["page"].is_u64(), has_pages, "{metadata:#}");
        let titles: Vec<&Value> =
            document["outline"].as_array().unwrap().iter().map(|heading| &heading["title"]).collect();
        let path = metadata["heading"].as_array().cloned().unwrap_or_default();
        assert!(path.iter().all(|title| titles.contains(&title)), "{metadata:#}");
    }
    let tides = passages.iter().filter(|(_, metadata)| metadata["source"] == "docs/tides.pdf");
    let pages: Vec<(bool, &Value)> =
        tides.map(|(text, metadata)| (text.contains("mill"), &metadata["pages"])).collect();
    assert!(!pages.is_empty());
    // Short pages share a chunk.
    assert!(pages.iter().all(|(_, on)| **on == json!([1, 3])), "{pages:?}");
    assert!(passages.iter().any(|(_, metadata)| metadata["heading"].as_array().is_some_and(|path| path.len() > 1)));
}

#[tokio::test]
async fn what_an_answer_cites_is_a_range_of_its_document() {
    let workplace = Workplace::new();
    let server = serve(&workplace);
    let ask = json!({ "query": "What turns the mill?" });
    let answer = server.ask("What turns the mill?").await;
    let citation = &answer["citations"][0];
    assert_eq!(citation["quote"], "The ebb tide turns the mill at dawn", "{answer:#}");
    assert_eq!((&citation["number"], &citation["source"]), (&json!(1), &json!("docs/tides.pdf")));
    // The passage is on two pages, the sentence on one.
    assert_eq!((&citation["page"], &citation["pages"]), (&json!(1), &json!([1])));
    let (id, start, end) = (citation["document_id"].as_str().unwrap(), &citation["start"], &citation["end"]);
    let (_, part) = server.get(&format!("/api/docs/{id}/text?start={start}&end={end}")).await;
    assert_eq!(part["text"], citation["quote"]);
    // From the cache and in a stream they are the same.
    assert_eq!(server.ask("What turns the mill?").await["citations"], answer["citations"]);
    let request =
        server.client().post(format!("{}/api/stream_query", server.url)).header("accept", "text/event-stream");
    let events = request.json(&ask).send().await.unwrap().text().await.unwrap();
    let done = events.lines().rev().find_map(|line| line.strip_prefix("data: ")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(done).unwrap()["citations"], answer["citations"]);

    let shown = workplace.run(&["query", "--provider", "embedded", "--quotes", "What turns the mill?"]);
    let shown = text(&shown.stdout);
    assert!(
        shown.contains("[1] docs/tides.pdf, pages 1–3") && shown.contains("│ The ebb tide turns the mill at dawn"),
        "{shown}"
    );
}

#[tokio::test]
async fn pages_are_those_that_another_reader_finds_the_words_on() {
    if Command::new("pdftotext").arg("-v").output().is_err() {
        return skipped("pdftotext (poppler-utils) is not installed");
    }
    let workplace = Workplace::new();
    let server = serve(&workplace);
    let words = |text: &str| -> Vec<String> {
        text.split(|c: char| !c.is_alphanumeric()).filter(|word| word.len() > 1).map(str::to_lowercase).collect()
    };
    let mut checked = 0;
    for (text, metadata) in passages(&server).await {
        let source = metadata["source"].as_str().unwrap();
        let Some(pages) = metadata["pages"].as_array().filter(|_| source.ends_with(".pdf")) else { continue };
        let (first, last) = (pages[0].to_string(), pages[pages.len() - 1].to_string());
        let file = workplace.path(source);
        let shown = Command::new("pdftotext").args(["-f", &first, "-l", &last]).arg(&file).arg("-").output().unwrap();
        let there = words(&String::from_utf8_lossy(&shown.stdout));
        let missing: Vec<String> = words(&text).into_iter().filter(|word| !there.contains(word)).collect();
        assert!(missing.is_empty(), "{source}, pages {first} to {last}: {missing:?} of {text:?}");
        checked += 1;
    }
    assert!(checked > 0);
}

#[tokio::test]
async fn the_command_lists_shows_and_removes_documents_here_and_at_a_server() {
    let workplace = Workplace::new();
    let server = serve(&workplace);
    let url = server.url.clone();
    let run = |words: &[&str], place: &[&str]| {
        let ran = workplace.run(&[&["docs"], words, place].concat());
        (ran.status.code(), text(&ran.stdout), text(&ran.stderr))
    };
    for place in [&["--url", url.as_str()][..], &[]] {
        let (code, list, said) = run(&["list", "docs/*", "--format", "pdf"], place);
        assert_eq!(code, Some(0), "{said}");
        assert!(
            list.starts_with("NAME")
                && list.lines().any(|line| line.starts_with("docs/tides.pdf ") && line.contains(" pdf ")),
            "{list}"
        );
        let (_, shown, _) = run(&["show", "docs/tides.pdf"], place);
        assert!(shown.contains("Pages       3") && shown.contains("Name        docs/tides.pdf"), "{shown}");
        let (_, part, _) = run(&["show", "docs/tides.pdf", "--text", "--start", "4", "--end", "12"], place);
        assert_eq!(part, "ebb tide\n");
        let (code, _, said) = run(&["show", "nothing.md"], place);
        assert!(code == Some(1) && said.contains("nothing.md"), "{said}");
    }
    let json = run(&["list", "--json"], &[]).1;
    assert_eq!(
        serde_json::from_str::<Value>(&json).unwrap()["docs"].as_array().unwrap().len(),
        listed(&server, "").await.len()
    );

    let (code, removed, said) = run(&["delete", "docs/tides.pdf", "docs/nothing.md"], &[]);
    assert_eq!((code, removed.as_str()), (Some(1), "removed: docs/tides.pdf\n"));
    assert!(said.contains("no document is called docs/nothing.md"), "{said}");
    assert!(!sources(&listed(&server, "").await).contains(&"docs/tides.pdf"));
    let (code, _, said) = run(&["list"], &["--data-dir", "nowhere"]);
    assert!(code == Some(1) && said.contains("no data directory nowhere"), "{said}");
}
