//! What a search is limited to, as the indexes see it.

use std::sync::Arc;

use super::attributes::Selection;

/// What a search is limited to. Version labels and the filter on documents are resolved:
/// [`AttributeIndex::scope`](super::attributes::AttributeIndex::scope) is the one way from a
/// [`SearchFilter`](crate::domain::SearchFilter) to a scope, so that none is ever passed over.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    pub(super) languages: Vec<String>,
    pub(super) documents: Option<Arc<Selection>>,
}

impl Scope {
    /// No limit.
    pub fn everything() -> Self {
        Self::default()
    }

    /// Chunks of one of these languages, none being no limit, of the selected documents.
    pub fn new(languages: Vec<String>, documents: Option<Arc<Selection>>) -> Self {
        Self { languages, documents }
    }

    /// Whether every chunk is inside.
    pub fn is_everything(&self) -> bool {
        self.has_all_languages() && self.documents.is_none()
    }

    /// Whether the language is without limit.
    pub(super) fn has_all_languages(&self) -> bool {
        self.languages.is_empty()
    }

    /// Whether chunks of this language are inside, as far as that is concerned.
    pub(super) fn admits(&self, language: &str) -> bool {
        self.languages.is_empty() || self.languages.iter().any(|wanted| wanted == language)
    }
}
