//! AsciiDoc → Markdown.

use crate::rag::extract::{ExtractError, Limits, Raw, blocks::Blocks, format::FormatReader, sandbox::Deadline, text};

/// How it is read.
pub(in crate::rag::extract) const READER: FormatReader =
    FormatReader { name: "adoc", extensions: &["adoc", "asciidoc"], structured: true, is_text: true, read: extract };

fn extract(bytes: &[u8], limits: &Limits, deadline: Deadline) -> Result<Raw, ExtractError> {
    let (source, warning) = text::decode(bytes, None)?;
    let lines: Vec<&str> = source.lines().collect();
    let mut reader = Reader { blocks: Blocks::new(limits), paragraph: Vec::new(), item: None, columns: None };
    let mut at = 0;
    while at < lines.len() {
        deadline.check()?;
        at = reader.line(&lines, at)?;
    }
    reader.flush()?;
    let (text, title) = reader.blocks.finish();
    Ok(Raw { text, title, warnings: warning.into_iter().collect(), ..Raw::default() })
}

struct Reader {
    blocks: Blocks,
    paragraph: Vec<String>,
    /// Depth and marker of the list item to which the paragraph belongs.
    item: Option<(usize, &'static str)>,
    /// How many columns the table that follows is said to have.
    columns: Option<usize>,
}

impl Reader {
    /// Takes in a line, and tells where the next one is.
    fn line(&mut self, lines: &[&str], at: usize) -> Result<usize, ExtractError> {
        let line = lines[at].trim_end();
        let trimmed = line.trim_start();
        let next = at + 1;
        if let Some(kind) = delimiter(line) {
            self.flush()?;
            let end = lines[next..].iter().position(|other| other.trim_end() == line).map(|length| next + length);
            let Some(end) = end.filter(|_| kind != Kind::Open) else {
                // What is between such lines is text as any other; one without a counterpart is passed over.
                return Ok(next);
            };
            match kind {
                Kind::Code => self.blocks.code(&lines[next..end].join("\n"))?,
                Kind::Table(separator) => self.table(&lines[next..end], separator)?,
                Kind::Comment | Kind::Open => {}
            }
            return Ok(end + 1);
        }
        if line.starts_with("//") || is_attribute_entry(line) || is_macro_line(line) || is_rule(line) {
            return Ok(next);
        }
        if line.starts_with('[') && line.ends_with(']') && !line.starts_with("[[") {
            self.flush()?;
            self.columns = columns(line);
            return Ok(next);
        }
        if line.is_empty() || trimmed == "+" || line.starts_with("[[") && line.ends_with("]]") {
            self.flush()?;
            return Ok(next);
        }
        let level = line.len() - line.trim_start_matches('=').len();
        if (1..=6).contains(&level) && line[level..].starts_with(' ') {
            self.flush()?;
            self.blocks.heading(level, &inline(&line[level..]))?;
            return Ok(next);
        }
        // The title of a block.
        if line.starts_with('.') && line.len() > 1 && !line.starts_with("..") && !line[1..].starts_with(' ') {
            self.flush()?;
            self.blocks.paragraph(&inline(&line[1..]))?;
            return Ok(next);
        }
        if let Some((depth, marker, text)) = list_item(trimmed) {
            self.flush()?;
            self.item = Some((depth, marker));
            self.paragraph.push(text.to_owned());
            return Ok(next);
        }
        self.paragraph.push(trimmed.trim_end_matches(" +").to_owned());
        Ok(next)
    }

    /// Writes the paragraph that is open.
    fn flush(&mut self) -> Result<(), ExtractError> {
        let text = inline(&std::mem::take(&mut self.paragraph).join("\n"));
        match self.item.take() {
            Some((depth, marker)) => self.blocks.list_item(depth, marker, &text),
            None => self.blocks.paragraph(&text),
        }
    }

