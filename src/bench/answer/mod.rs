//! What comes back: whether it is what was asked for, and what it says about itself.

mod fields;
mod observed;
#[cfg(test)]
mod tests;

use std::time::Instant;

use serde::Deserialize;
use serde_json::Value;

use super::{
    connection::{Form, Sink},
    failure::{ErrorClass, RequestFailure},
    request::EndpointKind,
    workload::WorkloadQuery,
};

pub use observed::{CacheClass, Observed, StreamTimes};

use fields::AnswerFields;

/// Largest answer that is read whole; of a larger one only the length counts.
const LARGEST: usize = 16 << 20;

/// Bytes of an error that a message may quote.
const QUOTED: usize = 300;

/// Reads the answers of one connection after another; its memory is used again.
pub struct AnswerReader {
    endpoint: EndpointKind,
    status: u16,
    form: Form,
    body: Vec<u8>,
    event: String,
    first: Option<Instant>,
    last: Option<Instant>,
    pieces: u64,
    tokens: Option<u64>,
    done: Option<Result<Value, String>>,
    /// Its form is known to have a last event.
    has_end: bool,
    plain: Plain,
}

/// The older form of a stream: a line with the contexts, then text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Plain {
    No,
    Head,
    Text,
}

impl AnswerReader {
    /// For answers of an endpoint.
    pub fn new(endpoint: EndpointKind) -> Self {
        Self {
            endpoint,
            status: 0,
            form: Form::Other,
            body: Vec::new(),
            event: String::new(),
            first: None,
            last: None,
            pieces: 0,
            tokens: None,
            done: None,
            has_end: false,
            plain: Plain::No,
        }
    }

    /// Judges the answer that was read last.
    ///
    /// # Errors
    /// An answer that is an error or not what was asked for.
    pub fn judge(&self, query: &WorkloadQuery) -> Result<Observed, RequestFailure> {
        if !(200..300).contains(&self.status) {
            return Err(RequestFailure {
                class: ErrorClass::of_status(self.status),
                status: Some(self.status),
                message: format!("HTTP {}{}", self.status, self.quoted()),
            });
        }
        if self.form != Form::Other || self.plain != Plain::No {
            return self.judge_stream(query);
        }
        match self.endpoint {
            EndpointKind::Other => Ok(Observed::default()),
            EndpointKind::Query => {
                let said: AnswerFields =
                    serde_json::from_slice(&self.body).map_err(|error| self.strange(&error.to_string()))?;
                if said.answer.is_none() {
                    return Err(self.strange("it has no answer"));
                }
                Ok(said.observed(query))
            }
            EndpointKind::Stream => Err(self.strange("neither server-sent events nor the older form")),
        }
    }

    fn judge_stream(&self, query: &WorkloadQuery) -> Result<Observed, RequestFailure> {
        let times = self.first.zip(self.last).map(|(first, last)| StreamTimes {
            first,
            last,
            pieces: self.pieces,
            tokens: self.tokens,
        });
        match (&self.done, self.plain) {
            (Some(Ok(last)), _) => {
                let said = AnswerFields::deserialize(last).map(|said| said.observed(query)).unwrap_or_default();
                Ok(Observed { stream: times, ..said })
            }
            (Some(Err(message)), _) => Err(RequestFailure::new(ErrorClass::StreamError, message.clone())),
            (None, Plain::Head | Plain::Text) => {
                let head = self.body.strip_prefix(CONTEXTS).and_then(|rest| rest.split(|byte| *byte == b'\n').next());
                let said = head.and_then(|head| serde_json::from_slice::<AnswerFields>(head).ok());
                Ok(Observed { stream: times, ..said.map(|said| said.observed(query)).unwrap_or_default() })
            }
            // What the endpoint of somebody else sends at the end is not known.
            (None, Plain::No) if !self.has_end => Ok(Observed { stream: times, ..Observed::default() }),
            (None, Plain::No) => {
                Err(RequestFailure::new(ErrorClass::TruncatedStream, "the stream ended without its last event"))
            }
        }
    }

    fn strange(&self, why: &str) -> RequestFailure {
        RequestFailure {
            class: ErrorClass::Body,
            status: Some(self.status),
            message: format!("the answer is not what the API promises: {why}{}", self.quoted()),
        }
    }

