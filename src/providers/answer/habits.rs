//! How a model writes, learnt from what it has written.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// What a model's name says when it is made to reason.
const REASONING_NAMES: [&str; 9] =
    ["r1", "qwq", "qwen3", "think", "reason", "magistral", "deephermes", "nemotron", "cogito"];

/// How a model writes. Cheap to clone; clones share what is learnt.
#[derive(Debug, Clone)]
pub(in crate::providers) struct Habits(Arc<Learnt>);

#[derive(Debug)]
struct Learnt {
    /// It begins with reasoning that only a `</think>` ends, because its template has written the `<think>` already. Its
    /// text is then held until that is seen.
    begins_reasoning: AtomicBool,
    /// It reasons, so that its limit of tokens has to hold the reasoning, too.
    reasons: AtomicBool,
}

impl Habits {
    /// Of a model that nobody has heard yet.
    pub(in crate::providers) fn of(model: &str) -> Self {
        let name = model.to_ascii_lowercase();
        let begins_reasoning = REASONING_NAMES.iter().any(|part| name.contains(part));
        Self(Arc::new(Learnt {
            begins_reasoning: AtomicBool::new(begins_reasoning),
            reasons: AtomicBool::new(begins_reasoning),
        }))
    }

    /// Whether its text is held until its reasoning is over.
    pub(super) fn holds(&self) -> bool {
        self.0.begins_reasoning.load(Ordering::Relaxed)
    }

    /// Whether it reasons before it answers.
    pub(in crate::providers) fn reasons(&self) -> bool {
        self.0.reasons.load(Ordering::Relaxed)
    }

    /// Its reasoning comes in a field of its own.
    pub(super) fn reasons_apart(&self) {
        self.0.begins_reasoning.store(false, Ordering::Relaxed);
        self.0.reasons.store(true, Ordering::Relaxed);
    }

    /// A `</think>` came that nothing had opened.
    pub(super) fn reasons_first(&self) {
        self.0.begins_reasoning.store(true, Ordering::Relaxed);
        self.0.reasons.store(true, Ordering::Relaxed);
    }

    /// Learns from a whole answer: whether its reasoning was closed without having been opened, and whether it reasoned.
    pub(super) fn learn(&self, closed_only: bool, reasoned: bool) {
        self.0.begins_reasoning.store(closed_only, Ordering::Relaxed);
        if reasoned {
            self.0.reasons.store(true, Ordering::Relaxed);
        }
    }
}
