//! What is asked of a model besides its messages, and in which words.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use super::GenerationRequest;

/// How much a model reasons before it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReasoningEffort {
    /// Not at all.
    Off,
    /// A little.
    Low,
    /// As much as it likes.
    Medium,
    /// Much.
    High,
}

impl ReasoningEffort {
    /// The effort of this name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Off, Self::Low, Self::Medium, Self::High].into_iter().find(|effort| effort.as_str() == name)
    }

    /// The name in settings and in both dialects.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// What is asked of a model besides its messages. What is left open is left to the server.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GenerationOptions {
    /// Most tokens of an answer.
    pub max_tokens: Option<u32>,
    /// Randomness of the choice of tokens, 0..=2.
    pub temperature: Option<f64>,
    /// Share of the likeliest tokens that are chosen from, 0..=1.
    pub top_p: Option<f64>,
    /// The same seed gives the same answer, as far as the server can.
    pub seed: Option<i64>,
    /// Texts at which the answer ends.
    pub stop: Vec<String>,
    /// Tokens of prompt and answer together. Ollama is asked for them; of other servers they are only known.
    pub num_ctx: Option<u32>,
    /// Threads of Ollama.
    pub num_thread: Option<u32>,
    /// Layers that Ollama puts on the GPU.
    pub num_gpu: Option<u32>,
    /// How long Ollama keeps the model loaded, e.g. `10m`.
    pub keep_alive: Option<String>,
    /// How much the model reasons.
    pub reasoning: Option<ReasoningEffort>,
    /// Further fields of the request, as the server wants them.
    pub extra: Map<String, Value>,
}

/// By how much the limit of tokens grows for a model that reasons first: the limit is meant for the answer.
const REASONING_SHARE: u32 = 4;

impl GenerationOptions {
    /// The same, for a request that wants another kind of reply; see [`GenerationRequest::most_tokens`](super::GenerationRequest::most_tokens).
    pub(super) fn of_request(&self, request: &GenerationRequest) -> Cow<'_, Self> {
        match request.most_tokens {
            None => Cow::Borrowed(self),
            Some(tokens) => Cow::Owned(Self {
                max_tokens: Some(tokens),
                temperature: Some(0.0),
                top_p: None,
                stop: Vec::new(),
                ..self.clone()
            }),
        }
    }

    /// Most tokens that the model may write, its reasoning included.
    pub(super) fn tokens(&self, reasons: bool) -> Option<u32> {
        let reasons = reasons && self.reasoning != Some(ReasoningEffort::Off);
        self.max_tokens.map(|tokens| if reasons { tokens.saturating_mul(REASONING_SHARE) } else { tokens })
    }

    /// The fields of a request to Ollama. `num_ctx`: the window to ask for.
    pub(super) fn ollama(&self, reasons: bool, num_ctx: Option<u32>) -> Map<String, Value> {
        let options = fields([
            ("num_predict", self.tokens(reasons).map(Value::from)),
            ("temperature", self.temperature.map(Value::from)),
            ("top_p", self.top_p.map(Value::from)),
            ("seed", self.seed.map(Value::from)),
            ("stop", (!self.stop.is_empty()).then(|| json!(self.stop))),
            ("num_ctx", num_ctx.map(Value::from)),
            ("num_thread", self.num_thread.map(Value::from)),
            ("num_gpu", self.num_gpu.map(Value::from)),
        ]);
        let think = self.reasoning.map(|effort| match effort {
            ReasoningEffort::Off => Value::Bool(false),
            // Levels are known to few models, a plain yes to all that reason.
            ReasoningEffort::Medium => Value::Bool(true),
            level => Value::from(level.as_str()),
        });
        let mut request = fields([
            ("options", (!options.is_empty()).then_some(Value::Object(options))),
            ("keep_alive", self.keep_alive.clone().map(Value::from)),
            ("think", think),
        ]);
        request.extend(self.extra.clone());
        request
    }

    /// The fields of a request in OpenAI's dialect.
    pub(super) fn openai(&self, reasons: bool) -> Map<String, Value> {
        // More than four are refused by the dialect's inventor.
        let stop: Vec<_> = self.stop.iter().take(4).collect();
        let effort = self.reasoning.map(|effort| match effort {
            ReasoningEffort::Off => "none",
            level => level.as_str(),
        });
        let mut request = fields([
            ("max_tokens", self.tokens(reasons).map(Value::from)),
            ("temperature", self.temperature.map(Value::from)),
            ("top_p", self.top_p.map(Value::from)),
            ("seed", self.seed.map(Value::from)),
            ("stop", (!stop.is_empty()).then(|| json!(stop))),
            ("reasoning_effort", effort.map(Value::from)),
        ]);
        request.extend(self.extra.clone());
        request
    }
}

fn fields<const N: usize>(fields: [(&str, Option<Value>); N]) -> Map<String, Value> {
    fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// Tokens of a text, rather too many than too few: which tokenizer the model has is not known.
pub fn tokens_of(text: &str) -> usize {
    // Four letters a token are usual in English, less in other languages; ideographs have one or more each.
    let quarters: usize = text
        .chars()
        .map(|c| match c {
            c if c.is_ascii_alphabetic() || c == ' ' => 5,
            c if c.is_ascii() => 12,
            c if u32::from(c) < 0x2000 => 12,
            _ => 24,
        })
        .sum();
    quarters.div_ceil(16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_dialect_has_its_words() {
        let options = GenerationOptions {
            max_tokens: Some(100),
            stop: ["a", "b", "c", "d", "e"].map(str::to_owned).into(),
            num_ctx: Some(8_192),
            reasoning: Some(ReasoningEffort::Off),
            keep_alive: Some("10m".into()),
            extra: json!({ "top_k": 3 }).as_object().cloned().unwrap_or_default(),
            ..GenerationOptions::default()
        };
        assert_eq!(
            Value::Object(options.ollama(false, Some(4_096))),
            json!({
                "options": { "num_predict": 100, "stop": ["a", "b", "c", "d", "e"], "num_ctx": 4_096 },
                "keep_alive": "10m", "think": false, "top_k": 3
            })
        );
        assert_eq!(
            Value::Object(options.openai(false)),
            json!({ "max_tokens": 100, "stop": ["a", "b", "c", "d"], "reasoning_effort": "none", "top_k": 3 })
        );
        assert!(GenerationOptions::default().ollama(true, None).is_empty());
    }

    #[test]
    fn a_model_that_reasons_has_tokens_for_it() {
        let options = GenerationOptions { max_tokens: Some(100), ..GenerationOptions::default() };
        assert_eq!((options.tokens(false), options.tokens(true)), (Some(100), Some(400)));
        let off = GenerationOptions { reasoning: Some(ReasoningEffort::Off), ..options };
        assert_eq!(off.tokens(true), Some(100));
    }

    #[test]
    fn tokens_are_rather_too_many() {
        // By OpenAI's tokenizer 10, 14 and 8 (o200k).
        for (text, least) in [
            ("The quick brown fox jumps over the lazy dog.", 10),
            ("Die Kündigungsfrist beträgt drei Monate zum Quartalsende.", 14),
            ("北京是中国的首都。", 8),
        ] {
            let told = tokens_of(text);
            assert!((least..=4 * least).contains(&told), "{text}: {told}");
        }
    }
}
