//! Which models answer and embed: as settings say, and where they leave it open, as the servers can.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::Context;

use super::parts::{Guards, UpstreamGuards};
use crate::{
    cli::settings::ProviderSettings,
    providers::{
        Embedder, Generator, HealthProbe, ProviderError, ProviderKind, Purpose, UpstreamClient,
        embedded::{ExtractiveGenerator, StaticEmbedder},
        ollama::{OllamaEmbedder, OllamaGenerator, OllamaProbe},
        openai::{OpenAiEmbedder, OpenAiGenerator, OpenAiProbe},
    },
    rag::Models,
    resilience::{CallContext, CallPolicy},
    server,
};

/// How long a server has to show that it can embed.
const TRIAL: Duration = Duration::from_secs(5);

/// The models, and what is to be said about the choice.
pub(super) struct Chosen {
    pub(super) models: Models,
    pub(super) upstreams: Vec<server::UpstreamHealth>,
    /// What was chosen, and why, for the start-up lines.
    pub(super) choice: String,
}

/// A server that answers, with what guards its operations.
struct Server {
    upstream: UpstreamClient,
    guards: UpstreamGuards,
}

/// Chooses and builds the models. Where settings leave it open, asks the servers.
pub(super) async fn build(settings: &ProviderSettings, guards: &mut Guards<'_>) -> anyhow::Result<Chosen> {
    let bundled = Arc::new(StaticEmbedder::bundled()?);
    let own_table = Path::new(&settings.embed_model).is_dir();
    let table: Arc<StaticEmbedder> = if own_table {
        let folder = Path::new(&settings.embed_model);
        Arc::new(StaticEmbedder::from_folder(folder).context("--embed-model names a folder")?)
    } else {
        Arc::clone(&bundled)
    };

    // Its series exist whoever answers, so that a dashboard is not empty.
    let ollama =
        guards.upstream("ollama", ProviderKind::Ollama, settings.ollama_url.clone(), None, settings.timeouts)?;
    let ollama = Server { guards: guards.of(&ollama), upstream: ollama };
    let ollama_probe: Arc<dyn HealthProbe> = Arc::new(OllamaProbe::new(ollama.upstream.clone()));
    let (kind, reason) = choose(settings, &ollama_probe).await;
    let openai = if kind == ProviderKind::OpenAi || settings.openai_configured {
        let (key, url) = (settings.openai_api_key.clone(), settings.openai_base_url.clone());
        let upstream = guards.upstream("openai", ProviderKind::OpenAi, url, key, settings.openai_timeouts)?;
        Some(Server { guards: guards.of(&upstream), upstream })
    } else {
        None
    };

    let embedders = Embedders { settings, kind, own_table, ollama: &ollama, openai: openai.as_ref() };
    let embedding = embedders.choose(&table, guards).await?;

    let mut generators: Vec<Arc<dyn Generator>> =
        vec![Arc::new(ExtractiveGenerator::new(Some(table.as_ref().clone())))];
    let mut upstreams = Vec::new();
    if kind == ProviderKind::Ollama {
        let Server { upstream, guards: UpstreamGuards { generate, breakers, .. } } = ollama;
        let generator = OllamaGenerator::new(upstream.clone(), &settings.llm_model, settings.generation.clone());
        generators.push(guards.generator(Arc::new(generator), generate, &upstream));
        let mut required = vec![settings.llm_model.clone()];
        if embedding.from == Some(ProviderKind::Ollama) && settings.embed_url.is_none() {
            required.push(settings.embed_model.clone());
        }
        upstreams.push(server::UpstreamHealth { provider: kind, probe: ollama_probe, required, breakers });
    }
    if let Some(Server { upstream, guards: UpstreamGuards { generate, breakers, .. } }) = openai {
        let generator = OpenAiGenerator::new(upstream.clone(), &settings.openai_model, settings.generation.clone());
        generators.push(guards.generator(Arc::new(generator), generate, &upstream));
        upstreams.push(server::UpstreamHealth {
            provider: ProviderKind::OpenAi,
            probe: Arc::new(OpenAiProbe::new(upstream)),
            required: Vec::new(),
            breakers,
        });
    }

    let choice = format!("{kind} ({reason}), embedding with {}{}", embedding.embedder.id(), embedding.reason);
    let mut models = Models::new(generators, kind, embedding.embedder).with_fallback(guards.settings.fallback);
    if settings.embedder.is_none() {
        // What `auto` chose must not make yesterday's DB unusable, so the embedders that there are stay at hand.
        models = models.with_spare_embedder(bundled);
        if let Some(spare) = embedding.spare {
            models = models.with_spare_embedder(spare);
        }
    }
    Ok(Chosen { models, upstreams, choice })
}

