//! Progress on stderr, when somebody is there to see it.

use std::{sync::Arc, time::Duration};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::rag::{
    ingest::{IngestEvent, IngestObserver},
    reindex::{ReindexEvent, ReindexObserver},
};

/// A bar that counts `unit`s. Hidden when stderr is no terminal.
pub(super) fn bar(length: u64, unit: &str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr());
    let template = format!("{{msg:12}} [{{bar:30}}] {{human_pos}}/{{human_len}} {unit}  {{per_sec}}  {{eta}} left");
    // The template is ours; if it were wrong, the plain bar still does.
    let style = ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.set_style(style.progress_chars("=> "));
    bar
}

/// A bar that follows an ingestion.
pub(super) fn ingestion() -> (ProgressBar, IngestObserver) {
    let progress = bar(0, "documents");
    progress.set_message("reading");
    let shown = progress.clone();
    let observer: IngestObserver = Arc::new(move |event: IngestEvent<'_>| match event {
        IngestEvent::Found(files) => {
            shown.set_length(files as u64);
            shown.enable_steady_tick(Duration::from_millis(200));
        }
        IngestEvent::Finished { .. } => shown.inc(1),
        IngestEvent::Indexing => shown.set_message("indexing"),
    });
    (progress, observer)
}

/// A bar that follows the making of a generation.
pub(super) fn reindexing() -> (ProgressBar, ReindexObserver) {
    let progress = bar(0, "documents");
    progress.set_message("reindexing");
    let shown = progress.clone();
    let observer: ReindexObserver = Arc::new(move |event| match event {
        ReindexEvent::Found(documents) => {
            // What has come meanwhile is added to what was there.
            shown.set_length(shown.position() + documents);
            shown.set_message("reindexing");
            shown.enable_steady_tick(Duration::from_millis(200));
        }
        ReindexEvent::Made(documents) => shown.inc(documents),
        ReindexEvent::Indexing => shown.set_message("indexing"),
    });
    (progress, observer)
}
