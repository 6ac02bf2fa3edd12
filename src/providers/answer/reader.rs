//! Reads what a model writes, piece by piece. Pure: text in, pieces out.

use std::sync::Arc;

use super::{
    marks::{Mark, Marks},
    reasoning::{Piece, ReasoningSplitter},
    repetition::Repetition,
};
use crate::providers::{Ending, GenerationRequest, Role};

/// Bytes of the answer's end that are quoted when a passage holds them: documents may well repeat themselves.
const QUOTED: usize = 160;

/// Longest name of a role after a mark that begins a turn.
const LONGEST_ROLE: usize = 16;

/// Reads one answer.
#[derive(Debug)]
pub(super) struct OutputReader {
    splitter: ReasoningSplitter,
    marks: Marks,
    repetition: Repetition,
    /// The passages: what stands there may be repeated.
    passages: Arc<[String]>,
    /// The end of the answer so far.
    tail: String,
    /// Answer that may be the beginning of a mark, or white space that may be its end.
    held: String,
    /// Text that was held as reasoning, in case it turns out to be the answer.
    taken: String,
    begun: bool,
    stopped: Option<Ending>,
}

impl OutputReader {
    /// `hold`: the model begins with reasoning that it only closes.
    pub(super) fn new(request: &GenerationRequest, hold: bool) -> Self {
        let instruction = request.messages.iter().find(|message| message.role == Role::System);
        let texts = request.passages.iter().map(String::as_str).chain([request.question.as_str()]);
        Self {
            splitter: ReasoningSplitter::new(hold),
            marks: Marks::beside(texts, instruction.map(|message| message.content.as_str()), request.passages.len()),
            repetition: Repetition::default(),
            passages: Arc::clone(&request.passages),
            tail: String::new(),
            held: String::new(),
            taken: String::new(),
            begun: false,
            stopped: None,
        }
    }

    /// Why the model is not to be read on, if so.
    pub(super) fn stopped(&self) -> Option<Ending> {
        self.stopped
    }

    /// Whether its reasoning was closed without having been opened.
    pub(super) fn closed_only(&self) -> bool {
        self.splitter.closed_only()
    }

    /// Reasoning that came in a field of its own.
    pub(super) fn reasoning(&mut self, text: String) -> Vec<Piece> {
        self.splitter.answer_only();
        vec![Piece::Reasoning(text)]
    }

    /// More text.
    pub(super) fn text(&mut self, text: &str) -> Vec<Piece> {
        if self.stopped.is_some() {
            return Vec::new();
        }
        let parts = self.splitter.push(text);
        self.pieces(parts)
    }

    /// The model has ended.
    pub(super) fn end(&mut self) -> Vec<Piece> {
        if self.stopped.is_some() {
            return Vec::new();
        }
        let held_all = self.splitter.holds();
        let mut parts = self.splitter.end();
        if held_all {
            // It never closed what it was expected to: this is its answer.
            let taken = std::mem::take(&mut self.taken);
            let text = parts.drain(..).fold(taken, |text, part| match part {
                Piece::Reasoning(more) | Piece::Text(more) => text + &more,
                Piece::Restart => text,
            });
            parts.push(Piece::Text(text));
        }
        let mut pieces = self.pieces(parts);
        let rest = std::mem::take(&mut self.held);
        let rest = rest.trim_end();
        if self.stopped.is_none() && !rest.is_empty() && (self.begun || !rest.trim().is_empty()) {
            pieces.push(Piece::Text(rest.to_owned()));
        }
        pieces
    }

    fn pieces(&mut self, parts: Vec<Piece>) -> Vec<Piece> {
        let mut pieces = Vec::new();
        for part in parts {
            match part {
                Piece::Reasoning(text) => {
                    if self.splitter.holds() {
                        self.taken.push_str(&text);
                    }
                    pieces.push(Piece::Reasoning(text));
                }
                Piece::Restart => {
                    self.held.clear();
                    self.begun = false;
                    self.repetition = Repetition::default();
                    pieces.clear();
                    pieces.push(Piece::Restart);
                }
                Piece::Text(text) => pieces.extend(self.answer(&text).map(Piece::Text)),
            }
        }
        pieces
    }

    /// More of the answer, without what may still turn out to be none of it.
    fn answer(&mut self, text: &str) -> Option<String> {
        if self.stopped.is_some() {
            return None;
        }
        self.held.push_str(text);
        while let Some((start, end, mark)) = self.marks.find(&self.held) {
            let before = self.held[..start].trim_end();
            if self.begun || !before.trim().is_empty() {
                // The answer is whole. A model that begins another turn has to be stopped, one that ends its own does not.
                self.stopped = Some(match mark {
                    Mark::End => Ending::Complete,
                    Mark::Start => Ending::RanAway,
                });
                let before = if self.begun { before } else { before.trim_start() }.to_owned();
                self.held.clear();
                return (!before.is_empty()).then_some(before);
            }
            // Before the first word: `<|im_start|>assistant`, and a line's end.
            let role = if mark == Mark::Start { turn(&self.held[end..]) } else { Some(0) };
            match role {
                Some(length) => drop(self.held.drain(..end + length)),
                None => return None,
            }
        }
        // What may be a mark, and white space before it, which is the answer's end then.
        let sure = &self.held[..self.held.len() - self.marks.possible(&self.held)];
        let kept = self.held.len() - sure.trim_end().len();
        let rest = self.held.split_off(self.held.len() - kept);
        let mut ready = std::mem::replace(&mut self.held, rest);
        if !self.begun {
            ready = ready.trim_start().to_owned();
        }
        if ready.is_empty() {
            return None;
        }
        self.begun = true;
        self.tail.push_str(&ready);
        self.tail.drain(..self.tail.ceil_char_boundary(self.tail.len().saturating_sub(QUOTED)));
        if self.repetition.push(&ready) && !self.passages.iter().any(|passage| passage.contains(&self.tail)) {
            self.stopped = Some(Ending::RanAway);
        }
        Some(ready)
    }
}

/// Bytes of the role after a mark that begins a turn; `None` while more may come.
fn turn(text: &str) -> Option<usize> {
    match text.find('\n') {
        Some(end) if end <= LONGEST_ROLE && text[..end].chars().all(|c| c.is_alphabetic() || c == ' ') => Some(end + 1),
        Some(_) => Some(0),
        None if text.len() <= LONGEST_ROLE && text.chars().all(|c| c.is_alphabetic() || c == ' ') => None,
        None => Some(0),
    }
}
