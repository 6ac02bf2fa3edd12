//! `ragctl serve`.

use std::{path::PathBuf, sync::Arc, time::Instant};

use anyhow::Context;
use tokio::net::TcpListener;

use super::{parts, printer};
use crate::{
    cache::{Calibrations, Journal, Moment, SealingKey, SemanticCache},
    cli::{ExitStatus, settings::Settings},
    process::raise_fd_limit,
    providers::EmbedderId,
    rag::{
        Engine,
        extract::Limits,
        ingest::{self, DocumentRoots, IngestOptions},
    },
    server::{self, AppState, ServerSettings},
    telemetry::Metrics,
};

/// Cached answers, in the data directory. DBs are folders there, so that a file is none of them.
const CACHE_FILE: &str = "semantic-cache.journal";

/// What `ragctl cache tune --save` found, by embedder; in the data directory.
pub(super) const CALIBRATION_FILE: &str = "semantic-cache.json";

pub(super) async fn run(settings: Settings) -> anyhow::Result<ExitStatus> {
    // Before anything opens files.
    let _ = raise_fd_limit();
    let address = (settings.server.host.as_str(), settings.server.port);
    let listener = TcpListener::bind(address).await.with_context(|| {
        format!("cannot listen on {}:{}; is another server there? choose a port with --port", address.0, address.1)
    })?;
    let parts = parts::build(&settings).await?;
    eprintln!("ragctl {}: answers come from {}", env!("CARGO_PKG_VERSION"), parts.choice);
    let engine = Arc::new(parts.engine.with_cache(cache(&settings, &parts.metrics, &parts.embedder).await?));

    // One listener from the beginning to the end: a signal between two of them would be lost.
    let mut shutdown = Box::pin(shutdown_signal());
    let interrupted = tokio::select! {
        ready = prepare(&engine, &settings) => { ready?; false }
        () = &mut shutdown => true,
    };
    if interrupted {
        return Ok(ExitStatus::Interrupted);
    }

    let bound = listener.local_addr().context("the listener has no address")?;
    let state = Arc::new(AppState::new(engine, server_settings(&settings)?, parts.upstreams, parts.resilience));
    eprintln!("listening on http://{bound}");
    server::serve(listener, state, shutdown, settings.server.shutdown_grace).await.context("the server failed")?;
    eprintln!("stopped");
    Ok(ExitStatus::Success)
}

/// The semantic cache, with what the last process left when it is to survive.
async fn cache(settings: &Settings, metrics: &Metrics, embedder: &EmbedderId) -> anyhow::Result<Arc<SemanticCache>> {
    let wanted = settings.cache.clone();
    let folder = settings.data_dir.clone();
    let embedder = embedder.to_string();
    let metrics = metrics.cache();
    let open = move || {
        let known = Calibrations::load(&folder.join(CALIBRATION_FILE))?.of(&embedder);
        let mut chosen = wanted.cache;
        if let (None, Some(known)) = (wanted.threshold, &known) {
            chosen.threshold = known.threshold.unwrap_or(chosen.threshold);
        }
        let mut cache = SemanticCache::new(chosen, metrics);
        if let Some(known) = known {
            cache = cache.with_experience(known.experience);
        }
        if wanted.persist {
            let key = wanted.key.as_ref().and_then(SealingKey::new);
            let (journal, report) = Journal::open(&folder.join(CACHE_FILE), key)?;
            let damaged = match report.damaged {
                0 => String::new(),
                damaged => format!("; {damaged} damaged records were passed over"),
            };
            eprintln!("cache: {} answers from {}{damaged}", report.restored(), folder.join(CACHE_FILE).display());
            cache = cache.with_journal(journal, report, Moment::now());
        }
        anyhow::Ok(Arc::new(cache))
    };
    tokio::task::spawn_blocking(open).await?
}

/// Makes the DB ready: it exists, its search is up to date, `--docs` are in it.
async fn prepare(engine: &Arc<Engine>, settings: &Settings) -> anyhow::Result<()> {
    let db = settings.db.clone();
    engine.with_collections(move |collections| collections.get_or_create(&db).map(drop)).await?;
    if !settings.server.docs.is_empty() {
        ingest_docs(engine, settings).await?;
    }
    let counts = engine.counts(&settings.db).await?;
    engine.metrics().database(settings.db.as_str(), counts.documents, counts.bytes);
    eprintln!("DB \"{}\": {} documents, {} chunks", settings.db, counts.documents, counts.chunks);
    Ok(())
}

async fn ingest_docs(engine: &Arc<Engine>, settings: &Settings) -> anyhow::Result<()> {
    let started = Instant::now();
    let cwd = std::env::current_dir().context("the working directory cannot be read")?;
    let docs = settings.server.docs.clone();
    let selection = ingest::select_files(DocumentRoots::unrestricted(&cwd), docs).await?;
    let (progress, observer) = printer::ingestion();
    let report = engine.ingest(&settings.db, selection, options(settings), &observer).await;
    progress.finish_and_clear();
    let report = report?;
    for error in &report.errors {
        eprintln!("not ingested: {error}");
    }
    if report.unlisted_errors > 0 {
        eprintln!("not ingested: {} more", report.unlisted_errors);
    }
    for warning in &report.warnings {
        eprintln!("ingested, but {warning}");
    }
    eprintln!(
        "documents: {} added, {} updated, {} unchanged, {} failed, in {:.1} s",
        report.added,
        report.updated,
        report.unchanged,
        report.failed(),
        started.elapsed().as_secs_f64()
    );
    Ok(())
}

/// How documents are read and cut, by the settings.
pub(super) fn options(settings: &Settings) -> IngestOptions {
    IngestOptions {
        chunking: settings.chunking,
        limits: Limits::default(),
        version: None,
        parallelism: std::thread::available_parallelism().map_or(2, usize::from),
    }
}

fn server_settings(settings: &Settings) -> anyhow::Result<ServerSettings> {
    let cwd = std::env::current_dir().context("the working directory cannot be read")?;
    let mut roots: Vec<PathBuf> = settings.server.docs_roots.clone();
    if roots.is_empty() {
        roots.push(cwd.clone());
    }
    // Named at the command line, so its owner wants them read.
    roots.extend(settings.server.docs.iter().filter(|path| path.exists()).cloned());
    Ok(ServerSettings {
        db: settings.db.clone(),
        roots: DocumentRoots::new(&cwd, &roots)?,
        chunking: settings.chunking,
        limits: Limits::default(),
        method: settings.retrieval.method,
        k: settings.retrieval.k,
        fusion: settings.retrieval.fusion,
        request_timeout: settings.resilience.request_timeout,
        max_body_bytes: settings.server.max_body_bytes,
        cors_origins: settings.server.cors_origins.clone(),
        allowed_hosts: settings.server.allowed_hosts.clone(),
        max_connections: max_connections(settings.server.max_connections),
        data_dir: settings.data_dir.clone(),
        ollama_url: settings.provider.ollama_url.clone(),
    })
}

/// Most connections at once, by the setting and the limit of open files.
fn max_connections(wanted: Option<usize>) -> usize {
    let files = raise_fd_limit();
    let most = server::connection_limit(wanted, files);
    if let (Some(wanted), Some(files)) = (wanted, files)
        && most < wanted
    {
        eprintln!(
            "at most {most} connections at once, not {wanted}: only {files} files may be open; raise the limit with `ulimit -n`"
        );
    }
    most
}

/// Completes when the process is asked to stop: Ctrl-C everywhere, SIGTERM on Unix.
pub(super) async fn shutdown_signal() {
    let interrupt = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
}
