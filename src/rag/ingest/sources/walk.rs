//! From paths to files: looks up what was named, walks folders, and stops where looking costs too much.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    time::Instant,
};

use super::{
    DocumentRoots, FileError, SelectLimits, Selection, SourceFile,
    glob::{PathGlob, has_wildcard},
    open::{EntryKind, FolderEntry, OpenError},
    roots::Refusal,
    temporary,
};
use crate::rag::extract::Format;

/// One selection while it is made.
pub(super) struct Selector<'a> {
    roots: &'a DocumentRoots,
    selection: Selection,
    seen: HashSet<PathBuf>,
    /// Names that two files could have, in two Unicode forms.
    names: HashSet<String>,
    /// Files that were found, again and again where several paths name them.
    matched: usize,
    budget: Budget,
}

/// What may still be looked at.
struct Budget {
    limits: SelectLimits,
    started: Instant,
    /// Entries of folders that were looked at.
    entries: usize,
    /// Why nothing more is looked at.
    spent: Option<String>,
}

/// A folder whose entries are being looked at.
struct Level {
    /// Its path as it was walked to, which is what globs match.
    shown: PathBuf,
    /// Its path without links.
    real: PathBuf,
    entries: std::vec::IntoIter<FolderEntry>,
}

impl<'a> Selector<'a> {
    pub(super) fn new(roots: &'a DocumentRoots) -> Self {
        let budget = Budget { limits: roots.limits(), started: Instant::now(), entries: 0, spent: None };
        Self { roots, selection: Selection::default(), seen: HashSet::new(), names: HashSet::new(), matched: 0, budget }
    }

    pub(super) fn finish(self) -> Selection {
        self.selection
    }

    /// Adds what one path names.
    pub(super) fn select_one(&mut self, path: &Path) {
        if let Some(why) = self.budget.spent.clone() {
            return self.selection.fail(not_all(path.display(), &why));
        }
        if let Err(refusal) = self.look_up(path) {
            self.selection.fail(refusal.of(path.display()));
        }
    }

    fn look_up(&mut self, path: &Path) -> Result<(), Refusal> {
        if path.as_os_str().as_encoded_bytes().contains(&0) {
            return Err(Refusal::Failed("has a NUL character, which no file name has".into()));
        }
        let full = self.roots.named(path)?;
        let real = match self.roots.resolve(&full) {
            Ok(real) => real,
            Err(Refusal::Failed(missing)) if has_wildcard(path.as_os_str()) => {
                return self.select_glob(path, &full, missing);
            }
            Err(refusal) => return Err(refusal),
        };
        // Only a first look, which opens nothing: what is read is what will have been opened.
        let kind = std::fs::symlink_metadata(&real).map_err(|error| Refusal::Failed(super::reason(&error)))?;
        if kind.is_dir() {
            self.walk(&real, None);
        } else if full.file_name().is_some_and(|name| temporary::is_owner_file(name.as_encoded_bytes())) {
            // A shell's `*` names these files, too.
            self.selection.skipped += 1;
        } else if Format::of_path(&real).is_none() {
            return Err(Refusal::Failed(format!("is of no supported format ({})", Format::supported())));
        } else if kind.is_file() {
            self.add(real);
        } else {
            return Err(Refusal::Failed(OpenError::NotRegular.to_string()));
        }
        Ok(())
    }

    fn select_glob(&mut self, path: &Path, full: &Path, missing: String) -> Result<(), Refusal> {
        // Everything before the first component with a wildcard is a plain folder.
        let folder: PathBuf = full.components().take_while(|part| !has_wildcard(part.as_os_str())).collect();
        let pattern: PathBuf = full.components().skip_while(|part| !has_wildcard(part.as_os_str())).collect();
        let folder = match self.roots.resolve(&folder) {
            Err(Refusal::Failed(_)) => return Err(Refusal::Failed(missing)),
            resolved => resolved?,
        };
        let glob = PathGlob::below(&folder, &pattern).map_err(Refusal::Failed)?;
        let before = self.said();
        self.walk(&folder, Some(&glob));
        if self.said() == before {
            self.selection.fail(FileError::new(path.display(), "matches no file of a supported format".into()));
        }
        Ok(())
    }

