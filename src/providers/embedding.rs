//! Embedding through a server that refuses some batches and some texts.
//!
//! Servers limit the texts of a call (32, 10, …), the length of a text, or fail on one text with an error that reads like an
//! outage. A batch that is refused is divided down to the text that is at fault; the size that works is remembered. A text
//! that is too long is embedded in parts. Whether a failure is the text's or the server's is asked with a text that every
//! model can embed.

use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use futures::{FutureExt, future::BoxFuture};

use super::{Embedder, EmbedderId, ProviderError, ProviderKind, Purpose, TextVector, Unembeddable};
use crate::resilience::CallContext;

/// A text that every model can embed.
const HARMLESS: &str = "The sun rises in the east.";

/// Bytes of a text below which it is not divided any more.
const SHORTEST_PART: usize = 200;

/// One call in a server's dialect.
#[async_trait]
pub trait EmbeddingServer: Send + Sync {
    /// Whose it is.
    fn provider(&self) -> ProviderKind;

    /// What stands before each text, for models that were trained with a task in front of it.
    fn prefix(&self, _: Purpose) -> &'static str {
        ""
    }

    /// The vectors of these texts as the server gave them, as many as there are texts.
    async fn vectors(&self, texts: &[String], call: &CallContext) -> Result<Vec<Vec<f32>>, ProviderError>;
}

/// Texts that a call may have.
#[derive(Debug)]
struct BatchSize(AtomicUsize);

impl BatchSize {
    /// At first.
    fn new(most: usize) -> Self {
        Self(AtomicUsize::new(most))
    }

    /// As far as is known.
    fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    fn at_most(&self, size: usize) {
        if self.0.fetch_min(size.max(1), Ordering::Relaxed) > size {
            tracing::info!(size, "the embedding server takes fewer texts a call; its limit is kept from now on");
        }
    }
}

/// An embedder behind a server of either dialect.
pub struct ServerEmbedder<S> {
    server: S,
    id: EmbedderId,
    size: BatchSize,
}

impl<S> ServerEmbedder<S> {
    /// `most`: texts that a call has at first.
    pub(super) fn of(server: S, id: EmbedderId, most: usize) -> Self {
        Self { server, id, size: BatchSize::new(most) }
    }
}

#[async_trait]
impl<S: EmbeddingServer> Embedder for ServerEmbedder<S> {
    fn id(&self) -> &EmbedderId {
        &self.id
    }

    fn batch_size(&self) -> usize {
        self.size.get()
    }

    async fn embed(
        &self,
        texts: &[String],
        purpose: Purpose,
        call: &CallContext,
    ) -> Result<Vec<TextVector>, ProviderError> {
        match self.server.prefix(purpose) {
            "" => embed_each(&self.server, texts, &self.size, call).await,
            prefix => {
                let texts: Vec<String> = texts.iter().map(|text| format!("{prefix}{text}")).collect();
                embed_each(&self.server, &texts, &self.size, call).await
            }
        }
    }
}

/// The vector of each text.
///
/// # Errors
/// When the server cannot be asked, or embeds nothing at all.
async fn embed_each(
    server: &dyn EmbeddingServer,
    texts: &[String],
    size: &BatchSize,
    call: &CallContext,
) -> Result<Vec<TextVector>, ProviderError> {
    let mut work = Work { server, size, call, works: None };
    let mut vectors = Vec::with_capacity(texts.len());
    let mut rest = texts;
    while !rest.is_empty() {
        let (batch, more) = rest.split_at(size.get().min(rest.len()));
        vectors.extend(work.batch(batch).await?);
        rest = more;
    }
    if let Some(dimension) = vectors.iter().flatten().map(Vec::len).next()
        && let Some(odd) = vectors.iter().flatten().find(|vector| vector.len() != dimension)
    {
        let detail = format!("dimensions of one batch differ: {dimension} and {}", odd.len());
        return Err(ProviderError::BadVector { provider: server.provider(), detail });
    }
    Ok(vectors)
}

struct Work<'a> {
    server: &'a dyn EmbeddingServer,
    size: &'a BatchSize,
    call: &'a CallContext,
    /// Whether the server embeds a harmless text, once that was asked.
    works: Option<bool>,
}

