//! Who answers questions that name no provider.

use std::sync::Arc;

use axum::{Json as Reply, extract::State};

use crate::{
    server::{error::ApiError, json::Json, state::AppState},
    wire::{ErrorBody, ProviderRequest, ProviderResponse},
};

/// The current default provider.
#[utoipa::path(get, path = "/api/provider", tag = "providers", responses((status = 200, description = "Its name", body = ProviderResponse)))]
pub async fn current(State(state): State<Arc<AppState>>) -> Reply<ProviderResponse> {
    Reply(response(&state))
}

/// Changes the default provider until the server ends.
#[utoipa::path(
    post, path = "/api/provider", tag = "providers", request_body = ProviderRequest,
    responses(
        (status = 200, description = "It is the default now", body = ProviderResponse),
        (status = 400, description = "Unknown, or not configured here", body = ErrorBody),
    )
)]
pub async fn choose(
    State(state): State<Arc<AppState>>,
    Json(request): Json<ProviderRequest>,
) -> Result<Reply<ProviderResponse>, ApiError> {
    state.engine.models().set_default(&request.name)?;
    tracing::info!(provider = request.name, "default provider changed");
    Ok(Reply(response(&state)))
}

fn response(state: &AppState) -> ProviderResponse {
    let models = state.engine.models();
    ProviderResponse { provider: models.default_name(), available: models.names().map(str::to_owned).collect() }
}
