//! Requests and responses of the HTTP API: shapes only, shared by the server and everything that talks to one.
//!
//! Fields may be added, never renamed or dropped: clients of two older dialects read them. Times are seconds unless a
//! name ends in `_ms`.

mod ask;
mod cache;
mod documents;
mod feedback;
mod filter;
mod health;
mod metrics;
mod reindex;
mod schema;
mod sync;
mod verify;
mod whole;

pub use ask::{
    AskBody, AskRequest, AskResponse, CacheMetadata, CitationBody, ContextCopy, ContextMetadata, MethodScoreBody,
    MultihopBody, ProofBody, SearchResponse, SegmentBody, StageExplanation, StreamHead, StreamProof, StreamToken,
    TimingsMs, TurnBody, UnsupportedBody,
};
pub use cache::{
    CacheBody, CacheClearRequest, CacheClearResponse, CacheConfigBody, CacheConfigRequest, CacheConfigResponse,
    CacheDatabase, CacheFigures, CacheMetricsResponse, CacheStatsResponse, GenerationCacheBody,
};
pub use documents::{
    DbName as DbNameBody, DbsResponse, DeleteDocumentsRequest, DeleteDocumentsResponse, DocumentCounts, DocumentEntry,
    DocumentResponse, DocumentTextResponse, DocumentsRequest, DocumentsResponse, FacetBody, FacetValueBody,
    FileErrorBody, FiltersResponse, HeadingBody, IngestRequest, IngestResponse, PageBody, QualityBody,
};
pub use feedback::{FeedbackRequest, FeedbackResponse};
pub use filter::{FilterBody, MetadataBody};
pub use health::{
    BackgroundTask, ChatsHealth, DatabaseHealth, HealthResponse, LiveResponse, ModelsHealth, OllamaDetail,
    OllamaHealth, OpenAiDetail, ProviderHealthResponse, ProviderRequest, ProviderResponse, ReadyChecks, ReadyResponse,
    Services, SystemHealth, UpstreamDetail,
};
pub use metrics::{
    BreakerBody, BreakerConfig, BreakerMetricsResponse, BreakerSummary, BreakerTransition, EndpointBody,
    PercentilesBody, PoolBody, PoolClientBody, PoolConfig, PoolMetricsResponse,
};
pub use reindex::{GenerationBody, ReindexQuery, ReindexRequest, ReindexResponse};
pub use schema::{
    DbNameText, MAX_FILTER_CHARS, MAX_FILTERS, MAX_PATH_CHARS, MAX_PATHS, MAX_QUESTION_CHARS, MAX_SOURCE_CHARS,
    MAX_SOURCES, MAX_VERSION_CHARS, ProviderName, RerankName,
};
pub use sync::{
    SyncCommand, SyncCounts, SyncDone, SyncFile, SyncFolder, SyncRequest, SyncResponse, SyncStarted, UploadForm,
    UploadResponse, UploadedFileBody,
};

pub use verify::{VerifiedQuote, VerifyResponse};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Body of every error.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ErrorBody {
    /// Kind of error, stable, for programs.
    #[schema(example = "InvalidRequest")]
    pub error: String,
    /// What a person should do or know.
    pub message: String,
    /// The same text, for clients that read `detail`.
    pub detail: String,
    /// Under which the server's log has more.
    pub request_id: String,
    /// Files that failed, where files were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub errors: Option<Vec<FileErrorBody>>,
}
