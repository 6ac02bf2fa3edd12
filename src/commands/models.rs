//! Which models answer and embed: as settings say, and where they leave it open, as the servers can.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::{Context, bail};

use super::parts::{Guards, UpstreamGuards};
use crate::{
    cli::settings::ProviderSettings,
    providers::{
        Author, Embedder, GenerationOptions, Generator, HealthProbe, ProviderError, ProviderKind, Purpose, Reranker,
        UpstreamClient,
        chain::Link,
        embedded::{ExtractiveGenerator, StaticEmbedder},
        guarded::{GuardedGenerator, GuardedReranker},
        ollama::{OllamaEmbedder, OllamaGenerator, OllamaProbe},
        openai::{OpenAiEmbedder, OpenAiGenerator, OpenAiProbe},
        rerank::{HttpReranker, RerankProbe},
        settings::{RerankSettings, UpstreamSettings},
    },
    rag::Models,
    resilience::CallContext,
    server,
};

/// How long a server has to show that it can embed.
const TRIAL: Duration = Duration::from_secs(5);

/// What questions ask for all upstreams by.
const ALL: &str = "auto";

/// The models, and what is to be said about the choice.
pub(super) struct Chosen {
    pub(super) models: Models,
    pub(super) upstreams: Vec<server::UpstreamHealth>,
    /// What was chosen, and why, for the start-up lines.
    pub(super) choice: String,
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

    let Answering { default, first, servers, reason } = if settings.upstreams.is_empty() {
        one_server(settings, guards).await?
    } else {
        named_servers(settings, guards)?
    };
    let embedders = Embedders { settings, first, own_table, servers: &servers };
    let embedding = embedders.choose(&table, guards).await?;

    let embedded = ExtractiveGenerator::new(Some(table.as_ref().clone()));
    let mut generators: Vec<Arc<dyn Generator>> = vec![Arc::new(embedded)];
    let chains = chains(settings, &servers);
    for (name, members) in &chains {
        let links = members.iter().map(|server| server.link()).collect();
        generators.push(guards.chain(name, links, settings.order));
    }
    let choice = format!("{default} ({reason}), embedding with {}{}", embedding.embedder.id(), embedding.reason);
    let mut models = Models::new(generators, &default, embedding.embedder).with_fallback(guards.settings.fallback);
    for (name, members) in &chains {
        models = models.with_upstreams_of(name, members.iter().map(|server| server.author.name.clone()).collect());
    }
    if settings.embedder.is_none() {
        // What `auto` chose must not make yesterday's DB unusable, so the embedders that there are stay at hand.
        models = models.with_spare_embedder(bundled);
        if let Some(spare) = embedding.spare {
            models = models.with_spare_embedder(spare);
        }
    }
    let embeds = embedding.from;
    let answering = servers.into_iter().filter(|server| server.answers);
    let mut upstreams: Vec<_> = answering.map(|server| server.health(settings, embeds.as_deref())).collect();
    if let Some(rerank) = &settings.rerank {
        let (reranker, health) = reranker(rerank, guards)?;
        models = models.with_reranker(reranker);
        upstreams.push(health);
    }
    Ok(Chosen { models, upstreams, choice })
}

/// The LLM servers, and who answers questions that name nobody.
struct Answering {
    default: String,
    /// Whose dialect is that of the answers.
    first: ProviderKind,
    servers: Vec<Server>,
    reason: String,
}

/// The servers of the settings for one server a dialect.
async fn one_server(settings: &ProviderSettings, guards: &mut Guards<'_>) -> anyhow::Result<Answering> {
    // Its series exist whoever answers, so that a dashboard is not empty.
    let mut ollama = Server::new(of_dialect(ProviderKind::Ollama, settings, guards), guards)?;
    let (kind, reason) = choose(settings, &ollama).await;
    ollama.answers = kind == ProviderKind::Ollama;
    let mut servers = vec![ollama];
    if kind == ProviderKind::OpenAi || settings.openai_configured {
        servers.push(Server::new(of_dialect(ProviderKind::OpenAi, settings, guards), guards)?);
    }
    Ok(Answering { default: kind.to_string(), first: kind, servers, reason })
}

/// The servers that have names.
fn named_servers(settings: &ProviderSettings, guards: &mut Guards<'_>) -> anyhow::Result<Answering> {
    let servers: Vec<Server> =
        settings.upstreams.iter().map(|upstream| Server::new(upstream.clone(), guards)).collect::<Result<_, _>>()?;
    let asked = |server: &&Server| settings.choice.is_none_or(|kind| kind == server.author.provider);
    let first = match servers.iter().find(asked) {
        Some(server) => server.author.provider,
        None if settings.choice == Some(ProviderKind::Embedded) => ProviderKind::Embedded,
        None => bail!(
            "--provider {} asks for upstreams of that dialect, and there is none; leave it at auto to ask all upstreams",
            settings.choice.map(ProviderKind::as_str).unwrap_or_default()
        ),
    };
    let listed = servers.iter().filter(asked).map(|server| {
        let Author { name, provider, model } = server.author.as_ref();
        format!("{name}: {provider}, {model}")
    });
    let reason = match listed.collect::<Vec<_>>() {
        none if none.is_empty() => "as configured".to_owned(),
        listed => listed.join("; then "),
    };
    let default = settings.choice.map_or(ALL, ProviderKind::as_str).to_owned();
    Ok(Answering { default, first, servers, reason })
}

