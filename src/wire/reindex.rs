//! Generations of a DB.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::schema::DbNameText;

/// How the next generation of a DB is to be made: by the server's embedder.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct ReindexRequest {
    /// DB; without it the current one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<DbNameText>)]
    pub db: Option<String>,
    /// Largest chunk, in characters; without it, as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 100, maximum = 8000)]
    pub chunk_size: Option<usize>,
    /// Characters that neighbours may share, at most half of the size; without it 120, or half of the size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 4000)]
    pub chunk_overlap: Option<usize>,
    /// Whether it takes over when it has everything.
    #[serde(default = "yes")]
    #[schema(default = true)]
    pub swap: bool,
}

fn yes() -> bool {
    true
}

/// Whose generations.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
pub struct ReindexQuery {
    /// DB; without it the current one.
    #[param(value_type = Option<DbNameText>)]
    pub db: Option<String>,
}

/// The generations of a DB.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ReindexResponse {
    /// DB.
    pub db: String,
    /// Whether this server builds one.
    pub running: bool,
    /// Documents of the DB.
    pub documents: u64,
    /// All of them, oldest first.
    pub generations: Vec<GenerationBody>,
    /// Why the last build of this server did not come to its end; another POST goes on with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// A generation.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct GenerationBody {
    /// Its number.
    pub id: i64,
    /// `building`, `serving` or `kept`.
    pub state: String,
    /// The embedder of its vectors.
    pub embedder: Option<String>,
    /// Largest chunk, in characters, where that is known.
    pub chunk_size: Option<usize>,
    /// Characters that neighbours may share.
    pub chunk_overlap: Option<usize>,
    /// Its chunks.
    pub chunks: u64,
    /// Documents that are to be made yet.
    pub missing: u64,
    /// When it was begun, RFC 3339 in UTC.
    pub created: String,
    /// When it began to answer, the last time.
    pub served: Option<String>,
}
