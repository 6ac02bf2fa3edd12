//! Context in vectors: a chunk is embedded with what it stands in.
//!
//! A passage seldom repeats what its title and its headings say. A language model reads both in one text. A table of token
//! vectors would let a long heading outweigh a short passage, or a long passage drown its title; there, passage and context
//! are embedded apart, and each has its share. The name of the document is no part of it: a renamed file is not embedded
//! again, and its name is searched for by its words.

use std::collections::HashMap;

use crate::{
    domain::{Heading, Place, headings_at},
    providers::{Embedder, ProviderError, Purpose, TextVector},
    resilience::CallContext,
};

/// Longest context that is embedded, in characters: it must leave most of a model's input to the text.
const MOST_CHARACTERS: usize = 300;

/// Between a title and a heading, and between two headings.
const SEPARATOR: &str = " › ";

/// Share of the context in a vector of a static embedder; the rest is the text's.
const SHARE: f32 = 0.1;

/// A text and what it stands in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextInContext {
    /// See [`of_place`]; may be empty.
    pub context: String,
    /// What is quoted.
    pub text: String,
}

/// The context of a part of a document: its title, and the headings above it that are no part of it themselves.
pub fn of_place(title: Option<&str>, place: &Place) -> String {
    let above = headings_at(&place.headings, place.start);
    let above = above.into_iter().filter(|heading: &&Heading| heading.start < place.start);
    let mut lines: Vec<&str> = title.into_iter().map(str::trim).filter(|title| !title.is_empty()).collect();
    for heading in above.map(|heading| heading.title.as_str()) {
        // The title of a text is often its first heading.
        if !lines.contains(&heading) {
            lines.push(heading);
        }
    }
    lines.join(SEPARATOR)
}

/// The end of a context that is too long: the nearest headings.
fn shortened(context: &str) -> String {
    let extra = context.chars().count().saturating_sub(MOST_CHARACTERS);
    context.chars().skip(extra).collect()
}

/// The vectors of texts in their contexts, a result for each.
///
/// # Errors
/// As [`Embedder::embed`].
pub async fn embed(
    embedder: &dyn Embedder,
    mut texts: Vec<TextInContext>,
    call: &CallContext,
) -> Result<Vec<TextVector>, ProviderError> {
    texts.iter_mut().for_each(|text| text.context = shortened(&text.context));
    if !embedder.id().is_static() {
        let texts: Vec<String> = texts.into_iter().map(|given| in_context(&given.context, &given.text)).collect();
        return embedder.embed(&texts, Purpose::Passage, call).await;
    }
    // Neighbours stand in the same context: each is embedded once.
    let mut contexts: HashMap<&str, usize> = HashMap::new();
    let mut all: Vec<String> = texts.iter().map(|text| text.text.clone()).collect();
    for TextInContext { context, .. } in &texts {
        if !context.is_empty() && !contexts.contains_key(context.as_str()) {
            contexts.insert(context, all.len());
            all.push(context.clone());
        }
    }
    let vectors = embedder.embed(&all, Purpose::Passage, call).await?;
    let in_context = texts.iter().zip(&vectors).map(|(TextInContext { context, .. }, vector)| {
        let context = contexts.get(context.as_str()).and_then(|&at| vectors.get(at)?.as_ref().ok());
        match (vector, context) {
            (Ok(vector), Some(context)) => Ok(mixed(vector, context)),
            (vector, _) => vector.clone(),
        }
    });
    Ok(in_context.collect())
}

/// The text for a language model.
pub fn in_context(context: &str, text: &str) -> String {
    if context.is_empty() { text.to_owned() } else { format!("{context}\n\n{text}") }
}

