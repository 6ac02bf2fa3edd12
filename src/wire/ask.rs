//! Questions and answers.

use serde::{Deserialize, Serialize};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        AllOfBuilder, RefOr,
        schema::{AnyOfBuilder, Schema},
    },
};

use super::{
    filter::FilterBody,
    schema::{
        DbNameText, FilterText, MethodName, Named, ProviderName, QuestionText, RerankName, null, object, reference,
        referred,
    },
    whole,
};

/// A question. Unknown fields are ignored, fields of the wrong type refused.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct AskRequest {
    /// The question, 1 to 8000 characters after trimming.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "How long are releases kept?")]
    pub query: Option<String>,
    /// The same; `query` wins where both are given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// Contexts to answer from, 1 to 50; 5 by default.
    #[serde(default, deserialize_with = "whole::optional", skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 50)]
    pub k: Option<i64>,
    /// `vector`, `bm25` or `hybrid`; the server's default is hybrid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<MethodName>)]
    pub method: Option<String>,
    /// Share of the lexical score in weighted fusion, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 1)]
    pub bm25_weight: Option<f64>,
    /// Fuse by reciprocal rank instead of by weighted scores.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rrf_enable: Option<bool>,
    /// Damping of reciprocal rank fusion, 1 to 1000; 60 by default.
    #[serde(default, deserialize_with = "whole::optional", skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 1000)]
    pub rrf_k: Option<i64>,
    /// Whether the learned sparse index has a say in hybrid search: `auto`, `on` or `off`; the server's default is `auto`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^(auto|on|off)$")]
    pub sparse: Option<String>,
    /// What puts the passages into another order: `none`, `features` (a small model of words and scores, in hybrid search) or
    /// `http` (the rerank server of this server); the server's default is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<RerankName>)]
    pub rerank: Option<String>,
    /// The same: true asks for the rerank server, or for `features` where there is none, false for none; `rerank` wins where
    /// both are given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rerank_enable: Option<bool>,
    /// Passages that the reranker chooses from, 1 to 100, at least `k`; 20 by default.
    #[serde(default, deserialize_with = "whole::optional", skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 100)]
    pub rerank_top_n: Option<i64>,
    /// Who answers: `ollama`, `openai` or `embedded`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<ProviderName>)]
    pub provider: Option<String>,
    /// DB of this question; other questions do not notice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<DbNameText>)]
    pub db: Option<String>,
    /// Only passages in these languages (ISO 639-1), at most 100 of at most 64 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<FilterText>>, max_items = 100)]
    pub languages: Option<Vec<String>>,
    /// Only documents with these version labels, at most 100 of at most 64 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<FilterText>>, max_items = 100)]
    pub versions: Option<Vec<String>>,
    /// Whether an earlier answer will do, and this one may be kept; true by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache: Option<bool>,
    /// Whether the model's reasoning is to be told beside the answer; false by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<bool>,
    /// Whether the answer is to say what each stage of the search did; false by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explain: Option<bool>,
    /// Only documents that this means, in the dialect of OpenAI's vector stores; `filters` is the same. The search itself is
    /// narrowed: `k` passages are found where there are as many.
    #[serde(default, alias = "filters", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<FilterBody>)]
    pub filter: Option<serde_json::Value>,
    /// Earlier turns of the conversation, oldest first, at most 2,000: what a follow-up ("And how much is it?") means.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 2000)]
    pub history: Option<Vec<TurnBody>>,
    /// Rounds of searching, 1 to 3; 2 by default. Only `/api/multihop_query` and its stream look at this and the next three.
    #[serde(default, deserialize_with = "whole::optional", skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 3)]
    pub depth: Option<i64>,
    /// Sub-questions of a round, 1 to 3; 2 by default.
    #[serde(default, deserialize_with = "whole::optional", skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 3)]
    pub fanout: Option<i64>,
    /// Sub-questions of the first round, 1 to 3; as `fanout` by default.
    #[serde(default, deserialize_with = "whole::optional", skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 3)]
    pub fanout_first_hop: Option<i64>,
    /// Longest time of all rounds together in milliseconds, at most that of the server; what was found by then is used.
    #[serde(default, deserialize_with = "whole::optional", skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 3600000)]
    pub budget_ms: Option<i64>,
}

