//! Sentences of a passage, free of Markdown.
//!
//! Rules for the few characters that end a sentence, rather than the full Unicode algorithm: a passage is split for
//! every answer, and the algorithm alone takes 0.1 ms for five passages, as long as the whole answer does now. It knows
//! no abbreviations either, and list items, table rows and paragraphs end sentences too.

use crate::util::script::is_unspaced;

/// Characters after which a sentence is cut off: nobody reads a longer one as an answer.
const MONSTROUS: usize = 600;

/// Words before a full stop that does not end a sentence, lower case.
const ABBREVIATIONS: &[&str] = &[
    "abb", "approx", "art", "bd", "bspw", "bzw", "ca", "capt", "cf", "co", "col", "corp", "d.h", "dr", "e.g", "etc",
    "evtl", "fig", "gen", "ggf", "gov", "hr", "i.e", "inc", "jr", "lt", "ltd", "mr", "mrs", "ms", "mt", "nr", "no",
    "op", "p", "pp", "prof", "rev", "sen", "sgt", "sr", "st", "tp", "u.a", "u.s", "vgl", "vs", "z.b",
];

/// Words that follow a German ordinal ("3. Oktober"), lower case.
const AFTER_ORDINAL: &[&str] = &[
    "januar",
    "februar",
    "märz",
    "april",
    "mai",
    "juni",
    "juli",
    "august",
    "september",
    "oktober",
    "november",
    "dezember",
    "jahrhundert",
    "jahrhunderts",
];

/// The sentences of `passage` in their order: headings, code fences and table rules left out, list and table markup
/// removed. Inline markup stays; see [`plain`].
pub fn sentences(passage: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut paragraph = String::new();
    for line in passage.lines() {
        let mut line = line.trim();
        while let Some(quoted) = line.strip_prefix("> ") {
            line = quoted;
        }
        let line = line.trim_start();
        if line.is_empty() || is_markup_only(line) {
            split_into(&mut paragraph, &mut found);
        } else if let Some(row) = line.strip_prefix('|') {
            split_into(&mut paragraph, &mut found);
            found.push(row.split('|').map(str::trim).filter(|cell| !cell.is_empty()).collect::<Vec<_>>().join(", "));
        } else {
            let (is_item, text) = without_marker(line);
            if is_item {
                split_into(&mut paragraph, &mut found);
            }
            if paragraph.chars().next_back().is_some_and(|c| !is_unspaced(c) && !ends_unspaced(c)) {
                paragraph.push(' ');
            }
            paragraph.push_str(text);
        }
    }
    split_into(&mut paragraph, &mut found);
    found.retain(|sentence| sentence.chars().filter(|c| c.is_alphanumeric()).take(2).count() == 2);
    found
}

/// Headings, fences, horizontal and table rules: they structure a text but say nothing by themselves.
fn is_markup_only(line: &str) -> bool {
    let heading = line.trim_start_matches('#');
    (heading.len() < line.len() && heading.starts_with(' '))
        || line.starts_with("```")
        || line.starts_with("~~~")
        || line.bytes().all(|b| matches!(b, b'-' | b'=' | b'*' | b'_' | b'|' | b':' | b' '))
}

/// Whether the line is a list item, and its text without the marker.
fn without_marker(line: &str) -> (bool, &str) {
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let after = match line.as_bytes().get(digits) {
        Some(b'.' | b')') if (1..=3).contains(&digits) => Some(&line[digits + 1..]),
        Some(b'-' | b'*' | b'+') if digits == 0 => Some(&line[1..]),
        _ => line.strip_prefix('•'),
    };
    match after.and_then(|text| text.strip_prefix(' ')) {
        Some(text) => (true, text.trim_start_matches("[ ] ").trim_start_matches("[x] ").trim_start()),
        None => (false, line),
    }
}

/// Moves the sentences of `paragraph` to `found` and empties it.
fn split_into(paragraph: &mut String, found: &mut Vec<String>) {
    let mut start = 0;
    while let Some(end) = sentence_end(paragraph, start) {
        push_trimmed(&paragraph[start..end], found);
        start = end;
    }
    push_trimmed(&paragraph[start..], found);
    paragraph.clear();
}

/// Where the sentence that begins at `start` ends, its closing signs included; `None` when the rest of the paragraph has no
/// end of a sentence.
pub fn sentence_end(paragraph: &str, start: usize) -> Option<usize> {
    let mut from = start;
    while let Some((at, c)) = next_end(paragraph, from) {
        let mut end = at + c.len_utf8();
        let mut wide = ends_unspaced(c);
        for next in paragraph[end..].chars() {
            if !(ends_unspaced(next) || matches!(next, '.' | '!' | '?' | '…') || is_closing(next)) {
                break;
            }
            wide |= ends_unspaced(next);
            end += next.len_utf8();
        }
        let rest = &paragraph[end..];
        let spaced = rest.is_empty() || rest.starts_with(char::is_whitespace);
        if wide || (spaced && !(c == '.' && continues(&paragraph[start..at], rest.trim_start()))) {
            return Some(end);
        }
        from = end;
    }
    None
}

/// Bytes that end a sentence, or are part of a character that may.
const MAY_END: [bool; 256] = {
    let mut table = [true; 256];
    let mut byte = 0;
    while byte < 128 {
        table[byte] = matches!(byte as u8, b'.' | b'!' | b'?');
        byte += 1;
    }
    table
};

/// The next character behind `from` with which a sentence may end. Most characters are ASCII, and are told apart without
/// being decoded.
fn next_end(paragraph: &str, mut from: usize) -> Option<(usize, char)> {
    loop {
        let rest = &paragraph[from..];
        let plain = rest.bytes().position(|byte| MAY_END[usize::from(byte)])?;
        let (at, c) = (from + plain, rest[plain..].chars().next()?);
        if c.is_ascii() || ends_unspaced(c) || c == '…' {
            return Some((at, c));
        }
        from = at + c.len_utf8();
    }
}