/// The provider, and why.
async fn choose(settings: &ProviderSettings, ollama: &Arc<dyn HealthProbe>) -> (ProviderKind, String) {
    if let Some(kind) = settings.choice {
        return (kind, "as configured".to_owned());
    }
    let status = ollama.check(std::slice::from_ref(&settings.llm_model)).await;
    if status.is_usable() {
        return (ProviderKind::Ollama, "it answers and has the model".to_owned());
    }
    let reason = match (status.error, status.models_missing.first()) {
        (Some(error), _) => format!("no Ollama: {error}"),
        (None, Some(missing)) => format!("Ollama lacks {missing}; run: ollama pull {missing}"),
        (None, None) => "Ollama is not usable".to_owned(),
    };
    (ProviderKind::Embedded, reason)
}

/// The choice of an embedder.
struct Embedding {
    embedder: Arc<dyn Embedder>,
    /// The server that embeds; `None`: this process.
    from: Option<ProviderKind>,
    /// The one that was passed over, for DBs that it has embedded.
    spare: Option<Arc<dyn Embedder>>,
    /// What is to be said about the choice.
    reason: String,
}

struct Embedders<'a> {
    settings: &'a ProviderSettings,
    /// Who answers.
    kind: ProviderKind,
    own_table: bool,
    ollama: &'a Server,
    openai: Option<&'a Server>,
}

impl Embedders<'_> {
    /// The embedder that settings name; else the LLM server's, if it can embed; else the embedded one.
    async fn choose(&self, table: &Arc<StaticEmbedder>, guards: &mut Guards<'_>) -> anyhow::Result<Embedding> {
        let embedded =
            |reason: String, spare| Embedding { embedder: Arc::clone(table) as _, from: None, spare, reason };
        // A server of its own for embedding speaks OpenAI's dialect, unless the LLM's is Ollama's.
        let elsewhere = self.settings.embed_url.as_ref().map(|_| match self.kind {
            ProviderKind::Ollama => ProviderKind::Ollama,
            _ => ProviderKind::OpenAi,
        });
        let from = self.settings.embedder.or(elsewhere).unwrap_or(self.kind);
        if self.own_table || from == ProviderKind::Embedded {
            return Ok(embedded(String::new(), None));
        }
        let (server, guard) = self.server(from, guards)?;
        let inner: Arc<dyn Embedder> = match from {
            ProviderKind::Ollama => Arc::new(OllamaEmbedder::new(server.clone(), &self.settings.embed_model)),
            _ => Arc::new(OpenAiEmbedder::new(server.clone(), self.openai_model())),
        };
        let cannot = match self.settings.embedder {
            Some(_) => None,
            None => why_it_cannot(inner.as_ref()).await,
        };
        let embedder = guards.embedder(inner, guard, &server);
        Ok(match cannot {
            Some(error) => embedded(format!(" ({from} cannot: {error})"), Some(embedder)),
            None => Embedding { embedder, from: Some(from), spare: None, reason: String::new() },
        })
    }

    /// The server that embeds, and the guard of its embedding.
    fn server(&self, from: ProviderKind, guards: &mut Guards<'_>) -> anyhow::Result<(UpstreamClient, CallPolicy)> {
        let settings = self.settings;
        let of_llm = match from {
            ProviderKind::Ollama => Some(self.ollama),
            _ => self.openai,
        };
        if let (Some(server), None) = (of_llm, &settings.embed_url) {
            return Ok((server.upstream.clone(), server.guards.embed.clone()));
        }
        let (url, key, timeouts) = match from {
            ProviderKind::Ollama => (&settings.ollama_url, None, settings.timeouts),
            _ => (&settings.openai_base_url, settings.openai_api_key.clone(), settings.openai_timeouts),
        };
        let url = settings.embed_url.as_ref().unwrap_or(url).clone();
        let key = settings.embed_api_key.clone().or(key);
        let upstream = guards.upstream("embedding", from, url, key, timeouts)?;
        let UpstreamGuards { embed, .. } = guards.of(&upstream);
        Ok((upstream, embed))
    }

    /// `EMBED_MODEL` is meant for whoever embeds; without it each provider has a default of its own.
    fn openai_model(&self) -> &str {
        let own = self.settings.embed_url.is_some() || self.settings.embedder.is_some();
        if own && self.settings.embed_model_said {
            &self.settings.embed_model
        } else {
            &self.settings.openai_embed_model
        }
    }
}

/// Why a server cannot embed, as it says itself. One that cannot be reached, or refuses the key, may well be able to.
async fn why_it_cannot(embedder: &dyn Embedder) -> Option<String> {
    let text = ["Can you embed this?".to_owned()];
    let tried = embedder.embed(&text, Purpose::Query, &CallContext::within(TRIAL)).await;
    match tried {
        Ok(vectors) => vectors.into_iter().find_map(Result::err).map(|error| error.to_string()),
        Err(error) => cannot(&error).then(|| error.to_string()),
    }
}

fn cannot(error: &ProviderError) -> bool {
    match error {
        ProviderError::Status { status, .. } => !matches!(status, 408 | 425 | 502 | 504),
        ProviderError::UnknownModel { .. }
        | ProviderError::Reported { .. }
        | ProviderError::Malformed { .. }
        | ProviderError::BadVector { .. }
        | ProviderError::Unembeddable { .. } => true,
        _ => false,
    }
}