    fn quoted(&self) -> String {
        let start = String::from_utf8_lossy(&self.body[..self.body.len().min(QUOTED)]);
        let start: String = start.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        if start.trim().is_empty() { String::new() } else { format!(": {}", start.trim()) }
    }

    /// Reads the lines that have become whole.
    fn lines(&mut self) {
        let now = Instant::now();
        let mut read = 0;
        while let Some(length) = self.body[read..].iter().position(|byte| *byte == b'\n') {
            let line = String::from_utf8_lossy(&self.body[read..read + length]).into_owned();
            read += length + 1;
            let line = line.trim_end_matches('\r');
            if self.form == Form::JsonLines {
                self.message("", line, now);
            } else if let Some(data) = line.strip_prefix("data:") {
                let event = std::mem::take(&mut self.event);
                self.message(&event, data.trim_start(), now);
            } else if let Some(event) = line.strip_prefix("event:") {
                event.trim().clone_into(&mut self.event);
            }
        }
        // What was read is not needed again.
        self.body.drain(..read);
    }

    /// One message of a stream: of this API, of Ollama's, or of OpenAI's.
    fn message(&mut self, event: &str, data: &str, now: Instant) {
        if data == "[DONE]" {
            self.done.get_or_insert(Ok(Value::Null));
            return;
        }
        let Ok(value) = serde_json::from_str::<Value>(data) else { return };
        match event {
            "done" => self.done = Some(Ok(value)),
            "error" => {
                let message = value["message"].as_str().unwrap_or("the stream told of an error");
                self.done = Some(Err(message.to_owned()));
            }
            _ => {
                if !value["error"].is_null() {
                    self.done = Some(Err(value["error"].to_string()));
                    return;
                }
                const TEXTS: [&str; 7] = [
                    "/text",
                    "/message/content",
                    "/message/thinking",
                    "/response",
                    "/choices/0/delta/content",
                    "/choices/0/delta/reasoning_content",
                    "/choices/0/delta/reasoning",
                ];
                let has = |path: &&str| value.pointer(path).and_then(Value::as_str).is_some_and(|t| !t.is_empty());
                if TEXTS.iter().any(has) {
                    self.text(now);
                }
                // OpenAI's and Ollama's streams say when they are whole.
                self.has_end |= value.get("choices").is_some() || value["done"].is_boolean();
                let tokens = value.get("eval_count").or_else(|| value.pointer("/usage/completion_tokens"));
                self.tokens = tokens.and_then(Value::as_u64).or(self.tokens);
                if value["done"] == Value::Bool(true) {
                    self.done = Some(Ok(value));
                }
            }
        }
    }

    fn text(&mut self, now: Instant) {
        self.first.get_or_insert(now);
        self.last = Some(now);
        self.pieces += 1;
    }
}

/// Begins the older form of a stream.
const CONTEXTS: &[u8] = b"[[CTXJSON]]";

impl Sink for AnswerReader {
    fn begin(&mut self, status: u16, form: Form) {
        (self.status, self.form, self.plain) = (status, form, Plain::No);
        self.body.clear();
        self.event.clear();
        (self.pieces, self.tokens) = (0, None);
        (self.first, self.last, self.done) = (None, None, None);
        self.has_end = self.endpoint == EndpointKind::Stream;
        if !(200..300).contains(&status) {
            self.form = Form::Other;
        }
    }

    fn part(&mut self, bytes: &[u8]) {
        let ok = (200..300).contains(&self.status);
        if self.endpoint == EndpointKind::Other && ok && self.form == Form::Other {
            return;
        }
        match self.plain {
            Plain::Text => return self.text(Instant::now()),
            _ if self.body.len() + bytes.len() <= LARGEST => self.body.extend_from_slice(bytes),
            _ => return,
        }
        if self.form != Form::Other {
            self.lines();
        } else if self.endpoint == EndpointKind::Stream && ok {
            if self.plain == Plain::No && self.body.starts_with(CONTEXTS) {
                self.plain = Plain::Head;
            }
            if self.plain == Plain::Head
                && let Some(end) = self.body.iter().position(|byte| *byte == b'\n')
            {
                self.plain = Plain::Text;
                if end + 1 < self.body.len() {
                    self.text(Instant::now());
                }
            }
        }
    }
}