/// What can be asked for, and the servers that are asked then: with names, each of them, each dialect, and all.
fn chains<'s>(settings: &ProviderSettings, servers: &'s [Server]) -> Vec<(String, Vec<&'s Server>)> {
    let answering = || servers.iter().filter(|server| server.answers);
    let mut chains: Vec<(String, Vec<&Server>)> =
        answering().map(|server| (server.author.name.clone(), vec![server])).collect();
    if !settings.upstreams.is_empty() {
        for kind in [ProviderKind::Ollama, ProviderKind::OpenAi] {
            let speak_it: Vec<_> = answering().filter(|server| server.author.provider == kind).collect();
            if !speak_it.is_empty() && !chains.iter().any(|(name, _)| name == kind.as_str()) {
                chains.push((kind.to_string(), speak_it));
            }
        }
        chains.push((ALL.to_owned(), answering().collect()));
    }
    chains
}

/// The provider, and why.
async fn choose(settings: &ProviderSettings, ollama: &Server) -> (ProviderKind, String) {
    if let Some(kind) = settings.choice {
        return (kind, "as configured".to_owned());
    }
    let status = ollama.probe().check(std::slice::from_ref(&settings.llm_model)).await;
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

/// The server of a dialect, as the settings without names say.
fn of_dialect(dialect: ProviderKind, settings: &ProviderSettings, guards: &Guards<'_>) -> UpstreamSettings {
    let resilience = guards.settings;
    let (url, api_key, model, http) = match dialect {
        ProviderKind::OpenAi => (
            &settings.openai_base_url,
            settings.openai_api_key.clone(),
            &settings.openai_model,
            settings.openai_timeouts,
        ),
        _ => (&settings.ollama_url, None, &settings.llm_model, settings.timeouts),
    };
    UpstreamSettings {
        name: dialect.to_string(),
        dialect,
        url: url.clone(),
        api_key,
        model: model.clone(),
        embed_model: None,
        weight: 1,
        http,
        timeouts: resilience.timeouts,
        retry: resilience.retry_of(dialect),
        pool: resilience.pool,
        generation: settings.generation.clone(),
    }
}

/// The server that reranks, behind its guards.
fn reranker(
    settings: &RerankSettings,
    guards: &mut Guards<'_>,
) -> anyhow::Result<(Arc<dyn Reranker>, server::UpstreamHealth)> {
    let RerankSettings { url, model, api_key, timeout, http, retry, pool } = settings.clone();
    let provider = ProviderKind::Rerank;
    let name = provider.to_string();
    let author = Arc::new(Author { name: name.clone(), provider, model: model.clone() });
    let upstream = UpstreamSettings {
        name,
        dialect: provider,
        url,
        api_key,
        model: model.clone(),
        embed_model: None,
        weight: 1,
        http,
        timeouts: guards.settings.timeouts,
        retry,
        pool,
        generation: GenerationOptions::default(),
    };
    let (client, policy, breaker) = guards.reranker(&upstream)?;
    let (probe, url) = (Arc::new(RerankProbe::new(client.clone())), client.shown_url());
    let guarded = GuardedReranker::new(Arc::new(HttpReranker::new(client, model)), policy, timeout, url.clone());
    let breakers = breaker.into_iter().collect();
    let health = server::UpstreamHealth { author, url, probe, required: Vec::new(), breakers };
    Ok((Arc::new(guarded), health))
}

/// Asks a server's model, behind its guards.
fn generator(settings: &UpstreamSettings, client: &UpstreamClient, guards: &UpstreamGuards) -> Arc<dyn Generator> {
    let UpstreamSettings { model, generation, timeouts, .. } = settings;
    let (url, client, generation) = (client.shown_url(), client.clone(), generation.clone());
    let inner: Arc<dyn Generator> = match settings.dialect {
        ProviderKind::OpenAi => Arc::new(OpenAiGenerator::new(client, model, generation)),
        _ => Arc::new(OllamaGenerator::new(client, model, generation)),
    };
    Arc::new(GuardedGenerator::new(inner, guards.generate.clone(), *timeouts, url))
}

/// An LLM server, with what guards its operations.
struct Server {
    author: Arc<Author>,
    settings: UpstreamSettings,
    client: UpstreamClient,
    guards: UpstreamGuards,
    /// Asks it; one for all chains that it is part of, which share what is learned of the server.
    generator: Arc<dyn Generator>,
    /// Whether questions are sent there.
    answers: bool,
}

impl Server {
    fn new(settings: UpstreamSettings, guards: &mut Guards<'_>) -> anyhow::Result<Self> {
        let (client, guards) = guards.upstream(&settings)?;
        let (name, model) = (settings.name.clone(), settings.model.clone());
        let author = Arc::new(Author { name, provider: settings.dialect, model });
        let generator = generator(&settings, &client, &guards);
        Ok(Self { author, settings, client, guards, generator, answers: true })
    }

    fn probe(&self) -> Arc<dyn HealthProbe> {
        match self.author.provider {
            ProviderKind::OpenAi => Arc::new(OpenAiProbe::new(self.client.clone())),
            _ => Arc::new(OllamaProbe::new(self.client.clone())),
        }
    }

    /// It as a part of a chain.
    fn link(&self) -> Link {
        let (author, generator) = (Arc::clone(&self.author), Arc::clone(&self.generator));
        Link { author, weight: self.settings.weight, generator }
    }

    /// Its model that embeds. `EMBED_MODEL` is meant for whoever embeds; without it each dialect has a default of its own.
    fn embed_model<'s>(&'s self, settings: &'s ProviderSettings) -> &'s str {
        if let Some(model) = &self.settings.embed_model {
            return model;
        }
        let chosen = settings.embed_url.is_some() || settings.embedder.is_some();
        match self.author.provider {
            ProviderKind::OpenAi if !(chosen && settings.embed_model_said) => &settings.openai_embed_model,
            _ => &settings.embed_model,
        }
    }

    /// How to ask whether it is well. `embeds`: the name of the server that embeds.
    fn health(self, settings: &ProviderSettings, embeds: Option<&str>) -> server::UpstreamHealth {
        let mut required = Vec::new();
        if self.author.provider == ProviderKind::Ollama {
            required.push(self.settings.model.clone());
            if embeds == Some(&self.author.name) {
                required.push(self.embed_model(settings).to_owned());
            }
        }
        let (probe, url) = (self.probe(), self.client.shown_url());
        server::UpstreamHealth { author: self.author, url, probe, required, breakers: self.guards.breakers }
    }
}

/// The choice of an embedder.
struct Embedding {
    embedder: Arc<dyn Embedder>,
    /// The name of the server that embeds; `None`: this process does.
    from: Option<String>,
    /// The one that was passed over, for DBs that it has embedded.
    spare: Option<Arc<dyn Embedder>>,
    /// What is to be said about the choice.
    reason: String,
}

struct Embedders<'a> {
    settings: &'a ProviderSettings,
    /// The dialect of who answers.
    first: ProviderKind,
    own_table: bool,
    servers: &'a [Server],
}

