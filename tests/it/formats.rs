//! A folder with a file of each format: each is found, whatever it is called, and what cannot be read is named.

use std::{fs, path::Path};

use reqwest::StatusCode;
use serde_json::json;

use crate::support::Workplace;

/// Files that are written here, and what asks for their content.
const WRITTEN: &[(&str, &str)] = &[
    (
        "tide.jsonl",
        "{\"harbour\": \"Wismar\", \"tide gauge\": \"TG-4711\"}\n{\"harbour\": \"Kiel\", \"tide gauge\": \"TG-0815\"}\n",
    ),
    ("ropes.rst", "Ropes\n=====\n\nHemp\n----\n\nA hemp rope is replaced after eighteen months.\n"),
    ("pumps.adoc", "= Pumps\n\n== Bilge\n\nThe bilge pump moves ninety litres a minute.\n"),
    (
        "drag.tex",
        "\\documentclass{article}\n\\begin{document}\n\\section{Hull drag}\nBarnacles cost four knots of speed.\n\\end{document}\n",
    ),
    (
        "signal.py",
        "FLASH_SECONDS = 17\n\ndef flash_interval():\n    \"\"\"Seconds between two flashes of the beacon.\"\"\"\n    return FLASH_SECONDS\n",
    ),
    ("paint.md", "---\ntitle: Antifouling paint\n---\nIt is renewed every spring.\n"),
];

/// Documents that are attached to the mail among the files.
const ATTACHED: usize = 3;

/// A question, the file that answers it, and words of the passage.
const QUESTIONS: &[(&str, &str, &str)] = &[
    ("Which line does a boat of 12 m need for mooring?", "mooring.odt", "16 mm"),
    ("When does the bowline hold, in percent?", "knots.odp", "60 %"),
    ("On which channel is the harbour master called?", "handbook.pptx", "channel 14"),
    ("How much oil does the lamp burn a night?", "lighthouse.epub", "2.5 litres"),
    ("Who has the night watch at 22:00?", "watch.rtf", "Mira Okafor"),
    ("What did Jon write about the fees of 2025?", "berths.eml/Re: Fees of 2025.eml", "34 euros"),
    ("Which fee has the code K-8?", "berths.eml/Re: Fees of 2025.eml/fees.csv", "21"),
    ("How many berths has pier A?", "berths.eml", "| A | 7 |"),
    ("Which tide gauge is in Wismar?", "tide.jsonl", "TG-4711"),
    ("When is a hemp rope replaced?", "ropes.rst", "eighteen months"),
    ("How many litres a minute does the bilge pump move?", "pumps.adoc", "ninety litres"),
    ("How many knots do barnacles cost?", "drag.tex", "four knots"),
    ("What returns the interval between two flashes of the beacon?", "signal.py", "FLASH_SECONDS"),
    ("When is the antifouling paint renewed?", "paint.md", "every spring"),
    ("Which note says that the boat moves to Wismar in May?", "fleet.xlsx", "Moves to Wismar in May"),
];

#[tokio::test]
async fn a_file_of_each_format_answers_a_question() {
    let workplace = Workplace::new();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/formats");
    let mut count = WRITTEN.len();
    for entry in fs::read_dir(fixtures).unwrap().map(|entry| entry.unwrap()) {
        let name = entry.file_name().into_string().unwrap();
        workplace.write(&format!("mixed/{name}"), fs::read(entry.path()).unwrap());
        count += 1;
    }
    for (name, text) in WRITTEN {
        workplace.write(&format!("mixed/{name}"), text);
    }
    // A document under a wrong name is read; one of a format that is recognised only is named.
    fs::rename(workplace.path("mixed/mooring.odt"), workplace.path("mixed/mooring.txt")).unwrap();
    workplace.write("mixed/minutes.doc", "no document at all");

    let server = workplace.serve(&[]);
    let (status, report) = server.post("/api/ingest", json!({ "paths": ["mixed"] })).await;
    assert_eq!(status, StatusCode::OK, "{report}");
    assert_eq!(report["documents"]["added"], count + ATTACHED, "{report}");
    let errors = report["errors"].as_array().unwrap();
    assert!(errors.len() == 1 && errors[0].to_string().contains("minutes.doc"), "{report}");

    for (question, file, words) in QUESTIONS {
        let (status, answer) = server.post("/query", json!({ "query": question, "k": 3 })).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        let found = answer["metadatas"].as_array().unwrap();
        let contexts = answer["contexts"].as_array().unwrap();
        let file = file.replace(".odt", ".txt");
        let hit = found.iter().zip(contexts).any(|(metadata, context)| {
            metadata["source"].as_str().unwrap().ends_with(&file) && context.as_str().unwrap().contains(words)
        });
        assert!(hit, "{question}: {found:?} {contexts:?}");
    }
}
