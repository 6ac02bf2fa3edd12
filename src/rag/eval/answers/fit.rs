//! Fits the embedded answerer to the first halves of collections, and shows what it does on the second ones.

use std::sync::Arc;

use serde::Serialize;

use super::{AnswerDbs, AnswerHalf, AnswerOptions, AnswerSet, gold::Words, language, of_half};
use crate::{
    providers::embedded::{Decider, Example, Fitted, StaticEmbedder, extract_by, fit},
    rag::{
        Db, Models, Pipeline, RagError,
        eval::{EvalObserver, answers::passages_of, index},
    },
};

/// What kind of question it is, and how much an example of it counts for abstention.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Answered,
    Adversarial,
    LeftOut,
    Foreign,
}

impl Kind {
    /// There are as many questions about what is left out as answered ones, and few foreign ones.
    fn weight(self) -> f32 {
        match self {
            Self::Answered | Self::Adversarial => 1.0,
            Self::LeftOut => 0.5,
            Self::Foreign => 4.0,
        }
    }
}

/// A question with its passages.
struct AskedQuestion {
    text: String,
    kind: Kind,
    is_check: bool,
    gold: Vec<String>,
    passages: Arc<[String]>,
    /// Position of the passage that is known to answer.
    right: Option<usize>,
}

/// The questions of a collection with the passages that were found for them.
pub struct AskedSet {
    name: String,
    language: String,
    questions: Vec<AskedQuestion>,
}

/// How often an answerer abstains, on one half of a collection. Shares are 0..=1, `None` where nothing was asked.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AbstentionScore {
    /// The collection.
    pub dataset: String,
    /// ISO 639-1 code of most of its documents.
    pub language: String,
    /// `fit` or `check`.
    pub half: &'static str,
    /// `fitted`, or `compiled in`.
    pub weights: &'static str,
    /// Share of the questions with answers whose answer is in what is quoted.
    pub in_answer: Option<f64>,
    /// Share of the questions with answers from which it abstains.
    pub false_abstention: Option<f64>,
    /// Share of the questions that look as if they had an answer.
    pub adversarial: Option<f64>,
    /// Share of the questions about documents that are left out.
    pub left_out: Option<f64>,
    /// Share of the questions of other collections.
    pub foreign: Option<f64>,
}

/// A question, of which kind it is, whether it is of the half that checks, its known answers and its document, and the DB that is asked.
type Wanted<'a> = (&'a str, Kind, bool, Option<(&'a [String], usize)>, &'a Arc<Db>);

/// Asks all questions of a collection for their passages.
///
/// # Errors
/// When documents cannot be embedded or stored, or an index fails.
pub async fn ask_all(
    set: &AnswerSet,
    dbs: &AnswerDbs,
    models: &Models,
    options: &AnswerOptions,
    observer: EvalObserver<'_>,
) -> Result<AskedSet, RagError> {
    let middle = set.middle();
    let (first, second) = set.documents.split_at(middle);
    for (db, documents) in [(&dbs.all, &set.documents[..]), (&dbs.first, first), (&dbs.second, second)] {
        index(documents, db, models.embedder(), &|_| {}).await?;
    }
    let is_check = |document: usize| AnswerHalf::Check.holds(document, middle);
    let mut wanted: Vec<Wanted<'_>> = Vec::new();
    for question in &set.questions {
        let known = Some((question.gold.as_slice(), question.document));
        let check = is_check(question.document);
        wanted.push((&question.text, Kind::Answered, check, known, &dbs.all));
        wanted.push((&question.text, Kind::LeftOut, check, None, if check { &dbs.first } else { &dbs.second }));
    }
    for half in [AnswerHalf::Fit, AnswerHalf::Check] {
        let questions = of_half(&set.unanswerable, half, middle).into_iter();
        wanted.extend(questions.map(|text| (text, Kind::Adversarial, half == AnswerHalf::Check, None, &dbs.all)));
    }
    let foreign = options.foreign.iter().enumerate();
    wanted.extend(foreign.map(|(at, text)| (text.as_str(), Kind::Foreign, at % 2 == 1, None, &dbs.all)));
    let pipeline = Pipeline::default();
    let total = wanted.len();
    let mut questions = Vec::with_capacity(total);
    for (at, (text, kind, is_check, known, db)) in wanted.into_iter().enumerate() {
        let passages = passages_of(text, db, models, &pipeline, &options.retrieval).await?;
        let right = known.and_then(|(_, document)| {
            let own = set.documents.get(document)?;
            passages.iter().position(|passage| *passage == own.text)
        });
        let gold = known.map_or_else(Vec::new, |(gold, _)| gold.to_vec());
        questions.push(AskedQuestion { text: text.to_owned(), kind, is_check, gold, passages, right });
        observer(at + 1, total);
    }
    Ok(AskedSet { name: set.name.clone(), language: language(set), questions })
}

