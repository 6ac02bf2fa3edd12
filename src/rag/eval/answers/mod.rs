//! How good are answers? Of a collection whose answers are known, and of questions that it does not answer.
//!
//! A question goes the way that it goes in the server: search, then the answerer. Counted are
//!
//! - how often the words of a known answer are in the answer, and how often in its passages, which is the most that the
//!   answerer can reach;
//! - how long answers are, and how long a question takes;
//! - how often an answerer that says of itself whether the documents answer ([`Ending::Unanswered`]) abstains: falsely from
//!   questions with an answer, rightly from adversarial ones (of `unanswerable.jsonl`), from questions about documents that
//!   are left out, and from questions of foreign collections.
//!
//! For the questions about what is left out, the DB holds one half of the documents and is asked what the other half answers.

mod fit;
mod gold;
mod set;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures::StreamExt;
use serde::Serialize;

pub use fit::{AbstentionScore, AskedSet, ask_all, fit_answerer};
pub use set::{AnswerHalf, AnswerSet, AnsweredQuestion, UnanswerableQuestion};

use self::gold::{Words, without_marks};
use super::{EvalObserver, index, search};
use crate::{
    domain::SpecKey,
    providers::{Ending, GenerationEvent, GenerationRequest, Generator},
    rag::{
        Db, Models, Pipeline, RagError, RetrievalOptions,
        language::LanguageDetector,
        pipeline::prompt,
        prompts::{PromptTask, Prompts},
    },
    resilience::CallContext,
};

/// What is measured besides the collection's own questions.
#[derive(Debug, Clone)]
pub struct AnswerOptions {
    /// How passages are found.
    pub retrieval: RetrievalOptions,
    /// Whose questions.
    pub half: AnswerHalf,
    /// Questions of other collections, which this one does not answer.
    pub foreign: Vec<String>,
}

/// How good the answers to a collection's questions are. Shares are 0..=1, and `None` where nothing was asked.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AnswerScore {
    /// The collection.
    pub dataset: String,
    /// ISO 639-1 code of most of its documents.
    pub language: String,
    /// Questions with answers.
    pub questions: usize,
    /// Share whose known answer is in the answer, whether or not the answerer abstained.
    pub in_answer: f64,
    /// Share whose known answer is in the passages.
    pub in_passages: f64,
    /// Mean length of an answer without the marks of its citations, in characters.
    pub characters: f64,
    /// Share of the questions with answers from which the answerer abstained.
    pub false_abstention: f64,
    /// Questions without an answer that look as if.
    pub adversarial: usize,
    /// Share of these from which it abstained.
    pub adversarial_abstention: Option<f64>,
    /// Questions about documents that are left out.
    pub left_out: usize,
    /// Share of these from which it abstained.
    pub left_out_abstention: Option<f64>,
    /// Questions of other collections.
    pub foreign: usize,
    /// Share of these from which it abstained.
    pub foreign_abstention: Option<f64>,
    /// Median time from question to answer, in milliseconds.
    pub median_ms: f64,
    /// Median time of the answerer's part of it, in milliseconds.
    pub median_answer_ms: f64,
}

/// Empty DBs for the documents of a collection.
#[derive(Clone)]
pub struct AnswerDbs {
    /// For all of them.
    pub all: Arc<Db>,
    /// For their first half.
    pub first: Arc<Db>,
    /// For their second half.
    pub second: Arc<Db>,
}

