//! What people say about answers.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What somebody says about an answer that came from the cache.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct FeedbackRequest {
    /// Id of the answer's request, as its `request_id` says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, min_length = 1, max_length = 200)]
    pub request_id: Option<String>,
    /// Whether it answers another question than the one that was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = bool)]
    pub wrong: Option<bool>,
}

/// What was done about it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct FeedbackResponse {
    /// `ok`.
    #[schema(example = "ok")]
    pub status: String,
    /// Whether the answer is no longer in the cache.
    pub dropped: bool,
    /// Whether both questions are kept as a pair that `ragctl cache tune` learns from.
    pub kept: bool,
    /// The question that the answer was written for.
    pub original_query: String,
}
