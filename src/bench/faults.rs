//! Faults of the fake upstream behind the server, switched for the time of a scenario over its HTTP API.

use std::time::Duration;

use crate::{telemetry::ServiceUrl, util::terminal::tell};

/// Longest that the fake upstream may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// The fake upstream does not take faults.
#[derive(Debug, thiserror::Error)]
#[error("{url} does not take faults; is `ragctl mock` running there?")]
pub struct FaultsError {
    url: ServiceUrl,
    source: reqwest::Error,
}

/// The faults of a scenario, and where to set them.
pub struct ScenarioFaults {
    http: reqwest::Client,
    url: ServiceUrl,
    rules: Vec<serde_json::Value>,
}

impl ScenarioFaults {
    /// Makes sure that there is a fake upstream, and that it has no faults yet.
    ///
    /// # Errors
    /// Nobody takes faults at this URL.
    pub async fn prepare(mock: &ServiceUrl, rules: Vec<serde_json::Value>) -> Result<Self, FaultsError> {
        let url = mock.with_path("/mock/faults");
        let http = reqwest::Client::builder().timeout(PATIENCE).build().unwrap_or_default();
        let this = Self { http, url, rules };
        match this.delete().await {
            Ok(()) => Ok(this),
            Err(source) => Err(FaultsError { url: this.url, source }),
        }
    }

    /// Sets the faults; their times count from now on.
    pub async fn begin(&self) {
        let body = serde_json::json!({ "rules": self.rules });
        let set = self.http.post(self.url.expose().clone()).json(&body).send().await;
        if let Err(error) = set.and_then(reqwest::Response::error_for_status) {
            tell(format_args!("the faults could not be set at {}: {}", self.url, error.without_url()));
        }
    }

    /// Takes the faults away.
    pub async fn clear(&self) {
        if let Err(error) = self.delete().await {
            tell(format_args!("the faults of {} could not be cleared: {error}", self.url));
        }
    }

    async fn delete(&self) -> Result<(), reqwest::Error> {
        let deleted = self.http.delete(self.url.expose().clone()).send().await;
        deleted.and_then(reqwest::Response::error_for_status).map(drop).map_err(reqwest::Error::without_url)
    }
}
