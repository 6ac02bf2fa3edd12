//! Commands that stand for letters and signs.

use unicode_normalization::UnicodeNormalization;

/// The text that a command without arguments stands for.
pub(super) fn word(name: &str) -> Option<&'static str> {
    Some(match name {
        "ss" => "ß",
        "o" => "ø",
        "O" => "Ø",
        "l" => "ł",
        "L" => "Ł",
        "ae" => "æ",
        "AE" => "Æ",
        "oe" => "œ",
        "OE" => "Œ",
        "aa" => "å",
        "AA" => "Å",
        "i" => "i",
        "j" => "j",
        "dj" => "đ",
        "DJ" => "Đ",
        "S" => "§",
        "P" => "¶",
        "euro" | "texteuro" | "EUR" => "€",
        "pounds" => "£",
        "copyright" | "textcopyright" => "©",
        "ldots" | "dots" | "textellipsis" => "…",
        "textendash" => "–",
        "textemdash" => "—",
        "textbackslash" => "\\",
        "textasciitilde" => "~",
        "textdegree" => "°",
        "textgreater" => ">",
        "textless" => "<",
        "textbar" => "|",
        "textasciicircum" => "^",
        "textasciigrave" => "`",
        "textquotesingle" => "'",
        "textunderscore" => "_",
        "textbraceleft" | "lbrace" => "{",
        "textbraceright" | "rbrace" => "}",
        "textdollar" => "$",
        "quad" | "qquad" | "space" | "newline" | "hfill" => " ",
        "LaTeX" => "LaTeX",
        "TeX" => "TeX",
        _ => return None,
    })
}

/// The combining mark of an accent.
pub(super) fn mark(accent: char) -> Option<char> {
    Some(match accent {
        '"' => '\u{308}',
        '\'' => '\u{301}',
        '`' => '\u{300}',
        '^' => '\u{302}',
        '~' => '\u{303}',
        '=' => '\u{304}',
        '.' => '\u{307}',
        'c' => '\u{327}',
        'v' => '\u{30C}',
        'u' => '\u{306}',
        'H' => '\u{30B}',
        'k' => '\u{328}',
        'r' => '\u{30A}',
        'd' => '\u{323}',
        _ => return None,
    })
}

/// Writes a letter with its mark.
pub(super) fn accented(letter: &str, mark: char, out: &mut String) {
    let mut letters = letter.chars();
    if letter.is_empty() {
        // The accent alone, as people write a hat or a tilde.
        out.push(match mark {
            '\u{302}' => '^',
            '\u{303}' => '~',
            _ => return,
        });
        return;
    }
    let marked: String = letters.next().into_iter().chain([mark]).nfc().collect();
    out.push_str(&marked);
    out.extend(letters);
}
