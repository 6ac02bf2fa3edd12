//! `ragctl query`: one answer in the terminal, from the local data or a server.

use std::io::{IsTerminal, Write};

use anyhow::{Context, bail};
use eventsource_stream::Eventsource;
use futures::StreamExt;

use super::{explained, parts, print, serve};
use crate::{
    api::{self, AskDefaults},
    cli::{ExitStatus, NarrowArgs, QueryArgs, RetrievalArgs, settings::Settings},
    client::Client,
    rag::{AnswerEvent, Question},
    resilience::CallContext,
    telemetry::ServiceUrl,
    util::terminal::tell,
    wire::{
        AskRequest, AskResponse, ContextMetadata, ErrorBody, MAX_QUESTION_CHARS, ProofBody, SegmentBody, StreamHead,
        StreamProof, StreamToken,
    },
};

pub(super) async fn run(settings: Settings, args: QueryArgs) -> anyhow::Result<ExitStatus> {
    if let Some(refused) = refused(&args.question) {
        return Ok(refused);
    }
    let work = async {
        match &args.url {
            Some(url) => remote(&settings, &args, url).await,
            None => local(&settings, &args).await,
        }
    };
    tokio::select! {
        done = work => done,
        () = serve::shutdown_signal() => Ok(ExitStatus::Interrupted),
    }
}

/// Says what is wrong with the length of a question.
pub(super) fn refused(question: &str) -> Option<ExitStatus> {
    let length = question.trim().chars().count();
    if (1..=MAX_QUESTION_CHARS).contains(&length) {
        return None;
    }
    eprintln!("ragctl: the question must have 1 to {MAX_QUESTION_CHARS} characters, it has {length}");
    Some(ExitStatus::Usage)
}

async fn local(settings: &Settings, args: &QueryArgs) -> anyhow::Result<ExitStatus> {
    let parts = parts::build(settings).await?;
    let reranks = parts.engine.models().reranker().is_some();
    let (db, options, hops) = (settings.db.clone(), settings.retrieval.clone(), settings.hops);
    let defaults = AskDefaults { db, options, reranks, hops };
    let request =
        AskRequest { explain: Some(args.explain), cache: Some(false), ..narrowed(&args.question, &args.narrow) };
    let question = match args.multihop {
        true => api::multihop_question(request, &defaults)?,
        false => api::question(request, &defaults)?,
    };
    let question = Question { whole: args.json, ..question };
    let call = CallContext::within(settings.resilience.request_timeout);
    let asked = parts.engine.ask(&question, &call).await?;
    if args.json {
        let answer = asked.answer().await?;
        let request_id = uuid::Uuid::new_v4().to_string();
        let response: AskResponse = api::answered(&question, answer, request_id);
        return print(&(serde_json::to_string_pretty(&response)? + "\n"));
    }
    let (retrieval, mut events, cached) = asked.into_parts();
    let mut whole = String::new();
    while let Some(event) = events.next().await {
        // The message about what went wrong begins a line.
        match event.inspect_err(|_| drop(say("\n")))? {
            AnswerEvent::Text(text) => {
                say(&text)?;
                whole.push_str(&text);
            }
            AnswerEvent::Reasoning(_) => {}
            // A terminal takes nothing back.
            AnswerEvent::Restart => {
                whole.clear();
                say("\n\n")?;
            }
            AnswerEvent::Segment(segment) => seam(&segment.author.name),
            AnswerEvent::Proof(sentence) => mark(&api::stream_proof(&sentence, &retrieval))?,
            AnswerEvent::Done(outcome) => {
                let done = api::outcome(&question, &retrieval, &outcome, &cached, &whole, String::new());
                finish(&done, args)?;
            }
        }
    }
    Ok(ExitStatus::Success)
}

