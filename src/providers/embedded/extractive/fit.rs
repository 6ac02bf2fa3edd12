//! Fits the weights of the answerer to questions whose answers are known. Deterministic: the same examples give the same
//! weights.

use super::super::static_model::StaticEmbedder;
use super::Decider;
use super::evidence::EVIDENCE;
use super::features::{FEATURES, Material};
use super::network::{Network, shares};
use super::phrases::Language;

/// Hidden units of the two networks.
pub(crate) const CLAUSE_UNITS: usize = 16;
pub(crate) const EVIDENCE_UNITS: usize = 12;

/// Share of the questions with answers from which the answerer may abstain.
const FALSE_ABSTENTION: f64 = 0.038;

/// Groups of rows between two steps, and length of a step at first.
const BATCH: usize = 64;
const STEP: f32 = 0.01;

/// A question for which it is known whether, and with what words, its passages answer it.
pub struct Example {
    question: String,
    language: Language,
    material: Material,
    rows: Vec<[f32; FEATURES]>,
    /// Clauses that have words of the answer; `None` for a question without one.
    gold: Option<Vec<bool>>,
    weight: f32,
}

impl Example {
    /// An example. `is_gold` says of a text whether it has the words of a known answer; `None` when there is none. `right` is the
    /// position of the passage that is known to answer, `weight` how much the example counts for abstention.
    pub fn new(
        question: &str,
        passages: &[String],
        embedder: &StaticEmbedder,
        right: Option<usize>,
        is_gold: Option<&dyn Fn(&str) -> bool>,
        weight: f32,
    ) -> Self {
        let mut material = Material::of(question, passages);
        material.embed(question, embedder);
        let rows = material.features();
        let gold = is_gold.map(|is_gold| {
            let gold = gold_clauses(&material, right, is_gold);
            if right.is_some() && !gold.contains(&true) { gold_clauses(&material, None, is_gold) } else { gold }
        });
        Self { question: question.to_owned(), language: Language::of(question), material, rows, gold, weight }
    }
}

/// The clauses that have the words of an answer; where none has them alone, the fewest neighbours that have them together.
fn gold_clauses(material: &Material, right: Option<usize>, is_gold: &dyn Fn(&str) -> bool) -> Vec<bool> {
    let mut gold = vec![false; material.clauses.len()];
    for sentence in material.sentences.iter().filter(|sentence| right.is_none_or(|right| right == sentence.context)) {
        if !is_gold(&sentence.text) {
            continue;
        }
        let all = sentence.clauses.clone();
        for length in 1..=all.len() {
            let mut found = false;
            for first in all.start..=all.end - length {
                let last = first + length - 1;
                let text = &sentence.text[material.clauses[first].range.start..material.clauses[last].range.end];
                if is_gold(text) {
                    gold[first..=last].fill(true);
                    found = true;
                }
            }
            if found {
                break;
            }
        }
    }
    gold
}

/// Weights that were fitted.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    pub(crate) clauses: Vec<f32>,
    pub(crate) evidence: Vec<f32>,
    /// In the order of the languages.
    pub(crate) thresholds: [f32; 4],
}

impl Fitted {
    /// What decides by these weights.
    pub fn decider(&self) -> Decider<'_> {
        Decider::new(&self.clauses, &self.evidence, self.thresholds)
    }

    /// The least evidence for an answer in a language: English, German, Vietnamese, Chinese.
    pub fn thresholds(&self) -> [(&'static str, f32); 4] {
        Language::ALL.map(|language| (language.as_str(), self.thresholds[language as usize]))
    }

    /// The weights as the source text that is compiled in.
    pub fn source(&self) -> String {
        let list = |values: &[f32]| {
            let lines = values.chunks(12).map(|line| {
                let line: Vec<String> = line.iter().map(|value| format!("{value:.4}")).collect();
                format!("    {},\n", line.join(", "))
            });
            lines.collect::<String>()
        };
        format!(
            "//! Weights of the answerer. Written by `ragctl eval --abstain --weights FILE`; do not edit.\n\n\
             /// Scores a clause by its features.\n#[rustfmt::skip]\npub(super) const CLAUSES: &[f32] = &[\n{}];\n\n\
             /// Says by the features of a question and its passages whether they answer it.\n#[rustfmt::skip]\n\
             pub(super) const EVIDENCE: &[f32] = &[\n{}];\n\n\
             /// Least evidence for an answer: English, German, Vietnamese, Chinese.\n\
             pub(super) const THRESHOLDS: [f32; 4] = [{}];\n",
            list(&self.clauses),
            list(&self.evidence),
            self.thresholds.map(|value| format!("{value:.4}")).join(", ")
        )
    }
}

