//! Questions in, answers out.

use std::time::Duration;

use serde_json::Value;

use super::{InvalidRequest, check_list};
use crate::{
    domain::{DbName, Filter, Passage, PassageCopy, RerankMethod, SearchFilter, SearchMode, SparseMode},
    providers::{Author, Message, Role},
    rag::{
        Answer, AnswerSegment, Cached, Citation, FusionChoice, Outcome, ProofSummary, ProvenSentence, Question,
        Retrieval, RetrievalOptions, Timings, citations,
        condense::Condensed,
        multihop::{HopSummary, Hops},
        of_sentence,
        pipeline::{MethodScore, why},
        proofs as proofs_of,
        prove::SentenceProof,
    },
    resilience::CallContext,
    wire::{
        AskRequest, AskResponse, CacheMetadata, CitationBody, ContextCopy, ContextMetadata, MAX_FILTER_CHARS,
        MAX_FILTERS, MAX_QUESTION_CHARS, MethodScoreBody, MultihopBody, ProofBody, SearchResponse, SegmentBody,
        StageExplanation, StreamHead, StreamProof, TimingsMs, TurnBody, UnsupportedBody,
    },
};

/// Most passages of an answer.
const MAX_K: i64 = 50;

/// Most passages that a reranker chooses from.
const MAX_RERANKED: i64 = 100;

/// Longest time of several hops.
const MAX_BUDGET_MS: i64 = 3_600_000;

/// Most turns of a conversation.
const MAX_TURNS: usize = 2_000;

/// What holds for requests that do not say.
#[derive(Debug, Clone)]
pub struct AskDefaults {
    /// The DB.
    pub db: DbName,
    /// Everything about its passages.
    pub options: RetrievalOptions,
    /// Whether there is a rerank server.
    pub reranks: bool,
    /// Bounds of searches in several hops.
    pub hops: Hops,
}

/// Checks a request and fills in what it leaves open.
///
/// # Errors
/// The first field that cannot be used.
pub fn question(request: AskRequest, defaults: &AskDefaults) -> Result<Question, InvalidRequest> {
    let (rerank, rerank_top_n) = reranking(&request, defaults)?;
    let text = request.query.or(request.question).ok_or_else(|| {
        InvalidRequest::new(format!(
            "field \"query\" is missing: give the question, 1 to {MAX_QUESTION_CHARS} characters"
        ))
    })?;
    let text = text.trim();
    let length = text.chars().count();
    if !(1..=MAX_QUESTION_CHARS).contains(&length) {
        return Err(InvalidRequest::new(format!(
            "field \"query\" must have 1 to {MAX_QUESTION_CHARS} characters after trimming, it has {length}"
        )));
    }
    let chosen = &defaults.options;
    let k = match request.k {
        None => chosen.k,
        Some(k) => in_range("k", k, 1..=MAX_K)? as usize,
    };
    let mode = match request.method {
        None => chosen.mode,
        Some(name) => {
            name.parse::<SearchMode>().map_err(|error| InvalidRequest::new(format!("field \"method\": {error}")))?
        }
    };
    let sparse = match request.sparse {
        None => chosen.fusion.sparse,
        Some(name) => {
            name.parse::<SparseMode>().map_err(|error| InvalidRequest::new(format!("field \"sparse\": {error}")))?
        }
    };
    if let Some(weight) = request.bm25_weight.filter(|weight| !(0.0..=1.0).contains(weight)) {
        return Err(InvalidRequest::new(format!("field \"bm25_weight\" must be from 0 to 1, it is {weight}")));
    }
    for (field, list) in [("languages", &request.languages), ("versions", &request.versions)] {
        check_list(field, list.as_deref().unwrap_or_default(), MAX_FILTERS, MAX_FILTER_CHARS)?;
    }
    let rrf_k = request.rrf_k.map(|k| in_range("rrf_k", k, 1..=1_000)).transpose()?;
    Ok(Question {
        text: text.to_owned(),
        history: turns(request.history.unwrap_or_default())?,
        db: match request.db.as_deref() {
            Some(name) => name.parse::<DbName>()?,
            None => defaults.db.clone(),
        },
        options: RetrievalOptions {
            mode,
            k,
            fusion: FusionChoice {
                rrf: request.rrf_enable.or(chosen.fusion.rrf.filter(|_| request.bm25_weight.is_none())),
                rrf_k: rrf_k.map(|k| k as u32).or(chosen.fusion.rrf_k),
                bm25_weight: request.bm25_weight.map(|weight| weight as f32).or(chosen.fusion.bm25_weight),
                sparse,
            },
            filter: SearchFilter {
                languages: request.languages.unwrap_or_default(),
                versions: request.versions.unwrap_or_default(),
                documents: filter(request.filter.as_ref())?,
            },
            rerank,
            rerank_top_n,
        },
        provider: request.provider,
        hops: None,
        cache: request.cache.unwrap_or(true),
        explain: request.explain.unwrap_or(false),
        reasoning: request.reasoning.unwrap_or(false),
        whole: false,
    })
}