async fn remote(settings: &Settings, args: &QueryArgs, url: &ServiceUrl) -> anyhow::Result<ExitStatus> {
    let client = Client::new(url, settings.provider.timeouts.connect)?;
    let request = request(settings, args);
    if args.json {
        let answer = client.query(&request, args.multihop).await?;
        return print(&(serde_json::to_string_pretty(&answer)? + "\n"));
    }
    let mut events = client.stream_query(&request, args.multihop).await?.eventsource();
    let mut head: Option<StreamHead> = None;
    while let Some(event) = events.next().await {
        let event = event.context("the answer broke off")?;
        match event.event.as_str() {
            "contexts" => head = serde_json::from_str(&event.data).ok(),
            "token" => say(&serde_json::from_str::<StreamToken>(&event.data)?.text)?,
            "done" => {
                let mut done: AskResponse = serde_json::from_str(&event.data)?;
                if let Some(head) = head {
                    done.metadatas = head.metadatas;
                }
                finish(&done, args)?;
                return Ok(ExitStatus::Success);
            }
            "proof" => mark(&serde_json::from_str(&event.data)?)?,
            "segment" => seam(&serde_json::from_str::<SegmentBody>(&event.data)?.upstream),
            "error" => bail!("{}", serde_json::from_str::<ErrorBody>(&event.data)?.message),
            _ => {}
        }
    }
    bail!("the answer broke off before it was complete")
}

/// A question to the documents that the flags mean.
pub(super) fn narrowed(question: &str, narrow: &NarrowArgs) -> AskRequest {
    let some = |list: &[String]| (!list.is_empty()).then(|| list.to_vec());
    AskRequest {
        query: Some(question.trim().to_owned()),
        languages: some(&narrow.language),
        versions: some(&narrow.label),
        filter: narrow.filter().map(|filter| filter.to_json()),
        ..AskRequest::default()
    }
}

/// What was said at the command line about the search; the rest is the server's to decide.
pub(super) fn chosen(settings: &Settings, said: &RetrievalArgs, request: AskRequest) -> AskRequest {
    let retrieval = &settings.retrieval;
    AskRequest {
        k: said.top_k.as_ref().map(|_| retrieval.k as i64),
        method: said.method.as_ref().map(|_| retrieval.mode.to_string()),
        bm25_weight: retrieval.fusion.bm25_weight.filter(|_| said.fusion.bm25_weight.is_some()).map(f64::from),
        rrf_enable: retrieval.fusion.rrf.filter(|_| said.fusion.rrf.is_some()),
        rrf_k: retrieval.fusion.rrf_k.filter(|_| said.fusion.rrf_k.is_some()).map(i64::from),
        sparse: said.fusion.sparse.as_ref().map(|_| retrieval.fusion.sparse.to_string()),
        rerank: said.rerank.rerank.as_ref().map(|_| retrieval.rerank.to_string()),
        rerank_top_n: retrieval.rerank_top_n.filter(|_| said.rerank.rerank_top_n.is_some()).map(|n| n as i64),
        ..request
    }
}

fn request(settings: &Settings, args: &QueryArgs) -> AskRequest {
    AskRequest {
        provider: settings.provider.choice.filter(|_| args.provider.provider.is_some()).map(|p| p.to_string()),
        db: args.store.db.as_ref().map(|_| settings.db.to_string()),
        // An answer from the cache has no stages to tell of.
        explain: args.explain.then_some(true),
        cache: args.explain.then_some(false),
        depth: args.hops.multihop_depth.as_ref().map(|_| settings.hops.depth as i64),
        fanout: args.hops.multihop_fanout.as_ref().map(|_| settings.hops.fanout as i64),
        budget_ms: args.hops.multihop_time.as_ref().and_then(|_| settings.hops.budget.as_millis().try_into().ok()),
        ..chosen(settings, &args.retrieval, narrowed(&args.question, &args.narrow))
    }
}

/// Where a passage is, for people: `page 3, “Travel › By rail”`.
pub(super) fn at(metadata: &ContextMetadata) -> String {
    place(&metadata.pages, &metadata.heading).unwrap_or_else(|| format!("part {}", metadata.chunk + 1))
}

