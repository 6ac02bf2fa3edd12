//! `ragctl search`: which passages a question finds, and why.

use super::{explained, parts, print, query, serve};
use crate::{
    api::{self, AskDefaults},
    cli::{ExitStatus, SearchArgs, settings::Settings},
    client::Client,
    resilience::CallContext,
    telemetry::ServiceUrl,
    util::terminal::tell,
    wire::{AskRequest, SearchResponse},
};

/// Characters of a passage that are printed.
const SHOWN: usize = 200;

pub(super) async fn run(settings: Settings, args: SearchArgs) -> anyhow::Result<ExitStatus> {
    if let Some(refused) = query::refused(&args.question) {
        return Ok(refused);
    }
    let work = async {
        match &args.url {
            Some(url) => remote(&settings, &args, url).await,
            None => local(&settings, &args).await,
        }
    };
    let found = tokio::select! {
        found = work => found?,
        () = serve::shutdown_signal() => return Ok(ExitStatus::Interrupted),
    };
    if args.json {
        return print(&(serde_json::to_string_pretty(&found)? + "\n"));
    }
    print(&text(&found, args.text))?;
    if let Some(reason) = &found.degraded_reason {
        tell(format_args!("note: this is a degraded search ({reason})"));
    }
    Ok(ExitStatus::Success)
}

async fn local(settings: &Settings, args: &SearchArgs) -> anyhow::Result<SearchResponse> {
    let parts = parts::build(settings).await?;
    let reranks = parts.engine.models().reranker().is_some();
    let defaults = AskDefaults { db: settings.db.clone(), options: settings.retrieval.clone(), reranks };
    let request = AskRequest { explain: Some(true), ..query::narrowed(&args.question, &args.narrow) };
    let question = api::question(request, &defaults)?;
    let call = CallContext::within(settings.resilience.request_timeout);
    let retrieval = parts.engine.find(&question, &call).await?;
    Ok(api::found(&question, &retrieval, &call, uuid::Uuid::new_v4().to_string()))
}

async fn remote(settings: &Settings, args: &SearchArgs, url: &ServiceUrl) -> anyhow::Result<SearchResponse> {
    let client = Client::new(url, settings.provider.timeouts.connect)?;
    let asked = query::chosen(settings, &args.retrieval, query::narrowed(&args.question, &args.narrow));
    let db = args.store.db.as_ref().map(|_| settings.db.to_string());
    client.search(&AskRequest { db, ..asked }).await
}

/// The passages and the stages, for people.
fn text(found: &SearchResponse, whole: bool) -> String {
    let mut text = String::new();
    if let Some(question) = &found.standalone_question {
        text.push_str(&format!("Searched for: {question}\n\n"));
    }
    if found.metadatas.is_empty() {
        text.push_str(&format!("No passage of the DB \"{}\" matches.\n", found.db));
    }
    for ((n, metadata), passage) in (1..).zip(&found.metadatas).zip(&found.contexts) {
        text.push_str(&format!("[{n}] {}, {} (score {:.3})\n", metadata.source, query::at(metadata), metadata.score));
        if let Some(why) = &metadata.why {
            text.push_str(&format!("    {why}\n"));
        }
        let words: Vec<&str> = passage.split_whitespace().collect();
        let line = words.join(" ");
        match whole {
            true => passage.lines().for_each(|line| text.push_str(&format!("    │ {line}\n"))),
            false if line.chars().count() > SHOWN => {
                text.push_str(&format!("    │ {}…\n", line.chars().take(SHOWN).collect::<String>().trim_end()));
            }
            false => text.push_str(&format!("    │ {line}\n")),
        }
    }
    text.push_str(&explained::passages(&found.metadatas, false));
    text.push_str(&explained::stages(found.explanation.as_deref().unwrap_or_default(), &found.timings_ms));
    text
}
