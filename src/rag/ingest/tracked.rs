//! What whoever follows files needs beside ingestion: looks at a folder, hashes, and documents that change their name.

use std::{path::PathBuf, sync::Arc, time::Duration};

use unicode_normalization::UnicodeNormalization;

use super::{
    Db, DocumentRoots, Done, Failure, FileThreadError, IngestOptions, Job, Look, MetadataRules, READS, RagError,
    RootSight, SELECTION_GRACE, SELECTIONS, SourceFile, blocking, prepare,
};
use crate::{
    domain::DocumentMetadata,
    providers::EmbedderId,
    rag::extract::Limits,
    store::{FileVersion, Mutation, NewName, Store},
};

/// A file whose document is stored as the file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredFile {
    /// The name of its document.
    pub source: String,
    /// Hash of its bytes.
    pub content: String,
    /// The state that was read; `None` when another one could look the same to the file system.
    pub version: Option<FileVersion>,
    /// What it was before.
    pub how: StoredAs,
}

/// What a document was before it was ingested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoredAs {
    /// Not there.
    New,
    /// There in another state.
    Changed,
    /// The same.
    Unchanged,
}

/// How documents are read and cut, and what embeds them: with another shape all of them have to be read again.
pub fn file_shape(options: &IngestOptions, embedder: &EmbedderId) -> String {
    prepare::shape(options, embedder.as_str())
}

/// Looks at paths of a mirrored folder, or at all of it when `paths` is `None`, and at the folder itself, on a thread of its
/// own. What is found while the folder becomes another one counts for nothing.
///
/// # Errors
/// [`FileThreadError`], at the latest after twice the time of [`SelectLimits`](super::SelectLimits).
pub async fn look_at_files(
    roots: DocumentRoots,
    root: PathBuf,
    paths: Option<Vec<PathBuf>>,
) -> Result<(RootSight, Vec<Look>), FileThreadError> {
    let limit = roots.limits().time.saturating_add(SELECTION_GRACE);
    let look = move || {
        let sight = RootSight::of(&root);
        let RootSight::Here(_) = sight else { return (sight, Vec::new()) };
        let looks = match paths {
            None => vec![roots.look_at_all(&root)],
            Some(paths) => paths.iter().filter_map(|path| roots.look_at(&root, path)).collect(),
        };
        let after = RootSight::of(&root);
        if after == sight { (sight, looks) } else { (after, Vec::new()) }
    };
    let whole = limit.saturating_mul(2);
    match tokio::time::timeout(whole, SELECTIONS.run(limit, look)).await {
        Ok(done) => Ok(done?.result),
        Err(_) => Err(FileThreadError::TimedOut(whole)),
    }
}

/// Runs a call to the file system that may never return, on a thread of its own.
///
/// # Errors
/// [`FileThreadError`].
pub async fn on_file_thread<T: Send + 'static>(
    limit: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, FileThreadError> {
    Ok(SELECTIONS.run(limit, work).await?.result)
}

/// The hash of a file's bytes, and the state that was read.
///
/// # Errors
/// In words, when it cannot be read.
pub async fn hash_file(file: SourceFile, limits: Limits) -> Result<(String, Option<FileVersion>), String> {
    let read =
        move || prepare::read(&file, &limits).map(|content| (content.hash.to_hex().to_string(), content.version));
    let limit = Limits::default().timeout;
    let done: Result<Done<_>, Failure> = READS.run(limit, read).await.map_err(Failure::Unread);
    done.and_then(|done| done.result).map_err(|failure| failure.to_string())
}

/// What became of giving a document another name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renamed {
    /// It has the other name.
    Done,
    /// There is no document of the old name.
    NoDocument,
    /// There is one of the new name already.
    Taken,
}

/// Gives a document another name, and what is in its file; each keeps its id, its text and its vectors, and has what the rules
/// say of its new name.
///
/// # Errors
/// When the store cannot be read or written.
pub async fn rename_document(db: &Arc<Db>, from: &str, to: &str, rules: &MetadataRules) -> Result<Renamed, RagError> {
    let (old, new) = (from.to_owned(), to.to_owned());
    let documents = blocking(db, move |db| new_names(db.store().as_ref(), &old, &new)).await?;
    if documents.is_empty() {
        return Ok(Renamed::NoDocument);
    }
    let names = documents.iter().map(|(name, _)| name.clone()).collect();
    let renamed = db.commit(Mutation::Rename { documents: names }).await?;
    if renamed.updated == 0 {
        return Ok(Renamed::Taken);
    }
    let described: Vec<_> = documents
        .into_iter()
        .filter_map(|(NewName { to, .. }, metadata)| {
            let renamed = DocumentMetadata { rules: rules.of(&to), ..metadata.clone() };
            (renamed != metadata).then_some((to, renamed))
        })
        .collect();
    if !described.is_empty() {
        db.commit(Mutation::Describe { documents: described.into() }).await?;
    }
    Ok(Renamed::Done)
}

/// The other names of a document and of what is in its file, and their metadata; empty when there is no such document.
fn new_names(store: &dyn Store, old: &str, new: &str) -> Result<Vec<(NewName, DocumentMetadata)>, RagError> {
    let mut names = Vec::new();
    let Some(of_file) = store.document_state(old)? else { return Ok(names) };
    let mut add = |from: &str, to: String, metadata| -> Result<(), RagError> {
        let keys = prepare::renamed_keys(store.chunk_texts(from)?, &to);
        names.push((NewName { from: from.to_owned(), to, keys }, metadata));
        Ok(())
    };
    add(old, new.to_owned(), of_file.metadata)?;
    for part in store.parts(old)? {
        if let (Some(state), Some(rest)) = (store.document_state(&part)?, part.strip_prefix(old)) {
            add(&part, format!("{new}{rest}"), state.metadata)?;
        }
    }
    Ok(names)
}

impl Job {
    /// A document that an earlier version stored under the decomposed form of its name gets the name of today, instead of
    /// being there twice.
    pub(super) async fn find_under_old_name(&self, source: &str) -> Result<(), Failure> {
        let old: String = if source.is_ascii() { return Ok(()) } else { source.nfd().collect() };
        let (from, to) = (old.clone(), source.to_owned());
        let is_there = move |db: &Db| {
            let store = db.store();
            Ok(from != to && store.document_state(&to)?.is_none() && store.document_state(&from)?.is_some())
        };
        let renamed = match blocking(&self.db, is_there).await {
            Ok(true) => rename_document(&self.db, &old, source, &self.options.rules).await.map(drop),
            other => other.map(drop),
        };
        renamed.map_err(|error| match error {
            RagError::Store(error) => Failure::Store(error),
            _ => Failure::Interrupted,
        })
    }
}
