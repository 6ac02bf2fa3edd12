//! Plain text: which encoding, and is it text at all.

use encoding_rs::{Encoding, UTF_8};

use super::{ExtractError, Raw, Warning};

/// Share of control characters, in percent, from which something is not text.
const MAX_CONTROL_PERCENT: usize = 1;

/// Share of undecodable characters, in percent, from which the encoding is taken to be another one.
const MAX_REPLACED_PERCENT: usize = 30;

/// First bytes of formats that are often given a wrong extension.
const MAGIC: &[(&[u8], &str)] = &[
    (b"%PDF-", "it is a PDF"),
    (b"PK\x03\x04", "it is a ZIP archive or an office document"),
    (b"\x89PNG", "it is a PNG image"),
    (b"\xFF\xD8\xFF", "it is a JPEG image"),
    (b"\x1F\x8B", "it is a gzip archive"),
    (b"\x7FELF", "it is a program"),
    (b"\xD0\xCF\x11\xE0", "it is an old office document"),
];

/// The text of a plain text file.
pub(super) fn extract(bytes: &[u8]) -> Result<Raw, ExtractError> {
    let (text, warning) = decode(bytes, None)?;
    Ok(Raw { text, title: None, warnings: warning.into_iter().collect() })
}

/// Bytes → text. A byte order mark decides, then what the document `declared`, else it is UTF-8.
///
/// Invalid sequences become U+FFFD and are counted in the warning. Too many of them are an error: the result would be noise
/// that looks like an answer.
pub(super) fn decode(
    bytes: &[u8],
    declared: Option<&'static Encoding>,
) -> Result<(String, Option<Warning>), ExtractError> {
    if let Some((_, what)) = MAGIC.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return Err(ExtractError::Binary { detail: (*what).to_owned() });
    }
    let marked = Encoding::for_bom(bytes).map(|(encoding, _)| encoding);
    let encoding = marked.or(declared).unwrap_or(UTF_8);
    // Removes the mark, too.
    let (text, invalid) = encoding.decode_with_bom_removal(bytes);
    let (mut chars, mut controls, mut replaced) = (0_usize, 0_usize, 0_usize);
    for c in text.chars() {
        chars += 1;
        controls += usize::from(is_binary_control(c));
        replaced += usize::from(c == char::REPLACEMENT_CHARACTER);
    }
    if controls * 100 > chars * MAX_CONTROL_PERCENT {
        let detail = format!("{controls} of {chars} characters are control characters");
        return Err(ExtractError::Binary { detail });
    }
    if !invalid {
        return Ok((text.into_owned(), None));
    }
    if replaced * 100 > chars * MAX_REPLACED_PERCENT {
        let percent = u8::try_from(replaced * 100 / chars.max(1)).unwrap_or(100);
        return Err(ExtractError::Encoding { percent });
    }
    Ok((text.into_owned(), Some(Warning::Replaced { count: replaced, encoding: encoding.name() })))
}

/// Control characters that no text editor writes. Escape and backspace occur in logs and manual pages.
fn is_binary_control(c: char) -> bool {
    matches!(c, '\0'..='\x07' | '\x0E'..='\x1A' | '\x1C'..='\x1F')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn byte_order_marks_decide() {
        assert_eq!(extract(b"\xEF\xBB\xBFhi").unwrap().text, "hi");
        assert_eq!(extract(b"\xFF\xFE\xBF\x1E!\0").unwrap().text, "ế".replace('ế', "\u{1EBF}!"));
        assert_eq!(extract(b"\xFE\xFF\x1E\xBF\0!").unwrap().text, "\u{1EBF}!");
    }

    #[test]
    fn invalid_bytes_are_replaced_and_reported() {
        let raw = extract(b"The caf\xE9 opens at 8.").unwrap();
        assert_eq!(raw.text, "The caf\u{FFFD} opens at 8.");
        assert_eq!(raw.warnings, [Warning::Replaced { count: 1, encoding: "UTF-8" }]);
        assert!(raw.warnings[0].to_string().starts_with("1 places are not valid UTF-8"));
    }

    #[test]
    fn an_unknown_encoding_is_refused_rather_than_stored_as_noise() {
        let russian_1251 = b"\xCF\xF0\xE8\xE2\xE5\xF2, \xEC\xE8\xF0";
        assert!(matches!(extract(russian_1251), Err(ExtractError::Encoding { percent: 81 })));
    }

    #[test]
    fn binary_content_is_not_text() {
        assert!(matches!(extract(b"text\0with\0nuls\n"), Err(ExtractError::Binary { .. })));
        let error = extract(b"%PDF-1.7 ...").unwrap_err();
        assert_eq!(
            error.to_string(),
            "not text: the content is binary (it is a PDF); give the file the extension of its real format"
        );
    }

    #[test]
    fn a_stray_control_character_does_not_spoil_a_text() {
        let text = format!("{}\0{}", "word ".repeat(50), "word ".repeat(50));
        assert_eq!(extract(text.as_bytes()).unwrap().text, text);
    }
}
