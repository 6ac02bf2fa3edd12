//! The API's description, generated from the handlers.

use std::sync::OnceLock;

use axum::{
    body::Bytes,
    http::{HeaderName, header::CONTENT_TYPE},
};
use utoipa::openapi::{
    ContentBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, ResponseBuilder,
};

use super::router::{ALIASES, documented};

/// The OpenAPI document of all routes.
pub fn document() -> OpenApi {
    let mut document = documented().split_for_parts().1;
    for (alias, route) in ALIASES {
        if let Some(item) = document.paths.paths.get(route).cloned() {
            document.paths.paths.insert(alias.to_owned(), item);
        }
    }
    add_common_answers(&mut document);
    let info = InfoBuilder::new()
        .title("ragctl")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some("Answers questions from a team's documents, with citations."))
        .license(Some(LicenseBuilder::new().name("MIT OR Apache-2.0").build()))
        .build();
    OpenApiBuilder::from(document).info(info).build()
}

/// What any route may answer before or instead of its handler: described once, here.
fn add_common_answers(document: &mut OpenApi) {
    let error = |description: &str| {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("ErrorBody"))).build();
        ResponseBuilder::new().description(description).content("application/json", content).build()
    };
    let everywhere = [
        ("400", "A request that cannot be understood; the message says what is wrong"),
        ("404", "No such thing, or no such route"),
        ("405", "The route does not take this method"),
        ("421", "The server is not known by this host name (--allowed-hosts)"),
        ("500", "A bug, or a damaged DB; the server's log has the reason under the request's id"),
        ("503", "Overloaded, stopping, or the DB cannot be used just now; see Retry-After"),
    ];
    let with_body = [
        ("408", "The body came too slowly"),
        ("413", "The body is larger than the server takes"),
        ("415", "The body is not declared as JSON"),
        ("507", "The disk is full"),
    ];
    let operations = document.paths.paths.values_mut().flat_map(|item| {
        [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete].into_iter().flatten()
    });
    for operation in operations {
        let takes_body = operation.request_body.is_some();
        let common = everywhere.iter().chain(with_body.iter().filter(|_| takes_body));
        for (status, description) in common {
            operation.responses.responses.entry((*status).to_owned()).or_insert_with(|| RefOr::T(error(description)));
        }
    }
}

/// Written once: it is large, and whoever asks for it again and again must not take the processor from others.
pub(super) async fn serve() -> ([(HeaderName, &'static str); 1], Bytes) {
    static DOCUMENT: OnceLock<Bytes> = OnceLock::new();
    let written = DOCUMENT.get_or_init(|| serde_json::to_vec(&document()).unwrap_or_default().into());
    ([(CONTENT_TYPE, "application/json")], written.clone())
}
