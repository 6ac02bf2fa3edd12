//! Which generation of a DB is open.

use std::sync::{Arc, atomic::Ordering};

use super::{Db, Dbs, Opened};
use crate::{
    domain::DbName,
    rag::RagError,
    store::{Generation, GenerationId, GenerationState, Store, StoreError},
    util::process::at_low_priority,
};

impl Db {
    /// The generation that this is.
    pub fn generation(&self) -> GenerationId {
        self.store().generation()
    }

    /// Whether another generation serves, whose embedder is not at hand.
    pub fn is_superseded(&self) -> bool {
        self.mirror.superseded.read().is_some()
    }
}

impl Dbs {
    /// Says which embedders are at hand: a generation of another one is not opened while there is one of these.
    #[must_use]
    pub fn with_embedders(mut self, ids: Vec<String>) -> Self {
        self.embedders = Some(ids);
        self
    }

    /// Opens a generation of a DB beside the one that is open, for whoever asks. Blocks.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::NoGeneration`].
    pub fn open_generation(&self, name: &DbName, generation: GenerationId) -> Result<Arc<Db>, RagError> {
        let store = self.catalog().open(name)?.at(generation)?;
        self.open_store(name, store)
    }

    /// The generation that serves; or the newest of those before it whose embedder is at hand, when the one of the serving
    /// generation is not.
    pub(super) fn open_usable(&self, name: &DbName, serving: Arc<dyn Store>) -> Result<Arc<Db>, RagError> {
        let store = self.usable(&serving)?;
        let superseded = (store.generation() != serving.generation()).then(|| superseded(&serving, &store));
        let db = self.open_store(name, store)?;
        if let Some(why) = superseded.transpose()? {
            tracing::warn!(db = %name, %why, "an earlier generation of the DB is opened");
            *db.mirror.superseded.write() = Some(why);
        }
        Ok(db)
    }

    fn open_store(&self, name: &DbName, store: Arc<dyn Store>) -> Result<Arc<Db>, RagError> {
        let search = (self.open_search)(name, store.generation());
        let db = Arc::new(Db::new(name.clone(), store, search));
        match db.follow() {
            // Whatever is wrong with an index, the store can be asked, and following goes on in the background.
            Ok(_) | Err(RagError::Index(_)) => Ok(db),
            Err(error) => Err(error),
        }
    }

    fn usable(&self, serving: &Arc<dyn Store>) -> Result<Arc<dyn Store>, StoreError> {
        let at_hand = |embedder: Option<&str>| match (&self.embedders, embedder) {
            (Some(ids), Some(embedder)) => ids.iter().any(|id| id == embedder),
            _ => true,
        };
        if at_hand(serving.embedder()?.as_ref().map(|embedder| embedder.id.as_str())) {
            return Ok(Arc::clone(serving));
        }
        let mut kept: Vec<Generation> = serving.generations()?;
        kept.retain(|generation| {
            generation.state == GenerationState::Kept
                && generation.embedder.is_some()
                && at_hand(generation.embedder.as_deref())
        });
        kept.sort_by(|a, b| a.served.cmp(&b.served));
        match kept.last() {
            Some(generation) => serving.at(generation.id),
            None => Ok(Arc::clone(serving)),
        }
    }

    /// Follows a swap that another process, or another part of this one, has made: opens the generation that serves, and shows
    /// it when its search is up to date. Questions that have the old one in hand go on with it. Returns whether there was one.
    /// Blocks.
    ///
    /// # Errors
    /// When the store cannot be read; the open generation then stays.
    pub fn renew(&self, db: &Arc<Db>) -> Result<bool, RagError> {
        let opened = db.store();
        let serving = opened.serving()?;
        if serving == db.generation() {
            *db.mirror.superseded.write() = None;
            return Ok(false);
        }
        let serving = opened.at(serving)?;
        let usable = self.usable(&serving)?;
        if usable.generation() == db.generation() {
            let why = superseded(&serving, opened)?;
            let mut known = db.mirror.superseded.write();
            if known.as_ref() != Some(&why) {
                tracing::warn!(db = %db.name(), %why, "another generation of the DB serves now");
                *known = Some(why);
            }
            return Ok(false);
        }
        // Its vectors are read and ordered anew while questions are asked.
        let renewed = at_low_priority(|| self.open_usable(db.name(), serving))?;
        let mut open = self.open.write();
        if let Some(opened) = open.get_mut(db.name()).filter(|opened| Arc::ptr_eq(&opened.db, db)) {
            let used = opened.used.load(Ordering::Relaxed).into();
            tracing::info!(db = %db.name(), from = %db.generation(), to = %renewed.generation(), "another generation answers");
            *opened = Opened { db: renewed, used };
        }
        Ok(true)
    }
}

/// Why the generation that serves is not the one that is open.
fn superseded(serving: &Arc<dyn Store>, opened: &Arc<dyn Store>) -> Result<String, StoreError> {
    let embedder = |store: &Arc<dyn Store>| -> Result<String, StoreError> {
        Ok(store.embedder()?.map_or_else(|| "no embedder".to_owned(), |embedder| embedder.id))
    };
    let wanted = embedder(serving)?;
    Ok(format!(
        "generation {} of the DB serves, embedded with {wanted}, which this process does not have: it goes on with generation {}, \
         embedded with {}, and takes no documents; configure {wanted}, or go back with `ragctl reindex --back`",
        serving.generation(),
        opened.generation(),
        embedder(opened)?
    ))
}
