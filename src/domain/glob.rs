//! Patterns of names, in the one dialect that is used for the sources of documents everywhere: that of SQLite's `GLOB`.

use std::str::Chars;

/// A pattern: `*` stands for any characters, also `/` and none; `?` for one; `[a-z]` for one of these, `[^a-z]` for one of
/// the others. Capitals are not small letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glob {
    tokens: Vec<Token>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Any,
    One,
    Character(char),
    Class {
        ranges: Vec<(char, char)>,
        negated: bool,
    },
    /// A class without its end is no character.
    Nothing,
}

impl Token {
    fn admits(&self, character: char) -> bool {
        match self {
            Self::Any | Self::Nothing => false,
            Self::One => true,
            Self::Character(own) => *own == character,
            Self::Class { ranges, negated } => {
                ranges.iter().any(|(first, last)| (*first..=*last).contains(&character)) != *negated
            }
        }
    }
}

impl Glob {
    /// Reads a pattern; every text is one.
    pub fn new(pattern: &str) -> Self {
        let mut tokens = Vec::new();
        let mut rest = pattern.chars();
        while let Some(c) = rest.next() {
            let token = match c {
                // Several are as good as one.
                '*' if tokens.last() == Some(&Token::Any) => continue,
                '*' => Token::Any,
                '?' => Token::One,
                '[' => class(&mut rest),
                c => Token::Character(c),
            };
            tokens.push(token);
        }
        Self { tokens }
    }

    /// Whether the whole text is one that the pattern stands for. A `*` that took too little is tried again with more, but
    /// only the last one: the time is bounded by the product of both lengths.
    pub fn matches(&self, text: &str) -> bool {
        let (mut at, mut rest) = (0, text.chars());
        let mut retry: Option<(usize, Chars<'_>)> = None;
        loop {
            if self.tokens.get(at) == Some(&Token::Any) {
                at += 1;
                retry = Some((at, rest.clone()));
                continue;
            }
            let step = match (self.tokens.get(at), rest.next()) {
                (None, None) => return true,
                (Some(token), Some(character)) => token.admits(character),
                (None, Some(_)) => false,
                // The text is at its end: no `*` can take more of it.
                (Some(_), None) => return false,
            };
            if step {
                at += 1;
                continue;
            }
            let Some((again, from)) = &mut retry else { return false };
            if from.next().is_none() {
                return false;
            }
            (at, rest) = (*again, from.clone());
        }
    }

    /// What every text that it stands for begins with.
    pub fn prefix(&self) -> String {
        let letter = |token: &Token| if let Token::Character(c) = token { Some(*c) } else { None };
        self.tokens.iter().map_while(letter).collect()
    }
}

/// A class, behind its bracket.
fn class(rest: &mut Chars<'_>) -> Token {
    let mut ranges = Vec::new();
    let mut next = rest.next();
    let negated = next == Some('^');
    if negated {
        next = rest.next();
    }
    // A bracket in the first place is meant.
    let mut first = true;
    loop {
        match next {
            None => return Token::Nothing,
            Some(']') if !first => return Token::Class { ranges, negated },
            Some(low) => {
                let mut ahead = rest.clone();
                match (ahead.next(), ahead.next()) {
                    (Some('-'), Some(high)) if high != ']' => {
                        ranges.push((low, high));
                        *rest = ahead;
                    }
                    _ => ranges.push((low, low)),
                }
            }
        }
        first = false;
        next = rest.next();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn patterns_stand_for_texts() {
        for (pattern, text, expected) in [
            ("docs/*.md", "docs/a.md", true),
            ("docs/*.md", "docs/a/b.md", true),
            ("docs/*.md", "docs/a.mdx", false),
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("?", "ü", true),
            ("?", "", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("*a", "aaab", false),
            ("[a-cx]1", "b1", true),
            ("[a-cx]1", "d1", false),
            ("[^a-c]1", "d1", true),
            ("[]]", "]", true),
            ("[a", "a", false),
            ("[a-]", "-", true),
            ("A", "a", false),
            ("**/x", "a/b/x", true),
        ] {
            assert_eq!(Glob::new(pattern).matches(text), expected, "{pattern} {text}");
        }
        assert_eq!(Glob::new("docs/[ab]*").prefix(), "docs/");
    }

    /// Every way to part the text, the slow way.
    fn naive(tokens: &[Token], text: &[char]) -> bool {
        match tokens.split_first() {
            None => text.is_empty(),
            Some((Token::Any, rest)) => (0..=text.len()).any(|n| naive(rest, &text[n..])),
            Some((token, rest)) => text.split_first().is_some_and(|(c, text)| token.admits(*c) && naive(rest, text)),
        }
    }

    proptest! {
        #[test]
        fn matching_is_what_trying_everything_finds(pattern in "[ab*?\\[\\]^-]{0,8}", text in "[ab\\]-]{0,8}") {
            let glob = Glob::new(&pattern);
            prop_assert_eq!(glob.matches(&text), naive(&glob.tokens, &text.chars().collect::<Vec<_>>()));
            prop_assert!(!glob.matches(&text) || text.starts_with(&glob.prefix()));
        }
    }
}
