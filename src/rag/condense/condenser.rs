//! A follow-up becomes a question that stands alone: by an LLM where there is one, else by rules.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{needs_history, reply::ReplyFault, standalone};
use crate::{
    domain::SpecKey,
    providers::{Ending, GenerationRequest, Generator, Message, ProviderError, ProviderKind, Role},
    rag::{
        pipeline::StageReport,
        prompts::{Placeholder, PromptTask, Prompts},
        reply,
    },
    resilience::CallContext,
};

/// Longest time that a question waits for its stand-alone form, and the share of its own time that this may be.
const LONGEST: Duration = Duration::from_secs(5);
const SHARE: u32 = 4;

/// Most tokens of a stand-alone question.
const MOST_TOKENS: u32 = 120;

/// Turns of the conversation that the LLM sees at most, and characters of each: a question points back a few turns.
const SHOWN_TURNS: usize = 8;
const SHOWN_CHARACTERS: usize = 600;

/// Who makes follow-ups stand alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CondenseMode {
    /// The LLM where rules say that a question may need its conversation, and rules where there is none.
    #[default]
    Auto,
    /// Rules alone.
    Rules,
    /// The LLM for every question with a conversation, and rules when it cannot.
    Llm,
    /// Nobody: a follow-up is searched for as it is asked.
    Off,
}

impl CondenseMode {
    /// The mode of this name.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "auto" => Some(Self::Auto),
            "rules" => Some(Self::Rules),
            "llm" => Some(Self::Llm),
            "off" => Some(Self::Off),
            _ => None,
        }
    }
}

/// How a question came to stand alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CondensedBy {
    /// An LLM wrote it anew.
    Llm,
    /// Rules added what the conversation is about.
    Rules,
    /// Not at all: nobody was to do it.
    Nobody,
}

impl CondensedBy {
    /// The name in responses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Llm => "llm",
            Self::Rules => "rules",
            Self::Nobody => "nobody",
        }
    }
}

/// Why rules did what an LLM was to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CondenseFailure {
    /// No LLM answers this question.
    NoLlm,
    /// It could not be asked.
    Unavailable,
    /// It took too long.
    Slow,
    /// Its reply is no stand-alone question.
    Reply(ReplyFault),
}

impl CondenseFailure {
    /// The name in responses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoLlm => "no_llm",
            Self::Unavailable => "llm_unavailable",
            Self::Slow => "llm_slow",
            Self::Reply(fault) => fault.as_str(),
        }
    }
}

/// A question as its conversation means it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condensed {
    /// What is searched for.
    pub text: Arc<str>,
    /// Who made it.
    pub by: CondensedBy,
    /// Why no LLM did; `None` where none was to.
    pub failure: Option<CondenseFailure>,
    /// How long it took.
    pub took: Duration,
}

impl Condensed {
    /// The line of an explanation.
    pub fn report(&self) -> StageReport {
        let made = match self.by {
            CondensedBy::Llm => format!("the LLM made “{}” of it", self.text),
            CondensedBy::Rules => format!("rules made “{}” of it", self.text),
            CondensedBy::Nobody => "asked as it is".to_owned(),
        };
        let changed = match self.failure {
            Some(failure) => format!("{made} ({})", failure.as_str()),
            None => made,
        };
        StageReport { stage: "condense", took: self.took, got: 0, found: 0, changed: Some(changed) }
    }
}

/// Makes follow-ups stand alone.
pub struct Condenser<'a> {
    /// Who is to do it.
    pub mode: CondenseMode,
    /// What an LLM is told.
    pub prompts: &'a Prompts,
    /// The generator of the question.
    pub generator: &'a dyn Generator,
}

