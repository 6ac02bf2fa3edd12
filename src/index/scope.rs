//! What a search is limited to, as the indexes see it.

use std::sync::Arc;

use super::attributes::Selection;

/// What a search is limited to. The filter on documents is resolved: [`AttributeIndex::scope`](super::attributes::AttributeIndex::scope)
/// is the one way from a [`SearchFilter`](crate::domain::SearchFilter) to a scope, so that none is ever passed over.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    pub(super) languages: Vec<String>,
    pub(super) versions: Vec<String>,
    pub(super) documents: Option<Arc<Selection>>,
}

impl Scope {
    /// No limit.
    pub fn everything() -> Self {
        Self::default()
    }

    /// Chunks of one of these languages and versions, empty lists being no limit, of the selected documents.
    pub fn new(languages: Vec<String>, versions: Vec<String>, documents: Option<Arc<Selection>>) -> Self {
        Self { languages, versions, documents }
    }

    /// Whether every chunk is inside.
    pub fn is_everything(&self) -> bool {
        self.has_all_labels() && self.documents.is_none()
    }

    /// Whether language and version are without limit.
    pub(super) fn has_all_labels(&self) -> bool {
        self.languages.is_empty() && self.versions.is_empty()
    }

    /// Whether chunks with this language and version are inside, as far as these are concerned.
    pub(super) fn admits(&self, language: &str, version: &str) -> bool {
        let admits = |list: &[String], value: &str| list.is_empty() || list.iter().any(|v| v == value);
        admits(&self.languages, language) && admits(&self.versions, version)
    }
}
