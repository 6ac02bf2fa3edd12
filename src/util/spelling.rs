//! How texts are spelt: composed and compatible characters as one, and words without their accents.

use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization, char::decompose_canonical, is_nfkc_quick};

/// A text in NFKC: letters and their marks composed, `ﬁ` and `Ａ` as `fi` and `A`.
pub fn nfkc(text: &str) -> Cow<'_, str> {
    if is_nfkc(text) { text.into() } else { text.nfkc().collect::<String>().into() }
}

/// Whether a text is certainly in NFKC. ASCII is, and what stands before it has no part in what stands behind it.
fn is_nfkc(text: &str) -> bool {
    let mut rest = text;
    loop {
        // Many bytes are looked at together.
        let plain = rest.as_bytes().chunks(32).take_while(|part| part.is_ascii()).map(<[u8]>::len).sum();
        let Some(start) = rest.as_bytes()[plain..].iter().position(|byte| !byte.is_ascii()) else { return true };
        let others = &rest[plain + start..];
        let end = others.bytes().position(|byte| byte.is_ascii()).unwrap_or(others.len());
        if is_nfkc_quick(others[..end].chars()) != IsNormalized::Yes {
            return false;
        }
        rest = &others[end..];
    }
}

/// The spellings of a word (small letters, NFKC) without accents: none where it has none, `muller` and `mueller` for `müller`,
/// `thu` for `thủ`. Marks that a script cannot do without (й, the vowels of Hindi) stay.
pub fn without_accents(word: &str) -> Vec<String> {
    if word.is_ascii() {
        return Vec::new();
    }
    let (mut short, mut long) = (String::with_capacity(word.len()), String::with_capacity(word.len()));
    for c in word.chars() {
        each_plain(c, |a, b| {
            short.push_str(a);
            long.push_str(b);
        });
    }
    let mut spellings = vec![short, long];
    spellings.dedup();
    spellings.retain(|spelling| spelling != word && !spelling.is_empty());
    spellings
}

/// The letter that a word begins with when it is spelt without accents; none where it is nothing but marks.
pub fn first_without_accents(word: &str) -> Option<char> {
    word.chars().find_map(|c| {
        let mut first = None;
        each_plain(c, |plain, _| first = first.or(plain.chars().next()));
        first
    })
}

/// Letters that are replaced by others, by some people by two.
fn two_spellings(c: char) -> Option<(&'static str, &'static str)> {
    Some(match c {
        'ä' => ("a", "ae"),
        'ö' => ("o", "oe"),
        'ü' => ("u", "ue"),
        'å' => ("a", "aa"),
        'ø' => ("o", "oe"),
        'ß' => ("ss", "ss"),
        'æ' => ("ae", "ae"),
        'œ' => ("oe", "oe"),
        'đ' | 'ð' => ("d", "d"),
        'þ' => ("th", "th"),
        'ł' => ("l", "l"),
        'ı' => ("i", "i"),
        'ħ' => ("h", "h"),
        'ё' => ("е", "е"),
        _ => return None,
    })
}

/// Hands over what a letter is without its marks, in both spellings; nothing for a mark.
fn each_plain(c: char, mut take: impl FnMut(&str, &str)) {
    if let Some((short, long)) = two_spellings(c) {
        return take(short, long);
    }
    // What is under the marks may itself be replaced: ǣ is æ with a mark.
    let mut bare = |c: char| match two_spellings(c) {
        Some((short, long)) => take(short, long),
        None if is_optional_mark(c) => {}
        None => {
            let mut bytes = [0; 4];
            let c: &str = c.encode_utf8(&mut bytes);
            take(c, c);
        }
    };
    if loses_its_marks(c) { decompose_canonical(c, bare) } else { bare(c) }
}

/// Latin, Greek and Arabic letters.
fn loses_its_marks(c: char) -> bool {
    matches!(u32::from(c), 0x00C0..=0x024F | 0x0370..=0x03FF | 0x0620..=0x06FF | 0x1E00..=0x1FFF)
}

/// Accents of Latin and Greek, points of Hebrew, vowels and the stretching of Arabic.
fn is_optional_mark(c: char) -> bool {
    matches!(u32::from(c), 0x0300..=0x036F | 0x0591..=0x05C7 | 0x0640 | 0x064B..=0x065F | 0x0670)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn accents_are_left_out_as_people_do() {
        for (word, plain) in [
            ("café", vec!["cafe"]),
            ("müller", vec!["muller", "mueller"]),
            ("straße", vec!["strasse"]),
            ("đường", vec!["duong"]),
            ("nước", vec!["nuoc"]),
            ("smørrebrød", vec!["smorrebrod", "smoerrebroed"]),
            ("niño", vec!["nino"]),
            ("zażółć", vec!["zazolc"]),
            ("αθήνα", vec!["αθηνα"]),
            ("ещё", vec!["еще"]),
            ("ǣr", vec!["aer"]),
            ("كِتاب", vec!["كتاب"]),
        ] {
            assert_eq!(without_accents(word), plain, "{word}");
        }
    }

    #[test]
    fn what_has_no_accents_stays() {
        for word in ["cafe", "", "войной", "हिन्दी", "한국어", "中文"] {
            assert!(without_accents(word).is_empty(), "{word}");
        }
    }

    #[test]
    fn a_mark_at_the_beginning_is_passed_over() {
        // The stretching of Arabic counts as a letter, a point of Hebrew does not; either may begin a word.
        for (word, first) in
            [("ـكتاب", Some('ك')), ("\u{591}𐌭", Some('𐌭')), ("ِ", None), ("élan", Some('e')), ("x", Some('x'))]
        {
            assert_eq!(first_without_accents(word), first, "{word}");
        }
    }

    proptest! {
        #[test]
        fn a_text_is_checked_as_a_whole(text in "[a ﬁé\u{301}\u{323}ÅＡ中가]{0,12}|\\PC{0,12}") {
            prop_assert_eq!(is_nfkc(&text), is_nfkc_quick(text.chars()) == IsNormalized::Yes, "{}", text);
            prop_assert_eq!(nfkc(&text), text.nfkc().collect::<String>());
        }

        /// Spellings have no accents themselves, whatever the word.
        #[test]
        fn a_plain_spelling_is_plain(word in "\\PC{0,12}") {
            let word = nfkc(&word.to_lowercase()).into_owned();
            for spelling in without_accents(&word) {
                prop_assert!(spelling != word);
                prop_assert_eq!(first_without_accents(&word), spelling.chars().next(), "{}", word);
                prop_assert_eq!(without_accents(&spelling), Vec::<String>::new(), "{}", word);
            }
        }
    }
}
