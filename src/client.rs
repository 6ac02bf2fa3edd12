//! A client of the HTTP API, for commands that talk to a server.

use std::time::Duration;

use anyhow::{Context, bail};
use bytes::Bytes;
use futures::{Stream, TryStreamExt};
use reqwest::{RequestBuilder, Response};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    telemetry::{KnownSecrets, ServiceUrl},
    wire::{
        AskRequest, AskResponse, CacheClearRequest, CacheClearResponse, CacheMetricsResponse, DeleteDocumentsRequest,
        DeleteDocumentsResponse, DocumentResponse, DocumentTextResponse, DocumentsRequest, DocumentsResponse,
        ErrorBody, IngestRequest, IngestResponse, SearchResponse,
    },
};

/// Talks to one server.
pub struct Client {
    http: reqwest::Client,
    /// Without credentials, so that messages may show it.
    base: String,
    authorization: Option<String>,
    /// What the server may repeat and nobody may see.
    secrets: KnownSecrets,
}

impl Client {
    /// Connects to nothing yet. Credentials in the URL are sent, and never shown.
    ///
    /// # Errors
    /// When the TLS backend cannot be set up.
    pub fn new(base: &ServiceUrl, connect_timeout: Duration) -> anyhow::Result<Self> {
        let tls = crate::util::tls::client_config().context("no TLS; are there CA certificates on this system?")?;
        let http = reqwest::Client::builder().tls_backend_preconfigured(tls).connect_timeout(connect_timeout);
        let http = if base.is_this_machine() { http.no_proxy() } else { http };
        let http = http.build().context("no HTTP client")?;
        let (authorization, secrets) = (base.authorization(), KnownSecrets::of(base, None));
        Ok(Self { http, base: base.bare().as_str().trim_end_matches('/').to_owned(), authorization, secrets })
    }

    /// `POST /api/ingest`.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses; the message is the server's.
    pub async fn ingest(&self, request: &IngestRequest) -> anyhow::Result<IngestResponse> {
        json(self.post("/api/ingest", request, "application/json").await?).await
    }

    /// `POST /api/query`.
    ///
    /// # Errors
    /// As [`ingest`](Self::ingest).
    pub async fn query(&self, request: &AskRequest) -> anyhow::Result<AskResponse> {
        json(self.post("/api/query", request, "application/json").await?).await
    }

    /// `POST /api/search`.
    ///
    /// # Errors
    /// As [`ingest`](Self::ingest).
    pub async fn search(&self, request: &AskRequest) -> anyhow::Result<SearchResponse> {
        json(self.post("/api/search", request, "application/json").await?).await
    }

    /// `GET /api/docs`.
    ///
    /// # Errors
    /// As [`ingest`](Self::ingest).
    pub async fn documents(&self, request: &DocumentsRequest) -> anyhow::Result<DocumentsResponse> {
        json(self.send(self.http.get(format!("{}/api/docs", self.base)).query(request)).await?).await
    }

    /// `GET /api/docs/{id}`.
    ///
    /// # Errors
    /// As [`ingest`](Self::ingest).
    pub async fn document(&self, id: &str, db: Option<&str>) -> anyhow::Result<DocumentResponse> {
        json(self.send(self.http.get(self.document_url(id, "")).query(&[("db", db)])).await?).await
    }

    /// `GET /api/docs/{id}/text`.
    ///
    /// # Errors
    /// As [`ingest`](Self::ingest).
    pub async fn document_text(
        &self,
        id: &str,
        db: Option<&str>,
        start: Option<u32>,
        end: Option<u32>,
    ) -> anyhow::Result<DocumentTextResponse> {
        let request = self.http.get(self.document_url(id, "/text")).query(&[("db", db)]);
        json(self.send(request.query(&[("start", start), ("end", end)])).await?).await
    }

    /// `DELETE /api/docs`.
    ///
    /// # Errors
    /// As [`ingest`](Self::ingest).
    pub async fn delete_documents(&self, request: &DeleteDocumentsRequest) -> anyhow::Result<DeleteDocumentsResponse> {
        json(self.send(self.http.delete(format!("{}/api/docs", self.base)).json(request)).await?).await
    }

    fn document_url(&self, id: &str, part: &str) -> String {
        let id = percent_encoding::utf8_percent_encode(id, percent_encoding::NON_ALPHANUMERIC);
        format!("{}/api/docs/{id}{part}", self.base)
    }

    /// `GET /api/semantic-cache/metrics`.
    ///
    /// # Errors
    /// As [`ingest`](Self::ingest).
    pub async fn cache_metrics(&self) -> anyhow::Result<CacheMetricsResponse> {
        let request = self.http.get(format!("{}/api/semantic-cache/metrics", self.base));
        json(self.send(request).await?).await
    }

    /// `POST /api/cache/clear`.
    ///
    /// # Errors
    /// As [`ingest`](Self::ingest).
    pub async fn clear_cache(&self, request: &CacheClearRequest) -> anyhow::Result<CacheClearResponse> {
        json(self.post("/api/cache/clear", request, "application/json").await?).await
    }

    /// `POST /api/stream_query` as server-sent events.
    ///
    /// # Errors
    /// As [`ingest`](Self::ingest).
    pub async fn stream_query(
        &self,
        request: &AskRequest,
    ) -> anyhow::Result<impl Stream<Item = anyhow::Result<Bytes>> + Unpin + use<>> {
        let response = self.post("/api/stream_query", request, "text/event-stream").await?;
        Ok(Box::pin(response.bytes_stream().map_err(|error| anyhow::Error::new(error).context("the connection broke"))))
    }

    async fn post(&self, path: &str, body: &impl Serialize, accept: &str) -> anyhow::Result<Response> {
        self.send(self.http.post(format!("{}{path}", self.base)).header("accept", accept).json(body)).await
    }

    async fn send(&self, mut request: RequestBuilder) -> anyhow::Result<Response> {
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization);
        }
        let response = request
            .send()
            .await
            .with_context(|| format!("no answer from {}; is `ragctl serve` running there?", self.base))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        match response.json::<ErrorBody>().await {
            Ok(error) => {
                let message = self.secrets.clean(&error.message);
                bail!("{message} (HTTP {}, request {})", status.as_u16(), error.request_id)
            }
            Err(_) => bail!("{} answered HTTP {status}, and not as a ragctl server would", self.base),
        }
    }
}

async fn json<T: DeserializeOwned>(response: Response) -> anyhow::Result<T> {
    response.json().await.context("the server's answer cannot be understood; is it a ragctl server?")
}
