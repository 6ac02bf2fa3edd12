//! From what was measured to what is reported.

mod metrics;
mod soundness;

use std::collections::BTreeMap;

use sysinfo::System;

use super::{
    measures::Timed,
    plan::{Load, RunPlan},
    result::{
        Distribution, Environment, LoadInfo, ResourceUsage, ResultFile, SCHEMA_VERSION, ServerBody, SliceBody,
        StageBody, TestInfo, encode, ms, round,
    },
    run::{Ended, RunData},
    slices::Slice,
};

pub(super) use metrics::{Measured, histograms, metrics};
pub use soundness::soundness;
pub(super) use soundness::warnings;

use metrics::resolution;

/// What goes into a result and is not measured by the run.
#[derive(Debug, Clone, Default)]
pub struct About {
    /// Name of the queries.
    pub queries: String,
    /// Name of the scenario.
    pub scenario: Option<String>,
    /// Notes of the user, from `--tag`.
    pub tags: BTreeMap<String, String>,
    /// Counters of the server.
    pub server: Option<ServerBody>,
}

/// The result of a run.
pub fn summarize(plan: &RunPlan, data: &RunData, about: About) -> ResultFile {
    let total = data.total.finished();
    let info = TestInfo {
        test_name: plan.name.clone(),
        num_requests: plan.iterations.unwrap_or(total),
        concurrent_requests: plan.load.connections() as u64,
        base_url: plan.targets.first().map_or_else(String::new, |target| target.base.clone()),
        load: Some(load_info(plan, &about)),
    };
    let metrics = metrics(Measured {
        started: data.started.to_string(),
        seconds: data.took.as_secs_f64(),
        all: &data.total,
        slices: &data.slices,
        unsent: data.unsent,
        unfinished: data.unfinished,
        resolution: plan.targets.iter().map(|target| resolution(&target.resolution, target.address)).collect(),
    });
    let soundness = soundness(plan, data);
    let warnings = warnings(data.ended, &metrics);
    let usage = data.usage;
    ResultFile {
        schema_version: SCHEMA_VERSION,
        test_info: info,
        metrics,
        resource_usage: ResourceUsage {
            cpu_percent: round(usage.machine_percent),
            memory_percent: round(usage.memory_percent),
            memory_available_mb: round(usage.memory_available_mb),
            generator_cores: round(usage.own_cores),
            generator_memory_mb: round(usage.own_memory_mb),
        },
        ended: match data.ended {
            Ended::Completed => "completed",
            Ended::Interrupted => "interrupted",
            Ended::ServerGone => "server_gone",
        }
        .into(),
        soundness,
        warnings,
        gates: Vec::new(),
        stages: stages(plan, data),
        server: about.server,
        environment: environment(data.threads),
        timeline: data.slices.iter().map(slice).collect(),
        histograms: histograms(&data.total),
    }
}

fn load_info(plan: &RunPlan, about: &About) -> LoadInfo {
    let (loop_kind, arrivals, rate) = match &plan.load {
        Load::Users(_) => ("closed", None, None),
        Load::Rate { profile, arrivals, .. } => ("open", Some(arrivals.as_str().to_owned()), Some(profile.highest())),
    };
    let request = match &plan.request.body {
        Some(body) => body.clone(),
        None if plan.request.takes_queries() => serde_json::to_string(&plan.request.ask).unwrap_or_default(),
        None => String::new(),
    };
    LoadInfo {
        urls: plan.targets.iter().map(|target| target.base.clone()).collect(),
        loop_kind: loop_kind.into(),
        arrivals,
        rate,
        asked_seconds: plan.length().map(|length| round(length.as_secs_f64())),
        endpoint: format!("{} {}", plan.request.method, shown_path(&plan.request.path)),
        profile: plan.load.profile().to_string(),
        request,
        queries: about.queries.clone(),
        queries_fingerprint: plan.workload.fingerprint().to_owned(),
        queries_count: plan.workload.queries().len() as u64,
        mix: plan.workload.mix().to_string(),
        seed: plan.seed,
        warmup: plan.warmup,
        timeout_seconds: round(plan.timeout.as_secs_f64()),
        scenario: about.scenario.clone(),
        tags: about.tags.clone(),
    }
}

/// A path whose query values are not to be read: there may be a key among them. The same values show the same.
fn shown_path(path: &str) -> String {
    let Some((path, query)) = path.split_once('?') else { return path.to_owned() };
    let shown = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, value)) => format!("{name}={}", &blake3::hash(value.as_bytes()).to_hex()[..6]),
        None => pair.to_owned(),
    });
    format!("{path}?{}", shown.collect::<Vec<_>>().join("&"))
}

fn stages(plan: &RunPlan, data: &RunData) -> Vec<StageBody> {
    let mut start = 0.0;
    let mut bodies = Vec::new();
    for (stage, measures) in &data.stages {
        let asked = stage.length.as_secs_f64();
        let seconds = asked.min((data.took.as_secs_f64() - start).max(0.0));
        let counts = measures.counts;
        let per_second = |count: u64| if seconds > 0.0 { round(count as f64 / seconds) } else { 0.0 };
        let end = std::time::Duration::from_secs_f64((start + asked - 1e-3).max(0.0));
        bodies.push(StageBody {
            name: stage.name.clone(),
            start: round(start),
            seconds: round(seconds),
            level: round(plan.load.profile().level(end)),
            total: measures.finished(),
            errors: measures.failures.total(),
            success_rps: per_second(counts.in_time),
            goodput_rps: round(per_second(counts.in_time) * counts.good as f64 / counts.ok.max(1) as f64),
            degraded: counts.degraded,
            latency_ms: Distribution::of(measures.times(Timed::Latency)),
            recall: (counts.judged > 0).then(|| round(counts.recall / counts.judged as f64)),
        });
        start += asked;
    }
    if bodies.len() > 1 { bodies } else { Vec::new() }
}

pub(super) fn slice(slice: &Slice) -> SliceBody {
    let told = |quantile| (slice.ok > 0).then(|| ms(slice.quantile(quantile)));
    SliceBody {
        start: round(slice.start.as_secs_f64()),
        seconds: round(slice.length.as_secs_f64()),
        sent: slice.sent,
        ok: slice.ok,
        errors: slice.errors,
        degraded: slice.degraded,
        cache_hits: slice.hits,
        p50: told(0.5),
        p99: told(0.99),
        histogram: (slice.ok > 0).then(|| encode(&slice.histogram())).flatten(),
    }
}

/// This machine.
pub fn environment(threads: usize) -> Environment {
    let memory = System::new().ok().map_or(0, |mut system| {
        system.refresh_memory();
        system.total_memory() >> 20
    });
    let cpu = System::new().ok().and_then(|mut system| {
        system.refresh_cpu_usage();
        system.cpus().first().map(|cpu| cpu.brand().to_owned())
    });
    Environment {
        ragctl: env!("CARGO_PKG_VERSION").into(),
        os: System::long_os_version().unwrap_or_else(|_| std::env::consts::OS.into()),
        cpu: cpu.unwrap_or_default(),
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        memory_mb: memory,
        host: System::host_name().unwrap_or_default(),
        threads,
    }
}
