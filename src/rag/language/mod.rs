//! Which language a text is in, as far as retrieval cares: it chooses the stemmer and is a filter of questions.

mod latin;

use whatlang::{Lang, Script};

use crate::domain::UNKNOWN_LANGUAGE;

/// Letters below which a detection is a guess.
const ENOUGH_LETTERS: usize = 24;

/// Confidence above which a language is taken for certain.
const RELIABLE: f64 = 0.9;

/// What a text is most likely in.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Guess {
    lang: Lang,
    /// 0 to 1.
    confidence: f64,
}

/// Detects languages chunk by chunk, within one document.
pub struct LanguageDetector {
    /// What an undecidable chunk most likely is.
    document: &'static str,
}

impl LanguageDetector {
    /// Looks at the beginning of the document, so that chunks that are too short or too odd to tell (tables, code)
    /// get the language of their surroundings.
    pub fn for_document(text: &str) -> Self {
        let mut end = text.len().min(4_000);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        Self { document: certain(&text[..end]).unwrap_or(UNKNOWN_LANGUAGE) }
    }

    /// ISO 639-1 code of the document's language; [`UNKNOWN_LANGUAGE`] when its beginning does not tell.
    pub fn of_document(&self) -> &'static str {
        self.document
    }

    /// ISO 639-1 code of the chunk's language; [`UNKNOWN_LANGUAGE`] when neither it nor its document tells.
    pub fn of_chunk(&self, text: &str) -> &'static str {
        certain(text).unwrap_or(self.document)
    }
}

/// The language that a question most likely is in; [`UNKNOWN_LANGUAGE`] without letters. Questions are too short to be
/// sure, so only what a wrong guess cannot spoil may depend on it.
pub fn of_question(text: &str) -> &'static str {
    detect(text).map_or(UNKNOWN_LANGUAGE, |guess| code(guess.lang))
}

/// What `whatlang` says, which is fast for scripts that only a few languages use.
fn detect(text: &str) -> Option<Guess> {
    let script = if text.is_ascii() {
        text.bytes().any(|b| b.is_ascii_alphabetic()).then_some(Script::Latin)
    } else {
        whatlang::detect_script(text)
    };
    let guess = if script? == Script::Latin { latin::detect(text) } else { None };
    guess.or_else(|| whatlang::detect(text).map(|info| Guess { lang: info.lang(), confidence: info.confidence() }))
}

/// The language, when the detector is sure of it.
fn certain(text: &str) -> Option<&'static str> {
    let letters = text.chars().filter(|c| c.is_alphabetic()).take(ENOUGH_LETTERS).count();
    let guess = detect(text).filter(|guess| guess.confidence > RELIABLE)?;
    // A script that only one language uses tells even in a short text.
    let unmistakable = guess.confidence >= 1.0;
    (letters >= ENOUGH_LETTERS || unmistakable).then(|| code(guess.lang))
}

/// ISO 639-1 code.
fn code(lang: Lang) -> &'static str {
    match lang {
        Lang::Afr => "af",
        Lang::Aka => "ak",
        Lang::Amh => "am",
        Lang::Ara => "ar",
        Lang::Aze => "az",
        Lang::Bel => "be",
        Lang::Ben => "bn",
        Lang::Bul => "bg",
        Lang::Cat => "ca",
        Lang::Ces => "cs",
        Lang::Cmn => "zh",
        Lang::Cym => "cy",
        Lang::Dan => "da",
        Lang::Deu => "de",
        Lang::Ell => "el",
        Lang::Eng => "en",
        Lang::Epo => "eo",
        Lang::Est => "et",
        Lang::Fin => "fi",
        Lang::Fra => "fr",
        Lang::Guj => "gu",
        Lang::Heb => "he",
        Lang::Hin => "hi",
        Lang::Hrv => "hr",
        Lang::Hun => "hu",
        Lang::Hye => "hy",
        Lang::Ind => "id",
        Lang::Ita => "it",
        Lang::Jav => "jv",
        Lang::Jpn => "ja",
        Lang::Kan => "kn",
        Lang::Kat => "ka",
        Lang::Khm => "km",
        Lang::Kor => "ko",
        Lang::Lat => "la",
        Lang::Lav => "lv",
        Lang::Lit => "lt",
        Lang::Mal => "ml",
        Lang::Mar => "mr",
        Lang::Mkd => "mk",
        Lang::Mya => "my",
        Lang::Nep => "ne",
        Lang::Nld => "nl",
        Lang::Nob => "nb",
        Lang::Ori => "or",
        Lang::Pan => "pa",
        Lang::Pes => "fa",
        Lang::Pol => "pl",
        Lang::Por => "pt",
        Lang::Ron => "ro",
        Lang::Rus => "ru",
        Lang::Sin => "si",
        Lang::Slk => "sk",
        Lang::Slv => "sl",
        Lang::Sna => "sn",
        Lang::Spa => "es",
        Lang::Srp => "sr",
        Lang::Swe => "sv",
        Lang::Tam => "ta",
        Lang::Tel => "te",
        Lang::Tgl => "tl",
        Lang::Tha => "th",
        Lang::Tuk => "tk",
        Lang::Tur => "tr",
        Lang::Ukr => "uk",
        Lang::Urd => "ur",
        Lang::Uzb => "uz",
        Lang::Vie => "vi",
        Lang::Yid => "yi",
        Lang::Zul => "zu",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_told_apart() {
        let samples = [
            ("en", "The deployment is rolled back automatically when the health check fails three times in a row."),
            (
                "de",
                "Die Auslieferung wird automatisch zurückgenommen, wenn die Prüfung dreimal hintereinander scheitert.",
            ),
            ("vi", "Việc triển khai sẽ tự động được hoàn tác khi kiểm tra sức khỏe thất bại ba lần liên tiếp."),
            ("zh", "当健康检查连续失败三次时,部署会自动回滚。"),
        ];
        for (code, text) in samples {
            assert_eq!(LanguageDetector::for_document(text).of_chunk(text), code);
        }
    }

    #[test]
    fn an_undecidable_chunk_takes_its_documents_language() {
        let german =
            "Die Auslieferung wird automatisch zurückgenommen, wenn die Prüfung dreimal hintereinander scheitert.";
        assert_eq!(LanguageDetector::for_document(german).of_chunk("| 1 | 2 |"), "de");
    }

    #[test]
    fn numbers_are_in_no_language() {
        assert_eq!(LanguageDetector::for_document("12 34 56").of_chunk("12 34"), UNKNOWN_LANGUAGE);
    }
}
