//! What a word is, for everything that takes texts apart: the lexical index and the extractive answerer ask the same question.
//!
//! A word is a run of letters and digits with the marks on them. Names that signs belong to are words of their own: `C++`,
//! `F#`, `.NET` (a bare `C` is another name), and behind their words the compounds that signs hold together: `Node.js`,
//! `HB-1187`, `v1.2.3`, `PX-012/B`. A hyphen between plain words makes no name. Scripts without spaces come as single
//! characters.

use super::script::is_unspaced;

/// Words of a compound at most, and its length in bytes: longer ones are paths and the like.
const MOST_PARTS: usize = 8;
const LONGEST_COMPOUND: usize = 64;

/// A part of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token<'t> {
    /// Letters, digits, and the marks on them.
    Word(&'t str),
    /// A short name with its sign, which means something else without it: `C++`, `.NET`.
    Signed {
        /// With the sign.
        name: &'t str,
        /// Without.
        bare: &'t str,
    },
    /// Words and the signs that make one name of them. Follows its words.
    Compound(&'t str),
    /// A letter of a script without spaces.
    Character(char),
}

/// The tokens of a text, in their order.
pub fn tokens(text: &str) -> Tokens<'_> {
    Tokens { text, at: 0, chain: None, compounds: [None, None] }
}

/// Iterator over the tokens of a text.
#[derive(Debug, Clone)]
pub struct Tokens<'t> {
    text: &'t str,
    at: usize,
    /// Words so far that signs hold together.
    chain: Option<Chain>,
    /// Compounds that have just ended.
    compounds: [Option<&'t str>; 2],
}

/// Words that signs hold together: all of them, and those since the last slash.
#[derive(Debug, Clone, Copy)]
struct Chain {
    whole: Span,
    segment: Span,
}

#[derive(Debug, Clone, Copy)]
struct Span {
    start: usize,
    parts: usize,
    /// Whether something in it makes a name of it: a digit, or a sign that is no hyphen and no slash.
    telling: bool,
}

impl Span {
    fn at(start: usize) -> Self {
        Self { start, parts: 0, telling: false }
    }

    /// The compound, when there is one, that ends at `end`; `signed` when its last word has a sign itself.
    fn compound(self, text: &str, end: usize, signed: bool) -> Option<&str> {
        let compound = &text[self.start..end];
        let joined = signed || (2..=MOST_PARTS).contains(&self.parts);
        (joined && self.telling && compound.len() <= LONGEST_COMPOUND).then_some(compound)
    }
}

impl<'t> Iterator for Tokens<'t> {
    type Item = Token<'t>;

    fn next(&mut self) -> Option<Token<'t>> {
        if let Some(compound) = self.compounds.iter_mut().find_map(Option::take) {
            return Some(Token::Compound(compound));
        }
        let start = beginning(self.text, self.at)?;
        if !self.text.as_bytes()[start].is_ascii() {
            let first = self.text[start..].chars().next()?;
            if is_unspaced(first) {
                self.at = start + first.len_utf8();
                return Some(Token::Character(first));
            }
        }
        let end = end(self.text, start);
        if self.chain.is_none() && stands_alone(self.text, start, end) {
            self.at = end;
            return Some(Token::Word(&self.text[start..end]));
        }
        Some(self.word(start, end))
    }
}

impl<'t> Tokens<'t> {
    /// Where the last token ends, in bytes: of a compound, where its last word ends.
    pub fn position(&self) -> usize {
        self.at
    }

    /// The word between `start` and `end`, with the signs that belong to it.
    fn word(&mut self, start: usize, end: usize) -> Token<'t> {
        let (text, word) = (self.text, &self.text[start..end]);
        let dotted = self.chain.is_none() && word.starts_with(char::is_alphabetic) && follows_dot(&text[..start]);
        let suffix = suffix(word, &text[end..]);
        let (name_start, name_end) = (start - usize::from(dotted), end + suffix);
        // ".Then" is more often the end of a sentence without a space than a name.
        let signed = suffix > 0 && word.chars().nth(2).is_none() || dotted && is_of_one_case(word);
        let has_digit = word.bytes().any(|b| b.is_ascii_digit());
        let telling = has_digit || !signed && (dotted || suffix > 0);

