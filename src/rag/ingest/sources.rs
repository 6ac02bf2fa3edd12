//! Which files an ingestion reads: paths, folders and globs, but nothing outside the document roots.

use std::{
    collections::HashSet,
    path::{Component, Path, PathBuf},
};

use globset::{GlobBuilder, GlobMatcher};
use walkdir::{DirEntry, WalkDir};

use super::FileError;
use crate::rag::extract::Format;

/// A file to read, and the name under which it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Where it is.
    pub path: PathBuf,
    /// Its name in the DB: the path relative to the working directory where it lies inside, else the absolute path;
    /// always with `/`.
    pub source: String,
}

/// What a list of paths comes to.
#[derive(Debug, Default)]
pub struct Selection {
    /// Files to read, each once.
    pub files: Vec<SourceFile>,
    /// Paths that cannot be read, with the reason.
    pub errors: Vec<FileError>,
    /// Files in folders that are of no supported format.
    pub skipped: usize,
}

/// The folders that documents may come from.
#[derive(Debug, Clone)]
pub struct DocumentRoots {
    /// Relative paths start here.
    base: PathBuf,
    /// Canonical; `None` admits everything.
    roots: Option<Vec<PathBuf>>,
}

impl DocumentRoots {
    /// Admits only what lies in these folders (or files), links resolved.
    ///
    /// # Errors
    /// The folder that does not exist, with the reason.
    pub fn new(base: &Path, roots: &[PathBuf]) -> Result<Self, FileError> {
        let canonical = |path: &PathBuf| {
            dunce::canonicalize(base.join(path))
                .map_err(|error| FileError::new(path.display(), format!("document root cannot be used: {error}")))
        };
        Ok(Self {
            base: dunce::canonicalize(base).unwrap_or_else(|_| base.to_owned()),
            roots: Some(roots.iter().map(canonical).collect::<Result<_, _>>()?),
        })
    }

    /// Admits everything: for a person at a terminal, who may read whatever the operating system lets them.
    pub fn unrestricted(base: &Path) -> Self {
        Self { base: dunce::canonicalize(base).unwrap_or_else(|_| base.to_owned()), roots: None }
    }

    /// Resolves files, folders (with everything below them, hidden files left out) and globs.
    pub fn select<P: AsRef<Path>>(&self, paths: &[P]) -> Selection {
        let mut selection = Selection::default();
        let mut seen = HashSet::new();
        for path in paths {
            self.select_one(path.as_ref(), &mut selection, &mut seen);
        }
        selection
    }

    fn select_one(&self, path: &Path, selection: &mut Selection, seen: &mut HashSet<PathBuf>) {
        let full = self.base.join(path);
        // Before the file system is asked, so that an answer never tells what exists outside.
        if !self.admits(&without_dots(&full)) {
            return selection.errors.push(outside(path));
        }
        match dunce::canonicalize(&full) {
            Ok(real) if !self.admits(&real) => selection.errors.push(outside(path)),
            Ok(real) if real.is_dir() => self.walk(&real, None, selection, seen),
            Ok(real) => match Format::of_path(&real) {
                Some(_) => self.add(real, selection, seen),
                None => selection.errors.push(FileError::new(path.display(), unsupported())),
            },
            Err(error) if is_glob(path) => self.select_glob(path, &full, &error, selection, seen),
            Err(error) => selection.errors.push(FileError::new(path.display(), reason(&error))),
        }
    }

    fn select_glob(
        &self,
        path: &Path,
        full: &Path,
        missing: &std::io::Error,
        selection: &mut Selection,
        seen: &mut HashSet<PathBuf>,
    ) {
        // Everything before the first component with a wildcard is a plain folder.
        let folder: PathBuf = full.components().take_while(|part| !has_wildcard(part.as_os_str())).collect();
        let Ok(folder) = dunce::canonicalize(&folder) else {
            return selection.errors.push(FileError::new(path.display(), reason(missing)));
        };
        if !self.admits(&folder) {
            return selection.errors.push(outside(path));
        }
        let pattern: PathBuf = full.components().skip_while(|part| !has_wildcard(part.as_os_str())).collect();
        let pattern = folder_pattern(&folder, &pattern);
        let glob = match GlobBuilder::new(&pattern).literal_separator(true).build() {
            Ok(glob) => glob.compile_matcher(),
            Err(error) => {
                return selection.errors.push(FileError::new(path.display(), format!("not a glob: {error}")));
            }
        };
        let before = (selection.files.len(), selection.errors.len());
        self.walk(&folder, Some(&glob), selection, seen);
        if (selection.files.len(), selection.errors.len()) == before {
            selection.errors.push(FileError::new(path.display(), "matches no file of a supported format".into()));
        }
    }