    /// Everything below a folder, in the order of names, folders where they stand among the files.
    pub(super) fn walk(&mut self, folder: &Path, glob: Option<&PathGlob>) {
        let mut levels: Vec<Level> = Vec::new();
        levels.extend(self.enter(folder.to_owned(), folder.to_owned()));
        while let Some(level) = levels.last_mut() {
            let Some(entry) = level.entries.next() else {
                levels.pop();
                continue;
            };
            if entry.is_passed_over() {
                continue;
            }
            let (shown, real) = (level.shown.join(&entry.name), level.real.join(&entry.name));
            if self.budget.spent.is_none() && self.budget.started.elapsed() >= self.budget.limits.time {
                self.stop(folder, format!("it took more than {} s", self.budget.limits.time.as_secs_f32()));
            }
            if self.budget.spent.is_some() {
                return;
            }
            let matches = glob.is_none_or(|glob| glob.is_match(&shown));
            match entry.kind {
                EntryKind::File if matches => self.found(&shown, real),
                EntryKind::Other if matches && Format::of_path(&shown).is_some() => {
                    self.fail(&shown, OpenError::NotRegular.to_string());
                }
                EntryKind::File | EntryKind::Other => {}
                EntryKind::Folder => levels.extend(self.descend(&levels, shown, real)),
                EntryKind::Link => {
                    // What has no extension may be a folder on the way to what a glob describes.
                    let wanted = matches || glob.is_none() || shown.extension().is_none();
                    levels.extend(self.follow(&levels, shown, matches, wanted));
                }
            }
        }
    }

    /// A link is followed inside the roots only. What it leads to outside has no name here.
    fn follow(&mut self, levels: &[Level], shown: PathBuf, matches: bool, wanted: bool) -> Option<Level> {
        let real = match self.roots.resolve(&shown) {
            Ok(real) => real,
            Err(refusal) => {
                if wanted {
                    let refusal = if let Refusal::Outside = refusal { Refusal::Leaves } else { refusal };
                    self.selection.fail(refusal.of(self.roots.source_name(&shown)));
                }
                return None;
            }
        };
        match std::fs::symlink_metadata(&real) {
            Ok(kind) if kind.is_dir() => self.descend(levels, shown, real),
            Ok(kind) if kind.is_file() && matches => {
                self.found(&shown, real);
                None
            }
            Ok(_) => None,
            Err(error) => {
                self.fail(&shown, super::reason(&error));
                None
            }
        }
    }

    fn descend(&mut self, levels: &[Level], shown: PathBuf, real: PathBuf) -> Option<Level> {
        let depth = self.budget.limits.depth;
        if levels.iter().any(|level| level.real == real) {
            self.fail(&shown, "is a link to a folder that it lies in; it is not followed".into());
            None
        } else if levels.len() > depth {
            self.selection.unread.push(self.roots.source_name(&real));
            self.fail(&shown, format!("lies more than {depth} folders deep; ingest it by its own name"));
            None
        } else {
            self.enter(shown, real)
        }
    }

    /// The entries of a folder, or an error in the selection.
    fn enter(&mut self, shown: PathBuf, real: PathBuf) -> Option<Level> {
        let access = self.roots.access(&real)?;
        let SelectLimits { entries: most, .. } = self.budget.limits;
        match access.list_folder(&real, most.saturating_sub(self.budget.entries)) {
            Ok(entries) => {
                self.budget.entries += entries.len();
                return Some(Level { shown, real, entries: entries.into_iter() });
            }
            Err(OpenError::TooMany(_)) => {
                self.stop(&shown, format!("there are more than {most} files and folders to look at"));
            }
            Err(error) => {
                self.selection.unread.push(self.roots.source_name(&real));
                self.fail(&shown, error.to_string());
            }
        }
        None
    }

    /// A file that a walk came across under one name, and that has another without links.
    fn found(&mut self, shown: &Path, real: PathBuf) {
        // By the name that counts when it is read.
        if Format::of_path(shown).is_some() && Format::of_path(&real).is_some() {
            self.add(real);
        } else {
            self.selection.skipped += 1;
        }
    }

    pub(super) fn add(&mut self, real: PathBuf) {
        let Some(access) = self.roots.access(&real) else {
            return self.selection.fail(Refusal::Outside.of(self.roots.source_name(&real)));
        };
        self.matched += 1;
        let most = self.budget.limits.files;
        if self.seen.contains(&real) {
            return;
        }
        if self.selection.files.len() >= most {
            return self.stop(&real, format!("more than {most} files were found"));
        }
        let source = self.roots.source_name(&real);
        if !source.is_ascii() && !self.names.insert(source.clone()) {
            let why =
                "has the same name as another file there, only in another Unicode form; remove or rename one of them";
            return self.selection.fail(FileError::new(source, why.into()));
        }
        self.seen.insert(real.clone());
        self.selection.files.push(SourceFile { source, path: real, access });
    }

    fn fail(&mut self, shown: &Path, error: String) {
        self.selection.fail(FileError::new(self.roots.source_name(shown), error));
    }

    /// Ends the selection; what was found until now stays.
    fn stop(&mut self, shown: &Path, why: String) {
        self.selection.fail(not_all(self.roots.source_name(shown), &why));
        self.selection.cut_short = true;
        self.budget.spent = Some(why);
    }

    /// Files and errors until now.
    fn said(&self) -> usize {
        self.matched + self.selection.errors.len() + self.selection.unlisted_errors
    }
}

fn not_all(path: impl std::fmt::Display, why: &str) -> FileError {
    FileError::new(path, format!("not everything was looked at: {why}; name fewer or smaller folders"))
}
