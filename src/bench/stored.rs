//! Stored results: found by name, by pattern, or as the newest or best of a folder.

use std::path::{Path, PathBuf};

use super::result::{ResultError, ResultFile};

/// Why no stored result is found.
#[derive(Debug, thiserror::Error)]
pub enum StoredError {
    /// A file that is none.
    #[error(transparent)]
    Result(#[from] ResultError),
    /// A folder without results.
    #[error("--baseline {which}: there is no result in {}", folder.display())]
    Empty {
        /// `latest` or `best`.
        which: String,
        /// The folder.
        folder: PathBuf,
    },
    /// A pattern without files.
    #[error("no file matches {0}")]
    NoMatch(String),
    /// A pattern that is none.
    #[error(transparent)]
    Pattern(#[from] globset::Error),
}

/// Reads a result, with the name that messages call it by.
///
/// # Errors
/// As [`ResultFile::load`].
pub fn load(path: &Path) -> Result<(String, ResultFile), ResultError> {
    Ok((path.display().to_string(), ResultFile::load(path)?))
}

/// Finds results: a file, a pattern of files, or `latest` or `best` of a folder; in the order of their names.
///
/// # Errors
/// Nothing that is found, or a file that is no result.
pub fn find(which: &str, folder: &Path) -> Result<Vec<(String, ResultFile)>, StoredError> {
    if let "latest" | "best" = which {
        let chosen = choose(which, folder)?;
        return Ok(vec![chosen.ok_or_else(|| StoredError::Empty { which: which.into(), folder: folder.into() })?]);
    }
    if !which.contains(['*', '?', '[', '{']) {
        return Ok(vec![load(Path::new(which))?]);
    }
    let found = matching(which)?;
    if found.is_empty() {
        return Err(StoredError::NoMatch(which.to_owned()));
    }
    Ok(found.iter().map(|path| load(path)).collect::<Result<_, _>>()?)
}

/// The newest result of a folder, or of the sound ones that with the least median.
fn choose(which: &str, folder: &Path) -> Result<Option<(String, ResultFile)>, StoredError> {
    let found = matching(&folder.join("*.json").to_string_lossy())?;
    let results = found.iter().filter_map(|path| load(path).ok());
    if which == "latest" {
        return Ok(results.max_by(|a, b| a.1.metrics.timestamp.cmp(&b.1.metrics.timestamp)));
    }
    let sound = |r: &ResultFile| r.ended == "completed" && r.soundness.sound && r.metrics.error_rate_percent < 50.0;
    let p50 = |r: &ResultFile| r.metrics.response_times_ms.p50;
    Ok(results.filter(|(_, result)| sound(result)).min_by(|a, b| p50(&a.1).total_cmp(&p50(&b.1))))
}

/// Files that match a pattern, in the order of their names.
fn matching(pattern: &str) -> Result<Vec<PathBuf>, globset::Error> {
    let normal = pattern.replace('\\', "/");
    let fixed = normal.split(['*', '?', '[', '{']).next().unwrap_or_default();
    let folder = fixed.rsplit_once('/').map_or(".", |(folder, _)| if folder.is_empty() { "/" } else { folder });
    let glob = globset::GlobBuilder::new(&normal).literal_separator(true).build()?.compile_matcher();
    let files =
        walkdir::WalkDir::new(folder).into_iter().filter_map(Result::ok).filter(|entry| entry.file_type().is_file());
    let mut found: Vec<PathBuf> = files
        .map(walkdir::DirEntry::into_path)
        .filter(|path| {
            let shown = path.to_string_lossy().replace('\\', "/");
            glob.is_match(&shown) || glob.is_match(shown.trim_start_matches("./"))
        })
        .collect();
    found.sort();
    Ok(found)
}
