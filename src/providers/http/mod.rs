//! One upstream: its address, its pooled client, and how its failures are told apart.

mod base;
mod quick_ack;
mod reply;

use std::{
    sync::{Arc, Once},
    time::Duration,
};

use bytes::Bytes;
use futures::{Stream, TryStreamExt};
use reqwest::{
    Client, RequestBuilder, StatusCode,
    header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER},
};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use tokio_util::{
    codec::{FramedRead, LinesCodec, LinesCodecError},
    io::StreamReader,
};

use base::Base;
use quick_ack::QuickAcks;
use reply::{Call, Unsent, collect};
pub(super) use reply::{Reply, to_the_end};

use super::{
    Phase, ProviderError, ProviderKind, UpstreamStatus, connector,
    left_out::{self, LeftOut},
};
use crate::{
    resilience::{CallContext, ClientStats, ConnectionWatch, Pool, PoolSettings, RequestOutcome},
    telemetry::{ClientMetrics, KnownSecrets, ServiceUrl},
    util::tls::client_config,
};

/// Longest line of a streamed answer; a longer one is not an answer.
const MAX_LINE: usize = 1 << 20;

/// Largest body that is not streamed (a batch of embeddings).
const MAX_BODY: usize = 64 << 20;

/// How long a health probe may take.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);

/// How to talk to an upstream.
#[derive(Debug, Clone, Copy)]
pub struct HttpSettings {
    /// Until the connection stands.
    pub connect_timeout: Duration,
    /// Longest silence: from the request to the response, and between two pieces of it. A whole answer may take as long
    /// as it likes.
    pub read_timeout: Duration,
    /// Connections.
    pub pool: PoolSettings,
}

/// A server that is asked, with a pool of connections to it.
#[derive(Clone)]
pub struct UpstreamClient {
    pub(super) provider: ProviderKind,
    base: Arc<Base>,
    key: Option<SecretString>,
    /// What the server may repeat and nobody may see.
    secrets: Arc<KnownSecrets>,
    pool: Pool<Client>,
    acks: QuickAcks,
    /// For health probes, which must not wait behind questions.
    probes: Client,
}

impl std::fmt::Debug for UpstreamClient {
    /// Without key and credentials.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UpstreamClient")
            .field("provider", &self.provider)
            .field("url", &self.shown_url())
            .finish_non_exhaustive()
    }
}

impl UpstreamClient {
    /// Prepares a client; connects to nothing yet. `name` is that of its connections in metrics.
    ///
    /// # Errors
    /// [`ProviderError::Configuration`] when the TLS backend cannot be set up.
    pub fn new(
        name: String,
        provider: ProviderKind,
        base: ServiceUrl,
        key: Option<SecretString>,
        settings: HttpSettings,
        metrics: ClientMetrics,
    ) -> Result<Self, ProviderError> {
        install_tls();
        let broken = |error| ProviderError::Configuration(format!("no HTTP client for {provider}: {error}"));
        let tls = client_config().map_err(|error| {
            ProviderError::Configuration(format!(
                "no TLS for {provider}: {error}; are there CA certificates on this system?"
            ))
        })?;
        let here = base.is_this_machine();
        let probes = client(settings, tls.clone(), here).build().map_err(broken)?;
        // A slot needs some client. One like it has just been built; if this one cannot be, its connections are not counted.
        let uncounted = probes.clone();
        let make = move |watch: Arc<ConnectionWatch>| {
            let watched = client(settings, tls.clone(), here).connector_layer(connector::Watched::new(watch)).build();
            watched.unwrap_or_else(|error| {
                tracing::error!(%error, "an HTTP client whose connections are not counted");
                uncounted.clone()
            })
        };
        let stats = Arc::new(ClientStats::new(name, settings.pool, metrics, &<[_; 2]>::from(operations(provider))));
        let secrets = Arc::new(KnownSecrets::of(&base, key.as_ref()));
        let base = Arc::new(Base::new(provider, base));
        Ok(Self {
            provider,
            base,
            key,
            secrets,
            acks: QuickAcks::default(),
            pool: Pool::new(settings.pool, stats, make),
            probes,
        })
    }