/// The same for a question that is searched for in several hops.
///
/// # Errors
/// As [`question`].
pub fn multihop_question(request: AskRequest, defaults: &AskDefaults) -> Result<Question, InvalidRequest> {
    let at_most = 1..=Hops::MOST as i64;
    let given = |field, value: Option<i64>| value.map(|n| in_range(field, n, at_most.clone())).transpose();
    let number = |n: i64| n as usize;
    let bounds = defaults.hops;
    let fanout = given("fanout", request.fanout)?;
    let budget = request.budget_ms.map(|ms| in_range("budget_ms", ms, 1..=MAX_BUDGET_MS)).transpose()?;
    let hops = Hops {
        depth: given("depth", request.depth)?.map_or(bounds.depth, number),
        fanout: fanout.map_or(bounds.fanout, number),
        first_fanout: given("fanout_first_hop", request.fanout_first_hop)?.map(number),
        // A question may ask for less time than the server gives.
        budget: budget.map_or(bounds.budget, |ms| Duration::from_millis(ms as u64).min(bounds.budget)),
    };
    Ok(Question { hops: Some(hops), ..question(request, defaults)? })
}

/// What puts the passages into another order, and how many of them. Who only says that something should gets the server's
/// own way.
fn reranking(
    request: &AskRequest,
    AskDefaults { options, reranks, .. }: &AskDefaults,
) -> Result<(RerankMethod, Option<usize>), InvalidRequest> {
    let method = match (request.rerank.as_deref(), request.rerank_enable) {
        (Some(name), _) => name.parse().map_err(|error| InvalidRequest::new(format!("field \"rerank\": {error}")))?,
        (None, Some(false)) => RerankMethod::None,
        (None, Some(true)) if options.rerank == RerankMethod::None => {
            if *reranks {
                RerankMethod::Http
            } else {
                RerankMethod::Features
            }
        }
        (None, _) => options.rerank,
    };
    let top_n = request.rerank_top_n.map(|n| in_range("rerank_top_n", n, 1..=MAX_RERANKED)).transpose()?;
    Ok((method, top_n.map(|n| n as usize).or(options.rerank_top_n)))
}

/// The turns of a conversation, in their order.
fn turns(history: Vec<TurnBody>) -> Result<Vec<Message>, InvalidRequest> {
    if history.len() > MAX_TURNS {
        let number = history.len();
        let message =
            format!("field \"history\" must have at most {MAX_TURNS} entries, it has {number}: send the latest");
        return Err(InvalidRequest::new(message));
    }
    let turn = |(n, TurnBody { role, content }): (usize, TurnBody)| {
        let role = match role.as_str() {
            "user" => Role::User,
            "assistant" => Role::Assistant,
            "system" => Role::System,
            other => {
                let other: String = other.chars().take(40).collect();
                let message = format!("field \"history[{n}].role\" must be user, assistant or system, it is {other:?}");
                return Err(InvalidRequest::new(message));
            }
        };
        Ok(Message { role, content })
    };
    history.into_iter().enumerate().map(turn).collect()
}

