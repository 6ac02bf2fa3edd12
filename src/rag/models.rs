//! The models that this process may use, and which of them answers what.

use std::{collections::BTreeMap, sync::Arc};

use parking_lot::RwLock;

use super::RagError;
use crate::{
    domain::DbName,
    providers::{Embedder, Generator, ProviderKind, Reranker},
    store::EmbedderRecord,
};

/// A generator, and the upstreams that it asks.
struct Answerer {
    generator: Arc<dyn Generator>,
    /// Names of the upstreams, in their order; empty for what is compiled in.
    upstreams: Vec<String>,
}

/// Generators by name, and the embedders.
pub struct Models {
    /// Each by what questions ask for it by: a provider, an upstream, or `auto` for all upstreams.
    answerers: BTreeMap<String, Answerer>,
    /// Answers questions that name none; can be changed while running.
    default: RwLock<String>,
    /// Embeds new documents.
    embedder: Arc<dyn Embedder>,
    /// Embedders that may be used for a DB that was made with them although another one is configured.
    spare_embedders: Vec<Arc<dyn Embedder>>,
    fallback: bool,
    reranker: Option<Arc<dyn Reranker>>,
}

impl Models {
    /// `default` is a name of one of the generators; if it is not, the first one is taken.
    pub fn new(
        generators: impl IntoIterator<Item = Arc<dyn Generator>>,
        default: &str,
        embedder: Arc<dyn Embedder>,
    ) -> Self {
        let answerers: BTreeMap<_, _> = generators
            .into_iter()
            .map(|generator| (generator.name().to_owned(), Answerer { generator, upstreams: Vec::new() }))
            .collect();
        let known = answerers.contains_key(default);
        let default = if known { default } else { answerers.keys().next().map_or(default, String::as_str) };
        let default = RwLock::new(default.to_owned());
        Self { answerers, default, embedder, spare_embedders: Vec::new(), fallback: true, reranker: None }
    }

    /// Says which upstreams the generator of this name asks.
    #[must_use]
    pub fn with_upstreams_of(mut self, name: &str, upstreams: Vec<String>) -> Self {
        if let Some(answerer) = self.answerers.get_mut(name) {
            answerer.upstreams = upstreams;
        }
        self
    }

    /// Allows another embedder for the DBs that were made with it.
    #[must_use]
    pub fn with_spare_embedder(mut self, embedder: Arc<dyn Embedder>) -> Self {
        self.spare_embedders.push(embedder);
        self
    }

    /// Whether another answerer or search takes over when the one that was asked is away; else its error is the answer.
    #[must_use]
    pub fn with_fallback(mut self, fallback: bool) -> Self {
        self.fallback = fallback;
        self
    }

    /// Puts passages into another order when a question asks for it.
    #[must_use]
    pub fn with_reranker(mut self, reranker: Arc<dyn Reranker>) -> Self {
        self.reranker = Some(reranker);
        self
    }

    /// What puts passages into another order, when there is one.
    pub fn reranker(&self) -> Option<&Arc<dyn Reranker>> {
        self.reranker.as_ref()
    }

    /// Whether something takes over when a provider is away.
    pub fn falls_back(&self) -> bool {
        self.fallback
    }

    /// What answers questions that name nobody.
    pub fn default_name(&self) -> String {
        self.default.read().clone()
    }

    /// Changes [`default_name`](Self::default_name).
    ///
    /// # Errors
    /// [`RagError::ProviderNotConfigured`].
    pub fn set_default(&self, name: &str) -> Result<(), RagError> {
        self.answerer(name)?;
        name.clone_into(&mut self.default.write());
        Ok(())
    }

    /// The names that can be asked for.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.answerers.keys().map(String::as_str)
    }

    /// The names of the upstreams that questions are sent to which name nobody.
    pub fn default_upstreams(&self) -> &[String] {
        let default = self.default.read();
        self.answerers.get(&*default).map(|answerer| answerer.upstreams.as_slice()).unwrap_or_default()
    }

    /// The generator of this name, or the default one.
    ///
    /// # Errors
    /// [`RagError::ProviderNotConfigured`].
    pub fn generator(&self, name: Option<&str>) -> Result<&Arc<dyn Generator>, RagError> {
        match name {
            Some(name) => self.answerer(name),
            None => self.answerer(&self.default.read()),
        }
    }

    fn answerer(&self, name: &str) -> Result<&Arc<dyn Generator>, RagError> {
        self.answerers.get(name).map(|answerer| &answerer.generator).ok_or_else(|| RagError::ProviderNotConfigured {
            provider: name.chars().take(64).collect(),
            configured: self.names().collect::<Vec<_>>().join(", "),
        })
    }

    /// The generator that takes over, when one may: it needs no other service.
    pub fn fallback_generator(&self) -> Option<&Arc<dyn Generator>> {
        self.quoting_generator().filter(|_| self.fallback)
    }

    /// The generator that quotes the passages.
    pub fn quoting_generator(&self) -> Option<&Arc<dyn Generator>> {
        self.answerers.get(ProviderKind::Embedded.as_str()).map(|answerer| &answerer.generator)
    }

    /// The generator that takes over when this one is unavailable.
    pub fn stand_in_for(&self, generator: &dyn Generator) -> Option<&Arc<dyn Generator>> {
        self.fallback_generator().filter(|fallback| fallback.provider() != generator.provider())
    }

    /// Embeds what is ingested into an empty DB.
    pub fn embedder(&self) -> &Arc<dyn Embedder> {
        &self.embedder
    }

    /// Ids of the embedders at hand.
    pub fn embedder_ids(&self) -> Vec<String> {
        std::iter::once(&self.embedder).chain(&self.spare_embedders).map(|embedder| embedder.id().to_string()).collect()
    }

    /// The embedder whose vectors the DB holds.
    ///
    /// # Errors
    /// [`RagError::EmbedderMismatch`] when it is not to be had here.
    pub fn embedder_for(&self, db: &DbName, stored: Option<&EmbedderRecord>) -> Result<&Arc<dyn Embedder>, RagError> {
        let Some(stored) = stored else { return Ok(&self.embedder) };
        std::iter::once(&self.embedder)
            .chain(&self.spare_embedders)
            .find(|embedder| embedder.id().as_str() == stored.id)
            .ok_or_else(|| RagError::EmbedderMismatch {
                db: db.to_string(),
                stored: stored.id.clone(),
                configured: self.embedder.id().to_string(),
            })
    }
}
