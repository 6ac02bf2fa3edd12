//! `ragctl query`: one answer in the terminal, from the local data or a server.

use std::io::Write;

use anyhow::{Context, bail};
use eventsource_stream::Eventsource;
use futures::StreamExt;

use super::{parts, print, serve};
use crate::{
    api::{self, AskDefaults},
    cli::{ExitStatus, QueryArgs, settings::Settings},
    client::Client,
    rag::{AnswerEvent, Passage, Question, citations},
    resilience::CallContext,
    telemetry::ServiceUrl,
    util::terminal::tell,
    wire::{
        AskRequest, AskResponse, ContextMetadata, ErrorBody, MAX_QUESTION_CHARS, SegmentBody, StreamHead, StreamToken,
    },
};

pub(super) async fn run(settings: Settings, args: QueryArgs) -> anyhow::Result<ExitStatus> {
    let length = args.question.trim().chars().count();
    if !(1..=MAX_QUESTION_CHARS).contains(&length) {
        eprintln!("ragctl: the question must have 1 to {MAX_QUESTION_CHARS} characters, it has {length}");
        return Ok(ExitStatus::Usage);
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

async fn local(settings: &Settings, args: &QueryArgs) -> anyhow::Result<ExitStatus> {
    let parts = parts::build(settings).await?;
    let defaults = AskDefaults { db: settings.db.clone(), options: settings.retrieval.clone() };
    let request = AskRequest {
        query: Some(args.question.clone()),
        languages: some(&args.language),
        versions: some(&args.label),
        cache: Some(false),
        ..AskRequest::default()
    };
    let question = Question { whole: args.json, ..api::question(request, &defaults)? };
    let call = CallContext::within(settings.resilience.request_timeout);
    let asked = parts.engine.ask(&question, &call).await?;
    if args.json {
        let answer = asked.answer().await?;
        let request_id = uuid::Uuid::new_v4().to_string();
        let response: AskResponse = api::answered(&question, answer, request_id);
        return print(&(serde_json::to_string_pretty(&response)? + "\n"));
    }
    let (retrieval, mut events, _) = asked.into_parts();
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
            AnswerEvent::Done(outcome) => {
                let cited: Vec<Cited<'_>> = retrieval.passages.iter().map(Cited::from).collect();
                let quoted = citations(&whole, &retrieval.passages).into_iter();
                let quotes: Vec<_> = quoted.map(|citation| (citation.number, citation.quote)).collect();
                finish(
                    &cited,
                    if args.quotes { &quotes } else { &[] },
                    outcome.degraded.map(|reason| reason.as_str()),
                )?;
            }
        }
    }
    Ok(ExitStatus::Success)
}

async fn remote(settings: &Settings, args: &QueryArgs, url: &ServiceUrl) -> anyhow::Result<ExitStatus> {
    let client = Client::new(url, settings.provider.timeouts.connect)?;
    let request = request(settings, args);
    if args.json {
        let answer = client.query(&request).await?;
        return print(&(serde_json::to_string_pretty(&answer)? + "\n"));
    }
    let mut events = client.stream_query(&request).await?.eventsource();
    let mut head: Option<StreamHead> = None;
    while let Some(event) = events.next().await {
        let event = event.context("the answer broke off")?;
        match event.event.as_str() {
            "contexts" => head = serde_json::from_str(&event.data).ok(),
            "token" => say(&serde_json::from_str::<StreamToken>(&event.data)?.text)?,
            "done" => {
                let done: AskResponse = serde_json::from_str(&event.data)?;
                let sources = head.map_or(done.metadatas, |head| head.metadatas);
                let sources: Vec<Cited<'_>> = sources.iter().map(Cited::from).collect();
                let quoted = done.citations.into_iter().filter(|_| args.quotes);
                let quotes: Vec<_> = quoted.map(|citation| (citation.number, citation.quote)).collect();
                finish(&sources, &quotes, done.degraded_reason.as_deref())?;
                return Ok(ExitStatus::Success);
            }
            "segment" => seam(&serde_json::from_str::<SegmentBody>(&event.data)?.upstream),
            "error" => bail!("{}", serde_json::from_str::<ErrorBody>(&event.data)?.message),
            _ => {}
        }
    }
    bail!("the answer broke off before it was complete")
}

fn some(list: &[String]) -> Option<Vec<String>> {
    (!list.is_empty()).then(|| list.to_vec())
}

