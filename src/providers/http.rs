//! One upstream: its address, its pooled client, and how its failures are told apart.

use std::{sync::Once, time::Duration};

use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt};
use reqwest::{
    Client, RequestBuilder, Response, StatusCode,
    header::{HeaderMap, RETRY_AFTER},
};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use tokio_util::{
    codec::{FramedRead, LinesCodec, LinesCodecError},
    io::StreamReader,
};
use url::Url;

use super::{Phase, ProviderError, ProviderKind, UpstreamStatus};

/// Longest line of a streamed answer; a longer one is not an answer.
const MAX_LINE: usize = 1 << 20;

/// Largest body that is not streamed (a batch of embeddings).
const MAX_BODY: usize = 64 << 20;

/// How long a health probe may take.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);

/// How long the end of a body may take after the last word of an answer.
const END_TIMEOUT: Duration = Duration::from_millis(50);

/// How to talk to an upstream.
#[derive(Debug, Clone, Copy)]
pub struct HttpSettings {
    /// Until the connection stands.
    pub connect_timeout: Duration,
    /// Longest silence: from the request to the response, and between two pieces of it. A whole answer may take as long
    /// as it likes.
    pub read_timeout: Duration,
}

/// A server that is asked, with a pool of connections to it.
#[derive(Debug, Clone)]
pub struct Upstream {
    pub(super) provider: ProviderKind,
    base: Url,
    key: Option<SecretString>,
    client: Client,
}

impl Upstream {
    /// Prepares a client; connects to nothing yet.
    ///
    /// # Errors
    /// [`ProviderError::Configuration`] when the TLS backend cannot be set up.
    pub fn new(
        provider: ProviderKind,
        base: Url,
        key: Option<SecretString>,
        settings: HttpSettings,
    ) -> Result<Self, ProviderError> {
        install_tls();
        let client = Client::builder()
            .connect_timeout(settings.connect_timeout)
            .read_timeout(settings.read_timeout)
            // An API does not redirect; following would send prompts to who knows whom.
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("ragctl/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| ProviderError::Configuration(format!("no HTTP client for {provider}: {error}")))?;
        Ok(Self { provider, base, key, client })
    }

    /// The address without credentials, for messages.
    pub(super) fn shown_url(&self) -> String {
        let mut url = self.base.clone();
        // Errors mean that the URL cannot hold credentials at all.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        url.as_str().trim_end_matches('/').to_owned()
    }

    fn endpoint(&self, path: &str) -> String {
        format!("{}{path}", self.base.as_str().trim_end_matches('/'))
    }

    fn authorised(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.key {
            Some(key) => request.bearer_auth(key.expose_secret()),
            None => request,
        }
    }

    /// Sends JSON; returns the response once its head is there and says success.
    pub(super) async fn post(
        &self,
        path: &str,
        model: &str,
        body: &impl serde::Serialize,
    ) -> Result<Response, ProviderError> {
        let request = self.authorised(self.client.post(self.endpoint(path))).json(body);
        let response = request.send().await.map_err(|error| self.transport(&error))?;
        self.successful(response, model).await
    }

    async fn successful(&self, response: Response, model: &str) -> Result<Response, ProviderError> {
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let headers = response.headers().clone();
        // The message helps, but an upstream that fails may also fail to say why.
        let body = self.bounded(response, 16 << 10).await.unwrap_or_default();
        Err(self.refused(status, &headers, &body, model))
    }

    /// Reads a whole JSON body.
    pub(super) async fn json<T: DeserializeOwned>(&self, response: Response) -> Result<T, ProviderError> {
        let body = self.bounded(response, MAX_BODY).await?;
        serde_json::from_slice(&body).map_err(|error| self.malformed(format!("{error}")))
    }

    async fn bounded(&self, response: Response, limit: usize) -> Result<Vec<u8>, ProviderError> {
        let mut body = Vec::new();
        let mut pieces = response.bytes_stream();
        while let Some(piece) = pieces.next().await {
            body.extend_from_slice(&piece.map_err(|error| self.transport(&error))?);
            if body.len() > limit {
                return Err(self.malformed(format!("its response is larger than {limit} bytes")));
            }
        }
        Ok(body)
    }

    /// The lines of a streamed body.
    pub(super) fn lines(&self, response: Response) -> impl Stream<Item = Result<String, ProviderError>> + Send + use<> {
        let upstream = self.clone();
        let bytes = response.bytes_stream().map_err(std::io::Error::other);
        FramedRead::new(StreamReader::new(bytes), LinesCodec::new_with_max_length(MAX_LINE)).map_err(move |error| {
            match error {
                LinesCodecError::MaxLineLengthExceeded => upstream.malformed("a line is too long".into()),
                LinesCodecError::Io(error) => upstream.broken(&error),
            }
        })
    }

    /// The pieces of a streamed body.
    pub(super) fn pieces(&self, response: Response) -> impl Stream<Item = Result<Bytes, ProviderError>> + Send + use<> {
        let upstream = self.clone();
        response.bytes_stream().map_err(move |error| upstream.transport(&error))
    }

    /// Asks whether the upstream is there: `path` lists its models.
    pub(super) async fn probe<T: DeserializeOwned>(&self, path: &str) -> Result<T, ProviderError> {
        let asked = async {
            let request = self.authorised(self.client.get(self.endpoint(path)));
            let response = request.send().await.map_err(|error| self.transport(&error))?;
            let response = self.successful(response, "").await?;
            self.json(response).await
        };
        let timeout = || self.timeout(Phase::Read);
        tokio::time::timeout(PROBE_TIMEOUT, asked).await.map_err(|_| timeout())?
    }

    /// What a list of models means for those that are required. `same` tells whether two names mean one model.
    pub(super) fn status(
        found: Result<Vec<String>, ProviderError>,
        required: &[String],
        same: impl Fn(&str, &str) -> bool,
    ) -> UpstreamStatus {
        let models_required = required.to_vec();
        match found {
            Ok(models_available) => {
                let has = |model: &String| models_available.iter().any(|available| same(available, model));
                let models_missing = required.iter().filter(|model| !has(model)).cloned().collect();
                UpstreamStatus { ok: true, error: None, models_available, models_required, models_missing }
            }
            Err(error) => {
                UpstreamStatus { error: Some(error.to_string()), models_required, ..UpstreamStatus::default() }
            }
        }
    }

    fn transport(&self, error: &reqwest::Error) -> ProviderError {
        if error.is_timeout() {
            return self.timeout(if error.is_connect() { Phase::Connect } else { Phase::Read });
        }
        if error.is_connect() {
            return ProviderError::Connect {
                provider: self.provider,
                url: self.shown_url(),
                reason: root_cause(error),
            };
        }
        ProviderError::Broken { provider: self.provider, reason: root_cause(error) }
    }

    fn broken(&self, error: &std::io::Error) -> ProviderError {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<reqwest::Error>()) {
            Some(error) => self.transport(error),
            None => ProviderError::Broken { provider: self.provider, reason: error.to_string() },
        }
    }