fn push_trimmed(sentence: &str, found: &mut Vec<String>) {
    let sentence = sentence.trim();
    if !sentence.is_empty() {
        found.push(sentence.to_owned());
    }
}

/// Full-width ends need no space after them.
fn ends_unspaced(c: char) -> bool {
    matches!(c, '。' | '！' | '？' | '｡' | '\u{0964}' | '\u{104B}' | '\u{17D4}')
}

fn is_closing(c: char) -> bool {
    matches!(c, '"' | '\'' | ')' | ']' | '”' | '’' | '»' | '」' | '』' | '）' | '*' | '_')
}

/// Whether the full stop between `before` and `after` is no end of a sentence.
fn continues(before: &str, after: &str) -> bool {
    let Some(next) = after.chars().next() else { return false };
    if next.is_lowercase() {
        return true;
    }
    let word = before.rsplit(|c: char| c.is_whitespace() || matches!(c, '(' | '"' | '“')).next().unwrap_or_default();
    let initial = word.chars().count() == 1 && word.chars().all(char::is_uppercase);
    let ordinal = (1..=2).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_digit());
    let is_one_of = |list: &[&str], word: &str| word.len() < 14 && list.contains(&word.to_lowercase().as_str());
    initial
        || is_one_of(ABBREVIATIONS, word)
        || (ordinal && is_one_of(AFTER_ORDINAL, after.split(|c: char| !c.is_alphabetic()).next().unwrap_or_default()))
}

/// The sentence as a reader should see it: emphasis, code marks and link targets removed, white space made single, and
/// a monstrous sentence cut at a word with `…`.
pub fn plain(sentence: &str) -> String {
    let mut text = String::with_capacity(sentence.len());
    let mut rest = sentence;
    while let Some(c) = rest.chars().next() {
        if let Some((label, tail)) = link(rest) {
            text.push_str(label);
            rest = tail;
            continue;
        }
        rest = &rest[c.len_utf8()..];
        let doubled = rest.starts_with(c) && matches!(c, '*' | '_' | '~');
        match c {
            '`' => {}
            '*' | '_' | '~' if doubled => rest = &rest[1..],
            '*' if !(text.ends_with(' ') && rest.starts_with(' ')) => {}
            c if c.is_whitespace() => {
                if !text.ends_with(' ') {
                    text.push(' ');
                }
            }
            c => text.push(c),
        }
    }
    let text = text.trim();
    match text.char_indices().nth(MONSTROUS) {
        None => text.to_owned(),
        Some((limit, _)) => {
            let end = text[..limit].rfind(' ').filter(|end| *end > limit / 2).unwrap_or(limit);
            format!("{}…", text[..end].trim_end())
        }
    }
}

/// The label of a Markdown link or image at the start of `text`, and what follows the link.
fn link(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix("![").or_else(|| text.strip_prefix('['))?;
    let (label, target) = inner.split_once("](")?;
    let (_, tail) = target.split_once(')')?;
    (!label.contains(['[', ']'])).then_some((label, tail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_at_ends_and_not_at_abbreviations_initials_and_ordinals() {
        assert_eq!(
            sentences("Dr. J. Smith left the U.S. Navy in 1999. He kept 3.5 ships! \"Why?\" Nobody knows."),
            ["Dr. J. Smith left the U.S. Navy in 1999.", "He kept 3.5 ships!", "\"Why?\"", "Nobody knows."]
        );
        assert_eq!(
            sentences("Am 3. Oktober war z.B. Feiertag. Danach nicht."),
            ["Am 3. Oktober war z.B. Feiertag.", "Danach nicht."]
        );
        assert_eq!(sentences("They won 24. The others lost."), ["They won 24.", "The others lost."]);
    }

    #[test]
    fn scripts_without_spaces_and_vietnamese_are_split() {
        assert_eq!(
            sentences("他来了。他说：“好。”然后走了！真的？"),
            ["他来了。", "他说：“好。”", "然后走了！", "真的？"]
        );
        assert_eq!(
            sentences("Hà Nội là thủ đô. TP. Huế ở miền Trung."),
            ["Hà Nội là thủ đô.", "TP. Huế ở miền Trung."]
        );
    }

    #[test]
    fn markdown_structure_ends_sentences_and_disappears() {
        let passage = "# Keeping\n\nReleases are kept\nfor 30 days.\n\n- first item\n2. second item\n* [x] done\n\n\
                       | Plan | Days |\n|---|---:|\n| Pro | 90 |\n```\n> quoted text\n---";
        assert_eq!(
            sentences(passage),
            [
                "Releases are kept for 30 days.",
                "first item",
                "second item",
                "done",
                "Plan, Days",
                "Pro, 90",
                "quoted text"
            ]
        );
    }

    #[test]
    fn inline_markup_is_removed_and_monsters_are_cut_at_a_word() {
        assert_eq!(
            plain("**Bold** _x_ `code_name` and  [the *guide*](https://a.b/c) ![pic](p.png) 2 * 3 [1]"),
            "Bold _x_ code_name and the *guide* pic 2 * 3 [1]"
        );
        let cut = plain(&"word ".repeat(400));
        assert!(cut.ends_with("word…") && cut.chars().count() <= MONSTROUS + 1);
        assert_eq!(plain(&"字".repeat(1000)).chars().count(), MONSTROUS + 1);
    }

    #[test]
    fn nothing_makes_no_sentence() {
        for passage in ["", " \n", "———", "...", "| |", "- "] {
            assert!(sentences(passage).is_empty(), "{passage:?}");
        }
    }
}