/// A turn of a conversation.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct TurnBody {
    /// `user`, `assistant` or `system`.
    #[schema(pattern = "^(user|assistant|system)$")]
    pub role: String,
    /// What was said.
    pub content: String,
}

/// Stands for an [`AskRequest`] in descriptions: one of its two names for the question is given.
pub struct AskBody;

impl PartialSchema for AskBody {
    fn schema() -> RefOr<Schema> {
        let query =
            object("The question is in `query`.").property("query", reference::<QuestionText>()).required("query");
        let question = object("The question is in `question`.")
            .property("query", null())
            .property("question", reference::<QuestionText>())
            .required("question");
        let either = AnyOfBuilder::new().item(query).item(question);
        AllOfBuilder::new().item(reference::<AskRequest>()).item(either).into()
    }
}

impl ToSchema for AskBody {
    fn schemas(schemas: &mut Named) {
        referred::<AskRequest>(schemas);
        referred::<QuestionText>(schemas);
    }
}

/// An answer.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AskResponse {
    /// The text, with `[n]` citations of the contexts, numbered from 1. Absent in the final event of a stream only.
    pub answer: String,
    /// Passages, best first. Left out in the final event of a stream, which sent them first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contexts: Option<Vec<String>>,
    /// Where each passage comes from.
    pub metadatas: Vec<ContextMetadata>,
    /// Search method.
    pub method: String,
    /// Share of the lexical score in weighted fusion.
    pub bm25_weight: f32,
    /// What was asked to put the passages into another order.
    #[serde(default)]
    #[schema(example = "http")]
    pub rerank: String,
    /// Whether it did. Where it was asked and could not, the order is that of the search, and the answer is degraded.
    pub rerank_enable: bool,
    /// Passages that it chose from, or would choose from.
    pub rerank_top_n: u32,
    /// DB that was searched.
    pub db: String,
    /// Who wrote the answer.
    pub provider: String,
    /// The upstream that wrote it, or its end, where upstreams have names of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream: Option<String>,
    /// The parts of an answer that broke off and was continued by another upstream.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub segments: Vec<SegmentBody>,
    /// What the answer cites, in its order, sentence by sentence: for each number the words of the passage that carry the
    /// sentence. A sentence that cites nothing has the passage that carries it, or comes nearest.
    #[serde(default)]
    pub citations: Vec<CitationBody>,
    /// How much of the answer its contexts say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<ProofBody>,
    /// A follow-up as it was searched for: with what the conversation is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standalone_question: Option<String>,
    /// Who made it: `llm` or `rules`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standalone_by: Option<String>,
    /// Why no LLM made it although one was to: `llm_unavailable`, `llm_slow`, or what was wrong with its reply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standalone_reason: Option<String>,
    /// What was looked for beside the question itself, when it was searched for in several hops.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subquestions: Option<Vec<String>>,
    /// Who wrote them, and how far the search came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multihop: Option<MultihopBody>,
    /// Whether the answer comes from the cache.
    pub cache_hit: bool,
    /// About the cache entry that answered, or that was near and did not.
    pub cache_metadata: Option<CacheMetadata>,
    /// Whether a healthy system would have answered otherwise.
    pub degraded: bool,
    /// Why, e.g. `llm_unavailable`.
    pub degraded_reason: Option<String>,
    /// Id of this request in the server's log.
    pub request_id: String,
    /// Where the time went.
    pub timings_ms: TimingsMs,
    /// How the model got to its answer, when the question asks for it and the model tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<String>,
    /// The last so many contexts were not shown to the model, because they did not fit into its window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contexts_left_out: Option<usize>,
    /// What each stage of the search did, when the question asks for it and the answer is not from the cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explanation: Option<Vec<StageExplanation>>,
}

/// A search in several hops.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MultihopBody {
    /// Who wrote the sub-questions: `llm`, or `rules` from where it failed on.
    #[schema(example = "rules")]
    pub by: String,
    /// Why rules did: `no_llm`, `llm_unavailable`, `llm_slow` or `llm_unusable`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Rounds that were done.
    pub hops: usize,
    /// Whether the time for them was over before they were.
    pub out_of_time: bool,
}

