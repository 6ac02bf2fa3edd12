//! Bodies of answers that come from the cache, written once.
//!
//! Most of such a body is the same every time: the answer and its passages. Writing it again costs as much as everything else
//! that a cached answer needs.

use std::{collections::HashMap, sync::Arc};

use parking_lot::RwLock;
use serde::Serialize;

use super::error::ApiError;
use crate::{
    api,
    rag::{AnswerStream, Question},
    wire::{CacheMetadata, TimingsMs},
};

/// Bytes that are kept; when there are more, all are forgotten.
const MOST_BYTES: usize = 32 << 20;

/// Where the part begins that differs from response to response. Within a JSON text the quotation marks would be escaped.
const TAIL: &str = ",\"cache_hit\":";

/// What follows in a response after the part that is always the same, in the order of [`AskResponse`](crate::wire::AskResponse).
#[derive(Serialize)]
struct Tail<'a> {
    cache_hit: bool,
    cache_metadata: &'a Option<CacheMetadata>,
    degraded: bool,
    degraded_reason: &'a Option<String>,
    request_id: &'a str,
    timings_ms: TimingsMs,
}

/// The parts of bodies that are always the same, by the entry of the cache that they come from.
#[derive(Default)]
pub(super) struct RenderedAnswers(RwLock<Heads>);

#[derive(Default)]
struct Heads {
    by_entry: HashMap<u64, Arc<str>>,
    bytes: usize,
}

impl RenderedAnswers {
    /// The body of an answer, once it is complete.
    ///
    /// # Errors
    /// What ended the answer early.
    pub(super) async fn body(&self, question: &Question, asked: AnswerStream, id: String) -> Result<String, ApiError> {
        let Some((entry, timings)) = asked.from_cache().map(|(entry, outcome)| (entry.id(), outcome.timings)) else {
            return json(&api::answered(question, asked.answer().await?, id));
        };
        // What a question asks for shapes the head only as far as it is the entry's namespace, and the search mode is that too.
        let known = self.0.read().by_entry.get(&entry).cloned();
        let Some(head) = known else {
            let body = json(&api::answered(question, asked.answer().await?, id))?;
            if let Some((head, _)) = body.split_once(TAIL) {
                self.keep(entry, head);
            }
            return Ok(body);
        };
        let tail = json(&Tail {
            cache_hit: true,
            cache_metadata: &api::cache_metadata(&asked.cached),
            degraded: false,
            degraded_reason: &None,
            request_id: &id,
            timings_ms: api::timings(&timings),
        })?;
        let mut body = String::with_capacity(head.len() + tail.len());
        body.push_str(&head);
        body.push(',');
        body.push_str(tail.trim_start_matches('{'));
        Ok(body)
    }

    fn keep(&self, entry: u64, head: &str) {
        let mut heads = self.0.write();
        if heads.bytes + head.len() > MOST_BYTES {
            *heads = Heads::default();
        }
        heads.bytes += head.len();
        heads.by_entry.insert(entry, head.into());
    }
}

fn json(body: &impl Serialize) -> Result<String, ApiError> {
    serde_json::to_string(body).map_err(|error| ApiError::internal(&error))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        cache::{CacheNote, CacheQuery, CacheSettings, HitKind, Namespace, SemanticCache, Served, StoredAnswer},
        domain::{Passage, SpecKey},
        providers::ProviderKind,
        rag::{Outcome, Retrieval, Timings},
        telemetry::Metrics,
        util::time::UnixMillis,
    };

    async fn answer(text: &str) -> impl Fn() -> AnswerStream {
        let passage = Passage {
            text: "a \",\"cache_hit\":\" b".into(),
            key: "k".into(),
            source: "s.md".into(),
            chunk: 1,
            version: "v".into(),
            language: "en".into(),
            score: 0.5,
            ..Passage::default()
        };
        let (passages, provider) = (Arc::from([passage]), ProviderKind::Embedded);
        let cache = SemanticCache::new(CacheSettings::default(), Metrics::new().cache());
        let namespace = Namespace::new(&"docs".parse().unwrap(), SpecKey::new([]));
        let query = CacheQuery { namespace: &namespace, text: "q" };
        let stored = StoredAnswer {
            text: text.into(),
            passages: Arc::clone(&passages),
            provider: provider.to_string(),
            bm25_weight: 0.5,
        };
        cache.keep(query, stored, None, None, UnixMillis(0)).await.unwrap();
        let entry = cache.exact(query, UnixMillis(0)).await.unwrap().entry;
        let note = CacheNote {
            similarity: 1.0,
            question: "q \"".into(),
            accesses: 3,
            namespace: "n".into(),
            age: Duration::from_secs(1),
        };
        let timings = Timings { total: Duration::from_micros(1_500), ..Timings::default() };
        let retrieval = Retrieval {
            condensed: None,
            hops: None,
            passages,
            bm25_weight: 0.5,
            degraded: None,
            timings,
            reranked: false,
            explanation: Vec::new(),
            inspection: Vec::new(),
        };
        let served = Served { entry, kind: HitKind::Exact, note, took: Duration::ZERO };
        let outcome = Outcome {
            provider,
            upstream: None,
            segments: Vec::new(),
            degraded: None,
            left_out: 0,
            timings,
            proofs: None,
        };
        move || AnswerStream::stored(retrieval.clone(), served.clone(), outcome.clone())
    }

    #[tokio::test]
    async fn a_rendered_answer_reads_like_one_that_is_not() {
        let answer = answer("yes, \"cache_hit\": [1]").await;
        let question = Question::new("q", "docs".parse().unwrap());
        let rendered = RenderedAnswers::default();
        let first = rendered.body(&question, answer(), "id".into()).await.unwrap();
        let again = rendered.body(&question, answer(), "id".into()).await.unwrap();
        assert_eq!(first, again);
        let whole = answer().answer().await.unwrap();
        assert_eq!(first, serde_json::to_string(&api::answered(&question, whole, "id".into())).unwrap());
        assert_eq!(rendered.0.read().by_entry.len(), 1);
    }

    #[test]
    fn what_is_kept_has_a_bound() {
        let rendered = RenderedAnswers::default();
        let head = "x".repeat(MOST_BYTES / 2);
        for entry in 0..3 {
            rendered.keep(entry, &head);
            assert!(rendered.0.read().bytes <= MOST_BYTES);
        }
        assert_eq!(rendered.0.read().by_entry.len(), 1);
    }
}
