//! From flags to what a run needs.

use anyhow::Context;

use crate::{
    bench::{
        request::{EndpointKind, RequestPlan},
        workload::{Mix, Workload},
    },
    cli::RequestArgs,
    commands::UsageError,
    wire::AskRequest,
};

/// The form of a request.
pub(super) fn request(args: &RequestArgs) -> anyhow::Result<RequestPlan> {
    let ask = AskRequest {
        k: args.k,
        method: args.method.map(|method| method.to_string()),
        db: args.db.clone(),
        provider: args.provider.clone(),
        cache: args.no_cache.then_some(false),
        ..AskRequest::default()
    };
    let mut plan = match args.endpoint.as_str() {
        "query" => RequestPlan::ask(EndpointKind::Query, ask),
        "stream" => RequestPlan::ask(EndpointKind::Stream, ask),
        "health" => RequestPlan::other("GET", "/health", None),
        path if path.starts_with('/') && path.bytes().all(|b| b.is_ascii_graphic()) => {
            let body = match args.body.as_deref() {
                Some(text) => Some(match text.strip_prefix('@') {
                    Some(file) => {
                        std::fs::read_to_string(file).with_context(|| format!("cannot read the body in {file}"))?
                    }
                    None => text.to_owned(),
                }),
                None => None,
            };
            let method = args.http_method.as_deref().unwrap_or(if body.is_some() { "POST" } else { "GET" });
            RequestPlan::other(method, path, body)
        }
        other => return usage(format!("--endpoint {other}: query, stream, health or a /path is wanted")),
    };
    let asks =
        args.k.is_some() || args.method.is_some() || args.db.is_some() || args.provider.is_some() || args.no_cache;
    if asks && plan.endpoint == EndpointKind::Other {
        return usage("-k, --method, --db, --provider and --no-cache are for --endpoint query or stream".into());
    }
    if !args.endpoint.starts_with('/') && (args.body.is_some() || args.http_method.is_some()) {
        return usage("--body and --http-method are for an --endpoint /path".into());
    }
    plan.headers.clone_from(&args.header);
    Ok(plan)
}

fn usage<T>(text: String) -> anyhow::Result<T> {
    Err(UsageError(text).into())
}

/// The queries and their name.
pub(super) fn workload(
    args: &RequestArgs,
    request: &RequestPlan,
    mix: Option<Mix>,
) -> anyhow::Result<(Workload, String)> {
    let mix = args.mix.or(mix).unwrap_or(Mix::Sequential);
    if !request.takes_queries() {
        if args.queries.is_some() || args.mix.is_some() {
            return usage("--queries, --mix: this endpoint takes no query; put {query} into its --body".into());
        }
        return Ok((Workload::single(), "none".into()));
    }
    Ok(match &args.queries {
        Some(path) => {
            (Workload::load(path, mix, args.seed)?, path.file_name().unwrap_or_default().to_string_lossy().into_owned())
        }
        None => (Workload::built_in(mix, args.seed), "built-in".into()),
    })
}
