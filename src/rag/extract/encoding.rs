//! Bytes → text: which encoding a document without a reliable declaration is in.
//!
//! A byte order mark decides. Else the document's own declaration does, if the bytes agree with it; else they are UTF-8, if
//! they are that; else the encoding is detected by the frequencies of letters, as browsers do it for pages that declare
//! nothing. A wrong guess shows as wrong letters, so that a detected encoding is always named in a warning.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, ISO_2022_JP, UTF_8, UTF_16BE, UTF_16LE};

/// How many of the first bytes are searched for the zeros of UTF-16.
const SAMPLE_BYTES: usize = 4096;

/// A text that was decoded.
#[derive(Debug)]
pub(super) struct Decoded<'a> {
    /// Without byte order mark; invalid sequences are U+FFFD.
    pub text: Cow<'a, str>,
    /// What it was decoded from.
    pub encoding: &'static Encoding,
    /// Whether nothing in the document said so.
    pub detected: bool,
    /// Whether there are invalid sequences.
    pub invalid: bool,
}

/// Decodes a document that `declared` its encoding, or did not.
pub(super) fn decode<'a>(bytes: &'a [u8], declared: Option<&'static Encoding>) -> Decoded<'a> {
    let as_encoding = |encoding: &'static Encoding, detected: bool| -> Decoded<'a> {
        // Removes the mark, too.
        let (text, invalid) = encoding.decode_with_bom_removal(bytes);
        Decoded { text, encoding, detected, invalid }
    };
    if let Some((marked, _)) = Encoding::for_bom(bytes) {
        return as_encoding(marked, false);
    }
    let declared = declared.map(|declared| as_encoding(declared, false));
    if declared.as_ref().is_some_and(|decoded| !decoded.invalid) {
        return declared.unwrap_or_else(|| as_encoding(UTF_8, false));
    }
    if has_japanese_escapes(bytes) {
        return as_encoding(ISO_2022_JP, true);
    }
    if let Some(encoding) = unmarked_utf16(bytes) {
        return as_encoding(encoding, true);
    }
    let utf8 = as_encoding(UTF_8, false);
    if !utf8.invalid || is_damaged_utf8(&utf8.text) {
        return utf8;
    }
    let detected = as_encoding(detect(bytes), true);
    match declared {
        // Most of the document is what it says; a guess is not better than its word.
        Some(declared) if detected.invalid || !mostly_replaced(&declared.text) && declared.encoding != UTF_8 => {
            declared
        }
        _ => detected,
    }
}

/// The encoding that the number of a Windows code page stands for.
pub(super) fn code_page(number: u16) -> Option<&'static Encoding> {
    let label = match number {
        932 => "shift_jis".to_owned(),
        936 => "gbk".to_owned(),
        949 => "euc-kr".to_owned(),
        950 => "big5".to_owned(),
        10_000 | 32_768 => "macintosh".to_owned(),
        65_001 => "utf-8".to_owned(),
        number => format!("windows-{number}"),
    };
    Encoding::for_label(label.as_bytes())
}

/// The most likely legacy encoding.
fn detect(bytes: &[u8]) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    detector.guess(None, Utf8Detection::Deny)
}

/// ISO-2022-JP is ASCII with escape sequences: as UTF-8 it would be valid, and without a Japanese letter.
fn has_japanese_escapes(bytes: &[u8]) -> bool {
    bytes.contains(&0x1B) && bytes.is_ascii() && bytes.windows(3).any(|three| matches!(three, b"\x1B$B" | b"\x1B$@"))
}

/// UTF-16 of Latin text: every second byte is zero, and hardly one of the others.
fn unmarked_utf16(bytes: &[u8]) -> Option<&'static Encoding> {
    let sample = &bytes[..bytes.len().min(SAMPLE_BYTES)];
    let units = sample.len() / 2;
    let zeros = |offset: usize| sample.iter().skip(offset).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    let (often, seldom) = (units * 4 / 10, units / 50);
    match bytes.len() % 2 {
        0 if units >= 2 && odd > often && even <= seldom => Some(UTF_16LE),
        0 if units >= 2 && even > often && odd <= seldom => Some(UTF_16BE),
        _ => None,
    }
}

/// Whether a text is UTF-8 with some bytes broken rather than something else. Legacy text forms a valid sequence of several
/// bytes only by chance.
fn is_damaged_utf8(text: &str) -> bool {
    let (mut valid, mut replaced) = (0_usize, 0_usize);
    for c in text.chars() {
        replaced += usize::from(c == char::REPLACEMENT_CHARACTER);
        valid += usize::from(!c.is_ascii() && c != char::REPLACEMENT_CHARACTER);
    }
    valid >= 4 * replaced
}

/// Whether more of the letters outside ASCII are unreadable than readable.
fn mostly_replaced(text: &str) -> bool {
    let replaced = text.chars().filter(|c| *c == char::REPLACEMENT_CHARACTER).count();
    let valid = text.chars().filter(|c| !c.is_ascii()).count() - replaced;
    replaced > valid
}

