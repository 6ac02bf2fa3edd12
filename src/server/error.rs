//! One error, one status.

use axum::{
    http::{
        HeaderValue, StatusCode,
        header::{CONNECTION, RETRY_AFTER},
    },
    response::{IntoResponse, Response},
};

use crate::{
    api::InvalidRequest, domain::InvalidDbName, providers::ProviderError, rag::RagError, store::StoreError,
    wire::FileErrorBody,
};

/// An error on its way to a client. The [middleware](super::middleware) writes the body, because it knows the request's
/// id.
#[derive(Debug, Clone)]
pub struct ApiError {
    pub(super) status: StatusCode,
    pub(super) kind: &'static str,
    pub(super) message: String,
    pub(super) errors: Option<Vec<FileErrorBody>>,
    pub(super) retry_after: Option<u64>,
}

impl ApiError {
    pub(super) fn new(status: StatusCode, kind: &'static str, message: impl Into<String>) -> Self {
        Self { status, kind, message: message.into(), errors: None, retry_after: None }
    }

    /// A value that cannot be used; the message names the field and what is allowed.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "InvalidRequest", message)
    }

    /// A bug. The message shows nothing of the inside; the log has it under the request's id.
    pub(super) fn internal(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(%cause, "a request failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "InternalError",
            "the server failed at this; its log has the reason under this request_id",
        )
    }

    /// A body that stopped, or comes too slowly.
    pub(super) fn slow_body() -> Self {
        Self::new(
            StatusCode::REQUEST_TIMEOUT,
            "RequestTimeout",
            "the body of the request did not come in time; send it again, without pauses",
        )
    }

    /// Every connection that may be open is open, and busy.
    pub(super) fn no_room() -> Self {
        Self::unavailable("this server has no room for another connection now; try again in a moment".into(), 1)
    }

    fn unavailable(message: String, retry_after: u64) -> Self {
        Self { retry_after: Some(retry_after), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "Unavailable", message) }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::REQUEST_TIMEOUT {
            // What comes after it is the rest of the body, not another request.
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl From<InvalidRequest> for ApiError {
    fn from(error: InvalidRequest) -> Self {
        Self::invalid(error.to_string())
    }
}

impl From<InvalidDbName> for ApiError {
    fn from(error: InvalidDbName) -> Self {
        Self::invalid(error.to_string())
    }
}

impl From<RagError> for ApiError {
    fn from(error: RagError) -> Self {
        let message = error.to_string();
        match error {
            RagError::Invalid(_)
            | RagError::DbName(_)
            | RagError::ProviderNotConfigured { .. }
            | RagError::NoReranker => Self::invalid(message),
            RagError::Store(error) => error.into(),
            RagError::CutOff(error) => Self { message, ..error.into() },
            RagError::Provider(error) => error.into(),
            RagError::EmbedderMismatch { .. } => Self::new(StatusCode::CONFLICT, "EmbedderMismatch", message),
            RagError::BeingReindexed(_) => Self::new(StatusCode::CONFLICT, "BeingReindexed", message),
            RagError::NothingIngested(_) => Self::new(StatusCode::UNPROCESSABLE_ENTITY, "NothingIngested", message),
            RagError::Index(error) => Self::internal(&error),
            RagError::NotSearchable(cause) => {
                tracing::warn!(%cause, "something is stored that searches do not see yet");
                let full = matches!(&*cause, RagError::Index(error) if error.is_disk_full());
                let why = if full { "the disk is full" } else { "the search could not be brought up to date" };
                let status = if full { StatusCode::INSUFFICIENT_STORAGE } else { StatusCode::SERVICE_UNAVAILABLE };
                let message = format!("it is stored, but searches do not see it yet: {why}; the server goes on trying");
                Self { retry_after: Some(5), ..Self::new(status, "NotSearchableYet", message) }
            }
            RagError::Slow { .. } => Self::unavailable(message, 5),
            RagError::Interrupted => Self::internal(&message),
            RagError::Deadline { .. } => Self::new(StatusCode::GATEWAY_TIMEOUT, "Timeout", message),
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        let message = error.to_string();
        match error {
            StoreError::NotFound(_) => Self::new(StatusCode::NOT_FOUND, "NotFound", message),
            StoreError::AlreadyExists(_) => Self::new(StatusCode::CONFLICT, "AlreadyExists", message),
            StoreError::EmbedderMismatch { .. } => Self::new(StatusCode::CONFLICT, "EmbedderMismatch", message),
            StoreError::Superseded { .. } | StoreError::NotCaughtUp { .. } => Self::unavailable(message, 1),
            StoreError::NoGeneration(_) => Self::new(StatusCode::NOT_FOUND, "NotFound", message),
            StoreError::GenerationServes(_) => Self::new(StatusCode::CONFLICT, "GenerationServes", message),
            StoreError::Busy => Self::unavailable(message, 1),
            StoreError::Full { .. } => {
                tracing::error!(%error, "the disk is full");
                let message = "the server's disk is full: nothing of this was stored; try again when there is room";
                Self { retry_after: Some(30), ..Self::new(StatusCode::INSUFFICIENT_STORAGE, "DiskFull", message) }
            }
            StoreError::ReadOnly { .. } => {
                tracing::error!(%error, "a DB cannot be written");
                Self::unavailable("the DB can only be read just now: nothing of this was stored".to_owned(), 30)
            }
            StoreError::Detached { .. } | StoreError::DataDirChanged { .. } => {
                tracing::error!(%error, "files of the data directory are gone");
                let message = "the server's data directory was deleted or replaced while it ran: nothing of this was stored; \
                               the operator has to put it back or restart the server";
                Self::unavailable(message.to_owned(), 30)
            }
            StoreError::Io { .. } => {
                tracing::error!(%error, "files of a DB cannot be used");
                Self::unavailable("the DB's files cannot be used just now; the server's log says why".to_owned(), 5)
            }
            StoreError::Damaged { .. } => {
                tracing::error!(%error, "a DB is damaged");
                let message =
                    "the DB is damaged: nothing of this was done; the operator has to restore it from a backup";
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "DatabaseDamaged", message)
            }
            error => {
                let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
                Self::internal(&format!("{error}: {source}"))
            }
        }
    }
}

impl From<ProviderError> for ApiError {
    fn from(error: ProviderError) -> Self {
        let message = error.to_string();
        if error.is_timeout() {
            return Self::new(StatusCode::GATEWAY_TIMEOUT, "UpstreamTimeout", message);
        }
        let retry_after = error.retry_after().map_or(5, |wait| wait.as_secs_f64().ceil().max(1.0) as u64);
        if error.is_unavailable() {
            Self::unavailable(message, retry_after)
        } else {
            // Misconfigured or misbehaving: the operator must act, waiting does not help.
            Self::new(StatusCode::BAD_GATEWAY, "UpstreamError", message)
        }
    }
}
