//! Metrics for Prometheus.

use std::sync::Arc;

use axum::{extract::State, http::header, response::IntoResponse};

use crate::server::state::AppState;

/// All metrics in the Prometheus text format.
#[utoipa::path(
    get, path = "/metrics", tag = "metrics",
    responses((status = 200, description = "Text exposition, version 0.0.4", body = String, content_type = "text/plain"))
)]
pub async fn prometheus(State(state): State<Arc<AppState>>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], state.engine.metrics().render())
}