/// The vector of a text and its context, at unit length. The text's own where the two cancel out.
fn mixed(text: &[f32], context: &[f32]) -> Vec<f32> {
    let both = text.iter().zip(context);
    let sum: Vec<f32> = both.map(|(text, context)| (1.0 - SHARE) * text + SHARE * context).collect();
    let length = sum.iter().map(|x| x * x).sum::<f32>().sqrt();
    if length > 1e-6 { sum.iter().map(|x| x / length).collect() } else { text.to_vec() }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use parking_lot::Mutex;
    use proptest::prelude::*;

    use super::*;
    use crate::providers::{EmbedderId, Unembeddable};

    /// An embedder that remembers what it was asked; a text's vector points along the letter that it begins with.
    struct Recorder {
        id: EmbedderId,
        asked: Mutex<Vec<String>>,
    }

    impl Recorder {
        fn of(id: &str) -> Self {
            Self { id: EmbedderId::new(id), asked: Mutex::default() }
        }
    }

    #[async_trait]
    impl Embedder for Recorder {
        fn id(&self) -> &EmbedderId {
            &self.id
        }

        fn batch_size(&self) -> usize {
            8
        }

        async fn embed(&self, texts: &[String], _: Purpose, _: &CallContext) -> Result<Vec<TextVector>, ProviderError> {
            self.asked.lock().extend_from_slice(texts);
            let vector = |text: &String| match text.as_bytes().first() {
                Some(b'a') => Ok(vec![1.0, 0.0]),
                Some(b'b') => Ok(vec![0.0, 1.0]),
                _ => Err(Unembeddable("other".into())),
            };
            Ok(texts.iter().map(vector).collect())
        }
    }

    fn texts(pairs: &[(&str, &str)]) -> Vec<TextInContext> {
        let text = |(context, text): &(&str, &str)| TextInContext { context: (*context).into(), text: (*text).into() };
        pairs.iter().map(text).collect()
    }

    #[tokio::test]
    async fn a_table_of_vectors_gives_the_context_its_share_and_each_context_once() {
        let embedder = Recorder::of("static:x");
        let texts = texts(&[("b", "a1"), ("b", "a2"), ("", "a3"), ("?", "a4"), ("b", "?")]);
        let vectors = embed(&embedder, texts, &CallContext::without_deadline()).await.unwrap();
        assert_eq!(*embedder.asked.lock(), ["a1", "a2", "a3", "a4", "?", "b", "?"]);
        let first = vectors[0].as_ref().unwrap();
        assert!(first[0] > first[1] && first[1] > 0.0 && (first[0].hypot(first[1]) - 1.0).abs() < 1e-6, "{first:?}");
        assert_eq!(vectors[0], vectors[1]);
        assert_eq!((&vectors[2], &vectors[3]), (&Ok(vec![1.0, 0.0]), &Ok(vec![1.0, 0.0])), "there is no context");
        assert!(vectors[4].is_err(), "a context alone is not the text");
    }

    #[tokio::test]
    async fn a_model_reads_the_context_before_the_text() {
        let embedder = Recorder::of("ollama:x");
        let vectors =
            embed(&embedder, texts(&[("b", "a"), ("", "a")]), &CallContext::without_deadline()).await.unwrap();
        assert_eq!(*embedder.asked.lock(), ["b\n\na", "a"]);
        assert_eq!(vectors.len(), 2);
    }

    fn place(start: u32, headings: &[(u8, &str, u32)]) -> Place {
        let heading =
            |(level, title, start): &(u8, &str, u32)| Heading { level: *level, title: (*title).into(), start: *start };
        Place { start, end: start + 10, headings: headings.iter().map(heading).collect(), ..Place::default() }
    }

    #[test]
    fn a_context_is_the_title_and_the_headings_above_the_text() {
        let headings = [(1, "Guide", 0), (2, "Install", 20), (3, "Linux", 30), (2, "Use", 45)];
        assert_eq!(of_place(Some("Guide"), &place(40, &headings)), "Guide › Install › Linux");
        assert_eq!(of_place(Some(" The book "), &place(30, &headings)), "The book › Guide › Install");
        assert_eq!(of_place(None, &place(0, &headings)), "", "its own heading is in the text");
        assert_eq!(of_place(Some(""), &Place::default()), "");
    }

    proptest! {
        #[test]
        fn of_a_long_context_the_nearest_headings_are_embedded(context in "[aäｗ ]{0,400}") {
            let short = shortened(&context);
            prop_assert!(short.chars().count() == context.chars().count().min(MOST_CHARACTERS) && context.ends_with(&short));
        }
    }
}