/// What an answer cites. Offsets count characters (Unicode scalar values) of the document's text, see
/// `/api/docs/{id}/text`; `quote` is that range of it. What is not known is null.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct CitationBody {
    /// Its number in the answer, from 1.
    pub number: usize,
    /// Id of the document.
    pub document_id: Option<String>,
    /// Name of the document.
    pub source: String,
    /// Title of the document.
    pub title: Option<String>,
    /// Version label of the document.
    pub version: String,
    /// The page that the quote begins on.
    pub page: Option<u32>,
    /// All pages that it is on.
    pub pages: Vec<u32>,
    /// The headings that it stands under, the highest first.
    pub heading: Vec<String>,
    /// Offset of its first character.
    pub start: Option<u32>,
    /// Offset behind its last.
    pub end: Option<u32>,
    /// The words: those that carry the part of the answer, or the whole passage where no part of it does.
    pub quote: String,
    /// Whether the answer names the number there. Where it names none, or a wrong one, the context that carries the part is told.
    pub cited: bool,
    /// Where the part begins in the answer, in characters (Unicode scalar values) from 0.
    pub answer_start: usize,
    /// Where it ends.
    pub answer_end: usize,
    /// How much of the part this context says, 0 to 1; null where the part claims nothing.
    pub support: Option<f32>,
    /// Whether this context says what the part claims, alone or with the others that it cites; null where it claims nothing.
    pub supported: Option<bool>,
    /// Why it does not: `words`, `number`, `name`, `negation` or `direction`.
    pub reason: Option<String>,
}

/// How much of an answer its contexts say.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct ProofBody {
    /// Sentences that claim something.
    pub sentences: usize,
    /// Those of them that the contexts say.
    pub supported: usize,
    /// The others.
    pub unsupported: Vec<UnsupportedBody>,
    /// Numbers that the answer cites and that no context has.
    pub unknown_citations: Vec<usize>,
}

/// A part of an answer that claims what no context says.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct UnsupportedBody {
    /// Where it begins in the answer, in characters from 0.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// The part.
    pub text: String,
    /// What speaks against it: `words` (the contexts do not say most of them), `number`, `name`, `negation` or `direction`.
    #[schema(example = "number")]
    pub reason: String,
    /// How much of it the nearest context says, 0 to 1.
    pub support: f32,
}

/// What the contexts say about a sentence of a streamed answer; follows the sentence.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct StreamProof {
    /// Where the sentence begins in the answer, in characters from 0.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// Whether the contexts say what it claims; null where it claims nothing.
    pub supported: Option<bool>,
    /// How much of it they say, 0 to 1.
    pub support: Option<f32>,
    /// What speaks against it.
    pub reason: Option<String>,
    /// What it cites, and what carries it.
    pub citations: Vec<CitationBody>,
}

/// A part of an answer that one upstream wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SegmentBody {
    /// The upstream.
    #[schema(example = "gpu1")]
    pub upstream: String,
    /// Its dialect.
    #[schema(example = "ollama")]
    pub provider: String,
    /// Its model.
    pub model: String,
    /// Where the part begins in the answer, in characters (Unicode scalar values) from 0.
    pub start: usize,
    /// Where it ends; left out in the event that begins it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<usize>,
}

/// What one stage of the search did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StageExplanation {
    /// The stage.
    #[schema(example = "retrieve")]
    pub stage: String,
    /// Milliseconds that it took.
    pub took_ms: f64,
    /// Hits or passages that there were when it began.
    #[serde(default)]
    pub got: usize,
    /// Hits or passages that there were when it ended.
    pub found: usize,
    /// What it changed, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "2 copies joined their like; 2 more read to fill the places")]
    pub changed: Option<String>,
}

/// What one method says of a passage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MethodScoreBody {
    /// `bm25`, `vector`, `sparse`, `fusion` of all searches, or `rerank`.
    #[schema(example = "bm25")]
    pub method: String,
    /// Its score, on its own scale.
    pub score: f32,
    /// Its place in the method's own ranking, from 1; null where the method did not find it and only measured it.
    pub rank: Option<usize>,
}

