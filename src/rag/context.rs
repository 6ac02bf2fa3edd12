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

/// Longest context in characters: it must leave most of a model's input to the text.
const MOST_CHARACTERS: usize = 300;

/// Between a title and a heading, and between two headings.
const SEPARATOR: &str = " › ";

/// Share of the context in a vector of a static embedder.
fn share() -> f32 {
    static W: std::sync::OnceLock<f32> = std::sync::OnceLock::new();
    *W.get_or_init(|| std::env::var("RAGCTL_CW").ok().and_then(|v| v.parse().ok()).unwrap_or(0.3))
}

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
    shortened(&lines.join(SEPARATOR))
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
    texts: Vec<TextInContext>,
    call: &CallContext,
) -> Result<Vec<TextVector>, ProviderError> {
    if !embedder.id().is_static() {
        let texts: Vec<String> = texts.into_iter().map(joined).collect();
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
fn joined(TextInContext { context, text }: TextInContext) -> String {
    if context.is_empty() { text } else { format!("{context}\n\n{text}") }
}

/// The vector of a text and its context, at unit length. The text's own where the two cancel out.
fn mixed(text: &[f32], context: &[f32]) -> Vec<f32> {
    let sum: Vec<f32> = text.iter().zip(context).map(|(text, context)| (1.0 - share()) * text + share() * context).collect();
    let length = sum.iter().map(|x| x * x).sum::<f32>().sqrt();
    if length > 1e-6 { sum.iter().map(|x| x / length).collect() } else { text.to_vec() }
}
