//! Answers from the cache that were given of late, so that somebody can say that one was wrong.

use std::{
    collections::{HashMap, VecDeque},
    io::{self, Write},
    path::Path,
    sync::Arc,
};

use parking_lot::Mutex;

use crate::{
    cache::{Entry, HitKind},
    rag::Cached,
};

/// Answers that are remembered; older ones cannot be judged any more.
const MOST: usize = 4_096;

/// File of the data directory in which wrong hits are kept, as pairs that `ragctl cache tune` reads.
const WRONG_HITS: &str = "wrong-hits.csv";

/// An answer that came from the cache.
#[derive(Debug, Clone)]
pub(super) struct GivenHit {
    pub(super) entry: Arc<Entry>,
    pub(super) kind: HitKind,
    /// The question that it was given to.
    pub(super) asked: String,
}

/// The latest answers from the cache, by the ids of their requests.
#[derive(Default)]
pub(super) struct GivenHits(Mutex<Given>);

#[derive(Default)]
struct Given {
    by_id: HashMap<String, GivenHit>,
    order: VecDeque<String>,
}

impl GivenHits {
    /// Takes note of an answer, if it came from the cache.
    pub(super) fn note(&self, request_id: &str, cached: &Cached, asked: &str) {
        let Cached::Hit(served) = cached else { return };
        let hit = GivenHit { entry: Arc::clone(&served.entry), kind: served.kind, asked: asked.to_owned() };
        let mut given = self.0.lock();
        if given.by_id.insert(request_id.to_owned(), hit).is_none() {
            given.order.push_back(request_id.to_owned());
        }
        while given.order.len() > MOST {
            let oldest = given.order.pop_front();
            oldest.and_then(|id| given.by_id.remove(&id));
        }
    }

    /// The answer of a request; each is judged once.
    pub(super) fn take(&self, request_id: &str) -> Option<GivenHit> {
        let mut given = self.0.lock();
        let hit = given.by_id.remove(request_id)?;
        given.order.retain(|id| id != request_id);
        Some(hit)
    }
}

/// Keeps two questions that are not the same. The words alone: the same question cannot be told from itself.
///
/// # Errors
/// When the file cannot be written.
pub(super) fn keep_pair(data_dir: &Path, stored: &str, asked: &str) -> io::Result<()> {
    let path = data_dir.join(WRONG_HITS);
    let is_new = !path.exists();
    let mut writer = csv::Writer::from_writer(Vec::new());
    if is_new {
        writer.write_record(["q1", "q2", "label"])?;
    }
    writer.write_record([stored, asked, "0"])?;
    let rows = writer.into_inner().map_err(|error| error.into_error())?;
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path)?;
    // In one piece, so that rows of several servers do not mix.
    file.write_all(&rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_kept_as_tuning_reads_them() {
        let folder = tempfile::tempdir().unwrap();
        keep_pair(folder.path(), "Who pays?", "Who pays, \"then\"?").unwrap();
        keep_pair(folder.path(), "a", "b").unwrap();
        let text = std::fs::read_to_string(folder.path().join(WRONG_HITS)).unwrap();
        assert_eq!(text, "q1,q2,label\nWho pays?,\"Who pays, \"\"then\"\"?\",0\na,b,0\n");
    }
}
