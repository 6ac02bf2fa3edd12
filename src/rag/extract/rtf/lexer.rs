//! Bytes → control words, groups, text.

/// The smallest pieces of the format.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    Open,
    Close,
    /// A control word and its number.
    Word(&'a str, Option<i32>),
    /// A byte of text in the encoding of its font.
    Byte(u8),
    /// A character that a control symbol stands for.
    Char(char),
    /// `\*`: who does not know the destination that follows leaves it out.
    Ignorable,
}

pub(super) struct Lexer<'a> {
    rest: &'a [u8],
}

impl<'a> Lexer<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub fn next(&mut self) -> Option<Token<'a>> {
        loop {
            let (first, rest) = self.rest.split_first()?;
            self.rest = rest;
            match first {
                b'{' => return Some(Token::Open),
                b'}' => return Some(Token::Close),
                b'\r' | b'\n' | 0 => {}
                b'\\' => {
                    if let Some(token) = self.control() {
                        return Some(token);
                    }
                }
                byte => return Some(Token::Byte(*byte)),
            }
        }
    }

    fn control(&mut self) -> Option<Token<'a>> {
        let (first, rest) = self.rest.split_first()?;
        if first.is_ascii_alphabetic() {
            return Some(self.word());
        }
        self.rest = rest;
        match first {
            b'\\' | b'{' | b'}' => Some(Token::Byte(*first)),
            b'\'' => {
                let digits = self.rest.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
                let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok())?;
                self.rest = &self.rest[2..];
                Some(Token::Byte(byte))
            }
            b'~' => Some(Token::Char('\u{A0}')),
            b'_' => Some(Token::Char('-')),
            b'*' => Some(Token::Ignorable),
            b'\r' | b'\n' => Some(Token::Word("par", None)),
            b'\t' => Some(Token::Word("tab", None)),
            // A hyphen that shows only at the end of a line, and marks of indexes.
            _ => None,
        }
    }

    fn word(&mut self) -> Token<'a> {
        let letters = self.rest.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
        let (word, rest) = self.rest.split_at(letters);
        let minus = usize::from(rest.first() == Some(&b'-') && rest.get(1).is_some_and(u8::is_ascii_digit));
        let digits = rest[minus..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (number, mut rest) = rest.split_at(minus + digits);
        // One space belongs to the word.
        rest = rest.strip_prefix(b" ").unwrap_or(rest);
        let word = std::str::from_utf8(word).unwrap_or_default();
        let number = std::str::from_utf8(number).ok().and_then(|number| number.parse().ok());
        if word == "bin" {
            let length = number.and_then(|number: i32| usize::try_from(number).ok()).unwrap_or(0);
            rest = rest.get(length..).unwrap_or_default();
        }
        self.rest = rest;
        Token::Word(word, number)
    }
}
