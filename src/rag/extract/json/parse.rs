//! Text → values. Comments and commas at the end are put up with; values that are nested too deep stay as they are written.

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
    at: usize,
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
        Self { text, at: 0, deadline, steps: 0, max_chars }
    }

    /// All values of the text; `None` when it is not JSON throughout.
    pub fn all(mut self) -> Result<Option<Vec<Value>>, ExtractError> {
        let mut values = Vec::new();
        loop {
            self.space();
            if self.at == self.text.len() {
                return Ok(Some(values).filter(|values| !values.is_empty()));
            }
            match self.value(0) {
                Ok(value) => values.push(value),
                Err(Stop::Syntax) => return Ok(None),
                Err(Stop::Error(error)) => return Err(error),
            }
        }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// Passes over white space and comments.
    fn space(&mut self) {
        loop {
            let rest = self.rest().trim_start();
            self.at = self.text.len() - rest.len();
            let length = if rest.starts_with("//") {
                rest.find('\n').unwrap_or(rest.len())
            } else if rest.starts_with("/*") {
                rest.find("*/").map_or(rest.len(), |end| end + 2)
            } else {
                return;
            };
            self.at += length;
        }
    }

    fn take(&mut self, expected: char) -> bool {
        self.space();
        let found = self.rest().starts_with(expected);
        if found {
            self.at += expected.len_utf8();
        }
        found
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
        self.space();
        match self.rest().bytes().next() {
            Some(b'{' | b'[') if depth >= MAX_DEPTH => self.verbatim(),
            Some(b'{') => {
                self.at += 1;
                let mut members = Vec::new();
                while !self.take('}') {
                    self.space();
                    let key = self.scalar()?;
                    if !self.take(':') {
                        return Err(Stop::Syntax);
                    }
                    members.push((key, self.value(depth + 1)?));
                    if !self.take(',') && !self.rest().starts_with('}') {
                        return Err(Stop::Syntax);
                    }
                }
                Ok(Value::Object(members))
            }
            Some(b'[') => {
                self.at += 1;
                let mut items = Vec::new();
                while !self.take(']') {
                    items.push(self.value(depth + 1)?);
                    if !self.take(',') && !self.rest().starts_with(']') {
                        return Err(Stop::Syntax);
                    }
                }
                Ok(Value::Array(items))
            }
            _ => self.scalar().map(Value::Scalar),
        }
    }

    /// A text, or a word or number as it is written.
    fn scalar(&mut self) -> Result<String, Stop> {
        let rest = self.rest();
        if let Some(quote @ ('"' | '\'')) = rest.chars().next() {
            return self.string(quote);
        }
        let is_word = |c: char| c.is_alphanumeric() || matches!(c, '+' | '-' | '.' | '_' | '$');
        let end = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
        if end == 0 {
            return Err(Stop::Syntax);
        }
        let word = &rest[..end];
        let is_key = rest[end..].trim_start().starts_with(':');
        let is_number = word.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.'));
        if !is_key && !is_number && !matches!(word, "true" | "false" | "null" | "NaN" | "Infinity") {
            return Err(Stop::Syntax);
        }
        self.at += end;
        Ok(word.to_owned())
    }

    fn string(&mut self, quote: char) -> Result<String, Stop> {
        let mut text = String::new();
        let mut chars = self.rest().char_indices().skip(1);
        let mut high: Option<u16> = None;
        while let Some((at, c)) = chars.next() {
            if c == quote {
                self.at += at + c.len_utf8();
                return Ok(text);
            }
            if c != '\\' {
                text.push(c);
                continue;
            }
            match chars.next().ok_or(Stop::Syntax)?.1 {
                'n' => text.push('\n'),
                't' => text.push('\t'),
                'r' => text.push('\r'),
                'b' | 'f' => text.push(' '),
                'u' => {
                    let digits: String = chars.by_ref().take(4).map(|(_, c)| c).collect();
                    let unit = u16::from_str_radix(&digits, 16).map_err(|_| Stop::Syntax)?;
                    match (high.take(), unit) {
                        (_, 0xD800..=0xDBFF) => high = Some(unit),
                        (Some(high), unit) => {
                            text.extend(char::decode_utf16([high, unit]).map(|c| c.unwrap_or('\u{FFFD}')))
                        }
                        (None, unit) => text.push(char::from_u32(unit.into()).unwrap_or('\u{FFFD}')),
                    }
                }
                c => text.push(c),
            }
        }
        Err(Stop::Syntax)
    }

    /// A value as it is written.
    fn verbatim(&mut self) -> Result<Value, Stop> {
        let start = self.at;
        let mut depth = 0_usize;
        loop {
            match self.rest().chars().next().ok_or(Stop::Syntax)? {
                '"' => drop(self.string('"')?),
                c => {
                    self.at += c.len_utf8();
                    depth += usize::from(matches!(c, '{' | '['));
                    if matches!(c, '}' | ']') {
                        depth = depth.checked_sub(1).ok_or(Stop::Syntax)?;
                        if depth == 0 {
                            return Ok(Value::Scalar(self.text[start..self.at].to_owned()));
                        }
                    }
                }
            }
        }
    }
}
