//! A prompt with places for what differs from question to question.

use std::fmt;

/// What a placeholder stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placeholder {
    /// The question.
    Question,
    /// The passages, numbered from 1.
    Contexts,
    /// The latest turns of the conversation, one a line.
    History,
    /// A number.
    Number,
}

impl Placeholder {
    const ALL: [Self; 4] = [Self::Question, Self::Contexts, Self::History, Self::Number];

    /// As it stands in a prompt.
    const fn text(self) -> &'static str {
        match self {
            Self::Question => "{question}",
            Self::Contexts => "{contexts}",
            Self::History => "{history}",
            Self::Number => "{number}",
        }
    }

    /// What is put there, to follow "stands for".
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Question => "the question",
            Self::Contexts => "the numbered passages",
            Self::History => "the conversation before the question",
            Self::Number => "the most sub-questions that are wanted",
        }
    }
}

impl fmt::Display for Placeholder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Slot(Placeholder),
}

/// A prompt: an instruction, and what the person says with places to be filled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// What the model is told to do.
    pub instruction: String,
    parts: Vec<Part>,
}

impl Template {
    /// Reads a prompt; `None` when no line `---` ends its instruction. Braces that are no placeholder are text.
    pub fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let instruction: Vec<&str> = lines.by_ref().take_while(|line| line.trim_end() != "---").collect();
        let said: Vec<&str> = lines.collect();
        let has_separator = text.lines().any(|line| line.trim_end() == "---");
        let parts = parts(said.join("\n").trim());
        has_separator.then(|| Self { instruction: instruction.join("\n").trim().to_owned(), parts })
    }

    /// The same for a prompt that is known to be one.
    pub(super) fn lenient(text: &str) -> Self {
        Self::parse(text).unwrap_or_else(|| Self { instruction: String::new(), parts: parts(text) })
    }

    /// Whether there is a place for this.
    pub fn has(&self, placeholder: Placeholder) -> bool {
        self.parts.contains(&Part::Slot(placeholder))
    }

    /// What the person says, with the places filled; what is put there is never searched for placeholders.
    pub fn fill(&self, values: &[(Placeholder, &str)]) -> String {
        let value = |of: &Placeholder| values.iter().find(|(placeholder, _)| placeholder == of).map_or("", |(_, v)| v);
        let parts = self.parts.iter().map(|part| match part {
            Part::Text(text) => text.as_str(),
            Part::Slot(placeholder) => value(placeholder),
        });
        parts.collect()
    }
}

/// Cuts a text at its placeholders.
fn parts(mut text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let next = |text: &str| {
        let places =
            Placeholder::ALL.into_iter().filter_map(|placeholder| Some((text.find(placeholder.text())?, placeholder)));
        places.min_by_key(|(at, _)| *at)
    };
    while let Some((at, placeholder)) = next(text) {
        parts.extend((at > 0).then(|| Part::Text(text[..at].to_owned())));
        parts.push(Part::Slot(placeholder));
        text = &text[at + placeholder.text().len()..];
    }
    parts.extend((!text.is_empty()).then(|| Part::Text(text.to_owned())));
    parts
}
