//! Markdown stays as its author wrote it, but for what a reader of the rendered page does not see: front matter and comments.

use super::{ExtractError, Raw, format::FormatReader, front_matter, text};

/// How it is read.
pub(super) const READER: FormatReader = FormatReader {
    name: "markdown",
    extensions: &["md", "markdown"],
    structured: true,
    is_text: true,
    read: |bytes, _, _| extract(bytes),
};

/// The text of a Markdown file; its title is the front matter's, else the first heading. A title that no heading says is put
/// above the text: without it the text may not name what it is about.
fn extract(bytes: &[u8]) -> Result<Raw, ExtractError> {
    let (source, warning) = text::decode(bytes, None)?;
    let source = source.replace("\r\n", "\n");
    let (matter, body) = split_front_matter(&source);
    let text = without_comments(body);
    let (title, heading) = (matter.and_then(front_matter_title), first_heading(&text));
    let text = match (&title, &heading) {
        (Some(title), None) if !text.trim().is_empty() => format!("# {title}\n\n{}", text.trim_start()),
        _ => text,
    };
    let title = title.or(heading);
    let mut warnings: Vec<_> = warning.into_iter().collect();
    let metadata = matter
        .map(|matter| front_matter::read(matter, source.trim_start_matches('\u{FEFF}').starts_with('+'), &mut warnings))
        .unwrap_or_default();
    Ok(Raw { text, title, warnings, metadata, ..Raw::default() })
}

/// Front matter at the very start (YAML between `---` and `---` or `...`, TOML between `+++` and `+++`), and the rest.
fn split_front_matter(source: &str) -> (Option<&str>, &str) {
    let source = source.trim_start_matches('\u{FEFF}');
    let whole = (None, source);
    let (opening, rest) = source.split_once('\n').unwrap_or((source, ""));
    let (sign, ends): (_, &[&str]) = match opening.trim_end() {
        "---" => (':', &["---", "..."]),
        "+++" => ('=', &["+++"]),
        _ => return whole,
    };
    // A rule followed by text is no front matter: that has `key: value` in its first line, comments left out.
    let mut content = rest.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    if rest.starts_with('\n') || !content.next().is_some_and(|line| is_setting(line, sign)) {
        return whole;
    }
    let mut offset = 0;
    for line in rest.split_inclusive('\n') {
        if ends.contains(&line.trim_end()) {
            return (Some(&rest[..offset]), &rest[offset + line.len()..]);
        }
        offset += line.len();
    }
    whole
}

/// Whether a line sets something, `key: value` or `key = value`, or begins a group of settings.
fn is_setting(line: &str, sign: char) -> bool {
    let is_key = |key: &str| !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || "_-. \"'".contains(c));
    line.split_once(sign).is_some_and(|(key, _)| is_key(key.trim()))
        || sign == '=' && line.starts_with('[')
        || ["---", "...", "+++"].contains(&line.trim_end())
}

/// The title among the settings at the top level.
fn front_matter_title(matter: &str) -> Option<String> {
    let mut lines = matter.lines();
    let value = lines.find_map(|line| {
        // What follows in TOML belongs to a group.
        let (key, value) = line.split_once([':', '='])?;
        (key.trim_end().trim_matches(['"', '\'']) == "title").then_some(value.trim())
    })?;
    // A text in lines of its own.
    let value = match value {
        ">" | ">-" | "|" | "|-" | "" => lines.next().filter(|line| line.starts_with([' ', '\t']))?.trim(),
        value => value,
    };
    let title = match value.chars().next() {
        Some(quote @ ('"' | '\'')) => value[1..].rsplit_once(quote).map_or(&value[1..], |(title, _)| title),
        _ => value.split(" #").next().unwrap_or(value).trim_end(),
    };
    let title = title.replace("\\\"", "\"").replace("''", "'");
    (!title.trim().is_empty()).then_some(title)
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
        let raw = extract(b"---\ntitle: \"On-call\"\ntags: [a]\n---\n# Other\nBody").unwrap();
        assert_eq!(serde_json::Value::Object(raw.metadata.to_json()), serde_json::json!({"tags": ["a"]}));
        let (text, title) = (raw.text, raw.title);
        assert_eq!((text.as_str(), title.as_deref()), ("# Other\nBody", Some("On-call")));
    }

    #[test]
    fn a_title_that_no_heading_says_is_put_above_the_text() {
        let cases = [
            ("---\ntitle: 'Mira''s boat' # draft\n---\n\nBody", "# Mira's boat\n\nBody", "Mira's boat"),
            ("---\n# comment\ndate: 2025-01-01\ntitle: >-\n  Long one\n...\nBody", "# Long one\n\nBody", "Long one"),
            ("+++\ntitle = \"A \\\"b\\\"\"\n[extra]\nx = 1\n+++\nBody", "# A \"b\"\n\nBody", "A \"b\""),
            ("\u{FEFF}---\r\ntitle: Plain # draft\r\n---\r\nBody", "# Plain\n\nBody", "Plain"),
            ("+++\ntitle = 'x'\n+++\nIntro\n## Own\n", "Intro\n## Own\n", "x"),
        ];
        for (source, text, title) in cases {
            assert_eq!(read(source), (text.to_owned(), Some(title.to_owned())));
        }
        assert_eq!(read("---\ntags: [a]\n---\nBody"), ("Body".to_owned(), None));
    }

    #[test]
    fn a_rule_at_the_start_is_no_front_matter() {
        assert_eq!(read("+++\nwords\n+++\nMore").0, "+++\nwords\n+++\nMore");

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
