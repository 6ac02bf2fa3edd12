//! The models that this process may use, and which of them answers what.

use std::{collections::BTreeMap, sync::Arc};

use parking_lot::RwLock;

use super::RagError;
use crate::{
    domain::DbName,
    providers::{Embedder, Generator, ProviderKind},
    store::EmbedderRecord,
};

/// Generators by provider, and the embedders.
pub struct Models {
    generators: BTreeMap<ProviderKind, Arc<dyn Generator>>,
    /// Answers questions that name no provider; can be changed while running.
    default: RwLock<ProviderKind>,
    /// Embeds new documents.
    embedder: Arc<dyn Embedder>,
    /// Embedders that may be used for a DB that was made with them although another one is configured.
    spare_embedders: Vec<Arc<dyn Embedder>>,
    fallback: bool,
}

impl Models {
    /// `default` must be among the generators; if it is not, the first one is taken.
    pub fn new(
        generators: impl IntoIterator<Item = Arc<dyn Generator>>,
        default: ProviderKind,
        embedder: Arc<dyn Embedder>,
    ) -> Self {
        let generators: BTreeMap<_, _> = generators.into_iter().map(|g| (g.provider(), g)).collect();
        let known = generators.contains_key(&default);
        let default = if known { default } else { generators.keys().next().copied().unwrap_or(default) };
        Self { generators, default: RwLock::new(default), embedder, spare_embedders: Vec::new(), fallback: true }
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

    /// Whether something takes over when a provider is away.
    pub fn falls_back(&self) -> bool {
        self.fallback
    }

    /// The provider of questions that name none.
    pub fn default_provider(&self) -> ProviderKind {
        *self.default.read()
    }

    /// Changes [`default_provider`](Self::default_provider).
    ///
    /// # Errors
    /// [`RagError::ProviderNotConfigured`].
    pub fn set_default_provider(&self, provider: ProviderKind) -> Result<(), RagError> {
        self.generator(Some(provider))?;
        *self.default.write() = provider;
        Ok(())
    }

    /// The providers that can be asked.
    pub fn providers(&self) -> impl Iterator<Item = ProviderKind> {
        self.generators.keys().copied()
    }

    /// The generator of a provider, or the default one.
    ///
    /// # Errors
    /// [`RagError::ProviderNotConfigured`].
    pub fn generator(&self, provider: Option<ProviderKind>) -> Result<&Arc<dyn Generator>, RagError> {
        let provider = provider.unwrap_or_else(|| self.default_provider());
        self.generators.get(&provider).ok_or_else(|| RagError::ProviderNotConfigured {
            provider: provider.to_string(),
            configured: self.providers().map(|p| p.to_string()).collect::<Vec<_>>().join(", "),
        })
    }

    /// The generator that takes over, when one may: it needs no other service.
    pub fn fallback_generator(&self) -> Option<&Arc<dyn Generator>> {
        self.generators.get(&ProviderKind::Embedded).filter(|_| self.fallback)
    }

    /// The generator that takes over when this one is unavailable.
    pub fn stand_in_for(&self, generator: &dyn Generator) -> Option<&Arc<dyn Generator>> {
        self.fallback_generator().filter(|fallback| fallback.provider() != generator.provider())
    }

    /// Embeds what is ingested into an empty DB.
    pub fn embedder(&self) -> &Arc<dyn Embedder> {
        &self.embedder
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
