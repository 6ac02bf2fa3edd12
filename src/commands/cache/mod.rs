//! `ragctl cache`: the semantic cache of a running server, and how to set it.

mod log;
mod tune;

use std::time::Duration;

use futures::{StreamExt, stream};

use super::{print, printer, serve};
use crate::{
    cli::{CacheClearArgs, CacheStatsArgs, CacheWarmArgs, ExitStatus},
    client::Client,
    wire::{AskRequest, CacheClearRequest, CacheFigures, CacheMetricsResponse},
};

pub(super) use tune::run as tune;

/// Longest wait for a connection to the server.
const CONNECT: Duration = Duration::from_secs(5);

pub(super) async fn stats(args: CacheStatsArgs) -> anyhow::Result<ExitStatus> {
    let client = Client::new(&args.url, CONNECT)?;
    let stats = client.cache_metrics().await?;
    if args.json {
        return print(&(serde_json::to_string_pretty(&stats)? + "\n"));
    }
    print(&described(&stats))
}

fn described(stats: &CacheMetricsResponse) -> String {
    let Some(figures) = &stats.semantic_cache.figures else {
        return stats.message.clone().unwrap_or_else(|| "the semantic cache is off".to_owned()) + "\n";
    };
    let CacheFigures { hits, misses, exact_hits, semantic_hits, size, max_size, .. } = figures;
    let mut text = format!(
        "questions   {} of which {hits} answered from the cache ({:.1} %): {exact_hits} in known words, {semantic_hits} in other words\n\
         entries     {size} of {max_size} ({:.1} %), {:.1} MiB of {:.1} MiB\n\
         gone        {} made room, {} too old, {} because documents changed; {} answers were too large\n",
        hits + misses,
        100.0 * figures.hit_rate,
        100.0 * figures.fill_ratio,
        mib(figures.bytes),
        mib(figures.max_bytes),
        figures.evictions,
        figures.expirations,
        figures.invalidations,
        figures.too_large,
    );
    let refused: Vec<String> =
        figures.rejected.iter().filter(|(_, n)| **n > 0).map(|(reason, n)| format!("{n} {reason}")).collect();
    let refused = if refused.is_empty() { "none".to_owned() } else { refused.join(", ") };
    text.push_str(&format!("refused     {refused}\n"));
    let guards = if figures.guards { "with guards" } else { "without guards" };
    match (figures.delta, figures.false_hit_rate_upper) {
        (Some(delta), Some(limit)) => text.push_str(&format!(
            "mode        verified, {guards}; at most {:.2} % wrong wanted, at most {:.2} % likely (95 %)\n",
            100.0 * delta,
            100.0 * limit
        )),
        _ => text.push_str(&format!("mode        threshold {:.3}, {guards}\n", figures.similarity_threshold)),
    }
    text
}

fn mib(bytes: usize) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

pub(super) async fn clear(args: CacheClearArgs) -> anyhow::Result<ExitStatus> {
    let client = Client::new(&args.url, CONNECT)?;
    let request = CacheClearRequest { all: args.all.then_some(true), namespace: args.namespace, db: args.db };
    let cleared = client.clear_cache(&request).await?;
    print(&format!("{} removed, {} left\n", cleared.removed, cleared.size))
}

pub(super) async fn warm(args: CacheWarmArgs) -> anyhow::Result<ExitStatus> {
    let questions = log::questions(&args.file)?;
    let client = Client::new(&args.url, CONNECT)?;
    let progress = printer::bar(questions.len() as u64, "questions");
    let ask = async |text: String| {
        let request = AskRequest { query: Some(text.clone()), db: args.db.clone(), ..AskRequest::default() };
        let answer = client.query(&request).await;
        progress.inc(1);
        (text, answer)
    };
    let work = stream::iter(questions.iter().map(|logged| logged.text.clone()).map(&ask))
        .buffer_unordered(usize::from(args.concurrency))
        .collect::<Vec<_>>();
    let answers = tokio::select! {
        answers = work => answers,
        () = serve::shutdown_signal() => return Ok(ExitStatus::Interrupted),
    };
    progress.finish_and_clear();
    let (mut known, mut degraded, mut failed) = (0, 0, 0);
    for (question, answer) in &answers {
        match answer {
            Ok(answer) => {
                known += usize::from(answer.cache_hit);
                degraded += usize::from(answer.degraded);
            }
            Err(error) => {
                failed += 1;
                eprintln!("not answered: {question}: {error:#}");
            }
        }
    }
    let kept = answers.len() - known - degraded - failed;
    print(&format!(
        "{} questions: {kept} answered and kept, {known} known already, {degraded} degraded (not kept), {failed} failed\n",
        answers.len()
    ))?;
    Ok(if failed + degraded > 0 { ExitStatus::Failure } else { ExitStatus::Success })
}
