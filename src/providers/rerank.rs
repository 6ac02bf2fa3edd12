//! Servers that say how well texts answer a question.
//!
//! Two dialects are spoken, and which one is found out by asking: Cohere's and Jina's (`documents`, `results`), which vLLM,
//! llama.cpp, LiteLLM, Infinity and others took over, and that of Text Embeddings Inference (`texts`, a list).

use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use serde_json::{Map, Value, json};

use super::{
    HealthProbe, ProviderError, ProviderKind, Reranker, UpstreamClient, UpstreamStatus, json::count, left_out::LeftOut,
};
use crate::resilience::CallContext;

const PATH: &str = "/rerank";

/// Fields that some servers refuse.
const OPTIONAL: [&str; 2] = ["return_documents", "top_n"];

/// Texts of a request in the dialect of Text Embeddings Inference, which refuses more unless it is told otherwise. Each score
/// is one of a pair, so that those of several requests can be compared.
const MOST_TEXTS: usize = 32;

/// Asks a rerank server.
pub struct HttpReranker {
    upstream: UpstreamClient,
    id: String,
    model: String,
    left_out: LeftOut,
    /// Whether it speaks the dialect of Text Embeddings Inference.
    takes_texts: AtomicBool,
}

impl HttpReranker {
    /// `model` as the server names it; empty for a server that has one model and wants no name.
    pub fn new(upstream: UpstreamClient, model: impl Into<String>) -> Self {
        let model = model.into();
        let id = if model.is_empty() { upstream.shown_url() } else { model.clone() };
        let (left_out, takes_texts) = (LeftOut::default(), AtomicBool::new(false));
        Self { upstream, id: format!("http:{id}"), model, left_out, takes_texts }
    }

    /// The request in the dialect that most servers speak.
    fn documents(&self, question: &str, texts: &[String]) -> Map<String, Value> {
        let mut body = Map::from_iter([
            ("query".to_owned(), json!(question)),
            ("documents".to_owned(), json!(texts)),
            ("top_n".to_owned(), json!(texts.len())),
            ("return_documents".to_owned(), json!(false)),
        ]);
        if !self.model.is_empty() {
            body.insert("model".to_owned(), json!(self.model));
        }
        body
    }

    async fn ask(
        &self,
        body: &Map<String, Value>,
        texts: usize,
        call: &CallContext,
    ) -> Result<Vec<f32>, ProviderError> {
        let reply = self.upstream.post(PATH, &self.model, body, (&OPTIONAL, &self.left_out), call).await?;
        let json: Value = self.upstream.json(reply).await?;
        if let Some(message) = self.upstream.reported(&json) {
            return Err(ProviderError::Reported { provider: ProviderKind::Rerank, message });
        }
        scores(&json, texts).map_err(|detail| self.upstream.malformed(detail))
    }

    /// The same in the dialect of Text Embeddings Inference.
    async fn ask_for_texts(
        &self,
        question: &str,
        texts: &[String],
        call: &CallContext,
    ) -> Result<Vec<f32>, ProviderError> {
        let mut scores = Vec::with_capacity(texts.len());
        for texts in texts.chunks(MOST_TEXTS) {
            let body = Map::from_iter([
                ("query".to_owned(), json!(question)),
                ("texts".to_owned(), json!(texts)),
                ("truncate".to_owned(), json!(true)),
            ]);
            scores.extend(self.ask(&body, texts.len(), call).await?);
        }
        Ok(scores)
    }
}

/// Whether a server refuses a request because it wants `texts`.
fn wants_texts(error: &ProviderError) -> bool {
    matches!(error, ProviderError::Status { status: 400 | 422, message, .. } if message.contains("texts"))
}

/// One score for each text, in their order; else what is wrong with the answer. A score that is missing, given twice or no
/// number makes the whole answer worthless: nobody knows what else is wrong with it.
fn scores(answer: &Value, texts: usize) -> Result<Vec<f32>, String> {
    let lists = [answer, &answer["results"], &answer["data"]];
    let results = lists.into_iter().find_map(Value::as_array).ok_or("no list `results` of scores")?;
    let mut scores: Vec<Option<f32>> = vec![None; texts];
    for result in results {
        let index = count(&result["index"]).ok_or("a result without an `index`")?;
        let score = ["relevance_score", "score"].iter().find_map(|field| result[*field].as_f64());
        let score = score.map(|score| score as f32).filter(|score| score.is_finite());
        let score = score.ok_or_else(|| format!("the score of text {index} is no number"))?;
        let place = usize::try_from(index).ok().and_then(|index| scores.get_mut(index));
        let place = place.ok_or_else(|| format!("a score of text {index}, but there are only {texts}"))?;
        if place.replace(score).is_some() {
            return Err(format!("two scores of text {index}"));
        }
    }
    let missing = scores.iter().filter(|score| score.is_none()).count();
    scores.into_iter().collect::<Option<_>>().ok_or_else(|| format!("no score of {missing} of {texts} texts"))
}

