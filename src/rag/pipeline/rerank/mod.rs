//! Reranking: more passages than are wanted get scores of another kind, and the best of them are kept.

mod features;
mod http;

pub(super) use features::WeighFeatures;
pub use features::{FEATURES, WEIGHTS, features, score};
pub(super) use http::AskReranker;

use super::stage::{Findings, Query};
use crate::{
    domain::{Hit, Passage, Place},
    rag::context,
};

/// The title of a passage's document and the headings above it.
fn context_of(passage: &Passage) -> String {
    let unknown = Place::default();
    context::of_place(passage.title.as_deref(), passage.place.as_ref().unwrap_or(&unknown))
}

/// Puts the passages into the order of their scores, the best first; of equal ones, the order stays as it was.
fn reorder(query: &Query, findings: &mut Findings, scores: &[f32]) {
    let passages = std::mem::take(&mut findings.passages);
    let mut scored: Vec<_> = scores.iter().copied().zip(passages).enumerate().collect();
    scored.sort_by(|(_, (a, _)), (_, (b, _))| b.total_cmp(a));
    let moved = scored.iter().enumerate().filter(|(now, (before, _))| now != before).count();
    let (first, all) = (scored.first().map_or(0, |(before, _)| before + 1), scored.len());
    findings.reranked.clear();
    for (_, (score, mut passage)) in scored {
        passage.score = score;
        findings.reranked.extend(passage.id.map(|chunk| Hit { chunk, score }));
        findings.passages.push(passage);
    }
    findings.tell(query, |_| match moved {
        0 => format!("nothing: the order of all {all} was the same"),
        moved => format!("moved {moved} of {all}; the first was #{first}; kept the best {}", query.options.k.min(all)),
    });
}
