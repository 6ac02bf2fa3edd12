//! The state of upstreams and machine, found out in the background: a health request never waits for a hung upstream.

use std::{
    collections::HashMap,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use futures::future::join_all;
use parking_lot::RwLock;
use sysinfo::{Disks, System};
use tokio::{
    sync::Semaphore,
    time::{MissedTickBehavior, interval},
};

use super::state::{AppState, UpstreamHealth};
use crate::{
    domain::RerankMethod,
    providers::{Author, ProviderKind, UpstreamStatus},
    wire::SystemHealth,
};

/// How often upstreams are asked whether they are there.
const PROBE_EVERY: Duration = Duration::from_secs(5);

/// How often those are asked that did not answer: probes must not become a load of their own.
const PROBE_DEAD_EVERY: Duration = Duration::from_secs(20);

/// How long a probe and the pause after it may take.
const PROBE_PATIENCE: Duration = Duration::from_secs(60);

/// How long a look at the machine may take: disks may be slow.
const SAMPLE_PATIENCE: Duration = Duration::from_secs(60);

/// How often the machine is looked at.
const SAMPLE_EVERY: Duration = Duration::from_secs(5);

const GIB: f64 = (1u64 << 30) as f64;

/// The newest findings.
#[derive(Debug)]
pub(super) struct HealthBoard {
    /// By name.
    upstreams: RwLock<HashMap<String, UpstreamStatus>>,
    system: RwLock<SystemHealth>,
    /// Turns to look at the DB.
    pub(super) looks: Arc<Semaphore>,
}

/// Looks at the DB at a time.
const LOOKS: usize = 4;

impl Default for HealthBoard {
    fn default() -> Self {
        Self { upstreams: RwLock::default(), system: RwLock::default(), looks: Arc::new(Semaphore::new(LOOKS)) }
    }
}

impl HealthBoard {
    /// What the last probe of an upstream found; `None` before the first, or for one that is not configured.
    pub(super) fn upstream(&self, name: &str) -> Option<UpstreamStatus> {
        self.upstreams.read().get(name).cloned()
    }

    /// Whether an upstream answered the last probe and has what it needs.
    fn is_usable(&self, name: &str) -> bool {
        self.upstreams.read().get(name).is_some_and(UpstreamStatus::is_usable)
    }

    pub(super) fn system(&self) -> SystemHealth {
        *self.system.read()
    }
}

/// Asks all upstreams, again and again.
pub(super) async fn probe(state: Arc<AppState>) {
    let each = state.upstreams.iter().map(|upstream| async {
        let mut failures = 0u32;
        loop {
            state.heartbeats.beat("probe_upstreams", PROBE_PATIENCE, Instant::now());
            // A first failure may be a hiccup; who stays away is asked less often.
            let wait = if failures > 1 { PROBE_DEAD_EVERY } else { PROBE_EVERY };
            failures = if probe_once(&state, upstream).await { 0 } else { failures.saturating_add(1) };
            tokio::time::sleep(wait).await;
        }
    });
    join_all(each).await;
}

/// Asks an upstream once; returns whether it answered.
async fn probe_once(state: &AppState, upstream: &UpstreamHealth) -> bool {
    let status = upstream.probe.check(&upstream.required).await;
    let Author { name, provider, .. } = upstream.author.as_ref();
    let metrics = state.engine.metrics();
    metrics.upstream_healthy(name, status.is_usable());
    let before = state.health.upstreams.write().insert(name.clone(), status.clone());
    if *provider == ProviderKind::Ollama {
        metrics.ollama_healthy(ollama_answers(state));
    }
    let was_ok = before.map(|before| before.ok);
    if was_ok == Some(false) && status.ok {
        upstream.breakers.iter().for_each(|breaker| breaker.hint_recovered());
    }
    if was_ok != Some(status.ok) {
        match &status.error {
            None => tracing::info!(upstream = name, "upstream answers"),
            Some(error) => tracing::warn!(upstream = name, %error, "upstream does not answer"),
        }
    }
    status.ok
}

/// Whether an Ollama server answered the last probe.
pub(super) fn ollama_answers(state: &AppState) -> bool {
    let mut ollamas = state.upstreams.iter().filter(|upstream| upstream.author.provider == ProviderKind::Ollama);
    ollamas.any(|upstream| state.health.upstream(&upstream.author.name).is_some_and(|status| status.ok))
}

/// The rerank server, while questions that name no reranker ask it and it cannot be asked.
pub(super) fn reranker_away(state: &AppState) -> Option<&UpstreamHealth> {
    let is_default = state.settings.retrieval.rerank == RerankMethod::Http;
    let mut rerankers = state.upstreams.iter().filter(|upstream| upstream.author.provider == ProviderKind::Rerank);
    // Before the first probe nobody knows.
    let away = |upstream: &&UpstreamHealth| {
        let status = state.health.upstream(&upstream.author.name);
        !upstream.is_asked() || status.is_some_and(|status| !status.is_usable())
    };
    rerankers.find(away).filter(|_| is_default)
}

/// Which of the upstreams can be asked that questions are sent to which name nobody.
pub(super) struct Reachable<'s> {
    /// Those that can: the last probe says so, and no breaker keeps questions from them.
    pub(super) yes: Vec<&'s str>,
    /// Those that cannot.
    pub(super) no: Vec<&'s str>,
}

