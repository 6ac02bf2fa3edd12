//! Puts the engine together from settings: the one place that knows all the concrete types.

use std::{path::Path, sync::Arc};

use anyhow::Context;

use crate::{
    cli::settings::{ProviderSettings, Settings},
    index::EmbeddedSearch,
    model::DbName,
    providers::{
        Embedder, Generator, HealthProbe, HttpSettings, ProviderKind, Upstream,
        embedded::{ExtractiveGenerator, StaticEmbedder},
        ollama::{OllamaEmbedder, OllamaGenerator, OllamaProbe},
        openai::{OpenAiEmbedder, OpenAiGenerator, OpenAiProbe},
    },
    rag::{Collections, DegradedReason, Engine, Models},
    server,
    store::sqlite::SqliteCatalog,
    telemetry::Metrics,
};

/// An engine, and the services that it depends on.
pub(super) struct Parts {
    pub(super) engine: Engine,
    pub(super) upstreams: Vec<server::Upstream>,
    /// What was chosen, and why, for the start-up lines.
    pub(super) choice: String,
}

/// Builds the engine. With `auto`, asks Ollama whether it is there.
pub(super) async fn build(settings: &Settings) -> anyhow::Result<Parts> {
    let (models, upstreams, choice) = models(&settings.provider).await?;
    let metrics = Arc::new(Metrics::new());
    announce(&metrics, &models, &settings.db);
    let collections = collections(&settings.data_dir)?;
    Ok(Parts { engine: Engine::new(collections, models, metrics), upstreams, choice })
}

/// The DBs of a data directory, with the embedded store and search.
pub(super) fn collections(data_dir: &Path) -> anyhow::Result<Collections> {
    let catalog = Arc::new(SqliteCatalog::open(data_dir)?);
    Ok(Collections::new(catalog, Box::new(|folder: &Path| Ok(Arc::new(EmbeddedSearch::open(folder)?)))))
}

fn announce(metrics: &Metrics, models: &Models, db: &DbName) {
    let labels: Vec<(&str, String)> = models
        .providers()
        .filter_map(|provider| Some((provider.as_str(), models.generator(Some(provider)).ok()?.model().to_owned())))
        .collect();
    let labels: Vec<(&str, &str)> = labels.iter().map(|(provider, model)| (*provider, model.as_str())).collect();
    metrics.announce(db, &labels, &DegradedReason::ALL.map(DegradedReason::as_str));
}

async fn models(settings: &ProviderSettings) -> anyhow::Result<(Models, Vec<server::Upstream>, String)> {
    let http = HttpSettings { connect_timeout: settings.connect_timeout, read_timeout: settings.read_timeout };
    let bundled = Arc::new(StaticEmbedder::bundled()?);
    let own_table = Path::new(&settings.embed_model).is_dir();
    let static_embedder: Arc<StaticEmbedder> = if own_table {
        let folder = Path::new(&settings.embed_model);
        Arc::new(StaticEmbedder::from_folder(folder).context("--embed-model names a folder")?)
    } else {
        Arc::clone(&bundled)
    };

    let ollama = Upstream::new(ProviderKind::Ollama, settings.ollama_url.clone(), None, http)?;
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
        generators.push(Arc::new(OllamaGenerator::new(ollama.clone(), &settings.llm_model)));
        if !own_table {
            embedder = Arc::new(OllamaEmbedder::new(ollama, &settings.embed_model));
        }
        upstreams.push(server::Upstream { provider: kind, probe: ollama_probe, required: ollama_models });
    }
    if kind == ProviderKind::OpenAi || settings.openai_configured {
        let key = settings.openai_api_key.clone();
        let openai = Upstream::new(ProviderKind::OpenAi, settings.openai_base_url.clone(), key, http)?;
        generators.push(Arc::new(OpenAiGenerator::new(openai.clone(), &settings.openai_model)));
        if kind == ProviderKind::OpenAi && !own_table {
            embedder = Arc::new(OpenAiEmbedder::new(openai.clone(), &settings.openai_embed_model));
        }
        upstreams.push(server::Upstream {
            provider: ProviderKind::OpenAi,
            probe: Arc::new(OpenAiProbe::new(openai)),
            required: Vec::new(),
        });
    }

    let choice = format!("{kind} ({reason}), embedding with {}", embedder.id());
    let mut models = Models::new(generators, kind, embedder);
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
