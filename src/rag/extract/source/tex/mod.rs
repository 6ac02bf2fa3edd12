//! TeX and LaTeX → Markdown: sections, lists, tables, listings. Formulas stay as they are written.
//!
//! Nothing is executed: what a document defines for itself is passed over, and an unknown command leaves its arguments.

mod inline;
mod scan;
mod signs;
#[cfg(test)]
mod tests;

use crate::rag::extract::{
    ExtractError, Limits, Raw, blocks::Blocks, clean::squeeze, format::FormatReader, sandbox::Deadline, text,
};
use inline::{TAKES_ARGUMENT, inline, inline_step};
use scan::{Effort, Scanner};

/// How it is read.
pub(in crate::rag::extract) const READER: FormatReader =
    FormatReader { name: "tex", extensions: &["tex", "latex", "ltx"], structured: true, is_text: true, read: extract };

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

fn extract(bytes: &[u8], limits: &Limits, deadline: Deadline) -> Result<Raw, ExtractError> {
    let (source, warning) = text::decode(bytes, None)?;
    let source = without_comments(&source.replace("\r\n", "\n"));
    let effort = Effort::for_source(source.len());
    let mut reader =
        Reader { blocks: Blocks::new(limits), deadline, paragraph: String::new(), lists: Vec::new(), title: None };
    let body = match source.split_once("\\begin{document}") {
        Some((preamble, body)) => {
            // Of what stands before the document, only its title is part of it.
            let mut scanner = Scanner::new(preamble, &effort);
            while let Some(at) = scanner.rest().find("\\title") {
                scanner.skip(at + "\\title".len());
                if scanner.rest().starts_with(['{', '[']) {
                    reader.set_title(scanner.argument(), &effort)?;
                    break;
                }
            }
            body.split("\\end{document}").next().unwrap_or_default()
        }
        None => source.split("\\endinput").next().unwrap_or_default(),
    };
    reader.read(body, &effort)?;
    let title = reader.title;
    let (text, heading) = reader.blocks.finish();
    Ok(Raw { text, title: title.or(heading), warnings: warning.into_iter().collect(), ..Raw::default() })
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
    fn set_title(&mut self, argument: &str, effort: &Effort) -> Result<(), ExtractError> {
        let title = squeeze(&inline(argument, 0, effort));
        self.blocks.heading(1, &title)?;
        self.title = Some(title).filter(|title| !title.is_empty());
        Ok(())
    }

    fn read(&mut self, source: &str, effort: &Effort) -> Result<(), ExtractError> {
        let mut scanner = Scanner::new(source, effort);
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
        self.deadline.check()?;
        let (name, effort) = (scanner.peek_command(), scanner.effort());
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
            return self.blocks.heading(level, &inline(scanner.argument(), 0, effort));
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
                let label = scanner.option().map(|label| inline(label, 0, effort));
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
                self.blocks.paragraph(&inline(scanner.argument(), 0, effort))
            }
            "title" => {
                scanner.skip_command();
                self.flush()?;
                self.set_title(scanner.argument(), effort)
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
            let (caption, rows) = table(environment, content, scanner.effort());
            self.blocks.paragraph(&caption)?;
            return self.blocks.table(&rows);
        }
        self.flush()?;
        match environment {
            "itemize" | "description" | "compactitem" | "thebibliography" => self.lists.push((None, None)),
            "enumerate" | "compactenum" => self.lists.push((Some(1), None)),
            _ => {}
        }
        // What stands behind it says how it looks.
        scanner.option();
        if TAKES_ARGUMENT.contains(&environment) {
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

/// The title of a table that can go over pages, which stands in its first row, and its rows.
fn table(environment: &str, content: &str, effort: &Effort) -> (String, Vec<Vec<String>>) {
    let mut caption = String::new();
    let mut scanner = Scanner::new(content, effort);
    scanner.option();
    if matches!(environment, "tabularx" | "tabulary") {
        scanner.argument();
    }
    // The form of the columns.
    scanner.argument();
    let mut rows = vec![vec![String::new()]];
    while !scanner.rest().is_empty() {
        let rest = scanner.rest();
        let command = scanner.peek_command();
        if rest.starts_with("\\\\") || command == "tabularnewline" {
            scanner.skip(if command.is_empty() { 2 } else { 1 + command.len() });
            scanner.option();
            rows.push(vec![String::new()]);
        } else if command == "endfirsthead" {
            // The head that stands on the pages that follow says the same once more.
            if let Some(end) = rest.find("\\endhead") {
                scanner.skip(end);
            }
            scanner.skip_command();
        } else if rest.starts_with('&') {
            scanner.skip(1);
            if let Some(row) = rows.last_mut() {
                row.push(String::new());
            }
        } else if let Some(cell) = rows.last_mut().and_then(|row| row.last_mut()) {
            match command {
                "hline" | "toprule" | "midrule" | "bottomrule" | "endhead" | "endfoot" | "endlastfoot" => {
                    scanner.skip_command();
                }
                // A row that ends in it ends only in it.
                "begin" if rest.starts_with("\\begin{minipage}") => {
                    scanner.skip_command();
                    scanner.argument();
                    let content = scanner.until_end("minipage");
                    let mut inner = Scanner::new(content, effort);
                    inner.argument();
                    cell.push_str(&inline(inner.rest(), 1, effort));
                }
                "" if rest.starts_with('{') => cell.push_str(&inline(scanner.argument(), 1, effort)),
                "caption" => {
                    scanner.skip_command();
                    caption = inline(scanner.argument(), 1, effort);
                    let rest = scanner.rest().trim_start();
                    let end = ["\\\\", "\\tabularnewline"].iter().find_map(|end| rest.strip_prefix(end));
                    scanner = Scanner::new(end.unwrap_or(rest), effort);
                }
                "cline" | "cmidrule" => {
                    scanner.skip_command();
                    scanner.argument();
                }
                _ => inline_step(&mut scanner, cell, 0),
            }
        }
    }
    (caption, rows)
}
