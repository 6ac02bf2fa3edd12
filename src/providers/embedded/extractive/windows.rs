//! Which parts of which sentences make the answer.

use std::ops::Range;

use super::features::Material;

/// Characters up to which a sentence is quoted whole; of a longer one, as many are quoted at least.
const WHOLE: usize = 80;
const LEAST: usize = 60;

/// Sentences that are quoted at most, and characters from which on none is added.
const MOST: usize = 4;
const BUDGET: usize = 340;

/// Share of the probability from which on nothing is added; share per length that a further clause has at least.
const ENOUGH: f32 = 0.98;
const FURTHER: f32 = 0.05;

/// Length in characters that a clause's share is compared at: of two with the same share, the shorter is better.
const USUAL: f32 = 60.0;
const SHORT: f32 = 20.0;

/// A part of a sentence: a byte range of its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) sentence: usize,
    pub(crate) range: Range<usize>,
}

/// The windows of an answer, the best first, given each clause's share of the probability that it holds the answer.
pub(crate) fn windows(material: &Material, shares: &[f32]) -> Vec<Window> {
    let worth: Vec<f32> =
        (0..shares.len()).map(|at| shares[at] * (USUAL / length(material, at).max(SHORT)).sqrt()).collect();
    let mut order: Vec<usize> = (0..shares.len()).collect();
    order.sort_by(|&a, &b| worth[b].total_cmp(&worth[a]).then(a.cmp(&b)));
    let mut chosen: Vec<Window> = Vec::new();
    for at in order {
        let clause = &material.clauses[at];
        let covered = |window: &Window| {
            window.sentence == clause.sentence
                && window.range.start <= clause.range.start
                && window.range.end >= clause.range.end
        };
        if chosen.iter().any(covered) {
            continue;
        }
        if !chosen.is_empty() && (worth[at] < FURTHER || mass(material, shares, &chosen) >= ENOUGH) {
            break;
        }
        let range = around(material, shares, at);
        let is_full = chosen.len() >= MOST;
        match chosen.iter_mut().find(|window| window.sentence == clause.sentence) {
            Some(window) => window.range = window.range.start.min(range.start)..window.range.end.max(range.end),
            None if is_full => continue,
            None => chosen.push(Window { sentence: clause.sentence, range }),
        }
        let characters =
            |window: &Window| material.sentences[window.sentence].text[window.range.clone()].chars().count();
        if chosen.iter().map(characters).sum::<usize>() > BUDGET {
            break;
        }
    }
    chosen
}

fn length(material: &Material, clause: usize) -> f32 {
    let clause = &material.clauses[clause];
    material.sentences[clause.sentence].text[clause.range.clone()].chars().count() as f32
}

/// Share of the probability that the windows hold.
fn mass(material: &Material, shares: &[f32], windows: &[Window]) -> f32 {
    let within = |window: &Window| {
        let clauses = material.sentences[window.sentence].clauses.clone();
        let inside = clauses.filter(|at| {
            let range = &material.clauses[*at].range;
            range.start >= window.range.start && range.end <= window.range.end
        });
        inside.map(|at| shares[at]).sum::<f32>()
    };
    windows.iter().map(within).sum()
}

/// The part of its sentence by which a clause is quoted: all of a short one, else with the likelier of its neighbours until
/// it can be read by itself.
fn around(material: &Material, shares: &[f32], at: usize) -> Range<usize> {
    let sentence = &material.sentences[material.clauses[at].sentence];
    if sentence.text.chars().count() <= WHOLE {
        return 0..sentence.text.len();
    }
    let (mut first, mut last) = (at, at);
    let range = |first: usize, last: usize| material.clauses[first].range.start..material.clauses[last].range.end;
    while sentence.text[range(first, last)].chars().count() < LEAST {
        let before = first.checked_sub(1).filter(|before| sentence.clauses.contains(before));
        let behind = Some(last + 1).filter(|behind| sentence.clauses.contains(behind));
        match (before, behind) {
            (None, None) => break,
            (Some(before), Some(behind)) if shares[before] >= shares[behind] => first = before,
            (Some(before), None) => first = before,
            (_, Some(behind)) => last = behind,
        }
    }
    range(first, last)
}
