//! Words of a document's name.
//!
//! A name tells what a document is about, in the words of its folders and of its file: `reqwest-0.12.4/docs/README.md` is
//! `reqwest`, `0.12.4`, `docs`, `README`. Who asks for a name as a whole means what is called so, rather than what mentions it;
//! so each part of a name is a term of its own, too, however its words are joined: `serde_json`, `serde-json`, `serde json`.

use std::ops::Range;

use super::analyzer::{Analysis, Word, words};

/// Stands before the whole of a name's part: no word begins with it.
const WHOLE: char = '=';

/// Words of a question at most that are taken for one part of a name.
const MOST_WORDS: usize = 4;

/// Words of a question that are looked at for names.
const MOST_ASKED: usize = 256;

/// Longest part of a name that is a term as a whole, in bytes.
const LONGEST: usize = 64;

/// Parts of names that say of what kind a file is, not what it is about: who asks for the license of something means no file
/// because it is called LICENSE. They are words like others, but no terms as wholes.
const KINDS: [&str; 22] = [
    "about",
    "authors",
    "changelog",
    "changes",
    "contributing",
    "copying",
    "doc",
    "docs",
    "history",
    "index",
    "licence",
    "license",
    "main",
    "news",
    "notes",
    "notice",
    "readme",
    "releasenotes",
    "releases",
    "security",
    "src",
    "todo",
];

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
    let is_name = term.len() > WHOLE.len_utf8() && term.len() <= LONGEST && !KINDS.contains(&&term[WHOLE.len_utf8()..]);
    is_name.then_some(term)
}

/// What a question may mean as a part of a name.
pub(super) struct AskedName<'w> {
    /// Its term.
    pub(super) term: String,
    /// The question's words that it is made of, from and to.
    pub(super) at: Range<usize>,
    /// These words.
    pub(super) words: Vec<&'w str>,
}

/// What a question may mean as a part of a name; what is made of more words comes first.
pub(super) fn asked(question: &[Word]) -> Vec<AskedName<'_>> {
    let spelt: Vec<&str> = question.iter().filter_map(Word::spelt).take(MOST_ASKED).collect();
    let mut asked = Vec::new();
    for length in (1..=MOST_WORDS).rev() {
        for (start, words) in spelt.windows(length).enumerate() {
            let term = format!("{WHOLE}{}", words.concat());
            if term.len() <= LONGEST {
                asked.push(AskedName { term, at: start..start + length, words: words.to_vec() });
            }
        }
    }
    asked
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(source: &str) -> Vec<String> {
        document_terms(source, Analysis::of("en"))
    }

    /// The term of a question that is one of those of a name.
    fn finds(question: &str, source: &str) -> Option<String> {
        let terms = terms(source);
        asked(&words(question)).into_iter().map(|asked| asked.term).find(|term| terms.contains(term))
    }

    #[test]
    fn a_path_is_the_words_of_its_parts_each_of_them_as_a_whole_and_versions() {
        assert_eq!(terms("reqwest-0.12.4/docs/README.md"), ["reqwest", "=reqwest", "0.12.4", "doc", "readm"]);
        assert_eq!(terms("serde_json"), ["serd", "json", "serde_json", "~serdejson", "=serdejson"]);
        assert!(terms("").is_empty() && terms("///").is_empty() && terms("----").is_empty());
    }

    #[test]
    fn versions_are_told_from_other_numbers() {
        for (part, expected) in [
            ("toml-1.2.1+spec-1.1.0", ("toml", Some("1.2.1"))),
            ("handbook v2.1", ("handbook", Some("2.1"))),
            ("x_1.0.0-beta.2", ("x", Some("1.0.0"))),
            ("base64-0.22.1", ("base64", Some("0.22.1"))),
            ("ch04-02-references", ("ch04-02-references", None)),
            ("report-2024", ("report-2024", None)),
            ("1.2.3", ("1.2.3", None)),
            ("a-1.", ("a-1.", None)),
            ("-1.2", ("-1.2", None)),
        ] {
            assert_eq!(divided(part), expected, "{part}");
        }
    }

    #[test]
    fn extensions_are_no_words_of_a_name() {
        for (file, expected) in
            [("a.tar.gz", "a.tar"), (".gitignore", ".gitignore"), ("Dr. Who", "Dr. Who"), ("x", "x")]
        {
            assert_eq!(without_extension(file), expected);
        }
    }

    #[test]
    fn a_name_is_found_however_its_words_are_joined() {
        for question in ["serde_json?", "What is serde-json", "serde json", "SerdeJSON"] {
            assert_eq!(finds(question, "serde_json-1.0.1/x.md").as_deref(), Some("=serdejson"), "{question}");
        }
        assert_eq!(finds("What is serde?", "serde_json-1.0.1/x.md"), None);
        let words = words("the serde json");
        let first = asked(&words).swap_remove(0);
        assert_eq!(
            (first.term.as_str(), first.at, first.words.len()),
            ("=theserdejson", 0..3, 3),
            "the longest come first"
        );
    }

    #[test]
    fn questions_of_many_words_are_looked_at_in_part() {
        assert!(asked(&words(&"word ".repeat(10_000))).len() <= MOST_ASKED * MOST_WORDS);
    }
}