/// Checks a filter.
///
/// # Errors
/// The first place in it that cannot be used.
pub fn filter(filter: Option<&Value>) -> Result<Option<Filter>, InvalidRequest> {
    let filter = filter.map(Filter::from_json).transpose();
    filter.map_err(|error| InvalidRequest::new(format!("field {error}")))
}

fn in_range(field: &str, value: i64, allowed: std::ops::RangeInclusive<i64>) -> Result<i64, InvalidRequest> {
    if allowed.contains(&value) {
        return Ok(value);
    }
    let (low, high) = (allowed.start(), allowed.end());
    Err(InvalidRequest::new(format!("field \"{field}\" must be from {low} to {high}, it is {value}")))
}

/// A complete answer.
pub fn answered(question: &Question, answer: Answer, request_id: String) -> AskResponse {
    let contexts = answer.retrieval.passages.iter().map(|passage| passage.text.clone()).collect();
    let whole = outcome(question, &answer.retrieval, &answer.outcome, &answer.cached, &answer.text, request_id);
    AskResponse { answer: answer.text, reasoning: answer.reasoning, contexts: Some(contexts), ..whole }
}

/// The 200 object without text and contexts: also the last event of a stream. `text` is the answer's.
pub fn outcome(
    question: &Question,
    retrieval: &Retrieval,
    outcome: &Outcome,
    cached: &Cached,
    text: &str,
    request_id: String,
) -> AskResponse {
    let timings = outcome.timings;
    // Answers from the cache are proven when they are given.
    let proofs = outcome.proofs.clone();
    let proofs = proofs.unwrap_or_else(|| proofs_of(&question.text, text, &retrieval.passages).into());
    AskResponse {
        answer: String::new(),
        contexts: None,
        metadatas: metadatas(retrieval),
        method: question.options.mode.to_string(),
        bm25_weight: retrieval.bm25_weight,
        rerank: question.options.rerank.to_string(),
        rerank_enable: retrieval.reranked,
        rerank_top_n: rerank_depth(&question.options),
        db: question.db.to_string(),
        provider: outcome.provider.to_string(),
        upstream: outcome.upstream.as_deref().and_then(name),
        segments: outcome.segments.iter().map(segment).collect(),
        citations: citations(text, &proofs, &retrieval.passages).into_iter().map(citation).collect(),
        proof: Some(proof(text, &proofs)),
        standalone_question: standalone(question, retrieval).map(|made| made.text.to_string()),
        standalone_by: standalone(question, retrieval).map(|made| made.by.as_str().to_owned()),
        standalone_reason: standalone_reason(retrieval),
        subquestions: retrieval.hops.as_ref().map(|hops| hops.subquestions.clone()),
        multihop: retrieval.hops.as_deref().map(multihop),
        cache_hit: matches!(cached, Cached::Hit(..)),
        cache_metadata: cache_metadata(cached),
        degraded: outcome.degraded.is_some(),
        degraded_reason: outcome.degraded.map(|reason| reason.to_string()),
        request_id,
        timings_ms: self::timings(&timings),
        reasoning: None,
        contexts_left_out: (outcome.left_out > 0).then_some(outcome.left_out),
        explanation: explanation(retrieval),
    }
}

fn multihop(summary: &HopSummary) -> MultihopBody {
    let HopSummary { subquestions: _, by, failure, hops, out_of_time } = summary;
    let reason = failure.map(|failure| failure.as_str().to_owned());
    MultihopBody { by: by.as_str().to_owned(), reason, hops: *hops, out_of_time: *out_of_time }
}

/// What a follow-up became, when that is not as it was asked.
fn standalone<'r>(question: &Question, retrieval: &'r Retrieval) -> Option<&'r Condensed> {
    retrieval.condensed.as_deref().filter(|made| *made.text != *question.text)
}

/// Why no LLM made a follow-up stand alone.
fn standalone_reason(retrieval: &Retrieval) -> Option<String> {
    retrieval.condensed.as_ref()?.failure.map(|failure| failure.as_str().to_owned())
}

