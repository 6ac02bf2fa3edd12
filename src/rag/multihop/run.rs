//! A search in several hops, with the indexes and the LLM.

use std::{sync::Arc, time::Duration};

use futures::future::try_join_all;
use tokio::time::Instant;

use super::{HopFailure, HopSearch, HopSummary, Hops, HopsBy};
use crate::{
    domain::{Passage, SpecKey},
    providers::{GenerationRequest, Generator, Message, ProviderError, ProviderKind, Role},
    rag::{
        Engine, RagError, Retrieval,
        pipeline::{Plan, StageReport},
        prompts::{Placeholder, PromptTask},
        reply,
    },
    resilience::CallContext,
};

/// Longest wait for the sub-questions of one hop.
const LONGEST: Duration = Duration::from_secs(10);

/// Most tokens of them.
const MOST_TOKENS: u32 = 240;

/// Characters of a sub-question, and of a passage that the LLM is shown.
const MOST_CHARACTERS: usize = 300;
const SHOWN_CHARACTERS: usize = 500;

/// Passages that the LLM is shown.
const SHOWN: usize = 6;

/// Replies that say that nothing more is to be looked for.
const NONE: [&str; 4] = ["none", "keine", "không", "không có"];

/// How the hops of one question go on.
struct Writer {
    by: HopsBy,
    failure: Option<HopFailure>,
}

impl Engine {
    /// Finds the passages of a planned question and of what it leads to.
    ///
    /// # Errors
    /// As [`retrieve`](Engine::retrieve) of the question itself. What goes wrong later ends the hops: what was found stays.
    pub(in crate::rag) async fn retrieve_hops(
        &self,
        plan: &Plan,
        bounds: Hops,
        generator: &dyn Generator,
        call: &CallContext,
    ) -> Result<Retrieval, RagError> {
        let mut retrieval = self.retrieve(plan, call).await?;
        let now = Instant::now();
        let third = call.deadline().map_or(bounds.budget, |end| end.saturating_duration_since(now) / 3);
        let hopping = call.until(now + bounds.budget.min(third));
        let failure = (generator.provider() == ProviderKind::Embedded).then_some(HopFailure::NoLlm);
        let mut writer = Writer { by: if failure.is_some() { HopsBy::Rules } else { HopsBy::Llm }, failure };
        let mut search = HopSearch::new(&plan.text, bounds, retrieval.passages.to_vec());
        let (mut hops, mut out_of_time) = (0, false);
        for hop in 0..bounds.depth {
            let begun = Instant::now();
            let questions = self.subquestions(plan, &mut search, hop, bounds, generator, &mut writer, &hopping).await;
            let found = try_join_all(questions.iter().map(|question| self.retrieve_part(plan, question, &hopping)));
            let found = match hopping.wait(found).await {
                Ok(Ok(found)) => found,
                Ok(Err(error)) => {
                    tracing::warn!(%error, hop, "a search in several hops ends here");
                    break;
                }
                Err(_) => {
                    out_of_time = true;
                    break;
                }
            };
            hops = hop + 1;
            if questions.is_empty() && hop > 0 {
                break;
            }
            if plan.explain {
                retrieval.explanation.push(report(begun, hop, &questions, &found));
            }
            questions.into_iter().zip(found).for_each(|(question, found)| search.add(hop, question, found));
            out_of_time = hopping.is_expired();
            if out_of_time {
                break;
            }
        }
        retrieval.passages = search.union(plan.spec.options.k).into();
        // Scores of one search say nothing of the others' passages.
        retrieval.inspection = Vec::new();
        let Writer { by, failure } = writer;
        let subquestions = search.into_subquestions();
        retrieval.hops = Some(Arc::new(HopSummary { subquestions, by, failure, hops, out_of_time }));
        Ok(retrieval)
    }

    async fn retrieve_part(&self, plan: &Plan, question: &str, call: &CallContext) -> Result<Vec<Passage>, RagError> {
        Ok(self.retrieve(&plan.about(question), call).await?.passages.to_vec())
    }

