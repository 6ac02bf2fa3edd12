//! Reads the JSON metrics and the health of a server, of either dialect, and notes what is of another type.

use serde_json::Value;

use super::{
    super::{
        observation::{Breaker, Group, Health, Observation},
        upstream::Upstream,
        values::{EndpointMetrics, PercentilesMs, PoolClient, StateTransition},
    },
    state,
};

/// Most notes of one look: a server that gets everything wrong says so in a few lines.
const NOTES: usize = 8;

/// The name of the breaker of a server that tells of one only, and not its name.
const UNNAMED: &str = "breaker";

/// JsonPart of a body, and where complaints about it go.
struct JsonPart<'a> {
    /// The first that has a field wins.
    values: Vec<&'a Value>,
    path: String,
}

impl<'a> JsonPart<'a> {
    fn new(path: &str, values: &[&'a Value]) -> Self {
        Self { values: values.to_vec(), path: path.to_owned() }
    }

    /// A field, or with dots a field of a field; `null` is none.
    fn get(&self, path: &str) -> Option<&'a Value> {
        let follow = |value: &&'a Value| path.split('.').try_fold(*value, |inner, name| inner.get(name));
        self.values.iter().filter_map(follow).find(|value| !value.is_null())
    }

    /// Reads the metrics of a group; what is not told stays as it was.
    fn metrics<G: Group>(&self, notes: &mut Vec<String>, group: &mut G) {
        for found in G::PLACES {
            let told = match found.json {
                [only] if only.ends_with(".*") => self.sum(only.trim_end_matches(".*")),
                paths => self.number(notes, paths),
            };
            let slot = (found.slot)(group);
            *slot = told.or(*slot);
        }
    }

