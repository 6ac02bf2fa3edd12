//! Markdown that no text of a server can break out of, and numbers as it shows them.

use std::fmt::Write;

use jiff::tz::TimeZone;

use super::model::{diagnosis::share_words, event::is_unseen};
use crate::util::humanize;
use crate::util::time::UnixMillis;

/// What is shown where nothing is known: never a zero.
pub const UNKNOWN: &str = "n/a";

/// Characters of a text that are shown at most.
const MOST: usize = 400;

/// A text of somebody else, on one line and without a meaning of its own: no cell, link, picture, tag or mention comes
/// of it, and no link of an address that stands by itself.
pub fn plain(text: &str) -> String {
    let shown: Vec<char> = text.trim().chars().take(MOST).collect();
    let word = |at: Option<usize>| at.and_then(|at| shown.get(at)).is_some_and(|c| c.is_alphanumeric());
    let mut out = String::with_capacity(text.len().min(2 * MOST));
    for (at, c) in shown.iter().copied().enumerate() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // Within a word it means nothing, and names are full of it.
            '_' if word(at.checked_sub(1)) && word(Some(at + 1)) => out.push(c),
            // An address is a link without any mark around it. At an edge, the rest may be in another part of the text.
            ':' if shown.get(at + 1).is_none_or(|next| *next == '/') => out.push_str("&#58;"),
            '.' if www(shown.get(at.saturating_sub(3)..at)) => out.push_str("&#46;"),
            // Those of mails and names are looked for after entities were read: what is not seen parts them.
            '@' => out.push_str("&#64;&#8203;"),
            // Entities mean a character and nothing else, in tables too, where backslashes are read twice.
            '|' | '\\' | '`' | '*' | '_' | '~' | '[' | ']' | '$' => {
                let _ = write!(out, "&#{};", u32::from(c));
            }
            c if is_unseen(c) => out.push(' '),
            c => out.push(c),
        }
    }
    if text.trim().chars().nth(MOST).is_some() {
        out.push('…');
    }
    out
}

/// Whether what is before a dot makes it an address, as far as it is known.
fn www(before: Option<&[char]>) -> bool {
    before.is_some_and(|before| before.iter().all(|c| matches!(c, 'w' | 'W')))
}

/// A text as code; of what would end it something like it is left.
pub fn code(text: &str) -> String {
    let shown = text.chars().take(MOST).map(|c| match c {
        '`' => '\'',
        '|' => '¦',
        c if is_unseen(c) => ' ',
        c => c,
    });
    format!("`{}`", shown.collect::<String>().trim())
}

/// A table; nothing without rows. Cells are Markdown: texts of others are made [`plain`] before. An empty line follows.
pub fn table<const N: usize>(out: &mut String, head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) {
    let mut rows = rows.into_iter().peekable();
    if rows.peek().is_none() {
        return;
    }
    let _ = writeln!(out, "| {} |\n|{}", head.join(" | "), "---|".repeat(N));
    for row in rows {
        let _ = writeln!(out, "| {} |", row.join(" | "));
    }
    out.push('\n');
}

/// A moment with its date and zone.
pub fn stamp(at: UnixMillis, zone: &TimeZone) -> String {
    at.format("%Y-%m-%d %H:%M:%S %Z", zone)
}

/// A value, or that it is not known.
pub fn known(value: Option<String>) -> String {
    value.unwrap_or_else(|| UNKNOWN.to_owned())
}

/// A share, with the digits that tell it from all and from none.
pub fn share(value: f64) -> String {
    match value {
        v if v > 0.0 && v < 0.000_05 => "under 0.01 %".to_owned(),
        // Down, not to the nearest: what is missing is what matters here.
        v if (0.99..1.0).contains(&v) => format!("{:.2} %", (v * 1e4 + 1e-6).floor().min(9_999.0) / 100.0),
        v if v <= 0.0 || v >= 1.0 => share_words(v),
        v => humanize::percent(v * 100.0),
    }
}

/// A number: whole ones with marks between thousands, others with three digits.
pub fn number(value: f64) -> String {
    match value {
        v if !v.is_finite() => UNKNOWN.to_owned(),
        v if (0.0..1e15).contains(&v) && v.fract() == 0.0 => humanize::count(v as u64),
        v => humanize::three(v),
    }
}

/// `1 thing`, `2 things`.
pub fn many(count: u64, thing: &str) -> String {
    format!("{} {thing}{}", humanize::count(count), if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_say_stays_text() {
        assert_eq!(
            plain(" a|b\n`c` <img src=x> [x](http://y) **z** @all \\| \u{202e}\u{1b}[2J "),
            "a&#124;b &#96;c&#96; &lt;img src=x&gt; &#91;x&#93;(http&#58;//y) &#42;&#42;z&#42;&#42; &#64;&#8203;all &#92;&#124;   &#91;2J"
        );
        assert_eq!(plain("low_hit_rate _x_"), "low_hit_rate &#95;x&#95;");
        assert_eq!(plain(&"x".repeat(500)).chars().count(), 401);
    }

    #[test]
    fn an_address_is_no_link() {
        for (text, shown) in [
            ("see http://evil.example", "see http&#58;//evil.example"),
            ("HTTPS://x ftp://y", "HTTPS&#58;//x ftp&#58;//y"),
            ("www.evil.example, Www.x", "www&#46;evil.example, Www&#46;x"),
            ("http://www.x", "http&#58;//www&#46;x"),
            ("mail me@evil.example", "mail me&#64;&#8203;evil.example"),
            ("a:8000, at 15:04: v1.2.x, ww.x", "a:8000, at 15:04: v1.2.x, ww.x"),
        ] {
            assert_eq!(plain(text), shown);
        }
        let text = "go to http://www.evil.example";
        for at in 0..text.len() {
            let parted = plain(&text[..at]) + &plain(&text[at..]);
            assert!(!parted.contains("://") && !parted.contains("www."), "{parted}");
        }
    }

    #[test]
    fn code_does_not_end_early() {
        assert_eq!(code("p95 <= 1s"), "`p95 <= 1s`");
        assert_eq!(code("a`|\nb"), "`a'¦ b`");
    }

    #[test]
    fn a_share_is_told_from_all_and_from_none() {
        let shares = [0.0, 0.000_01, 0.001_4, 0.296, 0.917_4, 0.995, 0.999_99, 1.0].map(share);
        assert_eq!(shares, ["0 %", "under 0.01 %", "0.14 %", "29.6 %", "91.7 %", "99.50 %", "99.99 %", "100 %"]);
    }

    #[test]
    fn numbers_are_whole_where_they_can_be() {
        assert_eq!([0.0, 1_200.0, 0.333_3, 12.25, f64::NAN].map(number), ["0", "1,200", "0.33", "12.2", "n/a"]);
        assert_eq!([0, 1, 1_000].map(|count| many(count, "trip")), ["0 trips", "1 trip", "1,000 trips"]);
    }

    #[test]
    fn a_table_without_rows_is_none() {
        let mut out = String::new();
        table(&mut out, ["a"], []);
        assert_eq!(out, "");
        table(&mut out, ["a", "b"], [["1".to_owned(), "2".to_owned()]]);
        assert_eq!(out, "| a | b |\n|---|---|\n| 1 | 2 |\n\n");
    }
}
