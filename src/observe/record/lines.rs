//! Recordings as NDJSON: a header, then a poll a line.

use std::io;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::format::{Header, PROGRAM, Poll, SCHEMA};
use crate::observe::{Observation, Trouble};
use crate::util::time::UnixMillis;

/// What the first line begins with: no other JSON has it.
const MARK: &str = "ragctl-monitor";

/// Integers up to here are exact as numbers of JSON.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// The fields that the header of every version has.
#[derive(Deserialize)]
struct Mark {
    recording: String,
    schema: u32,
}

#[derive(Serialize)]
struct WrittenHeader<'a> {
    recording: &'static str,
    schema: u32,
    version: &'a str,
    started: UnixMillis,
    interval_seconds: f64,
    targets: &'a [String],
}

#[derive(Deserialize)]
struct ReadHeader {
    started: UnixMillis,
    #[serde(default)]
    version: String,
    #[serde(default)]
    interval_seconds: f64,
    #[serde(default)]
    targets: Vec<String>,
}

#[derive(Serialize)]
struct WrittenPoll<'a> {
    at: UnixMillis,
    target: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    observation: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<&'a Trouble>,
}

#[derive(Deserialize)]
struct ReadPoll {
    at: UnixMillis,
    target: String,
    observation: Option<Observation>,
    trouble: Option<Trouble>,
}

/// The first line of a file.
pub(super) enum FirstLine {
    /// It begins a recording.
    Header(Header),
    /// It begins a recording of a later version.
    Newer(u32),
    /// It does not begin a recording.
    Other,
}

/// The first line, with its end.
pub(super) fn write_header(header: &Header) -> io::Result<Vec<u8>> {
    let interval_seconds = if header.interval_seconds.is_finite() { header.interval_seconds } else { 0.0 };
    line(&WrittenHeader {
        recording: MARK,
        schema: SCHEMA,
        version: &header.version,
        started: header.started,
        interval_seconds,
        targets: &header.targets,
    })
}

/// Reads a first line.
pub(super) fn read_header(line: &[u8]) -> FirstLine {
    match serde_json::from_slice::<Mark>(line) {
        Ok(mark) if mark.recording != MARK => FirstLine::Other,
        Ok(mark) if mark.schema > SCHEMA => FirstLine::Newer(mark.schema),
        Ok(mark) => match serde_json::from_slice::<ReadHeader>(line) {
            Ok(read) => FirstLine::Header(Header {
                schema: mark.schema,
                program: PROGRAM.to_owned(),
                version: read.version,
                started: read.started,
                interval_seconds: read.interval_seconds,
                targets: read.targets,
            }),
            Err(_) => FirstLine::Other,
        },
        Err(_) => FirstLine::Other,
    }
}

/// A poll's line, with its end. What is not known is left out.
pub(super) fn write_poll(poll: &Poll) -> io::Result<Vec<u8>> {
    let observation = match &poll.result {
        Ok(observation) => Some(dense(observation)?),
        Err(_) => None,
    };
    line(&WrittenPoll { at: poll.at, target: &poll.target, observation, trouble: poll.result.as_ref().err() })
}

/// Reads a poll's line.
pub(super) fn read_poll(line: &[u8]) -> Option<Poll> {
    let read: ReadPoll = serde_json::from_slice(line).ok()?;
    let result = match (read.observation, read.trouble) {
        (Some(observation), None) => Ok(observation),
        (None, Some(trouble)) => Err(trouble),
        _ => return None,
    };
    Some(Poll { at: read.at, target: read.target, result })
}

fn line(value: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    Ok(line)
}

/// An observation without what it does not know.
fn dense(observation: &Observation) -> io::Result<Value> {
    let mut value = serde_json::to_value(observation)?;
    thin(&mut value);
    // These two are no options: without figures they are as good as absent. Everything else that became empty says that
    // the thing is there, and is kept.
    if let Some(pool) = value.get_mut("pool") {
        drop_hollow(pool, "wait_ms");
        for endpoint in pool.get_mut("endpoints").and_then(Value::as_object_mut).into_iter().flatten() {
            drop_hollow(endpoint.1, "latency_ms");
        }
    }
    // JSON has no word for a time that is no number, and a transition needs its time.
    for breaker in value.get_mut("breakers").and_then(Value::as_object_mut).into_iter().flatten() {
        if let Some(history) = breaker.1.get_mut("history").and_then(Value::as_array_mut) {
            history.retain(|transition| transition.get("at").is_some());
        }
    }
    Ok(value)
}