    fn table(&mut self, lines: &[&str], separator: char) -> Result<(), ExtractError> {
        let mut rows: Vec<Vec<String>> = Vec::new();
        let mut cells: Vec<String> = Vec::new();
        let mut first_row = None;
        for line in lines {
            let line = line.trim();
            if line.is_empty() {
                continue;
            }
            let mut parts = line.split(separator);
            // What stands before the first sign goes on with the cell before, unless it says how the next one looks.
            let before = parts.next().unwrap_or_default().trim();
            if let (Some(cell), true) = (cells.last_mut(), !is_cell_form(before) || !line.contains(separator)) {
                cell.push_str(&format!(" {}", inline(before)));
            }
            let found: Vec<String> = parts.map(|cell| inline(cell.trim())).collect();
            if first_row.is_none() && !found.is_empty() {
                first_row = Some(found.len());
            }
            cells.extend(found);
        }
        let columns = self.columns.take().or(first_row).unwrap_or(1).max(1);
        for row in cells.chunks(columns) {
            rows.push(row.to_vec());
        }
        self.blocks.table(&rows)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Code,
    Table(char),
    Comment,
    Open,
}

/// What a line that begins and ends a block is for.
fn delimiter(line: &str) -> Option<Kind> {
    if let Some(kind) = match line {
        "|===" => Some(Kind::Table('|')),
        "!===" => Some(Kind::Table('!')),
        ",===" => Some(Kind::Table(',')),
        "--" => Some(Kind::Open),
        _ => None,
    } {
        return Some(kind);
    }
    if line.starts_with("```") {
        return Some(Kind::Code);
    }
    let first = line.chars().next()?;
    if line.len() < 4 || !line.chars().all(|c| c == first) {
        return None;
    }
    match first {
        '-' | '.' | '+' => Some(Kind::Code),
        '/' => Some(Kind::Comment),
        '=' | '*' | '_' => Some(Kind::Open),
        _ => None,
    }
}

/// `:name: value`, which sets something.
fn is_attribute_entry(line: &str) -> bool {
    let name = line.strip_prefix(':').and_then(|rest| rest.split_once(':')).map(|(name, _)| name);
    name.is_some_and(|name| {
        !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '!'))
    })
}

/// A line that stands for something that is not text.
fn is_macro_line(line: &str) -> bool {
    ["image::", "include::", "video::", "audio::", "toc::", "ifdef::", "ifndef::", "endif::", "ifeval::"]
        .iter()
        .any(|word| line.starts_with(word))
}

/// A line across the page, or its end.
fn is_rule(line: &str) -> bool {
    line.len() >= 3 && (line.chars().all(|c| c == '\'') || line.chars().all(|c| c == '<'))
}

/// `2+`, `.3+^`, `a`, `h` …: how a cell looks.
fn is_cell_form(text: &str) -> bool {
    text.len() <= 8 && !text.is_empty() && text.chars().all(|c| c.is_ascii_digit() || ".+*^<>aehlmsd".contains(c))
}

fn list_item(line: &str) -> Option<(usize, &'static str, &str)> {
    let (marker, text) = line.split_once(' ')?;
    let depth = marker.len().checked_sub(1)?;
    let all = |sign: char| marker.chars().all(|c| c == sign);
    if marker == "-" || all('*') && depth < 6 {
        return Some((depth, "-", text));
    }
    if all('.') && depth < 6 {
        return Some((depth, "1.", text));
    }
    None
}

/// How many columns `[cols="1,2a,3*"]` tells of.
fn columns(line: &str) -> Option<usize> {
    let value = line.split_once("cols=")?.1;
    let value = match value.strip_prefix(['"', '\'']) {
        Some(quoted) => quoted.split(['"', '\'']).next().unwrap_or_default(),
        None => value.split([',', ']']).next().unwrap_or_default(),
    };
    let count = |part: &str| {
        part.split_once('*').and_then(|(times, _)| times.trim().parse().ok()).unwrap_or(1_usize).min(1_000)
    };
    Some(value.split([',', ';']).map(count).sum())
}

