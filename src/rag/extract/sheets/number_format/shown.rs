//! A value in a format that was read → what a cell shows.

use super::{
    Section, Token,
    date::{self, Moment},
};

/// A number without a format: the shortest that says the same in 15 digits.
pub(super) fn general(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let size = value.abs();
    let rounded: f64 = format!("{value:.14e}").parse().unwrap_or(value);
    if (1e-9..1e21).contains(&size) { format!("{rounded}") } else { format!("{rounded:E}") }
}

pub(super) fn show_number(section: &Section, value: f64) -> String {
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

pub(super) fn iso(section: &Section, moment: &Moment) -> String {
    let has = |letters: &[char]| {
        section.tokens.iter().any(|token| matches!(token, Token::Date(letter, _) if letters.contains(letter)))
    };
    let day = has(&['y', 'm', 'd']).then(|| format!("{:04}-{:02}-{:02}", moment.year, moment.month, moment.day));
    let time = has(&['h', 'n', 's']).then(|| format!("{:02}:{:02}:{:02}", moment.hour, moment.minute, moment.second));
    day.into_iter().chain(time).collect::<Vec<_>>().join(" ")
}

pub(super) fn show_date(section: &Section, moment: &Moment, value: f64) -> String {
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
