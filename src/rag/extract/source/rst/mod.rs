//! reStructuredText → Markdown.

mod tables;
#[cfg(test)]
mod tests;

use super::{indent, indented};
use crate::rag::extract::{ExtractError, Limits, Raw, blocks::Blocks, format::FormatReader, sandbox::Deadline, text};

use tables::{grid_table, list_table, simple_table};

/// How it is read.
pub(in crate::rag::extract) const READER: FormatReader =
    FormatReader { name: "rst", extensions: &["rst", "rest"], structured: true, is_text: true, read: extract };

/// Directives that show nothing, or nothing of their own.
const SILENT: &[&str] = &[
    "image",
    "figure",
    "toctree",
    "contents",
    "include",
    "literalinclude",
    "raw",
    "index",
    "highlight",
    "meta",
    "default-role",
    "role",
    "sectnum",
    "target-notes",
    "currentmodule",
    "module",
    "automodule",
    "autoclass",
    "autofunction",
    "tabularcolumns",
];

/// Directives whose content is code.
const CODE: &[&str] =
    &["code", "code-block", "sourcecode", "parsed-literal", "math", "graphviz", "prompt", "doctest", "testcode"];

fn extract(bytes: &[u8], limits: &Limits, deadline: Deadline) -> Result<Raw, ExtractError> {
    let (source, warning) = text::decode(bytes, None)?;
    let mut reader = Reader { blocks: Blocks::new(limits), deadline, levels: Vec::new() };
    let lines: Vec<&str> = source.lines().collect();
    reader.lines(&lines, 0)?;
    let (text, title) = reader.blocks.finish();
    Ok(Raw { text, title, warnings: warning.into_iter().collect(), ..Raw::default() })
}

/// How deep contents of directives are taken apart; below, they are code.
const MAX_DEPTH: usize = 20;

struct Reader {
    blocks: Blocks,
    deadline: Deadline,
    /// The signs under headings, and whether they are above, too, in the order of their levels.
    levels: Vec<(char, bool)>,
}

impl Reader {
    fn lines(&mut self, lines: &[&str], depth: usize) -> Result<(), ExtractError> {
        let mut at = 0;
        while at < lines.len() {
            self.deadline.check()?;
            at = self.block(lines, at, depth)?;
        }
        Ok(())
    }

    /// Writes the block that starts at a line, and tells where the next one starts.
    fn block(&mut self, lines: &[&str], at: usize, depth: usize) -> Result<usize, ExtractError> {
        let line = lines[at];
        if line.trim().is_empty() {
            return Ok(at + 1);
        }
        if let Some(end) = self.heading(lines, at)? {
            return Ok(end);
        }
        if let Some(rest) = line.trim_start().strip_prefix("..")
            && (rest.is_empty() || rest.starts_with(' '))
        {
            return self.directive(lines, at, rest.trim(), depth);
        }
        if adornment(line).is_some() && !line.trim().starts_with('=') {
            // A line between paragraphs.
            return Ok(at + 1);
        }
        if let Some((rows, end)) = grid_table(lines, at).or_else(|| simple_table(lines, at)) {
            self.blocks.table(&rows)?;
            return Ok(end);
        }
        if let Some((marker, text)) = list_item(line.trim_start()) {
            let (rest, end) = indented(lines, at + 1, indent(line));
            let (first, more) = paragraph_and_rest(&rest);
            self.blocks.list_item(indent(line) / 2, marker, &inline(&format!("{text} {first}")))?;
            return self.rest(&more, depth).map(|()| end);
        }
        let end =
            lines.iter().skip(at).position(|line| line.trim().is_empty()).map_or(lines.len(), |length| at + length);
        // A term whose explanation is indented below it.
        let end = (at + 1..end).find(|next| indent(lines[*next]) > indent(line)).unwrap_or(end);
        let end = end.max(at + 1);
        let paragraph = lines[at..end].iter().map(|line| line.trim()).collect::<Vec<_>>().join("\n");
        let (shown, has_literal) = match paragraph.strip_suffix("::") {
            Some("") => (String::new(), true),
            Some(before) => (format!("{}:", before.trim_end()), true),
            None => (paragraph, false),
        };
        self.blocks.paragraph(&inline(&shown))?;
        if has_literal {
            let (code, end) = indented(lines, end, indent(line));
            self.blocks.code(&code)?;
            return Ok(end);
        }
        Ok(end)
    }

    fn rest(&mut self, text: &str, depth: usize) -> Result<(), ExtractError> {
        if depth >= MAX_DEPTH {
            return self.blocks.code(text);
        }
        let lines: Vec<&str> = text.lines().collect();
        self.lines(&lines, depth + 1)
    }

    /// A heading: a line with one of signs below, perhaps also above.
    fn heading(&mut self, lines: &[&str], at: usize) -> Result<Option<usize>, ExtractError> {
        let get = |at: usize| lines.get(at).copied().unwrap_or_default();
        let (sign, text, over) = match (adornment(get(at)), adornment(get(at + 1)), adornment(get(at + 2))) {
            (Some(above), None, Some(below)) if above == below && !get(at + 1).trim().is_empty() => {
                (above, get(at + 1), true)
            }
            (None, Some(below), _) if indent(get(at)) == 0 => (below, get(at), false),
            _ => return Ok(None),
        };
        // A shorter line is something else, a table for instance.
        let length = get(at + if over { 2 } else { 1 }).trim().chars().count();
        if length + 1 < text.trim().chars().count() && length < 4 {
            return Ok(None);
        }
        let key = (sign, over);
        let level = self.levels.iter().position(|known| *known == key).unwrap_or_else(|| {
            self.levels.push(key);
            self.levels.len() - 1
        });
        self.blocks.heading(level + 1, &inline(text))?;
        Ok(Some(at + if over { 3 } else { 2 }))
    }

