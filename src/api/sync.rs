//! Mirrored folders and uploaded files.

use std::time::Duration;

use super::InvalidRequest;
use crate::{
    domain::DbName,
    rag::sync::{FileCounts, FileState, Mirror, MirrorStatus, SyncTotals, TrackedFile},
    util::time::UnixMillis,
    wire::{FileErrorBody, SyncCounts, SyncDone, SyncFile, SyncFolder, SyncRequest, SyncResponse},
};

/// Files of an answer, unless it is said.
const FILES: u64 = 100;

/// Most files of an answer.
const MAX_FILES: u64 = 10_000;

/// The name of a state in answers.
pub const fn state_name(state: FileState) -> &'static str {
    match state {
        FileState::Queued => "queued",
        FileState::Reading => "reading",
        FileState::Failed => "failed",
        FileState::Gone => "gone",
        FileState::Done => "done",
    }
}

/// How mirrors and their files are.
///
/// # Errors
/// The first parameter that cannot be used.
pub fn sync_state(
    mirrors: &[std::sync::Arc<Mirror>],
    request: &SyncRequest,
    now: UnixMillis,
) -> Result<SyncResponse, InvalidRequest> {
    let state = match request.state.as_deref() {
        None => None,
        Some(name) => {
            let all = [FileState::Queued, FileState::Reading, FileState::Failed, FileState::Gone, FileState::Done];
            let found = all.into_iter().find(|state| state_name(*state) == name);
            let wrong = || format!("parameter \"state\" must be queued, reading, failed, gone or done, it is {name:?}");
            Some(found.ok_or_else(|| InvalidRequest::new(wrong()))?)
        }
    };
    let limit = request.limit.unwrap_or(FILES);
    if limit > MAX_FILES {
        return Err(InvalidRequest::new(format!("parameter \"limit\" must be from 0 to {MAX_FILES}, it is {limit}")));
    }
    let (mut left, mut skip, mut total) = (limit as usize, request.offset.unwrap_or(0), 0u64);
    let mut files = Vec::new();
    for mirror in mirrors {
        let offset = usize::try_from(skip).unwrap_or(usize::MAX);
        let (page, of_mirror) = mirror.files(state, offset, left);
        total += of_mirror as u64;
        skip = skip.saturating_sub(of_mirror as u64);
        left -= page.len();
        files.extend(page.into_iter().map(|file| sync_file(mirror.db(), file)));
    }
    let folders = mirrors.iter().map(|mirror| sync_folder(mirror.status(), now)).collect();
    Ok(SyncResponse { folders, files, total })
}

/// How a mirror is.
pub fn sync_folder(status: MirrorStatus, now: UnixMillis) -> SyncFolder {
    let FileCounts { queued, reading, failed, gone, done } = status.files;
    let SyncTotals { added, updated, unchanged, renamed, removed, failures, chunks: _ } = status.totals;
    let oldest = status.oldest.map_or(Duration::ZERO, |at| now.since(at));
    SyncFolder {
        db: status.db.to_string(),
        root: status.root.to_string_lossy().into_owned(),
        state: status.state.to_owned(),
        message: status.message,
        files: SyncCounts {
            queued: queued as u64,
            reading: reading as u64,
            failed: failed as u64,
            gone: gone as u64,
            done: done as u64,
        },
        held_deletions: status.held as u64,
        last_comparison: status.compared.map(rfc3339),
        oldest_seconds: oldest.as_secs_f64(),
        done: SyncDone {
            added: added as u64,
            updated: updated as u64,
            unchanged: unchanged as u64,
            renamed: renamed as u64,
            deleted: removed as u64,
            failures: failures as u64,
        },
        problems: status.problems.into_iter().map(|p| FileErrorBody { file: p.file, error: p.error }).collect(),
    }
}

fn sync_file(db: &DbName, TrackedFile { state, record }: TrackedFile) -> SyncFile {
    SyncFile {
        db: db.to_string(),
        source: record.source,
        state: state_name(state).to_owned(),
        since: rfc3339(record.since),
        attempts: record.attempts,
        error: record.error,
        next_try: record.next_try.map(rfc3339),
    }
}

fn rfc3339(at: UnixMillis) -> String {
    jiff::Timestamp::from_millisecond(at.0).map(|at| at.to_string()).unwrap_or_default()
}

/// Checks the metadata of an upload: a JSON object of a bounded size. Returns it as it is kept.
///
/// # Errors
/// In words for the person who sent it.
pub fn check_metadata(json: &str) -> Result<String, InvalidRequest> {
    let object = serde_json::from_str(json)
        .map_err(|error| InvalidRequest::new(format!("field \"metadata\" must be a JSON object: {error}")))?;
    let metadata = super::metadata(Some(&object))?.unwrap_or_default();
    Ok(serde_json::Value::Object(metadata.to_json()).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_an_object_of_bounded_size() {
        assert_eq!(check_metadata(" {\"a\": 1} ").unwrap(), "{\"a\":1}");
        let deep = format!("{{\"a\":{}1{}}}", "[".repeat(1_000), "]".repeat(1_000));
        let wide = format!("{{\"a\":\"{}\"}}", "x".repeat(1 << 20));
        for wrong in ["", "1", "[]", "{", "null", &deep, &wide, "{\"a\":[[[[[[[[1]]]]]]]]}"] {
            assert!(check_metadata(wrong).unwrap_err().0.contains("metadata"), "{}", &wrong[..wrong.len().min(40)]);
        }
    }
}
