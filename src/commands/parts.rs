//! Puts the engine together from settings: the one place that knows all the concrete types.

use std::{path::Path, sync::Arc};

use parking_lot::Mutex;
use secrecy::SecretString;
use tokio::time::Instant;

use super::models::{self, Chosen};
use crate::{
    cli::settings::{ResilienceSettings, Settings},
    domain::DbName,
    index::EmbeddedSearch,
    providers::{
        Embedder, EmbedderId, Generator, HttpSettings, ProviderKind, UpstreamClient,
        guarded::{CoalescingGenerator, GuardedEmbedder, GuardedGenerator},
        settings::HttpTimeouts,
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

/// Builds the engine. With `auto`, asks servers whether they are there and what they can do.
pub(super) async fn build(settings: &Settings) -> anyhow::Result<Parts> {
    let metrics = Arc::new(Metrics::new());
    let mut guards = Guards { settings: &settings.resilience, metrics: &metrics, made: Resilience::default() };
    let Chosen { models, upstreams, choice } = models::build(&settings.provider, &mut guards).await?;
    let resilience = guards.made;
    announce(&metrics, &models, &settings.db);
    let dbs = dbs(&settings.data_dir)?;
    let embedder = models.embedder().id().clone();
    let engine = Engine::new(dbs, models, Arc::clone(&metrics));
    Ok(Parts { engine, metrics, embedder, upstreams, resilience, choice })
}

/// Puts resilience around providers, and keeps what it made for those who show it.
pub(super) struct Guards<'a> {
    pub(super) settings: &'a ResilienceSettings,
    metrics: &'a Metrics,
    made: Resilience,
}

/// The guards of one upstream's operations.
pub(super) struct UpstreamGuards {
    pub(super) generate: CallPolicy,
    pub(super) embed: CallPolicy,
    pub(super) breakers: Vec<Arc<CircuitBreaker>>,
}

impl Guards<'_> {
    /// A server; `name` is that of its connections and breakers, usually its provider's.
    pub(super) fn upstream(
        &mut self,
        name: &str,
        kind: ProviderKind,
        url: ServiceUrl,
        key: Option<SecretString>,
        timeouts: HttpTimeouts,
    ) -> anyhow::Result<UpstreamClient> {
        let (connect_timeout, read_timeout) = (timeouts.connect, timeouts.read);
        let http = HttpSettings { connect_timeout, read_timeout, pool: self.settings.pool };
        let name = format!("{name}_client");
        let upstream = UpstreamClient::new(name.clone(), kind, url, key, http, self.metrics.client(&name))?;
        self.made.clients.push(Arc::clone(upstream.stats()));
        Ok(upstream)
    }

    /// One breaker an operation, one budget for both: it is the upstream that is to be spared.
    pub(super) fn of(&mut self, upstream: &UpstreamClient) -> UpstreamGuards {
        let budget = Arc::new(Mutex::new(RetryBudget::new(Instant::now())));
        let (chat, embed) = upstream.operations();
        let name = &upstream.stats().name().to_owned();
        let retry = match upstream.provider() {
            ProviderKind::OpenAi => self.settings.openai_retry,
            _ => self.settings.retry,
        };
        let mut breakers = Vec::new();
        let mut guard = |name: String, endpoint| {
            let breaker = self.settings.breaker.map(|settings| {
                let metrics = self.metrics.breaker(&name);
                Arc::new(CircuitBreaker::new(name, settings, metrics, fastrand::f64))
            });
            breakers.extend(breaker.clone());
            let stats = Arc::clone(upstream.stats());
            CallPolicy::new(breaker, retry, Arc::clone(&budget), stats, endpoint, fastrand::f64)
        };
        let (generate, embed) = (guard(name.clone(), chat), guard(format!("{name}_embed"), embed));
        self.made.breakers.extend(breakers.iter().cloned());
        UpstreamGuards { generate, embed, breakers }
    }

    pub(super) fn generator(
        &self,
        inner: Arc<dyn Generator>,
        guard: CallPolicy,
        upstream: &UpstreamClient,
    ) -> Arc<dyn Generator> {
        let guarded = GuardedGenerator::new(inner, guard, self.settings.timeouts, upstream.shown_url());
        Arc::new(CoalescingGenerator::new(Arc::new(guarded)))
    }

    pub(super) fn embedder(
        &self,
        inner: Arc<dyn Embedder>,
        guard: CallPolicy,
        upstream: &UpstreamClient,
    ) -> Arc<dyn Embedder> {
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
