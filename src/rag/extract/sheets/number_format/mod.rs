//! Number formats of spreadsheets: what a cell shows for its value.
//!
//! A code has up to four sections (`positive;negative;zero;text`), each of literals and placeholders. Files keep codes in their
//! English form; separators are written so, too. The dates of formats that follow the reader's own country, and month names of
//! other languages, are written as ISO 8601: nothing is guessed.

mod date;
mod shown;
#[cfg(test)]
mod tests;

use date::Moment;
use shown::{general, iso, show_date, show_number};

/// A piece of a section.
#[derive(Debug, Clone, PartialEq)]
enum Token {
    Literal(String),
    /// `0`, `#` or `?`.
    Digit(char),
    Point,
    Comma,
    Percent,
    /// `E+` or `E-`.
    Exponent,
    General,
    /// A letter of dates and times and how often it stands there: `yyyy`; months are `m`, minutes `n`.
    Date(char, usize),
    /// Hours, minutes or seconds of a duration: `[h]`.
    Elapsed(char),
    AmPm,
}

#[derive(Debug, Clone, Default)]
struct Section {
    tokens: Vec<Token>,
    is_date: bool,
    /// Written as ISO 8601 whatever the tokens.
    iso: bool,
    condition: Option<(String, f64)>,
}

/// A number format that has been read.
#[derive(Debug, Clone)]
pub(super) struct NumberFormat {
    sections: Vec<Section>,
}

impl NumberFormat {
    /// The format of this code.
    pub fn new(code: &str) -> Self {
        Self { sections: split_sections(code).iter().map(|section| parse(section)).collect() }
    }

    /// The format that has this id without being defined in the file.
    pub fn built_in(id: u32) -> Self {
        let code = match id {
            1 => "0",
            2 => "0.00",
            3 => "#,##0",
            4 => "#,##0.00",
            5 | 6 => "$#,##0;-$#,##0",
            7 | 8 => "$#,##0.00;-$#,##0.00",
            9 => "0%",
            10 => "0.00%",
            11 => "0.00E+00",
            12 | 13 => "# ?/?",
            // In the order of the reader's country.
            14 | 27..=31 | 34..=36 | 50..=58 => "yyyy-mm-dd",
            22 => "yyyy-mm-dd hh:mm",
            15 => "d-mmm-yy",
            16 => "d-mmm",
            17 => "mmm-yy",
            18 => "h:mm AM/PM",
            19 => "h:mm:ss AM/PM",
            20 | 32 => "h:mm",
            21 | 33 => "h:mm:ss",
            37 | 38 => "#,##0;(#,##0)",
            39 | 40 => "#,##0.00;(#,##0.00)",
            41 => "#,##0;(#,##0);\"-\"",
            42 => "$#,##0;($#,##0);\"-\"",
            43 => "#,##0.00;(#,##0.00);\"-\"",
            44 => "$#,##0.00;($#,##0.00);\"-\"",
            45 => "mm:ss",
            46 => "[h]:mm:ss",
            47 => "mm:ss.0",
            48 => "##0.0E+0",
            _ => "General",
        };
        Self::new(code)
    }

    /// What a cell with this value shows.
    pub fn show(&self, value: f64, is_1904: bool) -> String {
        if !value.is_finite() {
            return String::new();
        }
        let (section, signed) = self.section(value);
        let Some(section) = section else {
            return general(value);
        };
        if section.is_date {
            let precise = section.tokens.iter().any(|token| matches!(token, Token::Date('0', _)));
            return match Moment::of(value, is_1904, precise) {
                Some(moment) if section.iso => iso(section, &moment),
                Some(moment) => show_date(section, &moment, value),
                None => general(value),
            };
        }
        let shown = show_number(section, value.abs());
        let is_zero = !shown.contains(|c: char| ('1'..='9').contains(&c));
        if signed && value < 0.0 && !is_zero { format!("-{shown}") } else { shown }
    }

    /// The section for a value, and whether it needs a sign.
    fn section(&self, value: f64) -> (Option<&Section>, bool) {
        let numeric = &self.sections[..self.sections.len().min(3)];
        if numeric.iter().any(|section| section.condition.is_some()) {
            let holds = |section: &&Section| match &section.condition {
                Some((operator, bound)) => match operator.as_str() {
                    "<" => value < *bound,
                    "<=" => value <= *bound,
                    ">" => value > *bound,
                    ">=" => value >= *bound,
                    "<>" => value != *bound,
                    _ => value == *bound,
                },
                None => true,
            };
            return (numeric.iter().find(holds), true);
        }
        match numeric {
            [] => (None, true),
            [only] => (Some(only), true),
            [_, negative, ..] if value < 0.0 => (Some(negative), false),
            [_, _, zero] if value == 0.0 => (Some(zero), false),
            [positive, ..] => (Some(positive), false),
        }
    }
}

/// The sections of a code: a semicolon inside quotation marks or behind a backslash divides nothing.
fn split_sections(code: &str) -> Vec<String> {
    let mut sections = vec![String::new()];
    let (mut quoted, mut escaped) = (false, false);
    for c in code.chars() {
        if c == ';' && !quoted && !escaped {
            sections.push(String::new());
            continue;
        }
        quoted ^= c == '"' && !escaped;
        escaped = c == '\\' && !escaped && !quoted;
        if let Some(last) = sections.last_mut() {
            last.push(c);
        }
    }
    sections
}

