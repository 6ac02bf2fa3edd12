//! Parameters in the query string and in the path, with errors in the API's form.

use axum::{
    extract::{FromRequestParts, rejection::PathRejection},
    http::{StatusCode, request::Parts},
};
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;

use super::error::ApiError;

/// The query string, parsed.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        check_encoding(parts.uri.query().unwrap_or_default())?;
        let parsed = axum::extract::Query::<T>::from_request_parts(parts, state).await;
        parsed.map(|query| Self(query.0)).map_err(|rejection| ApiError::invalid(rejection.body_text()))
    }
}

/// Refuses a query string that does not stand for a text.
///
/// The parser behind [`Query`] puts replacement characters where the bytes are no UTF-8, and keeps a `%` that encodes
/// nothing: the handler would get a value that nobody sent.
fn check_encoding(query: &str) -> Result<(), ApiError> {
    let is_code = |part: &str| part.len() >= 2 && part.bytes().take(2).all(|byte| byte.is_ascii_hexdigit());
    if !query.split('%').skip(1).all(is_code) {
        return Err(ApiError::invalid(
            "the query string has a \"%\" without two hexadecimal digits after it; write %25 for the sign itself",
        ));
    }
    if percent_decode_str(query).decode_utf8().is_err() {
        return Err(ApiError::invalid("the query string is not UTF-8"));
    }
    Ok(())
}

/// What the path has in the place of a pattern, parsed.
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let parsed = axum::extract::Path::<T>::from_request_parts(parts, state).await;
        parsed.map(|path| Self(path.0)).map_err(refused)
    }
}

fn refused(rejection: PathRejection) -> ApiError {
    if rejection.status() == StatusCode::BAD_REQUEST {
        ApiError::invalid(rejection.body_text())
    } else {
        // A handler asks for what its route does not have.
        ApiError::internal(&rejection)
    }
}
