//! Merging: copies of a passage take one place.

use super::{
    copies::Distinct,
    fusion::Fuse,
    read::read_more,
    retrieve,
    stage::{BlockingStage, Findings, Query},
};
use crate::rag::RagError;

/// Hits behind the last passage that are looked at, in case they are copies.
const LOOK_AHEAD: usize = 16;

/// How far the score of a copy is from that of its passage at most, as a share.
const NEAR_SCORE: f32 = 0.01;

/// Makes one passage of those that say the same, and fills the places that become free with the next best. Where all
/// candidates together are too few, more are retrieved.
pub(super) struct Merge;

impl BlockingStage for Merge {
    fn name(&self) -> &'static str {
        "merge"
    }

    fn run(&self, query: &Query, findings: &mut Findings) -> Result<(), RagError> {
        let before = findings.read;
        let mut distinct = take(findings, Distinct::default());
        while distinct.len() < query.options.candidates() {
            if findings.read < findings.ranked.len() {
                read_more(query, findings, query.options.candidates() - distinct.len())?;
            } else if retrieve::deeper(query, findings)? {
                // Fused anew, the order may be another.
                Fuse.run(query, findings)?;
                read_more(query, findings, query.options.candidates())?;
                distinct = Distinct::default();
            } else {
                break;
            }
            distinct = take(findings, distinct);
        }
        if distinct.len() >= query.options.candidates() {
            let near = near_the_last(findings);
            if near > 0 {
                read_more(query, findings, near)?;
                distinct = take(findings, distinct);
            }
        }
        findings.passages = distinct.into_passages(query.options.candidates());
        findings.tell(query, |findings| {
            let copies: usize = findings.passages.iter().map(|passage| passage.copies.len()).sum();
            let more = findings.read.saturating_sub(before);
            match (copies, more) {
                (0, 0) => "nothing: no two say the same".to_owned(),
                (copies, more) => format!("{copies} copies joined their like; {more} more read to fill the places"),
            }
        });
        Ok(())
    }
}

/// Takes in the passages that have been read.
fn take(findings: &mut Findings, mut distinct: Distinct) -> Distinct {
    for passage in findings.passages.drain(..) {
        distinct.push(passage);
    }
    distinct
}

/// How many of the next hits score like the last that was read, as its copies would.
fn near_the_last(findings: &Findings) -> usize {
    let (read, unread) = findings.ranked.split_at(findings.read);
    let Some(last) = read.last() else { return 0 };
    let near = |score: f32| last.score - score <= NEAR_SCORE * last.score.abs();
    unread.iter().take(LOOK_AHEAD).take_while(|hit| near(hit.score)).count()
}
