//! JSON bodies, with errors that say which field is wrong.

use std::{sync::Arc, time::Duration};

use axum::{
    body::{Body, BodyDataStream},
    extract::{FromRequest, Request},
    http::{StatusCode, header::CONTENT_TYPE},
};
use futures::StreamExt;
use serde::de::DeserializeOwned;

use super::{connections::BodyTimeout, error::ApiError, state::AppState};
use crate::api;

/// How much of a body that is too large is still read, and for how long.
const DRAIN_BYTES: usize = 64 << 20;
const DRAIN_FOR: Duration = Duration::from_secs(10);

/// A request's body, parsed.
pub struct Json<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Arc<AppState>> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &Arc<AppState>) -> Result<Self, ApiError> {
        if !is_json(&request) {
            return Err(ApiError::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "UnsupportedMediaType",
                "send the body as JSON, with the header Content-Type: application/json",
            ));
        }
        let limit = state.settings.max_body_bytes;
        let body = read(request.into_body(), limit).await?;
        parse(&body).map(Self)
    }
}

/// Reads a body of up to `limit` bytes.
///
/// What is beyond is read and thrown away for a while: a connection that is closed while the client still writes looks to
/// it like a broken pipe, and it never sees why.
async fn read(body: Body, limit: usize) -> Result<Vec<u8>, ApiError> {
    let mut pieces = body.into_data_stream();
    let mut read = Vec::new();
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|error| {
            if BodyTimeout::caused(&error) {
                ApiError::slow_body()
            } else {
                ApiError::invalid("the body could not be read to its end")
            }
        })?;
        if read.len() + piece.len() > limit {
            drop(tokio::time::timeout(DRAIN_FOR, drain(pieces)).await);
            return Err(ApiError::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "PayloadTooLarge",
                format!("the body is larger than this server's limit of {limit} bytes"),
            ));
        }
        read.extend_from_slice(&piece);
    }
    Ok(read)
}

async fn drain(mut pieces: BodyDataStream) {
    let mut drained = 0;
    while let Some(Ok(piece)) = pieces.next().await {
        drained += piece.len();
        if drained > DRAIN_BYTES {
            return;
        }
    }
}

fn is_json(request: &Request) -> bool {
    let Some(value) = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()) else { return false };
    let kind = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    // Every body that this API takes is an object, and serde would fill one from an array, too.
    if body.trim_ascii_start().first() == Some(&b'[') {
        return Err(ApiError::invalid(
            "the body is not the JSON that this route takes: it must be an object, not an array",
        ));
    }
    // Naming the field that is wrong costs as much as reading: only when one is.
    if let Ok(value) = serde_json::from_slice(body) {
        return Ok(value);
    }
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let error = error.into_inner();
        let cause = api::json_problem(&error);
        ApiError::invalid(if error.is_data() && path != "." {
            format!("field \"{path}\": {cause}")
        } else {
            format!("the body is not the JSON that this route takes: {cause}")
        })
    })?;
    reader.end().map_err(|cause| ApiError::invalid(format!("the body has something after its JSON: {cause}")))?;
    Ok(value)
}
