//! The learned sparse model: BERT of two layers with a masked-language-model head, as SPLADE trains it (Formal, Piwowarski,
//! Clinchant 2021). A text's vector has a weight for each term of the vocabulary: log(1 + relu(logit)), the largest over all
//! positions, so that it names the text's own words and others that belong to them.
//!
//! Weights are int8 with one scale a row; vectors between the layers are quantised as they come. No text is padded. Most of the
//! work is the head: each position with each of 30,522 terms, of which only the largest product counts.

mod layers;
mod math;
#[cfg(test)]
mod tests;

use std::sync::{Arc, OnceLock};

use safetensors::SafeTensors;

use layers::{Layer, Linear, Norm, floats, rows};
use math::gelu;

use super::static_model::{StaticEmbedder, StaticModelError};
use crate::{
    domain::{ChunkContext, SparseEncoder, SparseVector, UNKNOWN_LANGUAGE},
    util::packed::{PackedMatrix, QuantizedVectors},
};

static MODEL: &[u8] = include_bytes!("model.safetensors");

/// Names the model, and how texts are handed to it.
const ID: &str = "splade-tiny@1";

/// Tokens of a text that are read, the two around it included: what the model was trained on.
const MOST_TOKENS: usize = 256;

/// Tokens that stand before and behind every text.
const START: u32 = 101;
const END: u32 = 102;

const LAYERS: usize = 2;

/// Why the compiled-in model cannot be used.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SparseModelError {
    /// Its file.
    #[error("the compiled-in sparse model is unusable: {0}; build the program again")]
    Model(String),
    /// The tokenizer, which is the static model's.
    #[error("the sparse model has no tokenizer: {0}")]
    Tokenizer(Arc<StaticModelError>),
}

/// The compiled-in model. Immutable, and shared by threads.
pub struct SparseModel {
    tokenizer: StaticEmbedder,
    /// Of each term, int8, as it stands in the program.
    words: &'static [i8],
    word_scales: Vec<f32>,
    /// Of each position, that of the text's segment added.
    positions: Vec<f32>,
    first_norm: Norm,
    layers: Vec<Layer>,
    transform: Linear,
    last_norm: Norm,
    /// The words once more, to be multiplied with.
    head: PackedMatrix,
    head_bias: Vec<f32>,
    width: usize,
}

impl SparseModel {
    /// The compiled-in model: English. Loaded at the first call, which takes some ten milliseconds; later calls share it.
    ///
    /// # Errors
    /// [`SparseModelError`] only when the program was built with a damaged model; a test rules that out.
    pub fn bundled() -> Result<Arc<Self>, SparseModelError> {
        static LOADED: OnceLock<Result<Arc<SparseModel>, SparseModelError>> = OnceLock::new();
        LOADED.get_or_init(|| Self::load().map(Arc::new)).clone()
    }

    fn load() -> Result<Self, SparseModelError> {
        let tokenizer = StaticEmbedder::bundled().map_err(|error| SparseModelError::Tokenizer(Arc::new(error)))?;
        let read = || -> Result<Self, String> {
            let tensors = SafeTensors::deserialize(MODEL).map_err(|error| error.to_string())?;
            let table = |name: &str| rows(&tensors, &format!("bert.embeddings.{name}.weight"));
            let (words, segments, places) =
                (table("word_embeddings")?, table("token_type_embeddings")?, table("position_embeddings")?);
            let segment = segments.row(0).collect::<Vec<f32>>();
            let positions = (0..places.count().min(MOST_TOKENS))
                .flat_map(|at| places.row(at).zip(&segment).map(|(a, b)| a + b).collect::<Vec<_>>())
                .collect();
            let model = Self {
                tokenizer,
                words: words.numbers,
                head: PackedMatrix::new(words.numbers, words.width),
                width: words.width,
                word_scales: words.scales,
                positions,
                first_norm: Norm::read(&tensors, "bert.embeddings.LayerNorm")?,
                layers: (0..LAYERS).map(|n| Layer::read(&tensors, n)).collect::<Result<_, _>>()?,
                transform: Linear::read(&tensors, &["cls.predictions.transform.dense"])?,
                last_norm: Norm::read(&tensors, "cls.predictions.transform.LayerNorm")?,
                head_bias: floats(&tensors, "cls.predictions.bias")?,
            };
            if model.head_bias.len() != model.head.rows() || model.head.rows() > usize::from(u16::MAX) {
                return Err(format!("it has {} terms and {} biases", model.head.rows(), model.head_bias.len()));
            }
            Ok(model)
        };
        read().map_err(SparseModelError::Model)
    }