/// What was said at the command line; the rest is the server's to decide.
fn request(settings: &Settings, args: &QueryArgs) -> AskRequest {
    let (said, retrieval) = (&args.retrieval, &settings.retrieval);
    AskRequest {
        query: Some(args.question.trim().to_owned()),
        k: said.top_k.as_ref().map(|_| retrieval.k as i64),
        method: said.method.as_ref().map(|_| retrieval.mode.to_string()),
        bm25_weight: retrieval.fusion.bm25_weight.filter(|_| said.fusion.bm25_weight.is_some()).map(f64::from),
        rrf_enable: retrieval.fusion.rrf.filter(|_| said.fusion.rrf.is_some()),
        rrf_k: retrieval.fusion.rrf_k.filter(|_| said.fusion.rrf_k.is_some()).map(i64::from),
        provider: settings.provider.choice.filter(|_| args.provider.provider.is_some()).map(|p| p.to_string()),
        db: args.store.db.as_ref().map(|_| settings.db.to_string()),
        languages: some(&args.language),
        versions: some(&args.label),
        ..AskRequest::default()
    }
}

/// A source as it is listed below an answer.
struct Cited<'a> {
    source: &'a str,
    /// Where in the document: page and heading, else the number of the part.
    at: String,
    score: f32,
    /// Other documents that say the same.
    also_in: Vec<&'a str>,
}

impl<'a> From<&'a Passage> for Cited<'a> {
    fn from(passage: &'a Passage) -> Self {
        let also_in = passage.sources().skip(1).collect();
        let (pages, headings) = passage.place.as_ref().map_or_else(Default::default, |place| {
            (place.pages_of(place.start, place.end), place.headings_at(place.start))
        });
        Self { source: &passage.source, at: at(&pages, &headings, passage.chunk), score: passage.score, also_in }
    }
}

impl<'a> From<&'a ContextMetadata> for Cited<'a> {
    fn from(metadata: &'a ContextMetadata) -> Self {
        let also_in = metadata.also_in.iter().map(|copy| copy.source.as_str()).collect();
        let at = at(&metadata.pages, &metadata.heading, metadata.chunk);
        Self { source: &metadata.source, at, score: metadata.score, also_in }
    }
}

/// Where a passage is, for people: `page 3, "Travel › By rail"`.
fn at(pages: &[u32], headings: &[impl AsRef<str>], chunk: u32) -> String {
    let pages = match pages {
        [] => None,
        [page] => Some(format!("page {page}")),
        [first, .., last] => Some(format!("pages {first}–{last}")),
    };
    let headings: Vec<&str> = headings.iter().map(AsRef::as_ref).collect();
    let heading = (!headings.is_empty()).then(|| format!("“{}”", headings.join(" › ")));
    let parts: Vec<String> = pages.into_iter().chain(heading).collect();
    if parts.is_empty() { format!("part {}", chunk + 1) } else { parts.join(", ") }
}

/// Prints a piece of the answer at once.
fn say(text: &str) -> anyhow::Result<()> {
    print(text).map(drop)
}

/// Says that another upstream goes on with the answer.
fn seam(upstream: &str) {
    std::io::stdout().flush().ok();
    tell(format_args!("\nnote: the answer broke off; {upstream} goes on with it"));
}

/// Lists the sources, each with what the answer quotes of it, by number.
fn finish(sources: &[Cited<'_>], quotes: &[(usize, String)], degraded: Option<&str>) -> anyhow::Result<()> {
    let mut text = String::from("\n");
    if !sources.is_empty() {
        text.push_str("\nSources\n");
    }
    for (n, Cited { source, at, score, also_in }) in sources.iter().enumerate() {
        text.push_str(&format!("  [{}] {source}, {at} (score {score:.2})\n", n + 1));
        if !also_in.is_empty() {
            text.push_str(&format!("      the same text is in {}\n", also_in.join(", ")));
        }
        for (_, quote) in quotes.iter().filter(|(number, _)| *number == n + 1) {
            quote.lines().for_each(|line| text.push_str(&format!("      │ {line}\n")));
        }
    }
    say(&text)?;
    std::io::stdout().flush().ok();
    if let Some(reason) = degraded {
        tell(format_args!("note: this is a degraded answer ({reason})"));
    }
    Ok(())
}