fn parse(code: &str) -> Section {
    let mut section = Section::default();
    let mut foreign = false;
    let mut rest = code;
    while let Some(c) = rest.chars().next() {
        let mut length = c.len_utf8();
        match c {
            '"' => {
                let end = rest[1..].find('"').map_or(rest.len(), |at| at + 1);
                literal(&mut section.tokens, &rest[1..end]);
                length = (end + 1).min(rest.len());
            }
            '\\' | '_' | '*' => {
                let next = rest[1..].chars().next();
                length += next.map_or(0, char::len_utf8);
                match (c, next) {
                    ('\\', Some(next)) => literal(&mut section.tokens, next.encode_utf8(&mut [0; 4])),
                    // As wide as a character: a space that aligns columns.
                    ('_', Some(_)) => {}
                    _ => {}
                }
            }
            '[' => {
                let end = rest.find(']').unwrap_or(rest.len());
                bracket(&mut section, &rest[1..end], &mut foreign);
                length = (end + 1).min(rest.len());
            }
            '0' | '#' | '?' => section.tokens.push(Token::Digit(c)),
            '.' => section.tokens.push(Token::Point),
            ',' => section.tokens.push(Token::Comma),
            '%' => section.tokens.push(Token::Percent),
            '@' => section.tokens.push(Token::General),
            'E' | 'e' if rest[1..].starts_with(['+', '-']) => {
                section.tokens.push(Token::Exponent);
                length = 2;
            }
            _ if starts_with(rest, "general") => {
                section.tokens.push(Token::General);
                length = 7;
            }
            _ if starts_with(rest, "am/pm") || starts_with(rest, "a/p") => {
                section.tokens.push(Token::AmPm);
                section.is_date = true;
                length = if starts_with(rest, "am/pm") { 5 } else { 3 };
            }
            'y' | 'Y' | 'm' | 'M' | 'd' | 'D' | 'h' | 'H' | 's' | 'S' | 'e' | 'g' => {
                let letter = c.to_ascii_lowercase();
                let count = rest.chars().take_while(|next| next.to_ascii_lowercase() == letter).count();
                section.tokens.push(Token::Date(letter, count));
                section.is_date = true;
                length = count;
            }
            _ => literal(&mut section.tokens, c.encode_utf8(&mut [0; 4])),
        }
        rest = &rest[length..];
    }
    if section.is_date {
        settle_minutes(&mut section.tokens);
        let is_named = |token: &Token| matches!(token, Token::Date('m' | 'd', 3..));
        section.iso = foreign && section.tokens.iter().any(is_named);
    }
    section
}

fn starts_with(text: &str, word: &str) -> bool {
    text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
}

fn literal(tokens: &mut Vec<Token>, text: &str) {
    match tokens.last_mut() {
        Some(Token::Literal(last)) => last.push_str(text),
        _ => tokens.push(Token::Literal(text.to_owned())),
    }
}

/// What stands in brackets: a colour, a condition, a currency and language, a duration.
fn bracket(section: &mut Section, content: &str, foreign: &mut bool) {
    if let Some(currency) = content.strip_prefix('$') {
        let (symbol, language) = currency.split_once('-').unwrap_or((currency, ""));
        if !symbol.is_empty() {
            literal(&mut section.tokens, symbol);
        }
        // The low byte of a language's number is its primary language; 9 is English.
        let number = u32::from_str_radix(language.split(',').next().unwrap_or_default(), 16);
        *foreign |=
            number.is_ok_and(|number| number & 0xFF != 9) || language.contains('-') && !language.starts_with("en");
    } else if let Some(at) = content.find(|c: char| c.is_ascii_digit() || c == '-' || c == '.')
        && content.starts_with(['<', '>', '='])
    {
        section.condition = content[at..].parse().ok().map(|bound| (content[..at].to_owned(), bound));
    } else if let Some(unit @ ('h' | 'm' | 's')) = content.chars().next().map(|c| c.to_ascii_lowercase())
        && content.chars().all(|c| c.to_ascii_lowercase() == unit)
    {
        section.tokens.push(Token::Elapsed(unit));
        section.is_date = true;
    }
}

/// `m` means minutes behind hours and before seconds, else months. Digits behind the seconds' point are parts of a second.
fn settle_minutes(tokens: &mut [Token]) {
    let is_time = |token: &Token| matches!(token, Token::Date(..) | Token::Elapsed(_));
    for at in 0..tokens.len() {
        match &tokens[at] {
            Token::Date('m', count @ (1 | 2)) => {
                let count = *count;
                let before = tokens[..at].iter().rev().find(|token| is_time(token));
                let after = tokens[at + 1..].iter().find(|token| is_time(token));
                if matches!(before, Some(Token::Date('h', _) | Token::Elapsed('h')))
                    || matches!(after, Some(Token::Date('s', _) | Token::Elapsed('s')))
                {
                    tokens[at] = Token::Date('n', count);
                }
            }
            Token::Digit('0') => tokens[at] = Token::Date('0', 1),
            _ => {}
        }
    }
}
