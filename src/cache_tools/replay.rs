//! Replays the questions of a file under several settings of the cache.

use super::log::Questions;
use crate::{
    cache::{
        CacheMode, CacheSettings, SimilarityPrior,
        tune::{self, Embedded, Logged, Measured, Pair},
    },
    providers::{Embedder, ProviderError, Purpose, Unembeddable},
    resilience::CallContext,
};

/// Seed of verified mode's draws, so that a report can be made again.
const SEED: u64 = 1;

/// Questions with their vectors.
pub enum Replay {
    /// Each a cache of one entry that is asked once.
    Pairs(Vec<Pair>),
    /// Asked in their order.
    Log(Vec<Logged>),
}

impl Replay {
    /// Measures what the cache does under a setting.
    pub fn run(&self, settings: &CacheSettings) -> Measured {
        match self {
            Self::Pairs(pairs) => tune::replay_pairs(pairs, settings, &mut SimilarityPrior::default(), SEED),
            Self::Log(log) => tune::replay_log(&[], log, settings, &SimilarityPrior::default(), true, SEED),
        }
    }

    /// Learns from the questions what the embedder's similarities mean.
    pub fn teach(&self) -> SimilarityPrior {
        match self {
            Self::Pairs(pairs) => tune::teach_pairs(pairs),
            Self::Log(log) => tune::teach_log(&[], log),
        }
    }
}

/// Why questions have no vectors.
#[derive(Debug, thiserror::Error)]
pub enum EmbedError {
    /// The embedder failed.
    #[error("the questions cannot be embedded")]
    Provider(#[from] ProviderError),
    /// One of the questions has no vector.
    #[error("the question {question:?} cannot be embedded: {error}")]
    Question {
        /// Which.
        question: String,
        /// Why not.
        error: Unembeddable,
    },
    /// The embedder gave too few or too many.
    #[error("the embedder gave {vectors} vectors for {questions} questions")]
    Count {
        /// Vectors that came.
        vectors: usize,
        /// Questions of the batch.
        questions: usize,
    },
}

/// All thresholds that are worth a line, with and without guards, then verified mode.
pub fn grid(bound: f64) -> Vec<CacheSettings> {
    let thresholds: Vec<f32> = tune::thresholds().collect();
    let fixed = [false, true].into_iter().flat_map(|guards| {
        thresholds.iter().map(move |threshold| CacheSettings {
            threshold: *threshold,
            guards,
            ..CacheSettings::default()
        })
    });
    fixed.chain([verified(bound)]).collect()
}

/// A fixed threshold, with guards.
pub fn fixed(threshold: f32) -> CacheSettings {
    CacheSettings { threshold, ..CacheSettings::default() }
}

/// Verified mode with this bound.
pub fn verified(delta: f64) -> CacheSettings {
    CacheSettings { mode: CacheMode::Verified, delta, ..CacheSettings::default() }
}

/// Measures several settings, blocking; and what the questions teach.
pub fn measure(replay: &Replay, settings: &[CacheSettings]) -> (Vec<Measured>, SimilarityPrior) {
    (settings.iter().map(|settings| replay.run(settings)).collect(), replay.teach())
}

/// Embeds all questions; `on_batch` gets the number of questions of each batch.
///
/// # Errors
/// An embedder that fails, or that gives another number of vectors.
pub async fn embed(
    questions: Questions,
    embedder: &dyn Embedder,
    on_batch: impl Fn(u64),
) -> Result<Replay, EmbedError> {
    let (texts, labels): (Vec<String>, FileLabels) = match questions {
        Questions::Pairs(pairs) => {
            let same = pairs.iter().map(|pair| pair.same).collect();
            (pairs.into_iter().flat_map(|pair| [pair.stored, pair.asked]).collect(), FileLabels::Pairs(same))
        }
        Questions::Log(log) => {
            let (texts, answers) = log.into_iter().map(|logged| (logged.text, logged.answer)).unzip();
            (texts, FileLabels::Log(answers))
        }
    };
    let mut all = Vec::with_capacity(texts.len());
    for batch in texts.chunks(embedder.batch_size().max(1)) {
        let vectors = embedder.embed(batch, Purpose::Query, &CallContext::without_deadline()).await?;
        if vectors.len() != batch.len() {
            return Err(EmbedError::Count { vectors: vectors.len(), questions: batch.len() });
        }
        for (text, vector) in batch.iter().zip(vectors) {
            let vector = vector.map_err(|error| EmbedError::Question { question: text.clone(), error })?;
            all.push(Embedded::new(text.clone(), vector));
        }
        on_batch(batch.len() as u64);
    }
    Ok(labels.join(all))
}

/// The labels of a file's questions.
enum FileLabels {
    Pairs(Vec<bool>),
    Log(Vec<Option<String>>),
}

impl FileLabels {
    fn join(self, all: Vec<Embedded>) -> Replay {
        match self {
            Self::Pairs(same) => {
                let pairs = all.as_chunks::<2>().0.iter().zip(same);
                Replay::Pairs(
                    pairs
                        .map(|([stored, asked], same)| Pair { stored: stored.clone(), asked: asked.clone(), same })
                        .collect(),
                )
            }
            Self::Log(answers) => Replay::Log(
                all.into_iter().zip(answers).map(|(question, answer)| Logged { question, answer }).collect(),
            ),
        }
    }
}
