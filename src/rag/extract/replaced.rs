//! What is left of letters that could not be read: U+FFFD.
//!
//! One in a word still lets a reader guess it. Many in a row are no text, and neither found nor quoted with any use, and one
//! that stands alone was an ornament: they go, and a document that consists of them is refused.

use std::borrow::Cow;

use super::ExtractError;

/// Share of U+FFFD among what is visible, in percent, from which a document is refused.
pub(super) const MAX_PERCENT: usize = 30;

/// The share in percent of U+FFFD, when it is more than is put up with.
pub(super) fn too_many(text: &str) -> Option<u8> {
    let (mut visible, mut replaced) = (0_usize, 0_usize);
    for c in text.chars() {
        visible += usize::from(!c.is_whitespace());
        replaced += usize::from(c == char::REPLACEMENT_CHARACTER);
    }
    (replaced * 100 > visible * MAX_PERCENT).then(|| u8::try_from(replaced * 100 / visible.max(1)).unwrap_or(100))
}

/// Refuses a text that consists of U+FFFD.
///
/// # Errors
/// [`ExtractError::Unreadable`].
pub(super) fn check(text: &str) -> Result<(), ExtractError> {
    match text.contains(char::REPLACEMENT_CHARACTER).then(|| too_many(text)).flatten() {
        Some(percent) => Err(ExtractError::Unreadable { percent }),
        None => Ok(()),
    }
}

/// The text without all U+FFFD but those in words, and how many that were.
pub(super) fn without_runs(text: &str) -> (Cow<'_, str>, usize) {
    if !text.contains(char::REPLACEMENT_CHARACTER) {
        return (text.into(), 0);
    }
    let mut kept = String::with_capacity(text.len());
    let mut removed = 0;
    let mut rest = text;
    while let Some(at) = rest.find(char::REPLACEMENT_CHARACTER) {
        let (before, from) = rest.split_at(at);
        kept.push_str(before);
        let (length, count) = run(from);
        let in_word = kept.ends_with(char::is_alphanumeric) || from[length..].starts_with(char::is_alphanumeric);
        if count > 1 || !in_word {
            removed += count;
        } else {
            kept.push_str(&from[..length]);
        }
        rest = &from[length..];
    }
    kept.push_str(rest);
    (kept.into(), removed)
}

/// Length in bytes of the row of U+FFFD that the text starts with, and how many they are. Spaces may be between them.
fn run(text: &str) -> (usize, usize) {
    let (mut length, mut count) = (0, 0);
    for (at, c) in text.char_indices() {
        match c {
            char::REPLACEMENT_CHARACTER => {
                count += 1;
                length = at + c.len_utf8();
            }
            ' ' => {}
            _ => break,
        }
    }
    (length, count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_those_in_words_stay() {
        let text = "\u{FFFD} The caf\u{FFFD} opens at \u{FFFD}\u{FFFD} \u{FFFD} every working day.";
        assert!(check(text).is_ok());
        let (kept, removed) = without_runs(text);
        assert_eq!((&*kept, removed), (" The caf\u{FFFD} opens at  every working day.", 4));
    }

    #[test]
    fn a_text_of_them_is_refused() {
        let error = check("Invoice \u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}").unwrap_err();
        assert!(matches!(error, ExtractError::Unreadable { percent: 36 }), "{error}");
        assert!(check("all is well").is_ok());
    }
}
