//! Sets of documents, a bit each.

use crate::domain::DocumentId;

const WORD: usize = u64::BITS as usize;

/// A set of documents. Ids are dense, so that a bit for each is less than a list of the members, and all of two sets is
/// joined in a few instructions for 64 documents.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bits(Vec<u64>);

impl Bits {
    /// Whether a document is in the set.
    #[inline]
    pub fn contains(&self, document: DocumentId) -> bool {
        let at = document.0 as usize;
        self.0.get(at / WORD).is_some_and(|word| word & (1 << (at % WORD)) != 0)
    }

    /// Adds a document.
    pub fn insert(&mut self, document: DocumentId) {
        let at = document.0 as usize;
        if self.0.len() <= at / WORD {
            self.0.resize(at / WORD + 1, 0);
        }
        self.0[at / WORD] |= 1 << (at % WORD);
    }

    /// Takes a document out.
    pub fn remove(&mut self, document: DocumentId) {
        let at = document.0 as usize;
        if let Some(word) = self.0.get_mut(at / WORD) {
            *word &= !(1 << (at % WORD));
        }
    }

    /// The members, in order.
    pub fn iter(&self) -> impl Iterator<Item = DocumentId> {
        (0..).zip(&self.0).flat_map(|(n, word)| {
            let mut rest = *word;
            std::iter::from_fn(move || {
                let bit = (rest != 0).then(|| rest.trailing_zeros())?;
                rest &= rest - 1;
                Some(DocumentId(n * u64::BITS + bit))
            })
        })
    }

    /// Adds all of another set.
    pub fn add(&mut self, other: &Self) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        self.0.iter_mut().zip(&other.0).for_each(|(own, other)| *own |= other);
    }

    /// Keeps what is in another set, too.
    pub fn keep(&mut self, other: &Self) {
        self.0.truncate(other.0.len());
        self.0.iter_mut().zip(&other.0).for_each(|(own, other)| *own &= other);
    }

    /// What is in this set and not in the other.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        let mut rest = self.clone();
        rest.0.iter_mut().zip(&other.0).for_each(|(own, other)| *own &= !other);
        rest
    }
}