/// Indexes a collection into empty DBs, asks its questions, and measures the answers.
///
/// # Errors
/// When documents cannot be embedded or stored, an index fails, or the answerer does.
pub async fn measure_answers(
    set: &AnswerSet,
    dbs: &AnswerDbs,
    models: &Models,
    options: &AnswerOptions,
    observer: EvalObserver<'_>,
) -> Result<AnswerScore, RagError> {
    let middle = set.middle();
    let asked = |document: &usize| options.half.holds(*document, middle);
    let questions: Vec<_> = set.questions.iter().filter(|question| asked(&question.document)).collect();
    let adversarial: Vec<&str> = of_half(&set.unanswerable, options.half, middle);
    let foreign: Vec<&str> = options.foreign.iter().map(String::as_str).collect();
    let total = questions.len() * 2 + adversarial.len() + foreign.len();
    let mut asking =
        Asking { models, options: &options.retrieval, pipeline: Pipeline::default(), done: 0, total, observer };

    let db = &dbs.all;
    index(&set.documents, db, models.embedder(), &|_| {}).await?;
    let mut sums = Sums::default();
    for question in &questions {
        let reply = asking.ask(db, &question.text).await?;
        sums.add(&reply, &question.gold);
    }
    let adversarial_abstention = asking.abstention(db, &adversarial).await?;
    let foreign_abstention = asking.abstention(db, &foreign).await?;
    let (left_out, left_out_abstention) = left_out(set, dbs, &mut asking, options.half).await?;
    Ok(AnswerScore {
        dataset: set.name.clone(),
        language: language(set),
        adversarial: adversarial.len(),
        adversarial_abstention,
        left_out,
        left_out_abstention,
        foreign: foreign.len(),
        foreign_abstention,
        ..sums.score()
    })
}

/// Questions without an answer, of a half: of one whose document is not known, its own place tells.
fn of_half(questions: &[UnanswerableQuestion], half: AnswerHalf, middle: usize) -> Vec<&str> {
    let is_of_half = |(place, question): &(usize, &UnanswerableQuestion)| match question.near {
        Some(document) => half.holds(document, middle),
        None => half.holds(*place, questions.len() / 2),
    };
    questions.iter().enumerate().filter(is_of_half).map(|(_, question)| question.text.as_str()).collect()
}

/// How many questions about documents that are left out there are, and how often the answerer abstains from them.
async fn left_out(
    set: &AnswerSet,
    dbs: &AnswerDbs,
    asking: &mut Asking<'_>,
    half: AnswerHalf,
) -> Result<(usize, Option<f64>), RagError> {
    let middle = set.middle();
    let (first, second) = set.documents.split_at(middle);
    let (mut asked, mut abstained) = (0, 0.0);
    for (db, documents, about) in [(&dbs.second, second, AnswerHalf::Fit), (&dbs.first, first, AnswerHalf::Check)] {
        let wanted = half == AnswerHalf::All || half == about;
        let questions = set.questions.iter().filter(|question| wanted && about.holds(question.document, middle));
        let questions: Vec<&str> = questions.map(|question| question.text.as_str()).collect();
        if questions.is_empty() || documents.is_empty() {
            continue;
        }
        index(documents, db, asking.models.embedder(), &|_| {}).await?;
        if let Some(share) = asking.abstention(db, &questions).await? {
            asked += questions.len();
            abstained += share * questions.len() as f64;
        }
    }
    Ok((asked, (asked > 0).then(|| abstained / asked as f64)))
}

/// The language of most documents.
fn language(set: &AnswerSet) -> String {
    let mut counts = std::collections::BTreeMap::new();
    for document in &set.documents {
        *counts.entry(LanguageDetector::for_document(&document.text).of_document()).or_insert(0) += 1;
    }
    counts.into_iter().max_by_key(|(_, count)| *count).map_or_else(String::new, |(language, _)| language.to_owned())
}

/// What came back for a question.
struct Reply {
    text: String,
    passages: Arc<[String]>,
    abstained: bool,
    took: Duration,
    answering: Duration,
}

/// Asks questions, and tells how many have been.
struct Asking<'a> {
    models: &'a Models,
    options: &'a RetrievalOptions,
    pipeline: Pipeline,
    done: usize,
    total: usize,
    observer: EvalObserver<'a>,
}