        let mut chain =
            self.chain.take().unwrap_or(Chain { whole: Span::at(name_start), segment: Span::at(name_start) });
        for span in [&mut chain.whole, &mut chain.segment] {
            span.parts += 1;
            span.telling |= telling;
        }
        let alone = !signed && (dotted || suffix > 0);
        match joiner(&text[name_end..], suffix) {
            Some(joiner) => {
                self.at = name_end + joiner.len();
                if joiner == "/" {
                    self.compounds[0] = chain.segment.compound(text, name_end, alone);
                    chain.segment = Span::at(self.at);
                } else if matches!(joiner, "." | "_" | "&") {
                    chain.whole.telling = true;
                    chain.segment.telling = true;
                }
                self.chain = Some(chain);
            }
            None => {
                self.at = name_end;
                self.compounds[0] = chain.segment.compound(text, name_end, alone);
                if chain.whole.start != chain.segment.start {
                    self.compounds[1] = chain.whole.compound(text, name_end, false);
                }
            }
        }
        if signed { Token::Signed { name: &text[name_start..name_end], bare: word } } else { Token::Word(word) }
    }
}

/// Whether the word between `start` and `end` is nothing but a word, for no sign stands before or behind it that could belong
/// to a name. Most words are such.
fn stands_alone(text: &str, start: usize, end: usize) -> bool {
    let bytes = text.as_bytes();
    let joins = match bytes.get(end) {
        None => false,
        Some(b'+' | b'#') => true,
        // They join to a letter or digit.
        Some(b'.' | b'-' | b'_' | b'&' | b'/') => {
            bytes.get(end + 1).is_some_and(|next| next.is_ascii_alphanumeric() || !next.is_ascii())
        }
        Some(behind) => !behind.is_ascii() && text[end..].starts_with(is_dash),
    };
    !joins && (start == 0 || bytes[start - 1] != b'.')
}

/// Whether a byte is part of a word: it is, it is not, or it belongs to a character that must be decoded.
const IS_OF_WORD: [u8; 256] = {
    let mut table = [UNKNOWN; 256];
    let mut byte = 0;
    while byte < 128 {
        table[byte] = if (byte as u8).is_ascii_alphanumeric() { YES } else { NO };
        byte += 1;
    }
    table
};
const NO: u8 = 0;
const YES: u8 = 1;
const UNKNOWN: u8 = 2;

/// Where the first word behind `from` begins. Most characters are ASCII, and are told apart without being decoded.
fn beginning(text: &str, from: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let plain = from + bytes[from..].iter().position(|byte| IS_OF_WORD[usize::from(*byte)] != NO)?;
    if bytes[plain].is_ascii() {
        return Some(plain);
    }
    text[plain..].char_indices().find(|(_, c)| c.is_alphanumeric()).map(|(at, _)| plain + at)
}

/// Where the word that begins at `start` ends.
fn end(text: &str, start: usize) -> usize {
    let bytes = text.as_bytes();
    let plain = bytes[start..].iter().position(|byte| IS_OF_WORD[usize::from(*byte)] != YES);
    let plain = plain.map_or(bytes.len(), |length| start + length);
    match bytes.get(plain) {
        Some(byte) if !byte.is_ascii() => {
            text[plain..].find(|c| !is_of_word(c)).map_or(bytes.len(), |more| plain + more)
        }
        _ => plain,
    }
}

/// Whether `c` goes on with a word that has begun.
fn is_of_word(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric();
    }
    (c.is_alphanumeric() || unicode_normalization::char::is_combining_mark(c)) && !is_unspaced(c)
}

/// Whether a dot stands behind `before` that belongs to what follows: at the beginning, behind a space or an opening sign.
fn follows_dot(before: &str) -> bool {
    before.strip_suffix('.').is_some_and(|before| {
        before.chars().next_back().is_none_or(|c| c.is_whitespace() || "([{\"'`*“‘«„/".contains(c))
    })
}