    /// What a hop looks for: what the LLM says, and what rules say from where it fails on.
    // The parts of one question's state, which only this loop knows.
    #[allow(clippy::too_many_arguments)]
    async fn subquestions(
        &self,
        plan: &Plan,
        search: &mut HopSearch<'_>,
        hop: usize,
        bounds: Hops,
        generator: &dyn Generator,
        writer: &mut Writer,
        call: &CallContext,
    ) -> Vec<String> {
        if writer.by == HopsBy::Llm {
            let found = if hop == 0 { Vec::new() } else { search.union(SHOWN) };
            match self.ask_for_hop(plan, &found, bounds.fanout_of(hop), generator, call).await {
                Ok(questions) => return search.fresh(questions),
                Err(failure) => *writer = Writer { by: HopsBy::Rules, failure: Some(failure) },
            }
        }
        search.by_rules(hop)
    }

    async fn ask_for_hop(
        &self,
        plan: &Plan,
        found: &[Passage],
        most: usize,
        generator: &dyn Generator,
        call: &CallContext,
    ) -> Result<Vec<String>, HopFailure> {
        let template = self.prompts().of(PromptTask::Decompose, &plan.text);
        let (number, passages) = (most.to_string(), shown(found));
        let content = template.fill(&[
            (Placeholder::Question, &plan.text),
            (Placeholder::Contexts, &passages),
            (Placeholder::Number, &number),
        ]);
        let system = Message { role: Role::System, content: template.instruction.clone() };
        let request = GenerationRequest {
            spec: SpecKey::new(["decompose", self.prompts().version()]),
            question: plan.text.to_string(),
            passages: Arc::default(),
            messages: [system, Message { role: Role::User, content }].into(),
            call: call.until(Instant::now() + LONGEST),
            stand_in: false,
            first_token_by: None,
            reasoning: false,
            most_tokens: Some(MOST_TOKENS),
        };
        let reply = reply::whole(generator, request).await.map_err(|error| match error {
            ProviderError::Deadline | ProviderError::Timeout { .. } => HopFailure::Slow,
            _ => HopFailure::Unavailable,
        })?;
        read(&reply.text, most).ok_or(HopFailure::Unusable)
    }
}

fn report(begun: Instant, hop: usize, questions: &[String], found: &[Vec<Passage>]) -> StageReport {
    let changed = match questions {
        [] => format!("hop {}: nothing to look for but the question", hop + 1),
        _ => format!("hop {}: looked for {}", hop + 1, questions.join("; ")),
    };
    let found = found.iter().map(Vec::len).sum();
    StageReport { stage: "hop", took: begun.elapsed(), got: questions.len(), found, changed: Some(changed) }
}

/// The beginnings of passages, one a line.
fn shown(found: &[Passage]) -> String {
    let line = |passage: &Passage| {
        let words: Vec<&str> = passage.text.split_whitespace().collect();
        let shown: String = words.join(" ").chars().take(SHOWN_CHARACTERS).collect();
        format!("- {shown}")
    };
    found.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// The sub-questions in a reply, one a line; none when it says that there are none. `None` when it says anything else.
pub(super) fn read(reply: &str, most: usize) -> Option<Vec<String>> {
    let bare = |line: &str| {
        let line =
            line.trim().trim_start_matches(|c: char| c.is_ascii_digit()).trim_start_matches(['.', ')', '-', '*', '•']);
        line.trim().trim_matches(['"', '“', '”', '„', '`']).trim().to_owned()
    };
    let lines: Vec<String> = reply.lines().map(bare).filter(|line| line.chars().any(char::is_alphanumeric)).collect();
    let says_none = |line: &String| NONE.contains(&line.to_lowercase().trim_end_matches('.'));
    if !lines.is_empty() && lines.iter().all(says_none) {
        return Some(Vec::new());
    }
    let fits = |line: &String| line.chars().count() <= MOST_CHARACTERS && line.ends_with(['?', '？', '؟']);
    let questions: Vec<String> = lines.into_iter().filter(fits).take(most).collect();
    (!questions.is_empty()).then_some(questions)
}