fn thin(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, field| !is_void(field));
            fields.values_mut().for_each(thin);
        }
        Value::Array(items) => {
            items.iter_mut().for_each(thin);
            // A bucket of a histogram without its bound or count.
            items.retain(|item| !item.as_array().is_some_and(|pair| pair.contains(&Value::Null)));
        }
        Value::Number(number) => {
            // Most figures are counts, and shorter without ".0".
            if let Some(float) = number.as_f64().filter(|float| float.fract() == 0.0 && float.abs() < EXACT) {
                *number = (float as i64).into();
            }
        }
        _ => {}
    }
}

fn is_void(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

fn drop_hollow(value: &mut Value, name: &str) {
    if let Some(fields) = value.as_object_mut()
        && fields.get(name).is_some_and(is_void)
    {
        fields.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        observe::{Cache, EndpointMetrics, Histogram, Pool, StateTransition, Traffic, record::samples},
        resilience::State,
    };

    fn text(poll: &Poll) -> String {
        String::from_utf8(write_poll(poll).unwrap()).unwrap()
    }

    #[test]
    fn a_header_is_the_line_that_others_may_rely_on() {
        let line = String::from_utf8(write_header(&samples::header()).unwrap()).unwrap();
        assert_eq!(
            line,
            "{\"recording\":\"ragctl-monitor\",\"schema\":1,\"version\":\"0.1.0\",\"started\":\"2026-11-21T15:04:27Z\",\
             \"interval_seconds\":30.0,\"targets\":[\"http://a:8000\",\"http://b:8000\"]}\n"
        );
        let FirstLine::Header(read) = read_header(line.as_bytes()) else { panic!("no header") };
        assert_eq!(read, samples::header());
    }

    #[test]
    fn what_is_not_known_takes_no_room() {
        let cache = Cache { enabled: Some(true), hits: Some(5.0), fill: Some(0.25), ..Cache::default() };
        let observation = Observation { cache: Some(cache), ..Observation::default() };
        let poll = Poll { result: Ok(observation), ..samples::poll(0) };
        assert_eq!(
            text(&poll),
            "{\"at\":\"2026-11-21T15:04:27Z\",\"target\":\"http://a:8000\",\
             \"observation\":{\"cache\":{\"enabled\":true,\"fill\":0.25,\"hits\":5}}}\n"
        );
        let silent = Poll { result: Err(Trouble::Late("2s".into())), ..samples::poll(0) };
        assert!(text(&silent).ends_with("\"trouble\":{\"late\":\"2s\"}}\n"), "{}", text(&silent));
    }

    #[test]
    fn a_thing_without_figures_is_still_there() {
        let endpoints = [("latency_ms".to_owned(), EndpointMetrics::default())].into();
        let pool = Pool { endpoints, ..Pool::default() };
        let breakers = [("llm".to_owned(), Default::default())].into();
        let observation = Observation { breakers, pool: Some(pool), ..Observation::default() };
        let poll = Poll { result: Ok(observation), ..samples::poll(0) };
        assert!(text(&poll).contains("{\"breakers\":{\"llm\":{}},\"pool\":{\"endpoints\":{\"latency_ms\":{}}}}"));
        assert_eq!(read_poll(text(&poll).as_bytes()), Some(poll));
    }

    #[test]
    fn figures_that_are_no_numbers_cost_only_themselves() {
        let latency = Histogram { buckets: vec![(0.1, 1.0), (f64::NAN, 2.0)], count: 2.0 };
        let traffic = Traffic {
            questions: Some(f64::INFINITY),
            errors: Some(1.0),
            latency: Some(latency),
            degraded: None,
            ..Traffic::default()
        };
        let mut observation = Observation { traffic: Some(traffic), ..Observation::default() };
        let transition = |at| StateTransition { at, from: State::Closed, to: State::Open, reason: "x".into() };
        let history = vec![transition(f64::NAN), transition(7.0)];
        observation.breakers.entry("llm".into()).or_default().history = history;
        let read = read_poll(text(&Poll { result: Ok(observation), ..samples::poll(0) }).as_bytes()).unwrap();
        let observation = read.result.unwrap();
        let traffic = observation.traffic.unwrap();
        assert_eq!((traffic.questions, traffic.errors), (None, Some(1.0)));
        assert_eq!(traffic.latency.unwrap().buckets, [(0.1, 1.0)]);
        assert_eq!(observation.breakers["llm"].history, [transition(7.0)]);
    }

    #[test]
    fn a_line_is_a_poll_only_with_one_outcome() {
        let both = "\"observation\":{},\"trouble\":{\"status\":500}";
        for rest in [both, "\"other\":1", "\"observation\":7"] {
            let line = format!("{{\"at\":\"2026-11-21T15:04:27Z\",\"target\":\"http://a\",{rest}}}");
            assert_eq!(read_poll(line.as_bytes()), None, "{line}");
        }
    }
}
