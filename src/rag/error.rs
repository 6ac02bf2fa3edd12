//! What can go wrong with a question or an ingestion.

use std::sync::Arc;

use crate::{domain::InvalidDbName, index::IndexError, providers::ProviderError, store::StoreError};

/// Errors of the engine. The HTTP layer gives each a status; the message is meant for the person who asked.
///
/// Work is shared by those who wait for it, and so is its error: it can be cloned.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RagError {
    /// A value that cannot be used, with what would be allowed.
    #[error("{0}")]
    Invalid(String),
    /// No such DB name can exist.
    #[error(transparent)]
    DbName(#[from] InvalidDbName),
    /// The store refused or failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A derived index failed; it will be rebuilt.
    #[error("the search index failed: {0}")]
    Index(#[from] IndexError),
    /// What was asked for is stored, but searches do not see it yet.
    #[error(
        "it is stored, but searches do not see it yet, because the search could not be brought up to date ({0}); that goes on in the background"
    )]
    NotSearchable(Arc<RagError>),
    /// It took too long, and nobody knows how it ends.
    #[error("{doing} took longer than {seconds} s and goes on; ask again whether it is done")]
    Slow {
        /// What.
        doing: &'static str,
        /// How long it was waited for.
        seconds: u64,
    },
    /// A model could not be used.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// An answer has begun and cannot be ended.
    #[error("the answer is cut off here: {0}")]
    CutOff(ProviderError),
    /// The DB was embedded by one model, the server runs another.
    #[error(
        "DB \"{db}\" was embedded with {stored}, this server embeds with {configured}, and their vectors cannot be compared: \
         ask with method \"bm25\", configure {stored}, or let `ragctl reindex --db {db}` embed the DB with {configured}"
    )]
    EmbedderMismatch {
        /// The DB that was asked.
        db: String,
        /// Embedder of its vectors.
        stored: String,
        /// Embedder of this server.
        configured: String,
    },
    /// The provider is known but not set up here.
    #[error("provider \"{provider}\" is not configured on this server; use one of these: {configured}")]
    ProviderNotConfigured {
        /// The provider that was asked for.
        provider: String,
        /// Those that could be asked.
        configured: String,
    },
    /// A rerank server is asked for, and none is set up here.
    #[error(
        "rerank \"http\" needs a rerank server, and this server has none; ask with rerank \"none\", or set --rerank-url"
    )]
    NoReranker,
    /// Somebody builds a generation of the DB already.
    #[error("DB \"{0}\" is being reindexed already; `ragctl reindex --list` shows how far it is")]
    BeingReindexed(String),
    /// Nothing of what was given could be ingested.
    #[error("{0}")]
    NothingIngested(String),
    /// The time that the question was given is over.
    #[error(
        "the time that the question has was over while {doing}; the server is busy: ask again, or give questions more time \
         with --request-timeout"
    )]
    Deadline {
        /// What was being done.
        doing: &'static str,
    },
    /// A background task ended without an answer: a bug or a shutdown.
    #[error("the work was interrupted")]
    Interrupted,
}

impl RagError {
    /// Whether the disk does not take what is written, while what is stored can be read.
    pub fn is_unwritable(&self) -> bool {
        match self {
            Self::Store(error) => error.is_unwritable(),
            Self::Index(error) => error.disk_failure().is_some(),
            Self::NotSearchable(cause) => cause.is_unwritable(),
            _ => false,
        }
    }

    /// The kind of error as a metric label: one of a small fixed set.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Invalid(_) | Self::DbName(_) => "invalid",
            Self::Store(StoreError::NotFound(_)) => "unknown_db",
            Self::Store(_) => "store",
            Self::Index(_) => "index",
            Self::NotSearchable(_) => "not_searchable",
            Self::Slow { .. } => "slow",
            Self::Provider(error) | Self::CutOff(error) => error.kind(),
            Self::EmbedderMismatch { .. } => "embedder_mismatch",
            Self::ProviderNotConfigured { .. } => "provider_not_configured",
            Self::NoReranker => "no_reranker",
            Self::BeingReindexed(_) => "being_reindexed",
            Self::NothingIngested(_) => "nothing_ingested",
            Self::Deadline { .. } => "deadline",
            Self::Interrupted => "interrupted",
        }
    }
}

impl From<tokio::task::JoinError> for RagError {
    fn from(_: tokio::task::JoinError) -> Self {
        Self::Interrupted
    }
}
