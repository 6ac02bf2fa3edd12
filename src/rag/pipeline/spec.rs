//! What shapes an answer: the one source of the keys under which answers are cached and calls are shared.

use std::sync::Arc;

use super::options::RetrievalOptions;
use crate::{
    domain::{DbName, SpecKey},
    providers::EmbedderId,
};

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
    /// What the question chooses.
    pub options: RetrievalOptions,
    /// The stages from words to passages, with their versions; see [`Pipeline::stages`](super::Pipeline::stages).
    pub stages: Arc<str>,
    /// The provider that answers.
    pub provider: String,
    /// Its model.
    pub model: String,
    /// The version of the instruction that the model gets.
    pub prompt: &'static str,
    /// The model that reranks; `None` where none does.
    pub reranker: Option<Arc<str>>,
}

impl RetrievalSpec {
    /// The spec as one value to compare and to keep. It is stored in journals: a change of its form forgets every cached
    /// answer.
    pub fn key(&self) -> SpecKey {
        let Self { db, embedder, options, stages, provider, model, prompt, reranker } = self;
        let embedder = embedder.as_ref().map_or("", EmbedderId::as_str);
        SpecKey::new([
            db.as_str(),
            embedder,
            provider,
            model,
            prompt,
            stages,
            &options.key(),
            reranker.as_deref().unwrap_or_default(),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{Filter, RerankMethod, SearchFilter, SearchMode},
        rag::pipeline::FusionChoice,
    };

    fn spec() -> RetrievalSpec {
        RetrievalSpec {
            db: "docs".parse().unwrap(),
            embedder: Some(EmbedderId::new("static:x")),
            options: RetrievalOptions {
                filter: SearchFilter {
                    languages: vec!["en".into(), "de".into(), "en".into()],
                    versions: Vec::new(),
                    documents: None,
                },
                ..RetrievalOptions::default()
            },
            stages: "retrieve@1 fuse@1".into(),
            provider: "ollama".into(),
            model: "llama".into(),
            prompt: "p1",
            reranker: None,
        }
    }

    /// Each field that changes the spec changes the key. The destructuring fails to compile when a field is missing here.
    #[test]
    fn every_field_has_a_part_in_the_key() {
        let RetrievalSpec { db, embedder, options, stages, provider, model, prompt, reranker } = spec();
        let RetrievalOptions { mode, k, fusion, filter, rerank, rerank_top_n } = options;
        assert_eq!((rerank, rerank_top_n, reranker), (RerankMethod::None, None, None));
        let FusionChoice { rrf, rrf_k, bm25_weight } = fusion;
        assert_eq!((rrf, rrf_k, bm25_weight), (None, None, None));
        let SearchFilter { languages, versions, documents } = filter;
        assert_eq!((languages.len(), versions.len(), documents), (3, 0, None));
        let year = |year: u32| Filter::from_short(&[format!("year={year}")]).unwrap();
        let with = |change: &dyn Fn(&mut RetrievalSpec)| {
            let mut other = spec();
            change(&mut other);
            other
        };
        let others = [
            with(&|s| s.db = format!("{db}2").parse().unwrap()),
            with(&|s| s.embedder = embedder.as_ref().map(|id| EmbedderId::new(format!("{id}2")))),
            with(&|s| s.embedder = None),
            with(&|s| s.options.mode = if mode == SearchMode::Hybrid { SearchMode::Bm25 } else { SearchMode::Hybrid }),
            with(&|s| s.options.fusion.rrf = Some(true)),
            with(&|s| s.options.fusion.rrf = Some(false)),
            with(&|s| s.options.fusion.rrf_k = Some(60)),
            with(&|s| s.options.fusion.bm25_weight = Some(0.5)),
            with(&|s| s.options.k = k + 1),
            with(&|s| s.options.filter.languages = Vec::new()),
            with(&|s| s.options.filter.versions = vec!["2".into()]),
            with(&|s| s.options.filter.documents = year(2025)),
            with(&|s| s.options.filter.documents = year(2026)),
            with(&|s| s.stages = format!("{stages} rerank@1").into()),
            with(&|s| s.reranker = Some("http:a".into())),
            with(&|s| s.options.rerank = RerankMethod::Http),
            with(&|s| (s.options.rerank, s.options.rerank_top_n) = (RerankMethod::Http, Some(30))),
            with(&|s| s.provider = format!("{provider}2")),
            with(&|s| s.model = format!("{model}2")),
            with(&|s| s.prompt = if prompt == "p1" { "p2" } else { "p1" }),
        ];
        let keys: std::collections::BTreeSet<_> = others.iter().chain([&spec()]).map(RetrievalSpec::key).collect();
        assert_eq!(keys.len(), others.len() + 1);
    }

    #[test]
    fn the_order_of_a_filter_means_nothing() {
        let mut other = spec();
        other.options.filter.languages = vec!["de".into(), "en".into()];
        assert_eq!(other.key(), spec().key());
        let of = |texts: [&str; 2]| {
            let mut spec = spec();
            spec.options.filter.documents = Filter::from_short(&texts.map(str::to_owned)).unwrap();
            spec.key()
        };
        assert_eq!(of(["team=a", "year>=2024"]), of(["year>=2024", "team=a"]));
        assert_ne!(of(["team=a", "year>=2024"]), of(["team=a", "year>2024"]));
    }
}
