//! The system's events about a folder.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use notify::{ErrorKind, Event, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;

use super::debounce::Touch;
use crate::rag::ingest::on_file_thread;

/// Events that may wait to be taken in; with more, all of the folder is looked at instead.
const MOST_EVENTS: usize = 65_536;

/// How long it may take to listen to a folder: the system is told of each folder in it.
const LISTEN_WITHIN: Duration = Duration::from_secs(60);

/// Hears what happens in a folder, as long as it is kept.
pub(super) struct FolderWatcher {
    events: mpsc::Receiver<(PathBuf, Touch)>,
    missed: Arc<AtomicBool>,
    _watcher: RecommendedWatcher,
}

impl FolderWatcher {
    /// Listens to a folder and all below it. What cannot be listened to is told in words: comparisons have to do then.
    pub(super) async fn listen(root: &Path) -> (Option<Self>, Option<String>) {
        let (send, events) = mpsc::channel(MOST_EVENTS);
        let missed = Arc::new(AtomicBool::new(false));
        let lost = Arc::clone(&missed);
        let handler = move |event: notify::Result<Event>| match event {
            Ok(event) if event.need_rescan() => lost.store(true, Ordering::Release),
            Ok(event) => {
                let Some(touch) = Touch::of(&event.kind) else { return };
                for path in event.paths {
                    if send.try_send((path, touch)).is_err() {
                        lost.store(true, Ordering::Release);
                    }
                }
            }
            Err(_) => lost.store(true, Ordering::Release),
        };
        let root = root.to_owned();
        let listening = on_file_thread(LISTEN_WITHIN, move || {
            let mut watcher = notify::recommended_watcher(handler)?;
            let watched = watcher.watch(&root, RecursiveMode::Recursive);
            notify::Result::Ok((watcher, watched.err()))
        });
        match listening.await {
            Ok(Ok((watcher, trouble))) => {
                let this = Self { events, missed, _watcher: watcher };
                (Some(this), trouble.as_ref().map(in_words))
            }
            Ok(Err(error)) => (None, Some(in_words(&error))),
            Err(error) => (None, Some(error.to_string())),
        }
    }

    /// The next path with an event; never, when nothing more is heard.
    pub(super) async fn next(&mut self) -> (PathBuf, Touch) {
        match self.events.recv().await {
            Some(event) => event,
            None => std::future::pending().await,
        }
    }

    /// One that is there already.
    pub(super) fn try_next(&mut self) -> Option<(PathBuf, Touch)> {
        self.events.try_recv().ok()
    }

    /// Whether events were lost since this was asked last.
    pub(super) fn has_missed(&self) -> bool {
        self.missed.swap(false, Ordering::AcqRel)
    }
}

fn in_words(error: &notify::Error) -> String {
    match &error.kind {
        ErrorKind::MaxFilesWatch => "the system's limit of watched folders is reached (Linux: raise \
             fs.inotify.max_user_watches); changes in the others are seen by comparisons only"
            .into(),
        ErrorKind::Io(error) => {
            format!("the system does not tell of changes ({error}); they are seen by comparisons only")
        }
        _ => format!("the system does not tell of changes ({error}); they are seen by comparisons only"),
    }
}
