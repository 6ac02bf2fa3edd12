//! What speaks for and against that the passages answer a question.

use super::expectation::{Asked, Kinds};
use super::features::Material;

/// How many features there are.
pub(crate) const EVIDENCE: usize = 52;

/// Words that turn a statement around, lower case.
const NEGATIONS: &[&str] = &[
    "not", "never", "no", "without", "none", "neither", "nor", "except", "cannot", "didn't", "doesn't", "isn't",
    "wasn't", "weren't", "don't", "aren't", "nicht", "kein", "keine", "keinen", "keiner", "nie", "niemals", "ohne",
    "không", "chưa", "chẳng", "ngoài",
];

fn negations(text: &str) -> usize {
    let words = text.split(|c: char| !(c.is_alphabetic() || c == '\'' || c == '’')).filter(|word| word.len() < 12);
    let latin = words.filter(|word| NEGATIONS.contains(&word.to_lowercase().replace('’', "'").as_str())).count();
    latin + text.matches(['不', '没', '未', '非', '无']).count()
}

/// By how much a share is below a mark, as a share of the mark.
fn below(share: f32, mark: f32) -> f32 {
    (mark - share).max(0.0) / mark
}

impl Material {
    /// The features of a question and its passages, given how its clauses score and what share of the probability each has.
    pub(crate) fn evidence(&self, question: &str, scores: &[f32], shares: &[f32]) -> [f32; EVIDENCE] {
        let Some(best) = (0..scores.len()).max_by(|&a, &b| scores[a].total_cmp(&scores[b])) else {
            return [0.0; EVIDENCE];
        };
        let clause = &self.clauses[best];
        let sentence = &self.sentences[clause.sentence];
        let context = sentence.context;
        let near = |step: isize| {
            let other = clause.sentence.checked_add_signed(step).and_then(|at| self.sentences.get(at));
            other.filter(|other| other.context == context)
        };
        let around = [-1, 1].map(|step| near(step).map_or(0, |s| s.found.terms));
        let own = sentence.found.terms;
        let wide = own | around[0] | around[1];
        let in_context = self.in_context[context];
        let anywhere = self.anywhere();
        let share = |bits: u64| self.rarity.share(bits);
        let names = self.terms.names;
        let numbers = self.terms.numbers;
        let part = |bits: u64, of: u64| if of == 0 { 0.0 } else { (of & !bits).count_ones() as f32 };
        let kinds = sentence.clauses.clone().map(|c| self.clauses[c].kinds);
        let wanted: fn(&Kinds) -> u8 = match self.asked {
            Asked::Person => |k| k.names,
            Asked::Place => |k| k.names.saturating_add(k.places),
            Asked::Time => |k| k.numbers.saturating_add(k.dates),
            Asked::Amount => |k| k.numbers,
            Asked::Reason => |k| k.reasons,
            Asked::Thing => |k| k.news,
        };
        let met = f32::from(u8::from(kinds.clone().any(|k| wanted(&k) > 0)));
        let met_here = f32::from(u8::from(wanted(&clause.kinds) > 0));
        let all = (1_u64 << self.terms.count().min(63)) - 1;
        let count = self.terms.count().max(1) as f32;
        let lengths = self.terms.lengths();
        let total = lengths.iter().map(|length| length * length).sum::<f32>().max(1.0);
        let long = |bits: u64| {
            lengths.iter().enumerate().map(|(t, length)| (bits >> t & 1) as f32 * length * length).sum::<f32>() / total
        };
        let longest_missing = |bits: u64| {
            let missing = lengths.iter().enumerate().filter(|(term, _)| bits >> term & 1 == 0);
            missing.map(|(_, length)| length.min(14.0)).fold(0.0, f32::max) / 14.0
        };
        let missing = (all & !in_context).count_ones() as f32;
        let lacking = (all & !own).count_ones() as f32;
        let focus = |bits: u64| self.focus.map_or(0.5, |term| (bits >> term & 1) as f32);
        let mass: f32 = sentence.clauses.clone().map(|c| shares[c]).sum();
        let in_best: f32 = (0..shares.len())
            .filter(|c| self.sentences[self.clauses[*c].sentence].context == context)
            .map(|c| shares[c])
            .sum();
        let (asked_negated, said_negated) = (negations(question) > 0, negations(&sentence.text) > 0);
        let top = sentence.cosine;
        let truth = |b: bool| f32::from(u8::from(b));
        [
            1.0,
            scores[best] / 10.0,
            shares[best],
            mass,
            in_best,
            share(own),
            share(wide),
            share(in_context),
            share(anywhere),
            share(in_context) * share(in_context),
            share(wide) * share(wide),
            share(sentence.found.pairs),
            share(sentence.found.inflected),
            part(own, names).min(3.0) / 3.0,
            part(wide, names).min(3.0) / 3.0,
            part(in_context, names).min(3.0) / 3.0,
            part(anywhere, names).min(3.0) / 3.0,
            part(in_context, numbers).min(2.0),
            part(wide, numbers).min(2.0),
            met,
            met_here,
            truth(self.asked == Asked::Thing),
            truth(self.asked == Asked::Amount || self.asked == Asked::Time),
            truth(self.asked == Asked::Person || self.asked == Asked::Place),
            truth(self.asked == Asked::Reason),
            truth(asked_negated),
            truth(asked_negated != said_negated),
            missing.min(8.0) / 8.0,
            lacking / count,
            count.min(10.0).ln() / 3.0,
            focus(own),
            focus(in_context),
            top,
            1.0 / (1.0 + context as f32),
            below(share(in_context), 0.2),
            below(share(in_context), 0.35),
            below(share(in_context), 0.5),
            below(share(wide), 0.2),
            below(share(wide), 0.35),
            below(share(wide), 0.5),
            below(share(anywhere), 0.35),
            below(share(anywhere), 0.6),
            (all & in_context).count_ones().min(6) as f32 / 6.0,
            (all & wide).count_ones().min(6) as f32 / 6.0,
            (all & in_context).count_ones() as f32 / count,
            (all & anywhere).count_ones() as f32 / count,
            long(in_context),
            long(wide),
            long(anywhere),
            long(own),
            longest_missing(in_context),
            longest_missing(anywhere),
        ]
    }
}
