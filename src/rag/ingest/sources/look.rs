//! A look at a part of a mirrored folder: which files are there now, and how much of that is certain.
//!
//! What could not be looked at is no evidence that something is gone: a folder without permission, a drive that is away and
//! a limit that was reached are told apart from files that are not there.

use std::{
    fs::Metadata,
    io,
    path::{Component, Path, PathBuf},
    time::UNIX_EPOCH,
};

use unicode_normalization::UnicodeNormalization;

use super::{DocumentRoots, FileError, SourceFile, temporary, walk::Selector};
use crate::{rag::extract::Format, store::FileVersion, util::time::UnixMillis};

/// Which files a look is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// All of the mirror.
    All,
    /// The file of this name, or those in the folder of this name.
    At(String),
}

impl Scope {
    /// Whether a look is about the file of this name.
    pub fn contains(&self, source: &str) -> bool {
        match self {
            Self::All => true,
            Self::At(name) => is_at(source, name),
        }
    }
}

/// Whether a name is this one, or one below it.
fn is_at(source: &str, name: &str) -> bool {
    source.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// What a look has found.
#[derive(Debug)]
pub struct Look {
    /// What it was about.
    pub scope: Scope,
    /// The files that are there.
    pub files: Vec<(SourceFile, FileVersion)>,
    /// Names of files and folders that nothing is known of.
    unread: Vec<String>,
    /// Everything was looked at.
    whole: bool,
    /// What cannot be used, and why.
    pub errors: Vec<FileError>,
}

impl Look {
    /// Nothing is there, for certain.
    pub fn nothing(scope: Scope) -> Self {
        Self { scope, files: Vec::new(), unread: Vec::new(), whole: true, errors: Vec::new() }
    }

    /// A look at these files alone.
    #[cfg(test)]
    pub(in crate::rag) fn at(scope: Scope, files: Vec<(SourceFile, FileVersion)>) -> Self {
        Self { files, ..Self::nothing(scope) }
    }

    /// The same, without having been able to look below these names.
    #[cfg(test)]
    pub(in crate::rag) fn without(mut self, unread: &[&str]) -> Self {
        self.unread.extend(unread.iter().map(ToString::to_string));
        self
    }

    /// Whether a file that is not among [`files`](Self::files) is gone.
    pub fn shows_absence_of(&self, source: &str) -> bool {
        self.whole && self.scope.contains(source) && !self.unread.iter().any(|name| is_at(source, name))
    }

    fn of(scope: Scope, selector: Selector<'_>) -> Self {
        let selection = selector.finish();
        let mut look = Self {
            scope,
            files: Vec::with_capacity(selection.files.len()),
            unread: selection.unread,
            whole: !selection.cut_short,
            errors: selection.errors,
        };
        for file in selection.files {
            match std::fs::symlink_metadata(&file.path) {
                Ok(metadata) => look.files.push((file, version_of(&metadata))),
                // Gone since it was listed.
                Err(error) if is_absent(&error) => {}
                Err(_) => look.unread.push(file.source),
            }
        }
        look
    }
}

/// What stands where a mirrored folder should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RootSight {
    /// A folder; which one, where the system tells.
    Here(Option<String>),
    /// Nothing, or something else than a folder.
    Gone(String),
    /// Nobody knows: it does not answer, or may not be read.
    Unreachable(String),
}

impl RootSight {
    /// Looks at a mirrored folder. Blocks as long as the file system does.
    pub fn of(root: &Path) -> Self {
        match std::fs::symlink_metadata(root) {
            Ok(metadata) if metadata.is_dir() => match std::fs::read_dir(root) {
                Ok(_) => Self::Here(identity(&metadata)),
                Err(error) => Self::Unreachable(super::reason(&error)),
            },
            Ok(metadata) if metadata.is_symlink() => Self::Gone("a link stands in its place".into()),
            Ok(_) => Self::Gone("something that is no folder stands in its place".into()),
            Err(error) if is_absent(&error) => Self::Gone("it is not there".into()),
            Err(error) => Self::Unreachable(super::reason(&error)),
        }
    }
}

