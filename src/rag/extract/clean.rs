//! One form for all texts: NFC, `\n`, nothing invisible.
//!
//! Retrieval compares characters. "ế" may be one, two or three of them, and a zero-width space inside a word makes it another
//! word: neither is visible to the person who asks. Bidirectional overrides can even show a text other than the one that is
//! read.

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// Longest title in characters.
const MAX_TITLE_CHARS: usize = 200;

/// The text in its common form, and how many control characters had to go.
pub(super) fn clean(text: &str) -> (String, usize) {
    let mut removed = 0;
    let mut previous_cr = false;
    let mut kept = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\r' => kept.push('\n'),
            '\n' if previous_cr => {}
            '\u{85}' | '\u{2028}' | '\u{B}' => kept.push('\n'),
            '\u{C}' | '\u{2029}' => kept.push_str("\n\n"),
            '\n' | '\t' => kept.push(c),
            c if c.is_control() => removed += 1,
            c if is_invisible(c) => {}
            c => kept.push(c),
        }
        previous_cr = c == '\r';
    }
    if is_nfc_quick(kept.chars()) != IsNormalized::Yes {
        kept = kept.nfc().collect();
    }
    kept.truncate(kept.trim_end().len());
    let leading = kept.len() - kept.trim_start_matches('\n').len();
    kept.drain(..leading);
    (kept, removed)
}

/// A title on one line of bounded length; `None` when nothing is left.
pub(super) fn one_line(text: &str) -> Option<String> {
    let joined = clean(text).0.split_whitespace().collect::<Vec<_>>().join(" ");
    let line: String = joined.chars().take(MAX_TITLE_CHARS).collect();
    (!line.is_empty()).then_some(line)
}

/// White space of any kind → one space each, none at the ends.
pub(super) fn squeeze(text: &str) -> String {
    // A no-break space is white space to `split_whitespace`, too: searching for "10 km" should find it.
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Format characters without a shape. The joiners U+200C and U+200D stay: they change the letters of Persian and Hindi, and emoji.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_become_one_kind() {
        assert_eq!(clean("a\r\nb\rc\nd\u{2028}e\u{C}f\r\n\r\n").0, "a\nb\nc\nd\ne\n\nf");
    }

    #[test]
    fn decomposed_vietnamese_is_composed() {
        assert_eq!(clean("Tie\u{302}\u{301}ng Vie\u{323}\u{302}t").0, "Tiếng Việt");
    }

    #[test]
    fn invisible_characters_go_and_controls_are_counted() {
        let (text, removed) = clean("\u{FEFF}\u{202E}e\u{200B}vil\u{202C} so\u{AD}ft \u{1}\u{7F}tab\tstays");
        assert_eq!((text.as_str(), removed), ("evil soft tab\tstays", 2));
    }

    #[test]
    fn joiners_that_carry_meaning_stay() {
        assert_eq!(clean("می\u{200C}خواهم 👩\u{200D}🚒").0, "می\u{200C}خواهم 👩\u{200D}🚒");
    }

    #[test]
    fn a_title_is_one_bounded_line() {
        assert_eq!(one_line(" A\n  long\ttitle "), Some("A long title".to_owned()));
        assert_eq!(one_line(" \u{200B} "), None);
        assert_eq!(one_line(&"x".repeat(999)).unwrap().len(), MAX_TITLE_CHARS);
    }
}