/// Passages that a reranker chooses from, or would choose from.
fn rerank_depth(options: &RetrievalOptions) -> u32 {
    let method = if options.rerank == RerankMethod::None { RerankMethod::Http } else { options.rerank };
    let depth = RetrievalOptions { rerank: method, ..options.clone() }.candidates();
    u32::try_from(depth).unwrap_or(u32::MAX)
}

/// The name of an upstream that has one beside its provider's.
fn name(author: &Author) -> Option<String> {
    (author.name != author.provider.as_str()).then(|| author.name.clone())
}

/// A part of an answer.
pub fn segment(segment: &AnswerSegment) -> SegmentBody {
    let AnswerSegment { author, start, end } = segment;
    SegmentBody {
        upstream: author.name.clone(),
        provider: author.provider.to_string(),
        model: author.model.clone(),
        start: *start,
        end: (end > start).then_some(*end),
    }
}

/// Where the time of an answer went, in milliseconds.
pub fn timings(timings: &Timings) -> TimingsMs {
    TimingsMs {
        cache: ms(timings.cache),
        embed: ms(timings.embed),
        retrieve: ms(timings.retrieve),
        rerank: ms(timings.rerank),
        generate: ms(timings.generate),
        total: ms(timings.total),
    }
}

/// About the entry that answered, or that nearly did.
pub fn cache_metadata(cached: &Cached) -> Option<CacheMetadata> {
    let (cache_type, reason, note) = match cached {
        Cached::Hit(served) => (Some(cached.as_str()), None, &served.note),
        Cached::Miss(Some((reason, note))) => (None, Some(reason.as_str()), note),
        Cached::Miss(None) | Cached::Bypass => return None,
    };
    Some(CacheMetadata {
        cache_type: cache_type.map(str::to_owned),
        reason: reason.map(str::to_owned),
        similarity: note.similarity,
        original_query: note.question.clone(),
        access_count: note.accesses,
        namespace: note.namespace.clone(),
        age_seconds: note.age.as_secs_f64(),
    })
}

/// Where each passage comes from, and, when the question asks for it, what each method says of it.
fn metadatas(retrieval: &Retrieval) -> Vec<ContextMetadata> {
    let inspected = |(n, passage): (usize, &Passage)| {
        let scores = retrieval.inspection.get(n).map(Vec::as_slice).unwrap_or_default();
        let why = (!scores.is_empty()).then(|| why(scores, n + 1));
        ContextMetadata { scores: scores.iter().map(method_score).collect(), why, ..metadata(passage) }
    };
    retrieval.passages.iter().enumerate().map(inspected).collect()
}

fn method_score(score: &MethodScore) -> MethodScoreBody {
    let MethodScore { method, score, rank } = *score;
    MethodScoreBody { method: method.to_owned(), score, rank }
}

fn metadata(passage: &Passage) -> ContextMetadata {
    let place = passage.place.as_ref();
    let (pages, heading) = where_in(passage, place.map(|place| (place.start, place.end)));
    ContextMetadata {
        document_id: (!passage.document.is_empty()).then(|| passage.document.clone()),
        title: passage.title.clone(),
        page: pages.first().copied(),
        pages,
        heading,
        start: place.map(|place| place.start),
        end: place.map(|place| place.end),
        modified: passage.modified.clone(),
        source: passage.source.clone(),
        chunk: passage.chunk,
        version: passage.version.clone(),
        language: passage.language.clone(),
        score: passage.score,
        also_in: passage.copies.iter().map(copy).collect(),
        scores: Vec::new(),
        why: None,
    }
}

/// How much of an answer is supported, and what is not.
fn proof(text: &str, proofs: &[SentenceProof]) -> ProofBody {
    let ProofSummary { sentences, supported } = ProofSummary::of(proofs);
    let chars = |byte: usize| text[..byte].chars().count();
    let unsupported = proofs.iter().filter_map(|proof| {
        let claim = proof.claim.as_ref()?;
        Some(UnsupportedBody {
            start: chars(proof.range.start),
            end: chars(proof.range.end),
            text: text[proof.range.clone()].to_owned(),
            reason: claim.flaw?.as_str().to_owned(),
            support: claim.support,
        })
    });
    let mut unknown_citations: Vec<usize> = proofs.iter().flat_map(|proof| &proof.unknown).copied().collect();
    unknown_citations.sort_unstable();
    unknown_citations.dedup();
    ProofBody { sentences, supported, unsupported: unsupported.collect(), unknown_citations }
}

