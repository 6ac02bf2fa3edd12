//! Walks through TeX's source: commands, arguments, environments.

use std::cell::Cell;

/// How much may still be searched for ends. Each search is short in what people write; in what never ends, each would go to the
/// end of the source, and all of them together take for ever.
pub(super) struct Effort(Cell<usize>);

impl Effort {
    /// Enough for a source of this many bytes.
    pub fn for_source(bytes: usize) -> Self {
        Self(Cell::new(bytes.saturating_mul(64).saturating_add(1 << 20)))
    }

    /// Takes a search over so many bytes into account; whether it is still within what is allowed.
    fn spend(&self, bytes: usize) -> bool {
        self.0.set(self.0.get().saturating_sub(bytes));
        self.0.get() > 0
    }

    /// Where a word is in a text, if it may be searched for.
    pub fn find(&self, text: &str, word: &str) -> Option<usize> {
        let found = if self.spend(1) { text.find(word) } else { None };
        self.spend(found.unwrap_or(text.len()));
        found
    }
}

pub(super) struct Scanner<'a> {
    rest: &'a str,
    effort: &'a Effort,
}

impl<'a> Scanner<'a> {
    pub fn new(source: &'a str, effort: &'a Effort) -> Self {
        Self { rest: source, effort }
    }

    pub fn effort(&self) -> &'a Effort {
        self.effort
    }

    pub fn rest(&self) -> &'a str {
        self.rest
    }

    /// Goes on by this many bytes.
    pub fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    /// The name of the command that stands here; empty when there is none.
    pub fn peek_command(&self) -> &'a str {
        let Some(rest) = self.rest.strip_prefix('\\') else {
            return "";
        };
        &rest[..rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len())]
    }

    /// Passes over the command, its star, and the spaces that end it.
    pub fn skip_command(&mut self) {
        let length = 1 + self.peek_command().len();
        self.skip(length);
        self.rest = self.rest.strip_prefix('*').unwrap_or(self.rest);
        let after = self.rest.trim_start_matches([' ', '\t']);
        // Behind a space, braces are an argument all the same; a word keeps no distance.
        self.rest = after;
    }

    /// What stands in square brackets here.
    pub fn option(&mut self) -> Option<&'a str> {
        let after = self.rest.trim_start_matches([' ', '\t']);
        if !after.starts_with('[') {
            return None;
        }
        let (mut depth, mut escaped) = (0_usize, false);
        for (at, c) in after.char_indices().skip(1) {
            if !self.effort.spend(1) {
                return None;
            }
            match c {
                '{' if !escaped => depth += 1,
                '}' if !escaped => depth = depth.saturating_sub(1),
                ']' if depth == 0 => {
                    self.rest = &after[at + 1..];
                    return Some(&after[1..at]);
                }
                // An option does not go over paragraphs.
                '\n' if after[at + 1..].trim_start_matches([' ', '\t']).starts_with('\n') => return None,
                _ => {}
            }
            escaped = c == '\\' && !escaped;
        }
        None
    }

    /// The argument that stands here, options before it left out: what is in braces, else one character.
    pub fn argument(&mut self) -> &'a str {
        while self.option().is_some() {}
        let after = self.rest.trim_start();
        if !after.starts_with('{') {
            // An accent may be followed by its letter, or by a command for it.
            let Some(first) = after.chars().next().filter(|c| *c != '}') else {
                return "";
            };
            let length = if first == '\\' {
                let letters = after[1..].find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len() - 1);
                1 + letters
            } else {
                first.len_utf8()
            };
            self.rest = &after[length..];
            return &after[..length];
        }
        let (mut depth, mut escaped) = (0_usize, false);
        for (at, c) in after.char_indices() {
            if !self.effort.spend(1) {
                break;
            }
            match c {
                '{' if !escaped => depth += 1,
                '}' if !escaped => {
                    depth -= 1;
                    if depth == 0 {
                        self.rest = &after[at + 1..];
                        return &after[1..at];
                    }
                }
                _ => {}
            }
            escaped = c == '\\' && !escaped;
        }
        // It never ends: the brace is one by mistake.
        self.rest = &after[1..];
        ""
    }

    /// What stands between two signs of the writer's choice, as in `\verb|…|`.
    pub fn delimited(&mut self) -> &'a str {
        self.option();
        let Some(sign) = self.rest.chars().next() else {
            return "";
        };
        let close = if sign == '{' { '}' } else { sign };
        let inner = &self.rest[sign.len_utf8()..];
        let end = inner.find([close, '\n']).unwrap_or(inner.len());
        self.rest = inner[end..].strip_prefix(close).unwrap_or(&inner[end..]);
        &inner[..end]
    }

    /// What stands up to the end of the environment that was begun; environments of the same name may be in it. One that does
    /// not end is empty, so that what follows is read.
    pub fn until_end(&mut self, environment: &str) -> &'a str {
        // A star is part of the name.
        let names = [environment.to_owned(), format!("{environment}*")];
        let find = |text: &str, word: &str| {
            let places = names.iter().filter_map(|name| {
                let mark = format!("\\{word}{{{name}}}");
                text.find(&mark).map(|at| (at, mark.len()))
            });
            places.min()
        };
        let (mut at, mut depth) = (0, 1_usize);
        while self.effort.spend(self.rest.len() - at)
            && let Some((end, length)) = find(&self.rest[at..], "end")
        {
            match find(&self.rest[at..at + end], "begin") {
                Some((begin, length)) => {
                    depth += 1;
                    at += begin + length;
                }
                None => {
                    depth -= 1;
                    if depth == 0 {
                        let content = &self.rest[..at + end];
                        self.rest = &self.rest[at + end + length..];
                        return content;
                    }
                    at += end + length;
                }
            }
        }
        ""
    }
}
