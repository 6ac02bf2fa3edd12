//! Where the sentences of a passage are.

use std::ops::Range;

use crate::providers::embedded::sentence_end;

/// Bytes of a sentence from which on it is cut at a space.
const MONSTROUS: usize = 1_200;

/// The sentences of a document's text, as ranges of bytes: lines that a text is wrapped in are one, items of lists, rows of
/// tables and headings stand by themselves.
pub(super) fn sentences(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut block: Option<Range<usize>> = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let range = at..at + line.len();
        at = range.end;
        let trimmed = line.trim_start();
        let stands_alone = trimmed.starts_with(['|', '#', '-', '*', '•', '>'])
            || trimmed.starts_with("```")
            || trimmed.split_once(['.', ')']).is_some_and(|(n, rest)| {
                n.len() <= 3 && !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()) && rest.starts_with(' ')
            });
        match &mut block {
            Some(block) if !trimmed.is_empty() && !stands_alone => block.end = range.end,
            _ => {
                let ended = if trimmed.is_empty() { block.take() } else { block.replace(range) };
                ended.into_iter().for_each(|ended| split(text, ended, &mut found));
            }
        }
    }
    block.into_iter().for_each(|ended| split(text, ended, &mut found));
    found
}

/// Cuts a block into sentences.
fn split(text: &str, block: Range<usize>, found: &mut Vec<Range<usize>>) {
    let paragraph = &text[block.clone()];
    let mut start = 0;
    while start < paragraph.len() {
        let limit = paragraph.floor_char_boundary(start + MONSTROUS);
        let end = match sentence_end(&paragraph[..limit], start) {
            Some(end) => end,
            None if limit == paragraph.len() => limit,
            None => paragraph[start..limit]
                .rfind(char::is_whitespace)
                .filter(|space| *space > 0)
                .map_or(limit, |space| start + space),
        };
        let sentence = &paragraph[start..end];
        let begins = block.start + start + (sentence.len() - sentence.trim_start().len());
        let range = begins..begins + sentence.trim().len();
        if text[range.clone()].chars().any(char::is_alphanumeric) {
            found.push(range);
        }
        start = end;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sentences_are_parts_of_the_text_as_it_is_written() {
        let text = "# Title\nKept for\n30 days. Then deleted.\n\n- one\n- two: 2.5\n| a | b |\n|---|---|\n1. first\n他来了。他走了。";
        let found: Vec<&str> = sentences(text).into_iter().map(|range| &text[range]).collect();
        let expected = [
            "# Title\nKept for\n30 days.",
            "Then deleted.",
            "- one",
            "- two: 2.5",
            "| a | b |",
            "1. first\n他来了。",
            "他走了。",
        ];
        assert_eq!(found, expected);
        assert_eq!(sentences(&"字".repeat(2_000)).len(), 5);
    }

    proptest! {
        #[test]
        fn no_word_is_lost(text in "([a-c1.!?|#*-]|\n| |中|。){0,80}") {
            let mut end = 0;
            for range in sentences(&text) {
                prop_assert!(range.start >= end);
                prop_assert!(!text[end..range.start].chars().any(char::is_alphanumeric));
                end = range.end;
            }
            prop_assert!(!text[end..].chars().any(char::is_alphanumeric));
        }
    }
}
