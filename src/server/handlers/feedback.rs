//! What people say about answers.

use std::sync::Arc;

use axum::{Json as Reply, extract::State, http::StatusCode};

use crate::{
    cache::HitKind,
    server::{
        error::ApiError,
        feedback::{GivenHit, keep_pair},
        json::Json,
        state::AppState,
    },
    wire::{ErrorBody, FeedbackRequest, FeedbackResponse},
};

/// Says that an answer from the cache is wrong.
///
/// The entry is dropped, so that the next question is answered anew; in verified mode the cache learns from it; both questions
/// are kept for `ragctl cache tune`. The latest 4,096 answers from the cache can be judged, each once.
#[utoipa::path(
    post, path = "/api/feedback", tag = "cache", request_body = FeedbackRequest,
    responses(
        (status = 200, description = "What was done about it", body = FeedbackResponse),
        (status = 400, description = "A field is missing", body = ErrorBody),
        (status = 404, description = "No answer from the cache was given under this id of late", body = ErrorBody),
    )
)]
pub async fn feedback(
    State(state): State<Arc<AppState>>,
    Json(request): Json<FeedbackRequest>,
) -> Result<Reply<FeedbackResponse>, ApiError> {
    let invalid = |message: &str| ApiError::new(StatusCode::BAD_REQUEST, "InvalidRequest", message.to_owned());
    let id = request.request_id.filter(|id| (1..=200).contains(&id.chars().count()));
    let id = id.ok_or_else(|| {
        invalid("field \"request_id\" must have 1 to 200 characters: it is the answer's `request_id`")
    })?;
    if request.wrong != Some(true) {
        return Err(invalid("field \"wrong\" must be true: nothing is done about answers that are right"));
    }
    let unknown = || {
        let message = "no answer from the cache was given under this request_id of late, or it was judged already";
        ApiError::new(StatusCode::NOT_FOUND, "NotFound", message)
    };
    let GivenHit { entry, kind, asked } = state.given.take(&id).ok_or_else(unknown)?;
    let similarity = match kind {
        HitKind::Exact => None,
        HitKind::Semantic(similarity) => Some(similarity),
    };
    if let Some(cache) = state.engine.cache() {
        cache.wrong(&entry, similarity).await;
    }
    let original_query = entry.question().to_owned();
    // In the same words only the answer can be wrong: nothing about similarity is to be learned from that.
    let mut kept = false;
    if similarity.is_some() && asked != original_query {
        let (folder, stored) = (state.settings.data_dir.clone(), original_query.clone());
        let written = tokio::task::spawn_blocking(move || keep_pair(&folder, &stored, &asked)).await;
        kept = match written {
            Ok(Ok(())) => true,
            Ok(Err(error)) => {
                tracing::warn!(%error, "the wrong hit could not be kept for `ragctl cache tune`");
                false
            }
            Err(error) => {
                tracing::warn!(%error, "the wrong hit could not be kept for `ragctl cache tune`");
                false
            }
        };
    }
    Ok(Reply(FeedbackResponse { status: "ok".to_owned(), dropped: true, kept, original_query }))
}