    /// Whose it is.
    pub fn provider(&self) -> ProviderKind {
        self.provider
    }

    /// The paths of generation and of embedding; both that of reranking where that is all.
    pub fn operations(&self) -> (&'static str, &'static str) {
        operations(self.provider)
    }

    /// What is counted about the connections.
    pub fn stats(&self) -> &Arc<ClientStats> {
        self.pool.stats()
    }

    /// The address without credentials, for messages.
    pub fn shown_url(&self) -> String {
        self.base.shown()
    }

    fn authorised(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.key {
            Some(key) => request.bearer_auth(key.expose_secret()),
            None => request,
        }
    }

    /// Sends JSON; returns the reply once its head is there and says success. Of the `optional` fields, those that the
    /// server refuses are left out, now and from now on.
    pub(super) async fn post(
        &self,
        path: &'static str,
        model: &str,
        body: &Map<String, Value>,
        (optional, left_out): (&[&'static str], &LeftOut),
        call: &CallContext,
    ) -> Result<Reply, ProviderError> {
        self.find_base(call).await;
        let mut fields = left_out.without(body);
        // Tried without any optional field, because the server did not say what it refused.
        let mut bare: Option<(ProviderError, Vec<&'static str>)> = None;
        loop {
            let reply = self.exchange(path, &fields, call).await?;
            let status = reply.response.status();
            if status.is_success() {
                if let Some((_, left)) = &bare {
                    left_out.add(left);
                }
                return Ok(reply);
            }
            let headers = reply.response.headers().clone();
            // The message helps, but an upstream that fails may also fail to say why.
            let said = self.bounded(reply, 16 << 10, RequestOutcome::Error).await.unwrap_or_default();
            let refusal = self.refused(status, &headers, &said, model);
            if matches!(status, StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED)
                && !matches!(refusal, ProviderError::UnknownModel { .. })
                && self.base.try_another()
            {
                continue;
            }
            if let Some((first, _)) = bare {
                return Err(first);
            }
            if !matches!(status, StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY) {
                return Err(refusal);
            }
            if !left_out.learn(&fields, optional, &String::from_utf8_lossy(&said)) {
                let all = left_out.all(&fields, optional);
                if all.is_empty() {
                    return Err(refusal);
                }
                all.iter().for_each(|field| drop(left_out::remove(&mut fields, field)));
                bare = Some((refusal, all));
                continue;
            }
            tracing::info!(upstream = %self.base, "it refuses a field of requests, which is left out from now on");
            fields = left_out.without(body);
        }
    }

    /// Sends JSON; returns the reply once its head is there.
    async fn exchange(
        &self,
        path: &'static str,
        body: &Map<String, Value>,
        call: &CallContext,
    ) -> Result<Reply, ProviderError> {
        let body = Bytes::from(serde_json::to_vec(body).map_err(|error| self.malformed(error.to_string()))?);
        let reply = match self.send(path, body.clone(), call).await {
            // The upstream had closed the connection while it was idle: it never saw the request.
            Err(Unsent { stale: true, .. }) => {
                self.pool.stats().retried(path, "stale_connection");
                self.send(path, body, call).await
            }
            sent => sent,
        };
        reply.map_err(|unsent| unsent.error)
    }

    async fn send(&self, path: &'static str, body: Bytes, call: &CallContext) -> Result<Reply, Unsent> {
        let lease = self.pool.acquire(path, call).await;
        let lease = lease.map_err(|refusal| Unsent {
            stale: false,
            error: ProviderError::Busy { provider: self.provider, refusal },
        })?;
        let timer = self.pool.stats().start(path);
        let request = self.authorised(lease.client().post(self.base.endpoint(path)));
        match request.header(CONTENT_TYPE, "application/json").body(body).send().await {
            Ok(response) => {
                timer.first_byte();
                lease.answered();
                let ack = self.acks.of(&response);
                Ok(Reply { response, call: Call { lease, timer }, ack })
            }
            Err(error) => {
                timer.finish(RequestOutcome::Error);
                let stale = lease.is_reused() && error.is_request() && !error.is_timeout() && !error.is_connect();
                if error.is_connect() || stale {
                    self.pool.forget_idle();
                }
                Err(Unsent { stale, error: self.transport(&error) })
            }
        }
    }

    /// Reads a whole JSON body.
    pub(super) async fn json<T: DeserializeOwned>(&self, reply: Reply) -> Result<T, ProviderError> {
        let body = self.bounded(reply, MAX_BODY, RequestOutcome::Success).await?;
        serde_json::from_slice(&body).map_err(|error| self.malformed(format!("{error}")))
    }

    async fn bounded(&self, reply: Reply, limit: usize, outcome: RequestOutcome) -> Result<Vec<u8>, ProviderError> {
        let Reply { response, call, ack } = reply;
        let body = collect(response, limit, || ack.now()).await;
        match body {
            Ok(body) => {
                call.done(outcome);
                Ok(body)
            }
            Err(error) => {
                call.failed();
                Err(match error {
                    Some(error) => self.transport(&error),
                    None => self.malformed(format!("its response is larger than {limit} bytes")),
                })
            }
        }
    }

    /// The lines of a streamed body.
    pub(super) fn lines(&self, reply: Reply) -> impl Stream<Item = Result<String, ProviderError>> + Send + use<> {
        let upstream = self.clone();
        let bytes = reply.into_stream().map_err(std::io::Error::other);
        FramedRead::new(StreamReader::new(Box::pin(bytes)), LinesCodec::new_with_max_length(MAX_LINE)).map_err(
            move |error| match error {
                LinesCodecError::MaxLineLengthExceeded => upstream.malformed("a line is too long".into()),
                LinesCodecError::Io(error) => upstream.broken(&error),
            },
        )
    }

    /// The pieces of a streamed body.
    pub(super) fn pieces(&self, reply: Reply) -> impl Stream<Item = Result<Bytes, ProviderError>> + Send + use<> {
        let upstream = self.clone();
        Box::pin(reply.into_stream().map_err(move |error| upstream.transport(&error)))
    }

    /// Asks whether the upstream is there: `path` lists its models.
    pub(super) async fn probe<T: DeserializeOwned>(&self, path: &str) -> Result<T, ProviderError> {
        self.find_base(&CallContext::without_deadline()).await;
        self.quickly(self.probes.get(self.base.endpoint(path))).await
    }

    async fn quickly<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, ProviderError> {
        let asked = async {
            let response = self.authorised(request).send().await.map_err(|error| self.transport(&error))?;
            let (status, headers) = (response.status(), response.headers().clone());
            let body = collect(response, MAX_BODY, || {}).await.map_err(|error| match error {
                Some(error) => self.transport(&error),
                None => self.malformed("its list of models is too long".into()),
            })?;
            if !status.is_success() {
                return Err(self.refused(status, &headers, &body, ""));
            }
            serde_json::from_slice(&body).map_err(|error| self.malformed(error.to_string()))
        };
        let timeout = || self.timeout(Phase::Read);
        tokio::time::timeout(PROBE_TIMEOUT, asked).await.map_err(|_| timeout())?
    }

    /// Asks something besides questions, in JSON; as quick as a probe.
    pub(super) async fn ask<T: DeserializeOwned>(&self, path: &str, body: &Value) -> Result<T, ProviderError> {
        self.quickly(self.probes.post(self.base.endpoint(path)).json(body)).await
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
                reason: self.root_cause(error),
            };
        }
        ProviderError::Broken { provider: self.provider, reason: self.root_cause(error) }
    }

    fn broken(&self, error: &std::io::Error) -> ProviderError {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<reqwest::Error>()) {
            Some(error) => self.transport(error),
            None => ProviderError::Broken { provider: self.provider, reason: self.one_line(&error.to_string()) },
        }
    }

