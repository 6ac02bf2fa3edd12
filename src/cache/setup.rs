//! The cache as it is configured: its settings, the threshold that was chosen, and how it is kept on disk.

use std::fmt;

use super::{CacheSettings, KEY_BYTES};

/// The settings of the cache, and how it is kept.
#[derive(Clone)]
pub struct CacheSetup {
    /// The cache itself; its threshold is the default when `threshold` is `None`.
    pub cache: CacheSettings,
    /// Least cosine of a semantic hit; `None`: the embedder's own, or the default.
    pub threshold: Option<f32>,
    /// Whether it survives the process.
    pub persist: bool,
    /// Encrypts it on disk.
    pub key: Option<[u8; KEY_BYTES]>,
}

impl fmt::Debug for CacheSetup {
    /// Leaves out the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CacheSetup")
            .field("cache", &self.cache)
            .field("threshold", &self.threshold)
            .field("persist", &self.persist)
            .finish_non_exhaustive()
    }
}