    fn directive(&mut self, lines: &[&str], at: usize, rest: &str, depth: usize) -> Result<usize, ExtractError> {
        let (content, end) = indented(lines, at + 1, indent(lines[at]));
        let Some((name, argument)) = rest.split_once("::") else {
            // Footnotes and citations have words; the others are comments and targets.
            if let Some((_, note)) = rest.strip_prefix('[').and_then(|note| note.split_once(']')) {
                self.blocks.paragraph(&inline(&format!("{} {content}", note.trim())))?;
            }
            return Ok(end);
        };
        let (name, argument) = (name.trim(), argument.trim());
        let options = content.lines().take_while(|line| line.starts_with(':')).count();
        let body = content.lines().skip(options).collect::<Vec<_>>().join("\n");
        if name.starts_with('|') || name.contains(char::is_whitespace) {
            // A substitution, or a comment with two colons.
        } else if SILENT.contains(&name) {
            // The words under a figure.
            self.blocks.paragraph(&inline(&body))?;
        } else if CODE.contains(&name) {
            let code = if name == "math" { format!("{argument}\n{body}") } else { body };
            self.blocks.code(&code)?;
        } else if name == "csv-table" {
            self.blocks.paragraph(argument)?;
            let headers = content.lines().find_map(|line| line.strip_prefix(":header:"));
            let text = headers.into_iter().map(str::trim).chain(body.lines()).collect::<Vec<_>>().join("\n");
            let mut reader = csv::ReaderBuilder::new();
            let mut reader = reader.has_headers(false).flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes());
            let rows: Vec<Vec<String>> =
                reader.records().map_while(Result::ok).map(|row| row.iter().map(inline).collect()).collect();
            self.blocks.table(&rows)?;
        } else if name == "list-table" {
            self.blocks.paragraph(argument)?;
            self.blocks.table(&list_table(&body))?;
        } else {
            // Notes, warnings, what is described (functions, options): the name is a word for readers, too.
            let label = match name.rsplit(':').next().unwrap_or(name) {
                "rubric" | "topic" | "admonition" | "centered" | "epigraph" | "container" | "class" | "function"
                | "method" | "data" | "attribute" | "option" | "envvar" | "glossary" | "only" | "tab" | "table" => {
                    String::new()
                }
                word => format!("{}{}: ", word[..1].to_uppercase(), &word[1..]),
            };
            let (first, more) = paragraph_and_rest(&body);
            if argument.is_empty() {
                self.blocks.paragraph(&inline(&format!("{label}{first}")))?;
            } else {
                self.blocks.paragraph(&inline(&format!("{label}{argument}")))?;
                self.blocks.paragraph(&inline(&first))?;
            }
            self.rest(&more, depth)?;
        }
        Ok(end)
    }
}

/// The sign of which a line consists, if it is long enough to say something.
fn adornment(line: &str) -> Option<char> {
    let line = line.trim_end();
    let first = line.chars().next().filter(char::is_ascii_punctuation)?;
    (line.len() >= 3 && line.chars().all(|c| c == first)).then_some(first)
}

fn list_item(line: &str) -> Option<(&str, &str)> {
    let (marker, text) = line.split_once(' ')?;
    let digits = marker.trim_start_matches('(').trim_end_matches(['.', ')']);
    let numbered = digits.len() < marker.len()
        && !digits.is_empty()
        && digits.len() <= 3
        && digits.bytes().all(|b| b.is_ascii_digit());
    match marker {
        "-" | "*" | "+" | "•" => Some(("-", text)),
        "#." => Some(("1.", text)),
        marker if numbered => Some((marker.trim_start_matches('('), text)),
        _ => None,
    }
}

/// The first paragraph on one line, and the rest.
fn paragraph_and_rest(text: &str) -> (String, String) {
    let lines: Vec<&str> = text.lines().collect();
    let is_start = |line: &&str| list_item(line.trim_start()).is_some() || line.starts_with("..");
    let end = lines.iter().position(|line| line.trim().is_empty() || is_start(line)).unwrap_or(lines.len());
    (lines[..end].join(" "), lines[end..].join("\n"))
}

/// Inline markup: roles and links become what a reader sees.
fn inline(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('`') {
        let (before, from) = rest.split_at(at);
        let literal = from.starts_with("``");
        let mark = if literal { "``" } else { "`" };
        let Some(length) = from[mark.len()..].find(mark) else {
            break;
        };
        let content = &from[mark.len()..mark.len() + length];
        let after = &from[mark.len() * 2 + length..];
        // The name of a role before it: `:ref:`.
        let role =
            before.strip_suffix(':').and_then(|head| head.rfind(':').filter(|colon| is_role(&head[colon + 1..])));
        out.push_str(if literal { before } else { &before[..role.unwrap_or(before.len())] });
        match (literal, content.rsplit_once('<')) {
            (true, _) => out.push_str(&format!("`{content}`")),
            (false, Some((shown, target))) if !shown.trim().is_empty() && target.ends_with('>') => {
                let target = target.trim_end_matches('>');
                out.push_str(shown.trim());
                if target.contains("://") {
                    out.push_str(&format!(" ({target})"));
                }
            }
            (false, _) => out.push_str(content.trim_start_matches(['~', '!'])),
        }
        rest = after.trim_start_matches('_');
    }
    out + rest
}

fn is_role(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '+'))
}