    fn timeout(&self, phase: Phase) -> ProviderError {
        ProviderError::Timeout { provider: self.provider, url: self.shown_url(), phase }
    }

    pub(super) fn malformed(&self, detail: String) -> ProviderError {
        ProviderError::Malformed { provider: self.provider, detail: self.one_line(&detail) }
    }

    /// The innermost reason: "connection refused" rather than "error sending request".
    fn root_cause(&self, error: &dyn std::error::Error) -> String {
        let mut cause = error;
        while let Some(deeper) = cause.source() {
            cause = deeper;
        }
        self.one_line(&cause.to_string())
    }

    /// The message of an error body: `{"error":"…"}`, `{"error":{"message":"…"}}`, `{"message":"…"}` or `{"detail":"…"}`, else
    /// its beginning.
    fn error_message(&self, body: &[u8]) -> String {
        let text = String::from_utf8_lossy(body);
        let parsed: Option<serde_json::Value> = serde_json::from_str(&text).ok();
        let reported = parsed.as_ref().and_then(|json| {
            let plain = ["message", "detail"].iter().find_map(|field| json.get(field)?.as_str());
            self.reported(json).or_else(|| plain.map(|message| self.one_line(message)))
        });
        reported.unwrap_or_else(|| self.one_line(&text))
    }