impl Embedders<'_> {
    /// The embedder that settings name; else the LLM server's, if it can embed; else the embedded one.
    async fn choose(&self, table: &Arc<StaticEmbedder>, guards: &mut Guards<'_>) -> anyhow::Result<Embedding> {
        let settings = self.settings;
        let embedded =
            |reason: String, spare| Embedding { embedder: Arc::clone(table) as _, from: None, spare, reason };
        // A server of its own for embedding speaks OpenAI's dialect, unless the LLM's is Ollama's.
        let elsewhere = settings.embed_url.as_ref().map(|_| match self.first {
            ProviderKind::Ollama => ProviderKind::Ollama,
            _ => ProviderKind::OpenAi,
        });
        let dialect = settings.embedder.or(elsewhere).unwrap_or(self.first);
        if self.own_table || dialect == ProviderKind::Embedded {
            return Ok(embedded(String::new(), None));
        }
        let apart = match self.of_llm(dialect) {
            Some(_) => None,
            None => Some(Server::new(self.apart(dialect, guards), guards)?),
        };
        let Some(server) = self.of_llm(dialect).or(apart.as_ref()) else {
            return Ok(embedded(String::new(), None));
        };
        let (client, model) = (server.client.clone(), server.embed_model(settings));
        let inner: Arc<dyn Embedder> = match dialect {
            ProviderKind::Ollama => Arc::new(OllamaEmbedder::new(client, model)),
            _ => Arc::new(OpenAiEmbedder::new(client, model)),
        };
        let cannot = match settings.embedder {
            Some(_) => None,
            None => why_it_cannot(inner.as_ref()).await,
        };
        let embedder = guards.embedder(inner, server.guards.embed.clone(), &server.client);
        let name = server.author.name.clone();
        Ok(match cannot {
            Some(error) => embedded(format!(" ({name} cannot: {error})"), Some(embedder)),
            None => Embedding { embedder, from: Some(name), spare: None, reason: String::new() },
        })
    }

    /// The first LLM server of this dialect, when it is the one to embed.
    fn of_llm(&self, dialect: ProviderKind) -> Option<&Server> {
        let server = self.servers.iter().find(|server| server.author.provider == dialect);
        server.filter(|_| self.settings.embed_url.is_none())
    }

    /// The server that only embeds.
    fn apart(&self, dialect: ProviderKind, guards: &Guards<'_>) -> UpstreamSettings {
        let mut upstream = of_dialect(dialect, self.settings, guards);
        upstream.name = "embedding".to_owned();
        if let Some(url) = &self.settings.embed_url {
            upstream.url = url.clone();
        }
        upstream.api_key = self.settings.embed_api_key.clone().or(upstream.api_key);
        upstream
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