impl Condenser<'_> {
    /// The question as its conversation means it; `None` when it stands alone as it is.
    pub async fn condense(&self, history: &[Message], question: &str, call: &CallContext) -> Option<Condensed> {
        let (begun, follows_up) = (Instant::now(), needs_history(history, question));
        let has_history = history.iter().any(|turn| turn.role != Role::System && !turn.content.trim().is_empty());
        let is_asked = follows_up || self.mode == CondenseMode::Llm && has_history;
        if !is_asked {
            return None;
        }
        let made = |text: &str, by, failure| Condensed { text: text.into(), by, failure, took: begun.elapsed() };
        let failure = match self.mode {
            CondenseMode::Off => return Some(made(question, CondensedBy::Nobody, None)),
            CondenseMode::Rules => None,
            CondenseMode::Auto | CondenseMode::Llm => match self.ask(history, question, call).await {
                Ok(text) => return Some(made(&text, CondensedBy::Llm, None)),
                // That there is no LLM is no news where none was asked for.
                Err(CondenseFailure::NoLlm) if self.mode == CondenseMode::Auto => None,
                Err(failure) => Some(failure),
            },
        };
        if let Some(failure) = failure {
            tracing::debug!(reason = failure.as_str(), "a follow-up is made to stand alone by rules");
        }
        follows_up.then(|| made(&standalone(history, question), CondensedBy::Rules, failure))
    }

    async fn ask(&self, history: &[Message], question: &str, call: &CallContext) -> Result<String, CondenseFailure> {
        if self.generator.provider() == ProviderKind::Embedded {
            return Err(CondenseFailure::NoLlm);
        }
        let template = self.prompts.of(PromptTask::Condense, question);
        let said = transcript(history);
        let content = template.fill(&[(Placeholder::History, &said), (Placeholder::Question, question)]);
        let system = Message { role: Role::System, content: template.instruction.clone() };
        let request = GenerationRequest {
            spec: SpecKey::new(["condense", self.prompts.version()]),
            question: question.to_owned(),
            passages: Arc::default(),
            messages: [system, Message { role: Role::User, content }].into(),
            call: bounded(call),
            stand_in: false,
            first_token_by: None,
            reasoning: false,
            most_tokens: Some(MOST_TOKENS),
        };
        let reply = reply::whole(self.generator, request).await.map_err(|error| match error {
            ProviderError::Deadline | ProviderError::Timeout { .. } => CondenseFailure::Slow,
            _ => CondenseFailure::Unavailable,
        })?;
        match reply.ending {
            Ending::Complete => super::reply::accept(&reply.text, history, question).map_err(CondenseFailure::Reply),
            _ => Err(CondenseFailure::Reply(ReplyFault::TooLong)),
        }
    }
}

/// The part of a question's time that this may take.
fn bounded(call: &CallContext) -> CallContext {
    let now = tokio::time::Instant::now();
    let share = call.deadline().map_or(LONGEST, |end| end.saturating_duration_since(now) / SHARE);
    call.until(now + share.min(LONGEST))
}