    /// The message of an error object, if this is one.
    pub(super) fn reported(&self, json: &serde_json::Value) -> Option<String> {
        let error = json.get("error").filter(|error| !error.is_null())?;
        let message = error.as_str().or_else(|| error.get("message")?.as_str());
        Some(message.map_or_else(|| self.one_line(&error.to_string()), |message| self.one_line(message)))
    }

    /// One short line of a text that somebody else wrote, without the secrets that it may repeat. All that comes from the
    /// upstream and is no answer passes here before anybody sees it.
    fn one_line(&self, text: &str) -> String {
        // Before it is cut: a part of a secret would not be found.
        let text = self.secrets.clean(text);
        let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect();
        let line = line.trim();
        if line.is_empty() { "no message".to_owned() } else { line.to_owned() }
    }

    /// Names of models as the upstream lists them.
    pub(super) fn names(&self, names: impl Iterator<Item = String>) -> Vec<String> {
        names.map(|name| self.secrets.clean(&name).into_owned()).collect()
    }

    fn refused(&self, status: StatusCode, headers: &HeaderMap, body: &[u8], model: &str) -> ProviderError {
        let (provider, code, message) = (self.provider, status.as_u16(), self.error_message(body));
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
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => {
                let message = format!("{message}; is the address right? {}", self.base.advice());
                ProviderError::Status { provider, status: code, message }
            }
            _ => ProviderError::Status { provider, status: code, message },
        }
    }
}

/// A client with our rules; each slot of a pool has one. `here`: the upstream is on this machine, which no proxy could reach.
fn client(settings: HttpSettings, tls: rustls::ClientConfig, here: bool) -> reqwest::ClientBuilder {
    let builder = Client::builder();
    let builder = if here { builder.no_proxy() } else { builder };
    builder
        .tls_backend_preconfigured(tls)
        .connect_timeout(settings.connect_timeout)
        .read_timeout(settings.read_timeout)
        // One connection, one call: what the pool counts is what happens.
        .http1_only()
        .pool_max_idle_per_host(1)
        .pool_idle_timeout(None)
        .tcp_nodelay(true)
        // An API does not redirect; following would send prompts to who knows whom.
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("ragctl/", env!("CARGO_PKG_VERSION")))
}

fn operations(provider: ProviderKind) -> (&'static str, &'static str) {
    match provider {
        ProviderKind::OpenAi => ("/chat/completions", "/embeddings"),
        ProviderKind::Ollama | ProviderKind::Embedded => ("/api/chat", "/api/embed"),
        // It has one.
        ProviderKind::Rerank => ("/rerank", "/rerank"),
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

/// Seconds to wait; dates are not worth a parser here, callers have a backoff of their own.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}
