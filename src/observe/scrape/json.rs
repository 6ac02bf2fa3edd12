//! Reads the JSON metrics and the health of a server, of either dialect, and notes what is of another type.

use serde_json::Value;

use super::{
    observation::{Breaker, Cache, Endpoint, Health, Observation, Percentiles, Pool, Turn},
    state,
};

/// Most notes of one look: a server that gets everything wrong says so in a few lines.
const NOTES: usize = 8;

/// The name of the breaker of a server that tells of one only, and not its name.
const UNNAMED: &str = "breaker";

/// Part of a body, and where complaints about it go.
struct Part<'a> {
    /// The first that has a field wins.
    values: Vec<&'a Value>,
    path: String,
}

impl<'a> Part<'a> {
    fn new(path: &str, values: &[&'a Value]) -> Self {
        Self { values: values.to_vec(), path: path.to_owned() }
    }

    /// A field; `null` is none.
    fn get(&self, name: &str) -> Option<&'a Value> {
        self.values.iter().filter_map(|value| value.get(name)).find(|value| !value.is_null())
    }

    fn typed<T>(
        &self,
        notes: &mut Vec<String>,
        names: &[&str],
        wanted: &str,
        read: impl Fn(&'a Value) -> Option<T>,
    ) -> Option<T> {
        let (name, value) = names.iter().find_map(|name| Some((name, self.get(name)?)))?;
        let read = read(value);
        if read.is_none() {
            note(notes, format!("{}.{name} is {}, {wanted} is wanted", self.path, kind(value)));
        }
        read
    }

    fn number(&self, notes: &mut Vec<String>, names: &[&str]) -> Option<f64> {
        self.typed(notes, names, "a number", |value| value.as_f64().filter(|number| number.is_finite()))
    }

    fn text(&self, notes: &mut Vec<String>, name: &str) -> Option<String> {
        self.typed(notes, &[name], "a text", |value| value.as_str().map(str::to_owned))
    }

    fn truth(&self, notes: &mut Vec<String>, names: &[&str]) -> Option<bool> {
        self.typed(notes, names, "true or false", Value::as_bool)
    }

    /// RFC 3339 or Unix seconds.
    fn time(&self, notes: &mut Vec<String>, name: &str) -> Option<f64> {
        self.typed(notes, &[name], "a time", time)
    }

    fn percentiles(&self, notes: &mut Vec<String>, name: &str) -> Percentiles {
        let Some(value) = self.get(name) else { return Percentiles::default() };
        let part = Self::new(&format!("{}.{name}", self.path), &[value]);
        Percentiles {
            p50: part.number(notes, &["p50"]),
            p95: part.number(notes, &["p95"]),
            p99: part.number(notes, &["p99"]),
        }
    }
}

fn note(notes: &mut Vec<String>, text: String) {
    if notes.len() < NOTES && !notes.contains(&text) {
        notes.push(text);
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn time(value: &Value) -> Option<f64> {
    match value {
        // Some tell milliseconds; as seconds that would be in the year 5000 or later.
        Value::Number(number) => {
            number.as_f64().filter(|time| time.is_finite()).map(|time| if time > 1e11 { time / 1e3 } else { time })
        }
        Value::String(text) => text.parse::<jiff::Timestamp>().ok().map(|time| time.as_millisecond() as f64 / 1e3),
        _ => None,
    }
}

impl Observation {
    pub(super) fn read_breakers(&mut self, body: &Value) {
        let top = Part::new("circuit-breaker", &[body]);
        let notes = &mut self.notes;
        self.clock = self.clock.or(top.time(notes, "timestamp"));
        let all = body.get("circuit_breakers").and_then(Value::as_object).filter(|all| !all.is_empty());
        let parts: Vec<(String, Part<'_>)> = match all {
            Some(all) => {
                let part = |(name, value)| (String::clone(name), Part::new(name, &[value]));
                all.iter().map(part).collect()
            }
            None if top.get("state").is_some() => vec![(UNNAMED.to_owned(), top)],
            None => return,
        };
        for (name, part) in parts {
            let known = self.breakers.remove(&name).unwrap_or_default();
            let told = breaker(&part, &mut self.notes, &known);
            self.breakers.insert(name, told);
        }
    }

    pub(super) fn read_pool(&mut self, body: &Value) {
        let Some(inner) = body.get("connection_pool").or(body.get("total_requests").and(Some(body))) else { return };
        let notes = &mut self.notes;
        let config = inner.get("pool_config").unwrap_or(&Value::Null);
        let part = Part::new("connection-pool", &[inner, config, body]);
        self.clock = self.clock.or(part.time(notes, "timestamp"));
        let known = self.pool.take().unwrap_or_default();
        let mut endpoints = known.endpoints;
        for (path, value) in inner.get("by_endpoint").and_then(Value::as_object).into_iter().flatten() {
            let part = Part::new(path, &[value]);
            let latency_ms = part.percentiles(notes, "latency_ms");
            let (requests, errors) = (part.number(notes, &["requests"]), part.number(notes, &["errors"]));
            endpoints.insert(path.clone(), Endpoint { requests, errors, latency_ms });
        }
        self.pool = Some(Pool {
            maxsize: part.number(notes, &["pool_maxsize"]).or(known.maxsize),
            requests: part.number(notes, &["total_requests"]).or(known.requests),
            opened: part.number(notes, &["connections_opened"]).or(known.opened),
            open: part.number(notes, &["connections_open"]).or(known.open),
            in_use: part.number(notes, &["connections_in_use"]).or(known.in_use),
            idle: part.number(notes, &["connections_idle"]).or(known.idle),
            waiting: part.number(notes, &["waiting"]).or(known.waiting),
            reuse_rate: part.number(notes, &["reuse_rate"]).or(known.reuse_rate),
            wait_ms: part.percentiles(notes, "wait_ms"),
            retries: known.retries,
            endpoints,
        });
    }

    pub(super) fn read_cache(&mut self, body: &Value) {
        let inner = body.get("semantic_cache").unwrap_or(body);
        let part = Part::new("semantic-cache", &[inner, body]);
        if ["enabled", "hits", "misses", "size", "cache_size"].iter().all(|name| part.get(name).is_none()) {
            return;
        }
        let notes = &mut self.notes;
        self.clock = self.clock.or(part.time(notes, "timestamp"));
        let known = self.cache.take().unwrap_or_default();
        let enabled = part.truth(notes, &["enabled"]).or(known.enabled);
        let refused = part.get("rejected").and_then(Value::as_object);
        let refused = refused.map(|reasons| reasons.values().filter_map(Value::as_f64).sum());
        let size = part.number(notes, &["size", "cache_size"]).or(known.size);
        let max_size = part.number(notes, &["max_size", "max_cache_size"]).or(known.max_size);
        let share = size.zip(max_size).and_then(|(size, most)| (most > 0.0).then(|| size / most));
        self.cache = Some(Cache {
            enabled,
            hits: part.number(notes, &["hits"]).or(known.hits),
            exact: part.number(notes, &["exact_hits"]).or(known.exact),
            semantic: part.number(notes, &["semantic_hits"]).or(known.semantic),
            misses: part.number(notes, &["misses"]).or(known.misses),
            refused: refused.or(known.refused),
            evictions: part.number(notes, &["evictions"]).or(known.evictions),
            evictions_per_minute: part.number(notes, &["evictions_per_minute"]),
            size,
            max_size,
            fill: part.number(notes, &["fill_ratio"]).or(share).or(known.fill),
        });
    }

    pub(super) fn read_health(&mut self, body: &Value) {
        let part = Part::new("health", &[body]);
        let notes = &mut self.notes;
        let status = part.text(notes, "status").or_else(|| part.text(notes, "overall_status"));
        let Some(status) = status else { return };
        let null = &Value::Null;
        let services = body.get("services").unwrap_or(null);
        let service = |name: &str| services.get(name).unwrap_or(null);
        let (ollama, database) =
            (Part::new("health.ollama", &[service("ollama")]), Part::new("health.database", &[service("database")]));
        let system = Part::new("health.system", &[body.get("system").unwrap_or(null)]);
        let upstream = body.get("ollama").and_then(Value::as_bool).or_else(|| ollama.truth(notes, &["healthy"]));
        let readable = body.get("database").and_then(Value::as_bool).or_else(|| database.truth(notes, &["healthy"]));
        self.health = Some(Health {
            status: Some(status),
            version: part.text(notes, "version"),
            uptime_seconds: part.number(notes, &["uptime_seconds", "uptime"]),
            upstream,
            database: readable,
            documents: database.number(notes, &["document_count"]),
            cpu_percent: system.number(notes, &["cpu_percent"]),
            memory_percent: system.number(notes, &["memory_used_percent", "memory_percent"]),
            disk_percent: system.number(notes, &["disk_used_percent", "disk_percent"]),
        });
    }
}

fn breaker(part: &Part<'_>, notes: &mut Vec<String>, known: &Breaker) -> Breaker {
    let history: Vec<Turn> =
        part.get("history").and_then(Value::as_array).into_iter().flatten().filter_map(turn).collect();
    let told = part.typed(notes, &["state"], "closed, open or half_open", |value| state(value.as_str()?));
    let since = history.last().map(|turn| turn.at).or_else(|| part.time(notes, "opened_at"));
    Breaker {
        state: told.or(known.state),
        calls: part.number(notes, &["total_calls"]).or(known.calls),
        failures: part.number(notes, &["failure_calls", "failure_count"]).or(known.failures),
        rejected: part.number(notes, &["rejected_calls"]).or(known.rejected),
        consecutive_failures: part.number(notes, &["consecutive_failures"]).or(known.consecutive_failures),
        failure_threshold: part
            .get("config")
            .and_then(|config| config.get("failure_threshold"))
            .and_then(Value::as_f64)
            .or(known.failure_threshold),
        transitions: part.number(notes, &["state_transitions"]).or(known.transitions),
        opened: known.opened,
        closed: known.closed,
        retry_after_seconds: part.number(notes, &["retry_after_seconds"]),
        since: since.or(known.since),
        history,
    }
}

fn turn(value: &Value) -> Option<Turn> {
    Some(Turn {
        at: time(value.get("at")?)?,
        from: state(value.get("from")?.as_str()?)?,
        to: state(value.get("to")?.as_str()?)?,
        reason: value.get("reason").and_then(Value::as_str).unwrap_or_default().to_owned(),
    })
}

/// Reads JSON as Python writes it: `NaN` and `Infinity`, which JSON does not know, count as `null`.
pub(super) fn parse(text: &str) -> Result<Value, serde_json::Error> {
    serde_json::from_str(text).or_else(|error| match without_nan(text) {
        Some(mended) => serde_json::from_str(&mended),
        None => Err(error),
    })
}

/// The text with `null` for the words that stand for no number; `None` when there are none.
fn without_nan(text: &str) -> Option<String> {
    const WORDS: [&str; 3] = ["-Infinity", "Infinity", "NaN"];
    let (mut mended, mut quoted, mut escaped, mut rest) = (String::with_capacity(text.len()), false, false, text);
    let mut changed = false;
    while let Some(c) = rest.chars().next() {
        if !quoted && let Some(word) = WORDS.iter().find(|word| rest.starts_with(**word)) {
            mended.push_str("null");
            rest = &rest[word.len()..];
            changed = true;
            continue;
        }
        quoted ^= c == '"' && !escaped;
        escaped = quoted && c == '\\' && !escaped;
        mended.push(c);
        rest = &rest[c.len_utf8()..];
    }
    changed.then_some(mended)
}