/// Length of the signs behind a word that belong to it: `++`, `+`, `#`, in names of letters.
fn suffix(word: &str, rest: &str) -> usize {
    let signs = match rest.as_bytes() {
        [b'+', b'+', ..] => 2,
        [b'+' | b'#', ..] => 1,
        _ => return 0,
    };
    let next = rest[signs..].chars().next();
    let ends = next.is_none_or(|c| !is_of_word(c) && !matches!(c, '+' | '#'));
    let versioned = signs == 2 && next.is_some_and(|c| c.is_ascii_digit());
    if (ends || versioned) && word.chars().all(char::is_alphabetic) { signs } else { 0 }
}

/// All small or all capital.
fn is_of_one_case(word: &str) -> bool {
    !word.chars().any(char::is_uppercase) || !word.chars().any(char::is_lowercase)
}

/// The sign at the start of `rest` that joins what is before to the word behind it; empty between `C++` and `17`.
fn joiner(rest: &str, suffix: usize) -> Option<&str> {
    let mut chars = rest.chars();
    let sign = chars.next()?;
    if suffix == 2 && sign.is_ascii_digit() {
        return Some("");
    }
    let joins = matches!(sign, '.' | '_' | '&' | '/') || is_dash(sign);
    let next = chars.next()?;
    (joins && next.is_alphanumeric() && !is_unspaced(next)).then(|| &rest[..sign.len_utf8()])
}

fn is_dash(c: char) -> bool {
    matches!(c, '-' | '\u{2010}' | '\u{2011}' | '\u{2013}' | '\u{2212}')
}

/// A compound or signed name as it is compared: small letters, and one sort of hyphen.
pub fn name_key(name: &str) -> String {
    if name.is_ascii() {
        return name.to_ascii_lowercase();
    }
    name.chars().flat_map(|c| if is_dash(c) { '-' } else { c }.to_lowercase()).collect()
}

