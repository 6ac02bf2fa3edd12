//! From flags to what a run needs.

use std::path::PathBuf;

use anyhow::{Context, bail};

use crate::{
    bench::{
        report,
        request::{Endpoint, RequestPlan},
        result::ResultFile,
        target::Target,
        workload::{Mix, Workload},
    },
    cli::RequestArgs,
    commands::UsageError,
    telemetry::ServiceUrl,
    wire::AskRequest,
};

/// What is sent.
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
        "query" => RequestPlan::ask(Endpoint::Query, ask),
        "stream" => RequestPlan::ask(Endpoint::Stream, ask),
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
    if asks && plan.endpoint == Endpoint::Other {
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

/// What is asked, and how that is called.
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

/// Where it is sent.
pub(super) async fn targets(urls: &[ServiceUrl]) -> anyhow::Result<Vec<Target>> {
    let mut targets = Vec::new();
    for url in urls {
        targets.push(Target::resolve(url).await?);
    }
    Ok(targets)
}

/// Stored results: a file, a pattern of files, or `latest` or `best` of a folder; in the order of their names.
pub(super) fn stored(which: &str, folder: &std::path::Path) -> anyhow::Result<Vec<(String, ResultFile)>> {
    let load = |path: &PathBuf| anyhow::Ok((path.display().to_string(), ResultFile::load(path)?));
    if let "latest" | "best" = which {
        let mut found = matching(&folder.join("*.json").to_string_lossy())?;
        found.sort();
        let mut results: Vec<_> = found.iter().filter_map(|path| load(path).ok()).collect();
        let chosen = if which == "latest" {
            results.into_iter().max_by(|a, b| a.1.metrics.timestamp.cmp(&b.1.metrics.timestamp))
        } else {
            let sound =
                |r: &ResultFile| r.ended == "completed" && r.soundness.sound && r.metrics.error_rate_percent < 50.0;
            results.retain(|(_, result)| sound(result));
            results
                .into_iter()
                .min_by(|a, b| a.1.metrics.response_times_ms.p50.total_cmp(&b.1.metrics.response_times_ms.p50))
        };
        let chosen =
            chosen.with_context(|| format!("--baseline {which}: there is no result in {}", folder.display()))?;
        return Ok(vec![chosen]);
    }
    if !which.contains(['*', '?', '[', '{']) {
        return Ok(vec![load(&PathBuf::from(which))?]);
    }
    let mut found = matching(which)?;
    found.sort();
    if found.is_empty() {
        bail!("no file matches {which}");
    }
    found.iter().map(load).collect()
}

/// Files that match a pattern.
fn matching(pattern: &str) -> anyhow::Result<Vec<PathBuf>> {
    let normal = pattern.replace('\\', "/");
    let fixed = normal.split(['*', '?', '[', '{']).next().unwrap_or_default();
    let folder = fixed.rsplit_once('/').map_or(".", |(folder, _)| if folder.is_empty() { "/" } else { folder });
    let glob = globset::GlobBuilder::new(&normal).literal_separator(true).build()?.compile_matcher();
    let files =
        walkdir::WalkDir::new(folder).into_iter().filter_map(Result::ok).filter(|entry| entry.file_type().is_file());
    Ok(files
        .map(walkdir::DirEntry::into_path)
        .filter(|path| {
            let shown = path.to_string_lossy().replace('\\', "/");
            glob.is_match(&shown) || glob.is_match(shown.trim_start_matches("./"))
        })
        .collect())
}

/// Writes a result and says where.
pub(super) fn save(result: &ResultFile, folder: &std::path::Path, formats: &[report::Format]) -> anyhow::Result<()> {
    for path in report::save(result, folder, formats).context("cannot write the result")? {
        eprintln!("written: {}", path.display());
    }
    Ok(())
}
