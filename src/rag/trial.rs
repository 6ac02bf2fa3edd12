//! Two generations of a DB side by side: the same questions to both, and what their answers' passages say of them.
//!
//! With judgments, what is compared is how good retrieval is, question by question; the mean difference and its interval say
//! better, not worse or worse. Without them it can only be told how much changes.

use std::{collections::HashSet, sync::Arc};

use super::{
    Db, Models, Pipeline, RagError, RetrievalOptions,
    eval::{EvalObserver, Judgements, ndcg, recall, search},
};
use crate::{
    resilience::CallContext,
    util::statistics::{TWO_SIDED_95, mean_interval, wilson},
};
use serde::Serialize;

/// Passages that are asked for, for each document that counts: several may be of one document.
const PASSAGES_PER_DOCUMENT: usize = 3;

/// By how much a mean may be lower, for certain, and still count as not worse.
pub const MARGIN: f64 = 0.02;

/// A question, and which documents are right.
#[derive(Debug, Clone, PartialEq)]
pub struct TrialQuestion {
    /// The question.
    pub text: String,
    /// What is right, where somebody has said.
    pub judgments: Option<Judgements>,
}

/// What a trial says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TrialVerdict {
    /// It is better: the whole interval is above zero.
    Better,
    /// It may be better or worse, but hardly by more than [`MARGIN`].
    NotWorse,
    /// It is worse: the whole interval is below zero.
    Worse,
    /// Too few questions to tell.
    Unknown,
    /// Without judgments nobody can say what is better.
    Changed,
}

impl TrialVerdict {
    /// In words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Better => "better",
            Self::NotWorse => "not worse",
            Self::Worse => "WORSE",
            Self::Unknown => "cannot be told; ask more questions",
            Self::Changed => "no judgments were given: this says how much changes, not what is better",
        }
    }
}

/// A figure of both.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TrialFigure {
    /// Its name.
    pub figure: String,
    /// Mean of the generation that serves; of agreement there is only one value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serving: Option<f64>,
    /// Mean of the other one, or of the agreement.
    pub other: f64,
    /// Mean difference (or the mean) and its 95 % interval; no interval with fewer than two questions.
    pub difference: f64,
    /// Lower and upper end.
    pub interval: Option<[f64; 2]>,
}

/// What a trial found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trial {
    /// Questions that both were asked.
    pub questions: usize,
    /// The figures; the first one decides.
    pub figures: Vec<TrialFigure>,
    /// The verdict.
    pub verdict: TrialVerdict,
}

/// The documents that a generation finds for each question, the best first.
///
/// # Errors
/// When a question cannot be embedded, or a search fails.
pub async fn ask(
    db: &Arc<Db>,
    models: &Models,
    questions: &[TrialQuestion],
    options: &RetrievalOptions,
    depth: usize,
    observer: EvalObserver<'_>,
) -> Result<Vec<Vec<String>>, RagError> {
    let (pipeline, call) = (Pipeline::with_reranker(models.reranker()), CallContext::without_deadline());
    let options = RetrievalOptions { k: depth * PASSAGES_PER_DOCUMENT, ..options.clone() };
    let mut all = Vec::with_capacity(questions.len());
    for (n, question) in questions.iter().enumerate() {
        let passages = search(&question.text, db, models, &pipeline, options.clone(), &call).await?;
        let mut seen = HashSet::new();
        let mut ranked: Vec<String> =
            passages.iter().flat_map(|passage| passage.sources()).map(ToOwned::to_owned).collect();
        ranked.retain(|source| seen.insert(source.clone()));
        ranked.truncate(depth);
        all.push(ranked);
        observer(n + 1, questions.len());
    }
    Ok(all)
}

/// Compares what both found.
pub fn compare(questions: &[TrialQuestion], serving: &[Vec<String>], other: &[Vec<String>], depth: usize) -> Trial {
    let pairs = || questions.iter().zip(serving.iter().zip(other));
    let judged: Vec<_> = pairs().filter_map(|(question, found)| Some((question.judgments.as_ref()?, found))).collect();
    if judged.is_empty() {
        let shared: Vec<f64> = pairs().map(|(_, (a, b))| overlap(a, b)).collect();
        let same_first = pairs().filter(|(_, (a, b))| a.first() == b.first()).count();
        let share = same_first as f64 / questions.len().max(1) as f64;
        let figures = vec![
            agreement(&format!("shared of the first {depth} documents"), mean(&shared), mean_interval(&shared)),
            agreement(
                "same first document",
                share,
                wilson(same_first as f64, questions.len() as f64, TWO_SIDED_95).map(|(low, high)| [low, high]),
            ),
        ];
        return Trial { questions: questions.len(), figures, verdict: TrialVerdict::Changed };
    }
    let figure = |name: &str, measure: &dyn Fn(&[&str], &Judgements) -> f64| {
        let of = |found: &Vec<String>, judgments: &Judgements| {
            measure(&found.iter().map(String::as_str).collect::<Vec<_>>(), judgments)
        };
        let values: Vec<(f64, f64)> =
            judged.iter().map(|(judgments, (a, b))| (of(a, judgments), of(b, judgments))).collect();
        let differences: Vec<f64> = values.iter().map(|(a, b)| b - a).collect();
        TrialFigure {
            figure: format!("{name}@{depth}"),
            serving: Some(mean(&values.iter().map(|(a, _)| *a).collect::<Vec<_>>())),
            other: mean(&values.iter().map(|(_, b)| *b).collect::<Vec<_>>()),
            difference: mean(&differences),
            interval: mean_interval(&differences),
        }
    };
    let figures = vec![figure("nDCG", &|ranked, judgments| ndcg(ranked, judgments, depth)), figure("recall", &recall)];
    let verdict = verdict(figures[0].interval);
    Trial { questions: judged.len(), figures, verdict }
}

