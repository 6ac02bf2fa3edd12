//! Documents are found by their names, titles and headings, which answers never quote.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Server, Workplace, skipped, text};

/// Sources of the passages that are found, best first.
async fn found(server: &Server, question: &str) -> Vec<String> {
    let body = server.ask(question).await;
    let places = body["metadatas"].as_array().unwrap();
    places.iter().map(|place| place["source"].as_str().unwrap().to_owned()).collect()
}

/// Under a label: without one, each state of a document is a version of its own.
async fn ingest(server: &Server) -> Value {
    server.post("/api/ingest", json!({ "paths": ["docs"], "version": "v1" })).await.1
}

#[tokio::test]
async fn a_document_that_is_named_is_preferred_to_those_that_mention_it() {
    let workplace = Workplace::new();
    workplace
        .write("docs/ring-0.17.14/LICENSE.txt", "It is distributed under a permissive license, with notices kept.\n");
    for other in ["rustls", "tokio-rustls", "webpki"] {
        let words = format!(
            "The license of {other}: this license is like that of ring. Ring is used by {other}; ring is fast."
        );
        workplace.write(&format!("docs/{other}-1.2.0/README.md"), words);
    }
    workplace.write("docs/serde_json-1.0/README.md", "Reads text of a certain kind quickly.\n");
    workplace.write(
        "docs/serde-1.0/README.md",
        "Derives code for types. What reads JSON is serde_json, a friend of serde.\n",
    );
    let server = workplace.serve(&["--docs", "docs"]);
    assert_eq!(found(&server, "Which license does ring have?").await[0], "docs/ring-0.17.14/LICENSE.txt");
    for question in ["How does serde_json read text?", "How does serde json read text?"] {
        assert_eq!(found(&server, question).await[0], "docs/serde_json-1.0/README.md", "{question}");
    }
    assert_eq!(found(&server, "What code is derived by serde?").await[0], "docs/serde-1.0/README.md");
}

#[tokio::test]
async fn a_passage_is_found_by_its_heading_and_quoted_without_it() {
    let workplace = Workplace::new();
    let filler = "It goes on with words that say little about anything, sentence by sentence. ".repeat(12);
    let section = |n: usize, title: &str| format!("## {title}\n\n{filler}\n\nThe value is {n} units.\n\n");
    let titles = ["Moorings", "Winches", "Lanterns"];
    let sections: String = titles.iter().enumerate().map(|(n, title)| section(n, title)).collect();
    workplace.write("docs/quay.md", format!("# The quay\n\n{sections}"));
    let server = workplace.serve(&["--docs", "docs"]);
    for (n, title) in titles.iter().enumerate() {
        let body = server.ask(&format!("What is the value for {} in units?", title.to_lowercase())).await;
        let context = body["contexts"][0].as_str().unwrap();
        assert!(context.contains(&format!("The value is {n} units.")), "{title}: {body:#}");
        assert_eq!(
            context.contains(title),
            context.contains(&format!("## {title}")),
            "the context is no part of the text"
        );
        let quote = body["citations"][0]["quote"].as_str().unwrap();
        assert!(!quote.contains('›') && !quote.contains("The quay"), "{quote}");
    }
}

#[tokio::test]
async fn only_what_changed_with_its_context_is_read_again() {
    let workplace = Workplace::new();
    let paragraph = |n: usize| format!("Paragraph {n} tells of rope {n}. ").repeat(20);
    let page = |title: &str, first: &str| {
        format!("# {title}\n\n{first}\n\n## One\n\n{}\n\n## Two\n\n{}\n", paragraph(1), paragraph(2))
    };
    workplace.write("docs/ropes.md", page("Ropes", "This page tells how ropes are kept."));
    let server = workplace.serve(&[]);
    ingest(&server).await;

    workplace.write("docs/ropes.md", page("Ropes", "A longer beginning, so that all others move."));
    let moved = ingest(&server).await;
    assert_eq!(moved["chunks_indexed"], 1, "{moved:#}");

    workplace.write("docs/ropes.md", page("Hawsers", "A longer beginning, so that all others move."));
    let renamed = ingest(&server).await;
    assert_eq!(renamed["chunks_indexed"], 2, "both stand under another title: {renamed:#}");
    let body = server.ask("hawsers").await;
    assert_eq!(body["metadatas"][0]["source"], "docs/ropes.md", "{body:#}");
    assert_eq!(body["metadatas"][0]["title"], "Hawsers");
}

/// `ragctl eval` over chapters of a book, when they are there: `first` and `five` of the hybrid search.
#[test]
fn chapters_of_a_book_are_found_by_their_headings() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let book = root.join("../shared/data/documents/rust-book-md");
    let Ok(book) = book.canonicalize() else {
        skipped(&format!("{} is not there", book.display()));
        return;
    };
    let workplace = Workplace::new();
    let questions = root.join("fixtures/eval/rust-book");
    let output = workplace.run(&[
        "eval",
        &questions.to_string_lossy(),
        "--documents",
        &book.to_string_lossy(),
        "--methods",
        "hybrid",
        // Names and headings are what is measured, and without optimisation the vectors would take minutes.
        "--sparse",
        "off",
        "--format",
        "json",
        "--provider",
        "embedded",
    ]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let scores: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(scores[0]["queries"], 100);
    let (first, five) = (scores[0]["first"].as_f64().unwrap(), scores[0]["five"].as_f64().unwrap());
    assert!(first >= 0.90 && five >= 0.97, "first {first}, among five {five}");
}
