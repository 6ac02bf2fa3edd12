//! Metadata that the configuration gives to documents by their names.

use std::sync::Arc;

use crate::domain::{Glob, Metadata};

/// Documents whose source matches a pattern have these fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetadataRule {
    /// Pattern of the source.
    pub path: Glob,
    /// The fields.
    pub fields: Metadata,
}

/// Rules in their order: where two give the same field, the later wins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MetadataRules(Arc<[MetadataRule]>);

impl MetadataRules {
    /// These rules.
    pub fn new(rules: Vec<MetadataRule>) -> Self {
        Self(rules.into())
    }

    /// The fields of a document.
    pub fn of(&self, source: &str) -> Metadata {
        let meant = self.0.iter().filter(|rule| rule.path.matches(source));
        meant.fold(Metadata::default(), |fields, rule| fields.with(&rule.fields))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_later_rule_wins() {
        let fields = |value: serde_json::Value| Metadata::from_json(value.as_object().unwrap()).unwrap();
        let rule = |path, value| MetadataRule { path: Glob::new(path), fields: fields(value) };
        let rules = MetadataRules::new(vec![
            rule("contracts/*", json!({"team": "legal", "kind": "contract"})),
            rule("*/2026/*", json!({"year": 2026, "kind": "new"})),
        ]);
        assert_eq!(rules.of("contracts/2026/a.pdf"), fields(json!({"team": "legal", "kind": "new", "year": 2026})));
        assert_eq!(rules.of("contracts/b.pdf"), fields(json!({"team": "legal", "kind": "contract"})));
        assert!(rules.of("notes.md").is_empty());
    }
}