/// Examples that stand together and are learnt from, or judged, together: most of them are about the same documents.
const BLOCK: usize = 200;

/// Fits the networks to all examples. The thresholds come from networks that have not seen the examples that they judge: every
/// other block is judged by what the rest teaches, for what a network was fitted to it knows too well. Examples about the same
/// documents should stand together.
pub fn fit(examples: &[Example]) -> Fitted {
    let half = |odd: usize| -> Vec<&Example> {
        examples.chunks(BLOCK).enumerate().filter(|(at, _)| at % 2 == odd).flat_map(|(_, block)| block).collect()
    };
    let mut judged: Vec<(&Example, f32)> = Vec::with_capacity(examples.len());
    for odd in [0, 1] {
        let (clauses, weights) = networks(&half(1 - odd));
        judged.extend(half(odd).into_iter().map(|example| (example, judge(example, &clauses, &weights))));
    }
    let own = Language::ALL.map(|language| {
        let own = judged.iter().filter(|(example, _)| example.language == language && example.gold.is_some());
        let mut scores: Vec<f32> = own.map(|(_, score)| *score).collect();
        scores.sort_by(f32::total_cmp);
        scores.get((scores.len() as f64 * FALSE_ABSTENTION) as usize).copied()
    });
    // Of a language without examples nothing is known: it answers as readily as any.
    let least = own.into_iter().flatten().reduce(f32::min).unwrap_or(0.0);
    let thresholds = own.map(|threshold| threshold.unwrap_or(least));
    let (clauses, evidence) = networks(&examples.iter().collect::<Vec<_>>());
    Fitted { clauses, evidence, thresholds }
}

/// The weights of both networks.
fn networks(examples: &[&Example]) -> (Vec<f32>, Vec<f32>) {
    let groups: Vec<Group<'_>> = examples.iter().filter_map(|example| Group::of_clauses(example)).collect();
    let clauses = train(&groups, FEATURES, CLAUSE_UNITS, 12, 1e-3);
    let network = Network::new(FEATURES, CLAUSE_UNITS, &clauses);
    let rows: Vec<[f32; EVIDENCE]> = examples.iter().map(|example| evidence(example, network)).collect();
    let goals = examples.iter().map(|example| Goal::Answered { is: example.gold.is_some(), weight: example.weight });
    let groups: Vec<Group<'_>> =
        rows.iter().zip(goals).map(|(row, goal)| Group { rows: vec![row.as_slice()], goal }).collect();
    let weights = train(&groups, EVIDENCE, EVIDENCE_UNITS, 30, 5e-4);
    (clauses, weights)
}

/// What networks say for that an example's passages answer.
fn judge(example: &Example, clauses: &[f32], weights: &[f32]) -> f32 {
    let network = Network::new(FEATURES, CLAUSE_UNITS, clauses);
    Network::new(EVIDENCE, EVIDENCE_UNITS, weights).score(&evidence(example, network))
}

/// The evidence for an answer, by a network that scores clauses.
fn evidence(example: &Example, network: Network<'_>) -> [f32; EVIDENCE] {
    let scores: Vec<f32> = example.rows.iter().map(|row| network.score(row)).collect();
    example.material.evidence(&example.question, &scores, &shares(&scores))
}

/// What the scores of a group of rows should be.
enum Goal<'e> {
    /// Highest for these rows.
    Highest(&'e [bool]),
    /// Above or below zero, for the only row.
    Answered { is: bool, weight: f32 },
}

struct Group<'e> {
    rows: Vec<&'e [f32]>,
    goal: Goal<'e>,
}

impl<'e> Group<'e> {
    fn of_clauses(example: &'e Example) -> Option<Self> {
        let gold = example.gold.as_ref().filter(|gold| gold.contains(&true))?;
        Some(Self { rows: example.rows.iter().map(<[f32; FEATURES]>::as_slice).collect(), goal: Goal::Highest(gold) })
    }

    /// How the loss grows with each score.
    fn slopes(&self, scores: &[f32]) -> Vec<f32> {
        match self.goal {
            Goal::Highest(gold) => {
                let shares = shares(scores);
                let right = shares.iter().zip(gold).filter(|(_, gold)| **gold).map(|(share, _)| share).sum::<f32>();
                let right = right.max(1e-9);
                shares.iter().zip(gold).map(|(share, gold)| share - if *gold { share / right } else { 0.0 }).collect()
            }
            Goal::Answered { is, weight } => {
                let chance = |score: &f32| 1.0 / (1.0 + (-score).exp());
                scores.iter().map(|score| weight * (chance(score) - f32::from(u8::from(is)))).collect()
            }
        }
    }
}