/// Fits the answerer to the first halves, and measures it, and the one that is compiled in, on both halves.
pub fn fit_answerer(sets: &[AskedSet], embedder: &StaticEmbedder) -> (Fitted, Vec<AbstentionScore>) {
    let of_fit = |set: &'_ AskedSet| -> Vec<Example> {
        set.questions.iter().filter(|question| !question.is_check).map(|question| example(question, embedder)).collect()
    };
    let examples: Vec<Example> = sets.iter().flat_map(of_fit).collect();
    let fitted = fit(&examples);
    let mut scores = Vec::new();
    for set in sets {
        for (half, is_check) in [("fit", false), ("check", true)] {
            for (weights, decider) in [("fitted", fitted.decider()), ("compiled in", Decider::BUNDLED)] {
                let own = set.questions.iter().filter(|question| question.is_check == is_check);
                let sums = measure(own, decider, embedder);
                scores.push(AbstentionScore {
                    dataset: set.name.clone(),
                    language: set.language.clone(),
                    half,
                    weights,
                    in_answer: share(sums.in_answer, sums.asked[0]),
                    false_abstention: sums.abstention(Kind::Answered),
                    adversarial: sums.abstention(Kind::Adversarial),
                    left_out: sums.abstention(Kind::LeftOut),
                    foreign: sums.abstention(Kind::Foreign),
                });
            }
        }
    }
    (fitted, scores)
}

fn example(question: &AskedQuestion, embedder: &StaticEmbedder) -> Example {
    let is_gold = |text: &str| {
        let words = Words::of(text);
        question.gold.iter().any(|gold| words.have(gold))
    };
    let known = (question.kind == Kind::Answered).then_some(&is_gold as &dyn Fn(&str) -> bool);
    Example::new(&question.text, &question.passages, embedder, question.right, known, question.kind.weight())
}

#[derive(Default)]
struct Sums {
    asked: [usize; 4],
    abstained: [usize; 4],
    in_answer: usize,
}

impl Sums {
    fn abstention(&self, kind: Kind) -> Option<f64> {
        share(self.abstained[kind as usize], self.asked[kind as usize])
    }
}

fn share(count: usize, of: usize) -> Option<f64> {
    (of > 0).then(|| count as f64 / of as f64)
}

fn measure<'q>(
    questions: impl Iterator<Item = &'q AskedQuestion>,
    decider: Decider<'_>,
    embedder: &StaticEmbedder,
) -> Sums {
    let mut sums = Sums::default();
    for question in questions {
        let extraction = extract_by(decider, &question.text, &question.passages, Some(embedder));
        sums.asked[question.kind as usize] += 1;
        sums.abstained[question.kind as usize] += usize::from(!extraction.confident);
        if question.kind == Kind::Answered {
            let text: Vec<&str> = extraction.sentences.iter().map(|(text, _)| text.as_str()).collect();
            let words = Words::of(&text.join(" … "));
            sums.in_answer += usize::from(question.gold.iter().any(|gold| words.have(gold)));
        }
    }
    sums
}
