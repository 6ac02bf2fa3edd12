//! Number formats of spreadsheets: what a cell shows for its value.
//!
//! A code has up to four sections (`positive;negative;zero;text`), each of literals and placeholders. Files keep codes in their
//! English form; separators are written so, too. The dates of formats that follow the reader's own country, and month names of
//! other languages, are written as ISO 8601: nothing is guessed.

use super::date::{self, Moment};

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

/// A number without a format: the shortest that says the same in 15 digits.
pub(super) fn general(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let size = value.abs();
    let rounded: f64 = format!("{value:.14e}").parse().unwrap_or(value);
    if (1e-9..1e21).contains(&size) { format!("{rounded}") } else { format!("{rounded:E}") }
}

fn show_number(section: &Section, value: f64) -> String {
    let tokens = &section.tokens;
    let is_digit = |token: &Token| matches!(token, Token::Digit(_));
    let is_fraction = tokens.iter().any(|token| matches!(token, Token::Literal(text) if text.contains('/')))
        && tokens.contains(&Token::Digit('?'));
    let Some(last_digit) = tokens.iter().rposition(is_digit) else {
        return literals(tokens, value);
    };
    if is_fraction {
        return general(value);
    }
    if let Some(exponent) = tokens.iter().position(|token| *token == Token::Exponent) {
        let places = tokens[..exponent].iter().skip_while(|token| **token != Token::Point).filter(|t| is_digit(t));
        let shown = format!("{value:.*e}", places.count());
        let (mantissa, power) = shown.split_once('e').unwrap_or((&shown, "0"));
        let (sign, power) = power.strip_prefix('-').map_or(('+', power), |power| ('-', power));
        return format!("{mantissa}E{sign}{power:0>2}");
    }
    let point = tokens.iter().position(|token| *token == Token::Point).unwrap_or(tokens.len());
    let first_digit = tokens.iter().position(is_digit).unwrap_or(0);
    let scale = tokens[last_digit..].iter().skip(1).take_while(|token| **token == Token::Comma).count()
        + if point < last_digit {
            tokens[..point].iter().rev().take_while(|token| **token == Token::Comma).count()
        } else {
            0
        };
    let percent = tokens.iter().filter(|token| **token == Token::Percent).count();
    let grouped = tokens[first_digit..last_digit.min(point).max(first_digit)].contains(&Token::Comma);
    let scaled = value * 100_f64.powi(percent.min(9) as i32) / 1000_f64.powi(scale.min(9) as i32);
    let places: Vec<char> = tokens[point.min(tokens.len())..].iter().filter_map(digit).collect();
    let (whole, decimals) = date::decimal(scaled, places.len());
    let mut shown = String::new();
    let mut left = tokens[..point].iter().filter(|token| is_digit(token)).count();
    // Digits fill the places from the right; what is more stands before the first.
    let mut at = 0;
    let mut decimal = 0;
    let kept = places.iter().rposition(|place| *place == '0').map_or(0, |last| last + 1);
    let kept = kept.max(decimals.trim_end_matches('0').len());
    for (index, token) in tokens.iter().enumerate() {
        match token {
            Token::Digit(place) if index < point => {
                left -= 1;
                let digits = whole.len().saturating_sub(at);
                let upto = if digits > left { whole.len() - left } else { at };
                if upto > at {
                    for position in at..upto {
                        shown.push_str(&whole[position..=position]);
                        let behind = whole.len() - position - 1;
                        if grouped && behind > 0 && behind.is_multiple_of(3) {
                            shown.push(',');
                        }
                    }
                    at = upto;
                } else if *place == '0' {
                    shown.push('0');
                    if grouped && left > 0 && left.is_multiple_of(3) {
                        shown.push(',');
                    }
                }
            }
            Token::Digit(_) => {
                if decimal < kept {
                    shown.push_str(decimals.get(decimal..=decimal).unwrap_or("0"));
                }
                decimal += 1;
            }
            Token::Point if index == point => {
                if left == 0 && at == 0 && !tokens[..point].iter().any(is_digit) && !whole.is_empty() {
                    shown.push_str(&whole);
                }
                if kept > 0 {
                    shown.push('.');
                }
            }
            Token::Percent => shown.push('%'),
            Token::Literal(text) => shown.push_str(text),
            Token::Comma if index > last_digit => {}
            _ => {}
        }
    }
    shown.trim().to_owned()
}

fn digit(token: &Token) -> Option<char> {
    match token {
        Token::Digit(place) => Some(*place),
        _ => None,
    }
}

/// A section without places for digits.
fn literals(tokens: &[Token], value: f64) -> String {
    let mut shown = String::new();
    for token in tokens {
        match token {
            Token::Literal(text) => shown.push_str(text),
            Token::General => shown.push_str(&general(value)),
            Token::Percent => shown.push('%'),
            Token::Point => shown.push('.'),
            Token::Comma => shown.push(','),
            _ => {}
        }
    }
    shown.trim().to_owned()
}

fn iso(section: &Section, moment: &Moment) -> String {
    let has = |letters: &[char]| {
        section.tokens.iter().any(|token| matches!(token, Token::Date(letter, _) if letters.contains(letter)))
    };
    let day = has(&['y', 'm', 'd']).then(|| format!("{:04}-{:02}-{:02}", moment.year, moment.month, moment.day));
    let time = has(&['h', 'n', 's']).then(|| format!("{:02}:{:02}:{:02}", moment.hour, moment.minute, moment.second));
    day.into_iter().chain(time).collect::<Vec<_>>().join(" ")
}

fn show_date(section: &Section, moment: &Moment, value: f64) -> String {
    let half = section.tokens.contains(&Token::AmPm);
    let hour = if half { (moment.hour + 11) % 12 + 1 } else { moment.hour };
    let padded = |number: u32, count: usize| if count >= 2 { format!("{number:02}") } else { number.to_string() };
    let mut shown = String::new();
    let mut sub_second = 0;
    for token in &section.tokens {
        let piece = match token {
            Token::Date('y' | 'e', 3..) | Token::Date('e', _) => format!("{:04}", moment.year),
            Token::Date('y', _) => format!("{:02}", moment.year % 100),
            Token::Date('m', 5..) => moment.month_name()[..1].to_owned(),
            Token::Date('m', 4) => moment.month_name().to_owned(),
            Token::Date('m', 3) => moment.month_name()[..3].to_owned(),
            Token::Date('m', count) => padded(moment.month, *count),
            Token::Date('d', 4..) => moment.weekday().to_owned(),
            Token::Date('d', 3) => moment.weekday()[..3].to_owned(),
            Token::Date('d', count) => padded(moment.day, *count),
            Token::Date('h', count) => padded(hour, *count),
            Token::Date('n', count) => padded(moment.minute, *count),
            Token::Date('s', count) => padded(moment.second, *count),
            Token::Date('0', _) => {
                sub_second += 1;
                format!("{:03}", moment.millis).get(sub_second - 1..sub_second).unwrap_or("0").to_owned()
            }
            Token::Elapsed(unit) => {
                let seconds = (value * 86_400.0).round();
                let per = match unit {
                    'h' => 3_600.0,
                    'm' => 60.0,
                    _ => 1.0,
                };
                format!("{:.0}", (seconds / per).floor())
            }
            Token::AmPm => if moment.hour < 12 { "AM" } else { "PM" }.to_owned(),
            Token::Literal(text) => text.clone(),
            Token::Point => ".".to_owned(),
            Token::Comma => ",".to_owned(),
            _ => String::new(),
        };
        shown.push_str(&piece);
    }
    shown.trim().to_owned()
}