#[cfg(test)]
mod tests {
    use encoding_rs::{
        BIG5, EUC_JP, EUC_KR, GB18030, KOI8_R, SHIFT_JIS, WINDOWS_1250, WINDOWS_1251, WINDOWS_1252, WINDOWS_1258,
    };
    use unicode_normalization::UnicodeNormalization;

    use super::*;

    /// Texts as people save them, and the encodings of their time.
    const SAMPLES: &[(&str, &[&Encoding])] = &[
        ("Die Rückerstattung dauert für Großkunden höchstens fünf Tage, Gebühr 3 €.", &[WINDOWS_1252]),
        ("Le remboursement est effectué à réception ; délai : « trente jours » au café.", &[WINDOWS_1252]),
        ("Zażółć gęślą jaźń. Umowa została zawarta na czas nieokreślony, płatność w złotych.", &[WINDOWS_1250]),
        ("Возврат товара возможен в течение тридцати дней после покупки.", &[WINDOWS_1251, KOI8_R]),
        ("払い戻しは三十日以内に経理部で行います。領収書をお持ちください。", &[SHIFT_JIS, EUC_JP]),
        ("退款须在三十天之内提出申请，请携带发票原件到财务办公室办理。", &[GB18030]),
        ("退款須在三十天之內提出申請，請攜帶發票正本到財務辦公室辦理。", &[BIG5]),
        ("환불은 삼십일 이내에 신청하셔야 합니다. 영수증을 지참하십시오.", &[EUC_KR]),
    ];

    #[test]
    fn legacy_encodings_are_detected_and_named() {
        for (sample, encodings) in SAMPLES {
            for encoding in *encodings {
                let (bytes, _, unmappable) = encoding.encode(sample);
                assert!(!unmappable, "{}", encoding.name());
                let decoded = decode(&bytes, None);
                assert_eq!(decoded.text, *sample, "{}", encoding.name());
                assert!(decoded.detected && !decoded.invalid, "{}", encoding.name());
            }
        }
    }

    #[test]
    fn vietnamese_of_windows_1258_is_detected() {
        // In that encoding the tones follow their vowels as characters of their own.
        let text = "Thời hạn hoàn tiền là ba mươi ngày kể từ ngày mua hàng. Xin vui lòng mang theo hóa đơn gốc.";
        let tone = |c: char| matches!(c, '\u{300}' | '\u{301}' | '\u{303}' | '\u{309}' | '\u{323}');
        let mut typed = String::new();
        for c in text.chars() {
            let parts: String = std::iter::once(c).nfd().collect();
            let (base, tones): (String, String) = parts.chars().partition(|c| !tone(*c));
            typed.extend(base.nfc());
            typed.push_str(&tones);
        }
        let (bytes, _, unmappable) = WINDOWS_1258.encode(&typed);
        assert!(!unmappable);
        let decoded = decode(&bytes, None);
        assert_eq!((decoded.text.nfc().collect::<String>().as_str(), decoded.encoding), (text, WINDOWS_1258));
    }

    #[test]
    fn utf8_with_some_broken_bytes_is_still_utf8() {
        let mut bytes = "Gebühren für Überweisungen nach Österreich: fünf €.".as_bytes().to_vec();
        bytes.push(0xE2);
        let decoded = decode(&bytes, None);
        assert_eq!((decoded.encoding, decoded.detected, decoded.invalid), (UTF_8, false, true));
        assert!(decoded.text.starts_with("Gebühren für"));
    }

    #[test]
    fn a_declaration_holds_unless_the_bytes_contradict_it() {
        let (cyrillic, ..) = WINDOWS_1251.encode("да");
        assert_eq!(decode(&cyrillic, Some(WINDOWS_1251)).text, "да");
        let (german, ..) = WINDOWS_1252.encode("Die Gebühr beträgt für Großkunden fünf Euro.");
        let decoded = decode(&german, Some(UTF_8));
        assert_eq!((&*decoded.text, decoded.detected), ("Die Gebühr beträgt für Großkunden fünf Euro.", true));
        // One broken letter does not make another encoding of what a page declares.
        let (japanese, ..) = SHIFT_JIS.encode("払い戻しは三十日以内です。");
        let broken = [&japanese[..], b"\x81"].concat();
        assert_eq!(decode(&broken, Some(SHIFT_JIS)).encoding, SHIFT_JIS);
    }

    #[test]
    fn unmarked_utf16_and_escaped_japanese_are_read() {
        let little: Vec<u8> = "The café is open.".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = "The café is open.".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(decode(&little, None).text, "The café is open.");
        assert_eq!(decode(&big, None).text, "The café is open.");
        let decoded = decode(b"\x1B$B7PM}It\x1B(B 3301", None);
        assert_eq!((&*decoded.text, decoded.encoding), ("経理部 3301", ISO_2022_JP));
    }
}
