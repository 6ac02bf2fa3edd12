//! A result in the forms that people and programs want.

mod charts;
mod csv;
mod hgrm;
mod html;
mod junit;
mod markdown;
mod plot;
mod sections;
mod text;

use std::{
    fmt, fs,
    path::{Path, PathBuf},
    str::FromStr,
};

pub use html::html;
pub use junit::junit;
pub use markdown::markdown;
pub use text::text;

use super::result::ResultFile;
use crate::util::files::write_whole;

/// Form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// Everything.
    Json,
    /// One line of figures.
    Csv,
    /// For a pull request's comment.
    Markdown,
    /// A page with plots.
    Html,
    /// For CI: a test case per gate.
    Junit,
    /// Percentiles, for HdrHistogram's plotter.
    Hgrm,
}

impl Format {
    /// All forms.
    pub const ALL: [Self; 6] = [Self::Json, Self::Csv, Self::Markdown, Self::Html, Self::Junit, Self::Hgrm];

    /// Its name on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Markdown => "md",
            Self::Html => "html",
            Self::Junit => "junit",
            Self::Hgrm => "hgrm",
        }
    }

    /// Ending of its files.
    const fn ending(self) -> &'static str {
        match self {
            Self::Junit => "xml",
            other => other.as_str(),
        }
    }

    fn render(self, result: &ResultFile) -> String {
        match self {
            Self::Json => serde_json::to_string_pretty(result).unwrap_or_default() + "\n",
            Self::Csv => csv::csv(result),
            Self::Markdown => markdown(result),
            Self::Html => html(result),
            Self::Junit => junit(result),
            Self::Hgrm => hgrm::hgrm(result),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Format {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|format| format.as_str() == text)
            .ok_or("json, csv, md, html, junit or hgrm is wanted")
    }
}

/// An error that kept a report from being written.
#[derive(Debug, thiserror::Error)]
#[error("{}: {source}", path.display())]
pub struct WriteError {
    path: PathBuf,
    source: std::io::Error,
}

/// Makes sure that reports can be written to a folder, before there is anything to lose.
///
/// # Errors
/// A folder that cannot be made or written to.
pub fn prepare(folder: &Path) -> Result<(), WriteError> {
    let error = |source| WriteError { path: folder.to_owned(), source };
    fs::create_dir_all(folder).map_err(error)?;
    tempfile::NamedTempFile::new_in(folder).map(drop).map_err(error)
}

/// Writes a result to a folder in these forms; the name tells when the run began. Each file is whole or not there.
///
/// # Errors
/// The file that could not be written; the others are.
pub fn save(result: &ResultFile, folder: &Path, formats: &[Format]) -> Result<Vec<PathBuf>, WriteError> {
    let stem = free_stem(result, folder, formats);
    let mut written = Vec::new();
    let mut failed = None;
    for format in formats {
        let path = folder.join(format!("{stem}.{}", format.ending()));
        match write_whole(&path, format.render(result).as_bytes()) {
            Ok(()) => written.push(path),
            Err(source) => failed = Some(WriteError { path, source }),
        }
    }
    failed.map_or(Ok(written), Err)
}

/// `baseline_results_YYYYMMDD_HHMMSS`, as the predecessor named its files; two runs of one second get a number.
fn free_stem(result: &ResultFile, folder: &Path, formats: &[Format]) -> String {
    let at: jiff::Timestamp = result.metrics.timestamp.parse().unwrap_or_else(|_| jiff::Timestamp::now());
    let stem = format!("baseline_results_{}", at.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y%m%d_%H%M%S"));
    let taken = |stem: &str| formats.iter().any(|format| folder.join(format!("{stem}.{}", format.ending())).exists());
    let numbered = (2..).map(|n| format!("{stem}_{n}"));
    std::iter::once(stem.clone()).chain(numbered).find(|stem| !taken(stem)).unwrap_or(stem)
}
