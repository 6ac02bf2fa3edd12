//! `ragctl serve`.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{UsageError, parts, printer, signals::Signals, sync};
use crate::util::time::UnixMillis;
use crate::{
    cache::{Calibrations, Journal, JournalReport, MemoryBackend, SealingKey, SemanticCache},
    cli::{ExitStatus, settings::Settings},
    domain::RerankMethod,
    providers::EmbedderId,
    rag::{
        Engine, RagError,
        extract::Limits,
        ingest::{self, DocumentRoots, IngestOptions},
        sync::Mirrors,
    },
    server::{self, AppState, ServerSettings},
    telemetry::Metrics,
    util::process::raise_fd_limit,
};

/// How long mirrors may take to write what they have read; what is left undone, the next start does.
const MIRRORS_END_WITHIN: Duration = Duration::from_secs(10);

/// Cached answers, in the data directory. DBs are folders there, so that a file is none of them.
pub(super) const CACHE_FILE: &str = "semantic-cache.journal";

/// What `ragctl cache tune --save` found, by embedder; in the data directory.
pub(super) const CALIBRATION_FILE: &str = "semantic-cache.json";

pub(super) async fn run(settings: Settings) -> anyhow::Result<ExitStatus> {
    if settings.retrieval.rerank == RerankMethod::Http && settings.provider.rerank.is_none() {
        return Err(
            UsageError("--rerank http asks a rerank server: say where it is with --rerank-url".to_owned()).into()
        );
    }
    // Before anything opens files.
    let _ = raise_fd_limit();
    let address = (settings.server.host.as_str(), settings.server.port);
    let listener = TcpListener::bind(address).await.with_context(|| {
        format!("cannot listen on {}:{}; is another server there? choose a port with --port", address.0, address.1)
    })?;
    let parts = parts::build(&settings).await?;
    eprintln!("ragctl {}: answers come from {}", env!("CARGO_PKG_VERSION"), parts.choice);
    let engine = Arc::new(parts.engine.with_cache(cache(&settings, &parts.metrics, &parts.embedder).await?));
    let ingesting = CancellationToken::new();
    let mirrors = Arc::new(Mirrors::new(Arc::clone(&engine), options(&settings, &ingesting)));

    // One listener from the beginning to the end: a signal between two of them would be lost.
    let mut signals = Signals::of_server();
    let mut shutdown = Box::pin(async move { signals.next().await });
    let mut preparing = std::pin::pin!(prepare(&engine, &settings, &mirrors, &ingesting));
    let interrupted = tokio::select! {
        ready = &mut preparing => { ready?; false }
        () = &mut shutdown => true,
    };
    if interrupted {
        // What is being written is written to its end; only what was not begun is left.
        ingesting.cancel();
        let _ = tokio::time::timeout(settings.server.shutdown_grace, preparing).await;
        mirrors.finish(MIRRORS_END_WITHIN).await;
        finish(&engine).await;
        return Ok(ExitStatus::Interrupted);
    }

    let bound = listener.local_addr().context("the listener has no address")?;
    let server = server_settings(&settings)?;
    let state = Arc::new(AppState::new(
        Arc::clone(&engine),
        server,
        parts.upstreams,
        parts.resilience,
        ingesting.clone(),
        Arc::clone(&mirrors),
    ));
    eprintln!("listening on http://{bound}");
    server::serve(listener, state, shutdown, settings.server.shutdown_grace).await.context("the server failed")?;
    mirrors.finish(MIRRORS_END_WITHIN).await;
    finish(&engine).await;
    eprintln!("stopped");
    Ok(ExitStatus::Success)
}

/// Lets the indexes end what they are at, for a moment: whatever is left undone, the next start mends.
pub(super) async fn finish(engine: &Engine) {
    const PATIENCE: Duration = Duration::from_secs(5);
    let finished = engine.with_dbs(|dbs| {
        dbs.all_opened().iter().for_each(|collection| collection.search().finish());
        Ok(())
    });
    let _ = tokio::time::timeout(PATIENCE, finished).await;
}

/// The semantic cache, with what the last process left when it is to survive.
async fn cache(settings: &Settings, metrics: &Metrics, embedder: &EmbedderId) -> anyhow::Result<Arc<SemanticCache>> {
    let wanted = settings.cache.clone();
    let folder = settings.data_dir.clone();
    let embedder = embedder.to_string();
    let metrics = metrics.cache();
    let open = move || {
        // Neither file is a reason not to start: without them the cache knows less, and answers are as right as ever.
        let known = Calibrations::load(&folder.join(CALIBRATION_FILE)).unwrap_or_else(|error| {
            eprintln!("cache: {error}; what it says is not used");
            Calibrations::default()
        });
        let known = known.of(&embedder);
        let mut chosen = wanted.cache;
        if let (None, Some(known)) = (wanted.threshold, &known) {
            chosen.threshold = known.threshold.unwrap_or(chosen.threshold);
        }
        let mut backend = MemoryBackend::default();
        if wanted.persist {
            let key = wanted.key.as_ref().and_then(SealingKey::new);
            match Journal::open(&folder.join(CACHE_FILE), key) {
                Ok((journal, report)) => {
                    tell_restored(&folder.join(CACHE_FILE), &report);
                    backend = MemoryBackend::with_journal(journal, report, chosen.bounds(), UnixMillis::steady());
                }
                Err(error) => eprintln!("cache: 0 answers; {error}; the cache lives in memory until the next start"),
            }
        }
        let mut cache = SemanticCache::with_backend(Arc::new(backend), chosen, metrics);
        if let Some(known) = known {
            cache = cache.with_prior(known.experience);
        }
        anyhow::Ok(Arc::new(cache))
    };
    tokio::task::spawn_blocking(open).await?
}

