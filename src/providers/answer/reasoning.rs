//! Reasoning within the text: `<think>…</think>` before an answer, its tags split over pieces, or only closed.

/// Names of the tags; each opens as `<name>` and closes as `</name>`.
const NAMES: [&str; 3] = ["think", "thinking", "reasoning"];

/// A piece of what a model wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// How it got there.
    Reasoning(String),
    /// What was taken for the answer was reasoning; the answer begins now.
    Restart,
    /// More of the answer.
    Text(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing but white space so far; a tag may open.
    Begin,
    /// Between an opening tag, or the beginning, and a closing one.
    Reasoning { name: Option<&'static str> },
    /// In the answer.
    Answer,
}

/// Tells reasoning and answer apart. Only what stands at the beginning is reasoning: a tag in the middle of an answer is
/// quoted. A closing tag that was never opened, on a line's end, is the exception: all before it was reasoning.
#[derive(Debug)]
pub(super) struct ReasoningSplitter {
    state: State,
    /// Text that may be the beginning of a tag, or white space before the answer.
    held: String,
    /// All of the answer so far is text that a closing tag may turn into reasoning.
    unopened: bool,
    /// An opening tag stands in the answer, so that a closing one belongs to it.
    quoted: bool,
    closed_only: bool,
    /// The last character of the answer so far.
    last: Option<char>,
}

impl ReasoningSplitter {
    /// `hold`: the text begins as reasoning, until a closing tag.
    pub(super) fn new(hold: bool) -> Self {
        let state = if hold { State::Reasoning { name: None } } else { State::Begin };
        Self { state, held: String::new(), unopened: true, quoted: false, closed_only: false, last: None }
    }

    /// Whether a closing tag came without an opening one.
    pub(super) fn closed_only(&self) -> bool {
        self.closed_only
    }

    /// The reasoning comes in a field of its own: the text is the answer.
    pub(super) fn answer_only(&mut self) {
        if matches!(self.state, State::Reasoning { name: None }) {
            self.state = State::Begin;
        }
        self.unopened = false;
    }

    /// Takes the next piece of text.
    pub(super) fn push(&mut self, text: &str) -> Vec<Piece> {
        let mut rest = std::mem::take(&mut self.held) + text;
        let mut parts = Vec::new();
        loop {
            match self.state {
                State::Begin => match beginning(&rest) {
                    Beginning::Open(name, length) => {
                        rest.drain(..length);
                        self.state = State::Reasoning { name: Some(name) };
                        self.unopened = false;
                    }
                    Beginning::Undecided => {
                        self.held = rest;
                        return parts;
                    }
                    Beginning::Text => self.state = State::Answer,
                },
                State::Reasoning { name } => match find_close(&rest, name) {
                    Some((start, end)) => {
                        push(&mut parts, Piece::Reasoning(rest[..start].to_owned()));
                        let opening = rest[..start].trim_start();
                        // A model that opens although its reasoning is expected anyway.
                        self.closed_only = name.is_none() && !opens(opening);
                        match self.answer_after(&rest[end..]) {
                            Some(answer) => rest = answer,
                            None => return parts,
                        }
                    }
                    None => {
                        let kept = possible_tag(&rest);
                        self.held = rest.split_off(rest.len() - kept);
                        push(&mut parts, Piece::Reasoning(rest));
                        return parts;
                    }
                },
                State::Answer => {
                    if !self.unopened {
                        push(&mut parts, Piece::Text(rest));
                        return parts;
                    }
                    self.quoted |= NAMES.iter().any(|name| rest.contains(&format!("<{name}>")));
                    match find_close(&rest, None).filter(|_| !self.quoted) {
                        Some((start, end)) if !self.ends_a_line(&rest, start, end) => {
                            if end == rest.len() {
                                self.held = rest.split_off(start);
                            } else {
                                self.quoted = true;
                            }
                            self.last = rest.chars().next_back().or(self.last);
                            push(&mut parts, Piece::Text(rest));
                            return parts;
                        }
                        Some((_, end)) => {
                            parts.clear();
                            parts.push(Piece::Restart);
                            self.closed_only = true;
                            match self.answer_after(&rest[end..]) {
                                Some(answer) => rest = answer,
                                None => return parts,
                            }
                        }
                        None => {
                            let kept = possible_tag(&rest);
                            self.held = rest.split_off(rest.len() - kept);
                            self.last = rest.chars().next_back().or(self.last);
                            push(&mut parts, Piece::Text(rest));
                            return parts;
                        }
                    }
                }
            }
        }
    }

    /// Begins the answer behind a closing tag; `None` while only white space has come, of which there may be more.
    fn answer_after(&mut self, text: &str) -> Option<String> {
        let answer = text.trim_start();
        self.unopened = false;
        self.state = if answer.is_empty() { State::Begin } else { State::Answer };
        (!answer.is_empty()).then(|| answer.to_owned())
    }

    /// Whether a closing tag stands at the beginning or the end of a line, as models write it and sentences about it do not.
    fn ends_a_line(&self, text: &str, start: usize, end: usize) -> bool {
        let before = text[..start].chars().next_back().or(self.last);
        before == Some('\n') || text[end..].starts_with(['\n', '\r'])
    }

    /// The text is over: what is left.
    pub(super) fn end(&mut self) -> Vec<Piece> {
        let held = std::mem::take(&mut self.held);
        let mut parts = Vec::new();
        push(
            &mut parts,
            match self.state {
                State::Reasoning { name: Some(_) } => Piece::Reasoning(held),
                _ => Piece::Text(held),
            },
        );
        parts
    }

    /// Whether the text was held as reasoning that never ended: it was the answer then.
    pub(super) fn holds(&self) -> bool {
        matches!(self.state, State::Reasoning { name: None })
    }
}

fn push(parts: &mut Vec<Piece>, part: Piece) {
    if !matches!(&part, Piece::Reasoning(text) | Piece::Text(text) if text.is_empty()) {
        parts.push(part);
    }
}

enum Beginning {
    /// An opening tag, with what is before it: its name, and where it ends.
    Open(&'static str, usize),
    /// White space, or a part of a tag.
    Undecided,
    /// Something else.
    Text,
}

fn beginning(text: &str) -> Beginning {
    let start = text.len() - text.trim_start().len();
    let rest = &text[start..];
    if rest.is_empty() {
        return Beginning::Undecided;
    }
    for name in NAMES {
        let tag = format!("<{name}>");
        if rest.starts_with(&tag) {
            return Beginning::Open(name, start + tag.len());
        }
        if tag.starts_with(rest) {
            return Beginning::Undecided;
        }
    }
    // A closing tag at the very beginning: reasoning that is empty, or was left out.
    for name in NAMES {
        let tag = format!("</{name}>");
        if rest.starts_with(&tag) {
            return Beginning::Open(name, start);
        }
        if tag.starts_with(rest) {
            return Beginning::Undecided;
        }
    }
    Beginning::Text
}

fn opens(text: &str) -> bool {
    NAMES.iter().any(|name| text.starts_with(&format!("<{name}>")))
}

/// The first closing tag, of this name or of any.
fn find_close(text: &str, name: Option<&str>) -> Option<(usize, usize)> {
    let found = NAMES.iter().filter(|known| name.is_none_or(|name| name == **known)).filter_map(|name| {
        let tag = format!("</{name}>");
        text.find(&tag).map(|start| (start, start + tag.len()))
    });
    found.min()
}

/// Bytes at the end that may be the beginning of a tag.
fn possible_tag(text: &str) -> usize {
    let Some(start) = text.rfind('<') else { return 0 };
    let tail = &text[start..];
    let fits = NAMES.iter().any(|name| format!("<{name}>").starts_with(tail) || format!("</{name}>").starts_with(tail));
    if fits { tail.len() } else { 0 }
}