/// Links and references become what a reader sees.
fn inline(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let (mut brackets, mut references) = (true, true);
    while let Some(at) = rest.find(['[', '<']) {
        let (before, from) = rest.split_at(at);
        let is_bracket = from.starts_with('[');
        let closing = if is_bracket { "]" } else { ">>" };
        let is_open = if is_bracket { brackets } else { from.starts_with("<<") && references };
        let found = if is_open { from.find(closing) } else { None };
        if is_open && found.is_none() {
            // What never ends from here on does not from later on either.
            *(if is_bracket { &mut brackets } else { &mut references }) = false;
        }
        let Some(length) = found else {
            out.push_str(&rest[..at + 1]);
            rest = &rest[at + 1..];
            continue;
        };
        if let Some(target) = from.strip_prefix("<<") {
            let inner = &target[..length - 2];
            out.push_str(before);
            out.push_str(inner.split_once(',').map_or(inner, |(_, shown)| shown.trim()));
        } else {
            let inner = &from[1..length];
            let start = before.rfind(char::is_whitespace).map_or(0, |space| space + 1);
            let (head, target) = before.split_at(start);
            let known = ["link:", "xref:", "https://", "http://", "mailto:", "image:", "kbd:", "btn:", "footnote:"]
                .iter()
                .find(|word| target.trim_start_matches(['(', '"']).starts_with(**word));
            match known {
                Some(&"image:") => out.push_str(head),
                Some(&"footnote:") => out.push_str(&format!("{head}({inner})")),
                Some(&("https://" | "http://")) => {
                    out.push_str(&format!("{head}{inner} ({})", target.trim_start_matches('(')))
                }
                Some(_) => out.push_str(&format!("{head}{inner}")),
                None => out.push_str(&format!("{before}[{inner}]")),
            }
        }
        rest = &from[length + closing.len()..];
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use crate::rag::extract::{Format, Limits, extract_bytes};

    #[test]
    fn an_adoc_gives_headings_lists_tables_and_code() {
        let source = "= Harbour manual\nMira Okafor\n:toc: left\n\n// hidden\n== Leaving\n\nCall the link:master.html[harbour master]\non channel 14.\n\n. Cast off\n.. bow line\n* Radio on\n\n[source,rust]\n----\nfn main() {}\n# no heading\n----\n\n.Fees\n[cols=\"1,1\"]\n|===\n|Boat |Fee\n\n|up to 8 m\n|21 €\n2+|free | today\n|===\n\n[NOTE]\n====\nSee <<fees,the fees>>.\n====\n\n=== Fog\nimage::fog.png[]\nSound https://horn.example[the horn].\n////\nnever\n////\n";
        let extracted = extract_bytes(Format::Adoc, source.as_bytes(), &Limits::default()).unwrap();
        assert_eq!(
            extracted.text,
            "# Harbour manual\n\nMira Okafor\n\n## Leaving\n\nCall the harbour master\non channel 14.\n\n1. Cast off\n  1. bow line\n- Radio on\n\n\
             ```\nfn main() {}\n# no heading\n```\n\nFees\n\n| Boat | Fee |\n| --- | --- |\n| up to 8 m | 21 € |\n| free | today |\n\n\
             See the fees.\n\n### Fog\n\nSound the horn (https://horn.example)."
        );
        assert_eq!(extracted.title.as_deref(), Some("Harbour manual"));
    }

    #[test]
    fn what_never_ends_is_text() {
        let read = |source: &str| extract_bytes(Format::Adoc, source.as_bytes(), &Limits::default()).unwrap().text;
        assert_eq!(read("----\nword [x <<y"), "word [x <<y");
        assert_eq!(read("|===\n|a"), "|a");
        let signs = "[<<".repeat(200_000);
        assert_eq!(read(&signs), signs);
    }
}
