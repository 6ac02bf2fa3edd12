//! Markdown that no text of somebody else can break out of.

use std::fmt::Write;

use super::text::is_unseen;

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
    fn a_table_without_rows_is_none() {
        let mut out = String::new();
        table(&mut out, ["a"], []);
        assert_eq!(out, "");
        table(&mut out, ["a", "b"], [["1".to_owned(), "2".to_owned()]]);
        assert_eq!(out, "| a | b |\n|---|---|\n| 1 | 2 |\n\n");
    }
}