/// The proof of a sentence of a stream.
pub fn stream_proof(sentence: &ProvenSentence, retrieval: &Retrieval) -> StreamProof {
    let ProvenSentence { range, proof } = sentence;
    let claim = proof.claim.as_ref();
    StreamProof {
        start: range.start,
        end: range.end,
        supported: claim.map(|claim| claim.flaw.is_none()),
        support: claim.map(|claim| claim.support),
        reason: claim.and_then(|claim| claim.flaw).map(|flaw| flaw.as_str().to_owned()),
        citations: of_sentence(proof, range, &retrieval.passages).into_iter().map(citation).collect(),
    }
}

fn citation(citation: Citation<'_>) -> CitationBody {
    let Citation { number, passage, range, quote, cited, answer, support, supported, flaw } = citation;
    let (pages, heading) = where_in(passage, range);
    CitationBody {
        number,
        document_id: (!passage.document.is_empty()).then(|| passage.document.clone()),
        source: passage.source.clone(),
        title: passage.title.clone(),
        version: passage.version.clone(),
        page: pages.first().copied(),
        pages,
        heading,
        start: range.map(|(start, _)| start),
        end: range.map(|(_, end)| end),
        quote,
        cited,
        answer_start: answer.start,
        answer_end: answer.end,
        support,
        supported,
        reason: flaw.map(|flaw| flaw.as_str().to_owned()),
    }
}

/// Pages and headings of a range of a passage's document.
fn where_in(passage: &Passage, range: Option<(u32, u32)>) -> (Vec<u32>, Vec<String>) {
    let Some((place, (start, end))) = passage.place.as_ref().zip(range) else { return Default::default() };
    let heading = place.headings_at(start).into_iter().map(str::to_owned).collect();
    (place.pages_of(start, end), heading)
}

fn copy(copy: &PassageCopy) -> ContextCopy {
    ContextCopy { source: copy.source.clone(), chunk: copy.chunk, version: copy.version.clone() }
}

/// What each stage did; `None` when nobody asked.
fn explanation(retrieval: &Retrieval) -> Option<Vec<StageExplanation>> {
    let stages = retrieval.explanation.iter().map(|report| StageExplanation {
        stage: report.stage.to_owned(),
        took_ms: ms(report.took),
        got: report.got,
        found: report.found,
        changed: report.changed.clone(),
    });
    (!retrieval.explanation.is_empty()).then(|| stages.collect())
}

/// What a search found.
pub fn found(question: &Question, retrieval: &Retrieval, call: &CallContext, request_id: String) -> SearchResponse {
    let timings = Timings { total: call.started().elapsed(), ..retrieval.timings };
    SearchResponse {
        contexts: retrieval.passages.iter().map(|passage| passage.text.clone()).collect(),
        metadatas: metadatas(retrieval),
        method: question.options.mode.to_string(),
        bm25_weight: retrieval.bm25_weight,
        rerank: question.options.rerank.to_string(),
        rerank_enable: retrieval.reranked,
        db: question.db.to_string(),
        standalone_question: standalone(question, retrieval).map(|made| made.text.to_string()),
        standalone_by: standalone(question, retrieval).map(|made| made.by.as_str().to_owned()),
        standalone_reason: standalone_reason(retrieval),
        degraded: retrieval.degraded.is_some(),
        degraded_reason: retrieval.degraded.map(|reason| reason.to_string()),
        request_id,
        timings_ms: self::timings(&timings),
        explanation: explanation(retrieval),
    }
}

/// What a stream sends before the answer.
pub fn stream_head(question: &Question, retrieval: &Retrieval) -> StreamHead {
    StreamHead {
        contexts: retrieval.passages.iter().map(|passage| passage.text.clone()).collect(),
        metadatas: metadatas(retrieval),
        db: question.db.to_string(),
    }
}

/// Milliseconds, to the microsecond.
fn ms(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1_000.0
}
