//! Where a server's API begins: people write its address with and without `/v1`, `/api` or a closing slash.

use std::{
    fmt,
    sync::OnceLock,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use serde_json::Value;
use url::Url;

use super::{PROBE_TIMEOUT, UpstreamClient, collect};
use crate::{providers::ProviderKind, resilience::CallContext, telemetry::ServiceUrl};

/// Largest list of models that is looked at.
const MAX_LIST: usize = 4 << 20;

/// How long an address that nobody answered at is not tried again.
const TRY_AGAIN: Duration = Duration::from_secs(30);

/// Where OpenAI's dialect begins when the address does not say.
const USUAL: &str = "/v1";

/// The address of a server's API.
pub(super) struct Base {
    url: ServiceUrl,
    provider: ProviderKind,
    /// What stands between the address and the paths of the dialect; not known before somebody was asked.
    prefix: OnceLock<&'static str>,
    looked: Mutex<Option<Instant>>,
}

impl fmt::Display for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.url.fmt(f)
    }
}

impl Base {
    pub(super) fn new(provider: ProviderKind, url: ServiceUrl) -> Self {
        let path = url.expose().path().trim_end_matches('/').to_owned();
        // People also copy the address of one route.
        let routes: &[&str] = match provider {
            ProviderKind::Ollama => &["/api/chat", "/api/generate", "/api/embed", "/api", "/v1"],
            ProviderKind::Rerank => &["/rerank"],
            _ => &["/chat/completions", "/embeddings", "/models"],
        };
        let start = routes.iter().find_map(|route| path.strip_suffix(route)).unwrap_or(&path);
        let url = url.with_path(start);
        let prefix = OnceLock::new();
        if provider == ProviderKind::Ollama || names_version(start) {
            let _ = prefix.set("");
        }
        Self { url, provider, prefix, looked: Mutex::default() }
    }

    pub(super) fn shown(&self) -> String {
        self.url.to_string()
    }

    /// The URL of a path of the dialect.
    pub(super) fn endpoint(&self, path: &str) -> Url {
        self.under(self.prefix.get().copied().unwrap_or_default(), path)
    }

    fn under(&self, prefix: &str, path: &str) -> Url {
        let start = self.url.expose().path().trim_end_matches('/');
        self.url.with_path(&format!("{start}{prefix}{path}")).expose().clone()
    }

    /// What is usual, for errors.
    pub(super) fn advice(&self) -> &'static str {
        match self.provider {
            ProviderKind::OpenAi => "It usually ends in /v1 (--openai-base-url)",
            ProviderKind::Rerank => "It is what stands before /rerank, usually ending in /v1 (--rerank-url)",
            _ => "It has no path, like http://localhost:11434 (--ollama-url)",
        }
    }

    /// Nothing was found where it was looked for: whether it is to be looked for elsewhere.
    pub(super) fn try_another(&self) -> bool {
        self.prefix.set(USUAL).is_ok()
    }

    /// Whether it is time to find out where the API begins.
    fn is_open(&self) -> bool {
        if self.prefix.get().is_some() {
            return false;
        }
        let mut looked = self.looked.lock();
        let now = Instant::now();
        let due = looked.is_none_or(|before| now.duration_since(before) >= TRY_AGAIN);
        if due {
            *looked = Some(now);
        }
        due
    }
}

impl UpstreamClient {
    /// Finds out where the API begins, if the address leaves it open: where its models are listed.
    pub(super) async fn find_base(&self, call: &CallContext) {
        if !self.base.is_open() {
            return;
        }
        let looking = async { tokio::join!(self.lists_models(""), self.lists_models(USUAL)) };
        match call.wait(tokio::time::timeout(PROBE_TIMEOUT, looking)).await {
            Ok(Ok((true, _))) => drop(self.base.prefix.set("")),
            Ok(Ok((false, true))) => drop(self.base.prefix.set(USUAL)),
            _ => {}
        }
    }

    async fn lists_models(&self, prefix: &str) -> bool {
        let request = self.authorised(self.probes.get(self.base.under(prefix, "/models")));
        let Ok(response) = request.send().await else { return false };
        if !response.status().is_success() {
            return false;
        }
        let Ok(body) = collect(response, MAX_LIST, || {}).await else { return false };
        // LM Studio answers with success and an error where there is nothing.
        let list: Option<Value> = serde_json::from_slice(&body).ok();
        list.is_some_and(|list| list.is_array() || ["data", "models"].iter().any(|field| list[field].is_array()))
    }
}

/// Whether a path ends in a version, like `/v1` or `/api/v3`.
fn names_version(path: &str) -> bool {
    let last = path.rsplit('/').next().unwrap_or_default();
    last.strip_prefix('v').is_some_and(|number| number.starts_with(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(provider: ProviderKind, url: &str, path: &str) -> String {
        Base::new(provider, url.parse().unwrap()).endpoint(path).into()
    }

    #[test]
    fn addresses_lead_to_the_api_however_they_are_written() {
        for url in
            ["localhost:11434", "http://localhost:11434/", "http://localhost:11434/api/", "http://localhost:11434/v1"]
        {
            assert_eq!(endpoint(ProviderKind::Ollama, url, "/api/chat"), "http://localhost:11434/api/chat", "{url}");
        }
        for (url, wanted) in [
            ("https://h/v1", "https://h/v1/chat/completions"),
            ("https://h/v1/", "https://h/v1/chat/completions"),
            ("https://h/v1/chat/completions", "https://h/v1/chat/completions"),
            ("https://h/api/paas/v4", "https://h/api/paas/v4/chat/completions"),
            ("https://h/openai?api-version=2", "https://h/openai/chat/completions?api-version=2"),
        ] {
            assert_eq!(endpoint(ProviderKind::OpenAi, url, "/chat/completions"), wanted);
        }
    }

    #[test]
    fn where_nothing_is_found_the_usual_place_is_tried_once() {
        let base = Base::new(ProviderKind::OpenAi, "http://h:1".parse().unwrap());
        assert!(base.try_another() && !base.try_another());
        assert_eq!(base.endpoint("/models").as_str(), "http://h:1/v1/models");
        assert!(!Base::new(ProviderKind::OpenAi, "http://h:1/v2".parse().unwrap()).try_another());
    }
}
