//! What kind of answer a question asks for.

use super::{
    lexicon::{Class, Lexicon, Role, SignClass, asked},
    tokens::Token,
    word::Word,
};

/// What kind of answer a question asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuestionKind {
    /// A way to do something: how, what is the best way.
    How,
    /// How many, how long, how much: a quantity of this kind.
    Quantity(Quantity),
    /// What, which.
    What,
    /// A reason.
    Why,
    /// A time.
    When,
    /// A place.
    Where,
    /// A person.
    Who,
    /// Yes or no.
    YesNo,
    /// It does not say: a statement, keywords.
    Open,
}

/// What is counted or measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// How many, how much.
    Amount,
    /// How long, how often: time.
    Duration,
    /// How often.
    Frequency,
}

impl QuestionKind {
    /// Whether an answer to one may be an answer to the other. Keywords agree with everything; "What is the best way" is
    /// how; "what" and "who" often ask for the same.
    pub fn agrees(self, other: Self) -> bool {
        use QuestionKind::{How, Open, Quantity, What, When, Where, Who, Why, YesNo};
        match (self, other) {
            (a, b) if a == b => true,
            (Open, _) | (_, Open) => true,
            (What, How | Who | Where) | (How | Who | Where, What) => true,
            (How, YesNo) | (YesNo, How) => true,
            (What, Quantity(_)) | (Quantity(_), What) => false,
            (What | Why | When | Where | Who | How | YesNo | Quantity(_), _) => false,
        }
    }
}

/// The part of who is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// Who does it.
    Doer,
    /// To whom it is done.
    Other,
}

impl Part {
    /// What the question word for a person asks for that stands here, of so many tokens; `role` is that of the preposition
    /// before it, `late` whether words of the question stand before it. `None` where it cannot be told.
    pub(crate) fn asked(
        lexicon: &Lexicon,
        here: &[Token],
        length: usize,
        role: Option<Role>,
        late: bool,
    ) -> Option<Self> {
        let word = |at: usize| here.get(at).map_or("", |token| token.lower.as_str());
        let by = matches!(role, Some(Role::By));
        let other = match lexicon.language {
            "en" => {
                let class = |at| lexicon.class(word(at));
                let helped = matches!(word(length), "do" | "does" | "did");
                let modal = matches!(class(length), Some(Class::Sign { class: SignClass::Modal, .. }));
                // "Who must the tenant call" has its noun behind the modal, "who must call the tenant" its verb.
                let noun = matches!(word(length + 1), "i" | "we" | "you" | "he" | "she" | "they")
                    || matches!(class(length + 1), Some(Class::Article));
                let whom = word(0) == "whom" || word(1) == "whom" || role.is_some();
                word(0) != "by" && !by && (whom || helped || modal && noun)
            }
            "de" => match word(length - 1) {
                "wer" => false,
                "wen" | "wem" => !(word(0) == "von" || matches!(role, Some(Role::From | Role::By))),
                _ => return None,
            },
            "fr" | "es" => {
                let by = by || matches!(word(0), "par" | "por");
                let before = role.is_some() || matches!(word(0), "pour" | "avec" | "de" | "para" | "a");
                let turned = (word(length), word(length + 1), word(length + 2)) == ("est", "ce", "que");
                !by && (before || late || turned)
            }
            "vi" | "zh" => late && !by,
            _ => return None,
        };
        Some(if other { Self::Other } else { Self::Doer })
    }
}

/// What a question asks for: its first question word decides.
pub(crate) fn kind(lexicon: &Lexicon, tokens: &[Token], kinds: &[QuestionKind], words: &[Word]) -> QuestionKind {
    let first = tokens.first().map_or("", |token| token.lower.as_str());
    let next = tokens.get(1).map_or("", |token| token.lower.as_str());
    if lexicon.language == "en" {
        // "Is there …", "Do you know …" ask for what there is, and how.
        match first {
            "is" | "are" | "were" | "was" | "does" | "did" | "will" | "would" | "should" | "may" | "must" => {
                let open = matches!(next, "there" | "it" | "you" | "anyone" | "any");
                return if open { QuestionKind::Open } else { QuestionKind::YesNo };
            }
            "do" | "can" | "could" | "has" | "have" | "am" | "shall" => return QuestionKind::Open,
            _ => {}
        }
        let way = tokens.iter().take(10).any(|token| matches!(token.lower.as_str(), "way" | "ways"));
        if way && kinds.first() == Some(&QuestionKind::What) {
            return QuestionKind::How;
        }
    }
    let kind = kinds.first().copied().unwrap_or(QuestionKind::Open);
    // "What does it cost", "what is the price": how much.
    match kind {
        QuestionKind::What if words.iter().any(|word| asked::is_measure(&word.stem)) => {
            QuestionKind::Quantity(Quantity::Amount)
        }
        QuestionKind::What if words.iter().any(|word| asked::is_duration(&word.stem)) => {
            // Spanish asks for amounts and durations with one word.
            let spanish = lexicon.language == "es";
            QuestionKind::Quantity(if spanish { Quantity::Amount } else { Quantity::Duration })
        }
        kind => kind,
    }
}