    fn walk(&self, folder: &Path, glob: Option<&GlobMatcher>, selection: &mut Selection, seen: &mut HashSet<PathBuf>) {
        let visible = |entry: &DirEntry| {
            entry.depth() == 0 || !entry.file_name().to_str().is_some_and(|name| name.starts_with('.'))
        };
        let entries = WalkDir::new(folder).follow_links(true).sort_by_file_name().into_iter().filter_entry(visible);
        for entry in entries {
            match entry {
                Ok(entry) => {
                    if glob.is_none_or(|glob| glob.is_match(entry.path())) {
                        self.found(&entry, selection, seen);
                    }
                }
                Err(error) => {
                    let path = error.path().unwrap_or(folder).to_owned();
                    let reason = error.io_error().map_or_else(|| error.to_string(), reason);
                    selection.errors.push(FileError::new(self.source_name(&path), reason));
                }
            }
        }
    }

    fn found(&self, entry: &DirEntry, selection: &mut Selection, seen: &mut HashSet<PathBuf>) {
        if !entry.file_type().is_file() {
            return;
        }
        if Format::of_path(entry.path()).is_none() {
            selection.skipped += 1;
            return;
        }
        match dunce::canonicalize(entry.path()) {
            Ok(real) if self.admits(&real) => self.add(real, selection, seen),
            Ok(_) => selection.errors.push(FileError::new(
                self.source_name(entry.path()),
                "is a link that leaves the document roots".into(),
            )),
            Err(error) => selection.errors.push(FileError::new(self.source_name(entry.path()), reason(&error))),
        }
    }

    fn add(&self, real: PathBuf, selection: &mut Selection, seen: &mut HashSet<PathBuf>) {
        if seen.insert(real.clone()) {
            selection.files.push(SourceFile { source: self.source_name(&real), path: real });
        }
    }

    fn admits(&self, path: &Path) -> bool {
        self.roots.as_ref().is_none_or(|roots| roots.iter().any(|root| path.starts_with(root)))
    }

    fn source_name(&self, path: &Path) -> String {
        let shown = path.strip_prefix(&self.base).unwrap_or(path);
        let text = shown.to_string_lossy();
        if cfg!(windows) { text.replace('\\', "/") } else { text.into_owned() }
    }
}

/// Resolves `.` and `..` by name alone.
fn without_dots(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            other => plain.push(other),
        }
    }
    plain
}

fn is_glob(path: &Path) -> bool {
    has_wildcard(path.as_os_str())
}

fn has_wildcard(part: &std::ffi::OsStr) -> bool {
    part.to_string_lossy().contains(['*', '?', '[', '{'])
}

/// A glob below a folder whose own name is taken literally.
fn folder_pattern(folder: &Path, pattern: &Path) -> String {
    let folder = globset::escape(&folder.to_string_lossy().replace('\\', "/"));
    format!("{}/{}", folder.trim_end_matches('/'), pattern.to_string_lossy().replace('\\', "/"))
}

fn outside(path: &Path) -> FileError {
    FileError::new(path.display(), "lies outside the document roots of this server (--docs-root)".into())
}

fn unsupported() -> String {
    "is of no supported format (.txt .md .html .pdf .docx)".into()
}

fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "no such file or folder".into(),
        std::io::ErrorKind::PermissionDenied => "permission denied".into(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    struct Tree {
        _folder: tempfile::TempDir,
        base: PathBuf,
    }

    /// `base/docs/{a.md,b.txt,c.png,.hidden.md,sub/d.md}` and `base/secret.md`.
    fn tree() -> Tree {
        let folder = tempfile::tempdir().unwrap();
        let base = dunce::canonicalize(folder.path()).unwrap();
        fs::create_dir_all(base.join("docs/sub")).unwrap();
        for file in ["docs/a.md", "docs/b.txt", "docs/c.png", "docs/.hidden.md", "docs/sub/d.md", "secret.md"] {
            fs::write(base.join(file), "text").unwrap();
        }
        Tree { _folder: folder, base }
    }

    fn roots(tree: &Tree) -> DocumentRoots {
        DocumentRoots::new(&tree.base, &["docs".into()]).unwrap()
    }

    fn names(selection: &Selection) -> Vec<&str> {
        selection.files.iter().map(|file| file.source.as_str()).collect()
    }

    #[test]
    fn a_folder_is_walked_and_what_cannot_be_read_is_counted() {
        let tree = tree();
        let selection = roots(&tree).select(&["docs"]);
        assert_eq!(names(&selection), ["docs/a.md", "docs/b.txt", "docs/sub/d.md"]);
        assert_eq!(selection.skipped, 1);
        assert!(selection.errors.is_empty(), "{:?}", selection.errors);
    }

    #[test]
    fn a_file_named_twice_is_read_once() {
        let tree = tree();
        assert_eq!(names(&roots(&tree).select(&["docs/a.md", "docs/sub/../a.md"])), ["docs/a.md"]);
    }

    #[test]
    fn globs_match_within_a_folder_and_below() {
        let tree = tree();
        assert_eq!(names(&roots(&tree).select(&["docs/*.md"])), ["docs/a.md"]);
        assert_eq!(names(&roots(&tree).select(&["docs/**/*.md"])), ["docs/a.md", "docs/sub/d.md"]);
        let nothing = roots(&tree).select(&["docs/*.pdf"]);
        assert!(nothing.errors[0].error.contains("matches no file"), "{:?}", nothing.errors);
    }

    #[test]
    fn paths_outside_are_refused_alike_whether_they_exist_or_not() {
        let tree = tree();
        let absolute = tree.base.join("secret.md");
        for path in ["secret.md", "docs/../secret.md", "../nowhere.md", "/etc/passwd", absolute.to_str().unwrap()] {
            let selection = roots(&tree).select(&[path]);
            assert!(selection.files.is_empty(), "{path}");
            assert!(selection.errors[0].error.contains("outside the document roots"), "{path}: {:?}", selection.errors);
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_that_leave_the_roots_are_refused_and_those_that_stay_are_not() {
        let tree = tree();
        std::os::unix::fs::symlink(tree.base.join("secret.md"), tree.base.join("docs/leak.md")).unwrap();
        std::os::unix::fs::symlink(tree.base.join("docs/a.md"), tree.base.join("docs/sub/again.md")).unwrap();

        let selection = roots(&tree).select(&["docs"]);
        assert_eq!(names(&selection), ["docs/a.md", "docs/b.txt", "docs/sub/d.md"]);
        assert_eq!(selection.errors.len(), 1);
        assert_eq!(selection.errors[0].file, "docs/leak.md");
        assert!(selection.errors[0].error.contains("leaves the document roots"));

        let named = roots(&tree).select(&["docs/leak.md"]);
        assert!(named.files.is_empty() && named.errors.len() == 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_loop_of_links_ends() {
        let tree = tree();
        std::os::unix::fs::symlink(tree.base.join("docs"), tree.base.join("docs/sub/up")).unwrap();
        let selection = roots(&tree).select(&["docs"]);
        assert_eq!(selection.files.len(), 3);
        assert_eq!(selection.errors.len(), 1);
    }

    #[test]
    fn missing_and_unsupported_files_are_named() {
        let tree = tree();
        let selection = roots(&tree).select(&["docs/nope.md", "docs/c.png"]);
        assert_eq!(selection.errors.len(), 2);
        assert_eq!(selection.errors[0].error, "no such file or folder");
        assert!(selection.errors[1].error.contains("no supported format"));
    }

    #[test]
    fn a_person_at_a_terminal_may_name_any_path() {
        let tree = tree();
        let selection = DocumentRoots::unrestricted(&tree.base.join("docs")).select(&[tree.base.join("secret.md")]);
        assert_eq!(selection.files.len(), 1);
        assert!(Path::new(&selection.files[0].source).is_absolute());
    }

    #[test]
    fn a_root_that_is_not_there_is_an_error() {
        let tree = tree();
        let error = DocumentRoots::new(&tree.base, &["nowhere".into()]).unwrap_err();
        assert_eq!(error.file, "nowhere");
    }
}
