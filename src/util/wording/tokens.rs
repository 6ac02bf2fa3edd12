//! A question as a series of words, numbers and signs, before anybody asks what they mean.

use unicode_normalization::UnicodeNormalization;

use crate::util::script::is_unspaced;

/// French words that lose their last letter before a vowel. What stands before an apostrophe in other languages ("don't",
/// "O'Neil") is no such word.
const ELIDED: &[&str] = &["l", "d", "j", "m", "t", "s", "c", "n", "qu", "jusqu", "lorsqu", "puisqu", "quoiqu"];

/// English endings behind an apostrophe that are words of their own.
const CONTRACTED: &[&str] = &["re", "ve", "ll", "d", "m"];

/// A word as it is written, and what can be told from that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    /// Lower case.
    pub(crate) lower: String,
    /// Begins with a capital.
    pub(crate) capital: bool,
    /// Has capitals, digits or signs inside, so that it is a name wherever it stands.
    pub(crate) inside: bool,
    /// The first word of the question, capitalised anyway.
    pub(crate) first: bool,
    /// A comma or another pause follows.
    pub(crate) pause: bool,
    /// One character of a script without spaces.
    pub(crate) unspaced: bool,
    /// It ends with the English "'s", which the word does not have here.
    pub(crate) genitive: bool,
}

impl Token {
    /// The number that it is, written in one way.
    pub(crate) fn number(&self) -> Option<String> {
        // "v2.10" is version 2.10.
        let unversioned = self.lower.strip_prefix('v').filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        let written = unversioned.unwrap_or(&self.lower);
        if self.unspaced || !written.starts_with(char::is_numeric) {
            return None;
        }
        let plain: String = written.chars().filter(|c| *c != ',').collect();
        let digits = plain.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(plain.len());
        let (value, rest) = plain.split_at(digits);
        let value = match value.parse::<f64>() {
            Ok(number) if value.contains('.') && !value.ends_with('.') => number.to_string(),
            _ => value.to_owned(),
        };
        // "5mg" is "5 mg".
        Some(match super::lexicon::unit(rest) {
            Some(unit) => format!("{value} {unit}"),
            None => format!("{value}{rest}"),
        })
    }

    /// A single letter, or one with signs: S, C++, F#.
    pub(crate) fn is_letter(&self) -> bool {
        let mut letters = self.lower.trim_end_matches(['+', '#']).chars();
        !self.unspaced && letters.next().is_some_and(char::is_alphabetic) && letters.next().is_none()
    }
}

/// Words, numbers and identifiers; in scripts without spaces, single characters.
pub(crate) fn tokens(question: &str) -> Vec<Token> {
    let text: String = question.nfc().map(|c| if c == '’' { '\'' } else { c }).collect();
    let mut tokens: Vec<Token> = Vec::new();
    let mut rest = text.as_str();
    while let Some(start) = rest.find(|c: char| c.is_alphanumeric()) {
        if let Some(last) = tokens.last_mut() {
            last.pause |= rest[..start].contains([',', ';', ':', '，', '、']);
        }
        rest = &rest[start..];
        let Some(head) = rest.chars().next() else { break };
        if is_unspaced(head) {
            let first = tokens.is_empty();
            push(&mut tokens, head.to_string(), Token { unspaced: true, ..blank(first) });
            rest = &rest[head.len_utf8()..];
            continue;
        }
        let mut end = rest
            .char_indices()
            .find(|(_, c)| (!is_letter(*c) || is_unspaced(*c)) && !"'_-.,".contains(*c))
            .map_or(rest.len(), |(at, _)| at);
        // Signs stay only between letters and digits: "3.5", "load_dataset"; "state-of-the-art" is taken apart below.
        end = rest[..end].trim_end_matches(['\'', '-', '.', ',']).len();
        // "C++", "F#": a letter or two with signs are a name.
        let signs = rest[end..].len() - rest[end..].trim_start_matches(['+', '#']).len();
        if end <= 2 {
            end += signs;
        }
        let piece = &rest[..end];
        let elided = rest[end..].starts_with('\'');
        rest = &rest[end..];
        for part in piece.split('-').filter(|part| !part.is_empty()) {
            for word in split_sentence_signs(part) {
                split_apostrophes(&mut tokens, word);
            }
        }
        if let Some(last) = tokens.last_mut() {
            last.pause = rest.starts_with(',') && !elided;
        }
    }
    tokens
}

/// A letter, a digit, or a mark that belongs to the letter before.
fn is_letter(c: char) -> bool {
    c.is_alphanumeric() || unicode_normalization::char::is_combining_mark(c)
}

fn blank(first: bool) -> Token {
    Token { lower: String::new(), capital: false, inside: false, first, pause: false, unspaced: false, genitive: false }
}

fn push(tokens: &mut Vec<Token>, lower: String, token: Token) {
    tokens.push(Token { lower, ..token });
}

/// "l'adjoint" is two words, so is "you're"; "don't" is one that negates.
fn split_apostrophes(tokens: &mut Vec<Token>, word: &str) {
    let Some((before, behind)) = word.split_once('\'') else { return word_token(tokens, word, false) };
    let (lower_before, lower_behind) = (before.to_lowercase(), behind.to_lowercase());
    if ELIDED.contains(&lower_before.as_str()) {
        word_token(tokens, before, false);
        split_apostrophes(tokens, behind);
    } else if lower_behind == "s" {
        word_token(tokens, before, true);
    } else if CONTRACTED.contains(&lower_behind.as_str()) {
        word_token(tokens, before, false);
        word_token(tokens, behind, false);
    } else {
        word_token(tokens, word, false);
    }
}

fn word_token(tokens: &mut Vec<Token>, word: &str, genitive: bool) {
    if word.is_empty() {
        return;
    }
    let first = tokens.is_empty();
    let capital = word.chars().next().is_some_and(char::is_uppercase);
    let inside = word.chars().skip(1).any(|c| c.is_uppercase() || matches!(c, '_' | '+' | '#'))
        || word.chars().any(|c| c.is_ascii_digit());
    push(tokens, word.to_lowercase(), Token { capital, inside, genitive, ..blank(first) });
}

/// "word.Word" and "word,word" are two words, "3.5" and "1,000" are one.
fn split_sentence_signs(part: &str) -> impl Iterator<Item = &str> {
    let number = part.strip_prefix(['v', 'V']).unwrap_or(part).starts_with(char::is_numeric);
    part.split(move |c| !number && (c == '.' || c == ',')).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        tokens(text).into_iter().map(|token| token.lower).collect()
    }

    #[test]
    fn words_are_cut_where_their_language_joins_them() {
        assert_eq!(words("Qu'est-ce que l’adjoint fait ?"), ["qu", "est", "ce", "que", "l", "adjoint", "fait"]);
        assert_eq!(
            words("You're in Ann's 1,000.5-mile C++ club, aren't you?"),
            ["you", "re", "in", "ann", "1,000.5", "mile", "c++", "club", "aren't", "you"]
        );
        assert_eq!(words("A级供应商"), ["a", "级", "供", "应", "商"]);
        assert_eq!(words("HB-1187 v2.10"), ["hb", "1187", "v2.10"]);
    }

    #[test]
    fn pauses_genitives_and_names_are_seen() {
        let all = tokens("At noon, where is Ann's `load_x`?");
        assert!(all[1].pause && !all[0].pause && all[4].genitive && all[4].capital && all[5].inside);
        assert!(tokens("plan S?")[1].is_letter() && tokens("C++")[0].is_letter() && !tokens("中")[0].is_letter());
    }
}
