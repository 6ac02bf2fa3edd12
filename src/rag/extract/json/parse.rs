//! Text → values. Comments and commas at the end are put up with; values that are nested too deep stay as they are written.
//!
//! The tokens are `jsonc-parser`'s. What is made of them is ours: keys stay in their order and as often as they are there, numbers as
//! they are written, several values may follow one another, and depth, memory and time are bounded.

use jsonc_parser::{Scanner, ScannerOptions, tokens::Token};

use crate::rag::extract::{ExtractError, clean::squeeze, sandbox::Deadline};

/// Deepest nesting that is taken apart.
const MAX_DEPTH: usize = 64;

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// A text, or what is written for a number, `true`, `false`, `null`.
    Scalar(String),
    Array(Vec<Value>),
    /// Keys may be there twice.
    Object(Vec<(String, Value)>),
}

impl Value {
    pub fn scalar(&self) -> Option<&str> {
        match self {
            Self::Scalar(text) => Some(text),
            _ => None,
        }
    }

    /// Whether it needs no heading of its own: a scalar, a list of them, something empty.
    pub fn is_simple(&self) -> bool {
        match self {
            Self::Scalar(_) => true,
            Self::Array(items) => items.iter().all(|item| item.scalar().is_some()),
            Self::Object(members) => members.is_empty(),
        }
    }

    pub fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The first of these members that is a text.
    pub fn text_of(&self, keys: &[&str]) -> Option<String> {
        let found = keys.iter().find_map(|key| self.get(key)?.scalar())?;
        Some(squeeze(found)).filter(|text| !text.is_empty())
    }

    /// A simple value on one line.
    pub fn on_one_line(&self) -> String {
        match self {
            Self::Scalar(text) => squeeze(text),
            Self::Array(items) => items.iter().filter_map(Self::scalar).map(squeeze).collect::<Vec<_>>().join(", "),
            Self::Object(_) => "{}".to_owned(),
        }
    }
}

pub(super) struct Parser<'a> {
    text: &'a str,
    scanner: Scanner<'a>,
    /// The token that is looked at, comments passed over; `None` at the end.
    token: Option<Token<'a>>,
    deadline: Deadline,
    steps: usize,
    max_chars: usize,
}

/// Why there is no value.
enum Stop {
    /// It is no JSON.
    Syntax,
    Error(ExtractError),
}

impl From<ExtractError> for Stop {
    fn from(error: ExtractError) -> Self {
        Self::Error(error)
    }
}

impl<'a> Parser<'a> {
    /// A parser of this text, of which at most `max_chars` characters may come out.
    pub fn new(text: &'a str, max_chars: usize, deadline: Deadline) -> Self {
        let scanner = Scanner::new(text, &ScannerOptions::default());
        Self { text, scanner, token: None, deadline, steps: 0, max_chars }
    }

    /// All values of the text; `None` when it is not JSON throughout.
    pub fn all(mut self) -> Result<Option<Vec<Value>>, ExtractError> {
        match self.values() {
            Ok(values) => Ok(Some(values).filter(|values| !values.is_empty())),
            Err(Stop::Syntax) => Ok(None),
            Err(Stop::Error(error)) => Err(error),
        }
    }

    fn values(&mut self) -> Result<Vec<Value>, Stop> {
        let mut values = Vec::new();
        self.advance()?;
        while self.token.is_some() {
            values.push(self.value(0)?);
        }
        Ok(values)
    }

    /// Goes to the next token that is no comment.
    fn advance(&mut self) -> Result<(), Stop> {
        loop {
            self.token = self.scanner.scan().map_err(|_| Stop::Syntax)?;
            if !matches!(self.token, Some(Token::CommentLine(_) | Token::CommentBlock(_))) {
                return Ok(());
            }
        }
    }

    /// Goes on behind this token, if it is the one that is looked at.
    fn take(&mut self, expected: &Token<'_>) -> Result<bool, Stop> {
        let found = self.token.as_ref() == Some(expected);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    fn value(&mut self, depth: usize) -> Result<Value, Stop> {
        self.steps += 1;
        if self.steps.is_multiple_of(4096) {
            self.deadline.check()?;
        }
        // Each value is written with at least three characters, and takes much more memory than it has bytes.
        if self.steps > self.max_chars / 3 + 1 {
            let limit = self.max_chars as u64;
            return Err(ExtractError::TooLarge { limit, unit: "characters of text" }.into());
        }
        match &self.token {
            Some(Token::OpenBrace | Token::OpenBracket) if depth >= MAX_DEPTH => self.verbatim(),
            Some(Token::OpenBrace) => self.members(depth),
            Some(Token::OpenBracket) => self.items(depth),
            Some(Token::Word(_)) => Err(Stop::Syntax),
            _ => self.scalar().map(Value::Scalar),
        }
    }

    fn members(&mut self, depth: usize) -> Result<Value, Stop> {
        self.advance()?;
        let mut members = Vec::new();
        while !self.take(&Token::CloseBrace)? {
            let key = self.scalar()?;
            if !self.take(&Token::Colon)? {
                return Err(Stop::Syntax);
            }
            members.push((key, self.value(depth + 1)?));
            if !self.take(&Token::Comma)? && self.token != Some(Token::CloseBrace) {
                return Err(Stop::Syntax);
            }
        }
        Ok(Value::Object(members))
    }

    fn items(&mut self, depth: usize) -> Result<Value, Stop> {
        self.advance()?;
        let mut items = Vec::new();
        while !self.take(&Token::CloseBracket)? {
            items.push(self.value(depth + 1)?);
            if !self.take(&Token::Comma)? && self.token != Some(Token::CloseBracket) {
                return Err(Stop::Syntax);
            }
        }
        Ok(Value::Array(items))
    }

    /// A text, or a word or number as it is written.
    fn scalar(&mut self) -> Result<String, Stop> {
        let scalar = match &self.token {
            Some(Token::String(text)) => text.to_string(),
            Some(token @ (Token::Word(_) | Token::Boolean(_) | Token::Number(_) | Token::Null)) => {
                token.as_str().to_owned()
            }
            _ => return Err(Stop::Syntax),
        };
        self.advance()?;
        Ok(scalar)
    }

    /// A value as it is written.
    fn verbatim(&mut self) -> Result<Value, Stop> {
        let start = self.scanner.token_start();
        // The first token opens.
        let mut open = 0_usize;
        loop {
            match &self.token {
                Some(Token::OpenBrace | Token::OpenBracket) => open += 1,
                Some(Token::CloseBrace | Token::CloseBracket) => open -= 1,
                Some(_) => {}
                None => return Err(Stop::Syntax),
            }
            if open == 0 {
                let value = Value::Scalar(self.text[start..self.scanner.token_end()].to_owned());
                self.advance()?;
                return Ok(value);
            }
            self.advance()?;
        }
    }
}
