//! The folders that documents may come from, and how a path that somebody names is resolved inside them.

use std::{
    path::{Component, Path, PathBuf},
    sync::Arc,
};

use unicode_normalization::{UnicodeNormalization, is_nfc};

use super::{Access, FileError, SelectLimits, Selection, reason, walk::Selector};

/// The folders that documents may come from.
#[derive(Debug, Clone)]
pub struct DocumentRoots {
    /// Relative paths start here.
    base: PathBuf,
    /// Canonical; `None` admits everything.
    roots: Option<Vec<Arc<Path>>>,
    limits: SelectLimits,
    /// Stands before every name.
    prefix: &'static str,
}

/// Why a named path is not used.
pub(super) enum Refusal {
    /// It lies outside the document roots.
    Outside,
    /// A link leads out of them, or to nothing: which of the two is not told.
    Leaves,
    /// The file system says no.
    Failed(String),
}

impl Refusal {
    /// The error for the path that was named.
    pub(super) fn of(self, path: impl std::fmt::Display) -> FileError {
        let error = match self {
            Self::Outside => "lies outside the document roots of this server (--docs-root)".into(),
            Self::Leaves => "is a link that leaves the document roots, or leads nowhere".into(),
            Self::Failed(reason) => reason,
        };
        FileError::new(path, error)
    }
}

impl DocumentRoots {
    /// Admits only what lies in these folders (or files), links resolved.
    ///
    /// # Errors
    /// The folder that does not exist, with the reason.
    pub fn new(base: &Path, roots: &[PathBuf]) -> Result<Self, FileError> {
        let canonical = |path: &PathBuf| {
            dunce::canonicalize(base.join(path))
                .map(Arc::from)
                .map_err(|error| FileError::new(path.display(), format!("document root cannot be used: {error}")))
        };
        Ok(Self {
            base: dunce::canonicalize(base).unwrap_or_else(|_| base.to_owned()),
            roots: Some(roots.iter().map(canonical).collect::<Result<_, _>>()?),
            limits: SelectLimits::REQUEST,
            prefix: "",
        })
    }

    /// Admits only what lies in a folder that this program keeps, whose files are named by `prefix` and their path in it.
    pub fn kept(folder: &Path, prefix: &'static str) -> Self {
        let folder = dunce::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
        Self { roots: Some(vec![Arc::from(folder.as_path())]), base: folder, limits: SelectLimits::REQUEST, prefix }
    }

    /// Admits everything: for a person at a terminal, who may read whatever the operating system lets them.
    pub fn unrestricted(base: &Path) -> Self {
        Self {
            base: dunce::canonicalize(base).unwrap_or_else(|_| base.to_owned()),
            roots: None,
            limits: SelectLimits::TERMINAL,
            prefix: "",
        }
    }

    /// Admits a folder, too, which need not be there yet: no link of its path is followed.
    #[must_use]
    pub fn with_root(mut self, root: &Path) -> Self {
        if let Some(roots) = self.roots.as_mut().filter(|roots| !roots.iter().any(|known| root.starts_with(known))) {
            roots.push(Arc::from(root));
        }
        self
    }

    /// Where a folder is that somebody names: without links if it is there.
    pub fn locate(&self, path: &Path) -> PathBuf {
        let full = self.base.join(path);
        dunce::canonicalize(&full).unwrap_or_else(|_| without_dots(&full))
    }

    /// A file that need not be there.
    #[cfg(test)]
    pub(in crate::rag) fn source_for_tests(path: PathBuf, source: &str) -> super::SourceFile {
        super::SourceFile { path, source: source.to_owned(), access: Access::Anywhere }
    }

    /// Bounds what a selection looks at.
    #[must_use]
    pub fn with_limits(mut self, limits: SelectLimits) -> Self {
        self.limits = limits;
        self
    }

    /// The bounds of a selection.
    pub fn limits(&self) -> SelectLimits {
        self.limits
    }

    /// Resolves files, folders (with everything below them, but for hidden files and those that
    /// editors and file managers make for themselves) and globs.
    ///
    /// Blocks as long as the file system does: [`select_files`](crate::rag::ingest::select_files) does not.
    pub fn select<P: AsRef<Path>>(&self, paths: &[P]) -> Selection {
        let mut selector = Selector::new(self);
        for path in paths {
            selector.select_one(path.as_ref());
        }
        selector.finish()
    }

