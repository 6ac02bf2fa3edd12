//! What shapes an answer: the one source of the keys under which answers are cached and calls are shared.

use crate::{
    domain::{DbName, SearchFilter, SearchMode, SpecKey},
    providers::{EmbedderId, ProviderKind},
};

use super::question::FusionChoice;

/// Everything that shapes an answer besides the question's words, the conversation before it and the state of the
/// documents. Two questions share an answer only when their specs are equal.
///
/// A field that is added here does not compile until [`key`](Self::key) takes it into account.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RetrievalSpec {
    /// The DB that is searched.
    pub db: DbName,
    /// The embedder of the DB's vectors; `None` while it has none.
    pub embedder: Option<EmbedderId>,
    /// Which searches run.
    pub mode: SearchMode,
    /// How their results are fused.
    pub fusion: FusionChoice,
    /// How many passages the answer is made from.
    pub k: usize,
    /// Part of the DB that is searched.
    pub filter: SearchFilter,
    /// The provider that answers.
    pub provider: ProviderKind,
    /// Its model.
    pub model: String,
    /// The version of the instruction that the model gets.
    pub prompt: &'static str,
}

impl RetrievalSpec {
    /// The spec as one value to compare and to keep. It is stored in journals: a change of its form forgets every cached
    /// answer.
    pub fn key(&self) -> SpecKey {
        let Self { db, embedder, mode, fusion, k, filter, provider, model, prompt } = self;
        let FusionChoice { rrf, rrf_k, bm25_weight } = fusion;
        let SearchFilter { languages, versions } = filter;
        let embedder = embedder.as_ref().map_or("", EmbedderId::as_str);
        let rrf = rrf.map_or("-", |rrf| if rrf { "rrf" } else { "weighted" });
        let weight = bm25_weight.map_or(-1, |weight| i64::from(weight.to_bits()));
        let shape = format!("{k} {rrf} {} {weight}", rrf_k.unwrap_or(0));
        let [languages, versions] = [languages, versions].map(|values| as_set(values));
        let (db, provider, mode) = (db.as_str(), provider.as_str(), mode.as_str());
        SpecKey::new([db, embedder, provider, model, prompt, mode, &shape, &languages, &versions])
    }
}

/// A list whose order and repetitions mean nothing.
fn as_set(values: &[String]) -> String {
    if values.is_empty() {
        return String::new();
    }
    let mut values = values.to_vec();
    values.sort_unstable();
    values.dedup();
    format!("{values:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> RetrievalSpec {
        RetrievalSpec {
            db: "docs".parse().unwrap(),
            embedder: Some(EmbedderId::new("static:x")),
            mode: SearchMode::Hybrid,
            fusion: FusionChoice::default(),
            k: 5,
            filter: SearchFilter { languages: vec!["en".into(), "de".into(), "en".into()], versions: Vec::new() },
            provider: ProviderKind::Ollama,
            model: "llama".into(),
            prompt: "p1",
        }
    }

    #[test]
    fn keys_of_journals_that_exist_stay_valid() {
        let parts = ["docs", "static:x", "ollama", "llama", "p1", "hybrid", "5 - 0 -1", "[\"de\", \"en\"]", ""];
        assert_eq!(spec().key(), SpecKey::new(parts));
    }

    /// Each field that changes the spec changes the key. The destructuring fails to compile when a field is missing here.
    #[test]
    fn every_field_has_a_part_in_the_key() {
        let RetrievalSpec { db, embedder, mode, fusion, k, filter, provider, model, prompt } = spec();
        let with = |change: &dyn Fn(&mut RetrievalSpec)| {
            let mut other = spec();
            change(&mut other);
            other
        };
        let FusionChoice { rrf, rrf_k, bm25_weight } = fusion;
        assert_eq!((rrf, rrf_k, bm25_weight), (None, None, None));
        let SearchFilter { languages, versions } = filter;
        assert_eq!((languages.len(), versions.len()), (3, 0));
        let others = [
            with(&|s| s.db = format!("{db}2").parse().unwrap()),
            with(&|s| s.embedder = embedder.as_ref().map(|id| EmbedderId::new(format!("{id}2")))),
            with(&|s| s.embedder = None),
            with(&|s| s.mode = if mode == SearchMode::Hybrid { SearchMode::Bm25 } else { SearchMode::Hybrid }),
            with(&|s| s.fusion.rrf = Some(true)),
            with(&|s| s.fusion.rrf = Some(false)),
            with(&|s| s.fusion.rrf_k = Some(60)),
            with(&|s| s.fusion.bm25_weight = Some(0.5)),
            with(&|s| s.k = k + 1),
            with(&|s| s.filter.languages = Vec::new()),
            with(&|s| s.filter.versions = vec!["2".into()]),
            with(&|s| {
                s.provider = if provider == ProviderKind::Ollama { ProviderKind::OpenAi } else { ProviderKind::Ollama }
            }),
            with(&|s| s.model = format!("{model}2")),
            with(&|s| s.prompt = if prompt == "p1" { "p2" } else { "p1" }),
        ];
        let keys: std::collections::BTreeSet<_> = others.iter().chain([&spec()]).map(RetrievalSpec::key).collect();
        assert_eq!(keys.len(), others.len() + 1);
    }

    #[test]
    fn the_order_of_a_filter_means_nothing() {
        let filter = SearchFilter { languages: vec!["de".into(), "en".into()], versions: Vec::new() };
        assert_eq!(RetrievalSpec { filter, ..spec() }.key(), spec().key());
    }
}
