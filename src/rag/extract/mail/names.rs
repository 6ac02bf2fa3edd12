//! The names of attachments: parts of names of documents, unique in their mail.

use std::collections::HashSet;

use unicode_normalization::UnicodeNormalization;

/// Longest name in characters.
const MAX_CHARS: usize = 120;

/// The names that are given already.
#[derive(Debug, Default)]
pub(super) struct AttachmentNames(HashSet<String>);

impl AttachmentNames {
    /// A name for what is attached to the mail that these lead to: without what divides paths or cannot be seen, and with a
    /// number when another attachment has it already.
    pub(super) fn unique(&mut self, within: &[String], name: &str) -> String {
        let clean = cleaned(name);
        let (stem, extension) = match clean.rsplit_once('.') {
            Some((stem, extension)) if !stem.is_empty() => (stem, format!(".{extension}")),
            _ => (clean.as_str(), String::new()),
        };
        let mut unique = clean.clone();
        // Attachments are bounded, so that a free number is near.
        for number in 2_u32.. {
            if self.0.insert(format!("{}/{unique}", within.join("/"))) {
                break;
            }
            unique = format!("{stem} ({number}){extension}");
        }
        unique
    }
}

/// A name that is one part of a path.
fn cleaned(name: &str) -> String {
    let words = name.split_whitespace().collect::<Vec<_>>().join(" ");
    let words: String = words.nfc().map(|c| if c == '/' || c == '\\' || c.is_control() { '_' } else { c }).collect();
    let skipped = words.chars().count().saturating_sub(MAX_CHARS);
    // The end tells the format.
    let short: String = words.chars().skip(skipped).collect();
    match short.trim() {
        "" | "." | ".." => "attachment".to_owned(),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_parts_of_paths_and_unique_in_their_mail() {
        let mut names = AttachmentNames::default();
        assert_eq!(names.unique(&[], "a.pdf"), "a.pdf");
        assert_eq!(names.unique(&[], "a.pdf"), "a (2).pdf");
        assert_eq!(names.unique(&[], "a.pdf"), "a (3).pdf");
        assert_eq!(names.unique(&["Re: x.eml".into()], "a.pdf"), "a.pdf");
        assert_eq!(names.unique(&[], "../../etc\\passwd\n"), ".._.._etc_passwd");
        assert_eq!(names.unique(&[], ".."), "attachment");
        assert_eq!(names.unique(&[], " \t"), "attachment (2)");
        assert_eq!(names.unique(&[], ".env"), ".env");
        assert_eq!(names.unique(&[], ".env"), ".env (2)");
        let long = format!("{}.pdf", "x".repeat(300));
        let name = names.unique(&[], &long);
        assert!(name.ends_with("x.pdf") && name.chars().count() == MAX_CHARS, "{name}");
    }
}