    /// The path as the file system would have it, if it may be used by its name.
    pub(super) fn named(&self, path: &Path) -> Result<PathBuf, Refusal> {
        let full = self.base.join(path);
        // Before the file system is asked, so that an answer never tells what exists outside.
        if self.admits(&without_dots(&full)) { Ok(full) } else { Err(Refusal::Outside) }
    }

    /// Follows all links of a path.
    pub(super) fn resolve(&self, full: &Path) -> Result<PathBuf, Refusal> {
        match dunce::canonicalize(full) {
            Ok(real) if self.admits(&real) => Ok(real),
            Ok(_) => Err(Refusal::Outside),
            Err(error) if self.roots.is_none() => Err(Refusal::Failed(reason(&error))),
            Err(error) => Err(self.unresolved(full, &error)),
        }
    }

    /// Where the path breaks off. Behind a link that leaves the roots, "no such file" would tell what is there.
    fn unresolved(&self, full: &Path, error: &std::io::Error) -> Refusal {
        for part in full.ancestors() {
            match dunce::canonicalize(part) {
                Ok(real) if self.admits(&real) => break,
                Ok(_) => return Refusal::Outside,
                Err(_) if part.is_symlink() => return Refusal::Leaves,
                Err(_) => {}
            }
        }
        Refusal::Failed(reason(error))
    }

    /// Whether a canonical path lies inside the roots.
    pub(super) fn admits(&self, path: &Path) -> bool {
        self.access(path).is_some()
    }

    /// What may be opened to read a canonical path; `None` outside the roots.
    pub(super) fn access(&self, path: &Path) -> Option<Access> {
        match &self.roots {
            None => Some(Access::Anywhere),
            Some(roots) => roots.iter().find(|root| path.starts_with(root)).cloned().map(Access::Within),
        }
    }

    /// Its name in the DB.
    pub(super) fn source_name(&self, path: &Path) -> String {
        let shown = path.strip_prefix(&self.base).unwrap_or(path);
        let text = distinct_name(shown.as_os_str().as_encoded_bytes());
        let text = if is_nfc(&text) { text } else { text.nfc().collect() };
        let text = if cfg!(windows) { text.replace('\\', "/") } else { text };
        if self.prefix.is_empty() { text } else { format!("{}{text}", self.prefix) }
    }
}

/// A text for a name of any bytes, never the same for two names: what is no UTF-8 is told byte by byte. So is a U+FFFD of
/// the name itself where digits behind it would make it look like that.
fn distinct_name(name: &[u8]) -> String {
    const MARK: &str = "\u{FFFD}";
    if let Ok(text) = std::str::from_utf8(name)
        && !text.contains(MARK)
    {
        return text.to_owned();
    }
    let tell = |bytes: &[u8]| bytes.iter().map(|byte| format!("{MARK}{byte:02X}")).collect::<String>();
    let mut text = String::new();
    for chunk in name.utf8_chunks() {
        let mut rest = chunk.valid();
        while let Some((before, after)) = rest.split_once(MARK) {
            let looks_told = after.len() >= 2 && after.as_bytes()[..2].iter().all(u8::is_ascii_hexdigit);
            text.push_str(before);
            text.push_str(&if looks_told { tell(MARK.as_bytes()) } else { MARK.to_owned() });
            rest = after;
        }
        text.push_str(rest);
        text.push_str(&tell(chunk.invalid()));
    }
    text
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::distinct_name;

    #[test]
    fn ordinary_names_stay_and_bytes_are_told() {
        assert_eq!(distinct_name("Bücher/名前.md".as_bytes()), "Bücher/名前.md");
        assert_eq!(distinct_name(b"caf\xE9.md"), "caf\u{FFFD}E9.md");
        assert_eq!(distinct_name("caf\u{FFFD}.md".as_bytes()), "caf\u{FFFD}.md");
        assert_ne!(distinct_name("caf\u{FFFD}E9.md".as_bytes()), distinct_name(b"caf\xE9.md"));
    }

    proptest! {
        #[test]
        fn two_names_never_become_one(pieces in prop::collection::vec((0usize..6, 0usize..6), 0..6)) {
            const ATOMS: [&[u8]; 6] = [b"\xE9", b"\xFF", "\u{FFFD}".as_bytes(), b"E", b"9", b"\xEF\xBF"];
            let (mut a, mut b) = (Vec::new(), Vec::new());
            for (left, right) in pieces {
                a.extend(ATOMS[left]);
                b.extend(ATOMS[right]);
            }
            prop_assert_eq!(a == b, distinct_name(&a) == distinct_name(&b));
        }
    }
}
