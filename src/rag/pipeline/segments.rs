//! Who wrote which part of an answer.

use std::sync::Arc;

use crate::{
    providers::{Author, Generator, ProviderError},
    rag::AnswerSegment,
};

/// The parts of an answer that is being written. There is always one, which may be empty.
#[derive(Debug)]
pub(super) struct Segments {
    before: Vec<AnswerSegment>,
    last: AnswerSegment,
}

impl Segments {
    /// Nothing yet, and it is this generator's turn.
    pub(super) fn by(generator: &dyn Generator) -> Self {
        let (name, provider, model) = (generator.name(), generator.provider(), generator.model());
        let author = Arc::new(Author { name: name.to_owned(), provider, model: model.to_owned() });
        Self { before: Vec::new(), last: AnswerSegment { author, start: 0, end: 0 } }
    }

    /// It is somebody else's turn; returns the part that begins, when there is text before it.
    pub(super) fn author(&mut self, author: Arc<Author>) -> Option<AnswerSegment> {
        let at = self.last.end;
        let next = AnswerSegment { author, start: at, end: at };
        let last = std::mem::replace(&mut self.last, next);
        if last.start < last.end {
            self.before.push(last);
        }
        (!self.before.is_empty()).then(|| self.last.clone())
    }

    /// More text of the one whose turn it is.
    pub(super) fn wrote(&mut self, text: &str) {
        self.last.end += text.chars().count();
    }

    /// All text so far is no part of the answer.
    pub(super) fn restart(&mut self) {
        self.before.clear();
        (self.last.start, self.last.end) = (0, 0);
    }

    /// Whether there is no text yet.
    pub(super) fn is_empty(&self) -> bool {
        self.last.end == 0
    }

    /// Whose turn it is.
    pub(super) fn last(&self) -> Arc<Author> {
        Arc::clone(&self.last.author)
    }

    /// Their name.
    pub(super) fn name(&self) -> &str {
        &self.last.author.name
    }

    /// They ended without an end.
    pub(super) fn truncated(&self) -> ProviderError {
        ProviderError::Truncated { provider: self.last.author.provider }
    }

    /// The parts, when there are several.
    pub(super) fn parts(self) -> Vec<AnswerSegment> {
        let mut parts = self.before;
        if parts.is_empty() {
            return parts;
        }
        if self.last.start < self.last.end {
            parts.push(self.last);
        }
        // One that went on and had nothing to add.
        if parts.len() < 2 { Vec::new() } else { parts }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::{ProviderKind, embedded::ExtractiveGenerator};

    fn author(name: &str) -> Arc<Author> {
        Arc::new(Author { name: name.into(), provider: ProviderKind::Ollama, model: "m".into() })
    }

    fn names(parts: &[AnswerSegment]) -> Vec<(&str, usize, usize)> {
        parts.iter().map(|part| (part.author.name.as_str(), part.start, part.end)).collect()
    }

    #[test]
    fn parts_are_told_by_characters_and_only_where_there_are_several() {
        let mut segments = Segments::by(&ExtractiveGenerator::new(None));
        assert!(segments.author(author("a")).is_none() && segments.is_empty());
        segments.wrote("größer");
        let seam = segments.author(author("b")).unwrap();
        assert_eq!((seam.author.name.as_str(), seam.start), ("b", 6));
        segments.wrote(" als 船");
        assert_eq!(segments.name(), "b");
        assert_eq!(names(&segments.parts()), [("a", 0, 6), ("b", 6, 12)]);
    }

    #[test]
    fn who_wrote_nothing_has_no_part() {
        let mut segments = Segments::by(&ExtractiveGenerator::new(None));
        segments.author(author("a"));
        segments.wrote("all");
        segments.author(author("b"));
        let seam = segments.author(author("c"));
        assert_eq!(seam.map(|part| part.start), Some(3));
        assert!(segments.parts().is_empty());
    }

    #[test]
    fn what_was_reasoning_is_no_part() {
        let mut segments = Segments::by(&ExtractiveGenerator::new(None));
        segments.author(author("a"));
        segments.wrote("first");
        segments.author(author("b"));
        segments.wrote("hm");
        segments.restart();
        segments.author(author("a"));
        segments.wrote("first");
        segments.author(author("b"));
        segments.wrote(" then");
        assert_eq!(names(&segments.parts()), [("a", 0, 5), ("b", 5, 10)]);
    }
}
