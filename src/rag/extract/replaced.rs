//! What is left of letters that could not be read: U+FFFD.
//!
//! One in a word still lets a reader guess it. Many in a row are no text, and neither found nor quoted with any use, and one
//! that stands alone was an ornament: they go, and a document that consists of them is refused.

use super::{ExtractError, Warning};

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

/// Takes out of a text all U+FFFD but those in words, and reports how many there were.
///
/// # Errors
/// [`ExtractError::Unreadable`] when the text is mostly that.
pub(super) fn remove_runs(text: String, warnings: &mut Vec<Warning>) -> Result<String, ExtractError> {
    if !text.contains(char::REPLACEMENT_CHARACTER) {
        return Ok(text);
    }
    if let Some(percent) = too_many(&text) {
        return Err(ExtractError::Unreadable { percent });
    }
    let mut kept = String::with_capacity(text.len());
    let mut removed = 0;
    let mut rest = text.as_str();
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
    if removed > 0 {
        warnings.push(Warning::CharactersLeftOut { count: removed });
    }
    Ok(kept)
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
        let mut warnings = Vec::new();
        let text = "\u{FFFD} The caf\u{FFFD} opens at \u{FFFD}\u{FFFD} \u{FFFD} every working day.".to_owned();
        let kept = remove_runs(text, &mut warnings).unwrap();
        assert_eq!(kept, " The caf\u{FFFD} opens at  every working day.");
        assert_eq!(warnings, [Warning::CharactersLeftOut { count: 4 }]);
    }

    #[test]
    fn a_text_of_them_is_refused() {
        let error = remove_runs("Invoice \u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}".to_owned(), &mut Vec::new()).unwrap_err();
        assert!(matches!(error, ExtractError::Unreadable { percent: 36 }), "{error}");
        assert!(remove_runs("all is well".to_owned(), &mut Vec::new()).is_ok());
    }
}
