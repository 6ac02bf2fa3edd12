//! Asks a server for its metrics.

use std::{
    error::Error,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use futures::future::join_all;
use serde_json::Value;
use tokio::time::timeout;

use super::{super::observation::Observation, json, trouble::Trouble};
use crate::{telemetry::ServiceUrl, util::humanize::interval};

/// Largest answer that is read, MiB.
const LARGEST_MIB: usize = 8;

/// Something that a server tells, and where; the second route is that of the other dialect.
struct MetricsRoute {
    routes: [&'static str; 2],
    read: fn(&mut Observation, &str) -> Result<(), Trouble>,
}

/// What a server tells. Later ones fill what earlier ones did not tell.
const SOURCES: [MetricsRoute; 5] = [
    MetricsRoute {
        routes: ["/api/circuit-breaker/metrics", "/metrics/circuit-breaker"],
        read: |o, t| value(t).map(|body| o.read_breakers(&body)),
    },
    MetricsRoute {
        routes: ["/api/connection-pool/metrics", "/metrics/connection-pool"],
        read: |o, t| value(t).map(|body| o.read_pool(&body)),
    },
    MetricsRoute {
        routes: ["/api/semantic-cache/metrics", "/metrics/semantic-cache"],
        read: |o, t| value(t).map(|body| o.read_cache(&body)),
    },
    MetricsRoute { routes: ["/health", "/api/health"], read: |o, t| value(t).map(|body| o.read_health(&body)) },
    MetricsRoute {
        routes: ["/metrics", "/metrics"],
        read: |o, t| {
            o.read_exposition(t);
            Ok(())
        },
    },
];

/// The number of [`SOURCES`] that are JSON metrics; they come first.
const JSON_METRICS: usize = 3;
/// The index of `/metrics` in [`SOURCES`].
const EXPOSITION: usize = 4;

#[cfg(test)]
impl Observation {
    /// What a server tells whose routes have these bodies; a text is taken as it is.
    pub fn of_bodies(bodies: &[(&str, Value)]) -> Self {
        let mut observation = Self::default();
        for source in &SOURCES {
            let Some((route, body)) = bodies.iter().find(|(route, _)| source.routes.contains(route)) else { continue };
            let text = body.as_str().map_or_else(|| body.to_string(), str::to_owned);
            if let Err(trouble) = (source.read)(&mut observation, &text) {
                observation.notes.push(format!("{route} {trouble}"));
            }
        }
        observation
    }
}

/// Asks one server.
pub struct Scraper {
    http: reqwest::Client,
    base: String,
    authorization: Option<String>,
    /// Which of the sources were last found at their second route.
    second: [AtomicBool; SOURCES.len()],
}

impl Scraper {
    /// Connects to nothing yet.
    pub fn new(http: reqwest::Client, url: &ServiceUrl) -> Self {
        Self::with(http, url.bare().as_str().trim_end_matches('/').to_owned(), url.authorization())
    }

    /// Asks with a client that knows how long it may take. `base` has no credentials and no slash at its end.
    pub fn with(http: reqwest::Client, base: String, authorization: Option<String>) -> Self {
        Self { http, base, authorization, second: Default::default() }
    }

    /// The server, without credentials.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Asks for everything at once. What a server does not offer is left out; what it offers and cannot tell, or not within
    /// `patience`, is noted.
    ///
    /// # Errors
    /// When no route answers with metrics: the error that explains the others.
    pub async fn scrape(&self, patience: Duration) -> Result<Observation, Trouble> {
        let started = Instant::now();
        // Each route by itself: one that hangs, like a health that asks a dead LLM, must not hide the others.
        let asked = (0..SOURCES.len()).map(|source| async move {
            let late = |_| Err(Trouble::Late(interval(patience)));
            timeout(patience, self.ask(source)).await.unwrap_or_else(late)
        });
        let answers = join_all(asked).await;
        let mut observation = Observation::default();
        let mut troubles = Vec::new();
        for (source, answer) in SOURCES.iter().zip(answers) {
            match answer.and_then(|text| (source.read)(&mut observation, &text)) {
                Ok(()) => {}
                Err(trouble) => troubles.push((source.routes[0], trouble)),
            }
        }
        if observation.is_empty() {
            return Err(most_telling(troubles));
        }
        for (route, trouble) in troubles.into_iter().filter(|(_, trouble)| *trouble != Trouble::Status(404)) {
            observation.notes.push(format!("{route} {trouble}"));
        }
        observation.bound();
        observation.took_ms = Some(started.elapsed().as_secs_f64() * 1e3);
        Ok(observation)
    }

    /// Asks for as little as tells the counters: `/metrics`, or, of a server without it, the JSON metrics.
    pub async fn scrape_counters(&self) -> Option<Observation> {
        let mut observation = Observation::default();
        if let Ok(text) = self.ask(EXPOSITION).await {
            observation.read_exposition(&text);
        }
        if observation.is_empty() {
            for (index, source) in SOURCES.iter().enumerate().take(JSON_METRICS) {
                if let Ok(text) = self.ask(index).await {
                    // What is no JSON tells nothing, as a missing route does.
                    let _ = (source.read)(&mut observation, &text);
                }
            }
        }
        (!observation.is_empty()).then_some(observation)
    }

    /// Asks at the route that answered last, then at the other.
    async fn ask(&self, source: usize) -> Result<String, Trouble> {
        let routes = SOURCES[source].routes;
        let second = self.second[source].load(Ordering::Relaxed);
        let answer = self.get(routes[usize::from(second)]).await;
        if answer != Err(Trouble::Status(404)) || routes[0] == routes[1] {
            return answer;
        }
        let other = self.get(routes[usize::from(!second)]).await;
        if other.is_ok() {
            self.second[source].store(!second, Ordering::Relaxed);
        }
        other
    }

    async fn get(&self, route: &str) -> Result<String, Trouble> {
        let mut request = self.http.get(format!("{}{route}", self.base));
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization);
        }
        let mut response = request.send().await.map_err(|error| trouble(&error))?;
        let status = response.status();
        // Health is told with 503, too.
        if !(status.is_success() || status.as_u16() == 503 && route.ends_with("/health")) {
            return Err(Trouble::Status(status.as_u16()));
        }
        let mut body = Vec::new();
        while let Some(part) = response.chunk().await.map_err(|error| trouble(&error))? {
            if body.len() + part.len() > LARGEST_MIB << 20 {
                return Err(Trouble::TooLarge(LARGEST_MIB));
            }
            body.extend_from_slice(&part);
        }
        String::from_utf8(body).map_err(|_| Trouble::Foreign("something that is no text".to_owned()))
    }
}

