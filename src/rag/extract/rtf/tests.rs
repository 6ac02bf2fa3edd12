//! Documents as programs write them, and hostile ones.

use proptest::prelude::*;

use crate::rag::extract::{ExtractError, Extracted, Format, Limits, Warning, extract_bytes, tests::fixture};

fn read(source: &str) -> Result<Extracted, ExtractError> {
    extract_bytes(Format::Rtf, source.as_bytes(), &Limits::default())
}

#[test]
fn an_rtf_gives_headings_lists_tables_notes_in_any_encoding() {
    let (format, bytes) = fixture("watch.rtf");
    let extracted = extract_bytes(format, &bytes, &Limits::default()).unwrap();
    assert_eq!(extracted.title.as_deref(), Some("Night watch"));
    assert_eq!(
        extracted.text,
        "# Night watch\n\nGrüße, да, 経, € und 😊 “quoted” x.\n\n## Rounds\n\n1. Check the lamp\n  - Note the hour\n\n\
         | Hour | Who |\n| --- | --- |\n| 22:00 | Mira Okafor |\n\nthe log ends.\nSecond line.\n\nSince 2013."
    );
}

#[test]
fn what_is_not_shown_is_not_read() {
    let read = |body: &str| read(&format!("{{\\rtf1\\ansi {body}}}")).unwrap().text;
    assert_eq!(read("a{\\v hidden {\\v0 shown}} b{\\deleted gone}\\v x\\v0  c"), "ashown b c");
    assert_eq!(read("a{\\object{\\*\\objdata 0102}{\\result b}}c"), "ac");
    // A picture in bytes, among which are braces.
    assert_eq!(read("a{\\pict\\bin4 }{}{}b"), "ab");
    assert_eq!(read("a{\\*\\shppict{\\pict ff}}b\\'zz"), "abzz");
    assert_eq!(read("a{\\b\\*\\cs7 b}{\\upr{??}{\\*\\ud{\\u1103?\\u233?}}}"), "abяé");
    assert_eq!(read("{\\uc2\\u228\\'e4\\'e4\\u228 ab}\\u228 ?"), "äää");
}

#[test]
fn deep_groups_cost_no_stack() {
    let nested = |depth: usize| format!("{{\\rtf1 {}word{}}}", "{".repeat(depth), "}".repeat(depth));
    assert_eq!(read(&nested(1_000)).unwrap().text, "word");
    let error = read(&nested(1_000_000)).unwrap_err();
    assert!(error.to_string().contains("nested more than 10000 deep"), "{error}");
}

#[test]
fn what_ends_in_the_middle_says_so() {
    let (format, bytes) = fixture("watch.rtf");
    for end in 5..bytes.len() - 1 {
        match extract_bytes(format, &bytes[..end], &Limits::default()) {
            Ok(extracted) => assert!(extracted.warnings.contains(&Warning::EndsInTheMiddle), "{end}"),
            Err(error) => assert!(matches!(error, ExtractError::NoText), "{end}: {error}"),
        }
    }
    assert!(matches!(read("{\\rtf1 }"), Err(ExtractError::NoText)));
    assert_eq!(read("{\\rtf1 word} {what follows}}}").unwrap().text, "word");
}

proptest! {
    #[test]
    fn any_source_is_read(source in "(\\\\(par|cell|row|intbl|pard|u-?[0-9]{1,6}|'[0-9a-f]{2}|footnote|listtext|s1|v|\\*|bin[0-9])|[{}a-z é\\\\]){0,40}") {
        let _ = read(&format!("{{\\rtf1 {source}}}"));
    }
}