impl Work<'_> {
    /// The vectors of some texts; halves it when it is refused.
    fn batch<'a>(&'a mut self, texts: &'a [String]) -> BoxFuture<'a, Result<Vec<TextVector>, ProviderError>> {
        async move {
            let error = match self.server.vectors(texts, self.call).await {
                Ok(vectors) if vectors.len() == texts.len() => return Ok(vectors.into_iter().map(unit).collect()),
                Ok(vectors) => {
                    let detail = format!("{} texts came back as {} vectors", texts.len(), vectors.len());
                    return Err(ProviderError::BadVector { provider: self.server.provider(), detail });
                }
                Err(error) => error,
            };
            if !may_be_the_texts(&error) {
                return Err(error);
            }
            if let [text] = texts {
                return Ok(vec![self.alone(text, error).await?]);
            }
            // An outage is not multiplied: dividing would ask as often as there are texts.
            if !is_refusal(&error) && !self.works().await {
                return Err(error);
            }
            let (left, right) = texts.split_at(texts.len() / 2);
            let mut vectors = self.batch(left).await?;
            vectors.extend(self.batch(right).await?);
            // No text was at fault, so it was their number.
            if is_refusal(&error) && vectors.iter().all(Result::is_ok) {
                self.size.at_most(right.len());
            }
            Ok(vectors)
        }
        .boxed()
    }

    /// The vector of a text that was refused on its own: of its parts, if those can be embedded.
    fn alone<'a>(
        &'a mut self,
        text: &'a str,
        error: ProviderError,
    ) -> BoxFuture<'a, Result<TextVector, ProviderError>> {
        async move {
            if !self.works().await {
                return Err(error);
            }
            let Some((left, right)) = halves(text) else { return Ok(Err(Unembeddable(error.to_string()))) };
            let mut sum: Option<Vec<f32>> = None;
            for part in [left, right] {
                let vector = match self.server.vectors(&[part.to_owned()], self.call).await {
                    Ok(mut vectors) => vectors.pop().map_or_else(|| Err(Unembeddable(error.to_string())), unit),
                    Err(error) if may_be_the_texts(&error) => self.alone(part, error).await?,
                    Err(error) => return Err(error),
                };
                let Ok(vector) = vector else { continue };
                // A part counts by its length.
                let vector = vector.into_iter().map(|x| x * part.len() as f32);
                sum = Some(match sum {
                    None => vector.collect(),
                    Some(sum) => sum.into_iter().zip(vector).map(|(a, b)| a + b).collect(),
                });
            }
            Ok(sum.map_or_else(|| Err(Unembeddable(error.to_string())), unit))
        }
        .boxed()
    }

    async fn works(&mut self) -> bool {
        if let Some(works) = self.works {
            return works;
        }
        let works = self.server.vectors(&[HARMLESS.to_owned()], self.call).await;
        let works = works.is_ok_and(|vectors| vectors.into_iter().map(unit).all(|vector| vector.is_ok()));
        self.works = Some(works);
        works
    }
}

/// Whether an error may come from the texts rather than from the server.
fn may_be_the_texts(error: &ProviderError) -> bool {
    match error {
        ProviderError::Status { status, .. } => matches!(status, 400 | 413 | 422 | 500),
        ProviderError::Reported { .. } | ProviderError::Malformed { .. } => true,
        _ => false,
    }
}

/// Whether the server refused the request, as opposed to failing.
fn is_refusal(error: &ProviderError) -> bool {
    matches!(error, ProviderError::Status { status: 400 | 413 | 422, .. })
}

/// Two halves of a text that is long enough, divided between words.
fn halves(text: &str) -> Option<(&str, &str)> {
    if text.len() < 2 * SHORTEST_PART {
        return None;
    }
    let middle = text.floor_char_boundary(text.len() / 2);
    let at = text[..middle].rfind(char::is_whitespace).filter(|at| *at >= SHORTEST_PART / 2).unwrap_or(middle);
    Some(text.split_at(at))
}

/// The vector at unit length.
fn unit(mut vector: Vec<f32>) -> TextVector {
    let length = vector.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>().sqrt();
    if !length.is_finite() || length <= 1e-12 {
        return Err(Unembeddable(format!("its vector has the length {length}")));
    }
    vector.iter_mut().for_each(|x| *x = (f64::from(*x) / length) as f32);
    Ok(vector)
}

#[cfg(test)]
mod tests {
    use parking_lot::Mutex;

    use super::*;

