//! Text with commands in it → what a reader sees.

use super::{
    scan::{Effort, Scanner},
    signs,
};
use crate::rag::extract::clean::squeeze;

/// How deep arguments are read in arguments; below, they stay as they are written.
const MAX_DEPTH: usize = 12;

/// Environments with an argument that says how they look.
pub(super) const TAKES_ARGUMENT: &[&str] =
    &["minipage", "multicols", "thebibliography", "otherlanguage", "wrapfigure", "adjustbox"];

/// Commands that show nothing, with the number of their arguments.
const NOTHING: &[(&str, usize)] = &[
    ("label", 1),
    ("ref", 1),
    ("eqref", 1),
    ("pageref", 1),
    ("autoref", 1),
    ("cref", 1),
    ("Cref", 1),
    ("nameref", 1),
    ("vspace", 1),
    ("hspace", 1),
    ("usepackage", 1),
    ("documentclass", 1),
    ("input", 1),
    ("include", 1),
    ("includegraphics", 1),
    ("bibliography", 1),
    ("bibliographystyle", 1),
    ("pagestyle", 1),
    ("thispagestyle", 1),
    ("setlength", 2),
    ("addtolength", 2),
    ("newcommand", 2),
    ("renewcommand", 2),
    ("providecommand", 2),
    ("DeclareMathOperator", 2),
    ("newenvironment", 3),
    ("setcounter", 2),
    ("addtocounter", 2),
    ("index", 1),
    ("color", 1),
    ("pagenumbering", 1),
    ("hypersetup", 1),
    ("phantom", 1),
    ("rule", 2),
    ("selectlanguage", 1),
    ("graphicspath", 1),
    ("newtheorem", 2),
    ("fontsize", 2),
    ("addcontentsline", 3),
    ("hyphenation", 1),
    ("geometry", 1),
    ("lstset", 1),
    ("renewenvironment", 3),
    ("resizebox", 2),
    ("scalebox", 1),
];

/// What a reader sees of a piece of source.
pub(super) fn inline(source: &str, depth: usize, effort: &Effort) -> String {
    if depth >= MAX_DEPTH {
        return source.to_owned();
    }
    let mut scanner = Scanner::new(source, effort);
    let mut out = String::new();
    while !scanner.rest().is_empty() {
        inline_step(&mut scanner, &mut out, depth);
    }
    out
}

/// Takes the next piece: a command with its arguments, a formula, a sign, or text up to one of them.
pub(super) fn inline_step(scanner: &mut Scanner<'_>, out: &mut String, depth: usize) {
    let (rest, effort) = (scanner.rest(), scanner.effort());
    let signs = [("---", "—"), ("--", "–"), ("``", "“"), ("''", "”"), ("~", " "), ("{", ""), ("}", "")];
    if let Some((sign, shown)) = signs.iter().find(|(sign, _)| rest.starts_with(sign)) {
        out.push_str(shown);
        return scanner.skip(sign.len());
    }
    for (open, close) in [("$$", "$$"), ("$", "$"), ("\\(", "\\)"), ("\\[", "\\]")] {
        if let Some(inner) = rest.strip_prefix(open) {
            if let Some(end) = effort.find(inner, close) {
                let whole = open.len() + end + close.len();
                out.push_str(&rest[..whole]);
                return scanner.skip(whole);
            }
            out.push_str(open);
            return scanner.skip(open.len());
        }
    }
    if !rest.starts_with('\\') {
        let special = |c: char| matches!(c, '\\' | '{' | '}' | '$' | '~' | '-' | '`' | '\'' | '&' | '\n');
        let first = rest.chars().next().map_or(0, char::len_utf8);
        let end = rest[first..].find(special).map_or(rest.len(), |at| first + at);
        out.push_str(&rest[..end]);
        return scanner.skip(end);
    }
    let name = scanner.peek_command();
    if name.is_empty() {
        // A sign behind a backslash.
        let sign = rest[1..].chars().next();
        scanner.skip(1 + sign.map_or(0, char::len_utf8));
        match sign {
            Some('\\') => {
                scanner.option();
                out.push('\n');
            }
            Some(c @ ('&' | '%' | '$' | '#' | '_' | '{' | '}')) => out.push(c),
            Some(',' | ';' | ':' | ' ' | '\n' | '/') => out.push(' '),
            Some(c) => {
                if let Some(mark) = signs::mark(c) {
                    signs::accented(&inline(scanner.argument(), depth + 1, effort), mark, out);
                }
            }
            None => {}
        }
        return;
    }
    scanner.skip_command();
    if let Some(text) = signs::word(name) {
        return out.push_str(text);
    }
    if let Some((_, count)) = NOTHING.iter().find(|(command, _)| *command == name) {
        for _ in 0..*count {
            scanner.argument();
        }
        return;
    }
    match name {
        "href" => {
            let target = scanner.argument();
            out.push_str(&format!("{} ({target})", inline(scanner.argument(), depth + 1, effort)));
        }
        "url" | "path" => out.push_str(scanner.argument()),
        "footnote" => out.push_str(&format!(" ({})", squeeze(&inline(scanner.argument(), depth + 1, effort)))),
        "multicolumn" | "multirow" => {
            scanner.argument();
            scanner.argument();
            out.push_str(&inline(scanner.argument(), depth + 1, effort));
        }
        "texorpdfstring" => {
            out.push_str(&inline(scanner.argument(), depth + 1, effort));
            scanner.argument();
        }
        "begin" => {
            let environment = scanner.argument();
            scanner.option();
            if TAKES_ARGUMENT.contains(&environment) {
                scanner.argument();
            }
        }
        "end" => drop(scanner.argument()),
        "tabularnewline" => out.push('\n'),
        "textcolor" | "colorbox" | "foreignlanguage" => {
            scanner.argument();
            out.push_str(&inline(scanner.argument(), depth + 1, effort));
        }
        "verb" | "lstinline" => out.push_str(&format!("`{}`", scanner.delimited())),
        "texttt" | "code" => out.push_str(&format!("`{}`", inline(scanner.argument(), depth + 1, effort))),
        name if name.starts_with("cite") || name.ends_with("cite") => {
            out.push_str(&format!("[{}]", scanner.argument()))
        }
        name if name.len() == 1 => {
            if let Some(mark) = name.chars().next().and_then(signs::mark) {
                signs::accented(&inline(scanner.argument(), depth + 1, effort), mark, out);
            }
        }
        // Its arguments are text as any other.
        _ => drop(scanner.option()),
    }
}
