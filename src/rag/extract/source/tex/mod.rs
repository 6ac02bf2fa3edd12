//! TeX and LaTeX → Markdown: sections, lists, tables, listings. Formulas stay as they are written.
//!
//! Nothing is executed: what a document defines for itself is passed over, and an unknown command leaves its arguments.

mod scan;
mod signs;
#[cfg(test)]
mod tests;

use crate::rag::extract::{
    ExtractError, Limits, Raw, blocks::Blocks, clean::squeeze, format::FormatReader, sandbox::Deadline, text,
};
use scan::Scanner;

/// How it is read.
pub(in crate::rag::extract) const READER: FormatReader =
    FormatReader { name: "tex", extensions: &["tex", "latex", "ltx"], structured: true, is_text: true, read: extract };

/// How deep arguments are read in arguments; below, they stay as they are written.
const MAX_DEPTH: usize = 12;

/// Environments whose content is code.
const CODE: &[&str] = &["verbatim", "Verbatim", "lstlisting", "minted", "alltt", "filecontents"];

/// Environments that hold formulas.
const MATH: &[&str] = &[
    "equation",
    "align",
    "gather",
    "multline",
    "eqnarray",
    "displaymath",
    "math",
    "flalign",
    "alignat",
    "dmath",
    "IEEEeqnarray",
];

/// Environments that hold tables.
const TABLES: &[&str] = &["tabular", "tabularx", "tabulary", "longtable", "supertabular", "tabu", "tblr"];

/// Environments that are drawn, or never shown.
const SILENT: &[&str] = &["comment", "tikzpicture", "pgfpicture", "picture", "CCSXML"];

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

fn extract(bytes: &[u8], limits: &Limits, deadline: Deadline) -> Result<Raw, ExtractError> {
    let (source, warning) = text::decode(bytes, None)?;
    let source = without_comments(&source.replace("\r\n", "\n"));
    let mut reader =
        Reader { blocks: Blocks::new(limits), deadline, paragraph: String::new(), lists: Vec::new(), title: None };
    let body = match source.split_once("\\begin{document}") {
        Some((preamble, body)) => {
            // Of what stands before the document, only its title is part of it.
            let mut scanner = Scanner::new(preamble);
            while let Some(at) = scanner.rest().find("\\title") {
                scanner.skip(at + "\\title".len());
                if scanner.rest().starts_with(['{', '[']) {
                    reader.set_title(scanner.argument())?;
                    break;
                }
            }
            body.split("\\end{document}").next().unwrap_or_default()
        }
        None => &source,
    };
    reader.read(body)?;
    let title = reader.title;
    let (text, heading) = reader.blocks.finish();
    Ok(Raw { text, title: title.or(heading), warnings: warning.into_iter().collect() })
}

/// Without what stands behind a `%`, line break included. What is verbatim keeps it.
fn without_comments(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut verbatim: Option<String> = None;
    for line in source.split_inclusive('\n') {
        if let Some(end) = &verbatim {
            out.push_str(line);
            if line.contains(end.as_str()) {
                verbatim = None;
            }
            continue;
        }
        if let Some(name) = CODE.iter().find(|name| line.contains(&format!("\\begin{{{name}}}"))) {
            let end = format!("\\end{{{name}}}");
            out.push_str(line);
            verbatim = (!line.contains(&end)).then_some(end);
            continue;
        }
        let mut escaped = false;
        let comment = line.char_indices().find(|(_, c)| {
            let found = *c == '%' && !escaped;
            escaped = *c == '\\' && !escaped;
            found
        });
        match comment {
            // A line that is nothing but a comment is no blank line either.
            Some((at, _)) => out.push_str(if line[..at].trim().is_empty() { "" } else { &line[..at] }),
            None => out.push_str(line),
        }
    }
    out
}

struct Reader {
    blocks: Blocks,
    deadline: Deadline,
    paragraph: String,
    /// Open lists: the number of the next item of those that are numbered; the marker of the item that is open.
    lists: Vec<(Option<u32>, Option<String>)>,
    title: Option<String>,
}

impl Reader {
    fn set_title(&mut self, argument: &str) -> Result<(), ExtractError> {
        let title = squeeze(&inline(argument, 0));
        self.blocks.heading(1, &title)?;
        self.title = Some(title).filter(|title| !title.is_empty());
        Ok(())
    }

