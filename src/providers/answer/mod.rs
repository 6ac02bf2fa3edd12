//! From what a model writes to an answer.
//!
//! A model writes more than its answer: how it got there (`<think>…</think>`), marks of its chat template, the same sentence
//! for ever; or nothing at all. Every LLM's stream passes here, whatever dialect it came in: reasoning is told apart, a model
//! that runs away is stopped, and nothing is no answer.

mod habits;
mod marks;
mod reader;
mod reasoning;
mod repetition;

use async_stream::try_stream;
use futures::StreamExt;

pub(super) use habits::Habits;
use reader::OutputReader;
use reasoning::Piece;

use super::{
    Ending, GenerationEvent, GenerationRequest, GenerationStats, GenerationStream, ProviderError, ProviderKind,
};

/// The answer in a stream as a dialect reads it. Dropping it ends the call; a model that runs away is not read on.
pub(super) fn answer(
    mut raw: GenerationStream,
    request: &GenerationRequest,
    provider: ProviderKind,
    habits: &Habits,
) -> GenerationStream {
    let (mut reader, habits) = (OutputReader::new(request, habits.holds()), habits.clone());
    try_stream! {
        let mut wrote = false;
        let mut reasoned = false;
        while let Some(event) = raw.next().await {
            let (pieces, done) = match event? {
                GenerationEvent::Reasoning(text) => {
                    habits.reasons_apart();
                    (reader.reasoning(text), None)
                }
                GenerationEvent::Author(_) | GenerationEvent::Restart => continue,
                GenerationEvent::Text(text) => (reader.text(&text), None),
                GenerationEvent::Done(stats) => (reader.end(), Some(stats)),
            };
            for piece in pieces {
                match piece {
                    Piece::Reasoning(text) => {
                        reasoned = true;
                        yield GenerationEvent::Reasoning(text);
                    }
                    Piece::Restart => {
                        habits.reasons_first();
                        (wrote, reasoned) = (false, true);
                        yield GenerationEvent::Restart;
                    }
                    Piece::Text(text) => {
                        wrote = true;
                        yield GenerationEvent::Text(text);
                    }
                }
            }
            let stopped = reader.stopped();
            let Some(mut stats) = done.or_else(|| stopped.map(|_| GenerationStats::default())) else { continue };
            stats.ending = stopped.unwrap_or(stats.ending);
            habits.learn(reader.closed_only(), reasoned);
            if !wrote {
                let reason = why_empty(stats.ending, reasoned);
                Err(ProviderError::Empty { provider, reason })?;
            }
            yield GenerationEvent::Done(stats);
            return;
        }
        Err(ProviderError::Truncated { provider })?;
    }
    .boxed()
}

fn why_empty(ending: Ending, reasoned: bool) -> &'static str {
    match (ending, reasoned) {
        (Ending::TokenLimit, true) => {
            "all its tokens went into its reasoning; raise --max-tokens or set --reasoning off"
        }
        (_, true) => "it reasoned and said nothing",
        (Ending::Loaded, false) => "it only loaded the model",
        (Ending::RanAway, false) => "it wrote marks of its chat template only; is it a chat model?",
        _ => "its text is empty",
    }
}

#[cfg(test)]
mod tests;
