//! Words of a document's name.
//!
//! A name tells what a document is about, in the words of its folders and of its file: `reqwest-0.12.4/docs/README.md` is
//! `reqwest`, `0.12.4`, `docs`, `README`. Who asks for a name as a whole means what is called so, rather than what mentions it;
//! so each part of a name is a term of its own, too, however its words are joined: `serde_json`, `serde-json`, `serde json`.

use super::analyzer::{Analysis, Word, words};

/// Stands before the whole of a name's part: no word begins with it.
const WHOLE: char = '=';

/// Words of a question at most that are taken for one part of a name.
const MOST_WORDS: usize = 4;

/// Words of a question that are looked at for names.
const MOST_ASKED: usize = 256;

/// Longest part of a name that is a term as a whole, in bytes.
const LONGEST: usize = 64;

/// The terms of a document's name, as the words of a language.
pub(super) fn document_terms(source: &str, analysis: Analysis) -> Vec<String> {
    let mut terms = Vec::new();
    let parts: Vec<&str> = source.split('/').filter(|part| !part.is_empty()).collect();
    for (n, part) in parts.iter().enumerate() {
        let part = if n + 1 == parts.len() { without_extension(part) } else { part };
        let (name, version) = divided(part);
        terms.extend(analysis.document_terms(name));
        terms.extend(whole(&words(name)));
        // A version is asked for as it is written: its numbers alone mean nothing.
        terms.extend(version.map(str::to_lowercase));
    }
    terms
}

/// The name of a file without its extension.
fn without_extension(file: &str) -> &str {
    match file.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() && extension.len() <= 8 && !extension.contains(' ') => stem,
        _ => file,
    }
}

/// A part of a name, and the version at its end: `toml-1.2.1+spec-1.1.0` is `toml` and `1.2.1`.
fn divided(part: &str) -> (&str, Option<&str>) {
    for (at, sign) in part.char_indices().filter(|(_, c)| matches!(c, '-' | '_' | ' ' | '@')) {
        let rest = &part[at + sign.len_utf8()..];
        let number = rest.strip_prefix(['v', 'V']).unwrap_or(rest);
        let end = number.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(number.len());
        let (number, tail) = number.split_at(end);
        let is_version = number.split('.').count() > 1
            && number.split('.').all(|n| !n.is_empty())
            && (tail.is_empty() || tail.starts_with(['+', '-']));
        if at > 0 && is_version {
            return (&part[..at], Some(number));
        }
    }
    (part, None)
}

/// The term of all the words of a part of a name.
fn whole(words: &[Word]) -> Option<String> {
    let mut term = String::from(WHOLE);
    words.iter().filter_map(Word::spelt).for_each(|word| term.push_str(word));
    (term.len() > WHOLE.len_utf8() && term.len() <= LONGEST).then_some(term)
}

/// What a question may mean as a part of a name: its term, and the question's words that it is made of, from and to. Longer
/// ones come first.
pub(super) fn asked(question: &[Word]) -> Vec<(String, std::ops::Range<usize>)> {
    let spelt: Vec<&Word> = question.iter().filter(|word| word.spelt().is_some()).take(MOST_ASKED).collect();
    let mut asked = Vec::new();
    for length in (1..=MOST_WORDS).rev() {
        for start in 0..(spelt.len() + 1).saturating_sub(length) {
            let mut term = String::from(WHOLE);
            spelt[start..start + length].iter().filter_map(|word| word.spelt()).for_each(|word| term.push_str(word));
            if term.len() <= LONGEST {
                asked.push((term, start..start + length));
            }
        }
    }
    asked
}
