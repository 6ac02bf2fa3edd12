//! The API's description, generated from the handlers.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::State,
    http::{HeaderName, header::CONTENT_TYPE},
};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        ContentBuilder, HeaderBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, Response,
        ResponseBuilder,
        path::{Operation, PathItem},
        schema::{OneOfBuilder, Schema},
    },
};

use super::{
    router::{ALIASES, documented},
    state::AppState,
};
use crate::{
    domain::RerankMethod,
    wire::{ErrorBody, ProviderName, RerankName},
};

/// What any route may answer before or instead of its handler.
const EVERYWHERE: [(&str, &str); 6] = [
    ("400", "A request that cannot be understood; the message says what is wrong"),
    ("404", "No such thing, or no such route"),
    ("405", "The route does not take this method"),
    ("421", "The server is not known by this host name (--allowed-hosts)"),
    ("500", "A bug, or a damaged DB; the server's log has the reason under the request's id"),
    ("503", "Overloaded, stopping, or the DB cannot be used just now; see Retry-After"),
];

/// What the connection answers, without a body, to a request that it cannot take in.
const WITHOUT_ROUTE: [(&str, &str); 2] =
    [("414", "The path and the query string are too long"), ("431", "The headers are too large")];

/// What any route with a body may answer besides.
const WITH_BODY: [(&str, &str); 4] = [
    ("408", "The body came too slowly"),
    ("413", "The body is larger than the server takes"),
    ("415", "The body is not declared as JSON"),
    ("507", "The disk is full"),
];

const JSON: &str = "application/json";

/// The OpenAPI document of all routes.
pub fn document() -> OpenApi {
    let mut document = documented().split_for_parts().1;
    for (alias, route) in ALIASES {
        if let Some(item) = document.paths.paths.get(route).cloned() {
            document.paths.paths.insert(alias.to_owned(), item);
        }
    }
    for operation in document.paths.paths.values_mut().flat_map(operations) {
        add_common_responses(operation);
    }
    let info = InfoBuilder::new()
        .title("ragctl")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some("Answers questions from a team's documents, with citations."))
        .license(Some(LicenseBuilder::new().name("MIT OR Apache-2.0").build()))
        .build();
    OpenApiBuilder::from(document).info(info).build()
}

/// The document of a server that has these providers, and perhaps a rerank server.
fn document_for(providers: &[&str], reranks: bool) -> OpenApi {
    let mut document = document();
    if let Some(components) = &mut document.components {
        components.schemas.insert(ProviderName::name().into_owned(), ProviderName::schema_of(providers));
        let methods = RerankMethod::ALL.into_iter().filter(|method| reranks || *method != RerankMethod::Http);
        components.schemas.insert(RerankName::name().into_owned(), RerankName::schema_of(methods));
    }
    document
}

/// Answers with the description of this server.
///
/// Written once: it is large, and whoever asks for it again and again must not take the processor from others.
pub(super) async fn serve(State(state): State<Arc<AppState>>) -> ([(HeaderName, &'static str); 1], Bytes) {
    let write = || {
        let providers: Vec<&str> = state.engine.models().names().collect();
        let reranks = state.engine.models().reranker().is_some();
        serde_json::to_vec(&document_for(&providers, reranks)).unwrap_or_default().into()
    };
    ([(CONTENT_TYPE, JSON)], state.description.get_or_init(write).clone())
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.post, &mut item.delete, &mut item.put, &mut item.patch].into_iter().flatten()
}

/// Describes what any route may answer, where the route does not say it itself.
fn add_common_responses(operation: &mut Operation) {
    let of_bodies = if operation.request_body.is_some() { &WITH_BODY[..] } else { &[] };
    for (status, description) in EVERYWHERE.iter().chain(of_bodies) {
        match operation.responses.responses.get_mut(*status) {
            None => {
                let response = error_response(description, *status == "503");
                operation.responses.responses.insert((*status).to_owned(), RefOr::T(response));
            }
            Some(RefOr::T(response)) => allow_errors(response),
            Some(RefOr::Ref(_)) => {}
        }
    }
    for (status, description) in WITHOUT_ROUTE {
        let response = ResponseBuilder::new().description(description).build();
        operation.responses.responses.entry(status.to_owned()).or_insert(RefOr::T(response));
    }
}

fn error_response(description: &str, retry: bool) -> Response {
    let content = ContentBuilder::new().schema(Some(error_body())).build();
    let response = ResponseBuilder::new().description(description).content(JSON, content);
    if !retry {
        return response.build();
    }
    let seconds =
        HeaderBuilder::new().schema(Some(u64::schema())).description(Some("Seconds to wait before another try"));
    response.header("Retry-After", seconds.build()).build()
}

/// A response with a body of its own can be one of the common errors as well.
fn allow_errors(response: &mut Response) {
    for content in response.content.values_mut() {
        let RefOr::T(content) = content else { continue };
        if let Some(own) = content.schema.take() {
            let same = own == error_body();
            let either = |own| OneOfBuilder::new().item(own).item(error_body()).into();
            content.schema = Some(if same { own } else { either(own) });
        }
    }
}

fn error_body() -> RefOr<Schema> {
    RefOr::Ref(Ref::from_schema_name(ErrorBody::name()))
}