    /// A server of the kind that `refuses` tells.
    struct Picky<F> {
        calls: Mutex<Vec<usize>>,
        refuses: F,
    }

    #[async_trait]
    impl<F: Fn(&[String]) -> Option<ProviderError> + Send + Sync> EmbeddingServer for Picky<F> {
        fn provider(&self) -> ProviderKind {
            ProviderKind::OpenAi
        }

        async fn vectors(&self, texts: &[String], _: &CallContext) -> Result<Vec<Vec<f32>>, ProviderError> {
            self.calls.lock().push(texts.len());
            match (self.refuses)(texts) {
                Some(error) => Err(error),
                None => Ok(texts.iter().map(|text| vec![text.len() as f32, 1.0]).collect()),
            }
        }
    }

    fn status(status: u16) -> ProviderError {
        ProviderError::Status { provider: ProviderKind::OpenAi, status, message: "no".into() }
    }

    fn texts(n: usize) -> Vec<String> {
        (0..n).map(|n| format!("text {n}")).collect()
    }

    async fn run<F: Fn(&[String]) -> Option<ProviderError> + Send + Sync>(
        refuses: F,
        texts: &[String],
        size: &BatchSize,
    ) -> (Result<Vec<TextVector>, ProviderError>, Vec<usize>) {
        let server = Picky { calls: Mutex::default(), refuses };
        let vectors = embed_each(&server, texts, size, &CallContext::without_deadline()).await;
        (vectors, server.calls.into_inner())
    }

    #[tokio::test]
    async fn a_limit_of_texts_is_found_and_remembered() {
        for limit in [32, 10, 1] {
            let size = BatchSize::new(64);
            let refuses = |texts: &[String]| (texts.len() > limit).then(|| status(422));
            let (vectors, _) = run(refuses, &texts(130), &size).await;
            assert!(vectors.unwrap().iter().all(Result::is_ok));
            assert!((limit / 2..=limit).contains(&size.get()), "{limit}: {}", size.get());
            let (_, calls) = run(refuses, &texts(130), &size).await;
            assert!(calls.iter().all(|call| *call <= limit), "{calls:?}");
        }
    }

    #[tokio::test]
    async fn one_bad_text_costs_no_other_its_vector() {
        for code in [400, 500] {
            let size = BatchSize::new(64);
            let refuses = |texts: &[String]| texts.iter().any(|text| text == "text 5").then(|| status(code));
            let (vectors, calls) = run(refuses, &texts(40), &size).await;
            let bad: Vec<_> = vectors.unwrap().iter().enumerate().filter(|(_, v)| v.is_err()).map(|(n, _)| n).collect();
            assert_eq!((bad, size.get()), (vec![5], 64));
            assert!(calls.len() < 20, "{calls:?}");
        }
    }

    #[tokio::test]
    async fn an_outage_is_no_fault_of_the_texts_and_not_multiplied() {
        let (vectors, calls) = run(|_| Some(status(500)), &texts(64), &BatchSize::new(64)).await;
        assert!(matches!(vectors, Err(ProviderError::Status { status: 500, .. })));
        assert_eq!(calls, [64, 1]);
        let (vectors, _) = run(|_| Some(status(400)), &texts(4), &BatchSize::new(64)).await;
        assert!(matches!(vectors, Err(ProviderError::Status { status: 400, .. })), "a wrong API is no bad text");
    }

    #[tokio::test]
    async fn a_long_text_is_embedded_in_parts() {
        let long = "word ".repeat(1_000);
        let refuses = |texts: &[String]| texts.iter().any(|text| text.len() > 1_500).then(|| status(400));
        let (vectors, _) = run(refuses, &[long, "short".into()], &BatchSize::new(64)).await;
        let vectors = vectors.unwrap();
        let length = |v: &TextVector| v.as_ref().unwrap().iter().map(|x| x * x).sum::<f32>().sqrt();
        assert!(vectors.iter().all(|v| (length(v) - 1.0).abs() < 1e-5));
    }

    #[test]
    fn vectors_of_no_length_or_of_no_numbers_are_none() {
        assert!(unit(vec![0.0, 0.0]).is_err() && unit(vec![f32::NAN, 1.0]).is_err() && unit(vec![]).is_err());
        assert_eq!(unit(vec![3.0, 4.0]), Ok(vec![0.6, 0.8]));
    }
}