/// The latest turns, one a line; instructions to the system are none of them.
fn transcript(history: &[Message]) -> String {
    let turns: Vec<&Message> = history
        .iter()
        .rev()
        .filter(|turn| turn.role != Role::System && !turn.content.trim().is_empty())
        .take(SHOWN_TURNS)
        .collect();
    let line = |turn: &&Message| {
        let words: Vec<&str> = turn.content.split_whitespace().collect();
        let words = words.join(" ");
        let end = words.char_indices().nth(SHOWN_CHARACTERS).map(|(at, _)| at);
        let shown = end.map_or(words.clone(), |end| format!("{}…", &words[..end]));
        format!("{}: {shown}", turn.role.as_str())
    };
    turns.iter().rev().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use futures::{StreamExt, stream};
    use parking_lot::Mutex;

    use super::*;
    use crate::providers::{GenerationEvent, GenerationStats, GenerationStream};

    /// An LLM that says one thing, or nothing at all, and counts.
    struct Parrot {
        says: Option<&'static str>,
        asked: Mutex<Vec<GenerationRequest>>,
    }

    impl Parrot {
        fn saying(says: impl Into<Option<&'static str>>) -> Self {
            Self { says: says.into(), asked: Mutex::default() }
        }
    }

    #[async_trait]
    impl Generator for Parrot {
        fn provider(&self) -> ProviderKind {
            ProviderKind::Ollama
        }

        fn model(&self) -> &str {
            "parrot"
        }

        async fn generate(&self, request: GenerationRequest) -> Result<GenerationStream, ProviderError> {
            self.asked.lock().push(request);
            match self.says {
                Some(text) => {
                    let done = GenerationEvent::Done(GenerationStats::default());
                    Ok(stream::iter([Ok(GenerationEvent::Text(text.to_owned())), Ok(done)]).boxed())
                }
                None => std::future::pending().await,
            }
        }
    }

    fn history() -> Vec<Message> {
        let turn = |role, content: &str| Message { role, content: content.to_owned() };
        vec![
            turn(Role::User, "How long are releases kept?"),
            turn(Role::Assistant, "For 30 days [1]."),
            turn(Role::System, "Obey."),
        ]
    }

    async fn condensed(mode: CondenseMode, llm: &Parrot, question: &str) -> Option<Condensed> {
        let prompts = Prompts::default();
        let condenser = Condenser { mode, prompts: &prompts, generator: llm };
        condenser.condense(&history(), question, &CallContext::within(Duration::from_secs(8))).await
    }

    #[tokio::test]
    async fn an_llm_writes_a_follow_up_anew_and_is_told_what_it_needs() {
        let llm = Parrot::saying(" \"How long are snapshots kept?\"\n");
        let made = condensed(CondenseMode::Auto, &llm, "And snapshots?").await.unwrap();
        assert_eq!((&*made.text, made.by, made.failure), ("How long are snapshots kept?", CondensedBy::Llm, None));
        let asked = llm.asked.lock();
        assert_eq!(asked[0].most_tokens, Some(MOST_TOKENS));
        let said = &asked[0].messages[1].content;
        assert!(said.contains("user: How long are releases kept?\nassistant: For 30 days [1].\n</conv"), "{said}");
        assert!(said.ends_with("<follow_up>And snapshots?</follow_up>"), "{said}");
    }

    #[tokio::test]
    async fn a_question_that_stands_alone_costs_no_call() {
        let llm = Parrot::saying("x");
        for (mode, question) in [
            (CondenseMode::Auto, "Who approves large refunds in the harbor office?"),
            (CondenseMode::Rules, "And snapshots?"),
            (CondenseMode::Off, "And snapshots?"),
        ] {
            let made = condensed(mode, &llm, question).await;
            let by = made.as_ref().map(|made| made.by);
            let expected = match mode {
                CondenseMode::Rules => Some(CondensedBy::Rules),
                CondenseMode::Off => Some(CondensedBy::Nobody),
                _ => None,
            };
            assert_eq!(by, expected);
        }
        assert!(llm.asked.lock().is_empty());
        condensed(CondenseMode::Llm, &llm, "Who approves large refunds in the harbor office?").await;
        assert_eq!(llm.asked.lock().len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn rules_do_it_when_the_llm_hangs_or_talks_nonsense() {
        let begun = tokio::time::Instant::now();
        let made = condensed(CondenseMode::Auto, &Parrot::saying(None), "And snapshots?").await.unwrap();
        assert_eq!(begun.elapsed(), Duration::from_secs(2), "a quarter of eight seconds");
        assert_eq!((made.by, made.failure), (CondensedBy::Rules, Some(CondenseFailure::Slow)));
        assert_eq!(&*made.text, "And snapshots? (releases kept)");
        let made = condensed(CondenseMode::Auto, &Parrot::saying("They are kept for 9 days."), "And snapshots?").await;
        let made = made.unwrap();
        assert_eq!(made.by, CondensedBy::Rules);
        assert!(made.report().changed.unwrap().ends_with("(no_question)"));
    }

    #[test]
    fn a_long_conversation_is_cut_to_its_end() {
        let turn = |n: usize| Message { role: Role::User, content: format!("turn {n} {}", "é ".repeat(n)) };
        let history: Vec<Message> = (0..1_000).map(turn).collect();
        let said = transcript(&history);
        assert_eq!(said.lines().count(), SHOWN_TURNS);
        assert!(said.lines().last().unwrap().starts_with("user: turn 999 ") && said.ends_with('…'));
        assert!(said.chars().count() < SHOWN_TURNS * (SHOWN_CHARACTERS + 20));
        assert_eq!(transcript(&[]), "");
    }
}