fn value(text: &str) -> Result<Value, Trouble> {
    json::parse(text).map_err(|error| {
        let start = text.trim_start();
        Trouble::Foreign(match start.chars().next() {
            None => "nothing".to_owned(),
            Some('<') => "a web page".to_owned(),
            Some('{' | '[') => format!("broken JSON (line {}, column {})", error.line(), error.column()),
            Some(_) => "no JSON".to_owned(),
        })
    })
}

/// Of several troubles the one that explains the others.
fn most_telling(troubles: Vec<(&str, Trouble)>) -> Trouble {
    let weight = |trouble: &Trouble| match trouble {
        Trouble::NoUrl => 6,
        Trouble::Unreachable(_) => 5,
        Trouble::Late(_) => 4,
        Trouble::TooLarge(_) => 3,
        Trouble::Foreign(_) => 2,
        Trouble::Status(404) => 0,
        Trouble::Status(_) => 1,
    };
    let found = troubles.into_iter().map(|(_, trouble)| trouble).max_by_key(weight);
    found.unwrap_or_else(|| Trouble::Foreign("something else".to_owned()))
}

fn trouble(error: &reqwest::Error) -> Trouble {
    if error.is_timeout() {
        return Trouble::Late("any time".to_owned());
    }
    if error.is_redirect() {
        return Trouble::Foreign("one redirect after another".to_owned());
    }
    // The innermost cause is the one that a person can do something about.
    let mut cause: &dyn Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    let text = cause.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    Trouble::Unreachable(text.to_lowercase())
}
