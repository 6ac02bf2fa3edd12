//! The API's description, generated from the handlers.

use std::sync::OnceLock;

use axum::Json;
use utoipa::openapi::{InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder};

use super::router::{ALIASES, documented};

/// The OpenAPI document of all routes.
pub fn document() -> OpenApi {
    let mut document = documented().split_for_parts().1;
    for (alias, route) in ALIASES {
        if let Some(item) = document.paths.paths.get(route).cloned() {
            document.paths.paths.insert(alias.to_owned(), item);
        }
    }
    let info = InfoBuilder::new()
        .title("ragctl")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some("Answers questions from a team's documents, with citations."))
        .license(Some(LicenseBuilder::new().name("MIT OR Apache-2.0").build()))
        .build();
    OpenApiBuilder::from(document).info(info).build()
}

pub(super) async fn serve() -> Json<&'static OpenApi> {
    static DOCUMENT: OnceLock<OpenApi> = OnceLock::new();
    Json(DOCUMENT.get_or_init(document))
}