/// Pages and headings for people; `None` where neither is known.
fn place(pages: &[u32], heading: &[String]) -> Option<String> {
    let pages = match pages {
        [] => None,
        [page] => Some(format!("page {page}")),
        [first, .., last] => Some(format!("pages {first}–{last}")),
    };
    let heading = (!heading.is_empty()).then(|| format!("“{}”", heading.join(" › ")));
    let parts: Vec<String> = pages.into_iter().chain(heading).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// Prints a piece of the answer at once.
fn say(text: &str) -> anyhow::Result<()> {
    print(text).map(drop)
}

/// Marks a sentence that no source says, right behind it.
fn mark(proof: &StreamProof) -> anyhow::Result<()> {
    if proof.supported != Some(false) {
        return Ok(());
    }
    let reason = proof.reason.as_deref().unwrap_or("words");
    let mark = format!("[unsupported: {reason}]");
    let colored = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    say(&if colored { format!(" \u{1b}[33m{mark}\u{1b}[0m") } else { format!(" {mark}") })
}

/// What a reader should know about sentences that no source says.
fn tell_unsupported(proof: &ProofBody) {
    let (all, open) = (proof.sentences, proof.sentences - proof.supported.min(proof.sentences));
    match (open, all) {
        (0, _) => {}
        (1, 1) => tell(format_args!("note: the sources do not say what the answer says")),
        (open, all) if open == all => tell(format_args!("note: the sources say none of the answer's {all} sentences")),
        (open, all) => tell(format_args!(
            "note: {open} of {all} sentences of the answer are not in the sources, marked [unsupported]"
        )),
    }
    if !proof.unknown_citations.is_empty() {
        let numbers: Vec<String> = proof.unknown_citations.iter().map(|number| format!("[{number}]")).collect();
        tell(format_args!(
            "note: the answer cites {}, which {} no source",
            numbers.join(", "),
            if numbers.len() == 1 { "is" } else { "are" }
        ));
    }
}

/// Says that another upstream goes on with the answer.
fn seam(upstream: &str) {
    std::io::stdout().flush().ok();
    tell(format_args!("\nnote: the answer broke off; {upstream} goes on with it"));
}

/// Lists the sources of an answer, with `--quotes` what it quotes of each, with `--explain` how they were found.
fn finish(done: &AskResponse, args: &QueryArgs) -> anyhow::Result<()> {
    let mut text = String::from("\n");
    if let Some(subquestions) = done.subquestions.as_ref().filter(|subquestions| !subquestions.is_empty()) {
        text.push_str("\nAlso looked for\n");
        subquestions.iter().for_each(|question| text.push_str(&format!("  {question}\n")));
    }
    if !done.metadatas.is_empty() {
        text.push_str("\nSources\n");
    }
    for (n, metadata) in (1..).zip(&done.metadatas) {
        let ContextMetadata { source, score, also_in, .. } = metadata;
        text.push_str(&format!("  [{n}] {source}, {} (score {score:.2})\n", at(metadata)));
        if !also_in.is_empty() {
            let others: Vec<&str> = also_in.iter().map(|copy| copy.source.as_str()).collect();
            text.push_str(&format!("      the same text is in {}\n", others.join(", ")));
        }
        for citation in done.citations.iter().filter(|citation| args.quotes && citation.number == n) {
            citation.quote.lines().for_each(|line| text.push_str(&format!("      │ {line}\n")));
            // A passage may begin on another page, and under another heading.
            let place = place(&citation.pages, &citation.heading);
            place.into_iter().for_each(|place| text.push_str(&format!("      └ {place}\n")));
        }
    }
    if args.explain {
        text.push_str(&explained::passages(&done.metadatas, true));
        text.push_str(&explained::stages(done.explanation.as_deref().unwrap_or_default(), &done.timings_ms));
    }
    say(&text)?;
    std::io::stdout().flush().ok();
    if let Some(proof) = &done.proof {
        tell_unsupported(proof);
    }
    if let Some(reason) = &done.degraded_reason {
        tell(format_args!("note: this is a degraded answer ({reason})"));
    }
    Ok(())
}