    fn timeout(&self, phase: Phase) -> ProviderError {
        ProviderError::Timeout { provider: self.provider, url: self.shown_url(), phase }
    }

    pub(super) fn malformed(&self, detail: String) -> ProviderError {
        ProviderError::Malformed { provider: self.provider, detail }
    }

    fn refused(&self, status: StatusCode, headers: &HeaderMap, body: &[u8], model: &str) -> ProviderError {
        let (provider, code, message) = (self.provider, status.as_u16(), error_message(body));
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => ProviderError::Auth { provider, status: code },
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                ProviderError::Overloaded { provider, status: code, retry_after: retry_after(headers) }
            }
            StatusCode::NOT_FOUND if message.contains("model") => {
                let hint = match provider {
                    ProviderKind::Ollama => format!("run: ollama pull {model}"),
                    _ => "check the model's name in the settings".to_owned(),
                };
                ProviderError::UnknownModel { provider, model: model.to_owned(), hint }
            }
            _ => ProviderError::Status { provider, status: code, message },
        }
    }
}

/// reqwest is built without a TLS backend of its own choice; rustls with ring is ours. Must be called before a client is
/// built; further calls do nothing.
pub fn install_tls() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // An error means that the process has one already, which serves as well.
        drop(rustls::crypto::ring::default_provider().install_default());
    });
}

/// The innermost reason: "connection refused" rather than "error sending request".
fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    one_line(&cause.to_string())
}

/// The message of an error body in either dialect: `{"error":"…"}` or `{"error":{"message":"…"}}`, else its beginning.
fn error_message(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let parsed: Option<serde_json::Value> = serde_json::from_str(&text).ok();
    let message = parsed.as_ref().and_then(reported);
    one_line(message.as_deref().unwrap_or(&text))
}

/// The message of an error object, if this is one.
pub(super) fn reported(json: &serde_json::Value) -> Option<String> {
    let error = json.get("error").filter(|error| !error.is_null())?;
    let message = error.as_str().or_else(|| error.get("message")?.as_str());
    Some(message.map_or_else(|| one_line(&error.to_string()), one_line))
}

/// One short line of a text that somebody else wrote.
fn one_line(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect();
    let line = line.trim();
    if line.is_empty() { "no message".to_owned() } else { line.to_owned() }
}

/// Reads on after the last word, because a connection can be used again only when the body's end was seen. It usually
/// comes with the last word; an upstream that holds it back loses the connection.
pub(super) async fn to_the_end<T>(rest: &mut (impl Stream<Item = T> + Unpin)) {
    // Timing out means to give up, as intended.
    let _ = tokio::time::timeout(END_TIMEOUT, async { while rest.next().await.is_some() {} }).await;
}

/// Seconds to wait; dates are not worth a parser here, callers have a backoff of their own.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

/// Checks vectors of a batch and scales them to length 1.
pub(super) fn unit_vectors(
    provider: ProviderKind,
    wanted: usize,
    mut vectors: Vec<Vec<f32>>,
) -> Result<Vec<Vec<f32>>, ProviderError> {
    let bad = |detail: String| ProviderError::BadVector { provider, detail };
    if vectors.len() != wanted {
        return Err(bad(format!("{wanted} texts came back as {} vectors", vectors.len())));
    }
    let dimension = vectors.first().map_or(0, Vec::len);
    for vector in &mut vectors {
        if vector.len() != dimension || dimension == 0 {
            return Err(bad(format!("dimensions of one batch differ: {dimension} and {}", vector.len())));
        }
        let length = vector.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>().sqrt();
        if !length.is_finite() || length <= 1e-12 {
            return Err(bad(format!("its length is {length}")));
        }
        for x in vector {
            *x = (f64::from(*x) / length) as f32;
        }
    }
    Ok(vectors)
}