#[async_trait]
impl Reranker for HttpReranker {
    fn id(&self) -> &str {
        &self.id
    }

    async fn rerank(&self, question: &str, texts: &[String], call: &CallContext) -> Result<Vec<f32>, ProviderError> {
        if texts.is_empty() {
            return Ok(Vec::new());
        }
        if self.takes_texts.load(Ordering::Relaxed) {
            return self.ask_for_texts(question, texts, call).await;
        }
        match self.ask(&self.documents(question, texts), texts.len(), call).await {
            Err(error) if wants_texts(&error) => {
                let scores = self.ask_for_texts(question, texts, call).await?;
                self.takes_texts.store(true, Ordering::Relaxed);
                Ok(scores)
            }
            asked => asked,
        }
    }
}

/// Asks a rerank server whether it is there.
pub struct RerankProbe {
    upstream: UpstreamClient,
}

impl RerankProbe {
    /// Asks this server.
    pub fn new(upstream: UpstreamClient) -> Self {
        Self { upstream }
    }
}

#[async_trait]
impl HealthProbe for RerankProbe {
    /// Few of these servers list their models. One that answers that there is no such list is there.
    async fn check(&self, required: &[String]) -> UpstreamStatus {
        let list: Result<Value, _> = self.upstream.probe("/models").await;
        let names = match list {
            Ok(list) => {
                let listed = list["data"].as_array().into_iter().flatten();
                Ok(self.upstream.names(listed.filter_map(|model| Some(model["id"].as_str()?.to_owned()))))
            }
            Err(ProviderError::Status { status: 400..=499, .. })
            | Err(ProviderError::UnknownModel { .. } | ProviderError::Malformed { .. }) => Ok(Vec::new()),
            Err(error) => Err(error),
        };
        UpstreamClient::status(names, required, |a, b| a == b)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn scores_come_in_several_forms_and_any_order() {
        let forms = [
            json!({ "results": [{ "index": 1, "relevance_score": 0.5 }, { "index": 0, "relevance_score": -2 }] }),
            json!([{ "index": 1, "score": 0.5 }, { "index": 0.0, "score": -2 }]),
            json!({ "data": [{ "index": 0, "relevance_score": -2.0 }, { "index": 1, "relevance_score": 0.5 }] }),
        ];
        for form in forms {
            assert_eq!(scores(&form, 2), Ok(vec![-2.0, 0.5]), "{form}");
        }
        assert_eq!(scores(&json!({ "results": [] }), 0), Ok(Vec::new()));
    }

    #[test]
    fn an_answer_that_is_wrong_anywhere_is_wrong() {
        let result = |index: Value, score: Value| json!({ "index": index, "relevance_score": score });
        let good = result(json!(0), json!(1));
        for (results, what) in [
            (vec![good.clone()], "no score of 1 of 2 texts"),
            (vec![good.clone(), result(json!(2), json!(1))], "a score of text 2, but there are only 2"),
            (vec![good.clone(), result(json!(-1), json!(1))], "a result without an `index`"),
            (vec![good.clone(), good.clone()], "two scores of text 0"),
            (vec![good.clone(), result(json!(1), Value::Null)], "the score of text 1 is no number"),
            (vec![good.clone(), result(json!(1), json!("NaN"))], "the score of text 1 is no number"),
            (vec![good.clone(), result(json!(1), json!(1e300))], "the score of text 1 is no number"),
        ] {
            assert_eq!(scores(&json!({ "results": results }), 2), Err(what.to_owned()));
        }
        assert!(scores(&json!({ "error": "x" }), 1).is_err() && scores(&Value::Null, 1).is_err());
    }

    proptest! {
        /// Whatever comes back, there is a number for each text, or an error.
        #[test]
        fn there_is_a_score_for_each_text_or_none(pairs in prop::collection::vec((0u64..4, -2.0f64..2.0), 0..5), texts in 0usize..4) {
            let results: Vec<Value> = pairs.iter().map(|(index, score)| json!({ "index": index, "score": score })).collect();
            let mut indexes: Vec<u64> = pairs.iter().map(|(index, _)| *index).collect();
            indexes.sort_unstable();
            let whole = indexes == (0..texts as u64).collect::<Vec<_>>();
            prop_assert_eq!(scores(&json!(results), texts).is_ok(), whole);
        }
    }
}
