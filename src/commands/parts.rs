//! Puts the engine together from settings: the one place that knows all the concrete types.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::time::Instant;

use super::models::{self, Chosen};
use crate::{
    cli::settings::{ResilienceSettings, Settings},
    domain::{DbName, SparseEncoder, SparseMode},
    index::EmbeddedSearch,
    providers::{
        Embedder, EmbedderId, Generator, HttpSettings, ProviderKind, UpstreamClient,
        chain::{ChainGenerator, Link, UpstreamOrder},
        embedded::BundledSparseEncoder,
        guarded::{CoalescingGenerator, GuardedEmbedder},
        settings::{HttpTimeouts, UpstreamSettings},
    },
    rag::{Dbs, DegradedReason, Engine, Models, OpenSearch, prompts::Prompts},
    resilience::{CallPolicy, CircuitBreaker, Resilience, RetryBudget, RetrySettings},
    server,
    store::sqlite::SqliteCatalog,
    telemetry::Metrics,
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
    let prompts = match &settings.prompts {
        Some(folder) => Prompts::load(folder)?,
        None => Prompts::default(),
    };
    let metrics = Arc::new(Metrics::new());
    let mut guards = Guards { settings: &settings.resilience, metrics: &metrics, made: Resilience::default() };
    let Chosen { models, upstreams, choice } = models::build(&settings.provider, &mut guards).await?;
    let resilience = guards.made;
    announce(&metrics, &models, &upstreams, &settings.db);
    let dbs = dbs(settings)?.with_embedders(models.embedder_ids());
    let embedder = models.embedder().id().clone();
    let engine = Engine::new(dbs, models, Arc::clone(&metrics))
        .with_prompts(prompts)
        .with_condensing(settings.condense)
        .with_unsupported(settings.resilience.unsupported);
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
    /// A server, with one breaker an operation and one budget for both: it is the upstream that is to be spared.
    pub(super) fn upstream(&mut self, settings: &UpstreamSettings) -> anyhow::Result<(UpstreamClient, UpstreamGuards)> {
        let (name, client) = self.client(settings)?;
        let budget = Arc::new(Mutex::new(RetryBudget::new(Instant::now())));
        let (chat, embed) = client.operations();
        let (generate, of_chat) = self.guard(name.clone(), &client, &budget, chat, settings.retry);
        // Nobody else embeds, so that retries are all there is.
        let retry = self.settings.retry_of(settings.dialect);
        let (embed, of_embed) = self.guard(format!("{name}_embed"), &client, &budget, embed, retry);
        let breakers = of_chat.into_iter().chain(of_embed).collect();
        Ok((client, UpstreamGuards { generate, embed, breakers }))
    }

    /// A server that only reranks, with its breaker and its budget.
    pub(super) fn reranker(
        &mut self,
        settings: &UpstreamSettings,
    ) -> anyhow::Result<(UpstreamClient, CallPolicy, Option<Arc<CircuitBreaker>>)> {
        let (name, client) = self.client(settings)?;
        let budget = Arc::new(Mutex::new(RetryBudget::new(Instant::now())));
        let (policy, breaker) = self.guard(name, &client, &budget, client.operations().0, settings.retry);
        Ok((client, policy, breaker))
    }

    /// The connections to a server, and their name in metrics.
    fn client(&mut self, settings: &UpstreamSettings) -> anyhow::Result<(String, UpstreamClient)> {
        let HttpTimeouts { connect, read } = settings.http;
        let http = HttpSettings { connect_timeout: connect, read_timeout: read, pool: settings.pool };
        let name = format!("{}_client", settings.name);
        let (url, key, metrics) = (settings.url.clone(), settings.api_key.clone(), self.metrics.client(&name));
        let client = UpstreamClient::new(name.clone(), settings.dialect, url, key, http, metrics)?;
        self.made.clients.push(Arc::clone(client.stats()));
        Ok((name, client))
    }

    /// What guards one operation of a server.
    fn guard(
        &mut self,
        name: String,
        client: &UpstreamClient,
        budget: &Arc<Mutex<RetryBudget>>,
        endpoint: &'static str,
        retry: RetrySettings,
    ) -> (CallPolicy, Option<Arc<CircuitBreaker>>) {
        let breaker = self.settings.breaker.map(|settings| {
            let metrics = self.metrics.breaker(&name);
            Arc::new(CircuitBreaker::new(name, settings, metrics, fastrand::f64))
        });
        self.made.breakers.extend(breaker.clone());
        let (budget, stats) = (Arc::clone(budget), Arc::clone(client.stats()));
        (CallPolicy::new(breaker.clone(), retry, budget, stats, endpoint, fastrand::f64), breaker)
    }

    /// Several upstreams as one generator, whose equal calls become one.
    pub(super) fn chain(&self, name: &str, links: Vec<Link>, order: UpstreamOrder) -> Arc<dyn Generator> {
        let failovers = self.metrics.failovers();
        if links.len() > 1 {
            links.iter().for_each(|link| failovers.announce(&link.author.name));
        }
        let chain = ChainGenerator::new(name, links, order, fastrand::f64, failovers);
        Arc::new(CoalescingGenerator::new(Arc::new(chain)))
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

/// The DBs of the data directory, with the embedded store and search.
pub(super) fn dbs(settings: &Settings) -> anyhow::Result<Dbs> {
    let catalog = Arc::new(SqliteCatalog::open(&settings.data_dir)?);
    let folders = Arc::clone(&catalog);
    let encoder: Option<Arc<dyn SparseEncoder>> = match settings.retrieval.fusion.sparse {
        SparseMode::Auto | SparseMode::On => Some(Arc::new(BundledSparseEncoder)),
        SparseMode::Off => None,
    };
    let open_search: OpenSearch = Box::new(move |db, generation| {
        Arc::new(EmbeddedSearch::open(&folders.index_folder(db, generation), encoder.clone()))
    });
    let dbs = Dbs::new(catalog, open_search);
    Ok(dbs.with_most_open(most_open_dbs()))
}

fn announce(metrics: &Metrics, models: &Models, upstreams: &[server::UpstreamHealth], db: &DbName) {
    let names: Vec<&str> = models.names().collect();
    let embedded = models.generator(Some(ProviderKind::Embedded.as_str())).ok().map(|embedded| embedded.model());
    let answering = upstreams.iter().filter(|upstream| upstream.author.provider != ProviderKind::Rerank);
    let of_upstreams = answering.map(|upstream| (upstream.author.name.as_str(), upstream.author.model.as_str()));
    let of_llms: Vec<_> = of_upstreams.chain(embedded.map(|model| (ProviderKind::Embedded.as_str(), model))).collect();
    metrics.announce(db, &names, &of_llms, &DegradedReason::ALL.map(DegradedReason::as_str));
    upstreams.iter().for_each(|upstream| metrics.upstream_healthy(&upstream.author.name, false));
}
