//! Markdown stays as its author wrote it, but for what a reader of the rendered page does not see: front matter and comments.

use super::{ExtractError, Raw, format::FormatReader, text};

/// How it is read.
pub(super) const READER: FormatReader = FormatReader {
    name: "markdown",
    extensions: &["md", "markdown"],
    structured: true,
    is_text: true,
    read: |bytes, _, _| extract(bytes),
};

/// The text of a Markdown file; its title is the front matter's, else the first top-level heading.
fn extract(bytes: &[u8]) -> Result<Raw, ExtractError> {
    let (source, warning) = text::decode(bytes, None)?;
    let source = source.replace("\r\n", "\n");
    let (matter, body) = split_front_matter(&source);
    let text = without_comments(body);
    let title = matter.and_then(front_matter_title).or_else(|| first_heading(&text));
    Ok(Raw { text, title, warnings: warning.into_iter().collect() })
}

/// Front matter (`---` … `---` at the very start) and the rest.
fn split_front_matter(source: &str) -> (Option<&str>, &str) {
    let whole = (None, source);
    let Some(rest) = source.strip_prefix("---\n") else {
        return whole;
    };
    // A rule followed by text is no front matter: that has `key: value` in its first line.
    if !rest.lines().next().is_some_and(|line| line.contains(':')) {
        return whole;
    }
    let mut offset = 0;
    for line in rest.split_inclusive('\n') {
        if matches!(line.trim_end(), "---" | "...") {
            return (Some(&rest[..offset]), &rest[offset + line.len()..]);
        }
        offset += line.len();
    }
    whole
}

fn front_matter_title(matter: &str) -> Option<String> {
    let value = matter.lines().find_map(|line| line.strip_prefix("title:"))?;
    Some(value.trim().trim_matches(['"', '\'']).to_owned())
}

/// The text of the first `#` heading outside code blocks.
pub(super) fn first_heading(text: &str) -> Option<String> {
    let mut fence = Fence::default();
    text.lines().filter(|line| !fence.contains(line)).find_map(|line| {
        let heading = line.trim_start_matches('#');
        let level = line.len() - heading.len();
        ((1..=6).contains(&level) && heading.starts_with(' '))
            .then(|| heading.trim().trim_end_matches('#').trim().to_owned())
    })
}

/// The text with all headings this many levels lower, for a place below a heading.
pub(super) fn shifted(text: &str, by: usize) -> String {
    let mut fence = Fence::default();
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let level = line.len() - line.trim_start_matches('#').len();
        if !fence.contains(line) && (1..=6).contains(&level) && line[level..].starts_with(' ') {
            out.push_str(&"#".repeat((level + by).min(6)));
            out.push_str(&line[level..]);
        } else {
            out.push_str(line);
        }
    }
    out
}

/// Drops `<!-- … -->` outside code blocks; an unclosed one is text.
fn without_comments(body: &str) -> String {
    let mut kept = String::with_capacity(body.len());
    let mut fence = Fence::default();
    let mut rest = body;
    // Once there is no end mark in the rest there never is one again: searching for it each time would be quadratic.
    let mut closable = true;
    while !rest.is_empty() {
        let line_end = rest.find('\n').map_or(rest.len(), |at| at + 1);
        let line = &rest[..line_end];
        let start = if fence.contains(line) || !closable { None } else { comment_start(line) };
        let Some(start) = start else {
            kept.push_str(line);
            rest = &rest[line_end..];
            continue;
        };
        if let Some(length) = rest[start..].find("-->") {
            kept.push_str(&rest[..start]);
            rest = &rest[start + length + 3..];
        } else {
            closable = false;
        }
    }
    kept
}

/// Where a comment starts, unless it does inside an inline code span.
fn comment_start(line: &str) -> Option<usize> {
    let start = line.find("<!--")?;
    line[..start].matches('`').count().is_multiple_of(2).then_some(start)
}

/// Whether the lines that go by are inside a fenced code block.
#[derive(Default)]
struct Fence {
    open: Option<&'static str>,
}

impl Fence {
    /// Takes the next line and tells whether it belongs to a code block, fences included.
    fn contains(&mut self, line: &str) -> bool {
        let line = line.trim_start();
        match self.open {
            Some(mark) => {
                if line.starts_with(mark) {
                    self.open = None;
                }
                true
            }
            None => {
                self.open = ["```", "~~~"].into_iter().find(|mark| line.starts_with(mark));
                self.open.is_some()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(source: &str) -> (String, Option<String>) {
        let raw = extract(source.as_bytes()).unwrap();
        (raw.text, raw.title)
    }

    #[test]
    fn headings_go_down_but_not_those_in_code() {
        assert_eq!(shifted("# A\n\n##### B\n```\n# c\n```\n#tag", 2), "### A\n\n###### B\n```\n# c\n```\n#tag");
    }

    #[test]
    fn front_matter_gives_the_title_and_goes() {
        let (text, title) = read("---\ntitle: \"On-call\"\ntags: [a]\n---\n# Other\nBody");
        assert_eq!((text.as_str(), title.as_deref()), ("# Other\nBody", Some("On-call")));
    }

    #[test]
    fn a_rule_at_the_start_is_no_front_matter() {
        assert_eq!(read("---\n\nText\n\n---\nMore").0, "---\n\nText\n\n---\nMore");
        assert_eq!(read("---\nkey: never closed").0, "---\nkey: never closed");
    }

    #[test]
    fn the_first_heading_outside_code_is_the_title() {
        assert_eq!(read("```sh\n# not this\n```\n#hashtag\n## Real one ##\n").1.as_deref(), Some("Real one"));
        assert_eq!(read("no heading").1, None);
    }

    #[test]
    fn comments_go_but_not_from_code() {
        assert_eq!(
            read("a <!-- x\ny --> b\n```\n<!-- kept -->\n```\n`<!--` c").0,
            "a  b\n```\n<!-- kept -->\n```\n`<!--` c"
        );
        assert_eq!(read("a <!-- never closed").0, "a <!-- never closed");
    }
}