    fn read(&mut self, source: &str) -> Result<(), ExtractError> {
        let mut scanner = Scanner::new(source);
        let mut step = 0_usize;
        while !scanner.rest().is_empty() {
            step += 1;
            if step.is_multiple_of(1024) {
                self.deadline.check()?;
            }
            let rest = scanner.rest();
            if rest.starts_with('\n') && rest.trim_start_matches([' ', '\t', '\n']).len() + 1 < rest.len() {
                let blank = &rest[..rest.len() - rest.trim_start().len()];
                if blank.matches('\n').count() > 1 {
                    self.flush()?;
                } else {
                    self.paragraph.push('\n');
                }
                scanner.skip(blank.len());
            } else if rest.starts_with('\\') {
                self.command(&mut scanner)?;
            } else {
                inline_step(&mut scanner, &mut self.paragraph, 0);
            }
        }
        self.flush()
    }

    fn command(&mut self, scanner: &mut Scanner<'_>) -> Result<(), ExtractError> {
        let name = scanner.peek_command();
        let level = match name {
            "part" | "chapter" => 1,
            "section" => 2,
            "subsection" => 3,
            "subsubsection" => 4,
            "paragraph" | "subparagraph" => 5,
            _ => 0,
        };
        if level > 0 {
            scanner.skip_command();
            self.flush()?;
            return self.blocks.heading(level, &inline(scanner.argument(), 0));
        }
        match name {
            "begin" => {
                scanner.skip_command();
                let environment = scanner.argument().trim_end_matches('*');
                self.begin(environment, scanner)
            }
            "end" => {
                scanner.skip_command();
                self.flush()?;
                if matches!(scanner.argument(), "itemize" | "enumerate" | "description" | "compactitem" | "compactenum")
                {
                    self.lists.pop();
                }
                Ok(())
            }
            "item" | "bibitem" => {
                scanner.skip_command();
                self.flush()?;
                let label = scanner.option().map(|label| inline(label, 0));
                if name == "bibitem" {
                    scanner.argument();
                }
                let Some((next, marker)) = self.lists.last_mut() else {
                    return Ok(());
                };
                *marker = Some(match next {
                    Some(number) => {
                        *number = number.saturating_add(1);
                        format!("{}.", *number - 1)
                    }
                    None => "-".to_owned(),
                });
                self.paragraph.extend(label.map(|label| format!("{label} ")));
                Ok(())
            }
            "caption" => {
                scanner.skip_command();
                self.flush()?;
                self.blocks.paragraph(&inline(scanner.argument(), 0))
            }
            "title" => {
                scanner.skip_command();
                self.flush()?;
                self.set_title(scanner.argument())
            }
            "par" | "maketitle" | "newpage" | "clearpage" => {
                scanner.skip_command();
                self.flush()
            }
            _ => {
                inline_step(scanner, &mut self.paragraph, 0);
                Ok(())
            }
        }
    }