/// A generator of numbers from −0.5 to 0.5, the same at every run.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1_u64 << 24) as f32 - 0.5
    }
}

/// Gradient descent with Adam (Kingma and Ba 2015), whose step becomes shorter with every epoch.
fn train(groups: &[Group<'_>], inputs: usize, hidden: usize, epochs: usize, decay: f32) -> Vec<f32> {
    let size = Network::size(inputs, hidden);
    let mut noise = Noise(9);
    let mut weights: Vec<f32> = (0..size).map(|at| if at < size - inputs { 0.6 * noise.next() } else { 0.0 }).collect();
    let (mut mean, mut square) = (vec![0.0_f32; size], vec![0.0_f32; size]);
    let mut order: Vec<usize> = (0..groups.len()).collect();
    let mut steps = 0;
    for epoch in 0..epochs {
        let step = STEP * (1.0 - epoch as f32 / epochs as f32);
        for at in (1..order.len()).rev() {
            order.swap(at, (((noise.next() + 0.5) * (at + 1) as f32) as usize).min(at));
        }
        for batch in order.chunks(BATCH) {
            let mut gradient = vec![0.0_f32; size];
            batch.iter().for_each(|&at| add_gradient(&groups[at], inputs, hidden, &weights, &mut gradient));
            steps += 1;
            let (first, second) = (1.0 - 0.9_f32.powi(steps), 1.0 - 0.999_f32.powi(steps));
            for at in 0..size {
                let slope = gradient[at] / batch.len() as f32 + decay * weights[at];
                mean[at] = 0.9 * mean[at] + 0.1 * slope;
                square[at] = 0.999 * square[at] + 0.001 * slope * slope;
                weights[at] -= step * (mean[at] / first) / ((square[at] / second).sqrt() + 1e-8);
            }
        }
    }
    weights
}

fn add_gradient(group: &Group<'_>, inputs: usize, hidden: usize, weights: &[f32], gradient: &mut [f32]) {
    let network = Network::new(inputs, hidden, weights);
    let scores: Vec<f32> = group.rows.iter().map(|row| network.score(row)).collect();
    for (row, slope) in group.rows.iter().zip(group.slopes(&scores)) {
        // Rows that hardly matter are most of them.
        if slope.abs() < 1e-5 {
            continue;
        }
        let add = |gradient: &mut [f32], factor: f32| gradient.iter_mut().zip(*row).for_each(|(g, x)| *g += factor * x);
        for unit in 0..hidden {
            let own = unit * inputs..(unit + 1) * inputs;
            let active = super::network::dot(row, &weights[own.clone()]);
            if active > 0.0 {
                let outer = hidden * inputs + unit;
                gradient[outer] += slope * active;
                add(&mut gradient[own], slope * weights[outer]);
            }
        }
        add(&mut gradient[hidden * inputs + hidden..], slope);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_fitted_puts_the_right_rows_first_and_is_the_same_every_time() {
        // The row is right whose two features are unequal: no linear score finds that.
        let rows: Vec<[f32; 3]> = vec![[0.0, 0.0, 1.0], [1.0, 0.0, 1.0], [1.0, 1.0, 1.0]];
        let group = || Group {
            rows: rows.iter().map(<[f32; 3]>::as_slice).collect(),
            goal: Goal::Highest(&[false, true, false]),
        };
        let groups: Vec<Group<'_>> = (0..200).map(|_| group()).collect();
        let weights = train(&groups, 3, 8, 60, 0.0);
        assert_eq!(weights, train(&groups, 3, 8, 60, 0.0));
        let network = Network::new(3, 8, &weights);
        let scores: Vec<f32> = rows.iter().map(|row| network.score(row)).collect();
        assert!(scores[1] > scores[0] + 1.0 && scores[1] > scores[2] + 1.0, "{scores:?}");
    }

    #[test]
    fn gold_is_the_fewest_clauses_that_have_the_words() {
        let passage =
            "The harbor was built by Ann Reed of Dover, who came in 1862 with three ships, and it belongs to the city.";
        let material = Material::of("Who built the harbor?", &[passage.to_owned()]);
        assert!(material.clauses.len() > 1);
        let gold = gold_clauses(&material, None, &|text: &str| text.contains("Ann Reed"));
        assert_eq!(gold.iter().filter(|gold| **gold).count(), 1);
        assert!(gold_clauses(&material, Some(1), &|_: &str| true).iter().all(|gold| !gold));
    }
}