    /// The vector of a text. Reads its first 254 tokens; half a millisecond for a question, two to four for a chunk.
    pub fn encode(&self, text: &str) -> SparseVector {
        let tokens = self.tokenizer.tokens(text).take(MOST_TOKENS - 2);
        let tokens: Vec<u32> = std::iter::once(START).chain(tokens).chain([END]).collect();
        let mut states = self.embedded(&tokens);
        let mut quantized = QuantizedVectors::default();
        for layer in &self.layers {
            layer.run(&mut states, &mut quantized);
        }
        let mut transformed = Vec::new();
        self.transform.apply(&states, &mut quantized, &mut transformed);
        gelu(&mut transformed);
        self.last_norm.apply(&mut transformed);
        quantized.set_alike(&transformed, self.width);
        let mut largest = Vec::new();
        self.head.largest(&quantized, &mut largest);
        let scale = quantized.scales().first().copied().unwrap_or_default();
        let logits = largest
            .iter()
            .zip(&self.word_scales)
            .zip(&self.head_bias)
            .map(|((product, of_row), bias)| *product as f32 * scale * of_row + bias);
        let terms = (0..).zip(logits).filter(|(_, logit)| *logit > 0.0).map(|(term, logit)| (term, logit.ln_1p()));
        SparseVector { terms: terms.collect() }
    }

    /// What the tokens mean by themselves and by where they stand.
    fn embedded(&self, tokens: &[u32]) -> Vec<f32> {
        let mut states = self.positions[..tokens.len() * self.width].to_vec();
        for (state, token) in states.chunks_exact_mut(self.width).zip(tokens) {
            // The tokenizer knows as many tokens as the model, as a test makes sure.
            let token = *token as usize;
            let scale = self.word_scales[token];
            let word = &self.words[token * self.width..(token + 1) * self.width];
            state.iter_mut().zip(word).for_each(|(to, x)| *to += f32::from(*x) * scale);
        }
        self.first_norm.apply(&mut states);
        states
    }
}

/// The compiled-in model, loaded when the first text comes: not every program that opens a DB has one.
#[derive(Debug, Clone, Copy, Default)]
pub struct BundledSparseEncoder;

impl BundledSparseEncoder {
    fn encode(text: &str) -> SparseVector {
        match SparseModel::bundled() {
            Ok(model) => model.encode(text),
            Err(error) => {
                tracing::error!(%error, "no sparse vector can be made");
                SparseVector::default()
            }
        }
    }
}

impl SparseEncoder for BundledSparseEncoder {
    fn id(&self) -> &str {
        ID
    }

    fn reads(&self, language: &str) -> bool {
        matches!(language, "en" | UNKNOWN_LANGUAGE)
    }

    fn question(&self, text: &str) -> SparseVector {
        Self::encode(text)
    }

    fn passage(&self, context: &ChunkContext, text: &str) -> SparseVector {
        let title = context.title.iter();
        let headings = context.headings.iter().filter(|heading| Some(*heading) != context.title.as_ref());
        let mut whole: String = title.chain(headings).flat_map(|line| [line.as_str(), ". "]).collect();
        whole.push_str(text);
        Self::encode(&whole)
    }
}