impl Asking<'_> {
    async fn ask(&mut self, db: &Arc<Db>, question: &str) -> Result<Reply, RagError> {
        let call = CallContext::without_deadline();
        let started = Instant::now();
        let passages = passages_of(question, db, self.models, &self.pipeline, self.options).await?;
        let answering = Instant::now();
        let generator = self.models.generator(None)?;
        let (text, abstained) = answer(generator.as_ref(), question, &passages, call).await?;
        self.done += 1;
        (self.observer)(self.done, self.total.max(self.done));
        let text = without_marks(&text);
        Ok(Reply { text, passages, abstained, took: started.elapsed(), answering: answering.elapsed() })
    }

    /// Share of the questions from which the answerer abstains.
    async fn abstention(&mut self, db: &Arc<Db>, questions: &[&str]) -> Result<Option<f64>, RagError> {
        let mut abstained = 0;
        for question in questions {
            abstained += usize::from(self.ask(db, question).await?.abstained);
        }
        Ok((!questions.is_empty()).then(|| abstained as f64 / questions.len() as f64))
    }
}

/// The texts of the passages that are found for a question.
async fn passages_of(
    question: &str,
    db: &Arc<Db>,
    models: &Models,
    pipeline: &Pipeline,
    options: &RetrievalOptions,
) -> Result<Arc<[String]>, RagError> {
    let found = search(question, db, models, pipeline, options.clone(), &CallContext::without_deadline()).await?;
    Ok(found.into_iter().map(|passage| passage.text).collect())
}

/// The text of the generator's answer, and whether it says that there is none.
async fn answer(
    generator: &dyn Generator,
    question: &str,
    passages: &Arc<[String]>,
    call: CallContext,
) -> Result<(String, bool), RagError> {
    let prompts = Prompts::default();
    let template = prompts.of(PromptTask::Answer, question);
    let mut prompt = prompt::fitting(template, question, passages, &[], None);
    if let Some(tokens) = generator.prompt_tokens(&prompt.messages, &call).await {
        prompt = prompt::fitting(template, question, passages, &[], Some(tokens));
    }
    let request = GenerationRequest {
        spec: SpecKey::new(["eval"]),
        question: question.to_owned(),
        passages: Arc::clone(passages),
        messages: prompt.messages.into(),
        call,
        stand_in: false,
        first_token_by: None,
        reasoning: false,
        most_tokens: None,
    };
    let mut events = generator.generate(request).await?;
    let mut text = String::new();
    while let Some(event) = events.next().await {
        match event? {
            GenerationEvent::Text(piece) => text.push_str(&piece),
            GenerationEvent::Restart => text.clear(),
            GenerationEvent::Author(_) | GenerationEvent::Reasoning(_) => {}
            GenerationEvent::Done(stats) => return Ok((text, stats.ending == Ending::Unanswered)),
        }
    }
    Ok((text, false))
}

#[derive(Default)]
struct Sums {
    in_answer: usize,
    in_passages: usize,
    characters: usize,
    abstained: usize,
    times: Vec<Duration>,
    answering: Vec<Duration>,
}

impl Sums {
    fn add(&mut self, reply: &Reply, gold: &[String]) {
        let answer = Words::of(&reply.text);
        self.in_answer += usize::from(gold.iter().any(|gold| answer.have(gold)));
        let passages: Vec<Words> = reply.passages.iter().map(|passage| Words::of(passage)).collect();
        self.in_passages += usize::from(gold.iter().any(|gold| passages.iter().any(|passage| passage.have(gold))));
        self.characters += reply.text.chars().count();
        self.abstained += usize::from(reply.abstained);
        self.times.push(reply.took);
        self.answering.push(reply.answering);
    }

    fn score(mut self) -> AnswerScore {
        let questions = self.times.len();
        let mean = |sum: usize| sum as f64 / questions.max(1) as f64;
        let median = |times: &mut Vec<Duration>| {
            times.sort_unstable();
            times.get(questions / 2).copied().unwrap_or_default().as_secs_f64() * 1e3
        };
        AnswerScore {
            dataset: String::new(),
            language: String::new(),
            questions,
            in_answer: mean(self.in_answer),
            in_passages: mean(self.in_passages),
            characters: mean(self.characters),
            false_abstention: mean(self.abstained),
            adversarial: 0,
            adversarial_abstention: None,
            left_out: 0,
            left_out_abstention: None,
            foreign: 0,
            foreign_abstention: None,
            median_ms: median(&mut self.times),
            median_answer_ms: median(&mut self.answering),
        }
    }
}