    fn begin(&mut self, environment: &str, scanner: &mut Scanner<'_>) -> Result<(), ExtractError> {
        let is = |names: &[&str]| names.contains(&environment);
        if is(CODE) {
            self.flush()?;
            let content = scanner.until_end(environment);
            // Options and the language stand on the first line.
            let content = match content.split_once('\n') {
                Some((first, rest)) if first.trim_start().starts_with(['[', '{']) || first.trim().is_empty() => rest,
                _ => content,
            };
            return self.blocks.code(content);
        }
        if is(MATH) {
            self.flush()?;
            return self.blocks.paragraph(scanner.until_end(environment));
        }
        if is(SILENT) {
            scanner.until_end(environment);
            return Ok(());
        }
        if is(TABLES) {
            self.flush()?;
            let content = scanner.until_end(environment);
            return self.blocks.table(&table(environment, content));
        }
        self.flush()?;
        match environment {
            "itemize" | "description" | "compactitem" | "thebibliography" => self.lists.push((None, None)),
            "enumerate" | "compactenum" => self.lists.push((Some(1), None)),
            _ => {}
        }
        // What stands behind it says how it looks.
        scanner.option();
        if environment == "thebibliography" || environment == "minipage" || environment == "multicols" {
            scanner.argument();
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), ExtractError> {
        let text = std::mem::take(&mut self.paragraph);
        if text.trim().is_empty() {
            return Ok(());
        }
        let depth = self.lists.len().saturating_sub(1);
        match self.lists.last_mut().and_then(|(_, marker)| marker.take()) {
            Some(marker) => self.blocks.list_item(depth, &marker, &text),
            None => self.blocks.paragraph(&text),
        }
    }
}

/// The rows of a table.
fn table(environment: &str, content: &str) -> Vec<Vec<String>> {
    let mut scanner = Scanner::new(content);
    scanner.option();
    if matches!(environment, "tabularx" | "tabulary") {
        scanner.argument();
    }
    // The form of the columns.
    scanner.argument();
    let mut rows = vec![vec![String::new()]];
    while !scanner.rest().is_empty() {
        let rest = scanner.rest();
        if rest.starts_with("\\\\") {
            scanner.skip(2);
            scanner.option();
            rows.push(vec![String::new()]);
        } else if rest.starts_with('&') {
            scanner.skip(1);
            if let Some(row) = rows.last_mut() {
                row.push(String::new());
            }
        } else if let Some(cell) = rows.last_mut().and_then(|row| row.last_mut()) {
            match scanner.peek_command() {
                "hline" | "toprule" | "midrule" | "bottomrule" | "endhead" | "endfirsthead" | "endfoot" => {
                    scanner.skip_command();
                }
                "cline" | "cmidrule" => {
                    scanner.skip_command();
                    scanner.argument();
                }
                _ => inline_step(&mut scanner, cell, 0),
            }
        }
    }
    rows
}

/// What a reader sees of a piece of source.
fn inline(source: &str, depth: usize) -> String {
    if depth >= MAX_DEPTH {
        return source.to_owned();
    }
    let mut scanner = Scanner::new(source);
    let mut out = String::new();
    while !scanner.rest().is_empty() {
        inline_step(&mut scanner, &mut out, depth);
    }
    out
}

/// Takes the next piece: a command with its arguments, a formula, a sign, or text up to one of them.
fn inline_step(scanner: &mut Scanner<'_>, out: &mut String, depth: usize) {
    let rest = scanner.rest();
    let signs = [("---", "—"), ("--", "–"), ("``", "“"), ("''", "”"), ("~", " "), ("{", ""), ("}", "")];
    if let Some((sign, shown)) = signs.iter().find(|(sign, _)| rest.starts_with(sign)) {
        out.push_str(shown);
        return scanner.skip(sign.len());
    }
    for (open, close) in [("$$", "$$"), ("$", "$"), ("\\(", "\\)"), ("\\[", "\\]")] {
        if rest.starts_with(open) {
            if let Some(end) = rest[open.len()..].find(close) {
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
            Some(c) => match signs::mark(c) {
                Some(mark) => signs::accented(&inline(scanner.argument(), depth + 1), mark, out),
                None => {}
            },
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
            out.push_str(&format!("{} ({target})", inline(scanner.argument(), depth + 1)));
        }
        "url" | "path" => out.push_str(scanner.argument()),
        "footnote" => out.push_str(&format!(" ({})", squeeze(&inline(scanner.argument(), depth + 1)))),
        "multicolumn" | "multirow" => {
            scanner.argument();
            scanner.argument();
            out.push_str(&inline(scanner.argument(), depth + 1));
        }
        "textcolor" | "colorbox" => {
            scanner.argument();
            out.push_str(&inline(scanner.argument(), depth + 1));
        }
        "verb" | "lstinline" => out.push_str(&format!("`{}`", scanner.delimited())),
        "texttt" | "code" => out.push_str(&format!("`{}`", inline(scanner.argument(), depth + 1))),
        name if name.starts_with("cite") || name.ends_with("cite") => {
            out.push_str(&format!("[{}]", scanner.argument()))
        }
        name if name.len() == 1 => {
            if let Some(mark) = name.chars().next().and_then(signs::mark) {
                signs::accented(&inline(scanner.argument(), depth + 1), mark, out);
            }
        }
        // Its arguments are text as any other.
        _ => drop(scanner.option()),
    }
}
