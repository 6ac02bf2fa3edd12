//! What comes back: whether it is what was asked for, and what it says about itself.

use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::Value;

use super::{
    connection::{Form, Sink},
    failure::{ErrorClass, Failure},
    request::Endpoint,
    workload::Query,
};

/// Largest answer that is read whole; of a larger one only the length counts.
const LARGEST: usize = 16 << 20;

/// Bytes of an error that a message may quote.
const QUOTED: usize = 300;

/// What the cache had to do with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CacheClass {
    /// The same words were asked before.
    Exact,
    /// Other words of the same meaning.
    Semantic,
    /// It was not in the cache.
    Miss,
}

/// When the pieces of a stream came.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StreamTimes {
    /// The first text.
    pub first: Instant,
    /// The last text.
    pub last: Instant,
    /// Pieces of text.
    pub pieces: u64,
    /// Tokens, when the server told.
    pub tokens: Option<u64>,
}

impl StreamTimes {
    /// The mean distance between tokens, or pieces where no tokens are told; `None` with fewer than two.
    pub fn distance(&self) -> Option<Duration> {
        let gaps = self.tokens.unwrap_or(self.pieces).checked_sub(1).filter(|gaps| *gaps > 0)?;
        Some((self.last - self.first).div_f64(gaps as f64))
    }
}

/// What an answer says about itself.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Observed {
    /// From the cache or not; `None`: it does not say.
    pub cache: Option<CacheClass>,
    /// Not what a healthy system would have given.
    pub degraded: bool,
    /// Share of the expected sources that it was made from.
    pub recall: Option<f32>,
    /// For a stream.
    pub stream: Option<StreamTimes>,
}

