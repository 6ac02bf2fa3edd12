//! Why a near neighbour's answer is not given.

use std::fmt;

/// Why a near neighbour's answer is not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rejection {
    /// Numbers, units or dates differ.
    Numbers,
    /// Names differ.
    Entities,
    /// One is negated, the other is not.
    Negation,
    /// Opposites: enable and disable.
    Antonyms,
    /// Prepositions, modals, quantifiers or bounds differ: over and under, may and must, all and some.
    FunctionWord,
    /// A to B, B to A.
    Direction,
    /// One asks when, the other why.
    QuestionWord,
    /// Words that carry the meaning differ.
    Wording,
    /// Words differ that the documents tell apart.
    Substitution,
    /// Two stored answers that differ are about equally near.
    Ambiguous,
    /// The passages that the stored answer is made from are not among those of this question.
    Evidence,
    /// Verified mode asked the LLM to learn whether the stored answer is right.
    Exploration,
}

impl Rejection {
    /// Every reason, for metrics that must exist before they happen.
    pub const ALL: [Self; 12] = [
        Self::Numbers,
        Self::Entities,
        Self::Negation,
        Self::Antonyms,
        Self::FunctionWord,
        Self::Direction,
        Self::QuestionWord,
        Self::Wording,
        Self::Substitution,
        Self::Ambiguous,
        Self::Evidence,
        Self::Exploration,
    ];

    /// The machine-readable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Numbers => "numbers",
            Self::Entities => "entities",
            Self::Negation => "negation",
            Self::Antonyms => "antonyms",
            Self::FunctionWord => "function_word",
            Self::Direction => "direction",
            Self::QuestionWord => "question_word",
            Self::Wording => "wording",
            Self::Substitution => "substitution",
            Self::Ambiguous => "ambiguous",
            Self::Evidence => "evidence",
            Self::Exploration => "exploration",
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
