//! A short name for everything that shapes an answer besides the words of its question.

use serde::{Deserialize, Serialize};

/// Half of a hash: equal for equal values, in every process and on every machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SpecKey([u8; 16]);

impl SpecKey {
    /// The key of these values in this order; values cannot run into each other.
    pub fn new<'a>(parts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut hasher = blake3::Hasher::new();
        for part in parts {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        Self::half(&hasher.finalize())
    }

    /// The first half of a hash.
    pub fn half(hash: &blake3::Hash) -> Self {
        let [half, _] = hash.as_bytes().as_chunks::<16>().0 else { unreachable!("a hash has 32 bytes") };
        Self(*half)
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_cannot_run_into_each_other() {
        assert_ne!(SpecKey::new(["ab", "c"]), SpecKey::new(["a", "bc"]));
        assert_ne!(SpecKey::new(["ab"]), SpecKey::new(["ab", ""]));
    }
}