#[cfg(unix)]
#[allow(clippy::unnecessary_wraps, reason = "elsewhere there is no such number")]
fn identity(metadata: &Metadata) -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    Some(format!("{}:{}", metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn identity(_: &Metadata) -> Option<String> {
    None
}

/// The state of a file, by its metadata.
pub(in crate::rag::ingest) fn version_of(metadata: &Metadata) -> FileVersion {
    let modified = metadata.modified().ok().map_or(0, |at| match at.duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_nanos()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_nanos()).map_or(i64::MIN, |nanos| -nanos),
    });
    FileVersion { size: metadata.len(), modified }
}

/// Whether another change would show in the time of the last one: clocks of file systems tick slowly, some every two
/// seconds. What lies in the future was not set by a change.
pub(in crate::rag) fn is_settled(version: FileVersion, now: UnixMillis) -> bool {
    const TICK_MILLIS: i64 = 2_000;
    (version.modified / 1_000_000).abs_diff(now.0) > TICK_MILLIS.unsigned_abs()
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

impl DocumentRoots {
    /// Looks at everything in a mirrored folder. Blocks as long as the file system does.
    pub fn look_at_all(&self, root: &Path) -> Look {
        let mut selector = Selector::new(self);
        selector.walk(root, None);
        Look::of(Scope::All, selector)
    }

    /// Looks at one path of a mirrored folder, and at what is below it; `None` where no document can be. Blocks as long as
    /// the file system does.
    pub fn look_at(&self, root: &Path, path: &Path) -> Option<Look> {
        let inside = path.strip_prefix(root).ok()?;
        if inside.as_os_str().is_empty() {
            return Some(self.look_at_all(root));
        }
        let mut parts: Vec<_> = inside.components().collect();
        let last = parts.pop()?;
        let hidden = |part: &Component<'_>| part.as_os_str().as_encoded_bytes().starts_with(b".");
        if parts.iter().any(hidden) || temporary::is_passed_over(last.as_os_str()) {
            return None;
        }
        let scope = Scope::At(self.source_name(path));
        let path = self.twin_of(path);
        let mut selector = Selector::new(self);
        match std::fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_symlink() => match self.resolve(&path) {
                Ok(real) if real.is_dir() => selector.walk(&real, None),
                Ok(real) if Format::of_path(&path).is_some() && Format::of_path(&real).is_some() => selector.add(real),
                Ok(_) => return None,
                Err(refusal) => {
                    let errors = vec![refusal.of(self.source_name(&path))];
                    return Some(Look { errors, ..Look::nothing(scope) });
                }
            },
            Ok(metadata) if metadata.is_dir() => selector.walk(&path, None),
            Ok(metadata) if metadata.is_file() && Format::of_path(&path).is_some() => selector.add(path),
            // What stands there now is no document.
            Ok(_) => {}
            Err(error) if is_absent(&error) => {}
            Err(error) => {
                let name = self.source_name(&path);
                let errors = vec![FileError::new(&name, super::reason(&error))];
                return Some(Look { unread: vec![name], errors, ..Look::nothing(scope) });
            }
        }
        Some(Look::of(scope, selector))
    }

    /// Of files whose names differ in their Unicode form only, the one that counts: the first, as in a walk.
    fn twin_of(&self, path: &Path) -> PathBuf {
        let Some(name) = path.file_name().and_then(|name| name.to_str()).filter(|name| !name.is_ascii()) else {
            return path.to_owned();
        };
        let Some((folder, access)) = path.parent().and_then(|folder| Some((folder, self.access(folder)?))) else {
            return path.to_owned();
        };
        let same = |other: &std::ffi::OsStr| other.to_str().is_some_and(|other| other.nfc().eq(name.nfc()));
        let entries = access.list_folder(folder, self.limits().entries).unwrap_or_default();
        let twin = entries.into_iter().find(|entry| same(&entry.name));
        twin.map_or_else(|| path.to_owned(), |twin| folder.join(twin.name))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn folder() -> (tempfile::TempDir, PathBuf, DocumentRoots) {
        let folder = tempfile::tempdir().unwrap();
        let base = dunce::canonicalize(folder.path()).unwrap();
        let root = base.join("docs");
        fs::create_dir(&root).unwrap();
        let roots = DocumentRoots::new(&base, std::slice::from_ref(&root)).unwrap();
        (folder, root, roots)
    }

    fn names(look: &Look) -> Vec<&str> {
        look.files.iter().map(|(file, _)| file.source.as_str()).collect()
    }

    #[test]
    fn a_look_at_a_path_sees_what_a_walk_would() {
        let (_keep, root, roots) = folder();
        for name in ["a.md", "sub/b.txt", "sub/deep/c.md", "sub/x.bin", ".git/d.md", "sub/.e.md", "sub/f.md~"] {
            fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
            fs::write(root.join(name), "text").unwrap();
        }
        let all = roots.look_at_all(&root);
        assert_eq!((names(&all), all.whole), (vec!["docs/a.md", "docs/sub/b.txt", "docs/sub/deep/c.md"], true));
        let at = |name: &str| roots.look_at(&root, &root.join(name));
        assert_eq!(names(&at("sub").unwrap()), ["docs/sub/b.txt", "docs/sub/deep/c.md"]);
        assert_eq!(names(&at("a.md").unwrap()), ["docs/a.md"]);
        for none in [".git/d.md", ".git", "sub/.e.md", "sub/f.md~"] {
            assert!(at(none).is_none(), "{none}");
        }
        assert!(names(&at("sub/x.bin").unwrap()).is_empty());
        let gone = at("sub/gone").unwrap();
        assert!(gone.shows_absence_of("docs/sub/gone") && gone.shows_absence_of("docs/sub/gone/x.md"));
        assert!(!gone.shows_absence_of("docs/sub/goner.md") && !gone.shows_absence_of("docs/a.md"));
    }

    #[test]
    fn what_cannot_be_looked_at_is_not_gone() {
        let (_keep, root, roots) = folder();
        fs::write(root.join("a.md"), "text").unwrap();
        fs::write(root.join("b.md"), "text").unwrap();
        let few =
            roots.clone().with_limits(super::super::SelectLimits { files: 1, ..super::super::SelectLimits::REQUEST });
        let cut = few.look_at_all(&root);
        assert_eq!(names(&cut), ["docs/a.md"]);
        assert!(!cut.shows_absence_of("docs/b.md") && roots.look_at_all(&root).shows_absence_of("docs/z.md"));
        let partly = Look::nothing(Scope::All).without(&["docs/sub"]);
        assert!(!partly.shows_absence_of("docs/sub/x.md") && partly.shows_absence_of("docs/subway.md"));
    }

    #[test]
    fn a_root_that_is_another_folder_is_told() {
        let (_keep, root, _) = folder();
        let before = RootSight::of(&root);
        assert!(matches!(before, RootSight::Here(_)));
        assert_eq!(RootSight::of(&root), before);
        fs::rename(&root, root.with_extension("away")).unwrap();
        assert!(matches!(RootSight::of(&root), RootSight::Gone(_)));
        fs::create_dir(&root).unwrap();
        #[cfg(unix)]
        {
            assert_ne!(RootSight::of(&root), before);
            fs::remove_dir(&root).unwrap();
            std::os::unix::fs::symlink(root.with_extension("away"), &root).unwrap();
            assert!(matches!(RootSight::of(&root), RootSight::Gone(_)), "not even one to the same folder");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn one_name_in_two_unicode_forms_is_one_file() {
        let (_keep, root, roots) = folder();
        let (composed, decomposed) = (root.join("Gr\u{f6}\u{df}e.md"), root.join("Gro\u{308}\u{df}e.md"));
        fs::write(&decomposed, "text").unwrap();
        let source = "docs/Gr\u{f6}\u{df}e.md";
        assert_eq!(names(&roots.look_at_all(&root)), [source]);
        assert_eq!(names(&roots.look_at(&root, &composed).unwrap()), [source], "it is there under the other form");
        fs::write(&composed, "other").unwrap();
        let all = roots.look_at_all(&root);
        assert_eq!((names(&all), all.errors.len()), (vec![source], 1));
        let one = roots.look_at(&root, &composed).unwrap();
        assert_eq!(one.files[0].0.path, all.files[0].0.path, "the same one counts");
        fs::remove_file(&decomposed).unwrap();
        assert_eq!(roots.look_at(&root, &decomposed).unwrap().files[0].0.path, composed);
    }

    #[test]
    fn a_change_just_now_is_not_settled() {
        let version = |millis: i64| FileVersion { size: 1, modified: millis * 1_000_000 };
        let now = UnixMillis(1_000_000);
        assert!(!is_settled(version(999_500), now) && !is_settled(version(1_000_100), now));
        assert!(is_settled(version(990_000), now) && is_settled(version(2_000_000), now));
    }
}