fn tell_restored(file: &Path, report: &JournalReport) {
    let damaged = match (report.damaged, &report.moved_to) {
        (_, Some(moved)) => format!("; it was no cache file and is now {}", moved.display()),
        (0, None) => String::new(),
        (damaged, None) => format!("; {damaged} damaged records were passed over"),
    };
    eprintln!("cache: {} answers from {}{damaged}", report.restored(), file.display());
}

/// Makes the DB ready: it exists, its search is up to date, `--docs` are in it.
async fn prepare(
    engine: &Arc<Engine>,
    settings: &Settings,
    mirrors: &Arc<Mirrors>,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    let db = settings.db.clone();
    engine.with_dbs(move |dbs| dbs.get_or_create(&db).map(drop)).await?;
    let (mirrored, docs) = match settings.server.watch {
        true => sync::split(&settings.server.docs),
        false => (Vec::new(), settings.server.docs.clone()),
    };
    sync::mirror_folders(settings, mirrors, mirrored).await?;
    if let Err(error) = mirrors.start_uploads(settings.data_dir.clone()).await {
        eprintln!("uploaded files: not gone on with: {error:#}");
    }
    if !docs.is_empty() {
        match ingest_docs(engine, settings, docs, stop).await {
            // A disk that takes nothing is no reason to say nothing.
            Err(error) if error.downcast_ref::<RagError>().is_some_and(RagError::is_unwritable) => {
                eprintln!("documents: not ingested: {error:#}; answers come from what is stored");
            }
            ingested => ingested?,
        }
    }
    let counts = engine.counts(&settings.db).await?;
    engine.metrics().database(settings.db.as_str(), counts.documents, counts.bytes);
    eprintln!("DB \"{}\": {} documents, {} chunks", settings.db, counts.documents, counts.chunks);
    Ok(())
}

async fn ingest_docs(
    engine: &Arc<Engine>,
    settings: &Settings,
    docs: Vec<PathBuf>,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    let started = Instant::now();
    let cwd = std::env::current_dir().context("the working directory cannot be read")?;
    let selection = ingest::select_files(DocumentRoots::unrestricted(&cwd), docs).await?;
    let (progress, observer) = printer::ingestion();
    let report = engine.ingest(&settings.db, selection, options(settings, stop), &observer).await;
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
pub(super) fn options(settings: &Settings, stop: &CancellationToken) -> IngestOptions {
    IngestOptions {
        chunking: settings.chunking,
        limits: Limits::default(),
        version: None,
        parallelism: std::thread::available_parallelism().map_or(2, usize::from),
        stop: stop.clone(),
        ocr: settings.ocr.clone(),
        metadata: None,
        rules: settings.metadata.clone(),
        chunking_said: settings.chunking_said,
    }
}

/// Where documents may come from.
pub(super) fn document_roots(settings: &Settings) -> anyhow::Result<DocumentRoots> {
    let cwd = std::env::current_dir().context("the working directory cannot be read")?;
    let mut roots: Vec<PathBuf> = settings.server.docs_roots.clone();
    if roots.is_empty() {
        roots.push(cwd.clone());
    }
    // Named at the command line, so its owner wants them read.
    roots.extend(settings.server.docs.iter().filter(|path| path.exists()).cloned());
    Ok(DocumentRoots::new(&cwd, &roots)?)
}

fn server_settings(settings: &Settings) -> anyhow::Result<ServerSettings> {
    Ok(ServerSettings {
        db: settings.db.clone(),
        roots: document_roots(settings)?,
        chunking: settings.chunking,
        limits: Limits::default(),
        ocr: settings.ocr.clone(),
        retrieval: settings.retrieval.clone(),
        request_timeout: settings.resilience.request_timeout,
        max_body_bytes: settings.server.max_body_bytes,
        cors_origins: settings.server.cors_origins.clone(),
        allowed_hosts: settings.server.allowed_hosts.clone(),
        max_connections: max_connections(settings.server.max_connections),
        data_dir: settings.data_dir.clone(),
        ollama_url: settings.provider.ollama_url.clone(),
        metadata: settings.metadata.clone(),
        chunking_said: settings.chunking_said,
        max_upload_bytes: settings.server.max_upload_bytes,
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

/// Completes when the process is asked to stop.
pub(super) async fn shutdown_signal() {
    Signals::new().next().await;
}