impl<'s> Reachable<'s> {
    pub(super) fn now(state: &'s AppState) -> Self {
        let names = state.engine.models().default_upstreams();
        let (yes, no) =
            state.upstreams.iter().filter(|upstream| names.contains(&upstream.author.name)).partition::<Vec<_>, _>(
                |upstream| upstream.is_asked() && state.health.is_usable(&upstream.author.name),
            );
        let names = |upstreams: Vec<&'s UpstreamHealth>| {
            upstreams.into_iter().map(|upstream| upstream.author.name.as_str()).collect()
        };
        Self { yes: names(yes), no: names(no) }
    }

    /// Whether a model answers questions now. What is compiled in always does.
    pub(super) fn any(&self) -> bool {
        !self.yes.is_empty() || self.no.is_empty()
    }
}

/// Looks at the machine, again and again, on a blocking thread: reading process tables and disks can take long.
pub(super) async fn sample_system(state: Arc<AppState>) {
    let mut tick = interval(SAMPLE_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // Where the system does not tell, the figures stay at zero.
    let Ok(mut system) = System::new() else { return };
    loop {
        tick.tick().await;
        state.heartbeats.beat("sample_system", SAMPLE_PATIENCE, Instant::now());
        let data_dir = state.settings.data_dir.clone();
        let sampled = tokio::task::spawn_blocking(move || {
            let sample = sample(&mut system, &data_dir);
            (system, sample)
        });
        let Ok((taken, sample)) = sampled.await else { return };
        system = taken;
        *state.health.system.write() = sample;
    }
}

fn sample(system: &mut System, data_dir: &Path) -> SystemHealth {
    system.refresh_memory();
    system.refresh_cpu_usage();
    let share = |part: u64, whole: u64| if whole == 0 { 0.0 } else { 100.0 * part as f64 / whole as f64 };
    let memory = (system.total_memory(), system.available_memory());
    let disks = Disks::new_with_refreshed_list().ok();
    let data_dir = dunce::canonicalize(data_dir).unwrap_or_else(|_| data_dir.to_owned());
    // The disk whose mount point is the longest prefix of the folder.
    let disk = disks
        .iter()
        .flat_map(|disks| disks.iter())
        .filter(|disk| data_dir.starts_with(disk.mount_point()))
        .max_by_key(|disk| disk.mount_point().as_os_str().len())
        .map_or((0, 0), |disk| (disk.total_space(), disk.available_space()));
    SystemHealth {
        memory_used_percent: share(memory.0.saturating_sub(memory.1), memory.0),
        memory_available_gb: memory.1 as f64 / GIB,
        cpu_percent: f64::from(system.global_cpu_usage()),
        disk_used_percent: share(disk.0.saturating_sub(disk.1), disk.0),
        disk_free_gb: disk.1 as f64 / GIB,
    }
}
