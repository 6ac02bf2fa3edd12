//! The bytes of every request, ready before the run.

use serde_json::Value;

use super::{target::BenchTarget, workload::Workload};
use crate::wire::AskRequest;

/// The kind of endpoint that load is put on; it decides what a good answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndpointKind {
    /// `POST /api/query`: a question, a whole answer.
    Query,
    /// `POST /api/stream_query`: a question, an answer as it is written.
    Stream,
    /// Anything else that speaks HTTP.
    Other,
}

/// The form of a request.
#[derive(Debug, Clone)]
pub struct RequestPlan {
    /// The kind of endpoint.
    pub endpoint: EndpointKind,
    /// HTTP method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Further headers.
    pub headers: Vec<(String, String)>,
    /// Body for [`EndpointKind::Other`]; `{query}` in it stands for a query, escaped as in a JSON text.
    pub body: Option<String>,
    /// What else a question says: method, `k`, DB, provider, whether the cache may answer.
    pub ask: AskRequest,
}

impl RequestPlan {
    /// A question for a whole or a streamed answer.
    pub fn ask(endpoint: EndpointKind, ask: AskRequest) -> Self {
        let path = if endpoint == EndpointKind::Stream { "/api/stream_query" } else { "/api/query" };
        Self { endpoint, method: "POST".into(), path: path.into(), headers: Vec::new(), body: None, ask }
    }

    /// Any request.
    pub fn other(method: &str, path: &str, body: Option<String>) -> Self {
        let (method, path) = (method.to_owned(), path.to_owned());
        Self { endpoint: EndpointKind::Other, method, path, headers: Vec::new(), body, ask: AskRequest::default() }
    }

    /// Whether queries make a difference.
    pub fn takes_queries(&self) -> bool {
        self.endpoint != EndpointKind::Other || self.body.as_ref().is_some_and(|body| body.contains("{query}"))
    }

    fn body(&self, query: &str) -> Option<String> {
        if self.endpoint != EndpointKind::Other {
            let ask = AskRequest { query: Some(query.to_owned()), ..self.ask.clone() };
            return serde_json::to_string(&ask).ok();
        }
        let quoted = Value::from(query).to_string();
        self.body.as_ref().map(|body| body.replace("{query}", &quoted[1..quoted.len() - 1]))
    }

    /// The bytes for each query of a workload.
    pub fn render(&self, target: &BenchTarget, workload: &Workload) -> Vec<Box<[u8]>> {
        let has = |name: &str| self.headers.iter().any(|(given, _)| given.eq_ignore_ascii_case(name));
        let mut head = format!("{} {}{} HTTP/1.1\r\n", self.method, target.prefix, self.path);
        let mut add = |name: &str, value: &str| {
            if !has(name) {
                head.push_str(&format!("{name}: {value}\r\n"));
            }
        };
        add("Host", &target.host);
        add("User-Agent", concat!("ragctl/", env!("CARGO_PKG_VERSION")));
        add("Accept", if self.endpoint == EndpointKind::Stream { "text/event-stream" } else { "*/*" });
        if let Some(authorization) = &target.authorization {
            add("Authorization", authorization);
        }
        let json = self.endpoint != EndpointKind::Other
            || self.body.as_ref().is_some_and(|body| body.trim_start().starts_with(['{', '[']));
        if json {
            add("Content-Type", "application/json");
        }
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let whole = |query: &str| {
            let body = self.body(query);
            let length = body.as_ref().map(|body| format!("Content-Length: {}\r\n", body.len())).unwrap_or_default();
            format!("{head}{length}\r\n{}", body.unwrap_or_default()).into_bytes().into_boxed_slice()
        };
        workload.queries().iter().map(|query| whole(&query.text)).collect()
    }
}
