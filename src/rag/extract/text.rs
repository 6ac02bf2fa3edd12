//! Plain text: which encoding, and is it text at all.

use encoding_rs::Encoding;

use super::{
    ExtractError, Raw, Warning,
    encoding::{self, Decoded},
    format::FormatReader,
    replaced,
};

/// Share of control characters, in percent, from which something is not text.
const MAX_CONTROL_PERCENT: usize = 1;

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

/// How it is read.
pub(super) const READER: FormatReader = FormatReader {
    name: "text",
    extensions: &["txt", "text"],
    structured: false,
    is_text: true,
    read: |bytes, _, _| extract(bytes),
};

/// The text of a plain text file.
fn extract(bytes: &[u8]) -> Result<Raw, ExtractError> {
    let (text, warning) = decode(bytes, None)?;
    Ok(Raw { text, title: None, warnings: warning.into_iter().collect(), ..Raw::default() })
}

/// Bytes → text, by the rules of [`encoding`].
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
    let Decoded { text, encoding, detected, invalid } = encoding::decode(bytes, declared);
    let (mut chars, mut controls) = (0_usize, 0_usize);
    for c in text.chars() {
        chars += 1;
        controls += usize::from(is_binary_control(c));
    }
    if controls * 100 > chars * MAX_CONTROL_PERCENT {
        let detail = format!("{controls} of {chars} characters are control characters");
        return Err(ExtractError::Binary { detail });
    }
    let encoding = encoding.name();
    if !invalid {
        return Ok((text.into_owned(), detected.then_some(Warning::EncodingDetected { encoding })));
    }
    if let Some(percent) = replaced::too_many(&text) {
        return Err(ExtractError::Encoding { percent, encoding });
    }
    let count = text.matches(char::REPLACEMENT_CHARACTER).count();
    Ok((text.into_owned(), Some(Warning::Replaced { count, encoding })))
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
    fn a_detected_encoding_is_named() {
        let raw = extract(b"The caf\xE9 opens at 8.").unwrap();
        assert_eq!(raw.text, "The café opens at 8.");
        assert_eq!(raw.warnings, [Warning::EncodingDetected { encoding: "windows-1252" }]);
        assert!(raw.warnings[0].to_string().contains("windows-1252"));
    }

    #[test]
    fn invalid_bytes_are_replaced_and_reported() {
        let damaged = ["Gebühr für Ärzte: fünf €, für Käufer ".as_bytes(), b"\xC3."].concat();
        let raw = extract(&damaged).unwrap();
        assert_eq!(raw.text, "Gebühr für Ärzte: fünf €, für Käufer \u{FFFD}.");
        assert_eq!(raw.warnings, [Warning::Replaced { count: 1, encoding: "UTF-8" }]);
        assert!(raw.warnings[0].to_string().starts_with("1 places are not valid UTF-8"));
    }

    #[test]
    fn what_is_mostly_unreadable_is_refused_rather_than_stored_as_noise() {
        let noise = [b"\xEF\xBB\xBFab".as_slice(), &[0xFF; 9]].concat();
        let error = extract(&noise).unwrap_err();
        assert!(matches!(error, ExtractError::Encoding { percent: 81, encoding: "UTF-8" }), "{error}");
        assert!(error.to_string().contains("encoding cannot be told"), "{error}");
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