    /// The sum of an object's numbers.
    fn sum(&self, path: &str) -> Option<f64> {
        Some(self.get(path)?.as_object()?.values().filter_map(Value::as_f64).sum())
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

    fn percentiles(&self, notes: &mut Vec<String>, name: &str) -> PercentilesMs {
        let Some(value) = self.get(name) else { return PercentilesMs::default() };
        let part = Self::new(&format!("{}.{name}", self.path), &[value]);
        PercentilesMs {
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
        let top = JsonPart::new("circuit-breaker", &[body]);
        let notes = &mut self.notes;
        self.clock = self.clock.or(top.time(notes, "timestamp"));
        let all = body.get("circuit_breakers").and_then(Value::as_object).filter(|all| !all.is_empty());
        let parts: Vec<(String, JsonPart<'_>)> = match all {
            Some(all) => {
                let part = |(name, value)| (String::clone(name), JsonPart::new(name, &[value]));
                all.iter().map(part).collect()
            }
            None if top.get("state").is_some() => vec![(UNNAMED.to_owned(), top)],
            None => return,
        };
        for (name, part) in parts {
            read_breaker(&part, &mut self.notes, self.breakers.entry(name).or_default());
        }
    }

    pub(super) fn read_pool(&mut self, body: &Value) {
        let Some(inner) = body.get("connection_pool").or(body.get("total_requests").and(Some(body))) else { return };
        let notes = &mut self.notes;
        let config = inner.get("pool_config").unwrap_or(&Value::Null);
        let part = JsonPart::new("connection-pool", &[inner, config, body]);
        self.clock = self.clock.or(part.time(notes, "timestamp"));
        let pool = self.pool.get_or_insert_default();
        for (path, value) in inner.get("by_endpoint").and_then(Value::as_object).into_iter().flatten() {
            let part = JsonPart::new(path, &[value]);
            let latency_ms = part.percentiles(notes, "latency_ms");
            let (requests, errors) = (part.number(notes, &["requests"]), part.number(notes, &["errors"]));
            pool.endpoints.insert(path.clone(), EndpointMetrics { requests, errors, latency_ms });
        }
        for (name, value) in inner.get("clients").and_then(Value::as_object).into_iter().flatten() {
            let part = JsonPart::new(name, &[value]);
            let client = PoolClient {
                requests: part.number(notes, &["total_requests"]),
                maxsize: part.number(notes, &["pool_maxsize"]),
                in_use: part.number(notes, &["connections_in_use"]),
                idle: part.number(notes, &["connections_idle"]),
                waiting: part.number(notes, &["waiting"]),
            };
            pool.clients.insert(name.clone(), client);
        }
        pool.wait_ms = part.percentiles(notes, "wait_ms");
        part.metrics(notes, pool);
    }

    pub(super) fn read_cache(&mut self, body: &Value) {
        let inner = body.get("semantic_cache").unwrap_or(body);
        let part = JsonPart::new("semantic-cache", &[inner, body]);
        if ["enabled", "hits", "misses", "size", "cache_size"].iter().all(|name| part.get(name).is_none()) {
            return;
        }
        let notes = &mut self.notes;
        self.clock = self.clock.or(part.time(notes, "timestamp"));
        let cache = self.cache.get_or_insert_default();
        cache.enabled = part.truth(notes, &["enabled"]).or(cache.enabled);
        part.metrics(notes, cache);
        let share = cache.size.zip(cache.max_size).and_then(|(size, most)| (most > 0.0).then(|| size / most));
        cache.fill = cache.fill.or(share);
    }

    pub(super) fn read_health(&mut self, body: &Value) {
        let part = JsonPart::new("health", &[body]);
        let notes = &mut self.notes;
        let status = part.text(notes, "status").or_else(|| part.text(notes, "overall_status"));
        let Some(status) = status else { return };
        let healthy = |notes: &mut Vec<String>, name: &str, service: &str| {
            body.get(name).and_then(Value::as_bool).or_else(|| part.truth(notes, &[service]))
        };
        let mut health = Health {
            status: Some(status),
            version: part.text(notes, "version"),
            upstream: healthy(notes, "ollama", "services.ollama.healthy"),
            database: healthy(notes, "database", "services.database.healthy"),
            ..Health::default()
        };
        part.metrics(notes, &mut health);
        self.health = Some(health);
        let upstreams = part.get("services.upstreams").and_then(Value::as_array).into_iter().flatten();
        self.upstreams = upstreams.filter_map(|told| upstream(told, notes)).collect();
    }
}

/// An upstream that questions go to which name nobody; others stand in for nobody.
fn upstream(told: &Value, notes: &mut Vec<String>) -> Option<Upstream> {
    let name = told.get("name")?.as_str()?.to_owned();
    let part = JsonPart::new(&format!("upstream {name}"), &[told]);
    if part.truth(notes, &["default"]) == Some(false) {
        return None;
    }
    let missing: Vec<&str> =
        part.get("models_missing").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let lacks = (!missing.is_empty()).then(|| format!("it lacks {}", missing.join(", ")));
    let error = part.text(notes, "error").or(lacks);
    // A server that has not probed it yet has nothing to say against it.
    let healthy = part.truth(notes, &["healthy"]).filter(|healthy| *healthy || error.is_some());
    Some(Upstream { model: part.text(notes, "model"), healthy, asked: part.truth(notes, &["asked"]), error, name })
}

fn read_breaker(part: &JsonPart<'_>, notes: &mut Vec<String>, breaker: &mut Breaker) {
    breaker.history =
        part.get("history").and_then(Value::as_array).into_iter().flatten().filter_map(transition).collect();
    let told = part.typed(notes, &["state"], "closed, open or half_open", |value| state(value.as_str()?));
    breaker.state = told.or(breaker.state);
    let since = breaker.history.last().map(|last| last.at).or_else(|| part.time(notes, "opened_at"));
    breaker.since = since.or(breaker.since);
    part.metrics(notes, breaker);
}

fn transition(value: &Value) -> Option<StateTransition> {
    Some(StateTransition {
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