/// Reads the answers of one connection after another; its memory is used again.
pub struct Reader {
    endpoint: Endpoint,
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

impl Reader {
    /// For answers of an endpoint.
    pub fn new(endpoint: Endpoint) -> Self {
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

    /// What the answer that was just read is.
    ///
    /// # Errors
    /// An answer that is an error or not what was asked for.
    pub fn judge(&self, query: &Query) -> Result<Observed, Failure> {
        if !(200..300).contains(&self.status) {
            return Err(Failure {
                class: ErrorClass::of_status(self.status),
                status: Some(self.status),
                message: format!("HTTP {}{}", self.status, self.quoted()),
            });
        }
        if self.form != Form::Other || self.plain != Plain::No {
            return self.judge_stream(query);
        }
        match self.endpoint {
            Endpoint::Other => Ok(Observed::default()),
            Endpoint::Query => {
                let said: Said =
                    serde_json::from_slice(&self.body).map_err(|error| self.strange(&error.to_string()))?;
                if said.answer.is_none() {
                    return Err(self.strange("it has no answer"));
                }
                Ok(said.observed(query))
            }
            Endpoint::Stream => Err(self.strange("neither server-sent events nor the older form")),
        }
    }

    fn judge_stream(&self, query: &Query) -> Result<Observed, Failure> {
        let times = self.first.zip(self.last).map(|(first, last)| StreamTimes {
            first,
            last,
            pieces: self.pieces,
            tokens: self.tokens,
        });
        match (&self.done, self.plain) {
            (Some(Ok(last)), _) => {
                let said = Said::deserialize(last).map(|said| said.observed(query)).unwrap_or_default();
                Ok(Observed { stream: times, ..said })
            }
            (Some(Err(message)), _) => Err(Failure::new(ErrorClass::StreamError, message.clone())),
            (None, Plain::Head | Plain::Text) => {
                let head = self.body.strip_prefix(CONTEXTS).and_then(|rest| rest.split(|byte| *byte == b'\n').next());
                let said = head.and_then(|head| serde_json::from_slice::<Said>(head).ok());
                Ok(Observed { stream: times, ..said.map(|said| said.observed(query)).unwrap_or_default() })
            }
            // What the endpoint of somebody else sends at the end is not known.
            (None, Plain::No) if !self.has_end => Ok(Observed { stream: times, ..Observed::default() }),
            (None, Plain::No) => {
                Err(Failure::new(ErrorClass::TruncatedStream, "the stream ended without its last event"))
            }
        }
    }

    fn strange(&self, why: &str) -> Failure {
        Failure {
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

impl Sink for Reader {
    fn begin(&mut self, status: u16, form: Form) {
        (self.status, self.form, self.plain) = (status, form, Plain::No);
        self.body.clear();
        self.event.clear();
        (self.pieces, self.tokens) = (0, None);
        (self.first, self.last, self.done) = (None, None, None);
        self.has_end = self.endpoint == Endpoint::Stream;
        if !(200..300).contains(&status) {
            self.form = Form::Other;
        }
    }

    fn part(&mut self, bytes: &[u8]) {
        let ok = (200..300).contains(&self.status);
        if self.endpoint == Endpoint::Other && ok && self.form == Form::Other {
            return;
        }
        match self.plain {
            Plain::Text => return self.text(Instant::now()),
            _ if self.body.len() + bytes.len() <= LARGEST => self.body.extend_from_slice(bytes),
            _ => return,
        }
        if self.form != Form::Other {
            self.lines();
        } else if self.endpoint == Endpoint::Stream && ok {
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

/// What an answer says, as far as it is of interest here; the rest is passed over.
#[derive(Deserialize)]
struct Said {
    /// An answer has one, even if it is empty; the head of a stream has none.
    #[serde(default)]
    answer: Option<serde::de::IgnoredAny>,
    #[serde(default)]
    cache_hit: Option<bool>,
    #[serde(default)]
    cache_metadata: Option<SaidCache>,
    #[serde(default)]
    degraded: Option<bool>,
    #[serde(default)]
    metadatas: Option<Vec<SaidSource>>,
}

#[derive(Deserialize)]
struct SaidCache {
    #[serde(default)]
    cache_type: Option<String>,
}

#[derive(Deserialize)]
struct SaidSource {
    #[serde(default)]
    source: Option<String>,
}

impl Said {
    fn observed(&self, query: &Query) -> Observed {
        let semantic = self.cache_metadata.as_ref().and_then(|cache| cache.cache_type.as_deref()) == Some("semantic");
        let cache = self.cache_hit.map(|hit| match (hit, semantic) {
            (true, true) => CacheClass::Semantic,
            (true, false) => CacheClass::Exact,
            (false, _) => CacheClass::Miss,
        });
        let recall = (!query.expected.is_empty()).then(|| {
            let sources: Vec<&str> =
                self.metadatas.iter().flatten().filter_map(|metadata| metadata.source.as_deref()).collect();
            let found =
                query.expected.iter().filter(|expected| sources.iter().any(|source| is_source(source, expected)));
            found.count() as f32 / query.expected.len() as f32
        });
        Observed { cache, degraded: self.degraded.unwrap_or(false), recall, stream: None }
    }
}

/// Whether a source is the expected one, which may leave out leading folders.
fn is_source(source: &str, expected: &str) -> bool {
    let rest = source.strip_suffix(expected);
    rest.is_some_and(|rest| rest.is_empty() || rest.ends_with(['/', '\\']))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query() -> Query {
        Query { text: "?".into(), expected: vec!["guide.md".into(), "other.md".into()] }
    }

    /// What is made of a body that comes in pieces of this many bytes.
    fn read(endpoint: Endpoint, form: Form, body: &str, pieces: usize) -> Result<Observed, Failure> {
        let mut reader = Reader::new(endpoint);
        // What an earlier answer left must not be seen.
        reader.begin(500, Form::Other);
        reader.part(b"old");
        reader.begin(200, form);
        body.as_bytes().chunks(pieces).for_each(|part| reader.part(part));
        reader.judge(&query())
    }

    const DONE: &str = r#"{"answer":"","metadatas":[{"source":"docs/guide.md"},{"source":"x"}],"cache_hit":true,"cache_metadata":{"cache_type":"semantic"},"degraded":true}"#;

    #[test]
    fn a_whole_answer_tells_about_itself() {
        for pieces in [1, 7, 10_000] {
            let seen = read(Endpoint::Query, Form::Other, DONE, pieces).unwrap();
            assert_eq!((seen.cache, seen.degraded, seen.recall), (Some(CacheClass::Semantic), true, Some(0.5)));
        }
        let silent = read(Endpoint::Query, Form::Other, r#"{"answer":"yes"}"#, 99).unwrap();
        assert_eq!((silent.cache, silent.degraded, silent.recall), (None, false, Some(0.0)));
        for body in ["", "<html>", "[]", "{}", r#"{"answer":null}"#] {
            assert_eq!(read(Endpoint::Query, Form::Other, body, 99).unwrap_err().class, ErrorClass::Body, "{body}");
        }
    }

    #[test]
    fn streams_of_every_dialect_are_timed() {
        let events = format!(
            "event: contexts\ndata: {{\"contexts\":[]}}\n\nevent: token\ndata: {{\"text\":\"a\"}}\n\n: ping\n\nevent: token\ndata: {{\"text\":\"b\"}}\r\n\nevent: done\ndata: {DONE}\n\n"
        );
        let ollama = "{\"message\":{\"content\":\"a\"},\"done\":false}\n{\"response\":\"b\",\"done\":false}\n{\"done\":true,\"eval_count\":7}\n";
        let openai = "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\ndata: {\"choices\":[{\"delta\":{\"reasoning_content\":\"a\"}}]}\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"b\"}}],\"usage\":{\"completion_tokens\":7}}\n\ndata: [DONE]\n\n";
        let cases = [
            (Endpoint::Stream, Form::Events, events.as_str(), 2, None),
            (Endpoint::Other, Form::JsonLines, ollama, 2, Some(7)),
            (Endpoint::Other, Form::Events, openai, 2, Some(7)),
        ];
        for (endpoint, form, body, texts, tokens) in cases {
            for pieces in [1, 5, 10_000] {
                let stream = read(endpoint, form, body, pieces).unwrap().stream.unwrap();
                assert_eq!((stream.pieces, stream.tokens), (texts, tokens), "{body}");
                assert!(stream.distance().is_some());
            }
            // Without its last event it is not whole.
            let cut = &body[..body.len() - 20];
            assert_eq!(read(endpoint, form, cut, 9).unwrap_err().class, ErrorClass::TruncatedStream, "{cut}");
        }
        let whole = read(Endpoint::Stream, Form::Events, &events, 9).unwrap();
        assert_eq!((whole.cache, whole.recall), (Some(CacheClass::Semantic), Some(0.5)));
    }

    #[test]
    fn the_older_form_of_a_stream_is_timed_too() {
        let body = "[[CTXJSON]]{\"contexts\":[],\"metadatas\":[{\"source\":\"guide.md\"}],\"db\":\"x\"}\nthe answer";
        for pieces in [1, 5, 10_000] {
            let seen = read(Endpoint::Stream, Form::Other, body, pieces).unwrap();
            assert_eq!(seen.recall, Some(0.5));
            assert!(seen.stream.unwrap().pieces >= 1);
        }
        assert_eq!(read(Endpoint::Stream, Form::Other, "hello", 9).unwrap_err().class, ErrorClass::Body);
    }

    #[test]
    fn an_error_within_a_stream_is_one() {
        let body = "event: error\ndata: {\"message\":\"the LLM is gone\"}\n\n";
        let failure = read(Endpoint::Stream, Form::Events, body, 9).unwrap_err();
        assert_eq!((failure.class, failure.message.as_str()), (ErrorClass::StreamError, "the LLM is gone"));
        let reported = read(Endpoint::Other, Form::JsonLines, "{\"error\":\"no such model\"}\n", 9).unwrap_err();
        assert_eq!(reported.class, ErrorClass::StreamError);
    }

    #[test]
    fn events_of_somebody_else_need_no_end() {
        assert!(read(Endpoint::Other, Form::Events, "data: {\"tick\":1}\n\n", 9).is_ok());
    }

    #[test]
    fn an_error_is_quoted_and_classed_by_its_status() {
        for (status, class) in [
            (429, ErrorClass::Http429),
            (404, ErrorClass::Http4xx),
            (503, ErrorClass::Http5xx),
            (301, ErrorClass::HttpOther),
        ] {
            let mut reader = Reader::new(Endpoint::Other);
            reader.begin(status, Form::Events);
            reader.part(b"too\nmany");
            let failure = reader.judge(&query()).unwrap_err();
            assert_eq!((failure.class, failure.status), (class, Some(status)));
            assert!(failure.message.contains("too many"), "{}", failure.message);
        }
    }
}
