//! Numbers by their values, however they are written.

use crate::util::wording::{lexicon::unit, tokens::Token};

/// Words that multiply the number before them.
const SCALES: &[(&str, f64)] = &[
    ("hundred", 1e2),
    ("thousand", 1e3),
    ("million", 1e6),
    ("millions", 1e6),
    ("billion", 1e9),
    ("billions", 1e9),
    ("trillion", 1e12),
    ("tausend", 1e3),
    ("mio", 1e6),
    ("millionen", 1e6),
    ("mrd", 1e9),
    ("milliarde", 1e9),
    ("milliarden", 1e9),
    ("billionen", 1e12),
    ("nghìn", 1e3),
    ("ngàn", 1e3),
    ("triệu", 1e6),
    ("tỷ", 1e9),
    ("tỉ", 1e9),
    ("千", 1e3),
    ("万", 1e4),
    ("萬", 1e4),
    ("亿", 1e8),
    ("億", 1e8),
];

/// Endings of ordinals, and of a decade's plural.
const ORDINALS: &[&str] = &["st", "nd", "rd", "th"];

/// The value of the number that a token is, in one form, and the unit that is written with it; `next` may multiply it. `None`
/// when it is no number.
pub(super) fn value(token: &Token, next: Option<&Token>) -> Option<(String, Option<&'static str>)> {
    if token.unspaced || !token.lower.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let digits =
        token.lower.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | ',')).unwrap_or(token.lower.len());
    let (written, rest) = token.lower.split_at(digits);
    let number = plain(written.trim_end_matches(['.', ',']));
    let scale = next.and_then(|next| SCALES.iter().find(|(word, _)| *word == next.lower)).map(|(_, scale)| *scale);
    let scaled = scale.and_then(|scale| Some(number.parse::<f64>().ok()? * scale)).filter(|value| value.is_finite());
    Some(match (rest, scaled) {
        ("", Some(value)) => (value.to_string(), None),
        ("", None) => (number, None),
        (rest, _) if ORDINALS.contains(&rest) => (number, None),
        (rest, _) => match unit(rest) {
            Some(unit) => (number, Some(unit)),
            None => (format!("{number}{rest}"), None),
        },
    })
}

/// A number without what groups its digits, and with a point before its fraction: `1,000`, `1.000` and `1000` are one, and so are
/// `3,50` and `3.5`.
fn plain(written: &str) -> String {
    let parts: Vec<&str> = written.split(['.', ',']).collect();
    let [whole, .., last] = parts[..] else { return without_zeros(written).to_owned() };
    let grouped = parts[1..].iter().all(|part| part.len() == 3) && (1..=3).contains(&whole.len()) && whole != "0";
    if grouped {
        return without_zeros(&parts.concat()).to_owned();
    }
    // A version has several points.
    if written.matches('.').count() > 1 && !written.contains(',') {
        return written.to_owned();
    }
    let before = parts[..parts.len() - 1].concat();
    let fraction = last.trim_end_matches('0');
    let before = without_zeros(&before);
    if fraction.is_empty() { before.to_owned() } else { format!("{before}.{fraction}") }
}

/// Whole digits without zeros before them.
fn without_zeros(digits: &str) -> &str {
    let trimmed = digits.trim_start_matches('0');
    if trimmed.is_empty() { "0" } else { trimmed }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::util::wording::tokens::tokens;

    #[test]
    fn a_number_has_one_value_however_it_is_written() {
        for (text, expected, unit) in [
            ("1,000", "1000", None),
            ("1.000", "1000", None),
            ("1000", "1000", None),
            ("3.50", "3.5", None),
            ("3,5", "3.5", None),
            ("1,234,567.89", "1234567.89", None),
            ("1.234.567,8", "1234567.8", None),
            ("0.500", "0.5", None),
            ("5 million", "5000000", None),
            ("1.2 Milliarden", "1200000000", None),
            ("3万", "30000", None),
            ("10th", "10", None),
            ("1990s", "1990s", None),
            ("5mg", "5", Some("mg")),
            ("1.2.3", "1.2.3", None),
            ("007", "7", None),
        ] {
            let all = tokens(text);
            assert_eq!(value(&all[0], all.get(1)), Some((expected.into(), unit)), "{text}");
        }
        assert_eq!(value(&tokens("v2")[0], None), None);
    }
}