fn agreement(figure: &str, mean: f64, interval: Option<[f64; 2]>) -> TrialFigure {
    TrialFigure { figure: figure.to_owned(), serving: None, other: mean, difference: mean, interval }
}

/// What the interval of the mean difference says.
fn verdict(interval: Option<[f64; 2]>) -> TrialVerdict {
    match interval {
        Some([low, _]) if low > 0.0 => TrialVerdict::Better,
        Some([_, high]) if high < 0.0 => TrialVerdict::Worse,
        Some([low, _]) if low >= -MARGIN => TrialVerdict::NotWorse,
        _ => TrialVerdict::Unknown,
    }
}

/// Share of the longer list that both have; 1 when both are empty.
fn overlap(one: &[String], other: &[String]) -> f64 {
    let most = one.len().max(other.len());
    if most == 0 {
        return 1.0;
    }
    one.iter().filter(|source| other.contains(source)).count() as f64 / most as f64
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

impl Trial {
    /// The trial for people.
    pub fn table(&self) -> String {
        let interval = |figure: &TrialFigure| match figure.interval {
            Some([low, high]) => format!("[{low:+.4}, {high:+.4}]"),
            None => "-".to_owned(),
        };
        let width = self.figures.iter().map(|figure| figure.figure.len()).max().unwrap_or(0).max(6);
        let mut text =
            format!("{:width$}  {:>8}  {:>8}  {:>10}  95 % interval\n", "figure", "serving", "other", "difference");
        for figure in &self.figures {
            let (serving, difference) = match figure.serving {
                Some(serving) => (format!("{serving:.4}"), format!("{:+.4}", figure.difference)),
                None => ("-".to_owned(), "-".to_owned()),
            };
            text.push_str(&format!(
                "{:width$}  {serving:>8}  {:>8.4}  {difference:>10}  {}\n",
                figure.figure,
                figure.other,
                interval(figure)
            ));
        }
        text.push_str(&format!("{} questions: {}\n", self.questions, self.verdict.as_str()));
        text
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    fn question(right: Option<&str>) -> TrialQuestion {
        let judgments = right.map(|source| HashMap::from([(source.to_owned(), 1)]));
        TrialQuestion { text: "?".into(), judgments }
    }

    fn list(sources: &str) -> Vec<String> {
        sources.split_whitespace().map(str::to_owned).collect()
    }

    /// `n` questions whose right document is `a`, of which the generation finds it at the rank that `place` says.
    fn trial(n: usize, serving: impl Fn(usize) -> &'static str, other: impl Fn(usize) -> &'static str) -> Trial {
        let questions = vec![question(Some("a")); n];
        let lists = |of: &dyn Fn(usize) -> &'static str| (0..n).map(|n| list(of(n))).collect::<Vec<_>>();
        compare(&questions, &lists(&serving), &lists(&other), 10)
    }

    #[test]
    fn judgments_say_better_not_worse_and_worse() {
        let (good, bad) = ("a b c", "b c a");
        assert_eq!(trial(40, |_| bad, |_| good).verdict, TrialVerdict::Better);
        assert_eq!(trial(40, |_| good, |_| bad).verdict, TrialVerdict::Worse);
        assert_eq!(trial(40, |_| good, |_| good).verdict, TrialVerdict::NotWorse);
        // As many gains as losses, of so few questions: that may be anything.
        let mixed = trial(6, |n| if n % 2 == 0 { good } else { bad }, |n| if n % 2 == 0 { bad } else { good });
        assert_eq!(mixed.verdict, TrialVerdict::Unknown);
        assert_eq!(trial(1, |_| bad, |_| good).verdict, TrialVerdict::Unknown);
        let better = trial(40, |_| bad, |_| good);
        assert!((better.figures[0].difference - 0.5).abs() < 1e-9, "{better:?}");
        assert_eq!((better.figures[1].figure.as_str(), better.figures[1].difference), ("recall@10", 0.0));
    }

    #[test]
    fn without_judgments_only_the_change_is_told() {
        let questions = vec![question(None); 4];
        let serving = [list("a b"), list("a b"), list(""), list("c d")];
        let other = [list("a b"), list("b a"), list(""), list("c e")];
        let trial = compare(&questions, &serving, &other, 10);
        assert_eq!((trial.verdict, trial.questions), (TrialVerdict::Changed, 4));
        assert!((trial.figures[0].other - 0.875).abs() < 1e-9, "{trial:?}");
        assert!((trial.figures[1].other - 0.75).abs() < 1e-9, "{trial:?}");
        assert!(trial.table().contains("no judgments were given"));
    }

    proptest! {
        #[test]
        fn agreement_is_symmetric_and_whole_with_oneself(a in "([a-e] ){0,5}", b in "([a-e] ){0,5}") {
            let unique = |text: &str| {
                let mut list = list(text);
                list.sort();
                list.dedup();
                list
            };
            let (a, b) = (unique(&a), unique(&b));
            prop_assert!((overlap(&a, &b) - overlap(&b, &a)).abs() < 1e-12);
            prop_assert!((0.0..=1.0).contains(&overlap(&a, &b)));
            prop_assert_eq!(overlap(&a, &a), 1.0);
        }
    }
}