/// About a cache entry.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct CacheMetadata {
    /// `exact` or `semantic` when it answered, null when it did not.
    pub cache_type: Option<String>,
    /// Why it did not answer: the guard that refused it, `evidence`, `exploration` or `invalidated`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Cosine of the two questions.
    pub similarity: f32,
    /// The question that it was kept for.
    pub original_query: String,
    /// Times that it was given.
    pub access_count: u64,
    /// Where it may be found.
    pub namespace: String,
    /// Seconds since it was answered.
    pub age_seconds: f64,
}

/// Where a passage comes from.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ContextMetadata {
    /// Document.
    #[schema(example = "docs/a.md")]
    pub source: String,
    /// Position in the document, from 0.
    pub chunk: u32,
    /// Version label of the document.
    pub version: String,
    /// ISO 639-1 code.
    pub language: String,
    /// How well it fits; comparable within one answer.
    pub score: f32,
    /// Id of the document, for `/api/docs/{id}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document_id: Option<String>,
    /// Title of the document, when it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The page that the passage begins on, where the format has pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<u32>,
    /// All pages that it is on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pages: Vec<u32>,
    /// The headings that it stands under, the highest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub heading: Vec<String>,
    /// Offset of its first character in the document's text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<u32>,
    /// Offset behind its last character.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<u32>,
    /// When the document's file changed last, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified: Option<String>,
    /// Where the same text is, too. These copies take no place among the contexts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also_in: Vec<ContextCopy>,
    /// What each method says of it, when the question asks for an explanation and the answer is not from the cache.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scores: Vec<MethodScoreBody>,
    /// Why it is at its place, for people; where there are scores.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "found by words (#1) and vectors (#4); #1 of all candidates")]
    pub why: Option<String>,
}

/// Another place of a passage's text.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ContextCopy {
    /// Document.
    #[schema(example = "docs/copy of a.md")]
    pub source: String,
    /// Position in the document, from 0.
    pub chunk: u32,
    /// Version label of the document.
    pub version: String,
}

/// Milliseconds of each part of an answer.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
pub struct TimingsMs {
    /// Looking into the cache.
    pub cache: f64,
    /// Embedding the question.
    pub embed: f64,
    /// Searching and reading the passages.
    pub retrieve: f64,
    /// Reordering the passages.
    pub rerank: f64,
    /// Writing the answer.
    pub generate: f64,
    /// Everything.
    pub total: f64,
}

/// What a search found: the passages that an answer would be made from.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SearchResponse {
    /// Passages, best first.
    pub contexts: Vec<String>,
    /// Where each comes from, and what each method says of it.
    pub metadatas: Vec<ContextMetadata>,
    /// Search method.
    pub method: String,
    /// Share of the lexical score in weighted fusion.
    pub bm25_weight: f32,
    /// What was asked to put the passages into another order.
    pub rerank: String,
    /// Whether it did.
    pub rerank_enable: bool,
    /// DB that was searched.
    pub db: String,
    /// A follow-up as it was searched for: with what the conversation is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standalone_question: Option<String>,
    /// Who made it: `llm` or `rules`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standalone_by: Option<String>,
    /// Why no LLM made it although one was to: `llm_unavailable`, `llm_slow`, or what was wrong with its reply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standalone_reason: Option<String>,
    /// Whether a healthy system would have found otherwise.
    pub degraded: bool,
    /// Why, e.g. `embedding_unavailable`.
    pub degraded_reason: Option<String>,
    /// Id of this request in the server's log.
    pub request_id: String,
    /// Where the time went.
    pub timings_ms: TimingsMs,
    /// What each stage of the search did; left out when the request says that it is not wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explanation: Option<Vec<StageExplanation>>,
}

/// What a stream sends before the answer.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct StreamHead {
    /// Passages, best first.
    pub contexts: Vec<String>,
    /// Where each comes from.
    pub metadatas: Vec<ContextMetadata>,
    /// DB that was searched.
    pub db: String,
}

/// A piece of a streamed answer.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct StreamToken {
    /// More text.
    pub text: String,
}