/// What somebody writes who leaves out the signs of a compound, of which [`name_key`] is given: `nodejs`, `hb1187`, `1.2.3`
/// for `v1.2.3`. `None` where that would be another name: 1.23 is not 12.3.
pub fn without_signs(compound: &str) -> Option<String> {
    let number = compound.strip_prefix('v').filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    if let Some(number) = number.filter(|rest| rest.bytes().all(|b| b.is_ascii_digit() || b == b'.')) {
        return Some(number.to_owned());
    }
    let mut joined = String::with_capacity(compound.len());
    let mut after_sign = false;
    for c in compound.chars() {
        if is_of_word(c) {
            let digits = after_sign && c.is_ascii_digit() && joined.ends_with(|c: char| c.is_ascii_digit());
            if digits {
                return None;
            }
            joined.push(c);
            after_sign = false;
        } else if matches!(c, '+' | '#') {
            return None;
        } else {
            after_sign = true;
        }
    }
    Some(joined)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Signed names in angle brackets, compounds in square ones.
    fn shown(text: &str) -> String {
        let shown = tokens(text).map(|token| match token {
            Token::Word(word) => word.to_owned(),
            Token::Signed { name, bare } => format!("<{name}|{bare}>"),
            Token::Compound(name) => format!("[{name}]"),
            Token::Character(c) => c.to_string(),
        });
        shown.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn names_of_languages_are_not_their_letters() {
        assert_eq!(shown("C, C++, C# and F#."), "C <C++|C> <C#|C> and <F#|F>");
        assert_eq!(shown("C/C++ or C++17; g++ -O2"), "C <C++|C> or <C++|C> 17 [C++17] <g++|g> O2");
        assert_eq!(shown("(.NET) .Net .Then"), "<.NET|NET> Net [.Net] Then [.Then]");
        assert_eq!(shown("ASP.NET, Node.js. Next"), "ASP NET [ASP.NET] Node js [Node.js] Next");
        assert_eq!(shown("Notepad++ and Disney+"), "Notepad [Notepad++] and Disney [Disney+]");
    }

    #[test]
    fn part_numbers_versions_and_codes_are_names_behind_their_parts() {
        assert_eq!(shown("HB-1187, HB–1187"), "HB 1187 [HB-1187] HB 1187 [HB–1187]");
        assert_eq!(shown("v1.2.3 on 10.0.19045."), "v1 2 3 [v1.2.3] on 10 0 19045 [10.0.19045]");
        assert_eq!(shown("0x80070057 (E-4012)"), "0x80070057 E 4012 [E-4012]");
        assert_eq!(shown("PX-012/B"), "PX 012 [PX-012] B [PX-012/B]");
        assert_eq!(shown("snake_case R&D U.S."), "snake case [snake_case] R D [R&D] U S [U.S]");
    }

    #[test]
    fn prose_makes_no_names() {
        assert_eq!(shown("well-known and/or it's 'x' a - b 1+1 #12 #tag"), "well known and or it s x a b 1 1 12 tag");
        assert_eq!(shown("... and so on ...more"), "and so on more");
        assert_eq!(shown("a.b.c.d.e.f.g.h.i.j"), "a b c d e f g h i j", "a compound of ten words is a path");
    }

    #[test]
    fn scripts_without_spaces_come_letter_by_letter() {
        assert_eq!(shown("用C++写 3.中"), "用 <C++|C> 写 3 中");
        assert_eq!(shown("Tie\u{302}\u{301}ng"), "Tie\u{302}\u{301}ng", "marks belong to their letters");
    }

    #[test]
    fn signs_are_left_out_where_the_name_stays_the_same() {
        for (name, plain) in [
            ("Node.js", Some("nodejs")),
            ("HB–1187", Some("hb1187")),
            ("v1.2.3", Some("1.2.3")),
            ("v2.x", Some("v2x")),
            ("10.0.19045", None),
            ("C++17", None),
        ] {
            assert_eq!(without_signs(&name_key(name)).as_deref(), plain, "{name}");
        }
    }

    /// The tokens of a text when every word is looked at closely.
    fn looked_at_closely(text: &str) -> Vec<Token<'_>> {
        let mut all = tokens(text);
        let mut found = Vec::new();
        loop {
            if let Some(compound) = all.compounds.iter_mut().find_map(Option::take) {
                found.push(Token::Compound(compound));
                continue;
            }
            let Some(start) = beginning(text, all.at) else { return found };
            let first = text[start..].chars().next().unwrap();
            found.push(if is_unspaced(first) {
                all.at = start + first.len_utf8();
                Token::Character(first)
            } else {
                all.word(start, end(text, start))
            });
        }
    }

    proptest! {
        /// Words that are told at a glance are the same as when they are looked at closely.
        #[test]
        fn a_glance_tells_plain_words(text in "[a-bA1 +#./_&ü中–\u{301}-]{0,40}|\\PC{0,20}") {
            prop_assert_eq!(tokens(&text).collect::<Vec<_>>(), looked_at_closely(&text), "{}", text);
        }

        /// Every letter and digit is in one word or one character, in the order of the text, and no compound is without its words.
        #[test]
        fn no_letter_is_lost(text in "[a-cA-Z0-9+#./_& ü中–-]{0,40}") {
            let mut letters = String::new();
            let mut since = 0;
            for token in tokens(&text) {
                match token {
                    Token::Word(word) | Token::Signed { bare: word, .. } => letters.push_str(word),
                    Token::Character(c) => letters.push(c),
                    Token::Compound(name) => {
                        let own: String = name.chars().filter(|c| c.is_alphanumeric()).collect();
                        prop_assert!(letters.ends_with(&own), "{name} after {letters}");
                        since += 1;
                    }
                }
            }
            let expected: String = text.chars().filter(|c| c.is_alphanumeric()).collect();
            prop_assert_eq!(letters, expected);
            prop_assert!(since <= text.len());
        }
    }
}
