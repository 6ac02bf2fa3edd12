//! Values as people keep them, and what is not quite JSON.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::rag::extract::{Format, extract_bytes};

fn read(source: &str) -> String {
    extract_bytes(Format::Json, source.as_bytes(), &Limits::default()).unwrap().text
}

#[test]
fn keys_become_headings_lists_and_tables() {
    let source = r#"{
        "name": "harbor", "version": 1.10, "tags": ["sea", "boats"], "empty": {}, "none": null,
        "limits": {"berths": 44, "night": {"from": "22:00"}},
        "boats": [{"id": 12345678901234567890, "port": "Kiel | Nord"}, {"id": 2, "crew": [1, 2], "port": ""}],
        "tours": [{"title": "Evening", "stops": [{"at": "pier"}]}, {"title": "Morning"}],
        "note": "two\nlines \u00e9\ud83d\ude00"
    }"#;
    assert_eq!(
        read(source),
        "- name: harbor\n- version: 1.10\n- tags: sea, boats\n- empty: {}\n- none: null\n\nnote:\ntwo\nlines é😀\n\n\
         # limits\n\n- berths: 44\n\n## night\n\n- from: 22:00\n\n\
         # boats\n\n| id | port | crew |\n| --- | --- | --- |\n| 12345678901234567890 | Kiel \\| Nord |  |\n| 2 |  | 1, 2 |\n\n\
         # tours\n\n## tours 1: Evening\n\n- title: Evening\n\n### stops\n\n#### stops 1\n\n- at: pier\n\n## tours 2: Morning\n\n- title: Morning"
    );
    assert_eq!(
        extract_bytes(Format::Json, source.as_bytes(), &Limits::default()).unwrap().title.as_deref(),
        Some("harbor")
    );
}

#[test]
fn each_line_is_a_block() {
    let lines = "{\"id\":1,\"user\":{\"name\":\"Mira\"},\"tags\":[\"a\",\"b\"]}\n\n{\"id\":2,\"log\":[{\"at\":5}]}\nnot json at all\n3\n";
    assert_eq!(read(lines), "id: 1\nuser.name: Mira\ntags: a, b\n\nid: 2\nlog[0].at: 5\n\nnot json at all\n\n3");
}

#[test]
fn comments_and_other_text_are_not_lost() {
    assert_eq!(read("{ // why\n  a: 'x', /* b */ \"b\": [1, 2,], }"), "- a: x\n- b: 1, 2");
    assert_eq!(read("{\"a\": 1,,\n \"b\": oops}\n more"), "```\n{\"a\": 1,,\n \"b\": oops}\n more\n```");
}

#[test]
fn values_without_end_are_refused() {
    let limits = Limits { max_text_chars: 3_000, ..Limits::default() };
    let read = |source: String| extract_bytes(Format::Json, source.as_bytes(), &limits);
    assert!(read(format!("[{}1]", "1,".repeat(700))).is_ok());
    assert!(matches!(read(format!("[{}1]", "[],".repeat(2_000))), Err(ExtractError::TooLarge { .. })));
    // A line for each value repeats the long path.
    let long = format!("{{\"{}\": [{}{{}}]}}\n1\n", "k".repeat(1_000), "{\"a\": 1},".repeat(100));
    assert!(matches!(read(long), Err(ExtractError::TooLarge { .. })));
}

#[test]
fn deep_nesting_costs_no_stack_and_loses_nothing() {
    for depth in [1_000, 200_000] {
        let arrays = format!("{}\"deep word\"{}", "[".repeat(depth), "]".repeat(depth));
        assert!(read(&arrays).contains("deep word"));
        let objects = format!("{}\"deep word\"{}", "{\"k\":".repeat(depth), "}".repeat(depth));
        assert!(read(&objects).contains("deep word"));
        assert!(read(&"[".repeat(depth)).contains('['));
    }
}

proptest! {
    #[test]
    fn any_text_is_read(source in "[\\[\\]{}:,\"'a-c0-2 \\\\nu/*\n-]{0,40}") {
        let deadline = Deadline::after(Duration::MAX);
        let raw = extract(source.as_bytes(), &Limits::default(), deadline);
        prop_assert!(raw.is_ok());
        if !source.trim().is_empty() && source.contains(|c: char| c.is_ascii_digit()) && !source.contains(['/', '\\']) {
            prop_assert!(raw.unwrap().text.contains(|c: char| c.is_ascii_digit()));
        }
    }

    #[test]
    fn what_serde_writes_is_read_whole(words in prop::collection::vec("[a-z]{1,8}", 1..20), number: i64) {
        let value = serde_json::json!({ "words": words, "deep": [{ "n": number, "list": [{ "words": words }] }] });
        let text = read(&value.to_string());
        for word in &words {
            prop_assert!(text.contains(word.as_str()));
        }
        prop_assert!(text.contains(&number.to_string()));
    }
}
