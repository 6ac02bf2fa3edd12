//! Puts the engine together from settings: the one place that knows all the concrete types.

use std::{path::Path, sync::Arc};

use anyhow::Context;
use parking_lot::Mutex;
use secrecy::SecretString;
use tokio::time::Instant;

use crate::{
    cli::settings::{ProviderSettings, ResilienceSettings, Settings},
    domain::DbName,
    index::EmbeddedSearch,
    providers::{
        Embedder, EmbedderId, Generator, HealthProbe, HttpSettings, ProviderKind, UpstreamClient,
        embedded::{ExtractiveGenerator, StaticEmbedder},
        guarded::{CoalescingGenerator, GuardedEmbedder, GuardedGenerator},
        ollama::{OllamaEmbedder, OllamaGenerator, OllamaProbe},
        openai::{OpenAiEmbedder, OpenAiGenerator, OpenAiProbe},
    },
    rag::{Dbs, DegradedReason, Engine, Models},
    resilience::{CallPolicy, CircuitBreaker, Resilience, RetryBudget},
    server,
    store::sqlite::SqliteCatalog,
    telemetry::{Metrics, ServiceUrl},
};

/// An engine, and the services that it depends on.
pub(super) struct Parts {
    pub(super) engine: Engine,
    pub(super) metrics: Arc<Metrics>,
    /// Who embeds what is new.
    pub(super) embedder: EmbedderId,
    pub(super) upstreams: Vec<server::UpstreamHealth>,
    pub(super) resilience: Resilience,
    /// What was chosen, and why, for the start-up lines.
    pub(super) choice: String,
}

/// Builds the engine. With `auto`, asks Ollama whether it is there.
pub(super) async fn build(settings: &Settings) -> anyhow::Result<Parts> {
    let metrics = Arc::new(Metrics::new());
    let mut guards = Guards { settings: &settings.resilience, metrics: &metrics, made: Resilience::default() };
    let (models, upstreams, choice) = models(&settings.provider, &mut guards).await?;
    let resilience = guards.made;
    announce(&metrics, &models, &settings.db);
    let dbs = dbs(&settings.data_dir)?;
    let embedder = models.embedder().id().clone();
    let engine = Engine::new(dbs, models, Arc::clone(&metrics));
    Ok(Parts { engine, metrics, embedder, upstreams, resilience, choice })
}

/// Puts resilience around providers, and keeps what it made for those who show it.
struct Guards<'a> {
    settings: &'a ResilienceSettings,
    metrics: &'a Metrics,
    made: Resilience,
}

/// The guards of one upstream's operations.
struct UpstreamGuards {
    generate: CallPolicy,
    embed: CallPolicy,
    breakers: Vec<Arc<CircuitBreaker>>,
}

impl Guards<'_> {
    fn upstream(
        &mut self,
        kind: ProviderKind,
        url: ServiceUrl,
        key: Option<SecretString>,
        settings: &ProviderSettings,
    ) -> anyhow::Result<UpstreamClient> {
        let http = HttpSettings {
            connect_timeout: settings.connect_timeout,
            read_timeout: settings.read_timeout,
            pool: self.settings.pool,
        };
        let metrics = self.metrics.client(&format!("{kind}_client"));
        let upstream = UpstreamClient::new(kind, url, key, http, metrics)?;
        self.made.clients.push(Arc::clone(upstream.stats()));
        Ok(upstream)
    }

    /// One breaker an operation, one budget for both: it is the upstream that is to be spared.
    fn of(&mut self, upstream: &UpstreamClient) -> UpstreamGuards {
        let budget = Arc::new(Mutex::new(RetryBudget::new(Instant::now())));
        let (chat, embed) = upstream.operations();
        let name = &upstream.stats().name().to_owned();
        let mut breakers = Vec::new();
        let mut guard = |name: String, endpoint| {
            let breaker = self.settings.breaker.map(|settings| {
                let metrics = self.metrics.breaker(&name);
                Arc::new(CircuitBreaker::new(name, settings, metrics, fastrand::f64))
            });
            breakers.extend(breaker.clone());
            let stats = Arc::clone(upstream.stats());
            CallPolicy::new(breaker, self.settings.retry, Arc::clone(&budget), stats, endpoint, fastrand::f64)
        };
        let (generate, embed) = (guard(name.clone(), chat), guard(format!("{name}_embed"), embed));
        self.made.breakers.extend(breakers.iter().cloned());
        UpstreamGuards { generate, embed, breakers }
    }

    fn generator(&self, inner: Arc<dyn Generator>, guard: CallPolicy, upstream: &UpstreamClient) -> Arc<dyn Generator> {
        let guarded = GuardedGenerator::new(inner, guard, self.settings.timeouts, upstream.shown_url());
        Arc::new(CoalescingGenerator::new(Arc::new(guarded)))
    }

    fn embedder(&self, inner: Arc<dyn Embedder>, guard: CallPolicy, upstream: &UpstreamClient) -> Arc<dyn Embedder> {
        let timeouts = self.settings.timeouts;
        Arc::new(GuardedEmbedder::new(inner, upstream.provider(), guard, timeouts, upstream.shown_url()))
    }
}

/// DBs that may be open at a time: each holds some ten files, and half of those that the process may open are for others.
fn most_open_dbs() -> usize {
    const FILES_OF_A_DB: u64 = 10;
    const MOST: u64 = 64;
    #[cfg(unix)]
    let files = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    #[cfg(not(unix))]
    let files = None;
    let files: u64 = files.unwrap_or(u64::MAX);
    usize::try_from((files / 2 / FILES_OF_A_DB).clamp(2, MOST)).unwrap_or(2)
}

/// The DBs of a data directory, with the embedded store and search.
pub(super) fn dbs(data_dir: &Path) -> anyhow::Result<Dbs> {
    let catalog = Arc::new(SqliteCatalog::open(data_dir)?);
    let folders = Arc::clone(&catalog);
    let dbs = Dbs::new(catalog, Box::new(move |db| Arc::new(EmbeddedSearch::open(&folders.index_folder(db)))));
    Ok(dbs.with_most_open(most_open_dbs()))
}

fn announce(metrics: &Metrics, models: &Models, db: &DbName) {
    let labels: Vec<(&str, String)> = models
        .providers()
        .filter_map(|provider| Some((provider.as_str(), models.generator(Some(provider)).ok()?.model().to_owned())))
        .collect();
    let labels: Vec<(&str, &str)> = labels.iter().map(|(provider, model)| (*provider, model.as_str())).collect();
    metrics.announce(db, &labels, &DegradedReason::ALL.map(DegradedReason::as_str));
}

async fn models(
    settings: &ProviderSettings,
    guards: &mut Guards<'_>,
) -> anyhow::Result<(Models, Vec<server::UpstreamHealth>, String)> {
    let bundled = Arc::new(StaticEmbedder::bundled()?);
    let own_table = Path::new(&settings.embed_model).is_dir();
    let static_embedder: Arc<StaticEmbedder> = if own_table {
        let folder = Path::new(&settings.embed_model);
        Arc::new(StaticEmbedder::from_folder(folder).context("--embed-model names a folder")?)
    } else {
        Arc::clone(&bundled)
    };

    // Its series exist whoever answers, so that a dashboard is not empty.
    let ollama = guards.upstream(ProviderKind::Ollama, settings.ollama_url.clone(), None, settings)?;
    let ollama_guards = guards.of(&ollama);
    let ollama_probe: Arc<dyn HealthProbe> = Arc::new(OllamaProbe::new(ollama.clone()));
    let mut ollama_models = vec![settings.llm_model.clone()];
    if !own_table {
        ollama_models.push(settings.embed_model.clone());
    }
    let (kind, reason) = choose(settings, &ollama_probe, &ollama_models).await;

    let mut generators: Vec<Arc<dyn Generator>> =
        vec![Arc::new(ExtractiveGenerator::new(Some(static_embedder.as_ref().clone())))];
    let mut upstreams = Vec::new();
    let mut embedder: Arc<dyn Embedder> = Arc::clone(&static_embedder) as _;
    if kind == ProviderKind::Ollama {
        let UpstreamGuards { generate, embed, breakers } = ollama_guards;
        let generator = Arc::new(OllamaGenerator::new(ollama.clone(), &settings.llm_model));
        generators.push(guards.generator(generator, generate, &ollama));
        if !own_table {
            let inner = Arc::new(OllamaEmbedder::new(ollama.clone(), &settings.embed_model));
            embedder = guards.embedder(inner, embed, &ollama);
        }
        upstreams.push(server::UpstreamHealth {
            provider: kind,
            probe: ollama_probe,
            required: ollama_models,
            breakers,
        });
    }
    if kind == ProviderKind::OpenAi || settings.openai_configured {
        let key = settings.openai_api_key.clone();
        let openai = guards.upstream(ProviderKind::OpenAi, settings.openai_base_url.clone(), key, settings)?;
        let UpstreamGuards { generate, embed, breakers } = guards.of(&openai);
        let generator = Arc::new(OpenAiGenerator::new(openai.clone(), &settings.openai_model));
        generators.push(guards.generator(generator, generate, &openai));
        if kind == ProviderKind::OpenAi && !own_table {
            let inner = Arc::new(OpenAiEmbedder::new(openai.clone(), &settings.openai_embed_model));
            embedder = guards.embedder(inner, embed, &openai);
        }
        upstreams.push(server::UpstreamHealth {
            provider: ProviderKind::OpenAi,
            probe: Arc::new(OpenAiProbe::new(openai)),
            required: Vec::new(),
            breakers,
        });
    }

    let choice = format!("{kind} ({reason}), embedding with {}", embedder.id());
    let mut models = Models::new(generators, kind, embedder).with_fallback(guards.settings.fallback);
    if settings.choice.is_none() {
        // What `auto` chose must not make yesterday's DB unusable, so the embedder that is always there stays at hand.
        models = models.with_spare_embedder(bundled);
    }
    Ok((models, upstreams, choice))
}

/// The provider, and why.
async fn choose(
    settings: &ProviderSettings,
    ollama: &Arc<dyn HealthProbe>,
    required: &[String],
) -> (ProviderKind, String) {
    if let Some(kind) = settings.choice {
        return (kind, "as configured".to_owned());
    }
    let status = ollama.check(required).await;
    if status.is_usable() {
        return (ProviderKind::Ollama, "it answers and has the models".to_owned());
    }
    let reason = match status.error {
        Some(error) => format!("no Ollama: {error}"),
        None => format!(
            "Ollama lacks {}; run: ollama pull {}",
            status.models_missing.join(" and "),
            status.models_missing[0]
        ),
    };
    (ProviderKind::Embedded, reason)
}
